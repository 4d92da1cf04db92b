//! Easy Diffusion: one text a field, or one object of them.
//!
//! ```text
//! prompt=a kite | negative_prompt=.. | seed=7 | use_stable_diffusion_model=models/kite | sampler_name=euler_a
//! num_inference_steps=25 | guidance_scale=7.5 | use_lora_model=["wind"] | lora_alpha=[0.5]
//! ```
//!
//! PNG has a text chunk for each, under these keys or under labels (`Stable Diffusion model`, `Guidance Scale`); JPEG and
//! WebP have an object in `UserComment`; a file beside the picture has `Label: value` lines or the object.

use super::pieces::Piece;
use super::said::{Said, Span, Speaker};
use crate::entity::{ResourceKind, ResourceSources};
use crate::parse::json::{self, Json};
use crate::parse::mention::Mention;
use crate::parse::{Dialect, Field, Limits, Strength};

/// Keys and labels, in lower case, and what they mean.
static KEYS: [(&str, Field); 22] = [
    ("prompt", Field::Prompt),
    ("negative_prompt", Field::NegativePrompt),
    ("negative prompt", Field::NegativePrompt),
    ("seed", Field::Seed),
    ("use_stable_diffusion_model", Field::Model),
    ("stable diffusion model", Field::Model),
    ("clip_skip", Field::ClipSkip),
    ("clip skip", Field::ClipSkip),
    ("sampler_name", Field::Sampler),
    ("sampler", Field::Sampler),
    ("scheduler_name", Field::Scheduler),
    ("scheduler", Field::Scheduler),
    ("width", Field::Width),
    ("height", Field::Height),
    ("num_inference_steps", Field::Steps),
    ("steps", Field::Steps),
    ("guidance_scale", Field::Cfg),
    ("guidance scale", Field::Cfg),
    ("prompt_strength", Field::Other(String::new())),
    ("prompt strength", Field::Other(String::new())),
    ("use_face_correction", Field::Other(String::new())),
    ("use_upscale", Field::Other(String::new())),
];

/// Keys that name resources.
const RESOURCES: [(&str, ResourceKind); 10] = [
    ("use_lora_model", ResourceKind::Lora),
    ("lora model", ResourceKind::Lora),
    ("use_vae_model", ResourceKind::Vae),
    ("vae model", ResourceKind::Vae),
    ("use_hypernetwork_model", ResourceKind::Hypernetwork),
    ("hypernetwork model", ResourceKind::Hypernetwork),
    ("use_controlnet_model", ResourceKind::Controlnet),
    ("controlnet model", ResourceKind::Controlnet),
    ("use_embeddings_model", ResourceKind::Embedding),
    ("embedding models", ResourceKind::Embedding),
];

/// Keys and labels, in lower case, under which the weights of a kind of resource stand.
fn weight_keys(kind: ResourceKind) -> &'static [&'static str] {
    match kind {
        ResourceKind::Lora => &["lora_alpha", "lora strength"],
        ResourceKind::Hypernetwork => &["hypernetwork_strength", "hypernetwork strength"],
        ResourceKind::Controlnet => &["control_alpha", "controlnet strength"],
        _ => &[],
    }
}

/// Keys that only this program writes.
const MARKS: [&str; 4] =
    ["use_stable_diffusion_model", "stable diffusion model", "num_inference_steps", "use_lora_model"];

