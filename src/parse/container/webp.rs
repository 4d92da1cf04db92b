//! WebP: the chunks of its RIFF.
//!
//! Source: RFC 9649. The flags of `VP8X` announce metadata, but writers forget them; every chunk is looked at.

use std::io;

use super::super::{Carrier, Encoding};
use super::bytes::{array, le16, le32};
use super::exif;
use super::exif::Origin;
use super::sink::Sink;
use super::window::Window;

/// Walks the chunks of a WebP.
pub(super) fn walk(window: &mut Window<'_>, sink: &mut Sink<'_>) -> io::Result<()> {
    let promised = le32(window.get(4, 4)?, 0).map_or(0, |size| u64::from(size).saturating_add(8));
    let mut at = 12_u64;
    loop {
        let head = window.get(at, 8)?;
        let Some((name, size)) = array::<4>(head, 0).zip(le32(head, 4)) else {
            let padding = head.iter().all(|byte| *byte == 0);
            // The last zero may be counted and not written.
            if !padding || at.saturating_add(1) < promised {
                sink.cut("webp");
            }
            return Ok(());
        };
        if !sink.step() {
            return Ok(());
        }
        let start = at.saturating_add(8);
        let size = u64::from(size);
        chunk(window, sink, &name, start, size)?;
        at = start.saturating_add(size);
        // Some writers forget the zero that makes an odd chunk even.
        if size & 1 == 1 && window.get(at, 1)? == [0] {
            at = at.saturating_add(1);
        }
        // The pad byte after the last chunk is left out by some writers.
        if start.saturating_add(size) > window.size() {
            sink.cut("webp");
            return Ok(());
        }
    }
}

fn chunk(window: &mut Window<'_>, sink: &mut Sink<'_>, name: &[u8; 4], at: u64, size: u64) -> io::Result<()> {
    match name {
        b"VP8X" | b"VP8 " | b"VP8L" => {
            if let Some((width, height)) = dimensions(name, window.get(at, 10)?) {
                sink.size(width, height);
            }
        }
        b"EXIF" => {
            let payload = sink.payload(window, at, size, "webp EXIF")?;
            exif::block(&payload.bytes, &Origin::At(payload.range.start), sink);
        }
        b"XMP " | b"XMP\0" => {
            let payload = sink.payload(window, at, size, "webp XMP")?;
            sink.text(Carrier::Xmp, payload);
        }
        b"C2PA" => {
            let payload = sink.payload(window, at, size, "webp C2PA")?;
            sink.block(Carrier::C2pa, payload.range, payload.bytes, Encoding::Binary, payload.truncated);
        }
        _ => {}
    }
    Ok(())
}

/// Width and height out of the first bytes of a canvas, lossy or lossless chunk.
fn dimensions(name: &[u8; 4], head: &[u8]) -> Option<(u32, u32)> {
    let wide =
        |at: usize| array::<3>(head, at).map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]).saturating_add(1));
    match name {
        b"VP8X" => Some((wide(4)?, wide(7)?)),
        b"VP8 " => {
            (head.get(3..6)? == [0x9D, 0x01, 0x2A]).then_some(())?;
            Some((u32::from(le16(head, 6)? & 0x3FFF), u32::from(le16(head, 8)? & 0x3FFF)))
        }
        _ => {
            (head.first() == Some(&0x2F)).then_some(())?;
            let bits = le32(head, 1)?;
            Some(((bits & 0x3FFF).saturating_add(1), ((bits >> 14) & 0x3FFF).saturating_add(1)))
        }
    }
}
