//! What can go wrong with a report.

use stemmata_index::IndexError;
use thiserror::Error;

use crate::catalog::CatalogError;

use super::scope::{Candidate, ScopeKind};

/// A failed report.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LineageError {
    /// The catalog has no such model or version.
    #[error("no model or version {wanted:?} in the catalog")]
    NotFound {
        /// What was asked for.
        wanted: String,
    },
    /// Several models or versions fit; the caller must choose.
    #[error("{wanted:?} can be {} or more models or versions", candidates.len())]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// Some of those that fit: models by id, then versions by id.
        candidates: Vec<Candidate>,
    },
    /// The catalog has no version of this creator, base model or tag.
    #[error("no version with {} {name:?} in the catalog", kind.as_str())]
    NothingOf {
        /// What was asked for.
        kind: ScopeKind,
        /// Its name.
        name: String,
    },
    /// Only an index can find the images of a query.
    #[error("a report on a query needs an index that shows what the catalog holds")]
    NeedsIndex,
    /// A saved report cannot be read.
    #[error("the file is not a saved report")]
    NotAReport {
        /// Why.
        source: serde_json::Error,
    },
    /// A saved report has another shape.
    #[error("the report has schema {found}, and this version reads {expected}")]
    OtherSchema {
        /// The number in the file.
        found: u32,
        /// The number that is read.
        expected: u32,
    },
    /// A saved report is larger than any report is.
    #[error("the file has {bytes} bytes, and a report has at most {most}")]
    ReportTooLarge {
        /// Bytes of the file.
        bytes: usize,
        /// Bytes that are read.
        most: usize,
    },
    /// The catalog could not be read.
    #[error("failed to report")]
    Catalog(#[from] CatalogError),
    /// The index could not be read.
    #[error("failed to report")]
    Index(#[from] IndexError),
}
