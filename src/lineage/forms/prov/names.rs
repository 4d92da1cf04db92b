//! Names of things in PROV: qualified names whose local parts are percent-encoded, so that any name of a stranger
//! is one.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// What stands for itself in a local part: PROV-N, `PN_LOCAL`, has more, which other grammars have not.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_');

/// Longest local part that is spelt out, in bytes; a longer name is its hash.
const MOST_BYTES: usize = 300;

/// The prefixes of a document. `prov` and `xsd` need no declaration.
pub(super) fn prefixes() -> Value {
    json!({ "civitai": "https://civitai.com/", "stemmata": "https://github.com/stemmata/stemmata/ns#" })
}

/// A qualified name as the value of an attribute.
pub(super) fn qualified(name: &str) -> Value {
    json!({ "$": name, "type": "prov:QUALIFIED_NAME" })
}

fn local(kind: &str, name: &str) -> String {
    let encoded = utf8_percent_encode(name, ENCODED).to_string();
    if encoded.len() > MOST_BYTES {
        return format!("{kind}/blake3/{}", blake3::hash(name.as_bytes()).to_hex());
    }
    format!("{kind}/{encoded}")
}

pub(super) fn model(id: u64) -> String {
    format!("civitai:models/{id}")
}

pub(super) fn version(id: &str) -> String {
    format!("civitai:{}", local("model-versions", id))
}

pub(super) fn agent(kind: &str, name: &str) -> String {
    format!("stemmata:{}", local(kind, name))
}

/// An image of the site, one elsewhere, or one of this machine, whose path stays here.
pub(super) fn image(name: &crate::entity::ImageName) -> String {
    use crate::entity::ImageName;
    match name {
        ImageName::Site(id) => format!("civitai:images/{id}"),
        ImageName::Url(url) => format!("stemmata:{}", local("image/url", url)),
        ImageName::Path(path) => format!("stemmata:image/local/{}", blake3::hash(path).to_hex()),
    }
}

/// A model file by its best hash; `None` where it has none.
pub(super) fn file(hashes: &BTreeMap<String, String>) -> Option<String> {
    let best = ["SHA256", "BLAKE3", "AutoV3", "AutoV2"].iter().find_map(|kind| hashes.get(*kind))?;
    Some(format!("stemmata:{}", local("file", &best.to_ascii_lowercase())))
}

/// The name of a node of a family tree.
pub(super) fn node(id: &str) -> String {
    match id.split_once(':') {
        Some(("version", number)) => version(number),
        Some(("model", number)) => format!("civitai:{}", local("models", number)),
        Some(("file", hash)) => format!("stemmata:{}", local("file", &hash.to_ascii_lowercase())),
        Some(("base", name)) => format!("stemmata:{}", local("base", name)),
        Some(("name", name)) => format!("stemmata:{}", local("name", name)),
        _ => format!("stemmata:{}", local("thing", id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_a_qualified_name_of_bounded_length() {
        assert_eq!(node("version:11"), "civitai:model-versions/11");
        assert_eq!(node("base:SDXL 1.0"), "stemmata:base/SDXL%201%2E0");
        assert_eq!(node("name:\"><b>:x"), "stemmata:name/%22%3E%3Cb%3E%3Ax");
        assert!(node(&format!("name:{}", "é".repeat(10_000))).len() < 2 * MOST_BYTES);
    }
}
