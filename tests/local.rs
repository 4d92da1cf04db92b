//! Files of this machine and what the site published, joined in both directions.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use stemmata::catalog::{Absent, Access, Catalog, Tombstone};
use stemmata::entity::Timestamp;

use crate::support::cli::{Answer, Home};
use crate::support::pictures;

struct World {
    home: Home,
    folder: tempfile::TempDir,
}

/// A model file of a few bytes.
fn weights() -> Vec<u8> {
    let header = r#"{"lora_unet_x.lora_down.weight":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#;
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), b"wind"].concat()
}

fn sha256() -> String {
    Sha256::digest(weights()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn model(id: u64, name: &str, mode: Option<&str>, versions: &[(u64, &str, &str)]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|(version, published, sha)| {
            json!({ "id": version, "name": format!("v{version}"), "publishedAt": published, "files": [
                { "id": version * 10, "name": format!("{name}.safetensors"), "type": "Model", "primary": true,
                  "hashes": { "SHA256": sha, "AutoV2": &sha[..10] } },
            ] })
        })
        .collect();
    json!({ "id": id, "name": name, "type": "LORA", "mode": mode, "modelVersions": versions })
}

/// Three pictures: one made with a version that was not found later, one with a model that was taken down, one with a
/// version that is still there.
impl World {
    fn new() -> Self {
        let world = Self { home: Home::new(), folder: tempfile::tempdir().expect("a temporary folder") };
        let (down, kept) = ("d1".repeat(32), "e2".repeat(32));
        let documents = [
            model(
                1,
                "Wind",
                None,
                &[(10, "2024-01-01T00:00:00Z", &sha256()), (11, "2025-01-01T00:00:00Z", &"f3".repeat(32))],
            ),
            model(2, "Down", Some("TakenDown"), &[(20, "2024-01-01T00:00:00Z", &down)]),
            model(3, "Kept", None, &[(30, "2024-01-01T00:00:00Z", &kept)]),
            json!({ "id": 77, "url": "https://image.civitai.com/k/0000004d-1111-4222-8333-444455556666/x.jpeg",
                "meta": { "resources": [{ "type": "lora", "name": "wind", "hash": &sha256()[..12], "weight": 0.4 }] } }),
            json!({ "id": 78, "url": "https://image.civitai.com/k/0000004e-1111-4222-8333-444455556666/x.jpeg",
                "meta": { "civitaiResources": [{ "type": "lora", "modelVersionId": 10 }] } }),
        ];
        let text: String = documents.iter().map(|document| format!("{document}\n")).collect();
        assert_eq!(world.home.run_with_input(&["import", "-", "-q"], text.as_bytes()).code, 0);
        for (name, hash) in [("a", sha256()), ("b", down), ("c", kept)] {
            let text =
                format!("x\nSteps: 20, Seed: 1, Size: 64x64, Lora hashes: \"{name}: {}\"", &hash[..12]);
            let path = world.root().join(format!("{name}.png"));
            fs::write(path, pictures::png(&[("parameters", &text)])).expect("writes");
        }
        world.scan(&[]);
        world
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("is there")
    }

    fn path(&self, name: &str) -> String {
        self.root().join(name).to_str().expect("UTF-8").to_owned()
    }

    fn scan(&self, flags: &[&str]) {
        let root = self.root();
        let answer = self.home.run(&[&["scan", root.to_str().expect("UTF-8"), "-q"], flags].concat());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        assert_eq!(self.home.run(&["link", "-q"]).code, 0);
    }

    /// The site no longer finds version 10.
    fn lose_version_10(&self) {
        let mut catalog = Catalog::open(&self.home.path().join("catalog.db"), Access::Write).expect("opens");
        let at = Timestamp::from_millis(4_102_444_800_000).expect("a time");
        let source = "https://civitai.com/api/v1/model-versions/10";
        catalog.note_absence(Absent::Version, 10, Tombstone { at, status: 404 }, source).expect("writes");
    }

    fn local(&self, arguments: &[&str]) -> Answer {
        let answer = self.home.run(&[&["local"], arguments].concat());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        answer
    }

    fn rows(&self, arguments: &[&str]) -> Vec<Value> {
        let mut rows = self.local(&[arguments, &["--format", "ndjson"]].concat()).lines();
        assert_eq!(rows.pop().expect("a summary")["type"], "summary");
        rows
    }
}

#[test]
fn pictures_made_with_versions_that_the_site_has_removed_are_listed_with_when_that_was_noticed() {
    let world = World::new();
    let uses = world.rows(&["uses"]);
    let brief: Vec<(&Value, &Value)> = uses.iter().map(|row| (&row["version"], &row["removed"])).collect();
    assert_eq!(
        brief,
        [(&json!(10), &json!(null)), (&json!(20), &json!("taken_down")), (&json!(30), &json!(null))]
    );
    world.lose_version_10();
    let removed = world.rows(&["uses", "--removed"]);
    assert_eq!(removed.len(), 2, "{removed:?}");
    let first = &removed[0];
    assert_eq!(first["image"], json!(world.path("a.png")));
    assert_eq!((&first["version"], &first["removed"]), (&json!(10), &json!("not_found")));
    assert_eq!((&first["replaced_by"], &first["kept_here"]), (&json!(11), &json!([])));
    assert_eq!(first["noticed_at"], json!("2100-01-01T00:00:00.000Z"));
    assert_eq!((&removed[1]["version"], &removed[1]["removed"]), (&json!(20), &json!("taken_down")));
    assert!(removed[1]["noticed_at"].is_string(), "{removed:?}");

    fs::write(world.root().join("wind.safetensors"), weights()).expect("writes");
    world.scan(&["--hash-models"]);
    let kept = &world.rows(&["uses", "--removed"])[0]["kept_here"];
    assert_eq!(kept, &json!([world.path("wind.safetensors")]), "its file is still here");
    let paths = world.local(&["uses", "--removed", "--format", "paths"]).stdout;
    assert_eq!(paths, format!("{}\n{}\n", world.path("a.png"), world.path("b.png")));
    let table = world.local(&["uses", "--removed", "--format", "csv"]).stdout;
    assert!(table.starts_with("image,version,title,removed,noticed_at,replaced_by,"), "{table}");
    let told = world.home.run(&["trace", &world.path("a.png")]).stdout;
    assert!(told.contains("(version 10, no longer on the site)"), "{told}");
}

#[test]
fn a_model_file_leads_to_the_images_that_were_made_with_it_scanned_or_not() {
    let world = World::new();
    let outside = tempfile::tempdir().expect("a temporary folder");
    let file = outside.path().join("renamed.safetensors");
    fs::write(&file, weights()).expect("writes");
    let file = file.to_str().expect("UTF-8");
    let images = world.rows(&["images", file]);
    let brief: Vec<(&Value, &Value, &Value, &Value)> =
        images.iter().map(|row| (&row["image"], &row["evidence"], &row["weight"], &row["version"])).collect();
    let local = json!(world.path("a.png"));
    assert_eq!(
        brief,
        [
            (&local, &json!("sha256_prefix"), &json!(null), &json!(null)),
            (&json!(77), &json!("sha256_prefix"), &json!(0.4), &json!(null)),
            (&json!(78), &json!("version_id"), &json!(null), &json!(10)),
        ]
    );
    assert_eq!(world.rows(&["images", file, "--limit", "1"]).len(), 1);
    fs::write(world.root().join("wind.safetensors"), weights()).expect("writes");
    world.scan(&["--hash-models"]);
    assert_eq!(world.rows(&["images", &world.path("wind.safetensors")]), images, "hashed by the scan");
    let none = world.home.run(&["local", "images", "no.safetensors", "--json"]);
    assert_eq!((none.code, none.error()["code"].as_str()), (4, Some("local.no_file")));
}

#[test]
fn an_image_leads_to_the_model_files_here_that_made_it() {
    let world = World::new();
    assert_eq!(world.rows(&["models", "77"]), Vec::<Value>::new());
    fs::write(world.root().join("wind.safetensors"), weights()).expect("writes");
    world.scan(&["--hash-models"]);
    let file = world.path("wind.safetensors");
    for (target, evidence, version) in [
        ("77".to_owned(), "sha256_prefix", json!(null)),
        ("78".to_owned(), "version_id", json!(10)),
        (world.path("a.png"), "sha256_prefix", json!(null)),
    ] {
        let models = world.rows(&["models", &target]);
        assert_eq!(models.len(), 1, "{target}: {models:?}");
        let model = &models[0];
        assert_eq!((&model["path"], &model["state"]), (&json!(file), &json!("present")), "{target}");
        assert_eq!((&model["evidence"], &model["version"]), (&json!(evidence), &version), "{target}");
    }
    assert_eq!(world.local(&["models", "77", "--format", "paths"]).stdout, format!("{file}\n"));
    assert_eq!(world.home.run(&["local", "models", "5"]).code, 4);
}
