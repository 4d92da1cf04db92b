//! The columns of chunks: numbers while counting, texts only at the end.
//!
//! - In: a query, or chunks. Out: the chunks of every match as numbers of its segment, their texts once a segment, and
//!   how many documents have a chunk.
//! - Never: a text for each document, which is what millions of prompts would cost.

use rayon::prelude::*;
use tantivy::SegmentReader;
use tantivy::columnar::{Column, Dictionary, StrColumn};

use crate::error::IndexError;
use crate::facts::{Facts, SegmentFacts};
use crate::fold::for_each_match;
use crate::query::{Query, Resolver};
use crate::reader::Reader;

/// Terms of a dictionary that one look-up in it costs as much as, about: half of a block.
const TERMS_OF_A_LOOKUP: usize = 64;

/// Values that are read from a column at once.
const BLOCK: usize = 4096;

/// Which prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChunkField {
    /// The positive one.
    Prompt,
    /// The negative one.
    Negative,
}

impl ChunkField {
    fn name(self) -> &'static str {
        match self {
            Self::Prompt => "chunk",
            Self::Negative => "negative_chunk",
        }
    }
}

/// What the columns say of one image besides its [`Facts`].
#[derive(Clone, Copy, Debug)]
pub struct ChunkFacts<'a> {
    /// The seed.
    pub seed: Option<i64>,
    /// Chunks of its prompt, each once, as numbers of its segment.
    pub prompt: &'a [u32],
    /// Chunks of its negative prompt, as other numbers of its segment.
    pub negative: &'a [u32],
}

/// The texts of the chunks of one segment.
pub struct ChunkTexts {
    prompt: Option<StrColumn>,
    negative: Option<StrColumn>,
}

impl ChunkTexts {
    /// Calls `each` with the number and text of each of `numbers`, which ascend; unknown ones are left out.
    ///
    /// # Errors
    ///
    /// Only what a damaged or vanished index causes.
    pub fn for_each(
        &self,
        field: ChunkField,
        numbers: &[u32],
        mut each: impl FnMut(u32, &str),
    ) -> Result<(), IndexError> {
        let column = match field {
            ChunkField::Prompt => &self.prompt,
            ChunkField::Negative => &self.negative,
        };
        let Some(column) = column else { return Ok(()) };
        let known = column.num_terms() as u64;
        let mut ordinals: Vec<u64> =
            numbers.iter().map(|number| u64::from(*number)).filter(|ordinal| *ordinal < known).collect();
        ordinals.sort_unstable();
        let mut next = ordinals.iter();
        let visit = |bytes: &[u8]| {
            let ordinal = next.next().and_then(|ordinal| u32::try_from(*ordinal).ok());
            if let (Some(ordinal), Ok(text)) = (ordinal, std::str::from_utf8(bytes)) {
                each(ordinal, text);
            }
        };
        column.dictionary().sorted_ords_to_term_cb(&ordinals, visit).map_err(IndexError::Io)?;
        Ok(())
    }
}

impl Reader {
    /// As [`Reader::fold`], with the chunks of every match; after the last match of a segment `texts` can ask for the
    /// texts behind its numbers.
    ///
    /// # Errors
    ///
    /// As [`Reader::search`].
    pub fn fold_chunks<A: Send>(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        init: impl Fn() -> A + Sync,
        each: impl Fn(&mut A, &Facts<'_>, ChunkFacts<'_>) + Sync,
        texts: impl Fn(&mut A, &ChunkTexts) -> Result<(), IndexError> + Sync,
        mut merge: impl FnMut(&mut A, A),
    ) -> Result<A, IndexError> {
        let parts = self.per_segment(resolver, query, |weight, segment| {
            let mut part = init();
            let mut facts = SegmentFacts::open(segment)?;
            let seeds = segment.fast_fields().i64("seed")?;
            let (prompt, negative) =
                (column(segment, ChunkField::Prompt)?, column(segment, ChunkField::Negative)?);
            let (mut prompts, mut negatives) = (Vec::new(), Vec::new());
            let mut failure = None;
            for_each_match(weight, segment, |doc| match facts.of(doc) {
                Ok(Some(facts)) => {
                    numbers(prompt.as_ref(), doc, &mut prompts);
                    numbers(negative.as_ref(), doc, &mut negatives);
                    let chunks =
                        ChunkFacts { seed: seeds.first(doc), prompt: &prompts, negative: &negatives };
                    each(&mut part, &facts, chunks);
                }
                Ok(None) => {}
                Err(error) => failure = Some(error),
            })?;
            if let Some(error) = failure {
                return Err(error);
            }
            texts(&mut part, &ChunkTexts { prompt, negative })?;
            Ok(part)
        })?;
        let mut parts = parts.into_iter();
        let mut whole = parts.next().unwrap_or_else(&init);
        for part in parts {
            merge(&mut whole, part);
        }
        Ok(whole)
    }

