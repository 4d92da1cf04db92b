//! All that a home says of itself, for comparing two.

use stemmata::catalog::{Access, Catalog};

use super::cli::Home;

/// What the home answers to every question that shows the whole of it, by name, byte for byte. Numbers of
/// batches are left out.
pub(crate) fn everything(home: &Home) -> Vec<(&'static str, String)> {
    let exports = ["images", "models", "versions", "links"].map(|what| {
        let answer = home.run(&["export", what, "--format", "ndjson", "-q"]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        assert!(answer.stdout.lines().count() > 1, "no {what} are known");
        (what, answer.stdout)
    });
    exports.into_iter().chain([("search", found(home)), ("stats", stats(home))]).collect()
}

/// Every image that the index knows, newest first.
pub(crate) fn found(home: &Home) -> String {
    let answer = home.run(&["search", "*", "--limit", "20000", "--sort", "-date", "--format", "csv", "-q"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(answer.stdout.lines().count() > 1, "the index is empty");
    answer.stdout
}

/// The last batch that a home has; 0 before there is one.
pub(crate) fn generation_of(home: &Home) -> u64 {
    Catalog::open(&home.path().join("catalog.db"), Access::Read)
        .and_then(|catalog| catalog.generation())
        .unwrap_or(0)
}

fn stats(home: &Home) -> String {
    let mut stats = home.run(&["stats", "--format", "json", "-q"]).json();
    let fields = stats.as_object_mut().expect("an object");
    fields.remove("generation").expect("stats name the last batch");
    stats.to_string()
}
