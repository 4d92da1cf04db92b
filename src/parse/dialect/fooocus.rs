//! Fooocus and its relatives.
//!
//! ```text
//! Fooocus        {"base_model": "kite", "base_model_hash": "..", "full_prompt": [..], "loras": [["wind", 0.5, "<10 digits>"]],
//!                 "prompt": "a kite", "resolution": "(896, 1152)", "seed": "7", "styles": "['Sharp']", "version": "Fooocus v2.5.5"}
//! Fooocus-MRE    {"prompt": "..", "real_prompt": [..], "steps": 30, "cfg": 7, "width": 1, "height": 1, "base_model": ".."}
//! RuinedFooocus  {"Prompt": "..", "Negative": "..", "steps": 30, "cfg": 8, "sampler_name": "..", "base_model_name": "..",
//!                 "base_model_hash": "..", "loras": [..], "software": "RuinedFooocus"}
//! ```
//!
//! Its infotext, which Fooocus writes on request, is read as such. Tuples are Python's; they are read, never run.

use super::pieces::Piece;
use super::said::{Said, Span, Speaker};
use crate::entity::{ResourceKind, ResourceSources};
use crate::parse::json::{Data, Json};
use crate::parse::mention::Mention;
use crate::parse::{Dialect, Field, Strength};

/// Numbered adapters that are read.
const MAX_NUMBERED: usize = 64;

static FIELDS: [(Field, &[&str]); 12] = [
    (Field::NegativePrompt, &["negative_prompt", "Negative"]),
    (Field::Steps, &["steps"]),
    (Field::Cfg, &["guidance_scale", "cfg"]),
    (Field::Seed, &["seed"]),
    (Field::Sampler, &["sampler", "sampler_name"]),
    (Field::Scheduler, &["scheduler"]),
    (Field::Width, &["width"]),
    (Field::Height, &["height"]),
    (Field::ClipSkip, &["clip_skip"]),
    (Field::Denoise, &["denoise"]),
    (Field::Model, &["base_model", "base_model_name"]),
    (Field::ModelHash, &["base_model_hash"]),
];

/// Reads each relative's object.
pub(super) fn read(pieces: &[Piece<'_>], said: &mut Said<'_>) {
    let has_scheme = pieces.iter().any(is_scheme);
    for piece in pieces {
        if piece.is_at(&["fooocus_scheme"]) {
            said.take(piece.block);
        }
        if said.is_taken(piece.block) {
            continue;
        }
        let Some(root) = piece.object(said.limits) else { continue };
        let Some(tool) = tool(piece, root, has_scheme) else { continue };
        let mut speaker = said.about(piece, Dialect::Fooocus, Strength::Ran);
        speaker.tool(tool);
        settings(&mut speaker, root);
        resources(&mut speaker, root);
    }
}

/// Whether a piece says that Fooocus wrote what stands beside it: a chunk of PNG, two tags of other containers.
fn is_scheme(piece: &Piece<'_>) -> bool {
    let starts = |word: &str| piece.text.trim_start().starts_with(word);
    piece.is_at(&["fooocus_scheme"])
        || piece.is_at(&["makernote"])
            && matches!(piece.text.trim_end_matches('\0').trim(), "fooocus" | "a1111")
        || piece.is_at(&["software"]) && starts("Fooocus ")
}

/// Which of them wrote an object; `None` if none did.
fn tool(piece: &Piece<'_>, root: &Json<'_>, has_scheme: bool) -> Option<&'static str> {
    let text = |key: &str| root.get(key).and_then(Json::text).unwrap_or_default();
    let has = |key: &str| root.get(key).is_some();
    if text("software").eq_ignore_ascii_case("RuinedFooocus") || (has("Prompt") && has("base_model_name")) {
        return Some("ruinedfooocus");
    }
    if !has("prompt") || !has("base_model") || has("sui_image_params") || has("Software") {
        return None;
    }
    let is_scheme =
        has_scheme || has("metadata_scheme") || has("full_prompt") || text("version").starts_with("Fooocus");
    if is_scheme || piece.is_at(&["parameters"]) {
        return Some("fooocus");
    }
    // The comment of a role-play card or of an editor has no sampler.
    (has("real_prompt") || has("sampler") || has("steps")).then_some("fooocusmre")
}

