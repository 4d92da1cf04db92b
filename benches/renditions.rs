//! How far the fingerprint of a small rendition is from that of the picture itself, by the width of the rendition.
//!
//! ```text
//! cargo run --release --example pictures -- --out DIR --prompts 40 --variants 0
//! cargo run --release --example renditions -- DIR [most]
//! ```
//!
//! Each picture is resized to a width, saved again as a JPEG of quality 80, as a host of pictures does, and
//! described. A line a width: percentiles of the bits that differ, of 192, and of the distance of colours; and the share
//! that is within the limits at which near-duplicates are told. Not to conclude: how the site resizes and saves, which
//! nobody outside knows.

use std::fs;
use std::io::{Cursor, Error, Result, Write};
use std::path::PathBuf;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageReader};
use rayon::prelude::*;
use stemmata::crawl::media::PREVIEW_WIDTHS;
use stemmata::entity::Fingerprint;
use stemmata::fingerprint::{PictureLimits, of_bytes};

/// Quality of a rendition.
const QUALITY: u8 = 80;

/// Bits and distance of colours within which pictures are told to be copies.
const LIMITS: (u32, f32) = (31, 0.5);

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let usage = || Error::other("usage: renditions DIR [MOST]");
    let folder = PathBuf::from(words.next().ok_or_else(usage)?);
    let most: usize = words.next().map_or(Ok(usize::MAX), |word| word.parse().map_err(|_| usage()))?;
    let mut files = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let described: Vec<(DynamicImage, Fingerprint)> = files
        .par_iter()
        .take(most)
        .filter_map(|path| {
            let bytes = fs::read(path).ok()?;
            let whole = of_bytes(&bytes, &PictureLimits::default()).ok()?.fingerprint;
            let picture = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?.decode().ok()?;
            Some((picture, whole)).filter(|(_, whole)| !whole.is_flat())
        })
        .collect();
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{} pictures\nwidth  bits 50%  90%  99%  most  colours 99%  within  bytes",
        described.len()
    )?;
    for width in PREVIEW_WIDTHS {
        let mut apart: Vec<(u32, f32, usize)> = described
            .par_iter()
            .filter(|(picture, _)| picture.width() >= width)
            .map(|(picture, whole)| distances(picture, whole, width))
            .collect::<Result<_>>()?;
        if apart.is_empty() {
            continue;
        }
        let last = apart.len() - 1;
        let share = |share: usize| last * share / 100;
        let within = apart.iter().filter(|(bits, colours, _)| *bits <= LIMITS.0 && *colours <= LIMITS.1);
        let within = within.count() as f64 / apart.len() as f64;
        let bytes = apart.iter().map(|(_, _, bytes)| bytes).sum::<usize>() / apart.len();
        let mut colours: Vec<f32> = apart.iter().map(|(_, colours, _)| *colours).collect();
        colours.sort_by(f32::total_cmp);
        let colours = colours[share(99)];
        apart.sort_by_key(|(bits, _, _)| *bits);
        let bits = [50, 90, 99, 100].map(|of| apart[share(of)].0);
        writeln!(
            out,
            "{width:5}  {:8}  {:3}  {:3}  {:4}  {colours:11.3}  {within:6.4}  {bytes}",
            bits[0], bits[1], bits[2], bits[3]
        )?;
    }
    Ok(())
}

/// Bits, distance of colours, and bytes of a rendition.
fn distances(picture: &DynamicImage, whole: &Fingerprint, width: u32) -> Result<(u32, f32, usize)> {
    let height = (u64::from(picture.height()) * u64::from(width) / u64::from(picture.width().max(1))).max(1);
    let height = u32::try_from(height).map_err(Error::other)?;
    let small = picture.resize_exact(width, height, FilterType::Lanczos3).to_rgb8();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&small).map_err(Error::other)?;
    let seen = of_bytes(&bytes, &PictureLimits::default()).map_err(Error::other)?.fingerprint;
    Ok((seen.bits_apart(whole), seen.chroma_apart(whole), bytes.len()))
}
