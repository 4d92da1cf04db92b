//! Forms of reports with everything that strangers may write.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::report::{FamilyGraph, LineageReport, Node, NodeKind};
use super::graph::edges;
use super::{csv, dot, html, markdown, mermaid, prov};

/// A report whose names are all `name`, read from JSON as a saved one is.
fn report(name: &str) -> LineageReport {
    let counts =
        json!({"made_with": 3, "posted_for": 1, "made_with_deduplicated": 3, "made_with_distinct": null});
    let total = json!({"images": 3, "distinct": 1});
    let totals = [
        "versions",
        "co_used",
        "samplers",
        "schedulers",
        "steps",
        "cfg",
        "sizes",
        "creators",
        "prompt",
        "negative",
    ];
    let totals: Value = totals
        .into_iter()
        .map(|list| (list.to_owned(), total.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let confidence = json!({"certain": 1, "strong": 1, "likely": 1, "weak": 0});
    let theme = json!({"chunk": name, "images": 3, "everywhere": 4, "log_odds": 1.5, "z": 2.0});
    let versions = json!([{
        "id": 11, "name": name, "state": name, "published_at": null, "images": counts,
        "files": [{"id": 1, "name": name, "type": name, "size_bytes": 5, "primary": true, "former": false,
                   "hashes": {"SHA256": "ab".repeat(32)}}],
        "evidence": {"version_id": 3}, "confidence": confidence, "first_seen": null, "last_seen": null, "weeks": [],
    }]);
    let co_used = json!([{"version": 12, "name": name, "type": name, "images": 2, "lift": 2.0, "lift_shrunk": 1.5,
                     "weight": {"p10": -1e300, "p50": 0.5, "p90": 1e300, "images": 2}, "everywhere": 9}]);
    let themes = json!({"prior_images": 500.0, "min_images": 3, "images": 3, "everywhere": 9, "negative_images": 3,
                   "negative_everywhere": 9, "prompt": [theme], "negative": [theme]});
    let ancestry = json!({
        "base_models": [{"name": name, "versions": [11]}], "linked_vae": [],
        "same_files": [{"version": 11, "file": name, "kind": name, "other": 12, "other_model_name": name, "other_name": null}],
        "graph": {
            "nodes": [node("version:11", name, true, true), node("version:12", name, true, false),
                      node(&format!("name:{name}"), name, false, false)],
            "edges": [edge("version:11", "version:12", "merged_from", name),
                      edge("version:12", &format!("name:{name}"), "trained_on", name),
                      edge("version:12", "version:11", "derived_from", name),
                      edge("version:11", "version:12", "same_file", name),
                      edge("version:11", "nowhere", "based_on", name)],
            "truncated": {"depth": 5, "at_depth": 1, "nodes": 2},
        },
        "remixes": {"made_from_others": 1, "made_from_own": 0, "children": 2, "parents": 1},
    });
    let drift = json!([{"from": 11, "to": 13, "from_images": 3, "to_images": 0, "parts": [{
        "figure": name, "from_values": 3, "to_values": 1, "divergence": 0.5, "by_chance": 0.6,
        "movers": [{"value": name, "from": 3, "to": 0, "from_share": 1.0, "to_share": 0.0}],
    }]}]);
    let steps =
        json!({"min": 1, "p10": 2, "p50": 3, "p90": 4, "max": 5, "values": [{"value": 3, "images": 3}]});
    let score = json!({"value": 50.0, "formula": name,
                  "parts": [{"name": name, "meaning": name, "weight": 40.0, "share": 0.5, "points": 20.0}]});
    let report = json!({
        "schema": super::super::report::SCHEMA,
        "scope": {"kind": "model", "id": 7, "name": name, "since": null, "until": null},
        "images": 3, "counts": counts, "evidence": {"version_id": 2, "name": 1}, "classes": {"A": 2},
        "confidence": confidence, "copies": null,
        "versions": versions,
        "totals": totals, "first_seen": "2024-01-02T00:00:00Z", "last_seen": "2024-05-02T00:00:00Z",
        "weeks": [{"week": "2024-W01", "monday": "2024-01-01", "images": 2}, {"week": name, "monday": name, "images": 1}],
        "co_used": co_used,
        "samplers": [{"sampler": name, "scheduler": name, "images": 3}], "schedulers": [{"name": name, "images": 3}],
        "steps": steps, "cfg": null,
        "sizes": [{"width": 512, "height": 768, "images": 3}],
        "orientation": {"portrait": 3, "landscape": 0, "square": 0, "unknown": 0},
        "seeds": {"images": 3, "distinct": 2, "reused": 2, "top": [{"seed": -5, "images": 2}]},
        "creators": [{"name": name, "images": 3}],
        "themes": themes,
        "unresolved": {"images": 1, "resources": 1, "top": [{"kind": name, "name": name, "hash": null, "images": 1}]},
        "score": score,
        "drift": drift,
        "ancestry": ancestry,
    });
    LineageReport::from_json(report.to_string().as_bytes()).expect("it is a report")
}

fn node(id: &str, title: &str, known: bool, in_scope: bool) -> Value {
    let kind = if known { "version" } else { "unknown_name" };
    json!({"id": id, "kind": kind, "title": title, "known": known, "in_scope": in_scope})
}

fn edge(from: &str, to: &str, relation: &str, text: &str) -> Value {
    json!({"from": from, "to": to, "relation": relation, "evidence": text, "detail": text})
}

const EVIL: &str =
    "</script><img src=x onerror=alert(1)>\"' | `x` \\ \n%%{init} ]] --> \u{202e}gpj.exe \u{1b}[2J =1+1";

/// Holds markup against a tiny grammar: tags of ours, properly nested, attributes in double quotes.
fn check_markup(page: &str) {
    let voids = ["meta", "!doctype", "!--"];
    let shapes = ["rect", "line", "circle", "path"];
    let (mut open, mut tags, mut rest) = (Vec::new(), 0, page);
    while let Some(start) = rest.find('<') {
        assert!(
            !rest[..start].contains('>') || open.last() == Some(&"style"),
            "a bare `>` in {:?}",
            &rest[..start]
        );
        let end = start + rest[start..].find('>').expect("each tag ends");
        let tag = &rest[start + 1..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        tags += 1;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "in {tag:?}");
        } else {
            let name = tag.split([' ', '/', '\n']).next().unwrap_or_default();
            let known = "html head title style body a header p h1 h2 h3 dl dt dd div nav ul li main section figure svg desc \
                         g text figcaption details summary table thead tbody tr th td bdi footer span defs marker";
            assert!(
                voids.contains(&name)
                    || shapes.contains(&name)
                    || known.split_whitespace().any(|known| known == name),
                "{name} is no tag of ours"
            );
            if !voids.contains(&name) && !tag.ends_with('/') {
                open.push(name);
            }
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty() && tags > 100, "{open:?}");
}

#[test]
fn no_name_is_markup_in_the_page() {
    let page = html(&report(EVIL));
    check_markup(&page);
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
    assert!(!page.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'));
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("url(http"));
    assert_eq!(page.matches("<h1>").count(), 1);
}

#[test]
fn every_chart_has_a_title_a_description_and_a_table() {
    let page = html(&report("plain"));
    let charts = page.matches("role=\"img\"").count();
    assert!(charts >= 12, "only {charts} charts");
    assert_eq!(page.matches("-d\">").count(), charts, "descriptions");
    for figure in page.split("<figure").skip(1) {
        assert!(figure.contains("<table>") && figure.contains("<figcaption>"), "{figure}");
    }
    let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id occurs twice");
    for wanted in page.split("aria-labelledby=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(wanted.split(' ').all(|id| ids.contains(&id)), "{wanted} is no id");
    }
}

#[test]
fn names_of_any_length_stay_short_in_the_page() {
    let (short, long) = (html(&report("x")).len(), html(&report(&"long ".repeat(2_000))).len());
    assert!(long < short + 100_000, "{short} bytes, then {long}");
}

/// Reads DOT as far as we write it: statements, quoted strings with escapes, attributes.
fn check_dot(text: &str) {
    let (mut bare, mut chars) = (String::new(), text.chars());
    while let Some(c) = chars.next() {
        if c != '"' {
            bare.push(c);
            continue;
        }
        bare.push('Q');
        loop {
            match chars.next().expect("each string ends") {
                '\\' => assert!(matches!(chars.next(), Some('\\' | '"' | 'n'))),
                '"' => break,
                c => assert!(c != '\n', "a string on two lines"),
            }
        }
    }
    let lines: Vec<&str> = bare.lines().map(str::trim).collect();
    assert_eq!((lines.first(), lines.last()), (Some(&"digraph lineage {"), Some(&"}")));
    for line in &lines[1..lines.len() - 1] {
        let (head, attributes) = line.strip_suffix("];").and_then(|line| line.split_once(" [")).expect(line);
        let names = head.split(" -> ");
        assert!(
            names.clone().count() <= 2
                && names.clone().all(|name| name.chars().all(|c| c.is_ascii_alphanumeric()))
        );
        assert!(attributes.split(", ").all(|pair| pair.split_once('=').is_some()), "{line}");
    }
}

/// Reads a Mermaid flowchart as far as we write it.
fn check_mermaid(text: &str) {
    assert!(text.starts_with("flowchart RL\n"));
    let is_id =
        |text: &str| text.strip_prefix('n').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()));
    for line in text.lines().skip(1) {
        let line = line.strip_prefix("  ").expect(line);
        if line.starts_with("classDef ") || line.starts_with("%% ") {
            continue;
        }
        let parts: Vec<&str> = line.split('"').collect();
        let [head, inside, tail] = parts[..] else { panic!("{line} has other than one string") };
        assert!(!inside.contains(['%', '`', '{', '}', '\\', '|']), "{inside}");
        match head.split_once(' ') {
            Some((from, arrow)) => {
                assert!(is_id(from) && ["-->|", "-.->|", "---|"].contains(&arrow), "{line}");
                assert!(tail.strip_prefix("| ").is_some_and(is_id), "{line}");
            }
            None => assert!(
                ["", ":::unknown", ":::scope"].contains(&tail.trim_start_matches([']', ')'])),
                "{line}"
            ),
        }
    }
}

