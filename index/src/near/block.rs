//! Thirty-two pictures side by side, so that one instruction compares several of them.
//!
//! - In: the strongest [`LEAD`] coordinates of features, rotated so that brightness comes apart from colour.
//! - Out: which of the pictures may lie within a distance. A filter: it may let too many through, never too
//!   few, because a distance in some of the coordinates is at most the distance in all.
//! - Never: the final word, which [`Feature::distance`] has.

use super::{DIMENSIONS, Feature};

/// Coordinates that the filter looks at.
pub(super) const LEAD: usize = 16;

/// Pictures in a block.
pub(super) const LANES: usize = 32;

/// Coordinates looked at before the first decision: with the axes sorted by variance, they hold most of
/// the distance.
const FIRST: usize = 8;

/// Which of the leading coordinates is the length of all that does not lead.
///
/// Lengths differ by at most the distance, so it filters like the others, and it varies with the contrast of
/// a picture. It is among the first because it then decides often.
const REST: usize = 7;

/// Coordinate of an unused lane: far from everything, and its square still fits.
const FAR: f32 = 1e9;

/// Added to a threshold before filtering, so that rounding in the rotated coordinates loses nothing.
///
/// A rotated coordinate is off by less than 2e-6 for values up to [`super::LARGEST_VALUE`], hence a distance
/// over 16 of them by less than 2e-5.
const SLACK: f32 = 1e-4;

/// The leading coordinates of one picture.
pub(super) type Lead = [f32; LEAD];

/// Which rotated axes lead, strongest first; beside them leads the length of the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axes([usize; LEAD - 1]);

impl Axes {
    /// Chooses the axes along which `features` vary most; ties go to the lower axis.
    pub(super) fn strongest(features: &[Feature]) -> Self {
        let variance = variances(features);
        let mut axes: Vec<usize> = (0..DIMENSIONS).collect();
        axes.sort_by(|&a, &b| variance[b].total_cmp(&variance[a]).then(a.cmp(&b)));
        Self(std::array::from_fn(|place| axes[place]))
    }

    /// The leading coordinates of `feature`.
    pub(super) fn lead(&self, feature: &Feature) -> Lead {
        let mut rotated = rotate(feature);
        let mut lead = [0.0; LEAD];
        for (place, axis) in (0..LEAD).filter(|place| *place != REST).zip(self.0) {
            lead[place] = std::mem::take(&mut rotated[axis]);
        }
        lead[REST] = length(&rotated);
        lead
    }
}

/// Turns each colour triple into brightness and two colour differences. Orthonormal: distances stay.
pub(super) fn rotate(feature: &Feature) -> [f32; DIMENSIONS] {
    const THIRD: f32 = 0.577_350_26;
    const HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;
    const SIXTH: f32 = 0.408_248_3;
    let mut rotated = [0.0; DIMENSIONS];
    for (to, from) in rotated.chunks_exact_mut(3).zip(feature.values().chunks_exact(3)) {
        let (red, green, blue) = (from[0], from[1], from[2]);
        to[0] = (red + green + blue) * THIRD;
        to[1] = (red - blue) * HALF;
        to[2] = (red + blue - 2.0 * green) * SIXTH;
    }
    rotated
}

#[expect(clippy::cast_possible_truncation, reason = "at most 28, and kept within the slack")]
fn length(values: &[f32; DIMENSIONS]) -> f32 {
    values.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>().sqrt() as f32
}

