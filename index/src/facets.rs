//! How often each value occurs among the matches of a query.
//!
//! - Input: a query and the columns to count.
//! - Output: exact counts of documents, most frequent first, ties by value, whatever the segments were.
//! - Never: looks a word up before all of its segment is counted: matches are counted by the number of their value.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use tantivy::columnar::Column;
use tantivy::query::Weight;
use tantivy::{DocId, SegmentReader};

use crate::error::IndexError;
use crate::query::{Query, Resolver};
use crate::reader::Reader;

/// Columns of numbers whose largest value is below this are counted in an array.
const ARRAY: u64 = 1 << 23;

/// What can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FacetField {
    /// Canonical sampler.
    Sampler,
    /// Canonical scheduler.
    Scheduler,
    /// Base model.
    Base,
    /// Who posted it.
    User,
    /// What made it.
    Tool,
    /// Where it was found.
    Source,
    /// Image, video and so on.
    MediaType,
    /// Normalised chunks between the commas of the prompt.
    Chunk,
    /// Normalised chunks between the commas of the negative prompt.
    NegativeChunk,
    /// Numbers of resources, in decimal digits.
    Resource,
    /// The number of the first checkpoint, in decimal digits.
    Model,
}

impl FacetField {
    /// Every field.
    pub const ALL: [Self; 11] = [
        Self::Sampler,
        Self::Scheduler,
        Self::Base,
        Self::User,
        Self::Tool,
        Self::Source,
        Self::MediaType,
        Self::Chunk,
        Self::NegativeChunk,
        Self::Resource,
        Self::Model,
    ];

    fn column(self) -> &'static str {
        match self {
            Self::Sampler => "sampler",
            Self::Scheduler => "scheduler",
            Self::Base => "base",
            Self::User => "user",
            Self::Tool => "tool",
            Self::Source => "source",
            Self::MediaType => "type",
            Self::Chunk => "chunk",
            Self::NegativeChunk => "negative_chunk",
            Self::Resource => "resource",
            Self::Model => "model",
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Self::Resource | Self::Model)
    }
}

/// One value and how many of the matches have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The value.
    pub value: String,
    /// Matches with it.
    pub count: u64,
}

/// The values of one field among the matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// Which field.
    pub field: FacetField,
    /// The most frequent values, most frequent first, ties by value.
    pub buckets: Vec<Bucket>,
    /// How many distinct values there are.
    pub distinct: u64,
    /// Matches without any value.
    pub missing: u64,
}

impl Reader {
    /// Counts the `top` most frequent values of each field among the matches of a query, in one pass over them. A value
    /// that a document has twice counts once.
    ///
    /// # Errors
    ///
    /// As [`Reader::search`].
    pub fn facets(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        fields: &[FacetField],
        top: usize,
    ) -> Result<Vec<Facet>, IndexError> {
        let mut segments = self.per_segment(resolver, query, |weight, segment| {
            let mut counters =
                fields.iter().map(|field| Counter::open(segment, *field)).collect::<Result<Vec<_>, _>>()?;
            count(weight, segment, &mut counters)?;
            counters.into_iter().map(Counter::finish).collect::<Result<Vec<Counted>, IndexError>>()
        })?;
        let facet = |(number, field): (usize, &FacetField)| {
            let mut all = Counted::default();
            for segment in &mut segments {
                all.join(std::mem::take(&mut segment[number]));
            }
            let distinct = all.values.len() as u64;
            Facet { field: *field, buckets: best(all.values, top), distinct, missing: all.missing }
        };
        Ok(fields.iter().enumerate().map(facet).collect())
    }

    /// How many matches have each of some values of a field, in the order of `values`, and how many matches there are.
    /// What is more frequent here than elsewhere is this for a query, against this for all documents.
    ///
    /// # Errors
    ///
    /// As [`Reader::search`].
    pub fn facet_counts(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        field: FacetField,
        values: &[&str],
    ) -> Result<(Vec<u64>, u64), IndexError> {
        let segments = self.per_segment(resolver, query, |weight, segment| {
            let mut counters = [Counter::open(segment, field)?];
            count(weight, segment, &mut counters)?;
            let [counter] = counters;
            let matches = counter.matches;
            let counts = values.iter().map(|value| counter.of(value)).collect::<Result<Vec<_>, _>>()?;
            Ok((counts, matches))
        })?;
        let mut all = (vec![0; values.len()], 0);
        for (counts, matches) in segments {
            all.1 += matches;
            all.0.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        Ok(all)
    }
}

/// Shows every match to every counter.
fn count(weight: &dyn Weight, segment: &SegmentReader, counters: &mut [Counter]) -> Result<(), IndexError> {
    let alive = segment.alive_bitset();
    let mut kept: Vec<DocId> = Vec::new();
    weight.for_each_no_score(segment, &mut |docs| {
        let docs = match alive {
            None => docs,
            Some(alive) => {
                kept.clear();
                kept.extend(docs.iter().filter(|doc| alive.is_alive(**doc)));
                &kept
            }
        };
        counters.iter_mut().for_each(|counter| counter.add(docs));
    })?;
    Ok(())
}

/// How often each number occurs.
enum Tally {
    Array(Vec<u32>),
    Map(BTreeMap<u64, u32>),
}

impl Tally {
    /// For numbers up to `most`.
    fn new(most: u64) -> Self {
        if most < ARRAY { Self::Array(vec![0; most as usize + 1]) } else { Self::Map(BTreeMap::new()) }
    }

    fn add(&mut self, value: u64) {
        match self {
            Self::Array(counts) => {
                if let Some(count) = usize::try_from(value).ok().and_then(|value| counts.get_mut(value)) {
                    *count += 1;
                }
            }
            Self::Map(counts) => *counts.entry(value).or_default() += 1,
        }
    }

