//! What ends a crawl before its time.

use thiserror::Error;

use crate::catalog::CatalogError;
use crate::fetch::FetchError;
use crate::source::civitai::DocumentError;

use super::media::{KeepError, MediaReport};
use super::report::CrawlReport;
use super::resolve::ResolveReport;
use super::single::SingleReport;
use super::split::Split;

/// A crawl that could not go on. Everything that it committed before stays, and the same line resumes it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CrawlError {
    /// A page could not be had; the pages before it are committed.
    #[error("{} could not be walked further", report.words)]
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
    /// The host of the pictures could not be asked further; what was looked at before is committed.
    #[error("pictures could not be fetched further")]
    Media {
        /// What was done until then.
        report: Box<MediaReport>,
        /// Why.
        #[source]
        source: FetchError,
    },
    /// Bytes of a picture could not be kept.
    #[error("a picture could not be kept")]
    Keep(#[source] KeepError),
    /// What came back is no page of the API, time and again; the pages before it are committed.
    #[error("{} came as a document that cannot be read", report.words)]
    Document {
        /// What was done until then.
        report: Box<CrawlReport>,
        /// What is wrong with it.
        #[source]
        source: DocumentError,
    },
    /// No item of a whole page satisfies the filter, or hardly any of many, so the site ignores it; the page is committed.
    #[error("the site ignores the filter: it was asked for {}, and nothing or hardly anything on page {} is such", report.words, report.walk_pages)]
    FilterIgnored {
        /// What was done until then.
        report: Box<CrawlReport>,
    },
    /// One item is larger than an answer may be, and its place gives no way past it.
    #[error("{} hold an item that is too large to take", report.words)]
    ItemTooLarge {
        /// What was done until then.
        report: Box<CrawlReport>,
        /// The limit.
        #[source]
        source: FetchError,
    },
    /// There is nothing to split a listing by.
    #[error("{words} cannot be split by {}: no such thing is known", split.as_str())]
    NoParts {
        /// The listing in words.
        words: String,
        /// By what.
        split: Split,
    },
    /// A second walk was asked for, and there is no first one.
    #[error("{words} were never crawled, so there is nothing to verify")]
    NeverCrawled {
        /// The listing in words.
        words: String,
    },
    /// The catalog refused.
    #[error("the catalog could not be read or written")]
    Catalog(#[from] CatalogError),
}
