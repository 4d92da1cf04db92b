//! How many pictures a CPU second fingerprints, how much memory that takes, and how far the quick readers are from full
//! decoders.
//!
//! ```text
//! cargo run --release --example fingerprint -- speed [--threads N] [--rounds N] DIR...
//! cargo run --release --example fingerprint -- blurhash DIR...
//! cargo run --release --example fingerprint -- jpeg [--files N] [--seed N]
//! ```
//!
//! `speed` fingerprints every picture below the folders, warm, once for each format and once for all together, and
//! prints the better of the rounds (3 unless said): files for each CPU second (user and system, of all threads, in ticks
//! of 10 ms), files for each second, megapixels. The peer is `czkawka_cli image -d DIR -m 1 -H -T N`, its cache empty,
//! CPU seconds by `/usr/bin/time`. `blurhash` prints the distances of BlurHashes from those of fully decoded pictures.
//! `jpeg` codes that many (10,000 unless said) JPEGs of all samplings, with and without restart intervals and own
//! tables, baseline and progressive, and prints how far means of blocks are from those of fully decoded pixels.
//!
//! Not to conclude: anything about disks, everything comes from the page cache; nor about other mixtures of formats.

#[path = "support/picture/mod.rs"]
#[allow(dead_code, reason = "the generator uses the rest")]
mod picture;
#[path = "support/rng.rs"]
#[allow(dead_code, reason = "other generators use the rest")]
mod rng;

use std::fs;
use std::io::{Error, Result, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use image::imageops;
use picture::scene::{Recipe, render};
use picture::store::{JpegPlan, jpeg};
use rayon::prelude::*;
use rng::Rng;
use stemmata::fingerprint::{PictureLimits, blurhash, jpeg as reader, of_file, picture as full, pool};
use stemmata::run::RunContext;

fn main() -> Result<()> {
    let (mut threads, mut rounds, mut files, mut seed) = (1, 3_u32, 10_000_u64, 1_u64);
    let mut folders = Vec::new();
    let usage = || {
        Error::other(
            "usage: fingerprint speed|blurhash|jpeg [--threads N] [--rounds N] [--files N] [--seed N] [DIR...]",
        )
    };
    let mut words = std::env::args().skip(1);
    let mode = words.next().ok_or_else(usage)?;
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(usage);
        match word.as_str() {
            "--threads" => threads = value()?.parse().map_err(|_| usage())?,
            "--rounds" => rounds = value()?.parse().map_err(|_| usage())?,
            "--files" => files = value()?.parse().map_err(|_| usage())?,
            "--seed" => seed = value()?.parse().map_err(|_| usage())?,
            folder => folders.push(PathBuf::from(folder)),
        }
    }
    let mut paths = Vec::new();
    folders.iter().try_for_each(|folder| collect(folder, &mut paths))?;
    paths.sort();
    match mode.as_str() {
        "speed" => speed(&paths, threads, rounds),
        "blurhash" => blurhashes(&paths),
        "jpeg" => differences(files, seed),
        _ => Err(usage()),
    }
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|text| text.to_str()).unwrap_or_default();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if ["jpg", "jpeg", "png", "webp"].contains(&extension) {
            paths.push(path);
        }
    }
    Ok(())
}

fn speed(paths: &[PathBuf], threads: usize, rounds: u32) -> Result<()> {
    let workers = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(Error::other)?;
    let of = |extension: &'static str| -> Vec<PathBuf> {
        paths.iter().filter(|path| path.extension().is_some_and(|own| own == extension)).cloned().collect()
    };
    let mut out = std::io::stdout();
    for (name, paths) in
        [("jpg", of("jpg")), ("png", of("png")), ("webp", of("webp")), ("all", paths.to_vec())]
    {
        let (mut best_cpu, mut best_wall, mut pixels, mut failed) = (f64::MAX, f64::MAX, 0, 0);
        for _ in 0..=rounds {
            let (clock, cpu) = (Instant::now(), cpu_seconds()?);
            (pixels, failed) = (0_u64, 0);
            workers.install(|| {
                pool::describe_all(
                    paths.clone(),
                    &PictureLimits::default(),
                    &RunContext::quiet(),
                    |_, result| match result {
                        Ok(described) => {
                            pixels += u64::from(described.fingerprint.width)
                                * u64::from(described.fingerprint.height);
                        }
                        Err(_) => failed += 1,
                    },
                )
            });
            best_wall = best_wall.min(clock.elapsed().as_secs_f64());
            best_cpu = best_cpu.min(cpu_seconds()? - cpu);
        }
        let files = paths.len() as f64;
        writeln!(
            out,
            "{{\"format\":\"{name}\",\"threads\":{threads},\"files\":{},\"failed\":{failed},\"megapixels\":{:.1},\"cpu_s\":{best_cpu:.2},\"wall_s\":{best_wall:.2},\"files_per_cpu_s\":{:.0},\"files_per_s\":{:.0},\"peak_mib\":{}}}",
            paths.len(),
            pixels as f64 / 1e6,
            files / best_cpu,
            files / best_wall,
            peak_mib()?
        )?;
    }
    Ok(())
}

