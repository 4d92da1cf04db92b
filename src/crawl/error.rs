//! What ends a crawl before its time.

use thiserror::Error;

use crate::catalog::CatalogError;
use crate::fetch::FetchError;
use crate::source::civitai::DocumentError;

use super::report::CrawlReport;
use super::resolve::ResolveReport;
use super::single::SingleReport;

/// A crawl that could not go on. Everything that it committed before stays, and the same line resumes it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CrawlError {
    /// A page could not be had; the pages before it are committed.
    #[error("{} could not be walked further", report.listing)]
    Page {
        /// What was done until then.
        report: Box<CrawlReport>,
        /// Why.
        #[source]
        source: FetchError,
    },
    /// One entity could not be had; those before it are committed.
    #[error("{what} could not be fetched")]
    Single {
        /// Which: `model 5`.
        what: String,
        /// What was done until then.
        report: Box<SingleReport>,
        /// Why.
        #[source]
        source: FetchError,
    },
    /// A look-up could not be made; what was looked up before is committed.
    #[error("{what} could not be looked up")]
    Resolve {
        /// Which: `hash 1a2b3c4d5e`, `version 9`.
        what: String,
        /// What was done until then.
        report: Box<ResolveReport>,
        /// Why.
        #[source]
        source: FetchError,
    },
    /// What came back is no page of the API, time and again; the pages before it are committed.
    #[error("{} answered with a document that cannot be read", report.listing)]
    Document {
        /// What was done until then.
        report: Box<CrawlReport>,
        /// What is wrong with it.
        #[source]
        source: DocumentError,
    },
    /// The catalog refused.
    #[error("the catalog could not be read or written")]
    Catalog(#[from] CatalogError),
}
