//! `show` prints everything known about an image, and reads a file that nobody has scanned.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use crate::support::cli::{Answer, Home};
use crate::support::pictures::{self, Comment, Png, gradient, stealth};

const TEXT: &str = "a castle on a hill, fog, <lora:mist:0.6>\nNegative prompt: blurry\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 42, Size: 512x768, Model hash: a1b2c3d4e5, Model: dream, Version: v1.10.1";

/// A folder of pictures, and a home that does not exist until something writes it.
struct World {
    home: Home,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { home: Home::new(), folder: tempfile::tempdir().expect("a temporary folder") }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("is there")
    }

    /// Writes a file that was last changed at a known time.
    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.root().join(name);
        fs::write(&path, bytes).expect("writes");
        let file = fs::File::options().append(true).open(&path).expect("opens");
        file.set_modified(UNIX_EPOCH + Duration::from_secs(1_700_000_000)).expect("a settable time");
        path.to_str().expect("UTF-8").to_owned()
    }

    fn show(&self, arguments: &[&str]) -> Answer {
        self.home.run(&[&["show"], arguments].concat())
    }

    /// What it prints, without what differs between runs.
    #[track_caller]
    fn shown(&self, arguments: &[&str]) -> String {
        let answer = self.show(arguments);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        answer.stdout.replace(&self.root().display().to_string(), "ROOT")
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        self.show(&[arguments, &["--json"]].concat()).json()
    }

    fn scan(&self) {
        let root = self.root();
        let answer = self.home.run(&["scan", root.to_str().expect("UTF-8"), "-q"]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
    }
}

#[test]
fn a_file_is_read_on_the_spot_without_a_catalog() {
    let world = World::new();
    let path = world.write("a.png", &pictures::png(&[("parameters", TEXT)]));
    insta::assert_snapshot!(world.shown(&[&path]));
    assert!(!world.home.path().join("catalog.db").exists(), "reading leaves nothing behind");
    let shown = world.json(&[&path]);
    assert_eq!((&shown["image"], &shown["in_catalog"]), (&Value::from(path.as_str()), &false.into()));
    assert_eq!(shown["generation"]["scheduler"], "karras");
    assert_eq!(shown["file"]["state"], "unknown");
}

#[test]
fn every_claim_names_the_bytes_that_say_it() {
    let world = World::new();
    let path = world.write("a.jpg", &pictures::jpeg_user_comment(TEXT, Comment::Utf16Be));
    let shown = world.json(&[&path, "--raw"]);
    let mut seen = 0;
    for claim in shown["claims"].as_array().expect("a list") {
        let (Some(block), Some(span)) = (claim["block"].as_u64(), claim["span"].as_array()) else { continue };
        let text = shown["blocks"][usize::try_from(block).expect("small")]["text"].as_str().expect("a text");
        let place = |at: usize| usize::try_from(span[at].as_u64().expect("a number")).expect("small");
        let said = &text[place(0)..place(1)];
        match claim["field"].as_str() {
            Some("prompt") => assert_eq!(said, "a castle on a hill, fog, <lora:mist:0.6>"),
            Some("seed") => assert!(said.contains("42"), "{said}"),
            Some("sampler") => assert!(said.contains("DPM++ 2M"), "{said}"),
            _ => continue,
        }
        seen += 1;
    }
    assert_eq!(seen, 3, "{shown}");
}

