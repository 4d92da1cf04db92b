//! How long it takes to find near binary codes: all pairs by tables and by comparing all, look-ups, files.
//!
//! `codes [--n 1000000] [--bits 64] [--d 8] [--model uniform|pictures] [--queries 2000] [--dir DIR]` writes one line of
//! JSON a step: wall and CPU seconds, and the peak of memory so far.
//!
//! Corpus: seeded codes. `uniform` has independent bits; `pictures` makes each code from the gradients of a smooth random
//! field, as pictures give, so that its bits depend on their neighbours. In both, 30 % are an earlier code with up to 12
//! bits flipped. Comparing all with all is done for a sample of the codes and multiplied; its figure is an estimate.
//! Do not conclude anything about how well codes tell pictures apart: no picture is behind them.

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

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use stemmata_index::near::codes::{Code, CodeSet};
use stemmata_index::near::store::{CodeRecord, Stamp};

use measure::step;
use rng::Rng;

struct Options {
    count: usize,
    bits: u32,
    max_bits: u32,
    from_pictures: bool,
    queries: usize,
    folder: PathBuf,
}

fn options() -> Options {
    let mut options = Options {
        count: 1_000_000,
        bits: 64,
        max_bits: 8,
        from_pictures: false,
        queries: 2000,
        folder: std::env::temp_dir(),
    };
    let mut args = std::env::args().skip(1);
    while let (Some(name), Some(value)) = (args.next(), args.next()) {
        let number = || value.parse::<u32>().expect("a number");
        match name.as_str() {
            "--n" => options.count = number() as usize,
            "--bits" => options.bits = number(),
            "--d" => options.max_bits = number(),
            "--model" => options.from_pictures = value == "pictures",
            "--queries" => options.queries = number() as usize,
            "--dir" => options.folder = PathBuf::from(value),
            _ => panic!("unknown option {name}"),
        }
    }
    options
}

fn main() {
    let options = options();
    match options.bits {
        64 => run::<1>(&options),
        128 => run::<2>(&options),
        192 => run::<3>(&options),
        bits => panic!("no codes of {bits} bits"),
    }
}

/// A number from -1 to 1.
fn signed(rng: &mut Rng) -> f32 {
    (2.0 * rng.unit() - 1.0) as f32
}

/// Signs of the gradients of a sum of a few waves, whose amplitudes fall with frequency.
fn of_picture<const WORDS: usize>(rng: &mut Rng) -> Code<WORDS> {
    const SIDE: usize = 16;
    let mut field = [[0.0_f32; SIDE]; SIDE];
    for _ in 0..10 {
        let (across, down) = (signed(rng) * 1.1, signed(rng) * 1.1);
        let strength = signed(rng) / (0.15 + across * across + down * down);
        let phase = signed(rng) * 3.2;
        for (y, row) in field.iter_mut().enumerate() {
            for (x, value) in row.iter_mut().enumerate() {
                *value += strength * (across * x as f32 + down * y as f32 + phase).sin();
            }
        }
    }
    let mut code = Code([0; WORDS]);
    for bit in 0..64 * WORDS {
        let (word, place) = (bit / 64, bit % 64);
        let (x, y) = (place % 8, place / 8);
        let noise = signed(rng) * 0.6;
        // The first word goes right, the second down, the third has a wider step.
        let step = match word {
            0 => field[y][x + 1] - field[y][x],
            1 => field[y + 1][x] - field[y][x],
            _ => field[y + 7][x + 7] - field[y][x],
        };
        code.0[word] |= u64::from(step + noise > 0.0) << place;
    }
    code
}

fn codes<const WORDS: usize>(options: &Options) -> Vec<(u64, Code<WORDS>)> {
    let of = |id: u64| {
        let mut rng = Rng::stream(7, "code", id);
        match options.from_pictures {
            true => of_picture(&mut rng),
            false => Code(std::array::from_fn(|_| rng.next_u64())),
        }
    };
    let mut codes: Vec<(u64, Code<WORDS>)> =
        (0..options.count as u64).into_par_iter().map(|id| (id, of(id))).collect();
    let mut rng = Rng::stream(7, "copies", 0);
    for id in 1..codes.len() {
        if rng.below(10) < 3 {
            let mut code = codes[rng.below(id as u64) as usize].1;
            for _ in 0..rng.below(13) {
                code.0[rng.below(WORDS as u64) as usize] ^= 1 << rng.below(64);
            }
            codes[id].1 = code;
        }
    }
    codes
}

