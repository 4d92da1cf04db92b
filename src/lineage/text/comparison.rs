//! A comparison for a terminal.

use crate::lineage::compare::{Comparison, ListChange};

use super::page::{Page, pad};
use super::{called, period};

/// Rows of a list that a terminal shows.
const MOST_ROWS: usize = 10;

/// Relatives of one side that a terminal shows.
const MOST_TIES: usize = 20;

/// Lays a comparison out in lines of at most `width` characters, or 40 if that is more.
pub fn render_comparison(comparison: &Comparison, width: usize) -> String {
    let mut page = Page::new(width);
    page.line(&format!("A  {}{}", called(&comparison.a), period(&comparison.a)));
    page.line(&format!("B  {}{}", called(&comparison.b), period(&comparison.b)));
    let name_width = page.name_width(42);
    page.title(&format!("{}  {:>12}  {:>12}  {:>12}", pad("", name_width + 2), "A", "B", "change"));
    for number in &comparison.numbers {
        let told = |value: Option<f64>| value.map_or("-".to_owned(), |value| value.to_string());
        let change = number.change.filter(|change| *change != 0.0);
        let change = change.map(|change| format!("{change:+}")).unwrap_or_default();
        page.line(&format!(
            "  {}  {:>12}  {:>12}  {:>12}",
            pad(&number.figure, name_width),
            told(number.a),
            told(number.b),
            change
        ));
    }
    for list in &comparison.lists {
        page.list(list);
    }
    for (side, ties) in [("A", &comparison.ties_only_a), ("B", &comparison.ties_only_b)] {
        if !ties.is_empty() {
            page.title(&format!("Relatives of {side} alone"));
            ties.iter().take(MOST_TIES).for_each(|tie| page.line(&format!("  {tie}")));
            page.more("relatives", ties.len().min(MOST_TIES), ties.len() as u64);
        }
    }
    page.finish()
}

impl Page {
    fn list(&mut self, list: &ListChange) {
        let at_least = if list.at_least { "at least " } else { "" };
        let apart = list.divergence.zip(list.by_chance).map(|(bits, chance)| {
            let within = if bits > chance { "" } else { ", within chance" };
            format!(", {at_least}{bits:.3} bits apart (chance {chance:.3}{within})")
        });
        self.title(&format!(
            "{}: of {} and {} images{}",
            list.figure,
            list.a_images,
            list.b_images,
            apart.unwrap_or_default()
        ));
        let name_width = self.name_width(38);
        for row in list.rows.iter().take(MOST_ROWS) {
            let count = |images: Option<u64>| images.map_or("?".to_owned(), |images| images.to_string());
            let share =
                |share: Option<f64>| share.map_or(String::new(), |share| format!("{:.1} %", share * 100.0));
            self.line(&format!(
                "  {}  {:>8} {:>7}  {:>8} {:>7}",
                pad(&row.value, name_width),
                count(row.a),
                share(row.a_share),
                count(row.b),
                share(row.b_share)
            ));
        }
        self.more("rows", list.rows.len().min(MOST_ROWS), list.rows.len() as u64);
    }
}
