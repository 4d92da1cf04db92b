//! ComfyUI: what its graphs say, the one that ran and the one of the editor.
//!
//! ```text
//! {"3": {"class_type": "KSampler", "inputs": {"seed": 11, "steps": 20, "model": ["4", 0], "positive": ["6", 0], ..}},
//!  "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "kite.safetensors"}},
//!  "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red kite", "clip": ["4", 1]}}, ..}
//! ```
//!
//! Hundreds of packages add nodes of their own, so nodes are known by the names of their inputs rather than by class.
//! From the output that wrote the file backwards: [`live`] finds what had a part in it, [`passes`] the samplers and
//! which of them speaks for the picture, [`walk`] numbers and [`text`] texts through links, [`prompts`] what was
//! encoded, [`models`] what was loaded. [`editor`] makes the editor graph look like the other one; it counts only where
//! there is no other, since it may be stale. [`unwrap`] finds graphs in whatever they are wrapped in.
//!
//! - Never: a text that only a run could know (the code `prompt_incomplete` says so), a resource that the output does
//!   not depend on as used, more steps than [`Limits::max_steps`](crate::parse::Limits::max_steps).

mod calc;
mod editor;
mod graph;
mod live;
mod models;
mod passes;
mod prompts;
mod report;
#[cfg(test)]
mod tests;
mod text;
mod unwrap;
mod walk;
mod widgets;

use super::pieces::Piece;
use super::said::Said;
use crate::parse::Dialect;
use graph::Graph;
use report::Report;
use unwrap::{Found, Shape};

/// Most graphs of one file that are read.
const MAX_GRAPHS: usize = 8;

/// Reads every graph of a file. What the editor shows counts only where nothing says what ran.
pub(super) fn read(pieces: &[Piece<'_>], said: &mut Said<'_>) {
    let limits = said.limits;
    let wrapped = unwrap::roots(pieces, limits);
    let roots = wrapped.roots(pieces, limits);
    let first = unwrap::embedded(&roots, limits);
    let second_roots = unwrap::inner(&first);
    let second = unwrap::embedded(&second_roots, limits);
    let third_roots = unwrap::inner(&second);
    let mut found: Vec<Found<'_>> = Vec::new();
    for roots in [&roots, &second_roots, &third_roots] {
        roots.iter().for_each(|root| unwrap::graphs(root, &mut found));
    }
    found.retain(|found| pieces.get(found.piece).is_some_and(|piece| !said.is_taken(piece.block)));
    let mut any_ran = false;
    let max_nodes = usize::try_from(limits.max_nodes).unwrap_or(usize::MAX);
    for wanted in [Shape::Executed, Shape::Editor] {
        for found in found.iter().filter(|found| found.shape == wanted).take(MAX_GRAPHS) {
            let Some(piece) = pieces.get(found.piece) else { continue };
            if wanted == Shape::Editor && any_ran {
                said.take(piece.block);
                continue;
            }
            let (graph, dialect) = match wanted {
                Shape::Executed => (Graph::executed(found.json, max_nodes), Dialect::ComfyPrompt),
                Shape::Editor => (editor::read(found.json, limits), Dialect::ComfyWorkflow),
            };
            let mut speaker = said.about(piece, dialect, dialect_strength(wanted));
            if let Some(string) = found.string {
                speaker.inside(string);
            }
            let says = Report::new(&graph, wanted, limits).speak(&mut speaker);
            any_ran |= says && wanted == Shape::Executed;
        }
    }
}

fn dialect_strength(shape: Shape) -> crate::parse::Strength {
    match shape {
        Shape::Executed => crate::parse::Strength::Ran,
        Shape::Editor => crate::parse::Strength::Stale,
    }
}
