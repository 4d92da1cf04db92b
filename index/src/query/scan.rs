//! Conditions that look at a column of every document.
//!
//! They cost the same whatever they find, some nanoseconds a document, and keep one bit for each.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use tantivy::query::{
    BitSetDocSet, ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight,
};
use tantivy::{BitSet, DocId, DocSet as _, Score, SegmentReader, TantivyError};

use super::ask::Share;
use super::ast::Test;
use super::weighted::Interval;

/// What is looked at.
#[derive(Clone)]
pub(crate) enum Look {
    /// The key is one of these.
    Key(Arc<IdSet>),
    /// The media is one of these.
    Media(Arc<IdSet>),
    /// So many of the resources are among these.
    Resources(Arc<IdSet>, Share),
    /// The number of different resources that are among these (all where there are none to be among).
    Uses(Option<Arc<IdSet>>, Test<i64>),
    /// Millions of pixels.
    Megapixels(Interval),
    /// Width divided by height.
    Ratio(Interval),
    /// The first decimal digits of the seed.
    Seed(i64),
}

/// A look at every document.
#[derive(Clone)]
pub(crate) struct Scan(pub(crate) Look);

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scan")
    }
}

impl Query for Scan {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for Scan {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        if self.0.finds_nothing(reader)? {
            return Ok(Box::new(EmptyScorer));
        }
        let mut passing = BitSet::with_max_value(reader.max_doc());
        let passes = self.0.open(reader)?;
        for doc in (0..reader.max_doc()).filter(|doc| passes(*doc)) {
            passing.insert(doc);
        }
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(passing), boost)))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let mut scorer = self.scorer(reader, 1.0)?;
        if scorer.seek(doc) == doc {
            return Ok(Explanation::new("Scan", 1.0));
        }
        Err(TantivyError::InvalidArgument("the document does not match".into()))
    }
}

type Passes = Box<dyn Fn(DocId) -> bool>;

impl Look {
    /// Whether the least and the largest value of a segment say that none of its documents pass.
    fn finds_nothing(&self, reader: &SegmentReader) -> tantivy::Result<bool> {
        let Self::Key(ids) = self else { return Ok(false) };
        let column = reader.fast_fields().i64("key")?;
        Ok(!ids.meets(column.min_value()..=column.max_value()))
    }

    fn open(&self, reader: &SegmentReader) -> tantivy::Result<Passes> {
        let columns = reader.fast_fields();
        Ok(match self.clone() {
            Self::Key(ids) => {
                let column = columns.i64("key")?;
                Box::new(move |doc| column.first(doc).is_some_and(|key| ids.contains(key)))
            }
            Self::Media(ids) => {
                let column = columns.u64("media")?;
                Box::new(move |doc| column.first(doc).is_some_and(|media| ids.has(media)))
            }
            Self::Resources(ids, share) => {
                let column = columns.u64("resource")?;
                Box::new(move |doc| {
                    let (mut inside, mut outside) = (0_usize, 0_usize);
                    for id in column.values_for_doc(doc) {
                        if ids.has(id) { inside += 1 } else { outside += 1 }
                    }
                    match share {
                        Share::Full => inside > 0 && outside == 0,
                        Share::Partial => inside > 0 && outside > 0,
                        Share::None => inside == 0 && outside > 0,
                    }
                })
            }
            Self::Uses(ids, test) => {
                let column = columns.u64("resource")?;
                Box::new(move |doc| {
                    let mut seen: Vec<u64> = column
                        .values_for_doc(doc)
                        .filter(|id| ids.as_ref().is_none_or(|ids| ids.has(*id)))
                        .collect();
                    seen.sort_unstable();
                    seen.dedup();
                    passes(test, i64::try_from(seen.len()).unwrap_or(i64::MAX))
                })
            }
            Self::Megapixels(range) => sides(reader, move |w, h| range.contains(w * h / 1e6))?,
            Self::Seed(digits) => {
                let column = columns.i64("seed")?;
                let ranges = beginning_with(digits);
                Box::new(move |doc| {
                    column.first(doc).is_some_and(|seed| {
                        let at = ranges.partition_point(|(_, last)| *last < seed);
                        ranges.get(at).is_some_and(|(first, _)| *first <= seed)
                    })
                })
            }
            Self::Ratio(range) => sides(reader, move |w, h| h > 0.0 && range.contains(w / h))?,
        })
    }
}

fn sides(reader: &SegmentReader, passes: impl Fn(f64, f64) -> bool + 'static) -> tantivy::Result<Passes> {
    let (width, height) = (reader.fast_fields().u64("width")?, reader.fast_fields().u64("height")?);
    Ok(Box::new(move |doc| {
        let both = width.first(doc).zip(height.first(doc));
        both.is_some_and(|(width, height)| passes(width as f64, height as f64))
    }))
}

