//! A picture file in, its pixels out, as they are stored: for readers of what is hidden in them.
//!
//! - In: a file of a JPEG, PNG, WebP or GIF, from anyone. Assume an enemy wrote it.
//! - Out: red, green, blue and alpha of every pixel, not turned by an EXIF orientation.
//! - Never: decoding before the header has been checked against [`PictureLimits`].

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageReader};

use super::picture::{PictureError, PictureLimits};

/// Bytes that a decoder may need for one pixel: four channels of 16 bits, twice.
const BYTES_A_PIXEL: u64 = 16;

/// The pixels of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Red, green, blue and alpha of each, row by row.
    pub rgba: Vec<u8>,
}

/// Decodes the picture in a file.
///
/// # Errors
///
/// [`PictureError::Read`]; [`PictureError::TooManyBytes`] and [`PictureError::PixelCount`] before anything is decoded;
/// [`PictureError::Decode`] and [`PictureError::DecoderPanicked`] if it cannot be.
pub fn of_file(path: &Path, limits: &PictureLimits) -> Result<Pixels, PictureError> {
    let failed = |source| PictureError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = BufReader::new(File::open(path).map_err(failed)?);
    file.take(limits.max_file_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limits.max_file_bytes {
        return Err(PictureError::TooManyBytes { max_file_bytes: limits.max_file_bytes });
    }
    // A decoder keeps nothing that outlives the call, so a panic leaves nothing half done.
    catch_unwind(AssertUnwindSafe(|| decode(&bytes, limits))).unwrap_or(Err(PictureError::DecoderPanicked))
}

fn decode(bytes: &[u8], limits: &PictureLimits) -> Result<Pixels, PictureError> {
    let mut reader = ImageReader::new(Cursor::new(bytes));
    let mut allowed = image::Limits::default();
    allowed.max_alloc = Some(limits.max_pixels.saturating_mul(BYTES_A_PIXEL));
    reader.limits(allowed);
    let reader = reader.with_guessed_format().map_err(|error| PictureError::Decode(error.into()))?;
    let decoder = reader.into_decoder().map_err(PictureError::Decode)?;
    let (width, height) = decoder.dimensions();
    if !(1..=limits.max_pixels).contains(&(u64::from(width) * u64::from(height))) {
        return Err(PictureError::PixelCount { width, height, max_pixels: limits.max_pixels });
    }
    let picture = DynamicImage::from_decoder(decoder).map_err(PictureError::Decode)?;
    Ok(Pixels { width, height, rgba: picture.into_rgba8().into_raw() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::with_suffix(".png").expect("a temporary file");
        let picture = image::RgbaImage::from_fn(width, height, |x, y| {
            image::Rgba([x.to_le_bytes()[0], y.to_le_bytes()[0], 3, 254])
        });
        picture.save(file.path()).expect("writes");
        file
    }

    #[test]
    fn every_bit_of_a_pixel_comes_through() {
        let file = png(3, 2);
        let pixels = of_file(file.path(), &PictureLimits::default()).expect("a picture");
        assert_eq!((pixels.width, pixels.height), (3, 2));
        assert_eq!(pixels.rgba[20..], [2, 1, 3, 254]);
    }

    #[test]
    fn limits_hold_before_decoding() {
        let file = png(30, 20);
        let few_pixels = PictureLimits { max_pixels: 599, ..PictureLimits::default() };
        assert!(matches!(of_file(file.path(), &few_pixels), Err(PictureError::PixelCount { .. })));
        let few_bytes = PictureLimits { max_file_bytes: 9, ..PictureLimits::default() };
        assert!(matches!(of_file(file.path(), &few_bytes), Err(PictureError::TooManyBytes { .. })));
    }
}
