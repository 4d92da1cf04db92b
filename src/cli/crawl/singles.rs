//! `crawl model`, `crawl version`, `crawl image`: single entities by number.

use std::time::Instant;

use stemmata::crawl::{self, CrawlError, Memory, Single, SingleReport};
use stemmata::entity::{ImageId, ModelId, VersionId};
use stemmata::source::civitai::url::Target;

use super::tally_summary;
use crate::cli::args::SingleFlags;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::follow::{self, Written};
use crate::cli::session::Session;
use crate::cli::summary::Summary;
use crate::cli::{home_lock, site, targets};

/// Fetches what `read` makes of `texts`.
pub(super) fn singles(flags: &SingleFlags, read: fn(&str) -> Option<Single>, session: &Session) -> Outcome {
    let started = Instant::now();
    let mut wanted = Vec::new();
    targets::for_each(&flags.targets, |text| {
        let single = read(text).ok_or_else(|| {
            Failure::usage(format!("`{text}` is no id and no page URL of this kind"))
                .hint("give a number, or the address of the page; `stemmata crawl --help` lists the kinds")
        })?;
        wanted.push(single);
        Ok(())
    })?;
    let sink = follow::sink(session)?;
    let client = site::client(&flags.site, session)?;
    let runtime = site::runtime()?;
    let run = session.writing();
    let _lock = home_lock::take(session, "crawl")?;
    let mut catalog = session.catalog_to_write()?;
    let memory = if flags.refresh { Memory::Ignored } else { Memory::Used };
    let crawled = runtime.block_on(crawl::crawl_single_with(&client, &mut catalog, &wanted, memory, &run));
    let (report, failure) = match crawled {
        Ok(report) => (report, None),
        Err(CrawlError::Single { what, report, source }) => {
            let partial = (*report).clone();
            (partial, Some(Failure::from(CrawlError::Single { what, report, source })))
        }
        Err(error) => (SingleReport::default(), Some(Failure::from(error))),
    };
    announce(&report, session);
    let summary = singles_summary(&report, started);
    let written = Written { summary, catalog, flags: flags.site.pace.follow, feeder: None, failure };
    let exit = follow::finish(session, sink, written, &run)?;
    let absent = report.absent.len() + report.spared.len() + report.impossible.len();
    Ok(match exit {
        Exit::Done if absent > 0 && absent == wanted.len() => Exit::NotFound,
        Exit::Done if absent > 0 || !report.failed.is_empty() => Exit::Partial,
        exit => exit,
    })
}

fn announce(report: &SingleReport, session: &Session) {
    let talk = &session.talk;
    for single in &report.absent {
        talk.warn(&format!("{single} is not there, or not visible; what was known of it stays"));
    }
    for single in &report.spared {
        talk.warn(&format!("{single} was not there within the last week; --refresh asks again"));
    }
    for single in &report.impossible {
        talk.warn(&format!("{single} cannot exist: the site's numbers end at {}", i32::MAX));
    }
    for single in &report.returned {
        talk.note(&format!("{single} is there again"));
    }
    if report.budget_spent {
        talk.note("no more requests or bytes are allowed; run the same line again to go on");
    }
}

fn singles_summary(report: &SingleReport, started: Instant) -> Summary {
    let end = match report {
        SingleReport { interrupted: true, .. } => "interrupted",
        SingleReport { budget_spent: true, .. } => "budget",
        _ => "done",
    };
    let mut summary = tally_summary("crawl", end, &report.tally, started);
    summary.read.insert("found", report.found.len() as u64);
    summary.read.insert("not found", report.absent.len() as u64);
    for (name, list) in [
        ("unchanged", &report.unchanged),
        ("there again", &report.returned),
        ("spared", &report.spared),
        ("impossible", &report.impossible),
    ] {
        if !list.is_empty() {
            summary.read.insert(name, list.len() as u64);
        }
    }
    summary
}

/// A model by number, page or AIR.
pub(super) fn read_model(text: &str) -> Option<Single> {
    match Target::parse(text)? {
        Target::Number(number) => ModelId::new(number),
        Target::Model(id) | Target::ModelVersion(id, _) => Some(id),
        Target::Air(air) => Some(air.model),
        _ => None,
    }
    .map(Single::Model)
}

/// A version by number, page or AIR.
pub(super) fn read_version(text: &str) -> Option<Single> {
    match Target::parse(text)? {
        Target::Number(number) => VersionId::new(number),
        Target::Version(id) | Target::ModelVersion(_, id) => Some(id),
        Target::Air(air) => air.version,
        _ => None,
    }
    .map(Single::Version)
}

/// An image by number or page.
pub(super) fn read_image(text: &str) -> Option<Single> {
    match Target::parse(text)? {
        Target::Number(number) => ImageId::new(number),
        Target::Image(id) => Some(id),
        _ => None,
    }
    .map(Single::Image)
}
