//! Draw Things: properties of an XMP packet.
//!
//! ```text
//! dc:description    a kite
//!                   -blur
//!                   Steps: 20, Sampler: DPM++ 2M Karras, Guidance Scale: 7.0, Seed: 7, Size: 512x512, Model: kite_f16.ckpt,
//!                   Strength: 1.0, LoRA Model: wind.ckpt, LoRA Weight: 0.6
//! exif:UserComment  {"c": "a kite", "uc": "blur", "scale": 7, "seed": 7, "steps": 20, "sampler": "..", "size": "512x512",
//!                   "model": "..", "lora": [{"model": "wind.ckpt", "weight": 0.6}], "v2": {..}}
//! xmp:CreatorTool   Draw Things
//! ```
//!
//! Both say the same; the object is the whole truth, the text is for people.

use super::infotext::details;
use super::pieces::Piece;
use super::said::{Said, Speaker};
use crate::entity::{ResourceKind, ResourceSources};
use crate::parse::json::Json;
use crate::parse::mention::Mention;
use crate::parse::{Dialect, Field, Strength};

/// Numbered adapters that are read.
const MAX_NUMBERED: usize = 64;

static FIELDS: [(Field, &[&str]); 8] = [
    (Field::Prompt, &["c"]),
    (Field::NegativePrompt, &["uc"]),
    (Field::Cfg, &["scale"]),
    (Field::Seed, &["seed"]),
    (Field::Steps, &["steps"]),
    (Field::Sampler, &["sampler"]),
    (Field::ClipSkip, &["clip_skip"]),
    (Field::Model, &["model"]),
];

/// Keys of the text.
static DETAILS: [(&str, Field); 8] = [
    ("Steps", Field::Steps),
    ("Sampler", Field::Sampler),
    ("Guidance Scale", Field::Cfg),
    ("Seed", Field::Seed),
    ("Size", Field::Width),
    ("Model", Field::Model),
    ("CLIP Skip", Field::ClipSkip),
    ("Strength", Field::Denoise),
];

/// Reads the object, and the text where it stands alone or beside it.
pub(super) fn read(pieces: &[Piece<'_>], said: &mut Said<'_>) {
    let is_theirs = |piece: &Piece<'_>| {
        piece.is_at(&["creatortool", "software"]) && piece.text.trim_start().starts_with("Draw Things")
    };
    let by_name = pieces.iter().any(is_theirs);
    let free: Vec<&Piece<'_>> = pieces.iter().filter(|piece| !said.is_taken(piece.block)).collect();
    for piece in free {
        let object = piece
            .object(said.limits)
            .filter(|root| is_object(root, by_name) && piece.is_at(&["usercomment", "comment"]));
        if let Some(root) = object {
            let mut speaker = said.about(piece, Dialect::DrawThings, Strength::Ran);
            speaker.tool("drawthings");
            object_fields(&mut speaker, root);
        } else if by_name && piece.is_at(&["description", "imagedescription", "caption"]) {
            let mut speaker = said.about(piece, Dialect::DrawThings, Strength::Said);
            speaker.tool("drawthings");
            text(&mut speaker, piece.text);
        }
    }
}

/// Its short keys stand together in no other object; beside the program's name one may be missing.
fn is_object(root: &Json<'_>, by_name: bool) -> bool {
    let has = |key: &str| root.get(key).is_some();
    has("c") && (by_name || has("uc")) && (has("v2") || has("scale"))
}

fn object_fields(speaker: &mut Speaker<'_, '_>, root: &Json<'_>) {
    speaker.members(&FIELDS, root);
    if let Some((size, span)) = root.get("size").and_then(|it| Some((it.text()?, it.span.clone()))) {
        speaker.size(size, Some(span));
    }
    speaker.member(Field::Denoise, root, &["strength"]);
    for (key, kind) in [
        ("model", ResourceKind::Model),
        ("refiner", ResourceKind::Model),
        ("upscaler", ResourceKind::Upscaler),
    ] {
        let Some((name, span)) = root.get(key).and_then(|it| Some((it.text()?, it.span.clone()))) else {
            continue;
        };
        speaker.resource(kind, Mention::named(name), ResourceSources::RESOURCES, Some(span));
    }
    for (key, name_key, kind) in
        [("lora", "model", ResourceKind::Lora), ("control", "file", ResourceKind::Controlnet)]
    {
        for entry in root.get(key).map(Json::items).unwrap_or_default() {
            let Some(name) = entry.get(name_key).and_then(Json::text) else { continue };
            let mention = Mention::named(name).weighted(entry.get("weight").and_then(Json::number));
            speaker.resource(kind, mention, ResourceSources::RESOURCES, Some(entry.span.clone()));
        }
    }
    for key in ["seed_mode", "shift", "original_size", "target_size", "num_frames"] {
        speaker.member(Field::Other(key.to_owned()), root, &[key]);
    }
}

/// Prompt, a line that begins with one hyphen, details.
fn text(speaker: &mut Speaker<'_, '_>, text: &str) {
    let Some(start) = text.rfind("Steps:") else { return speaker.text(Field::Prompt, text.trim(), None) };
    let head = text.get(..start).unwrap_or_default();
    let (prompt, negative) = match head.find("\n-").or_else(|| head.starts_with('-').then_some(0)) {
        Some(at) => (head.get(..at), head.get(at..)),
        None => (Some(head), None),
    };
    speaker.text(Field::Prompt, prompt.unwrap_or_default().trim(), None);
    if let Some(negative) = negative {
        let negative = negative.trim();
        speaker.text(Field::NegativePrompt, negative.strip_prefix('-').unwrap_or(negative), None);
    }
    let pairs = details(text, start..text.len(), speaker.limits());
    let value = |key: &str| {
        pairs.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    };
    for (key, field) in &DETAILS {
        match (field, value(key)) {
            (Field::Width, Some(size)) => speaker.size(size, None),
            (field, Some(text)) => speaker.written(field.clone(), text, None),
            (_, None) => {}
        }
    }
    for (key, kind) in [
        ("Model", ResourceKind::Model),
        ("Refiner", ResourceKind::Model),
        ("Upscaler", ResourceKind::Upscaler),
    ] {
        if let Some(name) = value(key) {
            speaker.resource(kind, Mention::named(name), ResourceSources::RESOURCES, None);
        }
    }
    let plain = (value("LoRA Model"), value("LoRA Weight"));
    let numbered = (1..=MAX_NUMBERED).map_while(|number| {
        let name = value(&format!("LoRA {number} Model"))?;
        Some((Some(name), value(&format!("LoRA {number} Weight"))))
    });
    for (name, weight) in std::iter::once(plain).chain(numbered) {
        let Some(name) = name else { continue };
        let mention = Mention::named(name).weighted(weight.and_then(|weight| weight.parse().ok()));
        speaker.resource(ResourceKind::Lora, mention, ResourceSources::RESOURCES, None);
    }
}
