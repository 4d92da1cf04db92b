//! Coefficients: tokens to numbers, and numbers to what is added to a prediction (RFC 6386, 13 and 14).

use super::bools::Bools;
use super::header::Places;
use super::tables::{Tree, ZIGZAG};

/// Probabilities of the bits of the four longest tokens.
const LONG: [&[u8]; 4] = [
    &[173, 148, 140],
    &[176, 155, 140, 135],
    &[180, 157, 141, 134, 130],
    &[254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129],
];

/// Coefficients of a block, row by row.
pub(super) type Block = [i16; 16];
/// What is added to 4x4 pixels.
pub(super) type Residual = [[i32; 4]; 4];

/// Reads the coefficients from the place `first` on into a block of zeros; returns the place behind the last.
#[inline(always)]
pub(super) fn read(
    bools: &mut Bools<'_>,
    places: &Places,
    (first, context): (usize, usize),
    [dc, ac]: [i32; 2],
    block: &mut Block,
) -> usize {
    let mut place = first;
    let mut tree = &places[place][context];
    while place < 16 {
        if !bools.next(tree[0]) {
            return place;
        }
        while !bools.next(tree[1]) {
            place += 1;
            if place == 16 {
                return 16;
            }
            tree = &places[place][0];
        }
        let (size, context) = if bools.next(tree[2]) { (large(bools, tree), 2) } else { (1, 1) };
        let value = if bools.next(128) { -size } else { size };
        let step = if place == 0 { dc } else { ac };
        block[ZIGZAG[place]] = (value * step).clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        place += 1;
        tree = &places[place][context];
    }
    16
}

/// A size from 2 on.
fn large(bools: &mut Bools<'_>, tree: &Tree) -> i32 {
    if !bools.next(tree[3]) {
        return if bools.next(tree[4]) { 3 + i32::from(bools.next(tree[5])) } else { 2 };
    }
    if !bools.next(tree[6]) {
        if !bools.next(tree[7]) {
            return 5 + i32::from(bools.next(159));
        }
        return 7 + 2 * i32::from(bools.next(165)) + i32::from(bools.next(145));
    }
    let high = bools.next(tree[8]);
    let low = bools.next(if high { tree[10] } else { tree[9] });
    let kind = 2 * usize::from(high) + usize::from(low);
    let bits = LONG[kind].iter().fold(0, |bits, probability| bits << 1 | i32::from(bools.next(*probability)));
    bits + 3 + (8 << kind)
}

/// The DC coefficients of 16 blocks from the block that holds them (14.3).
pub(super) fn hadamard(block: &Block) -> [i32; 16] {
    let column = |at: usize| butterfly(std::array::from_fn(|row| i32::from(block[4 * row + at])));
    let columns: [[i32; 4]; 4] = std::array::from_fn(column);
    let row = |at: usize| butterfly(std::array::from_fn(|column| columns[column][at]));
    let rows: [[i32; 4]; 4] = std::array::from_fn(row);
    std::array::from_fn(|place| (rows[place / 4][place % 4] + 3) >> 3)
}

fn butterfly([a, b, c, d]: [i32; 4]) -> [i32; 4] {
    let (outer, inner, inner_apart, outer_apart) = (a + d, b + c, b - c, a - d);
    [outer + inner, inner_apart + outer_apart, outer - inner, outer_apart - inner_apart]
}

/// The inverse transform (14.3).
#[inline]
pub(super) fn inverse(block: &Block) -> Residual {
    let [a, b, c, d]: [[i32; 4]; 4] =
        std::array::from_fn(|row| std::array::from_fn(|column| i32::from(block[4 * row + column])));
    let down = turn(wave(a, b, c, d));
    let [a, b, c, d] = down;
    turn(wave(a, b, c, d)).map(|row| row.map(|value| (value + 4) >> 3))
}

fn turn(rows: Residual) -> Residual {
    std::array::from_fn(|row| std::array::from_fn(|column| rows[column][row]))
}

/// Four transforms beside each other.
///
/// Coefficients have 16 bits, so the products of the first pass fit 32; those of the second wrap in files that no
/// coder writes.
#[inline(always)]
fn wave(a: [i32; 4], b: [i32; 4], c: [i32; 4], d: [i32; 4]) -> Residual {
    // The sine and the cosine of an eighth of pi, times the root of 2, in 65536ths; the cosine without its 1.
    let sine = |value: i32| value.wrapping_mul(35468) >> 16;
    let cosine = |value: i32| value + (value.wrapping_mul(20091) >> 16);
    let mut rows = [[0; 4]; 4];
    for at in 0..4 {
        let (sum, difference) = (a[at] + c[at], a[at] - c[at]);
        let (low, high) = (sine(b[at]) - cosine(d[at]), cosine(b[at]) + sine(d[at]));
        rows[0][at] = sum + high;
        rows[1][at] = difference + low;
        rows[2][at] = difference - low;
        rows[3][at] = sum - high;
    }
    rows
}
