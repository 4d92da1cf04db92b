//! What links say and why: the rules of linking by name, decisions of people, the ledgers, and the site's own answer.

mod oracle;

use std::fs;

use serde_json::{Value, json};

use crate::support::cli::Home;

/// A SHA-256 that begins with these digits.
fn sha(start: &str) -> String {
    format!("{start:0<60}{:x}", 0xabcd)
}

fn file(id: u64, name: &str, kind: &str, primary: bool, hashes: &Value) -> Value {
    json!({
        "id": id, "name": name, "type": kind, "sizeKB": 2048.0, "primary": primary,
        "metadata": { "format": "SafeTensor" }, "hashes": hashes,
    })
}

fn model(id: u64, kind: &str, versions: &[(u64, &str, Value)]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|(version, published, files)| {
            json!({
                "id": version, "name": format!("v{version}"), "baseModel": "SD 1.5", "publishedAt": published,
                "images": [], "files": files,
            })
        })
        .collect();
    json!({
        "id": id, "name": format!("Model {id}"), "type": kind, "nsfw": false, "tags": [],
        "stats": { "downloadCount": 1 }, "modelVersions": versions,
    })
}

/// A model of one version, whose id is ten times its own, with one main file.
fn simple(id: u64, kind: &str, start: &str) -> Value {
    let hashes = json!({ "SHA256": sha(start), "AutoV2": &sha(start)[..10] });
    let files = json!([file(id * 100, &format!("file{id}.safetensors"), "Model", true, &hashes)]);
    model(id, kind, &[(id * 10, "2024-05-06T07:08:09.000Z", files)])
}

fn image(id: u64, meta: Value) -> Value {
    // Pictures that are no copies have media of their own.
    let key = format!("{id:08x}-0000-4000-8000-{id:012x}");
    json!({
        "id": id, "url": format!("https://image.civitai.com/account/{key}/original=true/{key}.jpeg"),
        "hash": "U9A1bC2dE3fG4hI5jK6lM7nO8pQ9rS0tUvWx", "width": 832, "height": 1216, "type": "image",
        "nsfw": false, "nsfwLevel": "None", "browsingLevel": 1, "createdAt": "2026-01-02T03:04:05.678Z",
        "postId": 70, "username": "ann", "stats": { "likeCount": 0 }, "meta": meta,
    })
}

fn lora(name: &str, hash: &str) -> Value {
    json!({ "prompt": "kite", "resources": [{ "type": "lora", "name": name, "hash": hash }] })
}

fn import(home: &Home, documents: &[Value]) {
    let text: String = documents.iter().map(|document| format!("{document}\n")).collect();
    let answer = home.run_with_input(&["import", "-", "--quiet"], text.as_bytes());
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
}

fn home(documents: &[Value]) -> Home {
    let home = Home::new();
    import(&home, documents);
    home
}

fn trace(home: &Home, image: u64) -> Value {
    home.run(&["trace", &image.to_string(), "--json"]).json()
}

/// Version, evidence and confidence of each candidate of the first resource of an image, by rank.
fn candidates(home: &Home, image: u64) -> Vec<(u64, String, f64)> {
    let trace = trace(home, image);
    let links = trace["resources"][0]["links"].as_array().expect("a list of links").iter();
    links
        .map(|link| {
            let evidence = link["evidence"].as_str().expect("a word").to_owned();
            (
                link["version"].as_u64().expect("an id"),
                evidence,
                link["confidence"].as_f64().expect("a number"),
            )
        })
        .collect()
}

fn brief(list: &[(u64, &str, f64)]) -> Vec<(u64, String, f64)> {
    list.iter()
        .map(|(version, evidence, confidence)| (*version, (*evidence).to_owned(), *confidence))
        .collect()
}

fn decide(home: &Home, arguments: &[&str]) -> Value {
    home.run(&[&["decide", "--json"], arguments].concat()).json()
}

// The rules of linking, by number.

