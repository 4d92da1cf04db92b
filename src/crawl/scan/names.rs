//! What names of files tell: which text belongs to which picture, and what a model file is called.

use std::collections::BTreeMap;

use crate::parse;

/// Names of a folder among which sidecars are looked for.
pub(super) const MOST_NAMES: usize = 200_000;

/// Endings of model files, lower case.
const MODELS: [&[u8]; 8] = [b".safetensors", b".sft", b".ckpt", b".pt", b".pth", b".gguf", b".bin", b".onnx"];

/// Whether the name is one that model files have; `path` as the platform's bytes.
pub fn is_model(path: &[u8]) -> bool {
    let lower = path.to_ascii_lowercase();
    MODELS.iter().any(|ending| lower.ends_with(ending))
}

/// Which of these paths are sidecars of which, within each folder: places of a picture and of its sidecar, sorted by
/// picture, the most telling sidecar first.
pub(super) fn pairs(paths: &[&[u8]]) -> Vec<(usize, usize)> {
    let mut folders: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
    for path in paths {
        if parse::sidecar_kind(path).is_some() {
            folders.entry(folder(path)).or_default();
        }
    }
    if folders.is_empty() {
        return Vec::new();
    }
    for (place, path) in paths.iter().enumerate() {
        if let Some(places) = folders.get_mut(folder(path)) {
            places.push(place);
        }
    }
    let mut pairs = Vec::new();
    for places in folders.values() {
        let names: Vec<&[u8]> = places.iter().filter_map(|place| paths.get(*place).copied()).collect();
        for (picture, sidecar) in parse::pair_sidecars(&names) {
            pairs.extend(places.get(picture).copied().zip(places.get(sidecar).copied()));
        }
    }
    // Stable, so that the sidecars of one picture keep their order.
    pairs.sort_by_key(|(picture, _)| *picture);
    pairs
}

/// The folder of a path; empty where it has none.
pub(super) fn folder(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|byte| *byte == b'/' || *byte == std::path::MAIN_SEPARATOR as u8);
    path.get(..end.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_found_within_a_folder_only() {
        let paths: [&[u8]; 6] = [b"a.txt", b"x/A.txt", b"x/a.json", b"x/a.png", b"y/a.png", b"y/a.png.txt"];
        assert_eq!(pairs(&paths), [(3, 2), (3, 1), (4, 5)]);
        assert_eq!(pairs(&paths[..1]), []);
    }

    #[test]
    fn a_model_is_told_by_its_ending() {
        assert!(is_model(b"m/Model.SafeTensors") && !is_model(b"m/model.json"));
    }
}
