//! The decisions of a walk over a listing: what to ask next, what a page means, when it is over. Pure.
//!
//! - In: the listing's row and pages as the catalog has them; then pages as they come.
//! - Out: the next request, and what to commit with each page. A walk rebuilt from what was committed goes on as if
//!   nothing had happened.
//! - Never: I/O, clocks.

use std::collections::BTreeMap;

use crate::catalog::{CrawlPage, CrawlRow, CrawlState, PageKind, WalkCounts};
use crate::entity::{Dialect, Pagination, Timestamp};

use super::boundary::{Join, join};
use super::memory::Memory;
use super::plan::{Listing, Paging};
use super::position::Position;
use super::report::{Anomaly, EndReason};
use super::sight::Sight;
use super::verify::{Base, Checker};

/// Pages in a row that may bring nothing new before a run gives up.
pub(super) const MAX_BARREN_PAGES: u32 = 50;

/// Numbered pages in a row without anything new that are taken for the end: some servers answer beyond it with
/// the last page again.
const MAX_BARREN_NUMBERED_PAGES: u32 = 3;

/// Pages that must come through before larger ones are tried again.
const PAGES_BEFORE_GROWTH: u32 = 8;

/// Items from which on a page as a whole says something: that its filter is ignored, that nothing carries `meta`.
const TELLING_ITEMS: usize = 5;

/// Where the site's index is said to end; reports differ by some thousands.
const DEPTH_LIMIT: std::ops::RangeInclusive<u64> = 45_000..=55_000;

/// Most models that one request asks for by number.
const OWED_BATCH: usize = 100;

/// Which walk this is.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// Takes the listing.
    Take,
    /// Takes it again in shifted pages and holds it against this walk.
    Verify(Base),
}

/// One request for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) position: Position,
    pub(super) limit: u32,
    /// The item that the cursor names, if the request begins one above it.
    repair: Option<u64>,
    /// How the page joins the one before it.
    join: Join,
}

impl Ask {
    /// The parameters that it adds to those of the listing.
    pub(super) fn parameters(&self) -> Vec<(String, String)> {
        let mut parameters = vec![("limit".to_owned(), self.limit.to_string())];
        match self.repair {
            Some(id) => parameters.push(("cursor".to_owned(), (id + 1).to_string())),
            None => parameters.extend(self.position.parameter(self.limit)),
        }
        parameters
    }

    /// Items at the head of the page that the walk has taken before.
    pub(super) fn skip(&self) -> usize {
        self.position.skip(self.limit)
    }
}

/// A page as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a> {
    pub(super) ask: &'a Ask,
    pub(super) pagination: &'a Pagination,
    /// Items on the page, damaged and skipped ones included.
    pub(super) held: usize,
    /// How many of them lie behind the walk now.
    pub(super) taken: usize,
    /// How many of them are new to the walk's count.
    pub(super) items: u64,
    /// How many of these could not be used.
    pub(super) failed: u64,
    /// The others.
    pub(super) sights: &'a [Sight],
    /// Whether the run was to stop at known ground, and the catalog knew all of it.
    pub(super) is_known_ground: bool,
    /// Before which date the run stops.
    pub(super) until: Option<Timestamp>,
    pub(super) at: Timestamp,
}

/// What a page leads to.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    /// To be committed with the page, beside the row.
    pub(super) page: CrawlPage,
    /// What was odd.
    pub(super) notes: Vec<Anomaly>,
}

/// One walk over one listing.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    pub(super) row: CrawlRow,
    listing: Listing,
    memory: Memory,
    checker: Option<Checker>,
    position: Position,
    /// Set when the item that the cursor names is too large for any page.
    steps_over: bool,
    stepped_over: u64,
}

impl Walk {
    /// A walk that begins, or that goes on from `row` once its pages are added by [`Self::remember`].
    pub(super) fn new(row: CrawlRow, listing: &Listing, purpose: Purpose) -> Self {
        let position = Position::read(listing.paging(), row.cursor.as_deref());
        let mut memory = Memory::default();
        memory.use_position(position.text().as_deref());
        let checker = match purpose {
            Purpose::Take => None,
            Purpose::Verify(base) => Some(Checker::new(base)),
        };
        let listing = listing.clone();
        Self { row, listing, memory, checker, position, steps_over: false, stepped_over: 0 }
    }

