//! NovelAI: a JSON text, `Comment`, with words beside it.
//!
//! ```text
//! Title: NovelAI generated image | Description: <prompt> | Software: NovelAI | Source: NovelAI Diffusion V4.5 4BDE2A90
//! Comment: {"prompt": "..", "steps": 28, "scale": 5.5, "seed": 77, "sampler": "k_euler_ancestral",
//!   "noise_schedule": "karras", "uc": "..", "v4_prompt": {"caption": {"base_caption": "..",
//!   "char_captions": [{"char_caption": ".."}]}}, "request_type": "PromptGenerateRequest", "signed_hash": ".."}
//! ```
//!
//! PNG has a text chunk each. WebP and hidden pixels have one object of all of them, with `Comment` as a string inside.
//! The first version's comment has no prompt: there `Description` is it. `signed_hash` is the vendor's signature over
//! the pixels: it is reported as present and never checked.

use super::pieces::Piece;
use super::said::{Said, Speaker};
use crate::parse::json::Json;
use crate::parse::{Dialect, Field, Strength};

static FIELDS: [(Field, &[&str]); 6] = [
    (Field::Steps, &["steps"]),
    (Field::Cfg, &["scale"]),
    (Field::Seed, &["seed"]),
    (Field::Sampler, &["sampler"]),
    (Field::Width, &["width"]),
    (Field::Height, &["height"]),
];

/// Characters that are reported.
const MAX_CHARACTERS: usize = 64;

/// Reads the chunks of PNG, and the object of the other containers.
pub(super) fn read(pieces: &[Piece<'_>], said: &mut Said<'_>) {
    let is_theirs =
        |piece: &Piece<'_>| piece.is_at(&["software"]) && piece.text.trim_start().starts_with("NovelAI");
    let by_software = pieces.iter().any(is_theirs);
    for piece in pieces {
        if said.is_taken(piece.block) {
            continue;
        }
        let limits = said.limits;
        let Some(root) = piece.object(limits).filter(|_| piece.text.contains("\"s")) else { continue };
        if let Some(comment) = root.get("Comment").filter(|_| is_wrapper(root)) {
            let mut speaker = said.about(piece, Dialect::NovelAi, Strength::Ran);
            words(&mut speaker, root);
            if comment.is_object() {
                settings(&mut speaker, comment, root.get("Description"));
            } else if let Some(inner) = comment.embedded(limits) {
                settings(speaker.inside(comment), &inner.root, root.get("Description"));
            }
        } else if piece.is_at(&["comment"]) && (by_software || is_settings(root)) {
            let mut speaker = said.about(piece, Dialect::NovelAi, Strength::Ran);
            speaker.tool("novelai");
            settings(&mut speaker, root, None);
            chunks(pieces, said);
        }
    }
}

/// `{Comment, Description, Software: "NovelAI", Source, ..}`.
fn is_wrapper(root: &Json<'_>) -> bool {
    let software = root.get("Software").and_then(Json::text).unwrap_or_default();
    software.starts_with("NovelAI") || (root.get("Source").is_some() && root.get("Description").is_some())
}

/// Whether a comment is theirs although the words beside it are lost.
fn is_settings(root: &Json<'_>) -> bool {
    let has = |key: &str| root.get(key).is_some();
    has("uc")
        && has("sampler")
        && has("scale")
        && (has("strength") || has("request_type") || has("n_samples"))
}

/// The words of an object of all.
fn words(speaker: &mut Speaker<'_, '_>, root: &Json<'_>) {
    speaker.tool("novelai");
    speaker.member(Field::Model, root, &["Source"]);
    for key in ["Title", "Generation time"] {
        speaker.member(Field::Other(key.to_owned()), root, &[key]);
    }
}

/// The other chunks of a PNG.
fn chunks(pieces: &[Piece<'_>], said: &mut Said<'_>) {
    for piece in pieces {
        if said.is_taken(piece.block) {
            continue;
        }
        let (field, strength) = match piece.place.as_str() {
            "description" | "imagedescription" => (Field::Prompt, Strength::Said),
            "source" => (Field::Model, Strength::Ran),
            "title" | "generation time" => (Field::Other(piece.place.clone()), Strength::Said),
            "software" => {
                said.take(piece.block);
                continue;
            }
            _ => continue,
        };
        let text = piece.text.trim_start_matches('\0');
        let start = piece.text.len().saturating_sub(text.len());
        said.about(piece, Dialect::NovelAi, strength).text(field, text, Some(start..piece.text.len()));
    }
}

fn settings(speaker: &mut Speaker<'_, '_>, comment: &Json<'_>, description: Option<&Json<'_>>) {
    let caption = |key: &str| comment.get(key).and_then(|block| block.get("caption"));
    let base = |key: &str| caption(key).and_then(|caption| caption.get("base_caption"));
    let is_said = |value: &&Json<'_>| value.text().is_some_and(|text| !text.is_empty());
    let prompt = comment.get("prompt").filter(is_said).or_else(|| base("v4_prompt"));
    speaker.json(Field::Prompt, prompt.or(description));
    speaker.json(Field::NegativePrompt, comment.get("uc").or_else(|| base("v4_negative_prompt")));
    speaker.members(&FIELDS, comment);
    speaker.member(Field::Scheduler, comment, &["noise_schedule"]);
    let request = comment.get("request_type").and_then(Json::text).unwrap_or_default();
    if request.contains("Img2Img") || request.contains("Infill") {
        speaker.member(Field::Denoise, comment, &["strength"]);
    }
    for (key, name) in
        [("v4_prompt", "character prompt"), ("v4_negative_prompt", "character negative prompt")]
    {
        let characters = caption(key).and_then(|caption| caption.get("char_captions")).map(Json::items);
        for (at, character) in characters.unwrap_or_default().iter().take(MAX_CHARACTERS).enumerate() {
            let name = format!("{name} {}", at.saturating_add(1));
            speaker.json(Field::Other(name), character.get("char_caption"));
        }
    }
    if let Some(signature) = comment.get("signed_hash").filter(|value| value.text().is_some()) {
        let text = "novelai: a vendor signature is present; it was not checked";
        speaker.text(Field::Source, text, Some(signature.span.clone()));
    }
}
