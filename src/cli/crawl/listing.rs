//! `crawl images`, `models`, `creators`, `tags`, and `crawl verify` of the same.

use std::time::Instant;

use stemmata::crawl::{
    self, CrawlEnd, CrawlError, CrawlOptions, CrawlReport, EndReason, Listing, PartErrand, Split,
};
use stemmata::entity::Timestamp;

use super::tally_summary;
use crate::cli::args::{AmountFlags, OrderFlags, SiteFlags};
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::follow::{self, Written};
use crate::cli::home_lock;
use crate::cli::resume;
use crate::cli::session::Session;
use crate::cli::site;
use crate::cli::summary::Summary;

/// What to do with a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// Take it.
    Take,
    /// Take it again, and tell what the first walk lacks.
    Verify,
}

/// A listing with what the flags say about the walk.
pub(super) struct Wanted<'a> {
    pub(super) listing: Listing,
    pub(super) order: Option<Order>,
    pub(super) page_limit: Option<u32>,
    pub(super) amount: &'a AmountFlags,
    pub(super) site: &'a SiteFlags,
}

/// How far back to walk, and in which parts.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    until: Option<Timestamp>,
    splits: Vec<Split>,
}

impl Order {
    /// Reads the flags.
    ///
    /// # Errors
    ///
    /// A usage failure for a date in an order that is not by date.
    pub(super) fn of(flags: &OrderFlags, newest_first: bool) -> Result<Self, Failure> {
        if flags.until.is_some() && !newest_first {
            return Err(Failure::usage(
                "--until needs the newest first, else old items stand between new ones",
            )
            .hint("add --sort newest"));
        }
        Ok(Self { until: flags.until, splits: flags.split.clone() })
    }
}

/// Walks, then brings links and index up to date.
pub(super) fn run(wanted: &Wanted<'_>, errand: Errand, session: &Session) -> Outcome {
    let started = Instant::now();
    let sink = follow::sink(session)?;
    let client = site::client(wanted.site, session)?;
    let runtime = site::runtime()?;
    let run = session.writing();
    let what = if errand == Errand::Take { "crawl" } else { "crawl verify" };
    let _lock = home_lock::take(session, &format!("{what} {}", wanted.listing.path()))?;
    let mut catalog = session.catalog_to_write()?;
    let order = wanted.order.clone().unwrap_or_default();
    let options = CrawlOptions {
        max_items: wanted.amount.max_items,
        page_limit: wanted.page_limit,
        until: order.until,
        ..CrawlOptions::ALL
    };
    let listing = &wanted.listing;
    let walked = runtime.block_on(async {
        if !order.splits.is_empty() {
            let errand = if errand == Errand::Take { PartErrand::Take } else { PartErrand::Verify };
            return crawl::crawl_in_parts(
                &client,
                &mut catalog,
                listing,
                &order.splits,
                errand,
                &options,
                &run,
            )
            .await;
        }
        match errand {
            Errand::Take => crawl::crawl_listing(&client, &mut catalog, listing, &options, &run).await,
            Errand::Verify => crawl::verify_listing(&client, &mut catalog, listing, &options, &run).await,
        }
    });
    let (report, failure) = match walked {
        Ok(report) => (report, None),
        Err(error) => match report_of(&error) {
            Some(report) => (report, Some(with_resume_line(error.into()))),
            None => return Err(error.into()),
        },
    };
    announce(&report, errand, session);
    let written = Written {
        summary: summary(&report, errand, started),
        catalog,
        flags: wanted.site.pace.follow,
        feeder: None,
        failure,
    };
    let exit = follow::finish(session, sink, written, &run)?;
    Ok(match errand {
        Errand::Verify if exit == Exit::Done && !is_sound(&report) => Exit::Problems,
        Errand::Take if exit == Exit::Done && report.met_dead_end() => Exit::Partial,
        _ => exit,
    })
}

/// What a walk did before it failed.
fn report_of(error: &CrawlError) -> Option<CrawlReport> {
    match error {
        CrawlError::Page { report, .. }
        | CrawlError::Document { report, .. }
        | CrawlError::FilterIgnored { report }
        | CrawlError::ItemTooLarge { report, .. } => Some((**report).clone()),
        _ => None,
    }
}

