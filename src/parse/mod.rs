//! Generator metadata: bytes in, what they claim out.
//!
//! - Pure, total and bounded: any input gives an answer, and damage costs only the damaged part.
//! - Never: I/O, clocks, threads.

pub mod prompt;
