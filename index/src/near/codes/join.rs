//! Every pair within a distance: bucket against bucket, table after table.
//!
//! A pair is reported by the first table that can see it, so that nobody has to remember pairs.

use std::ops::{ControlFlow, Range};

use multiversion::multiversion;
use multiversion::target::{Target, selected_target};
use rayon::prelude::*;

use super::layout::{Layout, Purpose, Sample};
use super::table::{Counting, Table};
use super::{ClusterPair, Code};

/// Pairs that are handed on together, at least; a bucket against a bucket may add more.
const AT_ONCE: usize = 1 << 13;

/// Comparisons that are worth a task of their own.
const TASK: usize = 1 << 20;

/// Codes of a block of buckets, about: two blocks stay in the nearest cache.
const BLOCK_CODES: usize = 1 << 9;

/// Codes of a block where all are compared with all.
const BRUTE_BLOCK: usize = 1 << 10;

/// What receives pairs: some of them, and how much of the whole work they stand for.
pub(super) trait Visit: Fn(&[ClusterPair], f64) -> ControlFlow<()> + Sync {}

impl<F: Fn(&[ClusterPair], f64) -> ControlFlow<()> + Sync> Visit for F {}

/// Every pair of distinct codes within `max_bits`, by their places.
pub(super) fn pairs<const WORDS: usize>(
    codes: &[Code<WORDS>],
    max_bits: u32,
    visit: &impl Visit,
) -> ControlFlow<()> {
    match Layout::choose(codes, max_bits, Purpose::Join) {
        Some(layout) => by_tables(codes, &layout, max_bits, visit),
        None => all_with_all(codes, max_bits, visit),
    }
}

/// The same, by the tables of a layout.
pub(super) fn by_tables<const WORDS: usize>(
    codes: &[Code<WORDS>],
    layout: &Layout<WORDS>,
    max_bits: u32,
    visit: &impl Visit,
) -> ControlFlow<()> {
    let radii = layout.radii(&Sample::of(codes), max_bits);
    let mut earlier: Vec<(Code<WORDS>, u32)> = Vec::new();
    let tables = radii.iter().flatten().count();
    for (part, radius) in layout.parts.iter().zip(radii) {
        let Some(radius) = radius else { continue };
        let table = Table::build(part, codes);
        let join = Join { table: &table, max_bits, earlier: &earlier, visit };
        join.all_buckets(part.width, radius, 1.0 / tables as f64)?;
        earlier.push((part.mask, radius));
    }
    ControlFlow::Continue(())
}

/// The same without tables.
pub(super) fn all_with_all<const WORDS: usize>(
    codes: &[Code<WORDS>],
    max_bits: u32,
    visit: &impl Visit,
) -> ControlFlow<()> {
    let blocks = codes.len().div_ceil(BRUTE_BLOCK);
    let all = codes.len() as f64 * codes.len() as f64 / 2.0;
    (0..blocks).into_par_iter().try_for_each(|block| {
        let from = block * BRUTE_BLOCK;
        let here = from..codes.len().min(from + BRUTE_BLOCK);
        let mut found = Vec::new();
        for there in here.clone().step_by(BRUTE_BLOCK).chain((here.end..codes.len()).step_by(BRUTE_BLOCK)) {
            block_with_block(
                codes,
                here.clone(),
                there..codes.len().min(there + BRUTE_BLOCK),
                max_bits,
                &mut found,
            );
            if found.len() >= AT_ONCE {
                visit(&found, 0.0)?;
                found.clear();
            }
        }
        let half = here.len() as f64 / 2.0;
        visit(&found, here.len() as f64 * ((codes.len() - from) as f64 - half) / all)
    })
}

/// The pairs between two blocks, the later one second, or within one.
#[multiversion(targets("x86_64+popcnt"))]
fn block_with_block<const WORDS: usize>(
    codes: &[Code<WORDS>],
    here: Range<usize>,
    there: Range<usize>,
    max_bits: u32,
    found: &mut Vec<ClusterPair>,
) {
    for place in here {
        let from = there.start.max(place + 1).min(there.end);
        for (other, code) in (from..there.end).zip(&codes[from..there.end]) {
            let distance = codes[place].distance(code);
            if distance <= max_bits {
                found.push(ClusterPair { left: place as u32, right: other as u32, distance });
            }
        }
    }
}

/// One table against itself.
struct Join<'a, const WORDS: usize, V> {
    table: &'a Table<WORDS>,
    max_bits: u32,
    /// The bits of the tables before, and how far they looked.
    earlier: &'a [(Code<WORDS>, u32)],
    visit: &'a V,
}

