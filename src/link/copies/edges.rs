//! Every pair that may be copies, looked at once.
//!
//! - In: the pictures whose BlurHashes compare, and those whose pixels are known.
//! - Out: [`Edge`] values, by their media.
//! - Never: a comparison of all with all where a memory of the last time says what has not changed.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Mutex;

use rayon::prelude::*;
use stemmata_index::near::codes::{Code, CodeSet};
use stemmata_index::near::{CopyClass, Entry, NearSet};

use super::verdict::{MOST_BITS, Reach, judge};
use super::{Look, Looks};
use crate::catalog::MediaId;
use crate::link::duplicates::DuplicateError;
use crate::run::RunContext;

pub(super) use memory::Half;
pub use memory::PairMemory;
use memory::Remembered;

mod memory;

/// Most pictures with one and the same code that are all compared with each other; of more, each is compared with the
/// first. A million frames of one film are no million squared.
const MOST_ALIKE: usize = 64;

/// One link between two media.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// The lower media.
    pub left: MediaId,
    /// The higher media.
    pub right: MediaId,
    /// What it says.
    pub class: CopyClass,
    /// How far apart they are, for links of one class to be compared with each other.
    pub distance: f32,
}

/// All links, and what was done to find them.
#[derive(Clone, Debug, Default)]
pub struct EdgeReport {
    /// By media; at most one for two of them.
    pub edges: Vec<Edge>,
    /// Distinct looks that were compared with all others, because they were new.
    pub compared: u64,
    /// Pairs of distinct looks within the limits.
    pub pairs: u64,
    /// Pictures of large sets with one and the same code that were only compared with the first of their set.
    pub shortened: u64,
}

/// What is compared.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// Every picture whose BlurHash compares, whether or not its pixels are known; the ids are media numbers.
    pub blurs: Vec<Entry>,
    /// Every picture whose pixels are known.
    pub looks: Looks,
}

/// Limits of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Distance up to which BlurHashes make candidates.
    pub blur: f32,
    /// Most pairs before giving up.
    pub max_pairs: usize,
}

/// Finds all links. `memory` spares what was compared before, and afterwards holds what is true now; `order` numbers a
/// media by its identity.
///
/// # Errors
///
/// [`DuplicateError`]; `memory` is as before then.
pub fn edges(
    compared: Compared,
    limits: Limits,
    memory: &mut PairMemory,
    order: &mut dyn FnMut(MediaId) -> Result<u64, DuplicateError>,
    run: &RunContext,
) -> Result<EdgeReport, DuplicateError> {
    let mut report = EdgeReport::default();
    let Compared { blurs, looks } = compared;
    exact(&looks, &mut report.edges);
    let next = PairMemory {
        codes: by_code(&looks, limits, &memory.codes, &mut report, run)?,
        blurs: by_blur(blurs, &looks, limits, &memory.blurs, order, &mut report, run)?,
    };
    *memory = next;
    // Of several links between two media the strongest counts, then the shortest.
    report.edges.par_sort_unstable_by(|a, b| {
        (a.left, a.right, a.class).cmp(&(b.left, b.right, b.class)).then(a.distance.total_cmp(&b.distance))
    });
    report.edges.dedup_by_key(|edge| (edge.left, edge.right));
    Ok(report)
}

fn edge(one: MediaId, other: MediaId, class: CopyClass, distance: f32) -> Edge {
    Edge { left: one.min(other), right: one.max(other), class, distance }
}

/// Equal bytes and equal pixels: each picture with the first that has its number.
fn exact(looks: &Looks, edges: &mut Vec<Edge>) {
    let mut first: BTreeMap<(u8, [u8; 32]), MediaId> = BTreeMap::new();
    for look in looks.all() {
        let [pixels, coded] = look.exact();
        let numbers = [look.content.map(|n| (0, n)), pixels.map(|n| (1, n)), coded.map(|n| (2, n))];
        for (kind, number) in numbers.into_iter().flatten() {
            let class = if kind == 0 { CopyClass::SameBytes } else { CopyClass::SamePixels };
            let known = *first.entry((kind, number)).or_insert(look.media);
            if known != look.media {
                edges.push(edge(known, look.media, class, 0.0));
            }
        }
    }
}

