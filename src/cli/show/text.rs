//! `show` for people.

use std::fmt::Write as _;

use stemmata::entity::GenerationData;

use super::document::{NamedResource, Shown, StoredBlock, generation};
use super::pixels::Pixels;
use super::subject::Subject;
use crate::cli::escape::{lines, one_line};
use crate::cli::history;
use crate::cli::summary::grouped;
use crate::cli::terminal::Terminal;
use crate::cli::trace;

/// Copies told to people.
const DUPLICATES_TOLD: usize = 10;

/// The answer for people.
pub(super) fn text(subject: &Subject, shown: &Shown<'_>, terminal: Terminal) -> String {
    let mut text = match &subject.trace {
        Some(trace) => trace::text(trace, terminal.paint),
        None => heading(subject, shown, terminal),
    };
    text.push_str(&format!("{}\n", terminal.paint.bold("facts")));
    for (name, value) in facts(shown, generation(subject)) {
        if let Some(value) = value {
            writeln!(text, "  {name:<12} {}", one_line(&value)).expect("writing to a string cannot fail");
        }
    }
    let data = generation(subject);
    for (name, words) in [("prompt", &data.prompt), ("negative prompt", &data.negative_prompt)] {
        if let Some(words) = words {
            push_lines(&mut text, &terminal.paint.bold(name), words);
        }
    }
    push_models(&mut text, shown, terminal);
    push_blocks(&mut text, shown, terminal);
    push_duplicates(&mut text, shown, terminal);
    if !shown.history.is_empty() {
        text.push_str(&format!("{}\n{}", terminal.paint.bold("history"), history::lines(shown.history)));
    }
    if !shown.warnings.is_empty() {
        text.push_str(&format!("{}\n", terminal.paint.bold("to be known")));
        for warning in &shown.warnings {
            text.push_str(&format!("  {}\n", one_line(warning)));
        }
    }
    if let Some(raw) = shown.raw {
        push_lines(&mut text, &terminal.paint.bold("raw record"), raw);
    }
    text
}

/// Without a catalog there are no links, only what is written.
fn heading(subject: &Subject, shown: &Shown<'_>, terminal: Terminal) -> String {
    let title = format!("image {}", one_line(&subject.target));
    let mut text = format!("{}\n", terminal.paint.bold(&title));
    if !shown.generation.resources.is_empty() {
        text.push_str(&format!("{}\n", terminal.paint.bold("made with")));
    }
    for resource in &shown.generation.resources {
        writeln!(text, "  {}", resource_line(resource)).expect("writing to a string cannot fail");
    }
    text
}

/// One resource as it is written.
pub(super) fn resource_line(resource: &NamedResource<'_>) -> String {
    let name = resource.name.map_or_else(|| "without a name".into(), one_line);
    let weight = resource.weight.map(|weight| format!(", weight {weight}")).unwrap_or_default();
    let hash = resource.hash.map(|hash| format!(", hash {hash}")).unwrap_or_default();
    let version = resource.version.map(|version| format!(", version {version}")).unwrap_or_default();
    format!("{:<10} {name}{weight}{hash}{version}", resource.kind)
}

