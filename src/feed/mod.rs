//! Catalog to index: what changed since the generation that the index holds.
//!
//! - In: a catalog, open for reading, and the folder of an index.
//! - Out: the same images in the index, stamped with the generation they show.
//! - Never: a change to the catalog. An index that was deleted is fed from generation 0 and equals the old one.

mod flatten;
mod standing;
mod verify;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use stemmata_index::{Document, IndexError, Writer, WriterOptions};
use thiserror::Error;

use flatten::ResourceNames;
pub use standing::{Standing, standing};
pub use verify::{Difference, VerifyReport, verify};

use crate::catalog::{Catalog, CatalogError};
use crate::run::RunContext;

/// Generations that are read as of one moment. Short, because a writer cannot empty its log meanwhile.
const GENERATIONS_A_SLICE: u64 = 2;
/// Changed images that wait for each other, in memory meanwhile.
const CHANGED_AT_ONCE: usize = 10_000;

/// How long a follower waits before it looks again; far below the time that one slice takes.
const FOLLOW_PAUSE: Duration = Duration::from_millis(20);

/// How the index is fed.
#[derive(Clone, Copy, Debug)]
pub struct FeedOptions {
    /// Threads that index.
    pub threads: usize,
    /// Memory for documents on their way, in bytes.
    pub memory_bytes: usize,
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self { threads: std::thread::available_parallelism().map_or(1, usize::from), memory_bytes: 256 << 20 }
    }
}

/// What a feed did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedReport {
    /// Images written to the index.
    pub images: u64,
    /// The generation that the index now shows.
    pub generation: u64,
}

/// A failed feed. What was committed to the index before stays, and the next feed goes on from there.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FeedError {
    /// The catalog could not be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The index could not be written.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The index was fed from another catalog, or from this one before an older copy was put in its place. Delete it and
    /// feed it again.
    #[error("the index shows generation {shown} of another catalog, and this one has {newest}: rebuild it")]
    Foreign {
        /// What the index shows.
        shown: u64,
        /// The last generation of the catalog.
        newest: u64,
    },
}

/// A feed that stays open, for following a catalog while it grows.
pub struct Feeder {
    writer: Writer,
    names: ResourceNames,
    shown: u64,
    /// What tells the generation that was taken last from others of its number.
    mark: Option<u64>,
    /// Whether the index was compared with the catalog that it is fed from.
    is_compared: bool,
    report: FeedReport,
}

impl Feeder {
    /// Opens or creates the index in `folder`.
    ///
    /// # Errors
    ///
    /// [`IndexError::Locked`] when another process feeds it, [`IndexError::NeedsRebuild`] when it has another
    /// format.
    pub fn open(folder: &Path, options: FeedOptions) -> Result<Self, FeedError> {
        let options = WriterOptions { threads: options.threads, memory_bytes: options.memory_bytes };
        let writer = Writer::open(folder, options)?;
        let shown = writer.generation();
        let mark = writer.mark();
        let report = FeedReport { images: 0, generation: shown };
        Ok(Self { writer, names: ResourceNames::default(), shown, mark, is_compared: false, report })
    }

    /// Writes what the catalog has gained, without committing it.
    ///
    /// # Errors
    ///
    /// [`FeedError::Foreign`] for an index that was fed from another catalog; else when the catalog cannot be read or the
    /// index cannot be written.
    pub fn take(&mut self, catalog: &Catalog, run: &RunContext) -> Result<(), FeedError> {
        let newest = catalog.generation()?;
        if !self.is_compared {
            if !standing::compare(catalog, self.shown, self.mark)?.is_ours() {
                return Err(FeedError::Foreign { shown: self.shown, newest });
            }
            self.is_compared = true;
        }
        while self.shown < newest && !run.cancel.is_requested() {
            let up_to = newest.min(self.shown + GENERATIONS_A_SLICE);
            self.take_slice(catalog, up_to, run)?;
            self.shown = up_to;
            self.mark = catalog.generation_mark(up_to)?;
        }
        Ok(())
    }

    fn take_slice(&mut self, catalog: &Catalog, up_to: u64, run: &RunContext) -> Result<(), FeedError> {
        let Self { writer, names, shown, report, .. } = self;
        let shown = *shown;
        let mut changed = Changed::default();
        catalog.for_each_changed_image(shown, up_to, |image| -> Result<(), FeedError> {
            let is_new = image.row.added > shown;
            if !is_new {
                changed.keys.push(image.row.key.get());
            }
            if image.same_as.is_none() {
                let document = flatten::flatten(&image, names, catalog)?;
                if is_new {
                    writer.add(&document)?;
                } else {
                    changed.documents.push(document);
                }
                report.images += 1;
                run.progress.advance(1);
            }
            if changed.keys.len() >= CHANGED_AT_ONCE { changed.write(writer) } else { Ok(()) }
        })?;
        changed.write(writer)
    }

    /// Takes what a catalog gains while others write it, until they say that they have finished.
    ///
    /// # Errors
    ///
    /// As [`Self::take`].
    pub fn follow(
        &mut self,
        catalog: &Catalog,
        finished: &AtomicBool,
        run: &RunContext,
    ) -> Result<(), FeedError> {
        loop {
            let is_last = finished.load(Ordering::Acquire) || run.cancel.is_requested();
            self.take(catalog, run)?;
            if is_last {
                return Ok(());
            }
            std::thread::sleep(FOLLOW_PAUSE);
        }
    }

    /// Makes what was taken visible, and says what was done since opening.
    ///
    /// # Errors
    ///
    /// When the index cannot be written.
    pub fn commit(&mut self) -> Result<FeedReport, FeedError> {
        if self.shown != self.writer.generation() {
            self.writer.commit_marked(self.shown, self.mark)?;
        }
        self.report.generation = self.shown;
        Ok(self.report)
    }
}

/// Images of the index that changed since. They are replaced many at a time, because what is removed is looked for among
/// all documents.
#[derive(Default)]
struct Changed {
    keys: Vec<i64>,
    documents: Vec<Document>,
}

impl Changed {
    fn write(&mut self, writer: &mut Writer) -> Result<(), FeedError> {
        writer.remove(std::mem::take(&mut self.keys))?;
        Ok(self.documents.drain(..).try_for_each(|document| writer.add(&document))?)
    }
}

/// Brings the index in `folder` up to the catalog.
///
/// # Errors
///
/// As [`Feeder`].
pub fn catch_up(
    catalog: &Catalog,
    folder: &Path,
    options: FeedOptions,
    run: &RunContext,
) -> Result<FeedReport, FeedError> {
    let mut feeder = Feeder::open(folder, options)?;
    run.progress.begin("index", None);
    let taken = feeder.take(catalog, run);
    run.progress.end();
    taken?;
    feeder.commit()
}

/// Merges the files of the index in `folder` and drops what was replaced.
///
/// # Errors
///
/// [`IndexError::Locked`] when another process feeds it; else when it cannot be written. The last commit stays.
pub fn compact(folder: &Path, options: FeedOptions) -> Result<(), FeedError> {
    let options = WriterOptions { threads: options.threads, memory_bytes: options.memory_bytes };
    Ok(Writer::open(folder, options)?.compact()?)
}
