//! What a page adds to the counts of its walk. Pure.

use crate::crawl::boundary::Join;
use crate::crawl::memory::Ids;
use crate::crawl::plan::Paging;
use crate::crawl::report::Anomaly;
use crate::crawl::sight::Sight;
use crate::entity::Timestamp;

use super::{Shown, TELLING_ITEMS, Walk};

impl Walk {
    /// How many items of a page are new to the walk, and how many came again against expectation.
    pub(super) fn count_items(&mut self, shown: &Shown<'_>, notes: &mut Vec<Anomaly>) -> (u64, usize) {
        let mut on_page = Ids::default();
        let (mut fresh, mut repeated) = (0, 0);
        for sight in shown.sights {
            if on_page.insert(sight.id) && !self.memory.seen.contains(sight.id) {
                fresh += 1;
            } else if shown.ask.repair.is_some_and(|id| sight.id == id + 1) {
                self.row.counts.overlaps += 1;
            } else {
                repeated += 1;
            }
        }
        let from_before = |sight: &&Sight| self.memory.tail.contains(&sight.id);
        let is_drift = shown.ask.repair.is_none() && shown.sights.first().as_ref().is_some_and(from_before);
        if is_drift {
            self.row.counts.drifts += 1;
            notes.push(Anomaly::Drift);
        }
        (fresh, repeated)
    }

    /// Counts the join before a page, unless it is the first or lies inside a numbered one.
    pub(super) fn count_join(&mut self, shown: &Shown<'_>, notes: &mut Vec<Anomaly>) {
        if !shown.ask.position.is_inside() || shown.ask.skip() > 0 {
            return;
        }
        let begins_with = |id: u64| shown.sights.iter().take(2).any(|sight| sight.id == id);
        let is_sound = match shown.ask.join {
            Join::Kept => true,
            Join::ById(id) => begins_with(id),
            Join::Owed(id) => shown.sights.iter().any(|sight| sight.id == id),
            // What the last page ended with came again: nothing lies between, whatever moved.
            Join::Unknown => {
                let last = self.memory.tail.last();
                let is_there = last.is_some_and(|last| shown.sights.iter().any(|sight| sight.id == *last));
                is_there && self.listing.paging() == Paging::Cursor
            }
        };
        self.row.counts.boundaries += 1;
        self.row.counts.boundaries_sound += u64::from(is_sound);
        if matches!(shown.ask.join, Join::ById(_)) && !is_sound && shown.held > 0 {
            notes.push(Anomaly::BoundaryItemMissing);
        }
    }

    pub(super) fn count_content(
        &mut self,
        shown: &Shown<'_>,
        contradicting: usize,
        without_meta: usize,
        notes: &mut Vec<Anomaly>,
    ) {
        let all = shown.sights.len();
        if without_meta == all && all >= TELLING_ITEMS {
            notes.push(Anomaly::MetaMissing);
        }
        let counts = &mut self.row.counts;
        let fitting = shown.sights.iter().filter(|sight| sight.satisfies || contradicting == all);
        for sight in fitting {
            counts.nsfw_levels |= sight.nsfw_level;
            let Some(at) = sight.at.map(Timestamp::as_millis) else { continue };
            counts.earliest = Some(counts.earliest.map_or(at, |earliest| earliest.min(at)));
            counts.latest = Some(counts.latest.map_or(at, |latest| latest.max(at)));
        }
    }

    /// Holds the page against the first walk; true when this walk has left its ground.
    pub(super) fn check_base(&mut self, shown: &Shown<'_>) -> bool {
        let Self { checker: Some(checker), memory, row, .. } = self else { return false };
        let items: Vec<(u64, bool)> =
            shown.sights.iter().map(|sight| (sight.id, !memory.seen.contains(sight.id))).collect();
        checker.check(&items, &mut row.counts)
    }
}
