//! Pictures with something to see on them, the same for the same seed, in any size.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat, RgbImage};

use super::demo_site::faults::mix;

/// Waves that a picture is made of.
const WAVES: u64 = 9;

/// Broad waves of colour, of which a larger picture shows the same.
pub(crate) fn paint(seed: u64, width: u32, height: u32) -> RgbImage {
    let unit = |number: u64| (mix(seed.wrapping_mul(1000) + number) >> 11) as f32 / (1_u64 << 53) as f32;
    let waves: Vec<[f32; 6]> = (0..WAVES)
        .map(|wave| {
            let at = |part: u64| unit(wave * 10 + part);
            [at(0) * 14.0 - 7.0, at(1) * 14.0 - 7.0, at(2) * 6.3, at(3), at(4), at(5)]
        })
        .collect();
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = ((x as f32 + 0.5) / width as f32, (y as f32 + 0.5) / height as f32);
        let mut colour = [0.5_f32; 3];
        for [across, down, phase, red, green, blue] in &waves {
            let wave = (across * x + down * y + phase).sin();
            for (channel, share) in colour.iter_mut().zip([red, green, blue]) {
                *channel += wave * (share - 0.3) * 0.3;
            }
        }
        image::Rgb(colour.map(|value| (value.clamp(0.0, 1.0) * 255.0) as u8))
    })
}

/// The picture as a JPEG.
pub(crate) fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode_image(picture)
        .expect("memory takes every byte");
    bytes
}

/// The picture as a PNG.
pub(crate) fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = DynamicImage::from(picture.clone());
    picture.write_to(&mut bytes, ImageFormat::Png).expect("memory takes every byte");
    bytes.into_inner()
}
