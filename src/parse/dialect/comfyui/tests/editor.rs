use super::*;

/// One node of an editor graph: sockets as `name, kind, link`, outputs by kind.
fn at(
    id: Tree,
    class: &str,
    mode: u8,
    inputs: &[(&str, &str, Option<u32>)],
    outputs: &[&str],
    widgets: Tree,
) -> Tree {
    let inputs: Vec<Tree> =
        inputs.iter().map(|(name, kind, link)| json!({"name": name, "type": kind, "link": link})).collect();
    let outputs: Vec<Tree> = outputs.iter().map(|kind| json!({"name": kind, "type": kind})).collect();
    json!({"id": id, "type": class, "mode": mode, "inputs": inputs, "outputs": outputs, "widgets_values": widgets})
}

const LOADER: [&str; 3] = ["MODEL", "CLIP", "VAE"];

/// The base graph as the editor writes it.
fn nodes() -> Vec<Tree> {
    let sampler = [
        ("model", "MODEL", Some(1)),
        ("positive", "CONDITIONING", Some(4)),
        ("negative", "CONDITIONING", Some(5)),
        ("latent_image", "LATENT", Some(6)),
    ];
    vec![
        at(json!(4), "CheckpointLoaderSimple", 0, &[], &LOADER, json!(["kite.safetensors"])),
        at(
            json!(6),
            "CLIPTextEncode",
            0,
            &[("clip", "CLIP", Some(2))],
            &["CONDITIONING"],
            json!(["a red kite"]),
        ),
        at(json!(7), "CLIPTextEncode", 0, &[("clip", "CLIP", Some(3))], &["CONDITIONING"], json!(["blur"])),
        at(json!(5), "EmptyLatentImage", 0, &[], &["LATENT"], json!([512, 768, 1])),
        at(
            json!(3),
            "KSampler",
            0,
            &sampler,
            &["LATENT"],
            json!([11, "randomize", 20, 6.5, "dpmpp_2m", "karras", 1]),
        ),
        at(
            json!(8),
            "VAEDecode",
            0,
            &[("samples", "LATENT", Some(7)), ("vae", "VAE", Some(8))],
            &["IMAGE"],
            json!([]),
        ),
        at(json!(9), "SaveImage", 0, &[("images", "IMAGE", Some(9))], &[], json!(["kite"])),
    ]
}

/// Links: id, from, slot, to, slot, kind.
fn links() -> Vec<Tree> {
    vec![
        json!([1, 4, 0, 3, 0, "MODEL"]),
        json!([2, 4, 1, 6, 0, "CLIP"]),
        json!([3, 4, 1, 7, 0, "CLIP"]),
        json!([4, 6, 0, 3, 1, "CONDITIONING"]),
        json!([5, 7, 0, 3, 2, "CONDITIONING"]),
        json!([6, 5, 0, 3, 3, "LATENT"]),
        json!([7, 3, 0, 8, 0, "LATENT"]),
        json!([8, 4, 2, 8, 1, "VAE"]),
        json!([9, 8, 0, 9, 0, "IMAGE"]),
    ]
}

fn read_editor(nodes: &[Tree], links: &[Tree]) -> Parsed {
    read_whole(&json!({"nodes": nodes, "links": links, "version": 0.4}))
}

fn read_whole(graph: &Tree) -> Parsed {
    read_chunks(&[("workflow", &graph.to_string())])
}

#[track_caller]
fn check(parsed: &Parsed) {
    let view = &parsed.generation;
    assert_eq!((view.prompt.as_deref(), view.negative_prompt.as_deref()), (Some("a red kite"), Some("blur")));
    assert_eq!((view.seed, view.steps, view.cfg, view.width), (Some(11), Some(20), Some(6.5), Some(512)));
    assert_eq!((view.sampler.as_deref(), view.scheduler.as_deref()), (Some("dpmpp_2m"), Some("karras")));
    assert_eq!(view.model.as_deref(), Some("kite.safetensors"));
    assert_eq!(used(parsed), ["model kite.safetensors"]);
}

#[test]
fn the_editor_graph_alone_is_read_by_position_as_a_guess() {
    let parsed = read_editor(&nodes(), &links());
    check(&parsed);
    let seed = parsed.claims.iter().find(|claim| claim.field == Field::Seed).unwrap();
    assert_eq!(seed.strength, Strength::Guess);
}