/// Whether a second walk found nothing missing and left nothing open.
fn is_sound(report: &CrawlReport) -> bool {
    let counts = &report.counts;
    counts.gaps_closed + counts.inside + counts.beyond == 0
        && report.base_joins.is_none_or(|joins| counts.verified >= joins)
        && !report.tally.anomalies.contains_key("head_unfiltered")
}

fn announce(report: &CrawlReport, errand: Errand, session: &Session) {
    let talk = &session.talk;
    if report.resumed {
        talk.note("went on where the last run of this line stopped");
    }
    if report.restarted && errand == Errand::Take {
        talk.note("the last run of this line was complete, so this one began again at the head");
    }
    if let Some((done, all)) = report.parts {
        talk.note(&format!("{done} of {all} parts are through"));
    }
    let again = format!("run {} again to go on", resume::line());
    match report.end {
        CrawlEnd::EnoughItems => talk.note(&format!("as many as asked for; {again}")),
        CrawlEnd::BudgetSpent => talk.note(&format!("no more requests or bytes are allowed; {again}")),
        CrawlEnd::Stalled if report.end_reason == Some(EndReason::EmptyPageTimeout) => talk.note(&format!(
            "an empty page came where more items are due, so the site's database was probably out of time; {again} \
             in a while"
        )),
        CrawlEnd::Stalled if report.parts.is_some() => {
            talk.note(&format!("some parts led nowhere, as `stemmata crawl coverage` says; {again} with them"));
        }
        CrawlEnd::Stalled => talk.note(&format!("stopped, because nothing new came; {again}")),
        CrawlEnd::Interrupted
        | CrawlEnd::Finished
        | CrawlEnd::Until
        | CrawlEnd::KnownGround
        | CrawlEnd::Failed => {}
    }
    if report.met_dead_end() {
        talk.warn(
            "the site broke the listing off before its end, so items may be missing: `stemmata crawl coverage` says \
             more; run the same line again another day, or walk it in parts with --split",
        );
    }
    if errand == Errand::Verify {
        announce_gaps(report, session);
    }
}

fn announce_gaps(report: &CrawlReport, session: &Session) {
    let counts = &report.counts;
    for gap in &counts.gaps {
        let kind = match report.listing.contains("/models?") {
            true => "model",
            false => "item",
        };
        session.talk.note(&format!("{kind} {} was lost behind page {} and is there now", gap.id, gap.page));
    }
    if counts.inside + counts.beyond > 0 {
        let (inside, beyond) = (counts.inside, counts.beyond);
        session
            .talk
            .note(&format!("{inside} items came between known ones and {beyond} behind the last one"));
    }
    let open = report.base_joins.unwrap_or(0).saturating_sub(counts.verified);
    if open > 0 && report.end == CrawlEnd::Finished {
        session.talk.note(&format!(
            "{open} joins between pages could not be checked, because the listing has changed too much: crawl it again"
        ));
    }
    if report.tally.anomalies.contains_key("head_unfiltered") {
        session
            .talk
            .warn("the listing begins exactly as the one without its filter: the site seems to ignore it");
    }
}

fn with_resume_line(failure: Failure) -> Failure {
    let is_general = |hint: &str| hint == "run the same line again to go on";
    match failure {
        Failure::Named(mut named) => {
            if named.hint.as_deref().is_some_and(is_general) {
                named.hint = Some(format!("run {} again to go on", resume::line()));
            }
            Failure::Named(named)
        }
        other => other,
    }
}

fn summary(report: &CrawlReport, errand: Errand, started: Instant) -> Summary {
    let end = match report.end {
        CrawlEnd::Finished => "done",
        CrawlEnd::EnoughItems => "enough",
        CrawlEnd::Interrupted => "interrupted",
        CrawlEnd::Until => "until",
        CrawlEnd::KnownGround => "known_ground",
        CrawlEnd::BudgetSpent => "budget",
        CrawlEnd::Stalled => "stalled",
        CrawlEnd::Failed => "failed",
    };
    let command = if errand == Errand::Take { "crawl" } else { "verify" };
    let mut summary = tally_summary(command, end, &report.tally, started);
    summary.read.insert("pages", report.pages);
    if errand == Errand::Verify {
        let counts = &report.counts;
        summary.read.insert("gaps", counts.gaps_closed + counts.inside + counts.beyond);
        summary.read.insert("joins", report.base_joins.unwrap_or(0));
        summary.read.insert("verified joins", counts.verified);
    }
    summary
}
