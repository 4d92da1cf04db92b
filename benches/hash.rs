//! Hashing of model files: all hashes in one pass, beside each hash alone over the same file.
//!
//! `cargo run --release --example hash -- [GIB]` makes a file of so many GiB (1 unless said) in the folder for
//! temporary files, reads it once to warm the cache, and prints MB/s by the clock. The figure that counts is the last
//! one: one pass for all hashes as a share of the slowest hash alone. Not to conclude: anything about a cold disk.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::time::Instant;

use sha2::{Digest, Sha256};
use stemmata::crawl::hash_model_file;
use stemmata::run::RunContext;

const CHUNK_BYTES: usize = 1 << 20;
const RUNS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let gib: u64 = std::env::args().nth(1).map_or(Ok(1), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("model.safetensors");
    write(&path, gib << 30)?;
    let open = || File::open(&path);
    each_chunk(open()?, |_| {})?;
    let mut slowest = f64::INFINITY;
    let mut report = |name: &str, megabytes_a_second: f64| {
        drop(writeln!(std::io::stdout(), "{name:<10} {megabytes_a_second:>8.0} MB/s"));
        if name != "read" && name != "all" {
            slowest = slowest.min(megabytes_a_second);
        }
    };
    report("read", best(gib, || Ok(each_chunk(open()?, |_| {})?))?);
    report(
        "sha256",
        best(gib, || {
            let mut hasher = Sha256::new();
            each_chunk(open()?, |bytes| hasher.update(bytes))?;
            std::hint::black_box(hasher.finalize());
            Ok(())
        })?,
    );
    report(
        "blake3",
        best(gib, || {
            let mut hasher = blake3::Hasher::new();
            each_chunk(open()?, |bytes| {
                hasher.update(bytes);
            })?;
            std::hint::black_box(hasher.finalize());
            Ok(())
        })?,
    );
    report(
        "crc32",
        best(gib, || {
            let mut hasher = crc32fast::Hasher::new();
            each_chunk(open()?, |bytes| hasher.update(bytes))?;
            std::hint::black_box(hasher.finalize());
            Ok(())
        })?,
    );
    let all = best(gib, || {
        let hashes = hash_model_file(&mut open()?, Some(4096), &RunContext::quiet())?;
        std::hint::black_box(hashes);
        Ok(())
    })?;
    report("all", all);
    let share = 100.0 * all / slowest;
    writeln!(std::io::stdout(), "one pass for all hashes: {share:.0} % of the slowest alone")?;
    Ok(())
}

/// Megabytes a second of the best of a few runs.
fn best(gib: u64, run: impl Fn() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let mut seconds = f64::INFINITY;
    for _ in 0..RUNS {
        let started = Instant::now();
        run()?;
        seconds = seconds.min(started.elapsed().as_secs_f64());
    }
    Ok((gib << 30) as f64 / 1e6 / seconds)
}

fn each_chunk(mut file: File, mut see: impl FnMut(&[u8])) -> std::io::Result<()> {
    let mut bytes = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(()),
            read => see(&bytes[..read]),
        }
    }
}

/// Bytes that do not repeat within a chunk.
fn write(path: &std::path::Path, bytes: u64) -> std::io::Result<()> {
    let mut file = BufWriter::with_capacity(CHUNK_BYTES, File::create(path)?);
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..bytes / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_le_bytes())?;
    }
    file.flush()
}
