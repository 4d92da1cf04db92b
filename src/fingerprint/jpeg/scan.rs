//! One scan of a JPEG: the DC coefficients are read, the others are jumped over.

use std::rc::Rc;

use super::bits::Bits;
use super::header::{Frame, Steps, Tables};
use super::huffman::{Huffman, Skipper};
use super::{Detail, Odd, Odd::Damaged, Odd::Unusual};

/// The DC coefficients of one component, before quantisation is undone.
pub(super) struct Coefficients {
    /// Blocks in a row, those included that fill up the last unit.
    pub(super) stride: usize,
    pub(super) values: Vec<i32>,
    /// Bits of the values that are still to come; `None` before the first scan.
    pub(super) missing_bits: Option<u8>,
    /// Of each block: half a wave across, down and both, where they are asked for.
    pub(super) slopes: Vec<[i32; 3]>,
    /// The steps of quantisation at the first scan.
    pub(super) steps: Steps,
}

/// A component's part in a scan.
struct Part {
    /// Its number in the frame.
    component: usize,
    dc: Option<Huffman>,
    ac: Option<Rc<Skipper>>,
    /// Blocks across and down in a unit.
    blocks: (usize, usize),
    /// The last DC coefficient.
    last: i32,
}

/// What a scan header asks for.
pub(super) struct Scan {
    parts: Vec<Part>,
    /// Units across and down.
    units: (usize, usize),
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// All coefficients.
    Sequential,
    /// DC coefficients without so many of their lowest bits.
    First { shift: u8 },
    /// One more bit of each DC coefficient, at this place.
    Refine { shift: u8 },
}

impl Scan {
    /// Reads a scan header; `None` if the scan holds no DC coefficients.
    pub(super) fn read(
        payload: &[u8],
        frame: &Frame,
        tables: &Tables<'_>,
        planes: &mut [Coefficients],
    ) -> Result<Option<Self>, Odd> {
        let [count, rest @ ..] = payload else { return Err(Damaged) };
        let (selectors, bounds) = rest.split_at_checked(2 * usize::from(*count)).ok_or(Damaged)?;
        let [from, _, shifts] = bounds else { return Err(Damaged) };
        let kind = match (frame.progressive, shifts >> 4, shifts & 15) {
            (false, _, _) => Kind::Sequential,
            (true, _, _) if *from != 0 => return Ok(None),
            (true, 0, shift) => Kind::First { shift },
            (true, before, shift) if before == shift + 1 => Kind::Refine { shift },
            _ => return Err(Damaged),
        };
        let alone = *count == 1;
        let mut parts: Vec<Part> = Vec::new();
        for selector in selectors.chunks_exact(2) {
            let [id, table] = selector else { return Err(Damaged) };
            let component = frame.components.iter().position(|part| part.id == *id).ok_or(Damaged)?;
            if parts.iter().any(|part| part.component >= component) {
                return Err(Unusual);
            }
            let described = frame.components.get(component).ok_or(Damaged)?;
            let plane = planes.get_mut(component).ok_or(Damaged)?;
            plane.advance(kind, tables.steps.get(described.table).copied().flatten())?;
            let dc = tables.dc.get(usize::from(table >> 4)).copied().flatten();
            let ac = tables.ac.get(usize::from(table & 15)).copied().flatten();
            let reads_codes = !matches!(kind, Kind::Refine { .. });
            let dc = if reads_codes { Some(dc.ok_or(Damaged)?.huffman()?) } else { None };
            let skips = matches!(kind, Kind::Sequential);
            let ac = if skips { Some(ac.ok_or(Damaged)?.skipper()?) } else { None };
            let blocks = if alone { (1, 1) } else { described.blocks };
            parts.push(Part { component, dc, ac, blocks, last: 0 });
        }
        let units = match parts.as_slice() {
            [] => return Err(Damaged),
            [only] => frame.blocks(only.component).ok_or(Damaged)?,
            _ => frame.units(),
        };
        Ok(Some(Self { parts, units, kind }))
    }

    /// Units of the scan.
    pub(super) fn total_units(&self) -> usize {
        self.units.0 * self.units.1
    }

