//! TensorArt: the request as JSON, beside a graph whose files have numbers for names.
//!
//! ```text
//! generation_data: {"prompt": "..", "negativePrompt": "..", "width": 768, "height": 1152, "steps": 25, "cfgScale": 7,
//!   "seed": "-1", "clipSkip": 2, "ksamplerName": "euler", "schedule": "normal",
//!   "baseModel": {"label": "..", "modelFileName": "..", "hash": "<64 digits>"},
//!   "models": [{"modelFileName": "..", "type": "LORA", "weight": 0.8, "hash": ".."}]}
//! ```
//!
//! The seed is always −1 here: the one that was drawn stands in the graph.

use super::pieces::Piece;
use super::said::{Said, Speaker};
use crate::entity::{ResourceKind, ResourceSources};
use crate::parse::json::Json;
use crate::parse::mention::Mention;
use crate::parse::{Dialect, Field, Strength};

static FIELDS: [(Field, &[&str]); 9] = [
    (Field::NegativePrompt, &["negativePrompt"]),
    (Field::Width, &["width"]),
    (Field::Height, &["height"]),
    (Field::Steps, &["steps"]),
    (Field::Cfg, &["cfgScale"]),
    (Field::Seed, &["seed"]),
    (Field::ClipSkip, &["clipSkip"]),
    (Field::Sampler, &["ksamplerName", "sampler"]),
    (Field::Scheduler, &["schedule"]),
];

/// Reads the request.
pub(super) fn read(pieces: &[Piece<'_>], said: &mut Said<'_>) {
    for piece in pieces.iter().filter(|piece| piece.is_at(&["generation_data"])) {
        let Some(root) = piece.object(said.limits) else { continue };
        let mut speaker = said.about(piece, Dialect::TensorArt, Strength::Ran);
        speaker.tool("tensorart");
        speaker.prompt_member(root, "prompt");
        speaker.members(&FIELDS, root);
        if let Some(model) = root.get("baseModel") {
            speaker.member(Field::Model, model, &["modelFileName", "label"]);
            speaker.member(Field::ModelHash, model, &["hash"]);
            resource(&mut speaker, model, ResourceKind::Model);
        }
        for entry in root.get("models").map(Json::items).unwrap_or_default() {
            let kind =
                entry.get("type").and_then(Json::text).map_or(ResourceKind::Lora, ResourceKind::from_word);
            resource(&mut speaker, entry, kind);
        }
        if let Some((name, span)) = root.get("sdVae").and_then(|it| Some((it.text()?, it.span.clone()))) {
            speaker.resource(ResourceKind::Vae, Mention::named(name), ResourceSources::RESOURCES, Some(span));
        }
        speaker.member(Field::Other("guidance".to_owned()), root, &["guidance"]);
    }
}

fn resource(speaker: &mut Speaker<'_, '_>, entry: &Json<'_>, kind: ResourceKind) {
    let text = |key: &str| entry.get(key).and_then(Json::text);
    let Some(name) = text("modelFileName").or_else(|| text("label")) else { return };
    let weight = entry.get("weight").and_then(Json::number);
    let mention = Mention::named(name).hashed(text("hash")).weighted(weight);
    speaker.resource(kind, mention, ResourceSources::RESOURCES, Some(entry.span.clone()));
}