fn facts(shown: &Shown<'_>, data: &GenerationData) -> Vec<(&'static str, Option<String>)> {
    let size = |width: Option<u32>, height: Option<u32>| {
        width.zip(height).map(|(width, height)| format!("{width}x{height}"))
    };
    let file = shown.file.as_ref();
    let state = file.filter(|file| file.state != "present").map(|file| match file.state {
        "unknown" => "not scanned".to_owned(),
        other => other.to_owned(),
    });
    vec![
        ("source", Some(shown.source.to_owned())),
        ("file", file.and_then(|file| file.path.clone())),
        ("state", state),
        ("kind", file.and_then(|file| file.container).map(str::to_owned)),
        ("bytes", file.map(|file| grouped(file.size_bytes))),
        ("changed", file.and_then(|file| file.modified_at).map(|moment| moment.to_string())),
        ("url", shown.url.map(str::to_owned)),
        ("media", shown.media.clone()),
        ("size", size(shown.width, shown.height)),
        ("created", shown.created_at.filter(|_| file.is_none()).map(|moment| moment.to_string())),
        ("user", shown.username.map(str::to_owned)),
        ("post", shown.post.map(|post| post.to_string())),
        ("base model", shown.base_model.map(str::to_owned)),
        ("tags", (!shown.tags.is_empty()).then(|| shown.tags.join(", "))),
        ("model", data.model.clone()),
        ("model hash", data.model_hash.clone().filter(|_| file.is_some())),
        ("sampler", data.sampler.clone()),
        ("scheduler", data.scheduler.clone()),
        ("steps", data.steps.map(|steps| steps.to_string())),
        ("cfg", data.cfg.map(|cfg| cfg.to_string())),
        ("seed", data.seed.map(|seed| seed.to_string())),
        ("clip skip", data.clip_skip.map(|layers| layers.to_string())),
        ("denoise", data.denoise.map(|strength| strength.to_string())),
        ("generated at", size(data.width, data.height)),
        ("tool", data.tool.clone()),
        ("tool version", data.tool_version.clone()),
        ("blurhash", shown.fingerprints.blurhash.map(str::to_owned)),
        ("pixels", shown.fingerprints.pixels.as_ref().map(Pixels::text)),
    ]
}

fn push_models(text: &mut String, shown: &Shown<'_>, terminal: Terminal) {
    if shown.models.is_empty() {
        return;
    }
    text.push_str(&format!("{}\n", terminal.paint.bold("model files here")));
    for model in &shown.models {
        let state = if model.state == "present" { String::new() } else { format!(", {}", model.state) };
        let path = model.path.as_deref().map(one_line).unwrap_or_default();
        text.push_str(&format!("  {path}{state}\n"));
    }
}

fn push_blocks(text: &mut String, shown: &Shown<'_>, terminal: Terminal) {
    if shown.blocks.is_empty() {
        if shown.file.is_some() {
            text.push_str("  the file says nothing about how it was made\n");
        }
        return;
    }
    text.push_str(&format!("{}\n", terminal.paint.bold("metadata")));
    for block in &shown.blocks {
        text.push_str(&format!("  {}\n", block_line(block)));
        for line in
            block.text.iter().flat_map(|words| lines(words).lines().map(str::to_owned).collect::<Vec<_>>())
        {
            text.push_str(&format!("    {line}\n"));
        }
    }
    for conflict in &shown.conflicts {
        let place =
            |place: usize| shown.claims.get(place).map(super::document::Claim::place).unwrap_or_default();
        let (kept, other) = (place(conflict.kept), place(conflict.other));
        let field = one_line(conflict.field);
        text.push_str(&format!("  {field}: {kept} counts, {other} says something else\n"));
    }
}

fn block_line(block: &StoredBlock) -> String {
    let place = block.range.map(|[start, end]| format!(" at {start}..{end}")).unwrap_or_default();
    let cut = if block.truncated { ", cut" } else { "" };
    let (carrier, bytes) = (one_line(&block.carrier), grouped(block.bytes as u64));
    format!("{carrier}: {bytes} bytes{place}, {}{cut}", block.encoding)
}

fn push_duplicates(text: &mut String, shown: &Shown<'_>, terminal: Terminal) {
    if shown.duplicates.is_empty() {
        return;
    }
    text.push_str(&format!("{}\n", terminal.paint.bold("same bytes")));
    for other in shown.duplicates.iter().take(DUPLICATES_TOLD) {
        text.push_str(&format!("  {}\n", one_line(&other.0.to_string())));
    }
    let more = shown.duplicates.len().saturating_sub(DUPLICATES_TOLD);
    if more > 0 {
        text.push_str(&format!("  and {more} more; --format json lists them\n"));
    }
}

fn push_lines(text: &mut String, title: &str, words: &str) {
    text.push_str(&format!("{title}\n"));
    for line in lines(words).lines() {
        text.push_str(&format!("  {line}\n"));
    }
}
