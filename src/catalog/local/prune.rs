//! Forgetting files that are gone. Only on purpose.

use rusqlite::{Transaction, TransactionBehavior, params};

use super::{LocalFileId, LocalStats, RootId};
use crate::catalog::{Catalog, Result};
use crate::entity::Timestamp;

/// Which files to forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forget {
    /// Those that are missing.
    Missing,
    /// Every one, and the root.
    All,
}

/// An image without anything but its number. The index drops it, because it is another image than itself no more
/// than it is one; the raw records of its batches stay. Its number is not given away again, and a file that comes
/// back to its path takes it up.
const EMPTY: &str = "UPDATE images SET same_as = image, generation = ?2, url = NULL, media_type = NULL,
    created_at = NULL, published_at = NULL, base_model = NULL, tags = NULL, meta_state = 0, prompt = NULL,
    negative_prompt = NULL, sampler = NULL, scheduler = NULL, steps = NULL, cfg = NULL, seed = NULL,
    seed_high = NULL, gen_width = NULL, gen_height = NULL, clip_skip = NULL, denoise = NULL, model_name = NULL,
    model_hash = NULL, tool = NULL, tool_version = NULL, remix_of = NULL, raw_hash = NULL, own_meta = NULL,
    traits = NULL
    WHERE image = ?1 AND image < 0";

impl Catalog {
    /// How many files of a root are there, missing and failed.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn root_stats(&self, root: RootId) -> Result<LocalStats> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT state, count(*) FROM local_files WHERE root = ?1 GROUP BY state")?;
        let mut stats = LocalStats::default();
        let mut rows = statement.query([root.0])?;
        while let Some(row) = rows.next()? {
            let count = row.get::<_, i64>(1)?.unsigned_abs();
            match row.get::<_, i64>(0)? {
                1 => stats.present = count,
                2 => stats.missing = count,
                _ => stats.failed = count,
            }
        }
        Ok(stats)
    }

    /// Forgets files of these roots, and the images that they were; with [`Forget::All`], the roots as well. Gives how
    /// many files.
    ///
    /// # Errors
    ///
    /// When SQLite fails; nothing is forgotten then.
    pub fn forget_files(&mut self, roots: &[RootId], which: Forget, at: Timestamp) -> Result<u64> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let files = files_of(&transaction, roots, which)?;
        if files.is_empty() && which == Forget::Missing {
            return Ok(0);
        }
        let generation: i64 = transaction.query_row(
            "INSERT INTO generations (generation, at, stage, source, items)
             VALUES ((SELECT coalesce(max(generation), 0) + 1 FROM generations), ?1, 'prune', 'scan', ?2)
             RETURNING generation",
            params![at.as_millis(), i64::try_from(files.len()).unwrap_or(i64::MAX)],
            |row| row.get(0),
        )?;
        for (file, image) in &files {
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
                transaction
                    .prepare_cached(
                        "DELETE FROM fingerprints WHERE media IN (SELECT media FROM images i WHERE image = ?1
                            AND NOT EXISTS (SELECT 1 FROM images o WHERE o.media = i.media AND o.same_as IS NULL))",
                    )?
                    .execute([image])?;
            }
        }
        if which == Forget::All {
            for root in roots {
                transaction.prepare_cached("DELETE FROM roots WHERE root = ?1")?.execute([root.0])?;
            }
        }
        transaction.commit()?;
        Ok(files.len() as u64)
    }
}

fn files_of(
    transaction: &Transaction<'_>,
    roots: &[RootId],
    which: Forget,
) -> Result<Vec<(LocalFileId, Option<i64>)>> {
    let condition = match which {
        Forget::Missing => "AND state = 2 AND state <> 1",
        Forget::All => "",
    };
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT file, iif(kind IN (1, 2), image, NULL) FROM local_files WHERE root = ?1 {condition} ORDER BY path"
    ))?;
    let mut files = Vec::new();
    for root in roots {
        let rows = statement.query_map([root.0], |row| Ok((LocalFileId(row.get(0)?), row.get(1)?)))?;
        for row in rows {
            files.push(row?);
        }
    }
    Ok(files)
}
