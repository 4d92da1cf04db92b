//! Copies and look-alikes inside queries: what `dupes` worked out, asked for by `search`, `count` and others.

use std::fs;

use crate::support::cli::Home;
use crate::support::paint::{jpeg, paint, png};

/// Three copies of one picture, and another picture, all fingerprinted.
fn home() -> Home {
    let home = Home::new();
    let folder = home.path().join("Pictures");
    fs::create_dir_all(&folder).expect("made");
    let large = paint(1, 320, 240);
    for (name, bytes) in [
        ("a.png", png(&large)),
        ("b.jpg", jpeg(&large, 85)),
        ("c.png", png(&paint(1, 160, 120))),
        ("d.png", png(&paint(2, 320, 240))),
    ] {
        fs::write(folder.join(name), bytes).expect("written");
    }
    scan(&home);
    home
}

fn scan(home: &Home) {
    let answer = home.run(&["scan", "Pictures", "--fingerprints", "-q"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
}

/// The names of the hits, in order of name.
#[track_caller]
fn check(home: &Home, query: &str, expected: &str) {
    let answer = home.run(&["search", query, "--format", "paths"]);
    assert_eq!(answer.code, 0, "{query}: {}", answer.stderr);
    let mut names: Vec<&str> = answer.stdout.lines().filter_map(|path| path.rsplit('/').next()).collect();
    names.sort_unstable();
    assert_eq!(names.join(" "), expected, "{query}");
    let count = home.run(&["count", query, "-q"]).stdout;
    assert_eq!(count.trim(), names.len().to_string(), "{query}");
}

#[test]
fn copies_and_look_alikes_are_conditions_like_any_other() {
    let home = home();
    let path = |name: &str| home.path().join("Pictures").join(name).display().to_string();
    check(&home, "is:dup", "a.png b.jpg c.png");
    check(&home, "-is:dup", "d.png");
    check(&home, "is:best", "a.png");
    check(&home, "is:dup -is:best", "b.jpg c.png");
    check(&home, "is:candidate", "");
    check(&home, "class:reencode ext:jpg", "b.jpg");
    check(&home, &format!("dupof:\"{}\"", path("c.png")), "a.png b.jpg c.png");
    check(&home, &format!("dupof:\"{}\"", path("d.png")), "d.png");
    check(&home, &format!("like:\"{}\"", path("b.jpg")), "a.png b.jpg c.png");
    check(&home, &format!("like:\"{}\"~64", path("b.jpg")), "a.png b.jpg c.png");
    check(&home, &format!("like:\"{0}\" -dupof:\"{0}\"", path("b.jpg")), "");
    let groups = home.run(&["search", "* group:dup", "--json"]).json();
    assert_eq!((&groups["summary"]["groups"], &groups["summary"]["by"]), (&2.into(), &"dup".into()));
    assert_eq!(groups["groups"].as_array().expect("groups").len(), 2);
    let explained = home.run(&["search", "is:best", "--explain=json"]).json();
    assert_eq!(explained["total"], 1);
    let dupes = home.run(&["dupes", "--query", "is:best", "--format", "ndjson"]).lines();
    assert_eq!(dupes.iter().filter(|line| line["type"] == "group").count(), 1);
}

#[test]
fn groups_that_are_not_there_or_behind_are_said_to_be() {
    let home = home();
    assert_eq!(home.run(&["index", "status", "--json"]).json()["near"], "current");
    fs::write(home.path().join("Pictures/e.png"), png(&paint(2, 160, 120))).expect("written");
    let scan = home.run(&["scan", "Pictures", "--fingerprints", "--no-index", "-q"]);
    assert_eq!(scan.code, 0, "{}", scan.stderr);
    let behind = home.run(&["search", "is:best", "--format", "paths"]);
    assert!(behind.stderr.contains("the groups of copies lack the latest changes"), "{}", behind.stderr);
    assert_eq!((behind.code, behind.stdout.lines().count()), (0, 1));
    assert_eq!(home.run(&["index", "status", "--json"]).json()["near"], "behind");
    assert_eq!(home.run(&["index", "update", "-q"]).code, 0);
    check(&home, "is:dup", "a.png b.jpg c.png d.png e.png");

    for damage in ["gone", "rubbish"] {
        for name in ["state.json", "copies-0", "copies-1"] {
            let file = home.path().join("near").join(name);
            match damage {
                "gone" => fs::remove_file(file).unwrap_or_default(),
                _ => fs::write(file, [0xff; 4096]).expect("written"),
            }
        }
        let missing = home.run(&["search", "is:dup", "--json"]);
        assert_eq!((missing.code, missing.stdout.as_str()), (8, ""), "{}", missing.stderr);
        let error = missing.error();
        assert_eq!(error["code"], "query.unready");
        assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("stemmata dupes")), "{error}");
        assert_eq!(home.run(&["index", "verify", "--json"]).json()["near"], "missing");
        let grouped = home.run(&["search", "*", "--group", "dup", "--json"]);
        assert_eq!(grouped.json()["summary"]["groups"], 5);
        assert!(grouped.stderr.contains("copies were not worked out yet"), "{}", grouped.stderr);
    }
    assert_eq!(home.run(&["dupes", "-q"]).code, 0);
    check(&home, "is:dup", "a.png b.jpg c.png d.png e.png");
}

#[test]
fn a_flag_wins_over_the_same_term_of_the_query_and_says_so() {
    let home = home();
    let line = ["search", "* limit:1 sort:date group:seed", "--limit", "2", "--sort", "id", "--group", "dup"];
    let answer = home.run(&line);
    assert_eq!(answer.stdout.lines().count(), 2, "{}", answer.stdout);
    for name in ["limit", "sort", "group"] {
        let told = format!("--{name} counts, and not `{name}:` of the query");
        assert_eq!(answer.stderr.matches(&told).count(), 1, "{}", answer.stderr);
    }
    let nothing = home.run(&["search", "ext:png ext:webp is:dup"]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (0, ""));
    assert!(nothing.stderr.contains("hint: no image has `ext:webp`\n"), "{}", nothing.stderr);
    let refused = home.run(&["search", "* group:dup", "--template", "{id}"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
}
