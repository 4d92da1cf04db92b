//! What was seen to be absent, and when.
//!
//! - In: absences as they are met. Out: those of one entity, by time.
//! - Never: a deletion of anything. An absence is an observation with a time.

use rusqlite::{Transaction, TransactionBehavior, params};

use super::damaged;
use crate::catalog::{Catalog, Result};
use crate::entity::Timestamp;

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
    /// Notes that the source has no such thing now. What is known of it stays.
    ///
    /// A version is marked as not found, and gets a row for that if it has none. Returns the generation.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn note_absence(&mut self, what: Absent, id: u64, seen: Tombstone, source: &str) -> Result<u64> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let generation = store_absence(&tx, what, id, seen, source)?;
        tx.commit()?;
        Ok(generation)
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

/// Writes an absence as a generation, whose number it gives.
pub(in crate::catalog) fn store_absence(
    tx: &Transaction<'_>,
    what: Absent,
    id: u64,
    seen: Tombstone,
    source: &str,
) -> Result<u64> {
    let id = i64::try_from(id).map_err(|_| damaged("tombstones", "id"))?;
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
        // Without its hash the same document is read again should the version come back, and so clears the state.
        tx.execute(
            "INSERT INTO versions (version, generation, state) VALUES (?1, ?2, 'not_found')
             ON CONFLICT (version) DO UPDATE SET generation = ?2, state = 'not_found', raw_hash = NULL",
            params![id, generation],
        )?;
    }
    u64::try_from(generation).map_err(|_| damaged("generations", "generation"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::crawl::tests::{catalog, moment};

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
}
