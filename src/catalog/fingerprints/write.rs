//! Fingerprints, written: a batch, a transaction, and a generation if anything is new.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::read::{COLUMNS, pack, read_row};
use super::{FileMark, FingerprintsWritten, Looked, NewFingerprint, PixelOrigin, StoredFingerprint};
use crate::catalog::{Catalog, Result};
use crate::entity::{FINGERPRINT_ALGORITHM, Timestamp};

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It says something new.
    Replace,
    /// It says what was said before; only when and of which state of the file is noted.
    Confirm,
    /// What is known is better.
    Keep,
}

impl Catalog {
    /// Stores fingerprints as one transaction, on behalf of `stage`, from `source`.
    ///
    /// What is no longer true of its file, or whose media is gone, is left out.
    ///
    /// # Errors
    ///
    /// When SQLite fails; nothing is stored then.
    pub fn write_fingerprints(
        &mut self,
        stage: &'static str,
        source: &str,
        at: Timestamp,
        rows: &[NewFingerprint],
    ) -> Result<FingerprintsWritten> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut written = FingerprintsWritten::default();
        for row in rows {
            if !is_current(&transaction, row)? {
                continue;
            }
            let known = known(&transaction, row)?;
            match verdict(known.as_ref(), row) {
                Verdict::Replace => {
                    let generation = match written.generation {
                        Some(generation) => generation,
                        None => begin(&transaction, stage, source, at, rows.len())?,
                    };
                    written.generation = Some(generation);
                    written.changed += 1;
                    store(&transaction, generation, at, row)?;
                }
                Verdict::Confirm => {
                    written.unchanged += 1;
                    confirm(&transaction, at, row)?;
                }
                Verdict::Keep => written.unchanged += 1,
            }
        }
        transaction.commit()?;
        self.count_batch()?;
        Ok(written)
    }

    /// Gives media that are named by a hash of their bytes the fingerprint that another media of the same bytes has.
    ///
    /// # Errors
    ///
    /// When SQLite fails; nothing is stored then.
    pub fn adopt_fingerprints(&mut self, at: Timestamp) -> Result<u64> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let waiting = "FROM media m JOIN fingerprints p ON p.content = m.identity AND p.content IS NOT NULL
             WHERE m.kind = 3 AND p.algorithm = ?1 AND p.look IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM fingerprints q WHERE q.media = m.media AND q.algorithm = ?1)";
        let count: i64 = transaction
            .prepare_cached(&format!("SELECT count(DISTINCT m.media) {waiting}"))?
            .query_row([FINGERPRINT_ALGORITHM], |row| row.get(0))?;
        if count == 0 {
            return Ok(0);
        }
        let items = usize::try_from(count).unwrap_or(usize::MAX);
        let generation = begin(&transaction, "fingerprint", "same bytes", at, items)?;
        transaction
            .prepare_cached(&format!(
                "INSERT OR IGNORE INTO fingerprints (media, algorithm, generation, at, origin, look, pixels, coded,
                    content, blurhash)
                 SELECT m.media, p.algorithm, ?2, ?3, p.origin, p.look, p.pixels, p.coded, p.content, p.blurhash
                 {waiting} ORDER BY p.media"
            ))?
            .execute(params![FINGERPRINT_ALGORITHM, generation.cast_signed(), at.as_millis()])?;
        transaction.commit()?;
        Ok(count.unsigned_abs())
    }
}

/// The columns that a row keeps when its file moves.
const CARRIED: &str = "at, origin, look, pixels, coded, content, blurhash, failure, size_bytes, modified_ns";

/// What is known of a file's pixels, while the row that holds it changes.
pub(in crate::catalog) struct Carried {
    image: i64,
    columns: Vec<Value>,
}

