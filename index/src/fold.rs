//! Aggregations over every match, all segments at once.

use std::ops::RangeInclusive;

use rayon::prelude::*;
use tantivy::SegmentReader;
use tantivy::query::{EnableScoring, Query as _, Weight};

use crate::error::IndexError;
use crate::facts::{Facts, SegmentFacts};
use crate::query::{Query, Resolver};
use crate::reader::Reader;

impl Reader {
    /// Folds the facts of every match into one value, segments in parallel: each begins with `init`, takes its matches
    /// with `each`, and all are joined with `merge`, in the order of the segments.
    ///
    /// Which documents share a segment, and in what order they come, says nothing: `each` and `merge` must give the same
    /// for any order, as sums, counts and sets do.
    ///
    /// # Errors
    ///
    /// As [`Reader::search`].
    pub fn fold<A: Send>(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        init: impl Fn() -> A + Sync,
        each: impl Fn(&mut A, Facts<'_>) + Sync,
        mut merge: impl FnMut(&mut A, A),
    ) -> Result<A, IndexError> {
        let parts = self.per_segment(resolver, query, |weight, segment| {
            let mut part = init();
            let mut facts = SegmentFacts::open(segment)?;
            let mut failure = None;
            for_each_match(weight, segment, |doc| match facts.of(doc) {
                Ok(Some(facts)) => each(&mut part, facts),
                Ok(None) => {}
                Err(error) => failure = Some(error),
            })?;
            match failure {
                Some(error) => Err(error),
                None => Ok(part),
            }
        })?;
        let mut whole = init();
        for part in parts {
            merge(&mut whole, part);
        }
        Ok(whole)
    }

    /// The keys in a range with the digests of their documents, by key: what [`crate::Document::digest`] said when each
    /// was written. A range at a time keeps a comparison of millions in little memory.
    ///
    /// # Errors
    ///
    /// Only what a damaged or vanished index causes.
    pub fn digests(&self, keys: RangeInclusive<i64>) -> Result<Vec<(i64, u32)>, IndexError> {
        let parts = self.searcher().segment_readers().par_iter().map(|segment| -> Result<_, IndexError> {
            let columns = segment.fast_fields();
            let (key, digest) = (columns.i64("key")?, columns.u64("digest")?);
            // The engine answers a range below all values with the least of them.
            if *keys.end() < key.min_value() || *keys.start() > key.max_value() {
                return Ok(Vec::new());
            }
            let mut docs = Vec::new();
            key.get_docids_for_value_range(keys.clone(), 0..segment.max_doc(), &mut docs);
            let alive = segment.alive_bitset();
            let pair = |doc| Some((key.first(doc)?, digest.first(doc)? as u32));
            let docs = docs.into_iter().filter(|doc| alive.is_none_or(|alive| alive.is_alive(*doc)));
            Ok(docs.filter_map(pair).collect::<Vec<_>>())
        });
        let mut all = parts.collect::<Result<Vec<_>, _>>()?.concat();
        all.sort_unstable();
        Ok(all)
    }

    /// Asks every segment at once; the answers come in the order of the segments.
    pub(crate) fn per_segment<T: Send>(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        ask: impl Fn(&dyn Weight, &SegmentReader) -> Result<T, IndexError> + Sync,
    ) -> Result<Vec<T>, IndexError> {
        let lowered = self.lower(resolver, query)?;
        let weight = lowered.weight(EnableScoring::disabled_from_searcher(self.searcher()))?;
        self.on_segments(|segment| ask(weight.as_ref(), segment))
    }

    /// Looks at every segment, at several at once; the answers come in the order of the segments.
    pub(crate) fn on_segments<T: Send>(
        &self,
        look: impl Fn(&SegmentReader) -> Result<T, IndexError> + Sync,
    ) -> Result<Vec<T>, IndexError> {
        let look = &look;
        self.searcher().segment_readers().par_iter().map(look).collect()
    }
}

/// Calls `each` with every match of one segment that is not deleted.
pub(crate) fn for_each_match(
    weight: &dyn Weight,
    segment: &SegmentReader,
    mut each: impl FnMut(tantivy::DocId),
) -> Result<(), IndexError> {
    let alive = segment.alive_bitset();
    weight.for_each_no_score(segment, &mut |docs| {
        docs.iter().filter(|doc| alive.is_none_or(|alive| alive.is_alive(**doc))).for_each(|doc| each(*doc));
    })?;
    Ok(())
}
