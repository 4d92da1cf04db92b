//! Eight rounded numbers a picture, from which most pictures are seen to be too far away.
//!
//! A filter, like [`super::super::block`], but of 8 bytes a picture instead of 64 and without a tree: it is read from
//! the first picture to the last, as fast as memory gives it.

use multiversion::multiversion;

use super::super::Feature;
use super::super::block::{limit, rotate};
use super::super::feature::DIMENSIONS;

/// Rounded numbers of a picture.
const AXES: usize = 8;

/// Pictures that are compared at once.
pub(super) const LANES: usize = 32;

/// The rotated axes that are looked at: brightness of the mean, of the five slowest waves, and how red the mean is.
const LEADING: [usize; AXES - 1] = [45, 0, 9, 12, 3, 21, 46];

/// Rounded numbers in 1. A feature of a BlurHash has no rotated coordinate above 1.74, so none exceeds 111.
const STEPS: f32 = 64.0;

/// Steps in one of the length of all that does not lead, which may be 6.7.
const STEPS_OF_ONE: f32 = 4.0;

/// The rounded numbers of a picture.
pub(super) type Rounded = [i16; AXES];

/// What is known of a feature at a glance.
pub(super) fn rounded(feature: &Feature) -> Rounded {
    let mut rotated = rotate(feature);
    let mut rounded = [0; AXES];
    for (number, axis) in rounded.iter_mut().zip(LEADING) {
        *number = floor(std::mem::take(&mut rotated[axis]) * STEPS);
    }
    let rest: f32 = squares(&rotated).sqrt();
    rounded[AXES - 1] = floor(rest * STEPS / STEPS_OF_ONE);
    rounded
}

#[expect(clippy::cast_possible_truncation, reason = "at most 28 * 64, and would saturate")]
fn floor(value: f32) -> i16 {
    value.floor() as i16
}

#[expect(clippy::cast_possible_truncation, reason = "kept within the slack of the limit")]
fn squares(values: &[f32; DIMENSIONS]) -> f32 {
    values.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>() as f32
}

/// [`LANES`] pictures, one number of all of them after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sieve([[i8; LANES]; AXES]);

impl Sieve {
    /// Packs at most [`LANES`] features of BlurHashes.
    pub(super) fn pack(features: impl Iterator<Item = Feature>) -> Self {
        let mut rows = [[0; LANES]; AXES];
        for (lane, feature) in features.take(LANES).enumerate() {
            for (row, number) in rows.iter_mut().zip(rounded(&feature)) {
                row[lane] = i8::try_from(number).unwrap_or(if number < 0 { i8::MIN } else { i8::MAX });
            }
        }
        Self(rows)
    }
}

/// For each block, as bits, which of its pictures may be within `threshold`.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+popcnt", "x86_64+sse4.2+popcnt"))]
pub(super) fn sifted(blocks: &[Sieve], query: &Rounded, threshold: f32) -> Vec<(usize, u32)> {
    #[expect(clippy::cast_possible_truncation, reason = "saturates above every sum")]
    let limit = (limit(threshold) * STEPS * STEPS).floor() as i32;
    let mut left = Vec::new();
    for (number, block) in blocks.iter().enumerate() {
        let mut sums = [0_i32; LANES];
        for (axis, (row, value)) in block.0.iter().zip(query).enumerate() {
            let weight = if axis == AXES - 1 { 4 } else { 1 };
            for (sum, other) in sums.iter_mut().zip(row) {
                // Two numbers that are rounded down are at most one step nearer than what they stand for.
                let apart = ((i32::from(*value) - i32::from(*other)).abs() - 1).max(0) * weight;
                *sum += apart * apart;
            }
        }
        if sums.iter().fold(i32::MAX, |least, sum| least.min(*sum)) <= limit {
            let near = sums.iter().enumerate().map(|(lane, sum)| u32::from(*sum <= limit) << lane);
            left.push((number, near.fold(0, |all, one| all | one)));
        }
    }
    left
}
