//! A BlurHash text in, its coefficients out; no pixel is rendered.
//!
//! - In: any text. It is at most 166 characters long if it is a BlurHash, and longer texts are refused unread.
//! - Out: [`Coefficients`], and from those of the site's 4x4 grid a [`Feature`] that can be compared.
//! - Never: allocation, panics, guesses: what is not exactly a BlurHash is [`Excluded::Malformed`].
//!
//! Comparing coefficients is both faster and better than comparing rendered pictures: on 2,912 files with
//! known variants, every hash of a rendered picture had F1 <= 0.80, the coefficients 0.95.

mod encode;

use rayon::prelude::*;
use stemmata_index::near::{Aspect, DIMENSIONS, Entry, Feature};
use thiserror::Error;

pub(super) use encode::encode;

/// Values that stand for many unrelated pictures.
///
/// The first was given to videos of January and February 2026 whatever they showed.
pub const KNOWN_BAD: [&str; 1] = ["U00000fQfQfQfQfQfQfQfQfQfQfQfQfQfQfQ"];

/// Largest AC amplitude, in linear light, below which a picture counts as flat.
///
/// Below it the coefficients are rounding and noise; 2,034 of 186,303 media of the site are.
pub const FLAT_BELOW: f32 = 0.02;

/// Components a side that the site encodes, and the only grid that is compared.
pub const SITE_GRID: (u8, u8) = (4, 4);

/// Most AC components: nine by nine without the DC.
const MOST_AC: usize = 80;

/// Largest value of two base-83 digits that three digits of base 19 can have made.
const AC_VALUES: u16 = 19 * 19 * 19;

/// Why a text is not a BlurHash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BlurHashError {
    /// Not as long as its first character says.
    #[error("{found} characters instead of {expected}")]
    Length {
        /// Characters that its grid needs; 6 if there is no first character.
        expected: usize,
        /// Bytes that there are.
        found: usize,
    },
    /// A character outside the alphabet.
    #[error("no base-83 digit at byte {position}")]
    Digit {
        /// Where, from 0.
        position: usize,
    },
    /// The mean colour is above 24 bits.
    #[error("mean colour out of range")]
    MeanOutOfRange,
    /// A coefficient is above the largest that can be written.
    #[error("coefficient {component} out of range")]
    CoefficientOutOfRange {
        /// Which, from 1; 0 is the mean colour.
        component: usize,
    },
}

/// Why a picture is not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Excluded {
    /// It has no BlurHash.
    #[error("no BlurHash")]
    Missing,
    /// Its BlurHash cannot be read.
    #[error("malformed BlurHash")]
    Malformed(#[source] BlurHashError),
    /// It was not encoded on the site's grid, and other grids do not compare.
    #[error("BlurHash of {columns}x{rows} components")]
    OtherGrid {
        /// Components across.
        columns: u8,
        /// Components down.
        rows: u8,
    },
    /// It shows nothing that could be told apart; see [`FLAT_BELOW`].
    #[error("flat picture")]
    Flat,
    /// Its BlurHash is one of [`KNOWN_BAD`].
    #[error("BlurHash that unrelated pictures share")]
    KnownBad,
}

/// What a BlurHash says, digit by digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coefficients {
    columns: u8,
    rows: u8,
    maximum: u8,
    mean: [u8; 3],
    ac: [[i8; 3]; MOST_AC],
}

