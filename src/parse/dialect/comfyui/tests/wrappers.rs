use super::*;

/// Whether the seed of the base graph is found, and the place of it in the text.
#[track_caller]
fn check(keyword: &str, text: &str) {
    let parsed = read_chunks(&[(keyword, text)]);
    assert_eq!(parsed.generation.seed, Some(11), "{text}");
    let seed = parsed.claims.iter().find(|claim| claim.field == Field::Seed).unwrap();
    let place = seed.span.clone().unwrap();
    // Places count in the block's text, which begins behind a mark.
    let text = parsed.blocks[0].text().unwrap();
    assert!(text[place.clone()].contains("11"), "{place:?} {text}");
}

#[test]
fn graphs_are_found_in_whatever_wraps_them() {
    let graph = base();
    let plain = graph.to_string();
    let twice = Tree::from(plain.as_str()).to_string();
    check("prompt", &format!("\u{feff}{plain}\0\0"));
    check("make", &format!("prompt:{plain}"));
    check("make", &format!("Prompt: {plain}"));
    check("prompt", &twice);
    check("prompt", &Tree::from(twice.as_str()).to_string());
    check("comment", &json!({"prompt": graph, "workflow": {}}).to_string());
    check("comment", &json!({"prompt": plain, "workflow": {"nodes": []}}).to_string());
    check("prompt", &json!({"client_id": "x", "prompt": graph, "extra_data": {}}).to_string());
    check("prompt", &json!([4, "id", graph, {"extra_pnginfo": {}}, ["9"]]).to_string());
    check("prompt", &plain.replacen('{', "{\"is_changed\":[NaN],\"bad\":undefined,", 1));
}

#[test]
fn a_cut_graph_keeps_what_was_complete() {
    let mut graph = base();
    // Ids that come last in the text.
    graph["z"] = node("LoadImage", json!({"image": "x.png"}));
    let text = graph.to_string();
    let parsed = read_chunks(&[("prompt", &text[..text.len() - 30])]);
    assert_eq!(parsed.generation.seed, Some(11));
    assert!(warned(&parsed, "truncated"));
}

#[test]
fn what_ran_counts_and_what_the_editor_shows_does_not() {
    let editor = json!({"nodes": [{"id": 3, "type": "KSampler", "mode": 0, "inputs": [], "outputs": [], "widgets_values":
        [99, "fixed", 5, 1, "euler", "normal", 1]}], "links": []});
    let parsed = read_chunks(&[("prompt", &base().to_string()), ("workflow", &editor.to_string())]);
    assert_eq!(parsed.generation.seed, Some(11));
    assert_eq!(said(&parsed, "seed"), [json!(11)]);
    assert_eq!(parsed.conflicts, []);
}

#[test]
fn other_json_is_no_graph() {
    for text in [
        "{}",
        "[]",
        "{\"nodes\": []}",
        "{\"prompt\": \"a kite\", \"nodes\": 3}",
        "{\"a\": {\"class_type\": 4}}",
        "\"\"",
    ] {
        let parsed = read_chunks(&[("workflow", text)]);
        assert_eq!(parsed.claims, [], "{text}");
    }
}

#[test]
fn the_request_of_the_site_stands_beside_its_graph() {
    let mut graph = base();
    graph["4"]["inputs"]["ckpt_name"] = json!("urn:air:sdxl:checkpoint:civitai:55@9002");
    graph["extra"] = json!({"airs": ["urn:air:sdxl:checkpoint:civitai:55@9002"]});
    graph["extraMetadata"] = json!(
        json!({"prompt": "as asked", "steps": 20, "seed": 11, "sampler": "dpmpp_2m",
        "resources": [{"modelVersionId": 9002, "strength": 1}]})
        .to_string()
    );
    let parsed = read(&graph);
    assert_eq!(parsed.generation.prompt.as_deref(), Some("as asked"));
    assert_eq!(parsed.generation.tool.as_deref(), Some("civitai"));
    assert_eq!(parsed.generation.scheduler.as_deref(), Some("karras"));
    assert_eq!(used(&parsed), ["model civitai:55@9002@1"]);
}

#[test]
fn a_program_that_runs_graphs_inside_is_the_tool() {
    let swarm =
        json!({"sui_image_params": {"prompt": "a red kite", "seed": 11, "steps": 20, "model": "kite"}});
    let parsed = read_chunks(&[("parameters", &swarm.to_string()), ("prompt", &base().to_string())]);
    assert_eq!(parsed.generation.tool.as_deref(), Some("swarmui"));
    assert_eq!(read(&base()).generation.tool.as_deref(), Some("comfyui"));
}
