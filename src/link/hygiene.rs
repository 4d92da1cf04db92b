//! What a hash can stand for, and what is debris.
//!
//! - In: digits as metadata and file lists write them, from anyone.
//! - Out: the kind of evidence of one comparison.
//! - Never: a look at the catalog. These are rules about single values.

use crate::entity::{Evidence, HashKind, HexHash, JunkReason};

/// Fewest digits of a SHA-256 that may stand for it.
const MIN_PREFIX_DIGITS: usize = 8;

/// Digits of an AutoV3, which is cut when the site stores it.
pub(super) const AUTOV3_DIGITS: usize = 12;

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

/// Whether a file of this type holds the main weights of its version.
pub(super) fn is_main_weight(file_kind: Option<&str>) -> bool {
    file_kind.is_some_and(|kind| {
        ["model", "pruned model", "diffusion model", "unet"]
            .iter()
            .any(|main| kind.eq_ignore_ascii_case(main))
    })
}

#[cfg(test)]
mod tests {
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
    fn a_file_whose_hashes_are_known_and_differ_is_contradicted() {
        let known = [(SHA, HashKind::Sha256)];
        assert!(contradicts(&hash("0123456789"), &known));
        assert!(!contradicts(&hash("0123456789ab"), &known), "it may be an AutoV3");
        assert!(!contradicts(&hash(&SHA[..10]), &known));
    }
}
