//! What metadata hold besides values, asked for: graphs, credentials, enlargements, and the records themselves.

use std::fs;

use serde_json::{Value, json};

use crate::support::cli::Home;
use crate::support::paint::{jpeg, paint, png};
use crate::support::pictures::Png;
use crate::support::pictures::c2pa::{Action, Manifest, store};

const GRAPH: &str = r#"{"3": {"class_type": "KSampler", "inputs": {"seed": 1239, "steps": 20, "cfg": 7.0,
    "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0, "positive": ["6", 0]}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red kite", "clip": ["4", 1]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["3", 0]}}}"#;

fn site_image(id: u64, meta: Value) -> Value {
    let key = format!("{id:08x}-0000-4000-8000-{id:012x}");
    json!({
        "id": id, "url": format!("https://image.civitai.com/account/{key}/original=true/{key}.jpeg"),
        "hash": "U9A1bC2dE3fG4hI5jK6lM7nO8pQ9rS0tUvWx", "width": 1024, "height": 1536, "type": "image",
        "nsfw": false, "nsfwLevel": "None", "browsingLevel": 1, "createdAt": "2026-01-02T03:04:05.678Z",
        "postId": 70, "username": "ann", "stats": { "likeCount": 0 }, "meta": meta,
    })
}

/// Images 1 to 4 of the site and four pictures on disk.
fn home() -> Home {
    let home = Home::new();
    let images = [
        site_image(
            1,
            json!({ "prompt": "kite", "seed": 123, "Size": "512x768", "Hires upscaler": "Latent" }),
        ),
        site_image(2, json!({ "prompt": "kite", "seed": 1230, "Size": "1024x1536", "comfy": GRAPH })),
        site_image(3, json!({ "prompt": "kite", "seed": 124, "Size": "768x768" })),
        site_image(4, Value::Null),
    ];
    let lines: Vec<String> = images.iter().map(Value::to_string).collect();
    fs::write(home.path().join("images.ndjson"), lines.join("\n")).expect("written");
    assert_eq!(home.run(&["import", "images.ndjson", "-q"]).code, 0);
    let folder = home.path().join("Pictures");
    fs::create_dir_all(&folder).expect("made");
    let made = Action { action: "c2pa.created", source: Some("trainedAlgorithmicMedia"), agent: None };
    let taken = Action { action: "c2pa.created", source: Some("digitalCapture"), agent: None };
    let credentials = |action| {
        store(&[Manifest { label: "urn:c2pa:1", generator: ("A Service", "1.0"), actions: &[action] }])
    };
    for (name, bytes) in [
        ("graph.png", Png::new(1).text("prompt", GRAPH).build()),
        ("made.png", Png::new(2).c2pa(&credentials(made)).build()),
        ("taken.png", Png::new(3).c2pa(&credentials(taken)).build()),
        ("bare.png", Png::new(4).build()),
    ] {
        fs::write(folder.join(name), bytes).expect("written");
    }
    assert_eq!(home.run(&["scan", "Pictures", "-q"]).code, 0);
    home
}

/// The hits by name, in order.
#[track_caller]
fn check(home: &Home, query: &str, expected: &str) {
    let answer = home.run(&["search", query, "--format", "paths"]);
    assert_eq!(answer.code, 0, "{query}: {}", answer.stderr);
    let name = |line: &str| line.rsplit(['/', '=']).next().unwrap_or_default().to_owned();
    let mut names: Vec<String> = answer.stdout.lines().map(name).collect();
    names.sort_unstable();
    assert_eq!(names.join(" "), expected, "{query}");
}

#[test]
fn traits_are_known_to_be_there_known_not_to_be_or_unknown() {
    let home = home();
    check(&home, "workflow:yes", "2 graph.png");
    check(&home, "-workflow:yes", "1 3");
    check(&home, "workflow:none", "1 3 4 bare.png made.png taken.png");
    check(&home, "workflow:KSampler", "2 graph.png");
    check(&home, "workflow:\"class_type\\\": \\\"SaveImage\"", "2 graph.png");
    check(&home, "c2pa:present", "made.png taken.png");
    check(&home, "c2pa:absent", "bare.png graph.png");
    check(&home, "source:trained", "made.png");
    check(&home, "trained:no", "bare.png graph.png taken.png");
    check(&home, "hires:yes", "1");
    check(&home, "hires:no", "2");
    check(&home, "hires:2", "1");
    check(&home, "hires:..1.5", "2");
    check(&home, "hires:none", "2 3 4 bare.png graph.png made.png taken.png");
    check(&home, "seed:123*", "1 2 graph.png");
    check(&home, "-seed:123*", "3");
    assert_eq!(home.run(&["index", "verify", "-q"]).code, 0);
}

#[test]
fn records_are_looked_through_verbatim_but_none_that_was_withdrawn() {
    let home = home();
    check(&home, "raw:Latent", "1");
    check(&home, "raw:\"Hires upscaler\" kite", "1");
    check(&home, "raw:latent", "");
    check(&home, "raw:SaveImage", "2 graph.png");
    let hidden = json!({ "hasMeta": false, "id": 1, "meta": null });
    let mut image = site_image(1, Value::Null);
    image.as_object_mut().expect("an object").extend(hidden.as_object().expect("an object").clone());
    fs::write(home.path().join("hidden.ndjson"), image.to_string()).expect("written");
    assert_eq!(home.run(&["import", "hidden.ndjson", "-q"]).code, 0);
    check(&home, "raw:Latent", "");
    let plan = home.run(&["search", "raw:Latent", "--explain=json"]).json();
    assert_eq!(plan["clauses"][0]["cost"], "scan");
}

#[test]
fn fields_of_a_template_say_what_a_query_asks() {
    let home = home();
    let told = |query: &str| {
        let template = "{hires}|{workflow}|{c2pa}|{trained}";
        home.run(&["search", query, "--template", template]).stdout.trim().to_owned()
    };
    assert_eq!(told("id:1"), "2|||");
    assert_eq!(told("id:2"), "1|yes||");
    assert_eq!(told("ext:png trained:yes"), "||yes|yes");
}

#[test]
fn blurhashes_are_near_within_a_distance() {
    let home = Home::new();
    let folder = home.path().join("Pictures");
    fs::create_dir_all(&folder).expect("made");
    let large = paint(1, 320, 240);
    for (name, bytes) in [
        ("a.png", png(&large)),
        ("b.jpg", jpeg(&large, 85)),
        ("c.png", png(&paint(2, 320, 240))),
        ("d.png", png(&paint(1, 240, 320))),
    ] {
        fs::write(folder.join(name), bytes).expect("written");
    }
    assert_eq!(home.run(&["scan", "Pictures", "--fingerprints", "-q"]).code, 0);
    let path = home.path().join("Pictures").join("a.png").display().to_string();
    check(&home, &format!("blur:\"{path}\""), "a.png b.jpg");
    check(&home, &format!("blur:\"{path}\"~0.05"), "a.png b.jpg");
    check(&home, &format!("blur:\"{path}\"~9"), "a.png b.jpg c.png");
    check(&home, &format!("-blur:\"{path}\"~9"), "d.png");
    let unknown = home.run(&["search", "blur:17"]);
    assert!(unknown.stderr.contains("no image of the catalog"), "{}", unknown.stderr);
}
