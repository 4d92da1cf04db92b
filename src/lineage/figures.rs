//! Counting, pure: images in any order in, figures out.
//!
//! - In: the versions of a scope, the representative of every resource, and every image that names one.
//! - Out: counts that do not depend on the order of the images.
//! - Never: a look at the catalog or the index. Either can feed a [`Tally`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;

use serde::Serialize;

use crate::catalog::Usage;
use crate::entity::{Evidence, VersionId};

/// The representative (rank 1) of every linked resource, by row number.
pub type Representatives = HashMap<u64, (VersionId, Evidence)>;

/// Five points of a distribution, by nearest rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spread<T> {
    /// The smallest value.
    pub min: T,
    /// A tenth of the values are at most this.
    pub p10: T,
    /// Half of the values are at most this.
    pub p50: T,
    /// Nine tenths of the values are at most this.
    pub p90: T,
    /// The largest value.
    pub max: T,
}

impl<T: Copy> Spread<T> {
    /// Reads a sorted list; `None` when it is empty.
    fn of(sorted: &[T]) -> Option<Self> {
        let at = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100).max(1);
            sorted.get(rank - 1).copied()
        };
        Some(Self { min: *sorted.first()?, p10: at(10)?, p50: at(50)?, p90: at(90)?, max: *sorted.last()? })
    }
}

/// What was counted for one version of the scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionFigures {
    /// Images whose metadata names it.
    pub made_with: u64,
    /// Of these, how many differ in their bytes.
    pub made_with_deduplicated: u64,
    /// Images by their strongest evidence, names included, which `made_with` leaves out.
    pub evidence: BTreeMap<Evidence, u64>,
    /// When the first of them was made, in milliseconds since 1970-01-01 UTC.
    pub first_ms: Option<i64>,
    /// When the last of them was made.
    pub last_ms: Option<i64>,
}

/// Another version in the images of the scope.
#[derive(Clone, Debug, PartialEq)]
pub struct CoUse {
    /// The version.
    pub version: VersionId,
    /// Images of the scope that it helped to make.
    pub images: u64,
    /// Weights, where written.
    pub weight: Option<Spread<f64>>,
    /// How many times more frequent it is in the scope than in all images that name a resource.
    pub lift: f64,
}

/// What a [`Tally`] counted. Lists are sorted by count, highest first, then by name or id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Images that name any resource.
    pub all_images: u64,
    /// Images made with any version of the scope.
    pub images: u64,
    /// By version of the scope.
    pub versions: BTreeMap<VersionId, VersionFigures>,
    /// Versions used together with the scope.
    pub co_used: Vec<CoUse>,
    /// Sampler and scheduler.
    pub samplers: Vec<((String, Option<String>), u64)>,
    /// Sampling steps.
    pub steps: Option<Spread<u32>>,
    /// Guidance scales.
    pub cfg: Option<Spread<f64>>,
    /// Owners.
    pub creators: Vec<(String, u64)>,
    /// Images that also name a resource that nothing explains.
    pub unresolved_images: u64,
    /// Such resources, by row number.
    pub unresolved: Vec<(u64, u64)>,
}

/// A count in progress.
#[derive(Debug)]
pub struct Tally<'a> {
    scope: HashSet<VersionId>,
    links: &'a Representatives,
    figures: Figures,
    media: HashMap<VersionId, HashSet<i64>>,
    totals: HashMap<VersionId, u64>,
    together: HashMap<VersionId, (u64, Vec<f64>)>,
    samplers: HashMap<(String, Option<String>), u64>,
    creators: HashMap<String, u64>,
    unresolved: HashMap<u64, u64>,
    steps: Vec<u32>,
    cfg: Vec<f64>,
    said: BTreeMap<VersionId, (Evidence, Option<f64>)>,
}

impl<'a> Tally<'a> {
    /// Begins to count for the versions of a scope.
    pub fn new(scope: &[VersionId], links: &'a Representatives) -> Self {
        let versions = scope.iter().map(|version| (*version, VersionFigures::default())).collect();
        Self {
            scope: scope.iter().copied().collect(),
            links,
            figures: Figures { versions, ..Figures::default() },
            media: HashMap::new(),
            totals: HashMap::new(),
            together: HashMap::new(),
            samplers: HashMap::new(),
            creators: HashMap::new(),
            unresolved: HashMap::new(),
            steps: Vec::new(),
            cfg: Vec::new(),
            said: BTreeMap::new(),
        }
    }

