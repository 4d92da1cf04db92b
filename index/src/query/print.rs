//! AST to query text, in the one normal form.

use std::fmt;

use super::ast::{Node, Pattern, Query, Test};
use super::field::{self, FieldKind, Presence, TextField, WordField};

impl<T: fmt::Display> fmt::Display for Test<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equal(value) => write!(f, "{value}"),
            Self::Above(value) => write!(f, ">{value}"),
            Self::AtLeast(value) => write!(f, "{value}.."),
            Self::Below(value) => write!(f, "<{value}"),
            Self::AtMost(value) => write!(f, "..{value}"),
            Self::Between(low, high) => write!(f, "{low}..{high}"),
        }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Node::And(parts) => list(f, parts, " ", |part| matches!(part, Node::Or(_))),
            Node::Or(parts) => list(f, parts, " or ", |part| matches!(part, Node::And(_))),
            node => write!(f, "{node}"),
        }
    }
}

fn list(
    f: &mut fmt::Formatter<'_>,
    parts: &[Query],
    between: &str,
    in_brackets: impl Fn(&Node) -> bool,
) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        if in_brackets(&part.node) { write!(f, "({part})")? } else { write!(f, "{part}")? }
    }
    Ok(())
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::And(_) | Self::Or(_) => write!(f, "{}", Query::from(self.clone())),
            Self::Not(inner) if matches!(inner.node, Self::And(_) | Self::Or(_)) => write!(f, "-({inner})"),
            Self::Not(inner) => write!(f, "-{inner}"),
            Self::Text { field, text, slop, prefix } => {
                if *field != TextField::Prompt {
                    write!(f, "{}:", field::name_of(FieldKind::Text(*field)))?;
                }
                write_value(f, text, *prefix, *slop > 0)?;
                if *slop > 0 { write!(f, "~{slop}") } else { Ok(()) }
            }
            Self::Chunk { field, text } => {
                write!(f, "{}:", field::name_of(FieldKind::Chunk(*field)))?;
                write_value(f, text, false, false)
            }
            Self::Pattern { field, pattern } => write_pattern(f, *field, pattern),
            Self::Keyword { field, value, prefix } => {
                write!(f, "{}:", field::name_of(FieldKind::Keyword(*field)))?;
                write_value(f, value, *prefix, false)
            }
            Self::Integer { field, test } => {
                write!(f, "{}:{test}", field::name_of(FieldKind::Integer(*field)))
            }
            Self::Digits { field, digits } => {
                write!(f, "{}:{digits}*", field::name_of(FieldKind::Integer(*field)))
            }
            Self::Real { field, test } => write!(f, "{}:{test}", field::name_of(FieldKind::Real(*field))),
            Self::Created(test) => write!(f, "date:{test}"),
            Self::Shape(shape) => write!(f, "size:{}", shape.as_str()),
            Self::Resource { field, value, prefix, weight } => {
                write!(f, "{}:", field::name_of(FieldKind::Resource(*field)))?;
                write_value(f, value, *prefix, false)?;
                weight.map_or(Ok(()), |test| write!(f, "@{test}"))
            }
            Self::ResourceIds(ids) => {
                let words: Vec<String> = ids.iter().map(u64::to_string).collect();
                write!(f, "resource_id:{}", if words.is_empty() { "none".into() } else { words.join(",") })
            }
            Self::Uses { field, test } => write!(f, "{}:{test}", field::name_of(FieldKind::Uses(*field))),
            Self::Has(presence) => write!(f, "has:{}", field::presence_word(*presence)),
            Self::Absent(Presence::Meta) => f.write_str("has:none"),
            Self::Absent(presence) => write!(f, "{}:none", field::presence_word(*presence)),
            Self::Ask(ask) => write!(f, "{ask}"),
        }
    }
}

/// Writes a value bare where it is one plain word and need not be quoted for what follows, else in quotes.
pub(super) fn write_value(
    f: &mut fmt::Formatter<'_>,
    value: &str,
    prefix: bool,
    quoted: bool,
) -> fmt::Result {
    const KEYWORDS: [&str; 4] = ["or", "not", "and", "none"];
    let plain = !quoted
        && value.starts_with(|first: char| first.is_alphanumeric())
        && value.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !KEYWORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
        && value != "BREAK";
    if plain {
        f.write_str(value)?;
    } else {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        write!(f, "\"{escaped}\"")?;
    }
    if prefix { f.write_str("*") } else { Ok(()) }
}

fn write_pattern(f: &mut fmt::Formatter<'_>, field: WordField, pattern: &Pattern) -> fmt::Result {
    match field {
        WordField::Text(TextField::Prompt) if matches!(pattern, Pattern::Wildcard(_)) => {}
        WordField::Text(field) => write!(f, "{}:", field::name_of(FieldKind::Text(field)))?,
        WordField::Keyword(field) => write!(f, "{}:", field::name_of(FieldKind::Keyword(field)))?,
        WordField::Name(field) => write!(f, "{}:", field::name_of(FieldKind::Resource(field)))?,
    }
    match pattern {
        Pattern::Wildcard(text) => f.write_str(text),
        Pattern::Regex(text) => write!(f, "/{text}/"),
    }
}
