//! Facets as charts for a terminal: bars, and a line of small bars for dates.
//!
//! - In: counts, and the width.
//! - Out: lines that fit it, with blocks where the locale is UTF-8 and plain ASCII elsewhere.
//! - Never: colour that says something by itself.

use std::fmt::Write as _;

use stemmata::search::{FacetBucket, FacetCounts};

use super::super::escape;
use super::super::output::width;
use super::super::summary::{counted, grouped};
use super::super::terminal::Terminal;

/// Longest bar, in columns.
const LONGEST_BAR: usize = 40;
/// Longest label, in columns.
const LONGEST_LABEL: usize = 44;
/// Dates in more buckets than this are drawn as one line.
const MOST_DATE_BARS: usize = 12;

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Eighths of blocks.
    Blocks,
    /// What every terminal has.
    Ascii,
}

impl Ink {
    /// Blocks where the locale says UTF-8.
    pub(crate) fn of_environment() -> Self {
        let said = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
            .unwrap_or_default()
            .to_ascii_lowercase();
        if said.contains("utf-8") || said.contains("utf8") { Self::Blocks } else { Self::Ascii }
    }

    fn bar(self, share: f64, columns: usize) -> String {
        let eighths = (share * 8.0 * columns as f64).round().max(1.0) as usize;
        match self {
            Self::Ascii => "#".repeat((eighths.div_ceil(8)).min(columns)),
            Self::Blocks => {
                let mut bar = "█".repeat((eighths / 8).min(columns));
                if !eighths.is_multiple_of(8) && eighths / 8 < columns {
                    bar.extend(['▏', '▎', '▍', '▌', '▋', '▊', '▉'].get(eighths % 8 - 1));
                }
                bar
            }
        }
    }

    fn level(self, share: f64) -> char {
        let (steps, none): (&[char], char) = match self {
            Self::Blocks => (&['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'], ' '),
            Self::Ascii => (&['.', ':', '-', '=', '+', '*', '#', '@'], ' '),
        };
        if share <= 0.0 {
            return none;
        }
        let step = ((share * steps.len() as f64).ceil() as usize).clamp(1, steps.len());
        steps.get(step - 1).copied().unwrap_or(none)
    }
}

/// All facets, one below the other.
pub(crate) fn draw(facets: &[FacetCounts], terminal: Terminal, ink: Ink) -> String {
    let mut text = String::new();
    for facet in facets {
        if !text.is_empty() {
            text.push('\n');
        }
        facet_lines(facet, terminal, ink, &mut text);
    }
    text
}

fn facet_lines(facet: &FacetCounts, terminal: Terminal, ink: Ink, out: &mut String) {
    let title = terminal.paint.bold(&facet.facet);
    let values = counted(facet.distinct, "values");
    let _ = writeln!(out, "{title}: {values}, {} without", grouped(facet.missing));
    let is_date = facet.facet.starts_with("date");
    if is_date && facet.buckets.len() > MOST_DATE_BARS {
        let _ = writeln!(out, "{}", line_of_dates(&facet.buckets, terminal.width, ink));
        return;
    }
    let value = |bucket: &FacetBucket| Line {
        label: escape::cell(&bucket.value).into_owned(),
        count: bucket.count,
        bar: true,
    };
    let mut lines: Vec<Line> = facet.buckets.iter().map(value).collect();
    // What is left out has no bar: it is no value, and would dwarf those that are.
    for (label, count) in [("(other)", facet.other), ("(none)", facet.missing)] {
        lines.push(Line { label: label.to_owned(), count, bar: false });
    }
    out.push_str(&bars(&lines, facet.total, terminal.width, ink));
}

/// One line of a chart.
struct Line {
    label: String,
    count: u64,
    bar: bool,
}