    /// Counts one image. Every image that names a resource must come, each once: those outside of the
    /// scope say how frequent the others are. One that names no resource does not count.
    pub fn add(&mut self, usage: &Usage<'_>) {
        if usage.resources.is_empty() {
            return;
        }
        let mut said = std::mem::take(&mut self.said);
        self.read(usage, &mut said);
        self.count(usage, &said);
        said.clear();
        self.said = said;
    }

    /// The versions that an image names, each with its strongest evidence and a weight if any was written.
    fn read(&self, usage: &Usage<'_>, said: &mut BTreeMap<VersionId, (Evidence, Option<f64>)>) {
        for (resource, weight) in usage.resources {
            let Some((version, evidence)) = self.links.get(resource) else { continue };
            let entry = said.entry(*version).or_insert((*evidence, *weight));
            if *evidence < entry.0 {
                *entry = (*evidence, weight.or(entry.1));
            } else {
                entry.1 = entry.1.or(*weight);
            }
        }
    }

    fn count(&mut self, usage: &Usage<'_>, said: &BTreeMap<VersionId, (Evidence, Option<f64>)>) {
        self.figures.all_images += 1;
        let mut in_scope = false;
        for (version, (evidence, _)) in said {
            let certain = *evidence != Evidence::Name;
            if certain {
                *self.totals.entry(*version).or_default() += 1;
            }
            if let Some(figures) = self.figures.versions.get_mut(version) {
                *figures.evidence.entry(*evidence).or_default() += 1;
                if certain {
                    in_scope = true;
                    figures.made_with += 1;
                    figures.first_ms = figures.first_ms.into_iter().chain(usage.created_ms).min();
                    figures.last_ms = figures.last_ms.max(usage.created_ms);
                    self.media.entry(*version).or_default().insert(usage.media);
                }
            }
        }
        if in_scope {
            self.count_in_scope(usage, said);
        }
    }

    fn count_in_scope(&mut self, usage: &Usage<'_>, said: &BTreeMap<VersionId, (Evidence, Option<f64>)>) {
        self.figures.images += 1;
        for (version, (evidence, weight)) in said {
            if *evidence != Evidence::Name && !self.scope.contains(version) {
                let (images, weights) = self.together.entry(*version).or_default();
                *images += 1;
                weights.extend(weight.filter(|weight| weight.is_finite()));
            }
        }
        if let Some(sampler) = usage.sampler {
            let key = (sampler.to_owned(), usage.scheduler.map(str::to_owned));
            *self.samplers.entry(key).or_default() += 1;
        }
        if let Some(username) = usage.username {
            *self.creators.entry(username.to_owned()).or_default() += 1;
        }
        self.steps.extend(usage.steps);
        self.cfg.extend(usage.cfg.filter(|cfg| cfg.is_finite()));
        let mut any = false;
        for (resource, _) in usage.resources.iter().filter(|(resource, _)| !self.links.contains_key(resource))
        {
            any = true;
            *self.unresolved.entry(*resource).or_default() += 1;
        }
        self.figures.unresolved_images += u64::from(any);
    }

    /// The figures, sorted.
    pub fn finish(mut self) -> Figures {
        let mut figures = self.figures;
        for (version, media) in &self.media {
            if let Some(version) = figures.versions.get_mut(version) {
                version.made_with_deduplicated = media.len() as u64;
            }
        }
        self.steps.sort_unstable();
        self.cfg.sort_by(f64::total_cmp);
        figures.steps = Spread::of(&self.steps);
        figures.cfg = Spread::of(&self.cfg);
        figures.samplers = most_first(self.samplers);
        figures.creators = most_first(self.creators);
        figures.unresolved = most_first(self.unresolved);
        let (images, all) = (figures.images as f64, figures.all_images as f64);
        let together: HashMap<VersionId, u64> =
            self.together.iter().map(|(version, (images, _))| (*version, *images)).collect();
        for (version, count) in most_first(together) {
            let mut weights = self.together.remove(&version).map(|(_, weights)| weights).unwrap_or_default();
            weights.sort_by(f64::total_cmp);
            let everywhere = self.totals.get(&version).copied().unwrap_or(count) as f64;
            let lift = (count as f64 / images) / (everywhere / all);
            figures.co_used.push(CoUse { version, images: count, weight: Spread::of(&weights), lift });
        }
        figures
    }
}

/// Counts as a list: highest first, then by key.
fn most_first<K: Ord + Hash>(counts: HashMap<K, u64>) -> Vec<(K, u64)> {
    let mut list: Vec<(K, u64)> = counts.into_iter().collect();
    list.sort_unstable_by(|(a, a_count), (b, b_count)| b_count.cmp(a_count).then_with(|| a.cmp(b)));
    list
}

#[cfg(test)]
mod tests;
