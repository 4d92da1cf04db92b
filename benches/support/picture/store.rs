//! A picture in, a file's bytes out.

use std::io::{Cursor, Error, Result};

use image::{ImageFormat, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::rng::Rng;

/// How a JPEG is coded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JpegPlan {
    pub(crate) quality: u8,
    pub(crate) sampling: SamplingFactor,
    pub(crate) progressive: bool,
    pub(crate) optimized: bool,
    /// In blocks of the sampling; 0 for none.
    pub(crate) restart_interval: u16,
    pub(crate) grey: bool,
}

impl JpegPlan {
    /// What most programs write at this quality.
    pub(crate) fn usual(quality: u8) -> Self {
        let sampling = if quality < 90 { SamplingFactor::F_2_2 } else { SamplingFactor::F_1_1 };
        Self { quality, sampling, progressive: false, optimized: false, restart_interval: 0, grey: false }
    }

    /// Anything that a decoder may meet, but for what the image crate misreads (zune-jpeg 0.5.15): sequential pictures in
    /// which brightness is sampled four times as finely, or more finely downwards in a scan of its own, as it comes with
    /// tables of its own.
    pub(crate) fn any(rng: &mut Rng) -> Self {
        use SamplingFactor as S;
        let samplings = [S::F_2_2, S::F_1_1, S::F_2_1, S::F_1_2, S::F_4_1, S::F_4_2, S::F_1_4, S::F_2_4];
        let sampling = rng.pick(&samplings);
        let restart_interval = if rng.chance(0.3) { rng.between(1, 60) as u16 } else { 0 };
        let progressive = rng.chance(0.4) || matches!(sampling, S::F_4_1 | S::F_4_2 | S::F_1_4 | S::F_2_4);
        let downwards = matches!(sampling, S::F_2_2 | S::F_1_2);
        // The encoder makes its own tables without looking at where it restarts, and then lacks codes.
        let optimized = rng.chance(0.5) && restart_interval == 0 && (progressive || !downwards);
        let (quality, grey) = (rng.between(20, 98) as u8, rng.chance(0.1));
        Self { quality, sampling, progressive, optimized, restart_interval, grey }
    }
}

/// A JPEG.
pub(crate) fn jpeg(picture: &RgbImage, plan: JpegPlan) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, plan.quality);
    encoder.set_sampling_factor(plan.sampling);
    encoder.set_progressive(plan.progressive);
    encoder.set_optimized_huffman_tables(plan.optimized);
    if plan.restart_interval > 0 {
        encoder.set_restart_interval(plan.restart_interval);
    }
    let sides = |pixels: u32| u16::try_from(pixels).map_err(Error::other);
    let (width, height) = (sides(picture.width())?, sides(picture.height())?);
    let coded = if plan.grey {
        let grey: Vec<u8> = picture.pixels().map(|pixel| pixel.0[1]).collect();
        encoder.encode(&grey, width, height, ColorType::Luma)
    } else {
        encoder.encode(picture.as_raw(), width, height, ColorType::Rgb)
    };
    coded.map_err(Error::other)?;
    Ok(bytes)
}

/// A PNG as Pillow and most generators write it: every row filtered as suits it, the usual effort of compression.
pub(crate) fn png(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width(), picture.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_filter(png::Filter::Adaptive);
    encoder.write_header()?.write_image_data(picture.as_raw())?;
    Ok(bytes)
}

/// A lossless WebP: there is no encoder of lossy ones in Rust.
pub(crate) fn webp(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::WebP).map_err(Error::other)?;
    Ok(bytes.into_inner())
}
