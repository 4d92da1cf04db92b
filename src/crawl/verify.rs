//! Holds a second walk against the first one: what did the first lose, and where? Pure but for reading the pages.
//!
//! - In: the pages of a finished or stopped walk; then the items of the second walk in their order.
//! - Out: which joins of the first walk lie whole inside a page of the second, and what the first lacks.
//! - Never: a verdict on items before the first one of the first walk: those are newer than it.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::catalog::{Catalog, CrawlPage, CrawlRow, CrawlState, Gap, PageKind, Result, WalkCounts};

use super::memory::Ids;
use super::report::EndReason;

/// Gaps that are kept by name; the others are only counted.
const MAX_GAPS_KEPT: usize = 100;

/// What distinguishes the row of a second walk from that of the first.
const SUFFIX: &str = "#verify";

/// The row under which the second walk over `listing` is kept.
pub(super) fn key(listing: &str) -> String {
    format!("{listing}{SUFFIX}")
}

/// The listing whose second walk this row is.
pub(super) fn base_of(key: &str) -> Option<&str> {
    key.strip_suffix(SUFFIX)
}

/// The first walk, as far as a second one is held against it.
#[derive(Clone, Debug, Default)]
pub(super) struct Base {
    pub(super) walk: u64,
    is_done: bool,
    seen: Ids,
    /// Items between pages that were asked for by id; they lie on no page.
    recovered: Ids,
    /// The last item of a page, the page, and the first new item of the next one.
    joins: HashMap<u64, (u64, u64)>,
    last: Option<u64>,
    previous: Option<(u64, u64)>,
}

impl Base {
    /// Reads the walk that `row` stands for.
    ///
    /// # Errors
    ///
    /// When the catalog cannot be read.
    pub(super) fn read(catalog: &Catalog, row: &CrawlRow) -> Result<Self> {
        let end = row.end_reason.as_deref().and_then(EndReason::from_word);
        let is_whole = matches!(end, None | Some(EndReason::EndOfList | EndReason::NothingNew));
        let is_done = row.state == CrawlState::Done && is_whole;
        let mut base = Self { walk: row.walk, is_done, ..Self::default() };
        catalog.crawl_pages(&row.listing, row.walk, |page| {
            base.add(&page);
            ControlFlow::Continue(())
        })?;
        Ok(base)
    }

    /// A walk whose pages are these.
    #[cfg(test)]
    pub(super) fn of_pages(pages: &[CrawlPage], is_done: bool) -> Self {
        let mut base = Self { is_done, ..Self::default() };
        pages.iter().for_each(|page| base.add(page));
        base
    }

    fn add(&mut self, page: &CrawlPage) {
        if page.kind == PageKind::Recovered {
            for id in &page.ids {
                self.seen.insert(*id);
                self.recovered.insert(*id);
            }
            return;
        }
        let mut first = None;
        for id in &page.ids {
            if self.seen.insert(*id) {
                first.get_or_insert(*id);
                self.last = Some(*id);
            }
        }
        let (Some(first), Some(last)) = (first, self.last) else { return };
        if let Some((last_before, page_before)) = self.previous {
            self.joins.insert(last_before, (page_before, first));
        }
        self.previous = Some((last, page.page));
    }

    /// How many joins there are between its pages.
    pub(super) fn joins(&self) -> u64 {
        self.joins.len() as u64
    }
}

/// Where the second walk stands within the first.
#[derive(Clone, Debug)]
pub(super) struct Checker {
    base: Base,
    last_known: Option<u64>,
}

impl Checker {
    pub(super) fn new(base: Base) -> Self {
        Self { base, last_known: None }
    }

    pub(super) fn base(&self) -> &Base {
        &self.base
    }

    /// Takes the items of one page, of which those with `true` are new to the second walk.
    ///
    /// Returns whether the second walk has left the ground of the first, which stopped early.
    pub(super) fn check(&mut self, items: &[(u64, bool)], counts: &mut WalkCounts) -> bool {
        let mut on_this_page = None;
        let mut has_left = false;
        for (id, is_fresh) in items {
            if self.base.seen.contains(*id) {
                let is_join = |last: u64| self.base.joins.get(&last).is_some_and(|(_, first)| first == id);
                if *is_fresh && on_this_page.is_some_and(is_join) {
                    counts.verified += 1;
                }
                if !self.base.recovered.contains(*id) {
                    on_this_page = Some(*id);
                    self.last_known = Some(*id);
                }
            } else if *is_fresh {
                has_left |= self.lacks(*id, counts);
            }
        }
        has_left
    }

