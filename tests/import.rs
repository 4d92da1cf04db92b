//! What `import` promises: every item is in the catalog, or named in the summary with a reason.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::cli::{Answer, Home};

/// A page of the API with the images 1 to 10.
fn page() -> String {
    let items: Vec<Value> = (1..=10).map(image).collect();
    json!({ "items": items, "metadata": { "nextCursor": "x" } }).to_string()
}

fn image(id: u64) -> Value {
    let url = format!("https://image.civitai.com/k/0a1b2c3d-1111-4222-8333-{id:012}/width=450/x.jpeg");
    json!({ "id": id, "url": url, "meta": { "prompt": format!("kite {id}"), "steps": 20 } })
}

/// Imports `path` and gives the summary.
#[track_caller]
fn import(home: &Home, path: &Path, code: i32) -> Value {
    let path = path.to_str().expect("the path of a test is UTF-8");
    let answer = home.run(&["import", path, "--format", "json"]);
    assert_eq!(answer.code, code, "{}", answer.stderr);
    serde_json::from_str(&answer.stdout).expect("stdout holds one JSON object")
}

fn images(home: &Home) -> Vec<Value> {
    home.run(&["export", "images", "--format", "ndjson"]).lines()
}

fn prompts(home: &Home) -> Vec<String> {
    let mut prompts: Vec<String> = images(home)
        .iter()
        .map(|image| image["generation"]["prompt"].as_str().expect("has a prompt").to_owned())
        .collect();
    prompts.sort_unstable();
    prompts
}

