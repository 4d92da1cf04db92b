//! How many files a CPU second reads: metadata only, warm, on one thread.
//!
//! ```text
//! cargo run --release --example scan -- [--files N] [--rounds N] [--out DIR] [DIR...]
//! ```
//!
//! Without a folder it writes N files of its own (default 2000, seed 1) into a temporary folder, or into `--out`, which
//! stays: of ten, five are PNG, three JPEG, two WebP; 0.5 to 2 MB each, with 1 to 2 KB of infotext where generators
//! put it, pixels as holes in the file. One item is one file: open, read, close. All rounds count (default 20) but the
//! first, which is warm-up. CPU time is the kernel's own count for this thread, system calls included.
//!
//! Do not conclude anything about disks: every byte comes from the page cache. Nor about dialects: blocks are found and
//! decoded, not understood.

#[path = "../tests/support/pictures/mod.rs"]
mod pictures;
#[path = "support/rng.rs"]
#[allow(dead_code, reason = "the generator uses the rest")]
mod rng;

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use pictures::png::{chunk, text_chunk};
use pictures::{Comment, Exif, Jpeg, Order, WebP};
use rng::Rng;
use stemmata::parse::{Limits, extract};

/// Bytes of pixels in one chunk of a PNG, as Pillow writes them.
const IDAT_BYTES: u32 = 64 << 10;

fn main() -> io::Result<()> {
    let mut folders: Vec<PathBuf> = Vec::new();
    let (mut files, mut rounds, mut out) = (2000_u64, 20_u32, None);
    let mut words = std::env::args().skip(1);
    let usage = || io::Error::other("usage: scan [--files N] [--rounds N] [--out DIR] [DIR...]");
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(usage);
        match word.as_str() {
            "--files" => files = value()?.parse().map_err(|_| usage())?,
            "--rounds" => rounds = value()?.parse().map_err(|_| usage())?,
            "--out" => out = Some(PathBuf::from(value()?)),
            word if word.starts_with("--") => return Err(usage()),
            folder => folders.push(folder.into()),
        }
    }
    let temporary = tempfile::tempdir()?;
    if folders.is_empty() {
        let folder = out.unwrap_or_else(|| temporary.path().to_owned());
        fs::create_dir_all(&folder)?;
        for number in 0..files {
            write(&folder, number)?;
        }
        folders.push(folder);
    }
    let mut paths = Vec::new();
    for folder in folders {
        collect(&folder, &mut paths)?;
    }
    paths.sort();
    if paths.is_empty() {
        return Err(io::Error::other("no file to read"));
    }
    measure(&paths, rounds)
}

/// Reads all files once a round and says how fast that was.
fn measure(paths: &[PathBuf], rounds: u32) -> io::Result<()> {
    let (blocks, bytes) = read(paths)?;
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    for _ in 0..rounds {
        read(paths)?;
    }
    let wall = wall.elapsed().as_secs_f64();
    let files = paths.len() as f64;
    let read = files * f64::from(rounds);
    let mut out = io::stdout().lock();
    writeln!(out, "{files} files, {blocks} blocks, {bytes} bytes of metadata, {rounds} rounds")?;
    writeln!(out, "{:.0} files a second of wall clock", read / wall)?;
    match cpu.zip(cpu_seconds()).map(|(before, after)| after - before) {
        Some(cpu) => writeln!(out, "{:.0} files a CPU second, {:.1} us a file", read / cpu, cpu / read * 1e6),
        None => writeln!(out, "this system does not tell CPU time"),
    }
}

/// Reads all files: blocks, and bytes in them.
fn read(paths: &[PathBuf]) -> io::Result<(usize, usize)> {
    let limits = Limits::default();
    let (mut blocks, mut bytes) = (0, 0);
    for path in paths {
        let found = extract(&mut File::open(path)?, &limits)?;
        blocks += found.blocks.len();
        bytes += found.blocks.iter().map(|block| block.bytes.len()).sum::<usize>();
    }
    Ok((blocks, bytes))
}

