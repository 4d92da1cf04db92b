//! Reports from the index are those of reading the whole catalog.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use stemmata::catalog::{Batch, Catalog, RawBlock, Record, raw_hash};
use stemmata::entity::{
    Air, Dialect, FileHash, FileId, GenerationData, HashKind, HexHash, Image, ImageId, ImageName, Item,
    Media, MediaIdentity, MediaKey, MetaState, Model, ModelFile, ModelId, ModelStats, ModelVersion,
    PublishState, Resource, ResourceKind, ResourceSources, ResourceUse, Timestamp, VersionId,
};
use stemmata::feed::{self, FeedOptions};
use stemmata::lineage::{self, Inputs, Options, Period, Scope, Wanted};
use stemmata::link;
use stemmata::run::RunContext;
use stemmata_index::Reader;

use crate::support::cli;
use crate::support::home::Home;
use crate::support::paint;

/// Versions of the two models.
const VERSIONS: [[u64; 2]; 2] = [[11, 12], [21, 22]];

/// How many references [`resource`] knows.
const RESOURCES: usize = 14;

#[derive(Clone, Debug)]
struct Picture {
    id: u64,
    media: u8,
    hidden: bool,
    created_ms: Option<i64>,
    published_ms: Option<i64>,
    sampler: Option<&'static str>,
    username: Option<&'static str>,
    steps: Option<u32>,
    cfg: Option<f64>,
    seed: Option<i128>,
    prompt: Option<&'static str>,
    negative: Option<&'static str>,
    uses: BTreeMap<usize, Option<f64>>,
}

fn picture() -> impl Strategy<Value = Picture> {
    let facts = (1..12_u64, 0..4_u8, proptest::bool::weighted(0.15), of(0..50_i64), of(50..99_i64));
    let words =
        (of(select(vec!["euler", " euler ", "", "dpmpp_2m"])), of(select(vec!["ann", "Bob", "bob ", " "])));
    let seeds = vec![0, 7, -1, i128::from(i64::MIN), i128::from(u64::MAX), i128::from(i64::MAX) + 1];
    let numbers = (of(1..40_u32), of(select(vec![1.0, 3.5, 7.0, -0.0])), of(select(seeds)));
    let prompts =
        vec!["", " ", ",", "(Red_Hair:1.2), castle, 1girl", "castle, castle", "1girl, <lora:x:1>, red hair"];
    let texts = (of(select(prompts.clone())), of(select(prompts)));
    let weight = of(select(vec![0.0, 0.5, -1.0, f64::MAX, f64::INFINITY]));
    (facts, words, numbers, texts, btree_map(0..RESOURCES, weight, 0..6)).prop_map(
        |(facts, words, numbers, (prompt, negative), uses)| {
            let (id, media, hidden, created_ms, published_ms) = facts;
            let ((sampler, username), (steps, cfg, seed)) = (words, numbers);
            Picture {
                id,
                media,
                hidden,
                created_ms,
                published_ms,
                sampler,
                username,
                steps,
                cfg,
                seed,
                prompt,
                negative,
                uses,
            }
        },
    )
}

impl Picture {
    fn item(&self) -> Item {
        let data = GenerationData {
            sampler: self.sampler.map(str::to_owned),
            steps: self.steps,
            cfg: self.cfg,
            seed: self.seed,
            prompt: self.prompt.map(str::to_owned),
            negative_prompt: self.negative.map(str::to_owned),
            ..GenerationData::default()
        };
        let sources = if self.hidden { ResourceSources::ITEM_INDEX } else { ResourceSources::RESOURCES };
        Item::Image(Box::new(Image {
            name: ImageName::Site(ImageId::new(self.id).expect("not zero")),
            dialect: Dialect::Index,
            media: Media {
                identity: MediaIdentity::Key(MediaKey::from_bytes([self.media; 16])),
                blurhash: None,
                // What one picture is, it is in every document that says so; some say nothing.
                width: (self.media > 0 && !self.id.is_multiple_of(3)).then_some(self.media.into()),
                height: (self.media > 0 && self.id % 3 > 1).then_some(2),
            },
            url: None,
            media_type: None,
            nsfw_level: None,
            created_at: self.created_ms.and_then(Timestamp::from_millis),
            published_at: self.published_ms.and_then(Timestamp::from_millis),
            post: None,
            username: self.username.map(str::to_owned),
            base_model: None,
            stats: None,
            tags: vec![],
            meta: if self.hidden { MetaState::Hidden } else { MetaState::Present },
            generation: if self.hidden { GenerationData::default() } else { data },
            resources: self
                .uses
                .iter()
                .map(|(number, weight)| ResourceUse {
                    resource: resource(*number),
                    weight: weight.filter(|_| !self.hidden),
                    sources,
                })
                .collect(),
            remix_of: None,
            posted_for: vec![],
        }))
    }
}