#[test]
fn rule_1_hashes_are_normalised_and_junk_is_refused() {
    let digits = &sha("a1b2c3d4e5")[..10];
    let meta = |hash: &str| lora("detail", hash);
    let home = home(&[
        simple(1, "LORA", "a1b2c3d4e5"),
        image(1, meta(&format!(" 0x{} ", digits.to_uppercase()))),
        image(2, meta(&format!("sha256:{}", sha("a1b2c3d4e5")))),
        image(3, meta("e3b0c44298fc")),
        image(4, meta("0000000000")),
        image(5, meta("NOFILE")),
    ]);
    assert_eq!(candidates(&home, 1), brief(&[(10, "autov2", 0.92)]));
    assert_eq!(candidates(&home, 2), brief(&[(10, "sha256", 0.95)]));
    for junk in [3, 4] {
        let trace = trace(&home, junk);
        assert_eq!(
            (&trace["resources"][0]["links"], &trace["resources"][0]["note"]),
            (&json!([]), &json!("junk_hash"))
        );
    }
    assert_eq!(trace(&home, 5)["resources"][0]["hash"], json!(null));
}

#[test]
fn rule_2_exact_kinds_come_by_length_and_then_the_beginning_of_a_sha256() {
    let digits = sha("a1b2c3d4e5f6");
    let hashes = json!({
        "SHA256": digits, "AutoV2": &digits[..10], "AutoV3": "1111222233aa", "AutoV1": "44445555", "CRC32": "300E325C",
        "BLAKE3": sha("77"),
    });
    let files = json!([file(100, "x.safetensors", "Model", true, &hashes)]);
    let blake3 = sha("77");
    let cases = [
        (&digits[..], "sha256", 0.95, "B1"),
        (&blake3[..], "blake3", 0.95, "B1"),
        ("1111222233aa", "autov3", 0.93, "B2"),
        (&digits[..12], "sha256_prefix", 0.93, "B2"),
        (&digits[..10], "autov2", 0.92, "B3"),
        ("44445555", "autov1", 0.6, "B4"),
        (&digits[..8], "sha256_prefix", 0.6, "B4"),
        ("5c320e30", "crc32", 0.6, "B4"),
    ];
    let mut documents = vec![model(1, "LORA", &[(10, "2024-05-06T07:08:09.000Z", files)])];
    documents.extend((1..).zip(&cases).map(|(id, (hash, ..))| image(id, lora("other", hash))));
    let home = home(&documents);
    let mut seen = 0;
    for (id, (hash, evidence, confidence, class)) in (1..).zip(cases) {
        assert_eq!(candidates(&home, id), brief(&[(10, evidence, confidence)]), "{hash}");
        assert_eq!(trace(&home, id)["resources"][0]["links"][0]["class"], class, "{hash}");
        seen += 1;
    }
    assert_eq!(seen, 8);
}

#[test]
fn rule_3_a_type_that_does_not_fit_halves_the_confidence_and_excludes_nothing() {
    let home = home(&[simple(1, "Checkpoint", "a1"), image(1, lora("detail", &sha("a1")[..10]))]);
    assert_eq!(candidates(&home, 1), brief(&[(10, "autov2", 0.46)]));
}

#[test]
fn rule_4_of_several_versions_the_named_the_posted_the_main_and_the_earliest_win_in_this_order() {
    let shared = json!({ "SHA256": sha("a1"), "AutoV2": &sha("a1")[..10] });
    let main = |id: u64| json!([file(id, "x.pt", "Model", true, &shared)]);
    let side = |id: u64| json!([file(id, "x.pt", "Model", false, &shared)]);
    let (early, late) = ("2023-01-01T00:00:00.000Z", "2024-01-01T00:00:00.000Z");
    let versions = [(10, early, side(1)), (11, late, main(2)), (12, late, main(3)), (13, early, main(4))];
    let meta = lora("x", &sha("a1")[..10]);
    let mut posted = image(2, meta.clone());
    posted["modelVersionIds"] = json!([12]);
    let home = home(&[model(1, "LORA", &versions), image(1, meta), posted]);
    let by_rank: Vec<u64> = candidates(&home, 1).into_iter().map(|(version, ..)| version).collect();
    assert_eq!(
        by_rank,
        [13, 11, 12, 10],
        "the earliest, the lower id, and last the one whose file is not primary"
    );
    let lost: Vec<Value> = trace(&home, 1)["resources"][0]["links"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|link| link["lost"].clone())
        .collect();
    assert_eq!(
        lost,
        [json!(null), json!("published_later"), json!("published_later"), json!("not_main_file")]
    );
    let named = trace(&home, 2);
    assert_eq!(named["verdicts"][0]["version"], 12, "the metadata names this one by id");
    assert_eq!(named["verdicts"][0]["class"], "A1");
}

