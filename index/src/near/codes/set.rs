//! The set of codes and the questions asked of it.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use multiversion::multiversion;
use rayon::prelude::*;

use super::clusters::Clusters;
use super::lookup::Lookup;
use super::{ClusterPair, Code, CodeHit, CodePair, join};
use crate::near::store::{CodeRecord, Opened, Stamp, StoreError, Table};

/// Single look-ups that compare all codes before tables are made: they cost about as much as making those.
const LOOK_UPS_WITHOUT_TABLES: u64 = 64;

/// Codes that one thread compares with a query.
const SCAN: usize = 1 << 16;

/// Look-ups for which tables are made at least: once made, they stay.
const LOOK_UPS_WITH_TABLES: u64 = 1 << 10;

/// Inserted codes that are never too many to be kept apart.
const SMALL_DELTA: usize = 1 << 12;

/// Inserted codes are merged when they exceed the others divided by this.
const DELTA_SHARE: usize = 16;

/// A part of the answer to [`CodeSet::visit_pairs`].
#[derive(Clone, Copy, Debug)]
pub struct CodeFound<'a, const WORDS: usize> {
    /// The set, to ask what is in a cluster.
    pub set: &'a CodeSet<WORDS>,
    /// New pairs, in no particular order.
    pub pairs: &'a [ClusterPair],
    /// Which part of the whole work was done for them and since the last; all parts make about 1.
    pub share: f64,
}

/// Codes, ready to be searched.
///
/// Equal codes form one *cluster*: a thousand copies are one code with a thousand ids. What is inserted later is kept
/// apart and compared one by one until it is much, and merged then.
///
/// Memory is `8 * WORDS + 4` bytes a distinct code and 8 bytes an id; while pairs are looked for, and after many single
/// look-ups, as much again for each table, of which a join has one at a time.
#[derive(Debug, Default)]
pub struct CodeSet<const WORDS: usize> {
    clusters: Clusters<WORDS>,
    delta: Vec<(Code<WORDS>, u64)>,
    lookup: OnceLock<Option<Lookup<WORDS>>>,
    look_ups: AtomicU64,
    /// Whether somebody makes the tables, or made them.
    is_prepared: AtomicBool,
}

impl<const WORDS: usize> Clone for CodeSet<WORDS> {
    fn clone(&self) -> Self {
        Self::of(self.clusters.clone(), self.delta.clone())
    }
}

impl<const WORDS: usize> CodeSet<WORDS> {
    fn of(clusters: Clusters<WORDS>, delta: Vec<(Code<WORDS>, u64)>) -> Self {
        Self {
            clusters,
            delta,
            lookup: OnceLock::new(),
            look_ups: AtomicU64::new(0),
            is_prepared: AtomicBool::new(false),
        }
    }

    /// Arranges codes; ids should be distinct.
    pub fn build(codes: Vec<(u64, Code<WORDS>)>) -> Self {
        let codes = codes.into_iter().map(|(id, code)| (code, id)).collect();
        Self::of(Clusters::build(codes), Vec::new())
    }

    /// Adds a code to the set. An id that it has already should be removed first.
    pub fn insert(&mut self, id: u64, code: Code<WORDS>) {
        self.delta.push((code, id));
        if self.delta.len() > SMALL_DELTA.max(self.clusters.len() / DELTA_SHARE) {
            self.settle();
        }
    }

    /// Takes ids away, all in one pass; returns how many codes that were.
    pub fn remove(&mut self, ids: &[u64]) -> usize {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        let is_gone = |id: &u64| ids.binary_search(id).is_ok();
        let before = self.len();
        self.delta.retain(|(_, id)| !is_gone(id));
        let kept =
            Clusters::of_sorted(self.clusters.len(), self.clusters.rows().filter(|(_, id)| !is_gone(id)));
        if kept.len() != self.clusters.len() {
            *self = Self::of(kept, std::mem::take(&mut self.delta));
        }
        before - self.len()
    }

