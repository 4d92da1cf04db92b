//! PNG, row by row: no more of it is in memory than two rows.
//!
//! Checksums are not compared and texts not read: this is about pixels, and what the data lack shows in inflating.

use std::io::Cursor;

use image::metadata::Orientation;
use png::{ColorType, Decoder, Limits, Reader, Transformations};

use super::hasher::PixelHasher;
use super::whole::{Split, over_black};
use super::{Decoded, check_sides};
use crate::entity::Turn;
use crate::fingerprint::grid::{Grid, Reducer};
use crate::fingerprint::{Format, PictureLimits};

/// Bytes that a decoder may need for rows, profiles and the like.
const MOST_BYTES: usize = 64 << 20;

/// Decodes a PNG that is not interlaced; `None` leaves it to others.
pub(super) fn decode(bytes: &[u8], limits: &PictureLimits) -> Option<Decoded> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MOST_BYTES });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.ignore_checksums(true);
    decoder.set_transformations(Transformations::EXPAND);
    let header = decoder.read_header_info().ok()?;
    let (width, height, interlaced) = (header.width, header.height, header.interlaced);
    check_sides(width, height, limits).ok()?;
    if interlaced {
        return None;
    }
    let mut reader = decoder.read_info().ok()?;
    let turn = turn(&reader);
    let mut reducer = Reducer::<3>::new(width, height);
    let mut hasher = (turn == Turn::None).then(|| PixelHasher::new(width, height));
    let mut rows = Rows::new(reader.output_color_type());
    while let Some(row) = reader.next_row().ok()? {
        let (rgb, alpha) = rows.colours(row.data());
        if let Some(hasher) = &mut hasher {
            hasher.row(rgb, alpha);
        }
        match alpha {
            None => reducer.row(rgb),
            Some(alpha) => reducer.row(&over_black(rgb, alpha)),
        }
    }
    let grid = Grid { channels: reducer.finish()? };
    let pixels = hasher.map(PixelHasher::finish);
    Some(Decoded { format: Format::Png, width, height, turn, grid, pixels, coded: None })
}

fn turn(reader: &Reader<Cursor<&[u8]>>) -> Turn {
    let exif = reader.info().exif_metadata.as_ref();
    let orientation = exif.and_then(|exif| Orientation::from_exif_chunk(exif));
    orientation.and_then(|orientation| Turn::of_exif(orientation.to_exif())).unwrap_or(Turn::None)
}

/// Makes three bytes a pixel of rows of any kind.
struct Rows {
    colour: ColorType,
    wide_samples: bool,
    split: Split,
    /// The row with 8 bits a sample.
    narrow: Vec<u8>,
    /// The row with its grey in each of three or four channels.
    spread: Vec<u8>,
}

impl Rows {
    fn new((colour, depth): (ColorType, png::BitDepth)) -> Self {
        let wide_samples = depth == png::BitDepth::Sixteen;
        Self { colour, wide_samples, split: Split::default(), narrow: Vec::new(), spread: Vec::new() }
    }

    /// Three bytes a pixel, and the alpha unless all is opaque.
    fn colours<'r>(&'r mut self, data: &'r [u8]) -> (&'r [u8], Option<&'r [u8]>) {
        let data = if self.wide_samples { narrow(data, &mut self.narrow) } else { data };
        match self.colour {
            ColorType::Rgb | ColorType::Indexed => (data, None),
            ColorType::Rgba => self.split.row(data),
            ColorType::Grayscale => {
                self.spread.clear();
                self.spread.extend(data.iter().flat_map(|grey| [*grey; 3]));
                (&self.spread, None)
            }
            ColorType::GrayscaleAlpha => {
                self.spread.clear();
                let pixels = data.chunks_exact(2);
                self.spread.extend(pixels.flat_map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]]));
                self.split.row(&self.spread)
            }
        }
    }
}

/// Samples of 16 bits to the nearest of 8, as the image crate does.
fn narrow<'n>(data: &[u8], into: &'n mut Vec<u8>) -> &'n [u8] {
    into.clear();
    into.extend(data.chunks_exact(2).map(|sample| {
        let wide = u32::from(u16::from_be_bytes([sample[0], sample[1]]));
        ((wide + 128) / 257) as u8
    }));
    into
}