#[test]
fn drawings_keep_their_grammar_whatever_things_are_called() {
    let report = report(EVIL);
    check_dot(&dot(&report));
    check_mermaid(&mermaid(&report));
}

#[test]
fn a_chart_for_mermaid_is_as_large_as_mermaid_draws() {
    let mut report = report("x");
    let node = |number: usize| Node {
        id: format!("name:{number}"),
        kind: NodeKind::UnknownName,
        title: "\"".repeat(500),
        known: false,
        in_scope: false,
    };
    report.ancestry.graph.nodes.extend((0..2_000).map(node));
    let chart = mermaid(&report);
    check_mermaid(&chart);
    assert!(chart.len() < 50_000 && chart.contains("%% left out: 1,893 nodes"), "{}", chart.len());
}

#[test]
fn an_edge_without_an_end_is_left_out() {
    let graph: &FamilyGraph = &report("x").ancestry.graph;
    assert_eq!((graph.edges.len(), edges(graph).len()), (5, 4));
}

#[test]
fn contradicting_headers_are_influences_and_no_cycle_of_derivations() {
    let document = prov(&report("x"), &[]);
    assert_eq!(document["wasDerivedFrom"].as_object().map(serde_json::Map::len), Some(1), "{document:#}");
    let influences = document["wasInfluencedBy"].as_object().expect("there are some");
    assert_eq!(influences.values().filter(|edge| edge.get("stemmata:contradicted").is_some()).count(), 2);
}

