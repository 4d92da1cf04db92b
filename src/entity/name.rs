//! What a name can stand for: one spelling for names that mean the same file.

/// File extensions that are no part of a model's name.
const EXTENSIONS: [&str; 10] =
    ["safetensors", "ckpt", "pt", "pth", "bin", "gguf", "sft", "onnx", "zip", "vae"];

/// Words that generators write where a name is missing or that name a role, not a file.
const GENERIC: [&str; 12] = [
    "model",
    "checkpoint",
    "lora",
    "vae",
    "embedding",
    "hypernetwork",
    "none",
    "null",
    "automatic",
    "default",
    "unknown",
    "undefined",
];

/// One spelling for names that mean the same file: no folder, extension, case, punctuation, epoch or step number.
///
/// `None` for names that say nothing: fewer than three letters and digits, no letter, or the word for a role.
pub fn normalised_name(name: &str) -> Option<String> {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name).trim();
    let stem = match base.rsplit_once('.') {
        Some((stem, extension)) if EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)) => {
            stem
        }
        _ => base,
    };
    let mut joined = String::with_capacity(stem.len());
    let mut starts = Vec::new();
    for word in stem.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !joined.is_empty() {
            joined.push(' ');
        }
        starts.push(joined.len());
        joined.extend(word.chars().flat_map(char::to_lowercase));
    }
    let words = || {
        starts.iter().enumerate().map(|(position, start)| {
            let end = starts.get(position + 1).map_or(joined.len(), |next| next - 1);
            joined.get(*start..end).unwrap_or_default()
        })
    };
    let dropped = snapshot_words(&words().collect::<Vec<_>>());
    if let Some(first) = (dropped > 0).then(|| starts.get(starts.len() - dropped)).flatten() {
        joined.truncate(first - 1);
    }
    let says_something = joined.chars().filter(|c| *c != ' ').count() >= 3
        && joined.chars().any(char::is_alphabetic)
        && !GENERIC.contains(&joined.as_str());
    says_something.then_some(joined)
}

/// How many words at the end only number a snapshot of the training; never all of them.
///
/// Trainers write `style-000012`, `style-step00001500`, `style_epoch_10`, `style-e12`.
fn snapshot_words(words: &[&str]) -> usize {
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let after = |word: &str, label: &str| word.strip_prefix(label).is_some_and(is_number);
    let count = match words {
        [.., "epoch" | "step" | "steps", last] if is_number(last) => 2,
        [.., last, "epoch" | "epochs" | "step" | "steps"] if is_number(last) => 2,
        [.., last] if last.len() == 6 && last.starts_with('0') && is_number(last) => 1,
        [.., last] if after(last, "epoch") || after(last, "step") => 1,
        [.., last] if last.len() >= 3 && after(last, "e") => 1,
        _ => 0,
    };
    if count < words.len() { count } else { 0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_one_file_have_one_spelling() {
        for name in ["Add_Detail.safetensors", "loras\\add-detail", "/x/ADD detail-000010.pt", "add.detail"] {
            assert_eq!(normalised_name(name).as_deref(), Some("add detail"), "{name}");
        }
        for name in [
            "Style-step00001500.safetensors",
            "style_epoch_10",
            "style-e12",
            "STYLE epoch10",
            "style_10_epochs",
        ] {
            assert_eq!(normalised_name(name).as_deref(), Some("style"), "{name}");
        }
        for (name, whole) in
            [("style_v1.5", "style v1 5"), ("model e5", "model e5"), ("epoch_10", "epoch 10")]
        {
            assert_eq!(normalised_name(name).as_deref(), Some(whole), "no number of a snapshot");
        }
        for name in ["", "VAE", "model.ckpt", "12345", "ab", "../..", "000010"] {
            assert_eq!(normalised_name(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_normalised_name_is_words_with_single_blanks(name in ".{0,40}", folder in "[a-z ]{0,8}") {
            if let Some(once) = normalised_name(&name) {
                prop_assert!(once.split(' ').all(|word| !word.is_empty()), "{once:?}");
                let in_folder = normalised_name(&format!("{folder}/{name}"));
                prop_assert_eq!(in_folder.as_deref(), Some(once.as_str()));
            }
        }
    }
}