/// Pairs by the codes of pixels, each judged.
fn by_code(
    looks: &Looks,
    limits: Limits,
    memory: &Remembered,
    report: &mut EdgeReport,
    run: &RunContext,
) -> Result<Remembered, DuplicateError> {
    let mut codes: Vec<(Code<3>, u64, &Look)> = looks
        .all()
        .iter()
        .filter_map(|look| Some((Code(look.comparable()?.code()), look.order, look)))
        .collect();
    codes.par_sort_unstable_by_key(|(code, order, look)| (*code, *order, look.media));
    let clumps: Vec<&[(Code<3>, u64, &Look)]> = codes.chunk_by(|a, b| a.0 == b.0).collect();
    let keys: Vec<u64> = clumps.iter().map(|clump| memory::key_of_code(&clump[0].0)).collect();
    let set = CodeSet::build((0..).zip(&clumps).map(|(number, clump)| (number, clump[0].0)).collect());
    run.progress.begin("compare pixels", Some(clumps.len() as u64));
    let found = memory.update(
        &keys,
        limits.max_pairs,
        |number| {
            let hits = set.within(&clumps[number as usize][0].0, MOST_BITS);
            run.progress.advance(1);
            #[expect(clippy::cast_precision_loss, reason = "at most 192 bits")]
            let hits =
                hits.into_iter().filter_map(|hit| Some((u32::try_from(hit.id).ok()?, hit.distance as f32)));
            hits.collect()
        },
        || {
            let pairs = set.all_pairs(MOST_BITS);
            #[expect(clippy::cast_precision_loss, reason = "at most 192 bits")]
            let number = |pair: &stemmata_index::near::codes::CodePair| {
                Some((u32::try_from(pair.left).ok()?, u32::try_from(pair.right).ok()?, pair.distance as f32))
            };
            Some(pairs.iter().filter_map(number).collect())
        },
        run,
    );
    run.progress.end();
    let (next, pairs, fresh) = found.map_err(|stop| stop.into_error(limits))?;
    report.compared += fresh;
    report.pairs += pairs.len() as u64;
    let within = clumps.par_iter().enumerate().flat_map_iter(|(number, _)| {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        std::iter::once((number, number))
    });
    let all: Vec<(u32, u32)> = within.chain(pairs.par_iter().map(|pair| (pair.0, pair.1))).collect();
    let judged: Vec<(Vec<Edge>, u64)> =
        all.par_iter().map(|(a, b)| judge_clumps(clumps[*a as usize], clumps[*b as usize], a == b)).collect();
    for (edges, shortened) in judged {
        report.edges.extend(edges);
        report.shortened += shortened;
    }
    Ok(next)
}

type Clump<'a> = [(Code<3>, u64, &'a Look)];

/// Judges each of one set with each of another; of large sets each with the first of the other.
fn judge_clumps(one: &Clump<'_>, other: &Clump<'_>, same: bool) -> (Vec<Edge>, u64) {
    let mut edges = Vec::new();
    let mut look_at = |a: &Look, b: &Look| {
        let Some(verdict) = judge(a, b, Reach { bits: MOST_BITS, blur: 0.0 }) else { return };
        let Some(class) = verdict.class.copy_class() else { return };
        #[expect(clippy::cast_possible_truncation, reason = "bits and chroma are small numbers")]
        let distance = (verdict.distance() + verdict.evidence.chroma.unwrap_or(0.0) / 4.0) as f32;
        edges.push(edge(a.media, b.media, class, distance));
    };
    let is_large = one.len().saturating_mul(other.len()) > MOST_ALIKE * MOST_ALIKE;
    for (place, (_, _, a)) in one.iter().enumerate() {
        for (number, (_, _, b)) in other.iter().enumerate() {
            let comes_later = !same || number > place;
            let is_looked_at = !is_large || place == 0 || (number == 0 && !same);
            if comes_later && is_looked_at {
                look_at(a, b);
            } else if number > 0 && place > 0 && is_large {
                break;
            }
        }
    }
    let shortened = if is_large { (one.len() + other.len()) as u64 / (1 + u64::from(same)) } else { 0 };
    (edges, shortened)
}

