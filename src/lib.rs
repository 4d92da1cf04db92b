//! Which models made this picture, where else does it occur, and what became of a model.
//!
//! Stemmata reads what Civitai's public API and generator metadata say about AI-made images, keeps it in
//! one SQLite catalog, and answers four questions: search, trace, duplicates, lineage.
//! `ARCHITECTURE.md` is the map of the crate.

pub mod catalog;
pub mod crawl;
pub mod entity;
pub mod feed;
pub mod fetch;
pub mod fingerprint;
pub mod lineage;
pub mod link;
pub mod page;
pub mod parse;
pub mod run;
pub mod search;
pub mod source;