#[test]
fn a_node_that_names_its_widgets_is_more_than_a_guess() {
    let mut nodes = nodes();
    let widget = |name: &str| json!({"name": name, "type": "INT", "widget": {"name": name}, "link": null});
    let names = ["seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"];
    nodes[4]["inputs"].as_array_mut().unwrap().extend(names.map(widget));
    let parsed = read_editor(&nodes, &links());
    check(&parsed);
    let seed = parsed.claims.iter().find(|claim| claim.field == Field::Seed).unwrap();
    assert_eq!(seed.strength, Strength::Stale);
}

#[test]
fn unknown_samplers_are_told_by_the_kind_of_their_values() {
    let mut nodes = nodes();
    nodes[4]["type"] = json!("KSampler of somebody");
    nodes[4]["widgets_values"] = json!(["extra", 11, "fixed", 20, 6.5, "dpmpp_2m", "karras", 1]);
    check(&read_editor(&nodes, &links()));
}

#[test]
fn classes_of_other_packages_are_known_by_the_order_of_their_widgets() {
    let replaced = |place: usize, class: &str, widgets: Tree| {
        let mut nodes = nodes();
        nodes[place]["type"] = json!(class);
        nodes[place]["widgets_values"] = widgets;
        nodes
    };
    let sampler = json!([0.5, "dpmpp_2m", "karras", 20, -1, 1, 6.5, 11, "randomize", "standard", true]);
    check(&read_editor(&replaced(4, "ClownsharKSampler_Beta", sampler), &links()));
    let loader = json!([{"content": "kite.safetensors", "image": null}]);
    check(&read_editor(&replaced(0, "CheckpointLoader|pysssss", loader), &links()));
    check(&read_editor(
        &replaced(1, "CLIPTextEncodeLumina2", json!(["be superior", "a red kite"])),
        &links(),
    ));
    check(&read_editor(
        &replaced(1, "CLIPTextEncodeHunyuanDiT", json!(["a red kite", "a red kite"])),
        &links(),
    ));
}

#[test]
fn muted_nodes_are_gone_and_bypassed_ones_pass_on() {
    let (mut nodes, mut links) = (nodes(), links());
    nodes.push(at(
        json!(10),
        "LoraLoader",
        4,
        &[("model", "MODEL", Some(10)), ("clip", "CLIP", None)],
        &["MODEL", "CLIP"],
        json!(["wind.safetensors", 1, 1]),
    ));
    links[0] = json!([1, 10, 0, 3, 0, "MODEL"]);
    links.push(json!([10, 4, 0, 10, 0, "MODEL"]));
    check(&read_editor(&nodes, &links));
    nodes[7]["mode"] = json!(0);
    assert_eq!(used(&read_editor(&nodes, &links)), ["model kite.safetensors", "lora wind.safetensors@1"]);
    nodes[7]["mode"] = json!(2);
    assert_eq!(used(&read_editor(&nodes, &links)), ["model kite.safetensors"]);
}

#[test]
fn reroutes_variables_and_broadcasts_are_led_through() {
    let (mut with_reroute, mut rerouted) = (nodes(), links());
    with_reroute.push(at(json!(10), "Reroute", 0, &[("", "*", Some(10))], &["MODEL"], json!([])));
    rerouted[0] = json!([1, 10, 0, 3, 0, "MODEL"]);
    rerouted.push(json!([10, 4, 0, 10, 0, "MODEL"]));
    check(&read_editor(&with_reroute, &rerouted));

    let (mut with_variable, mut named) = (nodes(), links());
    with_variable.push(at(json!(10), "SetNode", 0, &[("MODEL", "MODEL", Some(10))], &["*"], json!(["m"])));
    with_variable.push(at(json!(11), "GetNode", 0, &[], &["MODEL"], json!(["m"])));
    named[0] = json!([1, 11, 0, 3, 0, "MODEL"]);
    named.push(json!([10, 4, 0, 10, 0, "MODEL"]));
    check(&read_editor(&with_variable, &named));

    let (mut with_broadcast, mut sent) = (nodes(), links());
    with_broadcast[4]["inputs"][0]["link"] = Tree::Null;
    with_broadcast.push(at(
        json!(10),
        "Anything Everywhere",
        0,
        &[("anything", "*", Some(10))],
        &[],
        json!([]),
    ));
    sent[0] = json!([10, 4, 0, 10, 0, "MODEL"]);
    check(&read_editor(&with_broadcast, &sent));

    let (mut with_prompts, mut both) = (nodes(), links());
    with_prompts[4]["inputs"][1]["link"] = Tree::Null;
    with_prompts[4]["inputs"][2]["link"] = Tree::Null;
    let sockets = [("CONDITIONING", "*", Some(10)), ("CONDITIONING", "*", Some(11))];
    with_prompts.push(at(json!(10), "Prompts Everywhere", 0, &sockets, &[], json!([])));
    both[3] = json!([10, 6, 0, 10, 0, "CONDITIONING"]);
    both[4] = json!([11, 7, 0, 10, 1, "CONDITIONING"]);
    check(&read_editor(&with_prompts, &both));
}

