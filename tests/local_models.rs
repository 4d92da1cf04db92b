//! Model files on disk: read when they are found, hashed when somebody asks, and never twice.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stemmata::catalog::{Access, Catalog, FileState, LocalModel};
use stemmata::entity::{Descent, HashKind, HexHash, ParentEvidence, ResourceKind};

use crate::support::cli::Home;

struct World {
    home: Home,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { home: Home::new(), folder: tempfile::tempdir().expect("a temporary folder") }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder is there")
    }

    fn scan(&self, flags: &[&str]) -> Value {
        let root = self.root();
        let root = root.to_str().expect("a temporary path in UTF-8");
        let answer = self.home.run(&[&["scan", root, "--format", "json"], flags].concat());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        serde_json::from_str(&answer.stdout).expect("one JSON object")
    }

    fn catalog(&self) -> Catalog {
        Catalog::open(&self.home.path().join("catalog.db"), Access::Read).expect("opens")
    }

    fn model(&self, name: &str) -> LocalModel {
        let path = self.root().join(name);
        let found = self.catalog().local_model_at(path.as_os_str().as_encoded_bytes());
        found.expect("reads").expect("it was read")
    }
}

/// A LoRA of a few bytes that names its base.
fn lora(weights: &[u8]) -> Vec<u8> {
    let header = json!({
        "__metadata__": { "ss_network_module": "networks.lora", "ss_output_name": "kite",
            "ss_sd_model_name": "base.safetensors", "ss_new_sd_model_hash": "ab".repeat(32) },
        "lora_unet_x.lora_down.weight": { "dtype": "U8", "shape": [weights.len()], "data_offsets": [0, weights.len()] },
    })
    .to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(weights);
    bytes
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    fs::write(folder.join(name), bytes).expect("writes");
}

#[test]
fn a_header_is_read_at_once_and_weights_only_when_somebody_asks() {
    let world = World::new();
    write(&world.root(), "kite.safetensors", &lora(b"weights"));
    let first = world.scan(&[]);
    assert_eq!(first["read"]["model headers read"], 1, "{first}");
    let model = world.model("kite.safetensors");
    let facts = &model.facts;
    assert_eq!((facts.kind, facts.title.as_deref()), (Some(ResourceKind::Lora), Some("kite")));
    assert_eq!((facts.hashes.len(), facts.truth.as_deref()), (0, None));
    let edge = &facts.ancestry[0];
    assert_eq!((edge.descent, edge.evidence), (Descent::TrainedOn, ParentEvidence::Sha256));
    assert_eq!(edge.name.as_deref(), Some("base.safetensors"));

    let second = world.scan(&["--hash-models"]);
    assert_eq!(second["read"]["models hashed"], 1, "{second}");
    let facts = world.model("kite.safetensors").facts;
    let kinds: Vec<HashKind> = facts.hashes.iter().map(|hash| hash.kind).collect();
    assert_eq!(
        kinds,
        [HashKind::Sha256, HashKind::Blake3, HashKind::AutoV3, HashKind::AutoV2, HashKind::Crc32],
        "a file this small has no AutoV1"
    );
    assert_eq!(facts.truth.as_deref(), Some("unclaimed"));
    let third = world.scan(&["--hash-models"]);
    assert_eq!(third["read"].get("models hashed"), None, "{third}");
}

#[test]
fn a_file_is_found_by_any_hash_of_it_in_any_length() {
    let world = World::new();
    write(&world.root(), "kite.safetensors", &lora(b"weights"));
    world.scan(&["--hash-models"]);
    let catalog = world.catalog();
    let hashes = world.model("kite.safetensors").facts.hashes;
    let of = |kind| hashes.iter().find(|hash| hash.kind == kind).expect("it was hashed").value.to_string();
    let (sha256, tensors) = (of(HashKind::Sha256), of(HashKind::AutoV3));
    assert_eq!((sha256.len(), tensors.len()), (64, 64));
    for digits in
        [&sha256[..], &sha256[..10], &sha256[..8], &tensors[..], &tensors[..12], &of(HashKind::Crc32)]
    {
        let hash = HexHash::parse(digits).expect("hexadecimal");
        let found = catalog.local_models_with_hash(&hash).expect("reads");
        assert_eq!(found.len(), 1, "{digits}");
    }
    let nothing = HexHash::parse("e3b0c44298fc").expect("hexadecimal");
    assert_eq!(catalog.local_models_with_hash(&nothing).expect("reads"), []);
}

