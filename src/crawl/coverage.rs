//! How much of each listing there is: counts, what is missing, and a verdict in words.
//!
//! - In: what walks left in the catalog. Out: one record a listing, by its text.
//! - Never: a request; a verdict better than what was seen allows.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::catalog::{Catalog, CrawlRow, CrawlState, Part, Result, WalkCounts};
use crate::entity::Timestamp;

use super::memory::Ids;
use super::report::{Anomaly, EndReason};
use super::verify;

mod verdict;

/// Whether a listing is there as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It was walked to its end, and every join between two pages is known to be sound.
    Complete,
    /// Nothing is known to be missing, and something could be.
    Unknown,
    /// Something is missing.
    Incomplete,
}

impl Verdict {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Unknown => "unknown",
            Self::Incomplete => "incomplete",
        }
    }
}

/// What is known of one listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Host, path and parameters.
    pub listing: String,
    /// Whether its last walk is over.
    pub state: CrawlState,
    /// Which walk that is, from 1.
    pub walk: u64,
    /// Pages of it.
    pub pages: u64,
    /// Items received, repeated ones included.
    pub items: u64,
    /// Different items; for a listing in parts of all parts together.
    pub ids: u64,
    /// The other counts of the walk; for a listing in parts summed up.
    pub counts: WalkCounts,
    /// Joins of which neither the walk nor a second one can say whether they are sound.
    pub boundaries_unchecked: u64,
    /// The walk that verified this one, as far as it has come.
    pub verified: Option<Verified>,
    /// What the site did wrong, by name, as far as it may have cost something.
    pub anomalies: BTreeMap<String, u64>,
    /// The same as far as it passed when a request was repeated.
    pub passing: BTreeMap<String, u64>,
    /// Why the walk ended; `None` while it is under way.
    pub end_reason: Option<String>,
    /// The parts that the listing is walked in.
    pub parts: Vec<Part>,
    /// When the walk began.
    pub started_at: Timestamp,
    /// When its last page was committed.
    pub updated_at: Timestamp,
    /// Whether it is there as a whole.
    pub verdict: Verdict,
    /// Why, in words; empty when it is complete.
    pub reasons: Vec<String>,
}

/// What a second walk over a listing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whether it is through.
    pub state: CrawlState,
    /// Why it ended; `None` while it is under way.
    pub end_reason: Option<String>,
    /// Its counts.
    pub counts: WalkCounts,
    /// What the site did wrong in it.
    pub anomalies: BTreeMap<String, u64>,
}

impl Coverage {
    /// How often the site did this, as far as it may have cost something.
    pub fn met(&self, anomaly: Anomaly) -> u64 {
        self.anomalies.get(anomaly.as_str()).copied().unwrap_or(0)
    }
}

impl Verified {
    /// Items that the first walk lacks, and that are there now: at joins, between known items, behind the last.
    pub fn gaps(&self) -> u64 {
        self.counts.gaps_closed + self.counts.inside + self.counts.beyond
    }
}

/// What is known of every listing whose text contains `part`, by text.
///
/// # Errors
///
/// When the catalog cannot be read.
pub fn coverage(catalog: &Catalog, part: &str) -> Result<Vec<Coverage>> {
    let rows: BTreeMap<String, CrawlRow> =
        catalog.crawls()?.into_iter().map(|row| (row.listing.clone(), row)).collect();
    let in_parts = catalog.crawls_in_parts()?;
    let mut listings: Vec<&str> = rows.keys().chain(&in_parts).map(String::as_str).collect();
    listings.retain(|listing| verify::base_of(listing).is_none() && listing.contains(part));
    listings.sort_unstable();
    listings.dedup();
    let mut found = Vec::new();
    for listing in listings {
        let parts = catalog.crawl_parts(listing)?;
        let whole = rows.get(listing).map(|row| of_row(row, rows.get(&verify::key(listing))));
        found.extend(if parts.is_empty() { whole } else { united(catalog, listing, &rows, parts, whole)? });
    }
    Ok(found)
}

