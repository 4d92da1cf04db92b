//! The set of pictures and the questions asked of it.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use rayon::prelude::*;

use super::block::{Axes, Lead, limit};
use super::tree::{Leaf, Tree};
use super::{Aspect, Feature};

/// One picture as given.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The caller's number for it; distinct entries should have distinct ids.
    pub id: u64,
    /// Its shape.
    pub aspect: Aspect,
    /// Its appearance.
    pub feature: Feature,
}

/// A neighbour of a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The id of the entry.
    pub id: u64,
    /// Its distance from the query.
    pub distance: f32,
}

/// Two clusters within the threshold of each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The lower cluster number.
    pub left: u32,
    /// The higher cluster number.
    pub right: u32,
    /// Their distance.
    pub distance: f32,
}

/// A part of the answer to [`NearSet::visit_pairs`].
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// New pairs, in no particular order.
    pub pairs: &'a [Pair],
    /// Clusters that are now compared with all others after them.
    pub clusters: usize,
}

/// Pictures, ready to be compared. Built once, then only read.
///
/// Entries that are equal in feature and shape form one *cluster*: a thousand copies are one point with a
/// thousand ids instead of half a million pairs. Clusters are numbered from 0 in the order of shape, then
/// feature, whatever the order of the input.
///
/// Memory is about 280 bytes a cluster and 8 bytes an entry; building needs 210 bytes an entry besides.
#[derive(Debug)]
pub struct NearSet {
    features: Vec<Feature>,
    aspects: Vec<Aspect>,
    /// Where the ids of each cluster begin, and at last where they end.
    starts: Vec<usize>,
    ids: Vec<u64>,
    axes: Axes,
    tree: Tree,
}

impl NearSet {
    /// Sorts, collapses and arranges the entries.
    pub fn build(mut entries: Vec<Entry>) -> Self {
        entries.par_sort_unstable_by(|a, b| compare(a, b).then(a.id.cmp(&b.id)));
        let (mut features, mut aspects, mut starts) = (Vec::new(), Vec::new(), Vec::new());
        let mut ids = Vec::with_capacity(entries.len());
        for part in entries.chunk_by(|a, b| compare(a, b).is_eq()) {
            features.push(part[0].feature.clone());
            aspects.push(part[0].aspect);
            starts.push(ids.len());
            ids.extend(part.iter().map(|entry| entry.id));
        }
        drop(entries);
        starts.push(ids.len());
        let axes = Axes::strongest(&features);
        let leads: Vec<Lead> = features.par_iter().map(|feature| axes.lead(feature)).collect();
        let tree = Tree::build(&leads, &aspects);
        Self { features, aspects, starts, ids, axes, tree }
    }

    /// Number of clusters.
    pub fn clusters(&self) -> usize {
        self.features.len()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The ids of a cluster in ascending order; empty past the last cluster.
    pub fn members(&self, cluster: u32) -> &[u64] {
        let cluster = cluster as usize;
        match (self.starts.get(cluster), self.starts.get(cluster + 1)) {
            (Some(&from), Some(&to)) => &self.ids[from..to],
            _ => &[],
        }
    }

    /// The distance between two clusters; infinite if one of them does not exist.
    pub fn distance(&self, a: u32, b: u32) -> f32 {
        match (self.features.get(a as usize), self.features.get(b as usize)) {
            (Some(a), Some(b)) => a.distance(b),
            _ => f32::INFINITY,
        }
    }

    /// Every entry within `threshold` of the query whose shape agrees, nearest first, ties by id.
    pub fn within(&self, feature: &Feature, aspect: Aspect, threshold: f32) -> Vec<Hit> {
        let (lead, limit) = (self.axes.lead(feature), limit(threshold));
        let mut hits = Vec::new();
        let mut next = 0;
        while let Some(node) = self.tree.nodes.get(next) {
            if !node.may_agree((aspect, aspect)) || node.bounds.gap_to_point(&lead) > limit {
                next = node.skip;
                continue;
            }
            next += 1;
            if node.is_leaf {
                let leaf = &self.tree.leaves[node.last_leaf];
                for picture in lanes(leaf, leaf.block.near_point(&lead, limit)) {
                    let distance = feature.distance(&self.features[picture as usize]);
                    if distance <= threshold && self.aspects[picture as usize].agrees(aspect) {
                        hits.extend(self.members(picture).iter().map(|&id| Hit { id, distance }));
                    }
                }
            }
        }
        hits.sort_unstable_by(|a, b| a.distance.total_cmp(&b.distance).then(a.id.cmp(&b.id)));
        hits
    }

    /// Every pair of clusters within `threshold` whose shapes agree, by left, then right number.
    ///
    /// Entries of one cluster are not paired: see [`Self::members`]. Where many pictures look alike the
    /// answer grows with the square of their number; [`Self::visit_pairs`] lets the caller stop.
    pub fn all_pairs(&self, threshold: f32) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = (0..self.tree.leaves.len())
            .into_par_iter()
            .flat_map_iter(|leaf| self.join(leaf, threshold))
            .collect();
        pairs.par_sort_unstable_by_key(|pair| (pair.left, pair.right));
        pairs
    }

