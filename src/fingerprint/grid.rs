//! Rows of pixels in, 64x64 area averages out, in one pass.
//!
//! - In: rows from top to bottom, three bytes a pixel; or a plane of samples that each stand for a square of pixels.
//! - Out: a [`Grid`]. A cell is the mean of the part of the picture that lies under it, shares of pixels included.
//! - Never: more memory than one row of sums, whatever the height.
//!
//! Lengths are counted in 64ths of a pixel, so that every border of a cell and of a pixel is a whole number: a picture
//! of `n` pixels is `64 n` long, its pixels are 64 long and its cells `n`.

use crate::entity::Turn;

/// Cells a side.
pub(super) const SIDE: usize = 64;
/// Cells of a grid.
pub(super) const CELLS: usize = SIDE * SIDE;
/// Longest side of a picture, so that a sum of samples times weights fits 32 bits.
pub(super) const MOST_PIXELS_A_SIDE: u32 = 1 << 24;

const CELLS_A_SIDE: u64 = SIDE as u64;

/// One value a cell, row by row.
pub(super) type Plane = Box<[f32; CELLS]>;

/// A picture of 64x64 cells: red, green, blue, from 0 to 255.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grid {
    pub(super) channels: [Plane; 3],
}

impl Grid {
    /// The grid of the turned picture; exact.
    pub(super) fn turned(&self, turn: Turn) -> Self {
        let turned = |plane: &Plane| {
            let mut cells = empty();
            for (place, cell) in cells.iter_mut().enumerate() {
                let (row, column) = turn.source(SIDE, place / SIDE, place % SIDE);
                *cell = plane[row * SIDE + column];
            }
            cells
        };
        Self { channels: [0, 1, 2].map(|channel| turned(&self.channels[channel])) }
    }

    /// Brightness by BT.601.
    pub(super) fn luma(&self) -> Plane {
        let [red, green, blue] = &self.channels;
        let mut luma = empty();
        for (((cell, red), green), blue) in luma.iter_mut().zip(&**red).zip(&**green).zip(&**blue) {
            *cell = 0.299 * red + 0.587 * green + 0.114 * blue;
        }
        luma
    }

    /// From brightness and two colour differences of full range, as JPEG has them.
    pub(super) fn of_ycc(luma: &Plane, blue_difference: &Plane, red_difference: &Plane) -> Self {
        let mut grid = Self { channels: [empty(), empty(), empty()] };
        for place in 0..CELLS {
            let (y, cb, cr) = (luma[place], blue_difference[place] - 128.0, red_difference[place] - 128.0);
            let colour = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
            for (channel, value) in grid.channels.iter_mut().zip(colour) {
                channel[place] = value.clamp(0.0, 255.0);
            }
        }
        grid
    }

    /// From brightness alone.
    pub(super) fn of_grey(luma: &Plane) -> Self {
        Self { channels: [luma.clone(), luma.clone(), luma.clone()] }
    }
}

fn empty() -> Plane {
    Box::new([0.0; CELLS])
}

/// Averages rows of pixels as they come, `CHANNELS` bytes a pixel.
pub(super) struct Reducer<const CHANNELS: usize> {
    width: usize,
    height: u64,
    /// The sum of each byte of the row over the part of the current row of cells that was seen.
    sums: Vec<u32>,
    /// Rows of pixels that came.
    rows: u64,
    /// Rows of cells that are finished.
    finished: usize,
    planes: [Plane; CHANNELS],
}

impl<const CHANNELS: usize> Reducer<CHANNELS> {
    /// For a picture of these sides, each from 1 to [`MOST_PIXELS_A_SIDE`].
    pub(super) fn new(width: u32, height: u32) -> Self {
        let width = width.clamp(1, MOST_PIXELS_A_SIDE) as usize;
        let height = u64::from(height.clamp(1, MOST_PIXELS_A_SIDE));
        let planes = std::array::from_fn(|_| empty());
        Self { width, height, sums: vec![0; CHANNELS * width], rows: 0, finished: 0, planes }
    }

