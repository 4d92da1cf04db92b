//! Pixels from their neighbours: intra prediction (RFC 6386, 12).
//!
//! Every place is a constant or counted within an array of fixed length.

use super::residual::Residual;

/// How a macroblock, or a block of it, is predicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// The mean of the neighbours.
    #[default]
    Mean,
    /// Left plus above minus corner.
    Slope,
    /// The row above.
    Down,
    /// The column to the left.
    Across,
    /// From above right, to the lower left.
    DownLeft,
    /// From above left, to the lower right.
    DownRight,
    /// Steeply to the right.
    SteepRight,
    /// Steeply to the left.
    SteepLeft,
    /// Flatly downwards.
    FlatDown,
    /// Flatly upwards.
    FlatUp,
}

/// The neighbours of a square of pixels.
pub(super) struct Edge<const N: usize> {
    pub(super) above: [u8; N],
    pub(super) left: [u8; N],
    pub(super) corner: u8,
    /// Whether they are pixels and not the border of the picture.
    pub(super) has: (bool, bool),
}

/// Predicts a macroblock of one plane; modes of smaller blocks count as [`Mode::Mean`].
pub(super) fn square<const N: usize>(mode: Mode, edge: &Edge<N>) -> [[u8; N]; N] {
    match mode {
        Mode::Down => [edge.above; N],
        Mode::Across => edge.left.map(|left| [left; N]),
        Mode::Slope => slope(&edge.above, &edge.left, edge.corner),
        _ => [[mean(edge); N]; N],
    }
}

fn mean<const N: usize>(edge: &Edge<N>) -> u8 {
    let sum = |side: &[u8; N]| side.iter().map(|pixel| u32::from(*pixel)).sum::<u32>();
    let half = N as u32 / 2;
    let mean = match edge.has {
        (true, true) => (sum(&edge.above) + sum(&edge.left) + 2 * half) / (4 * half),
        (true, false) => (sum(&edge.above) + half) / (2 * half),
        (false, true) => (sum(&edge.left) + half) / (2 * half),
        (false, false) => 128,
    };
    mean as u8
}

fn slope<const N: usize>(above: &[u8; N], left: &[u8; N], corner: u8) -> [[u8; N]; N] {
    left.map(|left| {
        let base = i16::from(left) - i16::from(corner);
        above.map(|above| (i16::from(above) + base).clamp(0, 255) as u8)
    })
}

fn two(a: u8, b: u8) -> u8 {
    ((u16::from(a) + u16::from(b) + 1) >> 1) as u8
}

fn three(a: u8, b: u8, c: u8) -> u8 {
    ((u16::from(a) + 2 * u16::from(b) + u16::from(c) + 2) >> 2) as u8
}

/// Predicts a block of 4x4 pixels from eight above, four to the left and the corner between them.
#[inline]
pub(super) fn block(mode: Mode, above: [u8; 8], left: [u8; 4], corner: u8) -> [[u8; 4]; 4] {
    let [a, b, c, d, e, f, g, h] = above;
    let [i, j, k, l] = left;
    let p = corner;
    match mode {
        Mode::Mean => {
            let sum: u16 = [a, b, c, d, i, j, k, l].iter().map(|pixel| u16::from(*pixel)).sum();
            [[((sum + 4) >> 3) as u8; 4]; 4]
        }
        Mode::Slope => slope(&[a, b, c, d], &left, p),
        Mode::Down => [[three(p, a, b), three(a, b, c), three(b, c, d), three(c, d, e)]; 4],
        Mode::Across => {
            [three(p, i, j), three(i, j, k), three(j, k, l), three(k, l, l)].map(|value| [value; 4])
        }
        Mode::DownLeft => diagonal([
            three(a, b, c),
            three(b, c, d),
            three(c, d, e),
            three(d, e, f),
            three(e, f, g),
            three(f, g, h),
            three(g, h, h),
        ]),
        Mode::DownRight => {
            let mut rows = diagonal([
                three(l, k, j),
                three(k, j, i),
                three(j, i, p),
                three(i, p, a),
                three(p, a, b),
                three(a, b, c),
                three(b, c, d),
            ]);
            rows.reverse();
            rows
        }
        Mode::SteepRight => {
            let even = [two(p, a), two(a, b), two(b, c), two(c, d)];
            let odd = [three(i, p, a), three(p, a, b), three(a, b, c), three(b, c, d)];
            let (second, third) = (three(j, i, p), three(k, j, i));
            [even, odd, [second, even[0], even[1], even[2]], [third, odd[0], odd[1], odd[2]]]
        }
        Mode::SteepLeft => {
            let even = [two(a, b), two(b, c), two(c, d), two(d, e)];
            let odd = [three(a, b, c), three(b, c, d), three(c, d, e), three(d, e, f)];
            let ends = (three(e, f, g), three(f, g, h));
            [even, odd, [even[1], even[2], even[3], ends.0], [odd[1], odd[2], odd[3], ends.1]]
        }
        Mode::FlatDown => {
            let line = [
                two(l, k),
                three(l, k, j),
                two(k, j),
                three(k, j, i),
                two(j, i),
                three(j, i, p),
                two(i, p),
                three(i, p, a),
                three(p, a, b),
                three(a, b, c),
            ];
            steps(line, [6, 4, 2, 0])
        }
        Mode::FlatUp => {
            let line =
                [two(i, j), three(i, j, k), two(j, k), three(j, k, l), two(k, l), three(k, l, l), l, l, l, l];
            steps(line, [0, 2, 4, 6])
        }
    }
}

/// Four rows, each one further along the line.
fn diagonal(line: [u8; 7]) -> [[u8; 4]; 4] {
    std::array::from_fn(|row| std::array::from_fn(|column| line[row + column]))
}

/// Four rows that begin at these places of the line.
fn steps(line: [u8; 10], starts: [usize; 4]) -> [[u8; 4]; 4] {
    starts.map(|start| std::array::from_fn(|column| line[start + column]))
}

/// What is to be added to a block.
#[derive(Clone, Copy)]
pub(super) enum Rest {
    /// Nothing.
    Nothing,
    /// The same everywhere.
    Even(i32),
    /// Something else everywhere.
    Each(Residual),
}

/// Adds it to the four rows of a block.
#[inline(always)]
pub(super) fn add_rest(rows: [&mut [u8; 4]; 4], rest: &Rest) {
    match rest {
        Rest::Nothing => {}
        Rest::Even(value) => rows.into_iter().for_each(|row| add(row, [*value; 4])),
        Rest::Each(values) => rows.into_iter().zip(values).for_each(|(row, values)| add(row, *values)),
    }
}

#[inline(always)]
fn add(pixels: &mut [u8; 4], residual: [i32; 4]) {
    for (pixel, value) in pixels.iter_mut().zip(residual) {
        *pixel = (i32::from(*pixel) + value).clamp(0, 255) as u8;
    }
}