/// The references that images make: by id, AIR and hash, by name alone, and to what nobody knows.
fn resource(number: usize) -> Resource {
    let bare = Resource { kind: ResourceKind::Lora, name: None, hash: None, version: None, air: None };
    let id = VERSIONS.as_flattened()[number % 4];
    match number {
        0..4 => Resource { version: VersionId::new(id), ..bare },
        4..8 => Resource { hash: HexHash::parse(&sha256(id)[..10]), ..bare },
        8..12 => Resource { name: Some(format!("file{id}")), ..bare },
        12 => {
            Resource { air: ModelId::new(1).map(|model| Air { model, version: VersionId::new(11) }), ..bare }
        }
        _ => Resource { name: Some("nobody knows".to_owned()), ..bare },
    }
}

fn sha256(version: u64) -> String {
    format!("{:016x}", version.wrapping_mul(0x9E37_79B9_7F4A_7C15)).repeat(4)
}

fn model(id: u64, versions: [u64; 2]) -> Item {
    let model = Model {
        id: ModelId::new(id).expect("not zero"),
        name: Some(format!("Model {id}")),
        description: None,
        kind: Some("LORA".to_owned()),
        nsfw: None,
        nsfw_level: None,
        poi: None,
        allow_commercial_use: vec![],
        allow_no_credit: None,
        allow_derivatives: None,
        allow_different_license: None,
        mode: None,
        availability: None,
        stats: ModelStats::default(),
        creator: None,
        tags: vec![],
        versions: versions.map(|version| self::version(id, version)).into(),
        lists_all_versions: false,
    };
    Item::Model(Box::new(model), vec![])
}

fn version(model: u64, id: u64) -> ModelVersion {
    let hash = |kind, digits: &str| FileHash { kind, value: HexHash::parse(digits).expect("hexadecimal") };
    ModelVersion {
        id: VersionId::new(id).expect("not zero"),
        model: ModelId::new(model),
        model_name: None,
        model_kind: None,
        name: Some(format!("v{id}")),
        description: None,
        base_model: None,
        base_model_type: None,
        trained_words: vec![],
        created_at: None,
        published_at: None,
        state: PublishState::Published,
        nsfw_level: None,
        air: None,
        stats: ModelStats::default(),
        files: vec![ModelFile {
            id: FileId::new(id),
            name: Some(format!("file{id}.safetensors")),
            kind: Some("Model".to_owned()),
            size_bytes: None,
            format: None,
            size_class: None,
            precision: None,
            primary: true,
            hashes: vec![hash(HashKind::Sha256, &sha256(id)), hash(HashKind::AutoV2, &sha256(id)[..10])],
            download_url: None,
        }],
    }
}

fn inputs<'a>(catalog: &'a Catalog, scope: &'a Scope) -> Inputs<'a> {
    Inputs { catalog, scope, period: Period::default(), copies: None, options: Options::default() }
}

