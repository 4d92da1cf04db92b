//! Yes or no by probability: the arithmetic decoder of RFC 6386, 7.

/// Bits that are valid after a refill.
const READY_BITS: u32 = 56;
/// Fewest valid bits with which a decision can be read: 8 that are compared, 7 that it may take.
const LEAST_BITS: u32 = 15;

/// Decisions from bytes. Past the end it sees zeros and says so in [`Bools::overran`].
#[derive(Clone, Copy)]
pub(super) struct Bools<'b> {
    bytes: &'b [u8],
    /// The byte from which the window is filled next; may lie beyond the end.
    at: usize,
    /// What is left of the number that is being taken apart, from the highest bit.
    window: u64,
    /// How many bits of it are valid.
    count: u32,
    /// From 128 to 255.
    range: u32,
}

impl<'b> Bools<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0, window: 0, count: 0, range: 255 }
    }

    /// The next decision, whose probability of being no is so many 256ths.
    #[inline(always)]
    pub(super) fn next(&mut self, probability: u8) -> bool {
        if self.count < LEAST_BITS {
            self.refill();
        }
        let split = 1 + (((self.range - 1) * u32::from(probability)) >> 8);
        let border = u64::from(split) << 56;
        let yes = self.window >= border;
        if yes {
            self.window -= border;
            self.range -= split;
        } else {
            self.range = split;
        }
        let shift = self.range.leading_zeros() - 24;
        self.range <<= shift;
        self.window <<= shift;
        self.count -= shift;
        yes
    }

    /// A number of so many bits, each as likely yes as no.
    pub(super) fn number(&mut self, bits: u32) -> u32 {
        (0..bits).fold(0, |number, _| number << 1 | u32::from(self.next(128)))
    }

    /// A number with its sign behind it.
    pub(super) fn signed(&mut self, bits: u32) -> i32 {
        let number = self.number(bits).cast_signed();
        if self.next(128) { -number } else { number }
    }

    /// A signed number, if there is one.
    pub(super) fn optional(&mut self, bits: u32) -> Option<i32> {
        self.next(128).then(|| self.signed(bits))
    }

    /// Whether more bits were taken than there are.
    pub(super) fn overran(&self) -> bool {
        let taken = (self.at as u64 * 8).saturating_sub(u64::from(self.count));
        taken > self.bytes.len() as u64 * 8
    }

    #[inline(always)]
    fn refill(&mut self) {
        let next = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<8>());
        let next = next.map_or_else(|| tail(self.bytes, self.at), |chunk| u64::from_be_bytes(*chunk));
        self.window |= next >> self.count;
        self.at += (63 - self.count as usize) >> 3;
        self.count |= READY_BITS;
    }
}

/// The last bytes, then zeros.
#[cold]
#[inline(never)]
fn tail(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    let byte = |place: usize| u64::from(rest.get(place).copied().unwrap_or(0));
    (0..8).fold(0, |bits, place| bits << 8 | byte(place))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::writer::Writer;
    use super::*;

    proptest! {
        #[test]
        fn decisions_come_back(written in prop::collection::vec((1_u8.., any::<bool>()), 0..400)) {
            let mut writer = Writer::new();
            for (probability, yes) in &written {
                writer.write(*probability, *yes);
            }
            let bytes = writer.finish();
            let mut bools = Bools::new(&bytes);
            for (probability, yes) in written {
                prop_assert_eq!(bools.next(probability), yes);
            }
            prop_assert!(!bools.overran());
        }

        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            let mut bools = Bools::new(&bytes);
            for _ in 0..2000 {
                bools.next(128);
            }
            prop_assert!(bools.overran());
        }
    }
}
