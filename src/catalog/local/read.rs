//! Roots and local files, read.

use rusqlite::{Row, params};

use super::{FileKind, FileStat, FileState, LocalFile, LocalFileId, LocalStats, Root, RootId, damaged};
use crate::catalog::{Catalog, Result};
use crate::entity::{ImageKey, Timestamp};

/// The columns of [`LocalFile`], in the order in which [`read_file`] takes them.
const COLUMNS: &str = "file, root, path, size_bytes, modified_ns, device, inode, kind, state, reason, \
    missing_since, sample, content, image";

fn read_file(row: &Row<'_>) -> Result<LocalFile> {
    let state = match row.get::<_, i64>(8)? {
        1 => FileState::Present,
        2 => FileState::Missing { since: row.get::<_, Option<i64>>(10)?.and_then(Timestamp::from_millis) },
        3 => FileState::Failed { reason: row.get::<_, Option<String>>(9)?.unwrap_or_default() },
        _ => return Err(damaged("state")),
    };
    let content: Option<Vec<u8>> = row.get(12)?;
    Ok(LocalFile {
        id: LocalFileId(row.get(0)?),
        root: RootId(row.get(1)?),
        path: row.get(2)?,
        stat: FileStat {
            size_bytes: row.get::<_, i64>(3)?.cast_unsigned(),
            modified_ns: row.get(4)?,
            device: row.get::<_, i64>(5)?.cast_unsigned(),
            inode: row.get::<_, i64>(6)?.cast_unsigned(),
        },
        kind: FileKind::from_code(row.get(7)?)?,
        state,
        sample: row.get(11)?,
        content: content.map(TryInto::try_into).transpose().map_err(|_| damaged("content"))?,
        image: row.get::<_, Option<i64>>(13)?.and_then(ImageKey::new),
    })
}

pub(super) fn read_root(row: &Row<'_>) -> rusqlite::Result<Root> {
    Ok(Root {
        id: RootId(row.get(0)?),
        path: row.get(1)?,
        online: row.get(2)?,
        scanned_at: row.get::<_, Option<i64>>(3)?.and_then(Timestamp::from_millis),
    })
}

impl Catalog {
    /// The folders that are scanned, by path.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn roots(&self) -> Result<Vec<Root>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT root, path, online, scanned_at FROM roots ORDER BY path")?;
        let roots = statement.query_map([], read_root)?;
        Ok(roots.collect::<rusqlite::Result<_>>()?)
    }

    /// The files of a root that are `below`, a path below it, or are it; all of them where that is empty. By path.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn local_files(&self, root: RootId, below: &[u8]) -> Result<Vec<LocalFile>> {
        if below.is_empty() {
            return self.files_where("root = ?1 ORDER BY path", params![root.0]);
        }
        // Everything that begins with the path and a separator lies between these two.
        let first = [below, super::SEPARATOR].concat();
        let mut end = first.clone();
        if let Some(last) = end.last_mut() {
            *last = last.saturating_add(1);
        }
        self.files_where(
            "root = ?1 AND (path = ?2 OR path >= ?3 AND path < ?4) ORDER BY path",
            params![root.0, below, first, end],
        )
    }

    /// The files that were no longer there when last looked for, by root and path.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn missing_files(&self) -> Result<Vec<LocalFile>> {
        self.files_where("state = 2 AND state <> 1 ORDER BY root, path", [])
    }

    /// The files that an image is in, the picture first, then its sidecars by path.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn files_of_image(&self, image: ImageKey) -> Result<Vec<LocalFile>> {
        self.files_where("image = ?1 AND image IS NOT NULL ORDER BY kind, root, path", params![image.get()])
    }

    /// Tells two states of an image's raw record apart; `None` if it has none.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn raw_hash_of(&self, image: ImageKey) -> Result<Option<i64>> {
        let mut statement = self.connection.prepare_cached("SELECT raw_hash FROM images WHERE image = ?1")?;
        let mut rows = statement.query([image.get()])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?.flatten())
    }

    /// Counts local files.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn local_stats(&self) -> Result<LocalStats> {
        let count = |state: i64| -> Result<u64> {
            let mut statement =
                self.connection.prepare_cached("SELECT count(*) FROM local_files WHERE state = ?1")?;
            Ok(statement.query_row([state], |row| row.get::<_, i64>(0))?.unsigned_abs())
        };
        Ok(LocalStats { present: count(1)?, missing: count(2)?, failed: count(3)? })
    }

    fn files_where(&self, condition: &str, parameters: impl rusqlite::Params) -> Result<Vec<LocalFile>> {
        let sql = format!("SELECT {COLUMNS} FROM local_files WHERE {condition}");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(parameters)?;
        let mut files = Vec::new();
        while let Some(row) = rows.next()? {
            files.push(read_file(row)?);
        }
        Ok(files)
    }
}
