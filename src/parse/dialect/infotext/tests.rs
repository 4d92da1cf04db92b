use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::pairs::{key_of, pairs};
use super::*;
use crate::entity::{ResourceKind, ResourceSources};
use crate::parse::{Block, Carrier, Container, Encoding, Extraction, Limits, Parsed, interpret};

fn read(text: &str) -> Parsed {
    let block = Block {
        carrier: Carrier::PngText { chunk: *b"iTXt", keyword: "parameters".to_owned() },
        range: 0..0,
        bytes: text.as_bytes().to_vec(),
        encoding: Encoding::Utf8,
        truncated: false,
    };
    let (container, blocks) = (Container::Png, vec![block]);
    interpret(
        Extraction { container, width: None, height: None, blocks, warnings: Vec::new() },
        &Limits::default(),
    )
}

#[track_caller]
fn check_prompts(text: &str, prompt: &str, negative: &str) {
    let generation = read(text).generation;
    assert_eq!(generation.prompt.as_deref().unwrap_or_default(), prompt, "{text}");
    assert_eq!(generation.negative_prompt.as_deref().unwrap_or_default(), negative, "{text}");
    assert_eq!((generation.steps, generation.seed), (Some(20), Some(7)), "{text}");
}

/// Kind, name, hash and weight of each resource.
type Named = (ResourceKind, Option<String>, Option<String>, Option<f64>);

fn named(parsed: &Parsed) -> Vec<Named> {
    let read = |used: &crate::entity::ResourceUse| {
        let resource = &used.resource;
        let hash = resource.hash.as_ref().map(ToString::to_string);
        (resource.kind, resource.name.clone(), hash, used.weight)
    };
    parsed.resources.iter().map(read).collect()
}

#[track_caller]
fn check_resources(details: &str, expected: &[(ResourceKind, &str, &str, Option<f64>)]) {
    let parsed = read(&format!("a kite\nSteps: 20, Sampler: Euler, Seed: 7, {details}"));
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let expected: Vec<Named> =
        expected.iter().map(|(kind, name, hash, weight)| (*kind, some(name), some(hash), *weight)).collect();
    assert_eq!(named(&parsed), expected, "{details}");
}

#[test]
fn the_example_of_the_header_is_read_whole() {
    let text = "a red kite, <lora:wind:0.8>\nNegative prompt: blur\nSteps: 20, Sampler: DPM++ 2M, Schedule type: Karras, \
        CFG scale: 7, Seed: 11, Size: 512x768, Model hash: 0a1b2c3d4e, Model: kite, Clip skip: 2, Denoising strength: 0.4, \
        Lora hashes: \"wind: 1b2c3d4e5f6a\", Version: v1.10.1";
    let parsed = read(text);
    let found = &parsed.generation;
    assert_eq!(found.prompt.as_deref(), Some("a red kite, <lora:wind:0.8>"));
    assert_eq!(found.negative_prompt.as_deref(), Some("blur"));
    assert_eq!((found.sampler.as_deref(), found.scheduler.as_deref()), (Some("dpmpp_2m"), Some("karras")));
    assert_eq!((found.steps, found.cfg, found.seed), (Some(20), Some(7.0), Some(11)));
    assert_eq!((found.width, found.height), (Some(512), Some(768)));
    assert_eq!((found.clip_skip, found.denoise), (Some(2), Some(0.4)));
    assert_eq!((found.model.as_deref(), found.model_hash.as_deref()), (Some("kite"), Some("0a1b2c3d4e")));
    assert_eq!((found.tool.as_deref(), found.tool_version.as_deref()), (Some("a1111"), Some("v1.10.1")));
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        named(&parsed),
        [
            (ResourceKind::Lora, some("wind"), some("1b2c3d4e5f6a"), Some(0.8)),
            (ResourceKind::Model, some("kite"), some("0a1b2c3d4e"), None),
        ]
    );
    assert!(parsed.warnings.is_empty() && parsed.conflicts.is_empty());
    let spans: Vec<&str> = parsed.claims.iter().filter_map(|claim| text.get(claim.span.clone()?)).collect();
    for piece in
        ["a red kite, <lora:wind:0.8>", "<lora:wind:0.8>", "blur", "20", "DPM++ 2M", "512x768", "kite"]
    {
        assert!(spans.contains(&piece), "{piece} has no span");
    }
}

