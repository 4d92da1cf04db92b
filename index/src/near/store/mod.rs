//! Tables of small records in files: read whole, extended by a log, replaced at once.
//!
//! - In: records of one kind that has a fixed size; keys of those that are gone.
//! - Out: the records in their order, each key once, with the [`Stamp`] of what they show.
//! - Never: truth. A file that is damaged, or of another format or algorithm, is an error that says to rebuild it.
//!
//! A table is two files. The base holds all records in ascending order behind a header with checksums and is only
//! ever replaced by renaming. The log beside it names the base that it continues and holds one frame an
//! [`Table::append`]; a frame that the disk has only in part is as if it had never been written, and then the stamp
//! says an earlier generation. A log that grows large is folded into the base.
//!
//! One process writes at a time; that is the caller's to see to.

mod base;
mod log;
mod records;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use thiserror::Error;

pub use records::{CodeRecord, Edge};

/// Version of the files. An older or newer one is rebuilt, not read.
pub const STORE_FORMAT: u32 = 1;

/// Bytes of a log below which it is never folded into its base.
const SMALL_LOG_BYTES: u64 = 1 << 20;

/// A log is folded when it exceeds its base divided by this.
const LOG_SHARE: u64 = 8;

/// What a table shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The caller's number of the state that it shows.
    pub generation: u64,
    /// The caller's number of the way in which its records were computed; records of two ways do not compare.
    pub algorithm: u32,
}

/// What a record is found by. A second number is zero where one is enough.
pub type Key = [u64; 2];

/// One row of a table.
///
/// [`Ord`] is the order of the rows in the file. Of records with one key, the one that was put last counts.
pub trait Record: Copy + Ord + Send + Sync {
    /// Marks the files of this kind.
    const KIND: [u8; 4];
    /// Bytes of a row, from 1 to 4096.
    const BYTES: usize;
    /// What it is replaced and removed by.
    fn key(&self) -> Key;
    /// Writes all [`Self::BYTES`] bytes of `row`, numbers as little endian.
    fn write(&self, row: &mut [u8]);
    /// Reads a row of [`Self::BYTES`] bytes; `None` if no record looks like it.
    fn read(row: &[u8]) -> Option<Self>;
}

/// Why a table could not be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk said no.
    #[error("failed to read or write {}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is not what its checksums say, or no such file at all.
    #[error("{} is damaged: rebuild it", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// Another version of the program wrote it.
    #[error("{} has format {found}, and this version reads {STORE_FORMAT}: rebuild it", path.display())]
    OtherFormat {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Its records were computed in another way.
    #[error("{} was made by algorithm {found}, and this version has {wanted}: rebuild it", path.display())]
    OtherAlgorithm {
        /// Which file.
        path: PathBuf,
        /// Its algorithm.
        found: u32,
        /// The algorithm that was asked for.
        wanted: u32,
    },
}

impl StoreError {
    /// Whether deleting the file and making it anew helps.
    pub fn asks_for_rebuild(&self) -> bool {
        match self {
            Self::Io { .. } => false,
            Self::Damaged { .. } | Self::OtherFormat { .. } | Self::OtherAlgorithm { .. } => true,
        }
    }

    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<'_> {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    fn damaged(path: &Path) -> Self {
        Self::Damaged { path: path.to_owned() }
    }
}

/// A table on disk. Holds none of its records.
#[derive(Debug)]
pub struct Table<R> {
    path: PathBuf,
    stamp: Stamp,
    base: base::Identity,
    /// Bytes of the log that are whole; zero without a log.
    log_bytes: u64,
    record: PhantomData<fn() -> R>,
}

/// A table that was opened, with what it holds.
#[derive(Debug)]
pub struct Opened<R> {
    /// The table, to append to.
    pub table: Table<R>,
    /// Its records, ascending.
    pub records: Vec<R>,
}

impl<R: Record> Table<R> {
    /// Writes a table that holds exactly these records, in place of whatever is there. Their keys must be distinct;
    /// records that ascend are not copied.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`]; what was there before is then unharmed.
    pub fn write(path: &Path, stamp: Stamp, records: &[R]) -> Result<Self, StoreError> {
        let mut sorted = Cow::Borrowed(records);
        if !records.is_sorted_by(|a, b| a < b) {
            sorted.to_mut().sort_unstable();
            sorted.to_mut().dedup();
        }
        let base = base::write(path, stamp, &sorted)?;
        log::remove(path)?;
        Ok(Self { path: path.to_owned(), stamp, base, log_bytes: 0, record: PhantomData })
    }

    /// The table at `path` as of its last whole append; `None` if there is no file.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: damaged, of another format, or of another algorithm than the caller's.
    pub fn open(path: &Path, algorithm: u32) -> Result<Option<Opened<R>>, StoreError> {
        let Some((identity, mut stamp, mut records)) = base::read::<R>(path)? else { return Ok(None) };
        if stamp.algorithm != algorithm {
            return Err(StoreError::OtherAlgorithm {
                path: path.to_owned(),
                found: stamp.algorithm,
                wanted: algorithm,
            });
        }
        let replayed = log::read::<R>(path, identity)?;
        let log_bytes = replayed.bytes;
        if let Some(generation) = replayed.generation {
            stamp.generation = generation;
            records = replayed.apply(records);
        }
        let table = Self { path: path.to_owned(), stamp, base: identity, log_bytes, record: PhantomData };
        Ok(Some(Opened { table, records }))
    }

    /// What it shows.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Adds and replaces `put`, takes away what has a key of `removed` (before it puts), and shows `generation` from
    /// then on. On disk when it returns; after a crash on the way, as it was before.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`]; [`StoreError::Damaged`] if folding found its own files changed.
    pub fn append(&mut self, generation: u64, put: &[R], removed: &[Key]) -> Result<(), StoreError> {
        self.log_bytes = log::append(&self.path, self.base, self.log_bytes, generation, put, removed)?;
        self.stamp.generation = generation;
        let base_bytes = self.base.records.saturating_mul(R::BYTES as u64);
        if self.log_bytes > SMALL_LOG_BYTES.max(base_bytes / LOG_SHARE) {
            self.fold()?;
        }
        Ok(())
    }

    /// Makes one file of base and log. [`Self::append`] does it by itself when it is time.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn fold(&mut self) -> Result<(), StoreError> {
        let opened = Self::open(&self.path, self.stamp.algorithm)?;
        let Opened { table, records } = opened.ok_or_else(|| StoreError::damaged(&self.path))?;
        *self = Self::write(&self.path, table.stamp, &records)?;
        Ok(())
    }
}

/// Takes away the table at `path`, if there is one.
///
/// # Errors
///
/// [`StoreError::Io`].
pub fn remove(path: &Path) -> Result<(), StoreError> {
    log::remove(path)?;
    base::remove_file(path)
}
