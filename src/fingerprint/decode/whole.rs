//! Pictures that are decoded whole, by the image crate: the rare formats, and what the quick readers refuse.

use std::io::Cursor;
use std::sync::{Mutex, MutexGuard, PoisonError};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::hasher::PixelHasher;
use super::{Decoded, check_sides, sniff};
use crate::entity::Turn;
use crate::fingerprint::grid::{Grid, Reducer};
use crate::fingerprint::{Format, PictureError, PictureLimits};

/// Bytes that a decoder may need for one pixel: four channels of 16 bits, twice.
const BYTES_A_PIXEL: u64 = 16;

/// Pixels of a picture of which only one may be open at a time.
const LARGE_PIXELS: u64 = 8_000_000;

/// Held while a large picture is open, so that memory does not grow with the number of threads.
static LARGE: Mutex<()> = Mutex::new(());

/// A whole picture, as it is stored.
struct Whole {
    format: Format,
    picture: DynamicImage,
    turn: Turn,
    /// If it is large.
    _alone: Option<MutexGuard<'static, ()>>,
}

/// Decodes all pixels and averages them.
pub(super) fn decode(bytes: &[u8], limits: &PictureLimits) -> Result<Decoded, PictureError> {
    let Whole { format, picture, turn, _alone } = open(bytes, limits)?;
    let (width, height) = (picture.width(), picture.height());
    let mut reducer = Reducer::<3>::new(width, height);
    let mut hasher = (turn == Turn::None).then(|| PixelHasher::new(width, height));
    each_row(picture, |rgb, alpha| {
        if let Some(hasher) = &mut hasher {
            hasher.row(rgb, alpha);
        }
        match alpha {
            None => reducer.row(rgb),
            Some(alpha) => reducer.row(&over_black(rgb, alpha)),
        }
    });
    let grid = Grid { channels: reducer.finish().ok_or(PictureError::DecoderPanicked)? };
    Ok(Decoded { format, width, height, turn, grid, pixels: hasher.map(PixelHasher::finish), coded: None })
}

/// Decodes all pixels and hashes them as displayed.
pub(super) fn pixels(bytes: &[u8], limits: &PictureLimits) -> Result<[u8; 32], PictureError> {
    let Whole { mut picture, turn, _alone, .. } = open(bytes, limits)?;
    picture.apply_orientation(orientation(turn));
    let mut hasher = PixelHasher::new(picture.width(), picture.height());
    each_row(picture, |rgb, alpha| hasher.row(rgb, alpha));
    Ok(hasher.finish())
}

fn open(bytes: &[u8], limits: &PictureLimits) -> Result<Whole, PictureError> {
    let unknown = || {
        PictureError::Decode(image::ImageError::Unsupported(image::error::ImageFormatHint::Unknown.into()))
    };
    let format = sniff(bytes)?.ok_or_else(unknown)?;
    let mut allowed = image::Limits::default();
    allowed.max_alloc = Some(limits.max_pixels.saturating_mul(BYTES_A_PIXEL));
    let mut reader = ImageReader::with_format(Cursor::new(bytes), image_format(format));
    reader.limits(allowed);
    let mut decoder = reader.into_decoder().map_err(PictureError::Decode)?;
    let (width, height) = decoder.dimensions();
    check_sides(width, height, limits)?;
    let turn = Turn::of_exif(decoder.orientation().map_err(PictureError::Decode)?.to_exif());
    let large = u64::from(width) * u64::from(height) > LARGE_PIXELS;
    // A panic of a decoder leaves nothing behind that the next could trip over.
    let alone = large.then(|| LARGE.lock().unwrap_or_else(PoisonError::into_inner));
    let picture = DynamicImage::from_decoder(decoder).map_err(PictureError::Decode)?;
    Ok(Whole { format, picture, turn: turn.unwrap_or(Turn::None), _alone: alone })
}

fn image_format(format: Format) -> ImageFormat {
    match format {
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Png => ImageFormat::Png,
        Format::WebP => ImageFormat::WebP,
        Format::Gif => ImageFormat::Gif,
        Format::Bmp => ImageFormat::Bmp,
        Format::Tiff => ImageFormat::Tiff,
    }
}

fn orientation(turn: Turn) -> Orientation {
    match turn {
        Turn::None => Orientation::NoTransforms,
        Turn::FlipHorizontal => Orientation::FlipHorizontal,
        Turn::FlipVertical => Orientation::FlipVertical,
        Turn::Rotate180 => Orientation::Rotate180,
        Turn::Rotate90 => Orientation::Rotate90,
        Turn::Rotate270 => Orientation::Rotate270,
        Turn::Transpose => Orientation::Rotate90FlipH,
        Turn::Transverse => Orientation::Rotate270FlipH,
    }
}

fn each_row(picture: DynamicImage, mut take: impl FnMut(&[u8], Option<&[u8]>)) {
    if !picture.color().has_alpha() {
        let picture = picture.into_rgb8();
        let length = 3 * picture.width() as usize;
        return picture.as_raw().chunks_exact(length).for_each(|rgb| take(rgb, None));
    }
    let picture = picture.into_rgba8();
    let mut split = Split::default();
    for row in picture.as_raw().chunks_exact(4 * picture.width() as usize) {
        let (rgb, alpha) = split.row(row);
        take(rgb, alpha);
    }
}

/// Takes the alpha channel apart.
#[derive(Default)]
pub(super) struct Split {
    rgb: Vec<u8>,
    alpha: Vec<u8>,
}

impl Split {
    /// Three of the four bytes of each pixel, and the fourth ones unless all are opaque.
    pub(super) fn row(&mut self, rgba: &[u8]) -> (&[u8], Option<&[u8]>) {
        self.rgb.resize(rgba.len() / 4 * 3, 0);
        self.alpha.resize(rgba.len() / 4, 0);
        let mut opaque = u8::MAX;
        let targets = self.rgb.chunks_exact_mut(3).zip(&mut self.alpha);
        for (pixel, (rgb, alpha)) in rgba.chunks_exact(4).zip(targets) {
            rgb.copy_from_slice(&pixel[..3]);
            *alpha = pixel[3];
            opaque &= pixel[3];
        }
        (&self.rgb, (opaque != u8::MAX).then_some(&*self.alpha))
    }
}

/// The row blended onto black.
pub(super) fn over_black(rgb: &[u8], alpha: &[u8]) -> Vec<u8> {
    let blended = |channel: u8, alpha: u8| {
        let blended = (u16::from(channel) * u16::from(alpha) + 127) / 255;
        blended.to_le_bytes()[0]
    };
    let pixels = rgb.chunks_exact(3).zip(alpha);
    pixels.flat_map(|(pixel, alpha)| pixel.iter().map(|channel| blended(*channel, *alpha))).collect()
}
