//! Lines of a bounded width, without anything that a terminal would obey.

use std::fmt::Write as _;

/// Narrowest line that the layout is made for, in characters.
const MIN_WIDTH: usize = 40;

/// Widest name column, in characters.
const MAX_NAME: usize = 48;

/// Longest bar, in characters.
const BAR: usize = 20;

/// A text in the making.
pub(in crate::lineage) struct Page {
    text: String,
    width: usize,
}

impl Page {
    pub(in crate::lineage) fn new(width: usize) -> Self {
        Self { text: String::new(), width: width.max(MIN_WIDTH) }
    }

    pub(in crate::lineage) fn finish(self) -> String {
        self.text
    }

    pub(in crate::lineage) fn width(&self) -> usize {
        self.width
    }

    pub(in crate::lineage) fn line(&mut self, line: &str) {
        let fitting = fit(&printable(line), self.width);
        self.text.push_str(fitting.trim_end());
        self.text.push('\n');
    }

    pub(in crate::lineage) fn title(&mut self, title: &str) {
        self.text.push('\n');
        self.line(title);
    }

    /// Text over as many lines as it needs, the later ones indented.
    pub(in crate::lineage) fn paragraph(&mut self, text: &str) {
        self.indented(2, text);
    }

    /// The same, behind so many blanks, of which there is at least one.
    pub(in crate::lineage) fn indented(&mut self, blanks: usize, text: &str) {
        let mut line = " ".repeat(blanks.saturating_sub(1));
        for word in text.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > self.width && line.trim() != "" {
                self.line(&line);
                line = " ".repeat(blanks + 1);
            }
            line.push(' ');
            line.push_str(word);
        }
        self.line(&line);
    }

    /// How much a list leaves out, if it does.
    pub(in crate::lineage) fn more(&mut self, what: &str, listed: usize, distinct: u64) {
        let left = distinct.saturating_sub(listed as u64);
        if listed > 0 && left > 0 {
            self.line(&format!("  ... and {left} more {what}"));
        }
    }

    /// The columns that the name of a row may take when `rest` characters follow it.
    pub(in crate::lineage) fn name_width(&self, rest: usize) -> usize {
        self.width.saturating_sub(rest).clamp(8, MAX_NAME)
    }

    pub(in crate::lineage) fn bars(&mut self, title: &str, rows: impl Iterator<Item = (String, u64)>) {
        let rows: Vec<(String, u64)> = rows.collect();
        let Some(most) = rows.iter().map(|(_, count)| *count).max().filter(|most| *most > 0) else { return };
        let name_width = self.name_width(BAR + 14);
        self.title(title);
        for (name, count) in rows {
            // At least one mark, so that a rare value does not look like none.
            let marks = (count.saturating_mul(BAR as u64) / most).max(1);
            let bar = "#".repeat(usize::try_from(marks).unwrap_or(BAR));
            self.line(&format!("  {}  {count:>7}  {bar}", pad(&name, name_width)));
        }
    }
}

pub(in crate::lineage) fn images(count: u64) -> String {
    if count == 1 { "1 image".to_owned() } else { format!("{count} images") }
}

pub(in crate::lineage) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{:.0} %", part as f64 * 100.0 / whole as f64) }
}

/// Text of exactly `width` characters: longer is cut, shorter is filled with blanks.
pub(in crate::lineage) fn pad(text: &str, width: usize) -> String {
    let fitting = fit(&printable(text), width);
    let missing = width.saturating_sub(fitting.chars().count());
    fitting + &" ".repeat(missing)
}

/// Text of at most `width` characters; a cut shows as `...`.
fn fit(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(3)).collect();
    format!("{kept}...")
}

/// Spells out what a terminal would obey, or what would hide or turn round other text.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let invisible = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if c.is_control() || invisible {
            // Writing to text cannot fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}
