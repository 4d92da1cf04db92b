//! `export links`: which image was made with, posted for or made from what, with the evidence.
//!
//! First everything an image was made with, by image, resource and rank; then by image what it was posted for
//! and made from.

use serde::Serialize;
use stemmata::catalog::{Catalog, ImageLink};
use stemmata::entity::{
    Confidence, Evidence, EvidenceClass, HexHash, ImageId, ImageKey, ImageName, LostReason, ModelId,
    Relation, ResourceKind, VersionId, VersionRelation,
};
use stemmata::link::{ImageRefusals, class_of, confidence_in_use};

use super::failure::Failure;
use super::names::called;
use super::output::{Column, Row, Rows};

/// How far "posted for" and "returned for" speak for the version, as `trace` has it.
const POSTED: Confidence = Confidence::from_percent(70);

/// Prints every link.
pub(crate) fn links(catalog: &Catalog, mut rows: Rows<LinkRow>) -> Result<(), Failure> {
    made_with(catalog, &mut rows)?;
    posted_and_made_from(catalog, &mut rows)?;
    rows.finish_without_summary()
}

fn made_with(catalog: &Catalog, rows: &mut Rows<LinkRow>) -> Result<(), Failure> {
    let refusals = ImageRefusals::of(catalog)?;
    let mut candidates =
        Candidates { names: Names { catalog, last: None }, refusals, rows, pending: Vec::new() };
    let mut outcome = Ok(());
    catalog.for_each_image_link(|found| {
        if outcome.is_ok() {
            outcome = candidates.take(found);
        }
    })?;
    outcome?;
    candidates.flush()
}

/// The candidates of one resource in one image, held until all of them are there.
struct Candidates<'a> {
    names: Names<'a>,
    refusals: ImageRefusals,
    rows: &'a mut Rows<LinkRow>,
    pending: Vec<ImageLink>,
}

impl Candidates<'_> {
    fn take(&mut self, found: ImageLink) -> Result<(), Failure> {
        let same = |last: &ImageLink| last.image == found.image && last.resource.id == found.resource.id;
        if self.pending.last().is_some_and(|last| !same(last)) {
            self.flush()?;
        }
        self.pending.push(found);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let Some(first) = self.pending.first() else { return Ok(()) };
        let image = self.names.of(first.image)?;
        self.refusals.apply(&image, &mut self.pending);
        for found in self.pending.drain(..) {
            self.rows.push(&LinkRow::made_with(image.clone(), found))?;
        }
        Ok(())
    }
}

fn posted_and_made_from(catalog: &Catalog, rows: &mut Rows<LinkRow>) -> Result<(), Failure> {
    let mut names = Names { catalog, last: None };
    catalog.for_each_image(|image| {
        for posted in catalog.posted_for(image.key)? {
            let evidence = match posted.relation {
                VersionRelation::Posted => Evidence::PostedFor,
                VersionRelation::Returned => Evidence::ReturnedFor,
            };
            let title = catalog.version_title(posted.version)?;
            rows.push(&LinkRow {
                image: names.of(image.key)?,
                resource: None,
                version: Some(posted.version),
                model: title.and_then(|title| title.model),
                made_from: None,
                relation: Relation::PostedFor.as_str(),
                evidence: evidence.as_str(),
                raw: posted.version.to_string(),
                confidence: POSTED,
                rank: 1,
                class: Some(EvidenceClass::C1),
                lost: None,
                sources: Vec::new(),
            })?;
        }
        if let Some(parent) = image.remix_of {
            rows.push(&LinkRow {
                image: names.of(image.key)?,
                resource: None,
                version: None,
                model: None,
                made_from: Some(parent),
                relation: Relation::MadeFrom.as_str(),
                evidence: "remix_of",
                raw: parent.to_string(),
                confidence: Confidence::from_percent(100),
                rank: 1,
                class: None,
                lost: None,
                sources: Vec::new(),
            })?;
        }
        Ok::<(), Failure>(())
    })
}

