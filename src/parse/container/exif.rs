//! The directories of a TIFF or Exif block: texts, and the blocks that hide in tags.
//!
//! Source: TIFF 6.0 and CIPA DC-008 (Exif). Directories may point at each other, at nothing, or claim four billion
//! values; a directory is read once, and a value is what of it lies inside. GPS directories and serial numbers are left
//! alone: where somebody was, with which camera, is nobody's business here.

use std::io;
use std::ops::Range;

use super::super::{Carrier, Container, Encoding};
use super::bytes::{array, length};
use super::sink::{Payload, Sink};
use super::window::Window;
use super::{iptc, text};

/// Directories read of one block.
const MAX_DIRECTORIES: usize = 32;

/// Entries read of one directory.
const MAX_ENTRIES: u16 = 512;

/// Longest `MakerNote` taken for text; cameras keep tens of kilobytes of their own there.
const MAX_MAKER_NOTE_BYTES: usize = 4096;

/// The tag of `UserComment`.
pub(crate) const USER_COMMENT: u16 = 0x9286;

const IMAGE_WIDTH: u16 = 0x0100;
const IMAGE_HEIGHT: u16 = 0x0101;
const XMP: u16 = 0x02BC;
const IPTC: u16 = 0x83BB;
const PHOTOSHOP: u16 = 0x8649;
const EXIF_DIRECTORY: u16 = 0x8769;
const MAKER_NOTE: u16 = 0x927C;
const C2PA: u16 = 0xCD41;

/// Tags that hold text even if they say bytes: name, description, maker, model, software, artist, copyright.
const TEXTS: [u16; 7] = [0x010D, 0x010E, 0x010F, 0x0110, 0x0131, 0x013B, 0x8298];

/// `XPTitle`, `XPComment`, `XPAuthor`, `XPKeywords`, `XPSubject`: bytes that are UTF-16, little-endian.
const WINDOWS_TEXTS: std::ops::RangeInclusive<u16> = 0x9C9B..=0x9C9F;

/// The owner's name, the camera's and the lens's serial number.
const PERSONAL: [u16; 3] = [0xA430, 0xA431, 0xA435];

const BYTE: u16 = 1;
const ASCII: u16 = 2;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const UNDEFINED: u16 = 7;
const UTF8: u16 = 129;

/// Where the bytes of a block come from, so that blocks inside it can say where they stand.
#[derive(Clone)]
pub(super) enum Origin {
    /// They stand in the file as they are, from this offset on.
    At(u64),
    /// They were unpacked or joined out of this range.
    Packed(Range<u64>),
}

impl Origin {
    /// The place in the file of a part of the block.
    pub(super) fn range(&self, from: u64, length: u64) -> Range<u64> {
        match self {
            Self::At(base) => {
                let start = base.saturating_add(from);
                start..start.saturating_add(length)
            }
            Self::Packed(range) => range.clone(),
        }
    }
}

/// A TIFF block in memory, or a whole TIFF file.
enum Data<'d, 'w> {
    Slice(&'d [u8]),
    File(&'d mut Window<'w>),
}

impl Data<'_, '_> {
    fn get(&mut self, at: u64, wanted: usize) -> io::Result<&[u8]> {
        match self {
            Self::File(window) => window.get(at, wanted),
            Self::Slice(data) => {
                let rest = usize::try_from(at).ok().and_then(|at| data.get(at..)).unwrap_or_default();
                Ok(rest.get(..wanted).unwrap_or(rest))
            }
        }
    }
}

/// Byte order of a block.
#[derive(Clone, Copy)]
enum Order {
    Big,
    Little,
}

impl Order {
    fn short(self, data: &[u8], at: usize) -> Option<u16> {
        array(data, at).map(match self {
            Self::Big => u16::from_be_bytes,
            Self::Little => u16::from_le_bytes,
        })
    }

