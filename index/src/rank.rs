//! The order of hits and the best of them, over all segments.
//!
//! - Input: the documents that match, segment by segment, with their scores or columns.
//! - Output: the first `limit` hits after a cursor, the same whatever the segments and threads were.
//! - Never: keeps more than twice `limit` candidates, or lets two hits tie: the key decides last.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tantivy::columnar::Column;
use tantivy::query::Weight;
use tantivy::{DocId, Score, SegmentReader};

/// Most sort keys that are looked at; the rest is ignored.
pub(crate) const MAX_SORT_KEYS: usize = 4;
/// Scores are rounded to this step before they are compared, so that the order in which an engine adds up the
/// parts of a score cannot change the order of hits.
const SCORE_STEP: f32 = 1.0 / 4096.0;

/// A column to sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortField {
    /// How well the words match (BM25).
    Score,
    /// Date of creation.
    Created,
    /// Likes.
    Likes,
    /// Reactions.
    Reactions,
    /// Comments.
    Comments,
    /// Steps.
    Steps,
    /// Guidance scale.
    Cfg,
    /// Seed.
    Seed,
    /// Clip skip.
    ClipSkip,
    /// Denoising strength.
    Denoise,
    /// Width.
    Width,
    /// Height.
    Height,
    /// Width times height.
    Pixels,
    /// NSFW level.
    Nsfw,
    /// The post's number.
    Post,
    /// The image's number on the site.
    Image,
}

impl SortField {
    /// The column that each value of [`Self::column`] is multiplied with, if there is one.
    fn factor(self) -> Option<&'static str> {
        (self == Self::Pixels).then_some("height")
    }

    fn column(self) -> Option<&'static str> {
        Some(match self {
            Self::Score => return None,
            Self::Created => "created",
            Self::Likes => "likes",
            Self::Reactions => "reactions",
            Self::Comments => "comments",
            Self::Steps => "steps",
            Self::Cfg => "cfg",
            Self::Seed => "seed",
            Self::ClipSkip => "clip_skip",
            Self::Denoise => "denoise",
            // Times the height; see `factor`.
            Self::Width | Self::Pixels => "width",
            Self::Height => "height",
            Self::Nsfw => "nsfw",
            Self::Post => "post",
            Self::Image => "image",
        })
    }
}

/// Which end comes first. Images without the value come last either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Smallest, oldest first.
    Ascending,
    /// Largest, newest first.
    Descending,
}

/// One level of a sort order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SortKey {
    /// By what.
    pub field: SortField,
    /// Which end first.
    pub direction: Direction,
}

/// Which hits to return.
#[derive(Clone, Debug)]
pub struct SearchOptions {
    /// Most hits.
    pub limit: usize,
    /// The order, at most four levels; empty means best score first. Ties are broken by ascending key.
    pub sort: Vec<SortKey>,
    /// Only hits that come after this one in the same order.
    pub after: Option<Cursor>,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self { limit: 20, sort: Vec::new(), after: None }
    }
}

/// The place of a hit in its order, to continue from. Its text form is opaque and belongs to one query, one sort
/// order and one index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// One number a sort level, smaller first, in an encoding that preserves order.
    places: [u128; MAX_SORT_KEYS],
    key: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in self.places {
            write!(f, "{place:x}.")?;
        }
        write!(f, "{}", self.key)
    }
}

/// The text is not a [`Cursor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a place to continue from")]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let mut parts = text.split('.');
        let mut places = [0; MAX_SORT_KEYS];
        for place in &mut places {
            let part = parts.next().ok_or(BadCursor)?;
            *place = u128::from_str_radix(part, 16).map_err(|_| BadCursor)?;
        }
        let key = parts.next().and_then(|key| key.parse().ok()).ok_or(BadCursor)?;
        if parts.next().is_some() { Err(BadCursor) } else { Ok(Self { places, key }) }
    }
}

/// One image that matches.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The key of its document.
    pub key: i64,
    /// How well the words match; `None` where the order does not use it.
    pub score: Option<f32>,
    /// Its place in the order, to continue after it.
    pub cursor: Cursor,
}

/// The answer to a search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hits {
    /// How many documents match, whatever the limit and the cursor.
    pub total: u64,
    /// The first of them, in order.
    pub hits: Vec<Hit>,
}

