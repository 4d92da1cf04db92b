//! `scan`: pictures on disk into the catalog, then linked and indexed; once, or whenever something changes.

mod roots;

use std::path::{Path, PathBuf};
use std::time::Instant;

use stemmata::catalog::{Catalog, Failures, Hashing};
use stemmata::crawl::scan::watch::Watch;
use stemmata::crawl::scan::{self, Decoder, Pixels, ScanError, ScanOptions, ScanReport, Which};
use stemmata::fingerprint::picture::PictureLimits;
use stemmata::run::RunContext;

use crate::cli::args::ScanArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::follow::{self, Written};
use crate::cli::output::Format;
use crate::cli::pixels;
use crate::cli::session::Session;
use crate::cli::summary::{Loss, Summary, elapsed_ms, grouped};

/// Scans, then brings links and index up to date.
pub(crate) fn run(arguments: &ScanArgs, session: &Session) -> Outcome {
    if arguments.list {
        return roots::list(arguments, session);
    }
    if arguments.forget {
        return roots::forget(arguments, session);
    }
    let started = Instant::now();
    let sink = follow::sink(session)?;
    if arguments.paths.is_empty() && !session.settings.catalog().exists() {
        return Err(nothing_to_scan());
    }
    let run = session.writing();
    let mut catalog = session.catalog_to_write()?;
    // The home is there now, so that its name without links is known.
    let options = options(arguments, session);
    if arguments.paths.is_empty() && catalog.roots()?.is_empty() {
        return Err(nothing_to_scan());
    }
    // Before the first look, so that nothing changes unseen between the two.
    let watch = arguments.watch.then(|| start_watch(arguments, &catalog, &options, session)).transpose()?;
    let flags = arguments.after;
    let (report, feeder) =
        follow::while_feeding(session, flags, || scan::scan(&mut catalog, &arguments.paths, &options, &run));
    let report = report?;
    warn(&report, session);
    let mut summary = summary(&report);
    fingerprint(arguments, &mut catalog, &mut summary, session, &run)?;
    if arguments.prune && !report.interrupted {
        let forgotten = roots::prune(arguments, &mut catalog, session, &run)?;
        summary.read.insert("forgotten", forgotten);
    }
    summary.elapsed_ms = elapsed_ms(started);
    let written = Written { summary, catalog, flags, feeder, failure: None };
    let Some(watch) = watch else { return follow::finish(session, sink, written, &run) };
    match follow::finish(session, sink, written, &run)? {
        Exit::Interrupted => Ok(Exit::Interrupted),
        _ => go_on(arguments, &watch, &options, session, &run),
    }
}

/// Reads the pixels of what was scanned, where that was asked for.
fn fingerprint(
    arguments: &ScanArgs,
    catalog: &mut Catalog,
    summary: &mut Summary,
    session: &Session,
    run: &RunContext,
) -> Result<(), Failure> {
    if arguments.fingerprints && !run.cancel.is_requested() {
        let found = pixels::catch_up(catalog, &arguments.paths, Failures::Spared, session, run)?;
        pixels::count(&found, summary);
    }
    Ok(())
}

fn nothing_to_scan() -> Failure {
    Failure::usage("no folder was scanned yet").hint("name one: `stemmata scan ~/Pictures`")
}

fn options(arguments: &ScanArgs, session: &Session) -> ScanOptions {
    let home = &session.settings.home;
    let which = match (arguments.all, arguments.retry_failed) {
        (_, true) => Which::Failed,
        (true, false) => Which::All,
        (false, false) => Which::Changed,
    };
    ScanOptions {
        which,
        hidden: arguments.hidden,
        ignore_files: !arguments.no_ignore,
        follow_links: arguments.follow_links,
        hash: arguments.hash,
        models: if arguments.hash_models { Hashing::On } else { Hashing::Off },
        exclude: home.canonicalize().into_iter().chain(std::path::absolute(home)).collect(),
        decoder: arguments.stealth.then_some(DECODER),
        threads: session.settings.jobs,
        ..ScanOptions::default()
    }
}

/// Pixels for whoever looks for text in them.
pub(crate) const DECODER: Decoder = Decoder(decode);

fn decode(path: &Path) -> Option<Pixels> {
    let found = stemmata::fingerprint::pixels::of_file(path, &PictureLimits::default()).ok()?;
    Some(Pixels { width: found.width, height: found.height, rgba: found.rgba })
}

