//! Points of a distribution, from counts of its values.

use std::hash::Hash;

use super::counts::Counts;

/// Five points of a distribution, by nearest rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread<T> {
    /// The smallest value.
    pub min: T,
    /// A tenth of the values are at most this.
    pub p10: T,
    /// Half of the values are at most this.
    pub p50: T,
    /// Nine tenths of the values are at most this.
    pub p90: T,
    /// The largest value.
    pub max: T,
    /// How many values there are.
    pub count: u64,
}

impl<T: Copy> Spread<T> {
    /// Reads values with their counts, by value; `None` when there is none.
    pub fn of(sorted: &[(T, u64)]) -> Option<Self> {
        let count: u64 = sorted.iter().map(|(_, count)| count).sum();
        let (min, max) = (sorted.first()?.0, sorted.last()?.0);
        let at = |percent: u64| {
            let rank = (count * percent).div_ceil(100).max(1);
            let mut below = 0;
            let found = sorted.iter().find(|(_, count)| {
                below += count;
                below >= rank
            });
            found.map_or(max, |(value, _)| *value)
        };
        Some(Self { min, p10: at(10), p50: at(50), p90: at(90), max, count })
    }
}

/// Counts as a list: highest first, then by key.
pub(in crate::lineage) fn most_first<K: Ord + Hash>(counts: Counts<K>) -> Vec<(K, u64)> {
    let mut list: Vec<(K, u64)> = counts.into_iter().collect();
    list.sort_unstable_by(|(a, a_count), (b, b_count)| b_count.cmp(a_count).then_with(|| a.cmp(b)));
    list
}

/// Counts as a list, by key.
#[expect(clippy::disallowed_methods, reason = "sorted right after")]
pub(in crate::lineage) fn by_key<K: Ord + Clone>(counts: &Counts<K>) -> Vec<(K, u64)> {
    let mut list: Vec<(K, u64)> = counts.iter().map(|(key, count)| (key.clone(), *count)).collect();
    list.sort_unstable();
    list
}
