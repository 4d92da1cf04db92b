//! Walks one listing from where it stands to its end, a page and a transaction at a time.
//!
//! The next page is fetched while the present one is converted and committed. A page commits together with the
//! position after it, so a run can be killed anywhere and the same line goes on.

use std::collections::HashSet;

use tokio::task::JoinSet;

use crate::catalog::{Batch, Catalog, CatalogError, CrawlRow, CrawlState, RawBlock, Record, raw_hash};
use crate::entity::Timestamp;
use crate::fetch::{Body, Client, FetchError, Traffic};
use crate::run::RunContext;
use crate::source::civitai::{DocumentError, ItemKind, MetaRequest, Opened, open};

use super::check::satisfies;
use super::document::readable;
use super::error::CrawlError;
use super::page::{Expected, ReadPage, forget_returned_for, identity, read_page};
use super::plan::{Listing, Paging};
use super::position::Position;
use super::report::{Anomaly, CrawlEnd, CrawlReport, Tally};

/// Pages in a row that may bring nothing new before a run gives up.
const MAX_BARREN_PAGES: u32 = 50;

/// Numbered pages in a row without anything new that are taken for the end: some servers answer beyond it with
/// the last page again.
const MAX_BARREN_NUMBERED_PAGES: u32 = 3;

/// How to walk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrawlOptions {
    /// Stop after this many items; the next run goes on behind them.
    pub max_items: Option<u64>,
    /// Items a page, at least 1 and at most what the API gives; `None` for as many as it gives.
    pub page_limit: Option<u32>,
    /// Stop at the first page whose items are all older; sensible where the newest come first.
    pub until: Option<Timestamp>,
    /// Stop behind the first page whose items the catalog knew before; sensible where the newest come first.
    pub stop_at_known_ground: bool,
}

impl CrawlOptions {
    /// Everything, in the largest pages.
    pub const ALL: Self =
        Self { max_items: None, page_limit: None, until: None, stop_at_known_ground: false };
}

/// Walks `listing` until its end, `options`, or a request to stop.
///
/// A listing that an earlier run left is resumed; one that was complete is walked again from its head. The
/// calling thread converts and commits between pages, so call this from `Runtime::block_on`, not from a task.
///
/// # Errors
///
/// [`CrawlError::Page`] when a page cannot be had, [`CrawlError::Document`] when it cannot be read,
/// [`CrawlError::Catalog`]. Pages committed before stay.
pub async fn crawl_listing(
    client: &Client,
    catalog: &mut Catalog,
    listing: &Listing,
    options: &CrawlOptions,
    context: &RunContext,
) -> Result<CrawlReport, CrawlError> {
    let mut walk = Walk::start(client, catalog, listing, *options, context)?;
    context.progress.begin("crawl", options.max_items);
    let walked = walk.run(catalog).await;
    context.progress.end();
    walk.report.tally.set_traffic(walk.traffic_before, client.traffic());
    match walked {
        Ok(end) => Ok(CrawlReport { end, ..walk.report }),
        Err(Failure::Fetch(FetchError::Cancelled)) => {
            Ok(CrawlReport { end: CrawlEnd::Interrupted, ..walk.report })
        }
        Err(Failure::Fetch(source)) => Err(CrawlError::Page { report: Box::new(walk.report), source }),
        Err(Failure::Document(source)) => Err(CrawlError::Document { report: Box::new(walk.report), source }),
        Err(Failure::Catalog(error)) => Err(error.into()),
    }
}

/// One run over one listing.
struct Walk<'a> {
    client: &'a Client,
    listing: &'a Listing,
    options: CrawlOptions,
    context: &'a RunContext,
    row: CrawlRow,
    position: Position,
    positions_used: HashSet<String>,
    /// Hashes of what was seen; a collision would miscount one item, and millions fit.
    items_seen: HashSet<i64>,
    barren_pages: u32,
    traffic_before: Traffic,
    report: CrawlReport,
}

/// Why a walk ends before its time.
enum Failure {
    Fetch(FetchError),
    Document(DocumentError),
    Catalog(CatalogError),
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        Self::Catalog(error)
    }
}

/// Where a page leads.
enum After {
    Next(Position),
    End,
}

/// What is being fetched in the background. Dropping it stops the request.
type Ahead = JoinSet<Result<Body, FetchError>>;

