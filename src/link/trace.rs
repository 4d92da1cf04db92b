//! Which versions made one image, and how we know.
//!
//! - In: an image of the catalog, or the resources that were just read from a file.
//! - Out: a [`Trace`] that serialises to the machine contract, and verdicts for people.
//! - Never: a write, or "made with" mixed with "posted for".

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::catalog::{Catalog, ImageFacts, UseFacts, VersionTitle};
use crate::entity::{
    Confidence, Evidence, EvidenceClass, HexHash, ImageKey, ImageName, Link, LostReason, MetaState, ModelId,
    ResourceKind, ResourceSources, ResourceUse, VersionId, VersionRelation,
};

use super::candidate::{confidence_in_use, refuse};
use super::compat::Compat;
use super::merge::{Answer, Verdict, class_of, kind_word, verdicts};
use super::resolve::resolve;
use super::rulings::Rulings;
use super::{LinkError, Result};

/// The number of the shape of a [`Trace`]; counts breaking changes.
const SCHEMA: u32 = 1;

/// How far "posted for" and "returned for" speak for the version.
const POSTED: Confidence = Confidence::from_percent(70);

/// How far a reference that names only a model speaks for it.
const MODEL_ONLY: Confidence = Confidence::from_percent(50);

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
    pub distance: Option<u32>,
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

/// Traces an image of the catalog.
///
/// # Errors
///
/// [`LinkError::NoImage`]; [`LinkError::Catalog`].
pub fn trace(
    catalog: &Catalog,
    target: &str,
    image: ImageKey,
    via: Via,
    distance: Option<u32>,
) -> Result<Trace> {
    let facts = catalog.image_facts(image)?.ok_or(LinkError::NoImage { image })?;
    let rulings = Rulings::of(&catalog.decisions()?);
    let own = rulings.on_image(&facts.name);
    let answers: Vec<Answer> = catalog
        .uses_of(&facts)?
        .into_iter()
        .map(|used| Ok(answer(refuse(catalog.links_of(used.resource.id)?, &own.refused), used)))
        .collect::<Result<_>>()?;
    let mut trace = assemble(catalog, target, via, &answers, Some(&facts), &rulings)?;
    trace.distance = distance;
    Ok(trace)
}

/// Traces metadata that is not in the catalog: the resources that were just read from a file.
///
/// # Errors
///
/// [`LinkError::Catalog`].
pub fn trace_uses(catalog: &Catalog, target: &str, uses: &[ResourceUse]) -> Result<Trace> {
    let resources: Vec<_> = uses.iter().map(|used| used.resource.clone()).collect();
    let answers: Vec<Answer> = uses
        .iter()
        .zip(resolve(catalog, &resources)?)
        .map(|(used, links)| Answer {
            resource: used.resource.clone(),
            weight: used.weight.filter(|weight| weight.is_finite()),
            sources: used.sources,
            links,
        })
        .collect();
    assemble(catalog, target, Via::Metadata, &answers, None, &Rulings::of(&catalog.decisions()?))
}

fn answer(links: Vec<Link>, used: UseFacts) -> Answer {
    Answer { resource: used.resource.resource, weight: used.weight, sources: used.sources, links }
}

