//! Matroska and WebM: tags, title and the writing program.
//!
//! Source: RFC 8794 (EBML) and RFC 9559. Pictures are in clusters, which are jumped over by their length; a cluster of
//! unknown length, as recorders write it, ends the walk, and what the seek head names is read instead.

use std::io;
use std::ops::Range;

use super::super::Carrier;
use super::sink::Sink;
use super::window::Window;

const SEGMENT: u32 = 0x1853_8067;
const SEEK_HEAD: u32 = 0x114D_9B74;
const SEEK: u32 = 0x4DBB;
const SEEK_ID: u32 = 0x53AB;
const SEEK_POSITION: u32 = 0x53AC;
const INFO: u32 = 0x1549_A966;
const TITLE: u32 = 0x7BA9;
const WRITING_APP: u32 = 0x5741;
const TRACKS: u32 = 0x1654_AE6B;
const TRACK: u32 = 0xAE;
const VIDEO: u32 = 0xE0;
const WIDTH: u32 = 0xB0;
const HEIGHT: u32 = 0xBA;
const TAGS: u32 = 0x1254_C367;
const TAG: u32 = 0x7373;
const SIMPLE_TAG: u32 = 0x67C8;
const TAG_NAME: u32 = 0x45A3;
const TAG_STRING: u32 = 0x4487;

/// Elements read on one level.
const MAX_ELEMENTS: usize = 4096;

/// Longest name of a tag.
const MAX_NAME_BYTES: u64 = 256;

/// Levels of tags inside tags.
const MAX_TAG_DEPTH: u32 = 8;

struct Element {
    id: u32,
    body: Range<u64>,
    /// Whether the length is known and lies inside.
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Whole,
    Cut,
    Endless,
}

/// Walks the segment of a video.
pub(super) fn walk(window: &mut Window<'_>, sink: &mut Sink<'_>) -> io::Result<()> {
    let end = window.size();
    let mut at = 0;
    while let Some(found) = next(window, sink, at, end)? {
        if found.id == SEGMENT {
            return segment(window, sink, &found.body);
        }
        at = found.body.end;
    }
    sink.cut("matroska");
    Ok(())
}

fn segment(window: &mut Window<'_>, sink: &mut Sink<'_>, segment: &Range<u64>) -> io::Result<()> {
    let mut named = Vec::new();
    let mut read = Vec::new();
    let mut at = segment.start;
    while let Some(found) = next(window, sink, at, segment.end)? {
        read.push(at);
        match found.id {
            SEEK_HEAD => named = positions(window, sink, &found.body)?,
            _ => part(window, sink, &found)?,
        }
        match found.state {
            State::Whole => {}
            State::Cut => sink.cut("matroska"),
            State::Endless => break,
        }
        at = found.body.end;
    }
    for position in named {
        let at = segment.start.saturating_add(position);
        if !read.contains(&at)
            && let Some(found) = next(window, sink, at, segment.end)?
        {
            read.push(at);
            part(window, sink, &found)?;
        }
    }
    Ok(())
}

