//! `resolve`: asks the site for what images name and nobody here knows, then links and indexes.

use std::time::Instant;

use serde::Serialize;
use stemmata::catalog::Catalog;
use stemmata::crawl::CrawlError;
use stemmata::crawl::Memory;
use stemmata::crawl::estimate::{Minutes, Requests};
use stemmata::crawl::resolve::{
    self, Agenda, ResolveKind, ResolveOptions, ResolveReport, Target, Wanted, Way,
};
use stemmata::run::Clock;

use super::args::{ResolveArgs, ResolveChoice};
use super::crawl::tally_summary;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::follow::{self, Written};
use super::output::{SCHEMA, Supported};
use super::session::Session;
use super::summary::{Summary, counted, grouped};
use super::{home_lock, plan, site};

/// The most wanted things that a plan names.
const FIRST: usize = 10;

/// Looks up what is unresolved, or says what that would cost.
pub(crate) fn run(arguments: &ResolveArgs, session: &Session) -> Outcome {
    let options = ResolveOptions {
        kind: arguments.kind.map(|kind| match kind {
            ResolveChoice::Hash => ResolveKind::Hash,
            ResolveChoice::Version => ResolveKind::Version,
        }),
        max_items: arguments.amount.max_items,
        memory: if arguments.refresh { Memory::Ignored } else { Memory::Used },
    };
    if arguments.dry_run {
        dry_run(arguments, &options, session)
    } else {
        look_up(arguments, &options, session)
    }
}

fn look_up(arguments: &ResolveArgs, options: &ResolveOptions, session: &Session) -> Outcome {
    let started = Instant::now();
    let sink = follow::sink(session)?;
    let client = site::client(&arguments.site, session)?;
    let runtime = site::runtime()?;
    let run = session.writing();
    let mut catalog = session.present_catalog_to_write()?;
    let _lock = home_lock::take(session, "resolve")?;
    // What was written without being linked may be explained by what is known.
    follow::link(&mut catalog, &run)?;
    let resolved = runtime.block_on(resolve::resolve_unresolved(&client, &mut catalog, options, &run));
    let (report, failure) = match resolved {
        Ok(report) => (report, None),
        Err(CrawlError::Resolve { what, report, source }) => {
            let partial = (*report).clone();
            (partial, Some(Failure::from(CrawlError::Resolve { what, report, source })))
        }
        Err(error) => (ResolveReport::default(), Some(Failure::from(error))),
    };
    announce(&report, session);
    let looked_up = report.hashes.total() + report.versions.total();
    if failure.is_none() && looked_up + report.left == 0 {
        session.talk.note("there is nothing to ask for");
    }
    let summary = summary(&report, failure.is_some(), started);
    let written = Written { summary, catalog, flags: arguments.site.pace.follow, feeder: None, failure };
    follow::finish(session, sink, written, &run)
}

fn announce(report: &ResolveReport, session: &Session) {
    for wrong in &report.wrong_answers {
        session.talk.warn(&format!(
            "the site answered {} with version {}, which has no such file; it is kept, but explains nothing",
            wrong.hash, wrong.version
        ));
    }
    if report.budget_spent {
        session.talk.note("no more requests or bytes are allowed; run the same line again to go on");
    } else if report.left > 0 && !report.interrupted {
        let left = counted(report.left, "things");
        session.talk.note(&format!("{left} are still unresolved; run the same line again to go on"));
    }
}

fn summary(report: &ResolveReport, has_failed: bool, started: Instant) -> Summary {
    let end = if has_failed {
        "failed"
    } else if report.interrupted {
        "interrupted"
    } else if report.budget_spent {
        "budget"
    } else if report.left > 0 {
        "enough"
    } else {
        "done"
    };
    let mut summary = tally_summary("resolve", end, &report.tally, started);
    for failure in &mut summary.failures {
        failure.place = failure.place.replace("page", "look-up");
        failure.item = None;
    }
    let (hashes, versions) = (report.hashes, report.versions);
    summary.read.extend([
        ("hashes found", hashes.found),
        ("hashes not found", hashes.absent),
        ("hashes answered wrongly", hashes.wrong),
        ("hashes failed", hashes.failed),
        ("versions found", versions.found),
        ("versions not found", versions.absent),
        ("versions failed", versions.failed),
        ("hashes sent in batches", report.batches.asked),
        ("of these passed over in silence", report.batches.missed),
        ("repeated elements", report.batches.repeated),
        ("unreadable elements", report.batches.unreadable),
        ("elements for other hashes", report.batches.strangers),
        ("refused batches", report.batches.refused),
        ("left", report.left),
        ("spared", report.spared),
        ("junk hashes", report.junk),
        ("hashes of odd length", report.odd_length),
        ("impossible versions", report.impossible),
    ]);
    summary
}

