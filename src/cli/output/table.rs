//! Aligned columns that fit the width, with an ellipsis where a text was cut.

use std::ops::Range;
use std::rc::Rc;

use super::width;
use crate::cli::escape;
use crate::cli::terminal::Terminal;

/// Rows looked at before the widths are settled. Later rows are cut to these widths.
const ROWS_MEASURED: usize = 1000;
/// Narrowest a flexible column may get.
const MIN_FLEXIBLE: usize = 12;
/// Narrowest a secondary column may get, once the flexible ones are at their narrowest.
const MIN_SECONDARY: usize = 6;
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
    Secondary,
}

impl Kind {
    /// Whether its text may be cut.
    fn is_cut(self) -> bool {
        matches!(self, Self::Flexible | Self::Secondary)
    }
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

    /// Text that is cut before any flexible column is.
    pub(crate) const fn secondary(title: &'static str) -> Self {
        Self { title, kind: Kind::Secondary }
    }
}

/// Says which places of a text are marked, in bytes: ascending and apart.
pub(crate) type Finder = Rc<dyn Fn(&str) -> Vec<Range<usize>>>;

/// Finds what to mark in the cells of one column.
#[derive(Clone)]
pub(crate) struct Marker {
    /// The column's title.
    pub(crate) title: &'static str,
    /// Finds the places.
    pub(crate) find: Finder,
}

/// A table on its way out: the first rows are held back to measure them.
pub(crate) struct Table {
    columns: Vec<Column>,
    held: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
    marker: Option<Marker>,
}

