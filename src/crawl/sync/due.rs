//! What a step has to look at, from what the catalog remembers. Sends nothing.

use crate::catalog::{Catalog, CrawlState, Result};
use crate::entity::Timestamp;
use crate::fetch::SafeUrl;

use super::super::listing::renewal_key;
use super::super::plan::{ImageFilter, Listing, ModelFilter};
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

/// The walks that are due, in order: those that earlier runs left, and then one from the head.
pub(super) fn walks(
    catalog: &Catalog,
    base: &SafeUrl,
    step: SyncStep,
    period: Option<Period>,
    now: Timestamp,
) -> Result<Vec<Listing>> {
    let mut due = Vec::new();
    let mut head_at: Option<Timestamp> = None;
    for known in Period::ALL {
        let listing = newest(step, *known);
        let key = listing.key(base);
        let renewed = catalog.crawl(&renewal_key(&key))?;
        if renewed.as_ref().is_some_and(|row| row.state == CrawlState::Running && row.pages > 0) {
            due.push(listing);
        }
        let walked = [renewed, catalog.crawl(&key)?].into_iter().flatten().filter(|row| row.pages > 0);
        head_at = head_at.max(walked.map(|row| row.started_at).max());
    }
    due.push(newest(step, period.unwrap_or_else(|| reaching_back_to(head_at, now))));
    Ok(due)
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
}
