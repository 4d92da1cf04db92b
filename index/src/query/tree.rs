//! A query as JSON, for programs: printed by `--explain=json`, read by `--ast`.
//!
//! - In: at most [`MAX_TREE_BYTES`] of JSON from anybody.
//! - Out: the query that the same tree says as text, so that nothing gets in that no text could say.

use serde::{Deserialize, Serialize};

use super::ast::{Query, Span};
use super::control::Grouping;
use super::error::{ErrorCode, QueryError};
use super::parse::{Parsed, parse};
use crate::rank::SortKey;

/// The version of the form that is written and read. It grows when something that is read changes its meaning.
pub const TREE_VERSION: u32 = 1;

/// Longest tree, in bytes.
const MAX_TREE_BYTES: usize = 1 << 20;

/// A query with its control terms, as JSON has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// [`TREE_VERSION`].
    pub version: u32,
    /// What is asked.
    pub query: Query,
    /// The order.
    #[serde(default)]
    pub sort: Vec<SortKey>,
    /// Hits at most.
    #[serde(default)]
    pub limit: Option<u64>,
    /// What makes hits one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Grouping>,
}

impl Tree {
    /// The tree of a query that was read.
    pub fn of(parsed: &Parsed) -> Self {
        Self {
            version: TREE_VERSION,
            query: parsed.query.clone(),
            sort: parsed.sort.clone(),
            limit: parsed.limit,
            group: parsed.group,
        }
    }

    /// Reads a tree.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::BadTree`] for what is no such tree, [`ErrorCode::TooLarge`] for one that is too long, else what
    /// the text of the same query would give.
    pub fn read(json: &str) -> Result<Parsed, QueryError> {
        let refuse = |code, message: String| QueryError::new(code, message, Span::default());
        if json.len() > MAX_TREE_BYTES {
            let message = format!("the tree is longer than {MAX_TREE_BYTES} bytes");
            return Err(refuse(ErrorCode::TooLarge, message));
        }
        let version: Version = serde_json::from_str(json)
            .map_err(|error| refuse(ErrorCode::BadTree, format!("the tree cannot be read: {error}")))?;
        if version.version != TREE_VERSION {
            let message =
                format!("the tree has version {}, and this program reads {TREE_VERSION}", version.version);
            return Err(refuse(ErrorCode::BadTree, message));
        }
        let tree: Self = serde_json::from_str(json)
            .map_err(|error| refuse(ErrorCode::BadTree, format!("the tree cannot be read: {error}")))?;
        if tree.sort.len() > crate::rank::MAX_SORT_KEYS {
            let message = format!("more than {} sort levels", crate::rank::MAX_SORT_KEYS);
            return Err(refuse(ErrorCode::TooLarge, message));
        }
        let text = tree.query.to_string();
        let parsed = parse(&text).map_err(|error| QueryError {
            message: format!("the tree says `{}`: {}", super::value::clip(&text), error.message),
            span: Span::default(),
            ..error
        })?;
        Ok(Parsed {
            query: parsed.query,
            sort: tree.sort,
            limit: tree.limit,
            group: tree.group,
            notes: parsed.notes,
        })
    }
}

/// The part of a tree that is read first.
#[derive(Deserialize)]
struct Version {
    version: u32,
}
