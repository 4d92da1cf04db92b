//! What an import did, and what it lost.

use std::collections::BTreeMap;
use std::path::Path;

use super::read::Reading;
use crate::catalog::BatchReport;

/// Most failures that are kept by name; the others are only counted.
pub const MAX_NAMED_FAILURES: usize = 10_000;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Files that were read.
    pub files: u64,
    /// Files of a folder that are no documents.
    pub other_files: u64,
    /// Items found.
    pub items: u64,
    /// What became of them in the catalog; version images count as images.
    pub written: BatchReport,
    /// Files, lines and items that could not be read.
    pub failed: u64,
    /// The first [`MAX_NAMED_FAILURES`] of these.
    pub failures: Vec<Failure>,
    /// Fields that were left out of items, by name and problem; all beyond a thousand names under `(other)`.
    pub warnings: BTreeMap<String, Warned>,
    /// Whether somebody asked to stop before the end.
    pub interrupted: bool,
}

impl ImportReport {
    pub(super) fn skip(&mut self, failure: Failure) {
        if failure.is_other_file() {
            self.other_files += 1;
        } else {
            self.fail(failure);
        }
    }

    pub(super) fn note(&mut self, reading: &Reading) {
        self.items += reading.items;
        for failure in &reading.failures {
            self.fail(failure.clone());
        }
        for (field, warned) in &reading.warnings {
            warn(&mut self.warnings, field, warned);
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.failed += 1;
        if self.failures.len() < MAX_NAMED_FAILURES {
            self.failures.push(failure);
        }
    }
}

/// How often the same was left out, and where first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warned {
    /// How often.
    pub count: u64,
    /// The first item that lost it; its reason is the name of the warning.
    pub first: Failure,
}

/// Names of warnings that are counted apart; keys of hostile documents are names, too.
const MAX_WARNING_NAMES: usize = 1_000;

/// Under which name the rest is counted.
const OTHER_WARNINGS: &str = "(other)";

/// Adds to what is counted under `name`.
pub(super) fn warn(warnings: &mut BTreeMap<String, Warned>, name: &str, more: &Warned) {
    if let Some(known) = warnings.get_mut(name) {
        known.count += more.count;
        return;
    }
    let name = if warnings.len() < MAX_WARNING_NAMES { name } else { OTHER_WARNINGS };
    match warnings.get_mut(name) {
        Some(known) => known.count += more.count,
        None => drop(warnings.insert(name.to_owned(), more.clone())),
    }
}

/// One file, line or item that was lost, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The file as messages call it; bytes that are not UTF-8 are replaced.
    pub file: String,
    /// The line, from 1, in a file with one document a line.
    pub line: Option<u64>,
    /// The item of the document, from 0.
    pub item: Option<usize>,
    /// What is wrong.
    pub reason: String,
}

const OTHER_FILE: &str = "not a document";

impl Failure {
    pub(super) fn other_file(path: &Path) -> Self {
        Self::file(path.to_string_lossy().into_owned(), OTHER_FILE.to_owned())
    }

    pub(super) fn unreadable(path: &Path, error: &dyn std::error::Error) -> Self {
        Self::file(path.to_string_lossy().into_owned(), error.to_string())
    }

    pub(super) fn special(path: &Path) -> Self {
        Self::file(path.to_string_lossy().into_owned(), "neither a file nor a folder".to_owned())
    }

    pub(super) fn file(file: String, reason: String) -> Self {
        Self { file, line: None, item: None, reason }
    }

    pub(super) fn is_other_file(&self) -> bool {
        self.reason == OTHER_FILE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_names_cannot_fill_the_memory_and_the_first_place_is_kept() {
        let mut warnings = BTreeMap::new();
        for round in 0..2 {
            for number in 0..3_000 {
                let first = Failure::file(format!("{round}"), "x".to_owned());
                warn(&mut warnings, &format!("k{number}"), &Warned { count: 1, first });
            }
        }
        assert_eq!(warnings.len(), MAX_WARNING_NAMES + 1);
        assert_eq!(warnings.values().map(|warned| warned.count).sum::<u64>(), 6_000);
        assert!(warnings.values().all(|warned| warned.first.file == "0"));
    }
}
