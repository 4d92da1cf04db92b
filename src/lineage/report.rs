//! Figures with the names that people know, in the shape of the machine contract.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::catalog::{Catalog, FileRecord, SharedFile, Usage};
use crate::entity::{Evidence, HexHash, Link, PublishState, Timestamp, VersionId, VersionRelation};

use super::Result;
use super::figures::{
    Census, CoUse, Figures, Representative, Representatives, Spread, Tally, VersionFigures, lift,
};
use super::scope::{Scope, ScopeKind};

/// The number of the shape of a [`LineageReport`]; counts breaking changes.
const SCHEMA: u32 = 1;

/// How much a report lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Longest list of co-used versions, samplers, creators and unexplained references.
    pub top: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { top: 20 }
    }
}

/// What was made with a model, with what else, when and by whom, and what it descends from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineageReport {
    /// Counts breaking changes of this shape.
    pub schema: u32,
    /// What it is about.
    pub scope: ScopeOut,
    /// Images made with any version of it.
    pub images: u64,
    /// Its versions, by id.
    pub versions: Vec<VersionReport>,
    /// Versions used together with it, most frequent first, then by name and id.
    pub co_used: Vec<CoUsed>,
    /// Samplers, most frequent first.
    pub samplers: Vec<Sampling>,
    /// Sampling steps.
    pub steps: Option<Spread<u32>>,
    /// Guidance scales.
    pub cfg: Option<Spread<f64>>,
    /// Owners of the images, most frequent first.
    pub creators: Vec<Counted>,
    /// What these images also name and nothing explains.
    pub unresolved: Unresolved,
    /// What it descends from and shares.
    pub ancestry: Ancestry,
}

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScopeOut {
    /// Model or version.
    pub kind: ScopeKind,
    /// Its id.
    pub id: u64,
    /// Its title.
    pub name: Option<String>,
}

/// One version of the scope.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VersionReport {
    /// The version.
    pub id: VersionId,
    /// Its title.
    pub name: Option<String>,
    /// Whether the site serves it: `unknown`, `published`, `unpublished`, `not_found`.
    pub state: &'static str,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// Its files with their hashes, former ones last.
    pub files: Vec<FileRecord>,
    /// How many images.
    pub images: ImageCounts,
    /// Images by their strongest evidence; those by name alone are in no other count.
    pub evidence: BTreeMap<Evidence, u64>,
    /// When the first image was made with it.
    pub first_seen: Option<Timestamp>,
    /// When the last image was made with it.
    pub last_seen: Option<Timestamp>,
}

/// Images of one version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImageCounts {
    /// Their metadata names it.
    pub made_with: u64,
    /// They were posted or returned for it.
    pub posted_for: u64,
    /// Of `made_with`, those that differ in their bytes.
    pub made_with_deduplicated: u64,
}

/// A version used together with the scope.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CoUsed {
    /// The version.
    pub version: VersionId,
    /// The title of its model and its own.
    pub name: Option<String>,
    /// Images made with both.
    pub images: u64,
    /// Its weights there, where written.
    pub weight: Option<WeightSpread>,
    /// How many times more frequent it is here than in all images, to a thousandth.
    pub lift: f64,
}

/// Three points of the distribution of weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WeightSpread {
    /// A tenth is at most this.
    pub p10: f64,
    /// Half is at most this.
    pub p50: f64,
    /// Nine tenths are at most this.
    pub p90: f64,
}

/// Images by sampler and scheduler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sampling {
    /// Canonical sampler.
    pub sampler: String,
    /// Canonical scheduler.
    pub scheduler: Option<String>,
    /// Images.
    pub images: u64,
}

/// Images by a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The name.
    pub name: String,
    /// Images.
    pub images: u64,
}

/// What the images of the scope also name and nothing explains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unresolved {
    /// Images that name such a resource.
    pub images: u64,
    /// Distinct such resources.
    pub resources: u64,
    /// The most frequent ones.
    pub top: Vec<UnresolvedResource>,
}

/// A reference that nothing explains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnresolvedResource {
    /// The role.
    pub kind: &'static str,
    /// The name as written.
    pub name: Option<String>,
    /// The hash as written.
    pub hash: Option<HexHash>,
    /// Images of the scope that name it.
    pub images: u64,
}

