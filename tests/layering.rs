//! Arrows between modules point one way, and every outside crate has a home.
//!
//! The tables below are the plan; `src/` is read and held against them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

mod paths;
mod tokens;

use paths::{Target, macros, named};
use tokens::tokens;

/// A module of the library or the command, and what it may name beside itself: modules and the index
/// crate, whole or in part. The clock speaks in `entity::Timestamp`, so that whoever waits does too.
const MODULES: &[(&str, &[&str])] = &[
    ("entity", &[]),
    ("run", &["entity::Timestamp"]),
    ("page", &[]),
    ("parse", &["entity"]),
    ("source", &["entity", "parse"]),
    ("fetch", &["run", "entity::Timestamp"]),
    ("catalog", &["entity", "run"]),
    ("fingerprint", &["entity", "run", "stemmata_index::near"]),
    ("crawl", &["entity", "parse", "source", "fetch", "catalog", "run"]),
    ("link", &["entity", "catalog", "run", "stemmata_index::near"]),
    ("feed", &["entity", "catalog", "run", "stemmata_index"]),
    ("search", &["entity", "catalog", "run", "stemmata_index"]),
    ("lineage", &["entity", "catalog", "page", "run", "stemmata_index"]),
    ("cli", &["stemmata", "stemmata_index"]),
];

