use super::*;

/// The base graph whose positive text is linked to node `30`, with more nodes.
fn linked(nodes: Tree) -> Tree {
    let mut graph = with(nodes);
    graph["6"]["inputs"]["text"] = json!(["30", 0]);
    graph
}

#[test]
fn texts_are_joined_as_their_nodes_join_them() {
    let cases = [
        (
            node("StringConcatenate", json!({"string_a": "a", "string_b": "kite", "delimiter": ", "})),
            "a, kite",
        ),
        (node("JWStringConcat", json!({"a": "a ", "b": "kite"})), "a kite"),
        (
            node("ttN concat", json!({"text1": "a", "text2": ["31", 0], "text3": "", "delimiter": "\\n"})),
            "a\nred",
        ),
        (node("Text Concatenate", json!({"text_a": "a", "text_b": ["31", 0], "delimiter": " "})), "a red"),
        (node("Prompt Combine", json!({"prompt_2": "kite", "prompt_1": "a"})), "a kite"),
        (
            node("CR Combine Prompt", json!({"part1": "a", "part2": "kite", "part3": "", "separator": ", "})),
            "a, kite",
        ),
        (node("Text String", json!({"text": "kite", "text_b": "b", "text_c": "", "text_d": ""})), "kite"),
        (
            node(
                "TriggerWord Toggle (LoraManager)",
                json!({"toggle_trigger_words": {"__value__": [{"text": "a", "active": true}, {"text": "b", "active": false}]}}),
            ),
            "a",
        ),
        (node("DPRandomGenerator", json!({"text": "a kite", "seed": 1})), "a kite"),
        (
            node("StringReplace", json!({"string": "a blue kite", "find": "blue", "replace": ["31", 0]})),
            "a red kite",
        ),
        (node("ShowText|pysssss", json!({"text": ["31", 0], "text_0": "older"})), "red"),
        (node("String Literal", json!({"string": "kite"})), "kite"),
        (node("ImpactWildcardProcessor", json!({"wildcard_text": "{a|b}", "populated_text": "b"})), "b"),
        (node("PrimitiveStringMultiline", json!({"value": "two\nlines"})), "two\nlines"),
        (node("Power Prompt (rgthree)", json!({"prompt": "a kite"})), "a kite"),
    ];
    for (joining, expected) in cases {
        let graph = linked(json!({"30": joining, "31": node("Text Multiline", json!({"text": "red"}))}));
        let parsed = check_prompts(&graph, Some(expected), Some("blur"));
        assert!(!warned(&parsed, "prompt_incomplete"), "{expected}");
    }
}

#[test]
fn switches_pass_one_branch_on() {
    let cases = [
        (
            node("ComfySwitchNode", json!({"switch": false, "on_true": ["31", 0], "on_false": ["32", 0]})),
            "two",
        ),
        (node("ImpactSwitch", json!({"select": 2, "input1": ["31", 0], "input2": ["32", 0]})), "two"),
        (node("Any Switch (rgthree)", json!({"any_02": ["32", 0], "any_01": ["31", 0]})), "one"),
        (node("CR Text Input Switch", json!({"Input": 2, "text1": ["31", 0], "text2": ["32", 0]})), "two"),
    ];
    for (switch, expected) in cases {
        let graph = linked(json!({
            "30": switch, "31": node("String", json!({"value": "one"})), "32": node("String", json!({"value": "two"}))
        }));
        check_prompts(&graph, Some(expected), Some("blur"));
    }
}

#[test]
fn a_text_made_while_the_graph_ran_is_not_guessed() {
    let asked = node("OllamaGenerate", json!({"prompt": "Write a prompt about kites", "model": "llama"}));
    let parsed = check_prompts(&linked(json!({"30": asked})), None, Some("blur"));
    assert!(warned(&parsed, "prompt_incomplete"));

    let shown = node("ShowText|pysssss", json!({"text": ["31", 0], "text_0": "a kite at dawn"}));
    check_prompts(&linked(json!({"30": shown, "31": asked})), Some("a kite at dawn"), Some("blur"));

    let joined =
        node("StringConcatenate", json!({"string_a": "best", "string_b": ["31", 0], "delimiter": ", "}));
    let parsed = check_prompts(&linked(json!({"30": joined, "31": asked})), Some("best"), Some("blur"));
    assert!(warned(&parsed, "prompt_incomplete"));
}

#[test]
fn a_template_whose_pick_is_not_stored_is_only_a_guess() {
    let picks = node("DPRandomGenerator", json!({"text": "a {red|blue} kite", "seed": 1}));
    let parsed = check_prompts(&linked(json!({"30": picks})), Some("a {red|blue} kite"), Some("blur"));
    assert!(warned(&parsed, "prompt_incomplete"));
}

