//! Files of this machine: which there are, what they were when last seen, and which images they are.
//!
//! - In: what a scan saw, in batches together with the images that it read. Out: rows, by path.
//! - A file that is gone stays, as missing, until somebody forgets it on purpose.
//! - Never: a look at the disk.

mod models;
mod prune;
mod read;
mod write;

#[cfg(test)]
mod tests;

use super::batch::Batch;
use super::{CatalogError, Result};
use crate::entity::{ImageKey, Timestamp};

pub use models::{DueModel, Hashing, LocalModel, LocalModelFacts};
pub use prune::Forget;
pub(super) use write::{apply_moves, store_files};

/// The catalog's number for a root; positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootId(i64);

/// The catalog's number for a local file; positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalFileId(pub(in crate::catalog) i64);

/// A folder that is scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Its number.
    pub id: RootId,
    /// Its absolute path, as the platform's bytes.
    pub path: Vec<u8>,
    /// Whether it was there when last looked for.
    pub online: bool,
    /// When a scan of all of it last came to its end.
    pub scanned_at: Option<Timestamp>,
}

/// What tells without opening a file whether it is still the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FileStat {
    /// Size in bytes.
    pub size_bytes: u64,
    /// Time of the last change, in nanoseconds since 1970-01-01 UTC.
    pub modified_ns: i64,
    /// The device that it is on; 0 where the platform has no such number.
    pub device: u64,
    /// Its number there; 0 where the platform has no such number.
    pub inode: u64,
}

/// What a local file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// A picture.
    Image,
    /// A video.
    Video,
    /// A model file.
    Model,
    /// A text file that speaks of the picture beside it.
    Sidecar,
    /// Anything else.
    Other,
}

impl FileKind {
    /// Every kind, in the order of their catalog numbers.
    pub const ALL: [Self; 5] = [Self::Image, Self::Video, Self::Model, Self::Sidecar, Self::Other];

    /// The word that output uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Model => "model",
            Self::Sidecar => "sidecar",
            Self::Other => "other",
        }
    }

    pub(in crate::catalog) fn code(self) -> i64 {
        match self {
            Self::Image => 1,
            Self::Video => 2,
            Self::Model => 3,
            Self::Sidecar => 4,
            Self::Other => 5,
        }
    }

    fn from_code(code: i64) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code).ok_or(damaged("kind"))
    }
}

/// What became of a local file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It was there and could be read.
    Present,
    /// It was no longer there.
    Missing {
        /// When that was noticed.
        since: Option<Timestamp>,
    },
    /// It was there and could not be read.
    Failed {
        /// Why.
        reason: String,
    },
}

impl FileState {
    /// The word that output uses.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Missing { .. } => "missing",
            Self::Failed { .. } => "failed",
        }
    }
}

/// A local file as last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFile {
    /// Its number.
    pub id: LocalFileId,
    /// The root that it is below.
    pub root: RootId,
    /// Its path below the root, as the platform's bytes.
    pub path: Vec<u8>,
    /// What it was when last read.
    pub stat: FileStat,
    /// What it is.
    pub kind: FileKind,
    /// What became of it.
    pub state: FileState,
    /// 64 bits of a hash over its size, first and last bytes.
    pub sample: Option<i64>,
    /// BLAKE3 of its bytes, where somebody asked for it.
    pub content: Option<[u8; 32]>,
    /// The image that it is, or that it is a sidecar of.
    pub image: Option<ImageKey>,
}

/// A local file as a scan saw it, to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScannedFile {
    /// The root that it is below.
    pub root: RootId,
    /// Its path below the root, as the platform's bytes.
    pub path: Vec<u8>,
    /// What it is now.
    pub stat: FileStat,
    /// What it is.
    pub kind: FileKind,
    /// Why it could not be read, if it could not.
    pub failure: Option<String>,
    /// 64 bits of a hash over its size, first and last bytes.
    pub sample: Option<i64>,
    /// BLAKE3 of its bytes, where known.
    pub content: Option<[u8; 32]>,
    /// The name of the image that it is, or that it is a sidecar of: an absolute path.
    pub image: Option<Vec<u8>>,
    /// The missing file that this one is, moved.
    pub moved_from: Option<LocalFileId>,
}

/// Files with the images in them: what a scan writes together.
#[derive(Clone, Debug)]
pub struct ScanBatch {
    /// The images, and their raw records.
    pub batch: Batch,
    /// The files, in any order.
    pub files: Vec<ScannedFile>,
}

/// How many local files there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalStats {
    /// Files that are there.
    pub present: u64,
    /// Files that are no longer there.
    pub missing: u64,
    /// Files that could not be read.
    pub failed: u64,
}

/// An absolute path out of that of a root and one below it.
pub fn joined(root: &[u8], below: &[u8]) -> Vec<u8> {
    if below.is_empty() {
        return root.to_vec();
    }
    let separator: &[u8] = if root.ends_with(SEPARATOR) { b"" } else { SEPARATOR };
    [root, separator, below].concat()
}

/// What is left of an absolute path below a root; `None` if it is not below it. Empty for the root itself.
pub fn below<'p>(root: &[u8], path: &'p [u8]) -> Option<&'p [u8]> {
    let rest = path.strip_prefix(root)?;
    if rest.is_empty() || root.ends_with(SEPARATOR) {
        return Some(rest);
    }
    rest.strip_prefix(SEPARATOR)
}

/// Between the parts of a path.
const SEPARATOR: &[u8] = std::path::MAIN_SEPARATOR_STR.as_bytes();

fn damaged(column: &'static str) -> CatalogError {
    CatalogError::Damaged { table: "local_files", column }
}
