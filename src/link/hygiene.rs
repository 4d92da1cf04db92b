//! What a hash or a name can stand for, and what is debris.
//!
//! - In: digits and names as metadata and file lists write them, from anyone.
//! - Out: the kind of evidence of one comparison, and one spelling for names that mean the same.
//! - Never: a look at the catalog. These are rules about single values.

use crate::entity::{Evidence, HashKind, HexHash, JunkReason, ResourceKind};

/// Fewest digits of a SHA-256 that may stand for it.
const MIN_PREFIX_DIGITS: usize = 8;

/// Digits of an AutoV3, which is cut when the site stores it.
pub(super) const AUTOV3_DIGITS: usize = 12;

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

/// What it means that metadata says `written` and that a published file has the hash `digits` of `kind`.
///
/// `None` when the two do not agree. Length decides which kinds `written` can be at all
/// ([`HexHash::flavours`]), and any number of digits from 8 on can be the beginning of a SHA-256. A CRC-32 agrees in
/// either order of its bytes, because the site turns it round and other programs do not. Junk agrees with nothing.
pub fn hash_evidence(written: &HexHash, kind: HashKind, digits: &str) -> Option<Evidence> {
    // A junk AutoV3 is the beginning of hashes that are no junk, so both sides are looked at.
    if written.junk().is_some() || JunkReason::of(digits).is_some() {
        return None;
    }
    let (text, length) = (written.as_str(), written.as_str().len());
    let same = text == digits;
    match kind {
        HashKind::Sha256 if same => (length == 64).then_some(Evidence::Sha256),
        HashKind::Sha256 => {
            (length >= MIN_PREFIX_DIGITS && digits.starts_with(text)).then_some(Evidence::Sha256Prefix)
        }
        HashKind::Blake3 => (same && length == 64).then_some(Evidence::Blake3),
        HashKind::AutoV3 => same_tensors(text, digits).then_some(Evidence::Autov3),
        HashKind::AutoV2 => (same && length == 10).then_some(Evidence::Autov2),
        HashKind::AutoV1 => (same && length == 8).then_some(Evidence::Autov1),
        HashKind::Crc32 => {
            let turned = || written.with_bytes_reversed().is_some_and(|turned| turned.as_str() == digits);
            (length == 8 && (same || turned())).then_some(Evidence::Crc32)
        }
    }
}

/// Whether two AutoV3 agree, either of which may be uncut.
fn same_tensors(written: &str, digits: &str) -> bool {
    let plausible = |text: &str| text.len() == AUTOV3_DIGITS || text.len() == 64;
    plausible(written) && plausible(digits) && (written.starts_with(digits) || digits.starts_with(written))
}

/// Whether a file with these hashes cannot be the one that `written` names: every kind that `written` could
/// be is known of it, and none agrees.
pub(super) fn contradicts(written: &HexHash, hashes: &[(&str, HashKind)]) -> bool {
    // An AutoV2 is the beginning of the SHA-256, and no generator writes a CRC-32: neither needs to be known.
    let possible: &[HashKind] = match written.as_str().len() {
        64 => &[HashKind::Sha256, HashKind::Blake3, HashKind::AutoV3],
        AUTOV3_DIGITS => &[HashKind::Sha256, HashKind::AutoV3],
        8 => &[HashKind::Sha256, HashKind::AutoV1],
        _ => &[HashKind::Sha256],
    };
    possible.iter().all(|kind| hashes.iter().any(|(_, known)| known == kind))
        && !hashes.iter().any(|(digits, kind)| hash_evidence(written, *kind, digits).is_some())
}

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

/// Whether the type of a published file suits the role that metadata gives to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It does.
    Fits,
    /// The role or the type is not known.
    Unknown,
    /// It does not.
    Mismatch,
}

/// Compares a role with the site's words for the type of a model and of a file.
///
/// A VAE, ControlNet or upscaler may be one file of a version of another type.
pub(super) fn fit(role: ResourceKind, model_kind: Option<&str>, file_kind: Option<&str>) -> Fit {
    let beside = matches!(role, ResourceKind::Vae | ResourceKind::Controlnet | ResourceKind::Upscaler);
    if beside && file_kind.is_some_and(|kind| ResourceKind::from_word(kind) == role) {
        return Fit::Fits;
    }
    match (role, model_kind.map(ResourceKind::from_word)) {
        (ResourceKind::Unknown | ResourceKind::Other, _) | (_, None | Some(ResourceKind::Unknown)) => {
            Fit::Unknown
        }
        (role, Some(kind)) if role == kind => Fit::Fits,
        _ => Fit::Mismatch,
    }
}

