//! Which words of a prompt a query asked for.
//!
//! - In: the query, and any text.
//! - Out: places in the text, ascending and apart; words are those of the index's own analyzer.
//! - Never: a claim that these words made the image match: `a or b` marks both, and what is negated marks nothing.

use std::collections::BTreeSet;
use std::ops::Range;

use stemmata_index::prompt_words;
use stemmata_index::query::{Node, Query, TextField};

/// Longest text that is looked at, in bytes; the rest is not marked.
const MOST_BYTES: usize = 16 << 10;

/// Finds the words of a query in prompts.
#[derive(Clone, Debug, Default)]
pub struct Highlighter {
    words: BTreeSet<String>,
    beginnings: Vec<String>,
}

impl Highlighter {
    /// The words that a query asks prompts for.
    pub fn new(query: &Query) -> Self {
        let mut found = Self::default();
        found.take(query);
        found
    }

    /// Whether it will never find anything.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.beginnings.is_empty()
    }

    /// The places of these words in a text, in bytes.
    pub fn find(&self, text: &str) -> Vec<Range<usize>> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut end = text.len().min(MOST_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut places: Vec<Range<usize>> = Vec::new();
        for (place, word) in prompt_words(&text[..end]) {
            let apart = places.last().is_none_or(|last| last.end <= place.start);
            if self.asks_for(&word) && apart && text.get(place.clone()).is_some() {
                places.push(place);
            }
        }
        places
    }

    fn asks_for(&self, word: &str) -> bool {
        self.words.contains(word)
            || self.beginnings.iter().any(|beginning| word.starts_with(beginning.as_str()))
    }

    fn take(&mut self, query: &Query) {
        match &query.node {
            Node::And(parts) | Node::Or(parts) => parts.iter().for_each(|part| self.take(part)),
            Node::Text { field: TextField::Prompt | TextField::Any, text, prefix, .. } => {
                let mut words: Vec<String> = prompt_words(text).into_iter().map(|(_, word)| word).collect();
                if *prefix {
                    self.beginnings.extend(words.pop());
                }
                self.words.extend(words);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, text: &str, expected: &[&str]) {
        let parsed = stemmata_index::query::parse(query).expect("a good query");
        let found = Highlighter::new(&parsed.query).find(text);
        let words: Vec<&str> = found.into_iter().map(|place| &text[place]).collect();
        assert_eq!(words, expected, "{query}");
    }

    #[test]
    fn words_are_found_as_the_index_finds_them() {
        check("castle", "a Castle, (CASTLE:1.2), castles", &["Castle", "CASTLE"]);
        check("cast*", "castle broadcast castles", &["castle", "castles"]);
        check("red_hair", "red hair, hair", &["red", "hair", "hair"]);
        check("cafe", "a café", &["café"]);
    }

    #[test]
    fn what_is_excluded_or_asked_of_other_fields_is_not_marked() {
        check("castle -tower negative:moat sampler:euler", "castle tower moat euler", &["castle"]);
        check("castle or tower", "tower, castle", &["tower", "castle"]);
        check("steps:20..", "castle", &[]);
    }
}
