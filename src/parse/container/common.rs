//! Boxes that mean the same in AVIF, HEIF, JPEG XL and MP4: C2PA, packed boxes, ComfyUI's own.

use std::io;

use super::super::{Carrier, Encoding};
use super::boxes::Boxed;
use super::bytes::{be32, length};
use super::exif::Origin;
use super::sink::{Payload, Sink};
use super::unpack::Packing;
use super::window::Window;
use super::{exif, is_c2pa};

/// The id of the `uuid` box that holds C2PA manifest stores.
const C2PA_ID: &[u8; 16] = b"\xD8\xFE\xC3\xD6\x1B\x0E\x48\x3C\x92\x97\x58\x28\x87\x7E\xC4\x81";

/// The id of the `uuid` box that holds XMP.
const XMP_ID: &[u8; 16] = b"\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC";

/// Reads a box at the top of a file if it carries metadata.
pub(super) fn top_box(window: &mut Window<'_>, sink: &mut Sink<'_>, found: &Boxed) -> io::Result<()> {
    let size = found.body.end.saturating_sub(found.body.start);
    match &found.name {
        b"uuid" if window.get(found.body.start, 16)? == C2PA_ID => {
            let payload = sink.payload(window, found.body.start, size, "c2pa")?;
            manifest(sink, payload, found.cut);
        }
        b"uuid" if window.get(found.body.start, 16)? == XMP_ID => {
            let start = found.body.start.saturating_add(16);
            let mut payload = sink.payload(window, start, size.saturating_sub(16), "xmp")?;
            payload.truncated |= found.cut;
            sink.text(Carrier::Xmp, payload);
        }
        b"Exif" | b"xml " | b"jumb" | b"comf" => {
            let place = String::from_utf8_lossy(&found.name).into_owned();
            let mut payload = sink.payload(window, found.body.start, size, &format!("box {place}"))?;
            payload.truncated |= found.cut;
            if &found.name == b"jumb" {
                // A superbox is its head too.
                let head = 8_u64.min(found.body.start);
                let start = found.body.start.saturating_sub(head);
                payload = sink.payload(window, start, size.saturating_add(head), "box jumb")?;
                payload.truncated |= found.cut;
            }
            let origin = Origin::At(payload.range.start);
            content(sink, &found.name, payload, &origin);
        }
        b"brob" => packed(window, sink, found, size)?,
        _ => {}
    }
    Ok(())
}

/// A box packed with Brotli: the name of what it was, then its body.
fn packed(window: &mut Window<'_>, sink: &mut Sink<'_>, found: &Boxed, size: u64) -> io::Result<()> {
    let name = window.get(found.body.start, 4)?.first_chunk::<4>().copied();
    let Some(name @ (b"Exif" | b"xml " | b"jumb" | b"comf")) = name.as_ref() else { return Ok(()) };
    let start = found.body.start.saturating_add(4);
    let place = format!("box brob {}", String::from_utf8_lossy(name));
    let stored = sink.payload(window, start, size.saturating_sub(4), &place)?;
    let (mut bytes, cut) = sink.unpack(Packing::Brotli, &stored.bytes, &place);
    if name == b"jumb" {
        let whole = u32::try_from(length(&bytes).saturating_add(8)).unwrap_or(u32::MAX);
        bytes = [&whole.to_be_bytes()[..], b"jumb", &bytes].concat();
    }
    let origin = Origin::Packed(stored.range.clone());
    let truncated = cut || stored.truncated || found.cut;
    content(sink, name, Payload { range: stored.range, bytes, truncated }, &origin);
    Ok(())
}

fn content(sink: &mut Sink<'_>, name: &[u8; 4], payload: Payload, origin: &Origin) {
    match name {
        b"Exif" => offset_exif(&payload.bytes, origin, sink),
        b"xml " => sink.text(Carrier::Xmp, payload),
        b"comf" => sink.text(Carrier::Tag { name: "comf".to_owned() }, payload),
        _ if is_c2pa(&payload.bytes) => {
            sink.block(Carrier::C2pa, payload.range, payload.bytes, Encoding::Binary, payload.truncated);
        }
        _ => {}
    }
}

/// An Exif block behind the distance to its TIFF header.
pub(super) fn offset_exif(bytes: &[u8], origin: &Origin, sink: &mut Sink<'_>) {
    let Some(distance) = be32(bytes, 0) else {
        sink.cut("exif");
        return;
    };
    // Some writers count the mark, some leave the distance out.
    let at = usize::try_from(distance).unwrap_or(usize::MAX).saturating_add(4);
    let is_header = |at: usize| {
        bytes.get(at..).is_some_and(|rest| rest.starts_with(b"II*\0") || rest.starts_with(b"MM\0*"))
    };
    let Some(at) = [at, 4, 10, 0].into_iter().find(|at| is_header(*at)) else {
        sink.warn("damaged", "exif", "does not begin like a TIFF block");
        return;
    };
    exif::block(bytes.get(at..).unwrap_or_default(), &origin.inside(at as u64), sink);
}

/// A manifest store behind the id, version, purpose and offset of its box.
fn manifest(sink: &mut Sink<'_>, payload: Payload, cut: bool) {
    let Payload { range, bytes, truncated } = payload;
    let after = bytes.get(20..).unwrap_or_default();
    // The store begins at its own head, wherever the fields before it end.
    let Some(at) =
        after.windows(4).take(64).position(|name| name == b"jumb").and_then(|at| at.checked_sub(4))
    else {
        return;
    };
    let from = at.saturating_add(20);
    let store = bytes.get(from..).unwrap_or_default();
    if is_c2pa(store) {
        let range = range.start.saturating_add(from as u64)..range.end;
        sink.block(Carrier::C2pa, range, store.to_vec(), Encoding::Binary, truncated || cut);
    }
}
