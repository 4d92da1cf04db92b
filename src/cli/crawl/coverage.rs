//! `crawl coverage`: how much of each listing there is.

use std::collections::BTreeMap;

use serde::Serialize;
use stemmata::catalog::Gap;
use stemmata::crawl::Anomaly;
use stemmata::crawl::coverage::{self, Coverage, Verdict, Verified};
use stemmata::entity::Timestamp;

use crate::cli::args::CoverageFlags;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::output::{Column, Row, SCHEMA, Supported};
use crate::cli::session::Session;
use crate::cli::summary::grouped;

/// Parameters that say nothing about which listing it is.
const COMMON: [&str; 6] =
    ["flatMeta=true", "withMeta=true", "archived=true", "period=AllTime", "browsingLevel=31", "nsfw=true"];

/// Prints one record a listing.
pub(super) fn run(flags: &CoverageFlags, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Rows)?;
    let part = flags.listing.as_deref().unwrap_or_default();
    let found = match session.catalog() {
        Ok(catalog) => coverage::coverage(&catalog, part)?,
        Err(Failure::Named(named)) if named.code == "catalog.missing" => Vec::new(),
        Err(failure) => return Err(failure),
    };
    if found.is_empty() {
        let what = if part.is_empty() { String::new() } else { format!(" whose text contains `{part}`") };
        return Err(Failure::new(Exit::NotFound, "crawl.never_crawled", format!("no listing{what} was ever crawled"))
            .hint("run `stemmata crawl images --model-id ID` or another listing first; `stemmata crawl --help` lists them"));
    }
    let is_for_people = !sink.format().is_json();
    let mut rows = sink.rows::<CoverageRow<'_>>("listings");
    for coverage in &found {
        rows.push(&CoverageRow::from(coverage))?;
    }
    let count = |verdict| found.iter().filter(|coverage| coverage.verdict == verdict).count() as u64;
    let summary = CoverageSummary {
        r#type: "summary",
        schema: SCHEMA,
        listings: found.len() as u64,
        complete: count(Verdict::Complete),
        unknown: count(Verdict::Unknown),
        incomplete: count(Verdict::Incomplete),
    };
    rows.finish(&summary)?;
    for coverage in found.iter().filter(|coverage| is_for_people && !coverage.reasons.is_empty()) {
        session.talk.note(&format!("{}: {}", short(&coverage.listing), coverage.reasons.join("; ")));
    }
    Ok(if summary.incomplete > 0 { Exit::Problems } else { Exit::Done })
}

/// Ends that may have come before the listing was over.
const EARLY_ENDS: [Anomaly; 5] = [
    Anomaly::CursorRejected,
    Anomaly::CursorRepeated,
    Anomaly::DepthLimit,
    Anomaly::EndedOnEmptyPage,
    Anomaly::EndedOnFullPage,
];

#[derive(Serialize)]
struct CoverageSummary {
    r#type: &'static str,
    schema: u32,
    listings: u64,
    complete: u64,
    unknown: u64,
    incomplete: u64,
}

#[derive(Serialize)]
struct CoverageRow<'a> {
    r#type: &'static str,
    listing: &'a str,
    verdict: &'static str,
    reasons: &'a [String],
    state: &'static str,
    end_reason: Option<&'a str>,
    walk: u64,
    pages: u64,
    items: u64,
    ids: u64,
    claimed: Option<u64>,
    duplicates: u64,
    overlaps: u64,
    drifts: u64,
    gaps: Option<u64>,
    early_ends: u64,
    boundaries: Boundaries,
    without_meta: u64,
    contradicting: u64,
    failed: u64,
    nsfw_levels: u32,
    earliest: Option<Timestamp>,
    latest: Option<Timestamp>,
    page_limit: u32,
    anomalies: &'a BTreeMap<String, u64>,
    passing: &'a BTreeMap<String, u64>,
    verify: Option<Verify<'a>>,
    parts: Vec<PartRow<'a>>,
    started_at: Timestamp,
    updated_at: Timestamp,
}

/// Joins between two pages.
#[derive(Serialize)]
struct Boundaries {
    all: u64,
    sound: u64,
    recovered: u64,
    absent: u64,
    verified: u64,
    unchecked: u64,
}

/// What a second walk found.
#[derive(Serialize)]
struct Verify<'a> {
    state: &'static str,
    verified: u64,
    gaps: u64,
    inside: u64,
    beyond: u64,
    newer: u64,
    first_gaps: Vec<GapRow>,
    anomalies: &'a BTreeMap<String, u64>,
}