#[test]
fn what_a_save_node_was_told_counts_where_the_graph_is_silent() {
    let mut graph = sampling(json!({"seed": ["40", 0]}));
    graph["40"] = node("Unheard Of", json!({"x": 1}));
    graph["9"] = node(
        "Image Saver",
        json!({"images": ["8", 0], "seed_value": 7, "steps": 99, "modelname": "other", "positive": "unknown"}),
    );
    let view = read(&graph).generation;
    assert_eq!((view.seed, view.steps, view.model.as_deref()), (Some(7), Some(20), Some("kite.safetensors")));
    assert_eq!(view.prompt.as_deref(), Some("a red kite"));
}

#[test]
fn two_outputs_of_conditioning_stay_apart() {
    let mut graph = sampling(json!({"positive": ["40", 0], "negative": ["40", 1]}));
    graph["40"] = node(
        "ControlNetApplyAdvanced",
        json!({"positive": ["6", 0], "negative": ["7", 0], "control_net": ["41", 0], "strength": 0.5}),
    );
    graph["41"] = node("ControlNetLoader", json!({"control_net_name": "depth.pth"}));
    let parsed = check_prompts(&graph, Some("a red kite"), Some("blur"));
    assert_eq!(used(&parsed), ["model kite.safetensors", "controlnet depth.pth"]);
    graph["3"]["inputs"]["positive"] = json!(["40", 1]);
    graph["3"]["inputs"]["negative"] = json!(["40", 0]);
    check_prompts(&graph, Some("blur"), Some("a red kite"));
}

#[test]
fn nothing_is_not_the_positive_text() {
    let mut graph = sampling(json!({"negative": ["40", 0]}));
    graph["40"] = node("ConditioningZeroOut", json!({"conditioning": ["6", 0]}));
    let parsed = check_prompts(&graph, Some("a red kite"), None);
    assert_eq!(said(&parsed, "negative_prompt"), [json!("")]);
}

#[test]
fn combined_texts_keep_their_order_and_equal_ones_count_once() {
    let mut graph = sampling(json!({"positive": ["40", 0]}));
    graph["40"] =
        node("ConditioningCombine", json!({"conditioning_2": ["6", 0], "conditioning_1": ["41", 0]}));
    graph["41"] = node(
        "ConditioningSetArea",
        json!({"conditioning": ["42", 0], "width": 64, "height": 64, "x": 0, "y": 0}),
    );
    graph["42"] = node("CLIPTextEncode", json!({"text": "a sky", "clip": ["4", 1]}));
    check_prompts(&graph, Some("a sky\na red kite"), Some("blur"));
    graph["42"]["inputs"]["text"] = json!("a red kite");
    check_prompts(&graph, Some("a red kite"), Some("blur"));
}

#[test]
fn encoders_with_several_texts_give_each_once() {
    let mut graph = base();
    graph["6"] = node(
        "CLIPTextEncodeSDXL",
        json!({"text_g": "a kite", "text_l": "red", "width": 1024, "clip": ["4", 1]}),
    );
    check_prompts(&graph, Some("a kite\nred"), Some("blur"));
    graph["6"] = node(
        "CLIPTextEncodeFlux",
        json!({"clip_l": "a kite", "t5xxl": "a kite", "guidance": 2, "clip": ["4", 1]}),
    );
    let parsed = check_prompts(&graph, Some("a kite"), Some("blur"));
    assert_eq!(said(&parsed, "guidance"), [json!(2.0)]);
    for encoder in [
        node(
            "CLIPTextEncodeLumina2",
            json!({"system_prompt": "x", "user_prompt": "a kite", "clip": ["4", 1]}),
        ),
        node("CLIPTextEncodeHunyuanDiT", json!({"bert": "a kite", "mt5xl": "a kite", "clip": ["4", 1]})),
        node("easy wildcards", json!({"text": "__x__", "populated_text": "a kite", "clip": ["4", 1]})),
    ] {
        graph["6"] = encoder;
        check_prompts(&graph, Some("a kite"), Some("blur"));
    }
    let t5 = node("PixArtT5TextEncode", json!({"text": "a tall kite", "T5": ["43", 0]}));
    graph["6"] = t5;
    graph["43"] = node("T5v11Loader", json!({"t5v11_name": "t5.safetensors"}));
    check_prompts(&graph, Some("a tall kite"), Some("blur"));
}

#[test]
fn an_empty_text_says_that_there_was_none() {
    let mut graph = base();
    graph["7"]["inputs"]["text"] = json!("");
    let parsed = check_prompts(&graph, Some("a red kite"), None);
    assert_eq!(said(&parsed, "negative_prompt"), [json!("")]);
}
