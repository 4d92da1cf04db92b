//! What names of files tell: which text belongs to which picture, and what a model file is called.

/// Endings of pictures and videos, lower case.
const PICTURES: [&str; 17] = [
    "png", "apng", "jpg", "jpeg", "jpe", "jfif", "webp", "avif", "heic", "heif", "jxl", "gif", "tif", "tiff",
    "mp4", "webm", "mov",
];

/// Endings of text files that may speak of a picture with the same stem, the longest first.
const SIDECARS: [&str; 4] = ["swarm.json", "json", "txt", "xmp"];

/// Endings of model files.
const MODELS: [&str; 8] = ["safetensors", "sft", "ckpt", "pt", "pth", "gguf", "bin", "onnx"];

/// Folder and stem of a picture, in lower case; `None` if the name is no picture's.
pub(super) fn picture_stem(path: &[u8]) -> Option<Vec<u8>> {
    stem(path, &PICTURES)
}

/// Folder and stem of the picture that a sidecar speaks of, in lower case; `None` if the name is no sidecar's.
///
/// `a.png.json` speaks of `a.png`, and so does `a.json`.
pub(super) fn sidecar_stem(path: &[u8]) -> Option<Vec<u8>> {
    let stem = stem(path, &SIDECARS)?;
    Some(picture_stem(&stem).unwrap_or(stem))
}

/// Where the sidecars of a picture are, if it has any.
pub(super) fn sidecars_of(path: &[u8]) -> Vec<Vec<u8>> {
    let Some(stem) = picture_stem(path).and_then(|stem| path.get(..stem.len())) else { return Vec::new() };
    [stem, path]
        .into_iter()
        .flat_map(|stem| SIDECARS.into_iter().map(move |ending| [stem, b".", ending.as_bytes()].concat()))
        .collect()
}

/// Whether the name is one that model files have.
pub(super) fn is_model(path: &[u8]) -> bool {
    stem(path, &MODELS).is_some()
}

fn stem(path: &[u8], endings: &[&str]) -> Option<Vec<u8>> {
    let lower = path.to_ascii_lowercase();
    let stem = endings.iter().find_map(|ending| lower.strip_suffix(ending.as_bytes())?.strip_suffix(b"."))?;
    let is_named = stem.last().is_some_and(|last| *last != b'/');
    is_named.then(|| stem.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sidecar_has_the_stem_of_its_picture_in_any_case() {
        for sidecar in ["x/A.json", "x/a.swarm.json", "x/a.TXT", "x/a.png.xmp"] {
            assert_eq!(sidecar_stem(sidecar.as_bytes()), picture_stem(b"x/a.PNG"), "{sidecar}");
        }
        assert_ne!(sidecar_stem(b"y/a.json"), picture_stem(b"x/a.png"));
    }

    #[test]
    fn other_names_are_neither() {
        assert_eq!((picture_stem(b"a.rs"), sidecar_stem(b"a.png")), (None, None));
        assert_eq!((picture_stem(b"x/.png"), picture_stem(b"png")), (None, None));
        assert!(is_model(b"m/Model.SafeTensors") && !is_model(b"m/model.json"));
    }
}
