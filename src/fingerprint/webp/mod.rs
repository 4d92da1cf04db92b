//! A lossy WebP in, its means over 64x64 cells out, without the pixels of the whole.
//!
//! - In: the data of a VP8 key frame (RFC 6386), from anyone. Assume an enemy wrote them.
//! - Out: brightness and colour differences, averaged while they are decoded; or [`Odd`], and then somebody else has to
//!   decode the picture.
//! - Never: red, green and blue, the loop filter, more than a row of macroblocks in memory, guesses at damaged data.
//!
//! Pixels are predicted from neighbours before the loop filter has smoothed them, so nothing that is needed passes
//! through it. What it smooths are the seams of blocks, and a cell is the mean of many of those.

mod bools;
mod frame;
mod header;
mod predict;
mod residual;
mod strip;
mod tables;

use super::PictureLimits;
use super::grid::CELLS;

/// Why this reader leaves a picture to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Odd {
    /// The data are cut off or contradict themselves.
    Damaged,
    /// No key frame, not shown, or of a later version.
    Unusual,
    /// More pixels than allowed.
    TooLarge,
}

/// The means of a picture, as stored.
#[derive(Debug)]
pub struct Means {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Brightness and both colour differences as coded, 64x64 cells each, row by row.
    pub planes: [Box<[f32; CELLS]>; 3],
}

/// Reads the means of the picture that these data hold.
///
/// # Errors
///
/// [`Odd`]: what another decoder makes of it is for that to say.
pub fn read(data: &[u8], limits: &PictureLimits) -> Result<Means, Odd> {
    let start = header::Start::read(data)?;
    let (width, height) = (start.width, start.height);
    if u64::from(width) * u64::from(height) > limits.max_pixels {
        return Err(Odd::TooLarge);
    }
    let planes = frame::read(header::Header::read(&start)?, width, height)?;
    Ok(Means { width, height, planes })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod writer;
