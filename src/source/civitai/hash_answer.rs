//! One element of an answer of `by-hash/ids`: which version carries a file with which SHA-256. Pure.
//!
//! The form is that of the site's own handler: `modelVersionId`, `hash` in upper case and, since July 2026, `modelId`.
//! One element stands for one file, so that a hash and a version may come more than once.

use serde_json::Value;

use crate::entity::{HexHash, VersionId};

/// Digits of a SHA-256.
const DIGITS: usize = 64;

/// A version that the site names for a SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HashAnswer {
    /// The SHA-256: 64 digits.
    pub hash: HexHash,
    /// A version with a file that has it.
    pub version: VersionId,
}

/// Reads one element. `None` when it is no object, or does not pair a version with 64 digits; a number may be text.
pub fn read_hash_answer(text: &str) -> Option<HashAnswer> {
    let value: Value = serde_json::from_str(text).ok()?;
    let version = match value.get("modelVersionId")? {
        Value::Number(number) => number.as_u64()?,
        Value::String(digits) => digits.trim().parse().ok()?,
        _ => return None,
    };
    let hash = HexHash::parse(value.get("hash")?.as_str()?)?;
    (hash.as_str().len() == DIGITS).then_some(())?;
    Some(HashAnswer { hash, version: VersionId::new(version)? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHA: &str = "6CE0161689B3853ACAA03779EC93EAFE75A02F4CED659BEE03F50797806FA2FA";

    #[test]
    fn a_pair_is_read_in_the_forms_that_the_site_has_used() {
        let hash = HexHash::parse(SHA).expect("64 digits");
        let expected = HashAnswer { hash, version: VersionId::new(9).expect("not zero") };
        for text in [
            format!(r#"{{"modelVersionId":9,"hash":"{SHA}"}}"#),
            format!(r#"{{"hash":"{}","modelId":4,"modelVersionId":"9"}}"#, SHA.to_lowercase()),
        ] {
            assert_eq!(read_hash_answer(&text), Some(expected.clone()), "{text}");
        }
    }

    #[test]
    fn what_pairs_nothing_is_refused() {
        for text in [
            "",
            "7",
            "null",
            "[]",
            r#"{"modelVersionId":9}"#,
            r#"{"modelVersionId":9,"hash":"6CE0161689"}"#,
            &format!(r#"{{"modelVersionId":0,"hash":"{SHA}"}}"#),
            &format!(r#"{{"modelVersionId":1.5,"hash":"{SHA}"}}"#),
            &format!(r#"{{"modelVersionId":9,"hash":["{SHA}"]}}"#),
        ] {
            assert_eq!(read_hash_answer(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,80}") {
            let _ = read_hash_answer(&text);
        }

        #[test]
        fn every_pair_comes_back(version in 1..=i64::MAX.cast_unsigned(), hash in "[0-9A-Fa-f]{64}") {
            let read = read_hash_answer(&format!(r#"{{"modelVersionId":{version},"hash":"{hash}"}}"#));
            let read = read.expect("a pair");
            prop_assert_eq!(read.version.get(), version);
            prop_assert_eq!(read.hash.as_str(), hash.to_lowercase());
        }
    }
}
