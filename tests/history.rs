//! What became of a model, a version, an image: noted when it is noticed, told by `show --history`.

use serde_json::{Value, json};

use crate::support::cli::Home;

fn model(name: &str, mode: Option<&str>, sha256: &str) -> Value {
    json!({
        "id": 4, "name": name, "type": "LORA", "mode": mode, "creator": { "username": "ann" },
        "modelVersions": [{
            "id": 9, "modelId": 4, "name": "v1", "baseModel": "SD 1.5", "publishedAt": "2025-01-02T03:04:05.678Z",
            "files": [{ "id": 7, "name": "kite.safetensors", "type": "Model", "hashes": { "SHA256": sha256 } }],
            "images": [],
        }],
    })
}

fn image(prompt: Option<&str>) -> Value {
    let key = "0a1b2c3d-1111-4222-8333-444455556666";
    json!({
        "id": 501, "url": format!("https://image.civitai.com/kkk/{key}/original=true/{key}.jpeg"),
        "width": 832, "height": 1216, "username": "ann", "hasMeta": prompt.is_some(),
        "meta": prompt.map(|prompt| json!({ "prompt": prompt, "steps": 20 })),
    })
}

fn import(home: &Home, document: &Value) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("document.json");
    std::fs::write(&path, document.to_string()).expect("writes");
    let answer = home.run(&["import", path.to_str().expect("UTF-8"), "-q"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
}

/// The changes as `field: was -> now`.
fn history(home: &Home, target: &str) -> Vec<String> {
    let answer = home.run(&["show", "--history", target, "--format", "json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let page: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    page["history"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| format!("{}: {} -> {}", word(&event["field"]), word(&event["was"]), word(&event["now"])))
        .collect()
}

#[test]
fn a_model_that_was_renamed_exchanged_and_taken_down_tells_so() {
    let home = Home::new();
    let (old, new) = ("a".repeat(63) + "1", "b".repeat(63) + "2");
    import(&home, &model("Kite", None, &old));
    import(&home, &model("Dragon", None, &new));
    import(&home, &model("Dragon", Some("TakenDown"), &new));
    assert_eq!(
        history(&home, "https://civitai.com/models/4"),
        ["name: Kite -> Dragon", "mode: - -> TakenDown"]
    );
    let version = history(&home, "https://civitai.com/models/4?modelVersionId=9");
    assert_eq!(version, [format!("file kite.safetensors SHA256: {old} -> {new}")]);
    let told = home.run(&["show", "--history", "https://civitai.com/models/4"]);
    assert!(told.stdout.starts_with("model 4, Dragon\n"), "{}", told.stdout);
    assert!(told.stdout.contains("name: Kite -> Dragon"), "{}", told.stdout);
}

#[test]
fn generation_data_that_its_owner_hides_is_shown_no_more_and_no_note_repeats_it() {
    let home = Home::new();
    import(&home, &image(Some("a secret kite")));
    assert!(home.run(&["show", "501"]).stdout.contains("a secret kite"));
    import(&home, &image(None));
    assert_eq!(history(&home, "501"), ["meta: present -> hidden"]);
    for command in
        [&["show", "501"][..], &["show", "--history", "501"], &["search", "kite"], &["export", "images"]]
    {
        let answer = home.run(command);
        assert!(!answer.stdout.contains("secret"), "{command:?}: {}", answer.stdout);
    }
    assert!(home.run(&["show", "501"]).stdout.contains("generation data withdrawn or hidden"));
    import(&home, &image(Some("a secret kite")));
    assert_eq!(history(&home, "501"), ["meta: present -> hidden", "meta: hidden -> present"]);
}

#[test]
fn what_is_not_known_has_no_history_and_a_hint() {
    let home = Home::new();
    import(&home, &image(None));
    let answer = home.run(&["show", "--history", "https://civitai.com/models/4"]);
    assert_eq!((answer.code, answer.stdout.as_str()), (4, ""));
    assert!(answer.stderr.contains("stemmata crawl model 4"), "{}", answer.stderr);
    assert!(home.run(&["show", "--history", "501"]).stdout.contains("no change since it was first seen"));
}