    /// Merges what was inserted. Cluster numbers change.
    fn settle(&mut self) {
        if !self.delta.is_empty() {
            let delta = std::mem::take(&mut self.delta);
            *self = Self::of(self.clusters.with(delta), Vec::new());
        }
    }

    /// How many codes it has.
    pub fn len(&self) -> usize {
        self.clusters.len() + self.delta.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All codes with their ids, in no particular order.
    pub fn rows(&self) -> impl Iterator<Item = (Code<WORDS>, u64)> + '_ {
        self.clusters.rows().chain(self.delta.iter().copied())
    }

    /// Number of clusters, as of the last [`Self::visit_pairs`] if codes were inserted since.
    pub fn clusters(&self) -> usize {
        self.clusters.codes.len()
    }

    /// The ids of a cluster, ascending; empty past the last. Numbers hold until the next insertion or removal.
    pub fn members(&self, cluster: u32) -> &[u64] {
        self.clusters.members(cluster)
    }

    /// The code of a cluster.
    pub fn code(&self, cluster: u32) -> Option<&Code<WORDS>> {
        self.clusters.codes.get(cluster as usize)
    }

    /// Every code within `max_bits` of the query, nearest first, ties by id.
    ///
    /// The first look-ups compare all codes, on all threads; if there are many, tables are made for the rest.
    pub fn within(&self, query: &Code<WORDS>, max_bits: u32) -> Vec<CodeHit> {
        if self.lookup.get().is_none() {
            let asked = self.look_ups.fetch_add(1, Ordering::Relaxed);
            if asked < LOOK_UPS_WITHOUT_TABLES {
                return self.hits(query, max_bits, self.scan(query, max_bits));
            }
        }
        self.prepare(max_bits, 0);
        self.look_up(query, max_bits)
    }

    /// The codes within `max_bits` of each query, in the order of the queries; on all threads.
    pub fn neighbours(&self, queries: &[Code<WORDS>], max_bits: u32) -> Vec<Vec<CodeHit>> {
        if queries.len() as u64 > LOOK_UPS_WITHOUT_TABLES {
            self.prepare(max_bits, queries.len() as u64);
        }
        queries.par_iter().map(|query| self.look_up(query, max_bits)).collect()
    }

    /// Makes the tables, unless somebody does: then codes are compared without them meanwhile. Waiting would be for ever
    /// where whoever makes them shares the work out among the very threads that wait.
    fn prepare(&self, max_bits: u32, look_ups: u64) {
        if !self.is_prepared.swap(true, Ordering::AcqRel) {
            let look_ups = look_ups.max(LOOK_UPS_WITH_TABLES);
            self.lookup.get_or_init(|| Lookup::build(&self.clusters.codes, max_bits, look_ups));
        }
    }

    fn look_up(&self, query: &Code<WORDS>, max_bits: u32) -> Vec<CodeHit> {
        let lookup = self.lookup.get().and_then(Option::as_ref);
        let found = lookup.and_then(|lookup| lookup.within(query, max_bits));
        self.hits(query, max_bits, found.unwrap_or_else(|| self.scan(query, max_bits)))
    }

    /// The numbers and distances of all clusters within `max_bits`.
    fn scan(&self, query: &Code<WORDS>, max_bits: u32) -> Vec<(u32, u32)> {
        let parts = self.clusters.codes.par_chunks(SCAN).enumerate();
        parts.flat_map_iter(|(part, codes)| compared((part * SCAN) as u32, codes, query, max_bits)).collect()
    }

    fn hits(&self, query: &Code<WORDS>, max_bits: u32, found: Vec<(u32, u32)>) -> Vec<CodeHit> {
        let of_cluster = |(number, distance): (u32, u32)| {
            self.members(number).iter().map(move |&id| CodeHit { distance, id })
        };
        let mut hits: Vec<CodeHit> = found.into_iter().flat_map(of_cluster).collect();
        let delta = self.delta.iter().map(|(code, id)| CodeHit { distance: code.distance(query), id: *id });
        hits.extend(delta.filter(|hit| hit.distance <= max_bits));
        hits.sort_unstable();
        hits
    }

