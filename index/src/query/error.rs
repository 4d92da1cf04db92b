//! What is wrong with a query, and how a person is shown where.

use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use super::ast::Span;

/// Most characters of the query's line that are shown.
const SHOWN_CHARS: usize = 100;

/// The kinds of mistakes; their words are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorCode {
    /// No field has this name.
    UnknownField,
    /// The field is planned, but not in the index yet.
    NotIndexed,
    /// The field does not take this value.
    BadValue,
    /// The form is planned, but not understood yet.
    Unsupported,
    /// A control term stands where it cannot.
    Misplaced,
    /// The value holds no word.
    NothingToSearch,
    /// Too long, too deep or too many conditions.
    TooLarge,
    /// No alias has this name, or it leads back to itself.
    BadAlias,
    /// The pattern cannot be read, or is too large.
    BadPattern,
    /// The condition names something that nobody here knows.
    UnknownTarget,
    /// What would answer it was not worked out yet.
    Unready,
    /// A tree that no query text can say.
    BadTree,
}

impl ErrorCode {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownField => "query.unknown_field",
            Self::NotIndexed => "query.not_indexed",
            Self::BadValue => "query.bad_value",
            Self::Unsupported => "query.unsupported",
            Self::Misplaced => "query.misplaced",
            Self::NothingToSearch => "query.nothing_to_search",
            Self::TooLarge => "query.too_large",
            Self::BadAlias => "query.bad_alias",
            Self::BadPattern => "query.bad_pattern",
            Self::UnknownTarget => "query.unknown_target",
            Self::Unready => "query.unready",
            Self::BadTree => "query.bad_tree",
        }
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Something that the reader of a query may want to hear of a query that can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// A stable word.
    pub code: &'static str,
    /// What it is.
    pub message: String,
    /// Where.
    pub span: Span,
}

/// A query that cannot be read. See [`render`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// What kind of mistake.
    pub code: ErrorCode,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What may have been meant, or what helps.
    pub hint: Option<String>,
}

impl QueryError {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>, span: Span) -> Self {
        Self { code, message: message.into(), span, hint: None }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The error as text for a person: the line of `source` that is wrong, with carets under the place.
///
/// Control characters of the query are shown as `?`, a tab as a space; a long line is shown in part.
pub fn render(error: &QueryError, source: &str) -> String {
    let start = boundary(source, error.span.start);
    let end = boundary(source, error.span.end).max(start);
    let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = source[start..].find('\n').map_or(source.len(), |at| start + at);
    let number = source[..line_start].matches('\n').count() + 1;
    let before: Vec<char> = source[line_start..start].chars().map(shown).collect();
    let marked: Vec<char> = source[start..end.min(line_end)].chars().map(shown).collect();
    let after: Vec<char> = source[end.min(line_end)..line_end].chars().map(shown).collect();

    let skipped = before.len().saturating_sub(SHOWN_CHARS / 2);
    let marked_shown = marked.len().min(SHOWN_CHARS / 2);
    let rest = marked[marked_shown..].iter().chain(&after);
    let room = SHOWN_CHARS.saturating_sub(before.len() - skipped + marked_shown);
    let cut_before = if skipped > 0 { "..." } else { "" };
    let cut_after = if rest.clone().count() > room { "..." } else { "" };
    let line: String =
        before[skipped..].iter().chain(&marked[..marked_shown]).chain(rest.take(room)).collect();

    let margin = number.to_string();
    let mut out = format!("error[{}]: {}\n", error.code.as_str(), clean(&error.message));
    let _ = writeln!(out, "  {margin} | {cut_before}{line}{cut_after}");
    let indent = " ".repeat(2 + margin.len());
    let offset = " ".repeat(cut_before.len() + before.len() - skipped);
    let _ = write!(out, "{indent} | {offset}{}", "^".repeat(marked_shown.max(1)));
    if let Some(hint) = &error.hint {
        let _ = write!(out, " {}", clean(hint));
    }
    out.push('\n');
    out
}

fn boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// A character that cannot move the cursor or speak to the terminal.
fn shown(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}') => '?',
        c => c,
    }
}

fn clean(text: &str) -> String {
    text.chars().map(shown).collect()
}