    fn long(self, data: &[u8], at: usize) -> Option<u32> {
        array(data, at).map(match self {
            Self::Big => u32::from_be_bytes,
            Self::Little => u32::from_le_bytes,
        })
    }
}

/// One entry of a directory.
struct Entry {
    directory: u8,
    tag: u16,
    kind: u16,
    /// Where its value stands in the block, and how many bytes it claims.
    at: u64,
    claimed: u64,
    /// The first value, for pointers and sizes.
    number: u32,
}

/// Reads a block in memory, with or without the `Exif` mark before it.
pub(super) fn block(data: &[u8], origin: &Origin, sink: &mut Sink<'_>) {
    let (data, origin) = match (data.strip_prefix(b"Exif\0\0"), origin) {
        (Some(rest), Origin::At(base)) => (rest, Origin::At(base.saturating_add(6))),
        (Some(rest), packed) => (rest, packed.clone()),
        (None, origin) => (data, origin.clone()),
    };
    // A slice has no reader that could fail.
    let _infallible = walk(&mut Data::Slice(data), &origin, sink);
}

/// Reads a TIFF file.
pub(super) fn file(window: &mut Window<'_>, sink: &mut Sink<'_>) -> io::Result<()> {
    walk(&mut Data::File(window), &Origin::At(0), sink)
}

fn walk(data: &mut Data<'_, '_>, origin: &Origin, sink: &mut Sink<'_>) -> io::Result<()> {
    let head = data.get(0, 8)?;
    let order = match head {
        [b'I', b'I', 42, 0, ..] => Order::Little,
        [b'M', b'M', 0, 42, ..] => Order::Big,
        _ => {
            sink.warn("damaged", "exif", "does not begin like a TIFF block");
            return Ok(());
        }
    };
    let Some(first) = order.long(head, 4) else {
        sink.cut("exif");
        return Ok(());
    };
    let mut waiting = vec![(u64::from(first), 0_u8)];
    let mut seen: Vec<u64> = Vec::new();
    while let Some((at, directory)) = waiting.pop() {
        if seen.contains(&at) {
            sink.warn("damaged", "exif", "a directory points back at one that was read already");
            continue;
        }
        if seen.len() >= MAX_DIRECTORIES || !sink.step() {
            sink.warn("limit", "exif", format!("more than {MAX_DIRECTORIES} directories"));
            break;
        }
        seen.push(at);
        let (entries, next) = entries(data, order, at, directory, sink)?;
        // Only the main directories form a chain; writers leave the link out of the others.
        if next != 0 && directory != 1 {
            waiting.push((u64::from(next), 3));
        }
        for entry in &entries {
            if entry.tag == EXIF_DIRECTORY {
                waiting.push((u64::from(entry.number), 1));
            } else {
                value(data, entry, origin, sink)?;
            }
        }
    }
    Ok(())
}

/// The entries of a directory, as many as lie inside, and where the next directory stands.
fn entries(
    data: &mut Data<'_, '_>,
    order: Order,
    at: u64,
    directory: u8,
    sink: &mut Sink<'_>,
) -> io::Result<(Vec<Entry>, u32)> {
    let Some(count) = order.short(data.get(at, 2)?, 0) else {
        sink.warn("damaged", "exif", format!("a directory should stand at byte {at}, outside the block"));
        return Ok((Vec::new(), 0));
    };
    if count > MAX_ENTRIES {
        sink.warn("limit", "exif", format!("a directory of {count} entries; {MAX_ENTRIES} are read"));
    }
    let wanted = usize::from(count.min(MAX_ENTRIES)).saturating_mul(12).saturating_add(4);
    let from = at.saturating_add(2);
    let table = data.get(from, wanted)?;
    let (rows, rest) = table.as_chunks::<12>();
    let mut found = Vec::with_capacity(rows.len());
    let mut start = from;
    for row in rows {
        found.extend(entry(row, order, start, directory));
        start = start.saturating_add(12);
    }
    if table.len() < wanted.saturating_sub(4) {
        sink.cut("exif");
    }
    let next = if count > MAX_ENTRIES { 0 } else { order.long(rest, 0).unwrap_or(0) };
    Ok((found, next))
}

fn entry(row: &[u8; 12], order: Order, start: u64, directory: u8) -> Option<Entry> {
    let (tag, kind) = (order.short(row, 0)?, order.short(row, 2)?);
    let (count, offset) = (order.long(row, 4)?, order.long(row, 8)?);
    let claimed = u64::from(count).saturating_mul(width(kind)?);
    let inside = claimed <= 4;
    let at = if inside { start.saturating_add(8) } else { u64::from(offset) };
    let number = if kind == SHORT { u32::from(order.short(row, 8)?) } else { offset };
    Some(Entry { directory, tag, kind, at, claimed, number })
}

/// Bytes of one value; `None` for types that nobody defined.
fn width(kind: u16) -> Option<u64> {
    match kind {
        BYTE | ASCII | 6 | UNDEFINED | UTF8 => Some(1),
        SHORT | 8 => Some(2),
        LONG | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 => Some(8),
        _ => None,
    }
}

fn value(data: &mut Data<'_, '_>, entry: &Entry, origin: &Origin, sink: &mut Sink<'_>) -> io::Result<()> {
    let Entry { directory, tag, kind, number, .. } = *entry;
    let narrow = matches!(kind, BYTE | ASCII | UNDEFINED | UTF8);
    match tag {
        _ if PERSONAL.contains(&tag) => {}
        IMAGE_WIDTH | IMAGE_HEIGHT => sink.tiff_size(directory, tag == IMAGE_WIDTH, number),
        XMP if narrow => {
            let Some(found) = payload(data, entry, origin, sink)? else { return Ok(()) };
            sink.text(Carrier::Xmp, found);
        }
        C2PA if narrow => {
            let Some(found) = payload(data, entry, origin, sink)? else { return Ok(()) };
            sink.block(Carrier::C2pa, found.range, found.bytes, Encoding::Binary, found.truncated);
        }
        IPTC | PHOTOSHOP if narrow || kind == LONG => {
            let Some(found) = payload(data, entry, origin, sink)? else { return Ok(()) };
            let inner = match origin {
                Origin::At(_) => Origin::At(found.range.start),
                packed @ Origin::Packed(_) => packed.clone(),
            };
            match tag {
                IPTC => iptc::records(&found.bytes, &inner, sink),
                _ => iptc::resources(&found.bytes, &inner, sink),
            }
        }
        USER_COMMENT if narrow => comment(data, entry, origin, sink)?,
        MAKER_NOTE if narrow => {
            if entry.claimed <= MAX_MAKER_NOTE_BYTES as u64
                && let Some(found) = payload(data, entry, origin, sink)?
                && is_words(&found.bytes)
            {
                sink.text(Carrier::Exif { directory, tag }, found);
            }
        }
        _ if WINDOWS_TEXTS.contains(&tag) && narrow => {
            let Some(found) = payload(data, entry, origin, sink)? else { return Ok(()) };
            let carrier = Carrier::Exif { directory, tag };
            sink.block(carrier, found.range, found.bytes, Encoding::Utf16Le, found.truncated);
        }
        _ if matches!(kind, ASCII | UTF8) || (narrow && TEXTS.contains(&tag)) => {
            let Some(found) = payload(data, entry, origin, sink)? else { return Ok(()) };
            sink.text(Carrier::Exif { directory, tag }, found);
        }
        _ => {}
    }
    Ok(())
}

/// A user comment without its character code, so that its text is all text.
fn comment(data: &mut Data<'_, '_>, entry: &Entry, origin: &Origin, sink: &mut Sink<'_>) -> io::Result<()> {
    let Some(mut found) = payload(data, entry, origin, sink)? else { return Ok(()) };
    if found.truncated && found.bytes.len() < 8 {
        // What is left may be half a character code.
        return Ok(());
    }
    let (code, encoding) = match entry.kind {
        ASCII | UTF8
            if !found.bytes.starts_with(b"UNICODE\0") && !found.bytes.starts_with(b"ASCII\0\0\0") =>
        {
            (0, text::encoding(&found.bytes))
        }
        _ => text::user_comment(&found.bytes),
    };
    found.bytes.drain(..code.min(found.bytes.len()));
    if let Origin::At(_) = origin {
        found.range.start = found.range.start.saturating_add(code as u64).min(found.range.end);
    }
    if found.bytes.iter().any(|byte| *byte != 0) {
        let carrier = Carrier::Exif { directory: entry.directory, tag: entry.tag };
        sink.block(carrier, found.range, found.bytes, encoding, found.truncated);
    }
    Ok(())
}

/// The bytes of a value, as far as they lie inside; `None` for an empty one.
fn payload(
    data: &mut Data<'_, '_>,
    entry: &Entry,
    origin: &Origin,
    sink: &mut Sink<'_>,
) -> io::Result<Option<Payload>> {
    let most = sink.ration(entry.claimed);
    let bytes = data.get(entry.at, usize::try_from(most).unwrap_or(usize::MAX))?.to_vec();
    let place = || format!("exif 0x{:04x}", entry.tag);
    if length(&bytes) < most {
        sink.cut(place());
    } else if most < entry.claimed {
        sink.warn("limit", place(), format!("{} bytes; only the first {most} are kept", entry.claimed));
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    let range = origin.range(entry.at, length(&bytes));
    Ok(Some(Payload { range, truncated: length(&bytes) < entry.claimed, bytes }))
}

/// Whether the bytes are words, and not what cameras keep for themselves.
fn is_words(bytes: &[u8]) -> bool {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at.saturating_add(1));
    let words = bytes.get(..end).unwrap_or_default();
    !words.is_empty()
        && std::str::from_utf8(words)
            .is_ok_and(|text| !text.contains(|c: char| c.is_control() && !c.is_whitespace()))
}

impl Sink<'_> {
    /// Width or height out of a TIFF file's first directory; other containers have better places.
    fn tiff_size(&mut self, directory: u8, is_width: bool, number: u32) {
        if self.container() == Container::Tiff && directory == 0 {
            self.side(is_width, number);
        }
    }
}
