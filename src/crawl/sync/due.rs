//! What a step has to look at, from what the catalog remembers. Sends nothing.

use crate::catalog::{Catalog, CrawlRow, CrawlState, Result};
use crate::entity::Timestamp;
use crate::fetch::SafeUrl;

use super::super::listing::renewal_key;
use super::super::plan::{ImageFilter, Listing, ModelFilter};
use super::super::report::{Anomaly, EndReason};
use super::super::single::{Memory, Single};
use super::super::words::{ImageSort, ModelSort, Period};
use super::{SyncOptions, SyncStep};

const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Up to which age, in hours, of the last walk a period surely reaches back to it.
const REACH: [(i64, Period); 4] =
    [(20, Period::Day), (6 * 24, Period::Week), (27 * 24, Period::Month), (360 * 24, Period::Year)];

/// The listing of the newest images or models.
fn newest(step: SyncStep, period: Period) -> Listing {
    match step {
        SyncStep::Models => {
            Listing::Models(ModelFilter { sort: ModelSort::Newest, period, ..ModelFilter::default() })
        }
        _ => Listing::Images(ImageFilter { sort: ImageSort::Newest, period, ..ImageFilter::default() }),
    }
}

/// Hours that a period reaches back, with an hour to spare for clocks that differ.
const SPANS: [(i64, Period); 4] = [
    (23, Period::Day),
    (7 * 24 - 1, Period::Week),
    (28 * 24 - 1, Period::Month),
    (365 * 24 - 1, Period::Year),
];

/// A walk that is due.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) listing: Listing,
    pub(super) reach: Reach,
}

/// How far a walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// To the first page that is known.
    KnownGround,
    /// To its end, because the last walk was broken off: the head is known, and what lies behind it is not.
    End,
}

/// The walks that are due, in order: those that earlier runs left, those that the site broke off, and then one from
/// the head.
pub(super) fn walks(
    catalog: &Catalog,
    base: &SafeUrl,
    step: SyncStep,
    period: Option<Period>,
    now: Timestamp,
) -> Result<Vec<Due>> {
    let mut due = Vec::new();
    let mut broken_off = Vec::new();
    let mut head_at: Option<Timestamp> = None;
    for known in Period::ALL {
        let listing = newest(step, *known);
        let key = listing.key(base);
        let renewed = catalog.crawl(&renewal_key(&key))?;
        if renewed.as_ref().is_some_and(|row| row.state == CrawlState::Running && row.pages > 0) {
            due.push(Due { listing, reach: Reach::KnownGround });
        } else if let Some(row) = renewed.as_ref().filter(|row| is_broken_off(row)) {
            broken_off.extend(walk_past(catalog, base, step, *known, row, now)?);
        }
        let walked = [renewed, catalog.crawl(&key)?].into_iter().flatten().filter(|row| row.pages > 0);
        head_at = head_at.max(walked.map(|row| row.started_at).max());
    }
    due.append(&mut broken_off);
    let listing = newest(step, period.unwrap_or_else(|| reaching_back_to(head_at, now)));
    due.push(Due { listing, reach: Reach::KnownGround });
    Ok(due)
}

/// Whether a walk ended where its listing may go on.
fn is_broken_off(row: &CrawlRow) -> bool {
    let end = row.end_reason.as_deref().and_then(EndReason::from_word);
    let ended_empty =
        end == Some(EndReason::EndOfList) && row.coverage.contains_key(Anomaly::EndedOnEmptyPage.as_str());
    row.state == CrawlState::Done && (end.is_some_and(EndReason::is_dead_end) || ended_empty)
}

/// The walk that takes what lies behind a walk over `period` which was broken off, unless it was taken since.
fn walk_past(
    catalog: &Catalog,
    base: &SafeUrl,
    step: SyncStep,
    period: Period,
    broken: &CrawlRow,
    now: Timestamp,
) -> Result<Option<Due>> {
    for known in Period::ALL {
        let whole = catalog.crawl(&newest(step, *known).key(base))?;
        let is_later = |row: &CrawlRow| row.state == CrawlState::Done && row.started_at >= broken.started_at;
        if whole.as_ref().is_some_and(is_later) {
            return Ok(None);
        }
    }
    let listing = newest(step, reaching_behind(broken.started_at, period, now));
    Ok(Some(Due { listing, reach: Reach::End }))
}

