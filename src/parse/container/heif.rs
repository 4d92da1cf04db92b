//! AVIF and HEIF: the items that are metadata, and boxes beside them.
//!
//! Source: ISO/IEC 23008-12 (items) and 14496-12 (`iinf`, `iloc`). Items usually lie at the end of the file.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use super::super::Carrier;
use super::boxes::{self, Boxed, all, named};
use super::bytes::{array, be16, be32, split_nul};
use super::common;
use super::exif::Origin;
use super::sink::{Payload, Sink};
use super::window::Window;

/// Items looked at; a photograph in tiles has some hundreds.
const MAX_ITEMS: usize = 10_000;

/// Extents of all items together.
const MAX_EXTENTS: u32 = 100_000;

/// Longest list of items or places read, in bytes.
const MAX_TABLE_BYTES: u64 = 1 << 20;

/// What an item is, as far as it matters here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Exif,
    Xmp,
}

/// Where an item lies.
struct Location {
    /// Whether offsets count from the start of `idat` instead of the file's.
    in_idat: bool,
    extents: Vec<(u64, u64)>,
}

/// Walks the boxes of an AVIF or HEIF.
pub(super) fn walk(window: &mut Window<'_>, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut at = 0_u64;
    let end = window.size();
    while let Some(next) = boxes::next(window, sink, at, end)? {
        match &next.name {
            b"meta" => meta(window, sink, &next)?,
            _ => common::top_box(window, sink, &next)?,
        }
        if next.cut {
            sink.cut(format!("box {}", String::from_utf8_lossy(&next.name)));
        }
        at = next.body.end;
    }
    Ok(())
}

fn meta(window: &mut Window<'_>, sink: &mut Sink<'_>, meta: &Boxed) -> io::Result<()> {
    let inner = meta.body.start.saturating_add(4).min(meta.body.end)..meta.body.end;
    let children = all(window, sink, &inner)?;
    if let Some(properties) = named(&children, b"iprp") {
        let primary = match named(&children, b"pitm") {
            Some(found) => primary(&table(window, sink, found)?),
            None => None,
        };
        size(window, sink, properties, primary)?;
    }
    let Some(infos) = named(&children, b"iinf") else { return Ok(()) };
    let kinds = kinds(window, sink, infos)?;
    if kinds.is_empty() {
        return Ok(());
    }
    let places = match named(&children, b"iloc") {
        Some(found) => locations(&table(window, sink, found)?),
        None => BTreeMap::new(),
    };
    let idat = named(&children, b"idat").map(|found| found.body.clone());
    for (number, kind) in kinds {
        let Some(place) = places.get(&number) else {
            sink.warn("damaged", format!("item {number}"), "nothing says where it lies");
            continue;
        };
        let payload = gather(window, sink, number, place, idat.as_ref())?;
        item(sink, kind, payload);
    }
    Ok(())
}

/// The body of a box that is a table.
fn table(window: &mut Window<'_>, sink: &mut Sink<'_>, found: &Boxed) -> io::Result<Vec<u8>> {
    let size = found.body.end.saturating_sub(found.body.start);
    if size > MAX_TABLE_BYTES {
        let place = format!("box {}", String::from_utf8_lossy(&found.name));
        sink.warn("limit", place, format!("{size} bytes; only the first {MAX_TABLE_BYTES} are read"));
    }
    let wanted = usize::try_from(size.min(MAX_TABLE_BYTES)).unwrap_or(0);
    Ok(window.get(found.body.start, wanted)?.to_vec())
}

/// A number of two bytes, or of four from some version of its box on.
fn number(table: &[u8], at: &mut usize, wide: bool) -> Option<u32> {
    let start = *at;
    *at = start.saturating_add(if wide { 4 } else { 2 });
    if wide { be32(table, start) } else { be16(table, start).map(u32::from) }
}

/// The number of the primary item.
fn primary(table: &[u8]) -> Option<u32> {
    number(table, &mut 4, *table.first()? > 0)
}

