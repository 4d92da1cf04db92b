//! Looks up what images name and nobody here knows: hashes and versions, most valuable first.
//!
//! - In: the catalog's unresolved resources. Out: versions in the catalog, and what each question came to.
//! - Each answer commits by itself, with what it says of the question, so that a killed run repeats nothing.
//! - Never: a link. Linking does that afterwards, from what the versions list; an answer that does not list the hash
//!   it was given for is kept as a version, and not as an answer.

mod agenda;
mod batch;
mod hash;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, LookupOutcome};
use crate::entity::{HexHash, VersionId};
use crate::fetch::{Client, FetchError};
use crate::run::{Counted, RunContext};

use super::error::CrawlError;
use super::lookup::{Asker, Place};
use super::report::{ItemFailure, Tally};
use super::single::{Failure, Fate, Memory, Single, one};

pub use agenda::{Agenda, Target, Wanted, Way};
pub use batch::BatchTally;

/// Wrong answers that are kept by name; the others are only counted.
const MAX_WRONG_KEPT: usize = 20;

/// What to look up, and how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResolveOptions {
    /// Only hashes, or only versions.
    pub kind: Option<ResolveKind>,
    /// Stop after so many hashes and versions; the most valuable ones come first.
    pub max_items: Option<u64>,
    /// Whether earlier answers spare questions.
    pub memory: Memory,
}

/// A kind of unresolved thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolveKind {
    /// Hashes that no file known here has.
    Hash,
    /// Versions that images name by number.
    Version,
}

/// What became of the targets of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// The version is in the catalog now, and lists the hash.
    pub found: u64,
    /// The site has none, or shows none.
    pub absent: u64,
    /// The site answered with something else.
    pub wrong: u64,
    /// Nothing usable came.
    pub failed: u64,
}

impl Outcomes {
    /// All that were looked up.
    pub fn total(self) -> u64 {
        self.found + self.absent + self.wrong + self.failed
    }

    fn count(&mut self, outcome: LookupOutcome) {
        match outcome {
            LookupOutcome::Found => self.found += 1,
            LookupOutcome::Absent => self.absent += 1,
            LookupOutcome::Wrong => self.wrong += 1,
            LookupOutcome::Failed => self.failed += 1,
        }
    }
}

/// A version that came for a hash which none of its files has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WrongAnswer {
    /// The hash that was asked for.
    pub hash: HexHash,
    /// What came.
    pub version: VersionId,
}

/// What a run of look-ups did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolveReport {
    /// Hashes looked up.
    pub hashes: Outcomes,
    /// Versions looked up.
    pub versions: Outcomes,
    /// What the batches of SHA-256 brought.
    pub batches: BatchTally,
    /// Unresolved things that this run did not come to: beyond the most asked for, or behind where it ended.
    pub left: u64,
    /// Not asked for: hashes that no file is known by.
    pub junk: u64,
    /// Not asked for: hashes of a length that the site cannot look up.
    pub odd_length: u64,
    /// Not asked for: numbers that the site cannot have given out.
    pub impossible: u64,
    /// Not asked for: an answer of the last days spares it.
    pub spared: u64,
    /// The first twenty wrong answers, in the order met.
    pub wrong_answers: Vec<WrongAnswer>,
    /// Whether the run was asked to stop before it was through.
    pub interrupted: bool,
    /// Whether the run ended because no more requests or bytes are allowed.
    pub budget_spent: bool,
    /// Everything counted.
    pub tally: Tally,
}

/// Looks up what is unresolved: SHA-256 in batches, everything else one by one.
///
/// # Errors
///
/// [`CrawlError::Resolve`] when the site cannot be reached, refuses, or fails at three targets in a row for all tries;
/// [`CrawlError::Catalog`]. What was committed before stays, and running again goes on.
pub async fn resolve_unresolved(
    client: &Client,
    catalog: &mut Catalog,
    options: &ResolveOptions,
    context: &RunContext,
) -> Result<ResolveReport, CrawlError> {
    let before = client.traffic();
    let agenda = Agenda::draw_up(catalog, options, context.clock.now())?;
    context.progress.begin("resolve", Some(agenda.wanted.len() as u64));
    let mut run = Run::new(client, catalog, &agenda, options.memory, context);
    let ended = run.go(&agenda).await;
    context.progress.end();
    let mut report = run.report;
    report.left =
        agenda.beyond + agenda.wanted.len() as u64 - report.hashes.total() - report.versions.total();
    report.tally.set_traffic(before, client.traffic());
    match ended {
        Ok(()) => Ok(report),
        Err((_, Failure::Fetch(FetchError::Cancelled))) => Ok(ResolveReport { interrupted: true, ..report }),
        Err((_, Failure::Fetch(FetchError::BudgetSpent { .. }))) => {
            Ok(ResolveReport { budget_spent: true, ..report })
        }
        Err((what, Failure::Fetch(source))) => {
            Err(CrawlError::Resolve { what, report: Box::new(report), source })
        }
        Err((_, Failure::Catalog(error))) => Err(error.into()),
    }
}