    /// Every pair within `max_bits` of each other, by the lower id, then the higher.
    ///
    /// A code that many ids share gives every pair of them; [`Self::visit_pairs`] does not.
    pub fn all_pairs(&self, max_bits: u32) -> Vec<CodePair> {
        if !self.delta.is_empty() {
            let mut settled = self.clone();
            settled.settle();
            return settled.all_pairs(max_bits);
        }
        let pairs = Mutex::new(self.equal_pairs());
        let _ = join::pairs(&self.clusters.codes, max_bits, &|found: &[ClusterPair], _| {
            let expanded: Vec<CodePair> = found.iter().flat_map(|pair| self.expanded(pair)).collect();
            pairs.lock().unwrap_or_else(PoisonError::into_inner).extend(expanded);
            ControlFlow::Continue(())
        });
        let mut pairs = pairs.into_inner().unwrap_or_else(PoisonError::into_inner);
        pairs.par_sort_unstable();
        pairs
    }

    fn equal_pairs(&self) -> Vec<CodePair> {
        let of_cluster = |cluster| {
            let ids = self.members(cluster);
            let lefts = ids.iter().enumerate();
            lefts.flat_map(|(place, &left)| {
                ids[place + 1..].iter().map(move |&right| CodePair { left, right, distance: 0 })
            })
        };
        (0..self.clusters() as u32).flat_map(of_cluster).collect()
    }

    fn expanded(&self, pair: &ClusterPair) -> impl Iterator<Item = CodePair> + '_ {
        let (others, distance) = (self.members(pair.right), pair.distance);
        self.members(pair.left).iter().flat_map(move |&a| {
            others.iter().map(move |&b| CodePair { left: a.min(b), right: a.max(b), distance })
        })
    }

    /// Calls `visit` from many threads with every pair of clusters within `max_bits`, each once.
    ///
    /// Ids of one cluster are not paired: see [`Self::members`]. Returns `Break` if `visit` did, in which case some pairs
    /// were not looked for.
    pub fn visit_pairs(
        &mut self,
        max_bits: u32,
        visit: impl Fn(CodeFound<'_, WORDS>) -> ControlFlow<()> + Sync,
    ) -> ControlFlow<()> {
        self.settle();
        let set = &*self;
        let visit = |pairs: &[ClusterPair], share| visit(CodeFound { set, pairs, share });
        join::pairs(&set.clusters.codes, max_bits, &visit)
    }

    /// Writes the codes to a file, in place of what is there; the table takes later changes.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`].
    pub fn save(&mut self, path: &Path, stamp: Stamp) -> Result<Table<CodeRecord<WORDS>>, StoreError> {
        self.settle();
        let records: Vec<CodeRecord<WORDS>> =
            self.clusters.rows().map(|(code, id)| CodeRecord { code, id }).collect();
        Table::write(path, stamp, &records)
    }

    /// The codes in a file, with the table that takes later changes; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: damaged, of another format, or of another algorithm than the caller's.
    pub fn open(path: &Path, algorithm: u32) -> Result<Option<Saved<WORDS>>, StoreError> {
        let Some(Opened { table, records }) = Table::open(path, algorithm)? else { return Ok(None) };
        let rows = records.iter().map(|record: &CodeRecord<WORDS>| (record.code, record.id));
        Ok(Some((Self::of(Clusters::of_sorted(records.len(), rows), Vec::new()), table)))
    }
}

/// Codes, and the table from which they were read.
pub type Saved<const WORDS: usize> = (CodeSet<WORDS>, Table<CodeRecord<WORDS>>);

/// The numbers, from `first`, and distances of those codes that are within `max_bits`.
#[multiversion(targets("x86_64+popcnt"))]
fn compared<const WORDS: usize>(
    first: u32,
    codes: &[Code<WORDS>],
    query: &Code<WORDS>,
    max_bits: u32,
) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    for (number, code) in (first..).zip(codes) {
        let distance = code.distance(query);
        if distance <= max_bits {
            found.push((number, distance));
        }
    }
    found
}
