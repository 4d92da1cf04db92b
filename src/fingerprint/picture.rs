//! A picture file in, the BlurHash that the site would give it out.
//!
//! - In: bytes of a JPEG, PNG, WebP or GIF, from anyone. Assume an enemy wrote them.
//! - Out: the BlurHash of 4x4 components of the picture as it is displayed, and its size.
//! - Never: decoding before the header has been checked against [`PictureLimits`].
//!
//! The site shrinks a picture to 64 pixels on its longest side and encodes that. EXIF orientation is applied,
//! of an animation the first picture counts, and transparent pixels are blended onto black, which is what the
//! canvas of a browser gives for them; an alpha channel that is opaque throughout changes nothing.

use std::fs::File;
use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, RgbaImage};
use thiserror::Error;

/// Longest side, in pixels, that is encoded.
pub const ENCODED_SIDE: u32 = 64;

/// Components a side.
const COMPONENTS: u32 = 4;

/// Bytes that a decoder may need for one pixel: four channels of 16 bits, twice.
const BYTES_A_PIXEL: u64 = 16;

/// How large a picture may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureLimits {
    /// Most bytes of a file.
    pub max_file_bytes: u64,
    /// Most pixels, width times height.
    pub max_pixels: u64,
}

impl Default for PictureLimits {
    /// 128 MiB and 100 million pixels.
    fn default() -> Self {
        Self { max_file_bytes: 128 << 20, max_pixels: 100_000_000 }
    }
}

/// Why a picture could not be described.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PictureError {
    /// The file could not be read.
    #[error("{} could not be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// More bytes than allowed.
    #[error("the file has more than {max_file_bytes} bytes")]
    TooManyBytes {
        /// The limit.
        max_file_bytes: u64,
    },
    /// More pixels than allowed, or none.
    #[error("{width}x{height} is not between 1 and {max_pixels} pixels")]
    PixelCount {
        /// Pixels across, as the header says.
        width: u32,
        /// Pixels down.
        height: u32,
        /// The limit.
        max_pixels: u64,
    },
    /// Damaged, or of a format that is not supported.
    #[error("the picture could not be decoded")]
    Decode(#[source] ImageError),
    /// The file ends before the picture does.
    #[error("the file ends before the picture does; copy or download it again")]
    Truncated,
    /// A format that is known and not read.
    #[error(
        "{format} pictures cannot be decoded, only their metadata can be read; convert it to PNG or JPEG"
    )]
    Unsupported {
        /// Its name.
        format: &'static str,
    },
    /// The decoder gave up in a way that it should not.
    #[error("the decoder failed on this picture")]
    DecoderPanicked,
}

/// What a picture looks like from afar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Of 4x4 components.
    pub blurhash: String,
    /// Pixels across, as displayed.
    pub width: u32,
    /// Pixels down, as displayed.
    pub height: u32,
}

/// Describes the picture in a file.
///
/// # Errors
///
/// [`PictureError::Read`], and every error of [`describe`].
pub fn describe_file(path: &Path, limits: &PictureLimits) -> Result<Picture, PictureError> {
    let failed = |source| PictureError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(limits.max_file_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    describe(&bytes, limits)
}

/// Describes the picture that `bytes` hold.
///
/// # Errors
///
/// [`PictureError::TooManyBytes`] and [`PictureError::PixelCount`] before anything is decoded,
/// [`PictureError::Decode`] and [`PictureError::DecoderPanicked`] if it cannot be.
pub fn describe(bytes: &[u8], limits: &PictureLimits) -> Result<Picture, PictureError> {
    if bytes.len() as u64 > limits.max_file_bytes {
        return Err(PictureError::TooManyBytes { max_file_bytes: limits.max_file_bytes });
    }
    // A decoder keeps nothing that outlives the call, so a panic leaves nothing half done.
    catch_unwind(AssertUnwindSafe(|| decode(bytes, limits))).unwrap_or(Err(PictureError::DecoderPanicked))
}

fn decode(bytes: &[u8], limits: &PictureLimits) -> Result<Picture, PictureError> {
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
    let mut small = shrink(picture);
    small.apply_orientation(orientation);
    let (width, height) = if lies_on_its_side(orientation) { (height, width) } else { (width, height) };
    Ok(Picture { blurhash: encode(&small.into_rgba8()), width, height })
}

fn lies_on_its_side(orientation: Orientation) -> bool {
    match orientation {
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => false,
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => true,
    }
}

/// Blends onto black and averages down to [`ENCODED_SIDE`]; a smaller picture keeps its size.
fn shrink(picture: DynamicImage) -> DynamicImage {
    let picture = if picture.color().has_alpha() { blend(picture.into_rgba8()) } else { picture };
    if picture.width().max(picture.height()) <= ENCODED_SIDE {
        return picture;
    }
    picture.thumbnail(ENCODED_SIDE, ENCODED_SIDE)
}

fn blend(mut picture: RgbaImage) -> DynamicImage {
    for pixel in picture.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        let over_black = |channel: u8| {
            let blended = (u16::from(channel) * u16::from(alpha) + 127) / 255;
            blended.to_le_bytes()[0]
        };
        pixel.0 = [over_black(red), over_black(green), over_black(blue), 255];
    }
    picture.into()
}

fn encode(pixels: &RgbaImage) -> String {
    ::blurhash::encode(COMPONENTS, COMPONENTS, pixels.width(), pixels.height(), pixels.as_raw())
        .expect("four components a side are within one to nine")
}

#[cfg(test)]
mod tests;