/// One run over an agenda.
struct Run<'a> {
    asker: Asker<'a>,
    catalog: &'a mut Catalog,
    memory: Memory,
    /// What this run has fetched, so that it is not fetched again for another hash.
    fetched: BTreeSet<VersionId>,
    report: ResolveReport,
}

impl<'a> Run<'a> {
    fn new(
        client: &'a Client,
        catalog: &'a mut Catalog,
        agenda: &Agenda,
        memory: Memory,
        context: &'a RunContext,
    ) -> Self {
        let report = ResolveReport {
            junk: agenda.junk,
            odd_length: agenda.odd_length,
            impossible: agenda.impossible,
            spared: agenda.spared,
            ..ResolveReport::default()
        };
        let asker = Asker::new(client, context);
        Self { asker, catalog, memory, fetched: BTreeSet::new(), report }
    }

    /// Goes through the agenda; fails with the name of what it failed at.
    async fn go(&mut self, agenda: &Agenda) -> Result<(), (String, Failure)> {
        let named =
            self.batches(agenda).await.map_err(|failure| ("a batch of hashes".to_owned(), failure))?;
        for (position, wanted) in agenda.wanted.iter().enumerate() {
            let place = if position + 1 == agenda.wanted.len() { Place::Last } else { Place::BeforeOthers };
            self.target(wanted, &named, position as u64 + 1, place)
                .await
                .map_err(|failure| (wanted.target.to_string(), failure))?;
            self.asker.context.progress.advance(1);
        }
        Ok(())
    }

    async fn batches(&mut self, agenda: &Agenda) -> Result<BTreeMap<HexHash, Vec<VersionId>>, Failure> {
        let hashes: Vec<HexHash> = agenda
            .wanted
            .iter()
            .filter_map(|wanted| match (&wanted.target, &wanted.way) {
                (Target::Hash(hash), Way::Batch) => Some(hash.clone()),
                _ => None,
            })
            .collect();
        let Asker { client, context, .. } = self.asker;
        let ResolveReport { batches, tally, .. } = &mut self.report;
        batch::ask_in_batches(client, self.catalog, &hashes, batches, tally, context).await
    }

    async fn target(
        &mut self,
        wanted: &Wanted,
        named: &BTreeMap<HexHash, Vec<VersionId>>,
        page: u64,
        place: Place,
    ) -> Result<(), Failure> {
        if self.asker.context.cancel.is_requested() {
            return Err(FetchError::Cancelled.into());
        }
        match (&wanted.target, &wanted.way) {
            (Target::Version(version), _) => {
                let outcome = self.version(*version, page, place).await?;
                self.report.versions.count(outcome);
            }
            (Target::Hash(hash), way) => {
                let versions = match way {
                    Way::Named(versions) => Some(versions),
                    Way::Batch => named.get(hash),
                    Way::Alone => None,
                };
                let outcome = match versions {
                    _ if self.came_along(hash)? => LookupOutcome::Found,
                    Some(versions) => self.named(hash, versions, page, place).await?,
                    None => self.alone(hash, page, place).await?,
                };
                self.report.hashes.count(outcome);
            }
        }
        Ok(())
    }

    /// Fetches one version, unless this run has done so.
    async fn version(
        &mut self,
        version: VersionId,
        page: u64,
        place: Place,
    ) -> Result<LookupOutcome, Failure> {
        if self.fetched.contains(&version) {
            return Ok(LookupOutcome::Found);
        }
        let Self { asker, catalog, memory, report, .. } = self;
        let single = Single::Version(version);
        let fate = one(asker, catalog, single, *memory, place, page, &mut report.tally).await?;
        Ok(match fate {
            Fate::Found | Fate::Returned | Fate::Unchanged => {
                self.fetched.insert(version);
                LookupOutcome::Found
            }
            Fate::Absent | Fate::Spared | Fate::Impossible => LookupOutcome::Absent,
            Fate::Failed { reason } => {
                self.fail(page, reason);
                LookupOutcome::Failed
            }
        })
    }

    fn fail(&mut self, page: u64, reason: Option<String>) {
        self.asker.context.progress.count(Counted::Failure, 1);
        if let Some(reason) = reason {
            self.report.tally.fail(ItemFailure { page, position: 0, reason });
        }
    }

    fn note_wrong(&mut self, hash: &HexHash, version: VersionId) {
        if self.report.wrong_answers.len() < MAX_WRONG_KEPT {
            self.report.wrong_answers.push(WrongAnswer { hash: hash.clone(), version });
        }
    }
}