    /// Counts items that the second walk asked for by id and the first lacks.
    pub(super) fn check_recovered(&self, ids: &[u64], counts: &mut WalkCounts) {
        counts.inside += ids.iter().filter(|id| !self.base.seen.contains(**id)).count() as u64;
    }

    /// Counts an item that the first walk lacks; true when it lies behind a walk that stopped early.
    fn lacks(&self, id: u64, counts: &mut WalkCounts) -> bool {
        let Some(last_known) = self.last_known else {
            counts.newer += 1;
            return false;
        };
        if self.base.last == Some(last_known) {
            counts.beyond += u64::from(self.base.is_done);
            return !self.base.is_done;
        }
        match self.base.joins.get(&last_known) {
            None => counts.inside += 1,
            Some((page, _)) => {
                counts.gaps_closed += 1;
                if counts.gaps.len() < MAX_GAPS_KEPT {
                    counts.gaps.push(Gap { page: *page, id });
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::Timestamp;

    fn page(number: u64, kind: PageKind, ids: &[u64]) -> CrawlPage {
        CrawlPage {
            page: number,
            kind,
            cursor: None,
            next_cursor: None,
            page_limit: 3,
            items: ids.len() as u64,
            fresh: ids.len() as u64,
            without_meta: 0,
            contradicting: 0,
            failed: 0,
            ids: ids.to_vec(),
            at: Timestamp::from_millis(0).expect("the epoch"),
        }
    }

    fn base(pages: &[&[u64]], is_done: bool) -> Base {
        let mut base = Base { walk: 1, is_done, ..Base::default() };
        for (number, ids) in (1..).zip(pages) {
            base.add(&page(number, PageKind::Listed, ids));
        }
        base
    }

    fn check(base: Base, pages: &[&[u64]]) -> (WalkCounts, bool) {
        let (mut checker, mut counts, mut left) = (Checker::new(base), WalkCounts::default(), false);
        for ids in pages {
            let items: Vec<(u64, bool)> = ids.iter().map(|id| (*id, true)).collect();
            left |= checker.check(&items, &mut counts);
        }
        (counts, left)
    }

    #[test]
    fn an_item_lost_at_a_join_is_found_and_placed() {
        let lossy = base(&[&[9, 8], &[6, 5], &[3, 2]], true);
        assert_eq!(lossy.joins(), 2);
        let (counts, left) = check(lossy, &[&[9], &[8, 7, 6], &[5, 4, 3], &[2]]);
        assert_eq!((counts.verified, counts.gaps_closed, left), (2, 2, false));
        assert_eq!(counts.gaps, [Gap { page: 1, id: 7 }, Gap { page: 2, id: 4 }]);
        assert_eq!((counts.inside, counts.newer, counts.beyond), (0, 0, 0));
    }

    #[test]
    fn what_is_newer_or_between_or_behind_is_no_gap_at_a_join() {
        let (counts, left) = check(base(&[&[9, 6], &[5, 4]], true), &[&[11, 10, 9], &[7, 6, 5, 4, 1]]);
        assert_eq!((counts.newer, counts.inside, counts.beyond), (2, 1, 1));
        assert_eq!((counts.verified, counts.gaps_closed, left), (1, 0, false));
    }

    #[test]
    fn a_join_that_falls_on_a_join_again_is_not_verified() {
        let (counts, _) = check(base(&[&[9, 8], &[7, 6]], true), &[&[9, 8], &[7, 6]]);
        assert_eq!((counts.verified, counts.gaps_closed), (0, 0));
    }

    #[test]
    fn a_recovered_item_closes_its_join() {
        let mut first = base(&[&[9, 8], &[6, 5]], true);
        first.add(&page(3, PageKind::Recovered, &[7]));
        let (counts, _) = check(first, &[&[9], &[8, 7, 6], &[5]]);
        assert_eq!((counts.verified, counts.gaps_closed), (1, 0));
    }

    #[test]
    fn behind_a_walk_that_stopped_early_lies_no_gap() {
        let (counts, left) = check(base(&[&[9, 8], &[7, 6]], false), &[&[9], &[8, 7], &[6, 5]]);
        assert_eq!((counts.beyond, counts.verified, left), (0, 1, true));
    }
}
