//! MP4 and QuickTime: the items and named keys of `moov`, wherever it stands.
//!
//! Source: ISO/IEC 14496-12, Apple's QuickTime file format (`keys`, `ilst`). ffmpeg writes what ComfyUI gives it into
//! `mdta` keys, or all into one comment.

use std::io;
use std::ops::Range;

use super::super::Carrier;
use super::boxes::{self, Boxed, all, named};
use super::bytes::{array, be32};
use super::common;
use super::sink::Sink;
use super::window::Window;

/// Longest name of a key.
const MAX_NAME_BYTES: u64 = 256;

/// Walks the boxes of a video.
pub(super) fn walk(window: &mut Window<'_>, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut at = 0_u64;
    let end = window.size();
    while let Some(next) = boxes::next(window, sink, at, end)? {
        match &next.name {
            b"moov" => movie(window, sink, &next)?,
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

fn movie(window: &mut Window<'_>, sink: &mut Sink<'_>, movie: &Boxed) -> io::Result<()> {
    for child in all(window, sink, &movie.body)? {
        match &child.name {
            b"trak" => track(window, sink, &child)?,
            b"meta" => meta(window, sink, &child)?,
            b"udta" => user_data(window, sink, &child)?,
            _ => {}
        }
    }
    Ok(())
}

fn user_data(window: &mut Window<'_>, sink: &mut Sink<'_>, data: &Boxed) -> io::Result<()> {
    for child in all(window, sink, &data.body)? {
        match &child.name {
            b"meta" => meta(window, sink, &child)?,
            [0xA9, ..] => classic(window, sink, &child)?,
            b"XMP_" => {
                let size = child.body.end.saturating_sub(child.body.start);
                let mut payload = sink.payload(window, child.body.start, size, "xmp")?;
                payload.truncated |= child.cut;
                sink.text(Carrier::Xmp, payload);
            }
            _ => {}
        }
    }
    Ok(())
}

/// The size of a track's picture, in fixed point; sound has none.
fn track(window: &mut Window<'_>, sink: &mut Sink<'_>, track: &Boxed) -> io::Result<()> {
    let Some(head) =
        boxes::next(window, sink, track.body.start, track.body.end)?.filter(|child| &child.name == b"tkhd")
    else {
        return Ok(());
    };
    let body = window.get(head.body.start, 96)?;
    let at = if body.first() == Some(&1) { 88 } else { 76 };
    if let (Some(width), Some(height)) = (be32(body, at), be32(body, at.saturating_add(4))) {
        sink.size(width >> 16, height >> 16);
    }
    Ok(())
}

/// QuickTime's own texts of old: a length, a language, text.
fn classic(window: &mut Window<'_>, sink: &mut Sink<'_>, found: &Boxed) -> io::Result<()> {
    let name = name(&found.name);
    let start = found.body.start.saturating_add(4);
    let length = array::<2>(window.get(found.body.start, 4)?, 0).map_or(0, u16::from_be_bytes);
    let size = u64::from(length).min(found.body.end.saturating_sub(start));
    if size > 0 {
        let payload = sink.payload(window, start, size, &format!("tag {name}"))?;
        sink.text(Carrier::Tag { name }, payload);
    }
    Ok(())
}

fn meta(window: &mut Window<'_>, sink: &mut Sink<'_>, meta: &Boxed) -> io::Result<()> {
    // QuickTime has no version in front of the children.
    let plain = window.get(meta.body.start, 8)?.ends_with(b"hdlr");
    let skip = if plain { 0 } else { 4 };
    let inner = meta.body.start.saturating_add(skip).min(meta.body.end)..meta.body.end;
    let children = all(window, sink, &inner)?;
    let names = match named(&children, b"keys") {
        Some(keys) => keys_of(window, sink, keys)?,
        None => Vec::new(),
    };
    let Some(list) = named(&children, b"ilst") else { return Ok(()) };
    for item in all(window, sink, &list.body)? {
        let place = usize::try_from(u32::from_be_bytes(item.name)).unwrap_or(0);
        let name = match place.checked_sub(1).and_then(|place| names.get(place)) {
            Some(name) => name.clone(),
            None => name(&item.name),
        };
        value(window, sink, &item.body, &name)?;
    }
    Ok(())
}

/// The names of numbered items.
fn keys_of(window: &mut Window<'_>, sink: &mut Sink<'_>, keys: &Boxed) -> io::Result<Vec<String>> {
    let inner = keys.body.start.saturating_add(8).min(keys.body.end)..keys.body.end;
    let mut names = Vec::new();
    for key in all(window, sink, &inner)? {
        let size = key.body.end.saturating_sub(key.body.start).min(MAX_NAME_BYTES);
        let bytes = window.get(key.body.start, usize::try_from(size).unwrap_or(0))?;
        names.push(String::from_utf8_lossy(bytes).into_owned());
    }
    Ok(names)
}

/// The texts of an item; numbers and covers are left alone.
fn value(window: &mut Window<'_>, sink: &mut Sink<'_>, item: &Range<u64>, name: &str) -> io::Result<()> {
    for data in all(window, sink, item)? {
        let kind = be32(window.get(data.body.start, 4)?, 0);
        let start = data.body.start.saturating_add(8);
        // 0 is "known by the reader", 1 UTF-8, 2 UTF-16.
        if &data.name == b"data" && matches!(kind, Some(0..=2)) && start < data.body.end {
            let size = data.body.end.saturating_sub(start);
            let mut payload = sink.payload(window, start, size, &format!("tag {name}"))?;
            payload.truncated |= data.cut;
            sink.text(Carrier::Tag { name: name.to_owned() }, payload);
        }
    }
    Ok(())
}

/// Four letters as text; the first may be a copyright sign.
fn name(letters: &[u8; 4]) -> String {
    letters.iter().copied().map(char::from).collect()
}
