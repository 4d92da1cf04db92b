//! JPEG XL: boxes around a codestream; a bare codestream carries nothing but its size.
//!
//! Source: ISO/IEC 18181-1 (size header) and 18181-2 (boxes).

use std::io;

use super::bytes::array;
use super::sink::Sink;
use super::window::Window;
use super::{boxes, common};

/// Walks the boxes of a JPEG XL.
pub(super) fn walk(window: &mut Window<'_>, sink: &mut Sink<'_>) -> io::Result<()> {
    if window.get(0, 2)? == [0xFF, 0x0A] {
        return codestream(window, sink, 0);
    }
    let mut at = 0_u64;
    let end = window.size();
    while let Some(next) = boxes::next(window, sink, at, end)? {
        match &next.name {
            b"jxlc" => codestream(window, sink, next.body.start)?,
            // Parts of a codestream are numbered; the first bytes are the number.
            b"jxlp" => codestream(window, sink, next.body.start.saturating_add(4))?,
            _ => common::top_box(window, sink, &next)?,
        }
        if next.cut {
            sink.cut(format!("box {}", String::from_utf8_lossy(&next.name)));
        }
        at = next.body.end;
    }
    Ok(())
}

fn codestream(window: &mut Window<'_>, sink: &mut Sink<'_>, at: u64) -> io::Result<()> {
    let head = window.get(at, 12)?;
    if head.starts_with(&[0xFF, 0x0A])
        && let Some((width, height)) = size(head)
    {
        sink.size(width, height);
    }
    Ok(())
}

/// Bits of the size header, lowest first.
struct Bits(u128);

impl Bits {
    fn take(&mut self, count: u32) -> u32 {
        let bits = self.0 & (1_u128.checked_shl(count).unwrap_or(0).wrapping_sub(1));
        self.0 = self.0.checked_shr(count).unwrap_or(0);
        u32::try_from(bits).unwrap_or(u32::MAX)
    }

    /// One side: in units of eight pixels, or in as many bits as two bits say.
    fn side(&mut self, in_eighths: bool) -> u32 {
        if in_eighths {
            return self.take(5).saturating_add(1).saturating_mul(8);
        }
        let width = match self.take(2) {
            0 => 9,
            1 => 13,
            2 => 18,
            _ => 30,
        };
        self.take(width).saturating_add(1)
    }
}

/// Width and height out of the bytes behind the mark.
fn size(head: &[u8]) -> Option<(u32, u32)> {
    let mut bits = Bits(
        u128::from(u64::from_le_bytes(array(head, 2)?))
            | (u128::from(u16::from_le_bytes(array(head, 10)?)) << 64),
    );
    let in_eighths = bits.take(1) == 1;
    let height = bits.side(in_eighths);
    let (up, down) = match bits.take(3) {
        0 => return Some((bits.side(in_eighths), height)),
        1 => (1, 1),
        2 => (12, 10),
        3 => (4, 3),
        4 => (3, 2),
        5 => (16, 9),
        6 => (5, 4),
        _ => (2, 1_u64),
    };
    let width = u64::from(height).saturating_mul(up).checked_div(down)?;
    Some((u32::try_from(width).ok()?, height))
}