impl<const WORDS: usize, V: Visit> Join<'_, WORDS, V> {
    /// Block by block of neighbouring keys, so that what is compared many times is near.
    fn all_buckets(&self, width: u32, radius: u32, share: f64) -> ControlFlow<()> {
        let buckets_of_block = BLOCK_CODES.saturating_mul(1 << width) / self.table.len().max(1);
        let low = buckets_of_block.max(1).ilog2().min(width);
        let high = width - low;
        let far = flips(high, radius);
        let close: Vec<Vec<u32>> = (0..=radius).map(|radius| flips(low, radius)).collect();
        let share = share / f64::from(1_u32 << high);
        (0..1_u32 << high).into_par_iter().try_for_each(|block| {
            let mut found = Vec::new();
            for &flip in &far {
                let other = block ^ flip;
                if other >= block {
                    let close = &close[(radius - flip.count_ones()) as usize];
                    two_blocks(self, low, (block << low, other << low), close, &mut found)?;
                }
            }
            (self.visit)(&found, share)
        })
    }

    #[inline(always)]
    fn two_buckets(
        &self,
        here: Range<usize>,
        there: Range<usize>,
        by: Counting,
        found: &mut Vec<ClusterPair>,
    ) -> ControlFlow<()> {
        if here.len() * there.len() > TASK {
            return self.two_large_buckets(here, there);
        }
        for a in here {
            let from = there.start.max(if there.contains(&a) { a + 1 } else { 0 });
            self.one_with_many(a, from..there.end, by, found);
        }
        if found.len() >= AT_ONCE {
            (self.visit)(found, 0.0)?;
            found.clear();
        }
        ControlFlow::Continue(())
    }

    /// Buckets that many codes share are divided among threads.
    #[cold]
    fn two_large_buckets(&self, here: Range<usize>, there: Range<usize>) -> ControlFlow<()> {
        here.into_par_iter().try_for_each_init(Vec::new, |found, a| {
            let from = there.start.max(if there.contains(&a) { a + 1 } else { 0 });
            for from in (from..there.end).step_by(TASK) {
                one_with_many(self, a, from..there.end.min(from + TASK), found);
                if !found.is_empty() {
                    (self.visit)(found, 0.0)?;
                    found.clear();
                }
            }
            ControlFlow::Continue(())
        })
    }

    #[inline(always)]
    fn one_with_many(&self, a: usize, there: Range<usize>, by: Counting, found: &mut Vec<ClusterPair>) {
        let code = self.table.code(a);
        self.table.each_near(&code, there, self.max_bits, by, |b| self.report((a, b), found));
    }

    /// Adds a pair of places unless a table before has seen it.
    #[inline(never)]
    fn report(&self, (a, b): (usize, usize), found: &mut Vec<ClusterPair>) {
        let (code, other) = (&self.table.code(a), &self.table.code(b));
        let distance = code.distance(other);
        if self.earlier.iter().all(|(mask, radius)| code.distance_in(other, mask) > *radius) {
            let (a, b) = (self.table.numbers[a], self.table.numbers[b]);
            found.push(ClusterPair { left: a.min(b), right: a.max(b), distance });
        }
    }
}

/// Compares two blocks of `1 << low` buckets, of which `there` is not before `here`.
///
/// The processor's own instruction for counting bits makes this three times as fast, where it has one, and the one
/// that counts those of eight words at once faster still.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vpopcntdq+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+popcnt"
))]
fn two_blocks<const WORDS: usize, V: Visit>(
    join: &Join<'_, WORDS, V>,
    low: u32,
    (here, there): (u32, u32),
    flips: &[u32],
    found: &mut Vec<ClusterPair>,
) -> ControlFlow<()> {
    const BY: Counting = counting(selected_target!());
    for key in 0..1 << low {
        let bucket = join.table.bucket(here | key);
        if bucket.is_empty() {
            continue;
        }
        for flip in flips {
            let (a, b) = (here | key, there | (key ^ flip));
            if b >= a {
                join.two_buckets(bucket.clone(), join.table.bucket(b), BY, found)?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// One code against a bucket that many share.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vpopcntdq+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+popcnt"
))]
fn one_with_many<const WORDS: usize, V: Visit>(
    join: &Join<'_, WORDS, V>,
    a: usize,
    there: Range<usize>,
    found: &mut Vec<ClusterPair>,
) {
    const BY: Counting = counting(selected_target!());
    join.one_with_many(a, there, BY, found);
}

/// What a target of the compiler can do at once.
const fn counting(target: Target) -> Counting {
    if target.supports_feature_str("avx512vpopcntdq") { Counting::ManyWords } else { Counting::OneWord }
}

/// All keys of so many bits with at most `radius` of them set, ascending by how many, then by value.
pub(super) fn flips(width: u32, radius: u32) -> Vec<u32> {
    let mut flips: Vec<u32> = Vec::new();
    let mut last = vec![0];
    for _ in 0..=radius.min(width) {
        flips.extend(&last);
        // Every key with one more bit, made once: the new bit is above all others.
        let above = |key: u32| 32 - key.leading_zeros();
        last = last.iter().flat_map(|&key| (above(key)..width).map(move |bit| key | 1 << bit)).collect();
        last.sort_unstable();
    }
    flips
}
