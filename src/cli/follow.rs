//! What follows after the catalog was written: links, then the index, then the summary.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use stemmata::catalog::{Access, Catalog};
use stemmata::feed::{self, FeedError, FeedOptions, Feeder};
use stemmata::link;
use stemmata::run::RunContext;
use stemmata_index::IndexError;

use super::args::FollowFlags;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::near;
use super::output::{Format, Sink, Supported};
use super::resume;
use super::session::Session;
use super::summary::{Indexed, Linked, Summary, elapsed_ms};

/// Stdout for the summary. Opened first, so that a wrong `--format` is refused before anything is written.
///
/// # Errors
///
/// A usage failure when a summary has no such format.
pub(crate) fn sink(session: &Session) -> Result<Sink, Failure> {
    session.sink(Supported::Document)
}

/// What a command wrote, and how it ended.
pub(crate) struct Written {
    /// The counts.
    pub(crate) summary: Summary,
    /// The catalog that was written.
    pub(crate) catalog: Catalog,
    /// What to leave out.
    pub(crate) flags: FollowFlags,
    /// The index, already fed with most of it.
    pub(crate) feeder: Option<Feeder>,
    /// Why the command could not finish. What it wrote before is linked and indexed all the same.
    pub(crate) failure: Option<Failure>,
}

/// Brings links and index up to date unless told otherwise, prints the summary, and settles the exit code.
///
/// # Errors
///
/// The failure that ended the command; else when linking or indexing fails. What was read before is kept, and
/// told to people; scripts get the failure alone.
pub(crate) fn finish(session: &Session, sink: Sink, mut written: Written, run: &RunContext) -> Outcome {
    let followed = follow(session, &mut written, run);
    let Written { summary, failure, .. } = written;
    let as_json = matches!(sink.format(), Format::Json | Format::Ndjson);
    if !as_json {
        session.talk.note(&summary.text());
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    followed?;
    if as_json {
        sink.document(&summary, |_, _| String::new())?;
    }
    if run.cancel.is_requested() {
        session.talk.note(&format!("what was read is kept; run {} again to go on", resume::line()));
        return Ok(Exit::Interrupted);
    }
    let is_partial = summary.failed > 0 || summary.end == "stalled";
    Ok(if is_partial { Exit::Partial } else { Exit::Done })
}

fn follow(session: &Session, written: &mut Written, run: &RunContext) -> Result<(), Failure> {
    if !written.flags.no_link && !run.cancel.is_requested() {
        written.summary.linked = Some(link(&mut written.catalog, run)?);
    }
    if !written.flags.no_index && !run.cancel.is_requested() {
        written.summary.indexed = Some(match written.feeder.take() {
            Some(feeder) => complete(feeder, &written.catalog, run)?,
            None => index(session, &written.catalog, run)?,
        });
        near::follow(session, &written.catalog, run);
    }
    Ok(())
}

/// Does `work`, which writes the catalog, and feeds the index meanwhile.
///
/// Gives no feeder where the index is not wanted or could not be fed; [`finish`] then feeds it, or says why not.
pub(crate) fn while_feeding<T>(
    session: &Session,
    flags: FollowFlags,
    work: impl FnOnce() -> T,
) -> (T, Option<Feeder>) {
    if flags.no_index {
        return (work(), None);
    }
    let finished = AtomicBool::new(false);
    let cancel = session.reading().cancel;
    std::thread::scope(|scope| {
        let follower = scope.spawn(|| -> Result<Feeder, FeedError> {
            let run = RunContext { cancel, ..RunContext::quiet() };
            let catalog = Catalog::open(&session.settings.catalog(), Access::Read)?;
            let options = FeedOptions { threads: shared_jobs(session), ..FeedOptions::default() };
            let mut feeder = Feeder::open(&session.settings.index(), options)?;
            feeder.follow(&catalog, &finished, &run)?;
            Ok(feeder)
        });
        let done = work();
        finished.store(true, Ordering::Release);
        let feeder = follower.join().ok().and_then(Result::ok);
        (done, feeder)
    })
}

/// Threads for each of two stages that run at once. The one thread that writes the catalog decides how fast both
/// are, and more of the others only take its time; measured in `docs/BENCHMARKS.md`.
pub(crate) fn shared_jobs(session: &Session) -> usize {
    session.settings.jobs.div_ceil(2)
}

fn complete(mut feeder: Feeder, catalog: &Catalog, run: &RunContext) -> Result<Indexed, FeedError> {
    let started = Instant::now();
    feeder.take(catalog, run)?;
    let report = feeder.commit()?;
    Ok(Indexed { images: report.images, generation: report.generation, elapsed_ms: elapsed_ms(started) })
}

/// Links what is new.
///
/// # Errors
///
/// When the catalog cannot be read or written.
pub(crate) fn link(catalog: &mut Catalog, run: &RunContext) -> Result<Linked, Failure> {
    let started = Instant::now();
    let report = link::catch_up(catalog, run)?;
    Ok(Linked {
        examined: report.examined,
        changed: report.changed,
        unresolved: report.unresolved,
        elapsed_ms: elapsed_ms(started),
    })
}

/// Brings the index up to date; one that cannot be used any more is built anew.
///
/// # Errors
///
/// When another process feeds the index, or it cannot be written.
pub(crate) fn index(session: &Session, catalog: &Catalog, run: &RunContext) -> Result<Indexed, Failure> {
    match feed(session, catalog, &session.settings.index(), run) {
        Err(FeedError::Index(error @ (IndexError::NeedsRebuild { .. } | IndexError::Damaged(_)))) => {
            session.talk.note(&format!("{error}; doing so"));
            rebuild(session, catalog, run)
        }
        Err(error @ FeedError::Foreign { .. }) => {
            session.talk.note(&format!("{error}; doing so"));
            rebuild(session, catalog, run)
        }
        fed => Ok(fed?),
    }
}

/// Builds the index anew beside the present one, which answers meanwhile, and puts it in its place.
///
/// # Errors
///
/// When another process feeds the index, or a folder cannot be deleted, renamed or written.
pub(crate) fn rebuild(session: &Session, catalog: &Catalog, run: &RunContext) -> Result<Indexed, Failure> {
    let present = session.settings.index();
    let beside = |ending: &str| {
        let mut name = present.clone().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    let (next, former) = (beside(".next"), beside(".former"));
    for folder in [&present, &next] {
        if !folder.exists() {
            continue;
        }
        if let Err(error @ FeedError::Index(IndexError::Locked { .. })) =
            feed::Feeder::open(folder, options(session))
        {
            return Err(error.into());
        }
    }
    delete(&next)?;
    let indexed = feed(session, catalog, &next, run)?;
    if run.cancel.is_requested() {
        delete(&next)?;
        session.talk.note("the index was left as it was");
        return Ok(indexed);
    }
    delete(&former)?;
    if present.exists() {
        rename(&present, &former)?;
    }
    rename(&next, &present)?;
    delete(&former)?;
    Ok(indexed)
}

fn delete(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::file(format!("deleting {}", folder.display()), &error))
        }
        _ => Ok(()),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::rename(from, to)
        .map_err(|error| Failure::file(format!("renaming {} to {}", from.display(), to.display()), &error))
}

