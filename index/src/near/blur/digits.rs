//! A 4x4 BlurHash as its digits: 49 bytes that give the 48 numbers back exactly.

use super::super::store::{Key, Record};
use super::super::{Aspect, DIMENSIONS, Feature};

/// Waves besides the mean, times three colours.
const WAVES: usize = DIMENSIONS - 3;

/// Largest absolute digit of a wave.
const LARGEST_DIGIT: i8 = 9;

/// Values that the digit of the maximum may have: one character of base 83.
const MAXIMA: u8 = 83;

/// The digits of a 4x4 BlurHash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digits {
    waves: [i8; WAVES],
    mean: [u8; 3],
    maximum: u8,
}

impl Digits {
    /// `waves` are the digits of the fifteen waves, each from -9 to 9, red, green and blue of the first wave first;
    /// `mean` is the mean colour in sRGB; `maximum` is the digit of the largest amplitude, from 0 to 82. `None` if one is
    /// outside its range.
    pub fn new(waves: [i8; WAVES], mean: [u8; 3], maximum: u8) -> Option<Self> {
        // Looks at all digits without stopping early, so that many are compared at a time.
        let fits = waves
            .iter()
            .fold(true, |fits, digit| fits & (-LARGEST_DIGIT <= *digit && *digit <= LARGEST_DIGIT));
        (fits && maximum < MAXIMA).then_some(Self { waves, mean, maximum })
    }

    /// Digits whose [`Self::feature`] is exactly this one; `None` if no 4x4 BlurHash gives it.
    pub fn of(feature: &Feature) -> Option<Self> {
        (0..MAXIMA).find_map(|maximum| Self::with_maximum(feature, maximum))
    }

    fn with_maximum(feature: &Feature, maximum: u8) -> Option<Self> {
        let (step, (waves, mean)) = (step(maximum), feature.values().split_at(WAVES));
        let mut digits = Self { waves: [0; WAVES], mean: [0; 3], maximum };
        for (digit, value) in digits.waves.iter_mut().zip(waves) {
            let rounded = (value / step).round();
            if rounded.abs() > f32::from(LARGEST_DIGIT) || rounded * step != *value {
                return None;
            }
            #[expect(clippy::cast_possible_truncation, reason = "a whole number from -9 to 9")]
            let rounded = rounded as i8;
            *digit = rounded;
        }
        for (channel, value) in digits.mean.iter_mut().zip(mean) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates, and is checked"
            )]
            let rounded = (value * 255.0).round() as u8;
            *channel = rounded;
        }
        (digits.feature() == *feature).then_some(digits)
    }

    /// The numbers to compare: for each wave the signed root of its amplitude, then the mean / 255.
    pub fn feature(&self) -> Feature {
        let step = step(self.maximum);
        let mut values = [0.0; DIMENSIONS];
        let (waves, mean) = values.split_at_mut(WAVES);
        for (value, digit) in waves.iter_mut().zip(self.waves) {
            *value = f32::from(digit) * step;
        }
        for (value, channel) in mean.iter_mut().zip(self.mean) {
            *value = f32::from(channel) / 255.0;
        }
        Feature::new(values).expect("roots of amplitudes and shares of 255 are at most 1")
    }
}

/// What one digit is worth: a ninth of the root of the largest amplitude.
fn step(maximum: u8) -> f32 {
    ((f32::from(maximum) + 1.0) / 166.0).sqrt() / f32::from(LARGEST_DIGIT)
}

/// A picture's digits and shape, and whose they are. In a file they are in the order of their shapes, then digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlurRecord {
    aspect_bits: u32,
    /// Its appearance.
    pub digits: Digits,
    /// The caller's number for it, by which it is replaced and removed.
    pub id: u64,
}

impl BlurRecord {
    /// One picture.
    pub fn new(id: u64, aspect: Aspect, digits: Digits) -> Self {
        Self { aspect_bits: aspect.ratio().to_bits(), digits, id }
    }

    /// Its shape.
    pub fn aspect(&self) -> Aspect {
        Aspect::of_ratio(f32::from_bits(self.aspect_bits)).unwrap_or(Aspect::UNKNOWN)
    }
}

impl Record for BlurRecord {
    const KIND: [u8; 4] = *b"BLUR";
    const BYTES: usize = 4 + WAVES + 3 + 1 + 8;

    fn key(&self) -> Key {
        [self.id, 0]
    }

    fn write(&self, row: &mut [u8]) {
        let aspect = self.aspect_bits.to_le_bytes();
        let waves = self.digits.waves.iter().map(|digit| digit.cast_unsigned());
        let tail = self.digits.mean.into_iter().chain([self.digits.maximum]).chain(self.id.to_le_bytes());
        for (byte, value) in row.iter_mut().zip(aspect.into_iter().chain(waves).chain(tail)) {
            *byte = value;
        }
    }

    fn read(row: &[u8]) -> Option<Self> {
        let (aspect, row) = row.split_first_chunk::<4>()?;
        let (waves, row) = row.split_first_chunk::<WAVES>()?;
        let (mean, row) = row.split_first_chunk::<3>()?;
        let (maximum, id) = row.split_first()?;
        let aspect = Aspect::of_ratio(f32::from_le_bytes(*aspect))?;
        let digits = Digits::new(waves.map(u8::cast_signed), *mean, *maximum)?;
        Some(Self::new(u64::from_le_bytes(*id.first_chunk()?), aspect, digits))
    }
}
