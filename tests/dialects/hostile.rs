//! Whatever stands where metadata is expected: an answer in time, and nothing unbounded.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use stemmata::parse::{Block, Carrier, Container, Encoding, Extraction, Limits, Parsed, Value, interpret};

/// Places where some grammar looks.
const PLACES: [&str; 22] = [
    "parameters",
    "prompt",
    "workflow",
    "Comment",
    "Description",
    "Software",
    "Source",
    "Dream",
    "sd-metadata",
    "invokeai_metadata",
    "generation_data",
    "parameters-json",
    "smproj",
    "fooocus_scheme",
    "negative_prompt",
    "seed",
    "use_lora_model",
    "lora_alpha",
    "AIGC",
    "extraMetadata",
    "caption",
    "SD:prompt",
];

fn read(texts: &[(&str, &str)]) -> Parsed {
    let blocks = texts.iter().map(|(keyword, text)| Block {
        carrier: Carrier::PngText { chunk: *b"iTXt", keyword: (*keyword).to_owned() },
        range: 0..0,
        bytes: text.as_bytes().to_vec(),
        encoding: Encoding::Utf8,
        truncated: false,
    });
    let blocks = blocks.collect();
    interpret(
        Extraction { container: Container::Png, width: None, height: None, blocks, warnings: Vec::new() },
        &Limits::default(),
    )
}

/// Claims stand inside of their blocks, hold no NULs, and conflicts are about claims that are there.
fn is_sound(parsed: &Parsed) {
    for claim in &parsed.claims {
        let text = parsed.blocks[claim.block].text().expect("claims are about texts");
        assert!(claim.span.as_ref().is_none_or(|span| text.get(span.clone()).is_some()), "{claim:?}");
        match &claim.value {
            Value::Text(text) => assert!(!text.contains('\0'), "{claim:?}"),
            Value::Number(number) => assert!(number.is_finite(), "{claim:?}"),
            Value::Integer(_) | Value::Resource(_) => {}
        }
    }
    for conflict in &parsed.conflicts {
        assert_eq!(parsed.claims[conflict.kept].field, parsed.claims[conflict.other].field);
    }
    let order: Vec<usize> = parsed.claims.iter().map(|claim| claim.block).collect();
    assert!(order.is_sorted());
}

/// Members of objects as some generator writes them, with values of any kind.
fn value() -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        Just("null".to_owned()),
        Just("-1".to_owned()),
        Just("NaN".to_owned()),
        Just("18446744073709551616".to_owned()),
        Just("\"\"".to_owned()),
        Just("\"(896, 1152)\"".to_owned()),
        Just("\"a \\u0000 [b] <lora:c:1>\"".to_owned()),
        Just("[\"a\", 1, {\"name\": \"b\"}]".to_owned()),
        Just("[[\"a\", 0.5, \"0a1b2c3d4e\"]]".to_owned()),
        Just("{\"name\": \"a\", \"hash\": \"sha256:00\"}".to_owned()),
        Just("true".to_owned()),
        Just("7.5".to_owned()),
    ];
    (proptest::sample::select(KEYS.to_vec()), plain).prop_map(|(key, value)| format!("\"{key}\": {value}"))
}

/// Keys by which grammars know their objects, and that they read.
const KEYS: [&str; 40] = [
    "prompt",
    "Prompt",
    "negative_prompt",
    "uc",
    "c",
    "v2",
    "scale",
    "seed",
    "Seed",
    "steps",
    "sampler",
    "base_model",
    "base_model_name",
    "loras",
    "lora_combined_1",
    "resolution",
    "Model",
    "Model hash",
    "sui_image_params",
    "sui_models",
    "Comment",
    "Software",
    "Source",
    "Description",
    "v4_prompt",
    "signed_hash",
    "model",
    "image",
    "extra",
    "extraMetadata",
    "resources",
    "remixOfId",
    "baseModel",
    "models",
    "PositivePrompt",
    "ModelVersionId",
    "use_lora_model",
    "lora_alpha",
    "input",
    "size",
];

