//! The frame of the page: head, figures at the top, contents, sections, and the words at the end.

use std::fmt::Write as _;

use crate::lineage::explain::explain;
use crate::lineage::report::LineageReport;
use crate::page::{END, Frame, escape};

use super::super::tables::{Cell, Table};
use super::super::words::{called, count, cut, day, images_are, kind, period, shown};
use super::svg::foreign;

/// By which a page is known to be a report.
const KIND: &str = "Stemmata lineage report";

const STYLE: &str = include_str!("style.css");

/// Longest name at the top, and longest text of a cell, in characters.
const MOST_TITLE: usize = 160;
const MOST_CELL: usize = 300;

/// Longest table without a chart that need not be opened.
const MOST_OPEN_ROWS: usize = 12;

/// A page in the making.
pub(super) struct Page {
    head: String,
    contents: String,
    body: String,
    end: String,
}

impl Page {
    pub(super) fn new(report: &LineageReport) -> Self {
        let title = cut(&shown(&called(&report.scope)), MOST_TITLE);
        let mut head = Frame { kind: KIND, title: &format!("{title} – lineage"), style: STYLE }.open();
        let _ = write!(
            head,
            "<a class=\"skip\" href=\"#content\">Skip to the figures</a>\n<header>\n\
             <p class=\"kind\">Lineage report · {}</p>\n<h1><bdi>{}</bdi></h1>\n",
            foreign(&kind(&report.scope), 80),
            escape(&title)
        );
        if let Some(period) = period(&report.scope) {
            let _ = writeln!(head, "<p class=\"facts\">Only {}.</p>", escape(&period));
        }
        tiles(&mut head, report);
        head.push_str("</header>\n");
        Self { head, contents: String::new(), body: String::new(), end: end(report) }
    }

    /// A section with what `fill` puts into it; none where that is nothing.
    pub(super) fn section(&mut self, id: &str, title: &str, lead: &str, fill: impl FnOnce(&mut String)) {
        let mut inside = String::new();
        fill(&mut inside);
        if inside.is_empty() {
            return;
        }
        let _ = writeln!(self.contents, "<li><a href=\"#{id}\">{title}</a></li>");
        let _ = write!(
            self.body,
            "<section id=\"{id}\" aria-labelledby=\"{id}-h\">\n<h2 id=\"{id}-h\">{title}</h2>\n"
        );
        if !lead.is_empty() {
            let _ = writeln!(self.body, "<p class=\"lead\">{}</p>", escape(lead));
        }
        let _ = write!(self.body, "<div class=\"grid\">\n{inside}</div>\n</section>\n");
    }

    pub(super) fn finish(self) -> String {
        let Self { head, contents, body, end } = self;
        format!(
            "{head}<nav aria-label=\"Contents\">\n<ul>\n{contents}<li><a href=\"#words\">What the figures mean</a></li>\n\
             </ul>\n</nav>\n<main id=\"content\" tabindex=\"-1\">\n{body}{end}</main>\n{END}"
        )
    }
}

/// The figures at the top.
fn tiles(out: &mut String, report: &LineageReport) {
    let counts = report.counts;
    out.push_str("<dl class=\"tiles\">\n");
    let mut tile = |name: &str, value: &str, note: &str| {
        let _ = writeln!(
            out,
            "<div><dt>{name}</dt><dd class=\"big\">{}</dd><dd class=\"note\">{}</dd></div>",
            escape(value),
            escape(note)
        );
    };
    tile(
        &format!("Images {}", images_are(report)),
        &count(report.images),
        "their own metadata, or the site's list beside them, names a file or version",
    );
    if report.scope.kind != crate::lineage::scope::ScopeKind::Query {
        tile(
            "Posted for it",
            &count(counts.posted_for),
            "whatever their metadata says; never added to the others",
        );
    }
    match counts.made_with_distinct {
        Some(distinct) => tile("Different pictures", &count(distinct), "when near-duplicates count once"),
        None => tile(
            "Different files",
            &count(counts.made_with_deduplicated),
            "by their bytes; nobody has looked for near-duplicates yet",
        ),
    }
    let seen = (report.first_seen.is_some() || report.last_seen.is_some())
        .then(|| format!("{} – {}", day(report.first_seen), day(report.last_seen)));
    if let Some(seen) = seen {
        tile("First and last seen", &seen, "days on which images were made, UTC");
    }
    if let Some(score) = &report.score {
        tile(
            "Provenance score",
            &format!("{:.1}", score.value),
            "of 100; how much is written down, see below",
        );
    }
    out.push_str("</dl>\n");
}

