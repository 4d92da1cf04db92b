//! Which bits make the key of which table, and how near keys must be.
//!
//! If two codes differ in at most `d = m s + a` bits and the bits are dealt to `m` tables, then they differ in at most
//! `s` bits of one of some `a + 1` tables, or in at most `s - 1` of one of the others: were it more everywhere, it would
//! be more than `d` in all. So only `a + 1` tables look as far as `s`.
//!
//! Bits of codes made from pictures depend on each other: neighbours tend to be equal together. In one key they would
//! fill few buckets. They are dealt so that the bits of a table depend on each other as little as possible, and how
//! many codes would then be compared is counted on a sample, not computed.

use rayon::prelude::*;

use super::Code;

/// Most bits of a key: 2^24 buckets take 64 MiB.
const WIDEST: u32 = 24;

/// Fewest bits of a key that can gain anything.
const NARROWEST: u32 = 6;

/// Pairs of codes in a sample.
const SAMPLE: usize = 1 << 14;

/// Pairs compared in the time in which one bucket is looked up in passing.
const BUCKET: f64 = 12.0;

/// Pairs compared in the time in which one code is sorted into a table.
const SORT: f64 = 40.0;

/// Bits that make the key of a table.
#[derive(Clone, Debug)]
pub(super) struct Part<const WORDS: usize> {
    /// The bits, set.
    pub(super) mask: Code<WORDS>,
    /// How many.
    pub(super) width: u32,
    /// What each value of each byte of a code adds to the key.
    keys: Vec<[u32; 256]>,
}

impl<const WORDS: usize> Part<WORDS> {
    fn of(bits: &[u32]) -> Self {
        let mut mask = Code([0; WORDS]);
        let mut keys = vec![[0; 256]; 8 * WORDS];
        for (place, &bit) in bits.iter().enumerate() {
            mask.0[bit as usize / 64] |= 1 << (bit % 64);
            for (value, key) in keys[bit as usize / 8].iter_mut().enumerate() {
                *key |= u32::from(value >> (bit % 8) & 1 == 1) << place;
            }
        }
        Self { mask, width: bits.len() as u32, keys }
    }

    /// The key of a code, less than `1 << width`.
    pub(super) fn key(&self, code: &Code<WORDS>) -> u32 {
        let bytes = code.0.iter().flat_map(|word| word.to_le_bytes());
        bytes.zip(&self.keys).fold(0, |key, (byte, keys)| key | keys[usize::from(byte)])
    }
}

/// All bits, dealt to tables.
#[derive(Clone, Debug)]
pub(super) struct Layout<const WORDS: usize> {
    /// Every bit is in one of them.
    pub(super) parts: Vec<Part<WORDS>>,
}

/// How many comparisons something costs, counted on a sample of pairs.
pub(super) struct Sample<const WORDS: usize> {
    differences: Vec<Code<WORDS>>,
    /// How many codes there are.
    codes: usize,
    /// For each bit, in which of the sampled pairs it differs.
    columns: Vec<Vec<u64>>,
}

impl<const WORDS: usize> Sample<WORDS> {
    /// Looks at the differences between some of the codes, the same ones in every run.
    pub(super) fn of(codes: &[Code<WORDS>]) -> Self {
        let count = SAMPLE.min(codes.len() * 4).next_multiple_of(64);
        let mut state = 0x5EED_u64;
        let mut pick = || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ (state >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
            ((mixed >> 32) as usize * codes.len()) >> 32
        };
        let mut differences = vec![Code([0; WORDS]); count];
        let mut columns = vec![vec![0; count / 64]; 64 * WORDS];
        for (number, difference) in differences.iter_mut().enumerate() {
            let (a, b) = (pick(), pick());
            // A code differs from itself in nothing, which says nothing.
            let b = if a == b { (a + 1) % codes.len().max(1) } else { b };
            let Some((a, b)) = codes.get(a).zip(codes.get(b)) else { continue };
            *difference = Code(std::array::from_fn(|word| a.0[word] ^ b.0[word]));
            for (bit, column) in columns.iter_mut().enumerate() {
                column[number / 64] |= (difference.0[bit / 64] >> (bit % 64) & 1) << (number % 64);
            }
        }
        Self { differences, codes: codes.len(), columns }
    }

    /// How much two bits tend to differ together, or not to; also high for bits that seldom differ at all.
    fn dependence(&self, a: usize, b: usize) -> i64 {
        let apart: u32 =
            self.columns[a].iter().zip(&self.columns[b]).map(|(a, b)| (a ^ b).count_ones()).sum();
        self.differences.len() as i64 - 2 * i64::from(apart)
    }

    /// The share of the pairs whose keys differ in exactly 0, 1, 2 ... bits of `part`.
    fn spread(&self, part: &Part<WORDS>) -> Vec<f64> {
        let mut counts = vec![0.0; part.width as usize + 1];
        let zero = Code([0; WORDS]);
        for difference in &self.differences {
            counts[difference.distance_in(&zero, &part.mask) as usize] += 1.0 / self.differences.len() as f64;
        }
        counts
    }
}

