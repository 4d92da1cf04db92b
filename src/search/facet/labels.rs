//! Resources by what they are called today: each that occurs among the matches is looked up once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use stemmata_index::query::{Query, Resolver, ResourceField};
use stemmata_index::{Facts, Reader};

use super::FacetKind;
use super::numbered::{NumberSet, NumberTable};
use crate::catalog::{Catalog, NamedResource};
use crate::entity::{ModelId, VersionId};
use crate::search::SearchError;
use crate::search::resolve::role;

/// Asking for a single resource costs as much as reading so many one after the other.
const SINGLE_COST: u64 = 4;

/// What a resource is to an image, or what hangs on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Checkpoints.
    Model,
    /// LoRA and its relatives.
    Lora,
    /// Textual inversions.
    Embedding,
    /// VAEs.
    Vae,
    /// ControlNets.
    Controlnet,
    /// Upscalers.
    Upscaler,
    /// Resources of every kind.
    Resource,
    /// Tags of the models that stand for its resources.
    Tag,
    /// Who published them.
    Creator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 9] = [
        Self::Model,
        Self::Lora,
        Self::Embedding,
        Self::Vae,
        Self::Controlnet,
        Self::Upscaler,
        Self::Resource,
        Self::Tag,
        Self::Creator,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Lora => "lora",
            Self::Embedding => "embedding",
            Self::Vae => "vae",
            Self::Controlnet => "controlnet",
            Self::Upscaler => "upscaler",
            Self::Resource => "resource",
            Self::Tag => "tag",
            Self::Creator => "creator",
        }
    }

    /// The field of a query that asks for the same; `None` where every kind is meant.
    fn field(self) -> Option<ResourceField> {
        match self {
            Self::Model => Some(ResourceField::Model),
            Self::Lora => Some(ResourceField::Lora),
            Self::Embedding => Some(ResourceField::Embedding),
            Self::Vae => Some(ResourceField::Vae),
            Self::Controlnet => Some(ResourceField::Controlnet),
            Self::Upscaler => Some(ResourceField::Upscaler),
            Self::Resource | Self::Tag | Self::Creator => None,
        }
    }

    /// Whether a resource has this role: by the type of the model that stands for it, else as metadata says.
    fn holds(self, resource: &NamedResource) -> bool {
        let Some((kind, types)) = self.field().and_then(role) else { return true };
        match resource.linked.as_ref().and_then(|linked| linked.model_kind.as_deref()) {
            Some(known) => types.contains(&known),
            None => resource.kind == kind,
        }
    }
}

/// One thing that is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Label {
    pub(super) text: String,
    pub(super) version: Option<VersionId>,
    pub(super) model: Option<ModelId>,
}

/// The labels of all resources that occur, by role.
pub(super) struct Labels {
    all: Vec<Label>,
    /// For each role that is asked for, the labels of each resource.
    by_role: Vec<(Role, NumberTable)>,
}

impl Labels {
    /// Looks up what is needed for these facets: nothing where none of them is about resources.
    pub(super) fn of(
        catalog: &Catalog,
        reader: &Reader,
        resolver: &dyn Resolver,
        query: &Query,
        kinds: &[FacetKind],
    ) -> Result<Self, SearchError> {
        let mut labels = Self { all: Vec::new(), by_role: Vec::new() };
        let mut known = HashMap::new();
        for kind in kinds {
            if let FacetKind::Named(role) = kind
                && !labels.by_role.iter().any(|(other, _)| other == role)
            {
                labels.by_role.push((*role, NumberTable::default()));
            }
        }
        if labels.by_role.is_empty() {
            return Ok(labels);
        }
        let wanted = occurring(reader, resolver, query)?;
        let mut models = HashMap::new();
        if wanted.len().saturating_mul(SINGLE_COST) < catalog.last_resource()? {
            for resource in wanted.iter() {
                if let Some(named) = catalog.named_resource(resource)? {
                    labels.add(catalog, resource, &named, (&mut known, &mut models))?;
                }
            }
            return Ok(labels);
        }
        catalog.for_each_called_resource(|resource, named| -> Result<(), SearchError> {
            if wanted.contains(resource) {
                labels.add(catalog, resource, &named, (&mut known, &mut models))?;
            }
            Ok(())
        })?;
        Ok(labels)
    }

    fn add(
        &mut self,
        catalog: &Catalog,
        resource: u64,
        named: &NamedResource,
        (known, models): (&mut HashMap<Label, u32>, &mut HashMap<ModelId, OfModel>),
    ) -> Result<(), SearchError> {
        let all = &mut self.all;
        let mut number = |label: Label| {
            *known.entry(label).or_insert_with_key(|label| {
                all.push(label.clone());
                u32::try_from(all.len() - 1).unwrap_or(u32::MAX)
            })
        };
        for (role, of_resource) in &mut self.by_role {
            let labels = match role {
                Role::Tag | Role::Creator => hanging(catalog, named, *role, models)?,
                _ if role.holds(named) => vec![label(named)],
                _ => Vec::new(),
            };
            if !labels.is_empty() {
                of_resource.insert(resource, labels.into_iter().map(&mut number).collect());
            }
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn all(&self) -> &[Label] {
        &self.all
    }

    /// The labels of an image in a role, each once, ascending.
    pub(super) fn of_image<'s>(&self, role: Role, facts: &Facts<'_>, seen: &'s mut Vec<u32>) -> &'s [u32] {
        seen.clear();
        let Some((_, of_resource)) = self.by_role.iter().find(|(known, _)| *known == role) else {
            return seen;
        };
        for used in facts.resources {
            seen.extend(of_resource.get(used.id));
        }
        seen.sort_unstable();
        seen.dedup();
        seen
    }
}

/// The resources of all matches.
fn occurring(reader: &Reader, resolver: &dyn Resolver, query: &Query) -> Result<NumberSet, SearchError> {
    Ok(reader.fold(
        resolver,
        query,
        NumberSet::default,
        |set, facts| facts.resources.iter().for_each(|used| set.insert(used.id)),
        NumberSet::merge,
    )?)
}

fn label(named: &NamedResource) -> Label {
    match &named.linked {
        Some(linked) => Label { text: linked.title(), version: Some(linked.version), model: linked.model },
        None => Label { text: named.written.clone().unwrap_or_default(), version: None, model: None },
    }
}

/// Tags and publisher of a model.
type OfModel = (Vec<String>, Option<String>);

fn hanging(
    catalog: &Catalog,
    named: &NamedResource,
    role: Role,
    models: &mut HashMap<ModelId, OfModel>,
) -> Result<Vec<Label>, SearchError> {
    let Some(model) = named.linked.as_ref().and_then(|linked| linked.model) else { return Ok(Vec::new()) };
    let (tags, creator) = match models.entry(model) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(unknown) => unknown.insert(catalog.labels_of_model(model)?),
    };
    let texts: Vec<String> = match role {
        // The site's tags differ in case alone at times, and a query does not tell them apart.
        Role::Tag => tags.iter().map(|tag| tag.to_lowercase()).collect(),
        _ => creator.iter().cloned().collect(),
    };
    let label = |text: String| Label { text, version: None, model: None };
    let mut labels: Vec<Label> = texts.into_iter().map(label).collect();
    labels.sort_unstable();
    labels.dedup();
    Ok(labels)
}
