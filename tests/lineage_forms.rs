//! The forms of a report are what was agreed on, are read back, and are written as whole files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::cli::Home;

/// A home that knows the bundled site.
pub(crate) fn bundled() -> Home {
    let home = Home::new();
    let site = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/api/demo/site.ndjson.gz");
    assert_eq!(home.run(&["import", site, "-q"]).code, 0);
    home
}

fn printed(home: &Home, arguments: &[&str]) -> String {
    let answer = home.run(&[&["lineage", "-q"], arguments].concat());
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    answer.stdout
}

#[test]
fn every_form_is_the_one_that_was_agreed_on() {
    let home = bundled();
    for form in ["html", "markdown", "dot", "mermaid", "prov"] {
        let flag = format!("--export-{form}");
        let text = printed(&home, &["Inkwash Lines", "--list", "3", &flag, "-"]);
        assert!(!text.is_empty(), "{form} is empty");
        insta::assert_snapshot!(format!("form_{form}"), text);
    }
}

#[test]
fn a_saved_report_gives_the_same_forms_without_the_catalog() {
    let home = bundled();
    let saved = home.path().join("saved.json");
    let saved = saved.to_str().expect("a path in UTF-8");
    printed(&home, &["1001", "--export-json", saved]);
    let elsewhere = Home::new();
    for form in ["html", "markdown", "dot", "mermaid", "prov", "json"] {
        let flag = format!("--export-{form}");
        let made = printed(&home, &["1001", &flag, "-"]);
        assert_eq!(made, printed(&elsewhere, &["--from", saved, &flag, "-"]), "{form}");
    }
    assert_eq!(printed(&home, &["1001"]), printed(&elsewhere, &["--from", saved]));
    let json = fs::read(saved).expect("it was written");
    let read = elsewhere.run_with_input(&["lineage", "--from", "-", "--export-json", "-"], &json);
    assert_eq!(read.stdout.as_bytes(), json);
}

