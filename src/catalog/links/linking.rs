//! Rows for linking, whole tables or by key, and the writing of links.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row, params};

use crate::catalog::{Catalog, CatalogError, Result};
use crate::entity::{HashKind, Link, Timestamp, VersionId};

use super::columns::{self, RESOURCE};
use super::{FileFacts, StoredResource, VersionFacts};

/// Row of `state` that holds the last generation that was linked.
const LINKED: &str = "linked_generation";

const FILE: &str = "f.file, f.version, f.site_id, f.name, f.kind, f.is_primary, f.former";
const VERSION: &str = "v.version, m.kind, v.state, coalesce(v.published_at, v.created_at) FROM versions v LEFT JOIN models m ON m.model = v.model";

impl Catalog {
    /// Runs `work` in one transaction that other writers wait for: all of its writes are kept, or none.
    ///
    /// # Errors
    ///
    /// The error of `work`, after which nothing is written; or what SQLite says.
    pub fn exclusively<T, E: From<CatalogError>>(
        &mut self,
        work: impl FnOnce(&Self) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(CatalogError::from)?;
        let done = work(self).and_then(|value| {
            self.connection.execute_batch("COMMIT").map_err(CatalogError::from)?;
            Ok(value)
        });
        if done.is_err() && !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK").map_err(CatalogError::from)?;
        }
        done
    }

    /// Runs `work` so that all it reads is as of one moment, whatever other processes write meanwhile.
    ///
    /// Inside another such run, or a transaction, it reads as of that one's moment.
    ///
    /// # Errors
    ///
    /// The error of `work`, or what SQLite says.
    pub fn as_of_one_moment<T, E: From<CatalogError>>(
        &self,
        work: impl FnOnce() -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        if !self.connection.is_autocommit() {
            return work();
        }
        let run =
            |sql: &str| -> Result<()> { Ok(self.connection.prepare_cached(sql)?.execute([]).map(drop)?) };
        run("BEGIN DEFERRED")?;
        let done = work();
        run("COMMIT")?;
        done
    }

    /// The last generation whose resources, files and versions are linked; 0 before the first linking.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn linked_generation(&self) -> Result<u64> {
        let stored: Option<i64> = self
            .connection
            .query_row("SELECT value FROM state WHERE name = ?1", [LINKED], |row| row.get(0))
            .optional()?;
        Ok(stored.and_then(|generation| u64::try_from(generation).ok()).unwrap_or(0))
    }

    /// Remembers that everything up to `generation` is linked.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn set_linked_generation(&self, generation: u64) -> Result<()> {
        self.connection.execute(
            "INSERT INTO state (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            params![LINKED, generation.cast_signed()],
        )?;
        Ok(())
    }

    /// Replaces the links of the given resources as one generation, and returns its number.
    ///
    /// `changes` is sorted by resource; an empty list takes a resource's links away. A version that is
    /// linked to and unknown becomes a stub, so that counts stay the same when it disappears from the site.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn replace_links(&self, at: Timestamp, changes: &[(i64, Vec<Link>)]) -> Result<u64> {
        let generation = self.generation()? + 1;
        let count = i64::try_from(changes.len()).unwrap_or(i64::MAX);
        self.connection.execute(
            "INSERT INTO generations (generation, at, stage, source, items) VALUES (?1, ?2, 'link', '', ?3)",
            params![generation.cast_signed(), at.as_millis(), count],
        )?;
        let mut delete = self.connection.prepare_cached("DELETE FROM links WHERE resource = ?1")?;
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO links (resource, rank, version, evidence, raw, confidence, lost)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let mut versions: BTreeSet<VersionId> = BTreeSet::new();
        for (resource, links) in changes {
            delete.execute([resource])?;
            for link in links {
                insert.execute(params![
                    resource,
                    link.rank,
                    link.version.as_i64(),
                    link.evidence.as_str(),
                    link.raw,
                    link.confidence.percent(),
                    link.lost.map(|lost| lost.as_str()),
                ])?;
                versions.insert(link.version);
            }
        }
        let mut stub = self.connection.prepare_cached(
            "INSERT INTO versions (version, generation, state) VALUES (?1, ?2, 'unknown')
             ON CONFLICT (version) DO NOTHING",
        )?;
        for version in versions {
            stub.execute(params![version.as_i64(), generation.cast_signed()])?;
        }
        Ok(generation)
    }

    /// The candidates of one resource, by rank.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn links_of(&self, resource: i64) -> Result<Vec<Link>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT version, evidence, raw, confidence, rank, lost FROM links WHERE resource = ?1 ORDER BY rank",
        )?;
        collect(statement.query([resource])?, |row| columns::link(row, 0))
    }

    /// Streams every link with its resource, by resource and rank.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_link(&self, mut visit: impl FnMut(i64, Link)) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT resource, version, evidence, raw, confidence, rank, lost FROM links ORDER BY resource, rank",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(row.get(0)?, columns::link(row, 1)?);
        }
        Ok(())
    }

    /// Streams every resource, by row number.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_resource(&self, mut visit: impl FnMut(StoredResource)) -> Result<()> {
        let sql = format!("SELECT {RESOURCE} FROM resources r ORDER BY r.resource");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(columns::stored_resource(row)?);
        }
        Ok(())
    }

    /// One resource; `None` when there is no such row.
    ///
    /// # Errors
    ///
    /// When SQLite fails or the row is damaged.
    pub fn resource(&self, id: i64) -> Result<Option<StoredResource>> {
        let sql = format!("SELECT {RESOURCE} FROM resources r WHERE r.resource = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([id])?;
        rows.next()?.map(columns::stored_resource).transpose()
    }

    /// Streams every file, by row number.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_file(&self, mut visit: impl FnMut(FileFacts)) -> Result<()> {
        let sql = format!("SELECT {FILE} FROM files f ORDER BY f.file");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(file_facts(row)?);
        }
        Ok(())
    }

    /// One file; `None` when there is no such row.
    ///
    /// # Errors
    ///
    /// When SQLite fails or the row is damaged.
    pub fn file(&self, file: i64) -> Result<Option<FileFacts>> {
        let sql = format!("SELECT {FILE} FROM files f WHERE f.file = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([file])?;
        rows.next()?.map(file_facts).transpose()
    }

    /// Every row of the file that the site numbers `site_id`, whichever versions list it; by row number.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn files_with_site_id(&self, site_id: i64) -> Result<Vec<FileFacts>> {
        let sql = format!("SELECT {FILE} FROM files f WHERE f.site_id = ?1 ORDER BY f.file");
        let mut statement = self.connection.prepare_cached(&sql)?;
        collect(statement.query([site_id])?, file_facts)
    }

    /// Streams every hash of every file by hash, kind and file: digits, kind, file.
    ///
    /// Former hashes are among them: the old bytes are still what old images name.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_file_hash(&self, mut visit: impl FnMut(&str, HashKind, i64)) -> Result<()> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT hash, kind, file FROM file_hashes ORDER BY hash, kind, file")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(hash_text(row)?, columns::hash_kind(row.get(1)?)?, row.get(2)?);
        }
        Ok(())
    }

    /// Streams the hashes that begin with `prefix`, in the order of [`Self::for_each_file_hash`].
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn file_hashes_starting_with(
        &self,
        prefix: &str,
        mut visit: impl FnMut(&str, HashKind, i64),
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT hash, kind, file FROM file_hashes WHERE hash >= ?1 AND hash < ?1 || 'g'
             ORDER BY hash, kind, file",
        )?;
        let mut rows = statement.query([prefix])?;
        while let Some(row) = rows.next()? {
            visit(hash_text(row)?, columns::hash_kind(row.get(1)?)?, row.get(2)?);
        }
        Ok(())
    }

    /// The hashes of one file, by hash and kind.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn hashes_of_file(&self, file: i64) -> Result<Vec<(String, HashKind)>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT hash, kind FROM file_hashes WHERE file = ?1 ORDER BY hash, kind")?;
        collect(statement.query([file])?, |row| Ok((row.get(0)?, columns::hash_kind(row.get(1)?)?)))
    }

    /// Streams every version, by id.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_version(&self, mut visit: impl FnMut(VersionFacts)) -> Result<()> {
        let sql = format!("SELECT {VERSION} ORDER BY v.version");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(version_facts(row)?);
        }
        Ok(())
    }

    /// One version; `None` when not even a stub of it exists.
    ///
    /// # Errors
    ///
    /// When SQLite fails or the row is damaged.
    pub fn version_facts(&self, version: VersionId) -> Result<Option<VersionFacts>> {
        let sql = format!("SELECT {VERSION} WHERE v.version = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([version.as_i64()])?;
        rows.next()?.map(version_facts).transpose()
    }
}

/// Reads all rows in the order in which they come.
pub(super) fn collect<T>(
    mut rows: rusqlite::Rows<'_>,
    mut read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(read(row)?);
    }
    Ok(all)
}

pub(super) fn hash_text<'row>(row: &'row Row<'_>) -> Result<&'row str> {
    row.get_ref(0)?.as_str().map_err(|_| CatalogError::Damaged { table: "file_hashes", column: "hash" })
}

fn file_facts(row: &Row<'_>) -> Result<FileFacts> {
    Ok(FileFacts {
        file: row.get(0)?,
        version: columns::version(row.get(1)?, "files")?,
        site_id: row.get(2)?,
        name: row.get(3)?,
        kind: row.get(4)?,
        primary: row.get::<_, i64>(5)? != 0,
        former: row.get::<_, i64>(6)? != 0,
    })
}

fn version_facts(row: &Row<'_>) -> Result<VersionFacts> {
    Ok(VersionFacts {
        version: columns::version(row.get(0)?, "versions")?,
        model_kind: row.get(1)?,
        state: columns::publish_state(row, 2)?,
        date: columns::timestamp(row, 3, "versions")?,
    })
}
