//! What changed about a model, a version or an image since it was first seen, and when.

use rusqlite::params;

use super::crawl::Absent;
use super::writer::ABSENCE;
use super::{Catalog, CatalogError, Result};
use crate::entity::{ImageKey, Timestamp};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// When it was noticed, which may be long after it happened.
    pub at: Timestamp,
    /// What changed: the name of a column, `file NAME` or `file NAME KIND` for a file and its hash, `meta` for
    /// generation data, `absent` for something that was not found (`now` is the status) or was found again.
    pub field: String,
    /// The value before; `None` when there was none.
    pub was: Option<String>,
    /// The value after; `None` when there is none any more.
    pub now: Option<String>,
}

impl Catalog {
    /// What changed about a model or version since it was first seen, earliest first.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn history(&self, what: Absent, id: u64) -> Result<Vec<Change>> {
        let id = i64::try_from(id).map_err(|_| damaged("id"))?;
        self.changes_of(what, id)
    }

    /// What changed about an image since it was first seen, earliest first.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn image_history(&self, image: ImageKey) -> Result<Vec<Change>> {
        self.changes_of(Absent::Image, image.get())
    }

    fn changes_of(&self, what: Absent, id: i64) -> Result<Vec<Change>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT at, field, was, now FROM history JOIN generations USING (generation)
                WHERE kind = ?1 AND id = ?2
             UNION ALL
             SELECT at, ?3, NULL, CAST(status AS TEXT) FROM tombstones WHERE kind = ?1 AND id = ?2
             ORDER BY 1, 2",
        )?;
        let mut rows = statement.query(params![what.as_str(), id, ABSENCE])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let at = Timestamp::from_millis(row.get(0)?).ok_or(damaged("at"))?;
            found.push(Change { at, field: row.get(1)?, was: row.get(2)?, now: row.get(3)? });
        }
        Ok(found)
    }
}

fn damaged(column: &'static str) -> CatalogError {
    CatalogError::Damaged { table: "history", column }
}
