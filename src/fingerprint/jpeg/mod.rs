//! A JPEG in, the mean of each of its blocks out: an eighth of the picture, without decoding the picture.
//!
//! - In: bytes of a JPEG, from anyone. Assume an enemy wrote them.
//! - Out: the DC coefficients of brightness and both colour differences, baseline or progressive, and a hash of what is
//!   coded; or [`Odd`], and then somebody else has to decode the picture.
//! - Never: pixels, guesses at damaged data, indexing, loops whose length only the file decides.
//!
//! The DC coefficient of a block is eight times the mean of its 64 pixels (ITU-T T.81, A.3.3), so a plane of them is the
//! exact reduction of the picture by area averages, up to what a decoder clips. The other coefficients need not be
//! known, only passed: a table jumps over several of them at once.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod bits;
mod header;
mod huffman;
mod scan;

use blake3::Hasher;
use memchr::memchr;

use super::PictureLimits;
use super::grid::{Grid, Samples, reduce};
use crate::entity::Turn;
use header::{Frame, Segments, Tables, turn};
use scan::{Coefficients, Scan};

/// Sides below which an eighth of the picture is less than the grid.
pub const LEAST_SIDE: u32 = 512;
/// Eight times the brightest mean.
const FULL: i32 = 8 * 255;
/// Eight times the mean that coefficients are counted from.
const MIDDLE: i32 = 8 * 128;

/// Sides below which a quarter of the picture is less than the grid.
pub const LEAST_QUARTER_SIDE: u32 = 256;

/// How much is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// The mean of each block: of 8x8 pixels where a colour is not sampled down.
    #[default]
    Eighth,
    /// The means of the quarters of each block, near enough: half a wave across and down besides the mean. Of
    /// sequential codings only.
    Quarter,
}

/// Why this reader leaves a picture to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Odd {
    /// The data are cut off or contradict themselves.
    Damaged,
    /// Arithmetic coding, 12 bits, four colours, odd sampling and the like.
    Unusual,
    /// An eighth would be too small.
    Small,
    /// More pixels than allowed.
    TooLarge,
}

/// The means of the blocks of one component, or of their quarters.
#[derive(Debug)]
pub struct Means {
    /// Blocks in a row; the last ones may lie beyond the picture.
    pub stride: usize,
    /// Eight times each mean, 0 to 2040, row by row.
    pub values: Vec<u16>,
    /// Pixels that one covers, across and down.
    pub pixels: (u32, u32),
}

/// An eighth of a picture, as stored.
#[derive(Debug)]
pub struct Eighth {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// How a viewer lays it down.
    pub turn: Turn,
    /// Brightness, and the two colour differences if there are.
    pub means: Vec<Means>,
    /// A hash of all that decides the pixels.
    pub coded: [u8; 32],
}

impl Eighth {
    /// The averages of 64x64 cells.
    pub(super) fn grid(&self) -> Grid {
        let plane = |means: &Means| {
            let samples = Samples {
                values: &means.values,
                columns: means.stride,
                pixels: means.pixels,
                full: FULL as f32,
            };
            reduce(&samples, self.width, self.height)
        };
        match self.means.as_slice() {
            [luma, blue, red] => Grid::of_ycc(&plane(luma), &plane(blue), &plane(red)),
            [luma, ..] => Grid::of_grey(&plane(luma)),
            [] => Grid::of_grey(&plane(&Means { stride: 1, values: vec![0], pixels: (8, 8) })),
        }
    }
}

/// Reads the means of a picture both sides of which have at least so many pixels.
///
/// # Errors
///
/// [`Odd`]: what another decoder makes of it is for that to say.
pub fn read(bytes: &[u8], limits: &PictureLimits, least_side: u32) -> Result<Eighth, Odd> {
    read_detail(bytes, limits, least_side, Detail::Eighth)
}

