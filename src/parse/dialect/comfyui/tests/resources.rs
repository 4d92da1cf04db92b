use super::*;

/// The base graph whose sampler takes its model from node `20`.
fn through(nodes: Tree) -> Tree {
    let mut graph = with(nodes);
    graph["3"]["inputs"]["model"] = json!(["20", 0]);
    graph
}

#[test]
fn loras_are_read_in_every_spelling() {
    let link = json!(["4", 0]);
    let cases: [(Tree, &[&str]); 13] = [
        (
            node(
                "LoraLoader",
                json!({"lora_name": "a.safetensors", "strength_model": 0.8, "strength_clip": 1, "model": link}),
            ),
            &["lora a.safetensors@0.8"],
        ),
        (
            node(
                "LoraLoaderModelOnly",
                json!({"lora_name": "a.safetensors", "strength_model": -0.5, "model": link}),
            ),
            &["lora a.safetensors@-0.5"],
        ),
        (
            node("LoraLoader", json!({"lora_name": "a.safetensors", "strength_model": 0.0, "model": link})),
            &[],
        ),
        (node("LoraLoader", json!({"lora_name": "None", "strength_model": 1, "model": link})), &[]),
        (
            node(
                "Power Lora Loader (rgthree)",
                json!({"PowerLoraLoaderHeaderWidget": {"type": "x"}, "lora_2": {"on": true, "lora":
                "b.safetensors", "strength": 2}, "lora_1": {"on": false, "lora": "a.safetensors", "strength": 1}, "model": link}),
            ),
            &["lora b.safetensors@2"],
        ),
        (
            node(
                "Lora Loader Stack (rgthree)",
                json!({"lora_01": "a.safetensors", "strength_01": 0.3, "lora_02": "None",
                "strength_02": 1, "model": link}),
            ),
            &["lora a.safetensors@0.3"],
        ),
        (
            node(
                "LoRA Stacker",
                json!({"input_mode": "simple", "lora_count": 1, "lora_name_1": "a.safetensors", "lora_wt_1": 0.6,
                "model_str_1": 1, "lora_name_2": "b.safetensors", "lora_wt_2": 1, "model": link}),
            ),
            &["lora a.safetensors@0.6"],
        ),
        (
            node(
                "LoRA Stacker",
                json!({"input_mode": "advanced", "lora_count": 2, "lora_name_1": "a.safetensors", "lora_wt_1": 0.6,
                "model_str_1": 0.9, "lora_name_2": "b.safetensors", "model_str_2": 0.4, "model": link}),
            ),
            &["lora a.safetensors@0.9", "lora b.safetensors@0.4"],
        ),
        (
            node(
                "CR LoRA Stack",
                json!({"switch_1": "On", "lora_name_1": "a.safetensors", "model_weight_1": 0.7, "switch_2": "Off",
                "lora_name_2": "b.safetensors", "model_weight_2": 1, "model": link}),
            ),
            &["lora a.safetensors@0.7"],
        ),
        (
            node(
                "easy loraStack",
                json!({"toggle": true, "mode": "simple", "num_loras": 1, "lora_1_name": "a.safetensors",
                "lora_1_strength": 0.2, "lora_1_model_strength": 1, "lora_2_name": "b.safetensors", "model": link}),
            ),
            &["lora a.safetensors@0.2"],
        ),
        (
            node(
                "Lora Loader (LoraManager)",
                json!({"text": "<lora:a:1>", "loras": {"__value__": [{"name": "a", "strength": "0.55",
                "active": true}, {"name": "b", "strength": 1, "active": false}]}, "model": link}),
            ),
            &["lora a@0.55"],
        ),
        (node("LoraTagLoader", json!({"text": "x <lora:a:0.4> y", "model": link})), &["lora a@0.4"]),
        (
            node("Lora Loader (JPS)", json!({"enabled": false, "lora_name": "a.safetensors", "model": link})),
            &[],
        ),
    ];
    for (loader, expected) in cases {
        let class = loader["class_type"].clone();
        let found = used(&read(&through(json!({"20": loader}))));
        let (loras, others): (Vec<_>, Vec<_>) =
            found.iter().map(String::as_str).partition(|line| line.starts_with("lora"));
        assert_eq!(loras, expected, "{class}");
        assert_eq!(others, ["model kite.safetensors"], "{class}");
    }
}

#[test]
fn stacks_that_are_linked_count() {
    let graph = through(json!({
        "20": node("CR Apply LoRA Stack", json!({"model": ["4", 0], "clip": ["4", 1], "lora_stack": ["21", 0]})),
        "21": node("LoRA Stacker", json!({"lora_count": 1, "lora_name_1": "a.safetensors", "lora_wt_1": 1, "lora_stack": ["22", 0]})),
        "22": node("LoRA Stacker", json!({"lora_count": 1, "lora_name_1": "b.safetensors", "lora_wt_1": 0.5}))
    }));
    check_used(&graph, &["model kite.safetensors", "lora a.safetensors@1", "lora b.safetensors@0.5"]);
}

