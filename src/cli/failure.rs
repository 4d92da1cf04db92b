//! Why a command stopped, in the words and numbers that its caller gets.

use std::error::Error;
use std::io;

use serde::Serialize;
use stemmata::catalog::CatalogError;
use stemmata_index::query::{ErrorCode, QueryError};

use super::exit::Exit;

/// How a command ends: an exit code, or a failure that carries one.
pub(crate) type Outcome = Result<Exit, Failure>;

/// Why a command stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The reader of stdout went away, as `head` does; nobody wants to hear of it.
    BrokenPipe,
    /// Something to tell.
    Named(Box<Named>),
}

/// A failure with its name.
#[derive(Debug)]
pub(crate) struct Named {
    /// What the process exits with.
    pub(crate) exit: Exit,
    /// A stable word such as `catalog.missing`.
    pub(crate) code: &'static str,
    /// What failed and why, on one line.
    pub(crate) message: String,
    /// Where in the query, from byte to byte.
    pub(crate) span: Option<[usize; 2]>,
    /// What to try.
    pub(crate) hint: Option<String>,
    /// The query with a caret under the span, for people.
    pub(crate) picture: Option<String>,
}

/// The failure as scripts read it.
#[derive(Serialize)]
pub(crate) struct FailureRecord<'a> {
    r#type: &'static str,
    code: &'a str,
    message: &'a str,
    span: Option<[usize; 2]>,
    hint: Option<&'a str>,
}

impl Named {
    /// The shape for `--format json` and `ndjson`.
    pub(crate) fn record(&self) -> FailureRecord<'_> {
        FailureRecord {
            r#type: "error",
            code: self.code,
            message: &self.message,
            span: self.span,
            hint: self.hint.as_deref(),
        }
    }
}

impl Failure {
    /// A failure told by its words.
    pub(crate) fn new(exit: Exit, code: &'static str, message: impl Into<String>) -> Self {
        Self::Named(Box::new(Named {
            exit,
            code,
            message: message.into(),
            span: None,
            hint: None,
            picture: None,
        }))
    }

    /// A failure told by an error and its causes.
    pub(crate) fn of(exit: Exit, code: &'static str, error: &dyn Error) -> Self {
        Self::new(exit, code, chain(error))
    }

    /// A wrong flag, value or query.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// Something on disk that could not be read or written.
    pub(crate) fn file(what: impl std::fmt::Display, error: &io::Error) -> Self {
        Self::new(Exit::General, "file", format!("{what}: {error}"))
    }

    /// Adds what to try.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Named(named) = &mut self {
            named.hint = Some(hint.into());
        }
        self
    }

    /// Says where in what was given, from byte to byte.
    #[must_use]
    pub(crate) fn span(mut self, start: usize, end: usize) -> Self {
        if let Self::Named(named) = &mut self {
            named.span = Some([start, end]);
        }
        self
    }

    /// Says where it happened, in front of what happened.
    #[must_use]
    pub(crate) fn place(mut self, place: impl std::fmt::Display) -> Self {
        if let Self::Named(named) = &mut self {
            named.message.insert_str(0, &format!("{place}: "));
        }
        self
    }

    /// Adds a drawing of the place that is wrong.
    #[must_use]
    pub(crate) fn picture(mut self, picture: String) -> Self {
        if let Self::Named(named) = &mut self {
            named.picture = Some(picture);
        }
        self
    }

    /// A write to stdout that failed.
    pub(crate) fn output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::BrokenPipe;
        }
        Self::file("writing the output", error)
    }
}

/// The error and its causes on one line: `what: why: why`.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        match &error {
            CatalogError::Missing { .. } => Self::of(Exit::Unready, "catalog.missing", &error)
                .hint("run `stemmata import` or `stemmata crawl` first, or name another home with --home"),
            CatalogError::Busy => Self::of(Exit::Unready, "catalog.busy", &error)
                .hint("wait until the other command ends; reading works meanwhile"),
            CatalogError::TooNew { .. } => Self::of(Exit::Unready, "catalog.too_new", &error)
                .hint("use the newer Stemmata that wrote it"),
            CatalogError::NotACatalog { .. } => Self::of(Exit::General, "catalog.not_a_catalog", &error),
            CatalogError::DiskFull => Self::of(Exit::General, "catalog.disk_full", &error)
                .hint(
                "make room where the home lies (--home says where) and run the same line again: what was committed stays",
            ),
            CatalogError::Disk(_) => Self::of(Exit::General, "catalog.disk", &error).hint(
                "the disk may be full, over a quota or a limit (`ulimit -f`), or failing; what was committed stays, and the \
                 same line goes on",
            ),
            CatalogError::Decisions { .. } => Self::of(Exit::General, "decisions.failed", &error)
                .hint("mend the file or move it away; the catalog keeps a copy of what it last held"),
            CatalogError::Damaged { .. } => Self::of(Exit::General, "catalog.damaged", &error),
            _ => Self::of(Exit::General, "catalog.failed", &error),
        }
    }
}

impl From<&QueryError> for Failure {
    /// A query that cannot be read. The query itself is added by [`Failure::picture`].
    fn from(error: &QueryError) -> Self {
        Self::Named(Box::new(Named {
            exit: match error.code {
                ErrorCode::Unready => Exit::Unready,
                _ => Exit::Usage,
            },
            code: error.code.as_str(),
            message: error.message.clone(),
            span: Some([error.span.start, error.span.end]),
            hint: error.hint.clone(),
            picture: None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_not_an_error_to_tell() {
        let closed = io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(matches!(Failure::output(&closed), Failure::BrokenPipe));
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(matches!(Failure::output(&full), Failure::Named(_)));
    }

    #[test]
    fn a_missing_catalog_has_a_code_and_a_hint() {
        let missing = CatalogError::Missing { path: "home/catalog.db".into() };
        let Failure::Named(named) = Failure::from(missing) else { unreachable!("it is told") };
        assert_eq!((named.exit, named.code), (Exit::Unready, "catalog.missing"));
        let record = serde_json::to_string(&named.record()).expect("plain data serialises");
        assert_eq!(
            record,
            r#"{"type":"error","code":"catalog.missing","message":"there is no catalog at home/catalog.db","span":null,"hint":"run `stemmata import` or `stemmata crawl` first, or name another home with --home"}"#
        );
    }
}
