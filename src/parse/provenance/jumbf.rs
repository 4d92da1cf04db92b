//! JUMBF boxes: superboxes with a label, content boxes in them.
//!
//! Source: ISO 19566-5. A superbox begins with a description: 16 bytes of type, toggles, a label.

use super::super::container::{be32, split_nul};

/// Deepest superbox.
const MAX_DEPTH: u32 = 32;

/// A superbox.
#[derive(Debug, Default)]
pub(super) struct Superbox<'a> {
    /// The first four letters of its type, such as `c2cl` for a claim.
    pub(super) kind: [u8; 4],
    pub(super) label: String,
    /// Content boxes: name and body.
    pub(super) content: Vec<([u8; 4], &'a [u8])>,
    pub(super) children: Vec<Superbox<'a>>,
}

/// Reads a superbox with all inside it, at most `boxes_left` boxes; the flag tells whether something is missing.
pub(super) fn superbox<'a>(data: &'a [u8], boxes_left: &mut u32) -> (Option<Superbox<'a>>, bool) {
    let mut cut = false;
    let found = match next(data, &mut cut) {
        Some((b"jumb", body, _)) => Some(inside(body, boxes_left, 0, &mut cut)),
        _ => None,
    };
    (found, cut)
}

fn inside<'a>(mut data: &'a [u8], boxes_left: &mut u32, depth: u32, cut: &mut bool) -> Superbox<'a> {
    let mut found = Superbox::default();
    while let Some((name, body, rest)) = next(data, cut) {
        let Some(left) = boxes_left.checked_sub(1) else {
            *cut = true;
            break;
        };
        *boxes_left = left;
        match name {
            b"jumd" => (found.kind, found.label) = description(body),
            b"jumb" if depth < MAX_DEPTH => {
                found.children.push(inside(body, boxes_left, depth.saturating_add(1), cut));
            }
            b"jumb" => *cut = true,
            name => found.content.push((*name, body)),
        }
        data = rest;
    }
    found
}

/// Name, body and what follows of the first box; a body that is too short is what there is.
fn next<'a>(data: &'a [u8], cut: &mut bool) -> Option<(&'a [u8; 4], &'a [u8], &'a [u8])> {
    if data.is_empty() {
        return None;
    }
    let head = be32(data, 0).zip(data.get(4..).and_then(|rest| rest.first_chunk::<4>()));
    let Some((size, name)) = head.filter(|(size, _)| *size == 0 || *size >= 8) else {
        // Eight bytes of length are for boxes of four gigabytes, which nobody hides in a picture.
        *cut = true;
        return None;
    };
    let size = if size == 0 { data.len() } else { usize::try_from(size).unwrap_or(usize::MAX) };
    let (whole, rest) = data.split_at_checked(size).unwrap_or_else(|| {
        *cut = true;
        (data, &[])
    });
    Some((name, whole.get(8..).unwrap_or_default(), rest))
}

/// Type and label of a description.
fn description(body: &[u8]) -> ([u8; 4], String) {
    let kind = body.first_chunk::<4>().copied().unwrap_or_default();
    let has_label = body.get(16).is_some_and(|toggles| toggles & 2 != 0);
    let label = if has_label { split_nul(body.get(17..).unwrap_or_default()).0 } else { &[] };
    (kind, String::from_utf8_lossy(label).into_owned())
}
