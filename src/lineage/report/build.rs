//! Figures with the names that people know, in the shape of the machine contract.

use std::collections::BTreeMap;

use stemmata_index::near::{Copies, CopyClass};

use crate::catalog::{Catalog, VersionTitle};
use crate::entity::{Evidence, Timestamp, VersionId};
use crate::lineage::drift::drift;
use crate::lineage::family::ancestry;
use crate::lineage::figures::{
    Counts, Figures, Members, Period, Strength, VersionFigures, by_key, monday, week_name,
};
use crate::lineage::owners::ChunkOwners;
use crate::lineage::scope::{Scope, ScopeKind};
use crate::lineage::score::{VersionsKnown, score};
use crate::lineage::themes::Candidate;
use crate::lineage::{Result, themes};

use super::versions::{Posted, version_report};
use super::{
    Confidences, CopiesUsed, ImageCounts, LineageReport, Options, SCHEMA, ScopeOut, Stamp, Theme, Themes,
    Week, lists,
};

/// The weakest kinship by which near-duplicates count as one picture: saved again or resized, but not edited.
const WEAKEST: CopyClass = CopyClass::ReEncode;

/// What a report is made from, besides figures.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// Who knows names, files and relatives.
    pub catalog: &'a Catalog,
    /// What it is about.
    pub scope: &'a Scope,
    /// The time in which images count.
    pub period: Period,
    /// Near-duplicates, where somebody has looked for them.
    pub copies: Option<&'a Copies>,
    /// How much to list.
    pub options: Options,
}

/// How frequent things are in all images.
pub trait Background {
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

    /// Images with any chunk in their prompt, and in their negative prompt; and how many of them have each of these.
    ///
    /// # Errors
    ///
    /// When that cannot be counted.
    fn chunks(&self, prompt: &[&str], negative: &[&str]) -> Result<[ChunkCounts; 2]>;

    /// Who says each of these chunks in their prompt, and in their negative prompt, among the images of the scope: those
    /// of `images`, by row number, ascending.
    ///
    /// # Errors
    ///
    /// When that cannot be counted.
    fn owners(&self, images: &[i64], prompt: &[&str], negative: &[&str]) -> Result<[Vec<ChunkOwners>; 2]>;
}

/// How many images say something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChunkCounts {
    /// Images with any chunk.
    pub images: u64,
    /// Images with each chunk that was asked for.
    pub with: Vec<u64>,
}

/// Puts a report together.
///
/// # Errors
///
/// [`crate::lineage::LineageError::Catalog`], [`crate::lineage::LineageError::Index`].
pub fn report_of(
    inputs: &Inputs<'_>,
    figures: &Figures,
    background: &dyn Background,
) -> Result<LineageReport> {
    let Inputs { catalog, scope, period, copies, options } = *inputs;
    let own: &[VersionId] = match &scope.members {
        Members::Versions(versions) => versions,
        Members::All => &[],
    };
    let posted = Posted::of(catalog, own, period)?;
    let mut versions = Vec::new();
    for version in listed(scope, figures, options) {
        let empty = VersionFigures::default();
        let counted = figures.versions.get(&version).unwrap_or(&empty);
        versions.push(version_report(inputs, version, counted, &posted)?);
    }
    let mut evidence = figures.strength.evidence.clone();
    posted.add_to(&mut evidence);
    let (ancestry, known) = ancestry(catalog, own, &figures.keys)?;
    Ok(LineageReport {
        schema: SCHEMA,
        stamp: None,
        scope: ScopeOut {
            kind: scope.kind,
            id: scope.id,
            name: scope.name.clone(),
            since: period.since,
            until: period.until,
        },
        images: figures.images,
        counts: ImageCounts {
            made_with: figures.images,
            posted_for: posted.images().max(figures.known.posted),
            made_with_deduplicated: figures.media.len() as u64,
            made_with_distinct: copies.map(|copies| distinct(&figures.media, copies)),
        },
        evidence,
        classes: classes(&figures.strength),
        confidence: confidences(&figures.strength),
        copies: copies.map(|copies| copies_used(catalog, copies)).transpose()?,
        versions,
        totals: lists::totals(figures, own.len()),
        first_seen: figures.first_ms.and_then(Timestamp::from_millis),
        last_seen: figures.last_ms.and_then(Timestamp::from_millis),
        weeks: weeks(&figures.weeks),
        co_used: lists::co_used(catalog, figures, background, options)?,
        samplers: lists::samplers(figures, options),
        schedulers: lists::schedulers(figures, options),
        steps: lists::steps(figures, options),
        cfg: lists::cfg(figures, options),
        sizes: lists::sizes(figures, options),
        orientation: lists::orientation(figures),
        seeds: lists::seeds(figures, options),
        creators: lists::creators(figures, options),
        themes: themes_of(figures, background, options)?,
        unresolved: lists::unresolved(catalog, figures, options)?,
        score: score(figures, known_versions(catalog, scope, figures, known)?),
        drift: drift(catalog, scope, figures)?,
        ancestry,
    })
}