    /// Reads the units of one restart interval from data without stuffing.
    pub(super) fn read_units(
        &mut self,
        data: &[u8],
        units: std::ops::Range<usize>,
        planes: &mut [Coefficients],
    ) -> Result<(), Odd> {
        let mut bits = Bits::new(data);
        self.parts.iter_mut().for_each(|part| part.last = 0);
        let across = self.units.0.max(1);
        let (mut column, mut row) = (units.start % across, units.start / across);
        for _ in units {
            for part in &mut self.parts {
                let plane = planes.get_mut(part.component).ok_or(Damaged)?;
                for down in 0..part.blocks.1 {
                    let from = (row * part.blocks.1 + down) * plane.stride + column * part.blocks.0;
                    let line = plane.values.get_mut(from..from + part.blocks.0).ok_or(Damaged)?;
                    let slopes = plane.slopes.get_mut(from..from + part.blocks.0);
                    match (&part.dc, &part.ac) {
                        (Some(dc), Some(ac)) => {
                            sequential(&mut bits, dc, ac, &mut part.last, (line, slopes))?;
                        }
                        (dc, _) => progressive(&mut bits, dc.as_ref(), self.kind, &mut part.last, line)?,
                    }
                }
            }
            column += 1;
            if column == across {
                (column, row) = (0, row + 1);
                if bits.overran() {
                    return Err(Damaged);
                }
            }
        }
        if bits.overran() { Err(Damaged) } else { Ok(()) }
    }
}

/// Blocks with all their coefficients.
#[inline(always)]
fn sequential(
    bits: &mut Bits<'_>,
    dc: &Huffman,
    ac: &Skipper,
    last: &mut i32,
    (values, slopes): (&mut [i32], Option<&mut [[i32; 3]]>),
) -> Result<(), Odd> {
    let mut slopes = slopes.into_iter().flatten();
    for value in values {
        bits.refill();
        *last = last.wrapping_add(dc.difference(bits)?);
        *value = *last;
        match slopes.next() {
            None => ac.skip_block(bits, 1)?,
            Some(slopes) => *slopes = ac.slopes(bits)?,
        }
    }
    Ok(())
}

/// Blocks with some of the bits of their DC coefficients.
fn progressive(
    bits: &mut Bits<'_>,
    dc: Option<&Huffman>,
    kind: Kind,
    last: &mut i32,
    values: &mut [i32],
) -> Result<(), Odd> {
    for value in values {
        bits.refill();
        match (kind, dc) {
            (Kind::First { shift }, Some(dc)) => {
                *last = last.wrapping_add(dc.difference(bits)?);
                *value = last.wrapping_shl(u32::from(shift));
            }
            (Kind::Refine { shift }, None) => {
                *value |= ((bits.window() >> 63) as i32) << shift;
                bits.take(1);
            }
            _ => return Err(Damaged),
        }
    }
    Ok(())
}

impl Coefficients {
    /// For a component of a frame.
    pub(super) fn new(frame: &Frame, component: usize, detail: Detail) -> Option<Self> {
        let blocks = frame.components.get(component)?.blocks;
        let (across, down) = frame.units();
        let stride = across * blocks.0;
        let count = stride * down * blocks.1;
        let slopes = if detail == Detail::Quarter { vec![[0; 3]; count] } else { Vec::new() };
        Some(Self { stride, values: vec![0; count], missing_bits: None, slopes, steps: [0; 5] })
    }

    /// Notes a scan, and refuses one that does not follow on the last.
    fn advance(&mut self, kind: Kind, steps: Option<Steps>) -> Result<(), Odd> {
        let (before, after) = match kind {
            Kind::Sequential => (None, 0),
            Kind::First { shift } if shift <= 13 => (None, shift),
            Kind::First { .. } => return Err(Damaged),
            Kind::Refine { shift } => (Some(shift + 1), shift),
        };
        if self.missing_bits != before {
            return Err(Damaged);
        }
        if before.is_none() {
            self.steps = steps.ok_or(Damaged)?;
        }
        self.missing_bits = Some(after);
        Ok(())
    }
}

impl Frame {
    /// Units of interleaved data across and down.
    fn units(&self) -> (usize, usize) {
        let units = |pixels: u32, blocks: usize| (pixels as usize).div_ceil(8 * blocks.max(1));
        (units(self.width, self.most.0), units(self.height, self.most.1))
    }

    /// Blocks of a component across and down, when it comes alone.
    fn blocks(&self, component: usize) -> Option<(usize, usize)> {
        let own = self.components.get(component)?.blocks;
        let blocks =
            |pixels: u32, own: usize, most: usize| (pixels as usize * own).div_ceil(most.max(1)).div_ceil(8);
        Some((blocks(self.width, own.0, self.most.0), blocks(self.height, own.1, self.most.1)))
    }
}