/// Writes a batch, and brings links and index up to it.
fn write(catalog: &mut Catalog, index: &Path, items: Vec<Item>) {
    let texts: Vec<String> = items.iter().map(|item| format!("{item:?}")).collect();
    let raw: Vec<&str> = texts.iter().map(String::as_str).collect();
    let batch = Batch {
        stage: "import",
        source: "a test".to_owned(),
        at: Timestamp::from_millis(1_000).expect("in range"),
        raw: RawBlock::pack(&raw).expect("packs"),
        records: items
            .into_iter()
            .zip(&texts)
            .enumerate()
            .map(|(position, (item, text))| Record {
                item,
                raw_position: u32::try_from(position).expect("few"),
                raw_hash: raw_hash(text),
            })
            .collect(),
        crawl: None,
    };
    catalog.write(&batch).expect("writes");
    link::catch_up(catalog, &RunContext::quiet()).expect("links");
    let options = FeedOptions { threads: 1, memory_bytes: 0 };
    feed::catch_up(catalog, index, options, &RunContext::quiet()).expect("indexes");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_index_gives_the_report_of_the_catalog(rounds in vec(vec(picture(), 1..12), 1..4)) {
        let mut home = Home::new();
        let index = home.path().with_file_name("index");
        let models = [model(1, VERSIONS[0]), model(2, VERSIONS[1])];
        write(&mut home.catalog, &index, models.into());
        for pictures in rounds {
            write(&mut home.catalog, &index, pictures.iter().map(Picture::item).collect());
        }
        let reader = Reader::open(&index).expect("opens");
        prop_assert!(lineage::is_current(&home.catalog, &reader).expect("reads"));
        for wanted in ["model:1", "model:2", "version:11", "version:12", "version:21"] {
            let scope = lineage::find_scope(&home.catalog, &Wanted::parse(wanted)).expect("is there");
            for (list, since) in [(0, None), (1, None), (20, None), (20, Some(20))] {
                let period = Period { since: since.and_then(Timestamp::from_millis), until: None };
                let inputs = Inputs { options: Options { list }, period, ..inputs(&home.catalog, &scope) };
                let read = lineage::report(&inputs).expect("reads");
                let asked = lineage::report_from_index(&inputs, &reader).expect("asks");
                let (read, asked) = (serde_json::json!(read), serde_json::json!(asked));
                prop_assert_eq!(read, asked, "{} {}", wanted, list);
            }
        }
    }
}

#[test]
fn an_index_that_lacks_an_image_is_not_current_and_one_that_lacks_links_is() {
    let mut home = Home::new();
    let index = home.path().with_file_name("index");
    let uses = BTreeMap::from([(4, None)]);
    let picture = Picture {
        id: 1,
        media: 1,
        hidden: false,
        created_ms: None,
        published_ms: None,
        sampler: None,
        username: None,
        steps: None,
        cfg: None,
        seed: None,
        prompt: None,
        negative: None,
        uses,
    };
    write(&mut home.catalog, &index, vec![picture.item()]);
    let reader = Reader::open(&index).expect("opens");
    let later = home.path().with_file_name("later");
    let is_current = |catalog: &Catalog| lineage::is_current(catalog, &reader).expect("reads");
    assert!(is_current(&home.catalog));
    write(&mut home.catalog, &later, vec![model(1, VERSIONS[0])]);
    assert!(is_current(&home.catalog), "a model and the links to it are not in the index");
    let scope = lineage::find_scope(&home.catalog, &Wanted::parse("version:11")).expect("is there");
    let report = lineage::report_from_index(&inputs(&home.catalog, &scope), &reader).expect("asks");
    assert_eq!(report.images, 1, "links are bound when the question is asked");
    write(&mut home.catalog, &later, vec![Picture { id: 2, ..picture }.item()]);
    assert!(!is_current(&home.catalog));
    assert!(
        !lineage::is_current(&Home::new().catalog, &reader).expect("reads"),
        "an index of another catalog"
    );
    // A catalog that has the generations of the index and no images, but other batches.
    let mut twin = Home::new();
    let elsewhere = twin.path().with_file_name("index");
    for _ in 1..=3 {
        let models = vec![model(1, VERSIONS[0]), model(2, VERSIONS[1])];
        write(&mut twin.catalog, &elsewhere, models);
    }
    assert!(reader.generation() <= twin.catalog.generation().expect("reads"));
    assert!(!is_current(&twin.catalog), "an index of another catalog of the same generation");
}

