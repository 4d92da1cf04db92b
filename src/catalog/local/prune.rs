//! Forgetting files that are gone. Only on purpose.

use rusqlite::{Transaction, TransactionBehavior, params};

use super::{LocalFileId, RootId};
use crate::catalog::{Catalog, Result};
use crate::entity::Timestamp;

/// An image without anything but its number. The index drops it, because it is another image than itself no more
/// than it is one; the raw records of its batches stay. Its number is not given away again, and a file that comes
/// back to its path takes it up.
const EMPTY: &str = "UPDATE images SET same_as = image, generation = ?2, url = NULL, media_type = NULL,
    created_at = NULL, published_at = NULL, base_model = NULL, tags = NULL, meta_state = 0, prompt = NULL,
    negative_prompt = NULL, sampler = NULL, scheduler = NULL, steps = NULL, cfg = NULL, seed = NULL,
    seed_high = NULL, gen_width = NULL, gen_height = NULL, clip_skip = NULL, denoise = NULL, model_name = NULL,
    model_hash = NULL, tool = NULL, tool_version = NULL, remix_of = NULL, raw_hash = NULL, own_meta = NULL
    WHERE image = ?1 AND image < 0";

impl Catalog {
    /// How many files of a root are missing.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn missing_count(&self, root: RootId) -> Result<u64> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FROM local_files WHERE root = ?1 AND state = 2 AND state <> 1",
        )?;
        Ok(statement.query_row([root.0], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }

    /// Forgets the missing files of these roots, and the images that they were. Gives how many.
    ///
    /// # Errors
    ///
    /// When SQLite fails; nothing is forgotten then.
    pub fn forget_missing(&mut self, roots: &[RootId], at: Timestamp) -> Result<u64> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let missing = missing(&transaction, roots)?;
        if missing.is_empty() {
            return Ok(0);
        }
        let generation: i64 = transaction.query_row(
            "INSERT INTO generations (generation, at, stage, source, items)
             VALUES ((SELECT coalesce(max(generation), 0) + 1 FROM generations), ?1, 'prune', 'scan', ?2)
             RETURNING generation",
            params![at.as_millis(), i64::try_from(missing.len()).unwrap_or(i64::MAX)],
            |row| row.get(0),
        )?;
        for (file, image) in &missing {
            transaction.prepare_cached("DELETE FROM local_files WHERE file = ?1")?.execute([file.0])?;
            let Some(image) = image else { continue };
            let is_there = transaction
                .prepare_cached("SELECT 1 FROM local_files WHERE image = ?1 AND kind IN (1, 2)")?
                .exists([image])?;
            if !is_there {
                transaction.prepare_cached(EMPTY)?.execute(params![image, generation])?;
                transaction
                    .prepare_cached("DELETE FROM image_resources WHERE image = ?1")?
                    .execute([image])?;
            }
        }
        transaction.commit()?;
        Ok(missing.len() as u64)
    }
}

fn missing(transaction: &Transaction<'_>, roots: &[RootId]) -> Result<Vec<(LocalFileId, Option<i64>)>> {
    let mut statement = transaction.prepare_cached(
        "SELECT file, iif(kind IN (1, 2), image, NULL) FROM local_files
         WHERE root = ?1 AND state = 2 AND state <> 1 ORDER BY path",
    )?;
    let mut files = Vec::new();
    for root in roots {
        let rows = statement.query_map([root.0], |row| Ok((LocalFileId(row.get(0)?), row.get(1)?)))?;
        for row in rows {
            files.push(row?);
        }
    }
    Ok(files)
}
