//! What pictures look like: the pixels of those that a scan has found, read when somebody asks for it.
//!
//! - In: a catalog that knows the files, and somebody who can decode. Out: a fingerprint of each picture that has none as
//!   it is now, in batches, so that a run can be stopped anywhere and goes on from there.
//! - A picture that cannot be decoded costs itself, is counted by its reason, and is not tried again until it changes.
//! - Never: a file that has changed since the scan, which is for the next scan; more than one picture a thread in memory;
//!   videos.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use rayon::prelude::*;

use super::report::MAX_NAMED_FAILURES;
use super::{ScanError, ScanFailure, ScanWarning, path, window};
use crate::catalog::{
    Catalog, DuePicture, Failures, FileKind, FileMark, FileStat, LocalFileId, Looked, NewFingerprint,
    PixelOrigin, below,
};
use crate::entity::Fingerprint;
use crate::run::{Counted, RunContext};

/// Pictures in one batch at most.
const BATCH_FILES: usize = 512;

/// Bytes of the pictures of one batch, after which it is closed: what a killed run has to do again.
const BATCH_BYTES: u64 = 256 << 20;

/// Computes what is kept of a picture.
///
/// Crawling knows no decoder itself, so that whoever asks for this brings one.
#[derive(Clone, Copy, Debug)]
pub struct Describer {
    /// Most bytes of a picture.
    pub most_bytes: u64,
    /// Gives the numbers, or in a few words, the same for all pictures of which they are true, why there are none.
    pub describe: fn(&[u8]) -> Result<Described, String>,
}

/// What is kept of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// BLAKE3 of all bytes.
    pub content: [u8; 32],
    /// The BlurHash of the pixels.
    pub blurhash: String,
    /// The numbers.
    pub fingerprint: Fingerprint,
}

impl Describer {
    /// Describes a picture; a decoder that fails in a way that it should not costs this picture.
    pub(in crate::crawl) fn of(&self, bytes: &[u8]) -> Result<Described, String> {
        catch_unwind(AssertUnwindSafe(|| (self.describe)(bytes)))
            .unwrap_or_else(|_| Err("the decoder failed on this picture".to_owned()))
    }
}

/// How to look at pictures.
#[derive(Clone, Debug)]
pub struct PixelOptions {
    /// Who computes.
    pub describer: Describer,
    /// Whether pictures are tried that could not be decoded before.
    pub failures: Failures,
    /// Threads that decode; at least 1.
    pub threads: usize,
}

/// What looking at pictures gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PixelReport {
    /// Pictures that have a fingerprint now and had none, or another.
    pub fingerprinted: u64,
    /// Those of them that are too flat to be compared.
    pub flat: u64,
    /// Pictures that look as they did when their file was another.
    pub unchanged: u64,
    /// Media that took over what is known of the same bytes.
    pub adopted: u64,
    /// Files that have changed, or are gone, since they were scanned.
    pub stale: u64,
    /// Videos, which are left alone.
    pub videos: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Pictures that could not be read or decoded.
    pub failed: u64,
    /// The first 10,000 of these.
    pub failures: Vec<ScanFailure>,
    /// Reasons why pictures failed, with the first of each.
    pub reasons: BTreeMap<String, ScanWarning>,
    /// The last batch that changed anything.
    pub generation: Option<u64>,
    /// Whether somebody asked to stop before the end.
    pub interrupted: bool,
}

impl PixelReport {
    fn fail(&mut self, path: &[u8], reason: &str) {
        self.failed += 1;
        let first = || ScanWarning { count: 0, first: path.to_vec() };
        self.reasons.entry(reason.to_owned()).or_insert_with(first).count += 1;
        if self.failures.len() < MAX_NAMED_FAILURES {
            self.failures.push(ScanFailure::new(path, reason));
        }
    }
}

/// What came of one picture.
enum Look {
    Described(Box<Described>),
    /// It cannot be decoded, however often it is tried.
    Undecodable(String),
    /// It could not be read this time.
    Unreadable(String),
    /// It is not what was scanned.
    Stale,
    /// Somebody asked to stop.
    Untried,
}

