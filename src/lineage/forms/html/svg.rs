//! What charts are drawn with.
//!
//! Charts have no view box: what lies across is given in hundredths of the width and what lies down in pixels, so that
//! text keeps its size on every screen.

use crate::page::escape;

use super::super::words::{cut, shown};

/// A stranger's text: harmless, escaped, and at most so many characters.
pub(super) fn foreign(text: &str, most: usize) -> String {
    escape(&cut(&shown(text), most))
}

/// How wide a text is at most in the fonts that browsers take for `system-ui`, in parts of its font size.
pub(super) fn width(text: &str) -> f64 {
    text.chars().map(advance).sum()
}

fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.34,
        ' ' | 'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/' | '\\' => 0.42,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 1.0,
        'A'..='Z' | '&' | '+' | '<' | '>' | '=' | '~' | '#' | '−' | '×' => 0.84,
        '\0'..='\u{2ff}' => 0.65,
        '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => 0.0,
        '\u{370}'..='\u{10ff}' | '\u{2000}'..='\u{2bff}' => 0.9,
        '\u{1f000}'..='\u{1faff}' => 1.4,
        // Scripts whose letters fill a square, and signs as wide as a line.
        _ => 1.1,
    }
}

/// The longest beginning of a text that fits into so many pixels; a cut shows as `…`.
pub(super) fn fit(text: &str, pixels: f64, font_pixels: f64) -> String {
    if width(text) * font_pixels <= pixels {
        return text.to_owned();
    }
    let mut used = width("…") * font_pixels;
    let mut kept = String::new();
    for c in text.chars() {
        used += advance(c) * font_pixels;
        if used > pixels {
            break;
        }
        kept.push(c);
    }
    format!("{}…", kept.trim_end())
}

/// A place across, from 0 to 1, in hundredths.
pub(super) fn across(share: f64) -> String {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let text = format!("{:.2}", share * 100.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}%")
}

/// A drawing with its title and description.
pub(super) fn drawing(id: &str, title: &str, description: &str, height: usize, body: &str) -> String {
    format!(
        "<svg class=\"chart\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\" width=\"100%\" height=\"{height}\">\
         <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>{body}</svg>\n",
        foreign(title, 200),
        foreign(description, 1_000)
    )
}

/// The next of 1, 2, 5, 10, 20 ... that is at least `least`.
pub(super) fn round_up(least: f64) -> f64 {
    if !least.is_finite() || least <= 0.0 {
        return 1.0;
    }
    let unit = 10_f64.powi(least.log10().floor() as i32);
    let found =
        [1.0, 2.0, 5.0].into_iter().map(|factor| factor * unit).find(|step| *step >= least * 0.999_999);
    found.unwrap_or(10.0 * unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_are_round() {
        assert_eq!([0.0, 0.3, 1.0, 1.1, 37.0, 5_000.0].map(round_up), [1.0, 0.5, 1.0, 2.0, 50.0, 5_000.0]);
        assert_eq!(round_up(f64::NAN), 1.0);
    }

    #[test]
    fn places_are_short_and_bounded() {
        assert_eq!([0.0, 0.5, 0.12345, 7.0, f64::NAN].map(across), ["0%", "50%", "12.35%", "100%", "0%"]);
    }

    proptest! {
        #[test]
        fn nothing_of_a_stranger_is_markup(text in "\\PC*|[\\x00-\\x7f]{0,40}") {
            let escaped = foreign(&text, 30);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            prop_assert!(!escaped.chars().any(char::is_control));
        }

        #[test]
        fn what_was_made_to_fit_fits(text in "\\PC{0,60}", pixels in 20.0..400.0_f64) {
            prop_assert!(width(&fit(&text, pixels, 13.0)) * 13.0 <= pixels);
        }
    }
}
