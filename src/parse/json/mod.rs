//! JSON as generators write it: any text in, values with their places out.
//!
//! - In: a text of any length, from anyone, and [`Limits`]. Out: a [`Document`], or nothing where no value starts.
//! - Read although no standard allows it: a byte-order mark, trailing NULs, bare `NaN`, `Infinity`, `-Infinity` and
//!   `undefined` (as [`Data::Null`]), raw control characters in strings, lone surrogates (as U+FFFD), unknown escapes
//!   (as written), a comma before a closing bracket, duplicate keys (the last one counts).
//! - Whole numbers stay exact up to 127 bits: seeds need all 64 of theirs.
//! - Damage costs what follows it: what was complete before stays, and [`Notes`] says where it stopped.
//! - Never: recursion by depth of the input, time that is not linear in its length (sorting of keys aside).

mod reader;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use super::{Limits, Warning};

/// Deepest nesting whatever the limits say: values are dropped by recursion.
const MAX_DEPTH: u32 = 256;

/// Values of one document for each node that the limits allow.
const VALUES_PER_NODE: u32 = 10;

/// One value and the bytes of the text that say it.
#[derive(Clone, Debug, PartialEq)]
pub struct Json<'a> {
    /// The value.
    pub data: Data<'a>,
    /// Its place in the text, quotes and brackets included.
    pub span: Range<usize>,
}

/// A value of JSON.
#[derive(Clone, Debug, PartialEq)]
pub enum Data<'a> {
    /// `null`, `undefined`, or a number that is not finite.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number, written without fraction and exponent.
    Integer(i128),
    /// Any other number; finite.
    Number(f64),
    /// Text, escapes resolved.
    Text(Cow<'a, str>),
    /// Values in order.
    Array(Vec<Json<'a>>),
    /// Members in the order of the text, each key once.
    Object(Vec<Member<'a>>),
}

/// A key of an object with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Member<'a> {
    /// The key, escapes resolved.
    pub key: Cow<'a, str>,
    /// Its value.
    pub value: Json<'a>,
}

/// A value at the start of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Document<'a> {
    /// The value.
    pub root: Json<'a>,
    /// Where the text goes on behind it, in bytes; blanks, NULs and other text may follow.
    pub end: usize,
    /// What was odd about it.
    pub notes: Notes,
}

/// What was odd about a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Where the text ended or made no sense before the value did, in bytes.
    pub broken_at: Option<usize>,
    /// Where the limit on the number of values was reached, in bytes.
    pub limited_at: Option<usize>,
    /// Values nested too deeply, which were read as null.
    pub too_deep: u32,
    /// Members that a later one of the same key replaced.
    pub duplicate_keys: u32,
    /// Bare words that are no JSON, and numbers that are not finite.
    pub not_json: u32,
}

impl Notes {
    /// Whether the whole value was read.
    pub fn is_complete(&self) -> bool {
        self.broken_at.is_none() && self.limited_at.is_none() && self.too_deep == 0
    }

    /// The notes as warnings about `place`; bare words are too common to be one.
    pub fn warnings(&self, place: &str) -> Vec<Warning> {
        let mut found = Vec::new();
        let mut add = |code, detail: String| found.push(Warning { code, place: place.to_owned(), detail });
        if let Some(at) = self.broken_at {
            add("truncated", format!("the JSON breaks off at byte {at}; what was complete before was read"));
        }
        if let Some(at) = self.limited_at {
            add("limit", format!("the JSON has too many values; those from byte {at} on were left alone"));
        }
        if self.too_deep > 0 {
            add("limit", format!("{} values of the JSON are nested too deeply to be read", self.too_deep));
        }
        if self.duplicate_keys > 0 {
            add(
                "duplicate_key",
                format!("{} keys of the JSON occur twice; the last one counts", self.duplicate_keys),
            );
        }
        found
    }
}

