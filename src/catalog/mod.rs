//! The catalog: one SQLite file, the only truth.
//!
//! - In: batches of entities with their raw records. A batch is a transaction is a generation.
//! - Out: rows, read one by one or streamed in a stated order.
//! - Never: a network, JSON of any site, anything derived that could not be rebuilt.

mod batch;
mod changes;
mod crawl;
mod error;
mod export;
mod images;
mod links;
mod media;
mod merge;
mod raw;
mod schema;
mod stats;
mod writer;

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

pub use batch::{Batch, BatchReport, Outcome, Record};
pub use changes::ChangedImage;
pub use crawl::{Absent, CrawlRow, CrawlState, Tombstone};
pub use error::CatalogError;
pub use export::{FileRecord, ModelRecord, NamedImage, VersionRecord};
pub use images::{ImageRow, StoredUse};
pub use links::{
    FileFacts, HasLinks, ImageFacts, ImageLink, ModelFacts, SharedFile, StoredResource, Usage, UseFacts,
    VersionFacts, VersionTitle,
};
#[cfg(test)]
pub(crate) use links::{Fixture, SomeFile, SomeImage, SomeVersion, text_resource};
pub use media::{MediaId, MediaRow};
pub use raw::{RawBlock, raw_hash};
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
        let flags = match access {
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Access::Read => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        let connection = Connection::open_with_flags(
            path,
            flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI,
        )?;
        schema::prepare(&connection, path, access)?;
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
