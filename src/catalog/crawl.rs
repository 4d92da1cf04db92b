//! Where each listing stands, and what was seen to be absent.
//!
//! - In: the row of a page, written in the same transaction as the page; absences as they are met.
//! - Out: those rows, by listing.
//! - Never: a deletion of anything. An absence is an observation with a time.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, Transaction, TransactionBehavior, params};

use crate::entity::Timestamp;

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
}

/// What a tombstone stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// A model.
    Model,
    /// A version; its row is marked as not found.
    Version,
    /// An image.
    Image,
}

impl Absent {
    /// The word in the catalog.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Version => "version",
            Self::Image => "image",
        }
    }
}

/// One observation that something was absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// When.
    pub at: Timestamp,
    /// The status that said so: 404 or 410, or 200 for an image listing without the image.
    pub status: u16,
}

impl Catalog {
    /// Where a listing stands; `None` when it was never walked.
    ///
    /// # Errors
    ///
    /// When SQLite fails or the row is damaged.
    pub fn crawl(&self, listing: &str) -> Result<Option<CrawlRow>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT listing, state, cursor, pages, items, started_at, updated_at, coverage
             FROM crawls WHERE listing = ?1",
        )?;
        statement.query_row([listing], |row| Ok(read_row(row))).optional()?.transpose()
    }

    /// Every listing ever walked, by its text.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn crawls(&self) -> Result<Vec<CrawlRow>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT listing, state, cursor, pages, items, started_at, updated_at, coverage
             FROM crawls ORDER BY listing",
        )?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read_row(row)?);
        }
        Ok(found)
    }

    /// Notes that the source has no such thing now. What is known of it stays.
    ///
    /// A version is marked as not found, and gets a row for that if it has none. Returns the generation.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn note_absence(&mut self, what: Absent, id: u64, seen: Tombstone, source: &str) -> Result<u64> {
        let id = i64::try_from(id).map_err(|_| damaged("tombstones", "id"))?;
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let generation: i64 =
            tx.query_row("SELECT coalesce(max(generation), 0) + 1 FROM generations", [], |row| row.get(0))?;
        tx.execute(
            "INSERT INTO generations (generation, at, stage, source, items) VALUES (?1, ?2, 'crawl', ?3, 0)",
            params![generation, seen.at.as_millis(), source],
        )?;
        tx.execute(
            "INSERT OR REPLACE INTO tombstones (kind, id, at, status) VALUES (?1, ?2, ?3, ?4)",
            params![what.as_str(), id, seen.at.as_millis(), seen.status],
        )?;
        if what == Absent::Version {
            tx.execute(
                "INSERT INTO history (kind, id, generation, field, was, now)
                 SELECT 'version', version, ?2, 'state', state, 'not_found' FROM versions
                 WHERE version = ?1 AND seen_at IS NOT NULL AND state <> 'not_found'",
                params![id, generation],
            )?;
            tx.execute(
                "INSERT INTO versions (version, generation, state) VALUES (?1, ?2, 'not_found')
                 ON CONFLICT (version) DO UPDATE SET generation = ?2, state = 'not_found'",
                params![id, generation],
            )?;
        }
        tx.commit()?;
        u64::try_from(generation).map_err(|_| damaged("generations", "generation"))
    }

    /// When something was seen to be absent, earliest first.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn tombstones(&self, what: Absent, id: u64) -> Result<Vec<Tombstone>> {
        let id = i64::try_from(id).map_err(|_| damaged("tombstones", "id"))?;
        let mut statement = self
            .connection
            .prepare_cached("SELECT at, status FROM tombstones WHERE kind = ?1 AND id = ?2 ORDER BY at")?;
        let mut rows = statement.query(params![what.as_str(), id])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let at = Timestamp::from_millis(row.get(0)?).ok_or(damaged("tombstones", "at"))?;
            found.push(Tombstone { at, status: row.get(1)? });
        }
        Ok(found)
    }
}

/// Writes the row of a page within the page's own transaction.
pub(super) fn store_crawl(tx: &Transaction<'_>, row: &CrawlRow) -> Result<()> {
    let coverage: serde_json::Map<String, serde_json::Value> =
        row.coverage.iter().map(|(name, count)| (name.clone(), (*count).into())).collect();
    tx.prepare_cached(
        "INSERT OR REPLACE INTO crawls
         (listing, state, cursor, pages, items, started_at, updated_at, coverage)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        row.listing,
        row.state.as_str(),
        row.cursor,
        i64::try_from(row.pages).unwrap_or(i64::MAX),
        i64::try_from(row.items).unwrap_or(i64::MAX),
        row.started_at.as_millis(),
        row.updated_at.as_millis(),
        serde_json::Value::Object(coverage).to_string(),
    ])?;
    Ok(())
}

