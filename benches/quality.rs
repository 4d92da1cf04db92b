//! How often verdicts are right: all pairs of a labelled folder of pictures, at the thresholds of the product.
//!
//! ```text
//! cargo run --release --example pictures -- --out DIR --prompts 120 --seed 11
//! cargo run --release --example quality -- DIR...
//! ```
//!
//! A folder holds `labels.ndjson` as the example `pictures` writes it, or `labels.jsonl` with `file`, `group`, `relation` and
//! `transform`. Files of one group are copies of one another; flips and turns are scored apart, against the picture turned
//! back. Prints precision, recall and F1 over all pairs, recall by kind of variant, what class each kind was given, how
//! BlurHashes alone do, and every false positive. Not to conclude: anything about pictures that no label speaks of.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rayon::prelude::*;
use serde_json::Value;
use stemmata::catalog::{MediaId, PixelOrigin};
use stemmata::entity::Turn;
use stemmata::fingerprint::{self, PictureLimits, blurhash};
use stemmata::link::copies::{
    CHROMA_LIMIT, FAR_CHROMA_LIMIT, LOOK_ALIKE_BITS, Look, MOST_BITS, MatchClass, NEAR_BITS, Reach,
    colours_agree, judge, judge_turned,
};
use stemmata_index::near::Aspect;

/// One labelled picture.
struct Picture {
    file: String,
    group: String,
    kind: String,
    /// Whether it is scored with the others: not flipped, turned, or only debatably a copy.
    is_plain: bool,
    look: Look,
}

/// Right and wrong answers.
#[derive(Clone, Copy, Default)]
struct Score {
    found: u64,
    missed: u64,
    wrong: u64,
}

impl Score {
    #[expect(clippy::cast_precision_loss, reason = "counts of pairs are far below 2^52")]
    fn text(self) -> String {
        let (found, missed, wrong) = (self.found as f64, self.missed as f64, self.wrong as f64);
        let precision = found / (found + wrong).max(1.0);
        let recall = found / (found + missed).max(1.0);
        let f1 = 2.0 * found / (2.0 * found + missed + wrong).max(1.0);
        format!(
            "precision {precision:.4}, recall {recall:.4}, F1 {f1:.4} ({} found, {} missed, {} wrong)",
            self.found, self.missed, self.wrong
        )
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut folders: Vec<PathBuf> = Vec::new();
    let mut verbose = false;
    for word in std::env::args().skip(1) {
        if word == "--verbose" { verbose = true } else { folders.push(word.into()) }
    }
    if folders.is_empty() {
        return Err("usage: quality [--verbose] DIR...".into());
    }
    for folder in folders {
        let started = Instant::now();
        let pictures = read(&folder)?;
        println!(
            "{}: {} pictures, read in {:.1} s",
            folder.display(),
            pictures.len(),
            started.elapsed().as_secs_f64()
        );
        evaluate(&pictures, verbose);
    }
    Ok(())
}

fn read(folder: &Path) -> Result<Vec<Picture>, Box<dyn Error>> {
    let labels = ["labels.ndjson", "labels.jsonl"].map(|name| folder.join(name));
    let path = labels.iter().find(|path| path.exists()).ok_or("no labels.ndjson or labels.jsonl")?;
    let lines: Vec<Value> =
        fs::read_to_string(path)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let pictures: Vec<Option<Picture>> = (1_u64..)
        .zip(&lines)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|(number, line)| {
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            let file = text("file");
            let kind = match text("kind") {
                kind if kind.is_empty() => match text("transform") {
                    transform if transform.is_empty() => text("relation"),
                    transform => transform,
                },
                kind => kind,
            };
            let group = line["group"].as_str().map_or_else(|| line["group"].to_string(), str::to_owned);
            let relation = text("relation");
            let is_turned =
                ["flip", "flop", "turn", "rotate-", "rotate90", "rotate180", "rotate270", "rotate45"]
                    .iter()
                    .any(|word| kind.contains(word));
            let described = match fingerprint::of_file(&folder.join(&file), &PictureLimits::default()) {
                Ok(described) => described,
                Err(error) => {
                    eprintln!("{file}: {error}");
                    return None;
                }
            };
            let seen = described.fingerprint;
            let mut look = Look::new(MediaId::new(number)?, number);
            look.size = Some((seen.width, seen.height));
            look.content = Some(described.content);
            look.pixels = Some((seen, PixelOrigin::File));
            look.blur = blurhash::feature(&described.blurhash)
                .ok()
                .map(|feature| (feature, Aspect::of(seen.width, seen.height)));
            let is_plain = !is_turned && relation != "variant?";
            Some(Picture { file, group, kind, is_plain, look })
        })
        .collect();
    Ok(pictures.into_iter().flatten().collect())
}