/// The items that are metadata, by number.
fn kinds(window: &mut Window<'_>, sink: &mut Sink<'_>, infos: &Boxed) -> io::Result<BTreeMap<u32, Kind>> {
    let version = window.get(infos.body.start, 1)?.first().copied().unwrap_or(0);
    let skip = if version == 0 { 6 } else { 8 };
    let entries =
        all(window, sink, &(infos.body.start.saturating_add(skip).min(infos.body.end)..infos.body.end))?;
    if entries.len() > MAX_ITEMS {
        sink.warn("limit", "box iinf", format!("more than {MAX_ITEMS} items"));
    }
    let mut kinds = BTreeMap::new();
    for entry in entries.iter().filter(|entry| &entry.name == b"infe").take(MAX_ITEMS) {
        let size = entry.body.end.saturating_sub(entry.body.start).min(256);
        let info = window.get(entry.body.start, usize::try_from(size).unwrap_or(0))?;
        kinds.extend(kind(info));
    }
    Ok(kinds)
}

/// Number and kind of an item, if it is metadata.
fn kind(info: &[u8]) -> Option<(u32, Kind)> {
    let wide = match info.first()? {
        2 => false,
        3 => true,
        _ => return None,
    };
    let mut at = 4;
    let id = number(info, &mut at, wide)?;
    let name = array::<4>(info, at.saturating_add(2))?;
    if &name == b"Exif" {
        return Some((id, Kind::Exif));
    }
    let after_name = split_nul(info.get(at.saturating_add(6)..)?).1?;
    (&name == b"mime" && split_nul(after_name).0 == b"application/rdf+xml").then_some((id, Kind::Xmp))
}

/// Where items lie, by number; as many as the table really holds.
fn locations(table: &[u8]) -> BTreeMap<u32, Location> {
    let mut found = BTreeMap::new();
    let Some((version, sizes)) = table.first().zip(be16(table, 4)) else { return found };
    let size = |shift: u16| usize::from((sizes >> shift) & 0xF);
    let (offset_bytes, length_bytes, base_bytes) = (size(12), size(8), size(4));
    let index_bytes = if *version == 0 { 0 } else { size(0) };
    let mut at = 6;
    let count = number(table, &mut at, *version >= 2).unwrap_or(0);
    // An extent may take no bytes of the table, so the table's size bounds nothing.
    let mut extents_left = MAX_EXTENTS;
    for _ in 0..count {
        let item = (|| {
            let id = number(table, &mut at, *version >= 2)?;
            let method = if *version == 0 { 0 } else { number(table, &mut at, false)? & 0xF };
            let _data_reference = number(table, &mut at, false)?;
            let base = sized(table, &mut at, base_bytes)?;
            let extents = number(table, &mut at, false)?;
            let mut place = Location { in_idat: method == 1, extents: Vec::new() };
            extents_left = extents_left.checked_sub(extents)?;
            for _ in 0..extents {
                let _index = sized(table, &mut at, index_bytes)?;
                let offset = sized(table, &mut at, offset_bytes)?;
                let length = sized(table, &mut at, length_bytes)?;
                if method < 2 {
                    place.extents.push((base.saturating_add(offset), length));
                }
            }
            Some((id, place))
        })();
        let Some((id, place)) = item else { break };
        if found.len() < MAX_ITEMS {
            found.entry(id).or_insert(place);
        }
    }
    found
}