fn read_row(row: &Row<'_>) -> Result<CrawlRow> {
    let state: String = row.get(1)?;
    let coverage: String = row.get(7)?;
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
    })
}

fn damaged(table: &'static str, column: &'static str) -> CatalogError {
    CatalogError::Damaged { table, column }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Access;

    fn catalog() -> (tempfile::TempDir, Catalog) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let catalog = Catalog::open(&folder.path().join("catalog.db"), Access::Write).expect("a new catalog");
        (folder, catalog)
    }

    fn moment(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).expect("a small number")
    }

    fn row(listing: &str) -> CrawlRow {
        CrawlRow {
            listing: listing.to_owned(),
            state: CrawlState::Running,
            cursor: Some("7|bdx:{\"a\":1}".to_owned()),
            pages: 3,
            items: 600,
            started_at: moment(1_000),
            updated_at: moment(2_000),
            coverage: [("duplicate_item".to_owned(), 2)].into(),
        }
    }

    fn store(catalog: &mut Catalog, row: &CrawlRow) {
        let tx = catalog.connection.transaction().expect("nobody else writes");
        store_crawl(&tx, row).expect("the row fits");
        tx.commit().expect("nobody else writes");
    }

    #[test]
    fn the_row_of_a_listing_reads_back_as_written_and_later_rows_replace_it() {
        let (_folder, mut catalog) = catalog();
        assert_eq!(catalog.crawl("b").expect("readable"), None);
        store(&mut catalog, &row("b"));
        store(&mut catalog, &row("a"));
        let done = CrawlRow { state: CrawlState::Done, cursor: None, pages: 4, ..row("b") };
        store(&mut catalog, &done);
        assert_eq!(catalog.crawl("b").expect("readable"), Some(done.clone()));
        assert_eq!(catalog.crawls().expect("readable"), [row("a"), done]);
    }

    #[test]
    fn a_row_of_an_abandoned_transaction_leaves_nothing() {
        let (_folder, mut catalog) = catalog();
        let tx = catalog.connection.transaction().expect("nobody else writes");
        store_crawl(&tx, &row("a")).expect("the row fits");
        drop(tx);
        assert_eq!(catalog.crawl("a").expect("readable"), None);
    }

    #[test]
    fn an_absence_is_a_generation_and_marks_the_version_without_losing_its_name() {
        let (_folder, mut catalog) = catalog();
        catalog
            .connection
            .execute(
                "INSERT INTO versions (version, generation, name, state) VALUES (5, 0, 'v1', 'published')",
                [],
            )
            .expect("the columns exist");
        for (at, id) in [(10, 5), (20, 5), (30, 6)] {
            let seen = Tombstone { at: moment(at), status: 404 };
            catalog.note_absence(Absent::Version, id, seen, "https://civitai.com/x").expect("writable");
        }
        assert_eq!(catalog.generation().expect("readable"), 3);
        let seen = catalog.tombstones(Absent::Version, 5).expect("readable");
        assert_eq!(seen.iter().map(|stone| stone.at).collect::<Vec<_>>(), [moment(10), moment(20)]);
        let states: Vec<(i64, Option<String>, String)> = catalog
            .connection
            .prepare("SELECT version, name, state FROM versions ORDER BY version")
            .and_then(|mut statement| {
                statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
            })
            .expect("readable");
        let gone = "not_found".to_owned();
        assert_eq!(states, [(5, Some("v1".to_owned()), gone.clone()), (6, None, gone)]);
        assert_eq!(catalog.tombstones(Absent::Image, 5).expect("readable"), []);
    }

    #[test]
    fn a_damaged_row_is_named() {
        let (_folder, mut catalog) = catalog();
        store(&mut catalog, &row("a"));
        catalog.connection.execute("UPDATE crawls SET coverage = '['", []).expect("writable");
        let error = catalog.crawl("a").expect_err("the coverage is no JSON");
        assert!(matches!(error, CatalogError::Damaged { table: "crawls", column: "coverage" }));
    }
}
