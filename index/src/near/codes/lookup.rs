//! Tables that are kept for single look-ups.

use multiversion::multiversion;
use rayon::prelude::*;

use super::Code;
use super::join::flips;
use super::layout::{Layout, Purpose, Sample};
use super::table::Table;

/// Keys to look at in one table above which comparing all codes is faster.
const MOST_KEYS: usize = 1 << 16;

/// One table for each part of the bits.
#[derive(Clone, Debug)]
pub(super) struct Lookup<const WORDS: usize> {
    layout: Layout<WORDS>,
    tables: Vec<Table<WORDS>>,
    /// For each radius up to `max_bits`, which keys to look at in each table.
    radii: Vec<Vec<Option<u32>>>,
    flips: Vec<Vec<Vec<u32>>>,
}

impl<const WORDS: usize> Lookup<WORDS> {
    /// Tables for look-ups within at most `max_bits`; `None` where they gain nothing.
    pub(super) fn build(codes: &[Code<WORDS>], max_bits: u32, look_ups: u64) -> Option<Self> {
        let layout = Layout::choose(codes, max_bits, Purpose::LookUps(look_ups))?;
        Some(Self::with(codes, layout, max_bits))
    }

    /// The same with the tables of a layout.
    pub(super) fn with(codes: &[Code<WORDS>], layout: Layout<WORDS>, max_bits: u32) -> Self {
        let sample = Sample::of(codes);
        let radii: Vec<Vec<Option<u32>>> = (0..=max_bits).map(|bits| layout.radii(&sample, bits)).collect();
        let tables = layout.parts.par_iter().map(|part| Table::build(part, codes)).collect();
        let farthest = radii.iter().flatten().flatten().max().copied().unwrap_or(0);
        let of_part = |width| (0..=farthest).map(|radius| flips(width, radius)).collect();
        let flips = layout.parts.iter().map(|part| of_part(part.width)).collect();
        Self { layout, tables, radii, flips }
    }

    /// The numbers and distances of all codes within `max_bits`, in no order; `None` where it was not made for that.
    pub(super) fn within(&self, query: &Code<WORDS>, max_bits: u32) -> Option<Vec<(u32, u32)>> {
        let radii = self.radii.get(max_bits as usize)?;
        let mut far =
            radii.iter().zip(&self.flips).filter_map(|(radius, flips)| Some(&flips[(*radius)? as usize]));
        if far.any(|flips| flips.len() > MOST_KEYS) {
            return None;
        }
        let mut found = Vec::new();
        for (number, radius) in radii.iter().enumerate() {
            if let Some(radius) = radius {
                in_table(self, number, *radius, query, max_bits, &mut found);
            }
        }
        Some(found)
    }

    #[inline(always)]
    fn is_seen_before(
        &self,
        number: usize,
        radii: &[Option<u32>],
        query: &Code<WORDS>,
        code: &Code<WORDS>,
    ) -> bool {
        let mut earlier = self.layout.parts.iter().zip(radii).take(number);
        earlier
            .any(|(part, radius)| radius.is_some_and(|radius| query.distance_in(code, &part.mask) <= radius))
    }
}

/// What one table sees of the answer and none before it.
#[multiversion(targets("x86_64+popcnt"))]
fn in_table<const WORDS: usize>(
    lookup: &Lookup<WORDS>,
    number: usize,
    radius: u32,
    query: &Code<WORDS>,
    max_bits: u32,
    found: &mut Vec<(u32, u32)>,
) {
    let table = &lookup.tables[number];
    let radii = &lookup.radii[max_bits as usize];
    let key = lookup.layout.parts[number].key(query);
    for flip in &lookup.flips[number][radius as usize] {
        for place in table.bucket(key ^ flip) {
            let code = table.code(place);
            let distance = query.distance(&code);
            if distance <= max_bits && !lookup.is_seen_before(number, radii, query, &code) {
                found.push((table.numbers[place], distance));
            }
        }
    }
}
