//! The infotext of Automatic1111 and of what descends from it.
//!
//! ```text
//! a red kite, <lora:wind:0.8>
//! Negative prompt: blur
//! Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 11, Size: 512x768, Model hash: 0a1b2c3d4e,
//! Model: kite, Lora hashes: "wind: 1b2c3d4e5f6a", Version: v1.10.1
//! ```
//!
//! Written by Automatic1111, Forge, reForge, `SD.Next`, Fooocus on request, save nodes of ComfyUI, and the site's own
//! generator (`Civitai resources: [...], Civitai metadata: {...}`). [`frame`] finds the parts, [`pairs`] reads the
//! details, [`names`] the resources that they name; this file says what the keys mean.
//!
//! - Keys without a meaning here become claims under their own name.

mod frame;
mod names;
mod pairs;
#[cfg(test)]
mod tests;
mod tool;

use std::ops::Range;

use frame::{Frame, frame};
pub(super) use names::{recipe, site_resource, version};
use pairs::{Pair, Written, pairs};
pub(crate) use tool::tool_of_version;

use super::pieces::Piece;
use super::said::{Said, Speaker};
use crate::parse::json::Json;
use crate::parse::{Dialect, Field, Limits, Strength};

/// Reads every text that holds an infotext.
pub(super) fn read(pieces: &[Piece<'_>], said: &mut Said<'_>) {
    for piece in pieces {
        if !said.is_taken(piece.block) && !is_prose_elsewhere(piece) {
            read_piece(piece, said);
        }
    }
}

/// Reads one text; whether it holds an infotext.
pub(super) fn read_piece(piece: &Piece<'_>, said: &mut Said<'_>) -> bool {
    let limits = said.limits;
    if !may_hold_details(piece.text) {
        return false;
    }
    let Some(frame) = frame(piece.text, limits) else { return false };
    let most = usize::try_from(limits.max_nodes).unwrap_or(usize::MAX);
    let pairs = pairs(piece.text, frame.details.clone(), limits).take(most).collect();
    let infotext = Infotext { text: piece.text, frame, pairs };
    let mut speaker = said.about(piece, Dialect::Infotext, Strength::Said);
    infotext.prompts(&mut speaker);
    infotext.settings(&mut speaker);
    infotext.program(&mut speaker);
    infotext.resources(&mut speaker);
    infotext.others(&mut speaker);
    true
}

/// The pairs of a part of a text, for grammars that write details of the same form.
pub(super) fn details(text: &str, range: Range<usize>, limits: &Limits) -> Vec<(String, String)> {
    let most = usize::try_from(limits.max_nodes).unwrap_or(usize::MAX);
    let read = |pair: Pair<'_>| Some((pair.key.to_owned(), pair.value.text()?.to_owned()));
    pairs(text, range, limits).take(most).filter_map(read).collect()
}

/// Whether it is worth looking closer: documents of JSON are other grammars' affair.
fn may_hold_details(text: &str) -> bool {
    let starts_document = text.trim_start().starts_with('{') && !text.contains("\nSteps:");
    !starts_document && ["Steps:", "Seed:", "Sampler:", "steps:"].iter().any(|word| text.contains(word))
}

/// Copyright notices, author names and dates never hold details.
fn is_prose_elsewhere(piece: &Piece<'_>) -> bool {
    piece.is_at(&["artist", "software", "copyright", "author", "xpauthor", "make", "model"])
}

struct Infotext<'t> {
    text: &'t str,
    frame: Frame,
    pairs: Vec<Pair<'t>>,
}

