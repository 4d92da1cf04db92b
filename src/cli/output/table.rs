//! Aligned columns that fit the width, with an ellipsis where a text was cut.

use super::width;
use crate::cli::escape;
use crate::cli::terminal::Terminal;

/// Rows looked at before the widths are settled. Later rows are cut to these widths.
const ROWS_MEASURED: usize = 1000;
/// Narrowest a flexible column may get.
const MIN_FLEXIBLE: usize = 12;
/// Blanks between columns.
const GAP: usize = 2;

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// Its heading.
    pub(crate) title: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Left,
    Right,
    Flexible,
}

impl Column {
    /// Text that is never cut.
    pub(crate) const fn left(title: &'static str) -> Self {
        Self { title, kind: Kind::Left }
    }

    /// Numbers.
    pub(crate) const fn right(title: &'static str) -> Self {
        Self { title, kind: Kind::Right }
    }

    /// Text that is cut when the row is too long.
    pub(crate) const fn flexible(title: &'static str) -> Self {
        Self { title, kind: Kind::Flexible }
    }
}

/// A table on its way out: the first rows are held back to measure them.
pub(crate) struct Table {
    columns: &'static [Column],
    held: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
}

impl Table {
    /// A table without rows; it prints nothing, not even a heading.
    pub(crate) fn new(columns: &'static [Column]) -> Self {
        Self { columns, held: Vec::new(), widths: None }
    }

    /// Takes a row; returns what can be printed by now.
    pub(crate) fn push(&mut self, cells: Vec<String>, terminal: Terminal) -> String {
        let cells: Vec<String> = cells.iter().map(|cell| escape::cell(cell).into_owned()).collect();
        if let Some(widths) = &self.widths {
            return row(self.columns, widths, &cells);
        }
        self.held.push(cells);
        if self.held.len() < ROWS_MEASURED { String::new() } else { self.settle(terminal) }
    }

    /// Returns what is still held back.
    pub(crate) fn finish(&mut self, terminal: Terminal) -> String {
        if self.widths.is_some() || self.held.is_empty() { String::new() } else { self.settle(terminal) }
    }

    fn settle(&mut self, terminal: Terminal) -> String {
        let widths = self.measure(terminal.width);
        let titles: Vec<String> = self.columns.iter().map(|column| column.title.to_owned()).collect();
        let heading = row(self.columns, &widths, &titles);
        let mut text = format!("{}\n", terminal.paint.bold(heading.trim_end()));
        for cells in self.held.drain(..) {
            text.push_str(&row(self.columns, &widths, &cells));
        }
        self.widths = Some(widths);
        text
    }

    fn measure(&self, room: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|column| width::of(column.title)).collect();
        for cells in &self.held {
            for (widest, cell) in widths.iter_mut().zip(cells) {
                *widest = (*widest).max(width::of(cell));
            }
        }
        let gaps = GAP * self.columns.len().saturating_sub(1);
        shrink(self.columns, &mut widths, room.saturating_sub(gaps));
        widths
    }
}

/// Takes from the widest flexible column, one blank at a time, until the row fits or nothing is left to take.
fn shrink(columns: &[Column], widths: &mut [usize], room: usize) {
    let mut excess = widths.iter().sum::<usize>().saturating_sub(room);
    while excess > 0 {
        let widest = (0..widths.len())
            .filter(|&at| columns[at].kind == Kind::Flexible && widths[at] > MIN_FLEXIBLE)
            .max_by_key(|&at| (widths[at], std::cmp::Reverse(at)));
        let Some(at) = widest else { return };
        let runner_up = (0..widths.len())
            .filter(|&other| other != at && columns[other].kind == Kind::Flexible)
            .map(|other| widths[other])
            .max()
            .unwrap_or(0)
            .max(MIN_FLEXIBLE);
        let step = excess.min(widths[at].saturating_sub(runner_up).max(1));
        widths[at] -= step;
        excess -= step;
    }
}

fn row(columns: &[Column], widths: &[usize], cells: &[String]) -> String {
    let mut line = String::new();
    for ((column, &wanted), cell) in columns.iter().zip(widths).zip(cells) {
        let text = if column.kind == Kind::Flexible { width::fit(cell, wanted) } else { cell.clone() };
        let pad = " ".repeat(wanted.saturating_sub(width::of(&text)));
        if !line.is_empty() {
            line.push_str(&" ".repeat(GAP));
        }
        if column.kind == Kind::Right {
            line.push_str(&pad);
            line.push_str(&text);
        } else {
            line.push_str(&text);
            line.push_str(&pad);
        }
    }
    line.truncate(line.trim_end().len());
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::terminal::Paint;

    const COLUMNS: &[Column] =
        &[Column::right("id"), Column::flexible("prompt"), Column::left("sampler"), Column::flexible("who")];

    fn print(width: usize, rows: &[[&str; 4]]) -> String {
        let terminal = Terminal { is_terminal: true, width, paint: Paint(false) };
        let mut table = Table::new(COLUMNS);
        let mut text = String::new();
        for cells in rows {
            text.push_str(&table.push(cells.iter().map(|&cell| cell.to_owned()).collect(), terminal));
        }
        text.push_str(&table.finish(terminal));
        text
    }

    #[test]
    fn a_long_prompt_is_cut_before_a_short_name() {
        let text =
            print(50, &[["7", "a castle on a hill, morning mist, oil painting", "euler", "ada lovelace"]]);
        assert_eq!(
            text,
            "id  prompt                   sampler  who\n 7  a castle on a hill, mo…  euler    ada lovelace\n"
        );
        assert!(text.lines().all(|line| width::of(line) <= 50));
    }

    #[test]
    fn wide_characters_keep_the_columns_aligned() {
        assert_eq!(
            print(80, &[["1", "城堡", "euler", "李"], ["22", "hill", "ddim", "bo"]]),
            "id  prompt  sampler  who\n 1  城堡    euler    李\n22  hill    ddim     bo\n"
        );
    }

    #[test]
    fn no_rows_print_nothing() {
        assert_eq!(print(80, &[]), "");
    }

    #[test]
    fn rows_after_the_measured_ones_are_printed_too() {
        let rows = vec![["1", "a", "b", "c"]; ROWS_MEASURED + 5];
        assert_eq!(print(80, &rows).lines().count(), ROWS_MEASURED + 6);
    }
}
