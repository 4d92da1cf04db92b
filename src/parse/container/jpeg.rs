//! JPEG: the segments before the picture data.
//!
//! Source: ITU T.81 for the markers, Adobe's XMP specification part 3 for split packets, ISO 19566-5 for JUMBF in APP11.

use std::io;
use std::ops::Range;

use super::super::{Carrier, Encoding};
use super::bytes::{array, be16, be32, length};
use super::exif::Origin;
use super::sink::{Payload, Sink};
use super::window::Window;
use super::{exif, iptc};

/// Stands before an XMP packet.
pub(super) const XMP_MARK: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// Stands before a part of a split XMP packet.
const EXTENDED_MARK: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";

/// Groups of parts kept apart: split packets by their id, JUMBF boxes by their number.
const MAX_GROUPS: usize = 16;

/// Parts of something that was split over segments.
struct Group {
    id: Vec<u8>,
    /// Bytes that all parts should have together; unknown for JUMBF.
    total: Option<u64>,
    /// Where in the whole, or in which order, the part belongs; where it stands in the file; its bytes.
    parts: Vec<(u32, Range<u64>, Vec<u8>)>,
}

/// What was collected for the end.
#[derive(Default)]
struct Split {
    xmp: Vec<Group>,
    jumbf: Vec<Group>,
    bytes: u64,
}

/// Walks the segments of a JPEG.
pub(super) fn walk(window: &mut Window<'_>, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut split = Split::default();
    segments(window, sink, &mut split)?;
    for group in split.xmp {
        extended(group, sink);
    }
    for group in split.jumbf {
        jumbf(group, sink);
    }
    Ok(())
}

fn segments(window: &mut Window<'_>, sink: &mut Sink<'_>, split: &mut Split) -> io::Result<()> {
    let mut at = 2_u64;
    loop {
        let head = window.get(at, 4)?;
        let marker = match head {
            [0xFF, 0xFF, ..] => {
                at = at.saturating_add(1);
                // Fill bytes cost the walk as little as a segment does, and are counted the same.
                if sink.step() { continue } else { return Ok(()) }
            }
            [0xFF, 0xD9 | 0xDA, ..] => return Ok(()),
            [0xFF, marker, ..] => *marker,
            [] | [0xFF] => {
                sink.cut("jpeg");
                return Ok(());
            }
            _ => {
                sink.warn("damaged", "jpeg", format!("no segment at byte {at}"));
                return Ok(());
            }
        };
        if !sink.step() {
            return Ok(());
        }
        if matches!(marker, 0x01 | 0xD0..=0xD8) {
            at = at.saturating_add(2);
            continue;
        }
        let Some(size) = be16(head, 2) else {
            sink.cut("jpeg");
            return Ok(());
        };
        let Some(body) = size.checked_sub(2) else {
            sink.warn("damaged", "jpeg", format!("the segment at byte {at} is shorter than its own length"));
            return Ok(());
        };
        segment(window, sink, split, marker, at.saturating_add(4), u64::from(body))?;
        at = at.saturating_add(2).saturating_add(u64::from(size));
    }
}

fn segment(
    window: &mut Window<'_>,
    sink: &mut Sink<'_>,
    split: &mut Split,
    marker: u8,
    at: u64,
    size: u64,
) -> io::Result<()> {
    match marker {
        0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
            let head = window.get(at, 5)?;
            if let (Some(height), Some(width)) = (be16(head, 1), be16(head, 3)) {
                sink.size(u32::from(width), u32::from(height));
            }
        }
        0xFE => {
            let payload = sink.payload(window, at, size, "jpeg comment")?;
            sink.text(Carrier::Comment, payload);
        }
        0xE1 | 0xEB | 0xED => {
            let payload = sink.payload(window, at, size, "jpeg")?;
            application(sink, split, marker, payload);
        }
        _ => {}
    }
    Ok(())
}

fn application(sink: &mut Sink<'_>, split: &mut Split, marker: u8, payload: Payload) {
    let Payload { range, bytes, truncated } = payload;
    let after = |mark: &[u8]| range.start.saturating_add(length(mark))..range.end;
    if marker == 0xEB {
        return jumbf_part(sink, split, range, &bytes);
    }
    if marker == 0xED {
        return iptc::resources(&bytes, &Origin::At(range.start), sink);
    }
    if bytes.starts_with(b"Exif\0") {
        // One reader's writer is another's typo: the second NUL may be any byte.
        let block = bytes.get(6..).unwrap_or_default();
        exif::block(block, &Origin::At(range.start.saturating_add(6)), sink);
    } else if let Some(packet) = bytes.strip_prefix(XMP_MARK) {
        sink.text(Carrier::Xmp, Payload { range: after(XMP_MARK), bytes: packet.to_vec(), truncated });
    } else if let Some(part) = bytes.strip_prefix(EXTENDED_MARK) {
        extended_part(sink, split, after(EXTENDED_MARK), part);
    }
}

