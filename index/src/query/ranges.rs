//! Ranges as Lucene writes them.

use super::ast::Span;
use super::error::{ErrorCode, QueryError};
use super::lex::TokenKind;
use super::parse::Parser;
use super::value::Value;

impl Parser<'_> {
    /// The value of `field:[low TO high]`, as in Lucene; `*` leaves an end open.
    pub(super) fn lucene_range(&mut self, open: Span, name_span: Span) -> Result<Option<Value>, QueryError> {
        let mut closing = self.at + 1;
        while self.kind(closing).is_some_and(|kind| matches!(kind, TokenKind::Word | TokenKind::Minus)) {
            closing += 1;
        }
        if self.kind(closing) != Some(&TokenKind::Close) {
            return Ok(None);
        }
        let inner = self.text(Span::new(open.end, self.tokens[closing].span.start));
        let Some((low, high)) = inner.split_once(" TO ") else { return Ok(None) };
        let span = name_span.to(self.tokens[closing].span);
        if self.text(open) != "[" {
            let error = QueryError::new(ErrorCode::Unsupported, "`{ }` is no range", span);
            return Err(error.hint("ends count as inside: write [low TO high] or low..high"));
        }
        let end = |text: &str| if text.trim() == "*" { String::new() } else { text.trim().to_owned() };
        self.at = closing + 1;
        Ok(Some(Value::plain(&format!("{}..{}", end(low), end(high)), span)))
    }
}
