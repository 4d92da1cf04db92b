//! How often what occurs among all matches of a query.
//!
//! - In: a query, the index it is asked of, and the catalog that knows what resources are called today.
//! - Out: for each facet its values with counts, what was left out, and how many matches have none.
//! - Never: an estimate. Every match is counted, an image once for each value that it has.

mod labels;
mod numbered;
mod numbers;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use stemmata_index::query::Query;
use stemmata_index::{FacetField, Facts, Reader};

use crate::entity::{ModelId, VersionId};
use crate::search::{CatalogResolver, SearchError};
pub use labels::Role;
use labels::{Label, Labels};
pub use numbers::Period;
use numbers::Ranges;

/// Most values of a facet that are given, whatever is asked for.
const MOST_BUCKETS: usize = 10_000;

/// What can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FacetKind {
    /// A keyword of the index.
    Keyword(FacetField, &'static str),
    /// Resources of a role by what they are called today, or what hangs on them.
    Named(Role),
    /// Width and height.
    Size,
    /// Sampling steps, in ranges.
    Steps,
    /// Guidance scale, in ranges.
    Cfg,
    /// Date, by period.
    Date(Period),
}

/// The facets that are counted by keyword.
const KEYWORDS: &[(&str, FacetField)] = &[
    ("sampler", FacetField::Sampler),
    ("scheduler", FacetField::Scheduler),
    ("base", FacetField::Base),
    ("user", FacetField::User),
    ("tool", FacetField::Tool),
    ("type", FacetField::MediaType),
    ("source", FacetField::Source),
    ("chunk", FacetField::Chunk),
    ("negative_chunk", FacetField::NegativeChunk),
];

impl FacetKind {
    /// The names of all facets, as [`FromStr`] reads them.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let keywords = KEYWORDS.iter().map(|(name, _)| *name);
        let numbers = ["size", "steps", "cfg", "date", "date:year", "date:month", "date:week", "date:day"];
        keywords.chain(Role::ALL.iter().map(|role| role.as_str())).chain(numbers)
    }

    /// Whether an image has one value at most.
    fn is_single(self) -> bool {
        match self {
            Self::Keyword(field, _) => !matches!(field, FacetField::Chunk | FacetField::NegativeChunk),
            Self::Named(_) => false,
            Self::Size | Self::Steps | Self::Cfg | Self::Date(_) => true,
        }
    }

    /// Whether its values have an order of their own, in which they are given.
    fn is_ordered(self) -> bool {
        matches!(self, Self::Steps | Self::Cfg | Self::Date(_))
    }
}

impl fmt::Display for FacetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyword(_, name) => f.write_str(name),
            Self::Named(role) => f.write_str(role.as_str()),
            Self::Size => f.write_str("size"),
            Self::Steps => f.write_str("steps"),
            Self::Cfg => f.write_str("cfg"),
            Self::Date(period) => write!(f, "date:{}", period.as_str()),
        }
    }
}

/// The text names no facet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoFacet;

impl FromStr for FacetKind {
    type Err = NoFacet;

    fn from_str(text: &str) -> Result<Self, NoFacet> {
        let word = text.trim().to_ascii_lowercase();
        if let Some((name, field)) = KEYWORDS.iter().find(|(name, _)| *name == word) {
            return Ok(Self::Keyword(*field, name));
        }
        if let Some(role) = Role::ALL.iter().find(|role| role.as_str() == word) {
            return Ok(Self::Named(*role));
        }
        match word.as_str() {
            "size" => Ok(Self::Size),
            "steps" => Ok(Self::Steps),
            "cfg" => Ok(Self::Cfg),
            "date" => Ok(Self::Date(Period::Month)),
            other => {
                let period = other.strip_prefix("date:").and_then(Period::from_word);
                period.map(Self::Date).ok_or(NoFacet)
            }
        }
    }
}

