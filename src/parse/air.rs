//! Identifiers such as `urn:air:sdxl:lora:civitai:55@9002`, as models and versions.
//!
//! - Input: text of any length and origin. Output: [`Air`] values and the roles they state.
//! - Only the source `civitai` counts: others name nothing of the site.
//! - Never: trust in the ecosystem, which several spellings share.

use crate::entity::{Air, ModelId, ResourceKind, VersionId};

#[cfg(test)]
mod tests;

/// Longest identifier read, in bytes.
const MAX_BYTES: usize = 256;

/// Most identifiers taken from one text.
const MAX_FOUND: usize = 256;

/// Reads a whole text as an identifier; `None` for other sources and for ids that are no numbers.
///
/// Both prefixes, the ecosystem and the type are optional, a file id and a format may follow. A format that
/// the grammar would swallow into the version (`9002.safetensors`) is cut off. A version that is no number
/// leaves the model.
pub fn parse(text: &str) -> Option<Air> {
    parse_typed(text).map(|(air, _)| air)
}

/// As [`parse`], with the role that the type word states.
pub fn parse_typed(text: &str) -> Option<(Air, ResourceKind)> {
    let text = text.trim();
    if text.len() > MAX_BYTES || !text.contains(':') {
        return None;
    }
    let rest = strip_word(text, "urn:").unwrap_or(text);
    let rest = strip_word(rest, "air:").unwrap_or(rest);
    let mut segments = rest.split(':');
    let mut before = Vec::with_capacity(2);
    for segment in segments.by_ref() {
        if segment.eq_ignore_ascii_case("civitai") {
            break;
        }
        let is_name = !segment.is_empty() && segment.bytes().all(is_name_byte);
        if before.len() == 2 || !is_name {
            return None;
        }
        before.push(segment);
    }
    let air = parse_short(segments.next()?)?;
    // An older writer put a colon before the format.
    let format_fits = segments.next().is_none_or(|format| format.bytes().all(is_name_byte));
    let kind = before.get(1).map_or(ResourceKind::Unknown, |word| ResourceKind::from_word(word));
    (format_fits && segments.next().is_none()).then_some((air, kind))
}

/// Reads the short forms `MODEL@VERSION` and `MODEL`, which only some places use.
pub fn parse_short(text: &str) -> Option<Air> {
    let text = text.trim();
    let text = text.split_once('+').map_or(text, |(ids, _)| ids);
    let (model, version) = match text.split_once('@') {
        Some((model, version)) => (model, Some(version)),
        None => (text, None),
    };
    let model = ModelId::new(leading_number(model)?)?;
    let version = version.and_then(leading_number).and_then(VersionId::new);
    Some(Air { model, version })
}

/// Every identifier inside a longer text, in order, with the role that its type word states.
///
/// Without one of the prefixes `urn:` and `air:` only the form with a version counts. At most 256 are taken.
pub fn find_all(text: &str) -> Vec<(Air, ResourceKind)> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    for (colon, _) in text.match_indices(':') {
        let Some(start) = colon.checked_sub("civitai".len()) else { continue };
        if !bytes.get(start..colon).is_some_and(|word| word.eq_ignore_ascii_case(b"civitai")) {
            continue;
        }
        found.extend(around(text, start, colon.saturating_add(1)));
        if found.len() >= MAX_FOUND {
            break;
        }
    }
    found
}

/// The identifier whose source word begins at `start` and whose ids begin at `ids`.
fn around(text: &str, start: usize, ids: usize) -> Option<(Air, ResourceKind)> {
    let bytes = text.as_bytes();
    let is_left = |byte: &u8| is_name_byte(*byte) || *byte == b':';
    let left = bytes.get(..start)?.iter().rev().take(MAX_BYTES).take_while(|byte| is_left(byte)).count();
    let is_right = |byte: &u8| is_name_byte(*byte) || matches!(byte, b'.' | b'@' | b'+');
    let right = bytes.get(ids..)?.iter().take(MAX_BYTES).take_while(|byte| is_right(byte)).count();
    let prefix = text.get(start.checked_sub(left)?..start)?;
    // `civitai-r2:civitai:` and the like are other sources' affairs.
    if !prefix.is_empty() && !prefix.ends_with(':') {
        return None;
    }
    let ids = text.get(ids..ids.checked_add(right)?)?;
    let words: Vec<&str> = prefix.trim_end_matches(':').split(':').collect();
    let marked =
        words.iter().any(|word| word.eq_ignore_ascii_case("air") || word.eq_ignore_ascii_case("urn"));
    let air = parse_short(ids)?;
    if !marked && air.version.is_none() {
        return None;
    }
    let kind = match words.as_slice() {
        [.., ecosystem, kind] if !ecosystem.eq_ignore_ascii_case("air") => ResourceKind::from_word(kind),
        _ => ResourceKind::Unknown,
    };
    Some((air, kind))
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len())?;
    head.eq_ignore_ascii_case(word).then(|| text.get(word.len()..))?
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/')
}

/// The number at the start; what follows must be nothing, or a full stop and a format.
fn leading_number(text: &str) -> Option<u64> {
    let (digits, format) = text.split_once('.').unwrap_or((text, ""));
    let format_fits = format.bytes().all(|byte| is_name_byte(byte) || byte == b'.');
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits && format_fits { digits.parse().ok() } else { None }
}
