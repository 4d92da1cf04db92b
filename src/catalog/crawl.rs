//! Where each listing stands.

use rusqlite::Transaction;

use super::Result;

/// One row of `crawls`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrawlRow {}

pub(super) fn store_crawl(_transaction: &Transaction<'_>, _row: &CrawlRow) -> Result<()> {
    Ok(())
}
