//! Lossy WebP: brightness and colour differences are averaged as they are coded, without being made red, green and blue.

use std::io::Cursor;

use image::metadata::Orientation;
use image_webp::vp8::{Frame, Vp8Decoder};

use super::{Decoded, check_sides};
use crate::entity::Turn;
use crate::fingerprint::grid::{Grid, Plane, Reducer};
use crate::fingerprint::webp::{self, Odd};
use crate::fingerprint::{Format, PictureLimits};

/// Most chunks that are looked at.
const MOST_CHUNKS: usize = 64;

/// Decodes a still lossy WebP without alpha; `None` leaves it to others.
pub(super) fn decode(bytes: &[u8], limits: &PictureLimits) -> Option<Decoded> {
    let Still { data, turn } = still(bytes)?;
    let (width, height, grid) = match webp::read(data, limits) {
        Ok(means) => (means.width, means.height, coloured(&means.planes)),
        Err(Odd::TooLarge) => return None,
        // Another reader judges what this one finds damaged.
        Err(_) => by_frame(data, limits)?,
    };
    check_sides(width, height, limits).ok()?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(data).update(&[turn as u8]);
    let coded = Some(*hasher.finalize().as_bytes());
    Some(Decoded { format: Format::WebP, width, height, turn, grid, pixels: None, coded })
}

/// By a decoder of the whole frame.
fn by_frame(data: &[u8], limits: &PictureLimits) -> Option<(u32, u32, Grid)> {
    // Three bytes of tag, three of start code, then 14 bits of each side (RFC 6386, 9.1).
    let [tag, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1, ..] = data else { return None };
    let side = |low: &u8, high: &u8| u32::from(u16::from_le_bytes([*low, *high]) & 0x3FFF);
    let (width, height) = (side(w0, w1), side(h0, h1));
    check_sides(width, height, limits).ok()?;
    if tag & 1 != 0 {
        return None;
    }
    let frame = Vp8Decoder::decode_frame(Cursor::new(data)).ok()?;
    if (u32::from(frame.width), u32::from(frame.height)) != (width, height) {
        return None;
    }
    Some((width, height, coloured(&planes(&frame)?)))
}

/// The coded data of a still picture without alpha.
struct Still<'w> {
    data: &'w [u8],
    turn: Turn,
}

fn still(bytes: &[u8]) -> Option<Still<'_>> {
    let (mut data, mut turn) = (None, None);
    let mut rest = bytes.get(12..)?;
    for _ in 0..MOST_CHUNKS {
        let Some((head, behind)) = rest.split_first_chunk::<8>() else { break };
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let payload = behind.get(..length).or_else(|| (&head[..4] == b"EXIF").then_some(behind))?;
        match &head[..4] {
            b"VP8 " if data.is_none() => data = Some(payload),
            b"VP8L" | b"ALPH" | b"ANIM" | b"ANMF" => return None,
            b"EXIF" => turn = Orientation::from_exif_chunk(payload),
            _ => {}
        }
        rest = behind.get(length + length % 2..).unwrap_or_default();
    }
    let turn = turn.and_then(|turn| Turn::of_exif(turn.to_exif())).unwrap_or(Turn::None);
    Some(Still { data: data?, turn })
}

fn planes(frame: &Frame) -> Option<[Plane; 3]> {
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    let stride = width.next_multiple_of(16);
    let luma = reduced(&frame.ybuf, stride, width, height)?;
    let chroma = |plane: &[u8]| reduced(plane, stride / 2, width.div_ceil(2), height.div_ceil(2));
    Some([luma, chroma(&frame.ubuf)?, chroma(&frame.vbuf)?])
}

/// Brightness from 16 to 235 and differences from 16 to 240 (RFC 6386, 9.2), stretched to those of JPEG.
fn coloured([luma, blue, red]: &[Plane; 3]) -> Grid {
    let stretched = |plane: &Plane, middle: f32, scale: f32, onto: f32| {
        Box::new(plane.map(|value| (value - middle) * scale + onto))
    };
    let luma = stretched(luma, 16.0, 255.0 / 219.0, 0.0);
    let [blue, red] = [blue, red].map(|plane| stretched(plane, 128.0, 255.0 / 224.0, 128.0));
    Grid::of_ycc(&luma, &blue, &red)
}

fn reduced(plane: &[u8], stride: usize, width: usize, height: usize) -> Option<Plane> {
    let mut reducer = Reducer::<1>::new(u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    plane.chunks_exact(stride).take(height).for_each(|line| reducer.row(&line[..width]));
    let [plane] = reducer.finish()?;
    Some(plane)
}