fn settings(speaker: &mut Speaker<'_, '_>, root: &Json<'_>) {
    const READ: [&str; 8] =
        ["prompt", "Prompt", "resolution", "version", "loras", "refiner_model", "vae", "software"];
    let prompt = ["prompt", "Prompt"].iter().find_map(|key| root.get(key));
    if let Some((text, span)) = prompt.and_then(|it| Some((it.text()?, it.span.clone()))) {
        speaker.tagged_prompt(text, Some(span), false);
    }
    speaker.members(&FIELDS, root);
    speaker.member(Field::ToolVersion, root, &["version"]);
    if let Some((text, span)) = root.get("resolution").and_then(|it| Some((it.text()?, it.span.clone()))) {
        speaker.size(text, Some(span));
    }
    for member in root.members() {
        let key = member.key.as_ref();
        let is_field = FIELDS.iter().any(|(_, keys)| keys.contains(&key));
        if !is_field && !READ.contains(&key) && !key.starts_with("lora_combined") {
            speaker.json(Field::Other(key.to_owned()), Some(&member.value));
        }
    }
}

fn resources(speaker: &mut Speaker<'_, '_>, root: &Json<'_>) {
    let names = [
        (["base_model", "base_model_name"], "base_model_hash", ResourceKind::Model),
        (["refiner_model", "refiner_model_name"], "refiner_model_hash", ResourceKind::Model),
        (["vae", "vae_name"], "vae_hash", ResourceKind::Vae),
    ];
    for (keys, hash, kind) in names {
        let name = keys.iter().find_map(|key| root.get(key)).filter(|name| name.text().is_some_and(is_file));
        let Some((text, span)) = name.and_then(|name| Some((name.text()?, name.span.clone()))) else {
            continue;
        };
        let mention = Mention::named(text).hashed(root.get(hash).and_then(Json::text));
        speaker.resource(kind, mention, ResourceSources::HASH_KEY, Some(span));
    }
    if let Some(list) = root.get("loras") {
        adapters(speaker, list);
    }
    for number in 1..=MAX_NUMBERED {
        let Some(value) = root.get(&format!("lora_combined_{number}")) else { break };
        named_with_weight(speaker, value.text().unwrap_or_default(), None, Some(value.span.clone()));
    }
}

/// Words for "the one of the checkpoint".
fn is_file(name: &str) -> bool {
    !name.starts_with("Default") && !name.eq_ignore_ascii_case("None")
}

/// `[["wind", 0.5, "hash"]]`, `[{"name": "wind", "weight": 0.5}]`, or text such as `<folder/wind.safetensors:0.8>,<None:1>`.
fn adapters(speaker: &mut Speaker<'_, '_>, list: &Json<'_>) {
    if let Data::Text(text) = &list.data {
        for entry in text.split('<').skip(1).filter_map(|rest| rest.split_once('>')).take(MAX_NUMBERED) {
            named_with_weight(speaker, entry.0, None, Some(list.span.clone()));
        }
        return;
    }
    for entry in list.items() {
        let span = Some(entry.span.clone());
        if let Some(text) = entry.text() {
            named_with_weight(speaker, text, None, span);
            continue;
        }
        let at = |place: usize| entry.items().get(place);
        // RuinedFooocus puts the hash first, and the name with its weight into one text.
        let hash_first = at(0).and_then(Json::text).filter(|text| is_digest(text));
        if let Some((hash, text)) = hash_first.zip(at(1).and_then(Json::text)) {
            named_with_weight(speaker, text, Some(hash), span);
            continue;
        }
        let named = |keys: [&str; 3]| keys.iter().find_map(|key| entry.get(key));
        let Some(name) = at(0).or_else(|| named(["name", "lora", "model"])).and_then(Json::text) else {
            continue;
        };
        let weight = at(1).or_else(|| named(["weight", "strength", "w"])).and_then(Json::number);
        let hash = at(2).or_else(|| named(["hash", "sha256", "h"])).and_then(Json::text);
        let mention = Mention::named(name).hashed(hash).weighted(weight);
        speaker.resource(ResourceKind::Lora, mention, ResourceSources::RESOURCES, span);
    }
}

/// Whether a text is the whole SHA256 of a file and no name.
fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `name : weight`, in later versions `True : name : weight`, also `weight - name`; what is switched off was not used.
fn named_with_weight(speaker: &mut Speaker<'_, '_>, text: &str, hash: Option<&str>, span: Span) {
    let turned = text.split_once(" - ").filter(|(weight, _)| weight.trim().parse::<f64>().is_ok());
    let parts = turned.map(|(weight, name)| (name, weight)).or_else(|| text.rsplit_once(':'));
    let (name, weight) = parts.unwrap_or((text, ""));
    let name = match name.split_once(" : ") {
        Some(("False" | "false", _)) => return,
        Some(("True" | "true", name)) => name,
        _ => name,
    };
    // One of them marks files that have notes with a picture of a notepad.
    let name = name.trim().trim_end_matches(|c: char| !c.is_alphanumeric() && !")]_-".contains(c));
    let mention = Mention::named(name).hashed(hash).weighted(weight.trim().parse().ok());
    speaker.resource(ResourceKind::Lora, mention, ResourceSources::RESOURCES, span);
}
