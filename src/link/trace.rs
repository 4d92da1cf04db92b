//! Which versions made one image, and how we know.
//!
//! - In: an image of the catalog, or the resources that were just read from a file.
//! - Out: a [`Trace`] that serialises to the machine contract, and verdicts for people.
//! - Never: a write, or "made with" mixed with "posted for".

mod tracer;
mod why;

use serde::{Serialize, Serializer};

use crate::entity::{
    Confidence, Evidence, EvidenceClass, HexHash, ImageName, LostReason, MetaState, ModelId, PublishState,
    ResourceKind, ResourceSources, VersionId,
};

use super::compat::Compat;
use super::merge::{Verdict, kind_word};

pub use tracer::{Spoken, Tracer, trace, trace_uses};
pub use why::{Said, Settle, Why, said_in_document};

/// The number of the shape of a [`Trace`]; counts breaking changes.
const SCHEMA: u32 = 1;

/// How the image was found from what the user gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// By its id, URL or path.
    Id,
    /// Its own metadata was read.
    Metadata,
    /// An image with the same bytes.
    SameBytes,
    /// An image with the same pixels.
    SamePixels,
    /// An image that looks nearly the same.
    NearDuplicate,
    /// An image with nearly the same BlurHash, unverified.
    Blurhash,
}

/// An image in JSON: the site's number, or text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRef(pub ImageName);

impl Via {
    /// The word of the machine contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Metadata => "metadata",
            Self::SameBytes => "same_bytes",
            Self::SamePixels => "same_pixels",
            Self::NearDuplicate => "near_duplicate",
            Self::Blurhash => "blurhash",
        }
    }

    /// Whether it leads to the image itself, and not only to one that looks like it.
    pub fn is_certain(self) -> bool {
        match self {
            Self::Id | Self::Metadata | Self::SameBytes | Self::SamePixels => true,
            Self::NearDuplicate | Self::Blurhash => false,
        }
    }
}

impl Serialize for ImageRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match &self.0 {
            ImageName::Site(id) => serializer.serialize_u64(id.get()),
            other => serializer.collect_str(other),
        }
    }
}

/// The answer for one image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trace {
    /// Counts breaking changes of this shape.
    pub schema: u32,
    /// What the user gave.
    pub target: String,
    /// The image; `None` when only its metadata is known.
    pub image: Option<ImageRef>,
    /// How it was found.
    pub via: Via,
    /// How far away, in the unit of `via`; `None` where that has none.
    pub distance: Option<f64>,
    /// Whether it is certain that the target is this image, and not only one that looks like it.
    pub verified: bool,
    /// Other images that the same evidence leads to, in the order of their distance.
    pub others: Vec<TraceOther>,
    /// Whether its generation data is known: `not_said`, `null`, `present`, `hidden`.
    #[serde(serialize_with = "state_word")]
    pub state: MetaState,
    /// What its metadata names, each reference once, in the order of the catalog.
    pub resources: Vec<TraceResource>,
    /// The versions that it was posted or returned for, by version.
    pub posted_for: Vec<TracePosted>,
    /// The images that it was made from.
    pub made_from: Vec<TraceParent>,
    /// The resources put together: one entry a version, and one a reference that nothing explains.
    pub verdicts: Vec<Verdict>,
    /// The site's own answer, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compat: Option<Compat>,
}

/// Another image that a target may be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceOther {
    /// The image.
    pub image: ImageRef,
    /// How it was found.
    pub via: Via,
    /// How far away, in the unit of `via`.
    pub distance: Option<f64>,
}