/// Collects the best hits in a stated order.
pub(crate) struct Best {
    pub(crate) limit: usize,
    pub(crate) sort: Vec<SortKey>,
    pub(crate) after: Option<Cursor>,
}

impl Best {
    pub(crate) fn new(options: &SearchOptions) -> Self {
        let by_score = [SortKey { field: SortField::Score, direction: Direction::Descending }];
        let sort = if options.sort.is_empty() { &by_score[..] } else { &options.sort };
        Self {
            limit: options.limit,
            sort: sort[..sort.len().min(MAX_SORT_KEYS)].to_vec(),
            after: options.after.clone(),
        }
    }

    /// Whether hits come best score first, which lets the engine skip documents that cannot reach the page.
    pub(crate) fn prunes(&self) -> bool {
        matches!(self.sort[..], [SortKey { field: SortField::Score, direction: Direction::Descending }])
    }
}

impl Best {
    /// Whether the order asks for scores.
    pub(crate) fn scores(&self) -> bool {
        self.sort.iter().any(|sort| sort.field == SortField::Score)
    }

    /// The hit at a place of this order.
    pub(crate) fn hit(&self, cursor: Cursor) -> Hit {
        let level = self.sort.iter().position(|sort| sort.field == SortField::Score);
        let score = level.map(|level| score_of(cursor.places[level], self.sort[level].direction));
        Hit { key: cursor.key, score, cursor }
    }

    /// The first hits of all segments.
    pub(crate) fn join(&self, segments: impl Iterator<Item = Vec<Cursor>>) -> Vec<Hit> {
        let mut all: Vec<Cursor> = segments.flatten().collect();
        all.sort_unstable();
        all.truncate(self.limit);
        all.into_iter().map(|cursor| self.hit(cursor)).collect()
    }

    /// The first hits of one segment, and how many match.
    pub(crate) fn collect(
        &self,
        weight: &dyn Weight,
        reader: &SegmentReader,
        counting: Counting<'_>,
    ) -> tantivy::Result<(Vec<Cursor>, u64)> {
        let places = Places::open(reader, self)?;
        let mut top = Top::new(self);
        let alive = reader.alive_bitset();
        let is_alive = |doc| alive.is_none_or(|alive| alive.is_alive(doc));
        let mut total = 0;
        match counting {
            Counting::Apart(count) if self.prunes() => {
                weight.for_each_pruning(Score::MIN, reader, &mut |doc, score| {
                    if is_alive(doc) {
                        places.offer(doc, score, &mut top);
                    }
                    top.score_threshold()
                })?;
                total = match count {
                    Some(weight) => u64::from(weight.count(reader)?),
                    None => 0,
                };
            }
            _ if self.scores() => weight.for_each(reader, &mut |doc, score| {
                if is_alive(doc) {
                    total += 1;
                    places.offer(doc, score, &mut top);
                }
            })?,
            _ => {
                let mut hurdle = if self.after.is_some() { Hurdle::Never } else { Hurdle::Later };
                loop {
                    total = 0;
                    let mut batch = Batch::default();
                    weight.for_each_no_score(reader, &mut |docs| {
                        let mut kept = std::mem::take(&mut batch.docs);
                        let docs = if alive.is_some() {
                            kept.clear();
                            kept.extend(docs.iter().filter(|doc| is_alive(**doc)));
                            &kept
                        } else {
                            docs
                        };
                        total += docs.len() as u64;
                        places.offer_all(docs, &mut batch, &mut top);
                        if hurdle == Hurdle::Later && top.offered > PATIENCE {
                            let at = docs.last().copied().unwrap_or_default();
                            hurdle = Hurdle::Never;
                            if let Some(place) = places.hurdle(at, reader.max_doc(), total) {
                                top.hurdle = place;
                                hurdle = Hurdle::Set;
                            }
                        }
                        batch.docs = kept;
                    })?;
                    if hurdle != Hurdle::Set || top.is_full_below_hurdle() {
                        break;
                    }
                    // Fewer were good enough than the sample promised: once more, without it.
                    hurdle = Hurdle::Never;
                    top = Top::new(self);
                }
            }
        }
        Ok((top.finish(), total))
    }
}

