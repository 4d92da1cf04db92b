//! Codes in buckets by one key.

use std::ops::Range;

use rayon::prelude::*;

use super::Code;
use super::layout::Part;

/// Codes in the order of their keys.
#[derive(Clone, Debug)]
pub(super) struct Table<const WORDS: usize> {
    /// Where each bucket begins, and at last where they end.
    starts: Vec<u32>,
    /// The codes.
    pub(super) codes: Vec<Code<WORDS>>,
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
        let mut sorted = vec![Code([0; WORDS]); codes.len()];
        let mut numbers = vec![0; codes.len()];
        // Each code takes the next place of its bucket, whose start moves on and thereby becomes its end.
        for ((number, code), key) in (0_u32..).zip(codes).zip(keys) {
            let place = &mut starts[key as usize];
            sorted[*place as usize] = *code;
            numbers[*place as usize] = number;
            *place += 1;
        }
        starts.rotate_right(1);
        starts[0] = 0;
        let end = starts.len() - 1;
        starts[end] = before;
        Self { starts, codes: sorted, numbers }
    }

    /// The places of the codes with this key.
    #[inline(always)]
    pub(super) fn bucket(&self, key: u32) -> Range<usize> {
        let key = key as usize;
        self.starts[key] as usize..self.starts[key + 1] as usize
    }
}