#[derive(Serialize)]
struct GapRow {
    after_page: u64,
    id: u64,
}

#[derive(Serialize)]
struct PartRow<'a> {
    listing: &'a str,
    done: bool,
}

impl<'a> From<&'a Verified> for Verify<'a> {
    fn from(verified: &'a Verified) -> Self {
        let counts = &verified.counts;
        let gap = |gap: &Gap| GapRow { after_page: gap.page, id: gap.id };
        Self {
            state: verified.state.as_str(),
            verified: counts.verified,
            gaps: counts.gaps_closed,
            inside: counts.inside,
            beyond: counts.beyond,
            newer: counts.newer,
            first_gaps: counts.gaps.iter().map(gap).collect(),
            anomalies: &verified.anomalies,
        }
    }
}

impl<'a> From<&'a Coverage> for CoverageRow<'a> {
    fn from(coverage: &'a Coverage) -> Self {
        let counts = &coverage.counts;
        let moment = |millis: Option<i64>| millis.and_then(Timestamp::from_millis);
        Self {
            r#type: "coverage",
            listing: &coverage.listing,
            verdict: coverage.verdict.as_str(),
            reasons: &coverage.reasons,
            state: coverage.state.as_str(),
            end_reason: coverage.end_reason.as_deref(),
            walk: coverage.walk,
            pages: coverage.pages,
            items: coverage.items,
            ids: coverage.ids,
            claimed: (counts.claimed > 0).then_some(counts.claimed),
            duplicates: coverage.met(Anomaly::DuplicateItem),
            overlaps: counts.overlaps,
            drifts: counts.drifts,
            gaps: coverage.verified.as_ref().map(Verified::gaps),
            early_ends: EARLY_ENDS.iter().map(|anomaly| coverage.met(*anomaly)).sum(),
            boundaries: Boundaries {
                all: counts.boundaries,
                sound: counts.boundaries_sound,
                recovered: counts.boundary_recovered,
                absent: counts.boundary_absent,
                verified: coverage.verified.as_ref().map_or(0, |second| second.counts.verified),
                unchecked: coverage.boundaries_unchecked,
            },
            without_meta: counts.without_meta,
            contradicting: counts.contradicting,
            failed: counts.failed,
            nsfw_levels: counts.nsfw_levels,
            earliest: moment(counts.earliest),
            latest: moment(counts.latest),
            page_limit: counts.page_limit,
            anomalies: &coverage.anomalies,
            passing: &coverage.passing,
            verify: coverage.verified.as_ref().map(Verify::from),
            parts: coverage
                .parts
                .iter()
                .map(|part| PartRow { listing: &part.listing, done: part.done })
                .collect(),
            started_at: coverage.started_at,
            updated_at: coverage.updated_at,
        }
    }
}

impl Row for CoverageRow<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::flexible("listing"),
        Column::left("verdict"),
        Column::left("state"),
        Column::right("pages"),
        Column::right("items"),
        Column::right("ids"),
        Column::right("unchecked"),
        Column::right("no meta"),
        Column::right("failed"),
        Column::secondary("end"),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            short(self.listing),
            self.verdict.to_owned(),
            self.state.to_owned(),
            grouped(self.pages),
            grouped(self.items),
            grouped(self.ids),
            grouped(self.boundaries.unchecked),
            grouped(self.without_meta),
            grouped(self.failed),
            self.end_reason.unwrap_or_default().to_owned(),
        ]
    }

    fn handles(&self) -> Vec<String> {
        vec![self.listing.to_owned()]
    }
}

/// The listing without its host and without what every line says.
fn short(listing: &str) -> String {
    let rest = listing.split_once("/api/v1/").map_or(listing, |(_, rest)| rest);
    let (rest, kind) = rest.split_once('#').unwrap_or((rest, ""));
    let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let telling = parameters.split('&').filter(|parameter| !COMMON.contains(parameter));
    let words = std::iter::once(path).chain(telling).chain(kind.split('#'));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_told_without_what_every_line_says() {
        let long = "civitai.com/api/v1/images?browsingLevel=31&flatMeta=true&modelId=5&period=AllTime&sort=Newest&withMeta=true";
        assert_eq!(short(long), "images modelId=5 sort=Newest");
        assert_eq!(short("civitai.com/api/v1/tags"), "tags");
        assert_eq!(short(&format!("{long}#until")), "images modelId=5 sort=Newest until");
    }
}
