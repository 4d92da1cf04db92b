//! Bars and ranges: a row each, its label and figure above a line of the whole width.

use std::fmt::Write as _;

use crate::page::escape;

use super::super::words::{decimal, plain, shown};
use super::svg::{across, drawing, fit, foreign, width};

/// Height of a row, in pixels.
const ROW: usize = 38;

/// Size of the text, in pixels; that of the style sheet.
const FONT: f64 = 13.0;

/// Widths that label and figure of a row share on a telephone and on a wide screen, in pixels.
const NARROW: f64 = 268.0;
const WIDE: f64 = 440.0;

/// Rows that a chart has at most; the table below it has them all.
const MOST_ROWS: usize = 24;

/// One bar.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) figure: String,
    /// Its length, from 0 to 1.
    pub(super) share: f64,
    /// A place on it that is marked.
    pub(super) mark: Option<f64>,
    /// Drawn as an outline: something that counts for less.
    pub(super) faint: bool,
}

impl Bar {
    pub(super) fn new(label: impl Into<String>, figure: impl Into<String>, share: f64) -> Self {
        Self { label: label.into(), figure: figure.into(), share, mark: None, faint: false }
    }
}

/// A range with its middle.
pub(super) struct Range {
    pub(super) label: String,
    pub(super) low: f64,
    pub(super) middle: f64,
    pub(super) high: f64,
}

/// A chart of bars; the longer one, the more.
pub(super) fn bars(id: &str, title: &str, description: &str, rows: &[Bar]) -> String {
    let mut body = String::new();
    let rows = rows.get(..MOST_ROWS.min(rows.len())).unwrap_or_default();
    for (place, bar) in rows.iter().enumerate() {
        let top = place * ROW;
        words(&mut body, top, &bar.label, &bar.figure);
        let y = top + 20;
        let _ =
            write!(body, "<rect class=\"track\" x=\"0\" y=\"{y}\" width=\"100%\" height=\"8\" rx=\"2\"/>");
        if bar.share > 0.0 {
            // At least a mark, so that a rare value does not look like none.
            let length = across(bar.share.max(0.006));
            let class = if bar.faint { "fill faint" } else { "fill" };
            let _ = write!(
                body,
                "<rect class=\"{class}\" x=\"0\" y=\"{y}\" width=\"{length}\" height=\"8\" rx=\"2\"/>"
            );
        }
        if let Some(mark) = bar.mark {
            let x = across(mark);
            let (from, to) = (y - 2, y + 10);
            let _ = write!(body, "<line class=\"mark\" x1=\"{x}\" x2=\"{x}\" y1=\"{from}\" y2=\"{to}\"/>");
        }
    }
    drawing(id, title, description, rows.len() * ROW, &body)
}

/// A chart of ranges on one scale, with the scale below.
pub(super) fn ranges(id: &str, title: &str, description: &str, rows: &[Range]) -> String {
    let rows = rows.get(..MOST_ROWS.min(rows.len())).unwrap_or_default();
    let (low, high) = scale(rows);
    let place = |value: f64| ((value - low) / (high - low)).clamp(0.0, 1.0);
    let mut body = String::new();
    let end = rows.len() * ROW;
    let mut tick = low;
    while tick <= high + 0.01 {
        let x = across(place(tick));
        let _ = write!(body, "<line class=\"gl\" x1=\"{x}\" x2=\"{x}\" y1=\"14\" y2=\"{end}\"/>");
        let anchor = if tick <= low {
            "start"
        } else if tick >= high {
            "end"
        } else {
            "middle"
        };
        let text = plain((tick * 10.0).round() / 10.0);
        let y = end + 14;
        let _ =
            write!(body, "<text class=\"tick\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>");
        tick += step(high - low);
    }
    for (number, range) in rows.iter().enumerate() {
        let top = number * ROW;
        let figure = format!("{} ({} to {})", weight(range.middle), weight(range.low), weight(range.high));
        words(&mut body, top, &range.label, &figure);
        let y = top + 24;
        let (from, to) = (place(range.low), place(range.high).max(place(range.low)));
        let _ = write!(body, "<line class=\"track-line\" x1=\"0\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/>");
        let _ = write!(
            body,
            "<line class=\"range\" x1=\"{}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\"/>",
            across(from),
            across(to)
        );
        let _ = write!(
            body,
            "<circle class=\"dot\" cx=\"{}\" cy=\"{y}\" r=\"4.5\"/>",
            across(place(range.middle))
        );
    }
    drawing(id, title, description, end + 20, &body)
}

