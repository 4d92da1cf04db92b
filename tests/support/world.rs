//! A small consistent site, the same each time: models with versions and files, and images that name them.

use serde_json::{Value, json};

/// The lowest image id.
pub(crate) const FIRST_IMAGE: u64 = 501;

/// How large a world is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) images: u64,
    pub(crate) models: u64,
}

/// Documents as the API gives them: `size.models` models of two versions each, and `size.images` images, each made
/// with one version.
pub(crate) fn documents(size: Size) -> Vec<Value> {
    let models = (1..=size.models).map(model);
    let images = (0..size.images).map(|number| image(number, size.models));
    models.chain(images).collect()
}

/// The same, where each version shows the first image made with it.
pub(crate) fn documents_with_pictures(size: Size) -> Vec<Value> {
    let mut documents = documents(size);
    let images: Vec<Value> =
        documents.iter().filter(|item| item.get("modelVersions").is_none()).cloned().collect();
    let versions =
        documents.iter_mut().filter_map(|item| item.get_mut("modelVersions")?.as_array_mut()).flatten();
    for version in versions {
        let made = images.iter().find(|image| image["modelVersionIds"][0] == version["id"]);
        version["images"] = made.map(version_image).into_iter().collect();
    }
    documents
}

/// An image as a version shows it: its file is named after its id.
fn version_image(image: &Value) -> Value {
    let id = &image["id"];
    let url = image["url"].as_str().unwrap_or_default();
    let url = url.rsplit_once('/').map_or(url, |(folder, _)| folder);
    json!({
        "id": id, "url": format!("{url}/{id}.jpeg"), "hash": image["hash"], "width": image["width"],
        "height": image["height"], "type": "image", "nsfwLevel": 1, "hasMeta": true, "hasPositivePrompt": true,
        "onSite": false, "minor": false, "poi": false, "remixOfId": null,
    })
}

fn model(id: u64) -> Value {
    json!({
        "id": id, "name": format!("Model {id}"), "type": if id.is_multiple_of(2) { "LORA" } else { "Checkpoint" },
        "nsfw": false, "nsfwLevel": 1, "allowCommercialUse": "{Image}",
        "creator": { "username": format!("maker{}", id % 7), "image": null },
        "tags": [format!("topic {}", id % 5), format!("tag {id}")],
        "stats": { "downloadCount": 1000 - id, "thumbsUpCount": id },
        "modelVersions": [version(id, 1), version(id, 2)],
    })
}

fn version(model: u64, number: u64) -> Value {
    let id = model * 10 + number;
    json!({
        "id": id, "name": format!("v{number}"), "baseModel": "SDXL 1.0", "publishedAt": "2024-05-06T07:08:09.000Z",
        "trainedWords": [], "images": [], "stats": { "downloadCount": id },
        "files": [{
            "id": id * 10, "name": format!("model{model}_v{number}.safetensors"), "type": "Model", "sizeKB": 2048.0,
            "primary": true, "metadata": { "format": "SafeTensor" },
            "hashes": { "SHA256": sha256_of(id), "AutoV2": &sha256_of(id)[..10] },
        }],
    })
}

fn image(number: u64, models: u64) -> Value {
    let id = FIRST_IMAGE + number;
    let version = (number % models.max(1) + 1) * 10 + 1 + number % 2;
    let key = format!("{id:08x}-0000-4000-8000-{id:012x}");
    json!({
        "id": id, "url": format!("https://image.civitai.com/account/{key}/original=true/{key}.jpeg"),
        "hash": "U9A1bC2dE3fG4hI5jK6lM7nO8pQ9rS0tUvWx", "width": 832, "height": 1216, "type": "image",
        "nsfw": false, "nsfwLevel": "None", "browsingLevel": 1, "createdAt": "2026-01-02T03:04:05.678Z",
        "postId": 70 + number / 3, "username": format!("user{}", number % 4), "baseModel": "SDXL 1.0",
        "modelVersionIds": [version],
        "stats": { "cryCount": 0, "laughCount": 0, "likeCount": number, "dislikeCount": 0, "heartCount": 1, "commentCount": 0 },
        "meta": {
            "prompt": format!("a red kite over hill {number}"), "negativePrompt": "blurry", "steps": 20,
            "sampler": "Euler a", "cfgScale": 7, "seed": number,
            "resources": [{ "type": "model", "name": format!("model {version}"), "hash": &sha256_of(version)[..10] }],
        },
    })
}

/// A well-formed hash that depends on `number` only.
pub(crate) fn sha256_of(number: u64) -> String {
    format!("{:016X}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15)).repeat(4)
}
