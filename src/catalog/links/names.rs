//! Names in one spelling, with who bears them: kept so that a small change costs a small look.
//!
//! - In: names as `link` spells them; this module does not know the spelling.
//! - Out: the rows with a name, and the name that a row gave up.
//! - Never: a guess. Whether the table is complete is said by its generation.

use rusqlite::{OptionalExtension, params};

use crate::catalog::{Catalog, Result};

use super::linking::collect;

/// Row of `state` that holds the generation that the table of names shows.
const NAMES: &str = "names_generation";

/// Whose name it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// A resource.
    Resource,
    /// A published file.
    File,
}

impl Bearer {
    fn code(self) -> i64 {
        match self {
            Self::Resource => 1,
            Self::File => 2,
        }
    }
}

impl Catalog {
    /// The generation whose names the table holds; `None` when it must be built anew.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn names_generation(&self) -> Result<Option<u64>> {
        let stored: Option<i64> = self
            .connection
            .query_row("SELECT value FROM state WHERE name = ?1", [NAMES], |row| row.get(0))
            .optional()?;
        Ok(stored.and_then(|generation| u64::try_from(generation).ok()))
    }

    /// Says what the table of names shows now; `None` for nothing that can be relied on.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn set_names_generation(&self, generation: Option<u64>) -> Result<()> {
        match generation {
            Some(generation) => self.connection.execute(
                "INSERT INTO state (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                params![NAMES, generation.cast_signed()],
            )?,
            None => self.connection.execute("DELETE FROM state WHERE name = ?1", [NAMES])?,
        };
        Ok(())
    }

    /// Whether every file is in the table of names as it is now.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn file_names_are_current(&self) -> Result<bool> {
        let Some(generation) = self.names_generation()? else { return Ok(false) };
        let mut statement =
            self.connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM files WHERE generation > ?1)")?;
        let newer: i64 = statement.query_row([generation.cast_signed()], |row| row.get(0))?;
        Ok(newer == 0)
    }

    /// Empties the table of names.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn clear_names(&self) -> Result<()> {
        self.connection.execute("DELETE FROM link_names", [])?;
        Ok(())
    }

    /// Writes the name of a row, or takes it away, and returns the one that it had.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn set_name(&self, bearer: Bearer, row: i64, name: Option<&str>) -> Result<Option<String>> {
        let mut known =
            self.connection.prepare_cached("SELECT name FROM link_names WHERE what = ?1 AND row = ?2")?;
        let had: Option<String> =
            known.query_row(params![bearer.code(), row], |found| found.get(0)).optional()?;
        if had.as_deref() != name {
            let sql = match name {
                Some(_) => {
                    "INSERT INTO link_names (what, row, name) VALUES (?1, ?2, ?3)
                     ON CONFLICT (what, row) DO UPDATE SET name = excluded.name"
                }
                None => "DELETE FROM link_names WHERE what = ?1 AND row = ?2 AND ?3 IS NULL",
            };
            self.connection.prepare_cached(sql)?.execute(params![bearer.code(), row, name])?;
        }
        Ok(had)
    }

    /// The rows with this name, by row number.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn rows_named(&self, bearer: Bearer, name: &str) -> Result<Vec<i64>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT row FROM link_names WHERE name = ?1 AND what = ?2 ORDER BY row")?;
        collect(statement.query(params![name, bearer.code()])?, |row| Ok(row.get(0)?))
    }

    /// Files written after `generation`, by row number.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn files_since(&self, generation: u64) -> Result<Vec<i64>> {
        self.numbers("SELECT file FROM files WHERE generation > ?1 ORDER BY file", generation.cast_signed())
    }
}
