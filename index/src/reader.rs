//! Queries in, keys or facts out.
//!
//! - Input: a committed index and a [`Query`], with a [`Resolver`] for what only the caller can look up.
//! - Output: [`Hits`] in a stated order, counts, or [`Facts`] of every match.
//! - Never: writes, or sees a commit that came after [`Reader::open`].

use std::path::Path;

use tantivy::collector::Count;
use tantivy::query::{EnableScoring, Query as _, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{Index, ReloadPolicy, Searcher, SegmentReader, Term};

use crate::cost;
use crate::error::IndexError;
use crate::facts::{Facts, SegmentFacts};
use crate::query::lower::Lowering;
use crate::query::{Query, Resolver};
use crate::rank::{Best, Counting, Hit, Hits, SearchOptions};
use crate::schema::{self, Fields, Stamp};

/// How often [`Reader::open`] looks again when a commit falls between its two looks.
const OPEN_TRIES: usize = 5;

/// Whether all matches are counted beside the best ones.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Totals {
    Wanted,
    Spared,
}

/// The names of the files of the index in `dir` that do not hold what was written, ascending. Reads every byte of the
/// index, and looks at nothing but checksums: what makes [`Reader::open`] fail does no harm here.
///
/// # Errors
///
/// [`IndexError::Missing`] where there is no index, [`IndexError::NeedsRebuild`] for another format,
/// [`IndexError::Damaged`] where a file is not one of an index at all.
pub fn damaged_files(dir: &Path) -> Result<Vec<String>, IndexError> {
    let index =
        schema::open(dir, &Fields::new())?.ok_or_else(|| IndexError::Missing { path: dir.to_path_buf() })?;
    let damaged = index.validate_checksum()?;
    let mut names: Vec<String> = damaged.into_iter().map(|path| path.display().to_string()).collect();
    names.sort_unstable();
    Ok(names)
}

/// A snapshot of an index: the state of one commit, however long it is held. Can be shared by threads.
pub struct Reader {
    searcher: Searcher,
    fields: Fields,
    stamp: Option<Stamp>,
}

impl Reader {
    /// Opens the last commit of the index in `dir`. A writer may be at work meanwhile.
    ///
    /// # Errors
    ///
    /// [`IndexError::Missing`] where there is no index, [`IndexError::NeedsRebuild`] for another format,
    /// [`IndexError::Damaged`] for broken files.
    pub fn open(dir: &Path) -> Result<Self, IndexError> {
        let fields = Fields::new();
        let index =
            schema::open(dir, &fields)?.ok_or_else(|| IndexError::Missing { path: dir.to_path_buf() })?;
        let (searcher, stamp) = snapshot(&index)?;
        Ok(Self { searcher, fields, stamp })
    }

    /// The generation that this snapshot contains; 0 before the first commit.
    pub fn generation(&self) -> u64 {
        self.stamp.map_or(0, |stamp| stamp.generation)
    }

    /// What the writer said beside the generation; see [`crate::Writer::commit_marked`].
    pub fn mark(&self) -> Option<u64> {
        self.stamp.and_then(|stamp| stamp.mark)
    }

    /// How many documents it has.
    pub fn documents(&self) -> u64 {
        self.searcher.num_docs()
    }

    /// How many segments it has; compacting makes them few.
    pub fn segments(&self) -> usize {
        self.searcher.segment_readers().len()
    }

    /// How many deleted documents its segments still hold.
    pub fn deleted(&self) -> u64 {
        self.searcher.segment_readers().iter().map(|segment| u64::from(segment.num_deleted_docs())).sum()
    }

    /// The first matches in order, and how many there are in all.
    ///
    /// # Errors
    ///
    /// [`IndexError::Resolve`] when the resolver fails; else only what a damaged or vanished index causes.
    pub fn search(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        options: &SearchOptions,
    ) -> Result<Hits, IndexError> {
        if options.limit == 0 {
            return Ok(Hits { total: self.count(resolver, query)?, hits: Vec::new() });
        }
        self.run(resolver, query, options, Totals::Wanted)
    }

    /// The first matches in order alone: often much faster than [`Self::search`], which also counts all of them.
    ///
    /// # Errors
    ///
    /// As [`Self::search`].
    pub fn best(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        options: &SearchOptions,
    ) -> Result<Vec<Hit>, IndexError> {
        if options.limit == 0 {
            return Ok(Vec::new());
        }
        Ok(self.run(resolver, query, options, Totals::Spared)?.hits)
    }