fn start_watch(
    arguments: &ScanArgs,
    catalog: &Catalog,
    options: &ScanOptions,
    session: &Session,
) -> Result<Watch, Failure> {
    let mut folders: Vec<PathBuf> = arguments.paths.clone();
    if folders.is_empty() {
        folders = scan::root_paths(catalog)?;
    }
    let folders: Vec<PathBuf> = folders.iter().filter_map(|folder| folder.canonicalize().ok()).collect();
    let watch = Watch::new(&folders, &options.exclude, options.follow_links);
    if let Some(reason) = watch.polls_because() {
        session.talk.warn(&format!("the folders cannot be watched ({reason}); looking every 30 s instead"));
    }
    Ok(watch)
}

/// Scans what changes until somebody asks to stop.
fn go_on(
    arguments: &ScanArgs,
    watch: &Watch,
    options: &ScanOptions,
    session: &Session,
    run: &RunContext,
) -> Outcome {
    session.talk.note("watching; press Ctrl-C to stop");
    let options = ScanOptions { which: Which::Changed, ..options.clone() };
    while let Some(folders) = watch.next(&run.cancel) {
        let started = Instant::now();
        let mut catalog = session.catalog_to_write()?;
        let report = match scan::scan(&mut catalog, &folders, &options, run) {
            Ok(report) => report,
            // The folder came and went, or somebody else writes at the moment: the next change brings another look.
            Err(ScanError::NotFound { .. } | ScanError::Special { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        if report.is_quiet() {
            continue;
        }
        let mut summary = summary(&report);
        fingerprint(arguments, &mut catalog, &mut summary, session, run)?;
        summary.elapsed_ms = elapsed_ms(started);
        if !arguments.after.no_link {
            summary.linked = Some(follow::link(&mut catalog, run)?);
        }
        if !arguments.after.no_index {
            summary.indexed = Some(follow::index(session, &catalog, run)?);
        }
        let sink = follow::sink(session)?;
        if matches!(sink.format(), Format::Json | Format::Ndjson) {
            sink.document(&summary, |_, _| String::new())?;
        } else {
            session.talk.note(&summary.text());
        }
    }
    Ok(Exit::Done)
}

fn warn(report: &ScanReport, session: &Session) {
    for root in &report.offline {
        let root = String::from_utf8_lossy(root);
        session.talk.warn(&format!("{root} is not there or empty; what is known of it stays, as offline"));
    }
    if report.failed_before > 0 {
        let files = match report.failed_before {
            1 => "1 file".to_owned(),
            many => format!("{} files", grouped(many)),
        };
        session.talk.note(&format!(
            "{files} could not be read before and have not changed; --retry-failed tries again"
        ));
    }
}

fn summary(report: &ScanReport) -> Summary {
    let end = if report.interrupted { "interrupted" } else { "done" };
    let mut summary = Summary::new("scan", end, &report.written);
    summary.read.insert("files", report.files);
    let counts = [
        ("unchanged", report.unchanged),
        ("pictures", report.images),
        ("videos", report.videos),
        ("sidecars", report.sidecars),
        ("model files", report.models),
        ("model headers read", report.models_read),
        ("models hashed", report.models_hashed),
        ("without metadata", report.silent),
        ("other files left alone", report.other + report.left_alone),
        ("moved", report.moved),
        ("missing", report.missing),
        ("back again", report.returned),
        ("offline folders", report.offline.len() as u64),
    ];
    summary.read.extend(counts.into_iter().filter(|(_, count)| *count > 0));
    summary.items = report.images + report.videos;
    summary.failed = report.failed;
    summary.failures = report.failures.iter().map(loss).collect();
    summary.warnings_title = "oddities of metadata";
    for (code, warned) in &report.warnings {
        summary.field_warnings.insert((*code).to_owned(), warned.count);
        let place = String::from_utf8_lossy(&warned.first).into_owned();
        let first = Loss { place, line: None, item: None, reason: (*code).to_owned() };
        summary.first_warnings.insert((*code).to_owned(), first);
    }
    summary
}

fn loss(failure: &scan::ScanFailure) -> Loss {
    Loss { place: failure.shown_path(), line: None, item: None, reason: failure.reason.clone() }
}

impl From<ScanError> for Failure {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Catalog(error) => error.into(),
            ScanError::NotFound { ref path } => {
                let failure = Self::of(Exit::NotFound, "scan.not_found", &error);
                // The shell would have replaced it.
                if path.starts_with("~") {
                    failure.hint("the shell replaces `~` only outside quotes")
                } else {
                    failure
                }
            }
            ScanError::Special { .. } => {
                Self::of(Exit::Usage, "scan.special", &error).hint("give a folder, or a picture")
            }
            _ => Self::of(Exit::General, "scan.failed", &error),
        }
    }
}