fn variances(features: &[Feature]) -> [f64; DIMENSIONS] {
    let mut sum = [0.0_f64; DIMENSIONS];
    let mut squares = [0.0_f64; DIMENSIONS];
    for feature in features {
        for (axis, value) in rotate(feature).into_iter().enumerate() {
            sum[axis] += f64::from(value);
            squares[axis] += f64::from(value) * f64::from(value);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of pictures in memory is far below 2^53")]
    let count = features.len().max(1) as f64;
    std::array::from_fn(|axis| squares[axis] / count - (sum[axis] / count) * (sum[axis] / count))
}

/// What a squared filter distance may not exceed for a true distance within `threshold`.
pub(super) fn limit(threshold: f32) -> f32 {
    let widened = threshold.max(0.0) + SLACK;
    widened * widened
}

/// Smallest box around some pictures, in the leading coordinates.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    low: Lead,
    high: Lead,
}

impl Bounds {
    /// Around nothing: far from everything.
    pub(super) const EMPTY: Self = Self { low: [FAR; LEAD], high: [-FAR; LEAD] };

    /// Makes room for one picture.
    pub(super) fn include(&mut self, lead: &Lead) {
        for (low, value) in self.low.iter_mut().zip(lead) {
            *low = smaller(*low, *value);
        }
        for (high, value) in self.high.iter_mut().zip(lead) {
            *high = larger(*high, *value);
        }
    }

    /// Makes room for all that is in `other`.
    pub(super) fn merge(&mut self, other: &Self) {
        self.include(&other.low);
        self.include(&other.high);
    }

    /// Squared distance between the nearest points of two boxes.
    pub(super) fn gap_to(&self, other: &Self) -> f32 {
        let gaps: Lead = std::array::from_fn(|axis| {
            let apart = larger(self.low[axis] - other.high[axis], other.low[axis] - self.high[axis]);
            larger(apart, 0.0)
        });
        gaps.iter().map(|gap| gap * gap).sum()
    }

    /// Squared distance from a picture to the box.
    pub(super) fn gap_to_point(&self, lead: &Lead) -> f32 {
        let gaps: Lead = std::array::from_fn(|axis| {
            let apart = larger(self.low[axis] - lead[axis], lead[axis] - self.high[axis]);
            larger(apart, 0.0)
        });
        gaps.iter().map(|gap| gap * gap).sum()
    }
}

/// Up to [`LANES`] pictures, one coordinate of all of them after the other.
#[derive(Clone, Debug)]
pub(super) struct Block([[f32; LANES]; LEAD]);

impl Block {
    /// Packs at most [`LANES`] pictures; the lanes behind them are far from everything.
    pub(super) fn pack<'a>(leads: impl Iterator<Item = &'a Lead>) -> Self {
        let mut rows = [[FAR; LANES]; LEAD];
        for (lane, lead) in leads.take(LANES).enumerate() {
            for (row, value) in rows.iter_mut().zip(lead) {
                row[lane] = *value;
            }
        }
        Self(rows)
    }

    /// The coordinates of one lane.
    pub(super) fn lead(&self, lane: usize) -> Lead {
        std::array::from_fn(|axis| self.0[axis][lane])
    }

    /// The lanes, as bits, whose pictures are within the squared distance `limit` of the box.
    pub(super) fn near_box(&self, bounds: &Bounds, limit: f32) -> u32 {
        let mut total = [0.0_f32; LANES];
        for (axis, row) in self.0.iter().enumerate() {
            let (low, high) = (bounds.low[axis], bounds.high[axis]);
            for (sum, value) in total.iter_mut().zip(row) {
                let apart = larger(larger(low - value, value - high), 0.0);
                *sum += apart * apart;
            }
        }
        within(&total, limit)
    }

    /// The lanes, as bits, whose pictures are within the squared distance `limit` of `lead`.
    pub(super) fn near_point(&self, lead: &Lead, limit: f32) -> u32 {
        let mut total = [0.0_f32; LANES];
        self.add(&mut total, lead, 0, FIRST);
        if nearest(&total) > limit {
            return 0;
        }
        self.add(&mut total, lead, FIRST, LEAD);
        within(&total, limit)
    }

    #[inline]
    fn add(&self, total: &mut [f32; LANES], lead: &Lead, from: usize, to: usize) {
        for (row, value) in self.0[from..to].iter().zip(&lead[from..to]) {
            for (sum, other) in total.iter_mut().zip(row) {
                let apart = value - other;
                *sum += apart * apart;
            }
        }
    }
}

/// Smallest of the values, by halving so that each step is one instruction on many lanes.
fn nearest(total: &[f32; LANES]) -> f32 {
    let mut least = [FAR * FAR; 8];
    for part in total.chunks_exact(8) {
        for (kept, value) in least.iter_mut().zip(part) {
            *kept = smaller(*kept, *value);
        }
    }
    least.into_iter().fold(f32::INFINITY, smaller)
}

fn within(total: &[f32; LANES], limit: f32) -> u32 {
    total.iter().enumerate().fold(0, |bits, (lane, value)| bits | (u32::from(*value <= limit) << lane))
}

/// Maximum without the care for NaN that would cost half the speed; no value here is NaN.
#[inline]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// Minimum, in the same way as [`larger`].
#[inline]
fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}
