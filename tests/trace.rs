//! `trace` tells which versions made an image, a file on disk too, and with `--why` how that is known.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::cli::{Answer, Home};
use crate::support::pictures::{self, Png, gradient};

const SHA: &str = "a1a2a3a4b5bb22cc33dd44ee55ff66007788990011223344556677889900aabb";

const TEXT: &str = "a castle, <lora:mist:0.6>\nNegative prompt: blurry\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 42, Size: 512x768, Model hash: a1a2a3a4b5, Model: dream, Lora hashes: \"mist: c1c2c3c4c5c6\", Version: v1.10.1";

/// A home with two models, one of them published twice with one file, and a folder of pictures.
struct World {
    home: Home,
    folder: tempfile::TempDir,
}

fn models() -> Vec<Value> {
    let file = |id: u64, name: &str, hashes: &Value| json!({ "id": id, "name": name, "type": "Model", "primary": true, "hashes": hashes });
    let dream = json!({ "SHA256": SHA, "AutoV2": &SHA[..10] });
    let mist = json!({ "AutoV3": "C1C2C3C4C5C6" });
    vec![
        json!({ "id": 5, "name": "Dream", "type": "Checkpoint", "modelVersions": [
            { "id": 50, "name": "v1", "publishedAt": "2024-01-01T00:00:00Z", "files": [file(500, "dream.safetensors", &dream)] },
            { "id": 51, "name": "again", "publishedAt": "2025-01-01T00:00:00Z", "files": [file(501, "dream.safetensors", &dream)] },
        ] }),
        json!({ "id": 6, "name": "Mist", "type": "LORA", "modelVersions": [
            { "id": 60, "name": "soft", "publishedAt": "2024-01-01T00:00:00Z", "files": [file(600, "mist.safetensors", &mist)] },
        ] }),
    ]
}

fn image(id: u64, meta: &Value) -> Value {
    let key = format!("{id:08x}-1111-4222-8333-444455556666");
    json!({ "id": id, "url": format!("https://image.civitai.com/k/{key}/x.jpeg"), "meta": meta })
}

impl World {
    fn new(images: &[Value]) -> Self {
        let world = Self { home: Home::new(), folder: tempfile::tempdir().expect("a temporary folder") };
        let documents: String =
            models().iter().chain(images).map(|document| format!("{document}\n")).collect();
        let answer = world.home.run_with_input(&["import", "-", "-q"], documents.as_bytes());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        world
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("is there")
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.root().join(name);
        fs::write(&path, bytes).expect("writes");
        path.to_str().expect("UTF-8").to_owned()
    }

    fn scan(&self, flags: &[&str]) {
        let root = self.root();
        let line = [&["scan", root.to_str().expect("UTF-8"), "-q"], flags].concat();
        let answer = self.home.run(&line);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
    }

    fn trace(&self, arguments: &[&str]) -> Answer {
        self.home.run(&[&["trace"], arguments].concat())
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        self.trace(&[arguments, &["--json"]].concat()).json()
    }

    /// What it prints, without the folder.
    #[track_caller]
    fn told(&self, arguments: &[&str]) -> String {
        let answer = self.trace(arguments);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        answer.stdout.replace(&self.root().display().to_string(), "ROOT")
    }
}

fn picture(seed: u64, texts: &[(&str, &str)]) -> Vec<u8> {
    let mut rgba = gradient(64, 64, seed);
    // A bright half, because pictures without contrast look like nothing.
    for pixel in rgba.chunks_exact_mut(4).skip(64 * 32) {
        pixel.fill(255);
    }
    let png = Png::pixels(64, 64, rgba);
    texts.iter().fold(png, |png, (keyword, text)| png.text(keyword, text)).build()
}

#[test]
fn a_file_that_no_scan_has_seen_is_traced_by_its_own_metadata() {
    let world = World::new(&[]);
    let path = world.write("a.png", &pictures::png(&[("parameters", TEXT)]));
    insta::assert_snapshot!("file", world.told(&[&path]));
    insta::assert_snapshot!("file_why", world.told(&[&path, "--why"]));
    let trace = world.json(&[&path]);
    assert_eq!(
        (&trace["via"], &trace["verified"], &trace["image"]),
        (&json!("metadata"), &json!(true), &json!(null))
    );
    assert_eq!(trace["resources"][0].get("why"), None, "only where it is asked for");
}

