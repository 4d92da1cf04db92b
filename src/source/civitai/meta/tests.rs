use serde_json::json;

use super::super::convert::FieldWarning;
use super::super::wire::Notes;
use super::*;
use crate::entity::{ResourceSources, ResourceUse};

struct Seen {
    generation: GenerationData,
    resources: Vec<ResourceUse>,
    warnings: Vec<FieldWarning>,
}

fn seen(meta: &Value) -> Seen {
    let notes = Notes::default();
    let mut resources = Resources::default();
    let map = meta.as_object().expect("an object");
    let generation = read(&Fields::root(map, &notes), &mut resources);
    Seen { generation, resources: resources.finish(), warnings: notes.into_warnings() }
}

fn generation(meta: &Value) -> GenerationData {
    seen(meta).generation
}

/// Checks the resources, each as `kind|name|hash|version or AIR|weight`.
#[track_caller]
fn check(meta: &Value, expected: &[&str]) {
    let shown: Vec<String> = seen(meta)
        .resources
        .iter()
        .map(|used| {
            let resource = &used.resource;
            let hash = resource.hash.as_ref().map(ToString::to_string);
            let id = resource.air.map(|air| air.to_string());
            let id = id.or_else(|| resource.version.map(|version| version.to_string()));
            let weight = used.weight.map(|weight| weight.to_string());
            let parts = [resource.name.clone(), hash, id, weight].map(Option::unwrap_or_default);
            format!("{}|{}", resource.kind, parts.join("|"))
        })
        .collect();
    assert_eq!(shown, expected, "{meta}");
}

#[test]
fn every_generator_spells_the_same_settings() {
    let a1111 = generation(&json!({
        "prompt": " a kite <lora:x:1>", "negativePrompt": "blur", "sampler": "DPM++ 2M", "Schedule type": "Karras",
        "steps": "20", "cfgScale": "7.5", "seed": -12, "Size": "832x1216", "Clip skip": "2",
        "Denoising strength": "0.4", "Model": "kite_v2", "Model hash": "AABBCCDDEE", "Version": "v1.9.3"
    }));
    let graph = generation(&json!({
        "prompt": " a kite <lora:x:1>", "negativePrompt": "blur", "sampler": "dpmpp_2m", "scheduler": "karras",
        "steps": 20, "cfgScale": 7.5, "seed": "-12", "width": 832, "height": 1216, "clipSkip": -2,
        "denoise": 0.4, "models": ["sub/kite_v2.safetensors"], "engine": "ComfyUI"
    }));
    assert_eq!(a1111.prompt.as_deref(), Some(" a kite <lora:x:1>"), "as written");
    assert_eq!((a1111.sampler.as_deref(), a1111.scheduler.as_deref()), (Some("dpmpp_2m"), Some("karras")));
    assert_eq!((a1111.steps, a1111.cfg, a1111.seed), (Some(20), Some(7.5), Some(-12)));
    assert_eq!((a1111.width, a1111.height, a1111.clip_skip), (Some(832), Some(1216), Some(2)));
    assert_eq!((a1111.model.as_deref(), a1111.model_hash.as_deref()), (Some("kite_v2"), Some("AABBCCDDEE")));
    assert_eq!((a1111.tool.as_deref(), a1111.tool_version.as_deref()), (Some("a1111"), Some("v1.9.3")));
    assert_eq!(graph.model.as_deref(), Some("sub/kite_v2"));
    assert_eq!(graph.tool.as_deref(), Some("comfyui"));
    let same = |data: &GenerationData| GenerationData {
        model: None,
        model_hash: None,
        tool: None,
        tool_version: None,
        ..data.clone()
    };
    assert_eq!(same(&graph), same(&a1111));
}

#[test]
fn the_scheduler_comes_from_its_own_key_or_from_the_sampler() {
    let scheduler = |meta: Value| generation(&meta).scheduler;
    assert_eq!(scheduler(json!({"sampler": "DPM++ 2M Karras"})).as_deref(), Some("karras"));
    let both = json!({"sampler": "DPM++ 2M Karras", "Schedule type": "Automatic"});
    assert_eq!(scheduler(both).as_deref(), Some("karras"));
    let other = json!({"sampler": "Euler a", "scheduler": "SGM Uniform"});
    assert_eq!(scheduler(other).as_deref(), Some("sgm_uniform"));
    assert_eq!(generation(&json!({"sampler": "Undefined"})).sampler, None);
}

#[test]
fn a_size_that_is_a_node_or_nothing_is_no_size() {
    let size = |meta: Value| {
        let data = generation(&meta);
        (data.width, data.height)
    };
    assert_eq!(size(json!({"width": {"inputs": {}}, "height": {"inputs": {}}})), (None, None));
    assert_eq!(size(json!({"width": 0, "height": 0})), (None, None));
    assert_eq!(size(json!({"Size": "512 x 768", "width": 1, "height": 2})), (Some(512), Some(768)));
    assert_eq!(size(json!({"Size": "big", "width": 1, "height": 2})), (Some(1), Some(2)));
    let on_site = json!({"extra": {"aspectRatio": {"value": "2:3", "width": 832, "height": 1216}}});
    assert_eq!(size(on_site), (Some(832), Some(1216)));
}