/// The shortest period that holds what a walk over `period` at `walked_at` was to hold, as far as it was not known.
fn reaching_behind(walked_at: Timestamp, period: Period, now: Timestamp) -> Period {
    let Some((unknown, _)) = REACH.into_iter().find(|(_, reached)| *reached == period) else {
        return Period::AllTime;
    };
    let hours =
        now.as_millis().saturating_sub(walked_at.as_millis()).div_euclid(HOUR_MS).saturating_add(unknown);
    let span = SPANS.into_iter().find(|(span, _)| hours < *span);
    span.map_or(Period::AllTime, |(_, period)| period)
}

/// The shortest period that surely reaches back to `head_at`; a day where there was nothing yet.
fn reaching_back_to(head_at: Option<Timestamp>, now: Timestamp) -> Period {
    let Some(head_at) = head_at else { return Period::Day };
    let hours = now.as_millis().saturating_sub(head_at.as_millis()).div_euclid(HOUR_MS);
    let reach = REACH.into_iter().find(|(most, _)| hours < *most);
    reach.map_or(Period::AllTime, |(_, period)| period)
}

/// Models and versions to ask for again, the longest unseen first, and how many more there are.
pub(super) fn stale(catalog: &Catalog, options: &SyncOptions, now: Timestamp) -> Result<(Vec<Single>, u64)> {
    let before = now.as_millis().saturating_sub(i64::from(options.stale_days).saturating_mul(DAY_MS));
    let Some(before) = Timestamp::from_millis(before) else { return Ok((Vec::new(), 0)) };
    let spared_at = (options.memory == Memory::Used).then_some(now);
    let models = catalog.stale_models(before, spared_at)?.into_iter().map(Single::Model);
    let versions = catalog.stale_versions(before, spared_at)?.into_iter().map(Single::Version);
    let mut singles: Vec<Single> = models.chain(versions).collect();
    let most = options.max_items.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let beyond = singles.len().saturating_sub(most) as u64;
    singles.truncate(most);
    Ok((singles, beyond))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_reaches_back_to_the_last_walk_with_some_hours_to_spare() {
        let now = Timestamp::from_millis(1_000 * DAY_MS).expect("in range");
        let after = |hours: i64| {
            let head_at = Timestamp::from_millis(now.as_millis() - hours * HOUR_MS).expect("in range");
            reaching_back_to(Some(head_at), now)
        };
        assert_eq!(reaching_back_to(None, now), Period::Day);
        assert_eq!(
            [after(-5), after(0), after(19), after(20)],
            [Period::Day, Period::Day, Period::Day, Period::Week]
        );
        assert_eq!(
            [after(6 * 24), after(27 * 24), after(360 * 24)],
            [Period::Month, Period::Year, Period::AllTime]
        );
    }

    #[test]
    fn a_walk_past_a_dead_end_reaches_as_far_as_the_walk_that_met_it() {
        let now = Timestamp::from_millis(1_000 * DAY_MS).expect("in range");
        let after = |hours: i64, period: Period| {
            let walked_at = Timestamp::from_millis(now.as_millis() - hours * HOUR_MS).expect("in range");
            reaching_behind(walked_at, period, now)
        };
        let of_days = [after(-5, Period::Day), after(2, Period::Day), after(3, Period::Day)];
        assert_eq!(of_days, [Period::Day, Period::Day, Period::Week]);
        let others = [after(1, Period::Week), after(1, Period::Month), after(1, Period::Year)];
        assert_eq!(others, [Period::Week, Period::Month, Period::Year]);
        assert_eq!([after(400 * 24, Period::Day), after(0, Period::AllTime)], [Period::AllTime; 2]);
    }
}
