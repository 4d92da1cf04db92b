//! Makes a folder of pictures with known relations, and says which are copies of one another.
//!
//! ```text
//! cargo run --release --example pictures -- --out DIR [--prompts 260] [--seed 1] [--variants 12] [--varied 0.6]
//!     [--takes 2] [--grain 1] [--scale 100]
//! ```
//!
//! Writes the files and `DIR/labels.ndjson`, a line a file: `file, group, kind, prompt, seed, fmt, q, w, h, bytes`. Files of
//! one `group` are copies of one another; `flip` and `turn` belong to their group but are to be scored apart. Files of
//! one `prompt` and different groups are the hard negatives. Not to conclude: anything about real photographs.

#[path = "support/picture/mod.rs"]
#[allow(dead_code, reason = "the benchmark of fingerprints uses the rest")]
mod picture;
#[path = "support/rng.rs"]
#[allow(dead_code, reason = "other generators use the rest")]
mod rng;

use std::fs;
use std::io::{BufWriter, Error, Result, Write};
use std::path::PathBuf;

use picture::{Plan, make};
use rayon::prelude::*;

fn main() -> Result<()> {
    let mut plan = Plan { seed: 1, variants: 12, varied: 0.6, takes: 2, grain: 1.0, scale_percent: 100 };
    let (mut out, mut prompts) = (None, 260_u64);
    let mut words = std::env::args().skip(1);
    let usage = || {
        Error::other(
            "usage: pictures --out DIR [--prompts N] [--seed N] [--variants N] [--varied SHARE] [--takes N] [--grain X] [--scale PERCENT]",
        )
    };
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(usage)?;
        match word.as_str() {
            "--out" => out = Some(PathBuf::from(value)),
            "--prompts" => prompts = value.parse().map_err(|_| usage())?,
            "--seed" => plan.seed = value.parse().map_err(|_| usage())?,
            "--variants" => plan.variants = value.parse().map_err(|_| usage())?,
            "--varied" => plan.varied = value.parse().map_err(|_| usage())?,
            "--takes" => plan.takes = value.parse().map_err(|_| usage())?,
            "--grain" => plan.grain = value.parse().map_err(|_| usage())?,
            "--scale" => plan.scale_percent = value.parse().map_err(|_| usage())?,
            _ => return Err(usage()),
        }
    }
    let out = out.ok_or_else(usage)?;
    fs::create_dir_all(&out)?;
    let mut labels = BufWriter::new(fs::File::create(out.join("labels.ndjson"))?);
    let (mut files, mut bytes) = (0_u64, 0_u64);
    // A prompt makes some 16 files of up to 3.5 megapixels: a few at a time bound the memory.
    let numbers: Vec<u64> = (0..prompts).collect();
    for some in numbers.chunks(16) {
        let made: Vec<Result<Vec<picture::Made>>> =
            some.par_iter().map(|prompt| make(&plan, *prompt)).collect();
        for made in made {
            for made in made? {
                let path = out.join(&made.label.file);
                path.parent().map_or(Ok(()), fs::create_dir_all)?;
                fs::write(path, &made.bytes)?;
                serde_json::to_writer(&mut labels, &made.label)?;
                labels.write_all(b"\n")?;
                (files, bytes) = (files + 1, bytes + made.label.bytes);
            }
        }
    }
    labels.flush()?;
    writeln!(std::io::stdout(), "{files} files, {} MB, in {}", bytes / 1_000_000, out.display())
}
