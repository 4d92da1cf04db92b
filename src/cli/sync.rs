//! `crawl sync`: brings a home up to date, step by step, then links and indexes.

use std::time::Instant;

use stemmata::catalog::Catalog;
use stemmata::crawl::sync::{self, StepEnd, StepReport, SyncStep};
use stemmata::fetch::Client;
use stemmata::run::RunContext;

use super::args::UpToDateFlags;
use super::crawl::tally_summary;
use super::failure::{Failure, Outcome};
use super::follow::{self, Written};
use super::session::Session;
use super::summary::{Step, Summary};
use super::{home_lock, plan, site};

/// Takes the steps.
pub(crate) fn run(flags: &UpToDateFlags, session: &Session) -> Outcome {
    let started = Instant::now();
    let sink = follow::sink(session)?;
    let client = site::client(&flags.site, session)?;
    let runtime = site::runtime()?;
    let run = session.writing();
    let _lock = home_lock::take(session, "crawl sync")?;
    let mut catalog = session.catalog_to_write()?;
    let mut reports = runtime.block_on(steps(&client, &mut catalog, flags, &run, session))?;
    let failure = reports.last_mut().and_then(|last| {
        let failure = Failure::from(last.failure.take()?);
        Some(failure.place(format!("step {}", last.step)))
    });
    announce(&reports, session);
    let summary = summary(&reports, &client, started);
    let written = Written { summary, catalog, flags: flags.site.pace.follow, feeder: None, failure };
    follow::finish(session, sink, written, &run)
}

/// Takes one step after another, until one cannot be finished.
async fn steps(
    client: &Client,
    catalog: &mut Catalog,
    flags: &UpToDateFlags,
    run: &RunContext,
    session: &Session,
) -> Result<Vec<StepReport>, Failure> {
    let mut reports = Vec::new();
    for step in plan::steps(flags) {
        if run.cancel.is_requested() {
            break;
        }
        if step == SyncStep::Hashes {
            // Only what nothing known explains is worth a question, and much of it has just come.
            follow::link(catalog, run)?;
        }
        tracing::info!(%step, "sync");
        let report = sync::sync_step(client, catalog, step, &plan::options(flags), run).await?;
        let goes_on = report.end.lets_go_on();
        reports.push(report);
        if !goes_on {
            let left: Vec<&str> =
                plan::steps(flags).into_iter().filter(|other| *other > step).map(SyncStep::as_str).collect();
            if !left.is_empty() {
                session.talk.note(&format!("not begun: {}", left.join(", ")));
            }
            break;
        }
    }
    Ok(reports)
}

fn announce(reports: &[StepReport], session: &Session) {
    let ends = |end: StepEnd| reports.iter().any(|report| report.end == end);
    if ends(StepEnd::BudgetSpent) {
        session.talk.note("no more requests or bytes are allowed; run the same line again to go on");
    } else if ends(StepEnd::EnoughItems) {
        session.talk.note("as many as asked for; run the same line again to go on");
    }
    if ends(StepEnd::Stalled) {
        session.talk.warn(
            "the site broke a listing off before known ground was reached; the next `stemmata crawl sync` walks past \
             that place",
        );
    }
}

fn summary(reports: &[StepReport], client: &Client, started: Instant) -> Summary {
    /// Ends of steps, the one that says most of the whole first.
    const ORDER: [StepEnd; 5] =
        [StepEnd::Failed, StepEnd::Interrupted, StepEnd::BudgetSpent, StepEnd::Stalled, StepEnd::EnoughItems];
    let end = ORDER.into_iter().find(|end| reports.iter().any(|report| report.end == *end));
    let end = end.unwrap_or(StepEnd::Done).as_str();
    let mut summary = tally_summary("sync", end, &sync::total(reports), started);
    summary.count_traffic(&client.traffic());
    summary.steps = reports
        .iter()
        .map(|report| Step {
            step: report.step.as_str(),
            end: report.end.as_str(),
            counts: report.counts.clone(),
            left: report.left,
            requests: report.tally.traffic.requests,
        })
        .collect();
    summary
}
