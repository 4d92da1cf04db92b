//! One image of the catalog as one flat document.

use std::collections::HashMap;
use std::sync::Arc;

use stemmata_index::{Document, DocumentResource, DocumentTraits, NameKind};

use crate::catalog::{Catalog, ChangedImage, Result};
use crate::entity::{ResourceKind, Traits};

/// Resources whose names are remembered; beyond that the memory starts afresh. About 100 bytes each.
const MAX_REMEMBERED: usize = 2_000_000;

/// A role and, where there is one, a name as metadata writes it.
type Name = (NameKind, Option<Arc<str>>);

/// Remembers the role and name of resources; they never change.
#[derive(Debug, Default)]
pub(super) struct ResourceNames(HashMap<i64, Option<Name>>);

impl ResourceNames {
    /// The role of a resource and what metadata calls it; `None` for a resource that is not there.
    fn of(&mut self, resource: i64, catalog: &Catalog) -> Result<Option<Name>> {
        if let Some(known) = self.0.get(&resource) {
            return Ok(known.clone());
        }
        if self.0.len() >= MAX_REMEMBERED {
            self.0.clear();
        }
        let found =
            catalog.resource_name(resource)?.map(|(kind, name)| (name_kind(kind), name.map(Arc::from)));
        self.0.insert(resource, found.clone());
        Ok(found)
    }
}

/// Flattens an image; `names` and `catalog` supply the names of its resources.
pub(super) fn flatten(
    image: &ChangedImage,
    names: &mut ResourceNames,
    catalog: &Catalog,
) -> Result<Document> {
    let row = &image.row;
    let data = &row.generation_data;
    let mut written = Vec::new();
    let mut model = None;
    for used in &image.resources {
        let Some((kind, name)) = names.of(used.resource, catalog)? else { continue };
        if kind == NameKind::Model && model.is_none() {
            model = u64::try_from(used.resource).ok();
        }
        if let Some(name) = name {
            written.push((kind, name.to_string()));
        }
    }
    Ok(Document {
        key: row.key.get(),
        image: row.key.site_id().map(|id| id.get()),
        media: u64::try_from(row.media).ok(),
        prompt: data.prompt.clone(),
        negative: data.negative_prompt.clone(),
        names: written,
        resources: image
            .resources
            .iter()
            .filter_map(|used| {
                let id = u64::try_from(used.resource).ok()?;
                Some(DocumentResource { id, weight: used.weight })
            })
            .collect(),
        model,
        posted_for: image.posted_for.iter().map(|version| version.get()).collect(),
        sampler: data.sampler.clone(),
        scheduler: data.scheduler.clone(),
        base_model: row.base_model.clone(),
        username: row.username.clone(),
        tool: data.tool.clone(),
        media_type: row.media_type.map(|kind| kind.as_str().to_owned()),
        source: Some(image.source.to_owned()),
        created_ms: row.created_at.or(row.published_at).map(|at| at.as_millis()),
        width: image.width.map(u64::from),
        height: image.height.map(u64::from),
        steps: data.steps.map(u64::from),
        clip_skip: data.clip_skip.map(u64::from),
        post: row.post.map(|post| post.get()),
        nsfw_bits: row.nsfw_level.map(|level| u64::from(level.bits())),
        likes: row.stats.map(|stats| stats.likes),
        reactions: row.stats.map(|stats| stats.reactions()),
        comments: row.stats.map(|stats| stats.comments),
        cfg: data.cfg,
        denoise: data.denoise,
        seed: data.seed.map(indexed_seed),
        upscale_percent: data.upscale_percent(image.width, image.height).map(u64::from),
        traits: data.traits.map(indexed_traits),
    })
}

/// The index counts seeds in signed 64 bits: one beyond them is found as the nearest, and known exactly by the catalog.
fn indexed_seed(seed: i128) -> i64 {
    let nearest = seed.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    i64::try_from(nearest).unwrap_or(i64::MAX)
}

fn indexed_traits(traits: Traits) -> DocumentTraits {
    DocumentTraits {
        workflow: traits.has(Traits::WORKFLOW),
        c2pa: traits.has(Traits::C2PA),
        trained: traits.has(Traits::TRAINED),
    }
}

fn name_kind(kind: ResourceKind) -> NameKind {
    match kind {
        ResourceKind::Model => NameKind::Model,
        ResourceKind::Lora => NameKind::Lora,
        ResourceKind::Embedding => NameKind::Embedding,
        ResourceKind::Hypernetwork => NameKind::Hypernetwork,
        ResourceKind::Vae => NameKind::Vae,
        ResourceKind::Controlnet => NameKind::Controlnet,
        ResourceKind::Upscaler => NameKind::Upscaler,
        ResourceKind::Unknown | ResourceKind::Other => NameKind::Other,
    }
}
