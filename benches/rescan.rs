//! How long a folder takes that was scanned before.
//!
//! ```text
//! cargo run --release --example rescan -- [--files N] [--rounds N] [--jobs N] [DIR]
//! ```
//!
//! Without a folder it writes N small PNGs (default 100,000) into a temporary one, a thousand a folder, each with an
//! infotext of its own. Measured, wall clock: the first scan into an empty catalog; scans when nothing has changed,
//! the median of all rounds (default 9); the scan after one file in a hundred was written anew. Linking and indexing
//! are not part of it.
//!
//! Do not conclude anything about disks, all of it is in the page cache; nor about reading pictures of common size,
//! which `scan` measures.

#[path = "../tests/support/pictures/mod.rs"]
mod pictures;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use stemmata::catalog::{Access, Catalog};
use stemmata::crawl::scan::{ScanOptions, ScanReport, scan};
use stemmata::run::RunContext;

const FILES_A_FOLDER: u64 = 1_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut files, mut rounds, mut folder) = (100_000_u64, 9_usize, None);
    let mut options = ScanOptions::default();
    let mut words = std::env::args().skip(1);
    let usage = || io::Error::other("usage: rescan [--files N] [--rounds N] [--jobs N] [DIR]");
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(usage);
        match word.as_str() {
            "--files" => files = value()?.parse().map_err(|_| usage())?,
            "--rounds" => rounds = value()?.parse().map_err(|_| usage())?,
            "--jobs" => options.threads = value()?.parse().map_err(|_| usage())?,
            word if word.starts_with("--") => return Err(usage().into()),
            path => folder = Some(PathBuf::from(path)),
        }
    }
    let temporary = tempfile::tempdir()?;
    let own = temporary.path().join("pictures");
    let root = folder.clone().unwrap_or_else(|| own.clone());
    if folder.is_none() {
        (0..files).try_for_each(|number| write(&own, number, 1))?;
    }
    let mut catalog = Catalog::open(&temporary.path().join("catalog.db"), Access::Write)?;
    let mut run = |name: &str| -> Result<(ScanReport, Duration), Box<dyn std::error::Error>> {
        let began = Instant::now();
        let report = scan(&mut catalog, std::slice::from_ref(&root), &options, &RunContext::quiet())?;
        let took = began.elapsed();
        tell(name, &report, took)?;
        Ok((report, took))
    };
    run("first")?;
    let mut times = Vec::new();
    for _ in 0..rounds.max(1) {
        let (report, took) = run("unchanged")?;
        if !report.is_quiet() {
            return Err(io::Error::other("the folder changes while it is measured").into());
        }
        times.push(took);
    }
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    say(&format!("unchanged, median of {}: {:.0} ms", times.len(), median.as_secs_f64() * 1e3))?;
    if folder.is_none() {
        (0..files).step_by(100).try_for_each(|number| write(&own, number, 2))?;
        run("one in a hundred changed")?;
    }
    Ok(())
}

fn write(folder: &Path, number: u64, edition: u64) -> io::Result<()> {
    let folder = folder.join(format!("{:04}", number / FILES_A_FOLDER));
    if number.is_multiple_of(FILES_A_FOLDER) {
        fs::create_dir_all(&folder)?;
    }
    let text = format!(
        "a castle on hill {number}, fog, detailed <lora:mist{}:0.6>\nNegative prompt: blurry\nSteps: {}, \
         Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: {number}, Size: 512x768, Model hash: {:010x}, Model: dream",
        number % 500,
        20 + edition,
        number % 300,
    );
    fs::write(folder.join(format!("{number}.png")), pictures::png(&[("parameters", &text)]))
}

fn tell(name: &str, report: &ScanReport, took: Duration) -> io::Result<()> {
    let (files, read) = (report.files, report.images);
    say(&format!("{name}: {files} files, {read} read, {:.0} ms", took.as_secs_f64() * 1e3))
}

fn say(line: &str) -> io::Result<()> {
    use io::Write as _;
    writeln!(io::stdout(), "{line}")
}
