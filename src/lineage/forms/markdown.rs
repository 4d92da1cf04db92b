//! A report in Markdown, as GitHub reads it: headings and tables.

use std::fmt::Write as _;

use crate::lineage::report::LineageReport;

use super::tables::{Cell, Table, tables};
use super::words::{called, count, cut, images_are, kind, period, shown};

/// Longest text of one cell, in characters.
const MOST_CELL: usize = 200;

/// The whole report. Tables without rows are left out.
pub fn markdown(report: &LineageReport) -> String {
    let mut out = format!("# {}\n\n", escape(&cut(&shown(&called(&report.scope)), MOST_CELL)));
    let mut facts = vec![format!("Lineage report, {}", kind(&report.scope))];
    facts.extend(period(&report.scope));
    facts.push(format!("{} images {}", count(report.images), images_are(report)));
    if let Some(stamp) = &report.stamp {
        facts.push(format!("made {} of generation {} by {}", stamp.at, stamp.generation, stamp.program));
    }
    let facts: Vec<String> = facts.iter().map(|fact| escape(&cut(&shown(fact), MOST_CELL))).collect();
    let _ = writeln!(out, "{}.", facts.join("; "));
    for table in tables(report).iter().filter(|table| !table.rows.is_empty()) {
        write_table(&mut out, table);
    }
    let truncated = report.ancestry.graph.truncated;
    if (truncated.nodes, truncated.at_depth) != (0, 0) {
        let _ = writeln!(
            out,
            "\nNot in the family tree: {} relatives beyond its size; {} nodes {} generations away were not asked \
             for further ones.",
            count(truncated.nodes),
            count(truncated.at_depth),
            truncated.depth
        );
    }
    out
}

fn write_table(out: &mut String, table: &Table) {
    let _ = write!(out, "\n## {}\n\n{}.\n\n|", table.title, escape(&sentence(&shown(&table.meaning))));
    for column in table.columns {
        let _ = write!(out, " {} |", column.1);
    }
    out.push_str("\n|");
    for place in 0..table.columns.len() {
        let numbers = table.rows.iter().any(|row| row.get(place).is_some_and(Cell::is_number));
        out.push_str(if numbers { " ---: |" } else { " --- |" });
    }
    out.push('\n');
    for row in &table.rows {
        out.push('|');
        for cell in row {
            let _ = write!(out, " {} |", escape(&cut(&cell.human(), MOST_CELL)));
        }
        out.push('\n');
    }
    if table.left_out > 0 {
        let _ = writeln!(out, "\n… and {} more.", count(table.left_out));
    }
}

/// With a capital letter.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Text that means nothing but itself: no markup, no HTML, no link that makes itself, nobody mentioned.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '{' | '}' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            // An empty comment shows as nothing, and keeps `@name`, `#12`, `http://` and `www.` from becoming links.
            '@' | '#' => {
                out.push(c);
                out.push_str("<!-- -->");
            }
            '/' if out.ends_with(":/") => out.push_str("<!-- -->/"),
            '.' if out.len() >= 3 && out.is_char_boundary(out.len() - 3) && ends_in_www(&out) => {
                out.push_str("<!-- -->.");
            }
            c => out.push(c),
        }
    }
    // A line that begins like a list, a heading or a rule would be one.
    if out.starts_with(['-', '+', '=', '!']) || out.starts_with(|c: char| c.is_ascii_digit()) {
        return begin(&out);
    }
    out
}

fn ends_in_www(text: &str) -> bool {
    text.len()
        .checked_sub(3)
        .and_then(|start| text.get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

/// Escapes what makes the first word of a line the head of a list.
fn begin(text: &str) -> String {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    match text.split_at_checked(digits) {
        Some((number, rest)) if digits > 0 && rest.starts_with(['.', ')']) => format!("{number}\\{rest}"),
        _ if digits > 0 => text.to_owned(),
        _ => format!("\\{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(escape(text), expected);
    }

    #[test]
    fn nothing_of_a_name_is_markup() {
        check("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;");
        check("a|b \\| c", "a\\|b \\\\\\| c");
        check("[x](javascript:y)", "\\[x\\](javascript:y)");
        check("@octocat fixes #1", "@<!-- -->octocat fixes #<!-- -->1");
        check("https://x.y www.z", "https:/<!-- -->/x.y www<!-- -->.z");
        check("1. x", "1\\. x");
        check("12 x", "12 x");
        check("- x", "\\- x");
        check("*b* _i_ `c` ~s~ $m$", "\\*b\\* \\_i\\_ \\`c\\` \\~s\\~ \\$m\\$");
    }
}
