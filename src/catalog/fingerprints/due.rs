//! Which pictures have no fingerprint yet: on disk, and on the site.

use rusqlite::{Row, params};

use super::{DuePicture, Failures, FileMark, RemoteMedia};
use crate::catalog::codes::read_identity;
use crate::catalog::{Catalog, CatalogError, FileKind, LocalFileId, MediaId, Result, joined};
use crate::entity::{FINGERPRINT_ALGORITHM, ImageKey, MediaIdentity, MediaType, Timestamp};

/// Pictures that are there and that nobody has looked at as they are. Where the media is the hash of the bytes, any
/// fingerprint of it holds; elsewhere only one of the same size and time. ?1: algorithm, ?2: whether failures are due.
const DUE: &str = "FROM local_files f JOIN roots r USING (root) JOIN images i ON i.image = f.image
    JOIN media m USING (media) LEFT JOIN fingerprints p ON p.media = m.media AND p.algorithm = ?1
    WHERE f.kind = 1 AND f.state = 1 AND r.online AND i.same_as IS NULL
        AND (p.media IS NULL OR (?2 AND p.look IS NULL)
            OR (m.kind <> 3 AND (p.size_bytes IS NOT f.size_bytes OR p.modified_ns IS NOT f.modified_ns)))";

/// Media of the site that an image with an address shows, and of which nothing better is known.
/// ?1: algorithm, ?2: whether failures are due, ?3: now, ?4: whether a preview is not enough.
const WANTED: &str =
    "m.kind = 1 AND EXISTS (SELECT 1 FROM images i WHERE i.media = m.media AND i.url IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM fingerprints p WHERE p.media = m.media AND p.algorithm = ?1
        AND iif(p.look IS NULL, NOT ?2 AND coalesce(p.expires_at > ?3, 1), NOT (?4 AND p.origin = 3)))";

const REMOTE: &str = "SELECT m.media, m.kind, m.identity, i.image, i.url, i.media_type FROM media m
    JOIN images i ON i.image = (SELECT o.image FROM images o WHERE o.media = m.media AND o.url IS NOT NULL
        ORDER BY o.image < 0, abs(o.image) LIMIT 1)";

/// Which media of the site are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Whether the fingerprint of a preview is not enough.
    pub exact: bool,
    /// Whether failures that still spare a try are tried all the same.
    pub failures: Failures,
    /// The present moment.
    pub now: Timestamp,
}

impl Catalog {
    /// The next pictures on disk without a fingerprint, by file number, at most `most` of them.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn due_pictures(
        &self,
        after: Option<LocalFileId>,
        most: usize,
        failures: Failures,
    ) -> Result<Vec<DuePicture>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT f.file, m.media, r.path, f.path, f.size_bytes, f.modified_ns {DUE} AND f.file > ?3
             ORDER BY f.file LIMIT ?4"
        ))?;
        let mut rows = statement.query(params![
            FINGERPRINT_ALGORITHM,
            failures == Failures::Retried,
            after.map_or(0, |file| file.0),
            i64::try_from(most).unwrap_or(i64::MAX),
        ])?;
        let mut due = Vec::new();
        while let Some(row) = rows.next()? {
            let (root, below): (Vec<u8>, Vec<u8>) = (row.get(2)?, row.get(3)?);
            due.push(DuePicture {
                file: LocalFileId(row.get(0)?),
                media: MediaId::read(row, 1)?,
                path: joined(&root, &below),
                mark: FileMark {
                    size_bytes: row.get::<_, i64>(4)?.cast_unsigned(),
                    modified_ns: row.get(5)?,
                },
            });
        }
        Ok(due)
    }

    /// How many pictures on disk have no fingerprint, and how many bytes they have together.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn due_picture_count(&self, failures: Failures) -> Result<(u64, u64)> {
        let sql = format!("SELECT count(*), coalesce(sum(f.size_bytes), 0) {DUE}");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let parameters = params![FINGERPRINT_ALGORITHM, failures == Failures::Retried];
        let counts =
            statement.query_row(parameters, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
        Ok((counts.0.unsigned_abs(), counts.1.unsigned_abs()))
    }

    /// How many files of a kind are on disk.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn present_file_count(&self, kind: FileKind) -> Result<u64> {
        let sql = "SELECT count(*) FROM local_files WHERE kind = ?1 AND state = 1";
        let count: i64 = self.connection.prepare_cached(sql)?.query_row([kind.code()], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// The next media of the site that are wanted, by number, at most `most` of them.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn wanted_media(
        &self,
        after: Option<MediaId>,
        most: usize,
        wanted: Wanted,
    ) -> Result<Vec<RemoteMedia>> {
        let sql = format!("{REMOTE} WHERE {WANTED} AND m.media > ?5 ORDER BY m.media LIMIT ?6");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![
            FINGERPRINT_ALGORITHM,
            wanted.failures == Failures::Retried,
            wanted.now.as_millis(),
            wanted.exact,
            after.map_or(0, |media| media.0),
            i64::try_from(most).unwrap_or(i64::MAX),
        ])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read_remote(row)?);
        }
        Ok(found)
    }

    /// How many media of the site are wanted, videos included.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn wanted_media_count(&self, wanted: Wanted) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM media m WHERE {WANTED}");
        let count: i64 = self.connection.prepare_cached(&sql)?.query_row(
            params![
                FINGERPRINT_ALGORITHM,
                wanted.failures == Failures::Retried,
                wanted.now.as_millis(),
                wanted.exact
            ],
            |row| row.get(0),
        )?;
        Ok(count.unsigned_abs())
    }

    /// Whether a media of the site is wanted; `None` where it is none of the site's, or has no address.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn remote_media(&self, media: MediaId, wanted: Wanted) -> Result<Option<(RemoteMedia, bool)>> {
        let sql = format!("{REMOTE} WHERE m.kind = 1 AND m.media = ?5");
        let sql = sql.replacen("i.media_type FROM", &format!("i.media_type, {WANTED} FROM"), 1);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![
            FINGERPRINT_ALGORITHM,
            wanted.failures == Failures::Retried,
            wanted.now.as_millis(),
            wanted.exact,
            media.0,
        ])?;
        rows.next()?.map(|row| Ok((read_remote(row)?, row.get(6)?))).transpose()
    }
}

fn read_remote(row: &Row<'_>) -> Result<RemoteMedia> {
    let media = MediaId::read(row, 0)?;
    let MediaIdentity::Key(key) = read_identity(row.get(1)?, row.get(2)?)? else {
        return Err(CatalogError::Damaged { table: "media", column: "kind" });
    };
    let image: i64 = row.get(3)?;
    Ok(RemoteMedia {
        media,
        key,
        image: ImageKey::new(image).ok_or(CatalogError::Damaged { table: "images", column: "image" })?,
        url: row.get(4)?,
        media_type: row.get::<_, Option<String>>(5)?.map(|word| MediaType::from_word(&word)),
    })
}
