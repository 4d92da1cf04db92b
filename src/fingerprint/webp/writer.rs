//! What tests write frames with.

/// The coder of RFC 6386, 7.3, with a number of any length.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    bottom: u32,
    range: u32,
    missing: i32,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self { range: 255, missing: 24, ..Self::default() }
    }

    fn carry(&mut self) {
        for byte in self.bytes.iter_mut().rev() {
            let (sum, over) = byte.overflowing_add(1);
            *byte = sum;
            if !over {
                return;
            }
        }
    }

    pub(super) fn write(&mut self, probability: u8, yes: bool) {
        let split = 1 + (((self.range - 1) * u32::from(probability)) >> 8);
        if yes {
            let (sum, over) = self.bottom.overflowing_add(split);
            self.bottom = sum;
            self.range -= split;
            if over {
                self.carry();
            }
        } else {
            self.range = split;
        }
        while self.range < 128 {
            self.range <<= 1;
            if self.bottom >> 31 == 1 {
                self.carry();
            }
            self.bottom <<= 1;
            self.missing -= 1;
            if self.missing == 0 {
                self.bytes.push((self.bottom >> 24) as u8);
                self.bottom &= (1 << 24) - 1;
                self.missing = 8;
            }
        }
    }

    pub(super) fn number(&mut self, number: u32, bits: u32) {
        (0..bits).rev().for_each(|bit| self.write(128, number >> bit & 1 == 1));
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        for _ in 0..64 {
            self.write(128, false);
        }
        self.bytes
    }
}