/// One bar in parts that add up to at most the whole.
pub(super) fn stack(id: &str, title: &str, description: &str, parts: &[(f64, &str)]) -> String {
    let mut body =
        String::from("<rect class=\"track\" x=\"0\" y=\"2\" width=\"100%\" height=\"18\" rx=\"3\"/>");
    let mut begin = 0.0;
    for (place, (share, label)) in parts.iter().enumerate() {
        let (x, length) = (across(begin), across(share.min(1.0 - begin).max(0.0)));
        let _ = write!(
            body,
            "<rect class=\"part p{}\" x=\"{x}\" y=\"2\" width=\"{length}\" height=\"18\"><title>{}</title></rect>",
            place % 5,
            foreign(label, 200)
        );
        begin = (begin + share).min(1.0);
    }
    drawing(id, title, description, 22, &body)
}

/// Label on the left, figure on the right; what does not fit is cut, and whole in the tooltip and in the table.
fn words(body: &mut String, top: usize, label: &str, figure: &str) {
    let y = top + 14;
    let label = shown(label);
    let figure = fit(&shown(figure), 0.7 * NARROW, FONT);
    let left = |all: f64| fit(&label, all - width(&figure) * FONT - 10.0, FONT);
    let (narrow, wide) = (left(NARROW), left(WIDE));
    let title =
        if wide == label { String::new() } else { format!("<title>{}</title>", foreign(&label, 500)) };
    if narrow == wide {
        let _ = write!(body, "<text class=\"label\" x=\"0\" y=\"{y}\">{}{title}</text>", escape(&narrow));
    } else {
        let _ = write!(
            body,
            "<text class=\"label n\" x=\"0\" y=\"{y}\">{}<title>{}</title></text>",
            escape(&narrow),
            foreign(&label, 500)
        );
        let _ = write!(body, "<text class=\"label w\" x=\"0\" y=\"{y}\">{}{title}</text>", escape(&wide));
    }
    let _ = write!(
        body,
        "<text class=\"figure\" x=\"100%\" y=\"{y}\" text-anchor=\"end\">{}</text>",
        escape(&figure)
    );
}

/// A weight as people write it; nonsense stays short.
fn weight(value: f64) -> String {
    if value.abs() >= 10_000.0 { format!("{value:.1e}") } else { decimal(value, 2) }
}

/// From and to, in whole halves around what the rows have, between −5 and 10.
fn scale(rows: &[Range]) -> (f64, f64) {
    let all = || {
        rows.iter().flat_map(|range| [range.low, range.middle, range.high]).filter(|value| value.is_finite())
    };
    let low = all().fold(0.0, f64::min).max(-5.0);
    let high = all().fold(1.0, f64::max).min(10.0);
    let step = step(high - low);
    ((low / step).floor() * step, (high / step).ceil() * step)
}

/// At most seven ticks, so that their labels lie apart on a telephone.
fn step(span: f64) -> f64 {
    [0.5, 1.0, 2.0].into_iter().find(|step| span / step <= 6.0).unwrap_or(5.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_holds_what_it_shows_and_no_nonsense() {
        let range = |low, high| Range { label: String::new(), low, middle: low, high };
        assert_eq!(scale(&[range(0.2, 0.9)]), (0.0, 1.0));
        assert_eq!(scale(&[range(-0.7, 1.2)]), (-1.0, 1.5));
        assert_eq!(scale(&[range(f64::MIN, f64::MAX)]), (-5.0, 10.0));
        assert_eq!(scale(&[range(f64::NAN, f64::INFINITY)]), (0.0, 1.0));
    }

    #[test]
    fn a_rare_value_has_a_mark_and_none_has_not() {
        let chart = bars("x", "t", "d", &[Bar::new("rare", "1", 1e-9), Bar::new("none", "0", 0.0)]);
        assert_eq!(chart.matches("class=\"fill\"").count(), 1, "{chart}");
    }

    #[test]
    fn a_long_label_is_cut_twice_and_kept_whole_for_the_tooltip() {
        let chart = bars("x", "t", "d", &[Bar::new("long ".repeat(30), "1,000", 1.0)]);
        assert_eq!(chart.matches("class=\"label n\"").count(), 1, "{chart}");
        assert!(chart.contains(&format!("<title>{}</title>", "long ".repeat(30))), "{chart}");
    }
}
