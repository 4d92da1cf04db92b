//! Which images are copies, or may be.
//!
//! - In: a catalog, and the comparable pictures in it as [`Entry`] values whose ids are [`MediaId`] numbers.
//! - Out: groups for `dupes`, hits for `similar`, with images and media as their sources name them.
//! - Never: decoding of pixels or BlurHashes, verdicts that the evidence does not carry: what only BlurHashes
//!   say is a *candidate*.

use std::ops::ControlFlow;
use std::sync::Mutex;

use rayon::prelude::*;
use stemmata_index::near::{Aspect, Entry, Feature, NearSet, Pair};
use thiserror::Error;

use super::apart::Apart;
use super::groups::{Star, groups};
use crate::catalog::{Catalog, CatalogError, MediaId};
use crate::entity::{ImageKey, ImageName, MediaIdentity};
use crate::run::RunContext;

/// Distance that re-encoded and resized copies keep, and nearly nothing else.
///
/// On 186,303 media of the site 0.5 % had an unrelated neighbour within it; of copies it finds 98 % of those
/// saved as JPEG of quality 30, all that were resized, 85 % cropped by 2 %, 34 % cropped by 5 %.
pub const STRICT_THRESHOLD: f32 = 0.14;

/// Distance used unless another is asked for.
///
/// On the same media 1.0 % had an unrelated neighbour within it; it finds all copies saved again, resized or
/// cropped by 2 %, 92 % cropped by 5 %, 97 % brightened by 10 %, 14 % with a white bar across.
pub const DEFAULT_THRESHOLD: f32 = 0.30;

/// Most pairs kept unless told otherwise: they take 600 MB, and as much again while grouping.
pub const DEFAULT_MAX_PAIRS: usize = 50_000_000;

/// What [`duplicates`] looks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DuplicateOptions {
    /// Largest distance of a pair; see [`DEFAULT_THRESHOLD`].
    pub threshold: f32,
    /// Fewest images of a group; groups below are left out. At least 2.
    pub min_images: usize,
    /// Most pairs before giving up with [`DuplicateError::TooManyPairs`].
    pub max_pairs: usize,
}

impl Default for DuplicateOptions {
    fn default() -> Self {
        Self { threshold: DEFAULT_THRESHOLD, min_images: 2, max_pairs: DEFAULT_MAX_PAIRS }
    }
}

/// Why there are no groups.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DuplicateError {
    /// The catalog could not be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// So many pictures look alike that their pairs do not fit; a lower threshold gives fewer.
    #[error("more than {max_pairs} pairs of pictures are within {threshold} of each other")]
    TooManyPairs {
        /// The limit.
        max_pairs: usize,
        /// The threshold.
        threshold: f32,
    },
    /// The caller asked to stop; an incomplete answer would give wrong groups.
    #[error("stopped before all pictures were compared")]
    Cancelled,
}

/// What is known of the kinship of some images, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchClass {
    /// They show the same stored bytes.
    SameBytes,
    /// Their BlurHashes and shapes agree; nobody has compared the pixels.
    Candidate,
}

impl MatchClass {
    /// The word of the machine contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SameBytes => "same_bytes",
            Self::Candidate => "candidate",
        }
    }
}

/// One image of a group, or one hit.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its name outside the catalog.
    pub image: ImageName,
    /// Its key in the catalog.
    pub key: ImageKey,
    /// The media that it shows.
    pub media: MediaIdentity,
    /// Distance from the representative of the group, or from the query; 0 for equal BlurHashes.
    pub distance: f32,
}

/// Images that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// How they belong together.
    pub class: MatchClass,
    /// By distance, then name. Those at distance 0 are the representative and its equals.
    pub members: Vec<Member>,
}

/// All groups of a catalog.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DuplicateReport {
    /// By class, then name of the first member.
    ///
    /// Images that share a media are a group of class `same_bytes`, and are listed again, all of them, where
    /// that media is a candidate for others. No group holds two images that a person decided are no duplicates: the
    /// farther of them is listed with the representative, unless it is not to be with that either.
    pub groups: Vec<Group>,
    /// Media that were compared with all others.
    pub compared: u64,
    /// Pairs of distinct BlurHashes within the threshold.
    pub pairs: u64,
}

/// Groups all images of the catalog: see [`super::groups`] for what a group is.
///
/// # Errors
///
/// [`DuplicateError`]; a cancelled run is one.
pub fn duplicates(
    catalog: &Catalog,
    entries: Vec<Entry>,
    options: &DuplicateOptions,
    context: &RunContext,
) -> Result<DuplicateReport, DuplicateError> {
    let mut report = DuplicateReport { compared: entries.len() as u64, ..DuplicateReport::default() };
    for media in catalog.shared_media()? {
        let members = members_of(catalog, media, 0.0)?;
        report.groups.push(Group { class: MatchClass::SameBytes, members });
    }
    let set = NearSet::build(entries);
    let pairs = pairs(&set, options, context)?;
    report.pairs = pairs.len() as u64;
    let count = u32::try_from(set.clusters()).expect("a set numbers its clusters in 32 bits");
    let sizes: Vec<u32> = (0..count).map(|cluster| size(&set, cluster)).collect();
    for star in groups(&sizes, &pairs) {
        if context.cancel.is_requested() {
            return Err(DuplicateError::Cancelled);
        }
        report
            .groups
            .push(Group { class: MatchClass::Candidate, members: members_of_star(catalog, &set, &star)? });
    }
    report.groups.iter_mut().for_each(|group| group.members.sort_by(by_distance));
    let apart = Apart::of(&catalog.decisions()?);
    report.groups = report.groups.into_iter().flat_map(|group| apart.split(group)).collect();
    report.groups.retain(|group| group.members.len() >= options.min_images.max(2));
    report.groups.sort_by(|a, b| a.class.cmp(&b.class).then_with(|| first_name(a).cmp(&first_name(b))));
    Ok(report)
}

