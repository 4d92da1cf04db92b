//! A version's picture that nobody numbered is the site's image with the same media key, whatever came first.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use stemmata::catalog::{Batch, BatchReport, CatalogError, RawBlock, Record, raw_hash};
use stemmata::entity::{ImageKey, ImageName, Timestamp, VersionId};
use stemmata::feed::{FeedOptions, Feeder, catch_up};
use stemmata::run::RunContext;
use stemmata::search::{SearchSettings, search};
use stemmata::source::civitai::{Context, ItemKind, MetaRequest, convert};
use stemmata_index::Reader;

use crate::support::home::Home;

const VERSIONS: [u64; 3] = [1, 2, 3];

const QUERIES: [&str; 7] = ["", "paper", "own", "lora:kite", "posted_for:1", "posted_for:2", "posted_for:3"];

/// One document of the site.
#[derive(Clone, Debug)]
struct Document {
    kind: ItemKind,
    value: Value,
}

fn media_key(number: u64) -> String {
    format!("0000000{number}-1111-4222-8333-444455556666")
}

/// Images 1 to 6 share two media keys by threes; the others have their own.
fn key_of(id: u64) -> String {
    media_key(if id <= 6 { id % 2 } else { id })
}

fn meta(prompt: &str) -> Value {
    json!({ "prompt": prompt, "resources": [{ "type": "lora", "name": "kite", "hash": "aabbccddeeff" }] })
}

fn full_image(id: u64, user: Option<&str>, post: Option<u64>, has_meta: bool) -> Document {
    let key = key_of(id);
    let mut value = json!({
        "id": id, "url": format!("https://image.civitai.com/x/{key}/original=true/{key}.jpeg"),
        "width": 512, "height": 768, "type": "image", "createdAt": "2023-02-01T00:00:00.000Z",
        "postId": post, "username": user, "stats": { "likeCount": id },
    });
    if has_meta {
        value["meta"] = meta(&format!("own {id}"));
    }
    Document { kind: ItemKind::Image, value }
}

/// A picture as versions had it before file names were numbers.
fn numberless(key: &str, has_meta: bool) -> Value {
    let mut value = json!({
        "url": format!("https://imagecache.civitai.com/x/{key}/width=450"), "width": 512, "height": 768,
    });
    if has_meta {
        value["meta"] = meta(&format!("paper {key}"));
    }
    value
}

fn numbered(id: u64) -> Value {
    let key = key_of(id);
    json!({ "url": format!("https://image.civitai.com/x/{key}/width=450/{id}"), "width": 512, "height": 768 })
}

fn model_of(version: u64) -> u64 {
    version.div_ceil(2)
}

fn version(id: u64, images: &[Value]) -> Document {
    let value = json!({ "id": id, "modelId": model_of(id), "name": format!("v{id}"), "images": images });
    Document { kind: ItemKind::Version, value }
}

fn model(id: u64, creator: &str) -> Document {
    let versions: Vec<Value> = VERSIONS
        .into_iter()
        .filter(|version| model_of(*version) == id)
        .map(|version| json!({ "id": version, "name": format!("v{version}") }))
        .collect();
    let value = json!({
        "id": id, "name": format!("M{id}"), "type": "LORA", "creator": { "username": creator },
        "modelVersions": versions,
    });
    Document { kind: ItemKind::Model, value }
}

/// Documents in any order: images that share keys, owners and posts, and versions that show them.
fn documents() -> impl Strategy<Value = Vec<Document>> {
    let user = prop::option::of(prop::sample::select(vec!["ann", "bob"]));
    let post = prop::option::of(70_u64..72);
    let images = prop::collection::vec(prop::option::weighted(0.7, (user, post, any::<bool>())), 8);
    let pictures = prop::collection::vec(prop::option::of(any::<bool>()), 3);
    let named = prop::collection::vec(1_u64..=8, 0..3);
    let versions = prop::collection::vec((pictures, named), VERSIONS.len());
    let creators = prop::collection::vec(prop::option::of(prop::sample::select(vec!["ann", "bob"])), 2);
    (images, versions, creators)
        .prop_map(|(images, versions, creators)| {
            let images = (1..).zip(images).filter_map(|(id, image)| {
                image.map(|(user, post, has_meta)| full_image(id, user, post, has_meta))
            });
            let versions = VERSIONS.into_iter().zip(versions).map(|(id, (pictures, named))| {
                let pictures = (0..).zip(pictures).filter_map(|(number, has_meta)| {
                    // No image has the third key, and every picture of one key says the same or nothing.
                    Some(numberless(&media_key([0, 1, 9][number]), has_meta?))
                });
                let images: Vec<Value> = pictures.chain(named.into_iter().map(numbered)).collect();
                version(id, &images)
            });
            let models =
                (1..).zip(creators).filter_map(|(id, creator)| creator.map(|creator| model(id, creator)));
            images.chain(versions).chain(models).collect::<Vec<_>>()
        })
        .prop_flat_map(|documents| Just(documents).prop_shuffle())
}