/// User and system time of this process, in ticks of 10 ms.
fn cpu_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |place: usize| fields.get(place).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    Ok((ticks(11) + ticks(12)) / 100.0)
}

/// Most memory that this process has had, in MiB.
fn peak_mib() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    Ok(line.split_whitespace().next().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0) / 1024)
}

fn blurhashes(paths: &[PathBuf]) -> Result<()> {
    let distance = |path: &PathBuf| {
        let limits = PictureLimits::default();
        let ours = blurhash::feature(&of_file(path, &limits).ok()?.blurhash).ok()?;
        let theirs = blurhash::feature(&full::describe_file(path, &limits).ok()?.blurhash).ok()?;
        Some(ours.distance(&theirs))
    };
    let mut distances: Vec<f32> = paths.par_iter().filter_map(distance).collect();
    distances.sort_by(f32::total_cmp);
    let at =
        |share: f64| distances.get((distances.len() as f64 * share) as usize).copied().unwrap_or(f32::NAN);
    let most = distances.last().copied().unwrap_or(f32::NAN);
    writeln!(
        std::io::stdout(),
        "{{\"files\":{},\"compared\":{},\"p50\":{:.4},\"p99\":{:.4},\"max\":{most:.4}}}",
        paths.len(),
        distances.len(),
        at(0.5),
        at(0.99)
    )
}

/// How far the means of one file are from those of its pixels.
#[derive(Clone, Copy, Default)]
struct Apart {
    /// Blocks without any clipped pixel.
    blocks: u64,
    worst: f64,
    total: f64,
    clipped_blocks: u64,
    worst_clipped: f64,
    refused: u64,
}

impl Apart {
    fn join(self, other: Self) -> Self {
        Self {
            blocks: self.blocks + other.blocks,
            worst: self.worst.max(other.worst),
            total: self.total + other.total,
            clipped_blocks: self.clipped_blocks + other.clipped_blocks,
            worst_clipped: self.worst_clipped.max(other.worst_clipped),
            refused: self.refused + other.refused,
        }
    }
}

fn differences(files: u64, seed: u64) -> Result<()> {
    // Drawing is dear, so every scene is cut and coded in 25 ways.
    let scenes: Vec<u64> = (0..files.div_ceil(25)).collect();
    let apart = scenes.par_iter().map(|scene| differences_of(seed, *scene, 25.min(files - scene * 25)));
    let apart = apart.try_reduce(Apart::default, |a, b| Ok(a.join(b)))?;
    writeln!(
        std::io::stdout(),
        "{{\"files\":{files},\"refused\":{},\"blocks\":{},\"largest_difference\":{:.3},\"mean_difference\":{:.4},\"clipped_blocks\":{},\"largest_difference_clipped\":{:.1}}}",
        apart.refused,
        apart.blocks,
        apart.worst,
        apart.total / apart.blocks.max(1) as f64,
        apart.clipped_blocks,
        apart.worst_clipped
    )
}

fn differences_of(seed: u64, scene: u64, files: u64) -> Result<Apart> {
    let recipe =
        Recipe { seed, prompt: scene, take: 0, palette: 0, subject: 0, width: 700, height: 560, grain: 1.0 };
    let scene_picture = render(&recipe);
    let mut rng = Rng::stream(seed, "codings", scene);
    let mut apart = Apart::default();
    for _ in 0..files {
        let (width, height) = (rng.between(9, 700) as u32, rng.between(9, 560) as u32);
        let part = imageops::crop_imm(&scene_picture, 0, 0, width, height).to_image();
        let bytes = jpeg(&part, JpegPlan::any(&mut rng))?;
        apart = apart.join(compare(&bytes).unwrap_or(Apart { refused: 1, ..Apart::default() }));
    }
    Ok(apart)
}

/// Means of whole blocks of brightness beside those of the decoded pixels.
fn compare(bytes: &[u8]) -> Option<Apart> {
    let eighth = reader::read(bytes, &PictureLimits::default(), 1).ok()?;
    let means = eighth.means.first()?;
    let pixels = image::load_from_memory(bytes).ok()?.into_rgb8();
    let mut apart = Apart::default();
    for row in 0..eighth.height / 8 {
        for column in 0..eighth.width / 8 {
            let block = imageops::crop_imm(&pixels, column * 8, row * 8, 8, 8).to_image();
            let luma = block.pixels().map(|pixel| {
                0.299 * f64::from(pixel.0[0]) + 0.587 * f64::from(pixel.0[1]) + 0.114 * f64::from(pixel.0[2])
            });
            let mean = luma.sum::<f64>() / 64.0;
            let ours = f64::from(*means.values.get(row as usize * means.stride + column as usize)?) / 8.0;
            // A decoder clips what lies outside 0 to 255, and with it the mean.
            if block.iter().any(|byte| matches!(byte, 0 | 255)) {
                apart.clipped_blocks += 1;
                apart.worst_clipped = apart.worst_clipped.max((ours - mean).abs());
            } else {
                apart.blocks += 1;
                apart.total += (ours - mean).abs();
                apart.worst = apart.worst.max((ours - mean).abs());
            }
        }
    }
    Some(apart)
}
