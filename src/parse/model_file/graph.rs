//! The graph that ComfyUI leaves in a checkpoint that it saved: what was merged, baked in, taken as VAE.
//!
//! Parents are named by file and never by hash. Only what leads to a saving node counts.

use std::collections::{BTreeMap, BTreeSet};

use super::ModelHeader;
use super::ancestry::edge;
use crate::entity::{AncestryEdge, Descent, ParentEvidence};
use crate::parse::Limits;
use crate::parse::json::{self, Json};

const KEY: &str = "prompt";

/// Inputs that name a file, and what that file is to the result.
const FILES: [(&str, Descent); 5] = [
    ("ckpt_name", Descent::MergedFrom),
    ("unet_name", Descent::MergedFrom),
    ("lora_name", Descent::BakesLora),
    ("vae_name", Descent::VaeOf),
    ("model_name", Descent::MergedFrom),
];

/// The edges that the executed graph tells.
pub(super) fn edges(header: &ModelHeader) -> Vec<AncestryEdge> {
    let Some(text) = header.value(KEY) else { return Vec::new() };
    let Some(document) = json::parse(text, &Limits::default()) else { return Vec::new() };
    let nodes = &document.root;
    let live = live(nodes);
    let of_live = || nodes.members().iter().filter(|member| live.contains(member.key.as_ref()));
    let methods: Vec<String> = of_live().filter_map(|member| method(&member.value)).collect();
    let method = (!methods.is_empty()).then(|| methods.join("; "));
    let mut found = Vec::new();
    for member in of_live() {
        let Some(inputs) = member.value.get("inputs") else { continue };
        for (input, descent) in FILES {
            let name = inputs.get(input).and_then(Json::text).map(str::trim);
            let Some(name) = name.filter(|name| !matches!(*name, "" | "None" | "none")) else { continue };
            // One model that was saved again is no merge.
            let descent = match descent {
                Descent::MergedFrom if method.is_none() => Descent::DerivedFrom,
                other => other,
            };
            let method = match descent {
                Descent::MergedFrom => method.clone(),
                Descent::BakesLora => {
                    inputs.get("strength_model").and_then(Json::number).map(|n| format!("strength {n}"))
                }
                _ => None,
            };
            found.push(AncestryEdge {
                name: Some(name.to_owned()),
                role: Some(member.key.to_string()),
                method,
                ..edge(descent, ParentEvidence::Name, KEY)
            });
        }
    }
    found
}

/// How a merge node merges, with its numbers.
fn method(node: &Json<'_>) -> Option<String> {
    let class = node.get("class_type")?.text()?;
    if !class.to_ascii_lowercase().contains("merge") {
        return None;
    }
    let numbers = node
        .get("inputs")?
        .members()
        .iter()
        .take(8)
        .filter_map(|member| Some(format!("{} {}", member.key, member.value.number()?)));
    let numbers: Vec<String> = numbers.collect();
    Some(if numbers.is_empty() { class.to_owned() } else { format!("{class} ({})", numbers.join(", ")) })
}

/// The nodes that a saving node depends on, itself included.
fn live(nodes: &Json<'_>) -> BTreeSet<String> {
    let by_id: BTreeMap<&str, &Json<'_>> =
        nodes.members().iter().map(|member| (member.key.as_ref(), &member.value)).collect();
    let is_saving = |node: &Json<'_>| {
        node.get("class_type").and_then(Json::text).is_some_and(|class| {
            let class = class.to_ascii_lowercase();
            class.contains("save") && !class.contains("image")
        })
    };
    let mut waiting: Vec<String> =
        by_id.iter().filter(|(_, node)| is_saving(node)).map(|(id, _)| (*id).to_owned()).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        let Some(node) = by_id.get(id.as_str()) else { continue };
        if !seen.insert(id) {
            continue;
        }
        for member in node.get("inputs").map(Json::members).unwrap_or_default() {
            let [from, _slot] = member.value.items() else { continue };
            let from = from.text().map(str::to_owned).or_else(|| from.integer().map(|id| id.to_string()));
            waiting.extend(from);
        }
    }
    seen
}