proptest! {
    #[test]
    fn no_texts_in_any_places_make_it_panic(
        texts in proptest::collection::vec((proptest::sample::select(PLACES.to_vec()), "\\PC{0,60}|[\\[\\]{}\":,\\\\a0 \0\n-]{0,60}"), 0..6),
    ) {
        let texts: Vec<(&str, &str)> = texts.iter().map(|(place, text)| (*place, text.as_str())).collect();
        is_sound(&read(&texts));
    }

    #[test]
    fn no_object_makes_it_panic(
        place in proptest::sample::select(PLACES.to_vec()),
        members in proptest::collection::vec(value(), 0..12),
        nested in proptest::collection::vec(value(), 0..6),
        cut in 0_usize..400,
    ) {
        let text = format!("{{{}, \"sui_image_params\": {{{}}}}}", members.join(", "), nested.join(", "));
        is_sound(&read(&[(place, &text), ("software", "NovelAI")]));
        let cut = cut.min(text.len());
        if text.is_char_boundary(cut) {
            is_sound(&read(&[(place, &text[..cut])]));
        }
    }

    #[test]
    fn the_answer_is_the_same_every_time(members in proptest::collection::vec(value(), 0..8)) {
        let text = format!("{{{}}}", members.join(", "));
        let once = read(&[("parameters", &text), ("Comment", &text)]);
        prop_assert_eq!(once, read(&[("parameters", &text), ("Comment", &text)]));
    }
}

#[test]
fn one_bad_field_never_costs_its_neighbours() {
    let json = r#"{"sui_image_params": {"prompt": ["a"], "negativeprompt": "blur", "steps": {"x": 1}, "cfgscale": "seven", "seed": 7,
        "width": -5, "height": 768, "sampler": 3, "scheduler": "karras", "model": "kite"}}"#;
    let parsed = read(&[("parameters", json)]);
    let found = &parsed.generation;
    assert_eq!(found.negative_prompt.as_deref(), Some("blur"));
    assert_eq!((found.seed, found.height, found.width, found.steps), (Some(7), Some(768), None, None));
    assert_eq!((found.scheduler.as_deref(), found.model.as_deref()), (Some("karras"), Some("kite")));
    let places: Vec<&str> = parsed.warnings.iter().map(|warning| warning.place.as_str()).collect();
    assert_eq!(places, ["cfg", "steps", "width", "sampler"]);
}

#[test]
fn json_that_breaks_off_keeps_what_was_complete() {
    let json = r#"{"sui_image_params": {"prompt": "a kite", "seed": 7, "steps": 20, "negativepro"#;
    let parsed = read(&[("parameters", json)]);
    assert_eq!(parsed.generation.prompt.as_deref(), Some("a kite"));
    assert_eq!((parsed.generation.seed, parsed.generation.steps), (Some(7), Some(20)));
    assert!(parsed.warnings.iter().any(|warning| warning.code == "truncated"), "{:?}", parsed.warnings);
}

#[test]
fn floods_in_every_place_are_read_in_linear_time() {
    let floods = [
        "\"a\" -s ",
        " -",
        "[",
        "]",
        "--a ",
        "Job ID:",
        "Include in Image: ; ",
        "a: b\n",
        "{\"a\":",
        "\"",
        "//cid=1",
        "<a:1>,",
        "Steps: ",
        "\\",
        "Seed: 1\n",
    ];
    let mut slowest = Duration::ZERO;
    let mut tried = 0;
    for place in PLACES {
        for flood in floods {
            for head in
                ["", "{\"base_model\": \"x\", \"prompt\": \"", "{\"sui_image_params\": {\"loras\": \""]
            {
                let text = format!("{head}{}", flood.repeat(200_000 / flood.len()));
                let started = Instant::now();
                is_sound(&read(&[(place, &text)]));
                slowest = slowest.max(started.elapsed());
                tried += 1;
            }
        }
    }
    assert_eq!(tried, PLACES.len() * floods.len() * 3);
    assert!(slowest < Duration::from_secs(10), "{slowest:?} for 200 KB");
}
