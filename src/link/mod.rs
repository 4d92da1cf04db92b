//! Resources to versions, with evidence; groups of near-duplicates.

pub mod duplicates;
pub mod groups;
