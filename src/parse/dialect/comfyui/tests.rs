use serde_json::{Value as Tree, json};

use crate::entity::ResourceKind;
use crate::parse::{
    Block, Carrier, Container, Encoding, Extraction, Field, Limits, Parsed, Strength, Value, interpret,
};

mod editor;
mod hostile;
mod resources;
mod samplers;
mod texts;
mod wrappers;

/// A PNG chunk with this text.
fn block(keyword: &str, text: &str) -> Block {
    Block {
        carrier: Carrier::PngText { chunk: *b"tEXt", keyword: keyword.to_owned() },
        range: 0..0,
        bytes: text.as_bytes().to_vec(),
        encoding: Encoding::Utf8,
        truncated: false,
    }
}

/// Reads a file with these chunks.
fn read_chunks(chunks: &[(&str, &str)]) -> Parsed {
    read_within(chunks, &Limits::default())
}

fn read_within(chunks: &[(&str, &str)], limits: &Limits) -> Parsed {
    let blocks = chunks.iter().map(|(keyword, text)| block(keyword, text)).collect();
    let found =
        Extraction { container: Container::Png, width: None, height: None, blocks, warnings: Vec::new() };
    interpret(found, limits)
}

/// Reads a file with an executed graph.
fn read(graph: &Tree) -> Parsed {
    read_chunks(&[("prompt", &graph.to_string())])
}

/// One node of an executed graph.
fn node(class: &str, inputs: Tree) -> Tree {
    json!({"class_type": class, "inputs": inputs})
}

/// A checkpoint, two texts, an empty latent, a sampler and an output: `4`, `6`, `7`, `5`, `3`, `8`, `9`.
fn base() -> Tree {
    json!({
        "3": node("KSampler", json!({
            "seed": 11, "steps": 20, "cfg": 6.5, "sampler_name": "dpmpp_2m", "scheduler": "karras", "denoise": 1.0,
            "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]
        })),
        "4": node("CheckpointLoaderSimple", json!({"ckpt_name": "kite.safetensors"})),
        "5": node("EmptyLatentImage", json!({"width": 512, "height": 768, "batch_size": 1})),
        "6": node("CLIPTextEncode", json!({"text": "a red kite", "clip": ["4", 1]})),
        "7": node("CLIPTextEncode", json!({"text": "blur", "clip": ["4", 1]})),
        "8": node("VAEDecode", json!({"samples": ["3", 0], "vae": ["4", 2]})),
        "9": node("SaveImage", json!({"filename_prefix": "kite", "images": ["8", 0]}))
    })
}

/// The base graph with nodes added or replaced.
fn with(changes: Tree) -> Tree {
    let mut graph = base();
    for (id, node) in changes.as_object().unwrap() {
        graph[id] = node.clone();
    }
    graph
}

/// The base graph with inputs of its sampler replaced.
fn sampling(changes: Tree) -> Tree {
    let mut graph = base();
    for (name, value) in changes.as_object().unwrap() {
        graph["3"]["inputs"][name] = value.clone();
    }
    graph
}

/// What is said about a field of a name, in order, as JSON.
fn said(parsed: &Parsed, field: &str) -> Vec<Tree> {
    let about = parsed.claims.iter().filter(|claim| claim.field.as_str() == field);
    let tree = |value: &Value| match value {
        Value::Text(text) => json!(text),
        Value::Integer(integer) => json!(i64::try_from(*integer).unwrap()),
        Value::Number(number) => json!(number),
        Value::Resource(used) => json!(format!("{used:?}")),
    };
    about.map(|claim| tree(&claim.value)).collect()
}

/// The resources named: `kind name@weight`, in order.
fn used(parsed: &Parsed) -> Vec<String> {
    let line = |used: &crate::entity::ResourceUse| {
        let name = used.resource.name.clone().or(used.resource.air.map(|air| air.to_string()));
        let weight = used.weight.map(|weight| format!("@{weight}")).unwrap_or_default();
        format!("{} {}{weight}", used.resource.kind, name.unwrap_or_default())
    };
    parsed.resources.iter().map(line).collect()
}

