//! Mochi Diffusion: a caption.
//!
//! ```text
//! 1  Include in Image: a kite; Exclude from Image: blur; Model: kite; Seed: 7; Steps: 12; Generator: Mochi Diffusion 3.0
//! 2  Metadata Version: 2
//!    Include in Image: a kite
//!    Exclude from Image: blur
//!    Generator: Mochi Diffusion 5.2
//! ```
//!
//! Version 1 escapes nothing: a value that holds a semicolon and a blank is taken up to the next known key. Version 2
//! writes `\n`, `\r` and `\\`.

use std::ops::Range;

use super::pieces::Piece;
use super::said::{Said, Speaker};
use crate::entity::{ResourceKind, ResourceSources};
use crate::parse::mention::Mention;
use crate::parse::{Dialect, Field, Strength};

static KEYS: [(&str, Field); 17] = [
    ("Include in Image", Field::Prompt),
    ("Exclude from Image", Field::NegativePrompt),
    ("Model", Field::Model),
    ("Steps", Field::Steps),
    ("Guidance Scale", Field::Cfg),
    ("Seed", Field::Seed),
    ("Scheduler", Field::Sampler),
    ("Size", Field::Width),
    ("Generator", Field::ToolVersion),
    ("Date", Field::Other(String::new())),
    ("Engine", Field::Other(String::new())),
    ("Model Key", Field::Other(String::new())),
    ("Quality", Field::Other(String::new())),
    ("Starting Image", Field::Other(String::new())),
    ("ControlNet Image", Field::Other(String::new())),
    ("ML Compute Unit", Field::Other(String::new())),
    ("Upscaler", Field::Other(String::new())),
];

/// Reads the caption.
pub(super) fn read(pieces: &[Piece<'_>], said: &mut Said<'_>) {
    for piece in pieces {
        let is_theirs = piece.text.contains("Include in Image:")
            && (piece.text.contains("Mochi Diffusion") || piece.text.contains("Guidance Scale:"));
        if !is_theirs || said.is_taken(piece.block) {
            continue;
        }
        let mut speaker = said.about(piece, Dialect::Mochi, Strength::Said);
        speaker.tool("mochi");
        let is_second = piece.text.trim_start().starts_with("Metadata Version: 2");
        let separator = if is_second { "\n" } else { "; " };
        for (key, value, span) in entries(piece.text, separator) {
            let value = if is_second { unescaped(value) } else { value.to_owned() };
            entry(&mut speaker, key, value.trim(), span);
        }
    }
}

fn entry(speaker: &mut Speaker<'_, '_>, key: &str, value: &str, span: Range<usize>) {
    let Some((_, field)) = KEYS.iter().find(|(known, _)| *known == key) else { return };
    match field {
        Field::Other(_) => speaker.text(Field::Other(key.to_owned()), value, Some(span)),
        Field::Width => speaker.size(value, Some(span)),
        Field::ToolVersion => {
            let version = value.strip_prefix("Mochi Diffusion").unwrap_or(value).trim();
            speaker.written(Field::ToolVersion, version, Some(span));
        }
        Field::Model => {
            let mention = Mention::named(value);
            speaker.resource(ResourceKind::Model, mention, ResourceSources::RESOURCES, Some(span.clone()));
            speaker.written(Field::Model, value, Some(span));
        }
        field => speaker.written(field.clone(), value, Some(span)),
    }
}

/// Known keys with their values and where those stand; a part without a known key belongs to the value before it.
fn entries<'t>(text: &'t str, separator: &str) -> Vec<(&'static str, &'t str, Range<usize>)> {
    let mut found: Vec<(&'static str, Range<usize>)> = Vec::new();
    let mut at = 0_usize;
    for part in text.split(separator) {
        let start = at;
        at = at.saturating_add(part.len()).saturating_add(separator.len());
        let end = start.saturating_add(part.len());
        let key = part.split_once(':').map(|(key, _)| key.trim());
        let known = key.and_then(|key| KEYS.iter().find(|(known, _)| *known == key));
        if let Some((key, _)) = known {
            let blanks = part.len().saturating_sub(part.trim_start().len());
            let value = start.saturating_add(blanks).saturating_add(key.len()).saturating_add(1);
            found.push((key, value.min(end)..end));
        } else if let Some((_, range)) = found.last_mut() {
            range.end = end;
        }
    }
    found.into_iter().filter_map(|(key, range)| Some((key, text.get(range.clone())?, range))).collect()
}

/// `\n`, `\r` and `\\` as the letters that they stand for.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n') => plain.push('\n'),
                Some('r') => plain.push('\r'),
                Some(other) => plain.push(other),
                None => plain.push('\\'),
            },
            other => plain.push(other),
        }
    }
    plain
}
