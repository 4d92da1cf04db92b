//! When a walk ends, why, and where it then stands. Pure.

use crate::catalog::CrawlState;
use crate::crawl::plan::Paging;
use crate::crawl::position::Position;
use crate::crawl::report::{Anomaly, EndReason};
use crate::crawl::sight::Sight;
use crate::entity::{Dialect, Timestamp};

use super::{Shown, TELLING_ITEMS, Walk, is_bearable};

/// Numbered pages in a row without anything new that are taken for the end: some servers answer beyond it with
/// the last page again.
const MAX_BARREN_NUMBERED_PAGES: u32 = 3;

/// Items from which on nine in ten that contradict the filter are no accident: where it is ignored, some items satisfy
/// it all the same.
const MANY_ITEMS: usize = 20;

/// Where the site's index is said to end; reports differ by some thousands.
const DEPTH_LIMIT: std::ops::RangeInclusive<u64> = 45_000..=55_000;

impl Walk {
    /// Ends the walk where it stands, without a page.
    pub(in crate::crawl) fn cut_off(&mut self, reason: EndReason, at: Timestamp) {
        self.row.updated_at = at;
        self.move_to(None, Some(reason));
    }

    /// Whether the walk ends behind this page, and why.
    pub(super) fn end(
        &self,
        shown: &Shown<'_>,
        next: Option<&Position>,
        fresh: u64,
        contradicting: usize,
        has_left_base: bool,
        notes: &mut Vec<Anomaly>,
    ) -> Option<EndReason> {
        let is_cursor = self.listing.paging() == Paging::Cursor;
        let is_inside = shown.ask.position.is_inside();
        let all = shown.sights.len();
        let are_all = all > 0 && contradicting == all && (!is_inside || all >= TELLING_ITEMS);
        let are_most = all >= MANY_ITEMS && contradicting * 10 >= all * 9;
        if are_all || are_most {
            return Some(EndReason::FilterIgnored);
        }
        if next.is_none() {
            return Some(self.end_of_list(shown, is_cursor, is_inside, notes));
        }
        if shown.held == 0 {
            notes.push(Anomaly::EmptyPage);
        }
        let is_older = |sight: &Sight| shown.until.zip(sight.at).is_some_and(|(until, at)| at < until);
        if all > 0 && shown.sights.iter().all(is_older) {
            return Some(EndReason::Until);
        }
        if shown.is_known_ground && all > 0 {
            return Some(EndReason::KnownGround);
        }
        if has_left_base {
            return Some(EndReason::EndOfFirstWalk);
        }
        let barren = if fresh > 0 { 0 } else { self.memory.barren + 1 };
        (!is_cursor && barren >= MAX_BARREN_NUMBERED_PAGES).then_some(EndReason::NothingNew)
    }

    pub(super) fn end_of_list(
        &self,
        shown: &Shown<'_>,
        is_cursor: bool,
        is_inside: bool,
        notes: &mut Vec<Anomaly>,
    ) -> EndReason {
        let leads_back = shown.ask.position.after(shown.pagination, shown.held, shown.taken, shown.ask.limit);
        if leads_back.as_ref().and_then(Position::text).is_some_and(|text| !is_bearable(&text)) {
            notes.push(Anomaly::CursorRejected);
            return EndReason::CursorRejected;
        }
        if leads_back.is_some() {
            notes.push(Anomaly::CursorRepeated);
            return EndReason::CursorRepeated;
        }
        if shown.held == 0 && !is_inside {
            notes.push(Anomaly::EmptyFirstPage);
        }
        if self.is_suspicious(shown.held, shown.pagination) {
            notes.push(Anomaly::EmptyPageTimeout);
            return EndReason::EmptyPageTimeout;
        }
        if is_cursor && is_inside && shown.held == 0 {
            notes.push(Anomaly::EndedOnEmptyPage);
        }
        if is_cursor && shown.held >= shown.ask.limit as usize && !self.names_its_items() {
            notes.push(Anomaly::EndedOnFullPage);
        }
        EndReason::EndOfList
    }

    pub(super) fn move_to(&mut self, next: Option<Position>, end: Option<EndReason>) {
        self.row.end_reason = end.map(|reason| reason.as_str().to_owned());
        match (next, end) {
            (Some(next), None) => {
                self.row.cursor = next.text();
                self.position = next;
            }
            _ => {
                self.row.cursor = None;
                self.row.state =
                    if self.memory.owed.is_empty() { CrawlState::Done } else { CrawlState::Running };
            }
        }
    }

    /// Whether an empty page without a cursor ended the last run here; the database may have more time now.
    pub(in crate::crawl) fn stands_still(&self) -> bool {
        self.end_reason() == Some(EndReason::EmptyPageTimeout) && self.row.cursor.is_some()
    }

    /// Keeps the position, for the next run to ask again; a second time in a row the listing is taken to be over.
    pub(in crate::crawl) fn stand_still(&mut self, at: Timestamp) {
        self.note(Anomaly::EmptyPageTimeout);
        self.row.end_reason = Some(EndReason::EmptyPageTimeout.as_str().to_owned());
        self.row.updated_at = at;
    }

    /// What can only be seen at the end.
    pub(super) fn note_end(&mut self, notes: &mut Vec<Anomaly>) {
        if !matches!(self.end_reason(), Some(EndReason::EndOfList | EndReason::NothingNew)) {
            return;
        }
        let is_index = self.listing.dialect() == Some(Dialect::Index);
        let mut late = Vec::new();
        if is_index && DEPTH_LIMIT.contains(&self.row.items) {
            late.push(Anomaly::DepthLimit);
        }
        if self.listing.paging() == Paging::Number && self.row.counts.distinct < self.row.counts.claimed {
            late.push(Anomaly::FewerThanClaimed);
        }
        for note in late {
            self.note(note);
            notes.push(note);
        }
    }
}
