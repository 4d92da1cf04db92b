//! Bits of entropy-coded data, from the highest.

/// Bits that are ready after [`Bits::refill`].
pub(super) const READY_BITS: u32 = 56;

/// A window onto bytes whose stuffing is gone. Past the end it shows zeros and says so in [`Bits::overran`].
pub(super) struct Bits<'b> {
    bytes: &'b [u8],
    /// The byte from which the window is filled next; may lie beyond the end.
    at: usize,
    /// The next bits, highest first.
    window: u64,
    /// How many of them are valid.
    count: u32,
}

impl<'b> Bits<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0, window: 0, count: 0 }
    }

    /// Makes at least [`READY_BITS`] valid.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        let next = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<8>());
        let next = next.map_or_else(|| tail(self.bytes, self.at), |chunk| u64::from_be_bytes(*chunk));
        self.window |= next >> self.count;
        self.at += (63 - self.count as usize) >> 3;
        self.count |= READY_BITS;
    }

    /// The next 64 bits, of which [`READY_BITS`] are valid after a refill.
    #[inline(always)]
    pub(super) fn window(&self) -> u64 {
        self.window
    }

    /// Takes so many of the valid bits.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) {
        self.window <<= count;
        self.count -= count;
    }

    /// Whether more bits were taken than there are.
    pub(super) fn overran(&self) -> bool {
        let taken = (self.at as u64 * 8).saturating_sub(u64::from(self.count));
        taken > self.bytes.len() as u64 * 8
    }
}

/// The last bytes, then zeros. A function of values, so that the window can stay in registers.
#[cold]
#[inline(never)]
fn tail(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    let byte = |place: usize| u64::from(rest.get(place).copied().unwrap_or(0));
    (0..8).fold(0, |bits, place| bits << 8 | byte(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_in_order_and_end_in_zeros() {
        let bytes: Vec<u8> = (0..21_u8).map(|place| place.wrapping_mul(37) ^ 11).collect();
        let mut bits = Bits::new(&bytes);
        for place in 0..21 * 8 {
            bits.refill();
            let expected = bytes[place / 8] >> (7 - place % 8) & 1;
            assert_eq!((bits.window() >> 63) as u8, expected, "bit {place}");
            bits.take(1);
            assert!(!bits.overran());
        }
        bits.refill();
        assert_eq!(bits.window(), 0);
        bits.take(1);
        assert!(bits.overran());
    }

    #[test]
    fn long_takes_and_short_ones_meet() {
        let bytes: Vec<u8> = (0..64_u8).map(|place| place.wrapping_mul(73) ^ 5).collect();
        let mut bits = Bits::new(&bytes);
        let mut at = 0;
        for length in [1, 31, 13, 7, 28, 16, 31, 2, 9, 31, 31] {
            bits.refill();
            let expected = (at..at + length)
                .fold(0, |value, bit| value << 1 | u64::from(bytes[bit / 8] >> (7 - bit % 8) & 1));
            assert_eq!(bits.window() >> (64 - length), expected, "{length} bits at {at}");
            bits.take(length as u32);
            at += length;
        }
    }
}
