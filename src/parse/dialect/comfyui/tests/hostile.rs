use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

#[test]
fn circles_and_missing_nodes_cost_only_what_hangs_on_them() {
    let mut graph = sampling(json!({"positive": ["30", 0], "model": ["31", 0], "seed": ["32", 0]}));
    graph["30"] = node(
        "StringConcatenate",
        json!({"string_a": ["30", 0], "string_b": ["30", 0], "conditioning": ["30", 0]}),
    );
    graph["31"] = node("ModelPatch", json!({"model": ["31", 0]}));
    graph["32"] = node("Reroute", json!({"value": ["32", 0]}));
    graph["9"]["inputs"]["other"] = json!(["9", 0]);
    graph["33"] = node("SaveImage", json!({"images": ["8", 0]}));
    let parsed = read(&graph);
    assert_eq!(parsed.generation.steps, Some(20));
    assert_eq!(parsed.generation.negative_prompt.as_deref(), Some("blur"));
    assert_eq!((parsed.generation.seed, parsed.generation.prompt.as_deref()), (None, None));
}

#[test]
fn a_graph_that_doubles_its_text_at_every_step_stays_small() {
    let mut graph = base();
    graph["6"]["inputs"]["text"] = json!(["t39", 0]);
    graph["t0"] = node("String", json!({"value": "kite ".repeat(100)}));
    for at in 1..40 {
        let before = format!("t{}", at - 1);
        graph[format!("t{at}")] = node(
            "StringConcatenate",
            json!({"string_a": [before, 0], "string_b": [before, 0], "delimiter": ""}),
        );
    }
    let parsed = read(&graph);
    let limits = Limits::default();
    assert!(parsed.generation.prompt.as_ref().is_none_or(|prompt| prompt.len() <= limits.max_joined_bytes));
    assert!(warned(&parsed, "prompt_incomplete"));
    assert_eq!(parsed.generation.seed, Some(11));
}

#[test]
fn too_many_nodes_are_left_alone() {
    let limits = Limits { max_nodes: 20, ..Limits::default() };
    let mut graph = base();
    for at in 0..100 {
        graph[format!("x{at}")] = node("VAELoader", json!({}));
    }
    let parsed = read_within(&[("prompt", &graph.to_string())], &limits);
    assert!(warned(&parsed, "limit"));
}

#[test]
fn a_flood_of_links_is_read_within_its_budget() {
    let mut text = String::from("{");
    for at in 0..20_000 {
        let (a, b) = (at / 2, at * 7 % 20_000);
        let _ = write!(
            text,
            "\"{at}\":{{\"class_type\":\"KSampler\",\"inputs\":{{\"steps\":1,\"cfg\":1,\"sampler_name\":\"euler\",\"model\":[\"{a}\",0],\
             \"positive\":[\"{b}\",0],\"latent_image\":[\"{b}\",1],\"basic_pipe\":[\"{a}\",1]}}}},"
        );
    }
    text.pop();
    text.push('}');
    let parsed = read_chunks(&[("prompt", &text)]);
    assert_eq!(parsed.blocks.len(), 1);
}

#[test]
fn one_node_with_very_many_inputs_is_read_within_its_budget() {
    let mut inputs = serde_json::Map::new();
    for at in 0..30_000 {
        inputs.insert(format!("lora_name_{at}"), json!("a.safetensors"));
        inputs.insert(format!("text_{at}"), json!(["30", 0]));
        inputs.insert(format!("conditioning_{at}"), json!(["30", 0]));
    }
    inputs.insert("clip".to_owned(), json!(["30", 1]));
    let mut graph = sampling(json!({"positive": ["30", 0]}));
    graph["30"] = node("SwitchEncode", Tree::Object(inputs));
    assert_eq!(read(&graph).generation.steps, Some(20));
}

#[test]
fn subgraphs_inside_of_subgraphs_do_not_multiply() {
    let definitions: Vec<Tree> = (0..12)
        .map(|at| {
            let inner = format!("d{}", at + 1);
            let nodes: Vec<Tree> = (0..8).map(|id| json!({"id": id, "type": inner, "mode": 0})).collect();
            json!({"id": format!("d{at}"), "nodes": nodes, "links": []})
        })
        .collect();
    let graph = json!({"nodes": [{"id": 1, "type": "d0", "mode": 0}], "links": [], "definitions": {"subgraphs": definitions}});
    let parsed = read_chunks(&[("workflow", &graph.to_string())]);
    assert!(warned(&parsed, "limit"));
}