fn first_name(group: &Group) -> Option<&ImageName> {
    group.members.first().map(|member| &member.image)
}

fn by_distance(a: &Member, b: &Member) -> std::cmp::Ordering {
    a.distance.total_cmp(&b.distance).then_with(|| a.image.cmp(&b.image))
}

fn size(set: &NearSet, cluster: u32) -> u32 {
    u32::try_from(set.members(cluster).len()).unwrap_or(u32::MAX)
}

fn pairs(
    set: &NearSet,
    options: &DuplicateOptions,
    context: &RunContext,
) -> Result<Vec<Pair>, DuplicateError> {
    let pairs = Mutex::new(Vec::new());
    context.progress.begin("compare pictures", Some(set.clusters() as u64));
    let outcome = set.visit_pairs(options.threshold, |found| {
        context.progress.advance(found.clusters as u64);
        // A thread that panicked while it held the lock has left at worst a shorter list, and the panic
        // itself ends the run.
        let mut pairs = pairs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if pairs.len() + found.pairs.len() > options.max_pairs || context.cancel.is_requested() {
            return ControlFlow::Break(());
        }
        pairs.extend_from_slice(found.pairs);
        ControlFlow::Continue(())
    });
    context.progress.end();
    match outcome {
        ControlFlow::Continue(()) => {
            Ok(pairs.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
        }
        ControlFlow::Break(()) if context.cancel.is_requested() => Err(DuplicateError::Cancelled),
        ControlFlow::Break(()) => {
            Err(DuplicateError::TooManyPairs { max_pairs: options.max_pairs, threshold: options.threshold })
        }
    }
}

fn members_of_star(catalog: &Catalog, set: &NearSet, star: &Star) -> Result<Vec<Member>, CatalogError> {
    let mut members = Vec::new();
    for &cluster in &star.clusters {
        let distance = set.distance(star.representative, cluster);
        for media in set.members(cluster).iter().filter_map(|id| MediaId::new(*id)) {
            members.extend(members_of(catalog, media, distance)?);
        }
    }
    Ok(members)
}

/// The images of a media, all at one distance. An image without a name has been removed meanwhile.
fn members_of(catalog: &Catalog, id: MediaId, distance: f32) -> Result<Vec<Member>, CatalogError> {
    let Some(media) = catalog.media(id)? else { return Ok(Vec::new()) };
    let mut members = Vec::new();
    for key in catalog.images_of_media(id)? {
        if let Some(image) = catalog.image_name(key)? {
            members.push(Member { image, key, media: media.identity.clone(), distance });
        }
    }
    Ok(members)
}

/// What [`similar`] looks for.
#[derive(Clone, Debug, Default)]
pub struct SimilarQuery {
    /// The appearance and shape to compare with; `None` finds only the same bytes.
    pub look: Option<(Feature, Aspect)>,
    /// The media of the target, if the catalog holds it.
    pub media: Option<MediaId>,
    /// The target itself, to be left out of the hits.
    pub target: Option<ImageKey>,
}

/// One image that resembles the target.
#[derive(Clone, Debug, PartialEq)]
pub struct SimilarHit {
    /// How it does.
    pub class: MatchClass,
    /// The image, at its distance from the target.
    pub member: Member,
}

/// The images that resemble a target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SimilarReport {
    /// By class, then distance, then name; at most as many as asked for.
    pub hits: Vec<SimilarHit>,
    /// How many there are in all.
    pub total: u64,
    /// Media that were compared.
    pub compared: u64,
}

/// Finds the images that show the same bytes as the target, or whose BlurHash is within `threshold` of it.
///
/// Compares the target with every entry; the order of `entries` does not matter.
///
/// # Errors
///
/// When the catalog cannot be read.
pub fn similar(
    catalog: &Catalog,
    entries: &[Entry],
    query: &SimilarQuery,
    threshold: f32,
    limit: usize,
) -> Result<SimilarReport, CatalogError> {
    let mut near: Vec<(MatchClass, f32, MediaId)> = match &query.look {
        Some((feature, aspect)) => entries
            .par_iter()
            .filter(|entry| entry.aspect.agrees(*aspect))
            .map(|entry| (MatchClass::Candidate, entry.feature.distance(feature), entry.id))
            .filter(|(_, distance, _)| *distance <= threshold)
            .filter_map(|(class, distance, id)| Some((class, distance, MediaId::new(id)?)))
            .filter(|(_, _, media)| query.media != Some(*media))
            .collect(),
        None => Vec::new(),
    };
    near.extend(query.media.map(|media| (MatchClass::SameBytes, 0.0, media)));
    let mut hits = Vec::new();
    for (class, distance, media) in near {
        let members = members_of(catalog, media, distance)?;
        let others = members.into_iter().filter(|member| Some(member.key) != query.target);
        hits.extend(others.map(|member| SimilarHit { class, member }));
    }
    hits.sort_by(|a, b| a.class.cmp(&b.class).then_with(|| by_distance(&a.member, &b.member)));
    let total = hits.len() as u64;
    hits.truncate(limit);
    Ok(SimilarReport { hits, total, compared: entries.len() as u64 })
}

#[cfg(test)]
mod tests;
