//! Flat documents in, hits out: the text and near-duplicate index of Stemmata.

pub mod near;
pub mod query;
