//! Resources to versions, with evidence; groups of near-duplicates.
//!
//! - In: what metadata wrote (resources) and what was published (versions, files, hashes), from the catalog.
//! - Out: links, every candidate kept with its evidence; traces of single images.
//! - Never: work over images when a version arrives. Images point at resources, and only those are linked,
//!   so one new version explains every old image that ever named it.

mod apart;
pub mod calibrate;
mod candidate;
pub mod compat;
pub mod copies;
pub mod disputes;
pub mod duplicates;
mod error;
pub mod groups;
pub mod here;
mod hygiene;
pub mod ledger;
mod merge;
mod resolve;
mod rulings;
mod shelf;
mod trace;

pub use candidate::confidence_in_use;
pub use error::LinkError;
pub use hygiene::hash_evidence;
pub use merge::{Answer, Verdict, class_of, verdicts};
pub use resolve::{LinkReport, catch_up, resolve};
pub use rulings::ImageRefusals;
pub use trace::{
    ImageRef, Note, Origin, Said, Settle, Spoken, Trace, TraceLink, TraceOther, TraceParent, TracePosted,
    TraceResource, Tracer, Via, Why, said_in_document, trace, trace_uses,
};

/// Result of an operation of this stage.
pub type Result<T> = std::result::Result<T, LinkError>;