/// Reads the value that a text starts with, after blanks.
///
/// `None` where no value starts, and for a lone word or number that something else runs into.
///
/// ```
/// use stemmata::parse::{Limits, json};
///
/// let text = r#"{"seed": 18446744073709551615, "changed": NaN, "cut": "he"#;
/// let read = json::parse(text, &Limits::default()).expect("a value starts here");
/// let seed = read.root.get("seed").expect("it was complete");
/// assert_eq!(seed.integer(), Some(u64::MAX.into()));
/// assert_eq!(&text[seed.span.clone()], "18446744073709551615");
/// assert!(read.root.get("cut").is_none() && read.notes.broken_at == Some(text.len()));
/// ```
pub fn parse<'a>(text: &'a str, limits: &Limits) -> Option<Document<'a>> {
    parse_at(text, 0, limits)
}

/// Reads the value that starts at a byte of a text, after blanks; spans count from the start of the text.
///
/// `None` also where `start` is no place between two characters.
pub fn parse_at<'a>(text: &'a str, start: usize, limits: &Limits) -> Option<Document<'a>> {
    reader::read(text, start, limits)
}

impl<'a> Json<'a> {
    /// The value of a key, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        self.members().iter().find(|member| member.key == key).map(|member| &member.value)
    }

    /// The members of an object; empty for anything else.
    pub fn members(&self) -> &[Member<'a>] {
        if let Data::Object(members) = &self.data { members } else { &[] }
    }

    /// The values of an array; empty for anything else.
    pub fn items(&self) -> &[Json<'a>] {
        if let Data::Array(items) = &self.data { items } else { &[] }
    }

    /// Whether this is an object.
    pub fn is_object(&self) -> bool {
        matches!(self.data, Data::Object(_))
    }

    /// Whether this is an array.
    pub fn is_array(&self) -> bool {
        matches!(self.data, Data::Array(_))
    }

    /// Whether this is null, or a number that is not finite.
    pub fn is_null(&self) -> bool {
        self.data == Data::Null
    }

    /// The text of a string.
    pub fn text(&self) -> Option<&str> {
        if let Data::Text(text) = &self.data { Some(text) } else { None }
    }

    /// The value of `true` and `false`.
    pub fn boolean(&self) -> Option<bool> {
        if let Data::Bool(value) = self.data { Some(value) } else { None }
    }

    /// A whole number: written as one, with an empty fraction, or as text.
    pub fn integer(&self) -> Option<i128> {
        match &self.data {
            Data::Integer(value) => Some(*value),
            Data::Number(value) => whole(*value),
            Data::Text(text) => {
                let text = text.trim();
                text.parse().ok().or_else(|| whole(text.parse().ok()?))
            }
            _ => None,
        }
    }

    /// A finite number, or one written as text.
    pub fn number(&self) -> Option<f64> {
        match &self.data {
            #[expect(clippy::cast_precision_loss, reason = "the nearest number is what was asked for")]
            Data::Integer(value) => Some(*value as f64),
            Data::Number(value) => Some(*value),
            Data::Text(text) => text.trim().parse().ok().filter(|value: &f64| value.is_finite()),
            _ => None,
        }
    }

    /// The document that a string holds: JSON inside of JSON. Its spans count inside of [`Self::text`].
    ///
    /// `None` for strings that are no object, array or string of JSON, or not wholly.
    pub fn embedded(&self, limits: &Limits) -> Option<Document<'_>> {
        let text = self.text()?;
        if !text.trim_start().starts_with(['{', '[', '"']) {
            return None;
        }
        parse(text, limits).filter(|read| text.get(read.end..).is_some_and(is_blank))
    }
}

impl Document<'_> {
    /// Whether nothing but blanks and NULs follows the value in the text that it was read from.
    pub fn is_whole(&self, text: &str) -> bool {
        text.get(self.end..).is_some_and(is_blank)
    }
}

fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c == '\0' || c == '\u{feff}')
}

/// A number without a fraction, as long as it is exact.
fn whole(value: f64) -> Option<i128> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "within the range where every whole number is exact")]
    let whole = value as i128;
    (value.fract() == 0.0 && value.abs() <= EXACT).then_some(whole)
}