/// Seconds that this thread has run, in user and kernel mode; Linux tells it in nanoseconds.
fn cpu_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: u64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds as f64 / 1e9)
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), into)?;
        } else if kind.is_file() {
            into.push(entry.path());
        }
    }
    Ok(())
}

/// Writes file `number`: the same bytes for the same number.
fn write(folder: &Path, number: u64) -> io::Result<()> {
    let mut rng = Rng::stream(1, "scan", number);
    let text = infotext(&mut rng);
    let pixels_bytes = (500 << 10) + (rng.next_u64() % (1500 << 10)) as u32;
    match number % 10 {
        0..5 => png(&folder.join(format!("{number:06}.png")), &text, pixels_bytes),
        5..8 => jpeg(&folder.join(format!("{number:06}.jpg")), &text, pixels_bytes),
        _ => webp(&folder.join(format!("{number:06}.webp")), &text, pixels_bytes),
    }
}

/// One to two kilobytes as A1111 writes them.
fn infotext(rng: &mut Rng) -> String {
    const WORDS: [&str; 12] = [
        "kite",
        "meadow",
        "masterpiece",
        "soft light",
        "river",
        "<lora:a_style:0.8>",
        "detailed",
        "mountains",
        "watercolour",
        "evening",
        "wide angle",
        "clouds",
    ];
    let bytes = 700 + (rng.next_u64() % 1000) as usize;
    let mut prompt = String::new();
    while prompt.len() < bytes {
        prompt.push_str(WORDS[(rng.next_u64() % 12) as usize]);
        prompt.push_str(", ");
    }
    let seed = rng.next_u64() >> 32;
    format!(
        "{prompt}\nNegative prompt: blurry, low quality, {}\nSteps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 5.5, \
         Seed: {seed}, Size: 832x1216, Model hash: 0123456789, Model: a_model_v12, Clip skip: 2, Version: v1.10.1",
        "watermark, ".repeat(10)
    )
}

/// A PNG whose pixels are chunks of the right length and no content.
fn png(path: &Path, text: &str, pixels_bytes: u32) -> io::Result<()> {
    let whole = pictures::Png::new(1).before(&text_chunk("parameters", text)).build();
    let pixels = whole.windows(4).position(|name| name == b"IDAT").map_or(0, |at| at - 4);
    let mut file = File::create(path)?;
    file.write_all(&whole[..pixels])?;
    let mut left = pixels_bytes;
    while left > 0 {
        let size = left.min(IDAT_BYTES);
        file.write_all(&[&size.to_be_bytes()[..], b"IDAT"].concat())?;
        file.seek(SeekFrom::Current(i64::from(size) + 4))?;
        left -= size;
    }
    file.write_all(&chunk(b"IEND", b""))
}

/// A JPEG with nothing behind its head.
fn jpeg(path: &Path, text: &str, pixels_bytes: u32) -> io::Result<()> {
    let head = Jpeg::new(1).exif(&Exif::new(Order::Big).comment(Comment::Utf16Be, text)).build();
    let mut file = File::create(path)?;
    file.write_all(&head)?;
    file.set_len(head.len() as u64 + u64::from(pixels_bytes))
}

/// A WebP whose pixels are one chunk of the right length and no content, with Exif behind it.
fn webp(path: &Path, text: &str, pixels_bytes: u32) -> io::Result<()> {
    let whole = WebP::new(1).exif(&Exif::new(Order::Big).comment(Comment::Utf16Be, text)).build();
    let pixels = whole.windows(4).position(|name| name == b"VP8L").unwrap_or(0);
    let exif = whole.windows(4).position(|name| name == b"EXIF").unwrap_or(0);
    let pixels_bytes = pixels_bytes & !1;
    let mut file = File::create(path)?;
    file.write_all(&whole[..pixels + 4])?;
    file.write_all(&pixels_bytes.to_le_bytes())?;
    file.write_all(&whole[pixels + 8..pixels + 18])?;
    file.seek(SeekFrom::Current(i64::from(pixels_bytes) - 10))?;
    file.write_all(&whole[exif..])
}
