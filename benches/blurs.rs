//! How long it takes to find one picture among many by BlurHash, and to open them from a file.
//!
//! `blurs [--n 1000000] [--queries 50] [--pairs yes] [--dir DIR]` writes one line of JSON a step: wall and CPU seconds,
//! and the peak of memory.
//!
//! Corpus: seeded digits of 4x4 BlurHashes. Amplitudes fall with frequency, colours follow brightness; 40 % have one
//! shape, the others seven more; 5 % are near-copies. Queries are pictures of the set.
//! Do not conclude anything about which pictures people would call alike: no picture is behind these digits.

#![expect(
    clippy::print_stdout,
    clippy::panic,
    reason = "its output is its purpose, and a wrong option ends it"
)]

#[path = "support/measure.rs"]
mod measure;
#[path = "support/rng.rs"]
#[allow(dead_code, reason = "each user of the module takes a part of it")]
mod rng;

use std::path::PathBuf;
use std::time::Instant;

use rayon::prelude::*;
use stemmata_index::near::blur::{BlurRecord, BlurSet, Digits};
use stemmata_index::near::store::Stamp;
use stemmata_index::near::{Aspect, Entry, NearSet};

use measure::step;
use rng::Rng;

/// The distance that `dupes` uses unless told otherwise.
const THRESHOLD: f32 = 0.30;

const SIZES: [(u32, u32, u64); 8] = [
    (512, 768, 40),
    (832, 1216, 28),
    (1024, 1024, 10),
    (1216, 832, 8),
    (896, 1152, 6),
    (512, 512, 5),
    (720, 1280, 2),
    (1152, 768, 1),
];

/// Picture `seed`; with `tweaks`, some digits are off by one.
fn picture(id: u64, seed: u64, mut tweaks: Option<Rng>) -> BlurRecord {
    let mut rng = Rng::stream(seed, "picture", 0);
    let maximum = 8 + rng.below(45) as u8;
    let light = 0.4 + 0.18 * rng.gauss();
    let mean = std::array::from_fn(|_| ((light + 0.06 * rng.gauss()).clamp(0.0, 1.0) * 255.0) as u8);
    let mut waves = [0; 45];
    for (wave, colours) in (1..).zip(waves.chunks_exact_mut(3)) {
        let spread = 4.2 / (1.0 + 0.35 * f64::from(wave % 4 + wave / 4));
        let luma = spread * rng.gauss();
        for digit in colours {
            let tweak = match tweaks.as_mut().map_or(9, |rng| rng.below(16)) {
                0 => 1.0,
                1 => -1.0,
                _ => 0.0,
            };
            *digit = ((luma + 0.35 * spread * rng.gauss()).round() + tweak).clamp(-9.0, 9.0) as i8;
        }
    }
    let mut left = rng.below(100);
    let size = SIZES.iter().find(|(_, _, weight)| {
        let is_it = left < *weight;
        left = left.saturating_sub(*weight);
        is_it
    });
    let (width, height, _) = size.copied().unwrap_or(SIZES[0]);
    let digits = Digits::new(waves, mean, maximum).expect("clamped to what digits may be");
    BlurRecord::new(id, Aspect::of(width, height), digits)
}

fn pictures(count: u64) -> Vec<BlurRecord> {
    let of = |id: u64| {
        let mut rng = Rng::stream(0, "id", id);
        match rng.below(20) {
            // About two pictures in each forty share a source.
            0 => picture(id, Rng::stream(0, "source", id / 40).next_u64(), Some(rng)),
            _ => picture(id, rng.next_u64(), None),
        }
    };
    (0..count).into_par_iter().map(of).collect()
}

struct Options {
    count: u64,
    queries: usize,
    pairs: bool,
    folder: PathBuf,
}

fn options() -> Options {
    let mut options = Options { count: 1_000_000, queries: 50, pairs: false, folder: std::env::temp_dir() };
    let mut args = std::env::args().skip(1);
    while let (Some(name), Some(value)) = (args.next(), args.next()) {
        match name.as_str() {
            "--n" => options.count = value.parse().expect("a number"),
            "--queries" => options.queries = value.parse().expect("a number"),
            "--pairs" => options.pairs = value == "yes",
            "--dir" => options.folder = PathBuf::from(value),
            _ => panic!("unknown option {name}"),
        }
    }
    options
}

fn main() {
    let options = options();
    let path = options.folder.join("blurs.near");
    println!(r#"{{"n":{},"threshold":{THRESHOLD}}}"#, options.count);
    {
        let records = pictures(options.count);
        let mut set = step("build", || BlurSet::build(records), |_, _, _| String::new());
        step("save", || set.save(&path, Stamp::default()).expect("writable"), |_, _, _| String::new());
    }
    let opened = step("open", || BlurSet::open(&path, 0).expect("readable"), |_, _, _| String::new());
    let (mut set, mut table) = opened.expect("just written");
    let every = (set.len() / options.queries.max(1)).max(1);
    let queries: Vec<Entry> = set.entries().step_by(every).take(options.queries).collect();
    let ask = |query: &Entry| {
        let start = Instant::now();
        let hits = set.within(&query.feature, query.aspect, THRESHOLD).len();
        (start.elapsed().as_secs_f64() * 1e3, hits)
    };
    step(
        "queries",
        || queries.iter().map(ask).collect::<Vec<_>>(),
        |answers, wall, cpu| {
            let mut times: Vec<f64> = answers.iter().map(|answer| answer.0).collect();
            times.sort_by(f64::total_cmp);
            let hits: usize = answers.iter().map(|answer| answer.1).sum();
            let each = 1e3 / times.len() as f64;
            format!(
                r#","hits":{hits},"ms_each":{:.2},"cpu_ms_each":{:.2},"median_ms":{:.2},"slowest_ms":{:.2}"#,
                wall * each,
                cpu * each,
                times[times.len() / 2],
                times[times.len() - 1]
            )
        },
    );
    let compare = |query: &Entry| {
        let near = |entry: &Entry| {
            entry.aspect.agrees(query.aspect) && entry.feature.distance(&query.feature) <= THRESHOLD
        };
        set.entries().filter(near).count()
    };
    step(
        "one_query_by_comparing_all",
        || queries.iter().take(1).map(compare).sum::<usize>(),
        |hits, _, _| format!(r#","hits":{hits}"#),
    );
    let more: Vec<BlurRecord> = (0..1000).map(|id| picture(options.count + id, id, None)).collect();
    step("insert_1000", || more.iter().for_each(|record| set.insert(*record)), |_, _, _| String::new());
    step("append_1000", || table.append(1, &more, &[]).expect("writable"), |_, _, _| String::new());
    let gone: Vec<u64> = (0..1000).collect();
    step("remove_1000", || set.remove(&gone), |gone, _, _| format!(r#","gone":{gone}"#));
    stemmata_index::near::store::remove(&path).expect("just written");
    if options.pairs {
        let entries: Vec<Entry> = set.entries().collect();
        drop(set);
        let tree = step("tree", || NearSet::build(entries), |_, _, _| String::new());
        step("all_pairs", || tree.all_pairs(THRESHOLD).len(), |pairs, _, _| format!(r#","pairs":{pairs}"#));
    }
}
