//! The shape of a report: one data structure for the terminal, for JSON and for every other form.
//!
//! - In: nothing; these are shapes. `build` fills them.
//! - Out: JSON with a number of its shape, which can be read back.
//! - Never: a time of day or a path of this machine, unless somebody asked for a stamp.

mod build;
mod family;
mod figures;
mod lists;
mod versions;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::FileRecord;
use crate::entity::{Evidence, Timestamp, VersionId};

use super::error::LineageError;
use super::scope::ScopeKind;

pub use build::{Background, ChunkCounts, Inputs, report_of, stamp};
pub use family::{Ancestry, BaseModel, Edge, FamilyGraph, Node, NodeKind, Remixes, Tie, Truncation};
pub use figures::{
    CoUsed, Counted, Drift, DriftPart, Mover, NumberSpread, Orientation, Sampling, Score, ScorePart, SeedUse,
    Seeds, SizeUse, Theme, Themes, Total, Totals, Unresolved, UnresolvedResource, ValueUse, Week,
    WeightSpread,
};
pub(super) use versions::Posted;

/// The number of the shape of a [`LineageReport`]; counts breaking changes.
pub const SCHEMA: u32 = 2;

/// Largest report that is read back, in bytes.
pub const MAX_REPORT_BYTES: usize = 256 << 20;

/// How much a report lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Longest list of co-used versions, samplers, creators, themes and the like.
    pub list: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { list: 20 }
    }
}

/// What was made with a model, with what else, when and by whom, and what it descends from.
///
/// Lists are the most frequent first, then by name or id; [`Totals`] says how long they would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineageReport {
    /// Counts breaking changes of this shape.
    pub schema: u32,
    /// When and of what it was made; only where somebody asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<Stamp>,
    /// What it is about.
    pub scope: ScopeOut,
    /// Images made with any version of it, or all that a query finds.
    pub images: u64,
    /// The same images, counted in several ways.
    pub counts: ImageCounts,
    /// Images by their strongest evidence; those by name alone are in no other count.
    pub evidence: BTreeMap<Evidence, u64>,
    /// Images by the class of that evidence: `DECISION`, `A`, `B1` to `B4`, `D`.
    pub classes: BTreeMap<String, u64>,
    /// Images by the confidence of that evidence, names left out.
    pub confidence: Confidences,
    /// By which groups of copies near-duplicates were put together; `None` where nobody has looked for copies.
    pub copies: Option<CopiesUsed>,
    /// Its versions: by id for a model or version, else the most used.
    pub versions: Vec<VersionReport>,
    /// How long the lists would be if they were not cut.
    pub totals: Totals,
    /// When the first image was made.
    pub first_seen: Option<Timestamp>,
    /// When the last image was made.
    pub last_seen: Option<Timestamp>,
    /// Images by week, UTC, in order of time; weeks without images are left out.
    pub weeks: Vec<Week>,
    /// Versions used together with it.
    pub co_used: Vec<CoUsed>,
    /// Samplers with their schedulers.
    pub samplers: Vec<Sampling>,
    /// Schedulers, whatever the sampler.
    pub schedulers: Vec<Counted>,
    /// Sampling steps.
    pub steps: Option<NumberSpread<u32>>,
    /// Guidance scales.
    pub cfg: Option<NumberSpread<f64>>,
    /// Sizes in pixels.
    pub sizes: Vec<SizeUse>,
    /// Which way up.
    pub orientation: Orientation,
    /// Seeds that occur again.
    pub seeds: Seeds,
    /// Owners of the images.
    pub creators: Vec<Counted>,
    /// What prompts say more often here than elsewhere.
    pub themes: Themes,
    /// What these images also name and nothing explains.
    pub unresolved: Unresolved,
    /// How well the provenance of these images is known; `None` where there are none.
    pub score: Option<Score>,
    /// What changes from one version to the next; empty unless the scope is a model.
    pub drift: Vec<Drift>,
    /// What it descends from, what descends from it, and what it shares.
    pub ancestry: Ancestry,
}

impl LineageReport {
    /// Reads a report that was saved as JSON.
    ///
    /// # Errors
    ///
    /// [`LineageError::NotAReport`] for anything else, for one that is too large, and for one of another shape.
    pub fn from_json(bytes: &[u8]) -> Result<Self, LineageError> {
        #[derive(Deserialize)]
        struct Numbered {
            schema: u32,
        }
        if bytes.len() > MAX_REPORT_BYTES {
            return Err(LineageError::ReportTooLarge { bytes: bytes.len(), most: MAX_REPORT_BYTES });
        }
        let not_a_report = |source| LineageError::NotAReport { source };
        let Numbered { schema } = serde_json::from_slice(bytes).map_err(not_a_report)?;
        if schema != SCHEMA {
            return Err(LineageError::OtherSchema { found: schema, expected: SCHEMA });
        }
        serde_json::from_slice(bytes).map_err(not_a_report)
    }
}

/// When and of what a report was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The moment.
    pub at: Timestamp,
    /// The generation of the catalog.
    pub generation: u64,
    /// The version of Stemmata.
    pub program: String,
}

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeOut {
    /// Model, version, creator, base model, tag or query.
    pub kind: ScopeKind,
    /// The id of a model or version.
    pub id: Option<u64>,
    /// The title of a model or version; else the name, tag or query as given.
    pub name: Option<String>,
    /// Only images made at this time or later count.
    pub since: Option<Timestamp>,
    /// Only images made before this time count.
    pub until: Option<Timestamp>,
}

/// One version of the scope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionReport {
    /// The version.
    pub id: VersionId,
    /// Its title; in a scope of several models with that of its model.
    pub name: Option<String>,
    /// Whether the site serves it: `unknown`, `published`, `unpublished`, `not_found`.
    pub state: String,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// Its files with their hashes, former ones last.
    pub files: Vec<FileRecord>,
    /// How many images.
    pub images: ImageCounts,
    /// Images by their strongest evidence; those by name alone are in no other count.
    pub evidence: BTreeMap<Evidence, u64>,
    /// Images by the confidence of that evidence, names left out.
    pub confidence: Confidences,
    /// When the first image was made with it.
    pub first_seen: Option<Timestamp>,
    /// When the last image was made with it.
    pub last_seen: Option<Timestamp>,
    /// Images by week, UTC, in order of time; weeks without images are left out.
    pub weeks: Vec<Week>,
}

/// Images, counted in several ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageCounts {
    /// Their metadata names it.
    pub made_with: u64,
    /// They were posted or returned for it, whatever their metadata says.
    pub posted_for: u64,
    /// Of `made_with`, those that differ in their bytes.
    pub made_with_deduplicated: u64,
    /// Of `made_with`, those that are no near-duplicates of one another; `None` where nobody has looked for copies.
    pub made_with_distinct: Option<u64>,
}

/// Images by how far their evidence can be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confidences {
    /// 95 in a hundred and more.
    pub certain: u64,
    /// 85 to 94.
    pub strong: u64,
    /// 55 to 84.
    pub likely: u64,
    /// Less.
    pub weak: u64,
}

/// By which groups of copies near-duplicates were put together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiesUsed {
    /// The weakest kinship that still counts as the same picture.
    pub weakest: String,
    /// The generation of the catalog that the groups show.
    pub generation: u64,
    /// Whether the catalog has images that came after it.
    pub outdated: bool,
}
