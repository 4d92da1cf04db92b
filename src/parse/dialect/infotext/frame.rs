//! The parts of an infotext: prompt, negative prompt, details, and what some writers append.
//!
//! ```text
//! infotext = [ "Parameters:" ] prompt [ line-end "Negative prompt:" negative ] line-end details tail
//! details  = a line that begins with "Steps:" and a number, or names three known keys
//! tail     = more details / "Template:" text / "Negative Template:" text / "Recipe metadata:" object
//! ```
//!
//! - The last line that passes for details counts: prompts quote other infotexts.
//! - Without such a line the text is jammed into one: then `Negative prompt:` and `Steps:` count anywhere.

use std::ops::Range;

use super::pairs::{key_of, pairs};
use crate::parse::Limits;
use crate::parse::json;

/// Places of `Steps:` tried in a jammed text, from its end.
const MAX_JAMMED: usize = 16;

/// Bytes of a line that are searched for known keys.
const MAX_PROBED_BYTES: usize = 16 << 10;

const NEGATIVE: &str = "Negative prompt:";

/// Where the parts stand, in bytes, blanks around them left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) prompt: Range<usize>,
    /// `None` where the text has none.
    pub(super) negative: Option<Range<usize>>,
    pub(super) details: Range<usize>,
    /// What the prompt was made from.
    pub(super) template: Option<Range<usize>>,
    pub(super) negative_template: Option<Range<usize>>,
    /// The object behind `Recipe metadata:`.
    pub(super) recipe: Option<Range<usize>>,
}

/// The parts of a text; `None` if it has no details.
pub(super) fn frame(text: &str, limits: &Limits) -> Option<Frame> {
    let (text, recipe) = without_recipe(text, limits);
    let (details, jammed) = details_line(text, limits)
        .map(|line| (line, false))
        .or_else(|| jammed_details(text, limits).map(|at| (at, true)))?;
    let head = text.get(..details)?;
    let start = head_start(head);
    let (prompt, negative) = match negative_marker(head, jammed) {
        Some(at) => (start..at, Some(at.saturating_add(NEGATIVE.len())..details)),
        None => (start..details, None),
    };
    let (end, template, negative_template) = templates(text, details);
    Some(Frame {
        prompt: trimmed(text, prompt),
        negative: negative.map(|range| trimmed(text, range)),
        details: trimmed(text, details..end),
        template: template.map(|range| trimmed(text, range)),
        negative_template: negative_template.map(|range| trimmed(text, range)),
        recipe,
    })
}

/// The text without the recipe that was appended to it, and where that recipe stands.
fn without_recipe<'t>(text: &'t str, limits: &Limits) -> (&'t str, Option<Range<usize>>) {
    const MARK: &str = "Recipe metadata:";
    let found = text.rfind(MARK).and_then(|at| {
        let after = at.checked_add(MARK.len())?;
        let object = text.get(after..)?.trim_start();
        let start = text.len().checked_sub(object.len())?;
        let read = json::parse_at(text, start, limits).filter(|read| read.root.is_object())?;
        Some((text.get(..at)?, start..read.end))
    });
    found.map_or((text, None), |(text, range)| (text, Some(range)))
}

/// Where the last line that passes for details begins.
fn details_line(text: &str, limits: &Limits) -> Option<usize> {
    let mut end = text.len();
    for line in text.rsplit(['\n', '\r']) {
        let start = end.saturating_sub(line.len());
        if is_details(line, limits) {
            return Some(start);
        }
        end = start.saturating_sub(1);
    }
    None
}

/// Where the details of a text without lines begin.
fn jammed_details(text: &str, limits: &Limits) -> Option<usize> {
    // A text whose prompt has a label is a list of labels, which another grammar reads.
    let labels = |line: &str| line.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("prompt:"));
    if text.lines().any(labels) {
        return None;
    }
    let places = text.rmatch_indices("Steps:").map(|(at, _)| at).take(MAX_JAMMED);
    places.into_iter().find(|at| text.get(*at..).is_some_and(|rest| is_details(rest, limits)))
}

