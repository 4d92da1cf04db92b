//! Text to the query that ranks by shared words.

use super::ast::{Node, Query};
use super::field::TextField;
use super::parse::MAX_QUERY_BYTES;
use crate::tokenizer::{self, Kind};

/// The query that ranks by shared words: images with any word of a text, which is no query, most and rarest first.
///
/// At most [`MAX_LIKE_WORDS`] different words count, the first ones.
pub fn like_prompt(text: &str) -> Query {
    let mut end = text.len().min(MAX_QUERY_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut words = tokenizer::words(Kind::Prompt, &text[..end]);
    let mut seen = std::collections::BTreeSet::new();
    words.retain(|word| seen.len() < MAX_LIKE_WORDS && seen.insert(word.clone()));
    let condition = |text| Node::Text { field: TextField::Prompt, text, slop: 0, prefix: false }.into();
    Query::or(words.into_iter().map(condition).collect())
}

/// Most words of a text that [`like_prompt`] compares.
pub const MAX_LIKE_WORDS: usize = 64;
