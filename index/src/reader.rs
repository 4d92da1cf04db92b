//! Queries in, keys or facts out.
//!
//! - Input: a committed index and a [`Query`], with a [`Resolver`] for what only the caller can look up.
//! - Output: [`Hits`] in a stated order, counts, or [`Facts`] of every match.
//! - Never: writes, or sees a commit that came after [`Reader::open`].

use std::path::Path;

use tantivy::collector::{Count, DocSetCollector};
use tantivy::query::{BooleanQuery, EnableScoring, Query as _, TermQuery, TermSetQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{Index, ReloadPolicy, Searcher, Term};

use crate::error::IndexError;
use crate::facts::{Facts, SegmentFacts};
use crate::query::lower::Lowering;
use crate::query::{KeywordField, Query, Resolver};
use crate::rank::{Best, Hits, SearchOptions};
use crate::schema::{self, Fields, Stamp};
use crate::tokenizer;

/// How often [`Reader::open`] looks again when a commit falls between its two looks.
const OPEN_TRIES: usize = 5;

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
        let lowered = self.lower(resolver, query)?;
        if options.limit == 0 {
            let total = self.searcher.search(&*lowered, &Count)? as u64;
            return Ok(Hits { total, hits: Vec::new() });
        }
        // In one pass: finding the matches of a large set of resources costs more than counting or ranking them.
        let (total, hits) = self.searcher.search(&*lowered, &(Count, Best::new(options)))?;
        Ok(Hits { total: total as u64, hits })
    }

    /// How many documents match.
    ///
    /// # Errors
    ///
    /// As [`Self::search`].
    pub fn count(&self, resolver: &dyn Resolver, query: &Query) -> Result<u64, IndexError> {
        let lowered = self.lower(resolver, query)?;
        Ok(self.searcher.search(&*lowered, &Count)? as u64)
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

    /// Keywords of a field that begin so, case aside: folded, in alphabetical order, at most `limit`.
    ///
    /// # Errors
    ///
    /// Only what a damaged or vanished index causes.
    pub fn keywords(
        &self,
        field: KeywordField,
        begins: &str,
        limit: usize,
    ) -> Result<Vec<String>, IndexError> {
        let column = self.fields.keyword(field);
        let begins = tokenizer::keyword(begins);
        let mut found = std::collections::BTreeSet::new();
        for segment in self.searcher.segment_readers() {
            let index = segment.inverted_index(column)?;
            let mut terms =
                index.terms().range().ge(begins.as_bytes()).into_stream().map_err(IndexError::Io)?;
            let mut seen = 0;
            while seen < limit && terms.advance() {
                let Ok(word) = std::str::from_utf8(terms.key()) else { continue };
                if !word.starts_with(begins.as_str()) {
                    break;
                }
                found.insert(word.to_owned());
                seen += 1;
            }
        }
        Ok(found.into_iter().take(limit).collect())
    }

    /// Which of the documents with these keys match.
    pub(crate) fn matching(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        keys: &[i64],
    ) -> Result<Vec<bool>, IndexError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let asked = keys.iter().map(|key| Term::from_field_i64(self.fields.key, *key));
        let lowered = BooleanQuery::intersection(vec![
            Box::new(TermSetQuery::new(asked)),
            self.lower(resolver, query)?,
        ]);
        let mut found = Vec::new();
        for place in self.searcher.search(&lowered, &DocSetCollector)? {
            let columns = self.searcher.segment_reader(place.segment_ord).fast_fields();
            found.extend(columns.i64("key")?.first(place.doc_id));
        }
        Ok(keys.iter().map(|key| found.contains(key)).collect())
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
