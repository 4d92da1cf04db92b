//! What a query says of models, as the resources that images name: late binding, at the time of the query.

use stemmata_index::query::{Ask, Found, Resolver, ResourceField, SamplerName, Unanswered};

use super::asked;
use super::kinship::Kinship;

use crate::catalog::{Catalog, Result};
use crate::entity::{HexHash, ModelId, ResourceKind, VersionId, canonical_sampler};

/// Looks models, versions, hashes, creators and tags up in the catalog.
#[derive(Clone, Copy)]
pub struct CatalogResolver<'c> {
    catalog: &'c Catalog,
    kinship: Option<&'c dyn Kinship>,
}

impl<'c> CatalogResolver<'c> {
    /// Answers from this catalog, as it is at the time of each question.
    pub fn new(catalog: &'c Catalog) -> Self {
        Self { catalog, kinship: None }
    }

    /// Answers questions of copies and look-alikes from this table as well.
    #[must_use]
    pub fn with_kinship(self, kinship: &'c dyn Kinship) -> Self {
        Self { kinship: Some(kinship), ..self }
    }

    /// The catalog that it asks.
    pub fn catalog(&self) -> &'c Catalog {
        self.catalog
    }

    fn look_up(&self, field: ResourceField, value: &str) -> Result<Vec<u64>> {
        if let Some((kind, types)) = role(field) {
            return self.catalog.resources_for_typed_name(value, kind, types);
        }
        match field {
            ResourceField::Version => self.by(number(value).and_then(VersionId::new), |version| {
                self.catalog.resources_for_version(version)
            }),
            ResourceField::ModelId => {
                self.by(number(value).and_then(ModelId::new), |model| self.catalog.resources_for_model(model))
            }
            ResourceField::Hash => {
                self.by(HexHash::parse(value), |hash| self.catalog.resources_for_hash(&hash))
            }
            ResourceField::Air => self.by(air(value), |(model, version)| match version {
                Some(version) => self.catalog.resources_for_version(version),
                None => self.catalog.resources_for_model(model),
            }),
            ResourceField::Creator => self.catalog.resources_for_creator(value),
            ResourceField::Tag => self.catalog.resources_for_model_tag(value),
            _ => self.catalog.resources_for_name(value),
        }
    }

    fn by<T>(&self, wanted: Option<T>, find: impl Fn(T) -> Result<Vec<u64>>) -> Result<Vec<u64>> {
        wanted.map_or_else(|| Ok(Vec::new()), find)
    }
}

impl Resolver for CatalogResolver<'_> {
    fn resources(&self, field: ResourceField, value: &str) -> std::result::Result<Vec<u64>, String> {
        self.look_up(field, value).map_err(|error| error.to_string())
    }

    fn sampler(&self, text: &str) -> SamplerName {
        let name = canonical_sampler(text);
        SamplerName { sampler: name.sampler, scheduler: name.scheduler }
    }

    fn resources_of_kind(&self, field: ResourceField) -> std::result::Result<Vec<u64>, String> {
        let Some((kind, types)) = role(field) else { return Ok(Vec::new()) };
        self.catalog.resources_of_kind(kind, types).map_err(|error| error.to_string())
    }

    fn look_up(&self, ask: &Ask) -> std::result::Result<Found, Unanswered> {
        asked::answer(self.catalog, self.kinship, ask)
    }
}

/// Reads the end of an AIR of the site: `civitai:MODEL` or `civitai:MODEL@VERSION`, whatever follows the numbers.
fn air(text: &str) -> Option<(ModelId, Option<VersionId>)> {
    let lower = text.trim().to_ascii_lowercase();
    let (_, ids) = lower.rsplit_once("civitai:")?;
    let (model, version) = ids.split_once('@').map_or((ids, None), |(model, rest)| (model, Some(rest)));
    let digits = |text: &str| number(text.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default());
    Some((ModelId::new(digits(model)?)?, version.and_then(digits).and_then(VersionId::new)))
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The kind of resource and the site's types of models that a field for one role means.
pub(super) fn role(field: ResourceField) -> Option<(ResourceKind, &'static [&'static str])> {
    match field {
        ResourceField::Model => Some((ResourceKind::Model, &["Checkpoint", "UNet"])),
        ResourceField::Lora => Some((ResourceKind::Lora, &["LORA", "LoCon", "DoRA", "LyCORIS"])),
        ResourceField::Embedding => Some((ResourceKind::Embedding, &["TextualInversion"])),
        ResourceField::Hypernetwork => Some((ResourceKind::Hypernetwork, &["Hypernetwork"])),
        ResourceField::Vae => Some((ResourceKind::Vae, &["VAE"])),
        ResourceField::Controlnet => Some((ResourceKind::Controlnet, &["Controlnet"])),
        ResourceField::Upscaler => Some((ResourceKind::Upscaler, &["Upscaler"])),
        _ => None,
    }
}