#[test]
fn documents_without_identity_are_kept_apart_however_they_are_packed() {
    let files = [
        ("array.json", r#"[{"prompt":"a"},{"prompt":"b"}]"#),
        ("lines.ndjson", "{\"prompt\":\"c\"}\n{\"prompt\":\"d\"}\n"),
        ("values.json", "{\"prompt\":\n\"e\"}\n{\"prompt\":\n\"f\"}"),
        (
            "arrays.ndjson",
            "[{\"prompt\":\"g\"},{\"prompt\":\"h\"}]\n[{\"prompt\":\"i\"},{\"prompt\":\"j\"}]\n",
        ),
        ("line.ndjson", "{\"prompt\":\"k\"} {\"prompt\":\"l\"}\n"),
    ];
    let home = Home::new();
    let dump = home.path().join("dump");
    fs::create_dir(&dump).expect("creates");
    for (name, text) in files {
        fs::write(dump.join(name), text).expect("writes");
    }
    let summary = import(&home, &dump, 0);
    assert_eq!(summary["written"]["images"], json!({ "new": 12, "changed": 0, "unchanged": 0 }));
    assert_eq!(prompts(&home).concat(), "abcdefghijkl");
    let again = import(&home, &dump, 0);
    assert_eq!(again["written"]["images"], json!({ "new": 0, "changed": 0, "unchanged": 12 }));
}

#[test]
fn many_small_files_share_batches_and_keep_their_order_and_names() {
    let home = Home::new();
    let dump = home.path().join("dump");
    fs::create_dir(&dump).expect("creates");
    for number in 0..600 {
        let text = if number == 300 { "{".to_owned() } else { format!("{{\"prompt\":\"{number:03}\"}}") };
        fs::write(dump.join(format!("{number:03}.json")), text).expect("writes");
    }
    let summary = import(&home, &dump, 7);
    assert_eq!((&summary["written"]["images"]["new"], &summary["failed"]), (&json!(599), &json!(1)));
    let place = summary["failures"][0]["place"].as_str().expect("a place");
    assert!(place.ends_with("300.json"), "{place}");
    assert!(summary["generation"].as_u64().expect("a number") < 10, "{summary}");
    let prompts = prompts(&home);
    assert!(
        prompts.iter().map(String::as_str).eq((0..600)
            .filter(|n| *n != 300)
            .map(|n| format!("{n:03}"))
            .collect::<Vec<_>>()
            .iter()
            .map(String::as_str))
    );
    for image in images(&home) {
        let name = format!("{}.json", image["generation"]["prompt"].as_str().expect("a prompt"));
        assert!(image["path"].as_str().expect("a path").ends_with(&name), "{image}");
    }
}

#[test]
fn documents_from_stdin_are_known_by_what_they_hold() {
    let home = Home::new();
    for (text, new) in [(r#"{"prompt":"a"}"#, 1), (r#"{"prompt":"b"}"#, 1), (r#"{"prompt":"a"}"#, 0)] {
        let summary = home.run_with_input(&["import", "-", "--json"], text.as_bytes()).json();
        assert_eq!(summary["written"]["images"]["new"], new, "{text}");
    }
    assert_eq!(prompts(&home), ["a", "b"]);
}

#[test]
fn a_document_on_disk_is_found_by_its_path_from_any_folder() {
    let home = Home::new();
    let path = home.path().join("sub/a.ndjson");
    fs::create_dir(home.path().join("sub")).expect("creates");
    fs::write(&path, "{\"prompt\":\"a\"}\n{\"prompt\":\"b\"}\n").expect("writes");
    import(&home, Path::new("sub/a.ndjson"), 0);
    import(&home, Path::new("sub/../sub/a.ndjson"), 0);
    assert_eq!(prompts(&home), ["a", "b"]);
    let absolute = path.to_str().expect("UTF-8");
    for target in ["sub/a.ndjson", "./sub/a.ndjson", "sub/../sub/a.ndjson", absolute] {
        let shown = home.run(&["show", target, "--json"]).json();
        assert_eq!(shown["generation"]["prompt"], "a", "{target}");
        assert_eq!(home.run(&["trace", target, "--json"]).json()["image"], shown["image"]);
        assert_eq!(home.run(&["similar", target, "--json"]).json()["hits"], json!([]));
    }
    let second = images(&home).last().expect("two images")["image"].as_str().expect("a path").to_owned();
    assert!(second.ends_with("sub/a.ndjson#line-2"), "{second}");
    for target in [second.as_str(), "sub/a.ndjson#line-2"] {
        assert_eq!(home.run(&["show", target, "--json"]).json()["generation"]["prompt"], "b", "{target}");
    }
    let missing = home.run(&["show", "sub/a.ndjson#line-3", "--json"]);
    assert_eq!((missing.code, missing.error()["type"].as_str()), (2, Some("error")));
    fs::write(home.path().join("other.json"), "{}").expect("writes");
    assert_eq!(home.run(&["show", "other.json", "--json"]).code, 4);
}

#[test]
fn a_mistyped_path_makes_no_home() {
    let home = Home::new();
    let data = home.path().join("data");
    let home_flag = data.to_str().expect("UTF-8");
    for path in ["missing.json", "*.json", "x["] {
        let answer = home.run(&["import", path, "--home", home_flag, "--json"]);
        assert_eq!(answer.code, if path == "x[" { 2 } else { 4 });
        answer.error();
        assert!(!data.exists(), "{path}");
    }
}

#[test]
fn a_folder_without_documents_and_a_tilde_that_no_shell_replaced_are_told() {
    let home = Home::new();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().to_str().expect("the path of a test is UTF-8");
    let empty = home.run(&["import", path]);
    assert_eq!(empty.code, 0);
    assert!(empty.stderr.contains("warning: no document was found there"), "{}", empty.stderr);
    let tilde = home.run(&["import", "~/nothing"]);
    assert_eq!(tilde.code, 4);
    assert!(tilde.stderr.contains("hint: the shell replaces `~` only outside quotes"), "{}", tilde.stderr);
}

#[test]
fn a_home_can_lie_in_the_folder_that_is_imported() {
    let home = Home::new();
    fs::write(home.path().join("page.json"), page()).expect("writes");
    for _ in 0..2 {
        let summary = import(&home, home.path(), 0);
        assert_eq!((&summary["items"], &summary["failed"]), (&json!(10), &json!(0)), "{summary}");
    }
    assert!(home.path().join("index/meta.json").exists(), "the index looks like a document");
    let index = import(&home, &home.path().join("index"), 0);
    assert_eq!(index["items"], 0);
}

#[test]
fn a_document_that_breaks_off_gives_its_whole_items_and_names_the_cut_one() {
    let whole = page();
    let cut = whole.find("kite 8").expect("has an eighth item");
    let pretty =
        serde_json::to_string_pretty(&serde_json::from_str::<Value>(&whole).expect("JSON")).expect("JSON");
    let pretty_cut = pretty.find("kite 8").expect("has an eighth item");
    for text in [&whole[..cut], &pretty[..pretty_cut]] {
        let home = Home::new();
        let path = home.path().join("cut.json");
        fs::write(&path, text).expect("writes");
        let summary = import(&home, &path, 7);
        assert_eq!(summary["written"]["images"]["new"], 7);
        assert_eq!((&summary["items"], &summary["failed"]), (&json!(8), &json!(1)));
        assert_eq!(summary["failures"][0]["item"], 7);
        let reason = summary["failures"][0]["reason"].as_str().expect("a reason");
        assert!(reason.contains("ends in the middle"), "{reason}");
    }
}

#[test]
fn a_compressed_document_that_breaks_off_gives_its_whole_items() {
    let home = Home::new();
    let path = home.path().join("cut.json.gz");
    let items: Vec<Value> = (1..=2_000).map(image).collect();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(json!({ "items": items }).to_string().as_bytes()).expect("writes");
    let bytes = encoder.finish().expect("ends");
    fs::write(&path, &bytes[..bytes.len() / 2]).expect("writes");
    let summary = import(&home, &path, 7);
    let stored = summary["written"]["images"]["new"].as_u64().expect("a number");
    assert!((500..1_500).contains(&stored), "{stored}");
    assert_eq!(summary["failed"], 2, "the item that was cut, and the file: {}", summary["failures"]);
}

#[test]
fn lines_after_a_damaged_first_one_are_read() {
    for damaged in ["not json", "{\"id\":1,\"url\":", "{\"id\":1,\"url\":\"x"] {
        let home = Home::new();
        let path = home.path().join("lines.ndjson");
        fs::write(&path, format!("{damaged}\n{}\n{}\n{}\n", image(2), image(3), image(4))).expect("writes");
        let summary = import(&home, &path, 7);
        assert_eq!(
            (&summary["written"]["images"]["new"], &summary["failed"]),
            (&json!(3), &json!(1)),
            "{damaged}"
        );
        assert_eq!(summary["failures"][0]["line"], 1);
    }
}

#[test]
fn what_a_windows_shell_redirects_is_read() {
    for to_bytes in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
        let home = Home::new();
        let path = home.path().join("page.json");
        let text = format!("\u{feff}{}", page());
        let bytes: Vec<u8> = text.encode_utf16().flat_map(to_bytes).collect();
        fs::write(&path, bytes).expect("writes");
        assert_eq!(import(&home, &path, 0)["written"]["images"]["new"], 10);
    }
}

#[test]
fn a_field_that_was_left_out_is_named_with_its_first_place() {
    let home = Home::new();
    let path = home.path().join("lines.ndjson");
    let mut odd = image(2);
    odd["width"] = json!({});
    fs::write(&path, format!("{}\n{odd}\n", image(1))).expect("writes");
    let summary = import(&home, &path, 0);
    assert_eq!(summary["field_warnings"], json!({ "width: wrong type": 1 }));
    assert_eq!(summary["first_warnings"]["width: wrong type"]["line"], 2);
    let told = home.run(&["import", "lines.ndjson", "--format", "table"]).stderr;
    assert!(told.contains("width: wrong type (1), first in lines.ndjson line 2 item 0"), "{told}");
}

#[test]
fn a_kind_that_the_keys_contradict_is_obeyed_and_named() {
    let home = Home::new();
    let path = home.path().join("model.json");
    fs::write(&path, json!({ "id": 5, "name": "kite", "type": "LORA", "modelVersions": [] }).to_string())
        .expect("writes");
    let answer = home.run(&["import", "model.json", "--kind", "image", "--json"]).json();
    assert_eq!(answer["field_warnings"], json!({ "item: looks like another kind": 1 }));
    let answer = home.run(&["import", "model.json", "--kind", "model", "--json"]).json();
    assert_eq!(answer["field_warnings"], json!({}));
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_are_kept_byte_by_byte() {
    use std::os::unix::ffi::OsStrExt as _;

    let home = Home::new();
    let dump = home.path().join("dump");
    fs::create_dir(&dump).expect("creates");
    for name in [b"a\xFF.json".as_slice(), b"a\xFE.json"] {
        let path = dump.join(std::ffi::OsStr::from_bytes(name));
        fs::write(path, format!("{{\"prompt\":\"{}\"}}", name[1])).expect("writes");
    }
    let summary = import(&home, &dump, 0);
    assert_eq!(summary["written"]["images"]["new"], 2);
    assert_eq!(prompts(&home), ["254", "255"]);
    assert!(images(&home).iter().all(|image| image["path_bytes"].is_string()));
}

#[cfg(unix)]
#[test]
fn control_characters_of_a_file_name_reach_stderr_spelt_out() {
    let home = Home::new();
    fs::write(home.path().join("a\u{1b}[31m\n.json"), "{}").expect("writes");
    let Answer { code, stderr, .. } = home.run(&["import", ".", "--format", "table"]);
    assert_eq!(code, 7);
    assert!(!stderr.contains('\u{1b}') && stderr.contains("\\u{1b}"), "{stderr:?}");
}
