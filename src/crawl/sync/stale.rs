//! Asks again for what nobody asked for in a while.
//!
//! What the site has given validators for is asked whether it has changed. Other models come a hundred at a time, and
//! only those that are missing then are asked for one by one, so that it is known whether they are gone.

use crate::catalog::{AnswerNotes, Batch, Catalog, LookupKind, LookupOutcome};
use crate::entity::{Item, ModelId, Timestamp};
use crate::fetch::{Client, FetchError, SafeUrl};
use crate::run::RunContext;
use crate::source::civitai::{ItemKind, MetaRequest, open};

use super::super::context::VersionList;
use super::super::error::CrawlError;
use super::super::estimate::Requests;
use super::super::lookup::{Asker, Place, Question, Reply, lookup, notes};
use super::super::page::{Expected, read_page};
use super::super::plan::{Listing, ModelFilter};
use super::super::report::Anomaly;
use super::super::single::{Failure, Memory, Single, SingleReport, crawl_single_with};
use super::{StepEnd, StepReport, SyncOptions, SyncStep, due};

/// Models that one request asks for.
const BATCH: usize = 100;

/// What is stale, by the way in which it is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stale {
    /// Models to be asked for together.
    together: Vec<ModelId>,
    /// The rest.
    alone: Vec<Single>,
    /// How many more there are than were asked for.
    pub(super) beyond: u64,
}

impl Stale {
    /// Draws up what is stale at `now`.
    pub(super) fn draw_up(
        catalog: &Catalog,
        base: &SafeUrl,
        options: &SyncOptions,
        now: Timestamp,
    ) -> crate::catalog::Result<Self> {
        let (singles, beyond) = due::stale(catalog, options, now)?;
        let mut stale = Self { beyond, ..Self::default() };
        for single in singles.into_iter().filter(|single| single.is_possible()) {
            let is_known =
                options.memory == Memory::Used && catalog.url_mark(&single.question().url(base))?.is_some();
            match single {
                Single::Model(model) if !is_known => stale.together.push(model),
                single => stale.alone.push(single),
            }
        }
        Ok(stale)
    }

    pub(super) fn items(&self) -> u64 {
        (self.together.len() + self.alone.len()) as u64
    }

    /// How many requests they cost: models that are gone cost one more each.
    pub(super) fn requests(&self) -> Requests {
        let batches = self.together.len().div_ceil(BATCH) as u64;
        let alone = self.alone.len() as u64;
        let most = batches.saturating_add(self.together.len() as u64);
        Requests { least: batches, most: Some(most) }.plus(Requests::exactly(alone))
    }
}

/// Takes the step.
pub(super) async fn stale(
    client: &Client,
    catalog: &mut Catalog,
    options: &SyncOptions,
    context: &RunContext,
) -> Result<StepReport, CrawlError> {
    let mut report = StepReport::new(SyncStep::Stale);
    let mut stale = Stale::draw_up(catalog, client.base(), options, context.clock.now())?;
    let items = stale.items();
    let mut asked = SingleReport::default();
    let ended = together(client, catalog, &mut stale, &mut asked, context).await;
    report.add_singles(&asked);
    match ended {
        Ok(()) if asked.interrupted || asked.budget_spent => {}
        Ok(()) => match crawl_single_with(client, catalog, &stale.alone, options.memory, context).await {
            Ok(alone) => report.add_singles(&alone),
            Err(error) => report.fail(error)?,
        },
        Err(Failure::Catalog(error)) => return Err(error.into()),
        Err(Failure::Fetch(source)) => {
            let what = "a batch of models".to_owned();
            report.fail(CrawlError::Single { what, report: Box::default(), source })?;
        }
    }
    let done: u64 = report.counts.values().sum();
    report.left = stale.beyond + items.saturating_sub(done);
    if stale.beyond > 0 && report.end == StepEnd::Done {
        report.end = StepEnd::EnoughItems;
    }
    Ok(report)
}

/// Asks for models together, and puts those that did not come among those to be asked for alone.
async fn together(
    client: &Client,
    catalog: &mut Catalog,
    stale: &mut Stale,
    asked: &mut SingleReport,
    context: &RunContext,
) -> Result<(), Failure> {
    let mut asker = Asker::new(client, context);
    let all = std::mem::take(&mut stale.together);
    context.progress.begin("crawl", Some(all.len() as u64));
    let ended = each_batch(&mut asker, catalog, &all, &mut stale.alone, asked).await;
    context.progress.end();
    match ended {
        Err(Failure::Fetch(FetchError::Cancelled)) => asked.interrupted = true,
        Err(Failure::Fetch(FetchError::BudgetSpent { .. })) => asked.budget_spent = true,
        ended => return ended,
    }
    Ok(())
}

async fn each_batch(
    asker: &mut Asker<'_>,
    catalog: &mut Catalog,
    all: &[ModelId],
    alone: &mut Vec<Single>,
    asked: &mut SingleReport,
) -> Result<(), Failure> {
    for (page, batch) in (1..).zip(all.chunks(BATCH)) {
        if asker.context.cancel.is_requested() {
            return Err(FetchError::Cancelled.into());
        }
        let found = one_batch(asker, catalog, batch, page, asked).await?;
        alone.extend(batch.iter().filter(|model| !found.contains(model)).copied().map(Single::Model));
        asker.context.progress.advance(found.len() as u64);
        asked.found.extend(found.into_iter().map(Single::Model));
    }
    Ok(())
}

/// Asks for up to a hundred models, commits what comes, and gives their numbers.
async fn one_batch(
    asker: &mut Asker<'_>,
    catalog: &mut Catalog,
    batch: &[ModelId],
    page: u64,
    asked: &mut SingleReport,
) -> Result<Vec<ModelId>, Failure> {
    let listing = Listing::Models(ModelFilter { ids: batch.to_vec(), ..ModelFilter::default() });
    let mut parameters = listing.parameters();
    parameters.push(("limit".to_owned(), listing.max_page_limit().to_string()));
    let question = Question { path: listing.path().to_owned(), parameters };
    let url = question.url(asker.client.base());
    let reply = asker.ask(&question, None, Place::BeforeOthers, &mut asked.tally).await?;
    let Reply::Document { text, .. } = reply else { return Ok(Vec::new()) };
    let Ok(opened) = open(&text) else { return Ok(Vec::new()) };
    let expected = Expected {
        kind: ItemKind::Model,
        meta_request: MetaRequest::NotAsked,
        returned_for: None,
        dialect: None,
        page,
        skip: 0,
        take: usize::MAX,
        versions: VersionList::Whole,
    };
    let mut read = read_page(&opened, expected, &mut asked.tally)?;
    let received = read.records.len();
    let number = |item: &Item| match item {
        Item::Model(model, _) if batch.contains(&model.id) => Some(model.id),
        _ => None,
    };
    read.records.retain(|record| number(&record.item).is_some());
    for _ in read.records.len()..received {
        asked.tally.note(Anomaly::FilterIgnored);
    }
    let mut found: Vec<ModelId> = read.records.iter().filter_map(|record| number(&record.item)).collect();
    found.sort_unstable();
    found.dedup();
    let at = asker.context.clock.now();
    let rows = found.iter().map(|model| lookup(LookupKind::Model, model, at, LookupOutcome::Found));
    let notes: AnswerNotes = notes(rows.collect());
    let batch = Batch { stage: "crawl", source: url, at, raw: read.raw, records: read.records, crawl: None };
    asked.tally.written.add(&catalog.write_answer(&batch, &notes)?);
    Ok(found)
}
