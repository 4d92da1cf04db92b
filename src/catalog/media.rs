//! Reading media: stored bytes, their BlurHash and size, and the images that share them.
//!
//! - In: media numbers, identities, image keys.
//! - Out: rows in the order of their numbers; a stream holds one row at a time.
//! - Never: decoding of BlurHashes, changes.

use std::ops::ControlFlow;

use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row};

use super::codes::{NamePlace, identity_columns, place_of, read_identity, read_name};
use super::{Catalog, CatalogError, Result};
use crate::entity::{ImageKey, ImageName, Media, MediaIdentity};

/// The catalog's row number for a media; positive. It says nothing outside this catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaId(pub(super) i64);

impl MediaId {
    /// `None` unless positive and within the range of a row number.
    pub fn new(value: u64) -> Option<Self> {
        i64::try_from(value).ok().filter(|value| *value > 0).map(Self)
    }

    /// The row number.
    pub fn get(self) -> u64 {
        self.0.unsigned_abs()
    }

    pub(super) fn read(row: &Row<'_>, column: usize) -> Result<Self> {
        let value: i64 = row.get(column)?;
        u64::try_from(value).ok().and_then(Self::new).ok_or(damaged("media"))
    }
}

/// What is known of a media besides its identity, borrowed from the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaRow<'a> {
    /// Its number.
    pub id: MediaId,
    /// Its BlurHash as the source gave it; `None` also if it is not UTF-8.
    pub blurhash: Option<&'a str>,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
}

impl Catalog {
    /// Shows every media to `visit`, in the order of their numbers, until it breaks off.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row number is not positive.
    pub fn each_media(&self, mut visit: impl FnMut(MediaRow<'_>) -> ControlFlow<()>) -> Result<()> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT media, blurhash, width, height FROM media ORDER BY media")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if visit(media_row(row)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// What `read` makes of a media; `None` if no image shows it.
    ///
    /// # Errors
    ///
    /// As [`Self::each_media`].
    pub fn with_shown_media<T>(
        &self,
        media: MediaId,
        read: impl FnOnce(MediaRow<'_>) -> T,
    ) -> Result<Option<T>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT media, blurhash, width, height FROM media m WHERE media = ?1
                AND EXISTS (SELECT 1 FROM images i WHERE i.media = m.media AND i.same_as IS NULL)",
        )?;
        let mut rows = statement.query([media.0])?;
        rows.next()?.map(|row| Ok(read(media_row(row)?))).transpose()
    }

    /// Number of media.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn media_count(&self) -> Result<u64> {
        let count: i64 = self.connection.query_row("SELECT count(*) FROM media", [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// One media in full; `None` if there is none of this number.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Damaged`] if its identity is not what its kind promises.
    pub fn media(&self, id: MediaId) -> Result<Option<Media>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT kind, identity, blurhash, width, height FROM media WHERE media = ?1")?;
        let mut rows = statement.query([id.0])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let identity = read_identity(row.get(0)?, row.get(1)?)?;
        let (width, height) = (pixels(row, 3)?, pixels(row, 4)?);
        Ok(Some(Media { identity, blurhash: row.get(2)?, width, height }))
    }

    /// The number of a media; `None` if the catalog does not hold it.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn media_by_identity(&self, identity: &MediaIdentity) -> Result<Option<MediaId>> {
        let (kind, bytes) = identity_columns(identity);
        let mut statement =
            self.connection.prepare_cached("SELECT media FROM media WHERE identity = ?1 AND kind = ?2")?;
        let mut rows = statement.query((bytes, kind))?;
        rows.next()?.map(|row| MediaId::read(row, 0)).transpose()
    }

    /// The media of an image; `None` if the catalog does not hold the image.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn media_of_image(&self, image: ImageKey) -> Result<Option<MediaId>> {
        let mut statement = self.connection.prepare_cached("SELECT media FROM images WHERE image = ?1")?;
        let mut rows = statement.query([image.get()])?;
        rows.next()?.map(|row| MediaId::read(row, 0)).transpose()
    }

    /// The images that show a media, by key.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn images_of_media(&self, media: MediaId) -> Result<Vec<ImageKey>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT image FROM images WHERE media = ?1 AND same_as IS NULL ORDER BY image")?;
        let mut rows = statement.query([media.0])?;
        let mut images = Vec::new();
        while let Some(row) = rows.next()? {
            images.push(ImageKey::new(row.get(0)?).ok_or(damaged("identity"))?);
        }
        Ok(images)
    }

    /// The media that more than one image shows, by number.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn shared_media(&self) -> Result<Vec<MediaId>> {
        let mut statement = self
            .connection
            // Counted in two steps, because only the images of a media, not what they turned out to be, lie in its index.
            .prepare_cached(
                "SELECT media FROM images i GROUP BY media
                 HAVING count(*) > 1 AND count(*) - (SELECT count(*) FROM images a
                    WHERE a.media = i.media AND a.same_as IS NOT NULL) > 1 ORDER BY media",
            )?;
        let mut rows = statement.query([])?;
        let mut shared = Vec::new();
        while let Some(row) = rows.next()? {
            shared.push(MediaId::read(row, 0)?);
        }
        Ok(shared)
    }

    /// The image of this name; `None` if no document described it.
    ///
    /// Paths compare byte by byte, so that a caller makes them absolute first.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn image_by_name(&self, name: &ImageName) -> Result<Option<ImageKey>> {
        let (kind, bytes) = match place_of(name) {
            NamePlace::Row(key) => return Ok(self.media_of_image(key)?.map(|_| key)),
            NamePlace::Columns(kind, bytes) => (kind, bytes),
        };
        let mut statement = self.connection.prepare_cached(
            "SELECT image FROM images JOIN image_names USING (image)
             WHERE name = ?1 AND kind = ?2 AND same_as IS NOT image",
        )?;
        let key: Option<i64> = statement.query_row((bytes, kind), |row| row.get(0)).optional()?;
        Ok(key.and_then(ImageKey::new))
    }

    /// What an image is known by; `None` for a negative key that has no name.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Damaged`] if the name is not what its kind promises.
    pub fn image_name(&self, image: ImageKey) -> Result<Option<ImageName>> {
        if let Some(id) = image.site_id() {
            return Ok(Some(ImageName::Site(id)));
        }
        let mut statement =
            self.connection.prepare_cached("SELECT kind, name FROM image_names WHERE image = ?1")?;
        let row: Option<(i64, Vec<u8>)> =
            statement.query_row([image.get()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((kind, name)) = row else { return Ok(None) };
        read_name(kind, name).map(Some)
    }
}

fn media_row<'a>(row: &'a Row<'_>) -> Result<MediaRow<'a>> {
    let blurhash = match row.get_ref(1)? {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    };
    Ok(MediaRow { id: MediaId::read(row, 0)?, blurhash, width: pixels(row, 2)?, height: pixels(row, 3)? })
}

fn pixels(row: &Row<'_>, column: usize) -> Result<Option<u32>> {
    let value: Option<i64> = row.get(column)?;
    Ok(value.and_then(|value| u32::try_from(value).ok()))
}

fn damaged(column: &'static str) -> CatalogError {
    CatalogError::Damaged { table: "media", column }
}

#[cfg(test)]
mod tests;