    /// Calls `visit` from many threads with every pair that [`Self::all_pairs`] returns, each once.
    ///
    /// Returns `Break` if `visit` did, in which case some pairs were not looked for.
    pub fn visit_pairs(
        &self,
        threshold: f32,
        visit: impl Fn(Found<'_>) -> ControlFlow<()> + Sync,
    ) -> ControlFlow<()> {
        self.tree.leaves.par_iter().enumerate().try_for_each(|(number, leaf)| {
            let pairs = self.join(number, threshold);
            visit(Found { pairs: &pairs, clusters: leaf.pictures.len() })
        })
    }

    /// The pairs between a leaf and itself or a later leaf.
    fn join(&self, number: usize, threshold: f32) -> Vec<Pair> {
        let limit = limit(threshold);
        let here = &self.tree.leaves[number];
        let own = &self.tree.nodes[here.node];
        let used = u32::MAX >> (32 - here.pictures.len());
        let leads: Vec<Lead> = (0..here.pictures.len()).map(|lane| here.block.lead(lane)).collect();
        let mut pairs = Vec::new();
        let mut next = 0;
        while let Some(node) = self.tree.nodes.get(next) {
            let apart = node.last_leaf < number
                || !node.may_agree(own.aspects)
                || node.bounds.gap_to(&own.bounds) > limit;
            let active = if apart { 0 } else { here.block.near_box(&node.bounds, limit) & used };
            if active == 0 {
                next = node.skip;
                continue;
            }
            next += 1;
            if node.is_leaf {
                let there = &self.tree.leaves[node.last_leaf];
                for lane in bits(active) {
                    let mut near = there.block.near_point(&leads[lane], limit);
                    if node.last_leaf == number {
                        near &= later_lanes(lane);
                    }
                    if near == 0 {
                        continue;
                    }
                    let picture = here.pictures[lane];
                    pairs.extend(lanes(there, near).filter_map(|other| self.pair(picture, other, threshold)));
                }
            }
        }
        pairs
    }

    /// The final word on two clusters.
    fn pair(&self, a: u32, b: u32, threshold: f32) -> Option<Pair> {
        let distance = self.features[a as usize].distance(&self.features[b as usize]);
        let agree = self.aspects[a as usize].agrees(self.aspects[b as usize]);
        (distance <= threshold && agree).then(|| Pair { left: a.min(b), right: a.max(b), distance })
    }
}

/// The order of clusters: shape, then feature, by their bits.
fn compare(a: &Entry, b: &Entry) -> Ordering {
    let (left, right) = (a.aspect.ratio().to_bits(), b.aspect.ratio().to_bits());
    left.cmp(&right).then_with(|| a.feature.bits().cmp(b.feature.bits()))
}

/// The positions of the bits that are set, ascending.
fn bits(mut set: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lane = set.trailing_zeros() as usize;
        set &= set.checked_sub(1)?;
        Some(lane)
    })
}

/// All lanes behind `lane`.
fn later_lanes(lane: usize) -> u32 {
    u32::MAX.checked_shl(u32::try_from(lane + 1).unwrap_or(32)).unwrap_or(0)
}

/// The pictures of a leaf whose lanes are set.
fn lanes(leaf: &Leaf, set: u32) -> impl Iterator<Item = u32> + '_ {
    bits(set).filter_map(|lane| leaf.pictures.get(lane).copied())
}