fn assemble(
    catalog: &Catalog,
    target: &str,
    via: Via,
    answers: &[Answer],
    image: Option<&ImageFacts>,
    rulings: &Rulings,
) -> Result<Trace> {
    let own = image.map(|image| rulings.on_image(&image.name)).unwrap_or_default();
    let posted = image.map(|image| catalog.posted_for(image.key)).transpose()?.unwrap_or_default();
    let versions: Vec<VersionId> = posted.iter().map(|posted| posted.version).collect();
    let mut titles = Titles { catalog, known: BTreeMap::new() };
    let file = image.is_none_or(|image| matches!(image.name, ImageName::Path(_)));
    let resources = answers
        .iter()
        .map(|answer| {
            let mut decisions = rulings.on(&answer.resource).decisions;
            decisions.extend(own.decisions.clone());
            let mut resource = resource(catalog, &mut titles, answer, &decisions)?;
            resource.origins = Origin::of(answer.sources, file);
            Ok(resource)
        })
        .collect::<Result<_>>()?;
    let mut posted_for = Vec::new();
    for posted in posted {
        let (model, version_name, model_name) = titles.of(posted.version)?;
        let evidence = match posted.relation {
            VersionRelation::Posted => Evidence::PostedFor,
            VersionRelation::Returned => Evidence::ReturnedFor,
        };
        let version = posted.version;
        posted_for.push(TracePosted {
            version,
            model,
            version_name,
            model_name,
            evidence,
            confidence: POSTED,
            class: EvidenceClass::C1,
        });
    }
    let parent = image.and_then(|image| image.remix_of);
    Ok(Trace {
        schema: SCHEMA,
        target: target.to_owned(),
        image: image.map(|image| ImageRef(image.name.clone())),
        via,
        distance: None,
        state: image.map_or(MetaState::Present, |image| image.meta),
        resources,
        posted_for,
        made_from: parent
            .map(|key| TraceParent { image: key.get(), evidence: "remix_of" })
            .into_iter()
            .collect(),
        verdicts: verdicts(answers, &versions),
        compat: None,
    })
}

fn resource(
    catalog: &Catalog,
    titles: &mut Titles<'_>,
    answer: &Answer,
    decisions: &BTreeMap<VersionId, String>,
) -> Result<TraceResource> {
    let written = &answer.resource;
    let mut links = Vec::with_capacity(answer.links.len());
    for link in &answer.links {
        let (model, version_name, model_name) = titles.of(link.version)?;
        links.push(TraceLink {
            version: link.version,
            model,
            version_name,
            model_name,
            evidence: link.evidence,
            raw: link.raw.clone(),
            confidence: confidence_in_use(link, answer.sources),
            rank: link.rank,
            lost: link.lost,
            note: former(catalog, link)?,
            class: class_of(written, link, answer.sources),
            decision: decisions.get(&link.version).cloned(),
        });
    }
    let model_only = written.air.filter(|air| air.version.is_none() && written.version.is_none());
    let junk = written.hash.as_ref().and_then(HexHash::junk).map(|_| Note::JunkHash);
    Ok(TraceResource {
        kind: written.kind,
        name: written.name.clone(),
        hash: written.hash.clone(),
        weight: answer.weight,
        sources: answer.sources.names().collect(),
        origins: Vec::new(),
        model: model_only.map(|air| air.model),
        model_confidence: model_only.map(|_| MODEL_ONLY),
        note: model_only.map(|_| Note::ModelOnly).or(junk),
        links,
    })
}

/// Whether the file behind a link by hash is gone from its version.
fn former(catalog: &Catalog, link: &Link) -> Result<Option<Note>> {
    let by_hash = match link.evidence {
        Evidence::Sha256
        | Evidence::Blake3
        | Evidence::Autov3
        | Evidence::Autov2
        | Evidence::Sha256Prefix
        | Evidence::Autov1
        | Evidence::Crc32 => true,
        Evidence::Decision
        | Evidence::VersionId
        | Evidence::Air
        | Evidence::PostedFor
        | Evidence::ReturnedFor
        | Evidence::Name => false,
    };
    let gone = by_hash && !catalog.lists_hash(link.version, &link.raw)?;
    Ok(gone.then_some(Note::FormerFile))
}

/// Titles of versions, each read once.
struct Titles<'a> {
    catalog: &'a Catalog,
    known: BTreeMap<VersionId, Option<VersionTitle>>,
}

impl Titles<'_> {
    /// Model, title of the version, title of the model.
    fn of(&mut self, version: VersionId) -> Result<(Option<ModelId>, Option<String>, Option<String>)> {
        if !self.known.contains_key(&version) {
            self.known.insert(version, self.catalog.version_title(version)?);
        }
        let title = self.known.get(&version).and_then(Option::as_ref);
        Ok(title
            .map_or((None, None, None), |title| (title.model, title.name.clone(), title.model_name.clone())))
    }
}

fn state_word<S: Serializer>(state: &MetaState, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(state.as_str())
}

#[cfg(test)]
mod tests;