/// Outside crates that live in some modules only. Tests may use them for scaffolding.
const HOMES: &[(&str, &[&str])] = &[
    ("axum", &["cli"]),
    ("backon", &["fetch"]),
    ("blurhash", &["fingerprint"]),
    ("brotli_decompressor", &["fetch", "parse"]),
    ("ciborium", &["parse"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("crc32fast", &["crawl", "parse"]),
    ("governor", &["fetch"]),
    ("ignore", &["crawl"]),
    ("image", &["fingerprint"]),
    ("image_webp", &["fingerprint"]),
    ("indicatif", &["cli"]),
    ("memchr", &["fingerprint"]),
    ("notify", &["crawl"]),
    ("png", &["fingerprint"]),
    ("quick_xml", &["parse"]),
    ("reqwest", &["fetch"]),
    ("roaring", &["crawl"]),
    ("rusqlite", &["catalog"]),
    ("sha2", &["crawl", "parse"]),
    ("tantivy", &[]),
    ("terminal_size", &["cli"]),
    ("tokio", &["cli", "crawl", "fetch"]),
    ("toml", &["cli"]),
    ("tracing_subscriber", &["cli"]),
];

/// Outside crates that any module may use.
const EVERYWHERE: &[&str] = &[
    "blake3",
    "flate2",
    "globset",
    "jiff",
    "percent_encoding",
    "rayon",
    "serde",
    "serde_json",
    "thiserror",
    "tracing",
    "url",
    "zstd",
];

/// Macros that print.
const PRINTING: &[&str] = &["print", "println", "eprint", "eprintln", "dbg"];

/// Longest file, in lines.
const MOST_LINES: usize = 600;

/// One file of `src/`.
struct Source {
    /// From `src/`, with slashes.
    name: String,
    text: String,
}

impl Source {
    /// Its path from the root of its crate; `cli` and `main.rs` are a crate of their own.
    fn module(&self) -> Vec<String> {
        let stem = self.name.trim_end_matches(".rs");
        let stem = stem.strip_suffix("/mod").unwrap_or(stem);
        let root = stem == "lib" || stem == "main";
        if root { Vec::new() } else { stem.split('/').map(str::to_owned).collect() }
    }

    /// Its row in [`MODULES`]; `None` for `lib.rs`, which may name all that it declares.
    fn owner(&self) -> Option<String> {
        if self.name == "main.rs" { Some("cli".to_owned()) } else { self.module().into_iter().next() }
    }

    /// What it does against the tables, in the order of the file.
    fn faults(&self) -> Vec<String> {
        let tokens = tokens(&self.text);
        let Some(owner) = self.owner() else { return Vec::new() };
        let Some((_, may_name)) = MODULES.iter().find(|(module, _)| *module == owner) else {
            return vec![format!("{}: module `{owner}` is not in the table", self.name)];
        };
        let paths = named(&tokens, &self.module()).into_iter().filter_map(|path| {
            let named = match &path.target {
                Target::Ours(names) => forbidden_module(&owner, may_name, names)?,
                Target::Outside(names) => forbidden_crate(&owner, may_name, names, path.in_tests)?,
            };
            Some(format!("{}:{}: `{owner}` names `{named}`", self.name, path.line))
        });
        let prints = macros(&tokens)
            .into_iter()
            .filter(|(_, name)| owner != "cli" && PRINTING.contains(name))
            .map(|(line, name)| format!("{}:{line}: `{owner}` prints with `{name}!`", self.name));
        let lines = self.text.lines().count();
        let long =
            (lines > MOST_LINES).then(|| format!("{}: {lines} lines are more than {MOST_LINES}", self.name));
        paths.chain(prints).chain(long).collect()
    }
}

fn forbidden_module(owner: &str, may_name: &[&str], names: &[String]) -> Option<String> {
    let own = owner == "cli" || names.first().is_none_or(|first| first == owner);
    (!own && !covered(may_name, names)).then(|| format!("crate::{}", names.join("::")))
}

fn forbidden_crate(owner: &str, may_name: &[&str], names: &[String], in_tests: bool) -> Option<String> {
    let first = names.first()?;
    if first == "stemmata" || first == "stemmata_index" {
        return (!covered(may_name, names)).then(|| names.join("::"));
    }
    let (_, homes) = HOMES.iter().find(|(name, _)| name == first)?;
    (!in_tests && !homes.contains(&owner)).then(|| first.clone())
}

/// Whether one of the allowed paths is the named one or leads to it.
fn covered(may_name: &[&str], names: &[String]) -> bool {
    let named = names.join("::");
    may_name
        .iter()
        .any(|part| named.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files below `folder`, sorted by name.
fn sources(folder: &Path) -> Vec<Source> {
    let mut folders = vec![folder.to_owned()];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("the folder is part of the repository") {
            let path = entry.expect("the folder can be listed").path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "rs" => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let below = path.strip_prefix(folder).expect("it was found there");
            let names: Vec<_> = below.iter().map(|name| name.to_string_lossy()).collect();
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            Source { name: names.join("/"), text }
        })
        .collect()
}

#[test]
fn modules_name_only_what_the_table_allows() {
    let sources = sources(&root().join("src"));
    let owners: BTreeSet<String> = sources.iter().filter_map(Source::owner).collect();
    let planned: BTreeSet<String> = MODULES.iter().map(|(module, _)| (*module).to_owned()).collect();
    assert_eq!(owners, planned, "`src/` and the table have different modules");
    assert!(sources.len() >= 29, "only {} files were read", sources.len());

    let named: usize =
        sources.iter().map(|source| named(&tokens(&source.text), &source.module()).len()).sum();
    assert!(named > 2 * sources.len(), "only {named} paths were found");

    let faults: Vec<String> = sources.iter().flat_map(Source::faults).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn no_file_of_the_index_crate_is_too_long() {
    let sources = sources(&root().join("index/src"));
    assert!(sources.len() >= 3, "only {} files were read", sources.len());
    let long = sources.iter().filter(|source| source.text.lines().count() > MOST_LINES);
    let long: Vec<&str> = long.map(|source| source.name.as_str()).collect();
    assert!(long.is_empty(), "more than {MOST_LINES} lines: {long:?}");
}

#[test]
fn every_dependency_has_a_home() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest is UTF-8");
    let section = manifest.split("\n[").find_map(|section| section.strip_prefix("dependencies]\n"));
    let names: Vec<String> = section
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.split([' ', '=', '.']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(|name| name.replace('-', "_"))
        .collect();
    assert!(names.len() > 20, "only {} dependencies were read", names.len());
    let homeless: Vec<&String> = names
        .iter()
        .filter(|name| *name != "stemmata_index" && !EVERYWHERE.contains(&name.as_str()))
        .filter(|name| HOMES.iter().all(|(home, _)| home != name))
        .collect();
    assert!(homeless.is_empty(), "give these a row in HOMES or EVERYWHERE: {homeless:?}");
}

#[track_caller]
fn check(file: &str, text: &str, expected: &[&str]) {
    let source = Source { name: file.to_owned(), text: text.to_owned() };
    assert_eq!(source.faults(), expected);
}

#[test]
fn groups_are_opened() {
    check(
        "parse/block.rs",
        "use std::fmt;\nuse crate::{\n    entity::{Image, Item as Thing},\n    catalog::{self, Catalog},\n};",
        &[
            "parse/block.rs:4: `parse` names `crate::catalog`",
            "parse/block.rs:4: `parse` names `crate::catalog::Catalog`",
        ],
    );
}

#[test]
fn super_is_followed_out_of_the_module() {
    check(
        "parse/mod.rs",
        "use super::entity::Image; use super::fetch::Client;",
        &["parse/mod.rs:1: `parse` names `crate::fetch::Client`"],
    );
    check(
        "link/groups.rs",
        "mod tests { use super::*; use super::super::hygiene; use super::super::super::feed; }",
        &["link/groups.rs:1: `link` names `crate::feed`"],
    );
}

#[test]
fn paths_in_code_count_like_imports() {
    check(
        "run.rs",
        "fn f() -> crate::catalog::Catalog { <u8 as ::serde::Serialize>::g::<reqwest::Url>() }",
        &["run.rs:1: `run` names `crate::catalog::Catalog`", "run.rs:1: `run` names `reqwest`"],
    );
}

#[test]
fn a_part_of_a_module_is_not_the_whole() {
    check(
        "link/mod.rs",
        "use stemmata_index::near::Near; use stemmata_index::{near, query::Ast};",
        &["link/mod.rs:1: `link` names `stemmata_index::query::Ast`"],
    );
    check("feed/mod.rs", "use stemmata_index::{near, query::Ast};", &[]);
    check(
        "entity/mod.rs",
        "use stemmata_index::near::Near;",
        &["entity/mod.rs:1: `entity` names `stemmata_index::near::Near`"],
    );
}

#[test]
fn an_own_module_is_not_the_crate_of_the_same_name() {
    check("entity/mod.rs", "mod image;\npub use image::Image;", &[]);
    check("entity/hash.rs", "pub use image::Image;", &["entity/hash.rs:1: `entity` names `image`"]);
    check(
        "entity/hash.rs",
        "use image::{self as pictures};\nfn f() { pictures::open() }",
        &["entity/hash.rs:1: `entity` names `image`"],
    );
}

#[test]
fn comments_strings_and_lifetimes_are_no_code() {
    check(
        "run.rs",
        r###"
        /// See [`crate::catalog::X`]. /* no */ println!("x");
        /* outer /* crate::feed::Y */ println!() */
        const A: &str = "crate::link::Z \" println!()"; const B: &str = r#"reqwest::"a"b"#;
        fn f<'a>(x: &'a str) -> char { if x == "" { '"' } else { '\'' } }
        const C: &[u8] = b"use crate::search;"; const D: char = '\u{1F600}';
        use crate::lineage;
        "###,
        &["run.rs:7: `run` names `crate::lineage`"],
    );
}

#[test]
fn printing_belongs_to_the_command() {
    check("crawl/mod.rs", "fn f() { println!(); }", &["crawl/mod.rs:1: `crawl` prints with `println!`"]);
    check("main.rs", "fn main() { eprintln!(); }", &[]);
}

#[test]
fn tests_may_use_outside_crates_but_not_other_modules() {
    check(
        "fetch/tests.rs",
        "use axum::Router; use crate::catalog::Catalog;",
        &["fetch/tests.rs:1: `fetch` names `crate::catalog::Catalog`"],
    );
    check(
        "fetch/mod.rs",
        "use axum::Router;\nmod tests { use axum::Router; }",
        &["fetch/mod.rs:1: `fetch` names `axum`"],
    );
}

#[test]
fn a_module_or_a_file_beyond_the_plan_is_a_fault() {
    check("extra/mod.rs", "", &["extra/mod.rs: module `extra` is not in the table"]);
    check("run.rs", &"\n".repeat(601), &["run.rs: 601 lines are more than 600"]);
}
