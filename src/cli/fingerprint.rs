//! `fingerprint`: the pixels of scanned pictures, as numbers by which copies are found.

use std::time::Instant;

use stemmata::catalog::{BatchReport, Failures};

use super::args::FingerprintArgs;
use super::failure::{Failure, Outcome};
use super::follow::{self, Written};
use super::pixels;
use super::session::Session;
use super::summary::{Summary, elapsed_ms};

/// Looks at every picture that has no fingerprint as it is, then brings links and index up to date.
pub(crate) fn run(arguments: &FingerprintArgs, session: &Session) -> Outcome {
    let started = Instant::now();
    let sink = follow::sink(session)?;
    let run = session.writing();
    let mut catalog = session.present_catalog_to_write()?;
    if catalog.roots()?.is_empty() {
        return Err(
            Failure::usage("no folder was scanned yet").hint("scan one first: `stemmata scan ~/Pictures`")
        );
    }
    let failures = if arguments.retry_failed { Failures::Retried } else { Failures::Spared };
    let report = pixels::catch_up(&mut catalog, &arguments.paths, failures, session, &run)?;
    if report.stale > 0 {
        session
            .talk
            .note("files that have changed since they were scanned are left out; `stemmata scan` reads them");
    }
    let mut summary = Summary::new("fingerprint", "done", &BatchReport::default());
    summary.items = report.fingerprinted + report.unchanged;
    pixels::count(&report, &mut summary);
    summary.elapsed_ms = elapsed_ms(started);
    let written = Written { summary, catalog, flags: arguments.after, feeder: None, failure: None };
    follow::finish(session, sink, written, &run)
}
