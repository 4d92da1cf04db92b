//! Files in, raw blocks out: what a picture or video carries beside its pixels, and its size.
//!
//! - In: anything that can be read and sought in, from anyone, and [`Limits`]. Out: an [`Extraction`], always.
//! - The kind of file is told by its bytes. Pixels are jumped over, never read; a few small reads a file suffice.
//! - Damage costs the damaged part and becomes a [`super::Warning`]; an error is only what the reader itself reports.
//! - Codes of warnings: `truncated` (the file ends inside), `damaged`, `limit`, `checksum`, `encoding`, `trailing`
//!   (something follows the end), `more_warnings`; of sidecars also `empty` and `not_text`.
//! - Never: pixels decoded, memory sized by a number in the file, work beyond the limits.

mod boxes;
mod bytes;
mod common;
mod exif;
mod gif;
mod heif;
mod iptc;
mod jpeg;
mod jxl;
mod matroska;
mod mp4;
mod png;
mod sink;
mod text;
mod unpack;
mod webp;
mod window;

use std::io::{self, Cursor, Read, Seek};

pub(super) use bytes::{be32, split_nul};
pub(super) use text::encoding;
pub(super) use unpack::{End, Packing, unpack};

use super::{Container, Extraction, Limits};
use bytes::{array, length};
use sink::Sink;
use window::{Source, Window};

/// Bytes that [`sniff`] looks at.
pub const SNIFF_BYTES: usize = 32;

/// What kind of file begins with these bytes; [`SNIFF_BYTES`] of them are enough.
///
/// ```
/// use stemmata::parse::{Container, sniff};
/// assert_eq!(sniff(b"GIF89a"), Container::Gif);
/// assert_eq!(sniff(b"a kite"), Container::Unknown);
/// ```
pub fn sniff(head: &[u8]) -> Container {
    match head {
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Container::Png,
        [0xFF, 0xD8, 0xFF, ..] => Container::Jpeg,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Container::WebP,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Container::Gif,
        [0, 0, 0, 0x0C, b'J', b'X', b'L', b' ', 0x0D, 0x0A, 0x87, 0x0A, ..] | [0xFF, 0x0A, ..] => {
            Container::Jxl
        }
        [0x1A, 0x45, 0xDF, 0xA3, ..] => Container::Matroska,
        [b'I', b'I', 0x2A, 0, ..] | [b'M', b'M', 0, 0x2A, ..] => Container::Tiff,
        [b'B', b'M', ..] if is_bmp(head) => Container::Bmp,
        [_, _, _, _, b'f', b't', b'y', b'p', rest @ ..] => brand(rest),
        // QuickTime files of old have no `ftyp`.
        [_, _, _, _, b'm', b'o', b'o', b'v', ..] | [_, _, _, _, b'w', b'i', b'd', b'e', ..] => Container::Mp4,
        _ => Container::Unknown,
    }
}

/// Reads everything that a file carries beside its pixels.
///
/// # Errors
///
/// Only what `source` itself reports. A damaged, cut or unknown file is an answer with warnings.
///
/// ```
/// use stemmata::parse::{Container, Limits, extract};
/// let mut gif = std::io::Cursor::new(b"GIF89a\x02\0\x01\0\0\0\0;");
/// let found = extract(&mut gif, &Limits::default())?;
/// assert_eq!((found.container, found.width, found.height), (Container::Gif, Some(2), Some(1)));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn extract<R: Read + Seek>(source: &mut R, limits: &Limits) -> io::Result<Extraction> {
    walk(source, limits)
}

/// Reads everything that a file in memory carries beside its pixels.
pub fn extract_bytes(bytes: &[u8], limits: &Limits) -> Extraction {
    match walk(&mut Cursor::new(bytes), limits) {
        Ok(found) => found,
        // A slice has no reader that could fail.
        Err(_) => Sink::new(Container::Unknown, limits).finish(),
    }
}

fn walk(source: &mut dyn Source, limits: &Limits) -> io::Result<Extraction> {
    let mut window = Window::new(source)?;
    let container = sniff(window.get(0, SNIFF_BYTES)?);
    let mut sink = Sink::new(container, limits);
    match container {
        Container::Png => png::walk(&mut window, &mut sink)?,
        Container::Jpeg => jpeg::walk(&mut window, &mut sink)?,
        Container::WebP => webp::walk(&mut window, &mut sink)?,
        Container::Avif | Container::Heif => heif::walk(&mut window, &mut sink)?,
        Container::Jxl => jxl::walk(&mut window, &mut sink)?,
        Container::Gif => gif::walk(&mut window, &mut sink)?,
        Container::Tiff => exif::file(&mut window, &mut sink)?,
        Container::Mp4 => mp4::walk(&mut window, &mut sink)?,
        Container::Matroska => matroska::walk(&mut window, &mut sink)?,
        Container::Bmp => bmp(&mut window, &mut sink)?,
        Container::Sidecar | Container::Unknown => {}
    }
    Ok(sink.finish())
}

/// The size of a BMP; it has no room for metadata.
fn bmp(window: &mut Window<'_>, sink: &mut Sink<'_>) -> io::Result<()> {
    let head = window.get(14, 12)?;
    // The oldest header has sides of 16 bits; in the others a negative height means that rows go down.
    let sides = match bytes::le32(head, 0) {
        Some(12) => bytes::le16(head, 4).map(u32::from).zip(bytes::le16(head, 6).map(u32::from)),
        _ => bytes::le32(head, 4).zip(array(head, 8).map(|side| i32::from_le_bytes(side).unsigned_abs())),
    };
    match sides {
        Some((width, height)) => sink.size(width, height),
        None => sink.cut("bmp"),
    }
    Ok(())
}

/// Whether `BM` is followed by a header that such a file has; two letters alone are too little.
fn is_bmp(head: &[u8]) -> bool {
    matches!(bytes::le32(head, 14), Some(12 | 40 | 52 | 56 | 64 | 108 | 124))
}

/// The kind of file that a brand, or one of those it is compatible with, stands for.
fn brand(rest: &[u8]) -> Container {
    let (brands, _) = rest.as_chunks::<4>();
    // The second word is a version, the others are brands.
    let named = brands.iter().enumerate().filter(|(place, _)| *place != 1).map(|(_, brand)| brand);
    for brand in named {
        match brand {
            b"avif" | b"avis" => return Container::Avif,
            b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" => return Container::Heif,
            _ => {}
        }
    }
    match brands.first() {
        Some(b"mif1" | b"msf1" | b"mif2") => Container::Heif,
        _ => Container::Mp4,
    }
}

/// Whether a JUMBF box is a C2PA manifest store: its description begins with the four letters or is so labelled.
pub(super) fn is_c2pa(jumbf: &[u8]) -> bool {
    be32(jumbf, 0).is_some() && length(jumbf) >= 24 && array::<4>(jumbf, 16) == Some(*b"c2pa")
}
