//! What pictures look like: numbers computed from pixels, by media and algorithm.
//!
//! - In: fingerprints as they were computed, and why others could not be. Out: rows by the generation that changed them,
//!   and which pictures have none yet.
//! - A media has one row an algorithm. What was read from its own bytes is never replaced by what a smaller rendition of
//!   it gave, and what is known never by a failure, unless the file has changed.
//! - Never: pixels, distances.

mod due;
mod read;
mod write;

#[cfg(test)]
mod tests;

use super::{CatalogError, LocalFileId, MediaId, Result};
use crate::entity::{Fingerprint, ImageKey, MediaKey, MediaType, Timestamp};

pub use due::Wanted;
pub(super) use write::{Carried, drop_stale, hand_over, put_down, take_up};

/// Where the pixels came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PixelOrigin {
    /// A file on disk.
    File,
    /// The bytes that the site stores.
    Original,
    /// A rendition that the site made of these bytes: resized, encoded again. Its bytes and pixels are not those of
    /// the media, so that it can show likeness and never equality.
    Preview {
        /// The width that was asked for, in pixels.
        width: u32,
    },
}

impl PixelOrigin {
    /// Whether these were the bytes of the media itself.
    pub fn is_exact(self) -> bool {
        match self {
            Self::File | Self::Original => true,
            Self::Preview { .. } => false,
        }
    }

    /// The word that output uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Original => "original",
            Self::Preview { .. } => "preview",
        }
    }

    fn columns(self) -> (i64, Option<u32>) {
        match self {
            Self::File => (1, None),
            Self::Original => (2, None),
            Self::Preview { width } => (3, Some(width)),
        }
    }

    fn from_columns(code: i64, width: Option<u32>) -> Result<Self> {
        match (code, width) {
            (1, _) => Ok(Self::File),
            (2, _) => Ok(Self::Original),
            (3, Some(width)) => Ok(Self::Preview { width }),
            _ => Err(damaged("origin")),
        }
    }
}

/// What looking at the pixels of a media gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// Its numbers; those of a flat picture mean nothing, see [`Fingerprint::is_flat`].
    Seen(Fingerprint),
    /// Nothing, and why: a few words that do not depend on the file, so that they can be counted.
    Failed(String),
}

impl Looked {
    /// The numbers, if there are any.
    pub fn fingerprint(&self) -> Option<&Fingerprint> {
        match self {
            Self::Seen(fingerprint) => Some(fingerprint),
            Self::Failed(_) => None,
        }
    }
}

/// What the catalog holds of the pixels of a media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFingerprint {
    /// The media.
    pub media: MediaId,
    /// The batch that last changed any of this.
    pub generation: u64,
    /// Where the pixels came from.
    pub origin: PixelOrigin,
    /// BLAKE3 of all bytes of the media; `None` for a preview.
    pub content: Option<[u8; 32]>,
    /// The BlurHash that was computed from the pixels. What the site gave stands in [`crate::entity::Media`].
    pub blurhash: Option<String>,
    /// The numbers. Those of a preview have no hash of pixels or code.
    pub looked: Looked,
}

/// What was computed, to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFingerprint {
    /// The media.
    pub media: MediaId,
    /// Where the pixels came from.
    pub origin: PixelOrigin,
    /// Size and time of the file that was read, where it was one on disk.
    pub file: Option<FileMark>,
    /// BLAKE3 of all bytes; left out for a preview.
    pub content: Option<[u8; 32]>,
    /// The BlurHash of the pixels.
    pub blurhash: Option<String>,
    /// What came of it.
    pub looked: Looked,
    /// Until when a failure spares another try; `None`: until the file changes.
    pub expires_at: Option<Timestamp>,
}

/// A state of a file on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMark {
    /// Size in bytes.
    pub size_bytes: u64,
    /// Time of the last change, in nanoseconds since 1970-01-01 UTC.
    pub modified_ns: i64,
}

/// What became of the rows of one batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FingerprintsWritten {
    /// The number of the batch; `None` when it changed nothing.
    pub generation: Option<u64>,
    /// Rows that say something new.
    pub changed: u64,
    /// Rows that said so before, or something better.
    pub unchanged: u64,
}

/// How many fingerprints there are, of the present algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FingerprintStats {
    /// Media with numbers, flat ones included.
    pub seen: u64,
    /// Those of them that are too flat to be compared.
    pub flat: u64,
    /// Those of them that were computed from a preview.
    pub previews: u64,
    /// Media whose pixels could not be looked at.
    pub failed: u64,
}

/// Whether failures that still spare a try are tried all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Failures {
    /// They are left alone.
    #[default]
    Spared,
    /// They are tried again.
    Retried,
}

/// A picture on disk whose fingerprint is missing or out of date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuePicture {
    /// Its number.
    pub file: LocalFileId,
    /// Its media.
    pub media: MediaId,
    /// Its absolute path, as the platform's bytes.
    pub path: Vec<u8>,
    /// What it was when it was last scanned.
    pub mark: FileMark,
}

/// A media of the site, and how to come by its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteMedia {
    /// Its number.
    pub media: MediaId,
    /// What the site calls it.
    pub key: MediaKey,
    /// An image that shows it: one with a number of the site, if there is one, the lowest.
    pub image: ImageKey,
    /// The address that the site gave for that image.
    pub url: String,
    /// Whether it is a picture or moves, where that is known.
    pub media_type: Option<MediaType>,
}

fn damaged(column: &'static str) -> CatalogError {
    CatalogError::Damaged { table: "fingerprints", column }
}
