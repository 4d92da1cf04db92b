//! Hashes of model files: the flavours, their spelling, and the values that mean nothing.

use std::fmt;

use serde::Serialize;

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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct HexHash(String);

impl HexHash {
    /// Trims blanks, drops a leading `0x`, lower-cases.
    ///
    /// `None` unless 8 to 64 hexadecimal digits remain: shorter values are checksums and debris
    /// that no file can be found by.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
        let fits = (8..=64).contains(&digits.len());
        (fits && digits.bytes().all(|b| b.is_ascii_hexdigit())).then(|| Self(digits.to_ascii_lowercase()))
    }

    /// The digits, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Why this value names no file, or `None` if it may.
    pub fn junk(&self) -> Option<JunkReason> {
        let bytes = self.0.as_bytes();
        if bytes.windows(2).all(|pair| pair[0] == pair[1]) {
            return Some(JunkReason::OneDigit);
        }
        JUNK_HASHES.iter().find(|(value, _)| value.starts_with(self.0.as_str())).map(|(_, reason)| *reason)
    }
}

impl fmt::Display for HexHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a hash is refused although it is well spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JunkReason {
    /// SHA-256 of no bytes at all: written by trainers that hash an empty tensor section.
    EmptyInput,
    /// SHA-256 of 64 KiB of zeros: the AutoV1 window of files that start with padding.
    ZeroWindow,
    /// The same digit throughout: a placeholder.
    OneDigit,
}

impl JunkReason {
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
/// Both were counted in the 2023 catalogue: 19 resources carried the first, 1,037 versions the second.
pub const JUNK_HASHES: [(&str, JunkReason); 2] = [
    ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", JunkReason::EmptyInput),
    ("de2f256064a0af797747c2b97505dc0b9f3df0de4f489eac731c23ae9ca9cc31", JunkReason::ZeroWindow),
];

/// One hash of one published file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileHash {
    /// How it was computed.
    pub kind: HashKind,
    /// The value.
    pub value: HexHash,
}
