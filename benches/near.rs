//! How long near-duplicates take without any pixels: BlurHash to feature, build, one query, all pairs.
//!
//! Corpus: seeded 4x4 BlurHashes. Amplitudes fall with frequency, colours follow brightness, contrast and size
//! are drawn as on the site; 5 % are near-copies of a shared picture with one digit in eight off by one.
//! Do not conclude anything about which pictures people would call alike: no picture is behind these texts.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use stemmata::fingerprint::blurhash::{Coefficients, Collector};
use stemmata_index::near::{Entry, NearSet};

#[path = "support/rng.rs"]
#[allow(dead_code, reason = "each user of the module takes a part of it")]
mod rng;

use rng::Rng;

/// The distance that `dupes` uses unless told otherwise.
const THRESHOLD: f32 = 0.30;

const ALPHABET: &[u8; 83] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

/// Width, height and weight of common sizes.
const SIZES: [(u32, u32, u64); 8] = [
    (832, 1216, 30),
    (512, 768, 38),
    (1024, 1024, 10),
    (1216, 832, 8),
    (896, 1152, 6),
    (512, 512, 5),
    (720, 1280, 2),
    (1152, 768, 1),
];

fn main() {
    divan::main();
}

fn push_digits(text: &mut String, value: usize, digits: u32) {
    for place in (0..digits).rev() {
        text.push(char::from(ALPHABET[value / 83_usize.pow(place) % 83]));
    }
}

/// The BlurHash of picture `seed`; a tweaked one has some digits off by one.
fn blurhash(seed: u64, mut tweaks: Option<Rng>) -> String {
    let mut rng = Rng::stream(seed, "picture", 0);
    let mut text = String::with_capacity(36);
    push_digits(&mut text, 3 + 3 * 9, 1);
    push_digits(&mut text, 8 + rng.below(45) as usize, 1);
    let light = 0.4 + 0.18 * rng.gauss();
    let mean = (0..3).fold(0, |mean, _| {
        let channel = (light + 0.06 * rng.gauss()).clamp(0.0, 1.0) * 255.0;
        mean << 8 | channel as usize
    });
    push_digits(&mut text, mean, 4);
    for wave in 1..16 {
        let spread = 4.2 / (1.0 + 0.35 * f64::from(wave % 4 + wave / 4));
        let luma = spread * rng.gauss();
        let value = (0..3).fold(0, |value, _| {
            let tweak = tweaks.as_mut().map_or(0.0, one_in_eight);
            let digit = (9.0 + luma + 0.35 * spread * rng.gauss()).round() + tweak;
            value * 19 + digit.clamp(0.0, 18.0) as usize
        });
        push_digits(&mut text, value, 2);
    }
    text
}

/// Usually 0, sometimes 1 or -1.
fn one_in_eight(rng: &mut Rng) -> f64 {
    match rng.below(16) {
        0 => 1.0,
        1 => -1.0,
        _ => 0.0,
    }
}

fn size(rng: &mut Rng) -> (u32, u32) {
    let mut left = rng.below(SIZES.iter().map(|size| size.2).sum());
    for (width, height, weight) in SIZES {
        if left < weight {
            return (width, height);
        }
        left -= weight;
    }
    (512, 512)
}

fn texts(count: u64) -> impl Iterator<Item = (u64, String, (u32, u32))> {
    (0..count).map(|id| {
        let mut rng = Rng::stream(0, "id", id);
        if rng.below(20) == 0 {
            // About two pictures in each forty share a source.
            let source = Rng::stream(0, "source", id / 40).next_u64();
            return (id, blurhash(source, Some(rng)), size(&mut Rng::stream(source, "size", 0)));
        }
        (id, blurhash(rng.next_u64(), None), size(&mut rng))
    })
}

fn entries(count: u64) -> Vec<Entry> {
    let mut collector = Collector::default();
    for (id, text, (width, height)) in texts(count) {
        collector.add(id, Some(&text), Some(width), Some(height));
    }
    let features = collector.finish();
    assert!(features.excluded.total() < count / 10, "the generator writes few flat pictures and no bad text");
    features.entries
}

/// One thread; the goal is 10 million a second.
#[divan::bench]
fn decode_coefficients(bencher: Bencher<'_, '_>) {
    let texts: Vec<String> = texts(10_000).map(|(_, text, _)| text).collect();
    bencher.counter(ItemsCount::new(texts.len())).bench(|| {
        for text in &texts {
            black_box(Coefficients::decode(black_box(text)).is_ok());
        }
    });
}

/// One thread, with the numbers to compare.
#[divan::bench]
fn decode_features(bencher: Bencher<'_, '_>) {
    let texts: Vec<String> = texts(10_000).map(|(_, text, _)| text).collect();
    bencher.counter(ItemsCount::new(texts.len())).bench(|| {
        for text in &texts {
            black_box(stemmata::fingerprint::blurhash::feature(black_box(text)).is_ok());
        }
    });
}

#[divan::bench(args = [100_000, 1_000_000], sample_count = 3, sample_size = 1)]
fn build(bencher: Bencher<'_, '_>, count: u64) {
    let entries = entries(count);
    bencher.with_inputs(|| entries.clone()).bench_values(NearSet::build);
}

#[divan::bench(args = [100_000, 1_000_000])]
fn one_query(bencher: Bencher<'_, '_>, count: u64) {
    let entries = entries(count);
    let queries: Vec<Entry> = entries.iter().step_by(997).cloned().collect();
    let set = NearSet::build(entries);
    let mut next = 0;
    bencher.bench_local(|| {
        next = (next + 1) % queries.len();
        set.within(&queries[next].feature, queries[next].aspect, THRESHOLD).len()
    });
}

/// All threads; the goal for a million is 25 s on 4 cores.
#[divan::bench(args = [100_000, 1_000_000], sample_count = 1, sample_size = 1)]
fn all_pairs(bencher: Bencher<'_, '_>, count: u64) {
    let set = NearSet::build(entries(count));
    bencher.bench(|| set.all_pairs(THRESHOLD).len());
}