fn warned(parsed: &Parsed, code: &str) -> bool {
    parsed.warnings.iter().any(|warning| warning.code == code)
}

#[track_caller]
fn check_prompts(graph: &Tree, prompt: Option<&str>, negative: Option<&str>) -> Parsed {
    let parsed = read(graph);
    let found = (parsed.generation.prompt.as_deref(), parsed.generation.negative_prompt.as_deref());
    assert_eq!(found, (prompt, negative), "{:?}", parsed.warnings);
    parsed
}

#[track_caller]
fn check_used(graph: &Tree, expected: &[&str]) {
    assert_eq!(used(&read(graph)), expected);
}

#[test]
fn the_plain_graph_says_everything_with_its_place() {
    let text = base().to_string();
    let parsed = read_chunks(&[("prompt", &text)]);
    let view = &parsed.generation;
    assert_eq!(view.prompt.as_deref(), Some("a red kite"));
    assert_eq!(view.negative_prompt.as_deref(), Some("blur"));
    assert_eq!((view.sampler.as_deref(), view.scheduler.as_deref()), (Some("dpmpp_2m"), Some("karras")));
    assert_eq!((view.seed, view.steps, view.cfg, view.denoise), (Some(11), Some(20), Some(6.5), Some(1.0)));
    assert_eq!((view.width, view.height), (Some(512), Some(768)));
    assert_eq!(view.model.as_deref(), Some("kite.safetensors"));
    assert_eq!(view.tool.as_deref(), Some("comfyui"));
    assert_eq!(used(&parsed), ["model kite.safetensors"]);
    assert_eq!(parsed.warnings, []);
    let place = |field: Field| {
        let claim = parsed.claims.iter().find(|claim| claim.field == field).unwrap();
        assert_eq!(claim.strength, Strength::Ran);
        &text[claim.span.clone().unwrap()]
    };
    assert_eq!(place(Field::Prompt), "\"a red kite\"");
    assert_eq!(place(Field::Seed), "11");
    assert_eq!(place(Field::Sampler), "\"dpmpp_2m\"");
    assert_eq!(place(Field::Model), "\"kite.safetensors\"");
    let model = &parsed.resources[0].resource;
    assert_eq!(model.kind, ResourceKind::Model);
}

#[test]
fn the_order_of_nodes_and_the_names_of_ids_do_not_matter() {
    let mut parsed = Vec::new();
    for ids in [["3", "4", "6"], ["Sampler", "Loader", "Positive"], ["40:3", "40:4", "40:2:6"]] {
        let mut text = base().to_string();
        for (old, new) in ["3", "4", "6"].iter().zip(ids) {
            text = text.replace(&format!("\"{old}\""), &format!("\"{new}\""));
        }
        parsed.push(read_chunks(&[("prompt", &text)]).generation);
    }
    assert_eq!(parsed[0], parsed[1]);
    assert_eq!(parsed[0], parsed[2]);
}

#[test]
fn links_may_name_their_node_by_a_number() {
    let parsed = read(&sampling(json!({"positive": [6, 0]})));
    assert_eq!(parsed.generation.prompt.as_deref(), Some("a red kite"));
}

#[test]
fn a_pair_that_names_no_node_is_a_value() {
    let parsed = read(&sampling(json!({"range": ["nowhere", 0], "pair": [3, 4.5]})));
    assert_eq!(parsed.generation.seed, Some(11));
}

#[test]
fn seeds_of_64_bits_survive() {
    let text = base().to_string().replace("\"seed\":11", "\"seed\":18446744073709551615");
    assert_eq!(read_chunks(&[("prompt", &text)]).generation.seed, Some(u64::MAX.into()));
}