fn run<const WORDS: usize>(options: &Options) {
    let max_bits = options.max_bits;
    let (count, model) = (options.count, if options.from_pictures { "pictures" } else { "uniform" });
    println!(r#"{{"n":{count},"bits":{},"d":{max_bits},"model":"{model}"}}"#, options.bits);
    let path = options.folder.join("codes.near");
    {
        let entries = codes::<WORDS>(options);
        let mut set = step("build", || CodeSet::build(entries), |_, _, _| String::new());
        step(
            "save",
            || set.save(&path, Stamp { generation: 1, algorithm: 1 }),
            |saved, _, _| format!(r#","ok":{}"#, saved.is_ok()),
        )
        .expect("the folder can be written");
    }
    let opened = step("open", || CodeSet::<WORDS>::open(&path, 1), |_, _, _| String::new());
    let (mut set, mut table) = opened.expect("readable").expect("just written");
    let query: Vec<Code<WORDS>> = (0..options.queries)
        .filter_map(|turn| set.code((turn * 7919 % set.clusters()) as u32).copied())
        .collect();
    brute_force(&set, &query, max_bits, count);
    let found = AtomicU64::new(0);
    let _ = step(
        "all_pairs",
        || {
            set.visit_pairs(max_bits, |part| {
                found.fetch_add(part.pairs.len() as u64, Ordering::Relaxed);
                ControlFlow::Continue(())
            })
        },
        |_, _, _| format!(r#","pairs":{}"#, found.load(Ordering::Relaxed)),
    );
    step("first_look_up", || set.within(&query[0], max_bits).len(), |_, _, _| String::new());
    step(
        "tables_for_look_ups",
        || set.neighbours(&query[..query.len().min(65)], max_bits).len(),
        |_, _, _| String::new(),
    );
    step(
        "look_ups",
        || query.iter().map(|query| set.within(query, max_bits).len()).sum::<usize>(),
        |hits, wall, _| format!(r#","hits":{hits},"us_each":{:.1}"#, wall * 1e6 / query.len() as f64),
    );
    step(
        "insert_1000",
        || {
            for (id, code) in query.iter().take(1000).enumerate() {
                set.insert((count + id) as u64, *code);
            }
        },
        |_, _, _| String::new(),
    );
    let records: Vec<CodeRecord<WORDS>> = query
        .iter()
        .take(1000)
        .zip(count as u64..)
        .map(|(code, id)| CodeRecord { code: *code, id })
        .collect();
    step("append_1000", || table.append(2, &records, &[]), |_, _, _| String::new()).expect("writable");
    step(
        "remove_1000",
        || set.remove(&(0..1000).collect::<Vec<u64>>()),
        |gone, _, _| format!(r#","gone":{gone}"#),
    );
    stemmata_index::near::store::remove(&path).expect("just written");
}

/// Codes that stay in the cache while some others are compared with them.
const BLOCK: usize = 1 << 14;

/// Pairs that are compared at least, so that the time can be read off.
const SAMPLED_PAIRS: usize = 1_000_000_000;

/// Compares some codes with all on one thread, block by block; the estimate is for half of all pairs.
fn brute_force<const WORDS: usize>(set: &CodeSet<WORDS>, query: &[Code<WORDS>], max_bits: u32, count: usize) {
    let rows = &query[..query.len().min(50)];
    let codes: Vec<(u64, Code<WORDS>)> = (0..set.clusters() as u32)
        .filter_map(|cluster| Some((u64::from(cluster), *set.code(cluster)?)))
        .collect();
    let blocks: Vec<CodeSet<WORDS>> =
        codes.chunks(BLOCK).map(|block| CodeSet::build(block.to_vec())).collect();
    let rounds = SAMPLED_PAIRS.div_ceil((rows.len() * codes.len()).max(1));
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread can be started");
    let all = || {
        // A copy has been asked nothing yet, and compares all; one that was asked often would make tables.
        let asked = blocks.iter().map(|block| {
            let block = block.clone();
            rows.iter().map(|row| block.within(row, max_bits).len()).sum::<usize>()
        });
        asked.sum::<usize>()
    };
    step(
        "brute_force_sample",
        || one.install(|| (0..rounds).map(|_| all()).sum::<usize>() / rounds),
        |hits, _, cpu| {
            let pairs = (rounds * rows.len() * codes.len()) as f64;
            let estimate = cpu / pairs * count as f64 * count as f64 / 2.0;
            format!(r#","hits":{hits},"pairs_per_cpu_s":{:.2e},"all_pairs_cpu_s":{estimate:.0}"#, pairs / cpu)
        },
    );
}
