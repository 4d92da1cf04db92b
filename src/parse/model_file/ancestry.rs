//! What a model descends from, by the keys of every writer that tells.
//!
//! Trainers (kohya's scripts, OneTrainer, PEFT) name the base; merge tools name the parents, see [`super::recipe`];
//! ComfyUI leaves the whole graph, see [`super::graph`]; converters name what they converted.

use super::{ModelHeader, graph, recipe};
use crate::entity::{AncestryEdge, Descent, HexHash, ParentEvidence, ResourceKind};
use crate::parse::Limits;
use crate::parse::json::{self, Json};

/// Most edges of one file.
const MAX_EDGES: usize = 1_000;

/// Adds the edges of a header.
pub(super) fn find(header: &mut ModelHeader) {
    let mut edges = trained_on(header);
    edges.extend(trained_with_vae(header));
    edges.extend(recipe::edges(header));
    edges.extend(merged_networks(header));
    edges.extend(merged_titles(header));
    edges.extend(graph::edges(header));
    edges.extend(converted_from(header));
    edges.retain(|edge| edge.hash.is_some() || edge.name.is_some());
    let found = edges.len();
    edges.retain(|edge| edge.hash.is_none() || edge.hash != edge.of);
    if edges.len() < found {
        header.warn("cycle", "sd_merge_models", "a model that descends from itself was left out");
    }
    if edges.len() > MAX_EDGES {
        header.warn("limit", "", format!("only {MAX_EDGES} of {} parents are kept", edges.len()));
        edges.truncate(MAX_EDGES);
    }
    // Whoever copies a header to another kind of file copies what was true of the first.
    if header.kind == ResourceKind::Model && header.value("ss_network_module").is_some() {
        header.warn(
            "copied_header",
            "ss_network_module",
            "a checkpoint with the header of a network: it was copied",
        );
        for edge in edges.iter_mut().filter(|edge| edge.key.starts_with("ss_")) {
            edge.evidence = edge.evidence.weaker();
        }
    }
    header.ancestry = edges;
}

/// An edge from the file itself to a parent that `key` names.
pub(super) fn edge(descent: Descent, evidence: ParentEvidence, key: &str) -> AncestryEdge {
    AncestryEdge {
        descent,
        evidence,
        hash: None,
        name: None,
        role: None,
        method: None,
        of: None,
        key: key.to_owned(),
    }
}

/// A hash that may name a file, and what kind of evidence its length makes it.
pub(super) fn usable_hash(text: &str) -> Option<(HexHash, ParentEvidence)> {
    let hash = HexHash::parse(text)?;
    if hash.junk().is_some() {
        return None;
    }
    let is_whole = hash.as_str().len() == 64;
    Some((hash, if is_whole { ParentEvidence::Sha256 } else { ParentEvidence::ShortHash }))
}

fn by_hash(header: &ModelHeader, descent: Descent, key: &str, name: Option<&str>) -> Option<AncestryEdge> {
    let (hash, evidence) = usable_hash(header.value(key)?)?;
    let name = name.map(str::to_owned);
    Some(AncestryEdge { hash: Some(hash), name, ..edge(descent, evidence, key) })
}

fn by_name(descent: Descent, key: &str, name: &str) -> AncestryEdge {
    AncestryEdge { name: Some(name.to_owned()), ..edge(descent, ParentEvidence::Name, key) }
}

fn trained_on(header: &ModelHeader) -> Vec<AncestryEdge> {
    let mut edges = hashed_or_named(
        header,
        Descent::TrainedOn,
        ["ss_new_sd_model_hash", "ss_sd_model_hash", "ss_sd_model_name"],
    );
    if let Some(name) = header.value("ot_config").and_then(|text| member_text(text, "base_model_name")) {
        edges.push(by_name(Descent::TrainedOn, "ot_config", &name));
    }
    for key in ["lora_adapter_metadata", "adapter_config"] {
        if let Some(name) = header.value(key).and_then(|text| member_text(text, "base_model_name_or_path")) {
            edges.push(by_name(Descent::TrainedOn, key, &name));
        }
    }
    if let Some(hash) = by_hash(header, Descent::TrainedOn, "sd_checkpoint", None) {
        edges.push(hash);
    }
    edges
}