impl<'a> Walk<'a> {
    fn start(
        client: &'a Client,
        catalog: &Catalog,
        listing: &'a Listing,
        options: CrawlOptions,
        context: &'a RunContext,
    ) -> Result<Self, CrawlError> {
        let key = listing.key(client.base());
        let earlier = catalog.crawl(&key)?;
        let restarted = earlier.as_ref().is_some_and(|row| row.state == CrawlState::Done);
        let running = earlier.filter(|row| row.state == CrawlState::Running);
        let resumed = running.is_some();
        let now = context.clock.now();
        let row = running.unwrap_or_else(|| CrawlRow {
            listing: key.clone(),
            state: CrawlState::Running,
            cursor: None,
            pages: 0,
            items: 0,
            started_at: now,
            updated_at: now,
            coverage: std::collections::BTreeMap::new(),
        });
        let position = Position::read(listing.paging(), row.cursor.as_deref());
        let tally = Tally::default();
        let report = CrawlReport {
            listing: key,
            end: CrawlEnd::Failed,
            resumed,
            restarted,
            pages: 0,
            walk_pages: row.pages,
            tally,
        };
        Ok(Self {
            client,
            listing,
            options,
            context,
            row,
            positions_used: position.text().into_iter().collect(),
            position,
            items_seen: HashSet::new(),
            barren_pages: 0,
            traffic_before: client.traffic(),
            report,
        })
    }

    async fn run(&mut self, catalog: &mut Catalog) -> Result<CrawlEnd, Failure> {
        let mut ahead = Ahead::new();
        if self.remaining() == 0 {
            return Ok(CrawlEnd::EnoughItems);
        }
        loop {
            let text = match self.document(&mut ahead).await {
                Ok(text) => text,
                Err(Failure::Fetch(FetchError::Rejected { status: 400, .. }))
                    if self.position.is_inside() =>
                {
                    return self.end_at_rejected_cursor(catalog);
                }
                Err(failure) => return Err(failure),
            };
            let opened = open(&text).map_err(Failure::Document)?;
            let after = self.after(&opened);
            self.fetch_ahead(&after, &opened, &mut ahead);
            self.commit(catalog, &opened, after)?;
            if self.row.state == CrawlState::Done {
                return Ok(CrawlEnd::Finished);
            }
            if let Some(end) = self.early_end() {
                return Ok(end);
            }
        }
    }

    /// Why to stop although there are more pages.
    fn early_end(&self) -> Option<CrawlEnd> {
        if self.context.cancel.is_requested() {
            Some(CrawlEnd::Interrupted)
        } else if self.remaining() == 0 {
            Some(CrawlEnd::EnoughItems)
        } else {
            (self.barren_pages >= MAX_BARREN_PAGES).then_some(CrawlEnd::Stalled)
        }
    }

    /// Items that this run may still take.
    fn remaining(&self) -> u64 {
        self.options.max_items.map_or(u64::MAX, |most| most.saturating_sub(self.report.tally.items))
    }

    /// Items to ask for when `remaining` are still wanted.
    fn page_limit(&self, remaining: u64) -> u32 {
        let most = self.listing.max_page_limit();
        let wanted = self.options.page_limit.unwrap_or(most).clamp(1, most);
        match self.listing.paging() {
            Paging::Cursor => u32::try_from(remaining).unwrap_or(u32::MAX).clamp(1, wanted),
            // Page numbers count in pages of one size; the last page of a run is taken in part.
            Paging::Number => wanted,
        }
    }

    /// Items at the head of this page that an earlier run has taken.
    fn skip(&self) -> usize {
        self.position.skip(self.page_limit(self.remaining()))
    }

    fn request(&self, position: &Position, limit: u32) -> Vec<(String, String)> {
        let mut parameters = self.listing.parameters();
        parameters.push(("limit".to_owned(), limit.to_string()));
        parameters.extend(position.parameter(limit));
        parameters
    }

    /// The text of the present page: the one fetched ahead, else fetched now; again while it cannot be read.
    async fn document(&mut self, ahead: &mut Ahead) -> Result<String, Failure> {
        let first = match ahead.join_next().await {
            // A task is only ever aborted by dropping it, and the client does not panic.
            Some(joined) => joined.unwrap_or(Err(FetchError::Cancelled)),
            None => self.fetch().await,
        };
        let asked = readable(first, async || self.fetch().await).await;
        (0..asked.unreadable).for_each(|_| self.note(Anomaly::UnreadableDocument));
        asked.text.map_err(Failure::Fetch)
    }

    async fn fetch(&self) -> Result<Body, FetchError> {
        let parameters = self.request(&self.position, self.page_limit(self.remaining()));
        self.client.get(self.listing.path(), &parameters, self.context).await
    }

    /// Starts the request for the page after this one, unless there is none to come in this run.
    fn fetch_ahead(&self, after: &After, opened: &Opened<'_>, ahead: &mut Ahead) {
        let After::Next(position) = after else { return };
        let remaining = self.remaining().saturating_sub(self.count(opened));
        if remaining == 0 || self.context.cancel.is_requested() {
            return;
        }
        let parameters = self.request(position, self.page_limit(remaining));
        let (client, context, path) = (self.client.clone(), self.context.clone(), self.listing.path());
        ahead.spawn(async move { client.get(path, &parameters, &context).await });
    }

    /// Items that this page holds for this run.
    fn count(&self, opened: &Opened<'_>) -> u64 {
        let held = (opened.items.len() + opened.problems.len()).saturating_sub(self.skip());
        let held = held as u64;
        if self.listing.paging() == Paging::Number { held.min(self.remaining()) } else { held }
    }

