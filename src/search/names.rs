//! Names that may stand after a field.

use super::resolve::role;
use crate::catalog::{Catalog, NameKind, Result};

/// Names of models, creators or tags that begin so, case aside, for a field that takes them; in alphabetical order.
///
/// # Errors
///
/// When SQLite fails.
pub fn names_beginning(catalog: &Catalog, field: &str, begins: &str, limit: usize) -> Result<Vec<String>> {
    use stemmata_index::query::ResourceField as Field;

    let field = match field {
        "model" => Field::Model,
        "lora" => Field::Lora,
        "embedding" => Field::Embedding,
        "hypernetwork" => Field::Hypernetwork,
        "vae" => Field::Vae,
        "controlnet" => Field::Controlnet,
        "upscaler" => Field::Upscaler,
        "resource" | "descends" => return catalog.names_beginning(NameKind::Model(&[]), begins, limit),
        "creator" => return catalog.names_beginning(NameKind::Creator, begins, limit),
        "tag" => return catalog.names_beginning(NameKind::Tag, begins, limit),
        _ => return Ok(Vec::new()),
    };
    match role(field) {
        Some((_, types)) => catalog.names_beginning(NameKind::Model(types), begins, limit),
        None => Ok(Vec::new()),
    }
}
