//! Words in a row, where the best matches are wanted and not all.
//!
//! The engine reads the positions of every document that has all words, which is most of the work of a phrase of
//! common words. Here a document whose score could not reach the page, even if the phrase stood there as often as its
//! rarest word, is passed over before its positions are read.
//!
//! Never: another answer, or another score, than the engine's own phrase query.

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{Postings, SegmentPostings};
use tantivy::query::{Bm25Weight, EnableScoring, Explanation, PhraseQuery, Query, Scorer, Weight};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, Score, SeekDangerResult, SegmentReader, TERMINATED, Term};

/// A phrase without slop of two words or more.
#[derive(Clone, Debug)]
pub(crate) struct Phrase {
    terms: Vec<Term>,
    engine: PhraseQuery,
}

impl Phrase {
    pub(crate) fn new(terms: Vec<Term>) -> Self {
        Self { engine: PhraseQuery::new(terms.clone()), terms }
    }
}

impl Query for Phrase {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let similarity = match scoring {
            EnableScoring::Enabled { statistics_provider, .. } => {
                Some(Bm25Weight::for_terms(statistics_provider, &self.terms)?)
            }
            EnableScoring::Disabled { .. } => None,
        };
        let engine = self.engine.weight(scoring)?;
        let Some(similarity) = similarity else { return Ok(engine) };
        Ok(Box::new(PhraseWeight { terms: self.terms.clone(), similarity, engine }))
    }

    fn query_terms<'a>(&'a self, visitor: &mut dyn FnMut(&'a Term, bool)) {
        self.engine.query_terms(visitor);
    }
}

struct PhraseWeight {
    terms: Vec<Term>,
    similarity: Bm25Weight,
    engine: Box<dyn Weight>,
}

impl Weight for PhraseWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        self.engine.scorer(reader, boost)
    }

    fn scorer_danger(
        &self,
        reader: &SegmentReader,
        target: DocId,
        boost: Score,
    ) -> tantivy::Result<(SeekDangerResult, Box<dyn Scorer>)> {
        self.engine.scorer_danger(reader, target, boost)
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        self.engine.explain(reader, doc)
    }

    fn for_each_pruning(
        &self,
        mut threshold: Score,
        reader: &SegmentReader,
        callback: &mut dyn FnMut(DocId, Score) -> Score,
    ) -> tantivy::Result<()> {
        let Some(mut words) = Words::open(&self.terms, reader)? else { return Ok(()) };
        let norms = match self.terms.first() {
            Some(term) => reader.fieldnorms_readers().get_field(term.field())?,
            None => None,
        };
        let norms = norms.unwrap_or_else(|| FieldNormReader::constant(reader.max_doc(), 1));
        let mut doc = words.first();
        while doc != TERMINATED {
            let norm = norms.fieldnorm_id(doc);
            if self.similarity.score(norm, words.least_frequency()) > threshold {
                let count = words.count();
                if count > 0 {
                    let score = self.similarity.score(norm, count);
                    if score > threshold {
                        threshold = callback(doc, score);
                    }
                }
            }
            doc = words.next();
        }
        Ok(())
    }
}

/// The words of a phrase in one segment, rarest first, each with its place in the phrase.
struct Words {
    postings: Vec<(u32, SegmentPostings)>,
    last: u32,
    left: Vec<u32>,
    right: Vec<u32>,
}

impl Words {
    /// `None` where a word does not occur.
    fn open(terms: &[Term], reader: &SegmentReader) -> tantivy::Result<Option<Self>> {
        let mut postings = Vec::with_capacity(terms.len());
        for (place, term) in (0..).zip(terms) {
            let index = reader.inverted_index(term.field())?;
            match index.read_postings(term, IndexRecordOption::WithFreqsAndPositions)? {
                Some(found) => postings.push((place, found)),
                None => return Ok(None),
            }
        }
        postings.sort_by_key(|(_, postings)| postings.doc_freq());
        let last = terms.len().saturating_sub(1) as u32;
        Ok(Some(Self { postings, last, left: Vec::new(), right: Vec::new() }))
    }

    /// The first document with all words.
    fn first(&mut self) -> DocId {
        let doc = self.postings.first().map_or(TERMINATED, |(_, postings)| postings.doc());
        self.meet(doc)
    }

    /// The next document with all words.
    fn next(&mut self) -> DocId {
        let doc = self.postings.first_mut().map_or(TERMINATED, |(_, postings)| postings.advance());
        self.meet(doc)
    }

    /// The first document from `doc` on with all words; the rarest word stands at `doc`.
    fn meet(&mut self, mut doc: DocId) -> DocId {
        'again: while doc != TERMINATED {
            for place in 1..self.postings.len() {
                let postings = &mut self.postings[place].1;
                let at = if postings.doc() < doc { postings.seek(doc) } else { postings.doc() };
                if at != doc {
                    let rarest = &mut self.postings[0].1;
                    doc = if at == TERMINATED { TERMINATED } else { rarest.seek(at) };
                    continue 'again;
                }
            }
            return doc;
        }
        TERMINATED
    }

    fn least_frequency(&self) -> u32 {
        self.postings.iter().map(|(_, postings)| postings.term_freq()).min().unwrap_or(0)
    }

    /// How often the phrase stands in the document.
    fn count(&mut self) -> u32 {
        let Self { postings, last, left, right } = self;
        left.clear();
        for (number, (place, postings)) in postings.iter_mut().enumerate() {
            if number == 0 {
                postings.positions_with_offset(*last - *place, left);
            } else {
                postings.positions_with_offset(*last - *place, right);
                keep_common(left, right);
            }
            if left.is_empty() {
                return 0;
            }
        }
        left.len() as u32
    }
}

/// Keeps what is in both ascending lists.
fn keep_common(left: &mut Vec<u32>, right: &[u32]) {
    let mut at = 0;
    left.retain(|value| {
        while right.get(at).is_some_and(|other| other < value) {
            at += 1;
        }
        right.get(at) == Some(value)
    });
}
