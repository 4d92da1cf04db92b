//! Brings a home up to date with the site, step by step.
//!
//! - In: a step, and how far to go. Out: what the step brought, and how it ended.
//! - Each step can be left out, bounded, killed and run again; an interrupted walk is finished before the next begins
//!   at the head, so that no gap stays between them.
//! - Never: a link. Whoever calls links before hashes are looked up, so that only those are asked for which nothing
//!   known explains.

mod due;
mod plan;
mod stale;

use std::collections::BTreeMap;
use std::fmt;

use crate::catalog::Catalog;
use crate::fetch::Client;
use crate::run::RunContext;

use super::error::CrawlError;
use super::listing::{CrawlOptions, crawl_listing};
use super::report::{CrawlEnd, CrawlReport, Tally};
use super::resolve::{ResolveKind, ResolveOptions, ResolveReport, resolve_unresolved};
use super::single::{Memory, SingleReport};
use super::words::Period;

pub use plan::{PlannedStep, plan};

/// One step of a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SyncStep {
    /// The newest images, until known ground.
    Images,
    /// Models with new versions, until known ground.
    Models,
    /// Models and versions that nobody asked for in a while, asked whether they have changed.
    Stale,
    /// Versions that images name and nobody here has seen.
    Versions,
    /// Hashes that images name and no file known here has.
    Hashes,
}

impl SyncStep {
    /// Every step, in the order in which they are taken.
    pub const ALL: [Self; 5] = [Self::Images, Self::Models, Self::Stale, Self::Versions, Self::Hashes];

    /// The word on the command line and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Models => "models",
            Self::Stale => "stale",
            Self::Versions => "versions",
            Self::Hashes => "hashes",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == word)
    }
}

impl fmt::Display for SyncStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncOptions {
    /// Days after which a model is asked for again.
    pub stale_days: u32,
    /// Stop each step after so many items.
    pub max_items: Option<u64>,
    /// How far back the newest images and models may lie; `None` for as far as the last time, or a day at first.
    pub period: Option<Period>,
    /// Items a page; `None` for as many as the API gives.
    pub page_limit: Option<u32>,
    /// Whether earlier answers spare questions.
    pub memory: Memory,
}

impl Default for SyncOptions {
    /// Everything, and models again after thirty days.
    fn default() -> Self {
        Self { stale_days: 30, max_items: None, period: None, page_limit: None, memory: Memory::Used }
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepEnd {
    /// There is nothing more to do.
    Done,
    /// As many items as asked for; running again goes on.
    EnoughItems,
    /// Asked to stop; running again goes on.
    Interrupted,
    /// No more requests or bytes are allowed; running again goes on.
    BudgetSpent,
    /// The site led nowhere; running again goes on.
    Stalled,
    /// An error; running again goes on.
    Failed,
}

impl StepEnd {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::EnoughItems => "enough",
            Self::Interrupted => "interrupted",
            Self::BudgetSpent => "budget",
            Self::Stalled => "stalled",
            Self::Failed => "failed",
        }
    }

    /// Whether further steps make sense.
    pub fn lets_go_on(self) -> bool {
        matches!(self, Self::Done | Self::EnoughItems | Self::Stalled)
    }
}

/// What one step did.
#[derive(Debug)]
pub struct StepReport {
    /// Which.
    pub step: SyncStep,
    /// How it ended.
    pub end: StepEnd,
    /// What became of what it looked at, by name.
    pub counts: BTreeMap<&'static str, u64>,
    /// Things that are known to be left for the next run.
    pub left: u64,
    /// Everything counted.
    pub tally: Tally,
    /// Why it failed, if it did.
    pub failure: Option<CrawlError>,
}

/// Takes one step.
///
/// A failure of the site is part of the report, because what was committed before it stays.
///
/// # Errors
///
/// [`CrawlError::Catalog`].
pub async fn sync_step(
    client: &Client,
    catalog: &mut Catalog,
    step: SyncStep,
    options: &SyncOptions,
    context: &RunContext,
) -> Result<StepReport, CrawlError> {
    let before = client.traffic();
    let mut report = match step {
        SyncStep::Images | SyncStep::Models => newest(client, catalog, step, options, context).await,
        SyncStep::Stale => stale::stale(client, catalog, options, context).await,
        SyncStep::Versions | SyncStep::Hashes => unresolved(client, catalog, step, options, context).await,
    }?;
    report.tally.set_traffic(before, client.traffic());
    Ok(report)
}

/// The counts of several steps together, their traffic left out.
pub fn total(reports: &[StepReport]) -> Tally {
    let mut total = Tally::default();
    reports.iter().for_each(|report| total.add(report.tally.clone()));
    total
}

