//! PNG and APNG: text chunks of every kind, Exif, C2PA, from the first chunk to what stands after the last.
//!
//! Source: PNG (third edition). Only the eight bytes before a chunk are read of what is not metadata. Text after the
//! pixels is real: programs that rewrite a file move it there. Between the pixels there is none, since the format
//! forbids it; so where equal chunks of pixels lead exactly to the end of the file, those in the middle are not visited.

use std::io;
use std::ops::Range;

use super::super::{Carrier, Encoding};
use super::bytes::{be32, length, split_nul};
use super::exif::Origin;
use super::sink::{Payload, Sink};
use super::unpack::Packing;
use super::window::Window;
use super::{exif, iptc, text};

/// Longest keyword; a longer one is no keyword.
const MAX_KEYWORD_BYTES: usize = 79;

const XMP_KEYWORD: &str = "XML:com.adobe.xmp";
const PROFILE_KEYWORD: &str = "Raw profile type ";

/// Walks the chunks of a PNG.
pub(super) fn walk(window: &mut Window<'_>, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut at = 8_u64;
    let (mut ended, mut in_pixels) = (false, false);
    loop {
        let head = window.get(at, 8)?;
        let Some((size, name)) =
            be32(head, 0).zip(head.get(4..).and_then(|name| name.first_chunk::<4>().copied()))
        else {
            if !ended || !head.is_empty() {
                sink.cut("png");
            }
            return Ok(());
        };
        if size > 0x7FFF_FFFF || !name.iter().all(u8::is_ascii_alphabetic) {
            match ended {
                true => sink.warn(
                    "trailing",
                    "png",
                    format!("{} bytes after the end", window.size().saturating_sub(at)),
                ),
                false => sink.warn("damaged", "png", format!("no chunk at byte {at}")),
            }
            return Ok(());
        }
        if !sink.step() {
            return Ok(());
        }
        if &name == b"IDAT" && !in_pixels {
            in_pixels = true;
            if let Some(last) = last_pixels(window, at, u64::from(size))? {
                at = last;
                continue;
            }
        }
        chunk(window, sink, &name, at, u64::from(size))?;
        ended |= &name == b"IEND";
        at = at.saturating_add(12).saturating_add(u64::from(size));
    }
}

/// Where the last chunk of pixels stands, if the first one at `at` is followed by others of its size, and the last by
/// nothing but the end. A thousand reads of a large picture become one.
fn last_pixels(window: &mut Window<'_>, at: u64, size: u64) -> io::Result<Option<u64>> {
    let whole = size.saturating_add(12);
    // The chunk that ends the file is twelve bytes long.
    let Some(room) = window.size().saturating_sub(at).checked_sub(12) else { return Ok(None) };
    let rest = match room.checked_rem(whole) {
        Some(0) | None => whole,
        Some(rest) => rest,
    };
    let last = at.saturating_add(room.saturating_sub(rest));
    if last <= at {
        return Ok(None);
    }
    let head = window.get(last, 8)?;
    let fits = be32(head, 0).is_some_and(|size| u64::from(size).saturating_add(12) == rest);
    Ok((fits && head.ends_with(b"IDAT")).then_some(last))
}

fn chunk(window: &mut Window<'_>, sink: &mut Sink<'_>, name: &[u8; 4], at: u64, size: u64) -> io::Result<()> {
    let start = at.saturating_add(8);
    if name == b"IHDR" {
        let head = window.get(start, 8)?;
        if let (Some(width), Some(height)) = (be32(head, 0), be32(head, 4)) {
            sink.size(width, height);
        }
    }
    if !matches!(name, b"tEXt" | b"zTXt" | b"iTXt" | b"comf" | b"eXIf" | b"caBX") {
        return Ok(());
    }
    let place = format!("png {} at byte {at}", String::from_utf8_lossy(name));
    let payload = sink.payload(window, start, size, &place)?;
    if !payload.truncated {
        let stored = be32(window.get(start.saturating_add(size), 4)?, 0);
        let mut sum = crc32fast::Hasher::new();
        sum.update(name);
        sum.update(&payload.bytes);
        match stored {
            None => sink.cut(place.as_str()),
            Some(stored) if stored != sum.finalize() => {
                sink.warn("checksum", place.as_str(), "the checksum does not match; read all the same");
            }
            Some(_) => {}
        }
    }
    match name {
        b"eXIf" => exif::block(&payload.bytes, &Origin::At(payload.range.start), sink),
        b"caBX" => {
            sink.block(Carrier::C2pa, payload.range, payload.bytes, Encoding::Binary, payload.truncated);
        }
        _ => words(sink, *name, payload, &place),
    }
    Ok(())
}

