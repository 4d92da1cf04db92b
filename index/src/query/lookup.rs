//! Look-ups beside a query: keywords that the index has, and which of some documents match.

use std::sync::Arc;

use tantivy::collector::DocSetCollector;
use tantivy::query::BooleanQuery;

use super::ast::Query;
use super::field::KeywordField;
use super::lower::Resolver;
use super::scan::{IdSet, Look, Scan};
use crate::error::IndexError;
use crate::reader::Reader;
use crate::tokenizer;

impl Reader {
    /// Keywords of a field that begin so, case aside: folded, in alphabetical order, at most `limit`.
    ///
    /// # Errors
    ///
    /// Only what a damaged or vanished index causes.
    pub fn keywords(
        &self,
        field: KeywordField,
        begins: &str,
        limit: usize,
    ) -> Result<Vec<String>, IndexError> {
        let column = self.fields().keyword(field);
        let begins = tokenizer::keyword(begins);
        let mut found = std::collections::BTreeSet::new();
        for segment in self.searcher().segment_readers() {
            let index = segment.inverted_index(column)?;
            let mut terms =
                index.terms().range().ge(begins.as_bytes()).into_stream().map_err(IndexError::Io)?;
            let mut seen = 0;
            while seen < limit && terms.advance() {
                let Ok(word) = std::str::from_utf8(terms.key()) else { continue };
                if !word.starts_with(begins.as_str()) {
                    break;
                }
                found.insert(word.to_owned());
                seen += 1;
            }
        }
        Ok(found.into_iter().take(limit).collect())
    }

    /// Which of the documents with these keys match.
    pub(crate) fn matching(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        keys: &[i64],
    ) -> Result<Vec<bool>, IndexError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let asked = Scan(Look::Key(Arc::new(IdSet::new(keys.to_vec()))));
        let lowered = BooleanQuery::intersection(vec![Box::new(asked), self.lower(resolver, query)?]);
        let mut found = Vec::new();
        for place in self.searcher().search(&lowered, &DocSetCollector)? {
            let columns = self.searcher().segment_reader(place.segment_ord).fast_fields();
            found.extend(columns.i64("key")?.first(place.doc_id));
        }
        Ok(keys.iter().map(|key| found.contains(key)).collect())
    }
}