/// Pairs by BlurHash, where the pixels of one of the two are not known.
fn by_blur(
    mut blurs: Vec<Entry>,
    looks: &Looks,
    limits: Limits,
    memory: &Remembered,
    order: &mut dyn FnMut(MediaId) -> Result<u64, DuplicateError>,
    report: &mut EdgeReport,
    run: &RunContext,
) -> Result<Remembered, DuplicateError> {
    let pixels = |id: u64| MediaId::new(id).and_then(|media| looks.of(media));
    // Of a flat picture nothing is compared but bytes and pixels.
    blurs.retain(|entry| pixels(entry.id).is_none_or(|look| look.comparable().is_some()));
    let mut key_of: Vec<(u64, u64)> =
        blurs.par_iter().map(|entry| (entry.id, memory::key_of_entry(entry))).collect();
    key_of.par_sort_unstable();
    let queries: BTreeMap<u64, Entry> = memory.unknown(&key_of, &blurs);
    let set = NearSet::build(blurs);
    let clusters = u32::try_from(set.clusters()).unwrap_or(u32::MAX);
    let keys: Vec<u64> = (0..clusters)
        .map(|cluster| {
            let id = set.members(cluster).first().copied().unwrap_or_default();
            key_of.binary_search_by_key(&id, |(id, _)| *id).map_or(0, |place| key_of[place].1)
        })
        .collect();
    let cluster_of: Vec<(u64, u32)> = {
        let mut places: Vec<(u64, u32)> =
            (0..clusters).flat_map(|cluster| set.members(cluster).first().map(|id| (*id, cluster))).collect();
        places.sort_unstable();
        places
    };
    run.progress.begin("compare BlurHashes", Some(u64::from(clusters)));
    let found = memory.update(
        &keys,
        limits.max_pairs,
        |number| {
            run.progress.advance(1);
            let Some(query) = queries.get(&keys[number as usize]) else { return Vec::new() };
            let hits = set.within(&query.feature, query.aspect, limits.blur);
            let cluster = |id: u64| cluster_of.binary_search_by_key(&id, |(id, _)| *id).ok();
            hits.iter().filter_map(|hit| Some((cluster_of[cluster(hit.id)?].1, hit.distance))).collect()
        },
        || {
            let pairs = Mutex::new(Vec::new());
            let outcome = set.visit_pairs(limits.blur, |found| {
                run.progress.advance(found.clusters as u64);
                // A thread that panicked while it held the lock has left at worst a shorter list, and the panic
                // itself ends the run.
                let mut pairs = pairs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if pairs.len() + found.pairs.len() > limits.max_pairs || run.cancel.is_requested() {
                    return ControlFlow::Break(());
                }
                pairs.extend(found.pairs.iter().map(|pair| (pair.left, pair.right, pair.distance)));
                ControlFlow::Continue(())
            });
            let pairs = pairs.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            outcome.is_continue().then_some(pairs)
        },
        run,
    );
    run.progress.end();
    let (next, pairs, fresh) = found.map_err(|stop| stop.into_error(limits))?;
    report.compared += fresh;
    report.pairs += pairs.len() as u64;
    let mut split = Split { set: &set, looks, order };
    for cluster in (0..clusters).filter(|cluster| set.members(*cluster).len() > 1) {
        split.within(cluster, &mut report.edges)?;
    }
    for (a, b, distance) in pairs {
        split.between(a, b, distance, &mut report.edges)?;
    }
    Ok(next)
}

/// Clusters of equal BlurHashes, told apart by whether their pixels are known.
struct Split<'a> {
    set: &'a NearSet,
    looks: &'a Looks,
    order: &'a mut dyn FnMut(MediaId) -> Result<u64, DuplicateError>,
}

impl Split<'_> {
    /// Those without pixels, in the order of their identities, and those with.
    fn of(&mut self, cluster: u32) -> Result<(Vec<MediaId>, Vec<MediaId>), DuplicateError> {
        let all = self.set.members(cluster).iter().filter_map(|id| MediaId::new(*id));
        let (known, unknown): (Vec<_>, Vec<_>) = all.partition(|media| self.looks.of(*media).is_some());
        if unknown.len() < 2 {
            return Ok((unknown, known));
        }
        let mut numbered: Vec<(u64, MediaId)> = Vec::with_capacity(unknown.len());
        for media in unknown {
            numbered.push(((self.order)(media)?, media));
        }
        numbered.sort_unstable();
        Ok((numbered.into_iter().map(|(_, media)| media).collect(), known))
    }

    /// The first without pixels stands for all of them; those with pixels are held against it.
    fn within(&mut self, cluster: u32, edges: &mut Vec<Edge>) -> Result<(), DuplicateError> {
        let (unknown, known) = self.of(cluster)?;
        let Some((first, others)) = unknown.split_first() else { return Ok(()) };
        edges
            .extend(others.iter().chain(&known).map(|other| edge(*first, *other, CopyClass::Candidate, 0.0)));
        Ok(())
    }

    fn between(
        &mut self,
        a: u32,
        b: u32,
        distance: f32,
        edges: &mut Vec<Edge>,
    ) -> Result<(), DuplicateError> {
        let ((here, known_here), (there, known_there)) = (self.of(a)?, self.of(b)?);
        let mut link = |one: MediaId, other: MediaId| {
            edges.push(edge(one, other, CopyClass::Candidate, distance));
        };
        if let Some(first) = here.first() {
            there.first().into_iter().chain(&known_there).for_each(|other| link(*first, *other));
        }
        if let Some(first) = there.first() {
            known_here.iter().for_each(|other| link(*first, *other));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