    /// Remembers a page that an earlier run committed.
    pub(super) fn remember(&mut self, page: &CrawlPage) {
        if let Some(checker) = &mut self.checker
            && page.kind == PageKind::Listed
        {
            let items: Vec<(u64, bool)> = page.ids.iter().map(|id| (*id, false)).collect();
            checker.check(&items, &mut WalkCounts::default());
        }
        self.memory.add(page, &self.listing);
    }

    /// Whether the last page is there, and only what is owed is missing.
    pub(super) fn is_closing(&self) -> bool {
        self.row.state == CrawlState::Running && self.row.end_reason.is_some() && self.row.cursor.is_none()
    }

    /// Why the walk ended or stands still.
    pub(super) fn end_reason(&self) -> Option<EndReason> {
        self.row.end_reason.as_deref().and_then(EndReason::from_word)
    }

    /// What to ask next when `remaining` items are still wanted.
    pub(super) fn ask(&self, remaining: u64) -> Ask {
        let mut ask = self.ask_at(self.position.clone(), self.row.items, &self.row.counts, remaining);
        if self.steps_over {
            (ask.repair, ask.join) = (None, Join::Kept);
        }
        ask
    }

    /// What to ask behind a page with this pagination; `None` where the listing ends.
    pub(super) fn ask_after(
        &self,
        ask: &Ask,
        pagination: &Pagination,
        held: usize,
        taken: usize,
        items: u64,
        remaining: u64,
    ) -> Option<Ask> {
        let next = self.next(ask, pagination, held, taken)?;
        let mut counts = self.row.counts.clone();
        grow(&mut counts);
        Some(self.ask_at(next, self.row.items.saturating_add(items), &counts, remaining))
    }

    fn ask_at(&self, position: Position, items: u64, counts: &WalkCounts, remaining: u64) -> Ask {
        let wanted = counts.page_limit.max(1);
        let mut limit = if counts.reduced_limit == 0 { wanted } else { counts.reduced_limit.min(wanted) };
        if self.listing.paging() == Paging::Cursor {
            if self.checker.is_some() && position == Position::Head {
                limit = (limit / 2).max(1);
            }
            // Page numbers count in pages of one size; the last page of a run is taken in part there.
            limit = u32::try_from(remaining).unwrap_or(u32::MAX).clamp(1, limit);
        }
        let join = match position.text() {
            Some(text) => join(&self.listing, &text, items),
            None => Join::Kept,
        };
        let repair = if let Join::ById(id) = join { Some(id) } else { None };
        Ask { position, limit, repair, join }
    }

    /// The position behind a page, unless the walk was there before.
    fn next(&self, ask: &Ask, pagination: &Pagination, held: usize, taken: usize) -> Option<Position> {
        ask.position
            .after(pagination, held, taken, ask.limit)
            .filter(|next| next.text().is_none_or(|text| !self.memory.was_at(&text)))
    }

    /// Whether an empty page without a cursor may be the site's database running out of time.
    pub(super) fn is_suspicious(&self, held: usize, pagination: &Pagination) -> bool {
        held == 0
            && pagination.next_cursor.is_none()
            && self.listing.dialect() == Some(Dialect::Database)
            && !self.names_its_items()
    }

    /// Whether the listing names its items, so that a full or an empty page says nothing.
    fn names_its_items(&self) -> bool {
        match &self.listing {
            Listing::Images(filter) => filter.image.is_some(),
            Listing::Models(filter) => !filter.ids.is_empty(),
            Listing::Creators { .. } | Listing::Tags { .. } => false,
        }
    }

    /// Takes smaller pages from here on, because one of `limit` items is too large; false when none is smaller.
    pub(super) fn shrink(&mut self, limit: u32) -> bool {
        if limit <= 1 {
            return false;
        }
        self.note(Anomaly::PageTooLarge);
        (self.row.counts.reduced_limit, self.row.counts.pages_since) = ((limit / 2).max(1), 0);
        true
    }

    /// Goes past the one item at the walk's position, where that item can be told; its name if so.
    pub(super) fn step_over(&mut self) -> Option<String> {
        let name = match (&self.position, self.ask(1).repair) {
            (Position::Offset(items), _) => {
                let name = format!("item {items}");
                self.position = Position::Offset(items.saturating_add(1));
                name
            }
            (_, Some(id)) => {
                self.steps_over = true;
                format!("image {id}")
            }
            _ => return None,
        };
        self.stepped_over += 1;
        self.note(Anomaly::ItemTooLarge);
        Some(name)
    }

