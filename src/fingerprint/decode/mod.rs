//! Bytes of a picture in, its grid out: each format by the decoder that does least for it.

mod hasher;
mod png;
mod webp;
mod whole;

use super::grid::{Grid, MOST_PIXELS_A_SIDE};
use super::jpeg::{Detail, Odd};
use super::{Format, PictureError, PictureLimits, jpeg};
use crate::entity::Turn;

/// A decoded picture, as it is stored.
pub(super) struct Decoded {
    pub(super) format: Format,
    pub(super) width: u32,
    pub(super) height: u32,
    /// How a viewer lays it down.
    pub(super) turn: Turn,
    pub(super) grid: Grid,
    /// The hash of the pixels as displayed, where all were seen.
    pub(super) pixels: Option<[u8; 32]>,
    /// The hash of the coded picture, where not all were.
    pub(super) coded: Option<[u8; 32]>,
}

impl Decoded {
    /// Width and height as displayed.
    pub(super) fn sides(&self) -> (u32, u32) {
        if self.turn.swaps_sides() { (self.height, self.width) } else { (self.width, self.height) }
    }
}

/// Decodes as much as a grid needs.
pub(super) fn decode(bytes: &[u8], limits: &PictureLimits) -> Result<Decoded, PictureError> {
    let quick = match sniff(bytes)? {
        Some(Format::Jpeg) => jpeg_eighth(bytes, limits),
        Some(Format::Png) => png::decode(bytes, limits),
        Some(Format::WebP) => webp::decode(bytes, limits),
        _ => None,
    };
    // What a quick reader does not know or finds damaged is for the full decoder to judge.
    quick.map_or_else(|| complete(bytes, limits).and_then(|()| whole::decode(bytes, limits)), Ok)
}

fn jpeg_eighth(bytes: &[u8], limits: &PictureLimits) -> Option<Decoded> {
    let eighth = match jpeg::read(bytes, limits, jpeg::LEAST_SIDE) {
        Err(Odd::Small) => jpeg::read_detail(bytes, limits, jpeg::LEAST_QUARTER_SIDE, Detail::Quarter),
        read => read,
    };
    let eighth = eighth.ok()?;
    let (grid, coded) = (eighth.grid(), Some(eighth.coded));
    let jpeg::Eighth { width, height, turn, .. } = eighth;
    Some(Decoded { format: Format::Jpeg, width, height, turn, grid, pixels: None, coded })
}

/// The hash of the pixels as displayed, whatever that takes.
pub(super) fn pixels(bytes: &[u8], limits: &PictureLimits) -> Result<[u8; 32], PictureError> {
    complete(bytes, limits)?;
    whole::pixels(bytes, limits)
}

/// Refuses a JPEG that is cut off: the full decoder would make up the rest and call it a picture.
fn complete(bytes: &[u8], limits: &PictureLimits) -> Result<(), PictureError> {
    if jpeg::is_cut_off(bytes, limits) { Err(PictureError::Truncated) } else { Ok(()) }
}

/// Whether a picture of these sides may be decoded.
fn check_sides(width: u32, height: u32, limits: &PictureLimits) -> Result<(), PictureError> {
    let pixels = u64::from(width) * u64::from(height);
    if (1..=limits.max_pixels).contains(&pixels) && width.max(height) <= MOST_PIXELS_A_SIDE {
        return Ok(());
    }
    Err(PictureError::PixelCount { width, height, max_pixels: limits.max_pixels })
}

/// The format by the first bytes.
///
/// # Errors
///
/// [`PictureError::Unsupported`] for formats that are only known by name; `Ok(None)` if it is none.
fn sniff(bytes: &[u8]) -> Result<Option<Format>, PictureError> {
    let unsupported = |format| Err(PictureError::Unsupported { format });
    let brand = bytes.get(4..12).filter(|head| head.starts_with(b"ftyp")).map(|head| &head[4..]);
    Ok(Some(match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Format::Jpeg,
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Format::Png,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Format::WebP,
        [b'G', b'I', b'F', b'8', ..] => Format::Gif,
        [b'B', b'M', ..] => Format::Bmp,
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => Format::Tiff,
        [0xFF, 0x0A, ..] | [0, 0, 0, 0x0C, b'J', b'X', b'L', b' ', ..] => return unsupported("JPEG XL"),
        _ => match brand {
            Some(b"avif" | b"avis") => return unsupported("AVIF"),
            Some(b"heic" | b"heix" | b"hevc" | b"heim" | b"heis" | b"mif1" | b"msf1") => {
                return unsupported("HEIF");
            }
            _ => return Ok(None),
        },
    }))
}