/// One value of a facet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FacetBucket {
    /// The value, as a person reads it.
    pub value: String,
    /// Matches that have it.
    pub count: u64,
    /// The version that it is, for a resource that is linked.
    pub version: Option<VersionId>,
    /// The model of that version.
    pub model: Option<ModelId>,
    /// Its least number, for a range; for a date the first millisecond.
    pub from: Option<f64>,
    /// The number that it ends before, for a range.
    pub to: Option<f64>,
}

/// The values of one facet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FacetCounts {
    /// `facet`.
    pub r#type: &'static str,
    /// Which facet, such as `date:month`.
    pub facet: String,
    /// Its values: the most frequent first, ties by value; ranges and dates in their own order.
    pub buckets: Vec<FacetBucket>,
    /// How many different values there are.
    pub distinct: u64,
    /// Occurrences of values that are not among the buckets. An image that has several of them counts for each.
    pub other: u64,
    /// Matches without a value.
    pub missing: u64,
    /// All matches.
    pub total: u64,
}

/// Counts the `top` most frequent values of each facet among the matches of a query. Facets are answered in the order
/// given.
///
/// # Errors
///
/// When the query names what cannot be looked up, or index or catalog cannot be read.
pub fn facets(
    resolver: &CatalogResolver<'_>,
    reader: &Reader,
    query: &Query,
    kinds: &[FacetKind],
    top: usize,
) -> Result<Vec<FacetCounts>, SearchError> {
    let top = top.min(MOST_BUCKETS);
    let labels = Labels::of(resolver.catalog(), reader, resolver, query, kinds)?;
    let tally = reader.fold(
        resolver,
        query,
        || Tally::new(kinds, &labels),
        |tally, facts| tally.take(kinds, &labels, &facts),
        Tally::merge,
    )?;
    let fields: Vec<FacetField> = kinds
        .iter()
        .filter_map(|kind| match kind {
            FacetKind::Keyword(field, _) => Some(*field),
            _ => None,
        })
        .collect();
    // What an image may have several of is asked for whole: else nobody knows how much is left out.
    let asked = if kinds.iter().all(|kind| kind.is_single() || matches!(kind, FacetKind::Named(_))) {
        top
    } else {
        usize::MAX
    };
    let mut keywords = reader.facets(resolver, query, &fields, asked)?.into_iter();
    let mut answers = Vec::with_capacity(kinds.len());
    for (kind, counter) in kinds.iter().zip(tally.counters) {
        let counted = match kind {
            FacetKind::Keyword(..) => keywords.next().map(of_keyword),
            _ => Some(counter.finish(*kind, &labels)),
        };
        answers.extend(counted.map(|counted| counted.answer(*kind, top, tally.total)));
    }
    Ok(answers)
}

/// What was counted of one facet, before it is cut.
struct Counted {
    buckets: Vec<FacetBucket>,
    distinct: u64,
    missing: u64,
}

impl Counted {
    fn answer(mut self, kind: FacetKind, top: usize, total: u64) -> FacetCounts {
        let all: u64 = self.buckets.iter().map(|bucket| bucket.count).sum();
        if !kind.is_ordered() {
            self.buckets.sort_by(|a, b| {
                (b.count.cmp(&a.count))
                    .then_with(|| a.value.cmp(&b.value))
                    .then_with(|| a.version.cmp(&b.version))
            });
            self.buckets.truncate(top);
        }
        self.buckets.truncate(MOST_BUCKETS);
        let shown: u64 = self.buckets.iter().map(|bucket| bucket.count).sum();
        let occurrences = if kind.is_single() { total.saturating_sub(self.missing) } else { all };
        FacetCounts {
            r#type: "facet",
            facet: kind.to_string(),
            buckets: self.buckets,
            distinct: self.distinct,
            other: occurrences.saturating_sub(shown),
            missing: self.missing,
            total,
        }
    }
}

fn of_keyword(facet: stemmata_index::Facet) -> Counted {
    let bucket = |bucket: stemmata_index::Bucket| plain(bucket.value, bucket.count);
    Counted {
        buckets: facet.buckets.into_iter().map(bucket).collect(),
        distinct: facet.distinct,
        missing: facet.missing,
    }
}

