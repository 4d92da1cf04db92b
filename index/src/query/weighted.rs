//! The strength of one use of a resource, tested on that same use.

use std::sync::Arc;

use tantivy::query::{
    BitSetDocSet, ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight,
};
use tantivy::{BitSet, DocId, DocSet, Score, SegmentReader, TERMINATED, Term};

use super::ast::Test;
use crate::facts;

/// Values that differ by less than this part of them are the same number written by different programs: many keep
/// 0.45 in 32 bits.
const TOLERANCE: f64 = 1e-6;

/// A closed interval of real numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Interval {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Interval {
    /// The values that pass a test.
    pub(crate) fn of(test: Test<f64>) -> Self {
        let slack = |value: f64| TOLERANCE * value.abs().max(1.0);
        let (low, high) = (f64::MIN, f64::MAX);
        match test {
            Test::Equal(value) => Self { low: value - slack(value), high: value + slack(value) },
            Test::Above(value) => Self { low: (value + slack(value)).next_up(), high },
            Test::AtLeast(value) => Self { low: value - slack(value), high },
            Test::Below(value) => Self { low, high: (value - slack(value)).next_down() },
            Test::AtMost(value) => Self { low, high: value + slack(value) },
            Test::Between(least, most) => Self { low: least - slack(least), high: most + slack(most) },
        }
    }

    pub(crate) fn contains(self, value: f64) -> bool {
        value >= self.low && value <= self.high
    }
}

/// Documents that use one of some resources with a strength in an interval.
#[derive(Clone, Debug)]
pub(crate) struct WeightedResources {
    /// Finds the documents that use one of the resources.
    users: Arc<dyn Query>,
    ids: Arc<[u64]>,
    strength: Interval,
}

impl WeightedResources {
    /// `users` must match exactly the documents that use one of `ids`, which are in ascending order.
    pub(crate) fn new(users: Box<dyn Query>, ids: &[u64], strength: Interval) -> Self {
        Self { users: users.into(), ids: ids.into(), strength }
    }
}

impl Query for WeightedResources {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let users = self.users.weight(scoring)?;
        Ok(Box::new(WeightedWeight { users, ids: self.ids.clone(), strength: self.strength }))
    }

    fn query_terms<'a>(&'a self, visitor: &mut dyn FnMut(&'a Term, bool)) {
        self.users.query_terms(visitor);
    }
}

struct WeightedWeight {
    users: Box<dyn Weight>,
    ids: Arc<[u64]>,
    strength: Interval,
}

impl Weight for WeightedWeight {
    fn scorer(&self, reader: &SegmentReader, _boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let mut users = self.users.scorer(reader, 1.0)?;
        if users.doc() == TERMINATED {
            return Ok(Box::new(EmptyScorer));
        }
        let uses = facts::Uses::open(reader)?;
        let mut passing = BitSet::with_max_value(reader.max_doc());
        while users.doc() != TERMINATED {
            let doc = users.doc();
            let passes = uses.of(doc).any(|used| {
                used.weight.is_some_and(|weight| self.strength.contains(weight))
                    && self.ids.binary_search(&used.id).is_ok()
            });
            if passes {
                passing.insert(doc);
            }
            users.advance();
        }
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(passing), 0.0)))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        self.users.explain(reader, doc)
    }
}