/// A part of a split packet: 32 digits of an id, the total length, the offset, bytes.
fn extended_part(sink: &mut Sink<'_>, split: &mut Split, range: Range<u64>, part: &[u8]) {
    let (Some(id), Some(total), Some(offset), Some(bytes)) =
        (array::<32>(part, 0), be32(part, 32), be32(part, 36), part.get(40..))
    else {
        sink.warn("damaged", "xmp", "a part of an extended packet is too short");
        return;
    };
    let range = range.start.saturating_add(40)..range.end;
    split.add(sink, Kind::Xmp, &id, Some(u64::from(total)), (offset, range, bytes.to_vec()));
}

/// A part of a JUMBF box: `JP`, the box's number, the part's number, then the head of the box in every part.
fn jumbf_part(sink: &mut Sink<'_>, split: &mut Split, range: Range<u64>, part: &[u8]) {
    let (true, Some(id), Some(sequence)) = (part.starts_with(b"JP"), array::<2>(part, 2), be32(part, 4))
    else {
        return;
    };
    // A box whose length does not fit 32 bits carries eight bytes more of head.
    let head = if be32(part, 8) == Some(1) { 16 } else { 8_usize };
    let from = if sequence > 1 { head.saturating_add(8) } else { 8 };
    let bytes = part.get(from..).unwrap_or_default();
    let range = range.start.saturating_add(from as u64).min(range.end)..range.end;
    split.add(sink, Kind::Jumbf, &id, None, (sequence, range, bytes.to_vec()));
}

enum Kind {
    Xmp,
    Jumbf,
}

impl Split {
    fn add(
        &mut self,
        sink: &mut Sink<'_>,
        kind: Kind,
        id: &[u8],
        total: Option<u64>,
        part: (u32, Range<u64>, Vec<u8>),
    ) {
        self.bytes = self.bytes.saturating_add(length(&part.2));
        if self.bytes > sink.limits.max_block_bytes {
            sink.warn(
                "limit",
                "jpeg",
                "the parts of a split block exceed the longest block; the rest is left alone",
            );
            return;
        }
        let groups = match kind {
            Kind::Xmp => &mut self.xmp,
            Kind::Jumbf => &mut self.jumbf,
        };
        let known = groups.len();
        match groups.iter_mut().find(|group| group.id == id) {
            Some(group) => group.parts.push(part),
            None if known < MAX_GROUPS => groups.push(Group { id: id.to_vec(), total, parts: vec![part] }),
            None => sink.warn("limit", "jpeg", format!("more than {MAX_GROUPS} split blocks")),
        }
    }
}

/// Joins a split packet, as far as its parts follow each other.
fn extended(mut group: Group, sink: &mut Sink<'_>) {
    group.parts.sort_by_key(|part| (part.0, part.1.start));
    let mut joined = Vec::new();
    for (offset, _, bytes) in &group.parts {
        if u64::from(*offset) == length(&joined) {
            joined.extend_from_slice(bytes);
        }
    }
    let missing = group.total.is_some_and(|total| length(&joined) < total);
    if missing {
        sink.warn("truncated", "xmp", "a part of an extended packet is missing");
    }
    if !joined.is_empty() {
        let range = hull(&group.parts);
        sink.text(Carrier::Xmp, Payload { range, bytes: joined, truncated: missing });
    }
}

/// Joins a JUMBF box and keeps it if it is a C2PA manifest store.
fn jumbf(mut group: Group, sink: &mut Sink<'_>) {
    group.parts.sort_by_key(|part| (part.0, part.1.start));
    group.parts.dedup_by_key(|part| part.0);
    let range = hull(&group.parts);
    let pieces: Vec<&[u8]> = group.parts.iter().map(|part| part.2.as_slice()).collect();
    let joined = pieces.concat();
    if !super::is_c2pa(&joined) {
        return;
    }
    let truncated = be32(&joined, 0).is_some_and(|claimed| length(&joined) < u64::from(claimed));
    if truncated {
        sink.cut("c2pa");
    }
    sink.block(Carrier::C2pa, range, joined, Encoding::Binary, truncated);
}

/// The range of the file from the first part to the last.
fn hull(parts: &[(u32, Range<u64>, Vec<u8>)]) -> Range<u64> {
    let start = parts.iter().map(|part| part.1.start).min().unwrap_or(0);
    let end = parts.iter().map(|part| part.1.end).max().unwrap_or(0);
    start..end
}