#[test]
fn several_forms_are_written_at_once_and_replace_what_was_there() {
    let home = bundled();
    let out = home.path().join("out");
    fs::create_dir_all(out.join("tables")).expect("a folder");
    let path = |name: &str| out.join(name).to_str().expect("a path in UTF-8").to_owned();
    for name in ["r.html", "tables/mine.csv", "tables/versions.csv"] {
        fs::write(out.join(name), "before").expect("written");
    }
    let answer = home.run(&[
        "lineage",
        "1001",
        "--export-html",
        &path("r.html"),
        "--export-dot",
        &path("r.dot"),
        "--export-csv",
        &path("tables"),
        "--export-markdown",
        "-",
    ]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(answer.stdout.starts_with("# Quietmoor Mix\n"), "only the form is on stdout: {}", answer.stdout);
    let read = |name: &str| fs::read_to_string(out.join(name)).expect("it is there");
    assert!(read("r.html").starts_with("<!doctype html>"));
    assert!(read("r.dot").starts_with("digraph"));
    assert_eq!(read("tables/mine.csv"), "before", "files of others stay");
    assert!(read("tables/versions.csv").starts_with("version,name,state,"));
    let names: BTreeSet<String> = fs::read_dir(&out)
        .expect("a folder")
        .map(|entry| entry.expect("it can be listed").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(
        names,
        ["r.dot", "r.html", "tables"].map(str::to_owned).into(),
        "nothing half-written is left"
    );
}

#[test]
fn what_cannot_be_written_is_refused_before_anything_is_read() {
    let home = Home::new();
    let folder = home.path().to_str().expect("a path in UTF-8");
    for arguments in [
        vec!["lineage", "1", "--export-html", "-", "--export-dot", "-"],
        vec!["lineage", "1", "--export-html", "x", "--export-dot", "x"],
        vec!["lineage", "1", "--export-html", folder],
        vec!["lineage", "1", "--export-csv", "-"],
        vec!["lineage", "--top", "3", "--export-html", "x"],
        vec!["lineage", "--from", "x.json", "--since", "2024"],
        vec!["lineage", "1", "--prov-images", "3"],
    ] {
        let answer = home.run(&arguments);
        assert_eq!(answer.code, 2, "{arguments:?}: {}", answer.stderr);
    }
    fs::write(home.path().join("bad.json"), "{\"schema\": 2, \"images\": []}").expect("written");
    let answer = home.run(&["lineage", "--from", "bad.json", "--format", "json"]);
    assert_eq!((answer.code, answer.error()["code"].as_str()), (2, Some("lineage.no_report")));
}

#[test]
fn prov_keeps_the_rules_of_the_w3c() {
    let home = bundled();
    for model in ["1001", "1003", "1006"] {
        let text = printed(&home, &[model, "--export-prov", "-", "--prov-images", "20", "--stamp"]);
        let document: Value = serde_json::from_str(&text).expect("it is JSON");
        let relations = check_prov(&document);
        assert!(relations > 40, "only {relations} relations for {model}");
        let images = document["hadMember"].as_object().map_or(0, serde_json::Map::len);
        assert_eq!(images, 20, "as many images as were asked for");
    }
}

/// Each relation with its two ends, and the types that these must have: PROV-JSON, section 3, and PROV-CONSTRAINTS 50
/// (typing). "What" is an entity, an activity or an agent.
const RELATIONS: [(&str, [(&str, &str); 2]); 9] = [
    ("wasGeneratedBy", [("prov:entity", "entity"), ("prov:activity", "activity")]),
    ("used", [("prov:activity", "activity"), ("prov:entity", "entity")]),
    ("wasDerivedFrom", [("prov:generatedEntity", "entity"), ("prov:usedEntity", "entity")]),
    ("wasAttributedTo", [("prov:entity", "entity"), ("prov:agent", "agent")]),
    ("wasAssociatedWith", [("prov:activity", "activity"), ("prov:agent", "agent")]),
    ("wasInfluencedBy", [("prov:influencee", "any"), ("prov:influencer", "any")]),
    ("specializationOf", [("prov:specificEntity", "entity"), ("prov:generalEntity", "entity")]),
    ("alternateOf", [("prov:alternate1", "entity"), ("prov:alternate2", "entity")]),
    ("hadMember", [("prov:collection", "entity"), ("prov:entity", "entity")]),
];

/// Holds a document against the structure of PROV-JSON and the constraints of PROV; returns how many relations it has.
fn check_prov(document: &Value) -> usize {
    let top = document.as_object().expect("a document is an object");
    let prefixes = top["prefix"].as_object().expect("PROV-JSON 2.1: prefixes are an object");
    let is_qualified = |name: &str| {
        name.split_once(':').is_some_and(|(prefix, local)| {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '%' | '-');
            (["prov", "xsd"].contains(&prefix) || prefixes.contains_key(prefix)) && local.chars().all(plain)
        })
    };
    let mut kinds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for kind in ["entity", "activity", "agent"] {
        for (id, record) in top.get(kind).and_then(Value::as_object).into_iter().flatten() {
            assert!(is_qualified(id), "{id} is no qualified name with a declared prefix");
            check_attributes(record, &is_qualified);
            kinds.entry(id).or_default().insert(kind);
        }
    }
    for (id, kinds) in &kinds {
        // PROV-CONSTRAINTS 55: nothing is an entity and an activity.
        assert!(!(kinds.contains("entity") && kinds.contains("activity")), "{id}");
    }
    let known = ["prefix", "entity", "activity", "agent"];
    for name in top.keys() {
        assert!(known.contains(&name.as_str()) || RELATIONS.iter().any(|(kind, _)| kind == name), "{name}");
    }
    let mut count = 0;
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for (kind, ends) in RELATIONS {
        let mut graph: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut keys = BTreeSet::new();
        for (name, record) in top.get(kind).and_then(Value::as_object).into_iter().flatten() {
            count += 1;
            assert!(name.starts_with("_:") && names.insert(name), "{name} is no blank identifier of its own");
            check_attributes(record, &is_qualified);
            let found = ends.map(|(role, what)| {
                let id = record[role].as_str().unwrap_or_default();
                let declared = kinds.get(id).is_some_and(|kinds| what == "any" || kinds.contains(what));
                assert!(declared, "{name}: {role} {id:?} is not declared as {what}");
                id
            });
            // PROV-CONSTRAINTS 24 (unique-generation): an entity is generated by an activity once.
            assert!(kind != "wasGeneratedBy" || keys.insert(found), "{name} says again what was said");
            graph.entry(found[0]).or_default().push(found[1]);
            if kind == "wasInfluencedBy" || kind == "alternateOf" {
                continue;
            }
            assert_ne!(found[0], found[1], "{name} is about one thing");
        }
        if ["wasDerivedFrom", "specializationOf", "hadMember"].contains(&kind) {
            // PROV-CONSTRAINTS 41 (derivations go back in time), 52 (impossible-specialization-reflexive, with 19).
            assert!(!has_cycle(&graph), "{kind} has a cycle");
        }
    }
    for used in top.get("hadMember").and_then(Value::as_object).into_iter().flatten() {
        let types = &top["entity"][used.1["prov:collection"].as_str().expect("a name")]["prov:type"];
        assert_eq!(types["$"], "prov:Collection", "PROV-CONSTRAINTS 50: what has members is a collection");
    }
    count
}

/// PROV-JSON 2.2: a value is a string, a number, a truth value, a typed literal, or a list of such.
fn check_attributes(record: &Value, is_qualified: &impl Fn(&str) -> bool) {
    let is_value = |value: &Value| match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => true,
        Value::Object(literal) => {
            let kind = literal.get("type").and_then(Value::as_str).unwrap_or_default();
            let text = literal.get("$").and_then(Value::as_str).unwrap_or_default();
            literal.len() == 2 && is_qualified(kind) && (kind != "prov:QUALIFIED_NAME" || is_qualified(text))
        }
        _ => false,
    };
    for (name, value) in record.as_object().expect("a record is an object") {
        assert!(is_qualified(name), "{name}");
        let values = value.as_array();
        let holds =
            values.map_or_else(|| is_value(value), |values| values.len() > 1 && values.iter().all(is_value));
        assert!(holds, "{name}: {value}");
    }
}

