//! InvokeAI, every era.
//!
//! ```text
//! Dream              "a red kite [blur]" -s 50 -S 7 -W512 -H512 -C7.5 -A k_euler_a
//! sd-metadata        {"model_weights": "kite", "model_hash": "..", "app_version": "2.3.0", "image": {"prompt": [{"prompt":
//!                    "a kite [blur]", "weight": 1}], "steps": 50, "cfg_scale": 7.5, "seed": 7, "sampler": "k_lms"}}
//! invokeai           {"type": "t2l", "positive_conditioning": "..", "negative_conditioning": "..", ..}
//! invokeai_metadata  {"positive_prompt": "a kite", "seed": 7, "steps": 30, "cfg_scale": 5, "scheduler": "dpmpp_2m_k",
//!                    "model": {"name": "Kite", "hash": "blake3:.."}, "loras": [{"model": {"name": "Wind"}, "weight": 0.7}]}
//! ```
//!
//! Until 2.3 the negative prompt stands in square brackets inside of the prompt. A hash has the word for its kind before
//! it; `random:` is no hash of anything. `scheduler` names the sampler.

use std::borrow::Cow;

use super::pieces::Piece;
use super::said::{Said, Span, Speaker};
use crate::entity::{ResourceKind, ResourceSources};
use crate::parse::json::{Data, Json};
use crate::parse::mention::Mention;
use crate::parse::{Dialect, Field, Strength};

static FIELDS: [(Field, &[&str]); 8] = [
    (Field::Prompt, &["positive_prompt", "positive_conditioning"]),
    (Field::NegativePrompt, &["negative_prompt", "negative_conditioning"]),
    (Field::Steps, &["steps"]),
    (Field::Cfg, &["cfg_scale"]),
    (Field::Seed, &["seed"]),
    (Field::Width, &["width"]),
    (Field::Height, &["height"]),
    (Field::Sampler, &["scheduler"]),
];

/// Flags of the old command line and what they set.
static FLAGS: [(&str, Field); 7] = [
    ("s", Field::Steps),
    ("S", Field::Seed),
    ("W", Field::Width),
    ("H", Field::Height),
    ("C", Field::Cfg),
    ("A", Field::Sampler),
    ("f", Field::Denoise),
];

/// Reads the chunks of each era.
pub(super) fn read(pieces: &[Piece<'_>], said: &mut Said<'_>) {
    let limits = said.limits;
    for piece in pieces {
        match piece.place.as_str() {
            "dream" => dream(&mut said.about(piece, Dialect::InvokeAi, Strength::Said), piece.text),
            "invokeai_graph" | "invokeai_workflow" => said.take(piece.block),
            "sd-metadata" => {
                let Some(root) = piece.object(limits) else { continue };
                old(&mut said.about(piece, Dialect::InvokeAi, Strength::Ran), root);
            }
            "invokeai_metadata" | "invokeai" => {
                let Some(root) = piece.object(limits) else { continue };
                metadata(&mut said.about(piece, Dialect::InvokeAi, Strength::Ran), root);
            }
            "sidecar" => {
                let root = piece.object(limits).and_then(|root| root.get("invokeai_metadata"));
                let Some(root) = root else { continue };
                let mut speaker = said.about(piece, Dialect::InvokeAi, Strength::Ran);
                match root.embedded(limits) {
                    Some(inner) => metadata(speaker.inside(root), &inner.root),
                    None => metadata(&mut speaker, root),
                }
            }
            _ => {}
        }
    }
}

/// Since 3.0.
fn metadata(speaker: &mut Speaker<'_, '_>, root: &Json<'_>) {
    speaker.tool("invokeai");
    speaker.member(Field::ToolVersion, root, &["app_version"]);
    speaker.members(&FIELDS, root);
    if root.get("init_image").is_some_and(|image| !image.is_null()) {
        speaker.member(Field::Denoise, root, &["strength"]);
    }
    if let Some(model) = root.get("model") {
        let (name, hash) = identity(model);
        speaker.json(Field::Model, name);
        speaker.json(Field::ModelHash, hash);
    }
    named(speaker, root.get("model"), None, ResourceKind::Model);
    named(speaker, root.get("vae"), None, ResourceKind::Vae);
    named(speaker, root.get("refiner_model"), None, ResourceKind::Model);
    let lists = [
        ("loras", ["model", "lora"], ResourceKind::Lora),
        ("controlnets", ["control_model", "model"], ResourceKind::Controlnet),
        ("ipAdapters", ["ip_adapter_model", "model"], ResourceKind::Other),
        ("t2iAdapters", ["t2i_adapter_model", "model"], ResourceKind::Other),
    ];
    for (key, inner, kind) in lists {
        for entry in root.get(key).map(Json::items).unwrap_or_default() {
            let model = inner.iter().find_map(|key| entry.get(key));
            let weight = ["weight", "control_weight"].iter().find_map(|key| entry.get(key)?.number());
            named(speaker, model, weight, kind);
        }
    }
    for key in
        ["clip_skip", "generation_mode", "positive_style_prompt", "negative_style_prompt", "upscale_model"]
    {
        speaker.member(Field::Other(key.to_owned()), root, &[key]);
    }
}

/// A name and a hash: `{name, hash}` since 4, `{model_name}` in 3, and bare text.
fn identity<'j, 't>(model: &'j Json<'t>) -> (Option<&'j Json<'t>>, Option<&'j Json<'t>>) {
    let name = ["name", "model_name"].iter().find_map(|key| model.get(key));
    (name.or_else(|| model.text().map(|_| model)), model.get("hash").filter(|hash| is_hash(hash)))
}

/// `random:` marks what was never hashed.
fn is_hash(hash: &Json<'_>) -> bool {
    hash.text().is_some_and(|text| !text.starts_with("random:"))
}

fn named(speaker: &mut Speaker<'_, '_>, model: Option<&Json<'_>>, weight: Option<f64>, kind: ResourceKind) {
    let Some(model) = model.filter(|model| !model.is_null()) else { return };
    let (name, hash) = identity(model);
    let Some(name) = name.and_then(Json::text) else { return };
    let mention = Mention::named(name).hashed(hash.and_then(Json::text)).weighted(weight);
    speaker.resource(kind, mention, ResourceSources::RESOURCES, Some(model.span.clone()));
}

/// 1.15 to 2.3.5.
fn old(speaker: &mut Speaker<'_, '_>, root: &Json<'_>) {
    speaker.tool("invokeai");
    speaker.member(Field::ToolVersion, root, &["app_version"]);
    speaker.member(Field::Model, root, &["model_weights"]);
    speaker.member(Field::ModelHash, root, &["model_hash"]);
    let text = |key: &str| root.get(key).and_then(Json::text);
    if let Some(name) = text("model_weights") {
        let mention = Mention::named(name).hashed(text("model_hash"));
        let span = root.get("model_weights").map(|name| name.span.clone());
        speaker.resource(ResourceKind::Model, mention, ResourceSources::HASH_KEY, span);
    }
    let Some(image) = root.get("image") else { return };
    if let Some((text, span)) = image.get("prompt").and_then(old_prompt) {
        bracketed(speaker, &text, Some(span));
    }
    speaker.members(&FIELDS, image);
    speaker.member(Field::Sampler, image, &["sampler"]);
    if image.get("type").and_then(Json::text) == Some("img2img") {
        speaker.member(Field::Denoise, image, &["strength"]);
    }
}

/// A text, or a list of texts with weights.
fn old_prompt<'j>(prompt: &'j Json<'_>) -> Option<(Cow<'j, str>, std::ops::Range<usize>)> {
    if let Data::Text(text) = &prompt.data {
        return Some((Cow::Borrowed(text), prompt.span.clone()));
    }
    let parts: Vec<&str> = prompt.items().iter().filter_map(|part| part.get("prompt")?.text()).collect();
    (!parts.is_empty()).then(|| (Cow::Owned(parts.join(" ")), prompt.span.clone()))
}

