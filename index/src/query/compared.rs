//! `steps>=20`: a comparison without a colon, as older image boards write it.

use super::ast::Span;
use super::field::{self, FieldKind};
use super::parse::{Parser, Part};
use super::table::AskKind;
use super::value::Value;

impl Parser<'_> {
    /// What a bare word of the form `field>=5` asks; `None` for every other word. Prompts have no such words, so that
    /// searching their text would find nothing and not say why.
    pub(super) fn compared_word(&mut self, text: &str, span: Span) -> Option<Part> {
        let at = text.find(['<', '>', '='])?;
        let (name, value) = text.split_at(at);
        let entry = field::find(name).filter(|entry| is_compared(entry.kind))?;
        let number = value.trim_start_matches(['<', '>', '=']);
        let signs = value.get(..value.len() - number.len())?;
        let is_number = number.starts_with(|c: char| c.is_ascii_digit()) && !number.contains('*');
        if !is_number || !["<", ">", "=", "<=", ">=", "=="].contains(&signs) {
            return None;
        }
        let value = if signs.starts_with('=') { number } else { value };
        let message = format!("`{text}` is read as `{}:{value}`", entry.name);
        self.note("comparison_without_colon", message, span);
        let place = Span { start: span.start + text.len() - value.len(), end: span.start + text.len() };
        Some(Value::bare(value, entry, place).and_then(|value| self.leaf(entry, value)))
    }
}

/// Whether its values are numbers or dates.
fn is_compared(kind: FieldKind) -> bool {
    match kind {
        FieldKind::Integer(_)
        | FieldKind::Real(_)
        | FieldKind::Date
        | FieldKind::Age
        | FieldKind::Size
        | FieldKind::Uses(_) => true,
        FieldKind::Ask(kind) => {
            matches!(kind, AskKind::FileSize | AskKind::Modified | AskKind::Seen | AskKind::Confidence)
        }
        _ => false,
    }
}
