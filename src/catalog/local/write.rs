//! Roots and local files, written.

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::read::read_root;
use super::{FileKind, LocalFileId, Root, RootId, ScanBatch, ScannedFile, below, joined};
use crate::catalog::codes::PATH_NAME;
use crate::catalog::fingerprints::{self, Carried};
use crate::catalog::writer::Beside;
use crate::catalog::{BatchReport, Catalog, FileMark, Result};
use crate::entity::{ImageKey, Timestamp};

impl Catalog {
    /// Makes a folder a root, unless it is one already. Roots inside it become part of it.
    ///
    /// `path` is absolute; a folder inside a root is the caller's to refuse, because that root covers it.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn add_root(&mut self, path: &[u8]) -> Result<Root> {
        let inside: Vec<Root> =
            self.roots()?.into_iter().filter(|root| below(path, &root.path).is_some()).collect();
        if let Some(known) = inside.iter().find(|root| root.path == path) {
            return Ok(known.clone());
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let root = transaction
            .prepare_cached(
                "INSERT INTO roots (path, online) VALUES (?1, 1) RETURNING root, path, online, scanned_at",
            )?
            .query_row([path], read_root)?;
        for inner in inside {
            let prefix = joined(below(path, &inner.path).unwrap_or_default(), b"x");
            let prefix = prefix.strip_suffix(b"x").unwrap_or_default();
            transaction
                .prepare_cached(
                    "UPDATE local_files SET root = ?2, path = CAST(?3 || path AS BLOB) WHERE root = ?1",
                )?
                .execute(params![inner.id.0, root.id.0, prefix])?;
            transaction.prepare_cached("DELETE FROM roots WHERE root = ?1")?.execute([inner.id.0])?;
        }
        transaction.commit()?;
        Ok(root)
    }

    /// Notes whether a root was there, and when all of it was scanned, if it was.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn mark_root(&mut self, root: RootId, online: bool, scanned_at: Option<Timestamp>) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE roots SET online = ?2, scanned_at = coalesce(?3, scanned_at) WHERE root = ?1",
            )?
            .execute(params![root.0, online, scanned_at.map(Timestamp::as_millis)])?;
        Ok(())
    }

    /// Writes files and their images as one transaction.
    ///
    /// # Errors
    ///
    /// As [`Catalog::write`].
    pub fn write_scan(&mut self, scan: &ScanBatch) -> Result<BatchReport> {
        self.write_with(&scan.batch, &Beside { files: &scan.files, ..Beside::default() })
    }

    /// Notes that files are no longer there.
    ///
    /// # Errors
    ///
    /// When SQLite fails; nothing is noted then.
    pub fn mark_missing(&mut self, files: &[LocalFileId], at: Timestamp) -> Result<()> {
        self.each_file(
            files,
            "UPDATE local_files SET state = 2, missing_since = ?2 WHERE file = ?1 AND state <> 2",
            Some(at),
        )
    }

    /// Notes that missing files are there again, as they were.
    ///
    /// # Errors
    ///
    /// When SQLite fails; nothing is noted then.
    pub fn mark_present(&mut self, files: &[LocalFileId]) -> Result<()> {
        self.each_file(
            files,
            "UPDATE local_files SET state = 1, missing_since = ?2 WHERE file = ?1 AND state = 2",
            None,
        )
    }

    fn each_file(&mut self, files: &[LocalFileId], sql: &str, at: Option<Timestamp>) -> Result<()> {
        if files.is_empty() {
            return Ok(());
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut statement = transaction.prepare_cached(sql)?;
            for file in files {
                statement.execute(params![file.0, at.map(Timestamp::as_millis)])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

/// Renames the images of files that moved, so that what is written next finds them by their new name, and gives what is
/// known of their pixels, for when they have their new media.
pub(in crate::catalog) fn apply_moves(
    transaction: &Transaction<'_>,
    generation: i64,
    files: &[ScannedFile],
) -> Result<Vec<Carried>> {
    let mut carried = Vec::new();
    for file in files {
        let Some(old) = file.moved_from else { continue };
        transaction
            .prepare_cached("UPDATE OR IGNORE local_files SET root = ?2, path = ?3 WHERE file = ?1")?
            .execute(params![old.0, file.root.0, file.path])?;
        let Some(name) = &file.image else { continue };
        let image: Option<i64> = transaction
            .prepare_cached("SELECT image FROM local_files WHERE file = ?1 AND kind IN (1, 2)")?
            .query_row([old.0], |row| row.get(0))
            .optional()?
            .flatten();
        let Some(image) = image else { continue };
        let renamed = transaction
            .prepare_cached("UPDATE OR IGNORE image_names SET name = ?2 WHERE kind = ?3 AND image = ?1")?
            .execute(params![image, name, PATH_NAME])?;
        if renamed > 0 {
            transaction
                .prepare_cached("UPDATE images SET generation = ?2 WHERE image = ?1")?
                .execute(params![image, generation])?;
            let mark = FileMark { size_bytes: file.stat.size_bytes, modified_ns: file.stat.modified_ns };
            carried.extend(fingerprints::take_up(transaction, image, mark)?);
        }
    }
    Ok(carried)
}

/// Stores files as they were seen; their images are stored already.
pub(in crate::catalog) fn store_files(
    transaction: &Transaction<'_>,
    generation: i64,
    files: &[ScannedFile],
) -> Result<()> {
    let mut find =
        transaction.prepare_cached("SELECT image FROM image_names WHERE name = ?1 AND kind = ?2")?;
    // A file that failed keeps what is known of it: the image, and what it is.
    let mut store = transaction.prepare_cached(
        "INSERT INTO local_files (root, path, size_bytes, modified_ns, device, inode, kind, state, reason,
            missing_since, sample, content, image, generation)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL, ?10, ?11, ?12, ?13)
         ON CONFLICT (root, path) DO UPDATE SET size_bytes = excluded.size_bytes,
            modified_ns = excluded.modified_ns, device = excluded.device, inode = excluded.inode,
            kind = iif(excluded.state = 3, kind, excluded.kind), state = excluded.state,
            reason = excluded.reason, missing_since = NULL, sample = excluded.sample,
            content = excluded.content, image = iif(excluded.state = 3, image, excluded.image),
            generation = excluded.generation",
    )?;
    for file in files {
        let image: Option<i64> = match &file.image {
            Some(name) => find.query_row(params![name, PATH_NAME], |row| row.get(0)).optional()?,
            None => None,
        };
        if let Some(image) = image.filter(|_| file.kind == FileKind::Image) {
            let mark = FileMark { size_bytes: file.stat.size_bytes, modified_ns: file.stat.modified_ns };
            fingerprints::drop_stale(transaction, image, mark)?;
        }
        store.execute(params![
            file.root.0,
            file.path,
            file.stat.size_bytes.cast_signed(),
            file.stat.modified_ns,
            file.stat.device.cast_signed(),
            file.stat.inode.cast_signed(),
            file.kind.code(),
            if file.failure.is_some() { 3 } else { 1 },
            file.failure,
            file.sample,
            file.content,
            image.and_then(ImageKey::new).map(ImageKey::get),
            generation,
        ])?;
    }
    Ok(())
}
