//! Where a run begins: a new walk, or one that an earlier run left.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::catalog::{Catalog, CrawlRow, CrawlState, WalkCounts};
use crate::entity::Timestamp;
use crate::fetch::Client;
use crate::run::RunContext;

use super::CrawlOptions;
use crate::crawl::error::CrawlError;
use crate::crawl::plan::{Listing, Paging};
use crate::crawl::verify::{self, Base};
use crate::crawl::walk::{Purpose, Walk};

/// The row under which walks over `listing` are kept that stop at known ground. They have one of their own, because a
/// walk for the whole listing may stand far behind its head.
pub(in crate::crawl) fn renewal_key(listing: &str) -> String {
    format!("{listing}#sync")
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// To take a listing.
    Take,
    /// To take it again and hold it against what was taken.
    Verify,
}

/// A walk, ready to go.
pub(super) struct Begun {
    pub(super) walk: Walk,
    pub(super) is_resumed: bool,
    pub(super) is_restarted: bool,
}

pub(super) fn begin(
    client: &Client,
    catalog: &Catalog,
    listing: &Listing,
    options: &CrawlOptions,
    context: &RunContext,
    errand: Errand,
) -> Result<Begun, CrawlError> {
    let listing_key = row_key(listing.key(client.base()), options);
    let (key, purpose) = match errand {
        Errand::Take if options.stop_at_known_ground => (renewal_key(&listing_key), Purpose::Take),
        Errand::Take => (listing_key, Purpose::Take),
        Errand::Verify => {
            let row = catalog.crawl(&listing_key)?.filter(|row| row.pages > 0);
            let Some(row) = row else {
                return Err(CrawlError::NeverCrawled { words: listing.to_string() });
            };
            (verify::key(&listing_key), Purpose::Verify(Box::new(Base::read(catalog, &row)?)))
        }
    };
    let (base_walk, base_joins) = match &purpose {
        Purpose::Take => (0, 0),
        Purpose::Verify(base) => (base.walk, base.joins()),
    };
    let earlier = catalog.crawl(&key)?;
    let next_walk = earlier.as_ref().map_or(1, |row| row.walk.saturating_add(1));
    let is_restarted = earlier.as_ref().is_some_and(|row| row.state == CrawlState::Done);
    let running = earlier.filter(|row| row.state == CrawlState::Running && row.counts.base_walk == base_walk);
    let is_resumed = running.is_some();
    let mut row = running.unwrap_or_else(|| new_row(key, next_walk, base_walk, context.clock.now()));
    row.counts.page_limit = page_limit(listing, options, errand);
    row.counts.base_joins = base_joins;
    let mut walk = Walk::new(row, listing, purpose);
    if is_resumed {
        let (key, number) = (walk.row.listing.clone(), walk.row.walk);
        catalog.crawl_pages(&key, number, |page| {
            walk.remember(&page);
            ControlFlow::Continue(())
        })?;
    }
    Ok(Begun { walk, is_resumed, is_restarted })
}

/// The row for a walk with these options: one that stops at a date leaves alone where the walk over everything stands.
pub(in crate::crawl) fn row_key(listing: String, options: &CrawlOptions) -> String {
    if options.until.is_some() { format!("{listing}#until") } else { listing }
}

fn new_row(listing: String, walk: u64, base_walk: u64, now: Timestamp) -> CrawlRow {
    CrawlRow {
        listing,
        state: CrawlState::Running,
        cursor: None,
        pages: 0,
        items: 0,
        started_at: now,
        updated_at: now,
        coverage: BTreeMap::new(),
        walk,
        end_reason: None,
        counts: WalkCounts { base_walk, ..WalkCounts::default() },
    }
}

/// Items a page. Page numbers count in pages of one size, so a second walk cannot begin with half a page there and
/// takes pages that are smaller by one instead.
fn page_limit(listing: &Listing, options: &CrawlOptions, errand: Errand) -> u32 {
    let most = listing.max_page_limit();
    let wanted = options.page_limit.unwrap_or(most).clamp(1, most);
    let is_shifted = errand == Errand::Verify && listing.paging() == Paging::Number;
    if is_shifted { wanted.saturating_sub(1).max(1) } else { wanted }
}
