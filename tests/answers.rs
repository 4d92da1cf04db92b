//! The commands on the bundled miniature site: imported once a test, then asked.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;

use serde_json::json;

use crate::support::cli::Home;

/// The documents that the demo crawls.
fn bundled() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/api/demo/site.ndjson.gz");
    path.to_str().expect("a path in UTF-8").to_owned()
}

fn imported() -> Home {
    let home = Home::new();
    let answer = home.run(&["import", &bundled(), "--quiet"]);
    assert_eq!((answer.code, answer.stdout.as_str(), answer.stderr.as_str()), (0, "", ""));
    home
}

#[test]
fn an_import_says_what_became_of_the_items_to_people_on_stderr_and_to_scripts_on_stdout() {
    let home = Home::new();
    let first = home.run(&["import", &bundled()]);
    assert_eq!((first.code, first.stdout.as_str()), (0, ""));
    assert!(first.stderr.starts_with("import: 312 items, 1 file, "), "{}", first.stderr);
    assert!(first.stderr.contains("  models: 12 new, 0 changed, 0 unchanged"), "{}", first.stderr);

    let second = home.run(&["import", &bundled(), "--format", "json"]);
    assert_eq!(second.stderr, "");
    let summary = second.json();
    assert_eq!(summary["items"], 312);
    assert_eq!(summary["failed"], 0);
    assert_eq!(summary["written"]["models"], json!({ "new": 0, "changed": 0, "unchanged": 12 }));
    assert_eq!(summary["generation"], json!(null), "nothing changed, so nothing was written");
}

#[test]
fn broken_documents_are_named_and_do_not_stop_the_others() {
    let home = Home::new();
    let input = b"{\"id\": 5, \"url\": \"https://image.civitai.com/x/0.jpeg\", \"meta\": null}\n{\"id\": \n";
    let answer = home.run_with_input(&["import", "-", "--json", "--kind", "image"], input);
    assert_eq!(answer.code, 7, "{}", answer.stderr);
    let summary: serde_json::Value = serde_json::from_str(&answer.stdout).expect("one object");
    assert_eq!(summary["failed"], 1);
    assert_eq!(summary["failures"][0]["line"], 2);
    assert_eq!(summary["written"]["images"]["new"], 1);
}

#[test]
fn a_path_that_is_not_there_is_named() {
    let answer = Home::new().run(&["import", "nowhere.json", "--json"]);
    assert_eq!(answer.code, 4);
    assert_eq!(answer.error()["code"], "import.not_found");
}

#[test]
fn what_was_left_out_is_done_later() {
    let home = Home::new();
    assert_eq!(home.run(&["import", &bundled(), "--no-link", "--no-index", "-q"]).code, 0);
    assert_eq!(home.run(&["stats", "--json"]).json()["links"], 0);
    assert_eq!(home.run(&["index", "status", "--json"]).json()["state"], "missing");
    let search = home.run(&["search", "lighthouse", "--json"]);
    assert_eq!((search.code, search.error()["code"].as_str()), (8, Some("index.missing")));

    assert!(home.run(&["link", "--json"]).json()["linked"]["changed"].as_u64() > Some(0));
    assert_eq!(home.run(&["index", "update", "--json"]).json()["indexed"]["images"], 300);
    assert_eq!(home.run(&["index", "status", "--json"]).json()["state"], "current");
    assert!(home.run(&["stats", "--json"]).json()["links"].as_u64() > Some(0));
}

#[test]
fn a_rebuilt_index_gives_the_same_answers() {
    let home = imported();
    let search = || home.run(&["search", "lighthouse", "--format", "csv", "-q"]).stdout;
    let before = search();
    assert!(before.lines().count() > 2, "{before}");
    assert_eq!(home.run(&["index", "rebuild", "-q"]).code, 0);
    assert_eq!(search(), before);
}

#[test]
fn statistics_have_the_names_of_the_contract() {
    let stats = imported().run(&["stats", "--format", "json"]).json();
    for name in [
        "schema",
        "images",
        "media",
        "models",
        "versions",
        "files",
        "creators",
        "tags",
        "resources",
        "links",
        "unresolved",
        "fingerprints",
        "generation",
    ] {
        assert!(stats[name].is_u64(), "{name}: {stats}");
    }
    assert_eq!((&stats["images"], &stats["media"]), (&json!(300), &json!(289)));
}

