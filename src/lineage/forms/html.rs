//! A report as one HTML page that needs nothing else: no network, no script, no font.
//!
//! - In: a report. Out: a page for wide and narrow screens, light and dark, and paper.
//! - Every chart has a title and a description, and the same figures as a table below it.
//! - Never: a word of a stranger that is markup, or that turns the text beside it round. A policy in the page forbids
//!   the browser to load anything at all, should that ever fail.

mod bars;
mod page;
mod sections;
mod svg;
mod tree;
mod weeks;

use crate::lineage::report::LineageReport;

use page::Page;

/// The whole page.
pub fn html(report: &LineageReport) -> String {
    let mut page = Page::new(report);
    sections::all(&mut page, report);
    page.finish()
}