#[test]
fn the_command_gives_the_same_report_with_and_without_an_index_and_says_which_one_it_lacks() {
    let home = cli::Home::new();
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/api/demo/site.ndjson.gz");
    let bundled = bundled.to_str().expect("a path in UTF-8");
    assert_eq!(home.run(&["import", bundled, "--no-index", "-q"]).code, 0);
    let ask = || home.run(&["lineage", "Inkwash Lines", "--format", "json"]);
    let without = ask();
    assert!(without.stderr.contains("there is no index"), "{}", without.stderr);
    assert_eq!(home.run(&["index", "update", "-q"]).code, 0);
    // Whoever brings the index up to date looks for copies too.
    let with_copies = ask().json();
    assert!(with_copies["counts"]["made_with_distinct"].is_u64(), "{with_copies}");
    std::fs::remove_dir_all(home.path().join("near")).expect("it was kept");
    let with = ask();
    assert_eq!((with.code, with.stderr.as_str()), (0, ""));
    assert_eq!(with.stdout, without.stdout);
    let report: Value = with.json();
    assert!(report["images"].as_u64() > Some(0), "{report}");
    assert!(!report["co_used"].as_array().expect("a list").is_empty(), "{report}");
}

#[test]
fn copies_that_were_looked_for_count_once_and_those_that_were_not_are_unknown() {
    let home = demo();
    let models = home.run(&["lineage", "Inkwash Lines", "--format", "json"]).json();
    let files = models["versions"][0]["files"].as_array().expect("a list");
    let hashes = files.iter().filter_map(|file| file["hashes"].as_object()).flatten();
    let (_, sha256) = hashes.into_iter().find(|(kind, _)| kind.as_str() == "SHA256").expect("a hash");
    let short = sha256.as_str().expect("digits")[..10].to_owned();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (one, other) = (paint::paint(1, 640, 480), paint::paint(2, 640, 480));
    let smaller = image::imageops::resize(&one, 480, 360, image::imageops::FilterType::Triangle);
    for (seed, picture) in (1..).zip([&one, &one, &smaller, &other]) {
        let text =
            format!("a kite\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: {seed}, Model hash: {short}");
        let png = crate::dupes::with_text(&paint::png(picture), "parameters", &text);
        std::fs::write(folder.path().join(format!("{seed}.png")), png).expect("writable");
    }
    let root = folder.path().to_str().expect("a path in UTF-8");
    assert_eq!(home.run(&["scan", root, "--fingerprints", "-q"]).code, 0);
    assert_eq!(home.run(&["index", "update", "-q"]).code, 0);
    std::fs::remove_dir_all(home.path().join("near")).expect("it was kept");
    let counted = || {
        let report = home.run(&["lineage", "--query", "a kite seed:1..4", "--format", "json"]).json();
        (report["counts"].clone(), report["copies"].clone())
    };
    let (counts, copies) = counted();
    assert_eq!((&counts["made_with"], &counts["made_with_deduplicated"]), (&4.into(), &4.into()), "{counts}");
    assert_eq!((&counts["made_with_distinct"], &copies), (&Value::Null, &Value::Null));
    assert_eq!(home.run(&["dupes", "-q"]).code, 0);
    let (counts, copies) = counted();
    assert_eq!(counts["made_with_distinct"], 2, "{counts}");
    assert_eq!((&copies["weakest"], &copies["outdated"]), (&"re_encode".into(), &false.into()));
    let of = |report: &Value| {
        report["counts"]["made_with"].as_u64().zip(report["counts"]["made_with_distinct"].as_u64())
    };
    let (all, distinct) =
        of(&home.run(&["lineage", "Inkwash Lines", "--json"]).json()).expect("both are known");
    assert!(distinct <= all - 2, "{distinct} of {all}");
}