/// Takes up what is known of the pixels of an image, if it holds for a file of this size and time: the same bytes in
/// another place are another media, as long as nobody has hashed them.
pub(in crate::catalog) fn take_up(
    transaction: &Transaction<'_>,
    image: i64,
    mark: FileMark,
) -> Result<Option<Carried>> {
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT {CARRIED} FROM fingerprints WHERE media = (SELECT media FROM images WHERE image = ?1)
            AND algorithm = ?2 AND origin = 1 AND size_bytes = ?3 AND modified_ns = ?4"
    ))?;
    let parameters = params![image, FINGERPRINT_ALGORITHM, mark.size_bytes.cast_signed(), mark.modified_ns];
    let columns = statement
        .query_row(parameters, |row| (0..10).map(|column| row.get(column)).collect::<rusqlite::Result<_>>())
        .optional()?;
    Ok(columns.map(|columns| Carried { image, columns }))
}

/// Puts it down at the media that the image has now.
pub(in crate::catalog) fn put_down(
    transaction: &Transaction<'_>,
    generation: i64,
    carried: Carried,
) -> Result<()> {
    let head = [carried.image.into(), generation.into(), i64::from(FINGERPRINT_ALGORITHM).into()];
    let values: Vec<Value> = head.into_iter().chain(carried.columns).collect();
    transaction
        .prepare_cached(&format!(
            "INSERT OR IGNORE INTO fingerprints (media, generation, algorithm, {CARRIED})
             SELECT media, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13 FROM images WHERE image = ?1"
        ))?
        .execute(rusqlite::params_from_iter(values))?;
    Ok(())
}

/// Gives a media that is named by the hash of its bytes what is known of another one of these bytes, which may go.
pub(in crate::catalog) fn hand_over(
    transaction: &Transaction<'_>,
    generation: i64,
    from: i64,
    to: i64,
) -> Result<()> {
    transaction
        .prepare_cached(&format!(
            "INSERT OR IGNORE INTO fingerprints (media, generation, algorithm, {CARRIED})
             SELECT ?2, ?3, algorithm, {CARRIED} FROM fingerprints WHERE media = ?1
                AND content = (SELECT identity FROM media WHERE media = ?2 AND kind = 3)"
        ))?
        .execute(params![from, to, generation])?;
    Ok(())
}

/// Drops what was known of the pixels of a file that is another now. A media that is named by the hash of its bytes is
/// not of one file alone.
pub(in crate::catalog) fn drop_stale(
    transaction: &Transaction<'_>,
    image: i64,
    mark: FileMark,
) -> Result<()> {
    transaction
        .prepare_cached(
            "DELETE FROM fingerprints WHERE origin = 1 AND (size_bytes <> ?2 OR modified_ns <> ?3)
                AND media = (SELECT m.media FROM images i JOIN media m USING (media) WHERE i.image = ?1 AND m.kind <> 3)",
        )?
        .execute(params![image, mark.size_bytes.cast_signed(), mark.modified_ns])?;
    Ok(())
}

fn begin(
    transaction: &Transaction<'_>,
    stage: &str,
    source: &str,
    at: Timestamp,
    items: usize,
) -> Result<u64> {
    let generation: i64 = transaction
        .prepare_cached(
            "INSERT INTO generations (generation, at, stage, source, items)
             VALUES ((SELECT coalesce(max(generation), 0) + 1 FROM generations), ?1, ?2, ?3, ?4)
             RETURNING generation",
        )?
        .query_row(
            params![at.as_millis(), stage, source, i64::try_from(items).unwrap_or(i64::MAX)],
            |row| row.get(0),
        )?;
    Ok(generation.unsigned_abs())
}

/// Whether the media is there still, and its file as it was read.
fn is_current(transaction: &Transaction<'_>, row: &NewFingerprint) -> Result<bool> {
    let Some(mark) = row.file else {
        let mut statement = transaction.prepare_cached("SELECT 1 FROM media WHERE media = ?1")?;
        return Ok(statement.exists([row.media.0])?);
    };
    let mut statement = transaction.prepare_cached(
        "SELECT 1 FROM images i JOIN local_files f ON f.image = i.image AND f.kind = 1
         WHERE i.media = ?1 AND f.size_bytes = ?2 AND f.modified_ns = ?3",
    )?;
    Ok(statement.exists(params![row.media.0, mark.size_bytes.cast_signed(), mark.modified_ns])?)
}

/// What is known of the media, and of which state of its file.
struct Known {
    stored: StoredFingerprint,
    mark: Option<FileMark>,
}