#[test]
fn rule_5_the_same_said_three_times_is_one_verdict() {
    let meta = json!({
        "prompt": "kite <lora:detail:0.3>",
        "hashes": { "lora:detail": &sha("a1")[..10] },
        "resources": [{ "type": "lora", "name": "detail", "hash": sha("a1"), "weight": 0.5 }],
        "civitaiResources": [{ "type": "lora", "modelVersionId": 10, "weight": 0.8 }],
    });
    let home = home(&[simple(1, "LORA", "a1"), image(1, meta)]);
    let verdicts = trace(&home, 1)["verdicts"].clone();
    assert_eq!(verdicts.as_array().map(Vec::len), Some(1), "{verdicts}");
    assert_eq!((&verdicts[0]["version"], &verdicts[0]["weight"]), (&json!(10), &json!(0.8)), "rule 6");
    assert_eq!(
        verdicts[0]["all_evidence"],
        json!(["version_id", "sha256"]),
        "the short form is the long one, cut"
    );
}

#[test]
fn rule_6_the_weight_comes_from_the_most_reliable_place_and_zero_is_off() {
    let hash = &sha("a1")[..10];
    let listed = |weight: f64| json!([{ "type": "lora", "name": "detail", "hash": hash, "weight": weight }]);
    let home = home(&[
        simple(1, "LORA", "a1"),
        image(1, json!({ "prompt": "kite <lora:detail:0.3>", "resources": listed(-2.5) })),
        image(2, json!({ "prompt": "kite", "resources": listed(0.0) })),
        image(3, json!({ "prompt": "kite <lora:detail:0.3>", "hashes": { "lora:detail": hash } })),
    ]);
    let weight = |image: u64| {
        let verdict = trace(&home, image)["verdicts"][0].clone();
        (verdict["version"].as_u64(), verdict["weight"].as_f64(), verdict["off"].as_bool())
    };
    assert_eq!(weight(1), (Some(10), Some(-2.5), Some(false)));
    assert_eq!(weight(2), (Some(10), Some(0.0), Some(true)));
    assert_eq!(weight(3), (Some(10), Some(0.3), Some(false)));
}

#[test]
fn rule_7_a_version_that_nobody_described_stays_as_a_stub() {
    let home = home(&[image(1, json!({ "civitaiResources": [{ "type": "lora", "modelVersionId": 99 }] }))]);
    assert_eq!(candidates(&home, 1), brief(&[(99, "version_id", 0.95)]));
    assert_eq!(
        home.run(&["lineage", "--version", "99", "--json"]).json()["versions"][0]["images"]["made_with"],
        1
    );
}

#[test]
fn rule_8_a_file_that_arrives_later_explains_the_images_before_it() {
    let home = home(&[image(1, lora("detail", &sha("a1")[..10]))]);
    assert_eq!(candidates(&home, 1), []);
    import(&home, &[simple(1, "LORA", "a1")]);
    assert_eq!(candidates(&home, 1), brief(&[(10, "autov2", 0.92)]));
}

#[test]
fn class_d_names_link_weakly_when_one_file_of_a_fitting_type_has_them_and_never_count_in_lineage() {
    let named = |name: &str| json!({ "prompt": "kite", "resources": [{ "type": "lora", "name": name }] });
    let home = home(&[
        simple(1, "LORA", "a1"),
        simple(2, "Checkpoint", "b2"),
        image(1, named("loras\\FILE1-000012.pt")),
        image(2, named("file2")),
    ]);
    assert_eq!(candidates(&home, 1), brief(&[(10, "name", 0.3)]));
    assert_eq!(candidates(&home, 2), [], "a checkpoint is no LoRA");
    let lineage = home.run(&["lineage", "--version", "10", "--json"]).json();
    assert_eq!(lineage["versions"][0]["images"]["made_with"], 0);
}

#[test]
fn class_c2_a_model_without_a_version_is_said_with_half_the_confidence() {
    let meta =
        json!({ "prompt": "kite", "resources": [{ "type": "lora", "air": "urn:air:sd1:lora:civitai:1" }] });
    let home = home(&[simple(1, "LORA", "a1"), image(1, meta)]);
    let resource = &trace(&home, 1)["resources"][0];
    assert_eq!((&resource["model"], &resource["model_confidence"]), (&json!(1), &json!(0.5)), "{resource}");
}