    /// Where this page leads, with a note of anything odd about it.
    fn after(&mut self, opened: &Opened<'_>) -> After {
        let held = opened.items.len() + opened.problems.len();
        let limit = self.page_limit(self.remaining());
        if held == 0 && !self.position.is_inside() {
            self.note(Anomaly::EmptyFirstPage);
        }
        let taken = self.skip() + usize::try_from(self.count(opened)).unwrap_or(usize::MAX);
        match self.position.after(&opened.pagination, held, taken, limit) {
            None => {
                let is_cursor = self.listing.paging() == Paging::Cursor;
                if is_cursor && held >= limit as usize && !self.is_by_id() {
                    self.note(Anomaly::EndedOnFullPage);
                }
                After::End
            }
            Some(next) if next.text().is_some_and(|text| !self.positions_used.insert(text)) => {
                self.note(Anomaly::CursorRepeated);
                After::End
            }
            Some(next) => {
                if held == 0 {
                    self.note(Anomaly::EmptyPage);
                }
                After::Next(next)
            }
        }
    }

    /// Whether the listing names its items, so that a full page says nothing.
    fn is_by_id(&self) -> bool {
        match self.listing {
            Listing::Images(filter) => filter.image.is_some(),
            Listing::Models(filter) => !filter.ids.is_empty(),
            Listing::Creators { .. } | Listing::Tags { .. } => false,
        }
    }

    fn commit(&mut self, catalog: &mut Catalog, opened: &Opened<'_>, after: After) -> Result<(), Failure> {
        let (kind, meta_request) = match self.listing {
            Listing::Images(_) => (ItemKind::Image, MetaRequest::Asked),
            Listing::Models(_) => (ItemKind::Model, MetaRequest::NotAsked),
            Listing::Creators { .. } => (ItemKind::Creator, MetaRequest::NotAsked),
            Listing::Tags { .. } => (ItemKind::Tag, MetaRequest::NotAsked),
        };
        let expected = Expected {
            kind,
            meta_request,
            returned_for: self.listing.version(),
            dialect: self.listing.dialect(),
            page: self.row.pages + 1,
            skip: self.skip(),
            take: usize::try_from(self.count(opened)).unwrap_or(usize::MAX),
        };
        let mut page = read_page(opened, expected, &mut self.report.tally)?;
        self.examine(&mut page);
        self.row.items += page.items;
        let is_over =
            self.listing.paging() == Paging::Number && self.barren_pages >= MAX_BARREN_NUMBERED_PAGES;
        self.advance(if is_over { After::End } else { after });
        self.write(catalog, page)
    }

    /// Notes repeated items and items that were not asked for.
    fn examine(&mut self, page: &mut ReadPage) {
        let mut brought_new = false;
        for record in &mut page.records {
            if self.items_seen.insert(raw_hash(&identity(&record.item))) {
                brought_new = true;
            } else {
                self.note(Anomaly::DuplicateItem);
            }
            if !satisfies(self.listing, &record.item) {
                self.note(Anomaly::FilterIgnored);
                forget_returned_for(&mut record.item);
            }
        }
        self.barren_pages = if brought_new { 0 } else { self.barren_pages + 1 };
        if !brought_new && page.items > 0 {
            self.note(Anomaly::NothingNew);
        }
    }

    fn advance(&mut self, after: After) {
        match after {
            After::Next(position) => {
                self.row.cursor = position.text();
                self.position = position;
            }
            After::End => {
                self.row.cursor = None;
                self.row.state = CrawlState::Done;
            }
        }
        self.row.pages += 1;
        self.row.updated_at = self.context.clock.now();
    }

    fn write(&mut self, catalog: &mut Catalog, page: ReadPage) -> Result<(), Failure> {
        let written = catalog.write(&self.batch(page.raw, page.records))?;
        self.report.tally.written.add(&written);
        self.report.pages += 1;
        self.report.walk_pages = self.row.pages;
        self.context.progress.advance(page.items);
        Ok(())
    }

    /// The site refuses the cursor that it gave: this branch is at its end, and nothing more will come of it.
    fn end_at_rejected_cursor(&mut self, catalog: &mut Catalog) -> Result<CrawlEnd, Failure> {
        self.note(Anomaly::CursorRejected);
        self.row.cursor = None;
        self.row.state = CrawlState::Done;
        self.row.updated_at = self.context.clock.now();
        catalog.write(&self.batch(RawBlock::pack(&[])?, Vec::new()))?;
        Ok(CrawlEnd::Finished)
    }

    fn batch(&self, raw: RawBlock, records: Vec<Record>) -> Batch {
        Batch {
            stage: "crawl",
            source: self.row.listing.clone(),
            at: self.row.updated_at,
            raw,
            records,
            crawl: Some(self.row.clone()),
        }
    }

    /// Counts an anomaly in the report of this run and in the row of this walk.
    fn note(&mut self, anomaly: Anomaly) {
        self.report.tally.note(anomaly);
        *self.row.coverage.entry(anomaly.as_str().to_owned()).or_default() += 1;
    }
}