/// The names of an object, sorted.
fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = object.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn names_of_the_machine_contract_stay() {
    let world = World::new(&[]);
    let path = world.write("a.png", &pictures::png(&[("parameters", TEXT)]));
    let trace = world.json(&[&path, "--why"]);
    let expected = [
        "distance",
        "image",
        "made_from",
        "others",
        "posted_for",
        "resources",
        "schema",
        "state",
        "target",
        "verdicts",
        "verified",
        "via",
    ];
    assert_eq!(keys(&trace), expected);
    let resource = &trace["resources"][0];
    let expected = [
        "air",
        "hash",
        "kind",
        "links",
        "model",
        "model_confidence",
        "name",
        "note",
        "origins",
        "sources",
        "version",
        "weight",
        "why",
    ];
    assert_eq!(keys(resource), expected);
    let expected = [
        "class",
        "confidence",
        "decision",
        "evidence",
        "lost",
        "model",
        "model_name",
        "note",
        "rank",
        "raw",
        "state",
        "version",
        "version_name",
    ];
    assert_eq!(keys(&resource["links"][0]), expected);
    assert_eq!(keys(&resource["why"]), ["compared_name", "junk", "looked_up_as", "said", "settle"]);
    assert_eq!(keys(&resource["why"]["said"][0]), ["block", "place", "range", "raw", "span"]);
}

#[test]
fn why_names_the_bytes_of_the_file_and_the_path_in_the_document() {
    let meta = json!({ "prompt": "kite <lora:mist:0.6>", "hashes": { "lora:mist": "0xC1C2C3C4C5C6" }, "Model hash": "a1a2a3a4b5" });
    let world = World::new(&[image(7, &meta)]);
    let bytes = pictures::png(&[("parameters", TEXT)]);
    let path = world.write("a.png", &bytes);
    let mut seen = 0;
    for resource in world.json(&[&path, "--why"])["resources"].as_array().expect("a list") {
        for said in resource["why"]["said"].as_array().expect("a list") {
            let at = |key: &str, place: usize| {
                usize::try_from(said[key][place].as_u64().expect("a number")).expect("small")
            };
            let block = &bytes[at("range", 0)..at("range", 1)];
            assert!(String::from_utf8_lossy(block).contains("Steps: 20"), "{said}");
            let raw = said["raw"].as_str().expect("a text");
            assert!(TEXT.contains(raw), "{said}");
            assert_eq!(&TEXT[at("span", 0)..at("span", 1)], raw, "{said}");
            seen += 1;
        }
    }
    assert!(seen >= 2, "{seen}");
    insta::assert_snapshot!("site_why", world.told(&["7", "--why"]));
    let places: Vec<Value> = world.json(&["7", "--why"])["resources"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|resource| resource["why"]["said"].as_array().expect("a list").clone())
        .map(|said| said["place"].clone())
        .collect();
    for place in ["meta.hashes[\"lora:mist\"]", "meta[\"Model hash\"]"] {
        assert!(places.contains(&json!(place)), "{place}: {places:?}");
    }
}

