//! What a scan did, and what it lost.

use std::collections::BTreeMap;

use super::path;
use super::read::Reading;
use crate::catalog::{BatchReport, FileKind};

/// Most failures that are kept by name; the others are only counted.
pub(super) const MAX_NAMED_FAILURES: usize = 10_000;

/// What a scan did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanReport {
    /// Regular files that were found, empty ones left out.
    pub files: u64,
    /// Files that are as they were.
    pub unchanged: u64,
    /// Pictures that were read.
    pub images: u64,
    /// Videos that were read.
    pub videos: u64,
    /// Sidecars that were read with their pictures.
    pub sidecars: u64,
    /// Model files that were noted.
    pub models: u64,
    /// Model files whose headers were read.
    pub models_read: u64,
    /// Model files of these whose weights were hashed.
    pub models_hashed: u64,
    /// Files that are none of these.
    pub other: u64,
    /// Pictures and videos read that say nothing about how they were made.
    pub silent: u64,
    /// Links, pipes, devices and empty files, which are not opened.
    pub left_alone: u64,
    /// Files that were found in another place than before.
    pub moved: u64,
    /// Files that are no longer there, and stay known as missing.
    pub missing: u64,
    /// Files that were missing, and are there again as they were.
    pub returned: u64,
    /// Files that could not be read before and have not changed since; only [`super::Which::Failed`] tries again.
    pub failed_before: u64,
    /// Roots that are not there; their files stay.
    pub offline: Vec<Vec<u8>>,
    /// What became of the images in the catalog.
    pub written: BatchReport,
    /// Files and folders that could not be read.
    pub failed: u64,
    /// The first 10,000 of these.
    pub failures: Vec<ScanFailure>,
    /// Pieces of metadata that were damaged, cut or odd, by the word of their warning.
    pub warnings: BTreeMap<&'static str, ScanWarning>,
    /// Whether somebody asked to stop before the end.
    pub interrupted: bool,
}

/// How often metadata was odd in one way, and where first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanWarning {
    /// How often.
    pub count: u64,
    /// The first file, as the platform's bytes of its path.
    pub first: Vec<u8>,
}

/// One file or folder that could not be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanFailure {
    /// Its path, as the platform's bytes.
    pub path: Vec<u8>,
    /// What is wrong.
    pub reason: String,
}

impl ScanFailure {
    pub(super) fn new(path: &[u8], reason: impl Into<String>) -> Self {
        Self { path: path.to_vec(), reason: reason.into() }
    }

    /// Its path as messages show it; bytes that are not UTF-8 are replaced.
    pub fn shown_path(&self) -> String {
        path::shown(&self.path)
    }
}

impl ScanReport {
    /// Whether nothing is other than it was.
    pub fn is_quiet(&self) -> bool {
        let seen = self.images + self.videos + self.sidecars + self.models + self.other;
        seen + self.moved + self.missing + self.returned + self.failed == 0
    }

    pub(super) fn fail(&mut self, failure: ScanFailure) {
        self.failed += 1;
        if self.failures.len() < MAX_NAMED_FAILURES {
            self.failures.push(failure);
        }
    }

    pub(super) fn note(&mut self, reading: &Reading) {
        for file in reading.batch.files.iter().filter(|file| file.failure.is_none()) {
            match file.kind {
                FileKind::Image => self.images += 1,
                FileKind::Video => self.videos += 1,
                FileKind::Model => self.models += 1,
                FileKind::Sidecar => self.sidecars += 1,
                FileKind::Other => self.other += 1,
            }
        }
        self.silent += reading.silent;
        reading.failures.iter().cloned().for_each(|failure| self.fail(failure));
        for (code, more) in &reading.warnings {
            let first = || ScanWarning { count: 0, first: more.first.clone() };
            self.warnings.entry(code).or_insert_with(first).count += more.count;
        }
    }
}
