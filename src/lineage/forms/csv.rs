//! One CSV file for each table of a report.
//!
//! Fields, quotes and line ends are those of RFC 4180. A text that a spreadsheet would take for a formula begins with an
//! apostrophe (OWASP, "CSV injection"); numbers are written by us and are left alone.

use crate::lineage::report::LineageReport;

use super::tables::{Cell, Table, tables};

/// One file of the bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvFile {
    /// Its name: letters, digits, `_` and `.csv`.
    pub name: String,
    /// Its text, CRLF after each row, the names of the columns first.
    pub text: String,
}

/// All tables of a report, each with its header, in the order of the figures. Every report gives the same files.
pub fn csv(report: &LineageReport) -> Vec<CsvFile> {
    tables(report).iter().map(file).collect()
}

fn file(table: &Table) -> CsvFile {
    let mut text = String::new();
    line(&mut text, table.columns.iter().map(|column| column.0.to_owned()));
    for row in &table.rows {
        line(&mut text, row.iter().map(field));
    }
    CsvFile { name: format!("{}.csv", table.key), text }
}

fn line(text: &mut String, fields: impl Iterator<Item = String>) {
    for (place, field) in fields.enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(&quoted(&field));
    }
    text.push_str("\r\n");
}

fn field(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) if is_formula(text) => format!("'{text}"),
        cell => cell.machine(),
    }
}

/// Whether a spreadsheet might calculate it. Blanks, which some of them skip, do not hide the first character.
fn is_formula(text: &str) -> bool {
    let begins = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    let first = text.chars().find(|c| !c.is_whitespace() && !c.is_control());
    // A number below zero, such as a seed, is no formula.
    let is_number = text.starts_with('-') && text.parse::<i128>().is_ok();
    text.starts_with(['\t', '\r', '\n']) || (first.is_some_and(begins) && !is_number)
}

fn quoted(field: &str) -> String {
    let edge = field.starts_with(' ') || field.ends_with(' ');
    if edge || field.contains(['"', ',', '\r', '\n']) {
        return format!("\"{}\"", field.replace('"', "\"\""));
    }
    field.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(quoted(&field(&Cell::text(text))), expected);
    }

    #[test]
    fn formulas_are_defused_and_quotes_are_doubled() {
        check("=1+1", "'=1+1");
        check(" \u{1}@SUM(A1)", "' \u{1}@SUM(A1)");
        check("\tx", "'\tx");
        check("＝cmd", "'＝cmd");
        check("-12", "-12");
        check("-12+cmd|' /C calc'!A0", "'-12+cmd|' /C calc'!A0");
        check("a \"b\", c", "\"a \"\"b\"\", c\"");
        check("two\nlines", "\"two\nlines\"");
    }

    /// Reads RFC 4180 the slow way.
    fn read(text: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut field, mut inside) = (vec![], vec![], String::new(), false);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if inside && chars.peek() == Some(&'"') => {
                    chars.next();
                    field.push('"');
                }
                '"' => inside = !inside,
                ',' if !inside => row.push(std::mem::take(&mut field)),
                '\r' if !inside && chars.peek() == Some(&'\n') => {
                    chars.next();
                    row.push(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
                c => field.push(c),
            }
        }
        assert!(!inside && field.is_empty() && row.is_empty(), "the text ends within a row");
        rows
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(rows in proptest::collection::vec(proptest::collection::vec("[ -~\r\n\",=é]{0,12}", 3), 0..6)) {
            let mut text = String::new();
            let cells: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|text| field(&Cell::text(text))).collect()).collect();
            for row in &cells {
                line(&mut text, row.iter().cloned());
            }
            prop_assert_eq!(read(&text), cells);
        }

        #[test]
        fn no_text_begins_like_a_formula(text in "[=+@\t\r\n -]{0,3}\\PC{0,5}") {
            let field = field(&Cell::text(&text));
            prop_assert!(!field.starts_with(['=', '+', '@', '\t', '\r', '\n']), "{:?}", field);
        }
    }
}
