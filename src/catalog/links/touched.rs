//! Which resources must be linked again because something that could match them is new or changed.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, Result};
use crate::entity::VersionId;

use super::StoredResource;
use super::linking::collect;

impl Catalog {
    /// How many resources and files changed after `generation`: the size of the work of linking.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn changes_to_link(&self, generation: u64) -> Result<u64> {
        let count: i64 = self.connection.query_row(
            "SELECT (SELECT count(*) FROM resources WHERE generation > ?1)
                  + (SELECT count(*) FROM files WHERE generation > ?1)
                  + (SELECT count(*) FROM versions WHERE generation > ?1)",
            [generation.cast_signed()],
            |row| row.get(0),
        )?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Resources written after `generation`, by row number.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn resources_since(&self, generation: u64) -> Result<Vec<i64>> {
        self.numbers(
            "SELECT resource FROM resources WHERE generation > ?1 ORDER BY resource",
            generation.cast_signed(),
        )
    }

    /// Versions that changed after `generation`, themselves or by their model or a file, by id.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn versions_since(&self, generation: u64) -> Result<Vec<VersionId>> {
        let versions = self.numbers(
            "SELECT version FROM versions WHERE generation > ?1
             UNION SELECT v.version FROM models m JOIN versions v ON v.model = m.model WHERE m.generation > ?1
             UNION SELECT version FROM files WHERE generation > ?1
             ORDER BY 1",
            generation.cast_signed(),
        )?;
        versions.into_iter().map(|version| super::columns::version(version, "versions")).collect()
    }

    /// Files of a version, and all other rows of the same files under other versions; by row number.
    ///
    /// The others belong here because a version that lists a file can take it away from one that borrows it.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn files_around_version(&self, version: VersionId) -> Result<Vec<i64>> {
        self.numbers(
            "SELECT file FROM files WHERE version = ?1
             UNION SELECT o.file FROM files f JOIN files o ON o.site_id = f.site_id WHERE f.version = ?1
             ORDER BY 1",
            version.as_i64(),
        )
    }

    /// Adds the resources that name `version` or are linked to it.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn add_resources_naming_version(&self, version: VersionId, found: &mut BTreeSet<i64>) -> Result<()> {
        found.extend(self.numbers("SELECT resource FROM resources WHERE version = ?1", version.as_i64())?);
        found.extend(self.numbers("SELECT resource FROM links WHERE version = ?1", version.as_i64())?);
        Ok(())
    }

    /// Adds the resources whose hash could be a form of `digits`: one is the beginning of the other.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn add_resources_near_hash(&self, digits: &str, found: &mut BTreeSet<i64>) -> Result<()> {
        // Whatever sorts from the first eight digits up to the whole value begins with these eight.
        let first = digits.get(..8).unwrap_or(digits);
        let mut statement = self
            .connection
            .prepare_cached("SELECT resource FROM resources WHERE hash >= ?1 AND hash < ?2 || 'g'")?;
        let rows = statement.query([first, digits])?;
        found.extend(collect(rows, |row| Ok(row.get::<_, i64>(0)?))?);
        Ok(())
    }

    /// Streams every resource that has a name or an AIR, with whether it has any link; by row number.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_named_resource(&self, mut visit: impl FnMut(StoredResource, HasLinks)) -> Result<()> {
        let sql = format!(
            "SELECT {}, EXISTS (SELECT 1 FROM links l WHERE l.resource = r.resource) FROM resources r
             WHERE r.name IS NOT NULL OR r.air_version IS NOT NULL ORDER BY r.resource",
            super::columns::RESOURCE
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let linked: i64 = row.get(super::columns::RESOURCE_COLUMNS)?;
            let linked = if linked == 0 { HasLinks::No } else { HasLinks::Yes };
            visit(super::columns::stored_resource(row)?, linked);
        }
        Ok(())
    }

    /// Runs a statement with one number that gives one column of numbers.
    pub(super) fn numbers(&self, sql: &str, parameter: i64) -> Result<Vec<i64>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        collect(statement.query([parameter])?, |row| Ok(row.get(0)?))
    }
}

/// Whether a resource has links at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HasLinks {
    /// At least one.
    Yes,
    /// None.
    No,
}
