//! Small pictures with pixels, in every coding that a reader of ours knows.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// Waves on a slope.
pub(crate) fn picture(width: u32, height: u32) -> DynamicImage {
    let pixel = |x: u32, y: u32| {
        let wave = |a: f32, b: f32| (128.0 + 60.0 * (x as f32 / a + y as f32 / b).sin()) as u8;
        image::Rgb([wave(11.0, 7.0), wave(5.0, 23.0), wave(17.0, 13.0)])
    };
    RgbImage::from_fn(width, height, pixel).into()
}

/// A JPEG of this sampling.
pub(crate) fn jpeg(
    picture: &DynamicImage,
    sampling: SamplingFactor,
    progressive: bool,
    restart_interval: u16,
) -> Vec<u8> {
    let (mut bytes, rgb) = (Vec::new(), picture.to_rgb8());
    let mut encoder = Encoder::new(&mut bytes, 80);
    encoder.set_sampling_factor(sampling);
    encoder.set_progressive(progressive);
    encoder.set_restart_interval(restart_interval);
    let sides = |pixels: u32| u16::try_from(pixels).expect("a small picture");
    let (width, height) = (sides(rgb.width()), sides(rgb.height()));
    encoder.encode(rgb.as_raw(), width, height, ColorType::Rgb).expect("memory takes everything");
    bytes
}

/// The picture in this format.
pub(crate) fn stored(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("memory takes everything");
    bytes.into_inner()
}

/// One of each.
pub(crate) fn files() -> Vec<Vec<u8>> {
    use SamplingFactor as S;
    let picture = picture(45, 31);
    let mut files: Vec<Vec<u8>> =
        [(S::F_2_2, false, 0), (S::F_1_1, false, 2), (S::F_2_1, true, 0), (S::F_4_1, true, 3)]
            .into_iter()
            .map(|(sampling, progressive, restart_interval)| {
                jpeg(&picture, sampling, progressive, restart_interval)
            })
            .collect();
    let clear = DynamicImage::from(picture.to_rgba16());
    files.extend([ImageFormat::Png, ImageFormat::WebP].map(|format| stored(&picture, format)));
    files.extend([stored(&clear, ImageFormat::Png), stored(&picture.to_luma8().into(), ImageFormat::Png)]);
    files
}
