//! A grid of averages in, the numbers that are compared out.

use std::f64::consts::PI;
use std::sync::LazyLock;

use super::grid::{CELLS, Grid, Plane, SIDE};
use crate::entity::{CHROMA_VALUES, Fingerprint};

/// Rows and columns of DCT coefficients that are kept, and of the gradients.
const KEPT: usize = 8;
/// Blocks a side of the chroma signature.
const BLOCKS: usize = 4;
/// Norm of the colour differences below which a picture is nearly grey, so that noise is not blown up.
const LEAST_CHROMA_NORM: f32 = 20.0;

/// `COSINES[x][u - 1]` is the wave `u` at cell `x`.
static COSINES: LazyLock<[[f32; KEPT]; SIDE]> = LazyLock::new(|| {
    std::array::from_fn(|x| {
        std::array::from_fn(|u| (PI * (u as f64 + 1.0) * (x as f64 + 0.5) / SIDE as f64).cos() as f32)
    })
});

/// Everything of a fingerprint but the hashes of bytes.
pub(super) fn fingerprint(grid: &Grid, width: u32, height: u32) -> Fingerprint {
    let luma = grid.luma();
    Fingerprint {
        width,
        height,
        pixels: None,
        coded: None,
        gradient: gradients(&luma),
        dct: dct_signs(&luma),
        chroma: chroma(grid),
        contrast: contrast(&luma),
    }
}

fn gradients(luma: &Plane) -> [u64; 2] {
    let wide = shrink::<{ KEPT + 1 }, KEPT>(luma);
    let tall = shrink::<KEPT, { KEPT + 1 }>(luma);
    let (mut across, mut down) = (0, 0);
    for place in 0..64 {
        let (row, column) = (place / KEPT, place % KEPT);
        across |= u64::from(wide[row][column + 1] > wide[row][column]) << place;
        down |= u64::from(tall[row + 1][column] > tall[row][column]) << place;
    }
    [across, down]
}

/// Area averages of the grid; sums of the same cells in the same order give the same number.
fn shrink<const COLUMNS: usize, const ROWS: usize>(luma: &Plane) -> [[f32; COLUMNS]; ROWS] {
    let mut shrunk = [[0.0; COLUMNS]; ROWS];
    for (row, cells) in luma.chunks_exact(SIDE).enumerate() {
        let mut line = [0.0; COLUMNS];
        for (column, cell) in cells.iter().enumerate() {
            for (part, share) in shares(column, COLUMNS) {
                line[part] += cell * share;
            }
        }
        for (part, share) in shares(row, ROWS) {
            shrunk[part].iter_mut().zip(line).for_each(|(sum, value)| *sum += value * share);
        }
    }
    shrunk
}

/// The one or two of `parts` equal parts of the side that a cell lies in, with its share in 64ths of the part.
fn shares(cell: usize, parts: usize) -> [(usize, f32); 2] {
    let (begin, end) = (cell * parts, (cell + 1) * parts);
    let (first, last) = (begin / SIDE, (end - 1) / SIDE);
    let border = last * SIDE;
    let in_last = if first == last { end - begin } else { end - border };
    let in_first = end - begin - in_last;
    [(first, in_first as f32), (last, in_last as f32)]
}

fn dct_signs(luma: &Plane) -> u64 {
    let mut across = [[0.0_f32; KEPT]; SIDE];
    for (sums, cells) in across.iter_mut().zip(luma.chunks_exact(SIDE)) {
        for (cell, waves) in cells.iter().zip(COSINES.iter()) {
            sums.iter_mut().zip(waves).for_each(|(sum, wave)| *sum += cell * wave);
        }
    }
    let mut coefficients = [0.0_f32; KEPT * KEPT];
    for (sums, waves) in across.iter().zip(COSINES.iter()) {
        for (line, wave) in coefficients.chunks_exact_mut(KEPT).zip(waves) {
            line.iter_mut().zip(sums).for_each(|(coefficient, sum)| *coefficient += sum * wave);
        }
    }
    let mut sorted = coefficients;
    sorted.sort_unstable_by(f32::total_cmp);
    let median = (sorted[31] + sorted[32]) / 2.0;
    let above = coefficients.iter().enumerate().filter(|(_, coefficient)| **coefficient > median);
    above.fold(0, |bits, (place, _)| bits | 1 << place)
}

fn chroma(grid: &Grid) -> [i8; CHROMA_VALUES] {
    let mut means = [[0.0_f32; BLOCKS * BLOCKS]; 3];
    for (sums, cells) in means.iter_mut().zip(&grid.channels) {
        for (place, cell) in cells.iter().enumerate() {
            sums[place / SIDE * BLOCKS / SIDE * BLOCKS + place % SIDE * BLOCKS / SIDE] += cell;
        }
        sums.iter_mut().for_each(|sum| *sum *= (BLOCKS * BLOCKS) as f32 / CELLS as f32);
    }
    let [red, green, blue] = means;
    let mut values = [0.0; CHROMA_VALUES];
    for place in 0..BLOCKS * BLOCKS {
        let mean = (red[place] + green[place] + blue[place]) / 3.0;
        values[place] = blue[place] - mean;
        values[BLOCKS * BLOCKS + place] = red[place] - mean;
    }
    let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt().max(LEAST_CHROMA_NORM);
    values.map(|value| (value / norm * 127.0).round() as i8)
}

fn contrast(luma: &Plane) -> u8 {
    let mean = luma.iter().sum::<f32>() / CELLS as f32;
    let variance = luma.iter().map(|cell| (cell - mean) * (cell - mean)).sum::<f32>() / CELLS as f32;
    (variance.sqrt() * 4.0).round().min(255.0) as u8
}

#[cfg(test)]
mod tests;
