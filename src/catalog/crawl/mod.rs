//! Where each listing stands, page by page.
//!
//! - In: the row of a listing and of a page, written in the same transaction as the page's items.
//! - Out: those rows, by listing.
//! - Never: a deletion of anything that a walk brought.

mod absences;
mod counts;
mod known;
mod pages;
mod parts;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::entity::Timestamp;

pub(super) use absences::store_absence;
pub use absences::{Absent, Tombstone};
pub use counts::{Gap, WalkCounts};
pub use pages::{CrawlPage, PageKind};
pub use parts::Part;

use super::{Catalog, CatalogError, Result};

/// Whether a listing was walked to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrawlState {
    /// More pages are due; the cursor says from where.
    Running,
    /// The last page is committed.
    Done,
}

impl CrawlState {
    /// The word in the catalog.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Running, Self::Done].into_iter().find(|state| state.as_str() == word)
    }
}

/// How far the walk over one listing has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrawlRow {
    /// Host, path and parameters in canonical order, without cursor, limit and secrets.
    pub listing: String,
    /// Whether it is over.
    pub state: CrawlState,
    /// What to send to get the next page; `None` before the first page and after the last.
    pub cursor: Option<String>,
    /// Pages committed in this walk.
    pub pages: u64,
    /// Items received in this walk, repeated ones included.
    pub items: u64,
    /// When this walk began.
    pub started_at: Timestamp,
    /// When its last page was committed.
    pub updated_at: Timestamp,
    /// Anomalies met in this walk, by name.
    pub coverage: BTreeMap<String, u64>,
    /// Which walk over the listing this is, from 1.
    pub walk: u64,
    /// Why the walk ended, or why it stands still; `None` while it is under way.
    pub end_reason: Option<String>,
    /// What was counted on the way.
    pub counts: WalkCounts,
}

/// What a page moves: the listing's row, and the page's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrawlStep {
    /// Where the listing stands after it.
    pub row: CrawlRow,
    /// The page; `None` when only the row changes.
    pub page: Option<CrawlPage>,
}

const COLUMNS: &str =
    "listing, state, cursor, pages, items, started_at, updated_at, coverage, walk, end_reason, counts";

impl Catalog {
    /// Where a listing stands; `None` when it was never walked.
    ///
    /// # Errors
    ///
    /// When SQLite fails or the row is damaged.
    pub fn crawl(&self, listing: &str) -> Result<Option<CrawlRow>> {
        let sql = format!("SELECT {COLUMNS} FROM crawls WHERE listing = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        statement.query_row([listing], |row| Ok(read_row(row))).optional()?.transpose()
    }

    /// Every listing ever walked, by its text.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn crawls(&self) -> Result<Vec<CrawlRow>> {
        let sql = format!("SELECT {COLUMNS} FROM crawls ORDER BY listing");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read_row(row)?);
        }
        Ok(found)
    }
}

/// Writes the rows of a page within the page's own transaction.
pub(super) fn store_step(tx: &Transaction<'_>, step: &CrawlStep) -> Result<()> {
    store_row(tx, &step.row)?;
    step.page.as_ref().map_or(Ok(()), |page| pages::store(tx, &step.row, page))
}

fn store_row(tx: &Transaction<'_>, row: &CrawlRow) -> Result<()> {
    let coverage: serde_json::Map<String, serde_json::Value> =
        row.coverage.iter().map(|(name, count)| (name.clone(), (*count).into())).collect();
    let counts = serde_json::to_string(&row.counts).map_err(|_| damaged("crawls", "counts"))?;
    tx.prepare_cached(&format!(
        "INSERT OR REPLACE INTO crawls ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
    ))?
    .execute(params![
        row.listing,
        row.state.as_str(),
        row.cursor,
        i64::try_from(row.pages).unwrap_or(i64::MAX),
        i64::try_from(row.items).unwrap_or(i64::MAX),
        row.started_at.as_millis(),
        row.updated_at.as_millis(),
        serde_json::Value::Object(coverage).to_string(),
        i64::try_from(row.walk).unwrap_or(i64::MAX),
        row.end_reason,
        counts,
    ])?;
    Ok(())
}

fn read_row(row: &Row<'_>) -> Result<CrawlRow> {
    let state: String = row.get(1)?;
    let coverage: String = row.get(7)?;
    let counts: String = row.get(10)?;
    let moment = |column: usize, name| {
        let millis: i64 = row.get(column)?;
        Timestamp::from_millis(millis).ok_or(damaged("crawls", name))
    };
    let count = |column: usize, name| {
        let count: i64 = row.get(column)?;
        u64::try_from(count).map_err(|_| damaged("crawls", name))
    };
    Ok(CrawlRow {
        listing: row.get(0)?,
        state: CrawlState::from_word(&state).ok_or(damaged("crawls", "state"))?,
        cursor: row.get(2)?,
        pages: count(3, "pages")?,
        items: count(4, "items")?,
        started_at: moment(5, "started_at")?,
        updated_at: moment(6, "updated_at")?,
        coverage: serde_json::from_str(&coverage).map_err(|_| damaged("crawls", "coverage"))?,
        walk: count(8, "walk")?,
        end_reason: row.get(9)?,
        counts: serde_json::from_str(&counts).map_err(|_| damaged("crawls", "counts"))?,
    })
}

fn damaged(table: &'static str, column: &'static str) -> CatalogError {
    CatalogError::Damaged { table, column }
}