/// Whether a file of this type holds the main weights of its version.
pub(super) fn is_main_weight(file_kind: Option<&str>) -> bool {
    file_kind.is_some_and(|kind| {
        ["model", "pruned model", "diffusion model", "unet"]
            .iter()
            .any(|main| kind.eq_ignore_ascii_case(main))
    })
}

/// Whether files of this type hold weights at all, so that their names can name a resource.
pub(super) fn holds_weights(file_kind: Option<&str>) -> bool {
    !file_kind.is_some_and(|kind| {
        ["config", "training data", "archive", "workflow"]
            .iter()
            .any(|other| kind.eq_ignore_ascii_case(other))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hash(digits: &str) -> HexHash {
        HexHash::parse(digits).expect("the test writes hexadecimal digits")
    }

    const SHA: &str = "6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa";

    #[test]
    fn length_decides_what_a_hash_can_be() {
        let cases = [
            (SHA, HashKind::Sha256, SHA, Some(Evidence::Sha256)),
            (&SHA[..12], HashKind::Sha256, SHA, Some(Evidence::Sha256Prefix)),
            (&SHA[..9], HashKind::Sha256, SHA, Some(Evidence::Sha256Prefix)),
            (SHA, HashKind::Blake3, SHA, Some(Evidence::Blake3)),
            (&SHA[..12], HashKind::AutoV3, &SHA[..12], Some(Evidence::Autov3)),
            (SHA, HashKind::AutoV3, &SHA[..12], Some(Evidence::Autov3)),
            (&SHA[..10], HashKind::AutoV3, &SHA[..12], None),
            (&SHA[..10], HashKind::AutoV2, &SHA[..10], Some(Evidence::Autov2)),
            (&SHA[..8], HashKind::AutoV2, &SHA[..10], None),
            (&SHA[..8], HashKind::AutoV1, &SHA[..8], Some(Evidence::Autov1)),
            (&SHA[..8], HashKind::Crc32, &SHA[..8], Some(Evidence::Crc32)),
            (&SHA[..10], HashKind::Blake3, SHA, None),
            ("0xE3B0C44298FC", HashKind::AutoV3, "e3b0c44298fc", None),
            ("de2f2560", HashKind::AutoV1, "de2f2560", None),
            ("5c320e30", HashKind::Crc32, "300e325c", Some(Evidence::Crc32)),
            ("5c320e30", HashKind::AutoV1, "300e325c", None),
            ("sha256:6ce0161689", HashKind::AutoV2, &SHA[..10], Some(Evidence::Autov2)),
            ("00000000", HashKind::Crc32, "00000000", None),
            (
                "e3b0c44298fc4188b0ec4a3eb4d868b2947830540843bcb2991f07502913f7ba",
                HashKind::AutoV3,
                "e3b0c44298fc",
                None,
            ),
        ];
        for (written, kind, digits, expected) in cases {
            assert_eq!(hash_evidence(&hash(written), kind, digits), expected, "{written} as {kind:?}");
        }
    }

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

    #[test]
    fn a_vae_inside_a_checkpoint_fits_and_a_checkpoint_is_no_lora() {
        assert_eq!(fit(ResourceKind::Vae, Some("Checkpoint"), Some("VAE")), Fit::Fits);
        assert_eq!(fit(ResourceKind::Vae, Some("Checkpoint"), Some("Model")), Fit::Mismatch);
        assert_eq!(fit(ResourceKind::Lora, Some("LoCon"), Some("Model")), Fit::Fits);
        assert_eq!(fit(ResourceKind::Lora, Some("Checkpoint"), None), Fit::Mismatch);
        assert_eq!(fit(ResourceKind::Lora, None, None), Fit::Unknown);
        assert_eq!(fit(ResourceKind::Unknown, Some("Checkpoint"), None), Fit::Unknown);
    }

    #[test]
    fn a_file_whose_hashes_are_known_and_differ_is_contradicted() {
        let known = [(SHA, HashKind::Sha256)];
        assert!(contradicts(&hash("0123456789"), &known));
        assert!(!contradicts(&hash("0123456789ab"), &known), "it may be an AutoV3");
        assert!(!contradicts(&hash(&SHA[..10]), &known));
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
