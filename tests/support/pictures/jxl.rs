//! JPEG XL files of boxes around a codestream of no picture.

use super::boxes::boxed;

/// A file with these boxes before the codestream.
pub(crate) fn jxl(boxes: &[u8]) -> Vec<u8> {
    let start = boxed(b"JXL ", b"\r\n\x87\n");
    let kind = boxed(b"ftyp", b"jxl \0\0\0\0jxl ");
    [start, kind, boxes.to_vec(), boxed(b"jxlc", &codestream())].concat()
}

/// 16 by 16 pixels: sides in units of eight, less one, and the same ratio.
pub(crate) fn codestream() -> Vec<u8> {
    // From the lowest bit: in eighths, five bits of height, three bits of ratio (1 is square).
    let bits: u16 = 1 | (1 << 1) | (1 << 6);
    [&[0xFF, 0x0A], &bits.to_le_bytes()[..], b"no picture"].concat()
}
