//! `export links`: which image was made with, posted for or made from what, with the evidence.
//!
//! First everything an image was made with, by image, resource and rank; then by image what it was posted for
//! and made from.

use serde::Serialize;
use stemmata::catalog::{Catalog, ImageLink};
use stemmata::entity::{
    Confidence, Evidence, HexHash, ImageId, ImageKey, ImageName, ModelId, Relation, ResourceKind, VersionId,
    VersionRelation,
};
use stemmata::link::confidence_in_use;

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
    let mut names = Names { catalog, last: None };
    let mut outcome = Ok(());
    catalog.for_each_image_link(|found| {
        if outcome.is_ok() {
            outcome = names.of(found.image).and_then(|image| rows.push(&LinkRow::made_with(image, found)));
        }
    })?;
    outcome
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
        ]
    }

    fn handles(&self) -> Vec<String> {
        vec![self.image.to_string()]
    }
}
