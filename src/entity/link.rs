//! From a resource to the versions that it may be, with the evidence.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ResourceSources, VersionId};

/// Why a resource is taken for a version, in the words of the machine contract.
///
/// Declared strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

/// Classes of evidence, strongest first; confidence goes by class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EvidenceClass {
    /// A person decided it.
    Decision,
    /// A version id that the site lists beside the image.
    A1,
    /// A version id or an AIR in the metadata.
    A2,
    /// 64 digits of a hash of the whole file.
    B1,
    /// 12 digits or more: AutoV3, beginning of a SHA-256.
    B2,
    /// 10 or 11 digits: AutoV2, beginning of a SHA-256.
    B3,
    /// 8 or 9 digits: AutoV1, beginning of one SHA-256 only, CRC-32.
    B4,
    /// The image was posted or returned for the version.
    C1,
    /// The model is named, and no version of it.
    C2,
    /// The names agree.
    D,
}

impl EvidenceClass {
    /// Every class, strongest first.
    pub const ALL: [Self; 10] = [
        Self::Decision,
        Self::A1,
        Self::A2,
        Self::B1,
        Self::B2,
        Self::B3,
        Self::B4,
        Self::C1,
        Self::C2,
        Self::D,
    ];

    /// The word of the machine contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "DECISION",
            Self::A1 => "A1",
            Self::A2 => "A2",
            Self::B1 => "B1",
            Self::B2 => "B2",
            Self::B3 => "B3",
            Self::B4 => "B4",
            Self::C1 => "C1",
            Self::C2 => "C2",
            Self::D => "D",
        }
    }

    /// The class of evidence that a resource gives in an image that names it in `sources`; `written_digits` is the
    /// length of the hash as metadata wrote it.
    pub fn of(evidence: Evidence, written_digits: usize, sources: ResourceSources) -> Self {
        let beside = ResourceSources::ITEM_INDEX.union(ResourceSources::ITEM_DATABASE);
        match evidence {
            Evidence::Decision => Self::Decision,
            Evidence::VersionId if !sources.intersection(beside).is_empty() => Self::A1,
            Evidence::VersionId | Evidence::Air => Self::A2,
            Evidence::Sha256 | Evidence::Blake3 => Self::B1,
            Evidence::Crc32 => Self::B4,
            Evidence::Autov3 | Evidence::Autov2 | Evidence::Sha256Prefix | Evidence::Autov1 => {
                match written_digits {
                    12.. => Self::B2,
                    10.. => Self::B3,
                    _ => Self::B4,
                }
            }
            Evidence::PostedFor | Evidence::ReturnedFor => Self::C1,
            Evidence::Name => Self::D,
        }
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
    /// What a person decided.
    pub const CERTAIN: Self = Self(100);

    /// What a person decided against.
    pub const NONE: Self = Self(0);

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
    /// A person decided that it is not this version.
    DecidedAgainst,
}

impl LostReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::WeakerEvidence,
        Self::TypeMismatch,
        Self::NotMainFile,
        Self::NotPublished,
        Self::PublishedLater,
        Self::HigherId,
        Self::DecidedAgainst,
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
            Self::DecidedAgainst => "decided_against",
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
    /// 1 for the representative, then 2, 3 ... without gaps. Where a person decided against every candidate there is
    /// no representative, and ranks begin at 2.
    pub rank: u32,
    /// Why it is not the representative; `None` at rank 1.
    pub lost: Option<LostReason>,
}

impl Link {
    /// The representative among the links of one resource, given by rank.
    pub fn representative(links: &[Self]) -> Option<&Self> {
        links.first().filter(|link| link.rank == 1)
    }

    /// Whether this candidate and the representative `first` rest on the same fact, so that only qualities of their
    /// versions ranked them, and an image may tell them apart by what else it names.
    pub fn rivals(&self, first: &Self) -> bool {
        self.confidence == first.confidence
            && self.evidence != Evidence::Name
            && self.lost != Some(LostReason::DecidedAgainst)
    }
}