/// What every figure means, and who wrote this when.
fn end(report: &LineageReport) -> String {
    let mut out = String::from("<section id=\"words\" aria-labelledby=\"words-h\">\n");
    out.push_str("<h2 id=\"words-h\">What the figures mean</h2>\n<dl class=\"words\">\n");
    for told in explain(report) {
        let _ = writeln!(
            out,
            "<dt>{}</dt><dd>{}</dd>",
            escape(&told.figure.replace('_', " ")),
            escape(&sentence(&told.text))
        );
    }
    out.push_str("</dl>\n</section>\n<footer>\n");
    if let Some(stamp) = &report.stamp {
        let _ = writeln!(
            out,
            "<p>Made {} of generation {} of the catalog by {}.</p>",
            escape(&stamp.at.to_string()),
            stamp.generation,
            foreign(&stamp.program, 60)
        );
    }
    out.push_str("<p>Statements are those of files, images and publishers. None of them was verified.</p>\n</footer>\n");
    out
}

/// With a capital letter and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    let stop = if text.ends_with('.') { "" } else { "." };
    format!("{first}{}{stop}", chars.as_str())
}

/// A chart with its heading, its meaning, and its table.
pub(super) fn figure(out: &mut String, table: &Table, class: &str, chart: &str) {
    titled_figure(out, table, class, table.title, chart);
}

/// The same under another heading.
pub(super) fn titled_figure(out: &mut String, table: &Table, class: &str, title: &str, chart: &str) {
    if table.rows.is_empty() && chart.is_empty() {
        return;
    }
    let key = table.key;
    let _ = write!(
        out,
        "<figure class=\"card {class}\" id=\"f-{key}\">\n<h3><bdi>{}</bdi></h3>\n",
        foreign(title, 120)
    );
    out.push_str(chart);
    let _ = writeln!(out, "<figcaption>{}</figcaption>", foreign(&sentence(&table.meaning), 1_000));
    if chart.is_empty() && table.rows.len() <= MOST_OPEN_ROWS {
        whole(out, table);
    } else {
        let rows = if table.rows.len() == 1 {
            "1 row".to_owned()
        } else {
            format!("{} rows", count(table.rows.len() as u64))
        };
        let _ = writeln!(out, "<details>\n<summary>As a table ({rows})</summary>");
        whole(out, table);
        out.push_str("</details>\n");
    }
    out.push_str("</figure>\n");
}

fn whole(out: &mut String, table: &Table) {
    let _ = write!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}, table\">\n<table>\n<thead><tr>",
        table.title
    );
    let is_number = |place: usize| table.rows.iter().any(|row| row.get(place).is_some_and(Cell::is_number));
    for (place, column) in table.columns.iter().enumerate() {
        let class = if is_number(place) { " class=\"num\"" } else { "" };
        let _ = write!(out, "<th scope=\"col\"{class}>{}</th>", column.1);
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for (place, cell) in row.iter().enumerate() {
            let text = foreign(&cell.human(), MOST_CELL);
            if place == 0 {
                let class = if cell.is_number() { " class=\"num\"" } else { "" };
                let _ = write!(out, "<th scope=\"row\"{class}><bdi>{text}</bdi></th>");
            } else if cell.is_number() || is_number(place) {
                let _ = write!(out, "<td class=\"num\">{text}</td>");
            } else {
                let _ = write!(out, "<td><bdi>{text}</bdi></td>");
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
    if table.left_out > 0 {
        let _ = writeln!(out, "<p class=\"more\">… and {} more.</p>", count(table.left_out));
    }
}
