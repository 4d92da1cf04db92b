//! What no other grammar knows: keys and values whose words are familiar.
//!
//! ```text
//! {"prompt": "a kite", "negative_prompt": "..", "seed": 7, "steps": 20, "cfg": 7, "sampler": ".."}
//! {"provider": "..", "model": "owner/kite", "input": {"prompt": "..", "seed": 7}, "meta": {"version": ".."}}
//! SD:prompt=a kite | SD:seed=7 | SD:cfg_scale=7.5            one text chunk each, with any word before the colon
//! Prompt: a kite                                              lines of a text, and of files beside pictures
//! Seed: 7
//! ```
//!
//! At least three familiar keys must stand together. Everything here is a guess, except what a summary with a
//! `generator` of its own says. `AIGC` is the label that providers in China attach: provenance, no settings.

use super::pieces::Piece;
use super::said::{Said, Span, Speaker};
use crate::entity::{ResourceKind, ResourceSources};
use crate::parse::json::Json;
use crate::parse::mention::Mention;
use crate::parse::{Dialect, Field, Strength};

/// Familiar keys that must stand together.
const ENOUGH: usize = 3;

/// Lines of a text that are looked at.
const MAX_LINES: usize = 200;

/// Keys in lower case without anything but letters and digits, and what they mean.
static KEYS: [(&str, Field); 35] = [
    ("prompt", Field::Prompt),
    ("positiveprompt", Field::Prompt),
    ("positive", Field::Prompt),
    ("negativeprompt", Field::NegativePrompt),
    ("negative", Field::NegativePrompt),
    ("uc", Field::NegativePrompt),
    ("seed", Field::Seed),
    ("steps", Field::Steps),
    ("numinferencesteps", Field::Steps),
    ("inferencesteps", Field::Steps),
    ("cfg", Field::Cfg),
    ("cfgscale", Field::Cfg),
    ("guidancescale", Field::Cfg),
    ("guidance", Field::Cfg),
    ("sampler", Field::Sampler),
    ("samplername", Field::Sampler),
    ("samplingmethod", Field::Sampler),
    ("scheduler", Field::Scheduler),
    ("schedulename", Field::Scheduler),
    ("width", Field::Width),
    ("height", Field::Height),
    ("clipskip", Field::ClipSkip),
    ("denoise", Field::Denoise),
    ("denoisingstrength", Field::Denoise),
    ("strength", Field::Denoise),
    ("model", Field::Model),
    ("modelname", Field::Model),
    ("basemodel", Field::Model),
    ("checkpoint", Field::Model),
    ("modelhash", Field::ModelHash),
    ("vae", Field::Resource),
    ("loras", Field::Resource),
    ("lora", Field::Resource),
    ("size", Field::Source),
    ("resolution", Field::Source),
];

/// Reads objects, chunks that belong together, lines, and the label.
pub(super) fn read(pieces: &[Piece<'_>], said: &mut Said<'_>) {
    for piece in pieces {
        if said.is_taken(piece.block) {
            continue;
        }
        let limits = said.limits;
        if piece.is_at(&["aigc"]) {
            label(piece, said);
        } else if let Some(root) = piece.object(limits) {
            object(piece, root, said);
        } else if piece.is_at(&[
            "parameters",
            "usercomment",
            "comment",
            "description",
            "imagedescription",
            "sidecar",
        ]) {
            lines(piece, said);
        }
    }
    chunks(pieces, said);
}

/// What a key means, whatever stands between its words and before a colon.
fn field_of(key: &str) -> Option<&'static Field> {
    let key = key.rsplit_once(':').map_or(key, |(_, key)| key);
    if key.len() > 40 {
        return None;
    }
    let plain: String =
        key.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
    KEYS.iter().find(|(known, _)| *known == plain).map(|(_, field)| field)
}

/// How many different things these keys are about; several spellings of one count once.
fn familiar<'k>(keys: impl Iterator<Item = &'k str>) -> usize {
    let mut found: Vec<&Field> = keys.filter_map(field_of).collect();
    found.sort_unstable();
    found.dedup();
    found.len()
}

fn object(piece: &Piece<'_>, root: &Json<'_>, said: &mut Said<'_>) {
    // Some services wrap the request into an object of their own.
    let inner = ["input", "gen_params", "parameters", "params", "metadata", "meta"];
    let candidates = std::iter::once(root).chain(inner.iter().filter_map(|key| root.get(key)));
    let keys = |object: &Json<'_>| familiar(object.members().iter().map(|member| member.key.as_ref()));
    let service = is_service(root).then(|| root.get("input")).flatten();
    let candidates =
        service.into_iter().chain(candidates.into_iter().filter(|object| keys(object) >= ENOUGH));
    let Some(settings) = candidates.into_iter().next() else { return };
    let generator =
        ["generator", "software", "tool", "provider"].iter().find_map(|key| root.get(key)?.text());
    let strength = if root.get("generator").is_some() { Strength::Said } else { Strength::Guess };
    let mut speaker = said.about(piece, Dialect::Generic, strength);
    if let Some(generator) = generator {
        speaker.tool(&generator.trim().to_lowercase());
    }
    if service.is_some() {
        speaker.member(Field::Model, root, &["model"]);
        let version = root.get("meta").and_then(|meta| meta.get("version"));
        speaker.json(Field::Other("model_version".to_owned()), version);
    }
    for member in settings.members() {
        let span = Some(member.value.span.clone());
        match field_of(&member.key) {
            Some(Field::Resource) => resources(&mut speaker, &member.key, &member.value),
            Some(Field::Source) => speaker.size(member.value.text().unwrap_or_default(), span),
            None if is_numbered_adapter(&member.key) => adapter(&mut speaker, &member.value),
            Some(Field::Prompt) if member.value.text().is_some() => {
                speaker.tagged_prompt(member.value.text().unwrap_or_default(), span, false);
            }
            Some(field) if !member.value.is_object() && !member.value.is_array() => {
                speaker.json(field.clone(), Some(&member.value));
            }
            _ => speaker.json(Field::Other(member.key.to_string()), Some(&member.value)),
        }
    }
    super::infotext::recipe(&mut speaker, root);
}

