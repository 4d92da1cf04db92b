//! Generator metadata: bytes in, what they claim out.
//!
//! - In: the bytes of one file, from anyone, and [`Limits`]. Out: raw blocks, claims and warnings, always.
//! - Pure, total and bounded: any input gives an answer, and damage costs only the damaged part.
//! - Never: files, clocks, threads, decoded pixels, memory sized by a number that the file gives.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

mod block;
mod claim;
pub mod json;
mod limits;
pub mod model_file;
pub mod prompt;

pub use block::{Block, Carrier, Container, Encoding, Extraction};
pub use claim::{Claim, Conflict, Dialect, Field, Parsed, Strength, Value, Warning};
pub use limits::Limits;
