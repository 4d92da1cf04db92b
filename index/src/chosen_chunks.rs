//! Which of a few chunks each match has.
//!
//! - In: a query and chunks. Out: the facts of every match with any of them, and which these are.
//! - Never: a text for each document. Chunks are looked up once a segment.

use tantivy::columnar::StrColumn;
use tantivy::{DocId, SegmentReader};

use crate::chunk_columns::{ChunkField, column, ordinals_of};
use crate::error::IndexError;
use crate::facts::{Facts, SegmentFacts};
use crate::fold::for_each_match;
use crate::query::{Query, Resolver};
use crate::reader::Reader;

/// Stands for a chunk of the segment that nobody chose.
const NOT_CHOSEN: u32 = u32::MAX;

/// The chosen chunks in the column of one segment.
struct Chosen {
    column: Option<StrColumn>,
    /// The place in the list of each chunk of the segment, by its ordinal.
    places: Vec<u32>,
}

impl Chosen {
    fn open(segment: &SegmentReader, field: ChunkField, chunks: &[&str]) -> Result<Self, IndexError> {
        let column = column(segment, field)?.filter(|_| !chunks.is_empty());
        let Some(known) = &column else { return Ok(Self { column: None, places: Vec::new() }) };
        let mut places = vec![NOT_CHOSEN; known.num_terms()];
        for (ordinal, place) in ordinals_of(known.dictionary(), chunks)?.into_iter().zip(0_u32..) {
            let slot = ordinal.and_then(|ordinal| places.get_mut(usize::try_from(ordinal).ok()?));
            if let Some(slot) = slot {
                *slot = place;
            }
        }
        Ok(Self { column, places })
    }

    /// The places of the chunks of a document, ascending.
    fn of(&self, doc: DocId, into: &mut Vec<u32>) {
        into.clear();
        let Some(column) = &self.column else { return };
        let place = |ordinal| usize::try_from(ordinal).ok().and_then(|at| self.places.get(at)).copied();
        let places = column.ords().values_for_doc(doc).filter_map(place);
        into.extend(places.filter(|place| *place != NOT_CHOSEN));
        into.sort_unstable();
        into.dedup();
    }
}

impl Reader {
    /// As [`Reader::fold`], over the matches that have any of `prompt` or any of `negative` in that prompt; `each` is told
    /// which, as places in those lists, ascending. A chunk is given as [`crate::chunks`] writes it, and once.
    ///
    /// # Errors
    ///
    /// As [`Reader::search`].
    pub fn fold_chosen_chunks<A: Send>(
        &self,
        (resolver, query): (&dyn Resolver, &Query),
        [prompt, negative]: [&[&str]; 2],
        init: impl Fn() -> A + Sync,
        each: impl Fn(&mut A, &Facts<'_>, [&[u32]; 2]) + Sync,
        mut merge: impl FnMut(&mut A, A),
    ) -> Result<A, IndexError> {
        let parts = self.per_segment(resolver, query, |weight, segment| {
            let mut part = init();
            let mut facts = SegmentFacts::open(segment)?;
            let chosen = [
                Chosen::open(segment, ChunkField::Prompt, prompt)?,
                Chosen::open(segment, ChunkField::Negative, negative)?,
            ];
            let (mut prompts, mut negatives) = (Vec::new(), Vec::new());
            let mut failure = None;
            for_each_match(weight, segment, |doc| {
                chosen[0].of(doc, &mut prompts);
                chosen[1].of(doc, &mut negatives);
                if prompts.is_empty() && negatives.is_empty() {
                    return;
                }
                match facts.of(doc) {
                    Ok(Some(facts)) => each(&mut part, &facts, [&prompts, &negatives]),
                    Ok(None) => {}
                    Err(error) => failure = Some(error),
                }
            })?;
            match failure {
                Some(error) => Err(error),
                None => Ok(part),
            }
        })?;
        let mut whole = init();
        for part in parts {
            merge(&mut whole, part);
        }
        Ok(whole)
    }
}