/// The coverage of a listing that is walked as a whole.
fn of_row(row: &CrawlRow, second: Option<&CrawlRow>) -> Coverage {
    let verified = second.filter(|second| second.counts.base_walk == row.walk).map(|second| Verified {
        state: second.state,
        end_reason: second.end_reason.clone(),
        counts: second.counts.clone(),
        anomalies: split(&second.coverage).0,
    });
    let counts = row.counts.clone();
    let settled = counts.boundaries_sound + counts.boundary_recovered + counts.boundary_absent;
    let unsettled = counts.boundaries.saturating_sub(settled);
    let is_verified = verified.as_ref().is_some_and(|second| {
        second.state == CrawlState::Done && second.counts.verified >= second.counts.base_joins
    });
    let (anomalies, passing) = split(&row.coverage);
    let mut coverage = Coverage {
        listing: row.listing.clone(),
        state: row.state,
        walk: row.walk,
        pages: row.pages,
        items: row.items,
        ids: counts.distinct,
        counts,
        boundaries_unchecked: if is_verified { 0 } else { unsettled },
        verified,
        anomalies,
        passing,
        end_reason: row.end_reason.clone(),
        parts: Vec::new(),
        started_at: row.started_at,
        updated_at: row.updated_at,
        verdict: Verdict::Unknown,
        reasons: Vec::new(),
    };
    (coverage.verdict, coverage.reasons) = verdict::of(&coverage);
    coverage
}

/// The coverage of a listing that is walked in parts: what they hold together, and the worst of their verdicts.
fn united(
    catalog: &Catalog,
    listing: &str,
    rows: &BTreeMap<String, CrawlRow>,
    parts: Vec<Part>,
    whole: Option<Coverage>,
) -> Result<Option<Coverage>> {
    let mut of_parts = Vec::new();
    for part in &parts {
        let Some(row) = rows.get(&part.listing) else { continue };
        of_parts.push(of_row(row, rows.get(&verify::key(&part.listing))));
    }
    let walks = of_parts.iter().chain(&whole);
    let (Some(started_at), Some(updated_at)) =
        (walks.clone().map(|part| part.started_at).min(), walks.clone().map(|part| part.updated_at).max())
    else {
        return Ok(None);
    };
    let mut ids = Ids::default();
    for walk in walks.clone() {
        catalog.crawl_pages(&walk.listing, walk.walk, |page| {
            page.ids.iter().for_each(|id| {
                ids.insert(*id);
            });
            ControlFlow::Continue(())
        })?;
    }
    let is_done = parts.iter().all(|part| part.done);
    let mut coverage = Coverage {
        listing: listing.to_owned(),
        state: if is_done { CrawlState::Done } else { CrawlState::Running },
        walk: whole.as_ref().map_or(0, |whole| whole.walk),
        pages: walks.clone().map(|part| part.pages).sum(),
        items: walks.clone().map(|part| part.items).sum(),
        ids: ids.len(),
        counts: WalkCounts { distinct: ids.len(), ..sum(walks.clone().map(|part| &part.counts)) },
        boundaries_unchecked: of_parts.iter().map(|part| part.boundaries_unchecked).sum(),
        verified: None,
        anomalies: add(walks.clone().map(|part| &part.anomalies)),
        passing: add(walks.map(|part| &part.passing)),
        end_reason: is_done.then(|| EndReason::EndOfList.as_str().to_owned()),
        parts,
        started_at,
        updated_at,
        verdict: Verdict::Unknown,
        reasons: Vec::new(),
    };
    (coverage.verdict, coverage.reasons) = verdict::of_parts(&coverage, &of_parts);
    Ok(Some(coverage))
}

/// Anomalies that may have cost something, and those that passed.
fn split(coverage: &BTreeMap<String, u64>) -> (BTreeMap<String, u64>, BTreeMap<String, u64>) {
    let is_passing = |name: &str| Anomaly::from_word(name).is_some_and(Anomaly::is_passing);
    let (passing, lasting) =
        coverage.iter().map(|(name, count)| (name.clone(), *count)).partition(|(name, _)| is_passing(name));
    (lasting, passing)
}

fn add<'a>(all: impl Iterator<Item = &'a BTreeMap<String, u64>>) -> BTreeMap<String, u64> {
    let mut sum: BTreeMap<String, u64> = BTreeMap::new();
    for (name, count) in all.flatten() {
        *sum.entry(name.clone()).or_default() += count;
    }
    sum
}

fn sum<'a>(all: impl Iterator<Item = &'a WalkCounts>) -> WalkCounts {
    let mut sum = WalkCounts::default();
    for counts in all {
        sum.pages += counts.pages;
        sum.overlaps += counts.overlaps;
        sum.drifts += counts.drifts;
        sum.boundaries += counts.boundaries;
        sum.boundaries_sound += counts.boundaries_sound;
        sum.boundary_recovered += counts.boundary_recovered;
        sum.boundary_absent += counts.boundary_absent;
        sum.without_meta += counts.without_meta;
        sum.contradicting += counts.contradicting;
        sum.failed += counts.failed;
        sum.nsfw_levels |= counts.nsfw_levels;
        sum.earliest = [sum.earliest, counts.earliest].into_iter().flatten().min();
        sum.latest = [sum.latest, counts.latest].into_iter().flatten().max();
        sum.page_limit = sum.page_limit.max(counts.page_limit);
    }
    sum
}
