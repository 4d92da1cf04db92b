//! Traces, one after another, with what they have in common read once.

use std::collections::{BTreeMap, HashMap};

use crate::catalog::{Catalog, ImageFacts, UseFacts, VersionTitle};
use crate::entity::{
    Confidence, Evidence, EvidenceClass, HexHash, ImageId, ImageKey, ImageName, Link, MetaState,
    PublishState, ResourceUse, VersionId, VersionRelation,
};
use crate::link::candidate::{confidence_in_use, refuse};
use crate::link::merge::{Answer, class_of, verdicts};
use crate::link::resolve::resolve;
use crate::link::rulings::Rulings;
use crate::link::{LinkError, Result};

use super::{ImageRef, Note, Origin, SCHEMA, Trace, TraceLink, TraceParent, TracePosted, TraceResource, Via};

/// How far "posted for" and "returned for" speak for the version.
const POSTED: Confidence = Confidence::from_percent(70);

/// How far a reference that names only a model speaks for it.
const MODEL_ONLY: Confidence = Confidence::from_percent(50);

/// Facts kept of each kind before they are read again: a bound on memory, not on answers.
const MOST_KEPT: usize = 1 << 16;

/// What was just read from a file.
#[derive(Clone, Copy, Debug)]
pub struct Spoken<'a> {
    /// The resources that it names, each once.
    pub uses: &'a [ResourceUse],
    /// The image that it was remixed from.
    pub remix_of: Option<ImageId>,
    /// The image of the catalog that the file is, if it is one.
    pub image: Option<ImageKey>,
}

/// Traces many images of one catalog.
///
/// Decisions are those of the moment when it was made; titles and files are read once and kept.
pub struct Tracer<'a> {
    catalog: &'a Catalog,
    rulings: Rulings,
    titles: HashMap<VersionId, Option<VersionTitle>>,
    listed: HashMap<(VersionId, String), bool>,
}

impl<'a> Tracer<'a> {
    /// Reads the decisions.
    ///
    /// # Errors
    ///
    /// [`LinkError::Catalog`].
    pub fn new(catalog: &'a Catalog) -> Result<Self> {
        let rulings = Rulings::of(&catalog.decisions()?);
        Ok(Self { catalog, rulings, titles: HashMap::new(), listed: HashMap::new() })
    }

    /// Traces an image of the catalog, as of one moment.
    ///
    /// # Errors
    ///
    /// [`LinkError::NoImage`]; [`LinkError::Catalog`].
    pub fn image(&mut self, target: &str, image: ImageKey, via: Via, distance: Option<f64>) -> Result<Trace> {
        let catalog = self.catalog;
        catalog.as_of_one_moment(|| {
            let facts = catalog.image_facts(image)?.ok_or(LinkError::NoImage { image })?;
            let refused = self.rulings.on_image(&facts.name).refused;
            let answers: Vec<Answer> = catalog
                .uses_of(&facts)?
                .into_iter()
                .map(|used| Ok(answer(refuse(catalog.links_of(used.resource.id)?, &refused), used)))
                .collect::<Result<_>>()?;
            let mut trace = self.assemble(target, via, &answers, Some(&facts), facts.remix_of)?;
            trace.distance = distance;
            Ok(trace)
        })
    }

    /// Traces what was just read from a file, linked as the catalog can link it now.
    ///
    /// # Errors
    ///
    /// [`LinkError::Catalog`].
    pub fn spoken(&mut self, target: &str, spoken: &Spoken<'_>) -> Result<Trace> {
        let catalog = self.catalog;
        catalog.as_of_one_moment(|| {
            let facts = spoken.image.map(|image| catalog.image_facts(image)).transpose()?.flatten();
            let refused =
                facts.as_ref().map(|facts| self.rulings.on_image(&facts.name).refused).unwrap_or_default();
            let resources: Vec<_> = spoken.uses.iter().map(|used| used.resource.clone()).collect();
            let answers: Vec<Answer> = spoken
                .uses
                .iter()
                .zip(resolve(catalog, &resources)?)
                .map(|(used, links)| Answer {
                    resource: used.resource.clone(),
                    weight: used.weight.filter(|weight| weight.is_finite()),
                    sources: used.sources,
                    links: refuse(links, &refused),
                })
                .collect();
            let parent = spoken.remix_of.map(ImageKey::from);
            let mut trace = self.assemble(target, Via::Metadata, &answers, facts.as_ref(), parent)?;
            trace.state = MetaState::Present;
            Ok(trace)
        })
    }

