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

mod ending;
mod owed;
mod tally;
#[cfg(test)]
mod tests;

/// Pages in a row that may bring nothing new before a run gives up.
pub(super) const MAX_BARREN_PAGES: u32 = 50;

/// Longest cursor that is sent back, in bytes; what no server takes as an address is no cursor.
const MAX_CURSOR_BYTES: usize = 8 * 1024;

/// Pages that must come through before larger ones are tried again.
const PAGES_BEFORE_GROWTH: u32 = 8;

/// Items from which on a page as a whole says something: that its filter is ignored, that nothing carries `meta`.
const TELLING_ITEMS: usize = 5;

/// Which walk this is.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// Takes the listing.
    Take,
    /// Takes it again in shifted pages and holds it against this walk.
    Verify(Box<Base>),
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
            Purpose::Verify(base) => Some(Checker::new(*base)),
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
            .filter(|next| next.text().is_none_or(|text| !self.memory.was_at(&text) && is_bearable(&text)))
    }

    /// Whether an empty page without a cursor may be the site's database running out of time.
    pub(super) fn is_suspicious(&self, held: usize, pagination: &Pagination) -> bool {
        held == 0 && pagination.next_cursor.is_none() && self.may_time_out()
    }

    /// Whether the site's database answers, which gives an empty page when it runs out of time.
    pub(super) fn may_time_out(&self) -> bool {
        self.listing.dialect() == Some(Dialect::Database) && !self.names_its_items()
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
        counts.pages += 1;
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

/// Whether a cursor fits an address.
fn is_bearable(cursor: &str) -> bool {
    cursor.len() <= MAX_CURSOR_BYTES
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