fn has_cycle(graph: &BTreeMap<&str, Vec<&str>>) -> bool {
    // What leads nowhere is taken away until nothing is left, or only cycles.
    let mut left = graph.clone();
    loop {
        let leads: BTreeSet<&str> = left.keys().copied().collect();
        let before = left.len();
        left.retain(|_, next| next.iter().any(|to| leads.contains(to)));
        if left.len() == before {
            return before > 0;
        }
    }
}

#[test]
fn the_validator_sees_what_it_is_for() {
    let cycle = BTreeMap::from([("a", vec!["b"]), ("b", vec!["c"]), ("c", vec!["b"])]);
    assert!(has_cycle(&cycle));
    assert!(!has_cycle(&BTreeMap::from([("a", vec!["b", "c"]), ("b", vec!["c"])])));
    let undeclared = serde_json::json!({
        "prefix": {}, "used": {"_:u1": {"prov:activity": "prov:a", "prov:entity": "prov:b"}},
    });
    assert!(std::panic::catch_unwind(|| check_prov(&undeclared)).is_err());
}

#[test]
fn graphviz_draws_the_family_tree_where_it_is_installed() {
    let home = bundled();
    let dot = home.path().join("tree.dot");
    printed(&home, &["1001", "--export-dot", dot.to_str().expect("a path in UTF-8")]);
    let drawn = std::process::Command::new("dot").arg("-Tsvg").arg(&dot).output();
    match drawn {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(_) => assert!(Path::new(&dot).is_file()),
    }
}