    /// Takes a page: counts it, and moves the walk behind it.
    pub(super) fn turn(&mut self, shown: &Shown<'_>) -> Turn {
        let mut notes = Vec::new();
        let before = self.row.cursor.clone();
        let (fresh, repeated) = self.count_items(shown, &mut notes);
        self.count_join(shown, &mut notes);
        let contradicting = shown.sights.iter().filter(|sight| !sight.satisfies).count();
        let without_meta = shown.sights.iter().filter(|sight| sight.lacks_meta).count();
        self.count_content(shown, contradicting, without_meta, &mut notes);
        let failed = shown.failed + std::mem::take(&mut self.stepped_over);
        self.steps_over = false;
        notes.extend(std::iter::repeat_n(Anomaly::DuplicateItem, repeated));
        notes.extend(std::iter::repeat_n(Anomaly::FilterIgnored, contradicting));
        if fresh == 0 && shown.items > 0 {
            notes.push(Anomaly::NothingNew);
        }
        let has_left = self.check_base(shown);
        let next = self.next(shown.ask, shown.pagination, shown.held, shown.taken);
        let end = self.end(shown, next.as_ref(), fresh, contradicting, has_left, &mut notes);
        let counts = &mut self.row.counts;
        counts.without_meta += without_meta as u64;
        counts.contradicting += contradicting as u64;
        counts.failed += failed;
        counts.claimed = counts.claimed.max(shown.pagination.total_items.unwrap_or(0));
        grow(counts);
        self.row.pages += 1;
        self.row.items += shown.items;
        self.row.updated_at = shown.at;
        let page = CrawlPage {
            page: self.memory.pages + 1,
            kind: PageKind::Listed,
            cursor: before,
            next_cursor: next.as_ref().filter(|_| end.is_none()).and_then(Position::text),
            page_limit: shown.ask.limit,
            items: shown.items,
            fresh,
            without_meta: without_meta as u64,
            contradicting: contradicting as u64,
            failed,
            ids: shown.sights.iter().map(|sight| sight.id).collect(),
            at: shown.at,
        };
        self.memory.add(&page, &self.listing);
        self.row.counts.distinct = self.memory.seen.len();
        self.move_to(next, end);
        for note in &notes {
            self.note(*note);
        }
        self.note_end(&mut notes);
        Turn { page, notes }
    }

    /// Ends the walk where it stands, without a page.
    pub(super) fn cut_off(&mut self, reason: EndReason, at: Timestamp) {
        self.row.updated_at = at;
        self.move_to(None, Some(reason));
    }

