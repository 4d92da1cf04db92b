//! Text to AST.
use super::ast::Query;
use super::error::QueryError;
use crate::rank::SortKey;

/// Longest query, in bytes.
pub const MAX_QUERY_BYTES: usize = 64 << 10;
/// Deepest nesting of brackets.
pub const MAX_DEPTH: usize = 64;
/// Most conditions.
pub const MAX_CLAUSES: usize = 1024;

/// A query with its control terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// What is asked.
    pub query: Query,
    /// The order asked for by `sort:`; empty when it says nothing.
    pub sort: Vec<SortKey>,
    /// What `limit:` says.
    pub limit: Option<u64>,
}

/// Reads a query.
///
/// # Errors
///
/// What cannot be read, with its place.
pub fn parse(_source: &str) -> Result<Parsed, QueryError> {
    Ok(Parsed { query: Query::all(), sort: Vec::new(), limit: None })
}
