//! A complete body, and what its first and last bytes give away.

use std::borrow::Cow;

use serde_json::Value;

use super::Validators;

/// Bytes of an error body that are looked at for a message.
const MAX_MESSAGE_SOURCE_BYTES: usize = 64 * 1024;

/// Characters of a server's message that are kept.
const MAX_MESSAGE_CHARS: usize = 200;

/// How deep a message may be wrapped: JSON text inside JSON text.
const MAX_MESSAGE_DEPTH: u32 = 8;

/// One complete answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The bytes, decompressed; neither empty nor a web page.
    pub bytes: Vec<u8>,
    /// The status, 200 to 299.
    pub status: u16,
    /// What the server says that it is, shortened.
    pub content_type: Option<String>,
    /// What the server calls this state of the document, if it said so.
    pub validators: Option<Validators>,
}

/// An answer to a question whether something has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The document as it is now.
    Body(Body),
    /// The document is still the one that was known.
    Unchanged,
}

impl Body {
    /// The bytes as text; what is not UTF-8 becomes U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// What a body turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Blank.
    Empty,
    /// A web page.
    Html,
    /// Begins like JSON and does not end like it.
    CutShort,
    /// Perhaps JSON.
    Plausible,
}

/// Judges a body by its ends; the rest is for a parser.
pub(super) fn look(bytes: &[u8], content_type: Option<&str>) -> Look {
    let body = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii();
    let last = body.last().copied();
    match body.first() {
        None => Look::Empty,
        Some(b'<') => Look::Html,
        Some(b'{') if last != Some(b'}') => Look::CutShort,
        Some(b'[') if last != Some(b']') => Look::CutShort,
        Some(b'{' | b'[') => Look::Plausible,
        Some(_) if content_type.is_some_and(|kind| kind.starts_with("text/html")) => Look::Html,
        Some(_) => Look::Plausible,
    }
}

/// What an error body says, in one short line without control characters; empty if it says nothing.
///
/// The site writes `error` or `message`, as text, as an object or as a list of findings, sometimes with
/// JSON text inside.
pub(super) fn message(bytes: &[u8]) -> String {
    let head = bytes.get(..MAX_MESSAGE_SOURCE_BYTES).unwrap_or(bytes);
    let found = serde_json::from_slice::<Value>(head).ok().and_then(|value| find(&value, MAX_MESSAGE_DEPTH));
    let text = found.unwrap_or_default();
    text.split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(MAX_MESSAGE_CHARS)
        .collect()
}

fn find(value: &Value, depth: u32) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::String(text) => {
            let inner = serde_json::from_str::<Value>(text).ok().filter(|inner| !inner.is_number());
            inner.and_then(|inner| find(&inner, depth)).or_else(|| Some(text.clone()))
        }
        Value::Array(findings) => findings.iter().find_map(|finding| find(finding, depth)),
        Value::Object(fields) => ["error", "message", "issues"]
            .into_iter()
            .find_map(|key| fields.get(key).and_then(|inner| find(inner, depth))),
        _ => None,
    }
}
