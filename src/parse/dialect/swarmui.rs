//! SwarmUI: one JSON object, beside the graph that it built.
//!
//! ```text
//! {"sui_image_params": {"prompt": "a kite", "model": "dir/kite", "seed": 7, "steps": 20, "cfgscale": 7, "sampler": "euler",
//!   "loras": ["wind"], "loraweights": ["0.8"], "swarm_version": "0.9.7.4"},
//!  "sui_models": [{"name": "dir/kite.safetensors", "param": "model", "hash": "0x<64 digits>"}],
//!  "sui_extra_data": {"original_prompt": "..", ..}}
//! ```
//!
//! Values are often strings, lists comma-joined strings. A hash is that of the tensors without the file's header; its
//! first 12 digits are what the site calls AutoV3.

use std::borrow::Cow;

use super::pieces::Piece;
use super::said::{Said, Speaker};
use crate::entity::{ResourceKind, ResourceSources};
use crate::parse::json::{Data, Json};
use crate::parse::mention::Mention;
use crate::parse::{Dialect, Field, Strength};

/// Digits of a tensor hash that the site knows.
const HASH_DIGITS: usize = 12;

static FIELDS: [(Field, &[&str]); 9] = [
    (Field::Cfg, &["cfgscale"]),
    (Field::Steps, &["steps"]),
    (Field::Seed, &["seed"]),
    (Field::Width, &["width"]),
    (Field::Height, &["height"]),
    (Field::Sampler, &["sampler", "comfyuisampler", "comfyui_sampler", "autowebuisampler"]),
    (Field::Scheduler, &["scheduler", "comfyuischeduler", "comfyui_scheduler"]),
    (Field::ClipSkip, &["clipstopatlayer"]),
    (Field::Denoise, &["initimagecreativity"]),
];

/// Reads the object wherever it stands.
pub(super) fn read(pieces: &[Piece<'_>], said: &mut Said<'_>) {
    for piece in pieces.iter().filter(|piece| piece.text.contains("sui_image_params")) {
        let root = piece.object(said.limits);
        let Some((root, settings)) = root.and_then(|root| Some((root, root.get("sui_image_params")?))) else {
            continue;
        };
        let mut speaker = said.about(piece, Dialect::SwarmUi, Strength::Ran);
        speaker.tool("swarmui");
        prompts(&mut speaker, settings);
        speaker.members(&FIELDS, settings);
        speaker.member(Field::Model, settings, &["model"]);
        speaker.member(Field::ToolVersion, settings, &["swarm_version", "swarmVersion"]);
        models(&mut speaker, root);
        adapters(&mut speaker, settings);
        others(&mut speaker, settings);
    }
}

/// Prompts without the numbers that the program leaves inside of tags.
fn prompts(speaker: &mut Speaker<'_, '_>, settings: &Json<'_>) {
    for (key, field) in [("prompt", Field::Prompt), ("negativeprompt", Field::NegativePrompt)] {
        let Some((text, span)) =
            settings.get(key).and_then(|value| Some((value.text()?, value.span.clone())))
        else {
            continue;
        };
        let text = without_marks(text);
        if field == Field::Prompt {
            speaker.tagged_prompt(&text, Some(span), false);
        } else {
            speaker.text(field, &text, Some(span));
        }
    }
}

/// Cuts `//cid=N` out of a prompt.
fn without_marks(text: &str) -> Cow<'_, str> {
    const MARK: &str = "//cid=";
    if !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split(MARK);
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        clean.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    Cow::Owned(clean)
}

fn models(speaker: &mut Speaker<'_, '_>, root: &Json<'_>) {
    for entry in root.get("sui_models").map(Json::items).unwrap_or_default() {
        let text = |key: &str| entry.get(key).and_then(Json::text);
        let Some(name) = text("name") else { continue };
        let digits = text("hash").map(|hash| hash.trim().trim_start_matches("0x"));
        let hash = digits.map(|digits| digits.get(..HASH_DIGITS).unwrap_or(digits));
        let weight = entry.get("weight").and_then(Json::number);
        let kind = text("param").map_or(ResourceKind::Unknown, ResourceKind::from_word);
        let mention = Mention::named(name).hashed(hash).weighted(weight);
        speaker.resource(kind, mention, ResourceSources::RESOURCES, Some(entry.span.clone()));
    }
}

/// `loras` and `loraweights`, lists side by side.
fn adapters(speaker: &mut Speaker<'_, '_>, settings: &Json<'_>) {
    let weights = settings.get("loraweights").map(list).unwrap_or_default();
    let names = settings.get("loras");
    for (at, name) in names.map(list).unwrap_or_default().iter().enumerate() {
        let weight = weights.get(at).and_then(|weight| weight.trim().parse().ok());
        let mention = Mention::named(name).weighted(weight);
        let span = names.map(|names| names.span.clone());
        speaker.resource(ResourceKind::Lora, mention, ResourceSources::RESOURCES, span);
    }
    for (key, kind) in [("vae", ResourceKind::Vae), ("refinermodel", ResourceKind::Model)] {
        let Some((name, span)) =
            settings.get(key).and_then(|value| Some((value.text()?, value.span.clone())))
        else {
            continue;
        };
        speaker.resource(kind, Mention::named(name), ResourceSources::RESOURCES, Some(span));
    }
}

/// A list, or a text with commas for one.
fn list(value: &Json<'_>) -> Vec<String> {
    match &value.data {
        Data::Text(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        _ => value.items().iter().filter_map(word).collect(),
    }
}

fn word(value: &Json<'_>) -> Option<String> {
    value.text().map(str::to_owned).or_else(|| value.number().map(|number| number.to_string()))
}

/// Settings without a meaning here, under their own names.
fn others(speaker: &mut Speaker<'_, '_>, settings: &Json<'_>) {
    const READ: [&str; 8] =
        ["prompt", "negativeprompt", "model", "swarm_version", "swarmVersion", "loras", "loraweights", "vae"];
    for member in settings.members() {
        let key = member.key.as_ref();
        let is_field = FIELDS.iter().any(|(_, keys)| keys.contains(&key));
        if !is_field && !READ.contains(&key) {
            speaker.json(Field::Other(key.to_owned()), Some(&member.value));
        }
    }
}
