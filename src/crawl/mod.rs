//! What to fetch or read next: listings, single entities, files and folders.
//!
//! - In: a listing or some ids, one paced client, an open catalog; or paths.
//! - Out: pages committed one by one, each with where to go on; a report of what happened.
//! - Never: a request past the client, a page half committed, a deletion.

mod check;
mod document;
mod error;
pub mod import;
mod listing;
mod model_hash;
mod page;
mod plan;
mod position;
mod report;
pub mod scan;
mod single;
mod words;

pub use error::CrawlError;
pub use listing::{CrawlOptions, crawl_listing};
pub use model_hash::{ModelHashes, hash_model_file};
pub use plan::{DEFAULT_API_BASE, ImageFilter, Listing, ModelFilter, api_base};
pub use report::{Anomaly, CrawlEnd, CrawlReport, ItemFailure, Tally};
pub use single::{Single, SingleReport, crawl_single};
pub use words::{ImageSort, ModelSort, Period};