/// The numbers whose first decimal digits are those of a number above zero, as ranges in ascending order.
pub(crate) fn beginning_with(digits: i64) -> Vec<(i64, i64)> {
    let mut ranges = Vec::new();
    let (mut first, mut width) = (Some(digits), 1_i64);
    while let Some(start) = first {
        ranges.push((start, start.saturating_add(width - 1)));
        first = start.checked_mul(10);
        width = width.saturating_mul(10);
    }
    ranges
}

/// Whether a number passes a test.
pub(crate) fn passes<T: PartialOrd + Copy>(test: Test<T>, value: T) -> bool {
    match test {
        Test::Equal(limit) => value == limit,
        Test::Above(limit) => value > limit,
        Test::AtLeast(limit) => value >= limit,
        Test::Below(limit) => value < limit,
        Test::AtMost(limit) => value <= limit,
        Test::Between(low, high) => value >= low && value <= high,
    }
}

/// Widest range of numbers that is kept as one bit a number: 32 MiB.
const MAX_BITS: u64 = 1 << 28;

/// A set of numbers that answers fast.
pub(crate) enum IdSet {
    /// One bit a number, from the lowest on.
    Bits { lowest: i64, highest: i64, bits: Vec<u64> },
    /// Ascending.
    Sorted(Vec<i64>),
}

impl IdSet {
    /// The set of these numbers.
    pub(crate) fn new(mut ids: Vec<i64>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        let (Some(&lowest), Some(&highest)) = (ids.first(), ids.last()) else { return Self::Sorted(ids) };
        let range = highest.abs_diff(lowest);
        // A range so thin that its bits take more room than the numbers is searched instead.
        if range >= MAX_BITS || range / 64 > 64 * ids.len() as u64 {
            return Self::Sorted(ids);
        }
        let mut bits = vec![0_u64; (range / 64 + 1) as usize];
        for id in ids {
            let at = id.abs_diff(lowest);
            bits[(at / 64) as usize] |= 1 << (at % 64);
        }
        Self::Bits { lowest, highest, bits }
    }

    /// As [`Self::new`], of numbers without a sign; those beyond 63 bits are none of ours.
    pub(crate) fn of(ids: &[u64]) -> Self {
        Self::new(ids.iter().filter_map(|id| i64::try_from(*id).ok()).collect())
    }

    pub(crate) fn contains(&self, id: i64) -> bool {
        match self {
            Self::Sorted(ids) => ids.binary_search(&id).is_ok(),
            Self::Bits { lowest, bits, .. } => {
                let at = id.abs_diff(*lowest);
                id >= *lowest && bits.get((at / 64) as usize).is_some_and(|word| word & (1 << (at % 64)) != 0)
            }
        }
    }

    /// Whether the span of the set, from its lowest to its highest number, has any number of a range.
    fn meets(&self, range: RangeInclusive<i64>) -> bool {
        let span = match self {
            Self::Sorted(ids) => ids.first().copied().zip(ids.last().copied()),
            Self::Bits { lowest, highest, .. } => Some((*lowest, *highest)),
        };
        span.is_some_and(|(lowest, highest)| lowest <= *range.end() && highest >= *range.start())
    }

    pub(crate) fn has(&self, id: u64) -> bool {
        i64::try_from(id).is_ok_and(|id| self.contains(id))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_ranges_of_leading_digits_are_those_of_the_decimal_text() {
        let numbers = [1, 9, 12, 123, 1230, 1239, 124, 12399, 912, 9_223_372_036_854_775_807, 922_337];
        for digits in [1, 12, 123, 92, 9_223_372_036_854_775_807] {
            let ranges = beginning_with(digits);
            for number in numbers {
                let expected = number.to_string().starts_with(&digits.to_string());
                let found = ranges.iter().any(|(first, last)| (*first..=*last).contains(&number));
                assert_eq!(found, expected, "{digits}* {number}");
            }
        }
    }

    fn check(ids: &[i64], asked: &[i64]) -> Result<(), TestCaseError> {
        let set = IdSet::new(ids.to_vec());
        let known: BTreeSet<i64> = ids.iter().copied().collect();
        for id in asked.iter().chain(ids).chain([&i64::MIN, &i64::MAX]) {
            prop_assert_eq!(set.contains(*id), known.contains(id), "{}", id);
            prop_assert!(!known.contains(id) || set.meets(*id..=*id), "{}", id);
        }
        let is_within = |id: i64| known.first() <= Some(&id) && Some(&id) <= known.last();
        prop_assert_eq!(set.meets(-60..=-55), !known.is_empty() && (-60..=-55).any(is_within));
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_set_holds_what_was_put_in(
            near in vec(-50..200_i64, 0..60),
            far in vec(any::<i64>(), 0..4),
            asked in vec(-60..300_i64, 1..60),
        ) {
            check(&near, &asked)?;
            check(&far, &asked)?;
            check(&[near, far].concat(), &asked)?;
        }
    }
}