#[test]
fn a_file_that_moved_is_not_hashed_again_and_one_that_changed_is() {
    let world = World::new();
    write(&world.root(), "kite.safetensors", &lora(b"weights"));
    world.scan(&["--hash-models"]);
    let before = world.model("kite.safetensors").facts.hashes;
    fs::create_dir(world.root().join("loras")).expect("creates");
    let moved = world.root().join("loras/kite.safetensors");
    fs::rename(world.root().join("kite.safetensors"), &moved).expect("moves");
    let after = world.scan(&["--hash-models"]);
    assert_eq!(after["read"].get("models hashed"), None, "{after}");
    assert_eq!(world.model("loras/kite.safetensors").facts.hashes, before);

    write(&world.root().join("loras"), "kite.safetensors", &lora(b"other weights"));
    let unread = world.catalog().local_model_at(moved.as_os_str().as_encoded_bytes()).expect("reads");
    assert!(unread.is_some(), "the catalog has not looked since");
    let changed = world.scan(&["--hash-models"]);
    assert_eq!(changed["read"]["models hashed"], 1, "{changed}");
    assert_ne!(world.model("loras/kite.safetensors").facts.hashes, before);
}

#[test]
fn what_is_no_model_costs_itself_and_a_missing_one_is_still_known() {
    let world = World::new();
    write(&world.root(), "kite.safetensors", &lora(b"weights"));
    write(
        &world.root(),
        "pointer.safetensors",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    );
    write(&world.root(), "old.ckpt", b"\x80\x02}q\x00.");
    let scanned = world.scan(&["--hash-models"]);
    assert_eq!((&scanned["read"]["models hashed"], &scanned["failed"]), (&json!(3), &json!(0)), "{scanned}");
    assert_eq!(world.model("pointer.safetensors").facts.format, None);
    let pointer = world.root().join("pointer.safetensors");
    let shown = world.home.run(&["show", pointer.to_str().expect("UTF-8")]).stdout;
    assert!(shown.contains("no_header: its first bytes begin no model file"), "{shown}");
    assert_eq!(world.model("old.ckpt").facts.format.as_deref(), Some("pickle"));
    fs::remove_file(world.root().join("kite.safetensors")).expect("deletes");
    world.scan(&[]);
    assert!(matches!(world.model("kite.safetensors").state, FileState::Missing { .. }));
}

#[test]
fn an_archive_is_a_model_only_under_the_name_of_one() {
    let world = World::new();
    for name in ["photos.zip", "old.pt"] {
        write(&world.root(), name, b"PK\x03\x04archive/data.pkl");
    }
    let show = |name: &str| {
        let path = world.root().join(name);
        world.home.run(&["show", path.to_str().expect("a temporary path in UTF-8"), "--format", "json"])
    };
    assert!(show("old.pt").stdout.contains(r#""format":"pickle""#));
    let other = show("photos.zip");
    assert_eq!((other.code, other.stdout.as_str()), (4, ""), "{}", other.stderr);
}

#[test]
fn show_tells_what_a_model_file_is_what_it_was_published_as_and_which_picture_names_it() {
    let world = World::new();
    write(&world.root(), "kite.safetensors", &lora(b"weights"));
    let path = world.root().join("kite.safetensors");
    let path = path.to_str().expect("a temporary path in UTF-8");
    let show = |target: &str| -> Value {
        let answer = world.home.run(&["show", target, "--format", "json"]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        serde_json::from_str(&answer.stdout).expect("one JSON object")
    };
    let unscanned = show(path);
    assert_eq!((&unscanned["kind"], &unscanned["state"]), (&json!("model_file"), &json!("unknown")));
    assert_eq!(unscanned["ancestry"][0]["name"], "base.safetensors");
    world.scan(&["--hash-models"]);
    let sha256 = show(path)["hashes"]["SHA256"].as_str().expect("hashed").to_owned();

    let published = json!({ "id": 4, "name": "Kite", "type": "LORA", "modelVersions": [{
        "id": 9, "name": "v1", "files": [{ "id": 7, "name": "k.safetensors", "hashes": { "SHA256": sha256 } }] }] });
    let image = json!({ "id": 501, "url": "https://image.civitai.com/k/0a1b2c3d-1111-4222-8333-444455556666/x.jpeg",
        "meta": { "prompt": "a kite", "hashes": { "lora:kite": &sha256[..10] } } });
    for (name, document) in [("model.json", published), ("image.json", image)] {
        write(world.home.path(), name, document.to_string().as_bytes());
        let answer = world.home.run(&["import", name]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
    }
    let shown = show(path);
    assert_eq!(shown["versions"], json!([{ "version": 9, "name": "v1", "model_name": "Kite" }]));
    assert_eq!(show("501")["models"][0]["path"], path);
    let told = world.home.run(&["show", path]).stdout;
    for words in ["published as", "Kite v1 (version 9)", "trained on", "base.safetensors"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(world.home.run(&["show", "501"]).stdout.contains("model files here"));
}