#[test]
fn exports_are_one_object_a_line_in_the_order_of_ids() {
    let home = imported();
    for (what, key, rows) in [("images", "image", 300), ("models", "id", 12), ("versions", "id", 26)] {
        let lines = home.run(&["export", what]).lines();
        assert_eq!(lines.len(), rows, "{what}");
        let ids: Vec<u64> = lines.iter().filter_map(|line| line[key].as_u64()).collect();
        assert_eq!(ids.len(), rows, "{what}");
        assert!(ids.is_sorted(), "{what}");
    }
    let image = &home.run(&["export", "images"]).lines()[0];
    for name in
        ["schema", "media", "source", "url", "path", "width", "height", "created_at", "username", "post"]
    {
        assert!(image.get(name).is_some(), "{name}: {image}");
    }
    assert!(image["generation"]["prompt"].is_string());
}

#[test]
fn a_trace_names_versions_evidence_and_confidence() {
    let home = imported();
    let trace = home.run(&["trace", "900001", "--format", "ndjson"]).lines().remove(0);
    assert_eq!(
        (&trace["target"], &trace["image"], &trace["via"]),
        (&json!("900001"), &json!(900_001), &json!("id"))
    );
    let link = &trace["resources"][0]["links"][0];
    for name in ["version", "model", "version_name", "model_name", "evidence", "raw", "confidence", "rank"] {
        assert!(!link[name].is_null(), "{name}: {trace}");
    }
    let text = home.run(&["trace", "https://civitai.com/images/900001"]);
    assert!(text.stdout.contains("Emberglass XL 1.0 (version 7040)"), "{}", text.stdout);
}

#[test]
fn a_media_url_or_key_stands_for_its_image() {
    let home = imported();
    let image = home.run(&["export", "images"]).lines().remove(0);
    let url = image["url"].as_str().expect("a URL");
    let key = image["media"].as_str().and_then(|media| media.strip_prefix("civitai-media:")).expect("a key");
    for target in [url, key] {
        let trace = home.run(&["trace", target, "--json"]).json();
        assert_eq!((&trace["image"], &trace["target"]), (&image["image"], &json!(target)));
    }
}

#[test]
fn several_targets_come_from_stdin_and_an_unknown_one_costs_only_itself() {
    let home = imported();
    let answer = home.run_with_input(&["trace", "-", "--format", "ndjson"], b"900001\n5\n\n900002\n");
    assert_eq!(answer.code, 7);
    assert_eq!(answer.stdout.lines().count(), 2);
    assert!(answer.stderr.contains("`5` is not in the catalog"), "{}", answer.stderr);
}

#[test]
fn an_unknown_image_is_not_found() {
    let home = imported();
    for line in [&["trace", "5"] as &[&str], &["show", "5"]] {
        let answer = home.run(&[line, &["--json"]].concat());
        assert_eq!((answer.code, answer.error()["code"].as_str()), (4, Some("image.not_found")), "{line:?}");
    }
}

#[test]
fn show_prints_generation_data_links_and_fingerprint() {
    let home = imported();
    let shown = home.run(&["show", "900001", "--json"]).json();
    assert_eq!(shown["generation"]["sampler"], "euler_ancestral");
    assert_eq!(shown["generation"]["resources"][1]["weight"], 0.6);
    assert!(shown["links"].as_array().is_some_and(|links| links.len() >= 2));
    assert!(shown["fingerprints"]["blurhash"].is_string());
    let text = home.run(&["show", "900001"]).stdout;
    assert!(text.contains("  steps        20\n") && text.contains("\nprompt\n  a stone bridge"), "{text}");
}

#[test]
fn dupes_are_groups_and_a_summary() {
    let home = imported();
    let lines = home.run(&["dupes", "--format", "ndjson"]).lines();
    let (summary, groups) = lines.split_last().expect("a summary");
    assert_eq!((&summary["type"], &summary["groups"]), (&json!("summary"), &json!(groups.len())));
    let same_bytes: Vec<_> = groups.iter().filter(|group| group["class"] == "same_bytes").collect();
    assert!(!same_bytes.is_empty() && same_bytes.len() < groups.len(), "both classes occur");
    for group in groups {
        let members = group["members"].as_array().expect("members");
        assert!(members.len() >= 2 && members.iter().all(|member| member["image"].is_u64()), "{group}");
    }
    let one_class = home.run(&["dupes", "--class", "same-bytes", "--fail-on-found"]);
    assert_eq!(one_class.code, 9);
    assert!(
        one_class.stdout.lines().count() >= same_bytes.len(),
        "those inside groups of candidates are told too"
    );
}