/// A text chunk: its keyword, then text, packed or not.
fn words(sink: &mut Sink<'_>, chunk: [u8; 4], payload: Payload, place: &str) {
    let (keyword, rest) = match split_nul(&payload.bytes) {
        (keyword, Some(rest)) if keyword.len() <= MAX_KEYWORD_BYTES => (latin1(keyword), rest),
        // What is left may be half a keyword.
        _ if payload.truncated => return,
        _ => {
            sink.warn("damaged", place, "no keyword; read as text");
            (String::new(), payload.bytes.as_slice())
        }
    };
    let (body, packing) = if keyword.is_empty() { (rest, None) } else { body(&chunk, rest) };
    let from = length(&payload.bytes).saturating_sub(length(body));
    let range = payload.range.start.saturating_add(from)..payload.range.end;
    let (bytes, truncated) = match packing {
        None => (body.to_vec(), payload.truncated),
        Some(packing) => {
            let (bytes, cut) = sink.unpack(packing, body, place);
            (bytes, cut || payload.truncated)
        }
    };
    let whole = Payload { range, bytes, truncated };
    if keyword == XMP_KEYWORD {
        return sink.text(Carrier::Xmp, whole);
    }
    if let Some(kind) = keyword.strip_prefix(PROFILE_KEYWORD)
        && profile(sink, kind, &whole.bytes, &whole.range)
    {
        return;
    }
    let encoding = text::encoding(&whole.bytes);
    if &chunk == b"iTXt" && encoding == Encoding::Latin1 {
        sink.warn("encoding", place, "says UTF-8 and is not; read as Latin-1");
    }
    sink.block(Carrier::PngText { chunk, keyword }, whole.range, whole.bytes, encoding, whole.truncated);
}

/// The text behind the keyword, and how it is packed.
fn body<'a>(chunk: &[u8; 4], rest: &'a [u8]) -> (&'a [u8], Option<Packing>) {
    match (chunk, rest) {
        (b"zTXt", [_method, packed @ ..]) => (packed, Some(Packing::Zlib)),
        (b"iTXt", [flag, _method, rest @ ..]) => {
            let after_language = split_nul(rest).1.unwrap_or_default();
            let body = split_nul(after_language).1.unwrap_or_default();
            (body, (*flag == 1).then_some(Packing::Zlib))
        }
        (b"zTXt" | b"iTXt", _) => (&[], None),
        _ => (rest, None),
    }
}

/// A block of another format, written as hexadecimal digits by tools that convert to PNG: a line break, its name,
/// its length, its digits. Whether it was one.
fn profile(sink: &mut Sink<'_>, kind: &str, text: &[u8], range: &Range<u64>) -> bool {
    let mut lines = text.strip_prefix(b"\n").unwrap_or(text).splitn(3, |byte| *byte == b'\n');
    let (Some(_name), Some(_length), Some(digits)) = (lines.next(), lines.next(), lines.next()) else {
        return false;
    };
    let bytes = unhex(digits);
    let origin = Origin::Packed(range.clone());
    let xmp = bytes.strip_prefix(super::jpeg::XMP_MARK).unwrap_or(&bytes);
    match kind.to_ascii_lowercase().as_str() {
        "exif" | "app1"
            if bytes.starts_with(b"Exif\0\0")
                || bytes.starts_with(b"II*\0")
                || bytes.starts_with(b"MM\0*") =>
        {
            exif::block(&bytes, &origin, sink);
        }
        "xmp" | "app1" if xmp.trim_ascii_start().starts_with(b"<") => {
            sink.text(Carrier::Xmp, Payload { range: range.clone(), bytes: xmp.to_vec(), truncated: false });
        }
        "iptc" | "8bim" if bytes.first() == Some(&0x1C) => iptc::records(&bytes, &origin, sink),
        "iptc" | "8bim" if !bytes.is_empty() => iptc::resources(&bytes, &origin, sink),
        _ => return false,
    }
    true
}

/// The bytes that hexadecimal digits spell; everything else between them is skipped.
fn unhex(digits: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    let mut high = None;
    for digit in digits.iter().filter_map(|digit| char::from(*digit).to_digit(16)) {
        let digit = digit as u8;
        match high.take() {
            None => high = Some(digit),
            Some(high) => bytes.push((high << 4) | digit),
        }
    }
    bytes
}

fn latin1(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}