/// Whether a class says that two pictures are copies.
fn is_copy(class: MatchClass) -> bool {
    class.copy_class().is_some()
}

fn evaluate(pictures: &[Picture], verbose: bool) {
    let reach = Reach { bits: LOOK_ALIKE_BITS, blur: 0.30 };
    let mut score = Score::default();
    let mut by_kind: BTreeMap<&str, (Score, BTreeMap<&str, u64>)> = BTreeMap::new();
    let mut bases: BTreeMap<&str, &Picture> = BTreeMap::new();
    for picture in pictures {
        let slot = bases.entry(&picture.group).or_insert(picture);
        if is_base(picture) && !is_base(slot) {
            *slot = picture;
        }
    }
    let plain: Vec<&Picture> = pictures.iter().filter(|picture| picture.is_plain).collect();
    let rows: Vec<(Score, Vec<(String, bool)>)> = (0..plain.len())
        .into_par_iter()
        .map(|at| {
            let (mut score, mut told) = (Score::default(), Vec::new());
            for other in &plain[at + 1..] {
                let one = plain[at];
                let verdict = judge(&one.look, &other.look, reach);
                let found = verdict.as_ref().is_some_and(|verdict| is_copy(verdict.class));
                let truth = one.group == other.group;
                score.found += u64::from(found && truth);
                score.missed += u64::from(!found && truth);
                score.wrong += u64::from(found && !truth);
                if found != truth {
                    let measured = judge(&one.look, &other.look, Reach { bits: 192, blur: 9.0 });
                    let evidence = measured.map(|verdict| verdict.evidence).unwrap_or_default();
                    let line = format!(
                        "{} {} ({}) and {} ({}): {:?} bits, chroma {:?}",
                        if truth { "missed" } else { "WRONG" },
                        one.file,
                        one.kind,
                        other.file,
                        other.kind,
                        evidence.bits,
                        evidence.chroma
                    );
                    told.push((line, truth));
                }
            }
            (score, told)
        })
        .collect();
    for (part, told) in rows {
        score.found += part.found;
        score.missed += part.missed;
        score.wrong += part.wrong;
        told.iter()
            .filter(|(_, truth)| verbose || !truth)
            .take(20)
            .for_each(|(line, _)| println!("  {line}"));
    }
    println!(
        "pixels, <= {MOST_BITS} bits, chroma <= {CHROMA_LIMIT} up to {NEAR_BITS} bits and <= {FAR_CHROMA_LIMIT} beyond: {}",
        score.text()
    );
    curve(&plain);
    for picture in &plain {
        let base = bases[picture.group.as_str()];
        if std::ptr::eq(base, *picture) {
            continue;
        }
        let (score, classes) = by_kind.entry(&picture.kind).or_default();
        let class = judge(&base.look, &picture.look, reach).map(|verdict| verdict.class);
        score.found += u64::from(class.is_some_and(is_copy));
        score.missed += u64::from(!class.is_some_and(is_copy));
        *classes.entry(class.map_or("nothing", MatchClass::as_str)).or_default() += 1;
    }
    println!("each variant against the picture it was made from:");
    for (kind, (score, classes)) in &by_kind {
        let told: Vec<String> = classes.iter().map(|(class, count)| format!("{class} {count}")).collect();
        println!("  {kind:28} {:5} of {:5}: {}", score.found, score.found + score.missed, told.join(", "));
    }
    turned(pictures, &bases, reach);
    by_blurhash(&plain, &bases);
    spread(&plain, &bases);
}

fn is_base(picture: &Picture) -> bool {
    ["base", "original", "unique"].contains(&picture.kind.as_str()) || picture.kind.is_empty()
}

