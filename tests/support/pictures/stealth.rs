//! Bits hidden in the low bits of pixels.

use std::io::Write;

/// RGBA pixels that hide a text: in alpha for `stealth_pnginfo` and `stealth_pngcomp`, in red, green and blue for
/// `stealth_rgbinfo` and `stealth_rgbcomp`. Bits go down the columns.
pub(crate) fn hide(width: u32, height: u32, mut rgba: Vec<u8>, signature: &str, text: &str) -> Vec<u8> {
    let payload = if signature.ends_with("comp") { gzip(text.as_bytes()) } else { text.as_bytes().to_vec() };
    let length = (payload.len() as u32 * 8).to_be_bytes();
    let stream = [signature.as_bytes(), &length, &payload].concat();
    let mut bits = stream.iter().flat_map(|byte| (0..8).rev().map(move |bit| (byte >> bit) & 1));
    let samples: &[usize] = if signature.starts_with("stealth_rgb") { &[0, 1, 2] } else { &[3] };
    for x in 0..width as usize {
        for y in 0..height as usize {
            for sample in samples {
                if let Some(bit) = bits.next() {
                    let byte = &mut rgba[(y * width as usize + x) * 4 + sample];
                    *byte = (*byte & !1) | bit;
                }
            }
        }
    }
    assert!(bits.next().is_none(), "the picture is too small for the text");
    rgba
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(bytes).expect("a vector takes all bytes");
    packer.finish().expect("a vector takes all bytes")
}
