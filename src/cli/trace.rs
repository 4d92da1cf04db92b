//! `trace`: which model versions made an image, and how we know.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;
use stemmata::catalog::Catalog;
use stemmata::entity::{LostReason, MetaState, VersionId};
use stemmata::link::compat::Compat;
use stemmata::link::{self, LinkError, Trace, TraceLink, Verdict};

use super::args::{CompatChoice, TraceArgs};
use super::escape::one_line;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::output::{Format, SCHEMA, Sink, Supported, json};
use super::session::Session;
use super::summary::{counted, grouped};
use super::terminal::Paint;
use super::{target, targets};

/// Candidates told to people for a reference that is not certain.
const ALTERNATIVES_TOLD: usize = 3;

#[derive(Serialize)]
struct Traces {
    schema: u32,
    traces: Vec<Trace>,
}

/// Traces each target; one that is not known costs only itself.
pub(crate) fn run(arguments: &TraceArgs, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Document)?;
    let catalog = session.catalog()?;
    let tracer = Tracer { catalog: &catalog, compat: arguments.compat };
    match arguments.targets.as_slice() {
        [single] if single != "-" => {
            let trace = tracer.trace(single)?;
            sink.document(&trace, |trace, terminal| text(trace, terminal.paint))?;
            Ok(Exit::Done)
        }
        many => several(many, &tracer, sink, session),
    }
}

fn several(texts: &[String], tracer: &Tracer<'_>, mut sink: Sink, session: &Session) -> Outcome {
    let mut collected = Vec::new();
    let (mut told, mut failed, mut differ) = (0_u64, 0_u64, 0_u64);
    targets::for_each(texts, |text_of_target| {
        let trace = match tracer.trace(text_of_target) {
            Ok(trace) => trace,
            Err(Failure::Named(named)) if matches!(named.exit, Exit::NotFound | Exit::Usage) => {
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
                sink.text(&format!("{gap}{}", text(&trace, paint)))?;
            }
        }
        Ok(())
    })?;
    if sink.format() == Format::Json && (told > 0 || failed == 0) {
        sink.text(&json::line(&Traces { schema: SCHEMA, traces: collected }))?;
    }
    sink.close()?;
    if tracer.compat.is_some() {
        let (images, differ) = (counted(told, "images"), grouped(differ));
        session.talk.note(&format!("{images} compared with the site's own matching, {differ} differ"));
    }
    Ok(match (told, failed) {
        (_, 0) => Exit::Done,
        (0, _) => Exit::NotFound,
        _ => Exit::Partial,
    })
}

/// How targets are traced.
struct Tracer<'a> {
    catalog: &'a Catalog,
    compat: Option<CompatChoice>,
}

impl Tracer<'_> {
    fn trace(&self, text: &str) -> Result<Trace, Failure> {
        let found = target::image(self.catalog, text)?;
        let mut trace = link::trace(self.catalog, text, found.key, found.via, None)?;
        if let Some(CompatChoice::Civitai) = self.compat {
            trace.compat = Some(link::compat::compat(self.catalog, found.key, &trace.verdicts)?);
        }
        Ok(trace)
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

/// The answer for people.
pub(crate) fn text(trace: &Trace, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.bold(&format!("image {}", one_line(&trace.target))));
    match trace.state {
        MetaState::Present => {}
        MetaState::Hidden => push(&mut text, "  its generation data was withdrawn, or its owner hides it"),
        MetaState::Null | MetaState::Withheld => push(&mut text, "  the site has no generation data for it"),
        MetaState::NotSaid => push(&mut text, "  no document with generation data was seen yet"),
    }
    if !trace.verdicts.is_empty() {
        push(&mut text, &paint.bold("made with"));
        for verdict in &trace.verdicts {
            push_verdict(&mut text, trace, verdict);
        }
    }
    if !trace.posted_for.is_empty() {
        push(&mut text, &paint.bold("posted for"));
        for posted in &trace.posted_for {
            let title = title(posted.model_name.as_deref(), posted.version_name.as_deref());
            let (version, evidence) = (posted.version, posted.evidence);
            push(&mut text, &format!("  {title} (version {version}), by {evidence}"));
        }
    }
    if !trace.made_from.is_empty() {
        push(&mut text, &paint.bold("made from"));
        for parent in &trace.made_from {
            push(&mut text, &format!("  image {}, by {}", parent.image, parent.evidence));
        }
    }
    if let Some(compat) = &trace.compat {
        push_compat(&mut text, compat, paint);
    }
    text
}