/// Reads means of more or less detail; see [`read`].
///
/// # Errors
///
/// [`Odd`].
pub fn read_detail(
    bytes: &[u8],
    limits: &PictureLimits,
    least_side: u32,
    detail: Detail,
) -> Result<Eighth, Odd> {
    let mut segments = Segments::new(bytes)?;
    let mut reading = Reading { detail, ..Reading::default() };
    let mut buffer = Vec::new();
    loop {
        let segment = segments.next()?;
        match segment.marker {
            0xE1 => reading.turn = reading.turn.or_else(|| turn(segment.payload)),
            0xEE => reading.adobe(segment.payload)?,
            _ => {}
        }
        // Metadata do not change the pixels, but what Adobe's segment says of the colours does.
        if !matches!(segment.marker, 0xE0..=0xED | 0xEF | 0xFE) {
            reading.hasher.update(segment.whole);
        }
        match segment.marker {
            0xDB => reading.tables.quantisation(segment.payload)?,
            0xC4 => reading.tables.huffman(segment.payload)?,
            0xDD => reading.restart(segment.payload)?,
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                reading.frame(Frame::read(segment.marker, segment.payload)?, limits, least_side)?;
            }
            0xDA => reading.scan(segment.payload, &mut segments, &mut buffer)?,
            0xD9 => return reading.finish(),
            // A second picture, arithmetic tables, a height that comes later, hierarchical frames.
            0xD8 | 0xCC | 0xDC | 0xDE | 0xDF => return Err(Odd::Unusual),
            _ => {}
        }
    }
}

