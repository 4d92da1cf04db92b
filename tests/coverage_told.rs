//! `crawl` and `crawl coverage` tell what came and what may be missing, with exit codes of their own.

use serde_json::Value;
use stemmata::entity::Timestamp;

use crate::support::cli;
use crate::support::site::{Fault, Quirks, Site};
use crate::support::world::{Size, documents};

const SIZE: Size = Size { images: 60, models: 2 };

/// A line of the command against `site`, without pace.
fn line<'a>(words: &[&'a str], base: &'a str) -> Vec<&'a str> {
    let mut line = words.to_vec();
    line.extend(["--api-base", base, "--max-rps", "1000"]);
    line
}

#[test]
fn the_command_tells_coverage_with_its_own_exit_codes() {
    let home = cli::Home::new();
    let nothing = home.run(&["crawl", "coverage", "--json"]);
    assert_eq!(nothing.code, 4);
    assert_eq!(nothing.error()["code"], "crawl.never_crawled");

    let site = Site::start(documents(SIZE), Quirks { loses_boundary_items: true, ..Quirks::default() });
    let base = site.base();
    let images = ["images", "--limit", "10"];
    let stopped = home.run(&line(&[&["crawl"], &images[..], &["--max-items", "20"]].concat(), &base));
    assert_eq!(stopped.code, 0, "{}", stopped.stderr);
    assert!(
        stopped.stderr.contains("run `stemmata crawl images --limit 10 --max-items 20 "),
        "{}",
        stopped.stderr
    );
    let incomplete = home.run(&["crawl", "coverage", "--json"]);
    assert_eq!(incomplete.code, 9);
    let found: Value = serde_json::from_str(&incomplete.stdout).expect("JSON on stdout all the same");
    assert_eq!(found["listings"][0]["verdict"], "incomplete");
    assert_eq!(found["summary"]["incomplete"], 1);

    assert_eq!(home.run(&line(&[&["crawl"], &images[..]].concat(), &base)).code, 0);
    let unknown = home.run(&["crawl", "coverage", "--format", "ndjson", "images"]).lines();
    assert_eq!((unknown.len(), &unknown[0]["verdict"]), (2, &Value::from("unknown")));
    assert_eq!(home.run(&["crawl", "coverage", "nothing-of-the-kind"]).code, 4);

    let verified = home.run(&line(&[&["crawl", "verify"], &images[..], &["--json"]].concat(), &base));
    assert_eq!(verified.code, 9, "{}", verified.stderr);
    assert!(verified.stderr.contains("was lost behind page"), "{}", verified.stderr);
    let summary: Value = serde_json::from_str(&verified.stdout).expect("one document");
    assert_eq!((&summary["command"], &summary["read"]["gaps"]), (&"verify".into(), &5.into()));
    let complete = home.run(&["crawl", "coverage", "--json"]).json();
    let listing = &complete["listings"][0];
    assert_eq!((&listing["verdict"], &listing["gaps"]), (&"complete".into(), &5.into()));
    assert_eq!(
        (&listing["boundaries"]["verified"], &listing["boundaries"]["unchecked"]),
        (&5.into(), &0.into())
    );
    let again = home.run(&line(&[&["crawl", "verify"], &images[..]].concat(), &base));
    assert_eq!(again.code, 9, "the second walk of a lossy site lacks nothing, and the first still did");
}

#[test]
fn a_budget_ends_the_command_well_and_says_how_to_go_on() {
    let home = cli::Home::new();
    let site = Site::start(documents(SIZE), Quirks::default());
    let base = site.base();
    let some = home.run(&line(&["crawl", "images", "--limit", "10", "--max-requests", "3"], &base));
    assert_eq!(some.code, 0, "{}", some.stderr);
    assert!(
        some.stderr.contains("; run `stemmata crawl images --limit 10 --max-requests 3"),
        "{}",
        some.stderr
    );
    assert_eq!(site.requests().len(), 3);
}

#[test]
fn a_second_process_is_told_who_crawls_and_leaves_at_once() {
    let home = cli::Home::new();
    let site = Site::start(documents(SIZE), Quirks::default());
    let base = site.base();
    let now = Timestamp::parse("2026-03-04T05:06:07Z").expect("a valid time");
    let held = stemmata::crawl::HomeLock::take(home.path(), "sync", now).expect("nobody holds it");
    for words in [&["crawl", "images"][..], &["crawl", "verify", "tags"], &["crawl", "image", "501"]] {
        let refused = home.run(&line(words, &base));
        assert_eq!(refused.code, 8, "{}", refused.stderr);
        assert!(refused.stderr.contains("`stemmata sync` (process "), "{}", refused.stderr);
    }
    assert_eq!(site.requests().len(), 0, "nothing was sent");
    drop(held);
    assert_eq!(home.run(&line(&["crawl", "images"], &base)).code, 0);
}

#[test]
fn an_ignored_filter_and_a_refused_page_are_told_in_the_words_of_the_listing() {
    let home = cli::Home::new();
    let site =
        Site::start(documents(SIZE), Quirks { ignored_parameter: Some("username"), ..Quirks::default() });
    let base = site.base();
    let ignored = home.run(&line(&["crawl", "images", "--username", "nobody", "--limit", "10"], &base));
    assert_eq!(ignored.code, 7, "{}", ignored.stderr);
    assert!(ignored.stderr.contains("it was asked for images by nobody (newest)"), "{}", ignored.stderr);
    site.script([Fault::Status(451)]);
    let refused = home.run(&line(&["crawl", "images", "--model-id", "1"], &base));
    assert!(
        refused.stderr.contains("images of model 1 (newest) could not be walked further"),
        "{}",
        refused.stderr
    );
    assert!(!refused.stderr.contains("flatMeta"), "{}", refused.stderr);
}

#[test]
fn a_date_needs_the_newest_first() {
    let home = cli::Home::new();
    let refused = home.run(&["crawl", "images", "--sort", "oldest", "--until", "7d", "--json"]);
    assert_eq!((refused.code, refused.error()["hint"].clone()), (2, "add --sort newest".into()));
}
