//! One flat `meta` object in, generation data and resources out.
//!
//! - Input: what the site keeps of a picture's metadata: any mixture of the keys of every generator.
//! - Output: [`GenerationData`]; the resources go to the caller's [`Resources`]. What is absent stays absent.
//! - Never: a guess, a nested graph read as a graph.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::air;
use super::convert::FieldProblem;
use super::wire::{Field, Fields};
use crate::entity::{GenerationData, ResourceKind, Traits, canonical_sampler, canonical_scheduler};
use crate::parse::resources::{Resources, without_extension};
use crate::parse::tool_of_version;

mod mentions;
#[cfg(test)]
mod tests;

/// Reads one flat `meta` object.
pub(super) fn read(meta: &Fields<'_>, resources: &mut Resources) -> GenerationData {
    let trimmed = with_trimmed_keys(meta.map);
    let meta = &meta.with_map(&trimmed);
    mentions::read(meta, resources);
    let sampling = meta.word("sampler").or_else(|| meta.word("Sampler")).map(|text| canonical_sampler(&text));
    let sampling = sampling.unwrap_or_default();
    let scheduler = ["Schedule type", "scheduler", "Scheduler"].iter().find_map(|key| meta.word(key));
    let (width, height) = read_size(meta);
    GenerationData {
        prompt: meta.text("prompt").or_else(|| meta.text("Prompt")),
        negative_prompt: first(
            meta,
            &["negativePrompt", "Negative prompt", "negative_prompt"],
            Field::text_of,
        ),
        sampler: sampling.sampler,
        scheduler: scheduler.and_then(|text| canonical_scheduler(&text)).or(sampling.scheduler),
        steps: first(meta, &["steps", "Steps"], |field| field.number(|steps| u32::try_from(steps).ok())),
        cfg: first(meta, &["cfgScale", "CFG scale", "cfg_scale", "cfg"], |field| field.float()),
        seed: first(meta, &["seed", "Seed"], |field| field.seed()),
        width,
        height,
        clip_skip: first(meta, &["clipSkip", "Clip skip", "CLIP skip"], clip_skip),
        denoise: first(meta, &["denoise", "Denoising strength"], denoise),
        model: read_model(meta, resources),
        model_hash: meta
            .word("Model hash")
            .map(|hash| hash.trim().to_owned())
            .or_else(|| resources.hash_of(ResourceKind::Model).map(ToString::to_string)),
        tool: read_tool(meta),
        tool_version: meta.text("Version").or_else(|| meta.text("version")),
        traits: Some(read_traits(meta)),
    }
}

impl Field<'_> {
    /// [`Field::text`] as a function of the field.
    fn text_of(field: Field<'_>) -> Option<String> {
        field.text()
    }
}

/// The first of several spellings that can be read.
fn first<T>(meta: &Fields<'_>, keys: &[&str], read: impl Fn(Field<'_>) -> Option<T>) -> Option<T> {
    keys.iter().find_map(|key| meta.get(key).and_then(&read))
}

/// Some writers left blanks around their keys; a key without them wins.
fn with_trimmed_keys(map: &Map<String, Value>) -> Cow<'_, Map<String, Value>> {
    if map.keys().all(|key| key.trim() == key) {
        return Cow::Borrowed(map);
    }
    let mut trimmed = map.clone();
    for (key, value) in map {
        if !trimmed.contains_key(key.trim()) {
            trimmed.insert(key.trim().to_owned(), value.clone());
        }
    }
    Cow::Owned(trimmed)
}

/// Graph tools count layers from the end, with a minus sign.
fn clip_skip(field: Field<'_>) -> Option<u32> {
    let layers = field.signed()?.unsigned_abs();
    let read = u32::try_from(layers).ok();
    if read.is_none() {
        field.warn(FieldProblem::OutOfRange);
    }
    read
}

fn denoise(field: Field<'_>) -> Option<f64> {
    let strength = field.float()?;
    if !(0.0..=1.0).contains(&strength) {
        field.warn(FieldProblem::OutOfRange);
        return None;
    }
    Some(strength)
}