#[test]
fn a_file_stripped_of_its_metadata_is_found_by_its_bytes_and_else_only_as_a_candidate() {
    let world = World::new(&[]);
    world.write("b.png", &picture(3, &[("parameters", TEXT)]));
    world.scan(&["--hash"]);
    let copy = tempfile::tempdir().expect("a temporary folder");
    let stripped = copy.path().join("stripped.png");
    fs::write(&stripped, picture(9, &[])).expect("writes");
    let path = stripped.to_str().expect("UTF-8");
    let answer = world.trace(&[path, "--json"]);
    assert_eq!((answer.code, answer.error()["code"].as_str()), (4, Some("trace.nothing_known")));
    // The caption beside one of two files with the same bytes names what made both.
    world.write("c.png", &picture(9, &[]));
    world.write("c.txt", TEXT.as_bytes());
    world.scan(&["--hash"]);
    let trace = world.json(&[path]);
    assert_eq!((&trace["via"], &trace["verified"]), (&json!("same_bytes"), &json!(true)), "{trace}");
    assert!(trace["image"].as_str().is_some_and(|image| image.ends_with("c.png")), "{trace}");
    assert!(world.told(&[path]).contains("the same bytes as image ROOT/c.png"));
    let digits = blake3::hash(&picture(9, &[])).to_hex();
    for target in [format!("blake3:{digits}"), digits.to_string()] {
        let by_hash = world.json(&[&target]);
        assert_eq!(
            (&by_hash["via"], &by_hash["verdicts"]),
            (&json!("same_bytes"), &trace["verdicts"]),
            "{target}"
        );
    }
}

#[test]
fn what_only_looks_like_the_file_is_called_a_candidate() {
    let blurhash = stemmata::fingerprint::picture::describe(&picture(3, &[]), &Default::default())
        .expect("it decodes")
        .blurhash;
    let mut near = image(8, &json!({ "Model hash": "a1a2a3a4b5" }));
    near["hash"] = json!(blurhash);
    near["width"] = json!(640);
    near["height"] = json!(640);
    let world = World::new(&[near]);
    let path = world.write("stripped.png", &picture(3, &[]));
    let trace = world.json(&[&path]);
    assert_eq!(
        (&trace["via"], &trace["verified"], &trace["image"]),
        (&json!("blurhash"), &json!(false), &json!(8))
    );
    assert!(trace["distance"].as_f64().is_some_and(|distance| distance < 0.02), "{trace}");
    let told = world.told(&[&path]);
    assert!(told.contains("a candidate only") && told.contains("Dream v1"), "{told}");
}

#[test]
fn targets_that_are_not_known_cost_only_themselves_and_show_in_the_exit_code() {
    let world = World::new(&[image(7, &json!({ "Model hash": "a1a2a3a4b5" }))]);
    let good = world.write("a.png", &pictures::png(&[("parameters", TEXT)]));
    let silent = world.write("silent.png", &picture(5, &[]));
    let text = world.write("notes.md", b"\xff\xfe nothing");
    for (targets, code) in [
        (vec!["7", good.as_str()], 0),
        (vec!["7", "9"], 7),
        (vec!["7", silent.as_str()], 7),
        (vec![silent.as_str(), text.as_str(), "9"], 4),
        (vec![silent.as_str()], 4),
        (vec![text.as_str()], 4),
        (vec!["9"], 4),
    ] {
        let answer = world.trace(&[&targets[..], &["--format", "ndjson"]].concat());
        assert_eq!(answer.code, code, "{targets:?}: {}", answer.stderr);
        let (told, failed) = (answer.stdout.lines().count(), answer.stderr.lines().count());
        assert_eq!(told + failed, targets.len(), "{targets:?}: {}", answer.stderr);
    }
    let folder = world.root();
    assert_eq!(world.trace(&[folder.to_str().expect("UTF-8")]).code, 2);
}

#[test]
fn ids_and_paths_come_from_stdin_in_their_order() {
    let world = World::new(&[image(7, &json!({ "Model hash": "a1a2a3a4b5" }))]);
    let path = world.write("a b.png", &pictures::png(&[("parameters", TEXT)]));
    let input = format!("{path}\n7\n\nhttps://civitai.com/images/7\n");
    let answer = world.home.run_with_input(&["trace", "-", "--format", "ndjson"], input.as_bytes());
    let targets: Vec<Value> = answer.lines().into_iter().map(|trace| trace["target"].clone()).collect();
    assert_eq!(targets, [json!(path), json!("7"), json!("https://civitai.com/images/7")]);
    let whole = world.home.run_with_input(&["trace", "-", "--json"], input.as_bytes()).json();
    assert_eq!((&whole["schema"], whole["traces"].as_array().map(Vec::len)), (&json!(1), Some(3)));
}