/// The versions that a report lists: all of a model, else the most used.
fn listed(scope: &Scope, figures: &Figures, options: Options) -> Vec<VersionId> {
    match (&scope.members, scope.kind) {
        (Members::Versions(versions), ScopeKind::Model | ScopeKind::Version) => versions.clone(),
        (Members::Versions(_), _) => {
            let mut used: Vec<(VersionId, u64)> =
                figures.versions.iter().map(|(version, counted)| (*version, counted.made_with)).collect();
            used.retain(|(_, images)| *images > 0);
            used.sort_by(|(a, a_images), (b, b_images)| b_images.cmp(a_images).then_with(|| a.cmp(b)));
            used.into_iter().take(options.list).map(|(version, _)| version).collect()
        }
        (Members::All, _) => Vec::new(),
    }
}

/// How many pictures are left when those that are copies of one another count once.
pub(super) fn distinct(media: &[u64], copies: &Copies) -> u64 {
    let mut pictures: Vec<u64> = media.iter().map(|media| copies.representative(*media, WEAKEST)).collect();
    pictures.sort_unstable();
    pictures.dedup();
    pictures.len() as u64
}

fn copies_used(catalog: &Catalog, copies: &Copies) -> Result<CopiesUsed> {
    let generation = copies.generation();
    Ok(CopiesUsed {
        weakest: "re_encode".to_owned(),
        generation,
        outdated: catalog.has_pictures_since(generation)?,
    })
}

fn classes(strength: &Strength) -> BTreeMap<String, u64> {
    strength.classes.iter().map(|(class, count)| ((*class).to_owned(), *count)).collect()
}

pub(super) fn confidences(strength: &Strength) -> Confidences {
    let mut counts = Confidences::default();
    for (percent, images) in &strength.confidence {
        let word = crate::entity::Confidence::from_percent(*percent).word();
        let count = match word {
            "certain" => &mut counts.certain,
            "strong" => &mut counts.strong,
            "likely" => &mut counts.likely,
            _ => &mut counts.weak,
        };
        *count += images;
    }
    counts
}

/// Weeks in order of time; those beyond the years of the calendar are left out.
pub(super) fn weeks(counts: &Counts<i64>) -> Vec<Week> {
    let sorted = by_key(counts);
    let named = |(week, images)| Some(Week { week: week_name(week)?, monday: monday(week)?, images });
    sorted.into_iter().filter_map(named).collect()
}

