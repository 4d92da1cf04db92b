//! Walks one listing from where it stands to its end, a page and a transaction at a time.
//!
//! The next page is fetched while the present one is converted and committed. A page commits together with the
//! position after it, so a run can be killed anywhere and the same line goes on. What a page means is decided in
//! `walk.rs`; here it is fetched, read and committed.

mod begin;
mod recover;

use tokio::task::JoinSet;

use crate::catalog::{Batch, Catalog, CatalogError, CrawlState, CrawlStep, RawBlock, Record};
use crate::entity::Timestamp;
use crate::fetch::{Body, Client, FetchError, Traffic};
use crate::run::{Counted, RunContext};
use crate::source::civitai::{DocumentError, ItemKind, MetaRequest, Opened, open};

use super::document::readable;
use super::error::CrawlError;
use super::page::{Expected, ReadPage, forget_returned_for, read_page};
use super::plan::{Listing, Paging};
use super::report::{Anomaly, CrawlEnd, CrawlReport, EndReason, ItemFailure, Tally};
use super::sight::Sight;
use super::walk::{Ask, MAX_BARREN_PAGES, Shown, Walk};
use begin::{Errand, begin};
pub(super) use begin::{renewal_key, row_key};

/// How often an empty page without a cursor is asked for again where the site's database answers.
const EMPTY_PAGE_RETRIES: u32 = 2;

/// Items in a row that may be too large for any page.
const MAX_STEPPED_OVER: u32 = 20;

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
/// [`CrawlError::FilterIgnored`] when the site gives other items than asked for, [`CrawlError::ItemTooLarge`],
/// [`CrawlError::Catalog`]. Pages committed before stay.
pub async fn crawl_listing(
    client: &Client,
    catalog: &mut Catalog,
    listing: &Listing,
    options: &CrawlOptions,
    context: &RunContext,
) -> Result<CrawlReport, CrawlError> {
    drive(client, catalog, listing, options, context, Errand::Take).await
}

/// Walks `listing` a second time in pages shifted by half a page, so that every join between two pages of the first
/// walk lies inside a page of this one, and stores what the first walk lacks.
///
/// The second walk has a row of its own and is resumed like the first. Where the items of a listing cannot contradict
/// its filter, its head is held against the head of the listing without the filter.
///
/// # Errors
///
/// As [`crawl_listing`]; [`CrawlError::NeverCrawled`] when there is no first walk.
pub async fn verify_listing(
    client: &Client,
    catalog: &mut Catalog,
    listing: &Listing,
    options: &CrawlOptions,
    context: &RunContext,
) -> Result<CrawlReport, CrawlError> {
    drive(client, catalog, listing, options, context, Errand::Verify).await
}

async fn drive(
    client: &Client,
    catalog: &mut Catalog,
    listing: &Listing,
    options: &CrawlOptions,
    context: &RunContext,
    errand: Errand,
) -> Result<CrawlReport, CrawlError> {
    let begun = begin(client, catalog, listing, options, context, errand)?;
    let key = listing.key(client.base());
    let mut run = Run {
        client,
        listing,
        key,
        options: *options,
        context,
        walk: begun.walk,
        tally: Tally::default(),
        pages: 0,
        barren_pages: 0,
        stepped_over: 0,
    };
    let before = client.traffic();
    context.progress.begin("crawl", options.max_items);
    let walked = run.run(catalog, errand).await;
    context.progress.end();
    let mut report = run.report(before, begun.is_resumed, begun.is_restarted);
    match walked {
        Ok(end) => {
            report.end = end;
            Ok(report)
        }
        Err(Failure::Fetch(FetchError::Cancelled)) => {
            report.end = CrawlEnd::Interrupted;
            Ok(report)
        }
        Err(Failure::Fetch(FetchError::BudgetSpent { .. })) => {
            report.end = CrawlEnd::BudgetSpent;
            Ok(report)
        }
        Err(Failure::Fetch(source)) => Err(CrawlError::Page { report: Box::new(report), source }),
        Err(Failure::Document(source)) => Err(CrawlError::Document { report: Box::new(report), source }),
        Err(Failure::TooLarge(source)) => Err(CrawlError::ItemTooLarge { report: Box::new(report), source }),
        Err(Failure::FilterIgnored) => Err(CrawlError::FilterIgnored { report: Box::new(report) }),
        Err(Failure::Catalog(error)) => Err(error.into()),
    }
}

