//! What was compared before: pairs of looks, by numbers that follow from the looks alone.
//!
//! - In: the looks that there are now, and how to find the neighbours of one, or all pairs.
//! - Out: all pairs of what is there now, the same whether it was found now or remembered.
//! - Never: media. Which of them look so is asked anew each time.

use std::collections::BTreeMap;

use rayon::prelude::*;
use stemmata_index::near::Entry;
use stemmata_index::near::codes::Code;

use super::Limits;
use crate::link::duplicates::DuplicateError;
use crate::run::RunContext;

/// Share of looks that may be new before all pairs are searched at once: one look costs about as much as 200 in bulk.
const MOST_NEW: usize = 200;

/// Two looks by their numbers, the lower first, and their distance.
pub(crate) type LookPair = (u64, u64, f32);

/// Looks that were all compared with each other, and the pairs among them.
pub(crate) type Half = (Vec<u64>, Vec<LookPair>);

/// Pairs that were found, and between what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PairMemory {
    pub(super) codes: Remembered,
    pub(super) blurs: Remembered,
}

impl PairMemory {
    /// Both halves, for a file: first of codes, then of BlurHashes.
    pub(crate) fn parts(&self) -> [Half; 2] {
        [&self.codes, &self.blurs].map(|half| (half.known.clone(), half.pairs.clone()))
    }

    /// From what a file held. `None` where it is not sorted.
    pub(crate) fn from_parts(parts: [Half; 2]) -> Option<Self> {
        let [codes, blurs] = parts.map(|(known, pairs)| Remembered { known, pairs });
        let is_right = |half: &Remembered| {
            half.known.is_sorted_by(|a, b| a < b)
                && half.pairs.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1))
                && half.pairs.iter().all(|pair| pair.0 < pair.1 && pair.2.is_finite())
        };
        (is_right(&codes) && is_right(&blurs)).then_some(Self { codes, blurs })
    }
}

/// One half of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Remembered {
    /// The looks that were all compared with each other, ascending.
    known: Vec<u64>,
    /// The pairs among them within the limit, the lower number first, ascending.
    pairs: Vec<LookPair>,
}

/// Why there are no pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    TooMany,
    Cancelled,
}

impl Stop {
    pub(super) fn into_error(self, limits: Limits) -> DuplicateError {
        match self {
            Self::TooMany => {
                DuplicateError::TooManyPairs { max_pairs: limits.max_pairs, threshold: limits.blur }
            }
            Self::Cancelled => DuplicateError::Cancelled,
        }
    }
}

/// Pairs of positions in the list of looks, with their distance.
type Pairs = Vec<(u32, u32, f32)>;

impl Remembered {
    /// Brings it to the looks of now: `keys`, one a look at its position. Gives what is remembered next, all pairs by
    /// position, and how many looks were new.
    ///
    /// `near` finds what is within the limit of the look at a position, itself perhaps among it; `all` finds all pairs,
    /// or gives up.
    pub(super) fn update(
        &self,
        keys: &[u64],
        max_pairs: usize,
        near: impl Fn(u32) -> Vec<(u32, f32)> + Sync,
        all: impl FnOnce() -> Option<Pairs>,
        run: &RunContext,
    ) -> Result<(Self, Pairs, u64), Stop> {
        let mut places: Vec<(u64, u32)> = keys.iter().copied().zip(0..).collect();
        places.par_sort_unstable();
        let fresh: Vec<u32> = places
            .iter()
            .filter(|(key, _)| self.known.binary_search(key).is_err())
            .map(|(_, place)| *place)
            .collect();
        let stop = || if run.cancel.is_requested() { Stop::Cancelled } else { Stop::TooMany };
        let mut pairs: Pairs = if are_many(fresh.len(), keys.len()) {
            all().ok_or_else(stop)?
        } else {
            self.with(&fresh, &places, near)
        };
        if run.cancel.is_requested() || pairs.len() > max_pairs {
            return Err(stop());
        }
        pairs.par_sort_unstable_by_key(|pair| (pair.0, pair.1));
        let mut named: Vec<LookPair> = pairs
            .par_iter()
            .map(|(a, b, distance)| {
                let (a, b) = (keys[*a as usize], keys[*b as usize]);
                (a.min(b), a.max(b), *distance)
            })
            .collect();
        named.par_sort_unstable_by_key(|pair| (pair.0, pair.1));
        let mut known: Vec<u64> = places.into_iter().map(|(key, _)| key).collect();
        known.dedup();
        Ok((Self { known, pairs: named }, pairs, fresh.len() as u64))
    }

    fn with(
        &self,
        fresh: &[u32],
        places: &[(u64, u32)],
        near: impl Fn(u32) -> Vec<(u32, f32)> + Sync,
    ) -> Pairs {
        let place =
            |key: u64| places.binary_search_by_key(&key, |(key, _)| *key).ok().map(|found| places[found].1);
        let kept = self.pairs.iter().filter_map(|(a, b, distance)| {
            let (a, b) = (place(*a)?, place(*b)?);
            Some((a.min(b), a.max(b), *distance))
        });
        let mut pairs: Pairs = kept.collect();
        let found: Vec<Pairs> = fresh
            .par_iter()
            .map(|place| {
                let hits = near(*place).into_iter().filter(|(other, _)| other != place);
                hits.map(|(other, distance)| ((*place).min(other), (*place).max(other), distance)).collect()
            })
            .collect();
        pairs.extend(found.into_iter().flatten());
        pairs.sort_unstable_by_key(|pair| (pair.0, pair.1));
        pairs.dedup_by_key(|pair| (pair.0, pair.1));
        pairs
    }

    /// One entry for each look that is new, if they are few; empty where all pairs will be searched anyway.
    pub(super) fn unknown(&self, key_of: &[(u64, u64)], entries: &[Entry]) -> BTreeMap<u64, Entry> {
        let mut keys: Vec<u64> = key_of.iter().map(|(_, key)| *key).collect();
        keys.par_sort_unstable();
        keys.dedup();
        let is_new = |key: &u64| self.known.binary_search(key).is_err();
        if are_many(keys.iter().filter(|key| is_new(key)).count(), keys.len()) {
            return BTreeMap::new();
        }
        let key = |id: u64| key_of.binary_search_by_key(&id, |(id, _)| *id).ok().map(|place| key_of[place].1);
        let fresh = entries.iter().filter_map(|entry| Some((key(entry.id).filter(is_new)?, entry.clone())));
        fresh.collect()
    }
}

/// Whether so many of all looks are new that all pairs are searched at once.
fn are_many(fresh: usize, all: usize) -> bool {
    fresh > all / MOST_NEW
}

/// A number for a code; two codes share one by accident once in 2^64.
pub(super) fn key_of_code(code: &Code<3>) -> u64 {
    let mut hasher = blake3::Hasher::new();
    code.0.iter().for_each(|word| {
        hasher.update(&word.to_le_bytes());
    });
    first_bytes(&hasher)
}

/// A number for a BlurHash and its shape.
pub(super) fn key_of_entry(entry: &Entry) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&entry.aspect.ratio().to_bits().to_le_bytes());
    let mut bytes = [0_u8; 48 * 4];
    for (slot, value) in bytes.chunks_exact_mut(4).zip(entry.feature.values()) {
        slot.copy_from_slice(&value.to_bits().to_le_bytes());
    }
    hasher.update(&bytes);
    first_bytes(&hasher)
}

fn first_bytes(hasher: &blake3::Hasher) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *hasher.finalize().as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