    fn assemble(
        &mut self,
        target: &str,
        via: Via,
        answers: &[Answer],
        image: Option<&ImageFacts>,
        parent: Option<ImageKey>,
    ) -> Result<Trace> {
        let own = image.map(|image| self.rulings.on_image(&image.name).decisions).unwrap_or_default();
        let posted = image.map(|image| self.catalog.posted_for(image.key)).transpose()?.unwrap_or_default();
        let versions: Vec<VersionId> = posted.iter().map(|posted| posted.version).collect();
        let is_file = image.is_none_or(|image| matches!(image.name, ImageName::Path(_)));
        let mut resources = Vec::with_capacity(answers.len());
        for answer in answers {
            let mut decisions = self.rulings.on(&answer.resource).decisions;
            decisions.extend(own.clone());
            let mut resource = self.resource(answer, &decisions)?;
            resource.origins = Origin::of(answer.sources, is_file);
            resources.push(resource);
        }
        let mut posted_for = Vec::with_capacity(posted.len());
        for posted in posted {
            let title = self.title(posted.version)?;
            posted_for.push(TracePosted {
                version: posted.version,
                model: title.and_then(|title| title.model),
                version_name: title.and_then(|title| title.name.clone()),
                model_name: title.and_then(|title| title.model_name.clone()),
                evidence: match posted.relation {
                    VersionRelation::Posted => Evidence::PostedFor,
                    VersionRelation::Returned => Evidence::ReturnedFor,
                },
                confidence: POSTED,
                class: EvidenceClass::C1,
            });
        }
        Ok(Trace {
            schema: SCHEMA,
            target: target.to_owned(),
            image: image.map(|image| ImageRef(image.name.clone())),
            via,
            distance: None,
            verified: via.is_certain(),
            others: Vec::new(),
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
        &mut self,
        answer: &Answer,
        decisions: &BTreeMap<VersionId, String>,
    ) -> Result<TraceResource> {
        let written = &answer.resource;
        let mut links = Vec::with_capacity(answer.links.len());
        for link in &answer.links {
            let note = self.former(link)?;
            let title = self.title(link.version)?;
            links.push(TraceLink {
                version: link.version,
                model: title.and_then(|title| title.model),
                version_name: title.and_then(|title| title.name.clone()),
                model_name: title.and_then(|title| title.model_name.clone()),
                evidence: link.evidence,
                raw: link.raw.clone(),
                confidence: confidence_in_use(link, answer.sources),
                rank: link.rank,
                lost: link.lost,
                note,
                class: class_of(written, link, answer.sources),
                decision: decisions.get(&link.version).cloned(),
                state: title.map_or(PublishState::Unknown, |title| title.state),
            });
        }
        let model_only = written.air.filter(|air| air.version.is_none() && written.version.is_none());
        let junk = written.hash.as_ref().and_then(HexHash::junk).map(|_| Note::JunkHash);
        Ok(TraceResource {
            kind: written.kind,
            name: written.name.clone(),
            hash: written.hash.clone(),
            version: written.version,
            air: written.air.map(|air| air.to_string()),
            weight: answer.weight,
            sources: answer.sources.names().collect(),
            origins: Vec::new(),
            model: model_only.map(|air| air.model),
            model_confidence: model_only.map(|_| MODEL_ONLY),
            note: model_only.map(|_| Note::ModelOnly).or(junk),
            links,
            why: None,
        })
    }

    /// Whether the file behind a link by hash is gone from its version.
    fn former(&mut self, link: &Link) -> Result<Option<Note>> {
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
        if !by_hash {
            return Ok(None);
        }
        let key = (link.version, link.raw.clone());
        if let Some(listed) = self.listed.get(&key) {
            return Ok((!listed).then_some(Note::FormerFile));
        }
        let listed = self.catalog.lists_hash(link.version, &link.raw)?;
        if self.listed.len() >= MOST_KEPT {
            self.listed.clear();
        }
        self.listed.insert(key, listed);
        Ok((!listed).then_some(Note::FormerFile))
    }

    fn title(&mut self, version: VersionId) -> Result<Option<&VersionTitle>> {
        if !self.titles.contains_key(&version) {
            let title = self.catalog.version_title(version)?;
            if self.titles.len() >= MOST_KEPT {
                self.titles.clear();
            }
            self.titles.insert(version, title);
        }
        Ok(self.titles.get(&version).and_then(Option::as_ref))
    }
}

fn answer(links: Vec<Link>, used: UseFacts) -> Answer {
    Answer { resource: used.resource.resource, weight: used.weight, sources: used.sources, links }
}

/// Traces one image of the catalog; for many, [`Tracer`] reads less.
///
/// # Errors
///
/// [`LinkError::NoImage`]; [`LinkError::Catalog`].
pub fn trace(
    catalog: &Catalog,
    target: &str,
    image: ImageKey,
    via: Via,
    distance: Option<f64>,
) -> Result<Trace> {
    Tracer::new(catalog)?.image(target, image, via, distance)
}

/// Traces metadata that is not in the catalog: the resources that were just read from a file.
///
/// # Errors
///
/// [`LinkError::Catalog`].
pub fn trace_uses(catalog: &Catalog, target: &str, uses: &[ResourceUse]) -> Result<Trace> {
    Tracer::new(catalog)?.spoken(target, &Spoken { uses, remix_of: None, image: None })
}
