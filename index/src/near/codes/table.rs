//! Codes in buckets by one key.

use std::ops::Range;

use rayon::prelude::*;

use super::Code;
use super::layout::Part;

/// Codes that are compared at once, where the processor counts bits of many words at once.
const LANES: usize = 8;

/// Codes in the order of their keys.
#[derive(Clone, Debug)]
pub(super) struct Table<const WORDS: usize> {
    /// Where each bucket begins, and at last where they end.
    starts: Vec<u32>,
    /// The first words of all codes, then the second ones and so on: words side by side are compared at once. Behind
    /// the last are so many zeros that as many as are compared at once can be read from any place.
    columns: [Vec<u64>; WORDS],
    /// Their numbers.
    pub(super) numbers: Vec<u32>,
}

impl<const WORDS: usize> Table<WORDS> {
    /// Sorts `codes`, whose numbers are their places, fewer than 2^32.
    pub(super) fn build(part: &Part<WORDS>, codes: &[Code<WORDS>]) -> Self {
        let keys: Vec<u32> = codes.par_iter().map(|code| part.key(code)).collect();
        let mut starts = vec![0_u32; (1 << part.width) + 1];
        for &key in &keys {
            starts[key as usize + 1] += 1;
        }
        let mut before = 0;
        for start in &mut starts {
            before += *start;
            *start = before;
        }
        let mut columns = std::array::from_fn(|_| vec![0; codes.len() + LANES]);
        let mut numbers = vec![0; codes.len()];
        // Each code takes the next place of its bucket, whose start moves on and thereby becomes its end.
        for ((number, code), key) in (0_u32..).zip(codes).zip(keys) {
            let place = &mut starts[key as usize];
            for (column, word) in columns.iter_mut().zip(code.0) {
                column[*place as usize] = word;
            }
            numbers[*place as usize] = number;
            *place += 1;
        }
        starts.rotate_right(1);
        starts[0] = 0;
        let end = starts.len() - 1;
        starts[end] = before;
        Self { starts, columns, numbers }
    }

    /// The places of the codes with this key.
    #[inline(always)]
    pub(super) fn bucket(&self, key: u32) -> Range<usize> {
        let key = key as usize;
        self.starts[key] as usize..self.starts[key + 1] as usize
    }

    /// How many codes it has.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The code at a place.
    #[inline(always)]
    pub(super) fn code(&self, place: usize) -> Code<WORDS> {
        Code(std::array::from_fn(|word| self.columns[word][place]))
    }

    /// Calls `hit` with every place of a range whose code is within `max_bits`.
    ///
    /// To be inlined where the compiler may use what the processor has.
    #[inline(always)]
    pub(super) fn each_near(
        &self,
        code: &Code<WORDS>,
        places: Range<usize>,
        max_bits: u32,
        by: Counting,
        mut hit: impl FnMut(usize),
    ) {
        match by {
            Counting::ManyWords if places.len() > LANES / 4 => {
                for from in places.clone().step_by(LANES) {
                    let mut near = self.near_lanes(code, from, max_bits);
                    near &= 0xFF >> LANES.saturating_sub(places.end - from);
                    while near != 0 {
                        hit(from + near.trailing_zeros() as usize);
                        near &= near - 1;
                    }
                }
            }
            _ => {
                for place in places {
                    if self.is_near(code, place, max_bits) {
                        hit(place);
                    }
                }
            }
        }
    }

    /// As bits, which of the codes from a place on are within `max_bits`.
    #[inline(always)]
    fn near_lanes(&self, code: &Code<WORDS>, from: usize, max_bits: u32) -> u32 {
        let mut distances = [0_u64; LANES];
        for (column, word) in self.columns.iter().zip(code.0) {
            for (distance, other) in distances.iter_mut().zip(&column[from..from + LANES]) {
                *distance += u64::from((word ^ other).count_ones());
            }
        }
        let near = |(lane, distance): (usize, &u64)| u32::from(*distance <= u64::from(max_bits)) << lane;
        distances.iter().enumerate().map(near).fold(0, |all, one| all | one)
    }

    /// The same for one; the last word of codes that are far apart is not even read.
    #[inline(always)]
    fn is_near(&self, code: &Code<WORDS>, place: usize, max_bits: u32) -> bool {
        let mut distance = 0;
        for (number, (column, word)) in self.columns.iter().zip(code.0).enumerate() {
            distance += (word ^ column[place]).count_ones();
            if number > 0 && distance > max_bits {
                return false;
            }
        }
        distance <= max_bits
    }
}

/// What the processor can do at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counting {
    /// Count the bits of one word, or not even that.
    OneWord,
    /// Count the bits of several words.
    ManyWords,
}
