//! What can go wrong with a catalog.

use std::path::PathBuf;

use thiserror::Error;

/// A failed catalog operation.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// Nothing was ever imported or crawled into this home.
    #[error("there is no catalog at {}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A later version of Stemmata wrote it.
    #[error("the catalog at {} has format {found}, and this version reads up to {newest}", path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that this version knows.
        newest: i64,
    },
    /// A file of another kind, or an SQLite database of another program.
    #[error("{} is not a Stemmata catalog", path.display())]
    NotACatalog {
        /// The file.
        path: PathBuf,
    },
    /// Another process is writing and did not finish in time.
    #[error("another process is writing to the catalog")]
    Busy,
    /// The disk is full.
    #[error("the disk is full")]
    DiskFull,
    /// The disk or a limit of the system refused.
    #[error("the disk would not read or write the catalog")]
    Disk(#[source] rusqlite::Error),
    /// A stored value is not what its column promises.
    #[error("damaged row in {table}: {column}")]
    Damaged {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A raw block could not be packed or unpacked.
    #[error("raw records could not be read or written")]
    Raw(#[source] std::io::Error),
    /// The file of decisions could not be read or written.
    #[error("the decisions in {} could not be read or written", path.display())]
    Decisions {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// Anything else that SQLite says.
    #[error("the catalog could not be read or written")]
    Sqlite(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for CatalogError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Self::Busy,
            Some(rusqlite::ErrorCode::DiskFull) => Self::DiskFull,
            Some(rusqlite::ErrorCode::SystemIoFailure) => Self::Disk(error),
            _ => Self::Sqlite(error),
        }
    }
}
