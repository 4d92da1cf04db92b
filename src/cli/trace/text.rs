//! `trace` for people: a verdict a resource, and with `--why` the chain behind each.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use stemmata::entity::{LostReason, MetaState, PublishState, VersionId};
use stemmata::link::compat::Compat;
use stemmata::link::duplicates::{DEFAULT_THRESHOLD, STRICT_THRESHOLD};
use stemmata::link::{Note, Said, Trace, TraceLink, TraceResource, Verdict, Via};

use crate::cli::escape::one_line;
use crate::cli::terminal::Paint;

/// Candidates told to people for a reference that is not certain.
const ALTERNATIVES_TOLD: usize = 3;

/// The answer for people, with the way that led to it.
pub(super) fn full(trace: &Trace, paint: Paint) -> String {
    let mut text = heading(trace, paint);
    if let Some(way) = way(trace) {
        push(&mut text, &format!("  {way}"));
    }
    for other in &trace.others {
        let distance = other.distance.map(|distance| format!(", distance {distance}")).unwrap_or_default();
        push(&mut text, &format!("  or image {}{distance}", one_line(&other.image.0.to_string())));
    }
    push_body(&mut text, trace, paint);
    text
}

/// The answer for people, without the way.
pub(crate) fn text(trace: &Trace, paint: Paint) -> String {
    let mut text = heading(trace, paint);
    push_body(&mut text, trace, paint);
    text
}

fn heading(trace: &Trace, paint: Paint) -> String {
    format!("{}\n", paint.bold(&format!("image {}", one_line(&trace.target))))
}

/// How the target led to what follows; `None` where it names the image itself.
fn way(trace: &Trace) -> Option<String> {
    let name = trace.image.as_ref().map(|image| image.0.to_string()).unwrap_or_default();
    let name = one_line(&name);
    let distance = trace.distance.map(|distance| format!(", distance {distance}")).unwrap_or_default();
    match trace.via {
        Via::Id => None,
        Via::Metadata => Some("read from its own metadata".to_owned()),
        Via::SameBytes => Some(format!("it has the same bytes as image {name}, which says:")),
        Via::SamePixels => Some(format!("it has the same pixels as image {name}, which says:")),
        Via::NearDuplicate => {
            let bits =
                trace.distance.map(|bits| format!(", {bits:.0} of 192 bits apart")).unwrap_or_default();
            Some(format!(
                "its pixels are those of a copy of image {name}{bits}; about one such finding in a hundred is another \
                 picture. That one says:"
            ))
        }
        Via::Blurhash => Some(format!(
            "a candidate only: its BlurHash is like that of image {name}{distance}; nobody has compared the pixels, and {} \
             in a hundred pictures has an unrelated one as near",
            strangers(trace.distance)
        )),
    }
}

/// Of a hundred media of the site, how many had an unrelated neighbour within a distance; measured on 186,303 of them.
fn strangers(distance: Option<f64>) -> &'static str {
    match distance {
        Some(distance) if distance <= f64::from(STRICT_THRESHOLD) + 1e-6 => "less than one",
        Some(distance) if distance <= f64::from(DEFAULT_THRESHOLD) + 1e-6 => "about one",
        _ => "two or more",
    }
}

fn push_body(text: &mut String, trace: &Trace, paint: Paint) {
    match trace.state {
        MetaState::Present => {}
        MetaState::Hidden => push(text, "  its generation data was withdrawn, or its owner hides it"),
        MetaState::Null | MetaState::Withheld => push(text, "  the site has no generation data for it"),
        MetaState::NotSaid => push(text, "  no document with generation data was seen yet"),
    }
    if !trace.verdicts.is_empty() {
        push(text, &paint.bold("made with"));
        for verdict in &trace.verdicts {
            push_verdict(text, trace, verdict);
            for resource in verdict.resources.iter().filter_map(|&position| trace.resources.get(position)) {
                push_why(text, resource);
            }
        }
    }
    if !trace.posted_for.is_empty() {
        push(text, &paint.bold("posted for"));
        for posted in &trace.posted_for {
            let title = title(posted.model_name.as_deref(), posted.version_name.as_deref());
            let (version, evidence) = (posted.version, posted.evidence);
            push(text, &format!("  {title} (version {version}), by {evidence}"));
        }
    }
    if !trace.made_from.is_empty() {
        push(text, &paint.bold("made from"));
        for parent in &trace.made_from {
            push(text, &format!("  image {}, by {}", parent.image, parent.evidence));
        }
    }
    if let Some(compat) = &trace.compat {
        push_compat(text, compat, paint);
    }
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
    let served = link.map_or("", |link| served(link.state));
    let confidence = verdict
        .confidence
        .map(|confidence| format!("{} ({} %)", confidence.word(), confidence.percent()))
        .unwrap_or_default();
    let evidence: Vec<&str> = verdict.all_evidence.iter().map(|evidence| evidence.as_str()).collect();
    let title = link.map_or_else(|| "not described yet".to_owned(), title_of);
    push(
        text,
        &format!(
            "  {kind:<10} {title} (version {version}{served}){weight}, {confidence} by {}",
            evidence.join(", ")
        ),
    );
    let told = if resources().any(|resource| resource.why.is_some()) { 0 } else { ALTERNATIVES_TOLD };
    for other in verdict.alternatives.iter().take(told) {
        let title = links().find(|link| link.version == *other).map_or_else(String::new, title_of);
        push(text, &format!("  {:<10}   or {title} (version {other})", ""));
    }
    let more = verdict.alternatives.len().saturating_sub(told);
    if more > 0 && told > 0 {
        push(text, &format!("  {:<10}   or {more} more; --format json lists them", ""));
    }
}

