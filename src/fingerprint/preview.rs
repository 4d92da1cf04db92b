//! Small pictures to draw: from a BlurHash, or from a file.
//!
//! - In: the text of a BlurHash; a file of a picture, from anyone. Assume an enemy wrote it.
//! - Out: red, green and blue of at most as many pixels as asked for.
//! - Never: more of a file, or of its pixels, than the limits allow.

use std::path::Path;

use image::ImageEncoder as _;
use image::codecs::png::PngEncoder;

use super::blurhash::Coefficients;
use super::picture::{PictureError, PictureLimits};
use super::pixels;

/// Largest picture that is read for a preview.
pub const PREVIEW_LIMITS: PictureLimits = PictureLimits { max_file_bytes: 32 << 20, max_pixels: 40_000_000 };
/// Longest side of a preview, in pixels.
pub const MOST_SIDE: u32 = 512;

/// A small picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumbnail {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Red, green and blue of each, row by row.
    pub rgb: Vec<u8>,
}

impl Thumbnail {
    /// A pixel; black outside.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let at = 3 * (y as usize * self.width as usize + x as usize);
        match self.rgb.get(at..at + 3) {
            Some(&[red, green, blue]) if x < self.width => [red, green, blue],
            _ => [0; 3],
        }
    }

    /// As a PNG file; `None` only if the encoder fails.
    pub fn png(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let encoder = PngEncoder::new(&mut bytes);
        let color = image::ExtendedColorType::Rgb8;
        encoder.write_image(&self.rgb, self.width, self.height, color).ok()?;
        Some(bytes)
    }
}

/// What a BlurHash shows, this wide and high; `None` for one that cannot be read.
pub fn of_blurhash(text: &str, width: u32, height: u32) -> Option<Thumbnail> {
    Coefficients::decode(text).ok()?;
    let (width, height) = (width.clamp(1, MOST_SIDE), height.clamp(1, MOST_SIDE));
    let rgba = ::blurhash::decode(text, width, height, 1.0).ok()?;
    let rgb = rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    Some(Thumbnail { width, height, rgb })
}

/// The picture of a file, averaged down to this size; transparent pixels are blended onto black.
///
/// # Errors
///
/// As [`pixels::of_file`], within [`PREVIEW_LIMITS`].
pub fn of_file(path: &Path, width: u32, height: u32) -> Result<Thumbnail, PictureError> {
    let full = pixels::of_file(path, &PREVIEW_LIMITS)?;
    let (width, height) = (width.clamp(1, MOST_SIDE), height.clamp(1, MOST_SIDE));
    let mut rgb = Vec::with_capacity(3 * width as usize * height as usize);
    for y in 0..height {
        for x in 0..width {
            rgb.extend(mean(&full, span(x, width, full.width), span(y, height, full.height)));
        }
    }
    Ok(Thumbnail { width, height, rgb })
}

/// The pixels of `size` that the `place`th of `parts` stands for; at least one.
fn span(place: u32, parts: u32, size: u32) -> std::ops::Range<u32> {
    let at = |place: u32| {
        let scaled = u64::from(place) * u64::from(size) / u64::from(parts);
        u32::try_from(scaled).unwrap_or(u32::MAX)
    };
    let start = at(place).min(size.saturating_sub(1));
    start..at(place + 1).max(start + 1).min(size)
}

fn mean(full: &pixels::Pixels, columns: std::ops::Range<u32>, rows: std::ops::Range<u32>) -> [u8; 3] {
    let mut sums = [0_u64; 3];
    let mut count = 0_u64;
    for y in rows {
        for x in columns.clone() {
            let at = 4 * (y as usize * full.width as usize + x as usize);
            let Some(&[red, green, blue, alpha]) = full.rgba.get(at..at + 4) else { continue };
            for (sum, channel) in sums.iter_mut().zip([red, green, blue]) {
                *sum += u64::from(channel) * u64::from(alpha) / 255;
            }
            count += 1;
        }
    }
    sums.map(|sum| u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blurhash_is_drawn_and_a_broken_one_is_not() {
        let drawn = of_blurhash("LEHV6nWB2yk8pyo0adR*.7kCMdnj", 4, 3).expect("a good BlurHash");
        assert_eq!((drawn.width, drawn.height, drawn.rgb.len()), (4, 3, 36));
        assert_ne!(drawn.pixel(0, 0), drawn.pixel(3, 2));
        assert_eq!(drawn.pixel(4, 0), [0; 3]);
        assert_eq!(of_blurhash("nonsense", 4, 3), None);
    }

    #[test]
    fn a_file_is_averaged_down() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.png");
        let rgb = (0..64_u32).flat_map(|at| if at % 8 < 4 { [255, 0, 0] } else { [0, 0, 255] }).collect();
        let full = Thumbnail { width: 8, height: 8, rgb };
        std::fs::write(&path, full.png().expect("it is encoded")).expect("a writable folder");
        let small = of_file(&path, 2, 1).expect("it is read");
        assert_eq!(small.rgb, [255, 0, 0, 0, 0, 255]);
        assert_eq!(of_file(&path, 16, 16).expect("it is read").pixel(15, 15), [0, 0, 255]);
        std::fs::write(&path, b"no picture").expect("a writable folder");
        assert!(of_file(&path, 2, 2).is_err());
    }
}
