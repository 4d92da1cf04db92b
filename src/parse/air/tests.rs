use proptest::prelude::*;

use super::*;

fn air(model: u64, version: u64) -> Air {
    Air { model: ModelId::new(model).expect("an id"), version: VersionId::new(version) }
}

#[test]
fn every_spelling_names_the_same_version() {
    let spellings = [
        "urn:air:sdxl:lora:civitai:55@9002",
        "URN:AIR:SDXL:LORA:CIVITAI:55@9002",
        "air:sdxl:lora:civitai:55@9002",
        "sdxl:lora:civitai:55@9002",
        "sdxl:civitai:55@9002",
        "civitai:55@9002",
        "urn:air:sdxl:lora:civitai:55@9002.safetensors",
        "urn:air:sdxl:lora:civitai:55@9002+77.safetensors",
        "urn:air:sdxl:lora:civitai:55@9002:safetensor",
        " urn:air:flux-1:text_encoders:civitai:55@9002 ",
    ];
    for text in spellings {
        assert_eq!(parse(text), Some(air(55, 9002)), "{text}");
    }
}

#[test]
fn a_model_without_a_readable_version_stays_a_model() {
    for text in
        ["civitai:55", "urn:air:sdxl:lora:civitai:55.safetensors", "civitai:55@latest", "civitai:55@0"]
    {
        assert_eq!(parse(text), Some(air(55, 0)), "{text}");
    }
}

#[test]
fn other_sources_and_debris_name_nothing() {
    let texts = [
        "",
        "55@9002",
        "urn:air:sdxl:lora:huggingface:55@9002",
        "urn:air:sdxl:lora:civitai-r2:55@9002",
        "urn:air:sdxl:lora:civitai:name@9002",
        "urn:air:sdxl:lora:civitai:0@1",
        "urn:air:a:b:c:civitai:1@2",
        "urn:air:sdxl:lora:civitai",
        "urn:air:sdxl:lora:civitai:99999999999999999999@1",
        "https://civitai.com/models/5",
    ];
    for text in texts {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn the_type_word_states_the_role() {
    let kind = |text: &str| parse_typed(text).expect("an identifier").1;
    assert_eq!(kind("urn:air:sdxl:lycoris:civitai:1@2"), ResourceKind::Lora);
    assert_eq!(kind("urn:air:sdxl:checkpoint:civitai:1@2"), ResourceKind::Model);
    assert_eq!(kind("urn:air:sdxl:unknown:civitai:1@2"), ResourceKind::Unknown);
    assert_eq!(kind("lora:civitai:1@2"), ResourceKind::Unknown);
}

#[test]
fn identifiers_are_found_inside_other_text() {
    let text = r#"{"a":"urn:air:sdxl:lora:civitai:55@9002","b":"x civitai:1@2. https://civitai.com:80 civitai:7",
        "c":"air:civitai:8","d":"xcivitai:1@3","e":"urn:air:sd1:embedding:CIVITAI:4@5+6.pt"}"#;
    let found = find_all(text);
    let expected = [
        (air(55, 9002), ResourceKind::Lora),
        (air(1, 2), ResourceKind::Unknown),
        (air(8, 0), ResourceKind::Unknown),
        (air(4, 5), ResourceKind::Embedding),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_flood_of_identifiers_is_cut_off() {
    assert_eq!(find_all(&"civitai:1@2 ".repeat(10_000)).len(), MAX_FOUND);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,80}", tail in "[urnacivt:@+.0-9\u{e9}]{0,60}") {
        let joined = format!("{text}{tail}");
        let _ = parse(&joined);
        let _ = find_all(&joined);
    }

    #[test]
    fn what_is_written_is_read_back(model in 1_u64..1 << 40, version in 1_u64..1 << 40) {
        let written = air(model, version);
        prop_assert_eq!(parse(&written.to_string()), Some(written));
        prop_assert_eq!(find_all(&format!("see {written}!")), vec![(written, ResourceKind::Unknown)]);
    }
}
