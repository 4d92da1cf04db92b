//! `import`: documents on disk into the catalog, then linked and indexed.

use std::path::Path;
use std::time::Instant;

use stemmata::crawl::import::{self, ImportError, ImportOptions, ImportReport, Input, Plan};
use stemmata::source::civitai::ItemKind;

use super::args::{ImportArgs, KindChoice};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::follow::{self, Written};
use super::session::Session;
use super::summary::{Loss, Summary, elapsed_ms};

/// Imports, then brings links and index up to date.
pub(crate) fn run(arguments: &ImportArgs, session: &Session) -> Outcome {
    let started = Instant::now();
    let inputs: Vec<Input> = arguments.paths.iter().map(|path| input(path)).collect();
    let options = ImportOptions {
        kind: arguments.kind.map(kind),
        threads: follow::shared_jobs(session),
        ..ImportOptions::default()
    };
    let sink = follow::sink(session)?;
    let plan = Plan::new(&inputs)?;
    let run = session.writing();
    let mut catalog = session.catalog_to_write()?;
    let flags = arguments.follow;
    let (report, feeder) =
        follow::while_feeding(session, flags, || import::import(&mut catalog, plan, &options, &run));
    let report = report?;
    if report.files == 0 && report.failed == 0 && !report.interrupted {
        session.talk.warn("no document was found there; a folder is searched for JSON, NDJSON and sidecars");
    }
    let summary = summary(&report, started);
    let written = Written { summary, catalog, flags, feeder, failure: None };
    follow::finish(session, sink, written, &run)
}

fn input(path: &Path) -> Input {
    if path.as_os_str() == "-" { Input::Stdin } else { Input::Path(path.to_owned()) }
}

fn kind(choice: KindChoice) -> ItemKind {
    match choice {
        KindChoice::Image => ItemKind::Image,
        KindChoice::Model => ItemKind::Model,
        KindChoice::Version => ItemKind::Version,
        KindChoice::Creator => ItemKind::Creator,
        KindChoice::Tag => ItemKind::Tag,
    }
}

fn summary(report: &ImportReport, started: Instant) -> Summary {
    let end = if report.interrupted { "interrupted" } else { "done" };
    let mut summary = Summary::new("import", end, &report.written);
    summary.read.insert("files", report.files);
    if report.other_files > 0 {
        summary.read.insert("other files left alone", report.other_files);
    }
    summary.items = report.items;
    summary.failed = report.failed;
    summary.failures = report.failures.iter().map(loss).collect();
    for (field, warned) in &report.warnings {
        summary.field_warnings.insert(field.clone(), warned.count);
        summary.first_warnings.insert(field.clone(), loss(&warned.first));
    }
    summary.elapsed_ms = elapsed_ms(started);
    summary
}

fn loss(failure: &import::Failure) -> Loss {
    Loss {
        place: failure.file.clone(),
        line: failure.line,
        item: failure.item,
        reason: failure.reason.clone(),
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Catalog(error) => error.into(),
            ImportError::NotFound { ref path } => {
                let failure = Self::of(Exit::NotFound, "import.not_found", &error);
                // The shell would have replaced it.
                if path.starts_with("~") {
                    failure.hint("the shell replaces `~` only outside quotes")
                } else {
                    failure
                }
            }
            ImportError::BadPattern { .. } => Self::of(Exit::Usage, "import.bad_pattern", &error),
            _ => Self::of(Exit::General, "import.failed", &error),
        }
    }
}