/// A naive ranking: for each model every image is asked, by its own resources.
fn naive_ranking(pictures: &BTreeMap<u64, Picture>) -> Vec<(u64, u64, u64, u64)> {
    let mut rows: Vec<(u64, u64, u64, u64)> = (1..=2)
        .map(|model| {
            // References by id and by hash count; those by name, and those that nobody knows, do not. Number 12 is an AIR
            // of version 11.
            let counts = |picture: &&Picture| {
                picture.uses.keys().any(|number| match number {
                    0..8 => VERSIONS[model as usize - 1].contains(&VERSIONS.as_flattened()[number % 4]),
                    12 => model == 1,
                    _ => false,
                })
            };
            let made: Vec<&Picture> =
                pictures.values().filter(|picture| !picture.hidden).filter(counts).collect();
            let media: std::collections::BTreeSet<u8> = made.iter().map(|picture| picture.media).collect();
            let owners: std::collections::BTreeSet<&str> = made
                .iter()
                .filter_map(|picture| picture.username.map(str::trim).filter(|name| !name.is_empty()))
                .collect();
            (model, made.len() as u64, media.len() as u64, owners.len() as u64)
        })
        .filter(|row| row.1 > 0)
        .collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.1), row.0));
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_ranking_is_that_of_asking_every_image_for_every_model(pictures in vec(picture(), 1..20)) {
        let mut home = Home::new();
        let index = home.path().with_file_name("index");
        let models = [model(1, VERSIONS[0]), model(2, VERSIONS[1])];
        write(&mut home.catalog, &index, models.into());
        // An image is said once here: what two documents say of one is put together elsewhere.
        let pictures: BTreeMap<u64, Picture> = pictures
            .into_iter()
            .filter(|picture| !picture.hidden)
            .map(|picture| (picture.id, picture))
            .collect();
        write(&mut home.catalog, &index, pictures.values().map(Picture::item).collect());
        let reader = Reader::open(&index).expect("opens");
        let asked = lineage::ranking(&home.catalog, Some(&reader), Period::default(), 9).expect("asks");
        let read = lineage::ranking(&home.catalog, None, Period::default(), 9).expect("reads");
        prop_assert_eq!(&asked, &read);
        let found: Vec<(u64, u64, u64, u64)> = asked
            .rows
            .iter()
            .map(|row| (row.model.get(), row.images, row.images_deduplicated, row.creators))
            .collect();
        prop_assert_eq!(found, naive_ranking(&pictures));
        let first = lineage::ranking(&home.catalog, Some(&reader), Period::default(), 1).expect("asks");
        prop_assert_eq!((first.models, first.rows.as_slice()), (asked.models, &asked.rows[..asked.rows.len().min(1)]));
    }
}

/// A home with the site of the demo, indexed.
fn demo() -> cli::Home {
    let home = cli::Home::new();
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/api/demo/site.ndjson.gz");
    assert_eq!(home.run(&["import", bundled.to_str().expect("a path in UTF-8"), "-q"]).code, 0);
    home
}