/// Computes the fingerprints of the pictures below `paths` that have none as they are; of all known ones where it is
/// empty.
///
/// A request to stop ends the run after the present batch; the next run goes on from there.
///
/// # Errors
///
/// [`ScanError::NotFound`] for a path that was never scanned, [`ScanError::Catalog`] when a batch cannot be stored. Bad
/// pictures are no errors but lines of the report.
pub fn fingerprint(
    catalog: &mut Catalog,
    paths: &[PathBuf],
    options: &PixelOptions,
    run: &RunContext,
) -> Result<PixelReport, ScanError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.max(1))
        .build()
        .map_err(ScanError::Threads)?;
    let places = places(catalog, paths)?;
    let mut report = PixelReport {
        adopted: catalog.adopt_fingerprints(run.clock.now())?,
        videos: catalog.present_file_count(FileKind::Video)?,
        ..PixelReport::default()
    };
    let total = catalog.due_picture_count(options.failures)?.0;
    run.progress.begin("fingerprint", places.is_empty().then_some(total));
    let mut agenda = Agenda { after: None, places, failures: options.failures };
    let mut window = agenda.next(catalog)?;
    let mut done = Vec::new();
    while !window.is_empty() || !done.is_empty() {
        // The catalog is written and asked for more while the next pictures are decoded.
        let (looks, next) = std::thread::scope(|scope| {
            let looking = scope.spawn(|| look_at(&window, options, &pool, run));
            let next = store(catalog, std::mem::take(&mut done), run, &mut report)
                .and_then(|()| agenda.next(catalog));
            (looking.join().expect("a picture that makes its decoder panic is caught"), next)
        });
        done = window.into_iter().zip(looks).collect();
        let next = next?;
        report.interrupted |= run.cancel.is_requested();
        window = if report.interrupted { Vec::new() } else { next };
    }
    run.progress.end();
    Ok(report)
}

/// The places that `paths` name, as the catalog spells them.
fn places(catalog: &Catalog, paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, ScanError> {
    let roots = catalog.roots()?;
    let place = |given: &PathBuf| {
        let absolute = given.canonicalize().or_else(|_| std::path::absolute(given));
        let absolute = absolute.map_err(|source| ScanError::Unreachable { path: given.clone(), source })?;
        let place = path::bytes(&absolute).to_vec();
        let is_known = roots
            .iter()
            .any(|root| below(&root.path, &place).is_some() || below(&place, &root.path).is_some());
        is_known.then_some(place).ok_or_else(|| ScanError::NotFound { path: given.clone() })
    };
    paths.iter().map(place).collect()
}

/// What is left to do.
struct Agenda {
    after: Option<LocalFileId>,
    places: Vec<Vec<u8>>,
    failures: Failures,
}

impl Agenda {
    /// The pictures of the next batch, by file number; none at the end.
    fn next(&mut self, catalog: &Catalog) -> Result<Vec<DuePicture>, ScanError> {
        loop {
            let mut due = catalog.due_pictures(self.after, BATCH_FILES, self.failures)?;
            let Some(last) = due.last() else { return Ok(due) };
            self.after = Some(last.file);
            if !self.places.is_empty() {
                due.retain(|picture| self.places.iter().any(|place| below(place, &picture.path).is_some()));
            }
            let mut bytes = 0_u64;
            let fits = due.iter().take_while(|picture| {
                let is_first = bytes == 0;
                bytes = bytes.saturating_add(picture.mark.size_bytes.max(1));
                is_first || bytes <= BATCH_BYTES
            });
            let fits = fits.count();
            if fits < due.len() {
                due.truncate(fits);
                self.after = due.last().map(|picture| picture.file);
            }
            if !due.is_empty() {
                return Ok(due);
            }
        }
    }
}

/// Looks at pictures on all threads; in the order given.
fn look_at(
    pictures: &[DuePicture],
    options: &PixelOptions,
    pool: &rayon::ThreadPool,
    run: &RunContext,
) -> Vec<Look> {
    pool.install(|| {
        // One at a time, so that no thread stands idle while another has a row of them before it.
        let looks = pictures.par_iter().with_max_len(1).map(|picture| {
            if run.cancel.is_requested() {
                return Look::Untried;
            }
            let look = look(picture, &options.describer);
            run.progress.advance(1);
            look
        });
        looks.collect()
    })
}

fn look(picture: &DuePicture, describer: &Describer) -> Look {
    match read(picture, describer) {
        Ok(Err(reason)) => Look::Undecodable(reason),
        Ok(Ok(bytes)) => match describer.of(&bytes) {
            Ok(described) => Look::Described(Box::new(described)),
            Err(reason) => Look::Undecodable(reason),
        },
        Err(None) => Look::Stale,
        Err(Some(error)) if super::roots::is_gone(&error) => Look::Stale,
        Err(Some(error)) => Look::Unreadable(format!("it could not be read: {}", error.kind())),
    }
}

/// Reads a picture to its end, or says why that is not worth it.
///
/// # Errors
///
/// Why it could not be read; nothing where it is not what was scanned.
fn read(picture: &DuePicture, describer: &Describer) -> Result<Result<Vec<u8>, String>, Option<io::Error>> {
    let (mut file, stat) = window::open(&path::from_bytes(&picture.path)).map_err(Some)?;
    if mark(&stat) != picture.mark {
        return Err(None);
    }
    if stat.size_bytes > describer.most_bytes {
        return Ok(Err(format!("more than {} MiB", describer.most_bytes >> 20)));
    }
    // One byte more than there should be, so that reading ends without another look; the file is at most as long as
    // is allowed.
    let room = stat.size_bytes.saturating_add(1);
    let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or(0));
    (&mut file).take(room).read_to_end(&mut bytes).map_err(Some)?;
    let after = super::walk::stat(&file.metadata().map_err(Some)?);
    let is_whole = bytes.len() as u64 == stat.size_bytes && mark(&after) == picture.mark;
    is_whole.then_some(Ok(bytes)).ok_or(None)
}

