//! From a resource to the versions that it may be, with the evidence.

use std::fmt;

use serde::Serialize;

use super::VersionId;

/// Why a resource is taken for a version, in the words of the machine contract.
///
/// Declared strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// A person decided it.
    Decision,
    /// A version id in the metadata or beside the item.
    VersionId,
    /// An AIR that names a version of the site.
    Air,
    /// Equality with a SHA-256.
    Sha256,
    /// Equality with a BLAKE3.
    Blake3,
    /// Equality with an AutoV3.
    Autov3,
    /// Equality with an AutoV2.
    Autov2,
    /// The hash begins a SHA-256.
    Sha256Prefix,
    /// Equality with an AutoV1.
    Autov1,
    /// Equality with a CRC32.
    Crc32,
    /// The image was posted for this version.
    PostedFor,
    /// The image was returned when asked for this version.
    ReturnedFor,
    /// The names agree.
    Name,
}

impl Evidence {
    /// Every kind, strongest first.
    pub const ALL: [Self; 13] = [
        Self::Decision,
        Self::VersionId,
        Self::Air,
        Self::Sha256,
        Self::Blake3,
        Self::Autov3,
        Self::Autov2,
        Self::Sha256Prefix,
        Self::Autov1,
        Self::Crc32,
        Self::PostedFor,
        Self::ReturnedFor,
        Self::Name,
    ];

    /// The word of the machine contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::VersionId => "version_id",
            Self::Air => "air",
            Self::Sha256 => "sha256",
            Self::Blake3 => "blake3",
            Self::Autov3 => "autov3",
            Self::Autov2 => "autov2",
            Self::Sha256Prefix => "sha256_prefix",
            Self::Autov1 => "autov1",
            Self::Crc32 => "crc32",
            Self::PostedFor => "posted_for",
            Self::ReturnedFor => "returned_for",
            Self::Name => "name",
        }
    }

    /// Reads the word of the machine contract.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|evidence| evidence.as_str() == word)
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How an image stands to a version; never merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Its metadata names a resource that is this version.
    MadeWith,
    /// It was posted to show this version, or returned for it.
    PostedFor,
    /// It was made from another image.
    MadeFrom,
}

impl Relation {
    /// The word of the machine contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MadeWith => "made_with",
            Self::PostedFor => "posted_for",
            Self::MadeFrom => "made_from",
        }
    }
}

/// How far a link can be trusted, from 0 to 1 in steps of a hundredth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Confidence(u8);

impl Confidence {
    /// Takes hundredths; above 100 is taken as 100.
    pub const fn from_percent(percent: u8) -> Self {
        if percent > 100 { Self(100) } else { Self(percent) }
    }

    /// Hundredths.
    pub const fn percent(self) -> u8 {
        self.0
    }

    /// From 0.0 to 1.0.
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// Half of it, rounded down: what a mismatch of type leaves.
    #[must_use]
    pub const fn halved(self) -> Self {
        Self(self.0 / 2)
    }

    /// For people: `certain`, `strong`, `likely`, `weak`.
    pub fn word(self) -> &'static str {
        match self.0 {
            95.. => "certain",
            85..=94 => "strong",
            55..=84 => "likely",
            _ => "weak",
        }
    }
}

impl Serialize for Confidence {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_f64())
    }
}

/// Why a candidate is not the representative of its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LostReason {
    /// Another candidate has stronger evidence.
    WeakerEvidence,
    /// Its model is of a type that does not fit the resource.
    TypeMismatch,
    /// The matching file is not the main file of its version.
    NotMainFile,
    /// Its version is not published.
    NotPublished,
    /// Another version with the same file was published earlier.
    PublishedLater,
    /// Only the lower version id decided.
    HigherId,
}

impl LostReason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::WeakerEvidence,
        Self::TypeMismatch,
        Self::NotMainFile,
        Self::NotPublished,
        Self::PublishedLater,
        Self::HigherId,
    ];

    /// The word that the catalog and the JSON output use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WeakerEvidence => "weaker_evidence",
            Self::TypeMismatch => "type_mismatch",
            Self::NotMainFile => "not_main_file",
            Self::NotPublished => "not_published",
            Self::PublishedLater => "published_later",
            Self::HigherId => "higher_id",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// One candidate for a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The version that the resource may be.
    pub version: VersionId,
    /// Why.
    pub evidence: Evidence,
    /// The value that matched, as the catalog holds it: a hash, an id, a name.
    pub raw: String,
    /// How far to trust it.
    pub confidence: Confidence,
    /// 1 for the representative, then 2, 3 ... without gaps.
    pub rank: u32,
    /// Why it is not the representative; `None` at rank 1.
    pub lost: Option<LostReason>,
}

impl Link {
    /// Whether this candidate and the representative `first` rest on the same fact, so that only qualities of their
    /// versions ranked them, and an image may tell them apart by what else it names.
    pub fn rivals(&self, first: &Self) -> bool {
        self.confidence == first.confidence && self.evidence != Evidence::Name
    }
}