fn known(transaction: &Transaction<'_>, row: &NewFingerprint) -> Result<Option<Known>> {
    let mut statement = transaction.prepare_cached(&format!(
        "SELECT {COLUMNS}, size_bytes, modified_ns FROM fingerprints WHERE media = ?1 AND algorithm = ?2"
    ))?;
    let mut rows = statement.query(params![row.media.0, FINGERPRINT_ALGORITHM])?;
    let Some(found) = rows.next()? else { return Ok(None) };
    let mark = match (found.get::<_, Option<i64>>(10)?, found.get(11)?) {
        (Some(size_bytes), Some(modified_ns)) => {
            Some(FileMark { size_bytes: size_bytes.cast_unsigned(), modified_ns })
        }
        _ => None,
    };
    Ok(Some(Known { stored: read_row(found)?, mark }))
}

fn verdict(known: Option<&Known>, row: &NewFingerprint) -> Verdict {
    let Some(Known { stored, mark }) = known else { return Verdict::Replace };
    let is_same_file = *mark == row.file;
    let keeps = match (&stored.looked, &row.looked) {
        (Looked::Seen(_), Looked::Failed(_)) => is_same_file || row.origin != PixelOrigin::File,
        (Looked::Seen(_), Looked::Seen(_)) => stored.origin.is_exact() && !row.origin.is_exact(),
        (Looked::Failed(_), _) => false,
    };
    if keeps {
        return Verdict::Keep;
    }
    let offered = as_stored(row, stored.generation);
    if offered == *stored { Verdict::Confirm } else { Verdict::Replace }
}

/// The row as it would be read back. A preview has neither hash of bytes nor of pixels.
fn as_stored(row: &NewFingerprint, generation: u64) -> StoredFingerprint {
    let mut looked = row.looked.clone();
    let is_exact = row.origin.is_exact();
    if let Looked::Seen(fingerprint) = &mut looked
        && !is_exact
    {
        (fingerprint.pixels, fingerprint.coded) = (None, None);
    }
    StoredFingerprint {
        media: row.media,
        generation,
        origin: row.origin,
        content: row.content.filter(|_| is_exact),
        blurhash: row.blurhash.clone(),
        looked,
    }
}

fn store(transaction: &Transaction<'_>, generation: u64, at: Timestamp, row: &NewFingerprint) -> Result<()> {
    let stored = as_stored(row, generation);
    let (origin, width) = row.origin.columns();
    let seen = stored.looked.fingerprint();
    let failure = match &stored.looked {
        Looked::Seen(_) => None,
        Looked::Failed(reason) => Some(reason),
    };
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO fingerprints (media, algorithm, generation, at, origin, preview_width, look,
                pixels, coded, content, blurhash, failure, expires_at, size_bytes, modified_ns)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute(params![
            row.media.0,
            FINGERPRINT_ALGORITHM,
            generation.cast_signed(),
            at.as_millis(),
            origin,
            width,
            seen.map(pack),
            seen.and_then(|seen| seen.pixels),
            seen.and_then(|seen| seen.coded),
            stored.content,
            stored.blurhash,
            failure,
            row.expires_at.map(Timestamp::as_millis),
            row.file.map(|mark| mark.size_bytes.cast_signed()),
            row.file.map(|mark| mark.modified_ns),
        ])?;
    Ok(())
}

fn confirm(transaction: &Transaction<'_>, at: Timestamp, row: &NewFingerprint) -> Result<()> {
    transaction
        .prepare_cached(
            "UPDATE fingerprints SET at = ?3, expires_at = ?4, size_bytes = coalesce(?5, size_bytes),
                modified_ns = coalesce(?6, modified_ns) WHERE media = ?1 AND algorithm = ?2",
        )?
        .execute(params![
            row.media.0,
            FINGERPRINT_ALGORITHM,
            at.as_millis(),
            row.expires_at.map(Timestamp::as_millis),
            row.file.map(|mark| mark.size_bytes.cast_signed()),
            row.file.map(|mark| mark.modified_ns),
        ])?;
    Ok(())
}
