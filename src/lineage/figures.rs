//! Counting, pure: images in any order in, figures out.
//!
//! - In: the versions of a scope, who represents a resource, and images with the resources that they name.
//! - Out: counts that do not depend on the order of the images.
//! - Never: a look at the catalog or the index. Either can feed a [`Tally`], and both give the same figures.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use serde::Serialize;
use stemmata_index::kept_keyword;

use crate::catalog::Usage;
use crate::entity::{Evidence, ImageKey, Link, VersionId};

/// What a resource stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Representative {
    /// The version of rank 1.
    pub version: VersionId,
    /// Why.
    pub evidence: Evidence,
    /// Versions that are as good, by rank: one of them is meant where an image also names it by id.
    pub rivals: Box<[VersionId]>,
}

impl Representative {
    /// Reads the links of one resource, by rank; `None` when there is none.
    pub fn of(links: &[Link]) -> Option<Self> {
        let first = Link::representative(links)?;
        let others = links.get(1..).unwrap_or_default();
        let rivals = others.iter().filter(|link| link.rivals(first)).map(|link| link.version);
        Some(Self { version: first.version, evidence: first.evidence, rivals: rivals.collect() })
    }

    /// The version that is meant by an image that names the versions `named` by id.
    fn meant(&self, named: &[VersionId]) -> VersionId {
        if self.rivals.is_empty() || named.contains(&self.version) {
            return self.version;
        }
        self.rivals.iter().copied().find(|rival| named.contains(rival)).unwrap_or(self.version)
    }

    fn is_named(&self) -> bool {
        matches!(self.evidence, Evidence::Decision | Evidence::VersionId | Evidence::Air)
    }
}

/// What every linked resource stands for, by row number.
pub type Representatives = HashMap<u64, Representative>;

/// Who knows the representatives of resources.
pub trait Links {
    /// What a resource stands for, by row number; `None` when nothing explains it.
    fn representative(&mut self, resource: u64) -> Option<&Representative>;
}

impl Links for &Representatives {
    fn representative(&mut self, resource: u64) -> Option<&Representative> {
        self.get(&resource)
    }
}

/// What the images of a scope are compared with: all images that name any resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Images that name any resource.
    pub images: u64,
    /// Images with a resource that stands for each version, whatever else they name.
    pub made_with: HashMap<VersionId, u64>,
}

impl Census {
    /// Counts one image; one that names no resource does not count.
    pub fn add(&mut self, usage: &Usage<'_>, links: &mut impl Links) {
        if usage.resources.is_empty() {
            return;
        }
        self.images += 1;
        let mut versions = BTreeSet::new();
        for (resource, _) in usage.resources {
            let found = links.representative(*resource).filter(|found| found.evidence != Evidence::Name);
            versions.extend(found.map(|found| found.version));
        }
        for version in versions {
            *self.made_with.entry(version).or_default() += 1;
        }
    }
}

/// How many times more frequent a version is in a scope than everywhere, from the number of images in the scope
/// with and without it, and the same everywhere.
pub fn lift(with: u64, images: u64, everywhere_with: u64, everywhere: u64) -> f64 {
    (with as f64 / images as f64) / (everywhere_with as f64 / everywhere as f64)
}

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
}

/// What a [`Tally`] counted. Lists are sorted by count, highest first, then by name or id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
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
pub struct Tally {
    figures: Figures,
    media: HashMap<VersionId, HashSet<i64>>,
    together: HashMap<VersionId, (u64, Vec<f64>)>,
    samplers: HashMap<(String, Option<String>), u64>,
    creators: HashMap<String, u64>,
    unresolved: HashMap<u64, u64>,
    steps: Vec<u32>,
    cfg: Vec<f64>,
    said: Said,
    unexplained: Vec<u64>,
    named: Vec<VersionId>,
    refused: BTreeMap<ImageKey, BTreeSet<VersionId>>,
}

/// The versions that an image names, each with its strongest evidence and a weight if any was written.
type Said = BTreeMap<VersionId, (Evidence, Option<f64>)>;

impl Tally {
    /// Begins to count for the versions of a scope.
    pub fn new(scope: &[VersionId]) -> Self {
        let versions = scope.iter().map(|version| (*version, VersionFigures::default())).collect();
        Self {
            figures: Figures { versions, ..Figures::default() },
            media: HashMap::new(),
            together: HashMap::new(),
            samplers: HashMap::new(),
            creators: HashMap::new(),
            unresolved: HashMap::new(),
            steps: Vec::new(),
            cfg: Vec::new(),
            said: Said::new(),
            unexplained: Vec::new(),
            named: Vec::new(),
            refused: BTreeMap::new(),
        }
    }