/// Documents that a search keeps for the moment before it looks for a hurdle. Where documents come in the opposite of
/// the order asked for, such as oldest first for the newest, each is better than all before it.
const PATIENCE: u64 = if cfg!(test) { 8 } else { 2_000 };
/// Documents that are looked at to find a hurdle.
const SAMPLE: u32 = if cfg!(test) { 16 } else { 512 };
/// How many matches ought to be good enough; a few times as many as most pages have, so that most pages are full.
const GOOD_ENOUGH: f64 = if cfg!(test) { 6.0 } else { 1_000.0 };

/// Whether matches must be better than a guess at what the page will need.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hurdle {
    /// Not yet.
    Later,
    /// They must.
    Set,
    /// They need not.
    Never,
}

/// How matches are counted while the best of them are looked for.
#[derive(Clone, Copy)]
pub(crate) enum Counting<'a> {
    /// In the same pass: finding them is the dear part.
    Along,
    /// In a pass of its own, or not at all: the pass for the best ones may then skip the others.
    Apart(Option<&'a dyn Weight>),
}

/// Room for the values of one batch of documents.
#[derive(Default)]
struct Batch {
    docs: Vec<DocId>,
    values: Vec<Option<u64>>,
}

/// Where the documents of one segment stand in an order.
pub(crate) struct Places {
    key: Column<i64>,
    levels: Vec<Level>,
}

impl Places {
    pub(crate) fn open(segment: &SegmentReader, best: &Best) -> tantivy::Result<Self> {
        let columns = segment.fast_fields();
        let mut levels = Vec::with_capacity(best.sort.len());
        for sort in &best.sort {
            let open = |name: Option<&str>| -> tantivy::Result<Option<Column<u64>>> {
                let Some(name) = name else { return Ok(None) };
                Ok(columns.u64_lenient(name)?.map(|(column, _)| column))
            };
            levels.push(Level {
                by_score: sort.field == SortField::Score,
                column: open(sort.field.column())?,
                factor: open(sort.field.factor())?,
                direction: sort.direction,
            });
        }
        Ok(Self { key: columns.i64("key")?, levels })
    }

    /// The place of one document; `None` for one without a key, which no writer of ours makes.
    pub(crate) fn cursor(&self, doc: DocId, score: Score) -> Option<Cursor> {
        let mut places = [0; MAX_SORT_KEYS];
        for (place, level) in places.iter_mut().zip(&self.levels) {
            *place = level.place(doc, score);
        }
        Some(Cursor { places, key: self.key.first(doc)? })
    }

    fn offer(&self, doc: DocId, score: Score, top: &mut Top) {
        // Most documents lose at the first level; spare them the other columns and the key.
        let first = self.levels.first().map_or(0, |level| level.place(doc, score));
        if !top.loses(first)
            && let Some(cursor) = self.cursor(doc, score)
        {
            top.offer(cursor);
        }
    }

    /// A first place that about [`GOOD_ENOUGH`] of the matches after `at` reach, judged by a sample of all documents after
    /// it and by how many of those up to it match. `None` where it would not spare much.
    fn hurdle(&self, at: DocId, end: DocId, matches: u64) -> Option<u128> {
        let level = self.levels.first()?;
        let rest = end.saturating_sub(at + 1);
        let expected = matches as f64 / f64::from(at + 1) * f64::from(rest);
        let share = GOOD_ENOUGH / expected;
        if rest < SAMPLE || !share.is_finite() || share > 0.25 {
            return None;
        }
        let step = f64::from(rest) / f64::from(SAMPLE);
        let sampled = (0..SAMPLE).map(|number| at + 1 + (f64::from(number) * step) as u32);
        let mut places: Vec<u128> = sampled.map(|doc| level.place(doc, 0.0)).collect();
        places.sort_unstable();
        let reached = (share * f64::from(SAMPLE)).ceil() as usize;
        places.get(reached.max(3)).copied()
    }