fn write(home: &mut Home, documents: &[Document]) -> BatchReport {
    let texts: Vec<String> = documents.iter().map(|document| document.value.to_string()).collect();
    let records = documents.iter().zip(&texts).zip(0..).map(|((document, text), raw_position)| {
        let context = Context {
            kind: Some(document.kind),
            meta_request: MetaRequest::Unknown,
            returned_for: None,
            dialect: None,
            document: b"a test",
            position: 0,
        };
        let converted = convert(text, &context).expect("a document of the site");
        assert_eq!(converted.warnings, [], "{text}");
        Record { item: converted.item, raw_position, raw_hash: raw_hash(text) }
    });
    let batch = Batch {
        stage: "import",
        source: "a test".to_owned(),
        at: Timestamp::from_millis(1_000).expect("in range"),
        records: records.collect(),
        raw: RawBlock::pack(&texts.iter().map(String::as_str).collect::<Vec<_>>()).expect("packs"),
        crawl: None,
    };
    home.catalog.write(&batch).expect("writes")
}

/// Every image in the order of an export, with the generation that last changed it.
fn exported(home: &Home) -> Vec<(String, u64, ImageKey)> {
    let mut lines = Vec::new();
    let visited = home.catalog.for_each_named_image::<CatalogError>(|image| {
        let row = &image.row;
        let meta = (row.meta, &row.generation_data);
        let facts = (row.dialects, &row.url, &row.username, row.post, row.stats, row.created_at, meta);
        lines.push((format!("{:?} {} {facts:?}", image.name, image.media), row.generation, row.key));
        Ok(())
    });
    visited.expect("the catalog is readable");
    lines
}

fn name_of(home: &Home, key: ImageKey) -> ImageName {
    home.catalog.image_name(key).expect("reads").expect("it has a name")
}

/// Everything that readers of the catalog can see, without numbers that depend on the order of arrival.
fn visible(home: &Home) -> Vec<String> {
    let catalog = &home.catalog;
    let mut lines = Vec::new();
    for (line, _, key) in exported(home) {
        lines.push(line);
        lines.push(format!("posted for {:?}", catalog.posted_for(key).expect("reads")));
        let mut uses: Vec<String> = catalog
            .resources_of(key)
            .expect("reads")
            .into_iter()
            .map(|used| format!("{:?} {:?}", catalog.resource_name(used.resource), used.sources))
            .collect();
        uses.sort();
        lines.push(format!("uses {uses:?}"));
        let media = catalog.media_of_image(key).expect("reads").expect("it has a media");
        let same: BTreeSet<ImageName> = catalog
            .images_of_media(media)
            .expect("reads")
            .into_iter()
            .map(|key| name_of(home, key))
            .collect();
        lines
            .push(format!("same bytes {same:?} {}", catalog.shared_media().expect("reads").contains(&media)));
    }
    for id in VERSIONS {
        let mut posted = BTreeSet::new();
        let id = VersionId::new(id).expect("not zero");
        catalog
            .for_each_posted(id, |key, _| {
                posted.insert(name_of(home, key));
            })
            .expect("reads");
        lines.push(format!("version {id} {posted:?}"));
    }
    let mut used = BTreeSet::new();
    catalog
        .for_each_usage(|usage| {
            used.insert(name_of(home, usage.image));
        })
        .expect("reads");
    let stats = catalog.stats().expect("reads");
    lines.push(format!("used {used:?} images {} media {}", stats.images, stats.media));
    lines
}

