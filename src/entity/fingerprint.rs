//! What is kept of a picture's appearance.

use super::turn::Turn;

/// The number of the algorithm that [`Fingerprint`] describes. A changed algorithm gets a new number.
pub const FINGERPRINT_ALGORITHM: u32 = 1;

/// Values of a chroma signature: two colour differences for each of 4x4 blocks.
pub const CHROMA_VALUES: usize = 32;

/// The appearance of one picture, from one decoding. Algorithm 1.
///
/// All of it is computed from the picture as it is displayed (orientation applied), by area averages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Pixels across, as displayed.
    pub width: u32,
    /// Pixels down, as displayed.
    pub height: u32,
    /// BLAKE3 of width, height and the pixels as displayed, 8 bits a channel, an alpha channel that is opaque
    /// throughout left out: equal values mean equal pixels, in whatever format, and different ones different pixels.
    /// `None` where the picture was only decoded in part.
    pub pixels: Option<[u8; 32]>,
    /// BLAKE3 of the coded picture without its metadata, for formats whose pixels were not all decoded: equal values
    /// mean equal pixels, different values mean nothing.
    pub coded: Option<[u8; 32]>,
    /// Double gradient: 64 comparisons of neighbours in a row of a 9x8 reduction, then 64 of neighbours in a column of
    /// an 8x9 reduction. Bit `8 * row + column`, from the lowest, is set where brightness grows.
    pub gradient: [u64; 2],
    /// Which DCT coefficients of rows and columns 1 to 8 of a 64x64 luma reduction lie above their median; bit
    /// `8 * (row - 1) + column - 1`, from the lowest.
    pub dct: u64,
    /// Mean blue and red of 4x4 blocks, row by row, each less the mean of red, green and blue; all blue first, divided
    /// by max(20, their norm) and scaled by 127.
    pub chroma: [i8; CHROMA_VALUES],
    /// Standard deviation of the luma of the 64x64 reduction, in steps of 1/4 of one of 256 levels, at most 255: a flat
    /// picture has a small one, and its other numbers mean nothing.
    pub contrast: u8,
}

impl Fingerprint {
    /// Contrast below which the hashes of a picture are noise.
    pub const LEAST_CONTRAST: u8 = 8;

    /// Whether it has too little structure to be compared with anything.
    pub fn is_flat(&self) -> bool {
        self.contrast < Self::LEAST_CONTRAST
    }

    /// Double gradient and DCT signs as one code of 192 bits, in the order in which it is searched.
    pub fn code(&self) -> [u64; 3] {
        [self.gradient[0], self.gradient[1], self.dct]
    }

    /// Bits in which the codes of two pictures differ, 0 to 192.
    pub fn bits_apart(&self, other: &Self) -> u32 {
        let pairs = self.code().into_iter().zip(other.code());
        pairs.map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    /// Euclidean distance of the chroma signatures, 0 to about 2.
    pub fn chroma_apart(&self, other: &Self) -> f32 {
        let squares = self.chroma.iter().zip(&other.chroma).map(|(a, b)| {
            let difference = f32::from(*a) - f32::from(*b);
            difference * difference
        });
        squares.sum::<f32>().sqrt() / 127.0
    }

    /// What the turned picture would have, from these numbers alone.
    ///
    /// Size and colours are exact, so are the gradients where no two neighbours are equal, and the DCT bits where
    /// nothing is mirrored. Mirrored DCT bits are as if the median were zero, which it nearly is: a few bits may be
    /// wrong. The hashes of pixels are gone.
    pub fn turned(&self, turn: Turn) -> Self {
        let steps = turn.steps();
        let mut turned = *self;
        if turn != Turn::None {
            (turned.pixels, turned.coded) = (None, None);
        }
        if steps.transposes {
            (turned.width, turned.height) = (self.height, self.width);
            turned.gradient = [transposed(self.gradient[1]), transposed(self.gradient[0])];
            turned.dct = transposed(self.dct);
        }
        if steps.flips_columns {
            let [across, down] = turned.gradient;
            turned.gradient = [!mirrored(across), mirrored(down)];
            turned.dct ^= ODD_COLUMNS;
        }
        if steps.flips_rows {
            let [across, down] = turned.gradient;
            turned.gradient = [across.swap_bytes(), !down.swap_bytes()];
            turned.dct ^= ODD_ROWS;
        }
        let blocks = CHROMA_VALUES / 2;
        for (place, value) in turned.chroma.iter_mut().enumerate() {
            let (row, column) = turn.source(4, place % blocks / 4, place % 4);
            *value = self.chroma[place / blocks * blocks + 4 * row + column];
        }
        turned
    }
}

/// Bits of the DCT columns 1, 3, 5 and 7, whose coefficients change sign when left and right change places.
const ODD_COLUMNS: u64 = 0x5555_5555_5555_5555;
/// Bits of the DCT rows 1, 3, 5 and 7.
const ODD_ROWS: u64 = 0x00FF_00FF_00FF_00FF;

/// The 8x8 bits with rows and columns exchanged.
fn transposed(bits: u64) -> u64 {
    (0..64)
        .filter(|place| bits >> place & 1 == 1)
        .fold(0, |turned, place| turned | 1 << (place % 8 * 8 + place / 8))
}

/// The 8x8 bits with each row backwards.
fn mirrored(bits: u64) -> u64 {
    bits.reverse_bits().swap_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(code: [u64; 3], chroma: i8) -> Fingerprint {
        Fingerprint {
            width: 512,
            height: 768,
            pixels: None,
            coded: None,
            gradient: [code[0], code[1]],
            dct: code[2],
            chroma: [chroma; CHROMA_VALUES],
            contrast: 200,
        }
    }

    #[test]
    fn distances_count_bits_and_colour_apart() {
        let (a, b) = (fingerprint([0, 0, 0], 0), fingerprint([1, 3, 7], 10));
        assert_eq!((a.bits_apart(&b), a.bits_apart(&a)), (6, 0));
        assert!((a.chroma_apart(&b) - 0.445).abs() < 0.001);
    }

    #[test]
    fn turning_back_gives_what_was_there() {
        let mut original =
            fingerprint([0x0123_4567_89AB_CDEF, 0xF0E1_D2C3_B4A5_9687, 0x1357_9BDF_0246_8ACE], 0);
        original.chroma = std::array::from_fn(|place| i8::try_from(3 * place).unwrap());
        for turn in Turn::ALL {
            assert_eq!(original.turned(turn).turned(turn.inverse()), original, "{turn:?}");
        }
        assert_eq!(original.turned(Turn::Rotate90).turned(Turn::Rotate90), original.turned(Turn::Rotate180));
        assert_eq!(
            (original.turned(Turn::Transpose).width, original.turned(Turn::Rotate180).width),
            (768, 512)
        );
    }
}