/// One reference of an image's metadata.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceResource {
    /// The role that metadata gives it.
    #[serde(serialize_with = "kind_word")]
    pub kind: ResourceKind,
    /// The name as written.
    pub name: Option<String>,
    /// The hash as written.
    pub hash: Option<HexHash>,
    /// The version that it names by number.
    pub version: Option<VersionId>,
    /// The AIR that it names, in its canonical spelling.
    pub air: Option<String>,
    /// How strongly it was used.
    pub weight: Option<f64>,
    /// The places of the metadata that name it, most reliable first.
    pub sources: Vec<&'static str>,
    /// What kind of thing said it, strongest first.
    pub origins: Vec<Origin>,
    /// The model, where the reference names only that.
    pub model: Option<ModelId>,
    /// How far to trust that; `None` without such a model.
    pub model_confidence: Option<Confidence>,
    /// Why the reference has no candidates, where that is known.
    pub note: Option<Note>,
    /// Candidates, by rank.
    pub links: Vec<TraceLink>,
    /// The chain from the metadata to the candidates, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
}

/// One candidate of a reference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceLink {
    /// The version.
    pub version: VersionId,
    /// Its model.
    pub model: Option<ModelId>,
    /// The title of the version.
    pub version_name: Option<String>,
    /// The title of the model.
    pub model_name: Option<String>,
    /// Why it is a candidate.
    pub evidence: Evidence,
    /// The value that matched.
    pub raw: String,
    /// How far to trust it in this image.
    pub confidence: Confidence,
    /// 1 for the representative.
    pub rank: u32,
    /// Why it is not the representative.
    pub lost: Option<LostReason>,
    /// What else is to be known of it.
    pub note: Option<Note>,
    /// The class of the evidence: `DECISION`, `A1` ... `D`.
    pub class: EvidenceClass,
    /// The decision that made or refused it, by id.
    pub decision: Option<String>,
    /// Whether the site serves the version: `unknown`, `published`, `unpublished`, `not_found`.
    #[serde(serialize_with = "publish_word")]
    pub state: PublishState,
}

/// What kind of thing names a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The version ids that the site lists beside the image.
    ItemIds,
    /// Generation data as the site's API gives it.
    ApiMeta,
    /// Metadata inside a file on disk.
    EmbeddedMetadata,
    /// A tag inside the prompt.
    PromptTag,
}

impl Origin {
    /// Reads them from the places of one use; `file` says that these are places of a file on disk.
    fn of(sources: ResourceSources, file: bool) -> Vec<Self> {
        let beside = ResourceSources::ITEM_INDEX.union(ResourceSources::ITEM_DATABASE);
        let rest = sources.without(beside.union(ResourceSources::PROMPT_TAG));
        let mut origins = Vec::new();
        if !sources.intersection(beside).is_empty() {
            origins.push(Self::ItemIds);
        }
        if !rest.is_empty() {
            origins.push(if file { Self::EmbeddedMetadata } else { Self::ApiMeta });
        }
        if sources.contains(ResourceSources::PROMPT_TAG) {
            origins.push(Self::PromptTag);
        }
        origins
    }
}

/// A circumstance that does not change the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// The version no longer lists a file with this hash.
    FormerFile,
    /// The reference names a model and no version of it.
    ModelOnly,
    /// The hash is one that many unrelated files share, and was refused.
    JunkHash,
}

/// A version that an image was posted or returned for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TracePosted {
    /// The version.
    pub version: VersionId,
    /// Its model.
    pub model: Option<ModelId>,
    /// The title of the version.
    pub version_name: Option<String>,
    /// The title of the model.
    pub model_name: Option<String>,
    /// `posted_for` or `returned_for`.
    pub evidence: Evidence,
    /// How far that speaks for the version.
    pub confidence: Confidence,
    /// Always `C1`.
    pub class: EvidenceClass,
}

/// An image that another was made from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceParent {
    /// The parent; its number also when the catalog does not have it.
    pub image: i64,
    /// Where that is said.
    pub evidence: &'static str,
}

fn state_word<S: Serializer>(state: &MetaState, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(state.as_str())
}

fn publish_word<S: Serializer>(state: &PublishState, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(state.as_str())
}

#[cfg(test)]
mod tests;
