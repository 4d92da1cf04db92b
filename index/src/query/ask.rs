//! Conditions that only the caller's store can tell: files, links, kinship.
//!
//! A query names them; a [`super::Resolver`] answers each with a set of numbers when it is asked.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ast::Test;
use super::date::Date;
use super::error::ErrorCode;
use super::print::write_value;

/// One such condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Ask {
    /// A local file whose absolute path fits a glob.
    Path(String),
    /// A local file below a scanned folder whose path ends so.
    Root(String),
    /// A local file with this ending, without its dot.
    Extension(String),
    /// A local file of such a size, in bytes.
    FileSize(Test<i64>),
    /// A local file that was written then.
    Modified(Test<Date>),
    /// Something of the image came into the catalog then, most recently.
    Seen(Test<Date>),
    /// The image is in a certain state.
    Is(State),
    /// So many of its resources are linked to versions.
    Linked(Share),
    /// A resource of it is linked by this kind of evidence.
    Via(String),
    /// A resource of it is linked with such a confidence, 0 to 1.
    Confidence(Test<f64>),
    /// It uses something that descends from a model.
    Descends(String),
    /// It looks like an image.
    Like {
        /// The image, as the caller names images.
        image: String,
        /// Bits in which the fingerprints may differ; the caller's usual number where it is not said.
        bits: Option<u32>,
    },
    /// It is a copy of an image, or that image.
    CopyOf(String),
    /// It is in a group of copies of this class.
    Class(String),
    /// The last record that describes it has this text, verbatim.
    Raw(String),
    /// Its BlurHash is near that of an image.
    Blur {
        /// The image, as the caller names images.
        image: String,
        /// How far, in hundredths of the distance; the caller's usual distance where it is not said.
        hundredths: Option<u32>,
    },
}

/// A state of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its file is not there any more, or its folder is offline.
    Missing,
    /// A resource of it is linked to nothing.
    Unresolved,
    /// A resource of it may be several versions.
    Ambiguous,
    /// A resource of it stands for a version that the site no longer serves.
    TakenDown,
    /// It has a copy.
    Dup,
    /// It stands for its copies.
    Best,
    /// It may have a copy: only reduced pictures were compared.
    Candidate,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Missing,
        Self::Unresolved,
        Self::Ambiguous,
        Self::TakenDown,
        Self::Dup,
        Self::Best,
        Self::Candidate,
    ];

    /// The word after `is:`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unresolved => "unresolved",
            Self::Ambiguous => "ambiguous",
            Self::TakenDown => "taken_down",
            Self::Dup => "dup",
            Self::Best => "best",
            Self::Candidate => "candidate",
        }
    }

    /// Reads the word.
    pub(crate) fn read(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase().replace('-', "_");
        match word.as_str() {
            "offline" => Some(Self::Missing),
            "duplicate" => Some(Self::Dup),
            word => Self::ALL.into_iter().find(|state| state.as_str() == word),
        }
    }
}

/// How many of an image's resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// All, and at least one.
    Full,
    /// Some, but not all.
    Partial,
    /// None of at least one.
    None,
}

impl Share {
    /// Every share.
    pub const ALL: [Self; 3] = [Self::Full, Self::Partial, Self::None];

    /// The word after `linked:`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::None => "none",
        }
    }
}

/// Classes of copies, strongest first, as `class:` takes them.
pub const COPY_CLASSES: [&str; 5] = ["same_bytes", "same_pixels", "reencode", "edited", "candidate"];

/// The answer to an [`Ask`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The keys of the documents.
    Images(Vec<i64>),
    /// The numbers of their media, as in [`crate::Document::media`].
    Media(Vec<u64>),
    /// The numbers of resources that they use one of. For [`Ask::Linked`] all resources that are linked.
    Resources(Vec<u64>),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// The kind of trouble.
    pub code: ErrorCode,
    /// What is wrong.
    pub message: String,
    /// What helps.
    pub hint: Option<String>,
}

impl Ask {
    /// How much it costs to answer.
    pub(crate) fn is_similarity(&self) -> bool {
        matches!(
            self,
            Self::Like { .. }
                | Self::Blur { .. }
                | Self::CopyOf(_)
                | Self::Class(_)
                | Self::Is(State::Dup | State::Best | State::Candidate)
        )
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |f: &mut fmt::Formatter<'_>, name: &str, value: &str| {
            write!(f, "{name}:")?;
            write_value(f, value, false, false)
        };
        match self {
            Self::Path(glob) => {
                // A glob may hold whatever a path may; in quotes it keeps its stars.
                write!(f, "path:")?;
                write_value(f, glob, false, true)
            }
            Self::Root(text) => value(f, "root", text),
            Self::Extension(text) => value(f, "ext", text),
            Self::FileSize(test) => write!(f, "filesize:{test}"),
            Self::Modified(test) => write!(f, "mtime:{test}"),
            Self::Seen(test) => write!(f, "seen:{test}"),
            Self::Is(state) => write!(f, "is:{}", state.as_str()),
            Self::Linked(share) => write!(f, "linked:{}", share.as_str()),
            Self::Via(evidence) => value(f, "via", evidence),
            Self::Confidence(test) => write!(f, "confidence:{test}"),
            Self::Descends(model) => value(f, "descends", model),
            Self::Like { image, bits } => {
                write!(f, "like:")?;
                write_value(f, image, false, bits.is_some())?;
                bits.map_or(Ok(()), |bits| write!(f, "~{bits}"))
            }
            Self::Blur { image, hundredths } => {
                write!(f, "blur:")?;
                write_value(f, image, false, hundredths.is_some())?;
                hundredths
                    .map_or(Ok(()), |hundredths| write!(f, "~{}.{:02}", hundredths / 100, hundredths % 100))
            }
            Self::Raw(text) => value(f, "raw", text),
            Self::CopyOf(image) => value(f, "dupof", image),
            Self::Class(class) => write!(f, "class:{class}"),
        }
    }
}
