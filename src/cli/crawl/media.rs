//! `crawl media`: pictures of the site, looked at for their fingerprints.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use stemmata::catalog::{BatchReport, Catalog, Failures, MediaId};
use stemmata::crawl::CrawlError;
use stemmata::crawl::media::{self, DEFAULT_MEDIA_BASE, MediaChoice, MediaOptions, MediaReport, Rendition};
use stemmata::fetch::{self, Client, SafeUrl};
use stemmata::run::RunContext;
use stemmata_index::near::CopyClass;

use crate::cli::args::MediaFlags;
use crate::cli::asking::found_by;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::follow::{self, Written};
use crate::cli::session::Session;
use crate::cli::summary::{Loss, Summary, elapsed_ms};
use crate::cli::{home_lock, near, pixels, site, target, targets};

/// Largest rendition that is taken, in bytes: far above what any of the site's widths takes.
const MOST_PREVIEW_BYTES: u64 = 16 << 20;

/// Largest original.
const MOST_ORIGINAL_BYTES: u64 = 64 << 20;

/// Looks at pictures, then brings links and index up to date.
pub(super) fn run(flags: &MediaFlags, session: &Session) -> Outcome {
    let started = Instant::now();
    let sink = follow::sink(session)?;
    let client = client(flags, session)?;
    let runtime = site::runtime()?;
    let run = session.writing();
    let mut catalog = session.present_catalog_to_write()?;
    let choice = choice(flags, &catalog, session, &run)?;
    let keep = flags.keep.as_deref().map(folder).transpose()?;
    let _lock = home_lock::take(session, "crawl media")?;
    let options = MediaOptions {
        rendition: rendition(flags),
        choice,
        most: flags.limit,
        failures: if flags.retry_failed { Failures::Retried } else { Failures::Spared },
        describer: pixels::describer(),
        keep,
        in_flight: flags.host.pace.max_in_flight.into(),
    };
    let crawled = runtime.block_on(media::crawl_media(&client, &mut catalog, &options, &run));
    let (report, failure) = match crawled {
        Ok(report) => (report, None),
        Err(CrawlError::Media { report, source }) => {
            let partial = (*report).clone();
            (partial, Some(Failure::from(CrawlError::Media { report, source })))
        }
        Err(error) => {
            let traffic = client.traffic();
            (MediaReport { traffic, ..MediaReport::default() }, Some(Failure::from(error)))
        }
    };
    if report.budget_spent {
        session.talk.note("no more requests or bytes are allowed; run the same line again to go on");
    }
    let summary = summary(&report, started);
    let written = Written { summary, catalog, flags: flags.host.pace.follow, feeder: None, failure };
    follow::finish(session, sink, written, &run)
}

fn rendition(flags: &MediaFlags) -> Rendition {
    if flags.original { Rendition::Original } else { Rendition::Preview { width: flags.width } }
}

/// A client for the host of the pictures. It has no token: that is for the API alone.
fn client(flags: &MediaFlags, session: &Session) -> Result<Client, Failure> {
    let base =
        SafeUrl::parse(flags.host.media_base.as_deref().unwrap_or(DEFAULT_MEDIA_BASE)).map_err(|error| {
            // The address itself is not repeated: it may hold a password.
            Failure::new(Exit::Usage, "crawl.bad_address", format!("--media-base is {error}"))
                .hint(format!("such as {DEFAULT_MEDIA_BASE}"))
        })?;
    if !base.is_loopback() {
        session.settings.require_network()?;
    }
    let settings = fetch::Settings {
        body_limit_bytes: if flags.original { MOST_ORIGINAL_BYTES } else { MOST_PREVIEW_BYTES },
        ..site::settings(&flags.host.pace, base)
    };
    Ok(Client::new(settings)?)
}

fn choice(
    flags: &MediaFlags,
    catalog: &Catalog,
    session: &Session,
    run: &RunContext,
) -> Result<MediaChoice, Failure> {
    if flags.candidates {
        let found = candidates(catalog, session, run)?;
        if found.is_empty() {
            session.talk.note("no pictures look alike by their BlurHashes");
        }
        return Ok(MediaChoice::These(found));
    }
    if let Some(query) = &flags.query {
        return Ok(MediaChoice::These(shown_by(query, catalog, session)?));
    }
    if flags.images.is_empty() {
        return Ok(MediaChoice::All);
    }
    let mut media = Vec::new();
    targets::for_each(&flags.images, |text| {
        media.extend(catalog.media_of_image(target::image(catalog, text)?.key)?);
        Ok(())
    })?;
    Ok(MediaChoice::These(media))
}

/// The media of the images that a query finds, in the order of their numbers.
fn shown_by(query: &str, catalog: &Catalog, session: &Session) -> Result<Vec<MediaId>, Failure> {
    let mut media = Vec::new();
    for image in found_by(query, catalog, session)? {
        media.extend(catalog.media_of_image(image)?);
    }
    media.sort_unstable();
    media.dedup();
    if media.is_empty() {
        session.talk.note("the query finds no image");
    }
    Ok(media)
}

/// The media of every group whose kinship only BlurHashes tell.
fn candidates(catalog: &Catalog, session: &Session, run: &RunContext) -> Result<Vec<MediaId>, Failure> {
    let groups = near::up_to_date(session, catalog, run)?.copies;
    let unverified = groups.groups().iter().filter(|group| group.class == CopyClass::Candidate);
    Ok(unverified.flat_map(|group| &group.members).filter_map(|media| MediaId::new(*media)).collect())
}

/// Makes the folder for the bytes, if need be.
fn folder(path: &Path) -> Result<PathBuf, Failure> {
    fs::create_dir_all(path)
        .map_err(|error| Failure::file(format!("making the folder {}", path.display()), &error))?;
    Ok(path.to_owned())
}

fn summary(report: &MediaReport, started: Instant) -> Summary {
    let end = match report {
        MediaReport { interrupted: true, .. } => "interrupted",
        MediaReport { budget_spent: true, .. } => "budget",
        MediaReport { enough: true, .. } => "enough",
        _ => "done",
    };
    let mut summary = Summary::new("crawl", end, &BatchReport::default());
    summary.count_traffic(&report.traffic);
    summary.items = report.asked;
    let counts = [
        ("fingerprinted", report.fingerprinted),
        ("too flat to compare", report.flat),
        ("looking as before", report.unchanged),
        ("spared", report.spared),
        ("skipped videos", report.moving),
        ("elsewhere", report.elsewhere),
        ("kept", report.kept),
    ];
    summary.read.extend(counts.into_iter().filter(|(_, count)| *count > 0));
    summary.failed = report.failed;
    summary.failures = report
        .failures
        .iter()
        .map(|failure| Loss {
            place: failure.what.clone(),
            line: None,
            item: None,
            reason: failure.reason.clone(),
        })
        .collect();
    summary.generation = report.generation;
    summary.elapsed_ms = elapsed_ms(started);
    summary
}