/// Walks what an earlier run left, and then from the head to known ground.
async fn newest(
    client: &Client,
    catalog: &mut Catalog,
    step: SyncStep,
    options: &SyncOptions,
    context: &RunContext,
) -> Result<StepReport, CrawlError> {
    let mut report = StepReport::new(step);
    report.counts.insert("pages", 0);
    for wanted in due::walks(catalog, client.base(), step, options.period, context.clock.now())? {
        let max_items = options.max_items.map(|most| most.saturating_sub(report.tally.items));
        let walk = CrawlOptions {
            max_items,
            page_limit: options.page_limit,
            stop_at_known_ground: wanted.reach == due::Reach::KnownGround,
            ..CrawlOptions::ALL
        };
        match crawl_listing(client, catalog, &wanted.listing, &walk, context).await {
            Ok(walked) => report.add_walk(&walked),
            Err(error) => report.fail(error)?,
        }
        if report.end != StepEnd::Done {
            break;
        }
    }
    Ok(report)
}

async fn unresolved(
    client: &Client,
    catalog: &mut Catalog,
    step: SyncStep,
    options: &SyncOptions,
    context: &RunContext,
) -> Result<StepReport, CrawlError> {
    let mut report = StepReport::new(step);
    match resolve_unresolved(client, catalog, &resolve_options(step, options), context).await {
        Ok(resolved) => report.add_resolved(&resolved),
        Err(error) => report.fail(error)?,
    }
    Ok(report)
}

/// What a step of look-ups asks for.
fn resolve_options(step: SyncStep, options: &SyncOptions) -> ResolveOptions {
    let kind = if step == SyncStep::Hashes { ResolveKind::Hash } else { ResolveKind::Version };
    ResolveOptions { kind: Some(kind), max_items: options.max_items, memory: options.memory }
}

impl StepReport {
    fn new(step: SyncStep) -> Self {
        Self {
            step,
            end: StepEnd::Done,
            counts: BTreeMap::new(),
            left: 0,
            tally: Tally::default(),
            failure: None,
        }
    }

    /// Takes what was done before an error; an error of the catalog ends everything.
    fn fail(&mut self, error: CrawlError) -> Result<(), CrawlError> {
        match &error {
            CrawlError::Page { report, .. }
            | CrawlError::Document { report, .. }
            | CrawlError::FilterIgnored { report }
            | CrawlError::ItemTooLarge { report, .. } => self.add_walk(report),
            CrawlError::Single { report, .. } => self.add_singles(report),
            CrawlError::Resolve { report, .. } => self.add_resolved(report),
            _ => return Err(error),
        }
        self.end = StepEnd::Failed;
        self.failure = Some(error);
        Ok(())
    }

    fn add_walk(&mut self, walked: &CrawlReport) {
        *self.counts.entry("pages").or_default() += walked.pages;
        self.tally.add(walked.tally.clone());
        self.end = match walked.end {
            CrawlEnd::Finished if walked.met_dead_end() => StepEnd::Stalled,
            CrawlEnd::Finished | CrawlEnd::KnownGround | CrawlEnd::Until => StepEnd::Done,
            CrawlEnd::EnoughItems => StepEnd::EnoughItems,
            CrawlEnd::Interrupted => StepEnd::Interrupted,
            CrawlEnd::BudgetSpent => StepEnd::BudgetSpent,
            CrawlEnd::Stalled => StepEnd::Stalled,
            CrawlEnd::Failed => StepEnd::Failed,
        };
    }

    fn add_singles(&mut self, asked: &SingleReport) {
        let lists = [
            ("found", asked.found.len()),
            ("unchanged", asked.unchanged.len()),
            ("not found", asked.absent.len() + asked.impossible.len()),
            ("spared", asked.spared.len()),
            ("failed", asked.failed.len()),
        ];
        for (name, count) in lists {
            *self.counts.entry(name).or_default() += count as u64;
        }
        self.tally.add(asked.tally.clone());
        self.stop_early(asked.interrupted, asked.budget_spent);
    }

    fn add_resolved(&mut self, resolved: &ResolveReport) {
        for outcomes in [resolved.hashes, resolved.versions] {
            let parts = [
                ("found", outcomes.found),
                ("not found", outcomes.absent),
                ("wrong", outcomes.wrong),
                ("failed", outcomes.failed),
            ];
            for (name, count) in parts {
                *self.counts.entry(name).or_default() += count;
            }
        }
        self.counts.insert("spared", resolved.spared);
        self.left = resolved.left;
        self.tally.add(resolved.tally.clone());
        if resolved.left > 0 {
            self.end = StepEnd::EnoughItems;
        }
        self.stop_early(resolved.interrupted, resolved.budget_spent);
    }

    fn stop_early(&mut self, interrupted: bool, budget_spent: bool) {
        if interrupted {
            self.end = StepEnd::Interrupted;
        } else if budget_spent {
            self.end = StepEnd::BudgetSpent;
        }
    }
}