fn trained_with_vae(header: &ModelHeader) -> Vec<AncestryEdge> {
    hashed_or_named(header, Descent::TrainedWithVae, ["ss_new_vae_hash", "ss_vae_hash", "ss_vae_name"])
}

/// Edges by each hash that is there, with the name; by the name alone where there is none.
fn hashed_or_named(header: &ModelHeader, descent: Descent, keys: [&str; 3]) -> Vec<AncestryEdge> {
    let [long, short, name_key] = keys;
    let name = header.value(name_key);
    let edges: Vec<AncestryEdge> =
        [long, short].into_iter().filter_map(|key| by_hash(header, descent, key, name)).collect();
    match name {
        Some(name) if edges.is_empty() => vec![by_name(descent, name_key, name)],
        _ => edges,
    }
}

/// The text of the first member with this name, or with a name that ends so after a dot, at any depth of three.
fn member_text(text: &str, name: &str) -> Option<String> {
    fn look(value: &Json<'_>, name: &str, depth: u32) -> Option<String> {
        let is_it = |key: &str| key == name || key.rsplit('.').next() == Some(name);
        let direct = value.members().iter().find(|member| is_it(&member.key));
        let found = direct.and_then(|member| member.value.text()).filter(|text| !text.trim().is_empty());
        if let Some(found) = found {
            return Some(found.trim().to_owned());
        }
        let depth = depth.checked_sub(1)?;
        value.members().iter().find_map(|member| look(&member.value, name, depth))
    }
    let document = json::parse(text, &Limits::default())?;
    look(&document.root, name, 3)
}

/// LoRAs merged by supermerger keep the whole header of each parent.
fn merged_networks(header: &ModelHeader) -> Vec<AncestryEdge> {
    let parents = header.metadata.iter().filter(|(key, _)| {
        key.strip_prefix("sshs_cp").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    });
    let mut edges = Vec::new();
    for (key, value) in parents {
        let Some(document) = json::parse(value, &Limits::default()) else { continue };
        let text = |name: &str| document.root.get(name).and_then(Json::text).map(str::to_owned);
        let hash = text("sshs_model_hash").and_then(|text| usable_hash(&text)).map(|(hash, _)| hash);
        let evidence = if hash.is_some() { ParentEvidence::TensorHash } else { ParentEvidence::Name };
        let name = text("ss_output_name").or_else(|| text("modelspec.title"));
        edges.push(AncestryEdge { hash, name, ..edge(Descent::MergedFrom, evidence, key) });
    }
    edges
}

/// Titles joined by commas, which titles may hold themselves: several of them are only a guess.
fn merged_titles(header: &ModelHeader) -> Vec<AncestryEdge> {
    const KEY: &str = "modelspec.merged_from";
    let Some(titles) = header.value(KEY) else { return Vec::new() };
    let titles: Vec<&str> = titles.split(", ").map(str::trim).filter(|title| !title.is_empty()).collect();
    let evidence = if titles.len() > 1 { ParentEvidence::Guess } else { ParentEvidence::Name };
    titles
        .into_iter()
        .map(|title| AncestryEdge { evidence, ..by_name(Descent::MergedFrom, KEY, title) })
        .collect()
}

/// What a GGUF file was converted from.
fn converted_from(header: &ModelHeader) -> Vec<AncestryEdge> {
    let numbered = header.metadata.iter().filter_map(|(key, value)| {
        let number = key.strip_prefix("general.base_model.")?.strip_suffix(".name")?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| by_name(Descent::DerivedFrom, key, value))
    });
    let source = ["general.source.repo_url", "general.source.url"]
        .into_iter()
        .find_map(|key| header.value(key).map(|value| by_name(Descent::DerivedFrom, key, value)));
    numbered.chain(source).collect()
}