#[test]
fn class_c1_posted_for_and_made_from_are_relations_of_their_own() {
    let mut shown = simple(1, "LORA", "a1");
    shown["modelVersions"][0]["images"] = json!([{
        "url": "https://image.civitai.com/a/5f1c2b1e-93a0-4c64-a4a5-1d2b6f0c7e11/width=450/1.jpeg", "type": "image",
        "meta": { "prompt": "kite", "remixOfId": 33 }, "remixOfId": 33,
    }]);
    let home = home(&[shown]);
    let traced = trace(&home, 1);
    assert_eq!(
        (&traced["resources"], &traced["verdicts"]),
        (&json!([]), &json!([])),
        "nothing says what made it"
    );
    let posted = &traced["posted_for"][0];
    assert_eq!(
        (&posted["version"], &posted["confidence"], &posted["class"]),
        (&json!(10), &json!(0.7), &json!("C1"))
    );
    assert_eq!(traced["made_from"], json!([{ "image": 33, "evidence": "remix_of" }]));
    let lineage = home.run(&["lineage", "--version", "10", "--json"]).json();
    let images = &lineage["versions"][0]["images"];
    assert_eq!((&images["made_with"], &images["posted_for"]), (&json!(0), &json!(1)));
    let exported = home.run(&["export", "links", "--format", "ndjson"]).lines();
    let relations: Vec<&Value> = exported.iter().map(|row| &row["relation"]).collect();
    assert_eq!(relations, [&json!("posted_for"), &json!("made_from")]);
}

// Decisions.