/// A prompt whose negative part stands in square brackets.
fn bracketed(speaker: &mut Speaker<'_, '_>, text: &str, span: Span) {
    let (mut positive, mut negative) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((inside, behind)) = after.split_once(']') else { break };
        positive.push_str(before);
        negative.push(inside.trim());
        rest = behind;
    }
    positive.push_str(rest);
    speaker.text(Field::Prompt, positive.trim(), span.clone());
    if !negative.is_empty() {
        speaker.text(Field::NegativePrompt, &negative.join(" "), span);
    }
}

/// 1.x to 2.3: a command line. `-s 50` and `-s50` both occur.
fn dream(speaker: &mut Speaker<'_, '_>, text: &str) {
    speaker.tool("invokeai");
    let (prompt, flags) = prompt_and_flags(text.trim());
    bracketed(speaker, prompt, None);
    let mut words = flags.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix('-').filter(|flag| !flag.starts_with('-')) else { continue };
        let Some((_, field)) = FLAGS.iter().find(|(name, _)| flag.starts_with(name)) else { continue };
        let attached = flag.get(1..).filter(|value| !value.is_empty());
        let is_value = |word: &&str| !word.starts_with('-') || word.parse::<f64>().is_ok();
        // `-cf 0.75` is a flag of its own that begins as `-c` would.
        let attached = attached.filter(|value| *field == Field::Sampler || value.parse::<f64>().is_ok());
        let value = match attached {
            Some(value) => Some(value),
            None if flag.len() == 1 => words.next_if(is_value),
            None => None,
        };
        if let Some(value) = value {
            speaker.written(field.clone(), value, None);
        }
    }
}

/// The prompt, without the quotation marks that most writers put around it, and the flags.
fn prompt_and_flags(text: &str) -> (&str, &str) {
    if let Some(quoted) = text.strip_prefix('"') {
        let ends = quoted.match_indices('"').map(|(at, _)| at);
        let is_end = |at: &usize| {
            let after = quoted.get(at.saturating_add(1)..).unwrap_or_default().trim_start();
            after.is_empty() || after.starts_with('-')
        };
        if let Some(at) = ends.into_iter().find(is_end) {
            return (
                quoted.get(..at).unwrap_or_default(),
                quoted.get(at.saturating_add(1)..).unwrap_or_default(),
            );
        }
    }
    let is_flag = |(at, _): &(usize, &str)| {
        let rest = text.get(at.saturating_add(2)..).unwrap_or_default();
        rest.starts_with('-') || rest.starts_with(|c: char| c.is_ascii_alphabetic())
    };
    let at = text.match_indices(" -").find(is_flag).map_or(text.len(), |(at, _)| at);
    text.split_at_checked(at).unwrap_or((text, ""))
}