#[test]
fn tables_of_csv_are_the_same_files_for_every_report() {
    let names = |report: &LineageReport| csv(report).into_iter().map(|file| file.name).collect::<Vec<_>>();
    assert_eq!(names(&report("x")), names(&report(EVIL)));
    for file in csv(&report(EVIL)) {
        assert!(!file.text.contains("\n=1") && file.text.ends_with("\r\n"), "{}", file.name);
    }
}

#[test]
fn the_largest_numbers_of_a_saved_report_overflow_nothing() {
    let text = serde_json::to_string(&report("x")).expect("a report is JSON");
    let most = u64::MAX.to_string();
    let text = text
        .replace("\"images\":3", &format!("\"images\":{most}"))
        .replace("\"square\":0", &format!("\"square\":{most}"));
    let text = text
        .replace("\"children\":2", &format!("\"children\":{most}"))
        .replace("\"nodes\":2", &format!("\"nodes\":{most}"));
    let text = text
        .replace("\"portrait\":3", &format!("\"portrait\":{most}"))
        .replace("\"images\":2", &format!("\"images\":{most}"));
    let report = LineageReport::from_json(text.as_bytes()).expect("it is still a report");
    assert_eq!(
        (report.images, report.ancestry.remixes.map(|remixes| remixes.children)),
        (u64::MAX, Some(u64::MAX))
    );
    check_markup(&html(&report));
    assert!(!markdown(&report).is_empty() && !csv(&report).is_empty());
    assert!(prov(&report, &[]).is_object());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_form_of_any_name_keeps_its_grammar(name in "\\PC{0,30}|[\\x00-\\x7f]{0,60}") {
        let report = report(&name);
        check_markup(&html(&report));
        check_dot(&dot(&report));
        check_mermaid(&mermaid(&report));
        let text = markdown(&report);
        let tables = text.lines().filter(|line| line.starts_with('|'));
        for line in tables {
            let bars = line.replace("\\\\", "").replace("\\|", "").matches('|').count();
            prop_assert!(bars >= 3 && line.ends_with('|'), "{}", line);
        }
        prop_assert_eq!(html(&report), html(&report));
        prop_assert_eq!(prov(&report, &[]).to_string(), prov(&report, &[]).to_string());
    }
}
