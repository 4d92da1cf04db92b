//! Hashes of model files: the flavours, their spelling, and the values that mean nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The ways in which the site and the generators hash a model file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashKind {
    /// SHA-256 of the whole file, 64 digits.
    Sha256,
    /// BLAKE3 of the whole file, 64 digits.
    Blake3,
    /// First 12 digits of the SHA-256 of a safetensors file without its header.
    AutoV3,
    /// First 10 digits of the SHA-256 of the whole file.
    AutoV2,
    /// First 8 digits of the SHA-256 of the 64 KiB that start at 1 MiB.
    AutoV1,
    /// CRC-32 of the whole file, its four bytes reversed, 8 digits.
    Crc32,
}

impl HashKind {
    /// Every kind, in the order in which the catalog numbers them.
    pub const ALL: [Self; 6] =
        [Self::Sha256, Self::Blake3, Self::AutoV3, Self::AutoV2, Self::AutoV1, Self::Crc32];

    /// Reads the site's key: `SHA256`, `BLAKE3` or `Blake3`, `AutoV1` ...; case does not matter.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// The site's key.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA256",
            Self::Blake3 => "BLAKE3",
            Self::AutoV3 => "AutoV3",
            Self::AutoV2 => "AutoV2",
            Self::AutoV1 => "AutoV1",
            Self::Crc32 => "CRC32",
        }
    }

    /// The catalog's number for this kind; never reused.
    pub fn code(self) -> i64 {
        match self {
            Self::Sha256 => 1,
            Self::Blake3 => 2,
            Self::AutoV3 => 3,
            Self::AutoV2 => 4,
            Self::AutoV1 => 5,
            Self::Crc32 => 6,
        }
    }

    /// Reads the catalog's number.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// Hexadecimal digits in lower case, 8 to 64 of them, that may name a file.
///
/// Spelling is normalised; whether the value is junk is a separate question
/// ([`HexHash::junk`]).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HexHash(String);

impl TryFrom<String> for HexHash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a hash has 8 to 64 hexadecimal digits")
    }
}

impl From<HexHash> for String {
    fn from(hash: HexHash) -> Self {
        hash.0
    }
}

impl HexHash {
    /// Trims blanks, drops the name of an algorithm (`sha256:`, `blake3:` ...) and `0x`, lower-cases.
    ///
    /// `None` unless 8 to 64 hexadecimal digits remain: shorter values are checksums and debris
    /// that no file can be found by.
    pub fn parse(text: &str) -> Option<Self> {
        Self::check(text).ok()
    }

    /// As [`Self::parse`], with the reason why a text is no hash.
    ///
    /// # Errors
    ///
    /// [`HashFault`]; a value that is junk is none, see [`Self::junk`].
    pub fn check(text: &str) -> Result<Self, HashFault> {
        let digits = digits_of(text)?;
        if digits.is_empty() {
            return Err(HashFault::Empty);
        }
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(HashFault::NotHexadecimal);
        }
        match digits.len() {
            ..Self::MIN_DIGITS => Err(HashFault::TooShort),
            Self::MIN_DIGITS..=Self::MAX_DIGITS => Ok(Self(digits.to_ascii_lowercase())),
            _ => Err(HashFault::TooLong),
        }
    }

    /// Fewest digits that can name a file.
    pub const MIN_DIGITS: usize = 8;

    /// Digits of a SHA-256 and of a BLAKE3.
    pub const MAX_DIGITS: usize = 64;

    /// The digits, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a value of this length can be, in the order in which to try. Any length may besides be the beginning of
    /// a SHA-256, which is tried last.
    ///
    /// 64 digits are a SHA-256, a BLAKE3, or an AutoV3 that was not cut; 12 an AutoV3; 10 an AutoV2; 8 an AutoV1 or,
    /// hardly ever, a CRC-32.
    pub fn flavours(&self) -> &'static [HashKind] {
        match self.0.len() {
            64 => &[HashKind::Sha256, HashKind::Blake3, HashKind::AutoV3],
            12 => &[HashKind::AutoV3],
            10 => &[HashKind::AutoV2],
            8 => &[HashKind::AutoV1, HashKind::Crc32],
            _ => &[],
        }
    }

    /// Eight digits with their four bytes in reverse: the site prints a CRC-32 so, other programs do not.
    /// `None` for any other length.
    pub fn with_bytes_reversed(&self) -> Option<Self> {
        let pairs: Vec<&str> = (0..4).filter_map(|pair| self.0.get(2 * pair..2 * pair + 2)).collect();
        (self.0.len() == 8).then(|| Self(pairs.into_iter().rev().collect()))
    }

    /// Whether one of the two is the beginning of the other, or they are equal.
    pub fn is_form_of(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0) || other.0.starts_with(&self.0)
    }

    /// Why this value names no file, or `None` if it may.
    pub fn junk(&self) -> Option<JunkReason> {
        JunkReason::of(&self.0)
    }
}

impl fmt::Display for HexHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The digits of a hash without what programs write in front of them.
fn digits_of(text: &str) -> Result<&str, HashFault> {
    let text = text.trim();
    let digits = match text.split_once(':') {
        None => text,
        Some((algorithm, _)) if algorithm.eq_ignore_ascii_case("random") => return Err(HashFault::Random),
        Some((algorithm, digits)) if is_algorithm(algorithm) => digits.trim_start(),
        Some(_) => return Err(HashFault::NotHexadecimal),
    };
    Ok(digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits))
}

fn is_algorithm(word: &str) -> bool {
    word.eq_ignore_ascii_case("sha-256") || HashKind::from_name(word).is_some()
}

