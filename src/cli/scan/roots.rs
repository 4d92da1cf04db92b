//! Folders that were scanned: listed, and forgotten on purpose.

use serde::Serialize;
use stemmata::catalog::{Catalog, Forget};
use stemmata::crawl::scan::{self, RootSummary};
use stemmata::entity::{ImageName, Timestamp};
use stemmata::run::RunContext;

use crate::cli::args::ScanArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::follow;
use crate::cli::names;
use crate::cli::output::{Column, Row, Supported};
use crate::cli::session::Session;
use crate::cli::summary::grouped;

/// One folder, as it is listed.
#[derive(Serialize)]
struct RootRow {
    path: Option<String>,
    /// In hexadecimal, where they are not UTF-8.
    path_bytes: Option<String>,
    online: bool,
    scanned_at: Option<Timestamp>,
    present: u64,
    missing: u64,
    failed: u64,
}

impl From<&RootSummary> for RootRow {
    fn from(summary: &RootSummary) -> Self {
        let (path, path_bytes) = names::path(&ImageName::Path(summary.root.path.clone()));
        Self {
            path,
            path_bytes,
            online: summary.is_there,
            scanned_at: summary.root.scanned_at,
            present: summary.files.present,
            missing: summary.files.missing,
            failed: summary.files.failed,
        }
    }
}

impl Row for RootRow {
    const COLUMNS: &'static [Column] = &[
        Column::flexible("folder"),
        Column::left("state"),
        Column::right("present"),
        Column::right("missing"),
        Column::right("failed"),
        Column::left("scanned"),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.path.clone().unwrap_or_default(),
            if self.online { "online" } else { "offline" }.to_owned(),
            self.present.to_string(),
            self.missing.to_string(),
            self.failed.to_string(),
            self.scanned_at.map(|moment| moment.to_string()).unwrap_or_default(),
        ]
    }

    fn handles(&self) -> Vec<String> {
        self.path.iter().cloned().collect()
    }
}

/// Lists the folders.
pub(super) fn list(arguments: &ScanArgs, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Rows)?;
    let catalog = session.catalog()?;
    let mut rows = sink.rows::<RootRow>("folders");
    for root in scan::roots_of(&catalog, &arguments.paths)? {
        rows.push(&RootRow::from(&root))?;
    }
    rows.finish_without_summary()?;
    Ok(Exit::Done)
}

/// Says what is missing, and forgets it if told to. Gives how many files.
pub(super) fn prune(
    arguments: &ScanArgs,
    catalog: &mut Catalog,
    session: &Session,
    run: &RunContext,
) -> Result<u64, Failure> {
    let what = scan::roots_of(catalog, &arguments.paths)?;
    let missing = what.iter().filter(|one| one.is_there && one.files.missing > 0);
    for one in missing.clone() {
        session.talk.note(&format!("{} missing in {}", are(one.files.missing), shown(one)));
    }
    if missing.count() == 0 {
        session.talk.note("no file is missing");
        return Ok(0);
    }
    if !arguments.yes {
        session.talk.note("nothing was forgotten; add --yes to forget them and what is known of them");
        return Ok(0);
    }
    Ok(scan::forget(catalog, &what, Forget::Missing, run)?)
}

/// Forgets whole folders, if told to.
pub(super) fn forget(arguments: &ScanArgs, session: &Session) -> Outcome {
    let run = session.writing();
    let mut catalog = session.present_catalog_to_write()?;
    let what = scan::roots_of(&catalog, &arguments.paths)?;
    for one in &what {
        let files = one.files.present + one.files.missing + one.files.failed;
        session.talk.note(&format!("{} known in {}", are(files), shown(one)));
    }
    if !arguments.yes {
        session.talk.note("nothing was forgotten; add --yes to forget them, and what is known of them");
        return Ok(Exit::Done);
    }
    let forgotten = scan::forget(&mut catalog, &what, Forget::All, &run)?;
    session
        .talk
        .note(&format!("forgotten: {} of the catalog; nothing on disk was touched", files_of(forgotten)));
    if !arguments.after.no_index {
        session.talk.note(&follow::index(session, &catalog, &run)?.text());
    }
    Ok(Exit::Done)
}

fn shown(one: &RootSummary) -> String {
    String::from_utf8_lossy(&one.root.path).into_owned()
}

fn files_of(count: u64) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{} files", grouped(count)) }
}

fn are(count: u64) -> String {
    if count == 1 { "1 file is".to_owned() } else { format!("{} files are", grouped(count)) }
}
