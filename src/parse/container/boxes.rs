//! Boxes: a length, four letters, a body that may hold boxes.
//!
//! Source: ISO/IEC 14496-12. A length of one means that eight more bytes of length follow, zero that the box runs
//! to the end of what holds it.

use std::io;
use std::ops::Range;

use super::bytes::{array, be32, be64};
use super::sink::Sink;
use super::window::Window;

/// The head of a box and where its body stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Boxed {
    pub(super) name: [u8; 4],
    pub(super) body: Range<u64>,
    /// Whether the body ends before its length says.
    pub(super) cut: bool,
}

/// The box at `at`, inside of what ends at `end`; `None` when there is none or no sense in it.
pub(super) fn next(
    window: &mut Window<'_>,
    sink: &mut Sink<'_>,
    at: u64,
    end: u64,
) -> io::Result<Option<Boxed>> {
    let left = end.saturating_sub(at);
    if left == 0 || !sink.step() {
        return Ok(None);
    }
    let head = window.get(at, usize::try_from(left.min(16)).unwrap_or(16))?;
    let (Some(short), Some(name)) = (be32(head, 0), array::<4>(head, 4)) else {
        sink.cut(format!("box at byte {at}"));
        return Ok(None);
    };
    let (head_bytes, size) = match short {
        0 => (8, left),
        1 => (16, be64(head, 8).unwrap_or(0)),
        short => (8, u64::from(short)),
    };
    if size < head_bytes {
        sink.warn("damaged", format!("box at byte {at}"), "shorter than its own head");
        return Ok(None);
    }
    let cut = size > left;
    let body = at.saturating_add(head_bytes)..at.saturating_add(size.min(left));
    Ok(Some(Boxed { name, body, cut }))
}

/// The boxes in a range, in order.
pub(super) fn all(
    window: &mut Window<'_>,
    sink: &mut Sink<'_>,
    range: &Range<u64>,
) -> io::Result<Vec<Boxed>> {
    let mut found: Vec<Boxed> = Vec::new();
    let mut at = range.start;
    while let Some(next) = next(window, sink, at, range.end)? {
        at = next.body.end.max(at.saturating_add(8));
        if next.cut {
            sink.cut(format!("box {}", String::from_utf8_lossy(&next.name)));
        }
        found.push(next);
    }
    Ok(found)
}

/// The first box of that name.
pub(super) fn named<'b>(boxes: &'b [Boxed], name: &[u8; 4]) -> Option<&'b Boxed> {
    boxes.iter().find(|found| &found.name == name)
}