#[test]
fn subgraphs_are_laid_open_and_outer_values_win() {
    let (mut outer, mut links) = (nodes(), links());
    // The sampler moves inside; its text comes from outside, its seed is promoted.
    let mut sampler = outer.remove(4);
    for (slot, link) in [(0, 101), (1, 102), (2, 103), (3, 104)] {
        sampler["inputs"][slot]["link"] = json!(link);
    }
    sampler["widgets_values"][0] = json!(5);
    let inner_links: Vec<Tree> = (0..4)
        .map(|slot| json!({"id": 101 + slot, "origin_id": -10, "origin_slot": slot, "target_id": 3, "target_slot": slot}))
        .chain([json!({"id": 105, "origin_id": 3, "origin_slot": 0, "target_id": -20, "target_slot": 0})])
        .collect();
    let sockets = [
        ("model", "MODEL", Some(1)),
        ("positive", "CONDITIONING", Some(4)),
        ("negative", "CONDITIONING", Some(5)),
        ("latent_image", "LATENT", Some(6)),
    ];
    let mut instance = at(json!(30), "0b1c-uuid", 0, &sockets, &["LATENT"], json!([11]));
    instance["properties"] = json!({"proxyWidgets": [["3", "seed"]]});
    outer.push(instance);
    links[6] = json!([7, 30, 0, 8, 0, "LATENT"]);
    let graph = json!({"nodes": outer, "links": links, "definitions": {"subgraphs": [{"id": "0b1c-uuid", "inputNode":
        {"id": -10}, "outputNode": {"id": -20}, "nodes": [sampler], "links": inner_links}]}});
    check(&read_whole(&graph));
}

#[test]
fn groups_are_laid_open() {
    let (mut outer, mut links) = (nodes(), links());
    outer.drain(0..2);
    let mut encoder = at(
        json!(-1),
        "CLIPTextEncode",
        0,
        &[("clip", "CLIP", None)],
        &["CONDITIONING"],
        json!(["a red kite"]),
    );
    encoder["index"] = json!(1);
    let loader = at(json!(-1), "CheckpointLoaderSimple", 0, &[], &LOADER, json!(["kite.safetensors"]));
    outer.push(at(json!(40), "workflow>Start", 0, &[], &["MODEL", "CLIP", "VAE", "CONDITIONING"], json!([])));
    links[0] = json!([1, 40, 0, 3, 0, "MODEL"]);
    links[2] = json!([3, 40, 1, 7, 0, "CLIP"]);
    links[3] = json!([4, 40, 3, 3, 1, "CONDITIONING"]);
    links[7] = json!([8, 40, 2, 8, 1, "VAE"]);
    let group =
        json!({"nodes": [loader, encoder], "links": [[0, 1, 1, 0, 4, "CLIP"]], "external": [[0, 1, "CLIP"]]});
    let graph = json!({"nodes": outer, "links": links, "extra": {"groupNodes": {"Start": group}}});
    check(&read_whole(&graph));
}

#[test]
fn widgets_may_be_an_object() {
    let mut nodes = nodes();
    nodes[4]["widgets_values"] =
        json!({"seed": 11, "steps": 20, "cfg": 6.5, "sampler_name": "dpmpp_2m", "scheduler": "karras"});
    check(&read_editor(&nodes, &links()));
}