#[test]
fn prompts_are_found_in_every_shape() {
    let details = "Steps: 20, Sampler: Euler a, Seed: 7";
    for (head, prompt, negative) in [
        ("a kite\nNegative prompt: blur\n", "a kite", "blur"),
        ("a kite\r\nover hills\r\nNegative prompt: blur\r\n\r\n", "a kite\r\nover hills", "blur"),
        ("a kite,\n\nNegative prompt: blur, \nnoise\n\n", "a kite,", "blur, \nnoise"),
        ("a kite\nNegative prompt: \n", "a kite", ""),
        ("Negative prompt: blur\n", "", "blur"),
        ("", "", ""),
        ("\u{feff}Parameters: a kite\n", "a kite", ""),
        ("\0\0a kite\n", "a kite", ""),
        (
            "a kite, the words: Negative prompt, are said\n",
            "a kite, the words: Negative prompt, are said",
            "",
        ),
        ("Steps: up a hill, a kite\n", "Steps: up a hill, a kite", ""),
    ] {
        check_prompts(&format!("{head}{details}"), prompt, negative);
    }
}

#[test]
fn the_last_details_count_since_prompts_quote_others() {
    let text =
        "a kite\nSteps: 1, Sampler: Heun, Seed: 3\nNegative prompt: blur\nSteps: 20, Sampler: Euler, Seed: 7";
    check_prompts(text, "a kite\nSteps: 1, Sampler: Heun, Seed: 3", "blur");
}

#[test]
fn a_text_without_lines_is_taken_apart() {
    let details = "Steps: 20, Sampler: Euler a, Seed: 7";
    check_prompts(&format!("a kite. Negative prompt: blur, noise, {details}"), "a kite.", "blur, noise,");
    check_prompts(&format!("a kite. negative prompt: blur. {details}"), "a kite.", "blur.");
}

#[test]
fn what_is_no_infotext_is_left_alone() {
    for text in [
        "",
        "a kite",
        "Steps: 5",
        "Steps: five, a kite, Seed",
        "how to bake\nSteps: 1 mix, 2 stir",
        "{\"Steps\": 20}",
        "Seed: of a plant, Size: of a hill",
    ] {
        let parsed = read(text);
        assert!(parsed.claims.iter().all(|claim| claim.dialect != Dialect::Infotext), "{text}");
    }
}

#[test]
fn a_prompt_that_begins_with_a_bracket_is_no_document() {
    for prompt in ["{red|blue} kite", "[red|blue] kite", "{\"a\" kite", "[[kite]]"] {
        let text = format!("{prompt}\nSteps: 20, Sampler: Euler, Seed: 7");
        check_prompts(&text, prompt, "");
        assert_eq!(read(&text).warnings, [], "{prompt}");
    }
}

#[test]
fn templates_stay_apart_from_details_and_prompts() {
    let text = "a kite\nNegative prompt: blur\nSteps: 20, Sampler: Euler, Seed: 7, Version: v1.6.0\n\
        Template: a {kite|hat}, style: wild\nand more\n\nNegative Template: __blur__";
    check_prompts(text, "a kite", "blur");
    let parsed = read(text);
    let other = |name: &str| {
        let field = Field::Other(name.to_owned());
        let claim = parsed.claims.iter().find(|claim| claim.field == field).expect("it is claimed");
        claim.value.clone()
    };
    let text = |text: &str| crate::parse::Value::Text(text.to_owned());
    assert_eq!(other("Template"), text("a {kite|hat}, style: wild\nand more"));
    assert_eq!(other("Negative Template"), text("__blur__"));
    assert_eq!(parsed.generation.tool_version.as_deref(), Some("v1.6.0"));
}

#[test]
fn pairs_keep_quotes_commas_objects_and_dates() {
    let text = "Steps: 20, Model: a, b and c, Prompt: \"x, \\\"y\\\": \\n z\", Hashes: {\"model\": \"0a\"}, Empty: , \
        Created Date: 2026-01-02T03:04:05Z, Weights: (a, b:1.2), Open: \"never, Last: [1, 2], Debris, Seed: 7,\nMore: 1";
    let limits = Limits::default();
    let read: Vec<(String, String)> = pairs(text, 0..text.len(), &limits)
        .map(|pair| (pair.key.to_owned(), pair.value.text().unwrap_or("JSON").to_owned()))
        .collect();
    let expected = [
        ("Steps", "20"),
        ("Model", "a, b and c"),
        ("Prompt", "x, \"y\": \n z"),
        ("Hashes", "JSON"),
        ("Empty", ""),
        ("Created Date", "2026-01-02T03:04:05Z"),
        ("Weights", "(a, b:1.2)"),
        ("Open", "\"never"),
        ("Last", "JSON"),
        ("Seed", "7"),
        ("More", "1"),
    ];
    let read: Vec<(&str, &str)> = read.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(read, expected);
}

