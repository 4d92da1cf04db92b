//! What an item is, from its keys alone.

use serde_json::{Map, Value};

use super::convert::{ItemError, ItemKind};

impl ItemKind {
    /// Finds out what an object is from its keys, in this order:
    ///
    /// 1. `image` (an object) beside `modelVersionId`: an image with its surroundings.
    /// 2. `modelVersions`, or `type` with `creator`, `allowCommercialUse` or `allowNoCredit`: a model.
    /// 3. `files`, `trainedWords`, `air`, `baseModelType`, or `modelId` with `name`: a version.
    /// 4. `url`, `postId` or `browsingLevel`, or `id` with `meta`: an image.
    /// 5. `username`: a creator.
    /// 6. `meta`, or two keys of generation data (one, if it is `prompt` or `comfy`): an image without identity.
    /// 7. `name` with `link` or `modelCount`: a tag.
    ///
    /// # Errors
    ///
    /// [`ItemError::HashAnswer`] for `modelVersionId` beside `hash`, [`ItemError::Unrecognised`] for the rest.
    pub(super) fn detect(map: &Map<String, Value>) -> Result<Self, ItemError> {
        let has = |key: &str| map.contains_key(key);
        let any = |keys: &[&str]| keys.iter().any(|key| map.contains_key(*key));
        if is_version_image(map) {
            return Ok(Self::Image);
        }
        if has("modelVersions") || has("type") && any(&["creator", "allowCommercialUse", "allowNoCredit"]) {
            return Ok(Self::Model);
        }
        if any(&["files", "trainedWords", "air", "baseModelType"]) || has("modelId") && has("name") {
            return Ok(Self::Version);
        }
        if any(&["url", "postId", "browsingLevel"]) || has("id") && has("meta") {
            return Ok(Self::Image);
        }
        if has("username") {
            return Ok(Self::Creator);
        }
        if has("modelVersionId") && has("hash") {
            let version = map.get("modelVersionId").and_then(Value::as_u64).unwrap_or(0);
            return Err(ItemError::HashAnswer { version });
        }
        if has("meta") || is_bare_meta(map) {
            return Ok(Self::Image);
        }
        if has("name") && any(&["link", "modelCount"]) {
            return Ok(Self::Tag);
        }
        Err(ItemError::Unrecognised)
    }
}

/// An image beside the version that shows it, as records of version images have it.
pub(super) fn is_version_image(map: &Map<String, Value>) -> bool {
    map.contains_key("modelVersionId") && map.get("image").is_some_and(Value::is_object)
}

/// Generation data by itself, without even a `meta` around it.
pub(super) fn is_bare_meta(map: &Map<String, Value>) -> bool {
    const KEYS: [&str; 14] = [
        "negativePrompt",
        "steps",
        "sampler",
        "cfgScale",
        "seed",
        "Model",
        "Model hash",
        "Size",
        "resources",
        "civitaiResources",
        "hashes",
        "clipSkip",
        "Clip skip",
        "Version",
    ];
    let known = || KEYS.iter().filter(|key| map.contains_key(**key)).count();
    map.contains_key("prompt") || map.contains_key("comfy") || known() >= 2
}
