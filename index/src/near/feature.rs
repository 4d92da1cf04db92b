//! What is compared: 48 numbers and a shape.

/// Numbers in a feature: 16 triples of red, green and blue.
pub const DIMENSIONS: usize = 48;

/// Largest absolute value that a feature may hold. Features made from BlurHashes stay within 1.
pub const LARGEST_VALUE: f32 = 4.0;

/// How much longer, relatively, one aspect ratio may be than another to count as the same shape.
///
/// Copies keep their shape up to rounding to whole pixels. Measured on 186,303 pictures of the site with this
/// tolerance: 1.0 % had an unrelated neighbour within 0.30.
pub const ASPECT_TOLERANCE: f64 = 0.02;

/// Sixteen colour triples in one space with the Euclidean distance; every value finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature([f32; DIMENSIONS]);

impl Feature {
    /// `None` if a value is not finite or exceeds [`LARGEST_VALUE`]. Negative zero becomes zero.
    pub fn new(values: [f32; DIMENSIONS]) -> Option<Self> {
        // Looks at all values without stopping early, so that several are compared at a time.
        let fits = values.iter().fold(true, |fits, value| fits & (value.abs() <= LARGEST_VALUE));
        fits.then(|| Self(values.map(|value| value + 0.0)))
    }

    /// The numbers, red, green and blue of the first triple first.
    pub fn values(&self) -> &[f32; DIMENSIONS] {
        &self.0
    }

    /// Euclidean distance: symmetric, zero only for equal features, exact up to the last rounding.
    pub fn distance(&self, other: &Self) -> f32 {
        // Four sums side by side, because one after the other they would wait for each other.
        let mut sums = [0.0_f64; 4];
        for (a, b) in self.0.chunks_exact(4).zip(other.0.chunks_exact(4)) {
            for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
                let difference = f64::from(*a) - f64::from(*b);
                *sum += difference * difference;
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "a distance is at most 56, and f32 is its unit")]
        let distance = sums.iter().sum::<f64>().sqrt() as f32;
        distance
    }

    /// The values as ordered bits, for sorting and for equality that agrees with it.
    pub(super) fn bits(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().map(|value| value.to_bits())
    }
}

/// Width divided by height of a picture; zero when its size is unknown.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Aspect(f32);

impl Aspect {
    /// The shape of a picture whose size nobody said. It equals no shape but itself.
    pub const UNKNOWN: Self = Self(0.0);

    /// The shape of a picture of this size in pixels; [`Self::UNKNOWN`] if a side is zero.
    pub fn of(width: u32, height: u32) -> Self {
        if width == 0 || height == 0 {
            return Self::UNKNOWN;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a ratio of two u32 lies well within f32")]
        let ratio = (f64::from(width) / f64::from(height)) as f32;
        Self(ratio)
    }

    /// The shape of a ratio that [`Self::ratio`] gave; `None` if it cannot have.
    pub(super) fn of_ratio(ratio: f32) -> Option<Self> {
        (ratio.is_finite() && ratio.is_sign_positive()).then_some(Self(ratio))
    }

    /// Width divided by height, or zero.
    pub fn ratio(self) -> f32 {
        self.0
    }

    /// Whether the larger ratio exceeds the smaller by at most [`ASPECT_TOLERANCE`]. Symmetric.
    ///
    /// A picture of unknown size agrees only with pictures of unknown size.
    pub fn agrees(self, other: Self) -> bool {
        let (small, large) = if self.0 <= other.0 { (self.0, other.0) } else { (other.0, self.0) };
        f64::from(large) <= f64::from(small) * (1.0 + ASPECT_TOLERANCE)
    }
}
