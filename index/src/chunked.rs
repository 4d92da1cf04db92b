//! Documents whose prompt has a chunk: exactly this tag, not the words of it within a longer one.
//!
//! The words of a chunk stand together in its text, so that the phrase of them finds all candidates; the column of chunks
//! says which of them have it. No posting lists of chunks are kept: they would be a third of the index.

use tantivy::columnar::Column;
use tantivy::query::{EmptyScorer, EnableScoring, Explanation, Query, Scorer, TermQuery, Weight};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, Score, SegmentReader, TERMINATED, Term};

use crate::phrase::Phrase;
use crate::query::TextField;
use crate::schema::Fields;
use crate::tokenizer::{self, Kind};

/// Matches the documents that `candidates` match and that have a value in a column of chunks.
#[derive(Debug)]
pub(crate) struct Chunked {
    candidates: Box<dyn Query>,
    column: &'static str,
    chunk: String,
}

impl Chunked {
    /// Documents whose prompt, or whose negative prompt, has the chunk that `text` is; `None` for a text that is none.
    pub(crate) fn new(fields: &Fields, field: TextField, text: &str) -> Option<Self> {
        let chunk = crate::chunk(text)?;
        let (words_field, column) = match field {
            TextField::Negative => (fields.negative, "negative_chunk"),
            TextField::Prompt | TextField::Any => (fields.prompt, "chunk"),
        };
        let words = tokenizer::words(Kind::Plain, &chunk);
        let mut terms: Vec<Term> =
            words.iter().map(|word| Term::from_field_text(words_field, word)).collect();
        let candidates: Box<dyn Query> = match terms.len() {
            0 => return None,
            1 => Box::new(TermQuery::new(terms.remove(0), IndexRecordOption::WithFreqs)),
            _ => Box::new(Phrase::new(terms)),
        };
        Some(Self { candidates, column, chunk })
    }
}

impl Clone for Chunked {
    fn clone(&self) -> Self {
        Self { candidates: self.candidates.box_clone(), column: self.column, chunk: self.chunk.clone() }
    }
}

impl Query for Chunked {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let candidates = self.candidates.weight(scoring)?;
        Ok(Box::new(ChunkedWeight { candidates, column: self.column, chunk: self.chunk.clone() }))
    }

    fn query_terms<'a>(&'a self, visitor: &mut dyn FnMut(&'a Term, bool)) {
        self.candidates.query_terms(visitor);
    }
}

struct ChunkedWeight {
    candidates: Box<dyn Weight>,
    column: &'static str,
    chunk: String,
}

impl Weight for ChunkedWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let Some(column) = reader.fast_fields().str(self.column)? else { return Ok(Box::new(EmptyScorer)) };
        let Some(ordinal) = column.dictionary().term_ord(&self.chunk)? else {
            return Ok(Box::new(EmptyScorer));
        };
        let candidates = self.candidates.scorer(reader, boost)?;
        let mut scorer = ChunkedScorer { candidates, column: column.ords().clone(), ordinal };
        scorer.settle();
        Ok(Box::new(scorer))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        self.candidates.explain(reader, doc)
    }
}

struct ChunkedScorer {
    candidates: Box<dyn Scorer>,
    column: Column<u64>,
    ordinal: u64,
}

impl ChunkedScorer {
    /// Moves on to the next candidate that has the chunk, unless this one has.
    fn settle(&mut self) -> DocId {
        let mut doc = self.candidates.doc();
        while doc != TERMINATED && !self.column.values_for_doc(doc).any(|value| value == self.ordinal) {
            doc = self.candidates.advance();
        }
        doc
    }
}

impl DocSet for ChunkedScorer {
    fn advance(&mut self) -> DocId {
        self.candidates.advance();
        self.settle()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if target > self.candidates.doc() {
            self.candidates.seek(target);
        }
        self.settle()
    }

    fn doc(&self) -> DocId {
        self.candidates.doc()
    }

    fn size_hint(&self) -> u32 {
        self.candidates.size_hint() / 2
    }

    fn cost(&self) -> u64 {
        self.candidates.cost()
    }
}

impl Scorer for ChunkedScorer {
    fn score(&mut self) -> Score {
        self.candidates.score()
    }
}