/// A record of what was asked of a service: provider, model, the request, what came of it.
fn is_service(root: &Json<'_>) -> bool {
    let has_text = |key: &str| root.get(key).is_some_and(|value| value.text().is_some());
    has_text("provider")
        && has_text("model")
        && root.get("input").is_some_and(|input| input.get("prompt").is_some())
}

/// `LoRA 1` as logs have it.
fn is_numbered_adapter(key: &str) -> bool {
    let number = key.get(..5).filter(|head| head.eq_ignore_ascii_case("lora ")).and_then(|_| key.get(5..));
    number.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `name : weight`.
fn adapter(speaker: &mut Speaker<'_, '_>, value: &Json<'_>) {
    let Some(text) = value.text() else { return };
    let (name, weight) = text.rsplit_once(" : ").unwrap_or((text, ""));
    let mention = Mention::named(name).weighted(weight.trim().parse().ok());
    speaker.resource(ResourceKind::Lora, mention, ResourceSources::RESOURCES, Some(value.span.clone()));
}

fn resources(speaker: &mut Speaker<'_, '_>, key: &str, value: &Json<'_>) {
    let is_adapter = key.to_ascii_lowercase().contains("lora");
    let kind = if is_adapter { ResourceKind::Lora } else { ResourceKind::Vae };
    let entries = if value.is_array() { value.items() } else { std::slice::from_ref(value) };
    for entry in entries {
        let name = entry
            .text()
            .or_else(|| ["name", "model", "file_name"].iter().find_map(|key| entry.get(key)?.text()));
        let Some(name) = name else { continue };
        let weight = ["weight", "strength"].iter().find_map(|key| entry.get(key)?.number());
        let hash = entry.get("hash").and_then(Json::text);
        let mention = Mention::named(name).hashed(hash).weighted(weight);
        speaker.resource(kind, mention, ResourceSources::RESOURCES, Some(entry.span.clone()));
    }
}

/// `Key: value` lines.
fn lines(piece: &Piece<'_>, said: &mut Said<'_>) {
    let keys = piece.text.lines().take(MAX_LINES).filter_map(|line| line.split_once(':')).map(|(key, _)| key);
    if familiar(keys) < ENOUGH {
        return;
    }
    let mut speaker = said.about(piece, Dialect::Generic, Strength::Guess);
    let mut at = 0_usize;
    for line in piece.text.split_inclusive('\n').take(MAX_LINES) {
        let start = at;
        at = at.saturating_add(line.len());
        let Some((key, value)) = line.trim_end().split_once(':') else { continue };
        let span = Some(start..start.saturating_add(line.trim_end().len()));
        pair(&mut speaker, key.trim(), value.trim(), span);
    }
}

/// One text each, such as `SD:prompt`; only where enough of them stand together.
fn chunks(pieces: &[Piece<'_>], said: &mut Said<'_>) {
    let free: Vec<&Piece<'_>> = pieces
        .iter()
        .filter(|piece| {
            !said.is_taken(piece.block) && piece.within.is_none() && field_of(&piece.place).is_some()
        })
        // What these tags hold is the camera's make and model.
        .filter(|piece| !piece.is_at(&["make", "model", "software"]))
        .collect();
    if familiar(free.iter().map(|piece| piece.place.as_str())) < ENOUGH {
        return;
    }
    for piece in free {
        let mut speaker = said.about(piece, Dialect::Generic, Strength::Guess);
        pair(&mut speaker, &piece.place, piece.text.trim(), Some(0..piece.text.len()));
    }
}

fn pair(speaker: &mut Speaker<'_, '_>, key: &str, value: &str, span: Span) {
    match field_of(key) {
        Some(Field::Resource) => {
            let is_adapter = key.to_ascii_lowercase().contains("lora");
            let kind = if is_adapter { ResourceKind::Lora } else { ResourceKind::Vae };
            speaker.resource(kind, Mention::named(value), ResourceSources::RESOURCES, span);
        }
        Some(Field::Source) => speaker.size(value, span),
        Some(Field::Prompt) => speaker.tagged_prompt(value, span, false),
        Some(field) => speaker.written(field.clone(), value, span),
        None => {}
    }
}

/// `{"Label": "..", "ContentProducer": "..", "ProduceID": ".."}`: who made it and under which number, as stated.
fn label(piece: &Piece<'_>, said: &mut Said<'_>) {
    let Some(root) = piece.object(said.limits) else { return };
    let mut speaker = said.about(piece, Dialect::Provenance, Strength::Said);
    speaker.text(Field::Source, "aigc: a provider's label is present; it was not checked", None);
    for member in root.members() {
        speaker.json(Field::Other(format!("aigc_{}", member.key)), Some(&member.value));
    }
}