#[test]
fn keys_are_short_and_made_of_words() {
    assert_eq!(key_of("Model hash: x"), Some(("Model hash", 10)));
    for text in ["a, b: c", "\"a\": 1", "(a:1.2)", ": x", "a\nb: c", "https", &"k".repeat(100)] {
        assert_eq!(key_of(text), None, "{text}");
    }
}

#[test]
fn numbers_that_make_no_sense_cost_only_themselves() {
    let parsed = read(
        "a kite\nSteps: many, Sampler: Euler, CFG scale: NaN, Seed: 18446744073709551616, Size: big, Model: kite, Denoising strength: 7",
    );
    // No number of steps, but three keys that every writer knows.
    assert_eq!(parsed.generation.model.as_deref(), Some("kite"));
    assert_eq!(parsed.generation.sampler.as_deref(), Some("euler"));
    let places: Vec<&str> = parsed.warnings.iter().map(|warning| warning.place.as_str()).collect();
    assert_eq!(places, ["steps", "cfg", "seed", "size", "denoise"]);
    assert_eq!(parsed.generation.steps, None);
}

#[test]
fn seeds_of_64_bits_survive_and_minus_one_is_unknown() {
    let seed = |text: &str| read(&format!("a kite\nSteps: 20, Sampler: Euler, Seed: {text}")).generation.seed;
    assert_eq!(seed("18446744073709551615"), Some(i128::from(u64::MAX)));
    assert_eq!(seed("-12"), Some(-12));
    assert_eq!(seed("-1"), None);
}

#[test]
fn each_program_of_the_family_is_known() {
    let tool = |details: &str| {
        read(&format!("a kite\nSteps: 20, Sampler: Euler, Seed: 7, {details}")).generation.tool
    };
    let cases = [
        ("Version: v1.10.1", Some("a1111")),
        ("ADetailer version: 26.2.0, Version: neo-2.28", Some("forge")),
        ("Version: f1.0.0v2-v1.10.1RC-latest-2498-g5120e679", Some("reforge")),
        ("App: SD.Next, Version: 0d7c025", Some("sdnext")),
        ("Version: ComfyUI", Some("comfyui")),
        ("Version: Fooocus v2.5.5", Some("fooocus")),
        (
            "Civitai resources: [{\"type\":\"checkpoint\",\"modelVersionId\":9001}], Civitai metadata: {}",
            Some("civitai"),
        ),
        ("Model: kite", None),
    ];
    for (details, expected) in cases {
        assert_eq!(tool(details).as_deref(), expected, "{details}");
    }
}

#[test]
fn resources_are_read_in_every_spelling() {
    use ResourceKind::{Controlnet, Embedding, Hypernetwork, Lora, Model, Other, Upscaler, Vae};
    check_resources("Model hash: 0a1b2c3d4e, Model: kite", &[(Model, "kite", "0a1b2c3d4e", None)]);
    check_resources("VAE hash: 1b2c3d4e5f, VAE: sky.vae.pt", &[(Vae, "sky.vae.pt", "1b2c3d4e5f", None)]);
    check_resources(
        "Refiner: late [2c3d4e5f60], Refiner switch at: 0.8",
        &[(Model, "late", "2c3d4e5f60", None)],
    );
    check_resources("Hypernet: mesh, Hypernet strength: 0.6", &[(Hypernetwork, "mesh", "", Some(0.6))]);
    check_resources(
        "Lora hashes: \"wind: 1b2c3d4e5f6a, sun (v2): 2c3d4e5f6a7b\", TI hashes: \"easy: 3d4e5f6a7b8c\"",
        &[
            (Lora, "wind", "1b2c3d4e5f6a", None),
            (Lora, "sun (v2)", "2c3d4e5f6a7b", None),
            (Embedding, "easy", "3d4e5f6a7b8c", None),
        ],
    );
    check_resources(
        "Model: kite, Hashes: {\"model\": \"0a1b2c3d4e\", \"LORA:wind\": \"1b2c3d4e5f\", \"embed:easy\": \"2c3d4e5f60\", \"bare\": \"3d4e5f6071\"}",
        &[
            (Model, "kite", "0a1b2c3d4e", None),
            (Lora, "wind", "1b2c3d4e5f", None),
            (Embedding, "easy", "2c3d4e5f60", None),
            (ResourceKind::Unknown, "bare", "3d4e5f6071", None),
        ],
    );
    check_resources(
        "AddNet Enabled: True, AddNet Module 1: LoRA, AddNet Model 1: Wind(v2)(1b2c3d4e5f6a), AddNet Weight A 1: 0.9, AddNet Weight B 1: 1",
        &[(Lora, "Wind(v2)", "1b2c3d4e5f6a", Some(0.9))],
    );
    check_resources(
        "Lora_0 Model name: wind.safetensors, Lora_0 Model hash: 1b2c3d4e5f, Lora_0 Strength model: 0.8, Lora_0 Strength clip: 1, Embedding_0 name: easy, Embedding_0 hash: 2c3d4e5f60",
        &[(Lora, "wind.safetensors", "1b2c3d4e5f", Some(0.8)), (Embedding, "easy", "2c3d4e5f60", None)],
    );
    check_resources(
        "ControlNet 0: \"Module: canny, Model: control_canny [d14c016b], Weight: 0.7\", Hires upscaler: Latent (nearest), Hires checkpoint: Use same checkpoint",
        &[(Controlnet, "control_canny", "d14c016b", Some(0.7))],
    );
    check_resources("Hires upscaler: 4x_sharp", &[(Upscaler, "4x_sharp", "", None)]);
    check_resources("Module 1: ae, Module 2: clip_l", &[(Vae, "ae", "", None), (Other, "clip_l", "", None)]);
    check_resources("Used embeddings: easy [fa6d]", &[(Embedding, "easy", "", None)]);
    check_resources(
        "App: SD.Next, LoRA networks: \"wind:0.8, sun\", LoRA hashes: \"1b2c3d4e, 2c3d4e5f\"",
        &[(Lora, "wind", "1b2c3d4e", Some(0.8)), (Lora, "sun", "2c3d4e5f", None)],
    );
    check_resources(
        "App: SD.Next, LoRA networks: wind, LoRA hashes: \"1b2c3d4e, 2c3d4e5f\"",
        &[(Lora, "wind", "", None), (Lora, "", "1b2c3d4e", None), (Lora, "", "2c3d4e5f", None)],
    );
    check_resources(
        "Lora hashes: \"wind: 1b2c3d4e5f\", Lora weights: \"wind: 0.5\", Version: Fooocus v2.5.5",
        &[(Lora, "wind", "1b2c3d4e5f", Some(0.5))],
    );
}

