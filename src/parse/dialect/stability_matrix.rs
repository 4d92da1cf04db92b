//! Stability Matrix: parameters and the project as JSON, beside an infotext and a graph.
//!
//! ```text
//! parameters-json: {"PositivePrompt": "..", "NegativePrompt": "..", "Steps": 20, "Sampler": "Euler Ancestral Karras",
//!   "CfgScale": 5, "Seed": 7, "Width": 1536, "Height": 1536, "ModelHash": "<64 digits>", "ModelName": "kite.safetensors",
//!   "ModelVersionId": 9001, "ExtraNetworkModelVersionIds": [9002]}
//! smproj: {"Version": 2, "ProjectType": "TextToImage", "State": {..}}
//! ```
//!
//! Width and height are those after upscaling: a graph knows the first ones better.

use super::infotext::version;
use super::pieces::Piece;
use super::said::{Said, Speaker};
use crate::entity::{ResourceKind, ResourceSources};
use crate::parse::json::Json;
use crate::parse::mention::{Mention, hash_of};
use crate::parse::{Dialect, Field, Strength};

static FIELDS: [(Field, &[&str]); 7] = [
    (Field::NegativePrompt, &["NegativePrompt"]),
    (Field::Steps, &["Steps"]),
    (Field::Sampler, &["Sampler"]),
    (Field::Cfg, &["CfgScale"]),
    (Field::Seed, &["Seed"]),
    (Field::Model, &["ModelName"]),
    (Field::ModelHash, &["ModelHash"]),
];

/// Reads the parameters; the project says nothing more about the picture.
pub(super) fn read(pieces: &[Piece<'_>], said: &mut Said<'_>) {
    for piece in pieces {
        if piece.is_at(&["smproj"]) {
            project(piece, said);
        }
        if !piece.is_at(&["parameters-json"]) {
            continue;
        }
        let Some(root) = piece.object(said.limits) else { continue };
        let mut speaker = said.about(piece, Dialect::StabilityMatrix, Strength::Ran);
        speaker.tool("stabilitymatrix");
        speaker.prompt_member(root, "PositivePrompt");
        speaker.members(&FIELDS, root);
        resources(&mut speaker, root);
        speaker.with(Strength::Said);
        speaker.member(Field::Width, root, &["Width"]);
        speaker.member(Field::Height, root, &["Height"]);
    }
}

fn resources(speaker: &mut Speaker<'_, '_>, root: &Json<'_>) {
    let text = |key: &str| root.get(key).and_then(Json::text);
    let mention = Mention {
        name: text("ModelName").map(str::to_owned),
        hash: text("ModelHash").and_then(hash_of),
        version: root.get("ModelVersionId").and_then(version),
        ..Mention::default()
    };
    let span = root.get("ModelName").map(|name| name.span.clone());
    speaker.resource(ResourceKind::Model, mention, ResourceSources::HASH_KEY, span);
    for entry in root.get("ExtraNetworkModelVersionIds").map(Json::items).unwrap_or_default() {
        let mention = Mention { version: version(entry), ..Mention::default() };
        speaker.resource(
            ResourceKind::Unknown,
            mention,
            ResourceSources::RESOURCES,
            Some(entry.span.clone()),
        );
    }
}

/// CLIP layers skipped, which only the project names.
fn project(piece: &Piece<'_>, said: &mut Said<'_>) {
    let Some(root) = piece.object(said.limits) else { return };
    let model = root.get("State").and_then(|state| state.get("Model"));
    let mut speaker = said.about(piece, Dialect::StabilityMatrix, Strength::Ran);
    speaker.tool("stabilitymatrix");
    if let Some(model) = model.filter(|model| is_true(model.get("IsClipSkipEnabled"))) {
        speaker.member(Field::ClipSkip, model, &["ClipSkip"]);
    }
}

fn is_true(flag: Option<&Json<'_>>) -> bool {
    flag.and_then(Json::boolean).unwrap_or_default()
}
