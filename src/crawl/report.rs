//! What a crawl did, for people and for scripts.

use std::collections::BTreeMap;

use crate::catalog::BatchReport;
use crate::fetch::Traffic;

/// Failed items whose reasons are kept; the others are only counted.
const MAX_FAILURES_KEPT: usize = 20;

/// Names of damaged fields that are counted apart; the rest are counted together.
const MAX_FIELD_NAMES: usize = 1_000;

/// Under which name the rest is counted.
const OTHER_FIELDS: &str = "(other)";

/// How a walk over a listing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrawlEnd {
    /// The listing is over.
    Finished,
    /// As many items as asked for; running again goes on from there.
    EnoughItems,
    /// Asked to stop; running again goes on from there.
    Interrupted,
    /// Too many pages in a row brought nothing new; running again goes on from there.
    Stalled,
    /// An error; running again goes on from there.
    Failed,
}

/// Something that the API did and should not have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anomaly {
    /// An item came twice in this run: drift of a live listing, or overlap at a boundary.
    DuplicateItem,
    /// An item does not satisfy the filter that was asked for.
    FilterIgnored,
    /// A page without items that is not the last.
    EmptyPage,
    /// The first page is empty: the listing is, or the site's database ran out of time.
    EmptyFirstPage,
    /// A cursor that was used before: the walk ended there.
    CursorRepeated,
    /// The site refuses its own cursor: the walk ended there.
    CursorRejected,
    /// The last page is full: the listing may go on where the site said it ends.
    EndedOnFullPage,
    /// A page whose items were all known to this run.
    NothingNew,
    /// A document that could not be read and was asked for again.
    UnreadableDocument,
}

impl Anomaly {
    /// The name that the catalog and reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DuplicateItem => "duplicate_item",
            Self::FilterIgnored => "filter_ignored",
            Self::EmptyPage => "empty_page",
            Self::EmptyFirstPage => "empty_first_page",
            Self::CursorRepeated => "cursor_repeated",
            Self::CursorRejected => "cursor_rejected",
            Self::EndedOnFullPage => "ended_on_full_page",
            Self::NothingNew => "nothing_new",
            Self::UnreadableDocument => "unreadable_document",
        }
    }
}

/// An item that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemFailure {
    /// The page of the walk, from 1, or the place of the id in the list that was asked for.
    pub page: u64,
    /// Its position on the page, from 0.
    pub position: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// Counts of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Items received.
    pub items: u64,
    /// What became of them and of what they hold.
    pub written: BatchReport,
    /// Items that could not be used.
    pub failed_items: u64,
    /// The first 20 of them.
    pub failures: Vec<ItemFailure>,
    /// Damaged fields, each of which cost only itself, by path.
    pub field_warnings: BTreeMap<String, u64>,
    /// What the API did wrong, by name.
    pub anomalies: BTreeMap<&'static str, u64>,
    /// Requests, repeated tries and bytes.
    pub traffic: Traffic,
}

impl Tally {
    pub(super) fn fail(&mut self, failure: ItemFailure) {
        self.failed_items += 1;
        if self.failures.len() < MAX_FAILURES_KEPT {
            self.failures.push(failure);
        }
    }

    pub(super) fn warn(&mut self, field: &str) {
        let is_new = !self.field_warnings.contains_key(field);
        let field = if is_new && self.field_warnings.len() >= MAX_FIELD_NAMES { OTHER_FIELDS } else { field };
        *self.field_warnings.entry(field.to_owned()).or_default() += 1;
    }

    pub(super) fn note(&mut self, anomaly: Anomaly) {
        *self.anomalies.entry(anomaly.as_str()).or_default() += 1;
    }

    /// Counts what a client did since `before`.
    pub(super) fn set_traffic(&mut self, before: Traffic, now: Traffic) {
        self.traffic = now.since(&before);
    }
}

/// What one run over a listing did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrawlReport {
    /// The listing, as the catalog names it.
    pub listing: String,
    /// How it ended.
    pub end: CrawlEnd,
    /// Whether it went on from where an earlier run had stopped.
    pub resumed: bool,
    /// Whether an earlier walk was complete, so that this one began again at the head.
    pub restarted: bool,
    /// Pages committed by this run.
    pub pages: u64,
    /// Pages committed by this walk, earlier runs included.
    pub walk_pages: u64,
    /// Everything counted.
    pub tally: Tally,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_failures_are_counted_and_the_first_twenty_are_kept() {
        let mut tally = Tally::default();
        for position in 0..25 {
            tally.fail(ItemFailure { page: 1, position, reason: "null".to_owned() });
        }
        assert_eq!((tally.failed_items, tally.failures.len()), (25, 20));
        assert_eq!(tally.failures.last().map(|failure| failure.position), Some(19));
    }

    #[test]
    fn invented_field_names_cannot_fill_the_memory() {
        let mut tally = Tally::default();
        for number in 0..5_000 {
            tally.warn(&format!("meta.{number}"));
        }
        assert_eq!(tally.field_warnings.len(), MAX_FIELD_NAMES + 1);
        assert_eq!(tally.field_warnings.values().sum::<u64>(), 5_000);
    }
}