#[test]
fn similar_finds_what_dupes_grouped() {
    let home = imported();
    let groups = home.run(&["dupes", "--class", "candidate", "--format", "paths"]).stdout;
    let mut pair = groups.lines().next().expect("a group").split('\t');
    let (one, other) = (pair.next().expect("two members"), pair.next().expect("two members"));
    let hits = home.run(&["similar", one, "--format", "paths"]).stdout;
    assert!(hits.lines().any(|hit| hit == other), "{one} is like {other}, but not like {hits}");
}

#[test]
fn a_trace_tells_people_the_model_of_a_reference_that_names_no_version() {
    let home = Home::new();
    let image = json!({
        "id": 5, "url": "https://image.civitai.com/x/0a1b2c3d-1111-4222-8333-444455556666/5.jpeg",
        "meta": { "additionalResources": [
            { "name": "urn:air:sdxl:lora:civitai:257", "type": "lora", "strength": 0.6 }
        ] },
    });
    let answer = home.run_with_input(&["import", "-", "-q"], image.to_string().as_bytes());
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let told = home.run(&["trace", "5"]).stdout;
    assert!(told.contains("  lora       model 257, weight 0.6, in a version that is not said\n"), "{told}");
    let resource = &home.run(&["trace", "5", "--json"]).json()["resources"][0];
    assert_eq!((&resource["model"], &resource["note"]), (&json!(257), &json!("model_only")));
}

#[test]
fn a_lineage_report_is_found_by_id_name_page_and_hash() {
    let home = imported();
    let by_id = home.run(&["lineage", "1006", "--json"]).json();
    assert_eq!(by_id["scope"]["name"], "Inkwash Lines");
    assert!(by_id["versions"][0]["images"]["made_with"].as_u64() > Some(0));
    for target in ["Inkwash Lines", "https://civitai.com/models/1006/inkwash", "model:1006"] {
        assert_eq!(home.run(&["lineage", target, "--json"]).json(), by_id, "{target}");
    }
    let by_hash = home.run(&["lineage", "5cfcd66cc0", "--json"]).json();
    assert_eq!(by_hash["scope"]["id"], 7040);
    let ambiguous = home.run(&["lineage", "felt", "--json"]);
    assert_eq!((ambiguous.code, ambiguous.error()["code"].as_str()), (2, Some("lineage.ambiguous")));
    assert_eq!(home.run(&["lineage", "no such model", "--json"]).code, 4);
}

#[test]
fn exported_links_keep_relations_apart() {
    let lines = imported().run(&["export", "links"]).lines();
    for relation in ["made_with", "posted_for"] {
        let images: Vec<u64> = lines
            .iter()
            .filter(|line| line["relation"] == relation)
            .filter_map(|line| line["image"].as_u64())
            .collect();
        assert!(!images.is_empty() && images.is_sorted(), "{relation}");
    }
    let made_with = lines.iter().filter(|line| line["relation"] == "made_with");
    assert!(made_with.clone().all(|line| line["resource"]["kind"].is_string()));
    assert!(made_with.clone().any(|line| line["rank"] == 2), "no alternative was exported");
}

#[test]
fn a_query_that_cannot_be_read_shows_where() {
    let home = imported();
    let told = home.run(&["search", "castle", "negativ:blurry"]);
    assert_eq!((told.code, told.stdout.as_str()), (2, ""));
    assert!(told.stderr.contains("did you mean `negative`?"), "{}", told.stderr);
    assert_eq!(told.stderr.matches("unknown field").count(), 1, "{}", told.stderr);
    let error = home.run(&["search", "castle", "negativ:blurry", "--json"]).error();
    assert_eq!((&error["code"], &error["span"]), (&json!("query.unknown_field"), &json!([7, 14])));
}

#[test]
fn excluded_words_flags_and_stdin_reach_the_query() {
    let home = imported();
    let total = |arguments: &[&str]| {
        let line = [&["search"], arguments, &["--json", "--limit", "1"]].concat();
        home.run(&line).json()["summary"]["total"].as_u64().expect("a count")
    };
    let (all, without) = (total(&["lighthouse"]), total(&["lighthouse", "-watercolour"]));
    assert!(0 < without && without < all, "{without} of {all}");
    let piped = home.run_with_input(&["search", "-", "--json"], b"lighthouse -watercolour\n");
    assert_eq!(piped.json()["summary"]["total"], without);
    assert_eq!(home.run(&["search", "nosuchword", "--fail-on-empty"]).code, 4);
}