/// Why a text is no hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashFault {
    /// There is nothing.
    Empty,
    /// It has other characters than the digits 0 to 9 and a to f: `NOFILE`, `None`, a name.
    NotHexadecimal,
    /// It has fewer than 8 digits: an old checksum of embeddings, or debris.
    TooShort,
    /// It has more than 64 digits.
    TooLong,
    /// InvokeAI made it up (`random:`).
    Random,
}

impl HashFault {
    /// A phrase for messages, to follow "it".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "is empty",
            Self::NotHexadecimal => "has other characters than 0-9 and a-f",
            Self::TooShort => "has fewer than 8 digits",
            Self::TooLong => "has more than 64 digits",
            Self::Random => "is a random number, not a hash",
        }
    }
}

/// Why a hash is refused although it is well spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JunkReason {
    /// SHA-256 or BLAKE3 of no bytes at all: written by trainers that hash an empty tensor section.
    EmptyInput,
    /// SHA-256 of 64 KiB of zeros: the AutoV1 window of files that start with padding.
    ZeroWindow,
    /// The same digit throughout: a placeholder.
    OneDigit,
}

impl JunkReason {
    /// Why these digits, in lower case and at least 8 of them, name no file; `None` if they may.
    pub fn of(digits: &str) -> Option<Self> {
        if digits.as_bytes().windows(2).all(|pair| pair[0] == pair[1]) {
            return Some(Self::OneDigit);
        }
        JUNK_HASHES.iter().find(|(value, _)| value.starts_with(digits)).map(|(_, reason)| *reason)
    }

    /// A phrase for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EmptyInput => "hash of an empty input",
            Self::ZeroWindow => "AutoV1 of a window of zeros",
            Self::OneDigit => "one digit repeated",
        }
    }
}

/// Values that many unrelated files share, in full; each truncation of at least 8 digits is junk too.
///
/// In the 2023 catalogue 19 resources carried the SHA-256 of nothing, and 1,037 versions that of a window of zeros as
/// their AutoV1. The third is the BLAKE3 of nothing.
pub const JUNK_HASHES: [(&str, JunkReason); 3] = [
    ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", JunkReason::EmptyInput),
    ("de2f256064a0af797747c2b97505dc0b9f3df0de4f489eac731c23ae9ca9cc31", JunkReason::ZeroWindow),
    ("af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262", JunkReason::EmptyInput),
];

/// One hash of one published file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileHash {
    /// How it was computed.
    pub kind: HashKind,
    /// The value.
    pub value: HexHash,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_hash_is_read_in_every_spelling() {
        for text in [
            "0123456789AB",
            " 0x0123456789ab\n",
            "sha256:0123456789ab",
            "SHA-256: 0X0123456789AB",
            "blake3:0123456789ab",
            "AutoV3:0123456789ab",
        ] {
            assert_eq!(HexHash::parse(text).as_ref().map(HexHash::as_str), Some("0123456789ab"), "{text:?}");
        }
    }

    #[test]
    fn debris_is_no_hash_and_says_why() {
        let cases = [
            ("", HashFault::Empty),
            ("0x", HashFault::Empty),
            ("NOFILE", HashFault::NotHexadecimal),
            ("IsADirectory", HashFault::NotHexadecimal),
            ("None", HashFault::NotHexadecimal),
            ("null", HashFault::NotHexadecimal),
            ("lora:0123456789", HashFault::NotHexadecimal),
            ("7", HashFault::TooShort),
            ("beef", HashFault::TooShort),
            ("random:0123456789ab", HashFault::Random),
        ];
        for (text, fault) in cases {
            assert_eq!(HexHash::check(text), Err(fault), "{text:?}");
        }
        assert_eq!(HexHash::check(&"ab".repeat(33)), Err(HashFault::TooLong));
    }

    #[test]
    fn junk_is_junk_in_every_truncation() {
        let mut seen = 0;
        for (full, reason) in JUNK_HASHES {
            for length in HexHash::MIN_DIGITS..=full.len() {
                let hash = HexHash::parse(&full[..length]).expect("it is well spelt");
                assert_eq!(hash.junk(), Some(reason), "{hash}");
                seen += 1;
            }
        }
        assert_eq!(seen, 3 * 57);
        assert_eq!(blake3::hash(b"").to_hex().as_str(), JUNK_HASHES[2].0);
        assert_eq!(HexHash::parse("ffffffffff").and_then(|hash| hash.junk()), Some(JunkReason::OneDigit));
        assert_eq!(HexHash::parse("e3b0c44398fc").and_then(|hash| hash.junk()), None);
    }

    #[test]
    fn a_crc32_is_turned_round_byte_by_byte() {
        // Measured on two public files: usual value and the value that the site serves.
        for (usual, served) in [("5c320e30", "300e325c"), ("e0f14087", "8740f1e0")] {
            let turned = HexHash::parse(usual).and_then(|hash| hash.with_bytes_reversed());
            assert_eq!(turned.as_ref().map(HexHash::as_str), Some(served));
        }
        assert_eq!(HexHash::parse("0123456789").and_then(|hash| hash.with_bytes_reversed()), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,80}") {
            if let Ok(hash) = HexHash::check(&text) {
                prop_assert_eq!(HexHash::check(hash.as_str()), Ok(hash.clone()), "reading again changes nothing");
                prop_assert!((8..=64).contains(&hash.as_str().len()));
            }
        }

        #[test]
        fn spelling_does_not_matter(digits in "[0-9a-f]{8,64}", prefix in "(0x|sha256:|blake3:0x|)") {
            let loud = format!(" {prefix}{} ", digits.to_ascii_uppercase());
            prop_assert_eq!(HexHash::parse(&loud).map(|hash| hash.to_string()), Some(digits));
        }
    }
}