/// What a scope descends from and shares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ancestry {
    /// Base models that its versions work with, by name.
    pub base_models: Vec<BaseModel>,
    /// VAE files that other versions list too.
    pub linked_vae: Vec<SharedFile>,
    /// Other files that other versions list too.
    pub same_files: Vec<SharedFile>,
}

/// A base model with the versions that work with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BaseModel {
    /// As the site names it.
    pub name: String,
    /// Versions, by id.
    pub versions: Vec<VersionId>,
}

/// Reads what every linked resource stands for.
///
/// # Errors
///
/// [`super::LineageError::Catalog`].
pub fn representatives(catalog: &Catalog) -> Result<Representatives> {
    let mut found = Representatives::new();
    let mut keep = |resource: i64, links: &[Link]| {
        if let (Ok(resource), Some(representative)) = (u64::try_from(resource), Representative::of(links)) {
            found.insert(resource, representative);
        }
    };
    let (mut present, mut links) = (0, Vec::new());
    catalog.for_each_link(|resource, link| {
        if resource != present {
            keep(present, &links);
            links.clear();
            present = resource;
        }
        links.push(link);
    })?;
    keep(present, &links);
    Ok(found)
}

/// How frequent things are in all images that name any resource.
pub trait Everywhere {
    /// Images that name any resource.
    ///
    /// # Errors
    ///
    /// When that cannot be counted.
    fn images(&self) -> Result<u64>;

    /// Images made with a version.
    ///
    /// # Errors
    ///
    /// When that cannot be counted.
    fn made_with(&self, version: VersionId) -> Result<u64>;
}

impl Everywhere for Census {
    fn images(&self) -> Result<u64> {
        Ok(self.images)
    }

    fn made_with(&self, version: VersionId) -> Result<u64> {
        Ok(self.made_with.get(&version).copied().unwrap_or(0))
    }
}

/// Reports on a scope from the catalog alone, by reading every image once.
///
/// # Errors
///
/// [`super::LineageError::Catalog`].
pub fn report(catalog: &Catalog, scope: &Scope, options: Options) -> Result<LineageReport> {
    let links = representatives(catalog)?;
    let mut tally = Tally::new(&scope.versions).without(catalog.refusals_of_images()?);
    let mut census = Census::default();
    catalog.for_each_usage(|usage: Usage<'_>| {
        tally.add(&usage, &mut &links);
        census.add(&usage, &mut &links);
    })?;
    report_of(catalog, scope, &tally.finish(), &census, options)
}

/// Reports on a scope with figures that were gathered elsewhere, such as from the index.
///
/// # Errors
///
/// [`super::LineageError::Catalog`], and those of `everywhere`.
pub fn report_of(
    catalog: &Catalog,
    scope: &Scope,
    figures: &Figures,
    everywhere: &dyn Everywhere,
    options: Options,
) -> Result<LineageReport> {
    let mut versions = Vec::new();
    for version in &scope.versions {
        let counted = figures.versions.get(version).cloned().unwrap_or_default();
        versions.push(version_report(catalog, *version, counted)?);
    }
    Ok(LineageReport {
        schema: SCHEMA,
        scope: ScopeOut { kind: scope.about.kind, id: scope.about.id, name: scope.about.name.clone() },
        images: figures.images,
        versions,
        co_used: co_used(catalog, figures, everywhere, options)?,
        samplers: figures
            .samplers
            .iter()
            .take(options.top)
            .map(|((sampler, scheduler), images)| Sampling {
                sampler: sampler.clone(),
                scheduler: scheduler.clone(),
                images: *images,
            })
            .collect(),
        steps: figures.steps,
        cfg: figures.cfg,
        creators: figures
            .creators
            .iter()
            .take(options.top)
            .map(|(name, images)| Counted { name: name.clone(), images: *images })
            .collect(),
        unresolved: unresolved(catalog, figures, options)?,
        ancestry: ancestry(catalog, &scope.versions)?,
    })
}

