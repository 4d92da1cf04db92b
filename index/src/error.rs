//! What can go wrong with an index.

use std::io::ErrorKind;
use std::path::PathBuf;

use thiserror::Error;

use crate::query::QueryError;

/// A failed operation on the index.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IndexError {
    /// Nothing was ever indexed here.
    #[error("there is no index at {}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Another process is writing to it.
    #[error("another process is writing to the index at {}", path.display())]
    Locked {
        /// The folder of the index.
        path: PathBuf,
    },
    /// It was written in another format. Delete it and feed it again: nothing is lost.
    #[error("the index has format {found}, and this version needs {expected}: rebuild it")]
    NeedsRebuild {
        /// Its format; 0 where it does not say.
        found: u32,
        /// The format of this version.
        expected: u32,
    },
    /// A file of the index is not what it promises to be. Delete the index and feed it again.
    #[error("the index is damaged: rebuild it")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The disk said no.
    #[error("the index could not be read or written")]
    Io(#[source] std::io::Error),
    /// The query cannot be read.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The caller's resolver could not look a resource up.
    #[error("`{value}` could not be looked up: {reason}")]
    Resolve {
        /// What was looked for.
        value: String,
        /// What the resolver said.
        reason: String,
    },
    /// The engine failed in a way that has no name of its own here.
    #[error("the search engine failed")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<tantivy::TantivyError> for IndexError {
    fn from(error: tantivy::TantivyError) -> Self {
        use tantivy::TantivyError as Engine;
        match error {
            Engine::IoError(io) if matches!(io.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) => {
                Self::Damaged(Box::new(io))
            }
            Engine::IoError(io) => Self::Io(std::io::Error::new(io.kind(), io)),
            Engine::DataCorruption(_) | Engine::OpenReadError(_) | Engine::DeserializeError(_) => {
                Self::Damaged(Box::new(error))
            }
            Engine::IncompatibleIndex(_) | Engine::SchemaError(_) => {
                Self::NeedsRebuild { found: 0, expected: crate::schema::INDEX_FORMAT }
            }
            _ => Self::Engine(Box::new(error)),
        }
    }
}