#[test]
fn what_its_field_cannot_hold_is_left_out_with_a_warning() {
    let read = seen(&json!({"seed": "18446744073709551616", "steps": -1, "denoise": 7, "cfgScale": "NaN"}));
    assert!(read.generation.is_empty());
    let fields: Vec<_> = read.warnings.iter().map(|warning| warning.field.as_str()).collect();
    assert_eq!(fields, ["steps", "cfgScale", "seed", "denoise"]);
}

#[test]
fn seeds_use_all_of_64_bits() {
    let seed = |value: Value| seen(&json!({ "seed": value })).generation.seed;
    assert_eq!(seed(json!(u64::MAX)), Some(i128::from(u64::MAX)));
    assert_eq!(seed(json!("11246505945472473000")), Some(11_246_505_945_472_473_000));
    assert_eq!(seed(json!(i64::MIN)), Some(i128::from(i64::MIN)));
}

#[test]
fn the_program_is_named_by_its_own_words() {
    let tool = |meta: Value| generation(&meta).tool;
    let on_site =
        json!({"engine": "ComfyUI", "civitaiResources": [], "Model": "urn:air:sdxl:checkpoint:civitai:1@2"});
    assert_eq!(tool(on_site).as_deref(), Some("civitai"));
    assert_eq!(tool(json!({"civitaiResources": [], "Version": "v1.6.0"})).as_deref(), Some("a1111"));
    assert_eq!(tool(json!({"engine": "Civitai"})).as_deref(), Some("civitai"));
    assert_eq!(tool(json!({"software": "RuinedFooocus"})).as_deref(), Some("ruinedfooocus"));
    assert_eq!(tool(json!({"comfy": "{}"})).as_deref(), Some("comfyui"));
    assert_eq!(tool(json!({"Version": "f2.0.1v1.10.1"})).as_deref(), Some("forge"));
    assert_eq!(tool(json!({"Version": "neo-2.28"})).as_deref(), Some("forge"));
    assert_eq!(tool(json!({"originalSampler": "euler", "version": "0.9"})).as_deref(), Some("swarmui"));
    assert_eq!(tool(json!({"version": "0.9.1.1"})).as_deref(), Some("swarmui"));
    assert_eq!(tool(json!({"Version": "who knows", "steps": 3})), None);
}

#[test]
fn one_resource_in_many_places_is_one() {
    let meta = json!({
        "prompt": "<lora:kite:0.5>", "Model": "base", "Model hash": "1122334455", "VAE": "vae.pt",
        "resources": [
            {"type": "lora", "name": "kite", "hash": "AABBCCDDEEFF", "weight": 0.8}, null,
            {"type": "model", "name": "base", "hash": "1122334455"}
        ],
        "hashes": {"lora:kite": "aabbccddeeff", "model": "1122334455", "vae": "9988776655"},
        "Lora hashes": "kite: aabbccddeeff"
    });
    check(&meta, &["lora|kite|aabbccddeeff||0.8", "model|base|1122334455||", "vae|vae.pt|9988776655||"]);
    let sources = seen(&meta).resources[0].sources;
    let everywhere = [ResourceSources::RESOURCES, ResourceSources::HASHES, ResourceSources::PROMPT_TAG];
    assert!(everywhere.iter().all(|place| sources.contains(*place)));
}

#[test]
fn hashes_of_any_form_are_read() {
    check(
        &json!({"hashes": {"embed:bad": "0xAABBCCDDEE", "hypernet:h": "1122334455", "lyco:l": "2233445566",
            "lora:n": "abcd", "refiner": "3344556677", "upscaler": "4455667788", "x.pth": "5566778899"}}),
        &[
            "embedding|bad|aabbccddee||",
            "hypernetwork|h|1122334455||",
            "lora|n|||",
            "lora|l|2233445566||",
            "model||3344556677||",
            "upscaler||4455667788||",
            "unknown|x.pth|5566778899||",
        ],
    );
    check(
        &json!({"hashes": ["aabbccddee", {"name": "k", "type": "lora", "hash": "1122334455"}, 7]}),
        &["unknown||aabbccddee||", "lora|k|1122334455||"],
    );
    check(
        &json!({"TI hashes": "\"bad: aabbccddee, worse: 1122\""}),
        &["embedding|bad|aabbccddee||", "embedding|worse|||"],
    );
    check(&json!({"TI hashes": {"bad": "aabbccddeeff"}}), &["embedding|bad|aabbccddeeff||"]);
    check(
        &json!({"Hypernet": "h(aabbccdd)", "Hypernet strength": "0.6", "VAE hash": "1122334455"}),
        &["vae||1122334455||", "hypernetwork|h|aabbccdd||0.6"],
    );
}