#[cfg(unix)]
#[test]
fn paths_that_are_not_text_are_traced_from_arguments_and_stdin() {
    use std::os::unix::ffi::OsStrExt as _;
    let world = World::new(&[]);
    let path = world.root().join(std::ffi::OsStr::from_bytes(b"k\xffite.png"));
    fs::write(&path, pictures::png(&[("parameters", TEXT)])).expect("writes");
    let output = world.home.command(&["trace", "--json"]).arg(&path).output().expect("it starts");
    let by_argument = Answer::of(output).json();
    assert!(by_argument["target"].as_str().is_some_and(|target| target.ends_with("k\u{fffd}ite.png")));
    let line = [path.as_os_str().as_bytes(), b"\n"].concat();
    let by_stdin = world.home.run_with_input(&["trace", "-", "--format", "ndjson"], &line).lines().remove(0);
    assert_eq!(by_stdin, by_argument);
    world.scan(&[]);
    fs::remove_file(&path).expect("removes");
    let output = world.home.command(&["trace", "--json"]).arg(&path).output().expect("it starts");
    assert_eq!(Answer::of(output).json()["verdicts"], by_argument["verdicts"], "the catalog remembers");
}

#[test]
fn hostile_names_cannot_steer_the_terminal() {
    let hostile = "a <lora:\u{1b}[2Jmist\u{202e}:1>\nSteps: 20, Model: \u{7}bell, Model hash: a1a2a3a4b5";
    let world = World::new(&[]);
    let path = world.write("a\u{1b}[31m.png", &pictures::png(&[("parameters", hostile)]));
    for flags in [&[][..], &["--why"]] {
        let told = world.told(&[&[path.as_str()], flags].concat());
        assert!(!told.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{told:?}");
        assert!(told.contains("Dream v1"), "{told}");
    }
}

/// What a trace says, whatever the order in which resources were stored.
fn essence(trace: &Value) -> Value {
    let mut resources = trace["resources"].as_array().expect("a list").clone();
    resources.sort_by_key(Value::to_string);
    let mut verdicts = trace["verdicts"].as_array().expect("a list").clone();
    for verdict in &mut verdicts {
        let members = verdict["resources"].as_array().map(Vec::len);
        verdict["resources"] = json!(members);
    }
    verdicts.sort_by_key(Value::to_string);
    json!([resources, verdicts, trace["posted_for"], trace["made_from"]])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_is_traced_as_the_scanned_image_is(
        names in prop::collection::vec(("[a-z]{3,8}", prop::option::of("[0-9a-f]{12}"), 0_u8..20), 0..4),
        model in prop::option::of("[0-9a-f]{10}"),
        known in any::<bool>(),
    ) {
        let model = if known { Some(SHA[..10].to_owned()) } else { model };
        let tags: String = names.iter().map(|(name, _, tenths)| format!(" <lora:{name}:{}>", f64::from(*tenths) / 10.0)).collect();
        let hashes: Vec<String> =
            names.iter().filter_map(|(name, hash, _)| Some(format!("{name}: {}", hash.as_ref()?))).collect();
        let model = model.map(|hash| format!(", Model hash: {hash}, Model: dream")).unwrap_or_default();
        let text = format!(
            "a kite{tags}\nSteps: 20, Sampler: Euler, Seed: 1, Size: 64x64{model}, Lora hashes: \"{}\"", hashes.join(", "),
        );
        let world = World::new(&[]);
        let path = world.write("a.png", &pictures::png(&[("parameters", &text)]));
        let fresh = world.trace(&[&path, "--json"]);
        world.scan(&[]);
        let scanned = world.trace(&[&path, "--json"]);
        fs::remove_file(&path).expect("removes");
        let stored = world.json(&[&path]);
        if stored["resources"] == json!([]) {
            prop_assert_eq!((fresh.code, scanned.code), (4, 4), "it names nothing");
            return Ok(());
        }
        prop_assert_eq!(essence(&fresh.json()), essence(&stored));
        prop_assert_eq!(essence(&scanned.json()), essence(&stored));
    }
}
