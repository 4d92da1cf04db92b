//! What to fetch or read next: listings, single entities, files and folders.
//!
//! - In: a listing or some ids, one paced client, an open catalog; or paths.
//! - Out: pages committed one by one, each with where to go on; a report of what happened.
//! - Never: a request past the client, a page half committed, a deletion.

mod boundary;
mod check;
mod context;
pub mod coverage;
mod document;
mod error;
pub mod estimate;
pub mod import;
mod listing;
mod lock;
mod lookup;
pub mod media;
mod memory;
mod model_hash;
mod page;
mod plan;
mod position;
mod report;
pub mod resolve;
pub mod scan;
mod sight;
mod single;
mod split;
pub mod sync;
mod title;
mod verify;
mod walk;
mod words;

pub use error::CrawlError;
pub use listing::{CrawlOptions, crawl_listing, verify_listing};
pub use lock::{HomeLock, LockError, LockHolder};
pub use model_hash::{ModelHashes, hash_model_file};
pub use plan::{DEFAULT_API_BASE, ImageFilter, Listing, ModelFilter, api_base};
pub use report::{Anomaly, CrawlEnd, CrawlReport, EndReason, ItemFailure, Tally};
pub use single::{Memory, Single, SingleReport, crawl_single, crawl_single_with};
pub use split::{MODEL_TYPES, PartErrand, Split, crawl_in_parts};
pub use words::{ImageSort, ModelSort, Period};
