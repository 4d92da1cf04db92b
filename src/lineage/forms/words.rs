//! Names, numbers and dates as all forms write them.

use std::fmt::Write as _;

use crate::entity::Timestamp;
use crate::lineage::report::{Edge, LineageReport, NodeKind, ScopeOut, Tie};
use crate::lineage::scope::ScopeKind;

/// What a report is about, in words.
pub(super) fn called(scope: &ScopeOut) -> String {
    let name = scope.name.as_deref().unwrap_or("(no name)");
    match scope.kind {
        ScopeKind::Query => format!("Images found by {name}"),
        ScopeKind::Tag => format!("Models tagged {name}"),
        ScopeKind::Creator => format!("Models by {name}"),
        ScopeKind::BaseModel => format!("Versions for {name}"),
        ScopeKind::Model | ScopeKind::Version => name.to_owned(),
    }
}

/// What kind of thing it is, with its number.
pub(super) fn kind(scope: &ScopeOut) -> String {
    let word = scope.kind.as_str().replace('_', " ");
    scope.id.map_or(word.clone(), |id| format!("{word} {id}"))
}

/// The images of the scope, in words.
pub(super) fn images_are(report: &LineageReport) -> &'static str {
    if report.scope.kind == ScopeKind::Query { "found" } else { "made with it" }
}

/// The time in which images count; `None` where all do.
pub(super) fn period(scope: &ScopeOut) -> Option<String> {
    match (scope.since, scope.until) {
        (None, None) => None,
        (Some(since), None) => Some(format!("images since {}", day(Some(since)))),
        (None, Some(until)) => Some(format!("images before {}", day(Some(until)))),
        (Some(since), Some(until)) => {
            Some(format!("images from {} until before {}", day(Some(since)), day(Some(until))))
        }
    }
}

/// The day of a moment, or a dash.
pub(super) fn day(moment: Option<Timestamp>) -> String {
    moment.map_or("–".to_owned(), |moment| moment.to_string().chars().take(10).collect())
}

/// A count with its thousands apart.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// "1 image", "2 images".
pub(super) fn images(number: u64) -> String {
    format!("{} {}", count(number), if number == 1 { "image" } else { "images" })
}

/// A number with so many digits after the point, a proper minus sign, and no minus before zero.
pub(super) fn decimal(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    if !text.starts_with('-') {
        return text;
    }
    let is_zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    let bare = text.trim_start_matches('-');
    if is_zero { bare.to_owned() } else { format!("−{bare}") }
}

/// The shortest text that says the number, as metadata would: `7`, `0.85`.
pub(super) fn plain(number: f64) -> String {
    format!("{}", number + 0.0)
}

/// A part of a whole in hundredths, to a tenth.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", decimal(share * 100.0, 1))
}

/// How large `part` is of `whole`, from 0 to 1; 0 of nothing.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).clamp(0.0, 1.0) }
}

/// Text on one line, with everything spelt out that a reader would obey instead of showing it: control characters,
/// and marks that hide or turn round the text beside them.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => shown.push(' '),
            c if c.is_control() || is_steering(c) => {
                // Writing to text cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

fn is_steering(c: char) -> bool {
    // A zero width joiner stays: it holds families and flags of emoji together.
    matches!(c, '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// At most so many characters; a cut shows as `…`.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// A relation as a verb: the descendant before it, the ancestor after it.
pub(super) fn tie(tie: Tie) -> &'static str {
    match tie {
        Tie::BasedOn => "is based on",
        Tie::TrainedOn => "was trained on",
        Tie::TrainedWithVae => "was trained with the VAE",
        Tie::MergedFrom => "was merged from",
        Tie::BakesLora => "has baked in",
        Tie::VaeOf => "has the VAE",
        Tie::DerivedFrom => "was derived from",
        Tie::SameFile => "is the same file as",
        Tie::SharesVae => "shares a VAE file with",
        Tie::SucceedsVersion => "follows",
    }
}

/// The relation of an edge, with a word where it is a guess.
pub(super) fn relation(edge: &Edge) -> String {
    let guess = if edge.is_guessed() { " (a guess)" } else { "" };
    format!("{}{guess}", tie(edge.relation))
}

/// What a node is.
pub(super) fn node_kind(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Version => "version",
        NodeKind::BaseModel => "base model",
        NodeKind::LocalFile => "local file",
        NodeKind::UnknownFile => "file known by hash only",
        NodeKind::UnknownName => "known by name only",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_written_for_reading() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([decimal(-0.001, 2), decimal(-1.5, 1), decimal(2.0, 0)], ["0.00", "−1.5", "2"]);
        assert_eq!([plain(7.0), plain(-0.0), plain(0.85)], ["7", "0", "0.85"]);
        assert_eq!([images(1), images(2)], ["1 image", "2 images"]);
    }

    #[test]
    fn what_steers_is_spelt_out() {
        assert_eq!(shown("a\u{202e}b\u{1b}[2J\nc\u{7f}"), "a\\u{202e}b\\u{1b}[2J c\\u{7f}");
        assert_eq!(shown("城 👩\u{200d}🎨"), "城 👩\u{200d}🎨");
    }

    proptest! {
        #[test]
        fn a_cut_is_no_longer_than_asked_for(text in "\\PC{0,40}", most in 1..50_usize) {
            let cut = cut(&text, most);
            prop_assert!(cut.chars().count() <= most);
            prop_assert!(cut == text || cut.ends_with('…'));
        }
    }
}