fn plain(value: String, count: u64) -> FacetBucket {
    FacetBucket { value, count, version: None, model: None, from: None, to: None }
}

/// The counts of one part of the index.
struct Tally {
    total: u64,
    counters: Vec<Counter>,
    /// Labels of the image in hand.
    seen: Vec<u32>,
}

/// The counts of one facet.
#[derive(Default)]
struct Counter {
    /// By label, for names.
    labels: Vec<u64>,
    /// By number, for everything else: a size as width and height, a range by its place, a date by its day.
    numbers: HashMap<u64, u64>,
    missing: u64,
}

impl Tally {
    fn new(kinds: &[FacetKind], labels: &Labels) -> Self {
        let counter = |_: &FacetKind| Counter { labels: vec![0; labels.len()], ..Counter::default() };
        Self { total: 0, counters: kinds.iter().map(counter).collect(), seen: Vec::new() }
    }

    fn take(&mut self, kinds: &[FacetKind], labels: &Labels, facts: &Facts<'_>) {
        self.total += 1;
        for (kind, counter) in kinds.iter().zip(&mut self.counters) {
            match kind {
                FacetKind::Keyword(..) => {}
                FacetKind::Named(role) => counter.names(labels.of_image(*role, facts, &mut self.seen)),
                FacetKind::Size => counter.number(numbers::size(facts)),
                FacetKind::Steps => {
                    counter.number(facts.steps.map(|steps| Ranges::STEPS.place(steps as f64)));
                }
                FacetKind::Cfg => counter.number(facts.cfg.map(|cfg| Ranges::CFG.place(cfg))),
                FacetKind::Date(_) => counter.number(facts.created_ms.map(numbers::day)),
            }
        }
    }

    fn merge(&mut self, other: Self) {
        self.total += other.total;
        for (mine, theirs) in self.counters.iter_mut().zip(other.counters) {
            mine.missing += theirs.missing;
            for (count, more) in mine.labels.iter_mut().zip(theirs.labels) {
                *count += more;
            }
            for (number, more) in theirs.numbers {
                *mine.numbers.entry(number).or_default() += more;
            }
        }
    }
}

impl Counter {
    fn names(&mut self, labels: &[u32]) {
        self.missing += u64::from(labels.is_empty());
        for label in labels {
            if let Some(count) = self.labels.get_mut(*label as usize) {
                *count += 1;
            }
        }
    }

    fn number(&mut self, number: Option<u64>) {
        match number {
            Some(number) => *self.numbers.entry(number).or_default() += 1,
            None => self.missing += 1,
        }
    }

    fn finish(self, kind: FacetKind, labels: &Labels) -> Counted {
        let numbers: BTreeMap<u64, u64> = self.numbers.into_iter().collect();
        let buckets = match kind {
            FacetKind::Named(_) => named(&self.labels, labels),
            FacetKind::Size => numbers::sizes(&numbers),
            FacetKind::Steps => Ranges::STEPS.buckets(&numbers),
            FacetKind::Cfg => Ranges::CFG.buckets(&numbers),
            FacetKind::Date(period) => numbers::dates(&numbers, period),
            FacetKind::Keyword(..) => Vec::new(),
        };
        Counted { distinct: buckets.len() as u64, buckets, missing: self.missing }
    }
}

fn named(counts: &[u64], labels: &Labels) -> Vec<FacetBucket> {
    let bucket = |(label, count): (&Label, &u64)| FacetBucket {
        version: label.version,
        model: label.model,
        ..plain(label.text.clone(), *count)
    };
    labels.all().iter().zip(counts).filter(|(_, count)| **count > 0).map(bucket).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_as_itself() {
        let mut seen = 0;
        for name in FacetKind::names() {
            let kind: FacetKind = name.parse().expect("a name of the list");
            assert!(kind.to_string() == name || name == "date", "{name} is {kind}");
            seen += 1;
        }
        assert!(seen >= 15, "only {seen} names");
        assert_eq!("date:decade".parse::<FacetKind>(), Err(NoFacet));
    }
}