impl Table {
    /// A table without rows; it prints nothing, not even a heading.
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        Self { columns, held: Vec::new(), widths: None, marker: None }
    }

    /// Marks parts of a column. Where such a cell is cut, it begins near the first of them.
    pub(crate) fn mark(&mut self, marker: Marker) {
        self.marker = Some(marker);
    }

    /// Takes a row; returns what can be printed by now.
    pub(crate) fn push(&mut self, cells: Vec<String>, terminal: Terminal) -> String {
        let cells: Vec<String> = cells.iter().map(|cell| escape::cell(cell).into_owned()).collect();
        if let Some(widths) = &self.widths {
            return self.row(widths, &cells, terminal);
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
        let heading = Self { marker: None, columns: self.columns.clone(), held: Vec::new(), widths: None };
        let heading = heading.row(&widths, &titles, terminal);
        let mut text = format!("{}\n", terminal.paint.bold(heading.trim_end()));
        for cells in std::mem::take(&mut self.held) {
            text.push_str(&self.row(&widths, &cells, terminal));
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
        shrink(&self.columns, &mut widths, room.saturating_sub(gaps));
        widths
    }

    fn row(&self, widths: &[usize], cells: &[String], terminal: Terminal) -> String {
        let mut line = String::new();
        for ((column, &wanted), cell) in self.columns.iter().zip(widths).zip(cells) {
            let (text, columns) = self.cell(*column, wanted, cell, terminal);
            let pad = " ".repeat(wanted.saturating_sub(columns));
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

    /// A cell cut to its column and marked, with the columns that it takes.
    fn cell(&self, column: Column, wanted: usize, cell: &str, terminal: Terminal) -> (String, usize) {
        if !column.kind.is_cut() {
            return (cell.to_owned(), width::of(cell));
        }
        let Some(marker) = self.marker.as_ref().filter(|marker| marker.title == column.title) else {
            let text = width::fit(cell, wanted);
            let columns = width::of(&text);
            return (text, columns);
        };
        let text = width::fit_around(cell, wanted, (marker.find)(cell).first());
        let columns = width::of(&text);
        let places = if terminal.paint.0 { (marker.find)(&text) } else { Vec::new() };
        (painted(&text, &places, terminal), columns)
    }
}

/// The text with these places marked.
pub(crate) fn painted(text: &str, places: &[Range<usize>], terminal: Terminal) -> String {
    let mut out = String::with_capacity(text.len() + 12 * places.len());
    let mut done = 0;
    for place in places {
        let (Some(before), Some(word)) = (text.get(done..place.start), text.get(place.clone())) else {
            continue;
        };
        out.push_str(before);
        out.push_str(&terminal.paint.mark(word));
        done = place.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// Cuts until the row fits or nothing is left to cut: secondary columns first, and once more at the end.
fn shrink(columns: &[Column], widths: &mut [usize], room: usize) {
    let steps =
        [(Kind::Secondary, MIN_FLEXIBLE), (Kind::Flexible, MIN_FLEXIBLE), (Kind::Secondary, MIN_SECONDARY)];
    for (kind, narrowest) in steps {
        let excess = widths.iter().sum::<usize>().saturating_sub(room);
        shrink_kind(kind, narrowest, columns, widths, excess);
    }
}

/// Takes from the widest column of this kind, down to the next widest, until the excess is gone.
fn shrink_kind(kind: Kind, narrowest: usize, columns: &[Column], widths: &mut [usize], mut excess: usize) {
    while excess > 0 {
        let of_kind = || (0..widths.len()).filter(|&at| columns[at].kind == kind);
        let Some(widest) = of_kind().max_by_key(|&at| (widths[at], std::cmp::Reverse(at))) else { return };
        let next = of_kind().filter(|&at| at != widest).map(|at| widths[at]).max().unwrap_or(0);
        let least = if widths[widest] == next { next - 1 } else { next };
        let target = least.max(widths[widest].saturating_sub(excess)).max(narrowest);
        if target >= widths[widest] {
            return;
        }
        excess -= widths[widest] - target;
        widths[widest] = target;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::terminal::Paint;

    const COLUMNS: &[Column] =
        &[Column::right("id"), Column::flexible("prompt"), Column::left("sampler"), Column::flexible("who")];

    fn print(width: usize, rows: &[[&str; 4]]) -> String {
        let terminal = Terminal { is_terminal: true, width, paint: Paint(false) };
        let mut table = Table::new(COLUMNS.to_vec());
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
    fn secondary_columns_are_cut_first_and_none_below_the_least() {
        let columns =
            [Column::flexible("a"), Column::secondary("b"), Column::flexible("c"), Column::left("d")];
        let shrunk = |room: usize| {
            let mut widths = [40, 30, 20, 10];
            shrink(&columns, &mut widths, room);
            widths
        };
        assert_eq!(shrunk(100), [40, 30, 20, 10]);
        assert_eq!(shrunk(90), [40, 20, 20, 10]);
        assert_eq!(shrunk(70), [28, 12, 20, 10]);
        assert_eq!(shrunk(61), [19, 12, 20, 10]);
        assert_eq!(shrunk(45), [12, 11, 12, 10]);
        assert_eq!(shrunk(5), [12, 6, 12, 10]);
    }

    #[test]
    fn wide_characters_keep_the_columns_aligned() {
        assert_eq!(
            print(80, &[["1", "城堡", "euler", "李"], ["22", "hill", "ddim", "bo"]]),
            "id  prompt  sampler  who\n 1  城堡    euler    李\n22  hill    ddim     bo\n"
        );
    }

    #[test]
    fn a_marked_cell_is_cut_around_its_first_mark() {
        let find = |text: &str| text.match_indices("mist").map(|(at, word)| at..at + word.len()).collect();
        let print = |paint: bool, width: usize| {
            let terminal = Terminal { is_terminal: true, width, paint: Paint(paint) };
            let mut table = Table::new(vec![Column::flexible("prompt")]);
            table.mark(Marker { title: "prompt", find: Rc::new(find) });
            let cell = "a castle on a hill in the far north, morning mist over the moat, oil on canvas";
            assert_eq!(table.push(vec![cell.to_owned()], terminal), "");
            table.finish(terminal)
        };
        assert_eq!(print(false, 34), "prompt\n…north, morning mist over the moa…\n");
        assert!(print(true, 34).contains("\u{1b}[1;35mmist\u{1b}[0m over"), "{:?}", print(true, 34));
        assert!(print(false, 200).contains("mist over the moat, oil on canvas"));
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