/// What is asked of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Every pair, once, with tables that are made for it.
    Join,
    /// So many single look-ups.
    LookUps(u64),
}

impl<const WORDS: usize> Layout<WORDS> {
    /// The layout that costs least for a radius; `None` where comparing all costs less than any.
    pub(super) fn choose(codes: &[Code<WORDS>], max_bits: u32, purpose: Purpose) -> Option<Self> {
        if codes.len() < 2 || max_bits >= Code::<WORDS>::BITS {
            return None;
        }
        let sample = Sample::of(codes);
        let most = Code::<WORDS>::BITS / NARROWEST;
        let counts: Vec<u32> = (Code::<WORDS>::BITS.div_ceil(WIDEST)..=most).collect();
        let tried = counts.into_par_iter().filter_map(|tables| {
            let width = Code::<WORDS>::BITS.div_ceil(tables);
            if neighbourhood(width, max_bits / tables) > 1e6 || (1_u64 << width) > 16 * codes.len() as u64 {
                return None;
            }
            let layout = Self::deal(&sample, tables);
            let cost = layout.cost(&sample, max_bits, purpose);
            Some((cost, tables, layout))
        });
        let best = tried.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))?;
        (best.0 < all_with_all(codes.len(), purpose)).then_some(best.2)
    }

    /// Deals the bits to so many tables, those first that depend most on others.
    pub(super) fn deal(sample: &Sample<WORDS>, tables: u32) -> Self {
        let bits = Code::<WORDS>::BITS as usize;
        let dependence: Vec<Vec<i64>> =
            (0..bits).map(|a| (0..bits).map(|b| sample.dependence(a, b)).collect()).collect();
        let strength = |bit: usize| dependence[bit].iter().map(|value| value.abs()).sum::<i64>();
        let mut order: Vec<usize> = (0..bits).collect();
        order.sort_by_cached_key(|&bit| (-strength(bit), bit));
        let tables = tables as usize;
        let room = |table: usize| bits / tables + usize::from(table < bits % tables);
        let mut dealt: Vec<Vec<u32>> = vec![Vec::new(); tables];
        for bit in order {
            let bound = |table: &usize| {
                dealt[*table].iter().map(|&other| dependence[bit][other as usize]).sum::<i64>()
            };
            let open = (0..tables).filter(|&table| dealt[table].len() < room(table));
            if let Some(table) = open.min_by_key(|table| (bound(table), *table)) {
                dealt[table].push(bit as u32);
            }
        }
        Self { parts: dealt.iter().map(|bits| Part::of(bits)).collect() }
    }

    /// How far each table looks so that nothing within `max_bits` is missed; `None` for a table that need not.
    pub(super) fn radii(&self, sample: &Sample<WORDS>, max_bits: u32) -> Vec<Option<u32>> {
        let tables = self.parts.len() as u32;
        let (far, wide) = (max_bits / tables, max_bits % tables + 1);
        // Those look far to whom it costs least.
        let extra = |part: &Part<WORDS>| sample.spread(part).get(far as usize).copied().unwrap_or(0.0);
        let extras: Vec<f64> = self.parts.iter().map(extra).collect();
        let mut order: Vec<usize> = (0..self.parts.len()).collect();
        order.sort_by(|&a, &b| extras[a].total_cmp(&extras[b]).then(a.cmp(&b)));
        let mut radii = vec![far.checked_sub(1); self.parts.len()];
        for &table in order.iter().take(wide as usize) {
            radii[table] = Some(far);
        }
        radii
    }

    fn cost(&self, sample: &Sample<WORDS>, max_bits: u32, purpose: Purpose) -> f64 {
        let codes = sample.codes as f64;
        let radii = self.radii(sample, max_bits);
        let tables = self.parts.iter().zip(radii).filter_map(|(part, radius)| Some((part, radius?)));
        tables
            .map(|(part, radius)| {
                let seen: f64 = sample.spread(part).iter().take(radius as usize + 1).sum();
                let buckets = 2_f64.powi(part.width as i32);
                let keys = neighbourhood(part.width, radius);
                let compared = seen.max(keys / buckets);
                match purpose {
                    Purpose::Join => {
                        let met = buckets.min(codes) * keys / 2.0;
                        codes * codes / 2.0 * compared + met * BUCKET + codes * SORT
                    }
                    // A bucket that is looked up alone waits for memory.
                    Purpose::LookUps(count) => {
                        count as f64 * (codes * compared * 2.0 + keys * BUCKET * 10.0) + codes * SORT
                    }
                }
            })
            .sum()
    }
}

fn all_with_all(codes: usize, purpose: Purpose) -> f64 {
    let codes = codes as f64;
    match purpose {
        Purpose::Join => codes * codes / 2.0,
        Purpose::LookUps(count) => codes * count as f64,
    }
}

/// How many keys differ in at most `radius` bits from one.
fn neighbourhood(width: u32, radius: u32) -> f64 {
    let mut term = 1.0;
    let mut sum = term;
    for chosen in 1..=radius.min(width) {
        term *= f64::from(width - chosen + 1) / f64::from(chosen);
        sum += term;
    }
    sum
}
