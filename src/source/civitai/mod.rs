//! Civitai's public API: its JSON in every era and dialect, as entities.
//!
//! - Input: documents as received, from the API or from files. Output: [`crate::entity`] values.
//! - [`pages`] splits a document into items, [`convert()`] reads one item, [`url`] and [`air`] read identifiers.
//! - Never: I/O, clocks, panics; every item is bounded before it is read.

pub mod convert;
mod creator;
mod detect;
mod hash_answer;
mod image;
mod meta;
mod model;
pub mod pages;
mod repair;
mod scan;
pub mod url;
mod version;
mod wire;

pub use crate::parse::air;
pub use convert::{
    Context, Converted, FieldProblem, FieldWarning, ItemError, ItemKind, MetaRequest, convert,
};
pub use hash_answer::{HashAnswer, read_hash_answer};
pub use pages::{DocumentError, ItemProblem, ItemProblemKind, Opened, RawItem, open, salvage};