fn version_report(catalog: &Catalog, version: VersionId, figures: VersionFigures) -> Result<VersionReport> {
    let title = catalog.version_title(version)?;
    let mut evidence = figures.evidence;
    let mut posted = BTreeSet::new();
    catalog.for_each_posted(version, |image, relation| {
        let kind = match relation {
            VersionRelation::Posted => Evidence::PostedFor,
            VersionRelation::Returned => Evidence::ReturnedFor,
        };
        *evidence.entry(kind).or_default() += 1;
        posted.insert(image);
    })?;
    Ok(VersionReport {
        id: version,
        state: title.as_ref().map_or(PublishState::Unknown, |title| title.state).as_str(),
        published_at: title.as_ref().and_then(|title| title.published_at),
        name: title.and_then(|title| title.name),
        files: catalog.files_of(version)?,
        images: ImageCounts {
            made_with: figures.made_with,
            posted_for: posted.len() as u64,
            made_with_deduplicated: figures.made_with_deduplicated,
        },
        evidence,
        first_seen: figures.first_ms.and_then(Timestamp::from_millis),
        last_seen: figures.last_ms.and_then(Timestamp::from_millis),
    })
}

/// Names the most frequent of them. Ties at the end of the list are cut by name, so all that tie are named; only
/// those that stay are looked for everywhere.
fn co_used(
    catalog: &Catalog,
    figures: &Figures,
    everywhere: &dyn Everywhere,
    options: Options,
) -> Result<Vec<CoUsed>> {
    let counted = &figures.co_used;
    let fewest = options.top.checked_sub(1).and_then(|last| counted.get(last)).map_or(0, |last| last.images);
    let mut named = Vec::new();
    for co_use in counted.iter().take_while(|co_use| co_use.images >= fewest) {
        let title = catalog.version_title(co_use.version)?;
        let names: Vec<String> =
            title.into_iter().flat_map(|title| [title.model_name, title.name]).flatten().collect();
        named.push(((!names.is_empty()).then(|| names.join(" ")), co_use));
    }
    named.sort_by(|(a_name, a), (b_name, b)| {
        b.images.cmp(&a.images).then_with(|| a_name.cmp(b_name)).then_with(|| a.version.cmp(&b.version))
    });
    named.truncate(options.top);
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let all = everywhere.images()?;
    let with_lift = |(name, co_use): (Option<String>, &CoUse)| {
        let lift = lift(co_use.images, figures.images, everywhere.made_with(co_use.version)?, all);
        Ok(CoUsed {
            version: co_use.version,
            name,
            images: co_use.images,
            weight: co_use.weight.map(|spread| WeightSpread {
                p10: spread.p10,
                p50: spread.p50,
                p90: spread.p90,
            }),
            lift: (lift * 1000.0).round() / 1000.0,
        })
    };
    named.into_iter().map(with_lift).collect()
}

fn unresolved(catalog: &Catalog, figures: &Figures, options: Options) -> Result<Unresolved> {
    let mut top = Vec::new();
    for (resource, images) in figures.unresolved.iter().take(options.top) {
        let stored = i64::try_from(*resource).ok().map(|id| catalog.resource(id)).transpose()?.flatten();
        top.extend(stored.map(|stored| UnresolvedResource {
            kind: stored.resource.kind.as_str(),
            name: stored.resource.name,
            hash: stored.resource.hash,
            images: *images,
        }));
    }
    Ok(Unresolved { images: figures.unresolved_images, resources: figures.unresolved.len() as u64, top })
}

fn ancestry(catalog: &Catalog, versions: &[VersionId]) -> Result<Ancestry> {
    let mut bases: BTreeMap<String, Vec<VersionId>> = BTreeMap::new();
    let mut ancestry = Ancestry::default();
    for version in versions {
        if let Some(base) = catalog.version_title(*version)?.and_then(|title| title.base_model) {
            bases.entry(base).or_default().push(*version);
        }
        for file in catalog.shared_files(*version)? {
            if file.kind.as_deref() == Some("VAE") {
                ancestry.linked_vae.push(file);
            } else {
                ancestry.same_files.push(file);
            }
        }
    }
    ancestry.base_models = bases.into_iter().map(|(name, versions)| BaseModel { name, versions }).collect();
    Ok(ancestry)
}