impl Coefficients {
    /// Reads a BlurHash of any grid.
    ///
    /// # Errors
    ///
    /// [`BlurHashError`] with the first thing that is wrong, from the left, the length first.
    pub fn decode(text: &str) -> Result<Self, BlurHashError> {
        let bytes = text.as_bytes();
        let Some(first) = bytes.first() else {
            return Err(BlurHashError::Length { expected: 6, found: 0 });
        };
        let grid = DIGITS[usize::from(*first)];
        if grid > 80 {
            return Err(BlurHashError::Digit { position: 0 });
        }
        let (columns, rows) = (grid % 9 + 1, grid / 9 + 1);
        let expected = 4 + 2 * usize::from(columns) * usize::from(rows);
        if bytes.len() != expected {
            return Err(BlurHashError::Length { expected, found: bytes.len() });
        }
        let (head, tail) = bytes.split_at(6);
        let maximum = number(&head[1..2], 1)?;
        let mean = number(&head[2..6], 2)?;
        let [0, red, green, blue] = mean.to_be_bytes() else {
            return Err(BlurHashError::MeanOutOfRange);
        };
        let mut ac = [[0; 3]; MOST_AC];
        for (place, (triple, pair)) in ac.iter_mut().zip(tail.chunks_exact(2)).enumerate() {
            *triple = coefficient(pair, place)?;
        }
        // A base-83 digit is at most 82.
        Ok(Self { columns, rows, maximum: maximum.to_le_bytes()[0], mean: [red, green, blue], ac })
    }

    /// Components across and down, each from 1 to 9.
    pub fn grid(&self) -> (u8, u8) {
        (self.columns, self.rows)
    }

    /// The amplitude of a coefficient with digit 9, in linear light: from 1/166 to 1/2.
    pub fn maximum(&self) -> f32 {
        (f32::from(self.maximum) + 1.0) / 166.0
    }

    /// Red, green and blue of the mean colour, in sRGB.
    pub fn mean(&self) -> [u8; 3] {
        self.mean
    }

    /// Red, green and blue digits of the coefficients but the mean, each from -9 to 9, row by row.
    ///
    /// A digit `q` stands for the amplitude `sign(q) (q / 9)^2 * maximum`.
    pub fn digits(&self) -> &[[i8; 3]] {
        &self.ac[..usize::from(self.columns) * usize::from(self.rows) - 1]
    }

    /// The largest absolute amplitude besides the mean, in linear light.
    pub fn largest_amplitude(&self) -> f32 {
        let digits = self.digits().as_flattened();
        let digit = digits.iter().fold(0, |largest, digit| digit.unsigned_abs().max(largest));
        let share = f32::from(digit) / 9.0;
        share * share * self.maximum()
    }

    /// The numbers to compare: for each coefficient the signed root of its amplitude, then the mean / 255.
    ///
    /// # Errors
    ///
    /// [`Excluded::OtherGrid`] unless the grid is the site's, [`Excluded::Flat`] if nothing stands out.
    pub fn feature(&self) -> Result<Feature, Excluded> {
        if self.grid() != SITE_GRID {
            return Err(Excluded::OtherGrid { columns: self.columns, rows: self.rows });
        }
        if self.largest_amplitude() < FLAT_BELOW {
            return Err(Excluded::Flat);
        }
        let step = self.maximum().sqrt() / 9.0;
        let mut values = [0.0; DIMENSIONS];
        let (waves, mean) = values.split_at_mut(DIMENSIONS - 3);
        for (value, digit) in waves.iter_mut().zip(self.digits().as_flattened()) {
            *value = f32::from(*digit) * step;
        }
        for (value, channel) in mean.iter_mut().zip(self.mean) {
            *value = f32::from(channel) / 255.0;
        }
        Ok(Feature::new(values).expect("roots of amplitudes and shares of 255 are at most 1"))
    }
}

/// The feature of a BlurHash, or why the picture is not compared.
///
/// # Errors
///
/// Every reason of [`Excluded`] but [`Excluded::Missing`].
pub fn feature(text: &str) -> Result<Feature, Excluded> {
    if KNOWN_BAD.contains(&text) {
        return Err(Excluded::KnownBad);
    }
    Coefficients::decode(text).map_err(Excluded::Malformed)?.feature()
}

/// The features of many BlurHashes, in input order, on all threads.
pub fn decode_all(texts: &[&str]) -> Vec<Result<Feature, Excluded>> {
    texts.par_iter().map(|text| feature(text)).collect()
}

/// How many pictures were not compared, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExcludedCounts {
    /// Without a BlurHash.
    pub missing: u64,
    /// With one that cannot be read.
    pub malformed: u64,
    /// With one of another grid.
    pub other_grid: u64,
    /// Flat.
    pub flat: u64,
    /// With a value that unrelated pictures share.
    pub known_bad: u64,
}

