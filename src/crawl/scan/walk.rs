//! A folder, walked: every regular file with its size and time.
//!
//! - Out: files in byte order of their paths, whatever the number of threads.
//! - Never: a file opened, a link followed unasked, a pipe or a device touched.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::UNIX_EPOCH;

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::report::{ScanFailure, ScanReport};
use super::{ScanOptions, path};
use crate::catalog::{FileStat, below};
use crate::run::RunContext;

/// The file of patterns that is heeded beside `.ignore`. What `.gitignore` names is read all the same: programs that
/// make pictures keep their output folders in it.
const IGNORE_FILE: &str = ".stemmataignore";

/// A regular file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Below the root.
    pub(super) path: Vec<u8>,
    pub(super) stat: FileStat,
}

/// What one step of the walk met.
enum Step {
    File(Found),
    /// A link, a pipe, a device, an empty file.
    LeftAlone,
    Failed(ScanFailure),
}

/// Walks `start`, which is `root` or below it.
pub(super) fn walk(
    root: &Path,
    start: &Path,
    options: &ScanOptions,
    run: &RunContext,
    report: &mut ScanReport,
) -> Vec<Found> {
    let (sender, steps) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| send_all(root, start, options, run, sender));
        let mut found = Vec::new();
        for step in steps {
            match step {
                Step::File(file) => found.push(file),
                Step::LeftAlone => report.left_alone += 1,
                Step::Failed(failure) => report.fail(failure),
            }
        }
        found.sort_unstable_by(|one: &Found, other| one.path.cmp(&other.path));
        found
    })
}

fn send_all(root: &Path, start: &Path, options: &ScanOptions, run: &RunContext, sender: Sender<Step>) {
    let exclude: Vec<PathBuf> = options.exclude.clone();
    let walker = WalkBuilder::new(start)
        .standard_filters(false)
        .hidden(!options.hidden)
        .ignore(options.ignore_files)
        .parents(options.ignore_files)
        .add_custom_ignore_filename_if(options.ignore_files)
        .follow_links(options.follow_links)
        .threads(options.threads.max(1))
        .filter_entry(move |entry| !is_excluded(entry, &exclude))
        .build_parallel();
    walker.run(|| {
        let sender = sender.clone();
        Box::new(move |entry| {
            if run.cancel.is_requested() {
                return WalkState::Quit;
            }
            if let Some(step) = step(root, start, entry) {
                run.progress.advance(1);
                // The receiver outlives the walk.
                sender.send(step).unwrap_or_default();
            }
            WalkState::Continue
        })
    });
}

/// So that the patterns are named where the other filters are.
trait IgnoreFile {
    fn add_custom_ignore_filename_if(&mut self, wanted: bool) -> &mut Self;
}

impl IgnoreFile for WalkBuilder {
    fn add_custom_ignore_filename_if(&mut self, wanted: bool) -> &mut Self {
        if wanted { self.add_custom_ignore_filename(IGNORE_FILE) } else { self }
    }
}

fn is_excluded(entry: &DirEntry, exclude: &[PathBuf]) -> bool {
    entry.depth() > 0
        && entry.file_type().is_some_and(|kind| kind.is_dir())
        && exclude.iter().any(|folder| folder == entry.path())
}

fn step(root: &Path, start: &Path, entry: Result<DirEntry, ignore::Error>) -> Option<Step> {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => return Some(Step::Failed(unreadable(start, &error))),
    };
    let kind = entry.file_type()?;
    if kind.is_dir() {
        return None;
    }
    if !kind.is_file() {
        return Some(Step::LeftAlone);
    }
    let below = below(path::bytes(root), path::bytes(entry.path()))?.to_vec();
    Some(match entry.metadata() {
        Ok(metadata) if metadata.len() == 0 => Step::LeftAlone,
        Ok(metadata) => Step::File(Found { path: below, stat: stat(&metadata) }),
        Err(error) => Step::Failed(unreadable(entry.path(), &error)),
    })
}

/// Names the entry that cannot be read where the walker knows it, else the folder that was walked.
fn unreadable(place: &Path, error: &ignore::Error) -> ScanFailure {
    match error {
        ignore::Error::WithDepth { err, .. } => unreadable(place, err),
        ignore::Error::WithPath { path, err } => unreadable(path, err),
        ignore::Error::Loop { child, ancestor } => {
            let reason = format!("a link that leads back to {}", ancestor.display());
            ScanFailure::new(path::bytes(child), reason)
        }
        other => {
            let reason = other.io_error().map_or_else(|| other.to_string(), ToString::to_string);
            ScanFailure::new(path::bytes(place), reason)
        }
    }
}

/// What the metadata of a file say.
pub(super) fn stat(metadata: &Metadata) -> FileStat {
    let modified = metadata.modified().ok().map(|time| match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    });
    let (device, inode) = numbers(metadata);
    FileStat { size_bytes: metadata.len(), modified_ns: modified.unwrap_or(0), device, inode }
}

#[cfg(unix)]
fn numbers(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn numbers(_metadata: &Metadata) -> (u64, u64) {
    (0, 0)
}
