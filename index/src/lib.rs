//! Flat documents in, hits out: the text and near-duplicate index of Stemmata.
//!
//! A [`Writer`] takes [`Document`]s; a [`Reader`] answers a [`query::Query`] with [`Hit`]s. Everything in here is
//! derived from the caller's store: it can be deleted and fed again.

mod chunked;
mod chunks;
mod cost;
mod digest;
mod document;
mod entry;
mod error;
mod facets;
mod facts;
mod fold;
mod groups;
mod histogram;
mod phrase;
mod rank;
mod reader;
mod schema;
mod segments;
mod syntax;
mod tokenizer;
mod writer;

mod chosen_chunks;
mod chunk_columns;

pub mod near;
pub mod query;

#[cfg(test)]
mod tests;

pub use chunks::{Chunks, MAX_CHUNK_BYTES, MAX_CHUNK_WORDS, MAX_CHUNKS, chunk, chunks};
pub use document::{Document, DocumentResource, DocumentTraits, NameKind};
pub use entry::{MAX_KEYWORD_BYTES, MAX_TEXT_BYTES, kept_keyword};
pub use error::IndexError;
pub use facets::{Bucket, Facet, FacetField};
pub use facts::{FactResource, Facts};
pub use groups::{Group, GroupBy, Groups};
pub use histogram::{Bin, DateGrain, Histogram, NumberField};
pub use rank::{Cursor, Direction, Hit, Hits, SearchOptions, SortField, SortKey};
pub use reader::{Reader, damaged_files};
pub use schema::INDEX_FORMAT;
pub use tokenizer::prompt_words;
pub use writer::{Writer, WriterOptions};

pub use chunk_columns::{ChunkFacts, ChunkField, ChunkTexts};
