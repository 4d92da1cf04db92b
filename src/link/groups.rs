//! Pairs of near-equal pictures in, groups out.
//!
//! - In: clusters of equal pictures with their sizes, and every pair of clusters within a threshold.
//! - Out: [`Star`] values: each cluster is in at most one, and no cluster that has company is left out.
//! - Never: a look at the pictures, a limit on the size or the number of groups.
//!
//! # What a group is
//!
//! The *company* of a cluster is the number of other pictures within the threshold: those equal to it, and
//! all pictures of the clusters that it is paired with. Clusters are ranked by company, most first, ties by
//! cluster number. Then:
//!
//! 1. In this order, a cluster that is in no group yet opens one if it can take something: it becomes the
//!    representative, and all its neighbours that are in no group yet join. A cluster of several pictures
//!    without any neighbour is a group by itself.
//! 2. A cluster that is left over has neighbours, but all of them were taken. It joins the group of the nearest
//!    of them, ties by cluster number.
//!
//! It follows that every member has another member within the threshold, and that every member is within
//! twice the threshold of the representative. Chains of look-alikes therefore end after two steps, where plain
//! connected components would run on, and a set of pictures that are all near one of them stays together. The
//! outcome depends on the pairs alone, not on their order.

use stemmata_index::near::Pair;

/// One group of clusters around a representative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Star {
    /// The cluster that opened the group.
    pub representative: u32,
    /// All clusters of the group, the representative included, ascending.
    pub clusters: Vec<u32>,
}

/// Groups clusters `0..sizes.len()`, where `sizes` counts the pictures of each.
///
/// `pairs` names each pair of distinct clusters at most once, in any order; pairs with clusters that do not
/// exist are ignored. The groups come in the order of their representatives. Time and memory grow with the
/// number of pairs and clusters, times the logarithm of the latter.
pub fn groups(sizes: &[u32], pairs: &[Pair]) -> Vec<Star> {
    let neighbours = Neighbours::of(sizes.len(), pairs);
    let ranked = rank(sizes, &neighbours);
    let mut owner: Vec<Option<u32>> = vec![None; sizes.len()];
    for &cluster in &ranked {
        if owner[cluster as usize].is_some() {
            continue;
        }
        let around = neighbours.around(cluster);
        if around.is_empty() || around.iter().any(|near| owner[near.cluster as usize].is_none()) {
            owner[cluster as usize] = Some(cluster);
            for near in around {
                owner[near.cluster as usize].get_or_insert(cluster);
            }
        }
    }
    // Only clusters of step 1 can be joined: had two that are left over been neighbours, the first of them
    // would have opened a group.
    let settled = owner.clone();
    for &cluster in ranked.iter().filter(|&&cluster| settled[cluster as usize].is_none()) {
        owner[cluster as usize] =
            neighbours.around(cluster).first().and_then(|near| settled[near.cluster as usize]);
    }
    gather(&owner)
}

fn gather(owner: &[Option<u32>]) -> Vec<Star> {
    let mut members: Vec<(u32, u32)> =
        (0..).zip(owner).filter_map(|(cluster, owner)| owner.map(|owner| (owner, cluster))).collect();
    members.sort_unstable();
    members
        .chunk_by(|a, b| a.0 == b.0)
        .map(|part| Star {
            representative: part[0].0,
            clusters: part.iter().map(|(_, cluster)| *cluster).collect(),
        })
        .collect()
}

/// The clusters that have company, most first: several equal pictures, or a neighbour.
fn rank(sizes: &[u32], neighbours: &Neighbours) -> Vec<u32> {
    let company = |cluster: u32| -> u64 {
        let near = neighbours.around(cluster).iter().map(|near| u64::from(sizes[near.cluster as usize]));
        near.sum::<u64>() + u64::from(sizes[cluster as usize].saturating_sub(1))
    };
    let mut ranked: Vec<(u64, u32)> = (0..)
        .zip(sizes)
        .map(|(cluster, _)| (company(cluster), cluster))
        .filter(|(company, _)| *company > 0)
        .collect();
    ranked.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked.into_iter().map(|(_, cluster)| cluster).collect()
}

/// One end of a pair.
#[derive(Clone, Copy)]
struct Near {
    cluster: u32,
    distance: f32,
}

/// For each cluster its pairs, nearest first.
struct Neighbours {
    starts: Vec<usize>,
    near: Vec<Near>,
}

impl Neighbours {
    fn of(clusters: usize, pairs: &[Pair]) -> Self {
        let inside =
            |pair: &&Pair| (pair.left.max(pair.right) as usize) < clusters && pair.left != pair.right;
        let mut starts = vec![0; clusters + 1];
        for pair in pairs.iter().filter(inside) {
            starts[pair.left as usize + 1] += 1;
            starts[pair.right as usize + 1] += 1;
        }
        for cluster in 0..clusters {
            starts[cluster + 1] += starts[cluster];
        }
        let mut near = vec![Near { cluster: 0, distance: 0.0 }; starts[clusters]];
        let mut next = starts.clone();
        for pair in pairs.iter().filter(inside) {
            for (from, to) in [(pair.left, pair.right), (pair.right, pair.left)] {
                let place = &mut next[from as usize];
                near[*place] = Near { cluster: to, distance: pair.distance };
                *place += 1;
            }
        }
        for range in starts.windows(2) {
            near[range[0]..range[1]]
                .sort_unstable_by(|a, b| a.distance.total_cmp(&b.distance).then(a.cluster.cmp(&b.cluster)));
        }
        Self { starts, near }
    }

    fn around(&self, cluster: u32) -> &[Near] {
        &self.near[self.starts[cluster as usize]..self.starts[cluster as usize + 1]]
    }
}

#[cfg(test)]
mod tests;