/// What a run would ask, as scripts read it.
#[derive(Serialize)]
struct DryRun {
    schema: u32,
    r#type: &'static str,
    command: &'static str,
    /// Whether everything known has been linked; if not, some of this may be explained already.
    links_up_to_date: bool,
    /// Hashes of 64 digits that would go in batches.
    hashes_in_batches: u64,
    /// Hashes for which the site has named versions that are still to be fetched.
    hashes_named: u64,
    /// Hashes that would be asked for one by one.
    hashes_alone: u64,
    /// Versions that would be asked for one by one.
    versions: u64,
    /// Things beyond --max-items.
    beyond: u64,
    spared: u64,
    junk: u64,
    odd_length: u64,
    impossible: u64,
    requests: Requests,
    minutes: Minutes,
    max_rps: f64,
    first: Vec<First>,
}

/// One of the most wanted things.
#[derive(Serialize)]
struct First {
    kind: &'static str,
    key: String,
    images: u64,
}

fn dry_run(arguments: &ResolveArgs, options: &ResolveOptions, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Document)?;
    let catalog = session.catalog()?;
    let agenda = Agenda::draw_up(&catalog, options, Clock::System.now())?;
    let plan = DryRun::new(&catalog, &agenda, arguments)?;
    sink.document(&plan, |plan, _| plan.text())?;
    Ok(Exit::Done)
}

impl DryRun {
    fn new(catalog: &Catalog, agenda: &Agenda, arguments: &ResolveArgs) -> Result<Self, Failure> {
        let requests = agenda.requests().within(arguments.site.pace.max_requests);
        let count = |is_wanted: &dyn Fn(&Wanted) -> bool| {
            agenda.wanted.iter().filter(|wanted| is_wanted(wanted)).count() as u64
        };
        let is_hash = |wanted: &Wanted| matches!(wanted.target, Target::Hash(_));
        Ok(Self {
            schema: SCHEMA,
            r#type: "plan",
            command: "resolve",
            links_up_to_date: catalog.linked_generation()? == catalog.generation()?,
            hashes_in_batches: count(&|wanted| wanted.way == Way::Batch),
            hashes_named: count(&|wanted| matches!(wanted.way, Way::Named(_))),
            hashes_alone: count(&|wanted| is_hash(wanted) && wanted.way == Way::Alone),
            versions: count(&|wanted| !is_hash(wanted)),
            beyond: agenda.beyond,
            spared: agenda.spared,
            junk: agenda.junk,
            odd_length: agenda.odd_length,
            impossible: agenda.impossible,
            requests,
            minutes: requests.minutes(arguments.site.pace.max_rps),
            max_rps: arguments.site.pace.max_rps,
            first: agenda.wanted.iter().take(FIRST).map(First::of).collect(),
        })
    }

    fn text(&self) -> String {
        let hashes = self.hashes_in_batches + self.hashes_named + self.hashes_alone;
        let mut lines = vec![
            format!(
                "would look up {} {} and {}",
                grouped(hashes),
                if hashes == 1 { "hash" } else { "hashes" },
                counted(self.versions, "versions")
            ),
            format!("  {}", plan::cost(self.requests, self.minutes, self.max_rps)),
        ];
        let left_out = [
            (self.beyond, "beyond --max-items"),
            (self.spared, "spared by answers of the last days"),
            (self.junk, "hashes that stand for no file"),
            (self.odd_length, "hashes of a length that the site cannot look up"),
            (self.impossible, "versions that cannot exist"),
        ];
        for (number, words) in left_out.into_iter().filter(|(number, _)| *number > 0) {
            lines.push(format!("  left out, {words}: {}", grouped(number)));
        }
        if !self.first.is_empty() {
            lines.push("most wanted:".to_owned());
        }
        for first in &self.first {
            lines.push(format!("  {} {}, {}", first.kind, first.key, counted(first.images, "images")));
        }
        if !self.links_up_to_date {
            lines.push("not everything is linked yet; `stemmata link` may explain some of this".to_owned());
        }
        lines.join("\n") + "\n"
    }
}

impl First {
    fn of(wanted: &Wanted) -> Self {
        let (kind, key) = match &wanted.target {
            Target::Hash(hash) => ("hash", hash.to_string()),
            Target::Version(version) => ("version", version.to_string()),
        };
        Self { kind, key, images: wanted.images }
    }
}