/// What the index in a folder answers.
fn answers(home: &Home, folder: &std::path::Path) -> Vec<String> {
    let reader = Reader::open(folder).expect("opens");
    let answer = |query: &&str| {
        let settings = SearchSettings { limit: Some(100), ..SearchSettings::default() };
        let page = search(&home.catalog, &reader, query, &settings).expect("answers");
        let names: BTreeSet<ImageName> = page.hits.into_iter().map(|hit| hit.image.name).collect();
        format!("{query}: {} {names:?}", page.total)
    };
    QUERIES.iter().map(answer).collect()
}

fn options() -> FeedOptions {
    FeedOptions { threads: 1, memory_bytes: 16 << 20 }
}

/// Writes the documents in batches of this size.
fn arrive(documents: &[Document], batch: usize) -> Home {
    let mut home = Home::new();
    for documents in documents.chunks(batch) {
        write(&mut home, documents);
    }
    home
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_arrival_does_not_matter(documents in documents(), batch in 1_usize..5) {
        let mut sorted = documents.clone();
        sorted.sort_by_key(|document| document.value.to_string());
        let expected = arrive(&sorted, sorted.len().max(1));
        let mut home = arrive(&documents, batch);
        let seen = visible(&home);
        prop_assert_eq!(&seen, &visible(&expected));

        let before = exported(&home);
        for documents in documents.chunks(batch) {
            let again = write(&mut home, documents).images;
            prop_assert_eq!((again.new, again.changed), (0, 0));
        }
        prop_assert_eq!(before, exported(&home));
        prop_assert_eq!(seen, visible(&home));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn an_index_that_followed_answers_like_one_that_was_rebuilt(documents in documents(), batch in 2_usize..8) {
        let mut home = Home::new();
        let (followed, rebuilt) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let mut feeder = Feeder::open(followed.path(), options()).expect("opens");
        for documents in documents.chunks(batch) {
            write(&mut home, documents);
            feeder.take(&home.catalog, &RunContext::quiet()).expect("feeds");
            feeder.commit().expect("commits");
        }
        catch_up(&home.catalog, rebuilt.path(), options(), &RunContext::quiet()).expect("feeds");
        let answered = answers(&home, followed.path());
        prop_assert_eq!(&answered, &answers(&home, rebuilt.path()));
        let all = format!(": {} ", exported(&home).len());
        prop_assert!(answered.first().is_some_and(|line| line.starts_with(&all)), "{:?}", answered);
    }
}

#[test]
fn a_picture_that_turned_out_to_be_an_image_leaves_the_export_and_the_index() {
    let picture = version(1, &[numberless(&key_of(1), true)]);
    let image = full_image(1, Some("ann"), None, false);
    let mut home = Home::new();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let feed = |home: &Home| {
        catch_up(&home.catalog, folder.path(), options(), &RunContext::quiet()).expect("feeds");
        answers(home, folder.path())
    };

    write(&mut home, &[picture]);
    let numberless = match exported(&home).as_slice() {
        [(_, _, key)] => *key,
        others => panic!("one image expected: {others:?}"),
    };
    assert_eq!(numberless.site_id(), None);
    assert!(feed(&home).iter().any(|line| line.starts_with("posted_for:1: 1 {Url(")));

    write(&mut home, &[image]);
    let keys: Vec<ImageKey> = exported(&home).into_iter().map(|(_, _, key)| key).collect();
    assert_eq!(keys.iter().map(|key| key.get()).collect::<Vec<_>>(), [1]);
    let hit = ": 1 {Site(ImageId(1))}";
    assert_eq!(
        feed(&home),
        QUERIES.map(|query| match query {
            "" | "paper" | "lora:kite" | "posted_for:1" => format!("{query}{hit}"),
            _ => format!("{query}: 0 {{}}"),
        })
    );
    let answered = home.catalog.image(numberless).expect("reads").expect("it is known");
    assert_eq!(Some(answered.key), keys.first().copied());
    let facts = home.catalog.image_facts(numberless).expect("reads").expect("it is known");
    assert_eq!(Some(facts.key), keys.first().copied());
    let named = home.catalog.named_image(numberless).expect("reads").expect("it is known");
    assert_eq!(Some(named.row.key), keys.first().copied());
}