    /// Takes the versions that people decided single images were not made with; they count as unexplained there.
    #[must_use]
    pub fn without(mut self, refused: BTreeMap<ImageKey, BTreeSet<VersionId>>) -> Self {
        self.refused = refused;
        self
    }

    /// Counts one image. Every image that names a version of the scope must come, each once; others may.
    pub fn add(&mut self, usage: &Usage<'_>, links: &mut impl Links) {
        let mut said = std::mem::take(&mut self.said);
        let mut unexplained = std::mem::take(&mut self.unexplained);
        let mut named = std::mem::take(&mut self.named);
        for (resource, _) in usage.resources {
            let found = links.representative(*resource).filter(|found| found.is_named());
            named.extend(found.map(|found| found.version));
        }
        for (resource, weight) in usage.resources {
            let Some(found) = links.representative(*resource) else {
                unexplained.push(*resource);
                continue;
            };
            let (version, evidence) = (found.meant(&named), found.evidence);
            if self.refused.get(&usage.image).is_some_and(|refused| refused.contains(&version)) {
                unexplained.push(*resource);
                continue;
            }
            // The largest number stands in the index for a weight that is not said.
            let weight = weight.filter(|weight| weight.is_finite() && *weight < f64::MAX);
            let entry = said.entry(version).or_insert((evidence, weight));
            if evidence < entry.0 {
                *entry = (evidence, weight.or(entry.1));
            } else {
                entry.1 = entry.1.or(weight);
            }
        }
        self.count(usage, &said, &unexplained);
        said.clear();
        unexplained.clear();
        named.clear();
        (self.said, self.unexplained, self.named) = (said, unexplained, named);
    }

    fn count(&mut self, usage: &Usage<'_>, said: &Said, unexplained: &[u64]) {
        let mut in_scope = false;
        for (version, (evidence, _)) in said {
            let certain = *evidence != Evidence::Name;
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
            self.count_in_scope(usage, said, unexplained);
        }
    }

    fn count_in_scope(&mut self, usage: &Usage<'_>, said: &Said, unexplained: &[u64]) {
        self.figures.images += 1;
        for (version, (evidence, weight)) in said {
            if *evidence != Evidence::Name && !self.figures.versions.contains_key(version) {
                let (images, weights) = self.together.entry(*version).or_default();
                *images += 1;
                weights.extend(weight);
            }
        }
        if let Some(sampler) = usage.sampler.and_then(kept_keyword) {
            let scheduler = usage.scheduler.and_then(kept_keyword);
            *self.samplers.entry((sampler.to_owned(), scheduler.map(str::to_owned))).or_default() += 1;
        }
        if let Some(username) = usage.username.and_then(kept_keyword) {
            *self.creators.entry(username.to_owned()).or_default() += 1;
        }
        self.steps.extend(usage.steps);
        self.cfg.extend(usage.cfg.filter(|cfg| cfg.is_finite()));
        for resource in unexplained {
            *self.unresolved.entry(*resource).or_default() += 1;
        }
        self.figures.unresolved_images += u64::from(!unexplained.is_empty());
    }

    /// The figures, sorted.
    pub fn finish(mut self) -> Figures {
        let mut figures = self.figures;
        for (version, counted) in &mut figures.versions {
            counted.made_with_deduplicated = self.media.get(version).map_or(0, |media| media.len() as u64);
        }
        self.steps.sort_unstable();
        self.cfg.sort_by(f64::total_cmp);
        figures.steps = Spread::of(&self.steps);
        figures.cfg = Spread::of(&self.cfg);
        figures.samplers = most_first(self.samplers);
        figures.creators = most_first(self.creators);
        figures.unresolved = most_first(self.unresolved);
        let mut together: Vec<(VersionId, (u64, Vec<f64>))> = self.together.into_iter().collect();
        together.sort_by(|(a, (a_count, _)), (b, (b_count, _))| b_count.cmp(a_count).then_with(|| a.cmp(b)));
        for (version, (count, mut weights)) in together {
            weights.sort_by(f64::total_cmp);
            figures.co_used.push(CoUse { version, images: count, weight: Spread::of(&weights) });
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