    fn run(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        options: &SearchOptions,
        totals: Totals,
    ) -> Result<Hits, IndexError> {
        let best = Best::new(options);
        let lowered = self.lower(resolver, query)?;
        let unscored = || lowered.weight(EnableScoring::disabled_from_searcher(&self.searcher));
        let weight = if best.scores() {
            lowered.weight(EnableScoring::enabled_from_searcher(&self.searcher))?
        } else {
            unscored()?
        };
        let prunes = best.prunes() && cost::has_scores(query);
        let count_weight = if prunes && totals == Totals::Wanted { Some(unscored()?) } else { None };
        let counting = if prunes { Counting::Apart(count_weight.as_deref()) } else { Counting::Along };
        let look = |segment: &SegmentReader| Ok(best.collect(weight.as_ref(), segment, counting)?);
        let segments = if cost::is_heavy(self, query, prunes && totals == Totals::Spared)? {
            self.on_segments(look)?
        } else {
            self.searcher.segment_readers().iter().map(look).collect::<Result<Vec<_>, IndexError>>()?
        };
        let total = segments.iter().map(|(_, count)| count).sum();
        Ok(Hits { total, hits: best.join(segments.into_iter().map(|(hits, _)| hits)) })
    }

    /// How many documents match.
    ///
    /// # Errors
    ///
    /// As [`Self::search`].
    pub fn count(&self, resolver: &dyn Resolver, query: &Query) -> Result<u64, IndexError> {
        let lowered = self.lower(resolver, query)?;
        let weight = lowered.weight(EnableScoring::disabled_from_searcher(&self.searcher))?;
        let count = |segment: &SegmentReader| Ok(u64::from(weight.count(segment)?));
        let counts = if cost::is_heavy(self, query, false)? {
            self.on_segments(count)?
        } else {
            self.searcher.segment_readers().iter().map(count).collect::<Result<Vec<_>, IndexError>>()?
        };
        Ok(counts.into_iter().sum())
    }

    /// Whether the document with this key matches: which clauses of a query make a hit one is asked clause by clause.
    ///
    /// # Errors
    ///
    /// As [`Self::search`].
    pub fn matches(&self, resolver: &dyn Resolver, query: &Query, key: i64) -> Result<bool, IndexError> {
        Ok(self.matching(resolver, query, &[key])?.contains(&true))
    }

    /// Calls `each` with the facts of every match, in no promised order.
    ///
    /// # Errors
    ///
    /// As [`Self::search`].
    pub fn for_each(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        each: &mut dyn FnMut(Facts<'_>),
    ) -> Result<(), IndexError> {
        let lowered = self.lower(resolver, query)?;
        let weight = lowered.weight(EnableScoring::disabled_from_searcher(&self.searcher))?;
        for segment in self.searcher.segment_readers() {
            let mut facts = SegmentFacts::open(segment)?;
            let alive = segment.alive_bitset();
            let mut failure = None;
            weight.for_each_no_score(segment, &mut |docs| {
                for &doc in docs.iter().filter(|doc| alive.is_none_or(|alive| alive.is_alive(**doc))) {
                    match facts.of(doc) {
                        Ok(Some(facts)) => each(facts),
                        Ok(None) => {}
                        Err(error) => failure = Some(error),
                    }
                }
            })?;
            if let Some(error) = failure {
                return Err(error);
            }
        }
        Ok(())
    }

    /// How many documents use a resource.
    ///
    /// # Errors
    ///
    /// Only what a damaged or vanished index causes.
    pub fn document_frequency_of_resource(&self, id: u64) -> Result<u64, IndexError> {
        let term = Term::from_field_u64(self.fields.resource, id);
        Ok(self.searcher.search(&TermQuery::new(term, IndexRecordOption::Basic), &Count)? as u64)
    }

    pub(crate) fn fields(&self) -> &Fields {
        &self.fields
    }

    pub(crate) fn searcher(&self) -> &Searcher {
        &self.searcher
    }

    pub(crate) fn lower(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
    ) -> Result<Box<dyn tantivy::query::Query>, IndexError> {
        Lowering::new(&self.fields, resolver).lower(query)
    }
}

/// A searcher and the stamp of the very commit that it shows.
fn snapshot(index: &Index) -> Result<(Searcher, Option<Stamp>), IndexError> {
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
    let mut before = index.load_metas()?;
    for _ in 0..OPEN_TRIES {
        reader.reload()?;
        let after = index.load_metas()?;
        if before.opstamp == after.opstamp && before.payload == after.payload {
            break;
        }
        before = after;
    }
    Ok((reader.searcher(), Stamp::of(&before)))
}
