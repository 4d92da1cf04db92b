//! What is kept of a picture's appearance.

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
    /// BLAKE3 of width, height and decoded RGBA rows, an alpha channel that is opaque throughout left out. `None`
    /// where the picture was only decoded in part.
    pub pixels: Option<[u8; 32]>,
    /// BLAKE3 of the coded picture without its metadata, for formats whose pixels were not all decoded: equal values
    /// mean equal pixels, different values mean nothing.
    pub coded: Option<[u8; 32]>,
    /// Double gradient: 64 horizontal comparisons of a 9x8 reduction, then 64 vertical ones of an 8x9 reduction.
    pub gradient: [u64; 2],
    /// Signs of the DCT coefficients of rows and columns 1 to 8 of a 64x64 luma reduction against their median.
    pub dct: u64,
    /// Mean B - Y and R - Y of 4x4 blocks, all B first, divided by max(20, their norm) and scaled by 127.
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
}