impl ExcludedCounts {
    /// All of them together.
    pub fn total(&self) -> u64 {
        self.missing + self.malformed + self.other_grid + self.flat + self.known_bad
    }

    fn count(&mut self, reason: Excluded) {
        let counter = match reason {
            Excluded::Missing => &mut self.missing,
            Excluded::Malformed(_) => &mut self.malformed,
            Excluded::OtherGrid { .. } => &mut self.other_grid,
            Excluded::Flat => &mut self.flat,
            Excluded::KnownBad => &mut self.known_bad,
        };
        *counter += 1;
    }
}

/// Pictures that can be compared, and a count of those that cannot.
///
/// It holds 208 bytes a comparable picture and none of the texts.
#[derive(Clone, Debug, Default)]
pub struct Features {
    /// In the order in which they were added.
    pub entries: Vec<Entry>,
    /// The others.
    pub excluded: ExcludedCounts,
}

/// Texts that are kept until they are decoded together, on all threads; about 5 MB.
const TEXTS_AT_ONCE: usize = 1 << 16;

/// Collects [`Features`] from pictures that come one after the other; decodes many of them at once.
#[derive(Debug, Default)]
pub struct Collector {
    features: Features,
    waiting: Vec<(u64, Aspect, String)>,
}

impl Collector {
    /// Takes one picture: its number, its BlurHash as received, width and height in pixels.
    pub fn add(&mut self, id: u64, blurhash: Option<&str>, width: Option<u32>, height: Option<u32>) {
        let Some(text) = blurhash else {
            return self.features.excluded.count(Excluded::Missing);
        };
        let aspect = Aspect::of(width.unwrap_or(0), height.unwrap_or(0));
        self.waiting.push((id, aspect, text.to_owned()));
        if self.waiting.len() >= TEXTS_AT_ONCE {
            self.decode();
        }
    }

    /// Everything that was added, in that order whatever the number of threads.
    pub fn finish(mut self) -> Features {
        self.decode();
        self.features
    }

    fn decode(&mut self) {
        let texts: Vec<&str> = self.waiting.iter().map(|(_, _, text)| text.as_str()).collect();
        let decoded = decode_all(&texts);
        for ((id, aspect, _), feature) in self.waiting.drain(..).zip(decoded) {
            match feature {
                Ok(feature) => self.features.entries.push(Entry { id, aspect, feature }),
                Err(reason) => self.features.excluded.count(reason),
            }
        }
    }
}

/// The base-83 alphabet, in the order of its digits.
const ALPHABET: &[u8; 83] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

/// The digit of each byte; 255 for those outside the alphabet.
const DIGITS: [u8; 256] = {
    let mut digits = [255; 256];
    let mut digit = 0;
    while digit < ALPHABET.len() {
        digits[ALPHABET[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};

/// Reads up to four digits that begin at byte `position` of the text.
fn number(bytes: &[u8], position: usize) -> Result<u32, BlurHashError> {
    let mut value = 0;
    for (offset, byte) in bytes.iter().enumerate() {
        let digit = DIGITS[usize::from(*byte)];
        if digit == 255 {
            return Err(BlurHashError::Digit { position: position + offset });
        }
        value = value * 83 + u32::from(digit);
    }
    Ok(value)
}

/// Reads the two digits of coefficient `place + 1`.
fn coefficient(pair: &[u8], place: usize) -> Result<[i8; 3], BlurHashError> {
    let (high, low) = (DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]);
    if high == 255 || low == 255 {
        return Err(BlurHashError::Digit { position: 6 + 2 * place + usize::from(high != 255) });
    }
    let value = u16::from(high) * 83 + u16::from(low);
    if value >= AC_VALUES {
        return Err(BlurHashError::CoefficientOutOfRange { component: place + 1 });
    }
    let digit = |value: u16| value.to_le_bytes()[0].cast_signed() - 9;
    Ok([digit(value / 361), digit(value / 19 % 19), digit(value % 19)])
}

#[cfg(test)]
mod tests;