fn themes_of(figures: &Figures, background: &dyn Background, options: Options) -> Result<Themes> {
    let habits = &figures.habits;
    let [prompt, negative] = [&habits.prompt, &habits.negative].map(|counts| frequent(figures, counts));
    let texts =
        |chunks: &[(&'_ str, u64)]| chunks.iter().map(|(chunk, _)| (*chunk).to_owned()).collect::<Vec<_>>();
    let (prompt_texts, negative_texts) = (texts(&prompt), texts(&negative));
    let asked: [Vec<&str>; 2] =
        [&prompt_texts, &negative_texts].map(|list| list.iter().map(String::as_str).collect());
    let [prompts, negatives] = background.chunks(&asked[0], &asked[1])?;
    let typical = |chunks: &[(&str, u64)], images: u64, all: &ChunkCounts| {
        let candidates: Vec<Candidate<'_>> = chunks
            .iter()
            .zip(&all.with)
            .map(|((chunk, images), everywhere)| Candidate {
                chunk,
                images: *images,
                everywhere: (*everywhere).max(*images),
            })
            .collect();
        themes::typical(&candidates, images, all.images.max(images))
    };
    let (prompt, negative) = (
        typical(&prompt, figures.known.prompt, &prompts),
        typical(&negative, figures.known.negative, &negatives),
    );
    let [prompt, negative] = with_owners(figures, background, [prompt, negative], options.list)?;
    Ok(Themes {
        prior_images: themes::PRIOR_IMAGES,
        min_images: themes::MIN_IMAGES,
        images: figures.known.prompt,
        everywhere: prompts.images,
        negative_images: figures.known.negative,
        negative_everywhere: negatives.images,
        prompt,
        negative,
    })
}

/// The themes of prompts and of negative prompts that are listed, with who says them.
///
/// Owners of the first of them are counted, and of all only where those do not give as many that several people say.
fn with_owners(
    figures: &Figures,
    background: &dyn Background,
    mut all: [Vec<Theme>; 2],
    most: usize,
) -> Result<[Vec<Theme>; 2]> {
    all.iter_mut().for_each(|themes| themes::most_typical_first(themes));
    for first in [most.saturating_mul(2), usize::MAX] {
        let mut some = all.each_ref().map(|themes| themes.get(..first).unwrap_or(themes).to_vec());
        if some.iter().any(|themes| !themes.is_empty()) {
            let [prompt, negative] = some
                .each_ref()
                .map(|themes| themes.iter().map(|theme| theme.chunk.as_str()).collect::<Vec<&str>>());
            let owners = background.owners(&figures.keys, &prompt, &negative)?;
            some.iter_mut().zip(&owners).for_each(|(themes, owners)| themes::count_owners(themes, owners));
        }
        let is_enough = |(some, all): (&Vec<Theme>, &Vec<Theme>)| {
            some.len() == all.len() || some.iter().filter(|theme| !theme.is_of_one()).count() >= most
        };
        if some.iter().zip(&all).all(is_enough) {
            return Ok(some.map(|themes| themes::of_several_first(themes, most)));
        }
    }
    Ok(all)
}

/// The chunks that are looked for everywhere.
fn frequent<'f>(figures: &'f Figures, counts: &Counts<u32>) -> Vec<(&'f str, u64)> {
    let mut sorted = by_key(counts);
    sorted.retain(|(_, images)| *images >= themes::MIN_IMAGES);
    // Numbers of texts are in alphabetical order.
    sorted.sort_unstable_by(|(a, a_images), (b, b_images)| b_images.cmp(a_images).then_with(|| a.cmp(b)));
    sorted.truncate(themes::MOST_CANDIDATES);
    sorted.into_iter().map(|(chunk, images)| (figures.names.text(chunk), images)).collect()
}

/// What is known of the versions of the scope; of a query, of those that its images name.
fn known_versions(
    catalog: &Catalog,
    scope: &Scope,
    figures: &Figures,
    own: VersionsKnown,
) -> Result<VersionsKnown> {
    if scope.members != Members::All {
        return Ok(own);
    }
    let named: Vec<VersionId> = lists::most_used(figures).into_iter().map(|(version, _)| version).collect();
    VersionsKnown::of(catalog, &named)
}

impl VersionsKnown {
    /// Asks for each version.
    pub(in crate::lineage) fn of(catalog: &Catalog, versions: &[VersionId]) -> Result<Self> {
        let mut known = Self { versions: versions.len() as u64, ..Self::default() };
        for version in versions {
            let title = catalog.version_title(*version)?;
            known.with_base += u64::from(title.is_some_and(|title: VersionTitle| title.base_model.is_some()));
            known.with_hash += u64::from(!catalog.whole_hashes_of(*version)?.is_empty());
        }
        Ok(known)
    }
}

/// A stamp for a report.
///
/// # Errors
///
/// [`crate::lineage::LineageError::Catalog`].
pub fn stamp(catalog: &Catalog, at: Timestamp) -> Result<Stamp> {
    let program = concat!("stemmata ", env!("CARGO_PKG_VERSION")).to_owned();
    Ok(Stamp { at, generation: catalog.generation()?, program })
}

/// Adds `count` for one kind of evidence, if there is any.
pub(super) fn add_evidence(evidence: &mut BTreeMap<Evidence, u64>, kind: Evidence, count: u64) {
    if count > 0 {
        *evidence.entry(kind).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    use stemmata_index::near::CopyGroup;

    use super::*;

    #[test]
    fn copies_count_once_but_edited_ones_and_mere_candidates_do_not() {
        let group = |class, members: &[u64]| CopyGroup { class, members: members.to_vec() };
        let copies = Copies::new(
            7,
            vec![
                group(CopyClass::SameBytes, &[2, 1]),
                group(CopyClass::ReEncode, &[2, 1, 3]),
                group(CopyClass::Edited, &[2, 1, 3, 4]),
                group(CopyClass::Candidate, &[5, 6]),
                group(CopyClass::SamePixels, &[90, 7, 8]),
            ],
        );
        for (media, expected) in [
            (&[][..], 0),
            (&[1, 2, 3], 1),
            (&[1, 3], 1),
            (&[1, 4], 2),
            (&[5, 6], 2),
            (&[7, 8], 1),
            (&[1, 2, 3, 4, 5, 6, 7, 8, 99], 6),
        ] {
            assert_eq!(distinct(media, &copies), expected, "{media:?}");
        }
    }
}
