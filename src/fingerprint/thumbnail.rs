//! Small pictures for people to look at.
//!
//! - In: a picture on disk, from anyone, or a BlurHash.
//! - Out: the bytes of a small JPEG or PNG that has nothing of the original but its looks.
//! - Never: decoding before the header has been checked against [`PictureLimits`]; metadata.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbaImage};

use super::blurhash::Coefficients;
use super::picture::{PictureError, PictureLimits};

/// Quality of the JPEG.
const QUALITY: u8 = 75;

/// Most bytes that a decoder may need for one pixel: four channels of 16 bits, twice.
const BYTES_A_PIXEL: u64 = 16;

/// Longest side of a picture made from a BlurHash. It has 4x4 waves, and a browser smooths the rest.
const BLURRED_SIDE: u32 = 20;

/// A JPEG of the picture in a file, upright, its longer side at most `side` pixels; transparent parts are black.
///
/// # Errors
///
/// [`PictureError`], for the same reasons as [`super::of_file`].
pub fn of_file(path: &Path, side: u32, limits: &PictureLimits) -> Result<Vec<u8>, PictureError> {
    let bytes = super::read(path, limits)?;
    if bytes.len() as u64 > limits.max_file_bytes {
        return Err(PictureError::TooManyBytes { max_file_bytes: limits.max_file_bytes });
    }
    // A decoder keeps nothing that outlives the call, so a panic leaves nothing half done.
    catch_unwind(AssertUnwindSafe(|| shrink(&bytes, side, limits)))
        .unwrap_or(Err(PictureError::DecoderPanicked))
}

fn shrink(bytes: &[u8], side: u32, limits: &PictureLimits) -> Result<Vec<u8>, PictureError> {
    let mut reader = ImageReader::new(Cursor::new(bytes));
    let mut allowed = image::Limits::default();
    allowed.max_alloc = Some(limits.max_pixels.saturating_mul(BYTES_A_PIXEL));
    reader.limits(allowed);
    let reader = reader.with_guessed_format().map_err(|error| PictureError::Decode(error.into()))?;
    let mut decoder = reader.into_decoder().map_err(PictureError::Decode)?;
    let (width, height) = decoder.dimensions();
    if !(1..=limits.max_pixels).contains(&(u64::from(width) * u64::from(height))) {
        return Err(PictureError::PixelCount { width, height, max_pixels: limits.max_pixels });
    }
    let orientation = decoder.orientation().map_err(PictureError::Decode)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(PictureError::Decode)?;
    let is_large = width.max(height) > side.max(1);
    let mut small = if is_large { picture.thumbnail(side.max(1), side.max(1)) } else { picture };
    small.apply_orientation(orientation);
    let mut rgba = small.into_rgba8();
    for pixel in rgba.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        let over_black = |channel: u8| (u16::from(channel) * u16::from(alpha) / 255).to_le_bytes()[0];
        pixel.0 = [over_black(red), over_black(green), over_black(blue), 255];
    }
    let mut jpeg = Vec::new();
    let rgb = DynamicImage::from(rgba).into_rgb8();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&rgb).map_err(PictureError::Decode)?;
    Ok(jpeg)
}

/// A PNG of what a BlurHash shows, in the shape of a picture of this size; `None` if it is none that can be read.
pub fn of_blurhash(text: &str, width: u32, height: u32) -> Option<Vec<u8>> {
    Coefficients::decode(text).ok()?;
    let longer = width.max(height).max(1);
    let scaled = |side: u32| {
        let side = u64::from(side.max(1)) * u64::from(BLURRED_SIDE) / u64::from(longer);
        u32::try_from(side).unwrap_or(BLURRED_SIDE).clamp(1, BLURRED_SIDE)
    };
    let (width, height) = if width == 0 || height == 0 {
        (BLURRED_SIDE, BLURRED_SIDE)
    } else {
        (scaled(width), scaled(height))
    };
    let pixels = ::blurhash::decode(text, width, height, 1.0).ok()?;
    let picture = RgbaImage::from_raw(width, height, pixels)?;
    let mut png = Cursor::new(Vec::new());
    DynamicImage::from(picture).into_rgb8().write_to(&mut png, ImageFormat::Png).ok()?;
    Some(png.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbnail_is_small_and_upright_and_keeps_the_shape() {
        let file = tempfile::NamedTempFile::with_suffix(".png").expect("a temporary file");
        let picture = RgbaImage::from_fn(400, 100, |x, _| image::Rgba([x.to_le_bytes()[0], 9, 9, 255]));
        picture.save(file.path()).expect("writes");
        let jpeg = of_file(file.path(), 200, &PictureLimits::default()).expect("a picture");
        let small = image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg).expect("a JPEG");
        assert_eq!((small.width(), small.height()), (200, 50));
        let few = PictureLimits { max_pixels: 399, ..PictureLimits::default() };
        assert!(matches!(of_file(file.path(), 200, &few), Err(PictureError::PixelCount { .. })));
    }

    #[test]
    fn a_blurhash_becomes_a_tiny_picture_of_the_shape_that_is_asked_for() {
        let text = "U9A1bC2dE3fG4hI5jK6lM7nO8pQ9rS0tUvWx";
        let png = of_blurhash(text, 832, 1216).expect("a picture");
        let picture = image::load_from_memory_with_format(&png, ImageFormat::Png).expect("a PNG");
        assert_eq!((picture.width(), picture.height()), (13, 20));
        assert!(png.len() < 2000);
        assert!(of_blurhash(text, 0, 9).is_some() && of_blurhash(text, u32::MAX, 1).is_some());
        assert_eq!(of_blurhash("no BlurHash", 4, 4), None);
    }
}
