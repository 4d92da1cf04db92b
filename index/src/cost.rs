//! How much work a query is, guessed from its words: whether it is worth waking other threads for.

use tantivy::Term;

use crate::error::IndexError;
use crate::query::{Node, Query, TextField};
use crate::reader::Reader;
use crate::tokenizer::{self, Kind};

/// Documents to look at from which on the segments are looked at together; below it, waking threads costs more.
const HEAVY: u64 = 40_000;
/// A phrase reads positions; it costs as much as so many documents of one word.
const PHRASE: u64 = 8;

/// Whether the segments of an index should be looked at by several threads.
pub(crate) fn is_heavy(reader: &Reader, query: &Query, may_skip: bool) -> Result<bool, IndexError> {
    if reader.searcher().segment_readers().len() < 2 || reader.documents() < HEAVY {
        return Ok(false);
    }
    // The best documents of one word are found without a look at most of the others.
    let skips =
        may_skip && matches!(&query.node, Node::Text { text, prefix: false, .. } if words(text).len() == 1);
    Ok(!skips && documents(reader, query)? >= HEAVY)
}

/// Whether anything in a query scores: words that the prompt must or may have.
pub(crate) fn has_scores(query: &Query) -> bool {
    match &query.node {
        Node::Text { field, .. } => matches!(field, TextField::Prompt | TextField::Any),
        Node::And(parts) | Node::Or(parts) => parts.iter().any(has_scores),
        _ => false,
    }
}

fn words(text: &str) -> Vec<String> {
    tokenizer::words(Kind::Prompt, text)
}

/// About how many documents are looked at.
fn documents(reader: &Reader, query: &Query) -> Result<u64, IndexError> {
    Ok(match &query.node {
        Node::And(parts) => {
            let positive = parts.iter().filter(|part| !matches!(part.node, Node::Not(_)));
            let mut least = reader.documents();
            for part in positive {
                least = least.min(documents(reader, part)?);
            }
            least
        }
        Node::Or(parts) => {
            let mut all = 0;
            for part in parts {
                all += documents(reader, part)?;
            }
            all
        }
        Node::Text { field, text, prefix: false, .. } if *field != TextField::Any => {
            let words = words(text);
            let column = match field {
                TextField::Negative => reader.fields().negative,
                _ => reader.fields().prompt,
            };
            let mut least = u64::MAX;
            for word in &words {
                let term = Term::from_field_text(column, word);
                least = least.min(reader.searcher().doc_freq(&term)?);
            }
            if words.len() > 1 { least.saturating_mul(PHRASE) } else { least }
        }
        _ => reader.documents(),
    })
}