    /// As [`Self::offer`] without scores, with the first column read for all of them at once.
    fn offer_all(&self, docs: &[DocId], batch: &mut Batch, top: &mut Top) {
        let Some(level) = self.levels.first() else { return };
        let Some(column) = level.column.as_ref().filter(|_| level.factor.is_none()) else {
            docs.iter().for_each(|doc| self.offer(*doc, 0.0, top));
            return;
        };
        batch.values.clear();
        batch.values.resize(docs.len(), None);
        column.first_vals(docs, &mut batch.values);
        for (doc, value) in docs.iter().zip(&batch.values) {
            if !top.loses(level.place_of(*value))
                && let Some(cursor) = self.cursor(*doc, 0.0)
            {
                top.offer(cursor);
            }
        }
    }
}

/// One sort level within a segment.
struct Level {
    by_score: bool,
    column: Option<Column<u64>>,
    factor: Option<Column<u64>>,
    direction: Direction,
}

impl Level {
    /// The place of a document: smaller first, missing last.
    fn place(&self, doc: DocId, score: Score) -> u128 {
        if self.by_score {
            return score_place(score, self.direction);
        }
        let first = |column: &Option<Column<u64>>| column.as_ref().and_then(|column| column.first(doc));
        let value = first(&self.column);
        if self.factor.is_none() {
            return self.place_of(value);
        }
        self.place_of(value.zip(first(&self.factor)).map(|(value, factor)| value.saturating_mul(factor)))
    }

    fn place_of(&self, value: Option<u64>) -> u128 {
        match (value, self.direction) {
            (None, _) => u128::MAX,
            (Some(value), Direction::Ascending) => u128::from(value),
            (Some(value), Direction::Descending) => u128::from(!value),
        }
    }
}

/// Scores are never negative here, so their steps count up from zero.
fn score_place(score: Score, direction: Direction) -> u128 {
    let steps = (score.max(0.0) / SCORE_STEP).round() as u64;
    u128::from(match direction {
        Direction::Ascending => steps,
        Direction::Descending => !steps,
    })
}

fn score_of(place: u128, direction: Direction) -> f32 {
    let steps = match direction {
        Direction::Ascending => place as u64,
        Direction::Descending => !(place as u64),
    };
    steps as f32 * SCORE_STEP
}

/// Keeps the `limit` smallest cursors after a given one: collects twice as many, then drops the larger half.
struct Top {
    limit: usize,
    after: Option<Cursor>,
    kept: Vec<Cursor>,
    worst: Option<Cursor>,
    /// How many were kept, if only for the moment.
    offered: u64,
    /// Nothing with a later first place is kept.
    hurdle: u128,
}

impl Top {
    fn new(best: &Best) -> Self {
        let after = best.after.clone();
        Self { limit: best.limit, after, kept: Vec::new(), worst: None, offered: 0, hurdle: u128::MAX }
    }

    /// Whether the page is full with places that the hurdle lets pass, so that it kept nothing from it.
    fn is_full_below_hurdle(&mut self) -> bool {
        self.shrink();
        self.worst.as_ref().is_some_and(|worst| worst.places[0] <= self.hurdle)
    }

    /// Whether nothing with this first place can be kept any more.
    fn loses(&self, first_place: u128) -> bool {
        self.limit == 0
            || first_place > self.hurdle
            || self.worst.as_ref().is_some_and(|worst| first_place > worst.places[0])
    }

    fn offer(&mut self, cursor: Cursor) {
        let too_early = self.after.as_ref().is_some_and(|after| cursor <= *after);
        if too_early || self.limit == 0 || self.worst.as_ref().is_some_and(|worst| cursor > *worst) {
            return;
        }
        self.kept.push(cursor);
        self.offered += 1;
        if self.kept.len() >= self.limit.saturating_mul(2) {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        if self.kept.len() > self.limit {
            self.kept.select_nth_unstable(self.limit);
            self.kept.truncate(self.limit);
        }
        if self.kept.len() == self.limit {
            self.worst = self.kept.iter().max().cloned();
        }
    }

    /// The engine may skip documents that score this or less. Two steps below the last kept one, because
    /// equal scores still compete by key and rounding moves a score by up to a half step.
    fn score_threshold(&self) -> Score {
        match &self.worst {
            Some(worst) => score_of(worst.places[0], Direction::Descending) - 2.0 * SCORE_STEP,
            None => Score::MIN,
        }
    }

    fn finish(mut self) -> Vec<Cursor> {
        self.shrink();
        self.kept
    }
}
