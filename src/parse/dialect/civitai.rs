//! The JSON of the site's own generator.
//!
//! Until 2025 a picture carried the executed graph with the request beside its nodes: `extraMetadata`, an object or a
//! string that holds one. Since then the request stands in the infotext as `Civitai metadata`. Both name the request's
//! settings and `resources[{modelVersionId, strength}]`; `remixOfId` names the picture that it was made from.
//!
//! ```text
//! {"6": {..}, "extra": {"airs": [..]}, "extraMetadata": "{\"prompt\": \"a red kite\", \"seed\": 11, \"resources\": [..]}"}
//! ```

use super::infotext::site_resource;
use super::pieces::Piece;
use super::said::{Said, Speaker};
use crate::entity::{ImageId, ResourceSources};
use crate::parse::json::Json;
use crate::parse::mention::Mention;
use crate::parse::{Dialect, Field, Strength, Value, air};

/// Reads the request beside a graph; the graph itself stays free for its own grammar.
pub(super) fn read(pieces: &[Piece<'_>], said: &mut Said<'_>) {
    let limits = said.limits;
    for piece in pieces {
        let is_free = !said.is_taken(piece.block);
        let Some(root) = piece.object(limits).filter(|_| is_free) else { continue };
        let is_request =
            piece.is_at(&["extrametadata"]) && root.get("prompt").is_some_and(|it| it.text().is_some());
        let beside = root.get("extraMetadata");
        let lists = root.get("extra").and_then(|extra| extra.get("airs"));
        if is_request {
            let mut speaker = said.about(piece, Dialect::Civitai, Strength::Ran);
            request(&mut speaker, root);
            continue;
        }
        if beside.is_none() && lists.is_none() {
            continue;
        }
        let mut speaker = said.beside(piece, Dialect::Civitai, Strength::Ran);
        speaker.tool("civitai");
        if let Some(lists) = lists {
            identifiers(&mut speaker, lists);
        }
        match beside {
            Some(beside) if beside.is_object() => request(&mut speaker, beside),
            Some(beside) => {
                if let Some(inner) = beside.embedded(limits) {
                    request(speaker.inside(beside), &inner.root);
                }
            }
            None => {}
        }
    }
}

/// A request: its settings, its resources, and where it came from.
fn request(speaker: &mut Speaker<'_, '_>, request: &Json<'_>) {
    static FIELDS: [(Field, &[&str]); 9] = [
        (Field::NegativePrompt, &["negativePrompt"]),
        (Field::Cfg, &["cfgScale"]),
        (Field::Steps, &["steps"]),
        (Field::Seed, &["seed"]),
        (Field::Sampler, &["sampler"]),
        (Field::ClipSkip, &["clipSkip"]),
        (Field::Width, &["width"]),
        (Field::Height, &["height"]),
        (Field::Denoise, &["denoise"]),
    ];
    speaker.tool("civitai");
    speaker.prompt_member(request, "prompt");
    speaker.members(&FIELDS, request);
    extras(speaker, request);
}

/// What an infotext does not say elsewhere: resources of the request, and the picture that it was remixed from.
pub(super) fn extras(speaker: &mut Speaker<'_, '_>, extras: &Json<'_>) {
    if let Some(resources) = extras.get("resources") {
        resources.items().iter().for_each(|entry| site_resource(speaker, entry));
    }
    let remix = extras.get("remixOfId").and_then(|id| Some((id, u64::try_from(id.integer()?).ok()?)));
    if let Some((value, id)) = remix.and_then(|(value, id)| Some((value, ImageId::new(id)?))) {
        speaker.claim(Field::RemixOf, Value::Integer(id.get().into()), Some(value.span.clone()));
    }
}

/// `extra.airs`: the identifiers of everything that the graph loads.
fn identifiers(speaker: &mut Speaker<'_, '_>, list: &Json<'_>) {
    for entry in list.items() {
        let Some((found, kind)) = entry.text().and_then(air::parse_typed) else { continue };
        let mention = Mention { air: Some(found), ..Mention::default() };
        speaker.resource(kind, mention, ResourceSources::AIR, Some(entry.span.clone()));
    }
}
