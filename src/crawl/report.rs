//! What a crawl did, for people and for scripts.

use std::collections::BTreeMap;

use crate::catalog::{BatchReport, WalkCounts};
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
    /// All items of a page are older than wanted.
    Until,
    /// All items of a page were known before this run.
    KnownGround,
    /// No more requests or bytes are allowed; running again goes on from there.
    BudgetSpent,
    /// Too many pages in a row brought nothing new; running again goes on from there.
    Stalled,
    /// An error; running again goes on from there.
    Failed,
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name that the catalog and reports use.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// Reads the name.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }
    };
}

named!(
    /// Something that the API did and should not have done.
    Anomaly {
        /// An item came twice in a walk: drift of a live listing.
        DuplicateItem = "duplicate_item",
        /// A page begins with items of the page before it: the listing moved under the walk.
        Drift = "drift",
        /// An item does not satisfy the filter that was asked for.
        FilterIgnored = "filter_ignored",
        /// A listing with a filter begins exactly as the one without it.
        HeadUnfiltered = "head_unfiltered",
        /// A page without items that is not the last.
        EmptyPage = "empty_page",
        /// The first page is empty: the listing is, or the site's database ran out of time.
        EmptyFirstPage = "empty_first_page",
        /// An empty page without a cursor, time and again, where the site's database answers.
        EmptyPageTimeout = "empty_page_timeout",
        /// The listing ended on an empty page behind a full one.
        EndedOnEmptyPage = "ended_on_empty_page",
        /// A cursor that was used before: the walk ended there.
        CursorRepeated = "cursor_repeated",
        /// The site refuses its own cursor: the walk ended there.
        CursorRejected = "cursor_rejected",
        /// The last page is full: the listing may go on where the site said it ends.
        EndedOnFullPage = "ended_on_full_page",
        /// The walk ended about where the site's index is said to end, whatever there is.
        DepthLimit = "depth_limit",
        /// Fewer items came than the site says there are.
        FewerThanClaimed = "fewer_than_claimed",
        /// A page whose items were all known to this walk.
        NothingNew = "nothing_new",
        /// A page on which nothing carries generation data although it was asked for.
        MetaMissing = "meta_missing",
        /// A page does not begin with the item that the cursor named.
        BoundaryItemMissing = "boundary_item_missing",
        /// The site refused to give items lost between pages by their numbers.
        RecoveryRefused = "recovery_refused",
        /// An item too large for any page; it was passed over.
        ItemTooLarge = "item_too_large",
        /// A page too large to take; it was asked for in smaller pieces.
        PageTooLarge = "page_too_large",
        /// An empty page that was not empty when it was asked for again.
        EmptyPagePassed = "empty_page_passed",
        /// A document that could not be read and was asked for again.
        UnreadableDocument = "unreadable_document",
    }
);

impl Anomaly {
    /// Whether it passed: what came when the request was repeated is whole, and nothing is missing for it.
    pub fn is_passing(self) -> bool {
        matches!(
            self,
            Self::UnreadableDocument | Self::PageTooLarge | Self::EmptyPagePassed | Self::EmptyPageTimeout
        )
    }
}

named!(
    /// Why a walk ended, or stands still.
    EndReason {
        /// The site says that there is no more.
        EndOfList = "end_of_list",
        /// All items of a page were older than wanted.
        Until = "until",
        /// All items of a page were known before the run.
        KnownGround = "known_ground",
        /// A second walk came to where the first one stopped.
        EndOfFirstWalk = "end_of_first_walk",
        /// A cursor that was used before.
        CursorRepeated = "cursor_repeated",
        /// The site refuses its own cursor.
        CursorRejected = "cursor_rejected",
        /// The site refuses page numbers from here on.
        PageCap = "page_cap",
        /// No item of a whole page satisfies the filter, or hardly any of many.
        FilterIgnored = "filter_ignored",
        /// An empty page without a cursor: the site's database ran out of time, or there is nothing.
        EmptyPageTimeout = "empty_page_timeout",
        /// Numbered pages that bring nothing new any more.
        NothingNew = "nothing_new",
    }
);

impl EndReason {
    /// Whether the site broke the walk off: what lies behind the last page was never asked for.
    pub fn is_dead_end(self) -> bool {
        matches!(self, Self::CursorRepeated | Self::CursorRejected | Self::PageCap)
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

    /// Adds the counts of another run, but not its traffic.
    pub(super) fn add(&mut self, other: Self) {
        self.items += other.items;
        self.written.add(&other.written);
        let kept = MAX_FAILURES_KEPT.saturating_sub(self.failures.len());
        self.failures.extend(other.failures.into_iter().take(kept));
        self.failed_items += other.failed_items;
        for (field, count) in other.field_warnings {
            let is_new = !self.field_warnings.contains_key(&field);
            let is_full = is_new && self.field_warnings.len() >= MAX_FIELD_NAMES;
            *self.field_warnings.entry(if is_full { OTHER_FIELDS.to_owned() } else { field }).or_default() +=
                count;
        }
        for (name, count) in other.anomalies {
            *self.anomalies.entry(name).or_default() += count;
        }
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
    /// The listing in words: `images of model 5`.
    pub words: String,
    /// How it ended.
    pub end: CrawlEnd,
    /// Why the walk is over, or stands still; `None` when the next run simply goes on.
    pub end_reason: Option<EndReason>,
    /// What the walk has counted, earlier runs included.
    pub counts: WalkCounts,
    /// For a second walk: how many joins the first one has.
    pub base_joins: Option<u64>,
    /// For a listing in parts: how many are through, and how many there are.
    pub parts: Option<(u64, u64)>,
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

impl CrawlReport {
    /// Whether the site broke off the walk, or one over a part: what lies behind was never asked for.
    pub fn met_dead_end(&self) -> bool {
        let of_parts = [Anomaly::CursorRepeated, Anomaly::CursorRejected];
        let in_a_part = || of_parts.iter().any(|anomaly| self.tally.anomalies.contains_key(anomaly.as_str()));
        self.end_reason.is_some_and(EndReason::is_dead_end) || (self.parts.is_some() && in_a_part())
    }
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
