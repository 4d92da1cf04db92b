//! A catalog in a temporary folder, and a client for a fake site that does not wait long.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stemmata::catalog::{Access, Catalog, CatalogError};
use stemmata::crawl::{CrawlError, CrawlOptions, CrawlReport, Listing, api_base, crawl_listing};
use stemmata::entity::Timestamp;
use stemmata::fetch::{Backoff, Client, Settings};
use stemmata::run::{Cancel, Clock, Progress, RunContext, Silent};

use super::site::Site;

/// A catalog in a folder that goes away with it.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    pub(crate) catalog: Catalog,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let catalog = Catalog::open(&folder.path().join("catalog.db"), Access::Write).expect("a new catalog");
        Self { folder, catalog }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("catalog.db")
    }

    /// The site's ids of all images, ascending.
    pub(crate) fn images(&self) -> Vec<u64> {
        let mut ids = Vec::new();
        let visited = self.catalog.for_each_image::<CatalogError>(|row| {
            ids.extend(row.key.site_id().map(|id| id.get()));
            Ok(())
        });
        visited.expect("the catalog is readable");
        ids.sort_unstable();
        ids
    }

    /// Walks a listing with the polite client of a test.
    pub(crate) fn crawl(
        &mut self,
        site: &Site,
        listing: &Listing,
        options: CrawlOptions,
    ) -> Result<CrawlReport, CrawlError> {
        self.crawl_in(site, listing, options, &context())
    }

    /// The same, with the surroundings given.
    pub(crate) fn crawl_in(
        &mut self,
        site: &Site,
        listing: &Listing,
        options: CrawlOptions,
        context: &RunContext,
    ) -> Result<CrawlReport, CrawlError> {
        let client = Client::new(settings(site)).expect("the settings are valid");
        block_on(crawl_listing(&client, &mut self.catalog, listing, &options, context))
    }
}

/// Settings that never wait longer than milliseconds by themselves.
pub(crate) fn settings(site: &Site) -> Settings {
    Settings {
        max_rps: 10_000.0,
        timeout: Duration::from_secs(20),
        body_limit_bytes: 1 << 20,
        backoff: Backoff {
            first: Duration::from_millis(1),
            ceiling: Duration::from_millis(2),
            patience: Duration::from_secs(5),
            ..Backoff::default()
        },
        ..Settings::new(api_base(&site.base()).expect("a loopback address is allowed"))
    }
}

/// Surroundings with a clock that stands.
pub(crate) fn context() -> RunContext {
    RunContext { cancel: Cancel::default(), progress: Arc::new(Silent), clock: Clock::Fixed(now()) }
}

/// The moment at which the clock of every test stands.
pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-03-04T05:06:07.850Z").expect("a valid time")
}

/// Runs a future to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("threads can be had").block_on(work)
}

/// Asks to stop when a number of items is committed.
pub(crate) struct StopAfter {
    pub(crate) items: u64,
    pub(crate) cancel: Cancel,
    seen: AtomicU64,
}

impl StopAfter {
    /// Surroundings whose run is asked to stop when `items` are committed.
    pub(crate) fn context(items: u64) -> RunContext {
        let cancel = Cancel::default();
        let progress = Self { items, cancel: cancel.clone(), seen: AtomicU64::new(0) };
        RunContext { cancel, progress: Arc::new(progress), ..context() }
    }
}

impl Progress for StopAfter {
    fn begin(&self, _stage: &'static str, _total: Option<u64>) {}

    fn advance(&self, items: u64) {
        if self.seen.fetch_add(items, Ordering::Relaxed) + items >= self.items {
            self.cancel.request();
        }
    }

    fn end(&self) {}
}