    /// How many documents have each of `chunks`, in their order, and how many have any chunk at all. A chunk is given as
    /// [`crate::chunks`] writes it.
    ///
    /// # Errors
    ///
    /// Only what a damaged or vanished index causes.
    pub fn documents_with_chunks(
        &self,
        field: ChunkField,
        chunks: &[impl AsRef<str> + Sync],
    ) -> Result<(Vec<u64>, u64), IndexError> {
        let segments = self.searcher().segment_readers().par_iter();
        let counted = segments.map(|segment| count(segment, field, chunks));
        let (mut all, mut any) = (vec![0; chunks.len()], 0);
        for (counts, with_any) in counted.collect::<Result<Vec<_>, _>>()? {
            all.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
            any += with_any;
        }
        Ok((all, any))
    }
}

pub(crate) fn column(segment: &SegmentReader, field: ChunkField) -> Result<Option<StrColumn>, IndexError> {
    Ok(segment.fast_fields().str(field.name())?)
}

fn numbers(column: Option<&StrColumn>, doc: tantivy::DocId, into: &mut Vec<u32>) {
    into.clear();
    let Some(column) = column else { return };
    // A segment has fewer terms than 2^32: it has at most so many documents of 256 chunks, and memory ends before.
    into.extend(column.ords().values_for_doc(doc).filter_map(|ordinal| u32::try_from(ordinal).ok()));
    into.sort_unstable();
    into.dedup();
}

/// Documents of one segment with each chunk, and with any.
fn count(
    segment: &SegmentReader,
    field: ChunkField,
    chunks: &[impl AsRef<str>],
) -> Result<(Vec<u64>, u64), IndexError> {
    let Some(column) = column(segment, field)? else { return Ok((vec![0; chunks.len()], 0)) };
    let dictionary = column.dictionary();
    let ordinals = ordinals_of(dictionary, chunks)?;
    let mut counts = vec![0_u32; column.num_terms()];
    let index = &column.ords().index;
    let says = |doc: &tantivy::DocId| !index.value_row_ids(*doc).is_empty();
    let any = match segment.alive_bitset() {
        None => {
            count_values(column.ords(), &mut counts);
            (0..segment.max_doc()).filter(says).count()
        }
        Some(alive) => {
            for doc in alive.iter_alive() {
                column.ords().values_for_doc(doc).for_each(|ordinal| add(&mut counts, ordinal));
            }
            alive.iter_alive().filter(says).count()
        }
    };
    let of = |ordinal: &Option<u64>| {
        let place = ordinal.and_then(|ordinal| usize::try_from(ordinal).ok());
        place.and_then(|place| counts.get(place)).map_or(0, |count| u64::from(*count))
    };
    Ok((ordinals.iter().map(of).collect(), any as u64))
}

/// The ordinals of chunks, in their order. A look-up reads half a block of the dictionary on average, so that for many
/// chunks one pass over all of it costs less.
pub(crate) fn ordinals_of(
    dictionary: &Dictionary,
    chunks: &[impl AsRef<str>],
) -> Result<Vec<Option<u64>>, IndexError> {
    if chunks.len().saturating_mul(TERMS_OF_A_LOOKUP) < dictionary.num_terms() {
        let single = chunks.iter().map(|chunk| dictionary.term_ord(chunk.as_ref()).map_err(IndexError::Io));
        return single.collect();
    }
    let mut wanted: Vec<(&[u8], usize)> =
        chunks.iter().enumerate().map(|(place, chunk)| (chunk.as_ref().as_bytes(), place)).collect();
    wanted.sort_unstable();
    let mut found = vec![None; chunks.len()];
    let mut next = wanted.into_iter().peekable();
    let mut terms = dictionary.stream().map_err(IndexError::Io)?;
    let mut ordinal = 0;
    while next.peek().is_some() && terms.advance() {
        while next.next_if(|(chunk, _)| *chunk < terms.key()).is_some() {}
        while let Some((_, place)) = next.next_if(|(chunk, _)| *chunk == terms.key()) {
            if let Some(found) = found.get_mut(place) {
                *found = Some(ordinal);
            }
        }
        ordinal += 1;
    }
    Ok(found)
}

/// Counts all values of a column. A document has each value once.
fn count_values(ordinals: &Column<u64>, counts: &mut [u32]) {
    let values = u64::from(ordinals.values.num_vals());
    let mut block = [0; BLOCK];
    let mut start = 0;
    while start < values {
        let length = usize::try_from(values - start).map_or(BLOCK, |left| left.min(BLOCK));
        ordinals.values.get_range(start, &mut block[..length]);
        block[..length].iter().for_each(|ordinal| add(counts, *ordinal));
        start += length as u64;
    }
}

fn add(counts: &mut [u32], ordinal: u64) {
    if let Some(count) = usize::try_from(ordinal).ok().and_then(|place| counts.get_mut(place)) {
        *count += 1;
    }
}