#[test]
fn the_next_page_goes_on_where_the_last_ended() {
    let home = imported();
    let page =
        |arguments: &[&str]| home.run(&[&["search", "lighthouse", "--json"], arguments].concat()).json();
    let both = page(&["--limit", "6"]);
    let first = page(&["--limit", "3"]);
    let next = first["summary"]["next"].as_str().expect("more hits").to_owned();
    let second = page(&["--limit", "3", "--after", &next]);
    let joined =
        [&first["hits"], &second["hits"]].map(|hits| hits.as_array().expect("hits").clone()).concat();
    assert_eq!(both["hits"].as_array(), Some(&joined));
}

#[test]
fn control_characters_of_a_prompt_reach_no_table_and_no_terminal() {
    let home = Home::new();
    let prompt = "castle \\u001b[2J\\u009b31m \\u202etxt\\nsecond\\tline";
    let image = format!(
        r#"{{"id": 7, "url": "https://image.civitai.com/x/7.jpeg", "meta": {{"prompt": "{prompt}", "steps": 20}}}}"#
    );
    assert_eq!(home.run_with_input(&["import", "-", "-q"], image.as_bytes()).code, 0);
    for format in ["table", "json", "ndjson", "csv", "tsv", "paths"] {
        let answer = home.run(&["search", "castle", "--format", format, "-q"]);
        assert_eq!(answer.code, 0, "{format}: {}", answer.stderr);
        assert!(answer.stdout.contains('7'), "{format}: {}", answer.stdout);
        let allowed = |c: char| matches!(c, '\n' | '\r' | '\t') || !(c.is_control() || c == '\u{202e}');
        assert!(answer.stdout.chars().all(allowed), "{format}: {:?}", answer.stdout);
    }
    let shown = home.run(&["show", "7"]).stdout;
    assert!(shown.contains("castle \\u{1b}[2J\\u{9b}31m \\u{202e}txt\n"), "{shown:?}");
}

#[test]
fn a_reader_that_stops_early_ends_an_export_quietly() {
    let home = imported();
    let mut child = home.piped(&["export", "images"]);
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let mut first = String::new();
    stdout.read_line(&mut first).expect("a first line");
    assert!(first.starts_with('{'));
    drop(stdout);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn two_processes_read_while_a_third_imports() {
    let home = imported();
    let mut writer = home.piped(&["import", &bundled(), "--json"]);
    let readers = [home.piped(&["export", "images"]), home.piped(&["stats", "--json"])];
    for reader in readers {
        let output = reader.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(!output.stdout.is_empty());
    }
    assert_eq!(writer.wait().expect("it ends").code(), Some(0));
}

#[test]
fn the_demo_runs_offline_and_names_every_command() {
    let home = Home::new();
    let answer = home.run(&["demo", "--offline"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let lines: Vec<&str> = answer.stdout.lines().filter(|line| line.starts_with("$ stemmata ")).collect();
    for command in ["crawl models", "crawl images", "stats", "search", "trace", "dupes", "similar", "lineage"]
    {
        let named = lines.iter().any(|line| line.starts_with(&format!("$ stemmata {command}")));
        assert!(named, "{command}: {lines:?}");
    }
    assert!(!home.path().join("catalog.db").exists(), "the demo has a home of its own");
}

#[test]
fn a_demo_in_which_a_third_of_the_requests_fail_ends_with_the_same_catalog() {
    let home = Home::new();
    let exports = |name: &str, faults: &[&str]| {
        let line: Vec<&str> = ["demo", "--keep", name].iter().chain(faults).copied().collect();
        let answer = home.run(&line);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let exports = ["images", "links"].map(|what| {
            let answer = home.run(&["export", what, "--home", name, "--format", "ndjson", "-q"]);
            assert_eq!(answer.code, 0, "{}", answer.stderr);
            answer.stdout
        });
        (answer.stderr, exports)
    };
    let (calm, expected) = exports("calm", &[]);
    let (shaken, found) = exports("shaken", &["--faults", "3"]);
    let tells_of_retries = |text: &str| text.contains(" retry") || text.contains(" retries");
    assert!(!tells_of_retries(&calm) && tells_of_retries(&shaken), "{calm}{shaken}");
    assert!(found == expected, "a fault left traces");
}
