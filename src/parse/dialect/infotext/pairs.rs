//! The details of an infotext: `Key: value, Key: "quoted, value", Key: {"json": 1}, ...`.
//!
//! ```text
//! details = pair *( separator pair )
//! pair    = key ":" ( quoted / json / plain )
//! quoted  = a JSON string
//! json    = an object or an array
//! plain   = anything up to a separator that another key follows
//! ```
//!
//! - A separator is a comma or a line end. Inside of a plain value a comma counts only if a key and `: ` follow, so
//!   that writers that quote nothing keep the commas of their values.
//! - Never: time that is not linear in the length of the text.

use std::ops::Range;

use crate::parse::Limits;
use crate::parse::json::{self, Json};

/// Longest key, in bytes.
const MAX_KEY_BYTES: usize = 64;

/// One pair.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pair<'t> {
    /// The key, trimmed.
    pub(super) key: &'t str,
    pub(super) value: Written<'t>,
    /// The bytes of the value, quotes included.
    pub(super) span: Range<usize>,
}

/// How a value is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Written<'t> {
    /// Trimmed.
    Plain(&'t str),
    /// Unquoted.
    Quoted(String),
    /// An object or an array.
    Json(Json<'t>),
}

impl Written<'_> {
    /// The value as text; JSON is no text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Quoted(text) => Some(text),
            Self::Json(_) => None,
        }
    }
}

/// The pairs of the part `range` of a text; spans count from the start of the text.
pub(super) fn pairs<'t, 'l>(text: &'t str, range: Range<usize>, limits: &'l Limits) -> Pairs<'t, 'l> {
    let within = text.get(..range.end).unwrap_or(text);
    Pairs { text: within, at: range.start, limits, quotes_end: false }
}

/// See [`pairs`].
pub(super) struct Pairs<'t, 'l> {
    /// Ends where the details end.
    text: &'t str,
    at: usize,
    limits: &'l Limits,
    /// There is no further quotation mark.
    quotes_end: bool,
}

impl<'t> Iterator for Pairs<'t, '_> {
    type Item = Pair<'t>;

    fn next(&mut self) -> Option<Pair<'t>> {
        loop {
            let rest = self.rest();
            let skipped = rest.len().saturating_sub(rest.trim_start_matches(is_separator_or_blank).len());
            self.step(skipped);
            if self.rest().is_empty() {
                return None;
            }
            let Some((key, colon)) = key_of(self.rest()) else {
                // Debris: on to what looks like a pair.
                self.step(plain_length(self.rest()));
                continue;
            };
            self.step(colon.saturating_add(1));
            let rest = self.rest();
            let blanks = rest.len().saturating_sub(rest.trim_start_matches([' ', '\t']).len());
            self.step(blanks);
            let start = self.at;
            let value = self.quoted().or_else(|| self.json()).unwrap_or_else(|| self.plain());
            let end = match &value {
                Written::Plain(text) => start.saturating_add(text.len()),
                Written::Quoted(_) | Written::Json(_) => self.at,
            };
            return Some(Pair { key, value, span: start..end });
        }
    }
}

impl<'t> Pairs<'t, '_> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.text.len());
    }

    /// A JSON string that a separator or the end follows.
    fn quoted(&mut self) -> Option<Written<'t>> {
        let rest = self.rest();
        if self.quotes_end || !rest.starts_with('"') {
            return None;
        }
        let Some(length) = quoted_length(rest) else {
            self.quotes_end = true;
            return None;
        };
        let (inside, after) = (rest.get(..length)?, rest.get(length..)?);
        if !after.trim_start_matches([' ', '\t']).is_empty()
            && !after.trim_start_matches(' ').starts_with(is_separator)
        {
            return None;
        }
        let read = json::parse(inside, self.limits)?;
        let text = read.root.text()?.to_owned();
        self.step(length);
        Some(Written::Quoted(text))
    }

    /// An object or an array; one that breaks off reaches as far as it makes sense.
    fn json(&mut self) -> Option<Written<'t>> {
        if !self.rest().starts_with(['{', '[']) {
            return None;
        }
        let read = json::parse_at(self.text, self.at, self.limits)?;
        self.at = read.end.max(self.at).min(self.text.len());
        if !self.text.is_char_boundary(self.at) {
            self.at = self.text.len();
        }
        Some(Written::Json(read.root))
    }

    fn plain(&mut self) -> Written<'t> {
        let rest = self.rest();
        let length = plain_length(rest);
        self.step(length);
        // A comma at the end of a line separates nothing.
        let value = rest.get(..length).unwrap_or_default();
        Written::Plain(value.trim_end_matches(|c: char| c == ',' || c.is_whitespace()))
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, ',' | '\n' | '\r')
}

fn is_separator_or_blank(c: char) -> bool {
    is_separator(c) || c.is_whitespace() || c == '\0'
}

/// The key at the start of a text, trimmed, and where its colon stands.
pub(super) fn key_of(text: &str) -> Option<(&str, usize)> {
    let mut end = text.len().min(MAX_KEY_BYTES.saturating_add(1));
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let head = text.get(..end)?;
    let colon = head.find([':', ',', '\n', '\r', '"', '{'])?;
    if head.as_bytes().get(colon) != Some(&b':') {
        return None;
    }
    let key = head.get(..colon)?.trim();
    let is_key = |c: char| c.is_alphanumeric() || " -_/.()+#&'".contains(c);
    (key.starts_with(char::is_alphanumeric) && key.chars().all(is_key)).then_some((key, colon))
}

/// Bytes up to a separator that another pair follows, or up to the end.
fn plain_length(text: &str) -> usize {
    let follows = |(at, separator): &(usize, &str)| {
        let after = text.get(at.saturating_add(1)..).unwrap_or_default();
        let after = after.trim_start_matches([' ', '\t']);
        // A trailing separator ends the value too.
        *separator != ","
            || after.is_empty()
            || key_of(after).is_some_and(|(_, colon)| is_spaced(after, colon))
    };
    let found = text.match_indices(is_separator).find(follows);
    found.map_or(text.len(), |(at, _)| at)
}

/// Whether a blank, a quotation or the end follows the colon: `b:1.2)` is no pair.
fn is_spaced(text: &str, colon: usize) -> bool {
    let next = text.as_bytes().get(colon.saturating_add(1));
    next.is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'"' | b'{' | b'[' | b'\n' | b'\r'))
}

/// Bytes of the string that starts here, quotes included; `None` if it does not end.
fn quoted_length(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at.checked_add(1),
            _ => {}
        }
    }
    None
}

/// The pairs of a list such as `name: hash, name: hash`; names may hold colons, hashes do not.
pub(super) fn name_list(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let entries = text.trim_matches(['"', ' ']).split(',');
    entries
        .map(|entry| entry.rsplit_once(':').unwrap_or((entry, "")))
        .map(|(name, value)| (name.trim(), value.trim()))
}
