//! Why a query finds what it finds: each condition by itself.

use std::ops::Range;

use serde::Serialize;

use super::ask::Ask;
use super::ast::{Node, Pattern, Query, Span};
use super::field::{RealField, TextField, WordField};
use super::lower::Resolver;
use super::pattern::Fits;
use crate::error::IndexError;
use crate::reader::Reader;
use crate::tokenizer::{self, Kind};

/// What a condition costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// A look-up in the index.
    Index,
    /// A range of a column.
    Column,
    /// A look at every document, or at every word.
    Scan,
    /// A question to the catalog, then a look-up or a look at every document.
    Catalog,
    /// A question to the near index, then a look at every document.
    Similarity,
}

impl Cost {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Column => "column",
            Self::Scan => "scan",
            Self::Catalog => "catalog",
            Self::Similarity => "similarity",
        }
    }

    /// The cost of one condition.
    pub fn of(node: &Node) -> Self {
        match node {
            Node::Pattern { pattern: Pattern::Wildcard(text), .. } if !text.starts_with('*') => Self::Index,
            Node::Pattern { .. }
            | Node::Real { field: RealField::Megapixels | RealField::Ratio, .. }
            | Node::Digits { .. }
            | Node::Ask(Ask::Raw(_))
            | Node::Uses { .. } => Self::Scan,
            Node::Integer { field, .. } if field.has_terms() => Self::Index,
            Node::Integer { .. } | Node::Real { .. } | Node::Created(_) => Self::Column,
            Node::Resource { .. } => Self::Catalog,
            Node::Ask(Ask::Linked(_)) => Self::Scan,
            Node::Ask(ask) if ask.is_similarity() => Self::Similarity,
            Node::Ask(_) => Self::Catalog,
            _ => Self::Index,
        }
    }
}

/// One condition of a query, by itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Clause {
    /// Its text, in normal form.
    pub text: String,
    /// Where it was said.
    pub span: Span,
    /// What it costs.
    pub cost: Cost,
    /// Of how many images it is true.
    pub images: u64,
    /// Of how many images it is unknown, so that neither it nor its negation finds them.
    pub unknown: u64,
    /// For each hit that was asked about, whether it is true of it.
    pub hits: Vec<bool>,
}

impl Reader {
    /// The conditions of a query from left to right, with how many images match each, and which of `hits` do, by key.
    ///
    /// # Errors
    ///
    /// As [`Reader::search`].
    pub fn clauses(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        hits: &[i64],
    ) -> Result<Vec<Clause>, IndexError> {
        let all = self.documents();
        let mut clauses = Vec::new();
        for condition in query.conditions() {
            let images = self.count(resolver, condition)?;
            let asks_nothing = matches!(&condition.node, Node::Text { text, .. } if tokenizer::words(Kind::Prompt, text).is_empty());
            let others = if asks_nothing { 0 } else { self.count(resolver, &condition.clone().negate())? };
            clauses.push(Clause {
                text: condition.to_string(),
                span: condition.span,
                cost: Cost::of(&condition.node),
                images,
                unknown: all.saturating_sub(images + others),
                hits: self.matching(resolver, condition, hits)?,
            });
        }
        Ok(clauses)
    }
}

/// The places in `text`, the prompt (or, as `field` says, the negative prompt) of an image, of words that the query
/// asks for: byte ranges, ascending and apart.
///
/// Words of excluded conditions are left out.
pub fn matched_words(query: &Query, field: TextField, text: &str) -> Vec<Range<usize>> {
    let words = tokenizer::prompt_words(text);
    let mut is_marked = vec![false; words.len()];
    mark(query, field, true, &words, &mut is_marked);
    let marked = words.into_iter().zip(is_marked).filter(|(_, is_marked)| *is_marked);
    let mut places: Vec<Range<usize>> = marked.map(|((place, _), _)| place).collect();
    places.sort_by_key(|place| (place.start, place.end));
    // Characters that fold to several words share their place.
    places.dedup();
    places
}

type Located = (Range<usize>, String);

fn mark(query: &Query, field: TextField, wanted: bool, words: &[Located], is_marked: &mut [bool]) {
    let searches = |asked: TextField| asked == field || asked == TextField::Any;
    match &query.node {
        Node::And(parts) | Node::Or(parts) => {
            for part in parts {
                mark(part, field, wanted, words, is_marked);
            }
        }
        Node::Not(inner) => mark(inner, field, !wanted, words, is_marked),
        Node::Text { field: asked, text, slop, prefix } if wanted && searches(*asked) => {
            mark_phrase(&tokenizer::words(Kind::Prompt, text), *slop, *prefix, words, is_marked);
        }
        Node::Pattern { field: WordField::Text(asked), pattern } if wanted && searches(*asked) => {
            let Ok(fits) = Fits::new(pattern) else { return };
            for ((_, word), marked) in words.iter().zip(is_marked) {
                *marked |= fits.fits(word);
            }
        }
        _ => {}
    }
}

fn mark_phrase(wanted: &[String], slop: u32, prefix: bool, words: &[Located], is_marked: &mut [bool]) {
    let Some((last, first)) = wanted.split_last() else { return };
    let ends = |word: &str| if prefix { word.starts_with(last.as_str()) } else { word == last };
    if slop > 0 {
        for ((_, word), marked) in words.iter().zip(is_marked) {
            *marked |= wanted.contains(word) || ends(word);
        }
        return;
    }
    for (start, window) in words.windows(wanted.len()).enumerate() {
        let begins = window.iter().zip(first).all(|((_, word), wanted)| word == wanted);
        if begins && window.last().is_some_and(|(_, word)| ends(word)) {
            is_marked[start..start + wanted.len()].fill(true);
        }
    }
}
