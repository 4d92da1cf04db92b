//! Folders of this machine into the catalog: what generators wrote into pictures and videos.
//!
//! - In: folders and files, an open catalog. Out: batches in the order of paths, whatever the number of threads, and
//!   a report that names every loss. A file that has not changed costs one look at its size and time.
//! - A folder that is not there is offline, and a file that is gone is missing: both stay in the catalog.
//! - Never: a change to what it reads, decoded pixels or whole files unless asked for, a network.

mod base64;
mod inspect;
mod models;
mod moves;
mod names;
mod path;
pub mod pixels;
mod plan;
mod read;
pub mod record;
mod report;
mod roots;
mod walk;
pub mod watch;
mod window;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rayon::prelude::*;
use thiserror::Error;

pub use inspect::{Inspected, inspect};
pub use models::model_facts;
pub use names::is_model;
pub use report::{ScanFailure, ScanReport, ScanWarning};
pub use roots::{RootSummary, forget, root_paths, roots_of};

use crate::catalog::{Catalog, CatalogError, Hashing};
use crate::parse::Limits;
use crate::run::RunContext;
use moves::Moves;
use plan::{Job, Plan};
use read::{Reader, Reading};

/// Files that are read together and share a batch, at most.
const UNIT_FILES: usize = 512;

/// Which files to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// Those that are new or have changed.
    #[default]
    Changed,
    /// Every one.
    All,
    /// Those that could not be read before.
    Failed,
}

/// How to scan.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// Which files to read.
    pub which: Which,
    /// Whether to enter hidden folders and read hidden files.
    pub hidden: bool,
    /// Whether to heed `.stemmataignore` and `.ignore` files.
    pub ignore_files: bool,
    /// Whether to follow symbolic links below the folders.
    pub follow_links: bool,
    /// Whether to read files to their end, for a hash of all bytes.
    pub hash: bool,
    /// Whether to hash model files, which are read to their end then.
    pub models: Hashing,
    /// Folders to leave out, such as the home of the catalog itself.
    pub exclude: Vec<PathBuf>,
    /// How much one file may cost.
    pub limits: Limits,
    /// Decodes pictures that say nothing, to look for text hidden in their pixels; `None` leaves pixels alone.
    pub decoder: Option<Decoder>,
    /// Threads that read; at least 1.
    pub threads: usize,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            which: Which::Changed,
            hidden: false,
            ignore_files: true,
            follow_links: false,
            hash: false,
            models: Hashing::Off,
            exclude: Vec::new(),
            limits: Limits::default(),
            decoder: None,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// Reads the pixels of a picture on disk; `None` where it cannot.
///
/// Scanning knows no decoder itself, so that whoever asks for this brings one.
#[derive(Clone, Copy, Debug)]
pub struct Decoder(pub fn(&Path) -> Option<Pixels>);

/// The pixels of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Red, green, blue and alpha of each, row by row.
    pub rgba: Vec<u8>,
}

