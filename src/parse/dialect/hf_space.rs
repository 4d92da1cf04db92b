//! The JSON of a family of Hugging Face Spaces.
//!
//! ```text
//! parameters: {"prompt": "..", "negative_prompt": "..", "resolution": "832 x 1216", "guidance_scale": 5.5,
//!   "num_inference_steps": 20, "seed": 7, "sampler": "DPM++ 2M Karras", "Model": "..", "Model hash": "<64 digits>",
//!   "use_upscaler": null}
//! ```

use super::pieces::Piece;
use super::said::{Said, size_of};
use crate::entity::{ResourceKind, ResourceSources};
use crate::parse::json::Json;
use crate::parse::mention::Mention;
use crate::parse::{Dialect, Field, Strength};

static FIELDS: [(Field, &[&str]); 7] = [
    (Field::NegativePrompt, &["negative_prompt"]),
    (Field::Cfg, &["guidance_scale"]),
    (Field::Steps, &["num_inference_steps"]),
    (Field::Seed, &["seed"]),
    (Field::Sampler, &["sampler"]),
    (Field::Model, &["Model"]),
    (Field::ModelHash, &["Model hash"]),
];

/// Reads the object where its model and its resolution are spelt as only they do.
pub(super) fn read(pieces: &[Piece<'_>], said: &mut Said<'_>) {
    for piece in pieces {
        if said.is_taken(piece.block) || !piece.text.contains("\"resolution\"") {
            continue;
        }
        let Some(root) = piece.object(said.limits) else { continue };
        let text = |key: &str| root.get(key).and_then(Json::text);
        let size = text("resolution").filter(|size| size_of(size).is_some());
        let (Some(size), Some(model)) = (size, text("Model")) else { continue };
        let mut speaker = said.about(piece, Dialect::HfSpace, Strength::Ran);
        speaker.tool("hfspace");
        speaker.prompt_member(root, "prompt");
        speaker.members(&FIELDS, root);
        speaker.size(size, root.get("resolution").map(|size| size.span.clone()));
        let mention = Mention::named(model).hashed(text("Model hash"));
        let span = root.get("Model").map(|name| name.span.clone());
        speaker.resource(ResourceKind::Model, mention, ResourceSources::HASH_KEY, span);
        for entry in root.get("loras").map(Json::items).unwrap_or_default() {
            let text = |key: &str| entry.get(key).and_then(Json::text);
            let Some(name) = text("name").or_else(|| entry.text()) else { continue };
            let weight = entry.get("weight").and_then(Json::number);
            let mention = Mention::named(name).hashed(text("hash")).weighted(weight);
            speaker.resource(
                ResourceKind::Lora,
                mention,
                ResourceSources::RESOURCES,
                Some(entry.span.clone()),
            );
        }
        speaker.member(Field::Other("style_preset".to_owned()), root, &["style_preset"]);
    }
}
