//! Writes seeded, realistic records for benchmarks and trials.
//!
//! `cargo run --release --example generate -- --images 1000000 --versions 50000 --seed 1 --out DIR`
//!
//! `DIR/models.ndjson` has one model a line, `DIR/images-000.ndjson` one image a line; with `--pages 200`
//! one page of 200 images a line. `--shards 4` spreads the images over four files, `--gzip yes` compresses
//! them. With `--one-checkpoint yes` everybody uses one checkpoint. The same arguments write the same bytes on any machine.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;

#[path = "support/records.rs"]
#[allow(dead_code, reason = "each user of the module takes a part of it")]
mod records;

use records::{Plan, Records};

const USAGE: &str = "usage: generate --out DIR [--images N] [--versions N] [--seed N] [--pages N] [--shards N] [--gzip yes|no] [--one-checkpoint yes|no]";

/// The outside of the program: any cause will do, a person reads it.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// Images drawn by one task when the output has no pages.
const LINES_IN_TASK: u64 = 500;
/// Tasks between two writes: bounds memory.
const TASKS_IN_ROUND: u64 = 128;

struct Settings {
    plan: Plan,
    out: PathBuf,
    /// Images in a page; `None` writes one image a line.
    page: Option<u64>,
    shards: u64,
    gzip: bool,
    one_checkpoint: bool,
}

fn main() -> Outcome<()> {
    if std::env::args().skip(1).any(|argument| matches!(argument.as_str(), "-h" | "--help")) {
        writeln!(io::stdout(), "{USAGE}")?;
        return Ok(());
    }
    let settings = Settings::parse(std::env::args().skip(1))?;
    let started = Instant::now();
    fs::create_dir_all(&settings.out)?;
    let records = Records::new(settings.plan);
    let records = if settings.one_checkpoint { records.of_one_checkpoint() } else { records };
    let mut bytes = settings.write("models", &mut |sink| write_counted(sink, &records.models()?))?;
    // A whole number of pages, so that only the last page of all is short.
    let unit = settings.page.unwrap_or(1);
    let in_shard = settings.plan.images.div_ceil(settings.shards).next_multiple_of(unit);
    for shard in 0..settings.shards {
        let first = (shard * in_shard).min(settings.plan.images);
        let range = first..(first + in_shard).min(settings.plan.images);
        bytes += settings.write(&format!("images-{shard:03}"), &mut |sink| {
            write_images(sink, &records, settings.page, range.clone())
        })?;
    }
    let seconds = started.elapsed().as_secs_f64();
    let Plan { images, versions, .. } = settings.plan;
    let rate = images as f64 / seconds;
    writeln!(
        io::stderr(),
        "{images} images, {versions} versions, {bytes} bytes in {seconds:.2} s ({rate:.0} images/s)"
    )?;
    Ok(())
}

fn write_images(
    sink: &mut dyn Write,
    records: &Records,
    page: Option<u64>,
    range: Range<u64>,
) -> Outcome<u64> {
    let in_task = page.unwrap_or(LINES_IN_TASK);
    let mut bytes = 0;
    let mut start = range.start;
    while start < range.end {
        let round = start..(start + in_task * TASKS_IN_ROUND).min(range.end);
        let tasks: Vec<Range<u64>> = (0..(round.end - round.start).div_ceil(in_task))
            .map(|task| round.start + task * in_task)
            .map(|first| first..(first + in_task).min(round.end))
            .collect();
        let texts: Vec<Vec<u8>> = tasks
            .into_par_iter()
            .map(|task| if page.is_some() { records.page(task) } else { records.images(task) })
            .collect::<Result<_, _>>()?;
        for text in texts {
            bytes += write_counted(sink, &text)?;
        }
        start = round.end;
    }
    Ok(bytes)
}

fn write_counted(sink: &mut dyn Write, text: &[u8]) -> Outcome<u64> {
    sink.write_all(text)?;
    Ok(text.len() as u64)
}

impl Settings {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Outcome<Self> {
        let plan = Plan { images: 100_000, versions: 5_000, seed: 1 };
        let mut settings =
            Self { plan, out: PathBuf::new(), page: None, shards: 1, gzip: false, one_checkpoint: false };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or(USAGE)?;
            match name.as_str() {
                "--out" => settings.out = value.into(),
                "--images" => settings.plan.images = value.parse()?,
                "--versions" => settings.plan.versions = value.parse()?,
                "--seed" => settings.plan.seed = value.parse()?,
                "--pages" => settings.page = Some(value.parse()?).filter(|&images| images > 0),
                "--shards" => settings.shards = value.parse::<u64>()?.clamp(1, 1000),
                "--gzip" => settings.gzip = value == "yes",
                "--one-checkpoint" => settings.one_checkpoint = value == "yes",
                _ => return Err(USAGE.into()),
            }
        }
        if settings.out.as_os_str().is_empty() { Err(USAGE.into()) } else { Ok(settings) }
    }

    /// Opens one output file, lets `body` fill it, and returns what `body` counted.
    fn write(&self, name: &str, body: &mut dyn FnMut(&mut dyn Write) -> Outcome<u64>) -> Outcome<u64> {
        let suffix = if self.gzip { ".gz" } else { "" };
        let file = File::create(self.out.join(format!("{name}.ndjson{suffix}")))?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        let bytes = if self.gzip {
            let mut encoder = GzEncoder::new(&mut file, Compression::fast());
            let bytes = body(&mut encoder)?;
            encoder.finish()?;
            bytes
        } else {
            body(&mut file)?
        };
        file.flush()?;
        Ok(bytes)
    }
}