/// Names that mean something to the reader.
const NAMES: [&str; 34] = [
    "model",
    "positive",
    "negative",
    "latent_image",
    "seed",
    "steps",
    "cfg",
    "sampler_name",
    "scheduler",
    "denoise",
    "text",
    "clip",
    "samples",
    "images",
    "ckpt_name",
    "lora_name",
    "conditioning",
    "string_a",
    "string_b",
    "value",
    "select",
    "input1",
    "on_true",
    "on_false",
    "switch",
    "model1",
    "model2",
    "basic_pipe",
    "guider",
    "sigmas",
    "noise",
    "sampler",
    "loras",
    "vae",
];

const CLASSES: [&str; 16] = [
    "KSampler",
    "CLIPTextEncode",
    "CheckpointLoaderSimple",
    "EmptyLatentImage",
    "SaveImage",
    "Reroute",
    "ImpactSwitch",
    "StringConcatenate",
    "LoraLoader",
    "ModelMergeSimple",
    "SamplerCustomAdvanced",
    "BasicGuider",
    "ShowText|pysssss",
    "ConditioningCombine",
    "LatentUpscale",
    "Any Switch (rgthree)",
];

fn any_input(nodes: usize) -> impl Strategy<Value = Tree> {
    prop_oneof![
        4 => (0..nodes, 0..3_u8).prop_map(|(id, slot)| json!([id.to_string(), slot])),
        1 => any::<i64>().prop_map(Tree::from),
        1 => (-4.0..40.0_f64).prop_map(Tree::from),
        1 => any::<bool>().prop_map(Tree::from),
        1 => "[a-z<>:{}|, .]{0,12}".prop_map(Tree::from),
        1 => Just(json!("kite.safetensors")),
        1 => Just(json!({"on": true, "lora": "a.safetensors", "strength": 1})),
        1 => Just(Tree::Null),
    ]
}

fn any_graph() -> impl Strategy<Value = Vec<(String, Tree)>> {
    (2..14_usize).prop_flat_map(|count| {
        let inputs = prop::collection::btree_map(prop::sample::select(&NAMES[..]), any_input(count), 0..9);
        let node = (prop::sample::select(&CLASSES[..]), inputs)
            .prop_map(|(class, inputs)| node(class, json!(inputs)));
        prop::collection::vec(node, count).prop_map(|nodes| {
            nodes.into_iter().enumerate().map(|(at, node)| (at.to_string(), node)).collect()
        })
    })
}

/// The text of a graph with its nodes in this order.
fn written(nodes: &[(String, Tree)]) -> String {
    let members: Vec<String> =
        nodes.iter().map(|(id, node)| format!("{}:{node}", Tree::from(id.as_str()))).collect();
    format!("{{{}}}", members.join(","))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_graph_says_the_same_in_any_order_of_its_nodes(nodes in any_graph(), turn in any::<prop::sample::Index>()) {
        let mut turned = nodes.clone();
        turned.rotate_left(turn.index(nodes.len()));
        turned.reverse();
        let told = |text: &str| {
            let parsed = read_chunks(&[("prompt", text)]);
            let claims: Vec<_> = parsed.claims.iter().map(|claim| (claim.field.clone(), claim.value.clone())).collect();
            (parsed.generation, parsed.resources, claims, parsed.warnings)
        };
        prop_assert_eq!(told(&written(&nodes)), told(&written(&turned)));
    }

    #[test]
    fn a_graph_of_any_shape_is_survived(nodes in any_graph(), cut in any::<prop::sample::Index>()) {
        let listed: Vec<Tree> = nodes
            .iter()
            .map(|(id, node)| {
                let inputs: Vec<Tree> = node["inputs"].as_object().unwrap().iter().map(|(name, value)| {
                    json!({"name": name, "type": "*", "link": value.get(0)})
                }).collect();
                let values: Vec<Tree> = node["inputs"].as_object().unwrap().values().cloned().collect();
                json!({"id": id, "type": node["class_type"], "mode": 0, "inputs": inputs, "widgets_values": values})
            })
            .collect();
        let text = json!({"nodes": listed, "links": [[0, "1", 0, "2", 0, "X"], [1, "2", 1, "0", 0, "X"]]}).to_string();
        let _ = read_chunks(&[("workflow", &text)]);
        let text: String = written(&nodes);
        let cut = text.chars().take(cut.index(text.chars().count())).collect::<String>();
        let _ = read_chunks(&[("prompt", &cut)]);
    }

    #[test]
    fn any_text_in_place_of_a_graph_is_survived(text in r#"(prompt: ?)?[\[\]{}:,"\\0-9a-z_ ]{0,60}(class_type|nodes)?.{0,20}"#) {
        let _ = read_chunks(&[("prompt", &text), ("workflow", &text)]);
    }
}
