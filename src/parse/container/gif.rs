//! GIF: comments, XMP and C2PA extensions.
//!
//! Source: GIF89a, Adobe's XMP specification part 3. Sub-blocks are at most 255 bytes long, so a large picture is
//! many of them; they are read through the window, not one by one.

use std::io;

use super::super::{Carrier, Encoding};
use super::bytes::{le16, length, position};
use super::sink::{Payload, Sink};
use super::window::Window;

/// Sub-blocks walked in one file: what a GIF of half a gigabyte has.
const MAX_SUB_BLOCKS: u32 = 2_000_000;

/// Bytes of sub-blocks asked for at a time.
const STEP_BYTES: usize = 4 << 10;

/// Walks the blocks of a GIF.
pub(super) fn walk(window: &mut Window<'_>, sink: &mut Sink<'_>) -> io::Result<()> {
    let head = window.get(0, 13)?;
    let (Some(width), Some(height), Some(flags)) = (le16(head, 6), le16(head, 8), head.get(10).copied())
    else {
        sink.cut("gif");
        return Ok(());
    };
    sink.size(u32::from(width), u32::from(height));
    let mut at = 13_u64.saturating_add(table_bytes(flags));
    let mut blocks_left = MAX_SUB_BLOCKS;
    loop {
        let head = window.get(at, 14)?;
        match head {
            [0x3B, ..] => return Ok(()),
            _ if !sink.step() => return Ok(()),
            [0x21, 0xFE, ..] => {
                let (payload, end) =
                    sub_blocks(window, sink, at.saturating_add(2), "gif comment", &mut blocks_left)?;
                sink.text(Carrier::Comment, payload);
                at = end;
            }
            [0x21, 0xFF, 11, name @ ..] if name.starts_with(b"XMP DataXMP") => {
                at = packet(window, sink, at.saturating_add(14), &mut blocks_left)?;
            }
            [0x21, 0xFF, 11, name @ ..] if name.starts_with(b"C2PA_GIF") => {
                let (store, end) = sub_blocks(window, sink, at.saturating_add(14), "c2pa", &mut blocks_left)?;
                sink.block(Carrier::C2pa, store.range, store.bytes, Encoding::Binary, store.truncated);
                at = end;
            }
            [0x21, _, ..] => at = skip(window, sink, at.saturating_add(2), &mut blocks_left)?,
            [0x2C, rest @ ..] => {
                let table = rest.get(8).copied().map_or(0, table_bytes);
                let data = at.saturating_add(11).saturating_add(table);
                at = skip(window, sink, data, &mut blocks_left)?;
            }
            [] => {
                sink.cut("gif");
                return Ok(());
            }
            _ => {
                sink.warn("damaged", "gif", format!("no block at byte {at}"));
                return Ok(());
            }
        }
    }
}

/// Bytes of the colour table that the flags announce.
fn table_bytes(flags: u8) -> u64 {
    if flags & 0x80 == 0 { 0 } else { 6 << (flags & 7) }
}

/// The place behind sub-blocks.
fn skip(window: &mut Window<'_>, sink: &mut Sink<'_>, from: u64, left: &mut u32) -> io::Result<u64> {
    each(window, sink, from, left, |_| {})
}

/// The bytes of sub-blocks joined, as many as the limits allow, and the place behind them.
fn sub_blocks(
    window: &mut Window<'_>,
    sink: &mut Sink<'_>,
    from: u64,
    place: &str,
    left: &mut u32,
) -> io::Result<(Payload, u64)> {
    let most = usize::try_from(sink.limits.max_block_bytes).unwrap_or(usize::MAX);
    let (mut bytes, mut whole) = (Vec::new(), 0_usize);
    let size = window.size();
    let end = each(window, sink, from, left, |block| {
        whole = whole.saturating_add(block.len());
        let fits = block.len().min(most.saturating_sub(bytes.len()));
        bytes.extend_from_slice(block.get(..fits).unwrap_or_default());
    })?;
    if bytes.len() < whole {
        sink.warn("limit", place, format!("{whole} bytes; only the first {most} are kept"));
    }
    let truncated = bytes.len() < whole || end >= size;
    Ok((Payload { range: from..end, bytes, truncated }, end))
}

/// Hands out sub-blocks until the empty one; the place behind it. A cut file is a warning.
fn each(
    window: &mut Window<'_>,
    sink: &mut Sink<'_>,
    from: u64,
    left: &mut u32,
    mut take: impl FnMut(&[u8]),
) -> io::Result<u64> {
    let mut at = from;
    loop {
        let held = window.get(at, STEP_BYTES)?;
        let mut rest = held;
        while let Some((size, behind)) = rest.split_first() {
            let size = usize::from(*size);
            let Some(more) = left.checked_sub(1) else {
                sink.warn("limit", "gif", format!("more than {MAX_SUB_BLOCKS} sub-blocks"));
                return Ok(u64::MAX);
            };
            *left = more;
            if size == 0 {
                return Ok(at.saturating_add(length(held).saturating_sub(length(behind))));
            }
            let Some((block, behind)) = behind.split_at_checked(size) else { break };
            take(block);
            rest = behind;
        }
        if rest.len() == held.len() || held.len() < STEP_BYTES {
            take(rest.get(1..).unwrap_or_default());
            sink.cut("gif");
            return Ok(window.size());
        }
        at = at.saturating_add(length(held).saturating_sub(length(rest)));
    }
}

/// A packet that is not in sub-blocks, but looks like them to who skips: every letter is a length.
fn packet(window: &mut Window<'_>, sink: &mut Sink<'_>, from: u64, left: &mut u32) -> io::Result<u64> {
    let end = skip(window, sink, from, left)?;
    let whole = end.min(window.size()).saturating_sub(from);
    let mut payload = sink.payload(window, from, whole, "xmp")?;
    // The trailer begins with a byte that no packet may hold; a packet without it is cut.
    match position(&payload.bytes, 1) {
        Some(trailer) => {
            payload.bytes.truncate(trailer);
            payload.range.end = payload.range.start.saturating_add(trailer as u64);
        }
        None => payload.truncated = true,
    }
    if !payload.bytes.is_empty() {
        sink.text(Carrier::Xmp, payload);
    }
    Ok(end)
}
