//! Which models made this picture, where else does it occur, and what became of a model.
//!
//! Stemmata reads what Civitai's public API and generator metadata say about AI-made images, keeps it in
//! one SQLite catalog, and answers four questions: search, trace, duplicates, lineage.
//! `ARCHITECTURE.md` is the map of the crate.

pub mod entity;
pub mod run;
