//! Fingerprints, read: all that changed since a generation, or that of one media.

use std::ops::ControlFlow;

use rusqlite::{Row, params};

use super::{FingerprintStats, Looked, PixelOrigin, StoredFingerprint, damaged};
use crate::catalog::{Catalog, MediaId, Result};
use crate::entity::{CHROMA_VALUES, FINGERPRINT_ALGORITHM, Fingerprint};

/// The columns of [`StoredFingerprint`], in the order in which [`read_row`] takes them.
pub(super) const COLUMNS: &str =
    "media, generation, origin, preview_width, look, pixels, coded, content, blurhash, failure";

/// Why a media that is gone has no fingerprint.
const GONE: &str = "no image shows it any more";

/// Length of the numbers as stored.
const LOOK_BYTES: usize = 4 + 4 + 16 + 8 + CHROMA_VALUES + 1;

impl Catalog {
    /// Visits every fingerprint of the present algorithm that changed after one generation and not after another, in
    /// order of that change and then of the media, until `visit` breaks off.
    ///
    /// What turned into a failure comes by as well, so that what was derived from it can be dropped; and so does, as a
    /// failure, a media that is gone together with its last image. Numbers of media are given away again.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn each_fingerprint(
        &self,
        after: u64,
        up_to: u64,
        mut visit: impl FnMut(StoredFingerprint) -> ControlFlow<()>,
    ) -> Result<()> {
        let bounds = [after, up_to].map(|generation| i64::try_from(generation).unwrap_or(i64::MAX));
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM fingerprints
                WHERE generation > ?1 AND generation <= ?2 AND algorithm = ?3
             UNION ALL
             SELECT media, generation, 1, NULL, NULL, NULL, NULL, NULL, NULL, '{GONE}' FROM fingerprints_gone
                WHERE generation > ?1 AND generation <= ?2 AND algorithm = ?3
             ORDER BY generation, media"
        ))?;
        let mut rows = statement.query(params![bounds[0], bounds[1], FINGERPRINT_ALGORITHM])?;
        while let Some(row) = rows.next()? {
            if visit(read_row(row)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// What is known of the pixels of a media; `None` if nobody has looked at them by the present algorithm.
    ///
    /// # Errors
    ///
    /// When SQLite fails or the row is damaged.
    pub fn fingerprint(&self, media: MediaId) -> Result<Option<StoredFingerprint>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM fingerprints WHERE media = ?1 AND algorithm = ?2"
        ))?;
        let mut rows = statement.query(params![media.0, FINGERPRINT_ALGORITHM])?;
        rows.next()?.map(read_row).transpose()
    }

    /// The media whose bytes hash to `content`, by number, as far as their fingerprints or their names tell.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn media_with_content(&self, content: &[u8; 32]) -> Result<Vec<MediaId>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT media FROM fingerprints WHERE content = ?1 AND content IS NOT NULL AND algorithm = ?2
             UNION SELECT media FROM media WHERE identity = ?1 AND kind = 3 ORDER BY media",
        )?;
        let mut rows = statement.query(params![content, FINGERPRINT_ALGORITHM])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(MediaId::read(row, 0)?);
        }
        Ok(found)
    }

    /// Counts fingerprints of the present algorithm.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn fingerprint_stats(&self) -> Result<FingerprintStats> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT count(look), count(iif(substr(look, {LOOK_BYTES}) < ?2, 1, NULL)),
                count(iif(origin = 3 AND look IS NOT NULL, 1, NULL)), count(*) - count(look)
             FROM fingerprints WHERE algorithm = ?1"
        ))?;
        let least = [Fingerprint::LEAST_CONTRAST];
        let counts = statement.query_row(params![FINGERPRINT_ALGORITHM, least], |row| {
            let count = |column: usize| Ok::<_, rusqlite::Error>(row.get::<_, i64>(column)?.unsigned_abs());
            Ok(FingerprintStats { seen: count(0)?, flat: count(1)?, previews: count(2)?, failed: count(3)? })
        })?;
        Ok(counts)
    }
}

pub(super) fn read_row(row: &Row<'_>) -> Result<StoredFingerprint> {
    let origin = PixelOrigin::from_columns(row.get(2)?, row.get(3)?)?;
    let looked = match row.get::<_, Option<Vec<u8>>>(4)? {
        None => Looked::Failed(row.get::<_, Option<String>>(9)?.unwrap_or_default()),
        Some(look) => {
            let mut fingerprint = unpack(&look).ok_or(damaged("look"))?;
            fingerprint.pixels = hash(row, 5, "pixels")?;
            fingerprint.coded = hash(row, 6, "coded")?;
            Looked::Seen(fingerprint)
        }
    };
    Ok(StoredFingerprint {
        media: MediaId::read(row, 0)?,
        generation: row.get::<_, i64>(1)?.unsigned_abs(),
        origin,
        content: hash(row, 7, "content")?,
        blurhash: row.get(8)?,
        looked,
    })
}

fn hash(row: &Row<'_>, column: usize, name: &'static str) -> Result<Option<[u8; 32]>> {
    let bytes: Option<Vec<u8>> = row.get(column)?;
    bytes.map(TryInto::try_into).transpose().map_err(|_| damaged(name))
}

/// The numbers without their hashes: width, height, gradient, DCT signs, chroma, contrast.
pub(super) fn pack(fingerprint: &Fingerprint) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(LOOK_BYTES);
    bytes.extend(fingerprint.width.to_le_bytes());
    bytes.extend(fingerprint.height.to_le_bytes());
    for word in fingerprint.code() {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(fingerprint.chroma.map(i8::cast_unsigned));
    bytes.push(fingerprint.contrast);
    bytes
}

/// What [`pack`] packed; `None` for bytes of another length.
fn unpack(bytes: &[u8]) -> Option<Fingerprint> {
    let mut rest = bytes;
    let width = u32::from_le_bytes(take(&mut rest)?);
    let height = u32::from_le_bytes(take(&mut rest)?);
    let code: [u64; 3] = [take(&mut rest)?, take(&mut rest)?, take(&mut rest)?].map(u64::from_le_bytes);
    let chroma = take::<CHROMA_VALUES>(&mut rest)?.map(u8::cast_signed);
    let [contrast] = take(&mut rest)?;
    let [first, second, dct] = code;
    let fingerprint = Fingerprint {
        width,
        height,
        pixels: None,
        coded: None,
        gradient: [first, second],
        dct,
        chroma,
        contrast,
    };
    rest.is_empty().then_some(fingerprint)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(*first)
}