    /// Takes the next row. Rows beyond the height are ignored.
    pub(super) fn row(&mut self, bytes: &[u8]) {
        let (begin, end) = (self.rows * CELLS_A_SIDE, (self.rows + 1) * CELLS_A_SIDE);
        self.rows += 1;
        let mut from = begin;
        while from < end && self.finished < SIDE {
            let border = (self.finished as u64 + 1) * self.height;
            let until = border.min(end);
            self.add(bytes, until - from);
            if until == border {
                self.finish_cells();
            }
            from = until;
        }
    }

    /// The averages; `None` while rows are missing.
    pub(super) fn finish(self) -> Option<[Plane; CHANNELS]> {
        (self.finished == SIDE).then_some(self.planes)
    }

    fn add(&mut self, bytes: &[u8], weight: u64) {
        // Whole pixels are the rule, and a constant is a shift.
        if weight == CELLS_A_SIDE {
            self.sums.iter_mut().zip(bytes).for_each(|(sum, byte)| *sum += u32::from(*byte) << 6);
        } else {
            let weight = u32::try_from(weight).unwrap_or(0);
            self.sums.iter_mut().zip(bytes).for_each(|(sum, byte)| *sum += u32::from(*byte) * weight);
        }
    }

    fn finish_cells(&mut self) {
        let area = (self.height * self.width as u64) as f64;
        for column in 0..SIDE {
            let mut totals = [0_u64; CHANNELS];
            each_share(column, CELLS_A_SIDE, self.width, self.width as u64, |pixel, share| {
                let sums = self.sums.get(CHANNELS * pixel..).unwrap_or_default();
                for (total, sum) in totals.iter_mut().zip(sums) {
                    *total += u64::from(*sum) * share;
                }
            });
            for (plane, total) in self.planes.iter_mut().zip(totals) {
                plane[self.finished * SIDE + column] = (total as f64 / area) as f32;
            }
        }
        self.sums.fill(0);
        self.finished += 1;
    }
}

/// Samples that each stand for a square of pixels.
pub(super) struct Samples<'s> {
    /// Row by row, `columns` each.
    pub(super) values: &'s [u16],
    pub(super) columns: usize,
    /// Pixels across that one sample stands for, and pixels down.
    pub(super) pixels: (u32, u32),
    /// Value of full brightness.
    pub(super) full: f32,
}

/// Averages samples that cover a picture of these sides; the last ones may stand out beyond it.
pub(super) fn reduce(samples: &Samples<'_>, width: u32, height: u32) -> Plane {
    let columns = samples.columns.max(1);
    let rows = samples.values.len() / columns;
    let (pixels_across, pixels_down) = samples.pixels;
    let scale = 255.0 / f64::from(samples.full) / (f64::from(width) * f64::from(height));
    let mut plane = empty();
    let mut sums = vec![0_u64; columns];
    for (row, cells) in plane.chunks_exact_mut(SIDE).enumerate() {
        sums.fill(0);
        each_share(row, u64::from(pixels_down) * 64, rows, u64::from(height), |line, share| {
            let line = samples.values.get(line * columns..).unwrap_or_default();
            sums.iter_mut().zip(line).for_each(|(sum, value)| *sum += u64::from(*value) * share);
        });
        for (column, cell) in cells.iter_mut().enumerate() {
            let mut total = 0;
            each_share(column, u64::from(pixels_across) * 64, columns, u64::from(width), |place, share| {
                total += sums.get(place).copied().unwrap_or(0) * share;
            });
            *cell = (total as f64 * scale) as f32;
        }
    }
    plane
}

/// Calls with each sample under a cell and the length that they share.
///
/// Samples are `sample_length` long and `count` many, cells `cell_length`; what the last sample does not reach counts
/// for it too.
fn each_share(
    cell: usize,
    sample_length: u64,
    count: usize,
    cell_length: u64,
    mut share: impl FnMut(usize, u64),
) {
    let (begin, end) = (cell as u64 * cell_length, (cell as u64 + 1) * cell_length);
    let last = (count as u64).saturating_sub(1);
    let mut sample = (begin / sample_length).min(last);
    let mut from = begin;
    while from < end {
        let until = if sample == last { end } else { ((sample + 1) * sample_length).min(end) };
        share(usize::try_from(sample).unwrap_or(usize::MAX), until - from);
        (from, sample) = (until, sample + 1);
    }
}

#[cfg(test)]
mod tests;
