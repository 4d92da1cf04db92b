//! Codes in ascending order, each once, with the ids that have it.

use rayon::prelude::*;

use super::Code;

/// The distinct codes of a set.
#[derive(Clone, Debug)]
pub(super) struct Clusters<const WORDS: usize> {
    /// Ascending.
    pub(super) codes: Vec<Code<WORDS>>,
    /// Where the ids of each code begin, and at last where they end.
    starts: Vec<u32>,
    ids: Vec<u64>,
}

impl<const WORDS: usize> Default for Clusters<WORDS> {
    fn default() -> Self {
        Self { codes: Vec::new(), starts: vec![0], ids: Vec::new() }
    }
}

impl<const WORDS: usize> Clusters<WORDS> {
    /// Collapses equal codes, in any order.
    pub(super) fn build(mut codes: Vec<(Code<WORDS>, u64)>) -> Self {
        codes.par_sort_unstable();
        Self::of_sorted(codes.len(), codes.into_iter())
    }

    /// Collapses equal codes that come in ascending order.
    pub(super) fn of_sorted(count: usize, sorted: impl Iterator<Item = (Code<WORDS>, u64)>) -> Self {
        let mut clusters = Self {
            codes: Vec::with_capacity(count),
            starts: Vec::with_capacity(count + 1),
            ids: Vec::with_capacity(count),
        };
        for (code, id) in sorted {
            if clusters.codes.last() != Some(&code) {
                clusters.codes.push(code);
                clusters.starts.push(clusters.end());
            }
            clusters.ids.push(id);
        }
        clusters.starts.push(clusters.end());
        clusters
    }

    fn end(&self) -> u32 {
        u32::try_from(self.ids.len()).expect("2^32 codes with ids take 64 GB and more")
    }

    /// How many ids it has.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The ids of a cluster, ascending; empty past the last.
    pub(super) fn members(&self, cluster: u32) -> &[u64] {
        let cluster = cluster as usize;
        match (self.starts.get(cluster), self.starts.get(cluster + 1)) {
            (Some(&from), Some(&to)) => &self.ids[from as usize..to as usize],
            _ => &[],
        }
    }

    /// Every code with every id of it, in ascending order.
    pub(super) fn rows(&self) -> impl Iterator<Item = (Code<WORDS>, u64)> + '_ {
        let clusters = (0_u32..).zip(&self.codes);
        clusters.flat_map(|(cluster, code)| self.members(cluster).iter().map(|id| (*code, *id)))
    }

    /// The same with some more, which need not be in order.
    pub(super) fn with(&self, mut more: Vec<(Code<WORDS>, u64)>) -> Self {
        more.sort_unstable();
        let count = self.len() + more.len();
        let (mut here, mut there) = (self.rows().peekable(), more.into_iter().peekable());
        let next = std::iter::from_fn(move || match (here.peek(), there.peek()) {
            (Some(a), Some(b)) if b < a => there.next(),
            (None, _) => there.next(),
            _ => here.next(),
        });
        Self::of_sorted(count, next)
    }
}
