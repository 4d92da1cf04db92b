//! The query language: text to AST to engine queries.
//!
//! [`parse()`] reads what a person typed into a [`Query`] and its control terms. The [`Query`] knows nothing of
//! an engine; [`crate::Reader`] lowers it with a [`Resolver`] that the caller gives.

mod alias;
mod ask;
mod asked;
mod ast;
mod compare;
mod compared;
mod control;
mod date;
mod error;
mod excluded;
mod explain;
mod field;
mod lex;
mod like;
mod lookup;
pub(crate) mod lower;
mod numbers;
mod options;
mod parse;
mod pattern;
mod print;
mod ranges;
pub(crate) mod scan;
mod table;
mod tree;
mod truth;
mod value;
mod weighted;

pub use ask::{Ask, COPY_CLASSES, Found, Share, State, Unanswered};
pub use ast::{Node, Pattern, Query, Span, Test};
pub use control::Grouping;
pub use date::Date;
pub use error::{ErrorCode, Note, QueryError, render};
pub use explain::{Clause, Cost, matched_words};
pub use field::{
    IntegerField, KeywordField, Presence, RealField, ResourceField, SORT_WORDS, Shape, TextField, WordField,
};
pub use like::{MAX_LIKE_WORDS, like_prompt};
pub use lower::{NoResolver, Resolver, SamplerName};
pub use options::{ParseOptions, UnknownFields};
pub use parse::{MAX_CLAUSES, MAX_DEPTH, MAX_QUERY_BYTES, Parsed, parse, parse_with};
pub use table::{FieldGroup, FieldInfo, fields};
pub use tree::{TREE_VERSION, Tree};
