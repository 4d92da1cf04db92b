//! Pixels and BlurHashes to comparable numbers.
//!
//! - In: BlurHashes as the site gave them; bytes of pictures, from anyone.
//! - Out: fingerprints of pictures, entries for [`stemmata_index::near`], and for what has none the reason.
//! - Never: the catalog, the network; a picture is decoded only after its header has been checked.
//!
//! A picture is averaged to 64x64 cells while it is decoded, and everything is computed from those.

pub mod blurhash;
pub mod jpeg;
pub mod picture;
pub mod pixels;
pub mod pool;
pub mod preview;
pub mod thumbnail;
pub mod webp;

mod decode;
mod features;
mod grid;

use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::entity::Fingerprint;

pub use picture::{PictureError, PictureLimits};

/// What a picture is coded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    WebP,
    /// GIF; the first picture counts.
    Gif,
    /// BMP.
    Bmp,
    /// TIFF.
    Tiff,
}

/// What one picture file looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// BLAKE3 of the whole file.
    pub content: [u8; 32],
    /// What it is coded in.
    pub format: Format,
    /// Its appearance; ask [`Fingerprint::is_flat`] before comparing.
    pub fingerprint: Fingerprint,
    /// The BlurHash of 4x4 components that the site would give it.
    pub blurhash: String,
}

/// Describes the picture that `bytes` hold.
///
/// # Errors
///
/// [`PictureError::TooManyBytes`] and [`PictureError::PixelCount`] before anything is decoded;
/// [`PictureError::Unsupported`], [`PictureError::Decode`] and [`PictureError::DecoderPanicked`] if it cannot be.
pub fn of_bytes(bytes: &[u8], limits: &PictureLimits) -> Result<Described, PictureError> {
    if bytes.len() as u64 > limits.max_file_bytes {
        return Err(PictureError::TooManyBytes { max_file_bytes: limits.max_file_bytes });
    }
    // A decoder keeps nothing that outlives the call, so a panic leaves nothing half done.
    let decoded = catch_unwind(AssertUnwindSafe(|| decode::decode(bytes, limits)));
    let decoded = decoded.unwrap_or(Err(PictureError::DecoderPanicked))?;
    let grid = decoded.grid.turned(decoded.turn);
    let (width, height) = decoded.sides();
    let mut fingerprint = features::fingerprint(&grid, width, height);
    (fingerprint.pixels, fingerprint.coded) = (decoded.pixels, decoded.coded);
    let blurhash = blurhash::encode(&grid, width, height);
    Ok(Described { content: *blake3::hash(bytes).as_bytes(), format: decoded.format, fingerprint, blurhash })
}

/// Describes the picture in a file.
///
/// # Errors
///
/// [`PictureError::Read`], and every error of [`of_bytes`].
pub fn of_file(path: &Path, limits: &PictureLimits) -> Result<Described, PictureError> {
    of_bytes(&read(path, limits)?, limits)
}

/// The hash of all pixels as displayed, the one of [`Fingerprint::pixels`], for a picture that was decoded in part.
///
/// # Errors
///
/// Every error of [`of_bytes`].
pub fn pixels_of_bytes(bytes: &[u8], limits: &PictureLimits) -> Result<[u8; 32], PictureError> {
    if bytes.len() as u64 > limits.max_file_bytes {
        return Err(PictureError::TooManyBytes { max_file_bytes: limits.max_file_bytes });
    }
    // A decoder keeps nothing that outlives the call, so a panic leaves nothing half done.
    let hashed = catch_unwind(AssertUnwindSafe(|| decode::pixels(bytes, limits)));
    hashed.unwrap_or(Err(PictureError::DecoderPanicked))
}

/// The hash of all pixels of the picture in a file; see [`pixels_of_bytes`].
///
/// # Errors
///
/// [`PictureError::Read`], and every error of [`of_bytes`].
pub fn pixels_of_file(path: &Path, limits: &PictureLimits) -> Result<[u8; 32], PictureError> {
    pixels_of_bytes(&read(path, limits)?, limits)
}

/// Reads a file, but no more than one byte beyond the limit.
fn read(path: &Path, limits: &PictureLimits) -> Result<Vec<u8>, PictureError> {
    let failed = |source| PictureError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let expected = file.metadata().map_or(0, |metadata| metadata.len()).min(limits.max_file_bytes);
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0).saturating_add(1));
    file.take(limits.max_file_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