fn mark(stat: &FileStat) -> FileMark {
    FileMark { size_bytes: stat.size_bytes, modified_ns: stat.modified_ns }
}

/// Commits what came of one batch.
fn store(
    catalog: &mut Catalog,
    done: Vec<(DuePicture, Look)>,
    run: &RunContext,
    report: &mut PixelReport,
) -> Result<(), ScanError> {
    let mut rows = Vec::with_capacity(done.len());
    let mut source = None;
    for (picture, look) in done {
        let row = |looked| NewFingerprint {
            media: picture.media,
            origin: PixelOrigin::File,
            file: Some(picture.mark),
            content: None,
            blurhash: None,
            looked,
            expires_at: None,
        };
        match look {
            Look::Described(described) => {
                let Described { content, blurhash, fingerprint } = *described;
                report.flat += u64::from(fingerprint.is_flat());
                report.bytes += picture.mark.size_bytes;
                let looked = Looked::Seen(fingerprint);
                rows.push(NewFingerprint { content: Some(content), blurhash: Some(blurhash), ..row(looked) });
            }
            Look::Undecodable(reason) => {
                run.progress.count(Counted::Failure, 1);
                report.fail(&picture.path, &reason);
                rows.push(row(Looked::Failed(reason)));
            }
            Look::Unreadable(reason) => {
                run.progress.count(Counted::Failure, 1);
                report.fail(&picture.path, &reason);
                continue;
            }
            Look::Stale => {
                report.stale += 1;
                continue;
            }
            Look::Untried => continue,
        }
        source.get_or_insert_with(|| path::shown(&picture.path));
    }
    if rows.is_empty() {
        return Ok(());
    }
    let failed = rows.iter().filter(|row| row.looked.fingerprint().is_none()).count() as u64;
    let source = source.unwrap_or_default();
    let written = catalog.write_fingerprints("fingerprint", &source, run.clock.now(), &rows)?;
    report.fingerprinted += written.changed.saturating_sub(failed);
    report.unchanged += written.unchanged;
    report.generation = written.generation.or(report.generation);
    Ok(())
}