impl Pixels {
    /// Red, green, blue and alpha in a column and row; zeros outside.
    fn at(&self, column: u32, row: u32) -> [u8; 4] {
        let place = u64::from(row) * u64::from(self.width) + u64::from(column);
        let start = usize::try_from(place).unwrap_or(usize::MAX).saturating_mul(4);
        self.rgba.get(start..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default()
    }
}

/// A failed scan. What was committed before stays.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ScanError {
    /// Nothing is there, and nothing that was scanned before was.
    #[error("nothing at {}", path.display())]
    NotFound {
        /// As given.
        path: PathBuf,
    },
    /// Something that is neither a file nor a folder.
    #[error("{} is neither a file nor a folder", path.display())]
    Special {
        /// As given.
        path: PathBuf,
    },
    /// The path cannot be looked at.
    #[error("{} cannot be looked at", path.display())]
    Unreachable {
        /// As given.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The catalog refused a batch.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The threads could not be started.
    #[error("could not start threads")]
    Threads(#[source] rayon::ThreadPoolBuildError),
}

/// Brings the catalog up to date with folders and files; with every root where `paths` is empty.
///
/// A request to stop ends the run after the present batch with a shorter report; the next run goes on from there.
///
/// # Errors
///
/// [`ScanError::NotFound`] and its like before anything is read, [`ScanError::Catalog`] when a batch cannot be
/// stored. Bad files are no errors but lines of the report.
pub fn scan(
    catalog: &mut Catalog,
    paths: &[PathBuf],
    options: &ScanOptions,
    run: &RunContext,
) -> Result<ScanReport, ScanError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.max(1))
        .build()
        .map_err(ScanError::Threads)?;
    let mut report = ScanReport::default();
    let targets = roots::targets(catalog, paths)?;
    let Plan { jobs, gone, returned } = plan::plan(catalog, &targets, options, run, &mut report)?;
    if run.cancel.is_requested() {
        report.interrupted = true;
        return Ok(report);
    }
    catalog.mark_present(&returned)?;
    // Only a new file can be one that moved.
    let has_new = jobs.iter().any(|job| !job.is_known || job.sidecars.iter().any(|beside| !beside.is_known));
    let mut moves = Moves::new(catalog, gone, has_new)?;
    run.progress.begin("scan", Some(jobs.len() as u64));
    let reader = Reader { options, moves: moves.candidates(), at: run.clock.now() };
    let written = std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(1);
        scope.spawn(|| read_all(&jobs, &reader, &pool, run, sender));
        write_all(catalog, &receiver, run, &mut moves, &mut report)
    });
    run.progress.end();
    written?;
    if !report.interrupted {
        finish(catalog, &targets, options, &moves, run, &mut report)?;
        models::read_models(catalog, options.models, run, &mut report)?;
    }
    Ok(report)
}

/// Reads jobs, one unit a thread at a time, and hands the readings on in order.
///
/// A unit that turns out to be heavy is read in several rounds, so that no more than one batch a thread is held,
/// whatever the files unpack to.
fn read_all(
    jobs: &[Job],
    reader: &Reader<'_>,
    pool: &rayon::ThreadPool,
    run: &RunContext,
    sender: SyncSender<Vec<Reading>>,
) {
    let mut units = jobs.chunks(UNIT_FILES);
    let mut open: VecDeque<(Option<Reading>, &[Job])> = VecDeque::new();
    while !run.cancel.is_requested() {
        let room = pool.current_num_threads().saturating_sub(open.len());
        open.extend(units.by_ref().take(room).map(|unit| (None, unit)));
        pool.install(|| {
            open.par_iter_mut().filter(|(done, _)| done.is_none()).for_each(|(done, rest)| {
                let (reading, left) = reader.read(rest);
                (*done, *rest) = (Some(reading), left);
            });
        });
        let mut readings = Vec::new();
        while let Some((done, rest)) = open.pop_front() {
            readings.extend(done);
            if !rest.is_empty() {
                open.push_front((None, rest));
                break;
            }
        }
        if readings.is_empty() || sender.send(readings).is_err() {
            return;
        }
    }
}

fn write_all(
    catalog: &mut Catalog,
    receiver: &Receiver<Vec<Reading>>,
    run: &RunContext,
    moves: &mut Moves,
    report: &mut ScanReport,
) -> Result<(), ScanError> {
    for mut reading in receiver.iter().flatten() {
        if run.cancel.is_requested() {
            report.interrupted = true;
            return Ok(());
        }
        report.moved += moves.settle(&mut reading);
        report.note(&reading);
        report.written.add(&catalog.write_scan(&reading.batch)?);
        run.progress.advance(reading.jobs);
    }
    report.interrupted |= run.cancel.is_requested();
    Ok(())
}

/// What only a scan that came to its end may say: that files are gone, and that all of a root was seen.
fn finish(
    catalog: &mut Catalog,
    targets: &[roots::Target],
    options: &ScanOptions,
    moves: &Moves,
    run: &RunContext,
    report: &mut ScanReport,
) -> Result<(), ScanError> {
    let at = run.clock.now();
    let missing = moves.unclaimed();
    report.missing = missing.len() as u64;
    catalog.mark_missing(&missing, at)?;
    for target in targets.iter().filter(|target| !report.offline.contains(&target.root.path)) {
        let whole = target.below.is_empty() && options.which != Which::Failed;
        catalog.mark_root(target.root.id, true, whole.then_some(at))?;
    }
    Ok(())
}