fn push_compat(text: &mut String, compat: &Compat, paint: Paint) {
    push(text, &paint.bold("what the site says"));
    for link in &compat.links {
        let name = link.name.as_deref().map(|name| format!(" as {}", one_line(name))).unwrap_or_default();
        let strength = link.strength.map(|strength| format!(", strength {strength}")).unwrap_or_default();
        let detected = if link.detected { "" } else { ", from the post only" };
        push(text, &format!("  version {}{name}{strength}{detected}", link.version));
    }
    if compat.links.is_empty() {
        push(text, "  nothing");
    }
    for hidden in &compat.hidden {
        let instead =
            hidden.instead.map(|version| format!(" and tells version {version}")).unwrap_or_default();
        push(
            text,
            &format!("  hides version {} with hash {}{instead}", hidden.version, one_line(&hidden.hash)),
        );
    }
    let list =
        |versions: &[VersionId]| versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if !compat.only_ours.is_empty() {
        push(text, &format!("  misses version {}", list(&compat.only_ours)));
    }
    if !compat.only_site.is_empty() {
        push(text, &format!("  alone names version {}", list(&compat.only_site)));
    }
}

fn push_verdict(text: &mut String, trace: &Trace, verdict: &Verdict) {
    let resources = || verdict.resources.iter().filter_map(|&position| trace.resources.get(position));
    let kind = verdict.kind;
    let off = if verdict.off { " (off)" } else { "" };
    let weight = verdict.weight.map(|weight| format!(", weight {weight}{off}")).unwrap_or_default();
    let Some(version) = verdict.version else {
        let written = resources().next();
        if let Some(model) = resources().find_map(|resource| resource.model) {
            push(text, &format!("  {kind:<10} model {model}{weight}, in a version that is not said"));
            return;
        }
        let name = written.and_then(|resource| resource.name.as_deref()).unwrap_or("without a name");
        let hash = written.and_then(|resource| resource.hash.as_ref());
        let hash = hash.map(|hash| format!(", hash {hash}")).unwrap_or_default();
        let refused: BTreeSet<String> = resources()
            .flat_map(|resource| &resource.links)
            .filter(|link| link.lost == Some(LostReason::DecidedAgainst))
            .map(|link| format!("{} (version {})", title_of(link), link.version))
            .collect();
        let why = if refused.is_empty() {
            "no version known".to_owned()
        } else {
            let refused: Vec<String> = refused.into_iter().collect();
            format!("decided not to be {}", refused.join(", "))
        };
        push(text, &format!("  {kind:<10} {}{weight}{hash}: {why}", one_line(name)));
        return;
    };
    let links = || resources().flat_map(|resource| &resource.links);
    let link = links().find(|link| link.version == version);
    let confidence = verdict
        .confidence
        .map(|confidence| format!("{} ({} %)", confidence.word(), confidence.percent()))
        .unwrap_or_default();
    let evidence: Vec<&str> = verdict.all_evidence.iter().map(|evidence| evidence.as_str()).collect();
    let title = link.map_or_else(|| "not described yet".to_owned(), title_of);
    push(
        text,
        &format!("  {kind:<10} {title} (version {version}){weight}, {confidence} by {}", evidence.join(", ")),
    );
    for other in verdict.alternatives.iter().take(ALTERNATIVES_TOLD) {
        let title = links().find(|link| link.version == *other).map_or_else(String::new, title_of);
        push(text, &format!("  {:<10}   or {title} (version {other})", ""));
    }
    let more = verdict.alternatives.len().saturating_sub(ALTERNATIVES_TOLD);
    if more > 0 {
        push(text, &format!("  {:<10}   or {more} more; --format json lists them", ""));
    }
}

fn title_of(link: &TraceLink) -> String {
    title(link.model_name.as_deref(), link.version_name.as_deref())
}

fn title(model: Option<&str>, version: Option<&str>) -> String {
    let Some(model) = model.map(one_line) else { return "not described yet".to_owned() };
    version.map_or_else(|| model.to_string(), |version| format!("{model} {}", one_line(version)))
}

fn push(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a string cannot fail");
}
