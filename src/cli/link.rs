//! `link`: resources to versions, for what is new since the last time.

use serde::Serialize;

use super::exit::Exit;
use super::failure::Outcome;
use super::follow;
use super::output::{SCHEMA, Supported};
use super::session::Session;
use super::summary::Linked;

#[derive(Serialize)]
struct Report {
    schema: u32,
    r#type: &'static str,
    command: &'static str,
    linked: Linked,
}

/// Links, and prints what changed.
pub(crate) fn run(session: &Session) -> Outcome {
    let sink = session.sink(Supported::Document)?;
    let mut catalog = session.present_catalog_to_write()?;
    let run = session.writing();
    let linked = follow::link(&mut catalog, &run)?;
    let report = Report { schema: SCHEMA, r#type: "summary", command: "link", linked };
    sink.document(&report, |report, _| format!("{}\n", report.linked.text()))?;
    Ok(if run.cancel.is_requested() { Exit::Interrupted } else { Exit::Done })
}
