//! The kinds of rows that are kept.

use super::super::codes::Code;
use super::base::long_number;
use super::{Key, Record};

/// A binary code and whose it is. In a file they are in the order of their codes, then ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodeRecord<const WORDS: usize> {
    /// The code.
    pub code: Code<WORDS>,
    /// The caller's number for it, by which it is replaced and removed.
    pub id: u64,
}

impl<const WORDS: usize> Record for CodeRecord<WORDS> {
    const KIND: [u8; 4] = *b"CODE";
    const BYTES: usize = 8 * (WORDS + 1);

    fn key(&self) -> Key {
        [self.id, 0]
    }

    fn write(&self, row: &mut [u8]) {
        for (bytes, word) in row.chunks_exact_mut(8).zip(self.code.0.iter().chain([&self.id])) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
    }

    fn read(row: &[u8]) -> Option<Self> {
        let code = Code(std::array::from_fn(|word| long_number(row, 8 * word)));
        Some(Self { code, id: long_number(row, 8 * WORDS) })
    }
}

/// What was found out about two pictures. In a file they are in the order of `left`, then `right`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// One picture; the lower number, if direction means nothing.
    pub left: u64,
    /// The other.
    pub right: u64,
    /// The caller's number for what they are to each other.
    pub class: u8,
    /// How far they are apart, in a unit of the caller's.
    pub distance: u16,
}

impl Record for Edge {
    const KIND: [u8; 4] = *b"EDGE";
    const BYTES: usize = 20;

    fn key(&self) -> Key {
        [self.left, self.right]
    }

    fn write(&self, row: &mut [u8]) {
        row[..8].copy_from_slice(&self.left.to_le_bytes());
        row[8..16].copy_from_slice(&self.right.to_le_bytes());
        row[16..18].copy_from_slice(&self.distance.to_le_bytes());
        row[18..].copy_from_slice(&[self.class, 0]);
    }

    fn read(row: &[u8]) -> Option<Self> {
        let &[low, high, class, 0] = row.get(16..20)? else { return None };
        let distance = u16::from_le_bytes([low, high]);
        Some(Self { left: long_number(row, 0), right: long_number(row, 8), class, distance })
    }
}
