//! Single versions of a report, and what was posted for them.

use std::collections::BTreeMap;

use rayon::slice::ParallelSliceMut as _;

use crate::catalog::Catalog;
use crate::entity::{Evidence, ImageKey, PublishState, Timestamp, VersionId, VersionRelation};
use crate::lineage::Result;
use crate::lineage::figures::{Period, VersionFigures};
use crate::lineage::scope::ScopeKind;

use super::build::{Inputs, add_evidence, confidences, distinct, weeks};
use super::{ImageCounts, VersionReport};

/// What was posted or returned for the versions of a scope.
#[derive(Debug, Default)]
pub(in crate::lineage) struct Posted {
    versions: BTreeMap<VersionId, PostedFor>,
    images: u64,
    posted: u64,
    returned: u64,
}

/// Images posted or returned for one version.
#[derive(Clone, Copy, Debug, Default)]
struct PostedFor {
    images: u64,
    posted: u64,
    returned: u64,
}

impl Posted {
    /// Counts; an image of several versions counts once in their sum.
    pub(in crate::lineage) fn of(catalog: &Catalog, versions: &[VersionId], period: Period) -> Result<Self> {
        let mut all = Self::default();
        let mut everywhere: Vec<(ImageKey, VersionRelation)> = Vec::new();
        for version in versions {
            let mut counted = PostedFor::default();
            let mut last = None;
            let mut count = |image: ImageKey, relation| {
                match relation {
                    VersionRelation::Posted => counted.posted += 1,
                    VersionRelation::Returned => counted.returned += 1,
                }
                // Both relations of one image follow each other.
                counted.images += u64::from(last != Some(image));
                last = Some(image);
                everywhere.push((image, relation));
            };
            if period.is_all() {
                catalog.for_each_posted(*version, count)?;
            } else {
                catalog.for_each_posted_at(*version, |image, relation, created_ms| {
                    if period.holds(created_ms) {
                        count(image, relation);
                    }
                })?;
            }
            all.versions.insert(*version, counted);
        }
        everywhere.par_sort_unstable();
        everywhere.dedup();
        all.images = everywhere.chunk_by(|(a, _), (b, _)| a == b).count() as u64;
        all.posted =
            everywhere.iter().filter(|(_, relation)| *relation == VersionRelation::Posted).count() as u64;
        all.returned = everywhere.len() as u64 - all.posted;
        Ok(all)
    }

    /// Distinct images.
    pub(in crate::lineage) fn images(&self) -> u64 {
        self.images
    }

    /// Puts both relations beside the evidence of metadata.
    pub(super) fn add_to(&self, evidence: &mut BTreeMap<Evidence, u64>) {
        add_evidence(evidence, Evidence::PostedFor, self.posted);
        add_evidence(evidence, Evidence::ReturnedFor, self.returned);
    }
}

pub(super) fn version_report(
    inputs: &Inputs<'_>,
    version: VersionId,
    figures: &VersionFigures,
    posted: &Posted,
) -> Result<VersionReport> {
    let title = inputs.catalog.version_title(version)?;
    let counted = posted.versions.get(&version).copied().unwrap_or_default();
    let mut evidence = figures.strength.evidence.clone();
    add_evidence(&mut evidence, Evidence::PostedFor, counted.posted);
    add_evidence(&mut evidence, Evidence::ReturnedFor, counted.returned);
    let with_model = !matches!(inputs.scope.kind, ScopeKind::Model | ScopeKind::Version);
    Ok(VersionReport {
        id: version,
        state: title.as_ref().map_or(PublishState::Unknown, |title| title.state).as_str().to_owned(),
        published_at: title.as_ref().and_then(|title| title.published_at),
        name: title.and_then(|title| {
            let model = title.model_name.filter(|_| with_model);
            let names: Vec<String> = model.into_iter().chain(title.name).collect();
            (!names.is_empty()).then(|| names.join(" "))
        }),
        files: inputs.catalog.files_of(version)?,
        images: ImageCounts {
            made_with: figures.made_with,
            posted_for: counted.images,
            made_with_deduplicated: figures.media.len() as u64,
            made_with_distinct: inputs.copies.map(|copies| distinct(&figures.media, copies)),
        },
        evidence,
        confidence: confidences(&figures.strength),
        first_seen: figures.first_ms.and_then(Timestamp::from_millis),
        last_seen: figures.last_ms.and_then(Timestamp::from_millis),
        weeks: weeks(&figures.weeks),
    })
}