#[test]
fn every_scope_of_the_command_reports_on_its_images() {
    let home = demo();
    let ask = |flags: &[&str]| home.run(&[&["lineage", "--format", "json"], flags].concat());
    let ranked = ask(&["--top", "3"]).json();
    let rows = ranked["models"].as_array().expect("a list").clone();
    assert_eq!(rows.len(), 3, "{ranked}");
    let counts: Vec<u64> = rows.iter().filter_map(|row| row["images"].as_u64()).collect();
    assert!(counts.is_sorted_by(|a, b| a >= b) && counts[0] > 0, "{counts:?}");
    let first = &rows[0];
    let model = ask(&[&first["model"].to_string()]).json();
    for (ranked, reported) in [
        ("images", "made_with"),
        ("images_deduplicated", "made_with_deduplicated"),
        ("posted_for", "posted_for"),
    ] {
        assert_eq!(first[ranked], model["counts"][reported], "{ranked}");
    }
    let creator = ask(&["--creator", first["creator"].as_str().expect("a creator")]).json();
    assert_eq!(creator["scope"]["kind"], "creator");
    assert!(creator["images"].as_u64() >= model["images"].as_u64());
    let base = model["ancestry"]["base_models"][0]["name"].as_str().expect("a base model").to_owned();
    assert!(ask(&["--base", &base]).json()["images"].as_u64() > Some(0));
    let query = ask(&["--query", &format!("model_id:{}", first["model"])]).json();
    assert_eq!(
        (&query["scope"]["kind"], query["versions"].as_array().map(Vec::len)),
        (&"query".into(), Some(0))
    );
    assert!(query["images"].as_u64() >= model["images"].as_u64(), "a query also finds names");
    let copies = ask(&["--query", "age:<9999d is:dup"]).json();
    assert!(copies["images"].as_u64() > Some(0), "what search can ask of copies and dates, reports can");
    for (flags, code) in [
        (&["--creator", "nobody at all"][..], 4),
        (&["--query", "sampler:"], 2),
        (&["--since", "yesterday", "1"], 2),
        (&["--since", "2024", "--until", "2023", "1"], 2),
        (&[], 2),
        (&["--top", "3", "1"], 2),
    ] {
        let answer = ask(flags);
        assert_eq!((answer.code, answer.stdout.as_str()), (code, ""), "{flags:?} {}", answer.stderr);
    }
}

#[test]
fn saved_reports_are_compared_like_fresh_ones_and_other_files_are_refused() {
    let home = demo();
    let save = |name: &str, flags: &[&str]| {
        let answer = home.run(&[&["lineage", "--format", "json"], flags].concat());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        std::fs::write(home.path().join(name), answer.stdout).expect("writable");
    };
    save("a.json", &["Inkwash Lines"]);
    let compare = |a: &str, b: &str| home.run(&["lineage", "--compare", a, b, "--format", "json"]);
    let fresh = compare("Inkwash Lines", "Inkwash Lines").json();
    assert_eq!(compare("a.json", "Inkwash Lines").json(), fresh);
    assert!(
        fresh["numbers"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|number| { number["change"].is_null() || number["change"].as_f64() == Some(0.0) })
    );
    let parts = home.run(&["lineage", "Inkwash Lines", "--compare-at", "2024-01", "--format", "json"]).json();
    let images = &parts["numbers"][0];
    let report: Value =
        serde_json::from_slice(&std::fs::read(home.path().join("a.json")).expect("there")).expect("JSON");
    let dated: u64 =
        report["weeks"].as_array().expect("a list").iter().filter_map(|week| week["images"].as_u64()).sum();
    assert_eq!(images["a"].as_f64().zip(images["b"].as_f64()).map(|(a, b)| a + b), Some(dated as f64));
    for (name, text) in [("b.json", "{"), ("c.json", "{\"schema\": 1}"), ("d.json", "[]")] {
        std::fs::write(home.path().join(name), text).expect("writable");
        let answer = compare("a.json", name);
        assert_eq!((answer.code, &answer.error()["code"]), (2, &"lineage.no_report".into()), "{text}");
    }
    assert_eq!(compare("a.json", "nowhere.json").code, 1);
    let text = home.run(&["lineage", "--compare", "a.json", "a.json"]);
    assert!(text.stdout.lines().all(|line| line.chars().count() <= 100), "{}", text.stdout);
}

#[test]
fn a_stamp_is_there_only_where_somebody_asks_and_explanations_follow_the_report() {
    let home = demo();
    let plain = home.run(&["lineage", "Inkwash Lines", "--json"]).json();
    assert!(plain.get("stamp").is_none());
    let stamped = home.run(&["lineage", "Inkwash Lines", "--json", "--stamp"]).json();
    assert!(stamped["stamp"]["generation"].as_u64() > Some(0));
    let told = home.run(&["lineage", "Inkwash Lines", "--explain"]);
    let (report, explanations) = told.stdout.split_once("What the figures mean").expect("a legend");
    assert_eq!(report.trim_end(), home.run(&["lineage", "Inkwash Lines"]).stdout.trim_end());
    for word in ["made_with:", "lift:", "themes:", "score:"] {
        assert!(explanations.contains(word), "{word}");
    }
}
