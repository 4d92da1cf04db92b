//! What the commands print about the bundled site, to the byte: a change here is a change that users see.
//!
//! `cargo insta review` shows and accepts changes; without it, `INSTA_UPDATE=always cargo test --test it golden`.

use crate::support::cli::Home;

/// Every answer, by the name of its snapshot.
const ANSWERS: [(&str, &[&str]); 21] = [
    ("stats", &["stats"]),
    ("search_table", &["search", "lighthouse", "steps:20..40", "--limit", "4", "--format", "table"]),
    ("search_csv", &["search", "lighthouse", "-watercolour", "--limit", "3", "--format", "csv"]),
    (
        "search_json",
        &[
            "search",
            "lighthouse",
            "--limit",
            "1",
            "--facet",
            "sampler,date:year",
            "--facet-top",
            "2",
            "--json",
        ],
    ),
    (
        "search_fields",
        &[
            "search",
            "lighthouse",
            "sort:seed",
            "--limit",
            "3",
            "--fields",
            "id,seed,date,prompt",
            "--format",
            "table",
        ],
    ),
    ("search_template_error", &["search", "castle", "--template", "{id}\\t{prmpt:60}"]),
    ("search_groups", &["search", "lighthouse", "--group", "model", "--limit", "4", "--format", "table"]),
    ("search_stats", &["search", "lighthouse", "--stats", "--facet-top", "4", "--format", "table"]),
    (
        "count_csv",
        &[
            "count",
            "lighthouse",
            "--facet",
            "model,steps,cfg,date:week",
            "--facet-top",
            "3",
            "--format",
            "csv",
        ],
    ),
    ("index_verify", &["index", "verify"]),
    ("schema_facet", &["schema", "facet"]),
    ("search_error", &["search", "castle", "negativ:blurry"]),
    ("trace", &["trace", "900045"]),
    ("trace_json", &["trace", "900045", "--format", "json"]),
    ("show", &["show", "900045"]),
    ("dupes", &["dupes", "--format", "table"]),
    ("similar_ndjson", &["similar", "900004", "--format", "ndjson"]),
    ("lineage", &["lineage", "Inkwash Lines", "--list", "5"]),
    ("lineage_json", &["lineage", "7100", "--list", "3", "--format", "json"]),
    ("export_links", &["export", "links", "--format", "ndjson"]),
    ("export_versions", &["export", "versions", "--format", "ndjson"]),
];

#[test]
fn answers_are_those_that_were_agreed_on() {
    let home = Home::new();
    let bundled = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/api/demo/site.ndjson.gz");
    assert_eq!(home.run(&["import", bundled, "-q"]).code, 0);
    for (name, arguments) in ANSWERS {
        let answer = home.run(arguments);
        let data: Vec<&str> = answer.stdout.lines().take(60).collect();
        assert!(!data.is_empty() || answer.code != 0, "{name} printed nothing");
        let data = data.join("\n");
        let talk = if answer.code == 0 { String::new() } else { answer.stderr };
        let printed = format!("{}\n{talk}exit code {}", data, answer.code);
        insta::assert_snapshot!(name, printed);
    }
}