/// Whether a JPEG ends before its picture does.
///
/// The marker of the end alone may be missing: then all means must be there. Of what this reader does not know it
/// must not.
pub fn is_cut_off(bytes: &[u8], limits: &PictureLimits) -> bool {
    let Ok(mut segments) = Segments::new(bytes) else { return false };
    loop {
        // Between two segments lies what is none: damage of another kind.
        if !matches!(segments.rest(), [] | [0xFF, ..]) {
            return false;
        }
        match segments.next().map(|segment| segment.marker) {
            Ok(0xD9) => return false,
            Ok(0xDA) => segments.skip(length_of_data(segments.rest())),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    let ended = [bytes, &[0xFF, 0xD9]].concat();
    matches!(read(&ended, limits, 1), Err(Odd::Damaged | Odd::Unusual))
}

/// What was read so far.
#[derive(Default)]
struct Reading<'j> {
    detail: Detail,
    tables: Tables<'j>,
    frame: Option<Frame>,
    planes: Vec<Coefficients>,
    restart_interval: usize,
    turn: Option<Turn>,
    hasher: Hasher,
}

impl<'j> Reading<'j> {
    fn frame(&mut self, frame: Frame, limits: &PictureLimits, least_side: u32) -> Result<(), Odd> {
        if self.frame.is_some() {
            return Err(Odd::Damaged);
        }
        if u64::from(frame.width) * u64::from(frame.height) > limits.max_pixels {
            return Err(Odd::TooLarge);
        }
        if frame.width.min(frame.height) < least_side {
            return Err(Odd::Small);
        }
        if frame.progressive && self.detail == Detail::Quarter {
            return Err(Odd::Small);
        }
        let new = |component| Coefficients::new(&frame, component, self.detail);
        let planes = (0..frame.components.len()).map(new);
        self.planes = planes.collect::<Option<_>>().ok_or(Odd::Damaged)?;
        self.frame = Some(frame);
        Ok(())
    }

    fn restart(&mut self, payload: &[u8]) -> Result<(), Odd> {
        let [high, low, ..] = payload else { return Err(Odd::Damaged) };
        self.restart_interval = u16::from_be_bytes([*high, *low]).into();
        Ok(())
    }

    /// Three colours that are not brightness and differences are left to others.
    fn adobe(&mut self, payload: &[u8]) -> Result<(), Odd> {
        match payload.strip_prefix(b"Adobe").and_then(|rest| rest.get(6)) {
            Some(0) => Err(Odd::Unusual),
            _ => Ok(()),
        }
    }

    fn scan(&mut self, payload: &[u8], segments: &mut Segments<'j>, buffer: &mut Vec<u8>) -> Result<(), Odd> {
        let frame = self.frame.as_ref().ok_or(Odd::Damaged)?;
        let before = segments.rest();
        let scan = Scan::read(payload, frame, &self.tables, &mut self.planes)?;
        let length = match scan {
            None => length_of_data(before),
            Some(mut scan) => {
                let total = scan.total_units();
                let interval = if self.restart_interval == 0 { total } else { self.restart_interval };
                let (mut at, mut unit) = (0, 0);
                while unit < total {
                    let until = (unit + interval).min(total);
                    at += unstuff(before.get(at..).unwrap_or_default(), buffer);
                    scan.read_units(buffer, unit..until, &mut self.planes)?;
                    unit = until;
                    if unit < total {
                        at += restart_marker(before.get(at..).unwrap_or_default())?;
                    }
                }
                // What the last interval has too much is nobody's.
                at + length_of_data(before.get(at..).unwrap_or_default())
            }
        };
        self.hasher.update(before.get(..length).unwrap_or_default());
        segments.skip(length);
        Ok(())
    }

    fn finish(mut self) -> Result<Eighth, Odd> {
        let frame = self.frame.ok_or(Odd::Damaged)?;
        let turn = self.turn.unwrap_or(Turn::None);
        self.hasher.update(&[turn as u8]);
        let mut means = Vec::new();
        for (plane, component) in self.planes.into_iter().zip(&frame.components) {
            if plane.missing_bits != Some(0) {
                return Err(Odd::Damaged);
            }
            let (side, stride, values) = match self.detail {
                Detail::Eighth => (8, plane.stride, eighths(&plane)),
                Detail::Quarter => (4, 2 * plane.stride, quarters(&plane)),
            };
            let pixels = |most: usize, own: usize| (side * most / own.max(1)) as u32;
            means.push(Means {
                stride,
                values,
                pixels: (pixels(frame.most.0, component.blocks.0), pixels(frame.most.1, component.blocks.1)),
            });
        }
        let coded = *self.hasher.finalize().as_bytes();
        Ok(Eighth { width: frame.width, height: frame.height, turn, means, coded })
    }
}

fn eighths(plane: &Coefficients) -> Vec<u16> {
    let [step, ..] = plane.steps;
    plane.values.iter().map(|value| mean(i64::from(*value) * i64::from(step))).collect()
}

/// Two rows and two columns of each block.
fn quarters(plane: &Coefficients) -> Vec<u16> {
    let [step, across_step, down_step, _, both_step] = plane.steps;
    // Means of half a wave over half a block, with the factors of T.81, A.3.3, in 1024ths of an eighth.
    let part = |value: i32, step: i32, share: i64| (i64::from(value) * i64::from(step) * share) >> 10;
    let mut means = Vec::with_capacity(4 * plane.values.len());
    let stride = plane.stride.max(1);
    for (values, slopes) in plane.values.chunks(stride).zip(plane.slopes.chunks(stride)) {
        for sign in [1, -1] {
            for (value, [across, down, both]) in values.iter().zip(slopes) {
                let middle = i64::from(*value) * i64::from(step) + sign * part(*down, down_step, 928);
                let half = part(*across, across_step, 928) + sign * part(*both, both_step, 841);
                means.extend([mean(middle + half), mean(middle - half)]);
            }
        }
    }
    means
}

/// Eight times a mean, from where coefficients are counted.
fn mean(value: i64) -> u16 {
    (value + i64::from(MIDDLE)).clamp(0, i64::from(FULL)) as u16
}

/// Copies data up to the next marker without the zeros behind bytes of 255; returns what it passed.
fn unstuff(data: &[u8], buffer: &mut Vec<u8>) -> usize {
    buffer.clear();
    let mut at = 0;
    loop {
        let rest = data.get(at..).unwrap_or_default();
        match memchr(0xFF, rest) {
            None => {
                buffer.extend_from_slice(rest);
                return data.len();
            }
            Some(place) if rest.get(place + 1) == Some(&0) => {
                buffer.extend_from_slice(rest.get(..=place).unwrap_or_default());
                at += place + 2;
            }
            Some(place) => {
                buffer.extend_from_slice(rest.get(..place).unwrap_or_default());
                return at + place;
            }
        }
    }
}

/// The length of a restart marker and the fill bytes before it.
fn restart_marker(data: &[u8]) -> Result<usize, Odd> {
    let fill = data.iter().take_while(|byte| **byte == 0xFF).count();
    match data.get(fill) {
        Some(0xD0..=0xD7) if fill > 0 => Ok(fill + 1),
        _ => Err(Odd::Damaged),
    }
}

/// The length of entropy-coded data, restart markers included.
fn length_of_data(data: &[u8]) -> usize {
    let mut at = 0;
    while let Some(place) = data.get(at..).and_then(|rest| memchr(0xFF, rest)) {
        at += place;
        match data.get(at + 1) {
            Some(0 | 0xD0..=0xD7) => at += 2,
            Some(0xFF) => at += 1,
            _ => return at,
        }
    }
    data.len()
}

#[cfg(test)]
mod tests;
