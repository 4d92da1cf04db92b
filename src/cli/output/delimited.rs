//! CSV as RFC 4180 has it, and plain tab-separated lines.

use super::table::Column;
use crate::cli::escape;

/// The header line of a CSV file.
pub(crate) fn csv_header(columns: &[Column]) -> String {
    let titles: Vec<String> = columns.iter().map(|column| column.title.to_owned()).collect();
    csv(&titles)
}

/// One CSV record. Line breaks and tabs inside a field stay, quoted; other control characters are spelt out.
pub(crate) fn csv(cells: &[String]) -> String {
    let mut line = String::new();
    for (position, cell) in cells.iter().enumerate() {
        if position > 0 {
            line.push(',');
        }
        push_field(&mut line, cell);
    }
    line.push_str("\r\n");
    line
}

fn push_field(line: &mut String, cell: &str) {
    if !cell.contains(|c: char| matches!(c, '"' | ',') || escape::is_steering(c)) {
        line.push_str(cell);
        return;
    }
    line.push('"');
    for c in cell.chars() {
        match c {
            '"' => line.push_str("\"\""),
            '\n' | '\r' | '\t' => line.push(c),
            other => line.push_str(&escape::one_line(other.encode_utf8(&mut [0; 4]))),
        }
    }
    line.push('"');
}

/// One line of tab-separated cells; tabs and line breaks inside a cell are spelt `\t` and `\n`.
pub(crate) fn tsv(cells: &[String]) -> String {
    let mut line = String::new();
    for (position, cell) in cells.iter().enumerate() {
        if position > 0 {
            line.push('\t');
        }
        line.push_str(&escape::one_line(cell));
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_commas_quotes_and_breaks_are_quoted() {
        let cells = ["plain".to_owned(), "a,b".to_owned(), "say \"hi\"\nthen".to_owned(), String::new()];
        assert_eq!(csv(&cells), "plain,\"a,b\",\"say \"\"hi\"\"\nthen\",\r\n");
    }

    #[test]
    fn a_cell_never_adds_a_column_or_a_line() {
        assert_eq!(tsv(&["a\tb".to_owned(), "c\nd".to_owned()]), "a\\tb\tc\\nd\n");
    }
}
