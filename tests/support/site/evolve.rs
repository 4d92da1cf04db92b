//! What changes on a site while somebody reads it.

use serde_json::{Value, json};

/// One change.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Something new is published: an image or a model.
    Publish(Box<Value>),
    /// An image is deleted or hidden.
    RemoveImage(u64),
    /// The owner of an image hides its generation data.
    HideMeta(u64),
    /// A model gets another name.
    Rename(u64, &'static str),
    /// The first file of a version is uploaded anew: its SHA-256, and what is cut from it, is this one.
    Rehash(u64, String),
    /// A version is taken down; images go on naming it.
    TakeDownVersion(u64),
    /// A model is taken down with all its versions.
    TakeDownModel(u64),
}

impl Change {
    pub(super) fn apply(&self, documents: &mut Vec<Value>) {
        match self {
            Self::Publish(document) => documents.push(document.as_ref().clone()),
            Self::RemoveImage(id) => documents.retain(|item| is_model(item) || item["id"] != *id),
            Self::HideMeta(id) => {
                let same = |item: &Value| !is_model(item) && item["id"] == *id;
                for item in documents.iter_mut().filter(|item| same(item)) {
                    item["meta"] = Value::Null;
                }
                let shown = versions(documents).flat_map(|version| list(&mut version["images"]));
                for image in shown.filter(|image| image["id"] == *id) {
                    image["hasMeta"] = json!(false);
                    image["meta"] = Value::Null;
                }
            }
            Self::Rename(id, name) => {
                for model in models(documents).filter(|model| model["id"] == *id) {
                    model["name"] = json!(name);
                }
            }
            Self::Rehash(id, sha256) => {
                for version in versions(documents).filter(|version| version["id"] == *id) {
                    let hashes = json!({ "SHA256": sha256, "AutoV2": &sha256[..10] });
                    version["files"][0]["hashes"] = hashes;
                }
            }
            Self::TakeDownVersion(id) => {
                for model in models(documents) {
                    if let Some(versions) = model["modelVersions"].as_array_mut() {
                        versions.retain(|version| version["id"] != *id);
                    }
                }
            }
            Self::TakeDownModel(id) => documents.retain(|item| !is_model(item) || item["id"] != *id),
        }
    }
}

fn is_model(document: &Value) -> bool {
    document.get("modelVersions").is_some()
}

fn models(documents: &mut [Value]) -> impl Iterator<Item = &mut Value> {
    documents.iter_mut().filter(|document| is_model(document))
}

fn versions(documents: &mut [Value]) -> impl Iterator<Item = &mut Value> {
    models(documents).flat_map(|model| list(&mut model["modelVersions"]))
}

fn list(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.as_array_mut().into_iter().flatten()
}