/// One run over one listing.
struct Run<'a> {
    client: &'a Client,
    listing: &'a Listing,
    key: String,
    options: CrawlOptions,
    context: &'a RunContext,
    walk: Walk,
    tally: Tally,
    pages: u64,
    barren_pages: u32,
    stepped_over: u32,
}

/// Why a walk ends before its time.
enum Failure {
    Fetch(FetchError),
    Document(DocumentError),
    TooLarge(FetchError),
    FilterIgnored,
    Catalog(CatalogError),
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        Self::Catalog(error)
    }
}

/// What is being fetched in the background. Dropping it stops the request.
#[derive(Default)]
struct Ahead {
    ask: Option<Ask>,
    task: JoinSet<Result<Body, FetchError>>,
}

impl Run<'_> {
    async fn run(&mut self, catalog: &mut Catalog, errand: Errand) -> Result<CrawlEnd, Failure> {
        let mut ahead = Ahead::default();
        if errand == Errand::Verify {
            self.compare_heads().await?;
        }
        loop {
            while let Some(owed) = self.walk.owed() {
                self.recover(catalog, &owed).await?;
            }
            if let Some(end) = self.end()? {
                return Ok(end);
            }
            let ask = self.walk.ask(self.remaining());
            match self.page(catalog, &ask, &mut ahead).await {
                Ok(()) => self.stepped_over = 0,
                Err(Failure::Fetch(error)) => {
                    if let Some(end) = self.survive(catalog, &ask, error)? {
                        return Ok(end);
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Why to stop here, if so.
    fn end(&self) -> Result<Option<CrawlEnd>, Failure> {
        let is_done = self.walk.row.state == CrawlState::Done;
        Ok(match self.walk.end_reason() {
            Some(EndReason::FilterIgnored) if is_done => return Err(Failure::FilterIgnored),
            Some(EndReason::Until) if is_done => Some(CrawlEnd::Until),
            Some(EndReason::KnownGround) if is_done => Some(CrawlEnd::KnownGround),
            _ if is_done => Some(CrawlEnd::Finished),
            _ if self.context.cancel.is_requested() => Some(CrawlEnd::Interrupted),
            _ if self.remaining() == 0 => Some(CrawlEnd::EnoughItems),
            _ => (self.barren_pages >= MAX_BARREN_PAGES).then_some(CrawlEnd::Stalled),
        })
    }

    /// Goes on after a request that failed for good, where there is a way.
    fn survive(
        &mut self,
        catalog: &mut Catalog,
        ask: &Ask,
        error: FetchError,
    ) -> Result<Option<CrawlEnd>, Failure> {
        match error {
            FetchError::TooLarge { .. } if self.walk.shrink(ask.limit) => {
                self.tally.note(Anomaly::PageTooLarge);
                Ok(None)
            }
            FetchError::TooLarge { .. } => {
                self.stepped_over += 1;
                let name = (self.stepped_over <= MAX_STEPPED_OVER).then(|| self.walk.step_over()).flatten();
                let Some(name) = name else { return Err(Failure::TooLarge(error)) };
                self.tally.note(Anomaly::ItemTooLarge);
                let reason = format!("{name} of the listing is too large to take");
                self.tally.fail(ItemFailure { page: self.walk.row.pages + 1, position: 0, reason });
                Ok(None)
            }
            FetchError::Rejected { status: 400, .. } if ask.position.is_inside() => {
                self.note(Anomaly::CursorRejected);
                self.cut_off(catalog, EndReason::CursorRejected)
            }
            FetchError::PageCap { .. } if ask.position.is_inside() => {
                self.cut_off(catalog, EndReason::PageCap)
            }
            error => Err(Failure::Fetch(error)),
        }
    }

    /// Ends the walk without a page; what is owed is still asked for.
    fn cut_off(&mut self, catalog: &mut Catalog, reason: EndReason) -> Result<Option<CrawlEnd>, Failure> {
        self.walk.cut_off(reason, self.context.clock.now());
        self.commit_row(catalog)?;
        Ok(None)
    }

    /// Fetches, reads and commits one page.
    async fn page(&mut self, catalog: &mut Catalog, ask: &Ask, ahead: &mut Ahead) -> Result<(), Failure> {
        let text = self.whole_document(ask, ahead).await?;
        let opened = open(&text).map_err(Failure::Document)?;
        let held = opened.items.len() + opened.problems.len();
        let stands = ask.position.is_inside() && !self.walk.stands_still();
        if stands && self.walk.is_suspicious(held, &opened.pagination) {
            self.tally.note(Anomaly::EmptyPageTimeout);
            self.walk.stand_still(self.context.clock.now());
            self.commit_row(catalog)?;
            self.barren_pages = MAX_BARREN_PAGES;
            return Ok(());
        }
        let items = self.count(ask, held);
        let taken = ask.skip() + usize::try_from(items).unwrap_or(usize::MAX);
        self.fetch_ahead(ask, &opened, held, taken, items, ahead);
        let page = self.read(&opened, ask, items)?;
        self.take(catalog, ask, &opened, page, held, taken)
    }

    /// Items that this run may still take.
    fn remaining(&self) -> u64 {
        self.options.max_items.map_or(u64::MAX, |most| most.saturating_sub(self.tally.items))
    }

    /// Items that a page holds for this run.
    fn count(&self, ask: &Ask, held: usize) -> u64 {
        let held = held.saturating_sub(ask.skip()) as u64;
        if self.listing.paging() == Paging::Number { held.min(self.remaining()) } else { held }
    }

    /// The text of a page; asked for again while it is empty and should perhaps not be.
    async fn whole_document(&mut self, ask: &Ask, ahead: &mut Ahead) -> Result<String, Failure> {
        let mut text = self.document(ask, ahead).await?;
        if !self.walk.may_time_out() {
            return Ok(text);
        }
        for tried in 0..=EMPTY_PAGE_RETRIES {
            let is_empty = open(&text).is_ok_and(|opened| {
                let held = opened.items.len() + opened.problems.len();
                self.walk.is_suspicious(held, &opened.pagination)
            });
            if !is_empty {
                if tried > 0 {
                    self.note(Anomaly::EmptyPagePassed);
                }
                break;
            }
            if tried < EMPTY_PAGE_RETRIES {
                text = self.document(ask, ahead).await?;
            }
        }
        Ok(text)
    }

    /// The text fetched ahead, else fetched now; again while it cannot be read.
    async fn document(&mut self, ask: &Ask, ahead: &mut Ahead) -> Result<String, Failure> {
        let is_ahead = ahead.ask.take().is_some_and(|asked| asked == *ask);
        if !is_ahead {
            ahead.task = JoinSet::new();
        }
        let first = match ahead.task.join_next().await {
            // A task is only ever aborted by dropping it, and the client does not panic.
            Some(joined) => joined.unwrap_or(Err(FetchError::Cancelled)),
            None => self.fetch(ask).await,
        };
        let asked = readable(first, async || self.fetch(ask).await).await;
        (0..asked.unreadable).for_each(|_| self.note(Anomaly::UnreadableDocument));
        asked.text.map_err(Failure::Fetch)
    }

    async fn fetch(&self, ask: &Ask) -> Result<Body, FetchError> {
        self.client.get(self.listing.path(), &self.parameters(ask), self.context).await
    }

    fn parameters(&self, ask: &Ask) -> Vec<(String, String)> {
        let mut parameters = self.listing.parameters();
        parameters.extend(ask.parameters());
        parameters
    }

    /// Starts the request for the page after this one, unless there is none to come in this run, or only the items of
    /// this page will tell.
    fn fetch_ahead(
        &self,
        ask: &Ask,
        opened: &Opened<'_>,
        held: usize,
        taken: usize,
        items: u64,
        ahead: &mut Ahead,
    ) {
        let remaining = self.remaining().saturating_sub(items);
        let may_stop = self.options.until.is_some() || self.options.stop_at_known_ground;
        if may_stop || remaining == 0 || self.context.cancel.is_requested() {
            return;
        }
        let next = self.walk.ask_after(ask, &opened.pagination, held, taken, items, remaining);
        let Some(next) = next else { return };
        let parameters = self.parameters(&next);
        let (client, context, path) = (self.client.clone(), self.context.clone(), self.listing.path());
        ahead.ask = Some(next);
        ahead.task.spawn(async move { client.get(path, &parameters, &context).await });
    }

    fn read(&mut self, opened: &Opened<'_>, ask: &Ask, items: u64) -> Result<ReadPage, Failure> {
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
            page: self.walk.row.pages + 1,
            skip: ask.skip(),
            take: usize::try_from(items).unwrap_or(usize::MAX),
            versions: self.listing.version_list(),
        };
        Ok(read_page(opened, expected, &mut self.tally)?)
    }

    /// Decides what a page means, and commits it.
    fn take(
        &mut self,
        catalog: &mut Catalog,
        ask: &Ask,
        opened: &Opened<'_>,
        mut page: ReadPage,
        held: usize,
        taken: usize,
    ) -> Result<(), Failure> {
        let sights: Vec<Sight> = page.records.iter().map(|record| Sight::of(record, self.listing)).collect();
        for (record, sight) in page.records.iter_mut().zip(&sights) {
            if !sight.satisfies {
                forget_returned_for(&mut record.item);
            }
        }
        let turn = self.walk.turn(&Shown {
            ask,
            pagination: &opened.pagination,
            held,
            taken,
            items: page.items,
            failed: page.items.saturating_sub(sights.len() as u64),
            sights: &sights,
            is_known_ground: self.options.stop_at_known_ground && all_known(catalog, &page.records)?,
            until: self.options.until,
            at: self.context.clock.now(),
        });
        turn.notes.iter().for_each(|note| self.tally.note(*note));
        self.barren_pages = if turn.page.fresh > 0 { 0 } else { self.barren_pages + 1 };
        self.pages += 1;
        let (items, failed) = (page.items, turn.page.failed);
        self.commit(catalog, page.raw, page.records, Some(turn.page))?;
        self.context.progress.advance(items);
        self.context.progress.count(Counted::Failure, failed);
        self.context.progress.count(Counted::Page, 1);
        Ok(())
    }

    fn commit_row(&mut self, catalog: &mut Catalog) -> Result<(), Failure> {
        self.commit(catalog, RawBlock::pack(&[])?, Vec::new(), None)
    }

    fn commit(
        &mut self,
        catalog: &mut Catalog,
        raw: RawBlock,
        records: Vec<Record>,
        page: Option<crate::catalog::CrawlPage>,
    ) -> Result<(), Failure> {
        let batch = Batch {
            stage: "crawl",
            source: self.key.clone(),
            at: self.walk.row.updated_at,
            raw,
            records,
            crawl: Some(CrawlStep { row: self.walk.row.clone(), page }),
        };
        self.tally.written.add(&catalog.write(&batch)?);
        Ok(())
    }

    /// Counts an anomaly in the report of this run and in the row of this walk.
    fn note(&mut self, anomaly: Anomaly) {
        self.tally.note(anomaly);
        self.walk.note(anomaly);
    }

    fn report(self, before: Traffic, resumed: bool, restarted: bool) -> CrawlReport {
        let mut tally = self.tally;
        tally.set_traffic(before, self.client.traffic());
        CrawlReport {
            listing: self.walk.row.listing.clone(),
            words: self.listing.to_string(),
            end: CrawlEnd::Failed,
            end_reason: self.walk.end_reason(),
            counts: self.walk.row.counts.clone(),
            base_joins: self.walk.base_joins(),
            parts: None,
            resumed,
            restarted,
            pages: self.pages,
            walk_pages: self.walk.row.pages,
            tally,
        }
    }
}

fn all_known(catalog: &Catalog, records: &[Record]) -> Result<bool, CatalogError> {
    for record in records {
        if !catalog.knows(&record.item)? {
            return Ok(false);
        }
    }
    Ok(!records.is_empty())
}
