//! IPTC-IIM records and the Photoshop resource blocks around them.
//!
//! Source: IPTC-IIM 4.2 (data sets of record 2 are the application's) and Adobe's description of image resources.

use super::super::Carrier;
use super::bytes::{be16, be32, length};
use super::exif::Origin;
use super::sink::{Payload, Sink};

/// The image resource that holds IPTC-IIM.
const IPTC_RESOURCE: u16 = 0x0404;

/// The record whose data sets describe the picture.
const APPLICATION: u8 = 2;

/// Reads Photoshop resources, with or without the mark that JPEG puts before them.
pub(super) fn resources(data: &[u8], origin: &Origin, sink: &mut Sink<'_>) {
    let mut at = if data.starts_with(b"Photoshop 3.0\0") { 14 } else { 0_usize };
    while let Some(head) = data.get(at..).filter(|rest| rest.starts_with(b"8BIM")) {
        let (Some(id), Some(name)) = (be16(head, 4), head.get(6)) else { break };
        // The name counts its length byte and is padded to even.
        let name_bytes = usize::from(*name).saturating_add(2) & !1;
        let body = name_bytes.saturating_add(10);
        let Some(size) = be32(head, body.saturating_sub(4)).and_then(|size| usize::try_from(size).ok())
        else {
            break;
        };
        if !sink.step() {
            return;
        }
        if id == IPTC_RESOURCE {
            let rest = head.get(body..).unwrap_or_default();
            if rest.len() < size {
                sink.cut("iptc");
            }
            let inner = origin.inside(at.saturating_add(body) as u64);
            records(rest.get(..size).unwrap_or(rest), &inner, sink);
        }
        at = at.saturating_add(body).saturating_add(size).saturating_add(size & 1);
    }
}

/// Reads the data sets of IPTC-IIM and keeps those of the application record as text.
pub(super) fn records(data: &[u8], origin: &Origin, sink: &mut Sink<'_>) {
    let mut at = 0_usize;
    while let Some([0x1C, record, dataset, rest @ ..]) = data.get(at..) {
        let Some((head, size)) = size(rest) else {
            sink.cut("iptc");
            return;
        };
        if !sink.step() {
            return;
        }
        let body = rest.get(head..).unwrap_or_default();
        let bytes = body.get(..size).unwrap_or(body);
        let start = at.saturating_add(3).saturating_add(head);
        let truncated = bytes.len() < size;
        let carrier = Carrier::Iptc { record: *record, dataset: *dataset };
        if truncated {
            sink.cut(carrier.to_string());
        }
        if *record == APPLICATION && *dataset != 0 && !bytes.is_empty() {
            let range = origin.range(start as u64, length(bytes));
            sink.text(carrier, Payload { range, bytes: bytes.to_vec(), truncated });
        }
        at = start.saturating_add(size);
    }
}

/// Bytes of the length field, and the length that it gives.
fn size(rest: &[u8]) -> Option<(usize, usize)> {
    let short = be16(rest, 0)?;
    if short & 0x8000 == 0 {
        return Some((2, usize::from(short)));
    }
    // An extended length: so many bytes of a number follow.
    let digits = usize::from(short & 0x7FFF);
    let number = rest.get(2..)?.get(..digits.min(8)).filter(|_| digits <= 4)?;
    let size = number.iter().fold(0_usize, |size, byte| (size << 8) | usize::from(*byte));
    Some((digits.saturating_add(2), size))
}

impl Origin {
    /// The origin of a part that starts at `from`.
    pub(super) fn inside(&self, from: u64) -> Self {
        match self {
            Self::At(base) => Self::At(base.saturating_add(from)),
            packed @ Self::Packed(_) => packed.clone(),
        }
    }
}
