//! What can go wrong with a report.

use stemmata_index::IndexError;
use thiserror::Error;

use crate::catalog::CatalogError;

use super::scope::Candidate;

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
    /// The catalog could not be read.
    #[error("failed to report")]
    Catalog(#[from] CatalogError),
    /// The index could not be read.
    #[error("failed to report")]
    Index(#[from] IndexError),
}