/// Names of images, the last one kept: links come in the order of their images.
struct Names<'a> {
    catalog: &'a Catalog,
    last: Option<(ImageKey, ImageName)>,
}

impl Names<'_> {
    fn of(&mut self, key: ImageKey) -> Result<ImageName, Failure> {
        if let Some(id) = key.site_id() {
            return Ok(ImageName::Site(id));
        }
        if let Some((_, name)) = self.last.as_ref().filter(|(last, _)| *last == key) {
            return Ok(name.clone());
        }
        let name = self.catalog.named_image(key)?.map(|image| image.name);
        let name = name.unwrap_or_else(|| ImageName::Url(key.get().to_string()));
        self.last = Some((key, name.clone()));
        Ok(name)
    }
}

/// One candidate of one use, or one other relation.
#[derive(Serialize)]
pub(crate) struct LinkRow {
    #[serde(serialize_with = "called")]
    image: ImageName,
    resource: Option<Written>,
    version: Option<VersionId>,
    model: Option<ModelId>,
    made_from: Option<ImageId>,
    relation: &'static str,
    evidence: &'static str,
    raw: String,
    confidence: Confidence,
    rank: u32,
    /// Class of the evidence; null for what an image was made from.
    class: Option<EvidenceClass>,
    /// Why it is not the representative.
    lost: Option<LostReason>,
    /// The places of the metadata that name the resource, most reliable first.
    sources: Vec<&'static str>,
}

#[derive(Serialize)]
struct Written {
    kind: &'static str,
    name: Option<String>,
    hash: Option<HexHash>,
}

impl LinkRow {
    fn made_with(image: ImageName, found: ImageLink) -> Self {
        let confidence = confidence_in_use(&found.link, found.sources);
        let class = class_of(&found.resource.resource, &found.link, found.sources);
        let resource = found.resource.resource;
        let kind = ResourceKind::as_str(resource.kind);
        Self {
            image,
            resource: Some(Written { kind, name: resource.name, hash: resource.hash }),
            version: Some(found.link.version),
            model: found.model,
            made_from: None,
            relation: Relation::MadeWith.as_str(),
            evidence: found.link.evidence.as_str(),
            raw: found.link.raw,
            confidence,
            rank: found.link.rank,
            class: Some(class),
            lost: found.link.lost,
            sources: found.sources.names().collect(),
        }
    }
}

impl Row for LinkRow {
    const COLUMNS: &'static [Column] = &[
        Column::right("image"),
        Column::left("relation"),
        Column::right("version"),
        Column::right("model"),
        Column::right("made_from"),
        Column::left("evidence"),
        Column::right("confidence"),
        Column::right("rank"),
        Column::left("kind"),
        Column::flexible("name"),
        Column::flexible("hash"),
        Column::flexible("raw"),
        Column::left("class"),
        Column::left("lost"),
    ];

    fn cells(&self) -> Vec<String> {
        let number = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
        let written = self.resource.as_ref();
        vec![
            self.image.to_string(),
            self.relation.to_owned(),
            number(self.version.map(VersionId::get)),
            number(self.model.map(ModelId::get)),
            number(self.made_from.map(ImageId::get)),
            self.evidence.to_owned(),
            self.confidence.as_f64().to_string(),
            self.rank.to_string(),
            written.map(|written| written.kind.to_owned()).unwrap_or_default(),
            written.and_then(|written| written.name.clone()).unwrap_or_default(),
            written.and_then(|written| written.hash.as_ref()).map(ToString::to_string).unwrap_or_default(),
            self.raw.clone(),
            self.class.map(EvidenceClass::as_str).unwrap_or_default().to_owned(),
            self.lost.map(LostReason::as_str).unwrap_or_default().to_owned(),
        ]
    }

    fn handles(&self) -> Vec<String> {
        vec![self.image.to_string()]
    }
}
