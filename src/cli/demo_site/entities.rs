//! One model, one version, and what the site calls its enums.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{World, has_id, id_of, items};

/// Version images that the endpoint of one version gives.
const MOST_VERSION_IMAGES: usize = 10;

/// Types that the site knows whether it has such models or not.
const MODEL_TYPES: &[&str] = &[
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

/// Types of files that the site knows.
const FILE_TYPES: &[&str] = &[
    "Model",
    "Text Encoder",
    "Vision Encoder",
    "Pruned Model",
    "Negative",
    "Training Data",
    "VAE",
    "Config",
    "Archive",
    "UNet",
    "Diffusion Model",
    "CLIPVision",
    "ControlNet",
    "Workflow",
    "Upscaler",
    "Enhancement LoRA",
    "Other",
];

/// Base models that the site knows, beside those of its models.
const BASE_MODELS: &[&str] =
    &["SD 1.5", "SD 2.1", "SDXL 1.0", "Pony", "Illustrious", "NoobAI", "Flux.1 S", "Flux.1 D", "Other"];

impl World {
    /// A model by id: without what is null or empty in its versions, whose images have no ids.
    pub(super) fn model(&self, id: &str) -> Option<Value> {
        let mut model = self.models.iter().find(|model| has_id(model, id))?.clone();
        for version in model["modelVersions"].as_array_mut().into_iter().flatten() {
            let Some(version) = version.as_object_mut() else { continue };
            version.remove("modelId");
            version
                .retain(|_, value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
            forget_ids(version);
        }
        Some(model)
    }

    /// A version by id.
    pub(super) fn version(&self, id: &str) -> Option<Value> {
        let (model, version) = self.versions().find(|(_, version)| has_id(version, id))?;
        Some(dress(model, version))
    }

    /// What generators ask before they load a version.
    pub(super) fn mini(&self, id: &str) -> Option<Value> {
        let (model, version) = self.versions().find(|(_, version)| has_id(version, id))?;
        let file = items(&version["files"]).first().unwrap_or(&Value::Null);
        Some(json!({
            "air": air(model, version), "versionName": version["name"], "modelName": model["name"],
            "baseModel": version["baseModel"], "availability": "Public", "publishedAt": version["publishedAt"],
            "size": file["sizeKB"], "fileType": file["type"], "fileName": file["name"], "hashes": file["hashes"],
            "downloadUrls": [file["downloadUrl"]], "format": file["metadata"]["format"], "canGenerate": true,
            "requireAuth": false, "checkPermission": false, "earlyAccessEndsAt": null, "minor": false,
        }))
    }

    pub(super) fn enums(&self) -> Value {
        let bases: Vec<&str> = self.base_models().into_iter().collect();
        json!({
            "ModelType": MODEL_TYPES, "ModelFileType": FILE_TYPES, "ActiveBaseModel": bases, "BaseModel": bases,
            "BaseModelType": ["Standard", "Inpainting", "Refiner", "Pix2Pix"],
        })
    }

    /// Every base model by which images and models can be asked for.
    pub(super) fn base_models(&self) -> BTreeSet<&str> {
        let published = self.versions().filter_map(|(_, version)| version["baseModel"].as_str());
        BASE_MODELS.iter().copied().chain(published).collect()
    }

    /// Every version with its model.
    pub(super) fn versions(&self) -> impl Iterator<Item = (&Value, &Value)> {
        self.models
            .iter()
            .flat_map(|model| items(&model["modelVersions"]).iter().map(move |version| (model, version)))
    }
}

/// A version as its own endpoint gives it.
pub(super) fn dress(model: &Value, version: &Value) -> Value {
    let mut whole = version.as_object().cloned().unwrap_or_default();
    whole.insert("modelId".to_owned(), model["id"].clone());
    whole.insert("air".to_owned(), json!(air(model, version)));
    let mut parent = Map::new();
    for key in ["name", "type", "nsfw", "poi"] {
        parent.insert(key.to_owned(), model[key].clone());
    }
    whole.insert("model".to_owned(), Value::Object(parent));
    forget_ids(&mut whole);
    if let Some(images) = whole.get_mut("images").and_then(Value::as_array_mut) {
        images.truncate(MOST_VERSION_IMAGES);
    }
    Value::Object(whole)
}

/// Takes the ids from the images of a version, as only the listing of models gives them.
fn forget_ids(version: &mut Map<String, Value>) {
    for image in version.get_mut("images").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(image) = image.as_object_mut() {
            image.remove("id");
        }
    }
}

fn air(model: &Value, version: &Value) -> String {
    let ecosystem = match version["baseModel"].as_str().unwrap_or_default() {
        base if base.starts_with("SD 1") => "sd1",
        base if base.starts_with("SD 2") => "sd2",
        base if base.starts_with("Flux") => "flux1",
        "SDXL 1.0" | "Pony" | "Illustrious" | "NoobAI" => "sdxl",
        _ => "unknown",
    };
    let kind = model["type"].as_str().unwrap_or("other").to_lowercase();
    format!("urn:air:{ecosystem}:{kind}:civitai:{}@{}", id_of(model), id_of(version))
}
