//! What a query asks, free of any engine.
//!
//! A [`Query`] prints as text that parses back to an equal [`Query`]. Build inner nodes with [`Query::and`],
//! [`Query::or`] and [`Query::negate`]: they keep the one normal form, in which no conjunction holds a
//! conjunction, no disjunction a disjunction, and both have at least two members.

use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::date::Date;
use super::field::{
    IntegerField, KeywordField, Presence, RealField, ResourceField, Shape, TextField, WordField,
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
#[serde(deny_unknown_fields)]
pub struct Query {
    /// What it asks.
    pub node: Node,
    /// Where it was said; empty for one that was built rather than read.
    #[serde(default)]
    pub span: Span,
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

/// What a query asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
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
    /// A tag of a prompt, whole: what stands between two commas.
    Chunk {
        /// The prompt or the negative prompt.
        field: TextField,
        /// The tag as written; the index's own analyzer folds it.
        text: String,
    },
    /// A word that fits a pattern, whole.
    Pattern {
        /// Where.
        field: WordField,
        /// The pattern.
        pattern: Pattern,
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
    /// A whole number whose first decimal digits are these. An unknown number never matches.
    Digits {
        /// Which.
        field: IntegerField,
        /// The digits, as a number above zero.
        digits: i64,
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
    /// How many resources of a kind are used.
    Uses {
        /// Of which kind, such as [`ResourceField::Lora`]; [`ResourceField::Resource`] counts all.
        field: ResourceField,
        /// How many.
        test: Test<i64>,
    },
    /// Something is known.
    Has(Presence),
    /// Something is not known. Unlike a negated [`Node::Has`], images without generation data match.
    Absent(Presence),
    /// What only the caller's store can tell, at the time of the query.
    Ask(Ask),
}

/// What a word must look like from its first to its last character, after folding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// Text in which `*` stands for any characters, or none.
    Wildcard(String),
    /// A regular expression.
    Regex(String),
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

    /// The same query, as if all of it had been said in one place.
    #[must_use]
    pub(crate) fn at(mut self, span: Span) -> Self {
        self.span = span;
        match &mut self.node {
            Node::And(parts) | Node::Or(parts) => {
                for part in parts {
                    *part = std::mem::replace(part, Self::all()).at(span);
                }
            }
            Node::Not(inner) => **inner = std::mem::replace(&mut **inner, Self::all()).at(span),
            _ => {}
        }
        self
    }

    /// Images that are known not to match this.
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

    /// The conditions, from left to right, without what joins and negates them.
    pub fn conditions(&self) -> Vec<&Self> {
        match &self.node {
            Node::And(parts) | Node::Or(parts) => parts.iter().flat_map(Self::conditions).collect(),
            Node::Not(inner) => inner.conditions(),
            _ => vec![self],
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