    fn of(&self, value: u64) -> u64 {
        match self {
            Self::Array(counts) => {
                usize::try_from(value).ok().and_then(|value| counts.get(value)).copied().unwrap_or(0).into()
            }
            Self::Map(counts) => counts.get(&value).copied().unwrap_or(0).into(),
        }
    }

    /// The numbers that occur, in order.
    fn occurring(self) -> Vec<(u64, u64)> {
        match self {
            Self::Array(counts) => (0..)
                .zip(counts)
                .filter(|(_, count)| *count > 0)
                .map(|(value, count)| (value, count.into()))
                .collect(),
            Self::Map(counts) => counts.into_iter().map(|(value, count)| (value, count.into())).collect(),
        }
    }
}

/// Counts one column of one segment by the numbers that stand for its values.
struct Counter {
    words: Option<tantivy::columnar::StrColumn>,
    column: Option<Column<u64>>,
    tally: Tally,
    is_number: bool,
    with_value: u64,
    matches: u64,
    docs: Vec<DocId>,
    rows: Vec<u32>,
    values: Vec<u64>,
}

impl Counter {
    fn open(segment: &SegmentReader, field: FacetField) -> Result<Self, IndexError> {
        let columns = segment.fast_fields();
        let is_number = field.is_number();
        let words = if is_number { None } else { columns.str(field.column())? };
        let column = match &words {
            Some(words) => Some(words.ords().clone()),
            None if is_number => Some(columns.u64(field.column())?),
            None => None,
        };
        let most = column.as_ref().map_or(0, Column::max_value);
        Ok(Self {
            words,
            column,
            tally: Tally::new(most),
            is_number,
            with_value: 0,
            matches: 0,
            docs: Vec::new(),
            rows: Vec::new(),
            values: Vec::new(),
        })
    }

    fn add(&mut self, docs: &[DocId]) {
        self.matches += docs.len() as u64;
        let Some(column) = &self.column else { return };
        let Self { docs: owners, rows, values, tally, .. } = self;
        owners.clear();
        rows.clear();
        column.row_ids_for_docs(docs, owners, rows);
        values.resize(rows.len(), 0);
        column.values.get_vals(rows, values);
        // The rows of a document stand together; a number that it has twice counts once.
        let mut at = 0;
        while let Some(owner) = owners.get(at) {
            let length = owners[at..].iter().take_while(|other| *other == owner).count();
            let own = &mut values[at..at + length];
            if self.is_number && length > 1 {
                own.sort_unstable();
            }
            for (place, value) in own.iter().enumerate() {
                if !self.is_number || place == 0 || own[place - 1] != *value {
                    tally.add(*value);
                }
            }
            self.with_value += 1;
            at += length;
        }
    }

    /// How many matches have a value.
    fn of(&self, value: &str) -> Result<u64, IndexError> {
        let number = match &self.words {
            Some(words) => words.dictionary().term_ord(value).map_err(IndexError::Io)?,
            None if self.is_number => value.parse().ok(),
            None => None,
        };
        Ok(number.map_or(0, |number| self.tally.of(number)))
    }

    fn finish(self) -> Result<Counted, IndexError> {
        let missing = self.matches - self.with_value;
        let occurring = self.tally.occurring();
        let Some(words) = self.words else {
            let values =
                occurring.into_iter().map(|(number, count)| (Value::Number(number), count)).collect();
            return Ok(Counted { values, missing });
        };
        let ordinals: Vec<u64> = occurring.iter().map(|(ordinal, _)| *ordinal).collect();
        let mut counts = occurring.iter().map(|(_, count)| *count);
        let mut values = Vec::with_capacity(ordinals.len());
        let keep = |word: &[u8]| {
            if let Some(count) = counts.next() {
                values.push((Value::Word(String::from_utf8_lossy(word).into()), count));
            }
        };
        words.dictionary().sorted_ords_to_term_cb(&ordinals, keep).map_err(IndexError::Io)?;
        Ok(Counted { values, missing })
    }
}

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Number(u64),
    Word(Box<str>),
}

/// What was counted, by value.
#[derive(Debug, Default)]
struct Counted {
    values: Vec<(Value, u64)>,
    missing: u64,
}

impl Counted {
    /// Adds the counts of other documents.
    fn join(&mut self, other: Self) {
        self.missing += other.missing;
        if self.values.is_empty() {
            self.values = other.values;
            return;
        }
        let mut joined = Vec::with_capacity(self.values.len().max(other.values.len()));
        let mut ours = std::mem::take(&mut self.values).into_iter().peekable();
        let mut theirs = other.values.into_iter().peekable();
        loop {
            let order = match (ours.peek(), theirs.peek()) {
                (Some(our), Some(their)) => our.0.cmp(&their.0),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            match order {
                Ordering::Less => joined.extend(ours.next()),
                Ordering::Greater => joined.extend(theirs.next()),
                Ordering::Equal => {
                    let more = theirs.next().map_or(0, |(_, count)| count);
                    joined.extend(ours.next().map(|(value, count)| (value, count + more)));
                }
            }
        }
        self.values = joined;
    }
}

/// The most frequent values, ties by value.
fn best(mut values: Vec<(Value, u64)>, top: usize) -> Vec<Bucket> {
    let order = |a: &(Value, u64), b: &(Value, u64)| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0));
    if top < values.len() {
        values.select_nth_unstable_by(top, order);
        values.truncate(top);
    }
    values.sort_unstable_by(order);
    let text = |value| match value {
        Value::Number(number) => number.to_string(),
        Value::Word(word) => word.into_string(),
    };
    values.into_iter().map(|(value, count)| Bucket { value: text(value), count }).collect()
}