#[test]
fn the_sites_own_infotext_names_versions_and_the_picture_it_was_made_from() {
    let text = "a red kite\nNegative prompt: blur\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 11, Size: 1024x1024, \
        Clip skip: 2, Created Date: 2026-01-02T03:04:05Z, Civitai resources: [{\"type\":\"checkpoint\",\"modelVersionId\":9001,\
        \"modelName\":\"Kite\",\"modelVersionName\":\"v2\"},{\"type\":\"lora\",\"weight\":0.7,\"air\":\
        \"urn:air:sdxl:lora:civitai:55@9002\"}], Civitai metadata: {\"workflow\":\"txt2img\",\"remixOfId\":33,\
        \"resources\":[{\"modelVersionId\":9003,\"strength\":0.4}]}";
    let parsed = read(text);
    let versions: Vec<_> =
        parsed.resources.iter().map(|used| (used.resource.version.map(|id| id.get()), used.weight)).collect();
    assert_eq!(versions, [(Some(9001), None), (Some(9002), Some(0.7)), (Some(9003), Some(0.4))]);
    assert!(parsed.resources.iter().all(|used| used.sources.contains(ResourceSources::CIVITAI_RESOURCES)));
    assert_eq!(parsed.remix_of.map(|id| id.get()), Some(33));
    assert_eq!(parsed.generation.tool.as_deref(), Some("civitai"));
    assert_eq!(parsed.generation.model.as_deref(), Some("Kite"));
}

#[test]
fn a_recipe_is_cut_off_and_read() {
    let text = "a kite\nSteps: 20, Sampler: Euler, Seed: 7, Version: ComfyUI\nRecipe metadata: {\"title\": \"x\", \
        \"loras\": [{\"file_name\": \"wind\", \"hash\": \"1b2c3d4e5f\", \"strength\": 0.8, \"modelVersionId\": 9002}], \
        \"checkpoint\": {\"file_name\": \"kite\", \"hash\": \"0a1b2c3d4e\", \"modelVersionId\": 9001}}";
    let parsed = read(text);
    check_prompts(text, "a kite", "");
    assert_eq!(parsed.generation.tool_version.as_deref(), Some("ComfyUI"));
    let versions: Vec<_> =
        parsed.resources.iter().map(|used| used.resource.version.map(|id| id.get())).collect();
    assert_eq!(versions, [Some(9002), Some(9001)]);
}