fn served(state: PublishState) -> &'static str {
    match state {
        PublishState::Unknown | PublishState::Published => "",
        PublishState::Unpublished => ", no longer published",
        PublishState::NotFound => ", no longer on the site",
    }
}

fn push_why(text: &mut String, resource: &TraceResource) {
    let Some(why) = &resource.why else { return };
    for said in &why.said {
        push_said(text, said);
    }
    push_line(text, "looked up", &looked_up(resource));
    for link in &resource.links {
        push_line(text, "candidate", &candidate(link));
    }
    if resource.links.is_empty() {
        push_line(text, "candidate", "none");
    }
    for step in &why.settle {
        push_line(text, "to settle", &format!("`{}` {}", step.command, step.what));
    }
}

fn push_line(text: &mut String, name: &str, words: &str) {
    push(text, &format!("    {name:<10} {words}"));
}

fn push_said(text: &mut String, said: &Said) {
    let block = said.block.map(|block| format!(", block {}", block + 1)).unwrap_or_default();
    let range = said.range.map(|[start, end]| format!(" at {start}..{end} of the file")).unwrap_or_default();
    let span = said.span.map(|[start, end]| format!(", bytes {start}..{end}")).unwrap_or_default();
    let (place, raw) = (one_line(&said.place), one_line(&said.raw));
    push_line(text, "said in", &format!("{place}{block}{range}{span}: {raw}"));
}

fn looked_up(resource: &TraceResource) -> String {
    let Some(why) = &resource.why else { return String::new() };
    let mut parts = Vec::new();
    if let Some(hash) = &resource.hash {
        match why.junk {
            Some(reason) => {
                parts.push(format!("not by hash {hash}, which is junk: {}", reason.replace('_', " ")));
            }
            None => parts.push(format!("hash {hash} ({} digits)", hash.as_str().len())),
        }
    }
    parts.extend(resource.version.map(|version| format!("version {version}")));
    parts.extend(resource.air.as_deref().map(|air| format!("identifier {}", one_line(air))));
    if let Some(name) = why.compared_name.as_deref().filter(|_| why.looked_up_as.contains(&"name")) {
        parts.push(format!("name \"{}\"", one_line(name)));
    }
    let kinds = why.looked_up_as.join(", ");
    match (parts.is_empty(), kinds.is_empty()) {
        (true, _) => "by nothing: its name says nothing".to_owned(),
        (false, true) => parts.join("; "),
        (false, false) => format!("{} as {kinds}", parts.join("; ")),
    }
}

fn candidate(link: &TraceLink) -> String {
    let (rank, version, title) = (link.rank, link.version, title_of(link));
    let (evidence, class, percent) = (link.evidence, link.class.as_str(), link.confidence.percent());
    let raw = one_line(&link.raw);
    let lost = link.lost.map(|lost| format!("; lost: {}", lost_because(lost))).unwrap_or_default();
    let former =
        if link.note == Some(Note::FormerFile) { "; the version no longer lists this file" } else { "" };
    let decision =
        link.decision.as_deref().map(|id| format!("; decision {}", one_line(id))).unwrap_or_default();
    let served = served(link.state);
    format!(
        "{rank}. {title} (version {version}{served}): {evidence} {raw}, class {class}, {percent} %{lost}{former}{decision}"
    )
}

/// Why a candidate is not the representative, for people.
fn lost_because(lost: LostReason) -> &'static str {
    match lost {
        LostReason::WeakerEvidence => "another has stronger evidence",
        LostReason::TypeMismatch => "its model is of another type",
        LostReason::NotMainFile => "the file is not the main file of this version",
        LostReason::NotPublished => "it is not published",
        LostReason::PublishedLater => "another was published earlier",
        LostReason::HigherId => "only its higher id decided",
        LostReason::DecidedAgainst => "a person decided against it",
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
