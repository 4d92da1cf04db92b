//! Whether an index says what its catalog says, document by document.
//!
//! - In: a catalog, and a reader of the index that was fed from it.
//! - Out: which documents are missing, left over or different, counted, and the first of each named.
//! - Never: a change to either; more than a slice of either in memory.

use std::collections::BTreeSet;

use serde::Serialize;
use stemmata_index::Reader;

use super::flatten::{ResourceNames, flatten};
use super::{FeedError, standing};
use crate::catalog::Catalog;
use crate::run::RunContext;

/// Images compared at a time.
const SLICE: u32 = 20_000;
/// Differences named, of each kind.
const MOST_NAMED: usize = 20;

/// What is wrong with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// The catalog has the image, the index does not.
    Missing,
    /// The index has a document that no image of the catalog stands for.
    Extra,
    /// The index says something else of the image than the catalog.
    Different,
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Images compared.
    pub compared: u64,
    /// Images that have changed since the generation that the index shows: they are not compared.
    pub pending: u64,
    /// Images that the index lacks.
    pub missing: u64,
    /// Documents without an image.
    pub extra: u64,
    /// Documents that say something else.
    pub different: u64,
    /// The first of each kind, by kind and key.
    pub first: BTreeSet<(Difference, i64)>,
    /// Whether it came to the end; else somebody asked to stop.
    pub complete: bool,
}

impl VerifyReport {
    /// Whether nothing differs.
    pub fn is_clean(&self) -> bool {
        self.missing + self.extra + self.different == 0
    }

    fn note(&mut self, difference: Difference, key: i64) {
        let (count, named) = match difference {
            Difference::Missing => (&mut self.missing, &mut self.first),
            Difference::Extra => (&mut self.extra, &mut self.first),
            Difference::Different => (&mut self.different, &mut self.first),
        };
        *count += 1;
        if *count <= MOST_NAMED as u64 {
            named.insert((difference, key));
        }
    }
}

/// What the catalog expects of the index for one image.
#[derive(Clone, Copy)]
enum Expected {
    /// A document with this digest.
    Document(u32),
    /// None.
    Nothing,
    /// Either: it has changed since.
    Pending,
}

/// Compares every document of an index with what it would be, made anew from the catalog.
///
/// What the catalog has gained since the generation that the index shows is left out.
///
/// # Errors
///
/// [`FeedError::Foreign`] for an index that was not fed from this catalog, or when one of them cannot be read.
pub fn verify(catalog: &Catalog, reader: &Reader, run: &RunContext) -> Result<VerifyReport, FeedError> {
    if !standing(catalog, reader)?.is_ours() {
        return Err(FeedError::Foreign { shown: reader.generation(), newest: catalog.generation()? });
    }
    let mut report = VerifyReport::default();
    let mut names = ResourceNames::default();
    let mut start = i64::MIN;
    run.progress.begin("verify", None);
    loop {
        let mut expected = Vec::new();
        // Row numbers are never the least number there is.
        let seen = catalog.for_each_image_after(start, SLICE, |image| -> Result<(), FeedError> {
            let key = image.row.key.get();
            let state = if image.row.generation > reader.generation() {
                Expected::Pending
            } else if image.same_as.is_some() {
                Expected::Nothing
            } else {
                Expected::Document(flatten(&image, &mut names, catalog)?.digest())
            };
            expected.push((key, state));
            Ok(())
        })?;
        run.progress.advance(u64::from(seen));
        let is_last = seen < SLICE;
        let end = if is_last { i64::MAX } else { expected.last().map_or(i64::MAX, |(key, _)| *key) };
        compare(&expected, &reader.digests(start.saturating_add(1)..=end)?, &mut report);
        if is_last || run.cancel.is_requested() {
            report.complete = is_last;
            break;
        }
        start = end;
    }
    run.progress.end();
    Ok(report)
}

/// Compares two lists in the order of their keys.
fn compare(expected: &[(i64, Expected)], found: &[(i64, u32)], report: &mut VerifyReport) {
    let mut found = found.iter().copied().peekable();
    for (key, state) in expected {
        while let Some((extra, _)) = found.next_if(|(other, _)| other < key) {
            report.note(Difference::Extra, extra);
        }
        let digest = found.next_if(|(other, _)| other == key).map(|(_, digest)| digest);
        // A second document with the key is left over.
        while let Some((extra, _)) = found.next_if(|(other, _)| other == key) {
            report.note(Difference::Extra, extra);
        }
        match (state, digest) {
            (Expected::Pending, _) => report.pending += 1,
            (Expected::Nothing, None) => {}
            (Expected::Nothing, Some(_)) => report.note(Difference::Extra, *key),
            (Expected::Document(_), None) => report.note(Difference::Missing, *key),
            (Expected::Document(wanted), Some(digest)) => {
                report.compared += 1;
                if *wanted != digest {
                    report.note(Difference::Different, *key);
                }
            }
        }
    }
    for (extra, _) in found {
        report.note(Difference::Extra, extra);
    }
}

impl Difference {
    /// The word for it in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Different => "different",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_difference_is_found(
            catalog in prop::collection::btree_map(-20_i64..20, 0_u32..4, 0..20),
            index in prop::collection::btree_map(-20_i64..20, 1_u32..4, 0..20),
        ) {
            // A zero stands for an image that is none.
            let state = |digest: u32| if digest == 0 { Expected::Nothing } else { Expected::Document(digest) };
            let expected: Vec<_> = catalog.iter().map(|(key, digest)| (*key, state(*digest))).collect();
            let found: Vec<_> = index.iter().map(|(key, digest)| (*key, *digest)).collect();
            let mut report = VerifyReport::default();
            compare(&expected, &found, &mut report);
            let wanted = |key: &i64| catalog.get(key).copied().filter(|digest| *digest > 0);
            let missing = catalog.keys().filter(|key| wanted(key).is_some() && !index.contains_key(key)).count();
            let extra = index.keys().filter(|key| wanted(key).is_none()).count();
            let different =
                index.iter().filter(|(key, digest)| wanted(key).is_some_and(|other| other != **digest)).count();
            prop_assert_eq!(
                (report.missing, report.extra, report.different),
                (missing as u64, extra as u64, different as u64)
            );
            prop_assert_eq!(report.first.len(), missing + extra + different);
        }
    }
}