#[test]
fn a_decision_about_a_hash_links_it_and_outlives_the_catalog() {
    let documents = [simple(1, "LORA", "a1"), image(1, lora("detail", "0123456789"))];
    let home = home(&documents);
    assert_eq!(candidates(&home, 1), []);
    let report = decide(&home, &["hash", "0x0123456789", "10", "--by", "ann"]);
    assert_eq!((&report["decision"]["what"], &report["linked"]["changed"]), (&json!("hash"), &json!(1)));
    assert_eq!(candidates(&home, 1), brief(&[(10, "decision", 1.0)]));
    let id = report["decision"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(trace(&home, 1)["resources"][0]["links"][0]["decision"], json!(id));
    let exported = home.run(&["export", "links", "--format", "ndjson"]).lines();
    assert_eq!((&exported[0]["evidence"], &exported[0]["confidence"]), (&json!("decision"), &json!(1.0)));
    let lineage = home.run(&["lineage", "--version", "10", "--json"]).json();
    assert_eq!(lineage["versions"][0]["images"]["made_with"], 1);

    for name in ["catalog.db", "catalog.db-wal", "catalog.db-shm"] {
        fs::remove_file(home.path().join(name)).unwrap_or_default();
    }
    import(&home, &documents);
    assert_eq!(candidates(&home, 1), brief(&[(10, "decision", 1.0)]), "decisions.ndjson was still there");

    decide(&home, &["undo", &id]);
    assert_eq!(candidates(&home, 1), []);
    let list = home.run(&["decide", "list", "--format", "ndjson"]).lines();
    let standing: Vec<&Value> = list.iter().map(|row| &row["standing"]).collect();
    assert_eq!(standing, [&json!("undone"), &json!("undoing"), &json!(null)], "the last line is the summary");
}

#[test]
fn a_refused_link_stays_visible_and_counts_nowhere() {
    let documents = [
        simple(1, "LORA", "a1"),
        image(1, lora("detail", &sha("a1")[..10])),
        image(2, lora("detail", &sha("a1")[..10])),
    ];
    let home = home(&documents);
    let made_with = |home: &Home| {
        home.run(&["lineage", "--version", "10", "--json"]).json()["versions"][0]["images"]["made_with"]
            .clone()
    };
    decide(&home, &["not-link", "1", "10"]);
    assert_eq!(candidates(&home, 1), brief(&[(10, "autov2", 0.0)]));
    assert_eq!(trace(&home, 1)["verdicts"][0]["version"], json!(null));
    assert_eq!(candidates(&home, 2), brief(&[(10, "autov2", 0.92)]), "the decision is about one image");
    let told = home.run(&["trace", "1"]).stdout;
    assert!(told.contains("decided not to be Model 1 v10 (version 10)"), "{told}");
    assert_eq!(made_with(&home), 1);
    let exported = home.run(&["export", "links", "--format", "ndjson"]).lines();
    assert_eq!((&exported[0]["lost"], &exported[0]["rank"]), (&json!("decided_against"), &json!(2)));
    assert_eq!((&exported[1]["lost"], &exported[1]["rank"]), (&json!(null), &json!(1)));

    decide(&home, &["not-link", "lora:Detail.safetensors", "10"]);
    assert_eq!(candidates(&home, 2), brief(&[(10, "autov2", 0.0)]));
    assert_eq!(made_with(&home), 0);
    let ledger = home.run(&["unresolved", "--json"]).json();
    assert_eq!(ledger["unresolved"][0]["reason"], "decided_against");
    assert_eq!(ledger["unresolved"][0]["images"], 2);
    assert_eq!(home.run(&["stats", "--json"]).json()["unresolved"], 1);
}

#[test]
fn decisions_travel_and_the_later_counts_wherever_they_meet() {
    let documents =
        [simple(1, "LORA", "a1"), simple(2, "LORA", "b2"), image(1, lora("detail", "0123456789"))];
    let (ours, theirs) = (home(&documents), home(&documents));
    decide(&ours, &["hash", "0123456789", "10", "--by", "ann"]);
    decide(&theirs, &["hash", "0123456789", "20", "--by", "bob"]);
    let export = |home: &Home, name: &str| {
        let path = home.path().join(name);
        let path = path.to_str().expect("a path in UTF-8").to_owned();
        assert_eq!(home.run(&["decide", "export", &path]).code, 0);
        path
    };
    let (from_ours, from_theirs) = (export(&ours, "ours.ndjson"), export(&theirs, "theirs.ndjson"));
    assert_eq!(decide(&ours, &["import", &from_theirs])["taken"], 1);
    assert_eq!(decide(&theirs, &["import", &from_ours])["taken"], 1);
    assert_eq!(decide(&theirs, &["import", &from_ours])["taken"], 0, "merging twice is once");
    let overlay =
        |home: &Home| fs::read_to_string(home.path().join("decisions.ndjson")).expect("it is there");
    assert_eq!(overlay(&ours), overlay(&theirs));
    for home in [&ours, &theirs] {
        assert_eq!(candidates(home, 1), brief(&[(20, "decision", 1.0)]), "bob decided later");
    }
}

#[test]
fn images_that_are_no_duplicates_are_not_grouped() {
    let mut two = image(2, json!({ "prompt": "kite" }));
    two["hash"] = image(1, json!({}))["hash"].clone();
    let home = home(&[image(1, json!({ "prompt": "kite" })), two]);
    let groups = |home: &Home| home.run(&["dupes", "--json"]).json()["summary"]["groups"].clone();
    assert_eq!(groups(&home), 1);
    decide(&home, &["not-duplicate", "2", "1"]);
    assert_eq!(groups(&home), 0);
}

#[test]
fn what_cannot_be_decided_is_refused_with_a_reason() {
    let home = home(&[simple(1, "LORA", "a1")]);
    let cases: [(&[&str], i32, &str); 6] = [
        (&["hash", "e3b0c44298fc", "10"], 2, "stands for no file"),
        (&["hash", "detail", "10"], 2, "other characters"),
        (&["hash", "0123456789", "nothing"], 2, "names no version"),
        (&["not-duplicate", "7", "7"], 2, "both are the image 7"),
        (&["undo", "nothing"], 4, "no decision `nothing`"),
        (&["import", "nowhere.ndjson"], 4, "no file nowhere.ndjson"),
    ];
    for (arguments, code, words) in cases {
        let answer = home.run(&[&["decide", "--json"], arguments].concat());
        assert_eq!(answer.code, code, "{arguments:?}: {}", answer.stderr);
        let message = answer.error()["message"].as_str().expect("a message").to_owned();
        assert!(message.contains(words), "{message}");
    }
    assert!(!home.path().join("decisions.ndjson").exists(), "nothing was decided");
}

#[test]
fn a_file_of_decisions_that_cannot_be_read_is_named_and_lines_that_cannot_are_kept() {
    let home = home(&[simple(1, "LORA", "a1"), image(1, lora("detail", "0123456789"))]);
    let path = home.path().join("decisions.ndjson");
    let later = r#"{"id":"later","at":"2026-01-02T03:04:05Z","by":"ann","what":"prefer","image":1}"#;
    fs::write(&path, format!("{later}\nnot json\n")).expect("writes");
    decide(&home, &["hash", "0123456789", "10"]);
    let text = fs::read_to_string(&path).expect("it is there");
    assert!(text.contains(later) && text.contains("not json") && text.lines().count() == 3, "{text}");
    fs::write(&path, [0xff]).expect("writes");
    let answer = home.run(&["link", "--json"]);
    assert_eq!((answer.code, &answer.error()["code"]), (1, &json!("decisions.failed")));
    fs::remove_file(&path).expect("removes");
    assert_eq!(home.run(&["link"]).code, 0);
    assert_eq!(candidates(&home, 1), brief(&[(10, "decision", 1.0)]), "the copy is still there");
}

// The ledgers, and the site's own answer.

#[test]
fn the_ledger_is_a_to_do_list_in_every_format() {
    let home = home(&[
        simple(1, "LORA", "a1"),
        image(1, lora("file1", "0123456789")),
        image(2, lora("file1", "0123456789")),
        image(3, lora("nobody", "9876543210")),
    ]);
    let lines = home.run(&["unresolved", "--format", "ndjson"]).lines();
    assert_eq!((&lines[0]["images"], &lines[0]["hash"]), (&json!(2), &json!("0123456789")));
    assert_eq!(
        lines[0]["guesses"][0],
        json!({"version": 10, "version_name": "v10", "model_name": "Model 1", "why": "same_name"})
    );
    assert_eq!(lines[2], json!({"type": "summary", "schema": 1, "shown": 2, "unresolved": 2, "uses": 3}));
    let csv = home.run(&["unresolved", "--format", "csv", "--min-images", "2"]).stdout;
    assert_eq!(csv.lines().next(), Some("images,kind,name,hash,reason,guess"));
    assert_eq!(csv.lines().count(), 2);
    assert_eq!(home.run(&["unresolved", "--kind", "vae", "--json"]).json()["unresolved"], json!([]));
    assert_eq!(home.run(&["unresolved", "--limit", "1", "--format", "paths"]).stdout, "0123456789\n");
}

#[test]
fn the_report_of_hashes_names_what_is_ambiguous() {
    let home =
        home(&[simple(1, "LORA", "a1"), simple(2, "LORA", "a1"), image(1, lora("detail", &sha("a1")[..10]))]);
    let report = home.run(&["hashes", "report", "--json"]).json();
    let finding = &report["findings"][0];
    assert_eq!((&finding["finding"], &finding["images"]), (&json!("republished"), &json!(1)));
    assert_eq!(finding["hashes"], json!([{ "kind": "SHA256", "hash": sha("a1") }]));
    let versions: Vec<&Value> =
        finding["files"].as_array().expect("a list").iter().map(|file| &file["version"]).collect();
    assert_eq!(versions, [&json!(10), &json!(20)]);
    assert_eq!(report["summary"]["by_kind"], json!({ "republished": 1 }));
    assert_eq!(home.run(&["hashes", "report", "--only", "swap", "--json"]).json()["findings"], json!([]));
}

#[test]
fn the_sites_own_answer_stands_beside_ours_with_what_it_hides() {
    let both = [simple(1, "LORA", "a1"), simple(2, "LORA", "a1")];
    let meta = lora("detail", &sha("a1")[..10]);
    let prefix = lora("detail", &sha("a1")[..12]);
    let home = home(&[both.to_vec(), vec![image(1, meta), image(2, prefix)]].concat());
    let first = home.run(&["trace", "1", "--compat", "civitai", "--json"]).json();
    assert_eq!(first["compat"]["links"][0]["version"], 10);
    assert_eq!(
        first["compat"]["hidden"],
        json!([{ "version": 20, "hash": &sha("a1")[..10], "instead": 10 }])
    );
    assert_eq!(first["compat"]["agrees"], true);
    let second = home.run(&["trace", "2", "--compat", "civitai", "--json"]).json();
    assert_eq!((&second["compat"]["links"], &second["compat"]["only_ours"]), (&json!([]), &json!([10])));
    let many = home.run(&["trace", "1", "2", "--compat", "civitai", "--format", "ndjson"]);
    assert!(
        many.stderr.contains("2 images compared with the site's own matching, 1 differ"),
        "{}",
        many.stderr
    );
    assert_eq!(trace(&home, 1)["compat"], json!(null), "only where it is asked for");
}
