//! The query language: text to AST to engine queries.
//!
//! [`parse()`] reads what a person typed into a [`Query`] and its control terms. The [`Query`] knows nothing of
//! an engine; [`crate::Reader`] lowers it with a [`Resolver`] that the caller gives.

mod ast;
mod control;
mod error;
mod excluded;
mod field;
mod lex;
pub(crate) mod lower;
mod parse;
mod value;
mod weighted;

pub use ast::{Date, Node, Query, Span, Test};
pub use error::{ErrorCode, QueryError, render};
pub use field::{IntegerField, KeywordField, Presence, RealField, ResourceField, Shape, TextField};
pub use lower::{NoResolver, Resolver, SamplerName};
pub use parse::{MAX_CLAUSES, MAX_DEPTH, MAX_QUERY_BYTES, Parsed, parse};
