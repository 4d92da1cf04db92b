//! What one image costs on its way from text to an answer: read, pack, write, link, feed.
//!
//! Corpus: generated records, seed 1, 5,000 images over 2,000 versions. One item is one image.
//! Each stage runs alone on one thread, with the stages before it done outside the measured part; an import overlaps
//! them, so its rate is not the sum. Do not conclude anything about large catalogs: these fit the caches.

#[path = "support/records.rs"]
#[allow(dead_code, reason = "the generator and the tests use the rest")]
mod records;

use std::path::Path;

use divan::Bencher;
use divan::counter::ItemsCount;
use records::{Plan, Records};
use stemmata::catalog::{Access, Batch, Catalog, RawBlock, Record, raw_hash};
use stemmata::entity::Timestamp;
use stemmata::feed::{self, FeedOptions};
use stemmata::link;
use stemmata::run::RunContext;
use stemmata::source::civitai::{Context, MetaRequest, convert};

const IMAGES: u64 = 5_000;
const VERSIONS: u64 = 2_000;

fn main() {
    divan::main();
}

struct Corpus {
    models: Vec<String>,
    images: Vec<String>,
}

fn corpus() -> Corpus {
    let records = Records::new(Plan { images: IMAGES, versions: VERSIONS, seed: 1 });
    let lines = |bytes: Vec<u8>| -> Vec<String> {
        String::from_utf8(bytes).expect("records are UTF-8").lines().map(str::to_owned).collect()
    };
    let corpus = Corpus {
        models: lines(records.models().expect("models are written")),
        images: lines(records.images(0..IMAGES).expect("images are written")),
    };
    assert_eq!(corpus.images.len() as u64, IMAGES);
    corpus
}

fn context() -> Context<'static> {
    let meta_request = MetaRequest::Asked;
    Context { kind: None, meta_request, returned_for: None, dialect: None, document: b"bench", position: 0 }
}

fn batch(lines: &[String]) -> Batch {
    let texts: Vec<&str> = lines.iter().map(String::as_str).collect();
    let records = (0_u32..)
        .zip(&texts)
        .map(|(raw_position, text)| Record {
            item: convert(text, &context()).expect("a generated record converts").item,
            raw_position,
            raw_hash: raw_hash(text),
        })
        .collect();
    Batch {
        stage: "import",
        source: "bench".to_owned(),
        at: Timestamp::from_millis(0).expect("the epoch"),
        raw: RawBlock::pack(&texts).expect("packs"),
        records,
        crawl: None,
    }
}

fn catalog(folder: &Path) -> Catalog {
    Catalog::open(&folder.join("catalog.db"), Access::Write).expect("a new catalog opens")
}

fn written(corpus: &Corpus) -> (tempfile::TempDir, Catalog) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut catalog = catalog(folder.path());
    catalog.write(&batch(&corpus.models)).expect("models are stored");
    let report = catalog.write(&batch(&corpus.images)).expect("images are stored");
    assert_eq!(report.images.new, IMAGES);
    (folder, catalog)
}

#[divan::bench]
fn read(bencher: Bencher<'_, '_>) {
    let corpus = corpus();
    bencher.counter(ItemsCount::new(IMAGES)).bench(|| {
        corpus.images.iter().map(|text| convert(text, &context()).expect("converts")).collect::<Vec<_>>()
    });
}

#[divan::bench]
fn pack(bencher: Bencher<'_, '_>) {
    let corpus = corpus();
    let texts: Vec<&str> = corpus.images.iter().map(String::as_str).collect();
    bencher.counter(ItemsCount::new(IMAGES)).bench(|| RawBlock::pack(&texts).expect("packs"));
}

#[divan::bench(sample_count = 20)]
fn write(bencher: Bencher<'_, '_>) {
    let corpus = corpus();
    let batch = batch(&corpus.images);
    bencher
        .counter(ItemsCount::new(IMAGES))
        .with_inputs(|| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let catalog = catalog(folder.path());
            (folder, catalog)
        })
        .bench_refs(|(_, catalog)| catalog.write(&batch).expect("images are stored"));
}

#[divan::bench(sample_count = 20)]
fn link(bencher: Bencher<'_, '_>) {
    let corpus = corpus();
    bencher
        .counter(ItemsCount::new(IMAGES))
        .with_inputs(|| written(&corpus))
        .bench_refs(|(_, catalog)| link::catch_up(catalog, &RunContext::quiet()).expect("links"));
}

#[divan::bench(sample_count = 20)]
fn feed(bencher: Bencher<'_, '_>) {
    let corpus = corpus();
    let options = FeedOptions { threads: 1, ..FeedOptions::default() };
    bencher.counter(ItemsCount::new(IMAGES)).with_inputs(|| written(&corpus)).bench_refs(
        |(folder, catalog)| {
            let index = folder.path().join("index");
            let report = feed::catch_up(catalog, &index, options, &RunContext::quiet()).expect("feeds");
            assert_eq!(report.images, IMAGES);
        },
    );
}