#[test]
fn details_that_break_off_keep_what_was_complete() {
    let text = "a kite\nSteps: 20, Sampler: Euler, Seed: 7, Hashes: {\"model\": \"0a1b2c3d4e\", \"lora:wi";
    let parsed = read(text);
    assert_eq!(parsed.generation.seed, Some(7));
    assert_eq!(parsed.generation.model_hash.as_deref(), Some("0a1b2c3d4e"));
}

/// Writes as Automatic1111 does: values that hold a comma, a line end or a colon are JSON strings.
fn written(prompt: &str, negative: &str, pairs: &[(String, String)]) -> String {
    let quoted = |value: &str| {
        let needs = value.contains([',', '\n', ':']);
        if needs { serde_json::Value::from(value).to_string() } else { value.to_owned() }
    };
    let details: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}: {}", quoted(value))).collect();
    let negative = if negative.is_empty() { String::new() } else { format!("\nNegative prompt: {negative}") };
    format!("{prompt}{negative}\nSteps: 20, Sampler: Euler a, Seed: 7, {}", details.join(", "))
}

proptest! {
    #[test]
    fn what_the_family_writes_is_read_back(
        prompt in "[a-z(),.\u{4e00}\u{e9} \n]{0,40}[a-z]",
        negative in "([a-z(),. \n]{0,20}[a-z])?",
        values in proptest::collection::vec("[a-zA-Z0-9 ,:\"\\\\.\n\u{e9}]{0,20}[a-z0-9]", 0..8),
    ) {
        let pairs: Vec<(String, String)> = values
            .iter()
            .enumerate()
            .map(|(at, value)| (format!("Key {at}"), value.trim().to_owned()))
            // A quotation mark at the start of a value without a comma is not quoted by the writer either.
            .filter(|(_, value)| !value.starts_with('"') && !value.starts_with('['))
            .collect();
        let text = written(&prompt, &negative, &pairs);
        let parsed = read(&text);
        prop_assert_eq!(parsed.generation.prompt.unwrap_or_default(), prompt.trim());
        prop_assert_eq!(parsed.generation.negative_prompt.unwrap_or_default(), negative.trim());
        prop_assert_eq!(parsed.generation.seed, Some(7));
        for (key, value) in pairs {
            let field = Field::Other(key);
            let claim = parsed.claims.iter().find(|claim| claim.field == field).expect("it is claimed");
            prop_assert_eq!(&claim.value, &crate::parse::Value::Text(value));
        }
    }

    #[test]
    fn no_text_makes_it_panic(
        head in "(a|\n|Negative prompt: |Parameters: |\"|\u{e9}|\0|<lora:a:1>){0,8}",
        tail in "(, |\n|[A-Z][a-z]{0,3}: |\"|\\{|\\}|\\[|\\]|\\\\|Hashes: |Template: |Recipe metadata: |Civitai resources: |[0-9x]{1,3}|\u{1f600}|\0){0,40}",
    ) {
        let text = format!("{head}\nSteps: 20, Sampler: Euler, Seed: 7, {tail}");
        let parsed = read(&text);
        let text = parsed.blocks[0].text().expect("it is text");
        for claim in &parsed.claims {
            if let Some(span) = &claim.span {
                prop_assert!(text.get(span.clone()).is_some(), "{:?} is no part of the text", span);
            }
        }
    }
}

/// The time that reading takes must grow as the text does. Of a text 64 times as long, a busy machine may need ten times as
/// much for each byte; what reads each byte for each byte would need 64 times as much.
#[test]
fn no_flood_takes_more_than_linear_time() {
    let floods = [
        "Steps: 1, Seed: 2, a\n",
        "a, ",
        "a: \"",
        "a: {",
        "[{\"a\":",
        ", \"",
        "\r",
        "\n",
        ": ",
        "Negative prompt: ",
        "<lora:",
        "Recipe metadata: {",
        "Template: ",
        "Steps: ",
        "Steps:1,Seed:1,",
        "a: [",
        "\\\"",
        "\u{4e00}, ",
    ];
    for flood in floods {
        let text = |bytes: usize| {
            let middle = flood.repeat(bytes / flood.len());
            format!("a kite\nSteps: 20, Sampler: Euler, Seed: 7, x: {middle}")
        };
        let time = |bytes: usize| {
            let text = text(bytes);
            let started = Instant::now();
            assert!(!read(&text).blocks.is_empty());
            started.elapsed()
        };
        let small = (0..5).map(|_| time(20_000)).min().unwrap_or_default();
        let allowed = (small * 64 * 10).max(Duration::from_secs(2));
        // One of several tries must hold: other work on the machine slows some of them.
        let holds = (0..5).any(|_| time(64 * 20_000) < allowed);
        assert!(holds, "{flood:?}: {small:?} for a part, and over {allowed:?} for 64 times as much");
    }
}
