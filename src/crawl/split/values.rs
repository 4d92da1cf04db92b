//! What to split by: versions, accounts, base models and types, from the catalog, the site, or a bundled list.

use serde_json::Value;

use super::Split;
use crate::catalog::Catalog;
use crate::crawl::error::CrawlError;
use crate::crawl::plan::{ImageFilter, Listing};
use crate::crawl::single::{Single, crawl_single};
use crate::entity::{ModelId, VersionId};
use crate::fetch::{Client, FetchError};
use crate::run::RunContext;

/// The site's types of models as of August 2026, in its spelling and order.
pub const MODEL_TYPES: &[&str] = &[
    "Checkpoint",
    "TextualInversion",
    "Hypernetwork",
    "AestheticGradient",
    "LORA",
    "LoCon",
    "DoRA",
    "Controlnet",
    "Upscaler",
    "MotionModule",
    "VAE",
    "TextEncoder",
    "UNet",
    "CLIPVision",
    "Poses",
    "Wildcards",
    "Workflows",
    "ComfyWorkflows",
    "Detection",
    "VisionLanguage",
    "CLIP",
    "LLM",
    "Other",
];

/// Base models that most of the site's models are for, for a site that does not list them.
pub(super) const BASE_MODELS: &[&str] = &[
    "SD 1.4",
    "SD 1.5",
    "SD 1.5 LCM",
    "SD 1.5 Hyper",
    "SD 2.0",
    "SD 2.1",
    "SDXL 0.9",
    "SDXL 1.0",
    "SDXL Lightning",
    "SDXL Hyper",
    "SDXL Turbo",
    "SD 3",
    "SD 3.5",
    "SD 3.5 Large",
    "SD 3.5 Medium",
    "Pony",
    "Illustrious",
    "NoobAI",
    "Flux.1 D",
    "Flux.1 S",
    "Flux.1 Kontext",
    "Chroma",
    "HiDream",
    "Hunyuan 1",
    "Hunyuan Video",
    "Kolors",
    "Lumina",
    "PixArt a",
    "PixArt E",
    "AuraFlow",
    "Stable Cascade",
    "SVD",
    "Wan Video",
    "LTXV",
    "Qwen",
    "Other",
];

/// Most values of one kind that the site's own list may add.
const MAX_LISTED: usize = 2_000;

/// Values to split by, beyond those that the listing itself gives.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    pub(super) versions: Vec<VersionId>,
    pub(super) users: Vec<String>,
    pub(super) base_models: Vec<String>,
    pub(super) types: Vec<String>,
}

/// What `splits` need to know about `listing`.
pub(super) async fn values(
    client: &Client,
    catalog: &mut Catalog,
    listing: &Listing,
    splits: &[Split],
    context: &RunContext,
) -> Result<Values, CrawlError> {
    let mut values = Values::default();
    if let (true, Listing::Images(ImageFilter { model: Some(model), .. })) =
        (splits.contains(&Split::Version), listing)
    {
        values.versions = versions(client, catalog, *model, context).await?;
    }
    if splits.contains(&Split::User) {
        values.users = catalog.known_usernames()?;
    }
    if splits.contains(&Split::BaseModel) || splits.contains(&Split::Type) {
        let listed = enums(client, context).await.map_err(|source| CrawlError::Single {
            what: "the site's list of base models and types".to_owned(),
            report: Box::default(),
            source,
        })?;
        values.base_models = merged(words(&listed, "BaseModel"), catalog.known_base_models()?, BASE_MODELS);
        values.types = merged(words(&listed, "ModelType"), Vec::new(), MODEL_TYPES);
    }
    Ok(values)
}

/// The versions that the site lists for a model and those that the catalog knows besides.
async fn versions(
    client: &Client,
    catalog: &mut Catalog,
    model: ModelId,
    context: &RunContext,
) -> Result<Vec<VersionId>, CrawlError> {
    let asked = crawl_single(client, catalog, &[Single::Model(model)], context).await;
    let known = catalog.versions_of_model(model)?;
    match asked {
        Err(error) if known.is_empty() => Err(error),
        _ => Ok(known),
    }
}

/// The site's own lists; nothing where it has none or gives no object.
async fn enums(client: &Client, context: &RunContext) -> Result<Value, FetchError> {
    match client.get("enums", &[], context).await {
        Ok(body) => Ok(serde_json::from_str(&body.text()).unwrap_or_default()),
        Err(error @ (FetchError::Cancelled | FetchError::BudgetSpent { .. })) => Err(error),
        Err(_) => Ok(Value::Null),
    }
}

fn words(listed: &Value, name: &str) -> Vec<String> {
    let words = listed.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    words.iter().take(MAX_LISTED).filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What the site lists and the catalog knows, by name; the bundled words where the site lists nothing.
pub(super) fn merged(listed: Vec<String>, known: Vec<String>, bundled: &[&str]) -> Vec<String> {
    let mut all =
        if listed.is_empty() { bundled.iter().map(|word| (*word).to_owned()).collect() } else { listed };
    all.extend(known);
    all.sort();
    all.dedup();
    all
}
