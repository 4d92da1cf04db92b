//! Two texts compared word by word.
//!
//! - In: any two texts. Out: runs of words that both have, or only one.
//! - Bounded: texts that differ in too much to compare in detail differ as a whole, between what they share at both
//!   ends.

use std::ops::Range;

use serde::Serialize;

/// Most pairs of words that are compared.
const MOST_PAIRS: usize = 4_000_000;

/// Who has a run of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Side {
    /// Both.
    Same,
    /// Only the first.
    Removed,
    /// Only the second.
    Added,
}

/// Words that stand together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Run {
    /// Who has them.
    pub(super) op: Side,
    /// The words, one space between two.
    pub(super) text: String,
}

/// What two texts share and do not, in the order of reading; what is gone comes before what took its place.
pub(super) fn compare(one: &str, other: &str) -> Vec<Run> {
    let (one, other) = (words(one), words(other));
    let prefix = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let longest = one.len().min(other.len()) - prefix;
    let suffix = one.iter().rev().zip(other.iter().rev()).take(longest).take_while(|(a, b)| a == b).count();
    let (a, b) = (prefix..one.len() - suffix, prefix..other.len() - suffix);
    let mut runs = Runs::default();
    runs.push(Side::Same, &one, 0..prefix);
    if a.len().saturating_mul(b.len()) > MOST_PAIRS {
        runs.push(Side::Removed, &one, a.clone());
        runs.push(Side::Added, &other, b);
    } else {
        middle(&one, a.clone(), &other, b, &mut runs);
    }
    runs.push(Side::Same, &one, a.end..one.len());
    runs.done
}

/// Words, and commas by themselves, so that the last tag of a list is the same word as before a comma.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace()
        .flat_map(|word| word.split_inclusive(','))
        .flat_map(|word| match word.strip_suffix(',') {
            Some("") | None => [Some(word), None],
            Some(bare) => [Some(bare), word.get(bare.len()..)],
        })
        .flatten()
        .collect()
}

/// The longest common subsequence, by the book.
fn middle(one: &[&str], a: Range<usize>, other: &[&str], b: Range<usize>, runs: &mut Runs) {
    let width = b.len() + 1;
    // lengths[i * width + j]: of what is left from word i of the one and j of the other.
    let mut lengths = vec![0_u32; (a.len() + 1) * width];
    let at = |lengths: &[u32], i: usize, j: usize| lengths.get(i * width + j).copied().unwrap_or(0);
    let same = |i: usize, j: usize| one.get(a.start + i) == other.get(b.start + j);
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            let length = if same(i, j) {
                at(&lengths, i + 1, j + 1) + 1
            } else {
                at(&lengths, i + 1, j).max(at(&lengths, i, j + 1))
            };
            if let Some(slot) = lengths.get_mut(i * width + j) {
                *slot = length;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let (x, y) = (a.start + i, b.start + j);
        if i < a.len() && j < b.len() && same(i, j) {
            runs.push(Side::Same, one, x..x + 1);
            (i, j) = (i + 1, j + 1);
        } else if i < a.len() && (j == b.len() || at(&lengths, i + 1, j) >= at(&lengths, i, j + 1)) {
            runs.push(Side::Removed, one, x..x + 1);
            i += 1;
        } else {
            runs.push(Side::Added, other, y..y + 1);
            j += 1;
        }
    }
}

#[derive(Default)]
struct Runs {
    done: Vec<Run>,
}

impl Runs {
    fn push(&mut self, op: Side, words: &[&str], range: Range<usize>) {
        for word in words.get(range).unwrap_or_default() {
            match self.done.last_mut().filter(|run| run.op == op) {
                Some(run) => {
                    if *word != "," {
                        run.text.push(' ');
                    }
                    run.text.push_str(word);
                }
                None => self.done.push(Run { op, text: (*word).to_owned() }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, expected: &str) {
        let told: Vec<String> = compare(one, other)
            .into_iter()
            .map(|run| match run.op {
                Side::Same => run.text,
                Side::Removed => format!("[-{}-]", run.text),
                Side::Added => format!("{{+{}+}}", run.text),
            })
            .collect();
        assert_eq!(told.join(" "), expected);
    }

    #[test]
    fn what_differs_stands_between_what_does_not() {
        check("a castle, fog", "a castle, fog", "a castle, fog");
        check("a castle, fog", "a tower, fog", "a [-castle-] {+tower+} , fog");
        check("a, b, c", "a, c", "a, [-b,-] c");
        check("a, b", "a, b, c", "a, b {+, c+}");
        check("", "x y", "{+x y+}");
        check("", "", "");
    }

    #[test]
    fn huge_texts_that_share_nothing_are_compared_at_once() {
        let one: String = (0..50_000).map(|n| format!("a{n} ")).collect();
        let other: String = (0..50_000).map(|n| format!("b{n} ")).collect();
        assert_eq!(compare(&one, &other).len(), 2);
    }

    proptest! {
        #[test]
        fn each_text_can_be_put_together_again(one in "[ab, ]{0,30}", other in "[ab, ]{0,30}") {
            let runs = compare(&one, &other);
            for (text, gone) in [(&one, Side::Added), (&other, Side::Removed)] {
                let kept: Vec<String> =
                    runs.iter().filter(|run| run.op != gone).map(|run| run.text.clone()).collect();
                let kept = kept.join(" ");
                prop_assert_eq!(words(&kept), words(text));
            }
        }
    }
}
