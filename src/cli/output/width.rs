//! How many columns a text takes on a terminal, and how to cut it to fit.

use std::ops::Range;

/// Ranges that take two columns: East Asian wide and full-width, and pictographs (Unicode 16, blocks
/// rounded to whole rows).
const WIDE: &[(u32, u32)] = &[
    (0x1100, 0x115f),
    (0x2e80, 0x303e),
    (0x3041, 0x33ff),
    (0x3400, 0x4dbf),
    (0x4e00, 0xa4cf),
    (0xa960, 0xa97f),
    (0xac00, 0xd7a3),
    (0xf900, 0xfaff),
    (0xfe30, 0xfe6f),
    (0xff01, 0xff60),
    (0xffe0, 0xffe6),
    (0x1_7000, 0x1_8cff),
    (0x1_b000, 0x1_b2ff),
    (0x1_f300, 0x1_f64f),
    (0x1_f680, 0x1_f6ff),
    (0x1_f900, 0x1_faff),
    (0x2_0000, 0x3_fffd),
];

/// Ranges that take no column: combining marks, joiners, variation selectors.
const EMPTY: &[(u32, u32)] = &[
    (0x0300, 0x036f),
    (0x0483, 0x0489),
    (0x0591, 0x05bd),
    (0x0610, 0x061a),
    (0x064b, 0x065f),
    (0x0e31, 0x0e31),
    (0x0e34, 0x0e3a),
    (0x0e47, 0x0e4e),
    (0x1ab0, 0x1aff),
    (0x1dc0, 0x1dff),
    (0x200b, 0x200d),
    (0x20d0, 0x20ff),
    (0x302a, 0x302d),
    (0x3099, 0x309a),
    (0xfe00, 0xfe0f),
    (0xfe20, 0xfe2f),
    (0xe_0100, 0xe_01ef),
];

fn within(ranges: &[(u32, u32)], c: char) -> bool {
    let code = u32::from(c);
    let next = ranges.partition_point(|&(_, last)| last < code);
    ranges.get(next).is_some_and(|&(first, _)| first <= code)
}

fn of_char(c: char) -> usize {
    match c {
        ' '..='~' => 1,
        _ if within(EMPTY, c) => 0,
        _ if within(WIDE, c) => 2,
        _ => 1,
    }
}

/// Columns of a text without control characters.
pub(crate) fn of(text: &str) -> usize {
    text.chars().map(of_char).sum()
}

/// Most characters that a column may hold on average: marks that take no room pile up without end otherwise.
const MOST_CHARS_A_COLUMN: usize = 8;

/// The text cut to at most `columns`, the last of them an ellipsis if anything was cut.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let most = columns.saturating_mul(MOST_CHARS_A_COLUMN);
    if of(text) <= columns && text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let mut used = 0;
    let mut kept: String = text
        .chars()
        .take(most)
        .take_while(|&c| {
            used += of_char(c);
            used <= room
        })
        .collect();
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

/// As [`fit`], but so that `place` can be seen: where it lies too far back, the beginning is cut as well.
pub(crate) fn fit_around(text: &str, columns: usize, place: Option<&Range<usize>>) -> String {
    let Some(place) = place.filter(|place| text.get((*place).clone()).is_some()) else {
        return fit(text, columns);
    };
    // A place that would be seen in full is no reason to cut the beginning.
    if of(text) <= columns || of(&text[..place.end]) < columns {
        return fit(text, columns);
    }
    // Two thirds of the room go to what stands before it.
    let before = columns.saturating_sub(1 + of(&text[place.clone()])) * 2 / 3;
    let mut start = place.start;
    let mut used = 0;
    for (at, c) in text[..place.start].char_indices().rev() {
        used += of_char(c);
        if used > before {
            break;
        }
        start = at;
    }
    let rest = &text[start..];
    // Beginning within a word would look like another word.
    let skipped = match rest.find(' ') {
        Some(at) if start + at < place.start => at + 1,
        _ => 0,
    };
    fit(&format!("…{}", &rest[skipped..]), columns)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wide_characters_count_double_and_marks_count_nothing() {
        assert_eq!(of("castle"), 6);
        assert_eq!(of("城堡"), 4);
        assert_eq!(of("e\u{301}"), 1);
        assert_eq!(of("🏰"), 2);
    }

    #[test]
    fn the_ranges_are_sorted() {
        for ranges in [WIDE, EMPTY] {
            assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0));
        }
    }

    #[test]
    fn a_wide_character_is_not_cut_in_half() {
        assert_eq!(fit("城堡山", 4), "城…");
        assert_eq!(fit("old castle", 5), "old…");
        assert_eq!(fit("x", 0), "");
    }

    #[test]
    fn marks_without_width_do_not_pile_up() {
        let text = fit(&format!("a{}", "\u{301}".repeat(1000)), 5);
        assert!(text.ends_with('…') && text.chars().count() <= 41, "{}", text.len());
    }

    proptest! {
        #[test]
        fn a_cut_text_fits(text in "\\PC{0,40}", columns in 0_usize..30) {
            prop_assert!(of(&fit(&text, columns)) <= columns);
        }

        #[test]
        fn a_text_cut_around_a_place_fits(text in "\\PC{0,40}", columns in 0_usize..30, from in 0_usize..60, to in 0_usize..60) {
            prop_assert!(of(&fit_around(&text, columns, Some(&(from.min(to)..to)))) <= columns);
        }
    }
}
