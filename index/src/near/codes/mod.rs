//! Exact search for binary codes within a Hamming distance.
//!
//! - In: pairs of an id and a [`Code`] of 64, 128 or 192 bits.
//! - Out: every id, or every pair of ids, whose codes differ in at most so many bits. Nothing is approximated.
//! - Never: the meaning of the bits, or an order that depends on the order of the input or on threads.
//!
//! Two codes that differ in few bits agree nearly in one of several parts of their bits, so codes are sorted into
//! buckets by each part in turn, and only buckets with near keys are compared. How many parts, and which bits are in
//! which, follows from the codes themselves. Where that gains nothing, all are compared with all.
//!
//! ```
//! use stemmata_index::near::codes::{Code, CodeSet};
//!
//! let set = CodeSet::build(vec![(7, Code([0b1111])), (8, Code([0b0111])), (9, Code([u64::MAX]))]);
//! let ids: Vec<u64> = set.within(&Code([0b0111]), 1).iter().map(|hit| hit.id).collect();
//! assert_eq!(ids, [8, 7]);
//! assert_eq!(set.all_pairs(1).len(), 1);
//! ```

mod clusters;
mod join;
mod layout;
mod lookup;
mod set;
mod table;
#[cfg(test)]
mod tests;

pub use set::{CodeFound, CodeSet, Saved};

/// A binary code of `WORDS` times 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code<const WORDS: usize>(pub [u64; WORDS]);

impl<const WORDS: usize> Code<WORDS> {
    /// Bits in a code.
    const BITS: u32 = 64 * WORDS as u32;

    /// Bits in which two codes differ.
    #[inline(always)]
    pub fn distance(&self, other: &Self) -> u32 {
        // A loop and not a chain, so that nothing stands between it and the instruction that counts bits.
        let mut distance = 0;
        for word in 0..WORDS {
            distance += (self.0[word] ^ other.0[word]).count_ones();
        }
        distance
    }

    /// Bits of `mask` in which two codes differ.
    #[inline(always)]
    fn distance_in(&self, other: &Self, mask: &Self) -> u32 {
        let mut distance = 0;
        for word in 0..WORDS {
            distance += ((self.0[word] ^ other.0[word]) & mask.0[word]).count_ones();
        }
        distance
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

/// Two clusters of equal codes near each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClusterPair {
    /// The lower cluster number.
    pub left: u32,
    /// The higher cluster number.
    pub right: u32,
    /// Bits in which their codes differ, at least one.
    pub distance: u32,
}
