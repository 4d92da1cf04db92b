use std::io::Cursor;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::entity::{Descent, ParentEvidence};

/// A safetensors file with these metadata and tensors, each of one byte, and `data` behind the header.
fn file(metadata: &Value, tensors: &[&str], data: &[u8]) -> Vec<u8> {
    let mut header = json!({ "__metadata__": metadata });
    for name in tensors {
        header[name] = json!({ "dtype": "U8", "shape": [1, 1], "data_offsets": [0, 1] });
    }
    raw(&header.to_string(), data)
}

fn raw(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(data);
    bytes
}

fn read_bytes(bytes: Vec<u8>) -> ModelHeader {
    read(&mut Cursor::new(bytes)).expect("memory can be read").expect("it is a model file")
}

fn with(metadata: &Value) -> ModelHeader {
    read_bytes(file(metadata, &["t"], b"x"))
}

fn hash(digit: char) -> String {
    (0..32).flat_map(|_| [digit, '7']).collect()
}

/// Descent, evidence, hash, name, role, of.
type Edge<'a> = (Descent, ParentEvidence, Option<String>, Option<&'a str>, Option<&'a str>, Option<String>);

#[track_caller]
fn check_edges(header: &ModelHeader, expected: &[Edge<'_>]) {
    let text = |hash: &Option<HexHash>| hash.as_ref().map(|hash| hash.as_str().to_owned());
    let found: Vec<Edge<'_>> = header
        .ancestry
        .iter()
        .map(|edge| {
            let (name, role) = (edge.name.as_deref(), edge.role.as_deref());
            (edge.descent, edge.evidence, text(&edge.hash), name, role, text(&edge.of))
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_trained_network_names_its_base_and_its_vae_by_every_hash() {
    let header = with(&json!({
        "ss_network_module": "networks.lora", "ss_sd_model_name": "base.safetensors",
        "ss_new_sd_model_hash": hash('a'), "ss_sd_model_hash": "12345678", "ss_vae_name": "kl.pt",
        "ss_vae_hash": "None", "ss_output_name": "kite", "ss_base_model_version": "sdxl_base_v1-0",
    }));
    use ParentEvidence::{Name, Sha256, ShortHash};
    check_edges(
        &header,
        &[
            (Descent::TrainedOn, Sha256, Some(hash('a')), Some("base.safetensors"), None, None),
            (
                Descent::TrainedOn,
                ShortHash,
                Some("12345678".to_owned()),
                Some("base.safetensors"),
                None,
                None,
            ),
            (Descent::TrainedWithVae, Name, None, Some("kl.pt"), None, None),
        ],
    );
    assert_eq!(
        (header.title.as_deref(), header.architecture.as_deref()),
        (Some("kite"), Some("sdxl_base_v1-0"))
    );
}

#[test]
fn hashes_of_nothing_and_words_for_none_name_no_parent() {
    let header = with(&json!({
        "ss_sd_model_hash": "e3b0c442", "ss_new_sd_model_hash": "0".repeat(64), "ss_sd_model_name": "None",
        "ss_vae_hash": "NOFILE",
    }));
    check_edges(&header, &[]);
}

#[test]
fn a_recipe_names_its_parents_and_theirs() {
    let recipe = |first: char, second: char| {
        json!({ "type": "webui", "primary_model_hash": hash(first), "secondary_model_hash": hash(second),
            "tertiary_model_hash": null, "interp_method": "Weighted sum", "multiplier": 0.3, "bake_in_vae": "None" })
    };
    let models = json!({
        hash('a'): { "name": "A.safetensors", "legacy_hash": "11112222", "sd_merge_recipe": recipe('c', 'd') },
        hash('b'): { "name": "B.safetensors", "sd_merge_recipe": null },
    });
    let plain = with(&json!({
        "sd_merge_recipe": recipe('a', 'b').to_string(), "sd_merge_models": models.to_string(),
    }));
    use Descent::MergedFrom;
    use ParentEvidence::Sha256;
    let expected = [
        (MergedFrom, Sha256, Some(hash('a')), Some("A.safetensors"), Some("A"), None),
        (MergedFrom, Sha256, Some(hash('b')), Some("B.safetensors"), Some("B"), None),
        (MergedFrom, Sha256, Some(hash('c')), None, Some("A"), Some(hash('a'))),
        (MergedFrom, Sha256, Some(hash('d')), None, Some("B"), Some(hash('a'))),
    ];
    check_edges(&plain, &expected);
    assert_eq!(plain.ancestry[0].method.as_deref(), Some("Weighted sum, multiplier 0.3"));
    let twice = json!(recipe('a', 'b').to_string()).to_string();
    let double =
        with(&json!({ "sd_merge_recipe": twice, "sd_merge_models": json!(models.to_string()).to_string() }));
    check_edges(&double, &expected);
}

#[test]
fn a_model_that_descends_from_itself_is_left_out() {
    let recipe = json!({ "primary_model_hash": hash('a'), "secondary_model_hash": hash('b') });
    let models = json!({ hash('a'): { "name": "A", "sd_merge_recipe": recipe } });
    let header = with(&json!({ "sd_merge_models": models.to_string() }));
    check_edges(
        &header,
        &[(Descent::MergedFrom, ParentEvidence::Sha256, Some(hash('b')), None, Some("B"), Some(hash('a')))],
    );
    assert_eq!(header.warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(), ["cycle"]);
}

#[test]
fn merged_networks_keep_the_headers_of_their_parents() {
    let parent = json!({ "sshs_model_hash": hash('e'), "ss_output_name": "wind" }).to_string();
    let header = with(&json!({ "sshs_cp0": parent, "sshs_cpx": "{}" }));
    check_edges(
        &header,
        &[(Descent::MergedFrom, ParentEvidence::TensorHash, Some(hash('e')), Some("wind"), None, None)],
    );
}

#[test]
fn titles_joined_by_commas_are_a_guess_and_one_title_is_a_name() {
    let one = with(&json!({ "modelspec.merged_from": "Kite" }));
    check_edges(&one, &[(Descent::MergedFrom, ParentEvidence::Name, None, Some("Kite"), None, None)]);
    let two = with(&json!({ "modelspec.merged_from": "Kite, Wind" }));
    assert_eq!(two.ancestry.iter().map(|edge| edge.evidence).collect::<Vec<_>>(), [ParentEvidence::Guess; 2]);
}

#[test]
fn a_saved_graph_names_what_was_merged_and_baked_in_and_nothing_else() {
    let graph = json!({
        "1": { "class_type": "CheckpointLoaderSimple", "inputs": { "ckpt_name": "a.safetensors" } },
        "2": { "class_type": "CheckpointLoaderSimple", "inputs": { "ckpt_name": "b.safetensors" } },
        "3": { "class_type": "LoraLoader", "inputs": { "lora_name": "l.safetensors", "strength_model": 0.5, "model": ["2", 0] } },
        "4": { "class_type": "ModelMergeSimple", "inputs": { "model1": ["1", 0], "model2": ["3", 0], "ratio": 0.25 } },
        "5": { "class_type": "VAELoader", "inputs": { "vae_name": "v.pt" } },
        "6": { "class_type": "CheckpointSave", "inputs": { "model": ["4", 0], "vae": [5, 0], "loop": ["6", 0] } },
        "7": { "class_type": "CheckpointLoaderSimple", "inputs": { "ckpt_name": "unused.safetensors" } },
    });
    let header = with(&json!({ "prompt": graph.to_string() }));
    let found: Vec<(Descent, Option<&str>, Option<&str>)> = header
        .ancestry
        .iter()
        .map(|edge| (edge.descent, edge.name.as_deref(), edge.method.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            (Descent::MergedFrom, Some("a.safetensors"), Some("ModelMergeSimple (ratio 0.25)")),
            (Descent::MergedFrom, Some("b.safetensors"), Some("ModelMergeSimple (ratio 0.25)")),
            (Descent::BakesLora, Some("l.safetensors"), Some("strength 0.5")),
            (Descent::VaeOf, Some("v.pt"), None),
        ]
    );
}

#[test]
fn a_header_that_claims_other_weights_counts_less() {
    let metadata = json!({ "sshs_model_hash": hash('a'), "ss_new_sd_model_hash": hash('b') });
    let of = |digit| HexHash::parse(&hash(digit)).expect("hexadecimal");
    let mut honest = with(&metadata);
    assert_eq!(honest.check(&of('a')), HeaderTruth::Consistent);
    assert_eq!(honest.ancestry[0].evidence, ParentEvidence::Sha256);
    let mut copied = with(&metadata);
    assert_eq!(copied.check(&of('c')), HeaderTruth::Stale);
    assert_eq!(copied.ancestry[0].evidence, ParentEvidence::ShortHash);
    assert_eq!(with(&json!({})).check(&of('c')), HeaderTruth::Unclaimed);
}

#[test]
fn a_checkpoint_with_the_header_of_a_network_has_copied_it() {
    let metadata = json!({ "ss_network_module": "networks.lora", "ss_sd_model_name": "base" });
    let header = read_bytes(file(&metadata, &["model.diffusion_model.out.2.bias"], b"x"));
    assert_eq!((header.kind, header.ancestry[0].evidence), (ResourceKind::Model, ParentEvidence::Guess));
    assert!(header.warnings.iter().any(|warning| warning.code == "copied_header"));
}

#[test]
fn onetrainer_fills_in_the_title_of_the_base_so_that_it_is_no_title() {
    let header = with(&json!({
        "ot_branch": "master", "modelspec.title": "Stable Diffusion XL 1.0 Base LoRA", "modelspec.author": "StabilityAI",
        "ot_config": json!({ "base_model_name": "some/base" }).to_string(),
    }));
    assert_eq!((header.title.as_deref(), header.author.as_deref()), (None, None));
    check_edges(&header, &[(Descent::TrainedOn, ParentEvidence::Name, None, Some("some/base"), None, None)]);
}

#[test]
fn tensors_tell_what_a_file_is_for() {
    let check = |names: &[&str], kind: ResourceKind, architecture: Option<&str>| {
        let header = read_bytes(file(&json!({}), names, b"x"));
        assert_eq!((header.kind, header.architecture.as_deref()), (kind, architecture), "{names:?}");
    };
    use ResourceKind::{Controlnet, Embedding, Lora, Model, Unknown, Vae};
    check(
        &["lora_unet_down_blocks_2_attentions_1_transformer_blocks_9_x.lora_down.weight"],
        Lora,
        Some("sdxl"),
    );
    check(&["transformer.single_transformer_blocks.0.attn.to_k.lora_A.weight"], Lora, Some("flux"));
    check(&["a.hada_w1_a"], Lora, None);
    check(
        &[
            "model.diffusion_model.x",
            "conditioner.embedders.0.transformer.text_model.embeddings.position_embedding.weight",
        ],
        Model,
        Some("sdxl"),
    );
    check(
        &["double_blocks.0.img_attn.norm.key_norm.scale", "guidance_in.in_layer.bias"],
        Model,
        Some("flux-dev"),
    );
    check(&["double_blocks.0.img_attn.norm.key_norm.scale"], Model, Some("flux-schnell"));
    check(&["control_model.input_blocks.0.0.weight"], Controlnet, None);
    check(&["encoder.conv_in.weight", "decoder.conv_in.weight"], Vae, None);
    check(&["emb_params"], Embedding, None);
    check(&["clip_g", "clip_l"], Embedding, Some("sdxl"));
    check(&["something"], Unknown, None);
}

#[test]
fn a_header_tells_what_a_file_is_for_only_where_no_tensor_does() {
    let metadata = json!({ "modelspec.architecture": "stable-diffusion-xl-v1-base/lora" });
    let header = with(&metadata);
    assert_eq!(
        (header.kind, header.architecture.as_deref()),
        (ResourceKind::Lora, Some("stable-diffusion-xl-v1-base"))
    );
    let vae = read_bytes(file(&metadata, &["encoder.x", "decoder.x"], b"x"));
    assert_eq!(vae.kind, ResourceKind::Vae);
    assert_eq!(with(&json!({ "ss_network_module": "networks.lora" })).kind, ResourceKind::Lora);
    assert_eq!(with(&json!({})).kind, ResourceKind::Unknown);
}

#[test]
fn odd_headers_are_read_as_far_as_they_go() {
    let odd = r#"{"__metadata__":{"n":5,"o":{"a":1},"d":"1","d":"2","p":"data:image/png;base64,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"t":{"dtype":"F4","shape":[],"data_offsets":[0,900]}}"#;
    let header = read_bytes(raw(odd, b"short"));
    let value =
        |key: &str| header.metadata.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
    assert_eq!((value("n"), value("o"), value("d")), (Some("5"), Some(r#"{"a":1}"#), Some("2")));
    assert_eq!(value("p").map(str::len), Some(64));
    assert!(header.truncated);
    let codes: Vec<&str> = header.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["duplicate_key", "limit", "truncated"]);
}

#[test]
fn what_is_no_model_file_is_told_apart() {
    let none = |bytes: &[u8]| read(&mut Cursor::new(bytes.to_vec())).expect("memory can be read").is_none();
    assert!(none(b""));
    assert!(none(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"));
    assert!(none(b"<!DOCTYPE html><p>not found</p>"));
    assert!(none(b"\xff\xff\xff\xff\xff\xff\xff\xff{}"));
    assert!(none(&raw("[1, 2, 3]", b"")));
    for pickle in [&b"PK\x03\x04archive/data.pkl"[..], b"\x80\x02}q\x00."] {
        let read = read_bytes(pickle.to_vec());
        assert_eq!((read.format, read.metadata.len()), (ModelFormat::Pickle, 0));
    }
}

fn gguf(keys: &[(&str, u32, Vec<u8>)], tensors: &[&str]) -> Vec<u8> {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend((tensors.len() as u64).to_le_bytes());
    bytes.extend((keys.len() as u64).to_le_bytes());
    for (name, kind, value) in keys {
        bytes.extend(text(name));
        bytes.extend(kind.to_le_bytes());
        bytes.extend(value);
    }
    for name in tensors {
        bytes.extend(text(name));
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(5_u64.to_le_bytes());
        bytes.extend([0; 12]);
    }
    bytes
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

#[test]
fn a_gguf_file_tells_its_family_and_what_it_was_converted_from() {
    let mut list = 8_u32.to_le_bytes().to_vec();
    list.extend(2_u64.to_le_bytes());
    list.extend(text("a"));
    list.extend(text("b"));
    let keys = [
        ("general.architecture", 8, text("flux")),
        ("general.file_type", 4, 1_u32.to_le_bytes().to_vec()),
        ("general.base_model.0.name", 8, text("Kite")),
        ("general.datasets", 9, list),
    ];
    let header = read_bytes(gguf(&keys, &["double_blocks.0.x"]));
    assert_eq!(header.warnings, []);
    assert_eq!((header.tensors, header.kind), (1, ResourceKind::Model));
    assert_eq!(header.metadata[1], ("general.file_type".to_owned(), "1".to_owned()));
    assert_eq!(header.metadata[3].1, "[a, b]");
    check_edges(&header, &[(Descent::DerivedFrom, ParentEvidence::Name, None, Some("Kite"), None, None)]);
}

#[test]
fn a_gguf_file_is_read_as_far_as_it_goes() {
    let whole = gguf(&[("general.name", 8, text("kite"))], &["t"]);
    for end in 4..whole.len() {
        let header = read_bytes(whole[..end].to_vec());
        assert!(header.truncated && header.metadata.len() <= 1, "cut at {end}");
    }
    let mut swapped = whole;
    swapped[4..8].copy_from_slice(&3_u32.to_be_bytes());
    assert_eq!(read_bytes(swapped).warnings[0].detail, "big-endian files are not read");
}

proptest! {
    #[test]
    fn any_bytes_behind_any_magic_are_read_without_a_panic(
        head in prop_oneof![Just(b"GGUF\x03\0\0\0".to_vec()), Just(vec![40, 0, 0, 0, 0, 0, 0, 0, b'{']), Just(vec![])],
        rest in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let bytes: Vec<u8> = head.into_iter().chain(rest).collect();
        prop_assert!(read(&mut Cursor::new(bytes)).is_ok());
    }

    #[test]
    fn a_header_cut_anywhere_is_read_without_a_panic(end in 0_usize..400) {
        let recipe = json!({ "primary_model_hash": hash('a'), "multiplier": "0.5" }).to_string();
        let whole = file(&json!({ "sd_merge_recipe": recipe, "ss_sd_model_name": "b" }), &["t.lora_up.weight"], b"x");
        let cut = whole.get(..end).unwrap_or(&whole).to_vec();
        prop_assert!(read(&mut Cursor::new(cut)).is_ok());
    }
}