/// A number of zero, four or eight bytes.
fn sized(table: &[u8], at: &mut usize, bytes: usize) -> Option<u64> {
    let digits = table.get(*at..)?.get(..bytes)?;
    *at = at.saturating_add(bytes);
    Some(digits.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

/// The bytes of an item, its extents joined.
fn gather(
    window: &mut Window<'_>,
    sink: &mut Sink<'_>,
    number: u32,
    place: &Location,
    idat: Option<&Range<u64>>,
) -> io::Result<Payload> {
    let name = format!("item {number}");
    let base = match (place.in_idat, idat) {
        (false, _) => 0,
        (true, Some(idat)) => idat.start,
        (true, None) => window.size(),
    };
    let mut joined = Payload { range: 0..0, bytes: Vec::new(), truncated: false };
    for (offset, length) in &place.extents {
        let start = base.saturating_add(*offset);
        // No length means: to the end of the file.
        let length = if *length == 0 { window.size().saturating_sub(start) } else { *length };
        let left = sink.limits.max_block_bytes.saturating_sub(joined.bytes.len() as u64);
        let part = sink.payload(window, start, length.min(left), &name)?;
        if left < length {
            let most = sink.limits.max_block_bytes;
            sink.warn("limit", name.as_str(), format!("longer than {most} bytes; the rest is left alone"));
        }
        joined.truncated |= part.truncated || left < length;
        if joined.bytes.is_empty() {
            joined.range = part.range;
        } else if part.range.start == joined.range.end {
            joined.range.end = part.range.end;
        } else {
            joined.range = 0..0;
        }
        joined.bytes.extend(part.bytes);
    }
    Ok(joined)
}

fn item(sink: &mut Sink<'_>, kind: Kind, payload: Payload) {
    match kind {
        Kind::Xmp if !payload.bytes.is_empty() => sink.text(Carrier::Xmp, payload),
        Kind::Xmp => {}
        Kind::Exif => {
            let origin = match payload.range.is_empty() {
                true => Origin::Packed(0..0),
                false => Origin::At(payload.range.start),
            };
            common::offset_exif(&payload.bytes, &origin, sink);
        }
    }
}

/// The picture's size: the property that the primary item names, else the largest.
fn size(
    window: &mut Window<'_>,
    sink: &mut Sink<'_>,
    properties: &Boxed,
    primary: Option<u32>,
) -> io::Result<()> {
    let children = all(window, sink, &properties.body)?;
    let Some(container) = named(&children, b"ipco") else { return Ok(()) };
    let (mut sizes, mut crops) = (Vec::new(), Vec::new());
    for (place, property) in (1_u16..).zip(all(window, sink, &container.body)?) {
        match &property.name {
            b"ispe" => {
                let body = window.get(property.body.start, 12)?;
                if let (Some(width), Some(height)) = (be32(body, 4), be32(body, 8)) {
                    sizes.push((place, width, height));
                }
            }
            b"clap" => crops.extend(
                crop(window.get(property.body.start, 16)?).map(|(width, height)| (place, width, height)),
            ),
            _ => {}
        }
    }
    let mut linked = Vec::new();
    if let (Some(primary), Some(links)) = (primary, named(&children, b"ipma")) {
        linked = associations(&table(window, sink, links)?, primary);
    }
    let mut own = sizes.iter().find(|size| linked.contains(&size.0));
    // The picture is coded in whole blocks; what of them is shown may be less.
    let shown = crops.iter().find(|crop| linked.contains(&crop.0));
    if let (Some(coded), Some(shown)) = (own, shown)
        && shown.1 <= coded.1
        && shown.2 <= coded.2
    {
        own = Some(shown);
    }
    let largest = sizes.iter().max_by_key(|size| u64::from(size.1).saturating_mul(u64::from(size.2)));
    if let Some((_, width, height)) = own.or(largest) {
        sink.size(*width, *height);
    }
    Ok(())
}

/// Width and height of the part that is shown: fractions, of which only whole numbers make sense.
fn crop(body: &[u8]) -> Option<(u32, u32)> {
    let whole = |at: usize| {
        let (above, below) = (be32(body, at)?, be32(body, at.saturating_add(4))?);
        (above.checked_rem(below)? == 0).then(|| above.checked_div(below)).flatten().filter(|side| *side > 0)
    };
    Some((whole(0)?, whole(8)?))
}

/// The properties of an item, by their place from 1.
fn associations(table: &[u8], item: u32) -> Vec<u16> {
    let mut found = Vec::new();
    let (Some(version), Some(flags)) = (table.first(), table.get(3)) else { return found };
    let mut at = 8;
    for _ in 0..be32(table, 4).unwrap_or(0) {
        let Some((id, count)) = number(table, &mut at, *version > 0).zip(table.get(at).copied()) else {
            break;
        };
        at = at.saturating_add(1);
        for _ in 0..count {
            let place = if flags & 1 == 0 {
                at = at.saturating_add(1);
                table.get(at.saturating_sub(1)).map(|place| u16::from(place & 0x7F))
            } else {
                at = at.saturating_add(2);
                be16(table, at.saturating_sub(2)).map(|place| place & 0x7FFF)
            };
            if id == item {
                found.extend(place);
            }
        }
    }
    found
}