#[test]
fn a_scanned_picture_is_shown_as_it_is_and_once_it_is_gone_as_it_was() {
    let world = World::new();
    let path = world.write("a.png", &pictures::png(&[("parameters", TEXT)]));
    let copy = world.write("copy.png", &pictures::png(&[("parameters", TEXT)]));
    let answer = world.home.run(&["scan", world.root().to_str().expect("UTF-8"), "--hash", "-q"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let there = world.json(&[&path]);
    assert_eq!((&there["file"]["state"], &there["in_catalog"]), (&"present".into(), &true.into()));
    assert_eq!(there["duplicates"], serde_json::json!([copy]));
    fs::remove_file(&path).expect("removes");
    let unnoticed = world.json(&[&path]);
    assert!(unnoticed["warnings"][0].as_str().is_some_and(|words| words.contains("out of reach")));
    world.scan();
    let gone = world.json(&[&path]);
    assert_eq!(gone["file"]["state"], "missing");
    for key in ["generation", "claims", "blocks", "links", "duplicates", "width"] {
        assert_eq!(gone[key], there[key], "{key}");
    }
    let text = world.shown(&[&path]);
    let (before, after) = text.split_once("missing since ").expect("it says since when");
    let (_, after) = after.split_once("; ").expect("a moment");
    insta::assert_snapshot!(format!("{before}missing since TIME; {after}"));
}

#[test]
fn a_file_that_changed_since_the_scan_says_so() {
    let world = World::new();
    let path = world.write("a.png", &pictures::png(&[("parameters", TEXT)]));
    world.scan();
    world.write("a.png", &pictures::png(&[("parameters", &TEXT.replace("42", "43000"))]));
    let shown = world.json(&[&path]);
    assert_eq!(shown["generation"]["seed"], 43000);
    assert!(shown["warnings"][0].as_str().is_some_and(|words| words.contains("changed since")), "{shown}");
}

#[test]
fn resources_of_a_file_are_linked_by_what_the_catalog_knows() {
    let world = World::new();
    let model = r#"{"id":5,"name":"Dream","type":"Checkpoint","modelVersions":[{"id":50,"name":"v1","files":[{"id":500,"hashes":{"AutoV2":"A1B2C3D4E5"}}]}]}"#;
    assert_eq!(world.home.run_with_input(&["import", "-", "-q"], model.as_bytes()).code, 0);
    let path = world.write("a.png", &pictures::png(&[("parameters", TEXT)]));
    let shown = world.json(&[&path]);
    let links = shown["links"].as_array().expect("a list");
    assert!(links.iter().any(|link| link["version"] == 50 && link["evidence"] == "autov2"), "{shown}");
    assert!(world.shown(&[&path]).contains("Dream v1 (version 50)"));
}

#[test]
fn two_images_are_compared_field_by_field_and_word_by_word() {
    let world = World::new();
    let one = world.write("a.png", &pictures::png(&[("parameters", TEXT)]));
    let changed = TEXT
        .replace("castle", "tower")
        .replace("Steps: 20", "Steps: 30")
        .replace("mist:0.6", "mist:0.8")
        .replace("Seed: 42", "Seed: 18446744073709551615");
    let other = world.write("b.png", &pictures::png(&[("parameters", &changed)]));
    insta::assert_snapshot!(world.shown(&["--diff", &one, &other]));
    let difference = world.json(&["--diff", &one, &other]);
    let fields: Vec<&str> = difference["fields"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|field| field["field"].as_str())
        .collect();
    assert_eq!(fields, ["steps", "seed"]);
    assert_eq!(difference["fields"][1]["b"], "18446744073709551615");
    assert_eq!(difference["same_bytes"], false);
    let same = world.json(&["--diff", &one, &one]);
    assert_eq!(
        (&same["fields"], &same["prompts"], &same["same_bytes"]),
        (&serde_json::json!([]), &serde_json::json!([]), &true.into())
    );
}

#[test]
fn a_path_that_is_not_there_is_said_to_be_so_with_and_without_a_catalog() {
    let world = World::new();
    let check = |argument: &str| {
        let answer = world.show(&[argument, "--format", "json"]);
        let error = answer.error();
        let message = error["message"].as_str().expect("a message");
        assert!(answer.code == 2 && message.starts_with("there is no file"), "{} {message}", answer.code);
    };
    let path = world.root().join("no-kite.png");
    check(path.to_str().expect("UTF-8"));
    check("no-kite.png");
    let kite = world.write("kite.png", &pictures::png(&[("parameters", TEXT)]));
    assert_eq!(world.home.run(&["scan", &kite, "-q"]).code, 0);
    check(path.to_str().expect("UTF-8"));
    assert_eq!(world.show(&["123", "--format", "json"]).error()["code"], "image.not_found");
}

#[test]
fn text_hidden_in_pixels_and_beside_the_picture_is_shown() {
    let world = World::new();
    let pixels = stealth::hide(64, 64, gradient(64, 64, 1), "stealth_pngcomp", TEXT);
    let hidden = world.write("hidden.png", &Png::pixels(64, 64, pixels).build());
    assert_eq!(world.json(&[&hidden])["generation"]["seed"], 42);
    let bare = world.write("bare.png", &pictures::png(&[]));
    world.write("bare.png.txt", TEXT.as_bytes());
    let shown = world.json(&[&bare]);
    assert_eq!(
        (&shown["generation"]["seed"], &shown["blocks"][0]["carrier"]),
        (&42.into(), &"sidecar".into())
    );
}

#[test]
fn what_is_no_picture_is_refused_with_a_reason() {
    let world = World::new();
    let noise = world.write("noise.png", b"not a picture at all");
    let answer = world.show(&[&noise, "--json"]);
    assert_eq!((answer.code, &answer.error()["code"]), (4, &"show.no_picture".into()));
    for arguments in
        [&["--diff", "5"] as &[&str], &["5", "6"], &["5", "6", "7"], &["--raw", "--diff", "5", "6"]]
    {
        assert_eq!(world.show(arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn a_hostile_prompt_cannot_steer_the_terminal() {
    let world = World::new();
    let text = format!(
        "\u{1b}[2Jcastle\u{202e}\nSteps: 20, Sampler: Euler, Seed: 1, Model: \u{9b}31m{}",
        "x".repeat(99)
    );
    let one = world.write("a.png", &pictures::png(&[("parameters", &text)]));
    let other = world.write("b.png", &pictures::png(&[("para\u{9b}meters", &text), ("parameters", TEXT)]));
    for arguments in [
        &[one.as_str()] as &[&str],
        &[&one, "--raw"],
        &["--diff", &one, &other],
        &[&other, "--raw", "--json"],
    ] {
        let shown = world.shown(arguments);
        let steers = |letter: char| letter != '\n' && (letter.is_control() || letter == '\u{202e}');
        assert!(!shown.contains(steers), "{arguments:?}: {shown:?}");
    }
}