    /// How many items of a page are new to the walk, and how many came again against expectation.
    fn count_items(&mut self, shown: &Shown<'_>, notes: &mut Vec<Anomaly>) -> (u64, usize) {
        let mut on_page = super::memory::Ids::default();
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
    fn count_join(&mut self, shown: &Shown<'_>, notes: &mut Vec<Anomaly>) {
        if !shown.ask.position.is_inside() || shown.ask.skip() > 0 {
            return;
        }
        let begins_with = |id: u64| shown.sights.iter().take(2).any(|sight| sight.id == id);
        let is_sound = match shown.ask.join {
            Join::Kept => true,
            Join::ById(id) => begins_with(id),
            Join::Owed(id) => shown.sights.iter().any(|sight| sight.id == id),
            Join::Unknown => false,
        };
        self.row.counts.boundaries += 1;
        self.row.counts.boundaries_sound += u64::from(is_sound);
        if matches!(shown.ask.join, Join::ById(_)) && !is_sound && shown.held > 0 {
            notes.push(Anomaly::BoundaryItemMissing);
        }
    }

    fn count_content(
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
    fn check_base(&mut self, shown: &Shown<'_>) -> bool {
        let Self { checker: Some(checker), memory, row, .. } = self else { return false };
        let items: Vec<(u64, bool)> =
            shown.sights.iter().map(|sight| (sight.id, !memory.seen.contains(sight.id))).collect();
        checker.check(&items, &mut row.counts)
    }

    /// Whether the walk ends behind this page, and why.
    fn end(
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
        if all > 0 && contradicting == all && (!is_inside || all >= TELLING_ITEMS) {
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

    fn end_of_list(
        &self,
        shown: &Shown<'_>,
        is_cursor: bool,
        is_inside: bool,
        notes: &mut Vec<Anomaly>,
    ) -> EndReason {
        let leads_back = shown.ask.position.after(shown.pagination, shown.held, shown.taken, shown.ask.limit);
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

    fn move_to(&mut self, next: Option<Position>, end: Option<EndReason>) {
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
    pub(super) fn stands_still(&self) -> bool {
        self.end_reason() == Some(EndReason::EmptyPageTimeout) && self.row.cursor.is_some()
    }

    /// Keeps the position, for the next run to ask again; a second time in a row the listing is taken to be over.
    pub(super) fn stand_still(&mut self, at: Timestamp) {
        self.note(Anomaly::EmptyPageTimeout);
        self.row.end_reason = Some(EndReason::EmptyPageTimeout.as_str().to_owned());
        self.row.updated_at = at;
    }

    /// What can only be seen at the end.
    fn note_end(&mut self, notes: &mut Vec<Anomaly>) {
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

    /// The models to ask for by number now; `None` as long as a request would not be full.
    pub(super) fn owed(&self) -> Option<Vec<u64>> {
        let is_closing = self.is_closing();
        let ready = self.memory.owed.iter().filter(|id| is_closing || self.memory.owed_last != Some(**id));
        let batch: Vec<u64> = ready.copied().take(OWED_BATCH).collect();
        let is_due = if is_closing { !batch.is_empty() } else { batch.len() >= OWED_BATCH };
        is_due.then_some(batch)
    }

    /// Takes the answer to [`Self::owed`]: the ids that came, `None` when the site refused to say.
    pub(super) fn recovered(
        &mut self,
        asked: &[u64],
        came: Option<&[u64]>,
        failed: u64,
        at: Timestamp,
    ) -> Turn {
        let ids: Vec<u64> = came.unwrap_or_default().to_vec();
        let (counts, seen) = (&mut self.row.counts, &self.memory.seen);
        let fresh = ids.iter().filter(|id| !seen.contains(**id)).count() as u64;
        counts.boundary_recovered += ids.len() as u64;
        counts.failed += failed;
        if came.is_some() {
            counts.boundary_absent += (asked.len() as u64).saturating_sub(ids.len() as u64);
        }
        self.row.items += ids.len() as u64;
        self.row.updated_at = at;
        let page = CrawlPage {
            page: self.memory.pages + 1,
            kind: PageKind::Recovered,
            cursor: Some(asked.iter().map(u64::to_string).collect::<Vec<_>>().join(",")),
            next_cursor: None,
            page_limit: u32::try_from(asked.len()).unwrap_or(u32::MAX),
            items: ids.len() as u64,
            fresh,
            without_meta: 0,
            contradicting: 0,
            failed,
            ids,
            at,
        };
        let is_closing = self.is_closing();
        self.memory.add(&page, &self.listing);
        self.row.counts.distinct = self.memory.seen.len();
        if is_closing && self.memory.owed.is_empty() {
            self.row.state = CrawlState::Done;
        }
        let notes: Vec<Anomaly> = came.is_none().then_some(Anomaly::RecoveryRefused).into_iter().collect();
        for note in &notes {
            self.note(*note);
        }
        Turn { page, notes }
    }

    /// How many joins the walk that is verified has.
    pub(super) fn base_joins(&self) -> Option<u64> {
        self.checker.as_ref().map(|checker| checker.base().joins())
    }

    /// Counts an anomaly in the row.
    pub(super) fn note(&mut self, anomaly: Anomaly) {
        count(&mut self.row.coverage, anomaly);
    }
}

fn count(coverage: &mut BTreeMap<String, u64>, anomaly: Anomaly) {
    *coverage.entry(anomaly.as_str().to_owned()).or_default() += 1;
}

/// Tries pages of double size after some that came through.
fn grow(counts: &mut WalkCounts) {
    if counts.reduced_limit == 0 {
        return;
    }
    counts.pages_since += 1;
    if counts.pages_since >= PAGES_BEFORE_GROWTH {
        (counts.reduced_limit, counts.pages_since) = (counts.reduced_limit.saturating_mul(2), 0);
        if counts.reduced_limit >= counts.page_limit {
            counts.reduced_limit = 0;
        }
    }
}