fn bars(rows: &[Line], total: u64, room: usize, ink: Ink) -> String {
    let counts = rows.iter().map(|row| width::of(&grouped(row.count))).max().unwrap_or(0);
    let labels = rows.iter().map(|row| width::of(&row.label)).max().unwrap_or(0);
    // Indent, gaps, the count and ` 100.0 %`.
    let fixed = 2 + 2 + 2 + counts + 9;
    let label_columns = labels.min(LONGEST_LABEL).min(room.saturating_sub(fixed + 4)).max(4);
    let bar_columns = room.saturating_sub(fixed + label_columns).clamp(4, LONGEST_BAR);
    let most = rows.iter().filter(|row| row.bar).map(|row| row.count).max().unwrap_or(0).max(1);
    let mut text = String::new();
    for row in rows {
        let label = width::fit(&row.label, label_columns);
        let has_bar = row.bar && row.count > 0;
        let bar = if has_bar { ink.bar(row.count as f64 / most as f64, bar_columns) } else { String::new() };
        // Other values of an image that has several are more than there are images.
        let share = match 100.0 * row.count as f64 / total.max(1) as f64 {
            share if share <= 100.0 => format!("{share:>6.1} %"),
            _ => String::new(),
        };
        let line = format!(
            "  {label}{}  {bar}{}  {:>counts$} {share}",
            " ".repeat(label_columns.saturating_sub(width::of(&label))),
            " ".repeat(bar_columns.saturating_sub(width::of(&bar))),
            grouped(row.count),
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The counts over time, from the first bucket to the last; gaps are blank.
fn line_of_dates(buckets: &[FacetBucket], room: usize, ink: Ink) -> String {
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else { return String::new() };
    let begin = |bucket: &FacetBucket| bucket.from.unwrap_or(0.0);
    let start = |text: &str| text.split("..").next().unwrap_or_default().to_owned();
    let (left, right) = (start(&first.value), start(&last.value));
    let columns = room.saturating_sub(4 + left.len() + right.len()).clamp(8, 120);
    let end = last.to.unwrap_or_else(|| begin(last));
    let span = (end - begin(first)).max(1.0);
    // No more columns than buckets that would fit without gaps.
    let period = (first.to.unwrap_or(end) - begin(first)).max(1.0);
    let columns = columns.min((span / period).ceil() as usize).max(1);
    let mut sums = vec![0_u64; columns];
    for bucket in buckets {
        let middle = (begin(bucket) + bucket.to.unwrap_or_else(|| begin(bucket))) / 2.0;
        let place = ((middle - begin(first)) / span * columns as f64) as usize;
        if let Some(sum) = sums.get_mut(place.min(columns - 1)) {
            *sum += bucket.count;
        }
    }
    let most = sums.iter().copied().max().unwrap_or(0).max(1);
    let line: String = sums.iter().map(|sum| ink.level(*sum as f64 / most as f64)).collect();
    format!("  {left} {line} {right}")
}

#[cfg(test)]
mod tests {
    use super::super::super::terminal::Paint;
    use super::*;

    fn facet(name: &str, buckets: &[(&str, u64)]) -> FacetCounts {
        let bucket = |(number, (value, count)): (usize, &(&str, u64))| FacetBucket {
            value: (*value).to_owned(),
            count: *count,
            version: None,
            model: None,
            from: Some(number as f64),
            to: Some(number as f64 + 1.0),
        };
        let buckets: Vec<FacetBucket> = buckets.iter().enumerate().map(bucket).collect();
        let distinct = buckets.len() as u64;
        FacetCounts {
            r#type: "facet",
            facet: name.to_owned(),
            buckets,
            distinct,
            other: 0,
            missing: 4,
            total: 20,
        }
    }

    fn drawn(facet: FacetCounts, width: usize, ink: Ink) -> String {
        draw(&[facet], Terminal { is_terminal: true, width, paint: Paint(false) }, ink)
    }

    #[test]
    fn bars_are_as_long_as_their_share_and_fit_the_width() {
        let text = drawn(facet("sampler", &[("euler", 12), ("城堡\u{1b}", 4)]), 48, Ink::Blocks);
        insta::assert_snapshot!(text);
        assert!(text.lines().all(|line| width::of(line) <= 48));
        let ascii = drawn(facet("sampler", &[("euler", 12), ("dpm", 4)]), 48, Ink::Ascii);
        assert!(ascii.is_ascii() && ascii.contains("####"), "{ascii}");
    }

    #[test]
    fn many_dates_are_one_line() {
        let dates: Vec<(String, u64)> = (1..=24_u64).map(|month| (format!("m{month:02}"), month)).collect();
        let dates: Vec<(&str, u64)> = dates.iter().map(|(text, count)| (text.as_str(), *count)).collect();
        let text = drawn(facet("date:month", &dates), 60, Ink::Blocks);
        assert_eq!(text, "date:month: 24 values, 4 without\n  m01 ▁▁▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇▇███ m24\n");
        assert!(drawn(facet("date:month", &dates), 60, Ink::Ascii).is_ascii());
    }
}
