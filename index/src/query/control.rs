//! The control terms `sort:`, `limit:` and `group:`, which say how to answer rather than what to find.

use serde::{Deserialize, Serialize};

use super::ast::Span;
use super::error::{ErrorCode, QueryError};
use super::field::{self, FieldEntry, FieldKind};
use super::lex::TokenKind;
use super::parse::{Parser, missing_value};
use super::value;
use crate::rank::{Direction, MAX_SORT_KEYS, SortKey};

/// What makes hits one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// The words of the prompt.
    Prompt,
    /// The first checkpoint, as written.
    Model,
    /// The seed.
    Seed,
    /// Being copies of one another.
    Dup,
}

impl Grouping {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Prompt, Self::Model, Self::Seed, Self::Dup];

    /// The word after `group:`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Model => "model",
            Self::Seed => "seed",
            Self::Dup => "dup",
        }
    }
}

impl Parser<'_> {
    /// Reads the words after `sort:`, `limit:` or `group:`.
    pub(super) fn control(&mut self, entry: &FieldEntry, name_span: Span) -> Result<(), QueryError> {
        if !self.brackets.is_empty() || self.is_negated {
            let message = format!("`{}:` stands outside of brackets and is never negated", entry.name);
            return Err(QueryError::new(ErrorCode::Misplaced, message, name_span));
        }
        loop {
            let minus = self.kind(self.at) == Some(&TokenKind::Minus);
            self.at += usize::from(minus);
            let Some(text) = self.word(self.at).map(str::to_owned) else {
                return Err(missing_value(entry, name_span));
            };
            let span = self.tokens[self.at].span;
            self.at += 1;
            match entry.kind {
                FieldKind::Sort => self.sort_by(&if minus { format!("-{text}") } else { text }, span)?,
                FieldKind::Group => self.group_by(&text, span)?,
                _ => self.limit_to(&text, span)?,
            }
            if !self.takes_control_comma(entry) {
                return Ok(());
            }
        }
    }

    /// As for values, but `sort:likes,-date` goes on with a sign.
    fn takes_control_comma(&mut self, entry: &FieldEntry) -> bool {
        let glued = |at: usize| self.tokens.get(at).is_some_and(|token| token.glued);
        let goes_on = entry.kind == FieldKind::Sort
            && self.kind(self.at) == Some(&TokenKind::Comma)
            && glued(self.at)
            && glued(self.at + 1)
            && matches!(self.kind(self.at + 1), Some(TokenKind::Word | TokenKind::Minus));
        self.at += usize::from(goes_on);
        goes_on
    }

    fn sort_by(&mut self, text: &str, span: Span) -> Result<(), QueryError> {
        let (sign, name) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
            (Some(name), _) => (Some(Direction::Descending), name),
            (_, Some(name)) => (Some(Direction::Ascending), name),
            _ => (None, text),
        };
        let Some((_, sort_field, usual)) =
            field::SORTS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name))
        else {
            let error = value::bad(format!("cannot sort by `{}`", value::clip(name)), span);
            let near = field::nearest(name, field::SORTS.iter().map(|(known, ..)| *known), 2);
            return Err(match near {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("such as sort:likes, sort:date, sort:+date, sort:seed,steps"),
            });
        };
        if self.shared.sort.len() >= MAX_SORT_KEYS {
            let message = format!("more than {MAX_SORT_KEYS} sort levels");
            return Err(QueryError::new(ErrorCode::TooLarge, message, span));
        }
        self.shared.sort.push(SortKey { field: *sort_field, direction: sign.unwrap_or(*usual) });
        Ok(())
    }

    fn limit_to(&mut self, text: &str, span: Span) -> Result<(), QueryError> {
        if self.shared.limit.is_some() {
            return Err(QueryError::new(ErrorCode::Misplaced, "`limit:` is given twice", span));
        }
        let limit =
            text.parse().map_err(|_| value::bad(format!("`{}` is not a number", value::clip(text)), span))?;
        self.shared.limit = Some(limit);
        Ok(())
    }

    fn group_by(&mut self, text: &str, span: Span) -> Result<(), QueryError> {
        if self.shared.group.is_some() {
            return Err(QueryError::new(ErrorCode::Misplaced, "`group:` is given twice", span));
        }
        let words = || Grouping::ALL.into_iter().map(Grouping::as_str);
        let Some(group) = Grouping::ALL.into_iter().find(|group| group.as_str().eq_ignore_ascii_case(text))
        else {
            let error = value::bad(format!("cannot group by `{}`", value::clip(text)), span);
            return Err(match field::nearest(text, words(), 2) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!("it knows {}", words().collect::<Vec<_>>().join(", "))),
            });
        };
        self.shared.group = Some(group);
        Ok(())
    }
}