impl<'t> Infotext<'t> {
    fn part(&self, range: &Range<usize>) -> &'t str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    fn prompts(&self, speaker: &mut Speaker<'_, '_>) {
        let frame = &self.frame;
        speaker.tagged_prompt(self.part(&frame.prompt), Some(frame.prompt.clone()), true);
        if let Some(range) = &frame.negative {
            speaker.text(Field::NegativePrompt, self.part(range), Some(range.clone()));
        }
        for (name, range) in [("Template", &frame.template), ("Negative Template", &frame.negative_template)]
        {
            if let Some(range) = range {
                speaker.text(Field::Other(name.to_owned()), self.part(range), Some(range.clone()));
            }
        }
    }

    /// What the settings have keys of their own for.
    fn settings(&self, speaker: &mut Speaker<'_, '_>) {
        for (keys, field) in &SETTINGS {
            let Some((text, span)) = self.first(keys) else { continue };
            let span = Some(span.clone());
            match field {
                Field::Width => speaker.size(text, span),
                // Debris of writers that quote nothing may follow a number.
                Field::Steps | Field::Seed | Field::Cfg | Field::Denoise | Field::ClipSkip => {
                    speaker.written(field.clone(), text.split([',', ';']).next().unwrap_or_default(), span);
                }
                _ => speaker.written(field.clone(), text, span),
            }
        }
        // `SD.Next` says how noise is spaced where others name a scheduler.
        if self.is_sdnext()
            && let Some((text, span)) = self.first(&["Sampler sigma"])
        {
            speaker.written(Field::Scheduler, text, Some(span.clone()));
        }
    }

    /// The program: by its own word, by the site's keys, or by the form of the version.
    fn program(&self, speaker: &mut Speaker<'_, '_>) {
        let version = self.first(&["Version"]);
        let on_site = version.is_none() && self.json("Civitai resources").is_some();
        let tool = match version {
            _ if self.is_sdnext() => Some("sdnext"),
            _ if on_site => Some("civitai"),
            Some((text, _)) => tool_of_version(text),
            None => None,
        };
        if let Some(tool) = tool {
            speaker.tool(tool);
        }
        if let Some((text, span)) = version {
            speaker.written(Field::ToolVersion, text, Some(span.clone()));
        }
    }

    fn is_sdnext(&self) -> bool {
        self.first(&["App"]).is_some_and(|(app, _)| app.eq_ignore_ascii_case("SD.Next"))
    }

    /// Pairs without a meaning here, under their own names.
    fn others(&self, speaker: &mut Speaker<'_, '_>) {
        for pair in self.pairs.iter().filter(|pair| !is_setting(pair.key) && !names::is_read(pair.key)) {
            let text = pair.value.text().unwrap_or_else(|| self.part(&pair.span));
            speaker.text(Field::Other(pair.key.to_owned()), text, Some(pair.span.clone()));
        }
    }

    /// The first text that is not blank under one of these keys, in any case.
    fn first(&self, keys: &[&str]) -> Option<(&str, &Range<usize>)> {
        let wanted = |pair: &&Pair<'_>| keys.iter().any(|key| pair.key.eq_ignore_ascii_case(key));
        let texts =
            self.pairs.iter().filter(wanted).filter_map(|pair| Some((pair.value.text()?, &pair.span)));
        texts.into_iter().find(|(text, _)| !text.is_empty())
    }

    /// The JSON under a key.
    fn json(&self, key: &str) -> Option<&Json<'t>> {
        let wanted = self.pairs.iter().filter(|pair| pair.key.eq_ignore_ascii_case(key));
        wanted
            .into_iter()
            .find_map(|pair| if let Written::Json(json) = &pair.value { Some(json) } else { None })
    }
}

/// Keys of the settings, in any case, and what they mean; [`Field::Width`] stands for both sides.
static SETTINGS: [(&[&str], Field); 10] = [
    (&["Steps"], Field::Steps),
    (&["Sampler"], Field::Sampler),
    (&["Schedule type", "Scheduler"], Field::Scheduler),
    (&["CFG scale", "CFG", "Guidance scale"], Field::Cfg),
    (&["Seed"], Field::Seed),
    (&["Size", "Resolution"], Field::Width),
    (&["Clip skip"], Field::ClipSkip),
    (&["Denoising strength"], Field::Denoise),
    (&["Model"], Field::Model),
    (&["Model hash"], Field::ModelHash),
];

fn is_setting(key: &str) -> bool {
    let known = SETTINGS.iter().any(|(keys, _)| keys.iter().any(|known| key.eq_ignore_ascii_case(known)));
    known || key.eq_ignore_ascii_case("Version")
}
