//! Exact search for one picture among many millions by their BlurHashes.
//!
//! - In: [`BlurRecord`] values: an id, a shape, the digits of a 4x4 BlurHash.
//! - Out: the answers of [`super::NearSet::within`] for their features, to the last bit, from a quarter of the memory; the
//!   same records in a file, which are ready as soon as they are read.
//! - Never: pairs. [`BlurSet::entries`] gives what a [`super::NearSet`] is built from.

mod digits;
mod sieve;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

pub use digits::{BlurRecord, Digits};
use sieve::{LANES, Sieve, rounded, sifted};

use super::store::{Opened, Stamp, StoreError, Table};
use super::{Aspect, Entry, Feature, Hit};

/// Blocks that one thread looks through.
const BLOCKS_AT_ONCE: usize = 1 << 11;

/// Inserted pictures that are never too many to be kept apart.
const SMALL_DELTA: usize = 1 << 12;

/// Inserted pictures are merged when they exceed the others divided by this.
const DELTA_SHARE: usize = 16;

/// Pictures by their BlurHashes, ready to be searched.
///
/// They lie in the order of their shapes, so a query reads only those whose shapes may agree, from the first to the last.
/// What is inserted later is kept apart and compared one by one until it is much, and merged then.
///
/// Memory is 72 bytes a picture.
#[derive(Clone, Debug, Default)]
pub struct BlurSet {
    /// Ascending.
    records: Vec<BlurRecord>,
    sieves: Vec<Sieve>,
    delta: Vec<BlurRecord>,
}

impl BlurSet {
    /// Arranges pictures; ids should be distinct.
    pub fn build(mut records: Vec<BlurRecord>) -> Self {
        records.par_sort_unstable();
        Self::of_sorted(records)
    }

    fn of_sorted(records: Vec<BlurRecord>) -> Self {
        let sieves = records.par_chunks(LANES);
        let sieves =
            sieves.map(|part| Sieve::pack(part.iter().map(|record| record.digits.feature()))).collect();
        Self { records, sieves, delta: Vec::new() }
    }

    /// Adds a picture. An id that it has already should be removed first.
    pub fn insert(&mut self, record: BlurRecord) {
        self.delta.push(record);
        if self.delta.len() > SMALL_DELTA.max(self.records.len() / DELTA_SHARE) {
            self.settle();
        }
    }

    /// Takes ids away, all in one pass; returns how many pictures that were.
    pub fn remove(&mut self, ids: &[u64]) -> usize {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        let stays = |record: &BlurRecord| ids.binary_search(&record.id).is_err();
        let (before, arranged) = (self.len(), self.records.len());
        self.delta.retain(stays);
        self.records.retain(stays);
        if self.records.len() != arranged {
            let (records, delta) = (std::mem::take(&mut self.records), std::mem::take(&mut self.delta));
            *self = Self { delta, ..Self::of_sorted(records) };
        }
        before - self.len()
    }

    /// Merges what was inserted.
    fn settle(&mut self) {
        if !self.delta.is_empty() {
            let mut records = std::mem::take(&mut self.records);
            records.append(&mut self.delta);
            // A stable sort finds the part that is in order already.
            records.par_sort();
            *self = Self::of_sorted(records);
        }
    }

    /// How many pictures it has.
    pub fn len(&self) -> usize {
        self.records.len() + self.delta.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All pictures as they are kept, in no particular order.
    pub fn records(&self) -> impl Iterator<Item = &BlurRecord> + '_ {
        self.records.iter().chain(&self.delta)
    }

    /// All pictures with their features, in no particular order.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        self.records().map(|record| Entry {
            id: record.id,
            aspect: record.aspect(),
            feature: record.digits.feature(),
        })
    }

    /// Every picture within `threshold` of the query whose shape agrees, nearest first, ties by id; on all threads.
    pub fn within(&self, feature: &Feature, aspect: Aspect, threshold: f32) -> Vec<Hit> {
        let (places, query) = (self.places_of(aspect), rounded(feature));
        let (first, last) = (places.start / LANES, places.end.div_ceil(LANES));
        let hit = |record: &BlurRecord| {
            let distance = feature.distance(&record.digits.feature());
            (distance <= threshold && record.aspect().agrees(aspect))
                .then_some(Hit { id: record.id, distance })
        };
        let parts = self.sieves.get(first..last).unwrap_or_default().par_chunks(BLOCKS_AT_ONCE).enumerate();
        let mut hits: Vec<Hit> = parts
            .flat_map_iter(|(part, blocks)| {
                let before = first + part * BLOCKS_AT_ONCE;
                let left = sifted(blocks, &query, threshold).into_iter();
                left.flat_map(move |(block, lanes)| {
                    let from = (before + block) * LANES;
                    (0..LANES).filter(move |lane| lanes >> lane & 1 == 1).map(move |lane| from + lane)
                })
            })
            .filter_map(|place| hit(self.records.get(place)?))
            .collect();
        hits.extend(self.delta.iter().filter_map(hit));
        hits.sort_unstable_by(|a, b| a.distance.total_cmp(&b.distance).then(a.id.cmp(&b.id)));
        hits
    }

    /// Where the pictures lie whose shapes agree with one.
    fn places_of(&self, aspect: Aspect) -> Range<usize> {
        let at =
            |wanted: &dyn Fn(Aspect) -> bool| self.records.partition_point(|record| wanted(record.aspect()));
        let from = at(&|other| other < aspect && !other.agrees(aspect));
        from..at(&|other| other <= aspect || other.agrees(aspect)).max(from)
    }

    /// Writes the pictures to a file, in place of what is there; the table takes later changes.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`].
    pub fn save(&mut self, path: &Path, stamp: Stamp) -> Result<Table<BlurRecord>, StoreError> {
        self.settle();
        Table::write(path, stamp, &self.records)
    }

    /// The pictures in a file, with the table that takes later changes; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: damaged, of another format, or of another algorithm than the caller's.
    pub fn open(path: &Path, algorithm: u32) -> Result<Option<(Self, Table<BlurRecord>)>, StoreError> {
        let Some(Opened { table, records }) = Table::open(path, algorithm)? else { return Ok(None) };
        Ok(Some((Self::of_sorted(records), table)))
    }
}