/// The size before any upscaling: `Size`, else numbers, else what an on-site request asked for.
fn read_size(meta: &Fields<'_>) -> (Option<u32>, Option<u32>) {
    if let Some(size) = meta.get("Size").and_then(|field| size(&field)) {
        return (Some(size.0), Some(size.1));
    }
    let direct = numeric_size(meta);
    if direct != (None, None) {
        return direct;
    }
    let asked = meta.get("extra").filter(|extra| extra.value.is_object()).and_then(|extra| extra.object());
    let Some(extra) = asked else { return direct };
    let ratio =
        extra.get("aspectRatio").filter(|ratio| ratio.value.is_object()).and_then(|ratio| ratio.object());
    let of_extra = numeric_size(&extra);
    if of_extra == (None, None) { ratio.map_or(of_extra, |ratio| numeric_size(&ratio)) } else { of_extra }
}

/// Objects stand here when a graph's size came from another node; they say nothing.
fn numeric_size(fields: &Fields<'_>) -> (Option<u32>, Option<u32>) {
    let pixels = |key: &str| {
        let field = fields.get(key).filter(|field| !field.value.is_object())?;
        field.number(|pixels| u32::try_from(pixels).ok().filter(|pixels| *pixels > 0))
    };
    (pixels("width"), pixels("height"))
}

/// `WIDTHxHEIGHT`, in either case.
fn size(field: &Field<'_>) -> Option<(u32, u32)> {
    let text = field.word()?;
    let sides = text.split_once(['x', 'X', '×']);
    let read = sides.and_then(|(width, height)| {
        let side = |text: &str| text.trim().parse().ok().filter(|side| *side > 0);
        Some((side(width)?, side(height)?))
    });
    if read.is_none() {
        field.warn(FieldProblem::BadValue);
    }
    read
}

/// The checkpoint's name; an identifier is a resource and not a name.
fn read_model(meta: &Fields<'_>, resources: &Resources) -> Option<String> {
    let written = meta.word("Model").filter(|name| !is_air(name)).map(|name| name.trim().to_owned());
    written.or_else(|| resources.name_of(ResourceKind::Model).map(|name| without_extension(name).to_owned()))
}

fn is_air(text: &str) -> bool {
    air::parse(text).is_some()
}

/// The program that made it: by its own word, by the rule of the site for pictures made on it, or by the
/// form of its version.
fn read_tool(meta: &Fields<'_>) -> Option<String> {
    let has = |key: &str| meta.get(key).is_some();
    let model = meta.word("Model");
    let on_site = has("civitaiResources") && !has("Version") && model.as_deref().is_none_or(is_air);
    if on_site {
        return Some("civitai".to_owned());
    }
    if let Some(word) = meta.word("engine").or_else(|| meta.word("software")) {
        return Some(word.trim().to_lowercase());
    }
    if meta.map.keys().any(|key| key.starts_with("sui_")) || has("originalSampler") {
        return Some("swarmui".to_owned());
    }
    if has("comfy") {
        return Some("comfyui".to_owned());
    }
    let of_version = meta.word("Version").and_then(|version| tool_of_version(&version));
    let is_swarm = || meta.word("version").is_some_and(|version| is_four_numbers(&version));
    of_version.or_else(|| is_swarm().then_some("swarmui")).map(str::to_owned)
}

/// The site keeps a graph, and nothing that says where a picture comes from.
fn read_traits(meta: &Fields<'_>) -> Traits {
    let is_graph = |value: &Value| match value {
        Value::Object(members) => !members.is_empty(),
        Value::String(text) => text.trim_start().starts_with('{'),
        _ => false,
    };
    let has_graph = ["comfy", "workflow"].iter().any(|key| meta.map.get(*key).is_some_and(is_graph));
    if has_graph { Traits::WORKFLOW } else { Traits::default() }
}

/// `0.9.1.1`: the version of SwarmUI, which the site stores under a key in lower case.
fn is_four_numbers(version: &str) -> bool {
    let parts = || version.trim().split('.');
    parts().count() == 4
        && parts().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}
