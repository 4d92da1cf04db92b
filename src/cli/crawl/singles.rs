//! `crawl model`, `crawl version`, `crawl image`: single entities by number.

use std::time::Instant;

use stemmata::crawl::{self, CrawlError, Single, SingleReport};
use stemmata::entity::{ImageId, ModelId, VersionId};
use stemmata::source::civitai::url::Target;

use super::tally_summary;
use crate::cli::args::SiteFlags;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::follow::{self, Written};
use crate::cli::session::Session;
use crate::cli::summary::Summary;
use crate::cli::{home_lock, site, targets};

/// Fetches what `read` makes of `texts`.
pub(super) fn singles(
    texts: &[String],
    read: fn(&str) -> Option<Single>,
    flags: &SiteFlags,
    session: &Session,
) -> Outcome {
    let started = Instant::now();
    let mut wanted = Vec::new();
    targets::for_each(texts, |text| {
        let single = read(text).ok_or_else(|| {
            Failure::usage(format!("`{text}` is no id and no page URL of this kind"))
                .hint("give a number, or the address of the page; `stemmata crawl --help` lists the kinds")
        })?;
        wanted.push(single);
        Ok(())
    })?;
    let sink = follow::sink(session)?;
    let client = site::client(flags, session)?;
    let runtime = site::runtime()?;
    let run = session.writing();
    let _lock = home_lock::take(session, "crawl")?;
    let mut catalog = session.catalog_to_write()?;
    let crawled = runtime.block_on(crawl::crawl_single(&client, &mut catalog, &wanted, &run));
    let (report, failure) = match crawled {
        Ok(report) => (report, None),
        Err(CrawlError::Single { what, report, source }) => {
            let partial = (*report).clone();
            (partial, Some(Failure::from(CrawlError::Single { what, report, source })))
        }
        Err(error) => (SingleReport::default(), Some(Failure::from(error))),
    };
    for single in &report.absent {
        session.talk.warn(&format!("{single} is not there, or not visible; what was known of it stays"));
    }
    let summary = singles_summary(&report, started);
    let written = Written { summary, catalog, flags: flags.follow, feeder: None, failure };
    let exit = follow::finish(session, sink, written, &run)?;
    let all_absent = !wanted.is_empty() && report.absent.len() == wanted.len();
    Ok(match exit {
        Exit::Done if all_absent => Exit::NotFound,
        Exit::Done if !report.absent.is_empty() || !report.failed.is_empty() => Exit::Partial,
        exit => exit,
    })
}

fn singles_summary(report: &SingleReport, started: Instant) -> Summary {
    let end = if report.interrupted { "interrupted" } else { "done" };
    let mut summary = tally_summary("crawl", end, &report.tally, started);
    summary.read.insert("found", report.found.len() as u64);
    summary.read.insert("not found", report.absent.len() as u64);
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