fn is_details(line: &str, limits: &Limits) -> bool {
    let line = line.trim_start();
    let steps = line.strip_prefix("Steps:").or_else(|| line.strip_prefix("steps:"));
    let starts = steps.is_some_and(|rest| rest.trim_start().starts_with(|c: char| c.is_ascii_digit()));
    if !starts && !key_of(line).is_some_and(|(key, _)| is_known(key)) {
        return false;
    }
    let enough = if starts { 2 } else { 3 };
    let mut end = line.len().min(MAX_PROBED_BYTES);
    while !line.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let known = pairs(line, 0..end, limits).filter(|pair| is_known(pair.key));
    known.take(enough).count() == enough
}

/// Keys that every writer of details uses.
fn is_known(key: &str) -> bool {
    const KNOWN: [&str; 13] = [
        "steps",
        "sampler",
        "cfg scale",
        "seed",
        "size",
        "model hash",
        "model",
        "schedule type",
        "scheduler",
        "denoising strength",
        "clip skip",
        "version",
        "guidance scale",
    ];
    KNOWN.iter().any(|known| key.eq_ignore_ascii_case(known))
}

/// Behind a byte-order mark and the `Parameters:` that some writers put first.
fn head_start(head: &str) -> usize {
    let rest = head.trim_start_matches(['\u{feff}', '\0', ' ', '\n', '\r', '\t']);
    let mark = "Parameters:";
    let marked = rest.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
    let skipped = head.len().saturating_sub(rest.len());
    if marked { skipped.saturating_add(mark.len()) } else { skipped }
}

/// Where the negative prompt is announced: at the start of a line, in a jammed text anywhere.
fn negative_marker(head: &str, jammed: bool) -> Option<usize> {
    let is_here = |at: usize| {
        let end = at.saturating_add(NEGATIVE.len());
        head.get(at..end).is_some_and(|word| word.eq_ignore_ascii_case(NEGATIVE))
    };
    let mut at = 0_usize;
    for line in head.split(['\n', '\r']) {
        let start = at.saturating_add(line.len().saturating_sub(line.trim_start().len()));
        if is_here(start) {
            return Some(start);
        }
        at = at.saturating_add(line.len()).saturating_add(1);
    }
    let anywhere = || head.match_indices(['N', 'n']).map(|(at, _)| at).find(|at| is_here(*at));
    if jammed { anywhere() } else { head.find(NEGATIVE) }
}

/// Where the details end, and the templates behind them.
fn templates(text: &str, details: usize) -> (usize, Option<Range<usize>>, Option<Range<usize>>) {
    const MARKS: [&str; 2] = ["Template:", "Negative Template:"];
    let mut found: [Option<Range<usize>>; 2] = [None, None];
    let mut open: Option<usize> = None;
    let mut end = text.len();
    let mut at = details;
    for line in text.get(details..).unwrap_or_default().split('\n') {
        let mark = MARKS.iter().position(|mark| line.starts_with(mark));
        if mark.is_some() {
            end = end.min(at);
            open = mark;
        }
        let line_end = at.saturating_add(line.len());
        if let Some((slot, mark)) = open.and_then(|open| Some((found.get_mut(open)?, MARKS.get(open)?))) {
            let start = slot.as_ref().map_or(at.saturating_add(mark.len()), |range| range.start);
            *slot = Some(start..line_end);
        }
        at = line_end.saturating_add(1);
    }
    let [template, negative] = found;
    (end, template, negative)
}

/// A range without the blanks at its ends.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let Some(part) = text.get(range.clone()) else { return range.start..range.start };
    let is_blank = |c: char| c.is_whitespace() || c == '\0';
    let left = part.len().saturating_sub(part.trim_start_matches(is_blank).len());
    let right = part.trim_end_matches(is_blank).len();
    let start = range.start.saturating_add(left);
    start..range.start.saturating_add(right).max(start)
}