fn feed(session: &Session, catalog: &Catalog, folder: &Path, run: &RunContext) -> Result<Indexed, FeedError> {
    let started = Instant::now();
    let report = feed::catch_up(catalog, folder, options(session), run)?;
    Ok(Indexed { images: report.images, generation: report.generation, elapsed_ms: elapsed_ms(started) })
}

/// How the index is fed.
pub(crate) fn options(session: &Session) -> FeedOptions {
    FeedOptions { threads: session.settings.jobs, ..FeedOptions::default() }
}

impl From<FeedError> for Failure {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Catalog(error) => error.into(),
            FeedError::Index(error) => error.into(),
            FeedError::Foreign { .. } => {
                Self::of(Exit::Unready, "index.foreign", &error).hint("run `stemmata index rebuild`")
            }
            _ => Self::of(Exit::General, "index.failed", &error),
        }
    }
}

impl From<IndexError> for Failure {
    fn from(error: IndexError) -> Self {
        match &error {
            IndexError::Missing { .. } => {
                Self::of(Exit::Unready, "index.missing", &error).hint("run `stemmata index update`")
            }
            IndexError::Locked { .. } => Self::of(Exit::Unready, "index.locked", &error)
                .hint("wait until the other command ends, then run `stemmata index update`"),
            IndexError::NeedsRebuild { .. } => {
                Self::of(Exit::Unready, "index.needs_rebuild", &error).hint("run `stemmata index rebuild`")
            }
            IndexError::Damaged(_) => {
                Self::of(Exit::Unready, "index.damaged", &error).hint("run `stemmata index rebuild`")
            }
            IndexError::Query(query) => query.into(),
            IndexError::Resolve { .. } => Self::of(Exit::Usage, "query.unresolved", &error),
            _ => Self::of(Exit::General, "index.failed", &error),
        }
    }
}
