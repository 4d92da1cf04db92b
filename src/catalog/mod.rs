//! The catalog: one SQLite file, the only truth.
//!
//! - In: batches of entities with their raw records. A batch is a transaction is a generation.
//! - Out: rows, read one by one or streamed in a stated order.
//! - Never: a network, JSON of any site, anything derived that could not be rebuilt.

mod answers;
mod batch;
mod changes;
mod codes;
mod crawl;
mod decisions;
mod error;
mod export;
mod fingerprints;
mod history;
mod images;
mod links;
mod local;
mod lookups;
mod media;
mod merge;
mod raw;
mod records;
mod schema;
mod standing;
mod stats;
mod writer;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

pub use answers::{LinkedName, NamedResource};
pub use batch::{Batch, BatchReport, Outcome, Record};
pub use changes::ChangedImage;
pub use crawl::{
    Absent, CrawlPage, CrawlRow, CrawlState, CrawlStep, Gap, PageKind, Part, Tombstone, WalkCounts,
};
pub use decisions::{DecisionsChange, DecisionsFile, Faults, LineFault, Overlay, new_decision};
pub use error::CatalogError;
pub use export::{FileRecord, ModelRecord, NamedImage, VersionRecord};
pub use fingerprints::{
    DuePicture, Failures, FileMark, FingerprintStats, FingerprintsWritten, Looked, NewFingerprint,
    PixelOrigin, RemoteMedia, StoredFingerprint, Wanted,
};
pub use history::Change;
pub use images::{ImageRow, StoredUse};
pub use links::{
    Bearer, FileFacts, HasLinks, HashFact, ImageFacts, ImageLink, LinkedBy, LocalUse, LocalUses, ModelFacts,
    NameKind, NamingImage, PictureFile, RemixCounts, Removal, Removed, SharedFile, StoredResource, Usage,
    UseFacts, VersionFacts, VersionTitle, Works,
};
#[cfg(test)]
pub(crate) use links::{Fixture, SomeFile, SomeImage, SomeVersion, text_resource};
pub use local::{
    DueModel, FileKind, FileStat, FileState, Forget, Hashing, LocalFile, LocalFileId, LocalModel,
    LocalModelFacts, LocalStats, Root, RootId, ScanBatch, ScannedFile, below, joined,
};
pub use lookups::{
    AnswerNotes, Lookup, LookupKind, LookupOutcome, NamedVersion, UrlMark, WantedHash, WantedVersion,
};
pub use media::{MediaId, MediaRow};
pub use raw::{RawBlock, raw_hash};
pub use standing::{ChangedMedia, MediaStanding};
pub use stats::CatalogStats;
use writer::ResourceCache;

/// Result of a catalog operation.
pub type Result<T> = std::result::Result<T, CatalogError>;

/// What a process wants of the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Create it if it is missing, bring its format up to date, write to it. One process at a time writes.
    Write,
    /// Read only; any number of processes, also beside a writer.
    Read,
}

/// An open catalog. One per thread: open it again for another.
#[derive(Debug)]
pub struct Catalog {
    connection: Connection,
    resource_cache: ResourceCache,
    batches_since_checkpoint: u32,
}

impl Catalog {
    /// Opens the catalog at `path`.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Missing`] when reading one that does not exist, [`CatalogError::TooNew`] when a later
    /// Stemmata wrote it, [`CatalogError::NotACatalog`] when the file is something else.
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        if access == Access::Read && !path.exists() {
            return Err(CatalogError::Missing { path: path.to_owned() });
        }
        let connection = match connect(path, path, access) {
            // Even to read, SQLite writes beside the file; where it may not, nobody else does either.
            Err(error) if access == Access::Read && is_denied(&error) && !has_log(path) => {
                connect(&unchanging(path), path, access)?
            }
            connected => connected?,
        };
        Ok(Self { connection, resource_cache: ResourceCache::default(), batches_since_checkpoint: 0 })
    }

    /// The number of the last committed batch; 0 in a new catalog.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn generation(&self) -> Result<u64> {
        let newest: Option<i64> =
            self.connection.query_row("SELECT max(generation) FROM generations", [], |row| row.get(0))?;
        Ok(newest.and_then(|generation| u64::try_from(generation).ok()).unwrap_or(0))
    }
}

/// Opens `file`, which is the path or a URI of it.
fn connect(file: &Path, path: &Path, access: Access) -> Result<Connection> {
    let flags = match access {
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Access::Read => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let connection = Connection::open_with_flags(
        file,
        flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI,
    )?;
    schema::prepare(&connection, path, access)?;
    Ok(connection)
}

fn is_denied(error: &CatalogError) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, PermissionDenied, ReadOnly};
    let CatalogError::Sqlite(cause) = error else { return false };
    matches!(cause.sqlite_error_code(), Some(ReadOnly | CannotOpen | PermissionDenied))
}

/// Whether batches wait beside the file to be moved into it.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|metadata| metadata.len() > 0)
}

/// The URI by which SQLite opens a file that nobody changes, and touches nothing beside it.
fn unchanging(path: &Path) -> PathBuf {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                uri.push(char::from(*byte));
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri.push_str("?mode=ro&immutable=1");
    uri.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_nobody_changes_is_read_without_a_trace_beside_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a b?c#%41&=\u{e9}.db");
        drop(Catalog::open(&path, Access::Write).expect("a new catalog"));
        let names = || {
            let entries = std::fs::read_dir(folder.path()).expect("readable");
            entries.map(|entry| entry.expect("an entry").file_name()).collect::<Vec<_>>()
        };
        assert_eq!(names().len(), 1, "a closed catalog is one file");
        let connection = connect(&unchanging(&path), &path, Access::Read).expect("opens");
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_master WHERE name = 'images'", [], |row| row.get(0))
            .expect("readable");
        assert_eq!((tables, names().len()), (1, 1));
    }
}