/// Flips and quarter turns, with and without trying them.
fn turned(pictures: &[Picture], bases: &BTreeMap<&str, &Picture>, reach: Reach) {
    let mut counts: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for picture in pictures.iter().filter(|picture| !picture.is_plain) {
        let Some((seen, _)) = &picture.look.pixels else { continue };
        let all: Vec<_> = Turn::ALL.into_iter().map(|turn| (turn, seen.turned(turn))).collect();
        let base = bases[picture.group.as_str()];
        let count = counts.entry(&picture.kind).or_default();
        count.0 += 1;
        count.1 += u64::from(judge(&picture.look, &base.look, reach).is_some_and(|v| is_copy(v.class)));
        count.2 += u64::from(judge_turned(&all, &base.look, reach).is_some_and(|v| is_copy(v.class)));
    }
    for (kind, (all, straight, tried)) in counts {
        println!("  {kind:28} {straight:5} of {all:5} as it is, {tried} with --turns");
    }
}

/// BlurHashes alone: recall by kind, and pairs of strangers.
fn by_blurhash(plain: &[&Picture], bases: &BTreeMap<&str, &Picture>) {
    for limit in [0.14_f32, 0.30] {
        let near = |one: &Picture, other: &Picture| {
            let pair = one.look.blur.as_ref().zip(other.look.blur.as_ref());
            pair.is_some_and(|((a, x), (b, y))| x.agrees(*y) && a.distance(b) <= limit)
        };
        let mut kinds: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for picture in plain {
            let base = bases[picture.group.as_str()];
            if !std::ptr::eq(base, *picture) {
                let count = kinds.entry(&picture.kind).or_default();
                count.0 += 1;
                count.1 += u64::from(near(base, picture));
            }
        }
        let strangers: u64 = (0..plain.len())
            .into_par_iter()
            .map(|at| {
                let others = plain[at + 1..].iter().filter(|other| other.group != plain[at].group);
                others.filter(|other| near(plain[at], other)).count() as u64
            })
            .sum();
        let told: Vec<String> =
            kinds.iter().map(|(kind, (all, found))| format!("{kind} {found}/{all}")).collect();
        println!("BlurHash <= {limit}: {strangers} pairs of strangers; {}", told.join(", "));
    }
}

/// What other thresholds would give.
fn curve(plain: &[&Picture]) {
    for bits in [15_u32, 20, 25, 28, 31, 34, 37, 40] {
        let score = (0..plain.len())
            .into_par_iter()
            .map(|at| {
                let mut score = Score::default();
                for other in &plain[at + 1..] {
                    let pair = plain[at].look.comparable().zip(other.look.comparable());
                    let found = pair.is_some_and(|(a, b)| {
                        let apart = a.bits_apart(b);
                        apart <= bits && colours_agree(apart, a.chroma_apart(b))
                    });
                    let truth = plain[at].group == other.group;
                    score.found += u64::from(found && truth);
                    score.missed += u64::from(!found && truth);
                    score.wrong += u64::from(found && !truth);
                }
                score
            })
            .reduce(Score::default, |a, b| Score {
                found: a.found + b.found,
                missed: a.missed + b.missed,
                wrong: a.wrong + b.wrong,
            });
        println!("  <= {bits:2} bits: {}", score.text());
    }
}

/// Distances by kind: what tells saving again from editing.
fn spread(plain: &[&Picture], bases: &BTreeMap<&str, &Picture>) {
    let mut kinds: BTreeMap<&str, (Vec<u32>, Vec<f32>)> = BTreeMap::new();
    for picture in plain {
        let base = bases[picture.group.as_str()];
        let pair = base.look.comparable().zip(picture.look.comparable());
        if let (Some((a, b)), false) = (pair, std::ptr::eq(base, *picture)) {
            let slot = kinds.entry(&picture.kind).or_default();
            slot.0.push(a.bits_apart(b));
            slot.1.push(a.chroma_apart(b));
        }
    }
    println!("bits and chroma by kind: 50 %, 90 %, 99 %, most");
    for (kind, (mut bits, mut chroma)) in kinds {
        bits.sort_unstable();
        chroma.sort_by(f32::total_cmp);
        let at = |share: usize, count: usize| (count * share / 100).min(count - 1);
        let places = [50, 90, 99, 100].map(|share| at(share, bits.len()));
        let bits: Vec<String> = places.iter().map(|at| bits[*at].to_string()).collect();
        let chroma: Vec<String> = places.iter().map(|at| format!("{:.3}", chroma[*at])).collect();
        println!("  {kind:28} {:20} {}", bits.join(" "), chroma.join(" "));
    }
}
