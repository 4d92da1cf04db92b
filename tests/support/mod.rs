//! What several tests need.

pub mod cli;
