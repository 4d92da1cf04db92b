//! JSON on one line, safe to show on a terminal and still the same JSON.

use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;

use crate::cli::escape;

/// Compact JSON in which every character that might steer a terminal is a `\u` escape.
///
/// serde_json escapes only the controls below U+0020.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(escape::is_steering) {
            let (clean, tail) = rest.split_at(at);
            writer.write_all(clean.as_bytes())?;
            let mut chars = tail.chars();
            if let Some(steering) = chars.next() {
                let mut units = [0_u16; 2];
                for unit in steering.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

/// The value as JSON, without a line break.
pub(crate) fn value<T: Serialize + ?Sized>(value: &T) -> String {
    let mut bytes = Vec::with_capacity(256);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Harmless);
    value.serialize(&mut serializer).expect("output types are plain structs, which always serialise");
    String::from_utf8(bytes).expect("JSON is written from valid text")
}

/// The value as one line of JSON.
pub(crate) fn line<T: Serialize + ?Sized>(of: &T) -> String {
    let mut text = value(of);
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn delete_c1_and_reversal_marks_are_escaped() {
        assert_eq!(value("\u{7f}\u{9b}\u{202e}é\u{1b}"), "\"\\u007f\\u009b\\u202eé\\u001b\"");
    }

    proptest! {
        #[test]
        fn what_is_read_back_is_what_was_written(text in "[\\x00-\\xff\u{2028}-\u{2069}\u{1f600}-\u{1f64f}]*") {
            let written = value(&text);
            prop_assert!(!written.chars().any(escape::is_steering));
            prop_assert_eq!(serde_json::from_str::<String>(&written).ok(), Some(text));
        }
    }
}
