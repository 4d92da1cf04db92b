//! What a query means, condition by condition, and why single images match.

use stemmata_index::Reader;
use stemmata_index::query::{Clause, Parsed, TextField, matched_words};

use super::{CatalogResolver, FoundImage, Page, SearchError, SearchSettings, answer};

/// A query, taken apart.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What it finds.
    pub page: Page,
    /// Its conditions, from left to right. Their `hits` are those of the page.
    pub clauses: Vec<Clause>,
    /// For each hit of the page, the words of its prompts that the query asks for, as they stand there, each once.
    pub words: Vec<Vec<String>>,
}

/// Takes a query apart.
///
/// # Errors
///
/// As [`super::search`].
pub fn explain(
    resolver: &CatalogResolver<'_>,
    reader: &Reader,
    parsed: &Parsed,
    settings: &SearchSettings,
) -> Result<Explanation, SearchError> {
    let page = answer(resolver, reader, parsed, settings)?;
    let keys: Vec<i64> = page.hits.iter().map(|hit| hit.image.row.key.get()).collect();
    let clauses = reader.clauses(resolver, &parsed.query, &keys)?;
    let words = page.hits.iter().map(|hit| words_of(hit, parsed)).collect();
    Ok(Explanation { page, clauses, words })
}

fn words_of(hit: &FoundImage, parsed: &Parsed) -> Vec<String> {
    let data = &hit.image.row.generation_data;
    let texts = [(TextField::Prompt, &data.prompt), (TextField::Negative, &data.negative_prompt)];
    let mut words: Vec<String> = Vec::new();
    for (field, text) in texts {
        let Some(text) = text else { continue };
        for place in matched_words(&parsed.query, field, text) {
            let word = text.get(place).unwrap_or_default();
            if !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        }
    }
    words
}
