//! Text from strangers made harmless: what may steer a terminal is written out.
//!
//! - In: prompts, names, paths, error texts.
//! - Out: the same text with control characters, and characters that reorder a line, spelt as escapes.
//! - Never: a change to text without such characters.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a terminal might act on this character instead of showing it.
///
/// Control characters (C0, DEL, C1), and the marks that reverse or hide the text around them.
pub(crate) fn is_steering(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text on one line: every steering character written as `\n`, `\t`, `\r` or `\u{1b}`.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    replace(text, |c, out| match c {
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        other => spell(other, out),
    })
}

/// As [`one_line`], but blanks of every kind become one space each: for table cells.
pub(crate) fn cell(text: &str) -> Cow<'_, str> {
    replace(text, |c, out| match c {
        '\n' | '\t' | '\r' => out.push(' '),
        other => spell(other, out),
    })
}

/// As [`one_line`], but line breaks stay: for texts of several lines.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    replace(text, |c, out| match c {
        '\n' => out.push('\n'),
        '\t' => out.push(' '),
        other => spell(other, out),
    })
}

fn spell(c: char, out: &mut String) {
    write!(out, "\\u{{{:x}}}", u32::from(c)).expect("writing to a string cannot fail");
}

fn replace(text: &str, mut with: impl FnMut(char, &mut String)) -> Cow<'_, str> {
    if !text.chars().any(is_steering) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_steering(c) {
            with(c, &mut out);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escape_sequences_are_spelt_out() {
        assert_eq!(one_line("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(one_line("a\u{9b}31mb\u{7f}"), "a\\u{9b}31mb\\u{7f}");
        assert_eq!(one_line("x\ny\tz\r"), "x\\ny\\tz\\r");
        assert_eq!(cell("x\ny\u{7}"), "x y\\u{7}");
        assert_eq!(lines("x\ny\u{8}"), "x\ny\\u{8}");
    }

    #[test]
    fn text_that_reorders_a_line_is_spelt_out() {
        assert_eq!(one_line("gpj.\u{202e}exe"), "gpj.\\u{202e}exe");
    }

    #[test]
    fn harmless_text_is_not_copied() {
        assert!(matches!(one_line("城, ünïcode 🏰"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_that_steers_is_left(text in "\\PC*|[\\x00-\\xff\u{2028}-\u{2069}]*") {
            prop_assert!(!one_line(&text).chars().any(is_steering));
            prop_assert!(!cell(&text).chars().any(is_steering));
            prop_assert!(!lines(&text).chars().any(|c| c != '\n' && is_steering(c)));
        }
    }
}
