//! What a query asks, free of any engine.
//!
//! A [`Query`] prints as text that parses back to an equal [`Query`]. Build inner nodes with [`Query::and`],
//! [`Query::or`] and [`Query::negate`]: they keep the one normal form, in which no conjunction holds a
//! conjunction, no disjunction a disjunction, and both have at least two members.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::field::{
    self, FieldKind, IntegerField, KeywordField, Presence, RealField, ResourceField, Shape, TextField,
};

/// Where in the query text something was said, in bytes: `start..end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

impl Span {
    /// From `start` to before `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The least span that holds both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A query or a part of one. Two are equal when they ask the same, wherever that was written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Query {
    /// What it asks.
    pub node: Node,
    /// Where it was said; empty for one that was built rather than read.
    pub span: Span,
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

/// What a query asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Node {
    /// Every image.
    All,
    /// All of these.
    And(Vec<Query>),
    /// At least one of these.
    Or(Vec<Query>),
    /// Not this.
    Not(Box<Query>),
    /// Words in a text, in this order.
    Text {
        /// Where.
        field: TextField,
        /// The words as written; the index's own analyzer splits them. One word or a phrase.
        text: String,
        /// How many words may lie between those of a phrase.
        slop: u32,
        /// Whether the last word is only the beginning of one.
        prefix: bool,
    },
    /// A keyword, whole.
    Keyword {
        /// Which.
        field: KeywordField,
        /// Its value; case does not matter.
        value: String,
        /// Whether the value is only its beginning.
        prefix: bool,
    },
    /// A comparison of a whole number. An unknown number never matches.
    Integer {
        /// Which.
        field: IntegerField,
        /// With what.
        test: Test<i64>,
    },
    /// A comparison of a real number. An unknown number never matches.
    Real {
        /// Which.
        field: RealField,
        /// With what.
        test: Test<f64>,
    },
    /// A comparison of the date of creation, in UTC.
    Created(Test<Date>),
    /// The form of the picture.
    Shape(Shape),
    /// Use of a resource, by something that the caller's resolver looks up.
    Resource {
        /// By what.
        field: ResourceField,
        /// The name, number, hash, ... as written.
        value: String,
        /// Whether the value is only its beginning.
        prefix: bool,
        /// A test of the strength of that same use; a use that says none never matches.
        weight: Option<Test<f64>>,
    },
    /// Use of one of these resources, by the numbers that the documents carry; ascending, without repetition.
    ResourceIds(Vec<u64>),
    /// Something is known.
    Has(Presence),
}

/// A comparison with one or two values, which count as inside.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test<T> {
    /// This value.
    Equal(T),
    /// More.
    Above(T),
    /// This or more.
    AtLeast(T),
    /// Less.
    Below(T),
    /// This or less.
    AtMost(T),
    /// From the first to the second.
    Between(T, T),
}

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

/// A year, a month or a day, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Serialize, Deserialize)]
pub enum Date {
    /// A year, 1 to 9999.
    Year(u16),
    /// Year and month.
    Month(u16, u8),
    /// Year, month and day.
    Day(u16, u8, u8),
}

impl Date {
    /// Its first millisecond, counted from 1970.
    pub fn start_ms(self) -> i64 {
        let (year, month, day) = self.first_day();
        days_from_1970(year, month, day) * 86_400_000
    }

    /// The first millisecond after it.
    pub fn end_ms(self) -> i64 {
        match self {
            Self::Year(year) => days_from_1970(i64::from(year) + 1, 1, 1) * 86_400_000,
            Self::Month(year, 12) => days_from_1970(i64::from(year) + 1, 1, 1) * 86_400_000,
            Self::Month(year, month) => days_from_1970(i64::from(year), i64::from(month) + 1, 1) * 86_400_000,
            Self::Day(..) => self.start_ms() + 86_400_000,
        }
    }

    fn first_day(self) -> (i64, i64, i64) {
        match self {
            Self::Year(year) => (year.into(), 1, 1),
            Self::Month(year, month) => (year.into(), month.into(), 1),
            Self::Day(year, month, day) => (year.into(), month.into(), day.into()),
        }
    }
}

/// Days between 1970-01-01 and a day of the Gregorian calendar. Years start in March, so that the leap day ends
/// one.
fn days_from_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => write!(f, "{year:04}"),
            Self::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Self::Day(year, month, day) => write!(f, "{year:04}-{month:02}-{day:02}"),
        }
    }
}

impl Query {
    /// A query that was read from `span`.
    pub fn new(node: Node, span: Span) -> Self {
        Self { node, span }
    }

    /// Every image.
    pub fn all() -> Self {
        Node::All.into()
    }

    /// Images that use one of these resources.
    pub fn resource_ids(mut ids: Vec<u64>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        Node::ResourceIds(ids).into()
    }

    /// Images that match all of `parts`; every image when there are none.
    pub fn and(parts: Vec<Self>) -> Self {
        join(parts, Node::And, |node| match node {
            Node::And(inner) => Ok(inner),
            other => Err(other),
        })
    }

    /// Images that match at least one of `parts`; every image when there are none.
    pub fn or(parts: Vec<Self>) -> Self {
        join(parts, Node::Or, |node| match node {
            Node::Or(inner) => Ok(inner),
            other => Err(other),
        })
    }

    /// Images that do not match this.
    #[must_use]
    pub fn negate(self) -> Self {
        let span = self.span;
        match self.node {
            Node::Not(inner) => *inner,
            node => Self::new(Node::Not(Box::new(Self::new(node, span))), span),
        }
    }

    /// How many conditions it has.
    pub fn clauses(&self) -> usize {
        match &self.node {
            Node::And(parts) | Node::Or(parts) => parts.iter().map(Self::clauses).sum(),
            Node::Not(inner) => inner.clauses(),
            Node::ResourceIds(ids) => ids.len(),
            _ => 1,
        }
    }
}

fn join(
    parts: Vec<Query>,
    wrap: impl Fn(Vec<Query>) -> Node,
    open: impl Fn(Node) -> Result<Vec<Query>, Node>,
) -> Query {
    let span = parts.iter().map(|part| part.span).reduce(Span::to).unwrap_or_default();
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match open(part.node) {
            Ok(inner) => flat.extend(inner),
            Err(node) => flat.push(Query::new(node, part.span)),
        }
    }
    match flat.len() {
        0 => Query::new(Node::All, span),
        1 => flat.swap_remove(0),
        _ => Query::new(wrap(flat), span),
    }
}

impl From<Node> for Query {
    fn from(node: Node) -> Self {
        Self::new(node, Span::default())
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
            Self::Keyword { field, value, prefix } => {
                write!(f, "{}:", field::name_of(FieldKind::Keyword(*field)))?;
                write_value(f, value, *prefix, false)
            }
            Self::Integer { field, test } => {
                write!(f, "{}:{test}", field::name_of(FieldKind::Integer(*field)))
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
            Self::Has(presence) => write!(f, "has:{}", field::presence_word(*presence)),
        }
    }
}

/// Writes a value bare where it is one plain word and need not be quoted for what follows, else in quotes.
fn write_value(f: &mut fmt::Formatter<'_>, value: &str, prefix: bool, quoted: bool) -> fmt::Result {
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
