//! Numbers out of byte slices, for a place that may lie outside.

/// The `N` bytes at `at`.
pub(super) fn array<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..)?.first_chunk::<N>().copied()
}

/// A big-endian 16-bit number.
pub(super) fn be16(data: &[u8], at: usize) -> Option<u16> {
    array(data, at).map(u16::from_be_bytes)
}

/// A big-endian 32-bit number.
pub(crate) fn be32(data: &[u8], at: usize) -> Option<u32> {
    array(data, at).map(u32::from_be_bytes)
}

/// A big-endian 64-bit number.
pub(super) fn be64(data: &[u8], at: usize) -> Option<u64> {
    array(data, at).map(u64::from_be_bytes)
}

/// A little-endian 16-bit number.
pub(super) fn le16(data: &[u8], at: usize) -> Option<u16> {
    array(data, at).map(u16::from_le_bytes)
}

/// A little-endian 32-bit number.
pub(super) fn le32(data: &[u8], at: usize) -> Option<u32> {
    array(data, at).map(u32::from_le_bytes)
}

/// Length as it counts in a file.
pub(super) fn length(data: &[u8]) -> u64 {
    data.len() as u64
}

/// Where the first `needle` starts.
pub(super) fn position(data: &[u8], needle: u8) -> Option<usize> {
    data.iter().position(|byte| *byte == needle)
}

/// The bytes before and after the first NUL; everything and nothing when there is none.
pub(crate) fn split_nul(data: &[u8]) -> (&[u8], Option<&[u8]>) {
    match position(data, 0).and_then(|at| Some((data.get(..at)?, data.get(at.saturating_add(1)..)?))) {
        Some((before, after)) => (before, Some(after)),
        None => (data, None),
    }
}
