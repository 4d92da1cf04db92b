//! The segments of a JPEG, one after the other.

use image::metadata::Orientation;

use super::huffman::Spec;
use super::{Odd, Odd::Damaged, Odd::Unusual};
use crate::entity::Turn;

/// A marker and the bytes behind it.
pub(super) struct Segment<'j> {
    pub(super) marker: u8,
    /// Without the length; empty where there is none.
    pub(super) payload: &'j [u8],
    /// With marker and length.
    pub(super) whole: &'j [u8],
}

/// Walks from marker to marker. The caller moves it over entropy-coded data.
pub(super) struct Segments<'j> {
    bytes: &'j [u8],
    at: usize,
}

impl<'j> Segments<'j> {
    /// Behind the start of the picture.
    pub(super) fn new(bytes: &'j [u8]) -> Result<Self, Odd> {
        if bytes.starts_with(&[0xFF, 0xD8]) { Ok(Self { bytes, at: 2 }) } else { Err(Damaged) }
    }

    /// The next segment; an end of the picture that is missing is damage.
    pub(super) fn next(&mut self) -> Result<Segment<'j>, Odd> {
        if self.bytes.get(self.at) != Some(&0xFF) {
            return Err(Damaged);
        }
        let fill = self.rest().iter().take_while(|byte| **byte == 0xFF).count();
        self.at += fill;
        let marker = *self.bytes.get(self.at).ok_or(Damaged)?;
        self.at += 1;
        if matches!(marker, 0x01 | 0xD0..=0xD9) {
            let whole = self.bytes.get(self.at - 2..self.at).ok_or(Damaged)?;
            return Ok(Segment { marker, payload: &[], whole });
        }
        let length = match self.rest() {
            [high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])),
            _ => return Err(Damaged),
        };
        let payload = self.rest().get(2..length).ok_or(Damaged)?;
        let whole = self.bytes.get(self.at - 2..self.at + length).ok_or(Damaged)?;
        self.at += length;
        Ok(Segment { marker, payload, whole })
    }

    /// Everything that was not walked over.
    pub(super) fn rest(&self) -> &'j [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Moves on.
    pub(super) fn skip(&mut self, count: usize) {
        self.at += count;
    }
}

/// One colour of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Blocks across and down in a unit of interleaved data.
    pub(super) blocks: (usize, usize),
    /// Its table of quantisation.
    pub(super) table: usize,
}

/// What a frame header says.
pub(super) struct Frame {
    pub(super) progressive: bool,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: Vec<Component>,
    /// The largest of [`Component::blocks`].
    pub(super) most: (usize, usize),
}

impl Frame {
    /// Reads a frame header and refuses what is not usual.
    pub(super) fn read(marker: u8, payload: &[u8]) -> Result<Self, Odd> {
        if !matches!(marker, 0xC0..=0xC2) {
            return Err(Unusual);
        }
        let [precision, h1, h0, w1, w0, count, rest @ ..] = payload else { return Err(Damaged) };
        if *precision != 8 || !matches!(count, 1 | 3) {
            return Err(Unusual);
        }
        let read = |part: &[u8]| match part {
            [id, sampling, table] => {
                let blocks = (usize::from(sampling >> 4), usize::from(sampling & 15));
                let known = (1..=4).contains(&blocks.0) && (1..=4).contains(&blocks.1);
                known.then_some(Component { id: *id, blocks, table: usize::from(*table) }).ok_or(Damaged)
            }
            _ => Err(Damaged),
        };
        let mut components = rest.chunks(3).map(read).collect::<Result<Vec<_>, _>>()?;
        if components.len() != usize::from(*count) {
            return Err(Damaged);
        }
        if let [only] = components.as_mut_slice() {
            // A single component is never interleaved, whatever its factors say.
            only.blocks = (1, 1);
        }
        let most = components.first().ok_or(Damaged)?.blocks;
        let divides = |part: &Component| most.0 % part.blocks.0 == 0 && most.1 % part.blocks.1 == 0;
        let coloured = components.len() == 3 && components.iter().map(|part| part.id).eq(*b"RGB");
        if coloured || !components.iter().all(divides) {
            return Err(Unusual);
        }
        let (width, height) = (u16::from_be_bytes([*w1, *w0]), u16::from_be_bytes([*h1, *h0]));
        if width == 0 || height == 0 {
            return Err(Unusual);
        }
        Ok(Self { progressive: marker == 0xC2, width: width.into(), height: height.into(), components, most })
    }
}

/// Steps of the first coefficients in the order of coding.
pub(super) type Steps = [i32; 5];

fn first_steps(mut steps: impl Iterator<Item = i32>) -> Steps {
    std::array::from_fn(|_| steps.next().unwrap_or(0))
}

/// Tables as the segments give them, by number.
#[derive(Default)]
pub(super) struct Tables<'j> {
    /// The first values of each table of quantisation, in the order of coding.
    pub(super) steps: [Option<Steps>; 4],
    pub(super) dc: [Option<Spec<'j>>; 4],
    pub(super) ac: [Option<Spec<'j>>; 4],
}

impl<'j> Tables<'j> {
    /// A segment of tables of quantisation.
    pub(super) fn quantisation(&mut self, mut payload: &'j [u8]) -> Result<(), Odd> {
        while let [head, rest @ ..] = payload {
            let (length, steps) = match head >> 4 {
                0 => (64, first_steps(rest.iter().map(|step| i32::from(*step)))),
                1 => {
                    let words = rest.as_chunks::<2>().0;
                    (128, first_steps(words.iter().map(|step| i32::from(u16::from_be_bytes(*step)))))
                }
                _ => return Err(Damaged),
            };
            *self.steps.get_mut(usize::from(head & 15)).ok_or(Damaged)? = Some(steps);
            payload = rest.get(length..).ok_or(Damaged)?;
        }
        Ok(())
    }

    /// A segment of Huffman tables.
    pub(super) fn huffman(&mut self, mut payload: &'j [u8]) -> Result<(), Odd> {
        while let [head, rest @ ..] = payload {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(Damaged)?;
            let total = counts.iter().map(|count| usize::from(*count)).sum();
            let (symbols, rest) = rest.split_at_checked(total).ok_or(Damaged)?;
            let tables = if head >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(head & 15)).ok_or(Damaged)? = Some(Spec { counts, symbols });
            payload = rest;
        }
        Ok(())
    }
}

/// The turn that an EXIF segment asks for.
pub(super) fn turn(payload: &[u8]) -> Option<Turn> {
    let exif = payload.strip_prefix(b"Exif\0\0")?;
    Turn::of_exif(Orientation::from_exif_chunk(exif)?.to_exif())
}
