//! Matches that belong together, and samples of them.
//!
//! - Input: a query, and what makes two matches one group.
//! - Output: the best match of each group with the size of the group, a page at a time, in the order of the best ones.
//! - Never: depends on segments or threads: ties go by key.

use std::collections::{BinaryHeap, HashMap};

use tantivy::columnar::Column;
use tantivy::query::{EnableScoring, Query as _, Weight};
use tantivy::{DocId, SegmentReader};

use crate::digest::Hasher;
use crate::error::IndexError;
use crate::fold::for_each_match;
use crate::query::{Query, Resolver};
use crate::rank::{Best, Cursor, Hit, Places, SearchOptions};
use crate::reader::Reader;

/// What makes two matches one group.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum GroupBy<'a> {
    /// The words of the prompt, whatever their emphasis, case and punctuation.
    Prompt,
    /// The first checkpoint.
    Model,
    /// The seed.
    Seed,
    /// The bytes: what the caller calls the group of a number of [`crate::Document::media`].
    Media(&'a (dyn Fn(u64) -> u64 + Sync)),
}

impl GroupBy<'_> {
    fn column(self, segment: &SegmentReader) -> tantivy::Result<Column<u64>> {
        let columns = segment.fast_fields();
        match self {
            Self::Prompt => columns.u64("prompt_hash"),
            Self::Model => columns.u64("model"),
            Self::Seed => Ok(columns.i64("seed")?.to_u64_monotonic()),
            Self::Media(_) => columns.u64("media"),
        }
    }

    fn group(self, value: u64) -> u64 {
        match self {
            Self::Media(group_of) => group_of(value),
            _ => value,
        }
    }
}

/// Matches that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The first of them in the order asked for.
    pub best: Hit,
    /// How many they are.
    pub count: u64,
}

/// A page of groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Groups {
    /// All matches.
    pub total: u64,
    /// All groups, whatever the limit and the cursor.
    pub distinct: u64,
    /// Matches in no group, because they have no such value; they are in no group of the page either.
    pub without: u64,
    /// In the order of their best matches.
    pub groups: Vec<Group>,
}

impl Reader {
    /// The first groups of matches. Takes about 150 bytes of memory for each group.
    ///
    /// # Errors
    ///
    /// As [`Reader::search`].
    pub fn groups(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        by: GroupBy<'_>,
        options: &SearchOptions,
    ) -> Result<Groups, IndexError> {
        let best = Best::new(options);
        let lowered = self.lower(resolver, query)?;
        let scoring = if best.scores() {
            EnableScoring::enabled_from_searcher(self.searcher())
        } else {
            EnableScoring::disabled_from_searcher(self.searcher())
        };
        let weight = lowered.weight(scoring)?;
        let segments =
            self.on_segments(|segment| SegmentGroups::collect(weight.as_ref(), segment, by, &best))?;
        let mut answer = Groups::default();
        let mut all: HashMap<u64, (Cursor, u64)> = HashMap::new();
        for segment in segments {
            answer.total += segment.total;
            answer.without += segment.without;
            if all.is_empty() {
                all = segment.groups;
                continue;
            }
            for (group, (cursor, count)) in segment.groups {
                join(&mut all, group, cursor, count);
            }
        }
        answer.distinct = all.len() as u64;
        let after = |cursor: &Cursor| options.after.as_ref().is_none_or(|after| cursor > after);
        let page = all.into_iter().filter(|(_, (cursor, _))| after(cursor));
        let mut page: Vec<(Cursor, u64)> = page.map(|(_, group)| group).collect();
        if options.limit < page.len() {
            page.select_nth_unstable(options.limit);
            page.truncate(options.limit);
        }
        page.sort_unstable();
        answer.groups =
            page.into_iter().map(|(cursor, count)| Group { best: best.hit(cursor), count }).collect();
        Ok(answer)
    }

    /// The keys of `count` matches, or of all if they are fewer, as if drawn by lot: the same for the same matches and
    /// the same `seed`, whatever else the index holds. Most of them stay when a few matches come or go.
    ///
    /// # Errors
    ///
    /// As [`Reader::search`].
    pub fn sample(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        count: usize,
        seed: u64,
    ) -> Result<Vec<i64>, IndexError> {
        let segments = self.per_segment(resolver, query, |weight, segment| {
            let keys = segment.fast_fields().i64("key")?;
            let mut drawn = BinaryHeap::new();
            for_each_match(weight, segment, |doc| {
                let Some(key) = keys.first(doc) else { return };
                let lot = (lot(key, seed), key);
                if drawn.len() < count {
                    drawn.push(lot);
                } else if drawn.peek().is_some_and(|last| lot < *last) {
                    drawn.pop();
                    drawn.push(lot);
                }
            })?;
            Ok(drawn.into_vec())
        })?;
        let mut all = segments.concat();
        all.sort_unstable();
        all.truncate(count);
        Ok(all.into_iter().map(|(_, key)| key).collect())
    }
}

/// What a key draws in the lottery of a seed.
fn lot(key: i64, seed: u64) -> u64 {
    let mut hasher = Hasher::new();
    hasher.number(seed);
    hasher.number(key.cast_unsigned());
    hasher.finish()
}

/// Adds matches to a group and keeps the best of both.
fn join(groups: &mut HashMap<u64, (Cursor, u64)>, group: u64, cursor: Cursor, count: u64) {
    match groups.entry(group) {
        std::collections::hash_map::Entry::Vacant(vacant) => {
            vacant.insert((cursor, count));
        }
        std::collections::hash_map::Entry::Occupied(mut occupied) => {
            let known = occupied.get_mut();
            known.1 += count;
            if cursor < known.0 {
                known.0 = cursor;
            }
        }
    }
}

/// The groups of one segment.
#[derive(Default)]
struct SegmentGroups {
    groups: HashMap<u64, (Cursor, u64)>,
    total: u64,
    without: u64,
}

impl SegmentGroups {
    fn collect(
        weight: &dyn Weight,
        segment: &SegmentReader,
        by: GroupBy<'_>,
        best: &Best,
    ) -> Result<Self, IndexError> {
        let mut found = Self::default();
        let (column, places) = (by.column(segment)?, Places::open(segment, best)?);
        let mut each = |doc: DocId, score| {
            found.total += 1;
            match (column.first(doc), places.cursor(doc, score)) {
                (Some(value), Some(cursor)) => join(&mut found.groups, by.group(value), cursor, 1),
                _ => found.without += 1,
            }
        };
        if best.scores() {
            let alive = segment.alive_bitset();
            weight.for_each(segment, &mut |doc, score| {
                if alive.is_none_or(|alive| alive.is_alive(doc)) {
                    each(doc, score);
                }
            })?;
        } else {
            for_each_match(weight, segment, |doc| each(doc, 0.0))?;
        }
        Ok(found)
    }
}
