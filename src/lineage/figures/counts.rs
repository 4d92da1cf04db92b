//! Counts by small keys: numbers of texts, of resources, of versions, settings.
//!
//! A report counts some thirty keys an image, so that hashing them decides what it costs. Nobody chooses these numbers
//! to make them collide but for sizes of pictures and steps, of which an attacker needs many images for little harm.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// How many images have each value.
pub type Counts<K> = ByNumber<K, u64>;

/// A map whose keys are made of numbers.
pub type ByNumber<K, V> = HashMap<K, V, BuildHasherDefault<NumberHasher>>;

/// A set of things that are made of numbers.
pub(in crate::lineage) type Numbers<K> = HashSet<K, BuildHasherDefault<NumberHasher>>;

/// An odd number whose bits look random: 2^64 over the golden ratio.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

/// Multiplies to 128 bits and folds them, so that every bit of the key is in all bits of the hash.
#[derive(Clone, Copy, Debug, Default)]
pub struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        // Not zero for a key of zeros, which would forget how many came before.
        let wide = u128::from(self.0 ^ number ^ FACTOR.rotate_left(32)) * u128::from(FACTOR);
        self.0 = (wide >> 64) as u64 ^ wide as u64;
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number.cast_unsigned());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, Hash};

    use super::*;

    /// The most keys that share the low or the high bits of a hash, as tables look at them.
    fn crowd<K: Hash>(keys: impl Iterator<Item = K>) -> (usize, usize) {
        let (mut low, mut high) = (vec![0; 1 << 12], vec![0; 1 << 7]);
        for key in keys {
            let hash = BuildHasherDefault::<NumberHasher>::default().hash_one(key);
            low[usize::try_from(hash & 0xFFF).expect("12 bits")] += 1;
            high[usize::try_from(hash >> 57).expect("7 bits")] += 1;
        }
        (low.into_iter().max().unwrap_or(0), high.into_iter().max().unwrap_or(0))
    }

    #[test]
    fn keys_that_follow_each_other_or_differ_in_high_bits_only_are_spread() {
        // Even would be 16 and 512 of 65,536.
        for (low, high) in [
            crowd(0..65_536_u32),
            crowd((0..65_536_u64).map(|key| key << 40)),
            crowd((0..65_536_u64).map(|steps| f64::to_bits(steps as f64 / 2.0))),
            crowd((0..256_u32).flat_map(|width| (0..256_u32).map(move |height| (8 * width, 8 * height)))),
            crowd((0..65_536_u32).map(|key| (key, Some(key)))),
        ] {
            assert!(low < 64 && high < 1_024, "{low} {high}");
        }
    }
}