fn part(window: &mut Window<'_>, sink: &mut Sink<'_>, found: &Element) -> io::Result<()> {
    match found.id {
        TAGS => {
            for tag in all(window, sink, &found.body)?.iter().filter(|child| child.id == TAG) {
                simple_tags(window, sink, &tag.body, 0)?;
            }
        }
        INFO => {
            for child in all(window, sink, &found.body)? {
                match child.id {
                    TITLE => text(window, sink, &child, "TITLE")?,
                    WRITING_APP => text(window, sink, &child, "WRITING_APP")?,
                    _ => {}
                }
            }
        }
        TRACKS => {
            for track in all(window, sink, &found.body)?.iter().filter(|child| child.id == TRACK) {
                for video in all(window, sink, &track.body)?.iter().filter(|child| child.id == VIDEO) {
                    let (mut width, mut height) = (0, 0);
                    for side in all(window, sink, &video.body)? {
                        match side.id {
                            WIDTH => width = number(window, &side.body)?,
                            HEIGHT => height = number(window, &side.body)?,
                            _ => {}
                        }
                    }
                    sink.size(u32::try_from(width).unwrap_or(0), u32::try_from(height).unwrap_or(0));
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Names and texts of tags, and of the tags inside them.
fn simple_tags(
    window: &mut Window<'_>,
    sink: &mut Sink<'_>,
    range: &Range<u64>,
    depth: u32,
) -> io::Result<()> {
    for simple in all(window, sink, range)?.iter().filter(|child| child.id == SIMPLE_TAG) {
        let mut name = String::new();
        for child in all(window, sink, &simple.body)? {
            match child.id {
                TAG_NAME => {
                    let size = child.body.end.saturating_sub(child.body.start).min(MAX_NAME_BYTES);
                    let bytes = window.get(child.body.start, usize::try_from(size).unwrap_or(0))?;
                    name = String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned();
                }
                TAG_STRING => text(window, sink, &child, &name)?,
                _ => {}
            }
        }
        if depth < MAX_TAG_DEPTH {
            simple_tags(window, sink, &simple.body, depth.saturating_add(1))?;
        }
    }
    Ok(())
}

fn text(window: &mut Window<'_>, sink: &mut Sink<'_>, element: &Element, name: &str) -> io::Result<()> {
    let size = element.body.end.saturating_sub(element.body.start);
    let mut payload = sink.payload(window, element.body.start, size, &format!("tag {name}"))?;
    payload.truncated |= element.state != State::Whole;
    if !payload.bytes.is_empty() {
        sink.text(Carrier::Tag { name: name.to_owned() }, payload);
    }
    Ok(())
}

/// What the seek head names that is worth a jump, as positions in the segment.
fn positions(window: &mut Window<'_>, sink: &mut Sink<'_>, range: &Range<u64>) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for seek in all(window, sink, range)?.iter().filter(|child| child.id == SEEK) {
        let (mut id, mut position) = (0, None);
        for child in all(window, sink, &seek.body)? {
            match child.id {
                SEEK_ID => id = number(window, &child.body)?,
                SEEK_POSITION => position = Some(number(window, &child.body)?),
                _ => {}
            }
        }
        if [TAGS, INFO, TRACKS].map(u64::from).contains(&id) {
            found.extend(position);
        }
    }
    Ok(found)
}

/// A number of up to eight bytes.
fn number(window: &mut Window<'_>, range: &Range<u64>) -> io::Result<u64> {
    let size = usize::try_from(range.end.saturating_sub(range.start).min(8)).unwrap_or(8);
    let digits = window.get(range.start, size)?;
    Ok(digits.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

/// The elements in a range, in order.
fn all(window: &mut Window<'_>, sink: &mut Sink<'_>, range: &Range<u64>) -> io::Result<Vec<Element>> {
    let mut found = Vec::new();
    let mut at = range.start;
    while let Some(element) = next(window, sink, at, range.end)? {
        at = element.body.end;
        found.push(element);
        if found.len() == MAX_ELEMENTS {
            sink.warn("limit", "matroska", format!("more than {MAX_ELEMENTS} elements on one level"));
            break;
        }
    }
    Ok(found)
}

/// The element at `at`, inside of what ends at `end`.
fn next(window: &mut Window<'_>, sink: &mut Sink<'_>, at: u64, end: u64) -> io::Result<Option<Element>> {
    let left = end.saturating_sub(at);
    if left == 0 || !sink.step() {
        return Ok(None);
    }
    let head = window.get(at, usize::try_from(left.min(12)).unwrap_or(12))?;
    let Some((id, id_bytes, size, size_bytes)) = heads(head) else {
        sink.warn("damaged", "matroska", format!("no element at byte {at}"));
        return Ok(None);
    };
    let start = at.saturating_add(id_bytes).saturating_add(size_bytes);
    let (stop, state) = match size {
        None => (end, State::Endless),
        Some(size) if start.saturating_add(size) > end => (end, State::Cut),
        Some(size) => (start.saturating_add(size), State::Whole),
    };
    Ok(Some(Element { id, body: start.min(stop)..stop, state }))
}

/// Id and length of an element, each with its own length in bytes; the length of an endless one is `None`.
fn heads(head: &[u8]) -> Option<(u32, u64, Option<u64>, u64)> {
    let id_bytes = head.first()?.leading_zeros().saturating_add(1);
    let digits = head.get(..usize::try_from(id_bytes).ok()?).filter(|digits| digits.len() <= 4)?;
    let id = digits.iter().fold(0_u32, |id, byte| (id << 8) | u32::from(*byte));
    let rest = head.get(digits.len()..)?;
    let size_bytes = rest.first()?.leading_zeros().saturating_add(1);
    let digits = rest.get(..usize::try_from(size_bytes).ok()?).filter(|digits| digits.len() <= 8)?;
    let whole = digits.iter().fold(0_u64, |size, byte| (size << 8) | u64::from(*byte));
    let bits = size_bytes.saturating_mul(7);
    let mask = 1_u64.checked_shl(bits)?.checked_sub(1)?;
    let size = whole & mask;
    Some((id, u64::from(id_bytes), (size != mask).then_some(size), u64::from(size_bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_every_width_are_read() {
        assert_eq!(heads(&[0xA3, 0x8A]), Some((0xA3, 1, Some(10), 1)));
        assert_eq!(heads(&[0x45, 0xA3, 0x40, 0x02]), Some((0x45A3, 2, Some(2), 2)));
        assert_eq!(heads(&[0xA3, 0xFF]), Some((0xA3, 1, None, 1)));
        assert_eq!(heads(&[0xA3, 0x01, 0, 0, 0, 0, 0, 0, 9]), Some((0xA3, 1, Some(9), 8)));
        assert_eq!(heads(&[0xA3, 0x00, 1]), None);
        assert_eq!(heads(&[0x00, 0x81]), None);
        assert_eq!(heads(&[0x45]), None);
    }
}
