//! Exact search for binary codes within a Hamming distance.
//!
//! - In: pairs of an id and a [`Code`] of 64, 128 or 192 bits.
//! - Out: every id, or every pair of ids, whose codes differ in at most so many bits. Nothing is approximated.
//! - Never: the meaning of the bits, or an order that depends on the order of the input or on threads.

/// A binary code of `WORDS` times 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code<const WORDS: usize>(pub [u64; WORDS]);

impl<const WORDS: usize> Code<WORDS> {
    /// Bits in which two codes differ.
    pub fn distance(&self, other: &Self) -> u32 {
        self.0.iter().zip(&other.0).map(|(a, b)| (a ^ b).count_ones()).sum()
    }
}

/// A code near a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodeHit {
    /// Bits in which it differs.
    pub distance: u32,
    /// The caller's number for it.
    pub id: u64,
}

/// Two codes near each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodePair {
    /// The lower id.
    pub left: u64,
    /// The higher id.
    pub right: u64,
    /// Bits in which they differ.
    pub distance: u32,
}

/// Codes, ready to be searched.
#[derive(Clone, Debug, Default)]
pub struct CodeSet<const WORDS: usize> {
    codes: Vec<(u64, Code<WORDS>)>,
}

impl<const WORDS: usize> CodeSet<WORDS> {
    /// Arranges codes; ids should be distinct.
    pub fn build(mut codes: Vec<(u64, Code<WORDS>)>) -> Self {
        codes.sort_unstable();
        Self { codes }
    }

    /// Adds a code to the set.
    pub fn insert(&mut self, id: u64, code: Code<WORDS>) {
        self.codes.push((id, code));
    }

    /// How many codes it has.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// Every code within `max_bits` of the query, nearest first, ties by id.
    pub fn within(&self, query: &Code<WORDS>, max_bits: u32) -> Vec<CodeHit> {
        let all = self.codes.iter().map(|(id, code)| CodeHit { distance: code.distance(query), id: *id });
        let mut hits: Vec<CodeHit> = all.filter(|hit| hit.distance <= max_bits).collect();
        hits.sort_unstable();
        hits
    }

    /// Every pair within `max_bits` of each other, by the lower id, then the higher.
    pub fn all_pairs(&self, max_bits: u32) -> Vec<CodePair> {
        let mut pairs = Vec::new();
        for (number, (a, code)) in self.codes.iter().enumerate() {
            for (b, other) in &self.codes[number + 1..] {
                let distance = code.distance(other);
                if distance <= max_bits {
                    pairs.push(CodePair { left: *a.min(b), right: *a.max(b), distance });
                }
            }
        }
        pairs.sort_unstable();
        pairs
    }
}
