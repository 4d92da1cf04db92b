//! `trace`: which model versions made an image, and how we know.

mod chain;
mod file;
mod said;
mod text;

use std::cell::OnceCell;
use std::ffi::{OsStr, OsString};

use serde::Serialize;
use stemmata::catalog::Catalog;
use stemmata::link::copies::{Ground, NearFolder};
use stemmata::link::{LinkError, Trace, Tracer};

use super::args::{CompatChoice, TraceArgs};
use super::exit::Exit;
use super::failure::{Failure, Named, Outcome};
use super::near;
use super::output::{Format, SCHEMA, Sink, Supported, json};
use super::session::Session;
use super::summary::{counted, grouped};
use super::targets;
pub(crate) use text::text;

#[derive(Serialize)]
struct Traces {
    schema: u32,
    traces: Vec<Trace>,
}

/// What targets are traced with.
struct Tracing<'a> {
    catalog: &'a Catalog,
    tracer: Tracer<'a>,
    why: bool,
    compat: Option<CompatChoice>,
    /// The folder of what is known of copies.
    near: NearFolder,
    /// Where pictures are looked for that look like a file, opened when the first target needs it.
    ground: OnceCell<Ground<'a>>,
}

/// Traces each target; one that is not known costs only itself.
pub(crate) fn run(arguments: &TraceArgs, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Document)?;
    let catalog = session.catalog()?;
    let mut tracing = Tracing::new(&catalog, session)?;
    tracing.why = arguments.why;
    tracing.compat = arguments.compat;
    match arguments.targets.as_slice() {
        [single] if single != "-" => {
            let trace = tracing.trace(single)?;
            sink.document(&trace, |trace, terminal| text::full(trace, terminal.paint))?;
            Ok(Exit::Done)
        }
        many => several(many, &mut tracing, sink, session),
    }
}

/// Traces one target for another command, without what flags add.
///
/// # Errors
///
/// [`Exit::NotFound`] when nothing is known of it, [`Exit::Usage`] when the text names no image.
pub(crate) fn one(target: &OsStr, catalog: &Catalog, session: &Session) -> Result<Trace, Failure> {
    Tracing::new(catalog, session)?.trace(target)
}

fn several(targets: &[OsString], tracing: &mut Tracing<'_>, mut sink: Sink, session: &Session) -> Outcome {
    let mut collected = Vec::new();
    let (mut told, mut failed, mut differ) = (0_u64, 0_u64, 0_u64);
    targets::for_each_os(targets, |target| {
        let trace = match tracing.trace(target) {
            Ok(trace) => trace,
            Err(Failure::Named(named)) if costs_only_itself(&named) => {
                failed += 1;
                match sink.format() {
                    Format::Json | Format::Ndjson => session.talk.failure_record(&named),
                    _ => session.talk.warn(&named.message),
                }
                return Ok(());
            }
            Err(other) => return Err(other),
        };
        told += 1;
        differ += u64::from(trace.compat.as_ref().is_some_and(|compat| !compat.agrees));
        match sink.format() {
            Format::Json => collected.push(trace),
            Format::Ndjson => sink.text(&json::line(&trace))?,
            _ => {
                let gap = if told > 1 { "\n" } else { "" };
                let paint = sink.terminal().paint;
                sink.text(&format!("{gap}{}", text::full(&trace, paint)))?;
            }
        }
        Ok(())
    })?;
    if sink.format() == Format::Json && (told > 0 || failed == 0) {
        sink.text(&json::line(&Traces { schema: SCHEMA, traces: collected }))?;
    }
    sink.close()?;
    if tracing.compat.is_some() {
        let (images, differ) = (counted(told, "images"), grouped(differ));
        session.talk.note(&format!("{images} compared with the site's own matching, {differ} differ"));
    }
    Ok(match (told, failed) {
        (_, 0) => Exit::Done,
        (0, _) => Exit::NotFound,
        _ => Exit::Partial,
    })
}

/// Whether a failure is about one target, so that the others are traced all the same.
fn costs_only_itself(named: &Named) -> bool {
    matches!(named.exit, Exit::NotFound | Exit::Usage) || named.code == "file"
}

impl<'a> Tracing<'a> {
    fn new(catalog: &'a Catalog, session: &Session) -> Result<Self, Failure> {
        let (tracer, near) = (Tracer::new(catalog)?, near::folder(session));
        Ok(Self { catalog, tracer, why: false, compat: None, near, ground: OnceCell::new() })
    }

    /// A file on disk comes before an image of the same name, as in `show`.
    fn trace(&mut self, target: &OsStr) -> Result<Trace, Failure> {
        let path = std::path::Path::new(target);
        match std::fs::metadata(path) {
            Ok(facts) if facts.is_dir() => Err(Failure::usage(format!("{} is a folder", path.display()))
                .hint("`stemmata scan` takes folders, and their pictures come from `find` as targets of `trace -`")),
            Ok(facts) if facts.is_file() => self.file(path),
            _ => self.of_catalog(target),
        }
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Catalog(error) => error.into(),
            LinkError::NoImage { .. } => Self::of(Exit::NotFound, "image.not_found", &error),
            _ => Self::of(Exit::General, "link.failed", &error),
        }
    }
}