/// Reads chunks, objects and files beside a picture.
pub(super) fn read(pieces: &[Piece<'_>], said: &mut Said<'_>) {
    let free: Vec<&Piece<'_>> = pieces.iter().filter(|piece| !said.is_taken(piece.block)).collect();
    if free.iter().any(|piece| piece.is_at(&MARKS)) {
        chunks(&free, said);
    }
    for piece in free {
        let limits = said.limits;
        if let Some(root) = piece.object(limits) {
            let has = |keys: &[&str]| {
                root.members()
                    .iter()
                    .any(|member| keys.iter().any(|key| member.key.eq_ignore_ascii_case(key)))
            };
            let is_theirs = has(&MARKS) && has(&["prompt"]);
            if is_theirs && !said.is_taken(piece.block) {
                let mut speaker = said.about(piece, Dialect::EasyDiffusion, Strength::Ran);
                speaker.tool("easydiffusion");
                let entries = root.members().iter().map(|member| (member.key.to_lowercase(), &member.value));
                let entries: Vec<_> = entries.collect();
                fields(&mut speaker, &entries);
            }
        } else if piece.is_at(&["sidecar"]) && is_label_file(piece.text) {
            let mut speaker = said.about(piece, Dialect::EasyDiffusion, Strength::Ran);
            speaker.tool("easydiffusion");
            lines(&mut speaker, piece.text);
        }
    }
}

/// One text a field: values are written as they are, lists as JSON.
fn chunks(free: &[&Piece<'_>], said: &mut Said<'_>) {
    let weight_of =
        |kind: ResourceKind| free.iter().find(|piece| piece.is_at(weight_keys(kind))).map(|piece| piece.text);
    let is_weight = |piece: &Piece<'_>| RESOURCES.iter().any(|(_, kind)| piece.is_at(weight_keys(*kind)));
    for piece in free {
        let span = Some(0..piece.text.len());
        let resource = RESOURCES.iter().find(|(key, _)| *key == piece.place);
        let field = KEYS.iter().find(|(key, _)| *key == piece.place);
        if resource.is_none() && field.is_none() && !is_weight(piece) {
            continue;
        }
        let limits = said.limits;
        let mut speaker = said.about(piece, Dialect::EasyDiffusion, Strength::Ran);
        if piece.is_at(&MARKS) {
            speaker.tool("easydiffusion");
        }
        if let Some((_, kind)) = resource {
            texts(&mut speaker, *kind, piece.text, weight_of(*kind), span, limits);
        } else if let Some((key, field)) = field {
            one(&mut speaker, key, field, piece.text, span);
        }
    }
}

fn one(speaker: &mut Speaker<'_, '_>, key: &str, field: &Field, text: &str, span: Span) {
    match field {
        Field::Other(_) => speaker.text(Field::Other(key.to_owned()), text, span),
        Field::Model => {
            speaker.resource(
                ResourceKind::Model,
                Mention::named(text),
                ResourceSources::RESOURCES,
                span.clone(),
            );
            speaker.written(Field::Model, text, span);
        }
        field => speaker.written(field.clone(), text, span),
    }
}

/// The members of an object.
fn fields(speaker: &mut Speaker<'_, '_>, entries: &[(String, &Json<'_>)]) {
    let weight_of = |kind: ResourceKind| {
        let keys = weight_keys(kind);
        entries.iter().find(|(key, _)| keys.contains(&key.as_str())).map(|(_, value)| *value)
    };
    for (key, value) in entries {
        if let Some((_, kind)) = RESOURCES.iter().find(|(known, _)| known == key) {
            resources(speaker, *kind, value, weight_of(*kind));
        } else if let Some((key, field)) = KEYS.iter().find(|(known, _)| known == key) {
            match (field, value.text()) {
                (Field::Model, Some(text)) => one(speaker, key, field, text, Some(value.span.clone())),
                (Field::Other(_), _) => speaker.json(Field::Other((*key).to_owned()), Some(value)),
                (field, _) => speaker.json(field.clone(), Some(value)),
            }
        }
    }
}

/// A name or a list of names, with weights of the same shape.
fn resources(
    speaker: &mut Speaker<'_, '_>,
    kind: ResourceKind,
    names: &Json<'_>,
    weights: Option<&Json<'_>>,
) {
    let span = || Some(names.span.clone());
    if let Some(name) = names.text() {
        let mention = Mention::named(name).weighted(weights.and_then(Json::number));
        return speaker.resource(kind, mention, ResourceSources::RESOURCES, span());
    }
    for (at, name) in names.items().iter().enumerate() {
        let weight = weights.and_then(|weights| weights.items().get(at)?.number());
        let Some(name) = name.text() else { continue };
        speaker.resource(kind, Mention::named(name).weighted(weight), ResourceSources::RESOURCES, span());
    }
}

/// The same where both are texts that may hold lists.
fn texts(
    speaker: &mut Speaker<'_, '_>,
    kind: ResourceKind,
    names: &str,
    weights: Option<&str>,
    span: Span,
    limits: &Limits,
) {
    let read = |text: &str| split_list(text, limits);
    let weights = weights.map(read).unwrap_or_default();
    for (at, name) in read(names).iter().enumerate() {
        let weight = weights.get(at).and_then(|weight| weight.parse().ok());
        speaker.resource(
            kind,
            Mention::named(name).weighted(weight),
            ResourceSources::RESOURCES,
            span.clone(),
        );
    }
}

/// A list of JSON or of Python, or a single word.
fn split_list(text: &str, limits: &Limits) -> Vec<String> {
    let text = text.trim();
    if !text.starts_with('[') {
        return vec![text.to_owned()];
    }
    let word = |item: &Json<'_>| item.text().map(str::to_owned).or_else(|| Some(item.number()?.to_string()));
    let read = json::parse(text, limits).filter(|read| read.notes.is_complete());
    match read {
        Some(read) => read.root.items().iter().filter_map(word).collect(),
        None => {
            let inside = text.trim_matches(['[', ']']);
            inside.split(',').map(|word| word.trim().trim_matches(['\'', '"']).to_owned()).collect()
        }
    }
}

/// Whether a text file is theirs: captions for training are text files too.
fn is_label_file(text: &str) -> bool {
    let has = |label: &str| text.lines().any(|line| line.starts_with(label));
    has("Seed: ") && (has("Stable Diffusion model: ") || has("Guidance Scale: "))
}

/// `Label: value` lines; the first line may be the prompt without a label.
fn lines(speaker: &mut Speaker<'_, '_>, text: &str) {
    let mut at = 0_usize;
    let mut weights = Vec::new();
    let mut adapters = Vec::new();
    for line in text.split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(line.len());
        let span = Some(start..start.saturating_add(line.trim_end().len()));
        let Some((label, value)) = line.trim_end().split_once(':') else {
            if start == 0 {
                speaker.written(Field::Prompt, line.trim_end(), span);
            }
            continue;
        };
        let label = label.trim().to_lowercase();
        if let Some((_, kind)) = RESOURCES.iter().find(|(known, _)| *known == label) {
            adapters.push((*kind, value.trim(), span));
        } else if let Some((_, kind)) =
            RESOURCES.iter().find(|(_, kind)| weight_keys(*kind).contains(&label.as_str()))
        {
            weights.push((*kind, value.trim()));
        } else if let Some((key, field)) = KEYS.iter().find(|(known, _)| *known == label) {
            one(speaker, key, field, value.trim(), span);
        } else if start == 0 {
            speaker.written(Field::Prompt, line.trim_end(), span);
        }
    }
    let limits = speaker.limits();
    for (kind, names, span) in adapters {
        let weight = weights.iter().find(|(of, _)| *of == kind).map(|(_, text)| *text);
        texts(speaker, kind, names, weight, span, limits);
    }
}
