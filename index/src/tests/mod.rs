//! Tests of the crate, one promise each.

mod analyzer;
mod chunks;
mod fold;
mod language;
mod model;
mod oracle;
mod readings;
mod store;
