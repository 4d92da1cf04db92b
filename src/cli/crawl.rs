//! `crawl`: listings and single entities of the site into the catalog, then linked and indexed.

use std::time::Instant;

use stemmata::crawl::{
    self, CrawlEnd, CrawlError, CrawlOptions, CrawlReport, ImageFilter, Listing, ModelFilter, Single,
    SingleReport, Tally,
};
use stemmata::entity::{ImageId, ModelId, VersionId};
use stemmata::source::civitai::url::Target;

use super::args::{AmountFlags, CrawlArgs, CrawlWhat, ImageFlags, ModelFlags, SiteFlags};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::follow::{self, Written};
use super::session::Session;
use super::site::{self, fetch_failure};
use super::summary::{Loss, Summary, elapsed_ms};
use super::targets;

/// Crawls, then brings links and index up to date.
pub(crate) fn run(arguments: &CrawlArgs, session: &Session) -> Outcome {
    match &arguments.what {
        CrawlWhat::Images(flags) => {
            listing(&images(flags), &flags.amount, Some(flags.limit), &flags.site, session)
        }
        CrawlWhat::Models(flags) => {
            listing(&models(flags), &flags.amount, Some(flags.limit), &flags.site, session)
        }
        CrawlWhat::Creators(flags) => {
            let what = Listing::Creators { query: flags.query.clone() };
            listing(&what, &flags.amount, None, &flags.site, session)
        }
        CrawlWhat::Tags(flags) => {
            let what = Listing::Tags { query: flags.query.clone() };
            listing(&what, &flags.amount, None, &flags.site, session)
        }
        CrawlWhat::Model(flags) => singles(&flags.targets, read_model, &flags.site, session),
        CrawlWhat::Version(flags) => singles(&flags.targets, read_version, &flags.site, session),
        CrawlWhat::Image(flags) => singles(&flags.targets, read_image, &flags.site, session),
    }
}

fn images(flags: &ImageFlags) -> Listing {
    Listing::Images(ImageFilter {
        model: flags.model_id,
        version: flags.model_version_id,
        post: flags.post_id,
        image: None,
        username: flags.username.clone(),
        tags: flags.tags.clone(),
        media_type: flags.media_type,
        base_models: flags.base_models.clone(),
        sort: flags.sort,
        period: flags.period,
        browsing_level: flags.browsing_level,
    })
}

fn models(flags: &ModelFlags) -> Listing {
    Listing::Models(ModelFilter {
        query: flags.query.clone(),
        ids: flags.ids.clone(),
        tag: flags.tag.clone(),
        username: flags.username.clone(),
        types: flags.types.clone(),
        base_models: flags.base_models.clone(),
        checkpoint_type: flags.checkpoint_type.clone(),
        nsfw: flags.nsfw,
        sort: flags.sort,
        period: flags.period,
    })
}

fn listing(
    what: &Listing,
    amount: &AmountFlags,
    page_limit: Option<u32>,
    flags: &SiteFlags,
    session: &Session,
) -> Outcome {
    let started = Instant::now();
    let sink = follow::sink(session)?;
    let client = site::client(flags, session)?;
    let runtime = site::runtime()?;
    let run = session.writing();
    let mut catalog = session.catalog_to_write()?;
    let options = CrawlOptions { max_items: amount.max_items, page_limit };
    let crawled = runtime.block_on(crawl::crawl_listing(&client, &mut catalog, what, &options, &run));
    let (report, failure) = match crawled {
        Ok(report) => (report, None),
        Err(error) => match report_of(&error) {
            Some(report) => (report, Some(Failure::from(error))),
            None => return Err(error.into()),
        },
    };
    announce(&report, session);
    let written = Written {
        summary: listing_summary(&report, started),
        catalog,
        flags: flags.follow,
        feeder: None,
        failure,
    };
    follow::finish(session, sink, written, &run)
}

/// What a walk did before it failed.
fn report_of(error: &CrawlError) -> Option<CrawlReport> {
    match error {
        CrawlError::Page { report, .. } | CrawlError::Document { report, .. } => Some((**report).clone()),
        _ => None,
    }
}

fn announce(report: &CrawlReport, session: &Session) {
    if report.resumed {
        session.talk.note("went on where the last run of this line stopped");
    }
    if report.restarted {
        session.talk.note("the last run of this line was complete, so this one began again at the head");
    }
}

fn listing_summary(report: &CrawlReport, started: Instant) -> Summary {
    let end = match report.end {
        CrawlEnd::Finished => "done",
        CrawlEnd::EnoughItems => "enough",
        CrawlEnd::Interrupted => "interrupted",
        CrawlEnd::Stalled => "stalled",
        CrawlEnd::Failed => "failed",
    };
    let mut summary = tally_summary(end, &report.tally, started);
    summary.read.insert("pages", report.pages);
    summary
}

fn tally_summary(end: &'static str, tally: &Tally, started: Instant) -> Summary {
    let mut summary = Summary::new("crawl", end, &tally.written);
    summary.count_traffic(&tally.traffic);
    summary.items = tally.items;
    summary.failed = tally.failed_items;
    summary.failures = tally
        .failures
        .iter()
        .map(|failure| Loss {
            place: format!("page {}", failure.page),
            line: None,
            item: Some(failure.position),
            reason: failure.reason.clone(),
        })
        .collect();
    summary.field_warnings.clone_from(&tally.field_warnings);
    summary.anomalies.clone_from(&tally.anomalies);
    summary.elapsed_ms = elapsed_ms(started);
    summary
}

fn singles(
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
    let mut summary = tally_summary(end, &report.tally, started);
    summary.read.insert("found", report.found.len() as u64);
    summary.read.insert("not found", report.absent.len() as u64);
    summary
}

fn read_model(text: &str) -> Option<Single> {
    match Target::parse(text)? {
        Target::Number(number) => ModelId::new(number),
        Target::Model(id) | Target::ModelVersion(id, _) => Some(id),
        Target::Air(air) => Some(air.model),
        _ => None,
    }
    .map(Single::Model)
}

fn read_version(text: &str) -> Option<Single> {
    match Target::parse(text)? {
        Target::Number(number) => VersionId::new(number),
        Target::Version(id) | Target::ModelVersion(_, id) => Some(id),
        Target::Air(air) => air.version,
        _ => None,
    }
    .map(Single::Version)
}

fn read_image(text: &str) -> Option<Single> {
    match Target::parse(text)? {
        Target::Number(number) => ImageId::new(number),
        Target::Image(id) => Some(id),
        _ => None,
    }
    .map(Single::Image)
}

impl From<CrawlError> for Failure {
    fn from(error: CrawlError) -> Self {
        match error {
            CrawlError::Catalog(error) => error.into(),
            CrawlError::Page { ref source, .. } | CrawlError::Single { ref source, .. } => {
                fetch_failure(source, &error)
            }
            _ => Self::of(Exit::Network, "crawl.unreadable", &error),
        }
    }
}