#[test]
fn debris_in_place_of_a_hash_leaves_the_name() {
    let meta = json!({"resources": [
        {"type": "lora", "name": "a", "hash": "NSFW", "weight": "NaN"}, {"type": "lora", "hash": "x"}, "text",
        {"type": "lora", "name": "None", "weight": 1}
    ]});
    check(&meta, &["lora|a|||"]);
    let fields: Vec<_> = seen(&meta).warnings.into_iter().map(|warning| warning.field).collect();
    assert_eq!(fields, ["resources[].hash", "resources[].weight", "resources[].hash", "resources[]"]);
}

#[test]
fn version_ids_and_identifiers_are_read_wherever_they_are() {
    check(
        &json!({
            "civitaiResources": [
                {"type": "checkpoint", "modelVersionId": 7}, {"type": "lora", "weight": 0.5, "air": "urn:air:sdxl:lora:civitai:5@9"}
            ],
            "additionalResources": [
                {"name": "urn:air:sdxl:lora:civitai:5@9", "type": "lora", "strength": 0.9},
                {"name": "sub\\k.safetensors", "type": "lora", "strength": -1, "strengthClip": 1}
            ],
            "extra": {"resources": [{"modelVersionId": 7, "strength": 1, "type": "Checkpoint"}]},
            "models": ["urn:air:sdxl:checkpoint:civitai:4@7"], "vaes": ["ae.sft"], "upscalers": ["up.pth"],
            "controlNets": ["cn.pth"], "versionIds": [11], "modelIds": [12],
            "fluxMode": "urn:air:flux1:checkpoint:civitai:618692@691639",
            "comfy": "{\"prompt\": \"urn:air:sdxl:embedding:civitai:20@21\"}",
            "workflow": {"deep": [{"airs": ["civitai:30@31"]}]}
        }),
        &[
            "model|||civitai:4@7|1",
            "lora|||civitai:5@9|0.5",
            "lora|sub\\k.safetensors|||-1",
            "vae|ae.sft|||",
            "upscaler|up.pth|||",
            "controlnet|cn.pth|||",
            "unknown|||11|",
            "unknown|||civitai:12|",
            "embedding|||civitai:20@21|",
            "model|||civitai:618692@691639|",
            "unknown|||civitai:30@31|",
        ],
    );
}

#[test]
fn additional_networks_take_the_last_bracket_as_hash() {
    check(
        &json!({
            "AddNet Enabled": "True",
            "AddNet Module 1": "LoRA", "AddNet Model 1": "Kite(NSFW)(a1b2c3d4e5f6)", "AddNet Weight A 1": "0.7",
            "AddNet Module 2": "0", "AddNet Model 2": "Sky(v2)", "AddNet Weight A 2": "x",
            "AddNet Model 4": "never reached"
        }),
        &["lora|Kite(NSFW)|a1b2c3d4e5f6||0.7", "lora|Sky(v2)|||"],
    );
}

#[test]
fn adapters_of_ruinedfooocus_are_read() {
    let loras = "Loras:<Rune\\Kite.safetensors:0.7>,<None:0.5>,<sky:x>,<cut";
    check(
        &json!({"software": "RuinedFooocus", "other": {"loras": loras, "start_step": 0}}),
        &["lora|Rune\\Kite.safetensors|||0.7", "lora|sky|||"],
    );
}

#[test]
fn a_prompt_tag_may_hold_an_identifier() {
    check(
        &json!({"prompt": "<lora:urn:air:sdxl:lora:civitai:5@9:0.7> x <lora:a b:-0.5:1>"}),
        &["lora|||civitai:5@9|0.7", "lora|a b|||-0.5"],
    );
}

#[test]
fn the_strongest_place_sets_the_weight() {
    let lora = |meta: Value| seen(&meta).resources[0].weight;
    let tag_and_list = json!({"prompt": "<lora:a:0.1>", "additionalResources": [{"name": "a", "type": "lora", "strength": 0.3}]});
    assert_eq!(lora(tag_and_list), Some(0.3));
    let version = json!({
        "resources": [{"type": "lora", "modelVersionId": 7, "weight": 0.2}],
        "civitaiResources": [{"type": "lora", "modelVersionId": 7, "weight": 0.6}]
    });
    assert_eq!(lora(version), Some(0.6));
}

#[test]
fn keys_with_blanks_around_them_are_read() {
    let data = generation(&json!({" Clip skip": "2", "steps ": 9, "steps": 8, "\"Lora": 1}));
    assert_eq!((data.clip_skip, data.steps), (Some(2), Some(8)));
}