#[test]
fn tags_are_prose_to_the_core_encoder() {
    let mut graph = base();
    graph["6"]["inputs"]["text"] = json!("a kite <lora:wind:0.8>");
    check_used(&graph, &["model kite.safetensors"]);
    graph["6"]["class_type"] = json!("PCTextEncode");
    check_used(&graph, &["model kite.safetensors", "lora wind@0.8"]);
}

#[test]
fn every_kind_of_file_has_its_kind() {
    let graph = through(json!({
        "20": node("ModelSamplingFlux", json!({"max_shift": 1.15, "model": ["21", 0]})),
        "21": node("HypernetworkLoader", json!({"hypernetwork_name": "h.pt", "strength": 1, "model": ["22", 0]})),
        "22": node("UnetLoaderGGUF", json!({"unet_name": "flux\\kite-Q8_0.gguf"})),
        "8": node("VAEDecode", json!({"samples": ["3", 0], "vae": ["23", 0]})),
        "23": node("VAELoader", json!({"vae_name": "ae.safetensors"})),
        "6": node("CLIPTextEncode", json!({"text": "a kite", "clip": ["24", 0]})),
        "7": node("CLIPTextEncode", json!({"text": "blur", "clip": ["24", 0]})),
        "24": node("DualCLIPLoader", json!({"clip_name1": "clip_l.safetensors", "clip_name2": "t5.safetensors", "type": "flux"})),
        "9": node("SaveImage", json!({"filename_prefix": "x", "images": ["25", 0]})),
        "25": node("ImageUpscaleWithModel", json!({"upscale_model": ["26", 0], "image": ["8", 0]})),
        "26": node("UpscaleModelLoader", json!({"model_name": "4x.pth"}))
    }));
    let parsed = read(&graph);
    assert_eq!(parsed.generation.model.as_deref(), Some("flux\\kite-Q8_0.gguf"));
    let expected = [
        "hypernetwork h.pt",
        "model flux\\kite-Q8_0.gguf",
        "vae ae.safetensors",
        "other clip_l.safetensors",
        "other t5.safetensors",
        "upscaler 4x.pth",
    ];
    assert_eq!(used(&parsed), expected);
}

#[test]
fn a_checkpoint_that_only_gives_its_vae_is_no_model() {
    let mut graph = base();
    graph["8"]["inputs"]["vae"] = json!(["14", 2]);
    graph["14"] = node("CheckpointLoaderSimple", json!({"ckpt_name": "other.safetensors"}));
    check_used(&graph, &["model kite.safetensors", "vae other.safetensors"]);
}

#[test]
fn a_merge_names_both_parents_and_no_model() {
    let parsed = read(&through(json!({
        "20": node("ModelMergeSimple", json!({"model1": ["4", 0], "model2": ["21", 0], "ratio": 0.25})),
        "21": node("CheckpointLoaderSimple", json!({"ckpt_name": "wind.safetensors"}))
    })));
    assert_eq!(
        said(&parsed, "merge"),
        [json!("ModelMergeSimple kite.safetensors + wind.safetensors, ratio 0.25")]
    );
    assert_eq!(said(&parsed, "model"), Vec::<Tree>::new());
    assert_eq!(used(&parsed), ["model kite.safetensors", "model wind.safetensors"]);
}

#[test]
fn embeddings_are_named_inside_of_prompts() {
    let mut graph = base();
    graph["6"]["inputs"]["text"] = json!("(embedding:style/dawn.pt:1.2), embedding:wind, a kite");
    graph["7"]["inputs"]["text"] =
        json!("embedding:urn:air:sdxl:embedding:civitai:384756@563234:0.5, noembedding:x");
    let expected = [
        "model kite.safetensors",
        "embedding style/dawn.pt",
        "embedding wind",
        "embedding civitai:384756@563234",
    ];
    check_used(&graph, &expected);
}

#[test]
fn identifiers_stand_where_names_do() {
    let mut graph = base();
    graph["4"]["inputs"]["ckpt_name"] = json!("urn:air:sdxl:checkpoint:civitai:55@9002");
    let parsed = read(&graph);
    assert_eq!(used(&parsed), ["model civitai:55@9002"]);
    assert_eq!(parsed.resources[0].resource.version.map(|version| version.get()), Some(9002));

    graph["4"]["inputs"]["ckpt_name"] = json!(["60", 1]);
    let table =
        json!({"bySlot": {"0": "urn:air:sdxl:vae:civitai:1@2", "1": "urn:air:sdxl:checkpoint:civitai:7@8"}});
    graph["60"] = node("CivitaiModelSelector", json!({"resources_json": table.to_string()}));
    let parsed = read(&graph);
    assert_eq!(used(&parsed), ["model civitai:7@8"]);
    assert_eq!(parsed.generation.model.as_deref(), Some("urn:air:sdxl:checkpoint:civitai:7@8"));
}

#[test]
fn clip_skip_counts_from_one() {
    let mut graph = base();
    graph["6"]["inputs"]["clip"] = json!(["40", 0]);
    graph["40"] = node("CLIPSetLastLayer", json!({"clip": ["4", 1], "stop_at_clip_layer": -2}));
    assert_eq!(read(&graph).generation.clip_skip, Some(2));
}
