//! Tests of the crate, one promise each.

mod analyzer;
mod chunk_columns;
mod chunks;
mod counts;
mod fold;
mod language;
mod model;
mod oracle;
mod phrases;
mod readings;
mod store;
mod syntax;
