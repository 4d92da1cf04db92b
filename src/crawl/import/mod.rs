//! Documents on disk into the catalog: API responses, dumps, sidecars.
//!
//! - In: files, folders, globs or standard input; JSON documents, arrays, or one a line; plain, gzip or zstd.
//! - Out: batches in the order of the input, whatever the number of threads, and a report that names every loss.
//! - Never: a network; an end of the run because of one bad file, line or item.

mod chunk;
mod input;
mod read;
mod report;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rayon::prelude::*;
use thiserror::Error;

pub use input::{Input, Plan};
pub use report::{Failure, ImportReport, MAX_NAMED_FAILURES, Warned};

use crate::catalog::{Catalog, CatalogError};
use crate::entity::Timestamp;
use crate::run::{Counted, RunContext};
use crate::source::civitai::ItemKind;
use chunk::{Chunk, ChunkReader};
use read::Reading;

/// What to import, and how.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// What the documents hold; detected where `None`.
    pub kind: Option<ItemKind>,
    /// Longest single JSON document or line, in bytes after decompression.
    pub max_document_bytes: usize,
    /// Threads that read documents; at least 1.
    pub threads: usize,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            kind: None,
            max_document_bytes: 1 << 30,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// A failed import. What was committed before stays.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A named file or folder is not there, and no file matches it as a pattern.
    #[error("nothing at {}", path.display())]
    NotFound {
        /// As given.
        path: PathBuf,
    },
    /// A pattern cannot be read.
    #[error("bad pattern {}", path.display())]
    BadPattern {
        /// As given.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: globset::Error,
    },
    /// The catalog refused a batch.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The threads could not be started.
    #[error("could not start threads")]
    Threads(#[source] rayon::ThreadPoolBuildError),
}

/// Reads every document of `plan` into the catalog.
///
/// Inputs are read in the order given, folders in byte order of their paths. A request to stop ends the run after
/// the present batch with a shorter report.
///
/// # Errors
///
/// [`ImportError::Catalog`] when a batch cannot be stored. Bad files, lines and items are no errors but lines of
/// the report.
pub fn import(
    catalog: &mut Catalog,
    plan: Plan,
    options: &ImportOptions,
    run: &RunContext,
) -> Result<ImportReport, ImportError> {
    let Plan { files, skipped } = plan;
    let mut report = ImportReport { files: files.len() as u64, ..ImportReport::default() };
    skipped.into_iter().for_each(|failure| report.skip(failure));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.max(1))
        .build()
        .map_err(ImportError::Threads)?;
    let total = files.iter().map(input::InputFile::size_bytes).sum::<Option<u64>>();
    run.progress.begin("import", total);
    let at = run.clock.now();
    let written = std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(1);
        let reader = ChunkReader::new(files, options.max_document_bytes);
        scope.spawn(|| read_all(reader, &pool, options, at, run, sender));
        write_all(catalog, &receiver, &pool, run, &mut report)
    });
    run.progress.end();
    written?;
    Ok(report)
}

/// Bytes of small files that one thread reads together, and that share a batch: a transaction for each of many
/// thousand sidecars would cost more than what is in them.
const UNIT_BYTES: usize = 1 << 20;

/// Files in such a unit at most.
const UNIT_CHUNKS: usize = 256;

/// The next chunks that one thread reads; empty at the end.
fn next_unit(reader: &mut ChunkReader) -> Vec<Chunk> {
    let mut unit = Vec::new();
    let mut bytes = 0;
    while bytes < UNIT_BYTES && unit.len() < UNIT_CHUNKS {
        let Some(chunk) = reader.next() else { break };
        bytes += chunk.content.text_bytes();
        unit.push(chunk);
    }
    unit
}

/// Reads groups of chunks, one unit a thread at a time, and hands the groups on in order.
fn read_all(
    mut reader: ChunkReader,
    pool: &rayon::ThreadPool,
    options: &ImportOptions,
    at: Timestamp,
    run: &RunContext,
    sender: SyncSender<Vec<Reading>>,
) {
    let mut group: Vec<Vec<Chunk>> = Vec::new();
    loop {
        group.clear();
        while group.len() < options.threads.max(1) * 2 {
            let unit = next_unit(&mut reader);
            if unit.is_empty() {
                break;
            }
            group.push(unit);
        }
        if group.is_empty() || run.cancel.is_requested() {
            return;
        }
        let readings =
            pool.install(|| group.par_iter().flat_map(|unit| read::read(unit, options.kind, at)).collect());
        if sender.send(readings).is_err() {
            return;
        }
    }
}

fn write_all(
    catalog: &mut Catalog,
    receiver: &Receiver<Vec<Reading>>,
    pool: &rayon::ThreadPool,
    run: &RunContext,
    report: &mut ImportReport,
) -> Result<(), ImportError> {
    for reading in receiver.iter().flatten() {
        if run.cancel.is_requested() {
            report.interrupted = true;
            return Ok(());
        }
        report.note(&reading);
        run.progress.count(Counted::Failure, reading.failures.len() as u64);
        if let Some(batch) = &reading.batch {
            report.written.add(&catalog.write(batch)?);
        }
        run.progress.advance(reading.read_bytes);
        // Everything waits for this thread, and to free what a batch holds is a sixth of its work.
        pool.spawn(move || drop(reading));
    }
    report.interrupted |= run.cancel.is_requested();
    Ok(())
}
