//! Everything in a stated order, for export: images by source and name, models and versions by number.

use std::collections::BTreeMap;

use rusqlite::{CachedStatement, Row};
use serde::{Deserialize, Serialize};

use super::codes::{read_identity, read_name};
use super::images::{IMAGE_COLUMNS, ImageRow, TRUE_IMAGE, read_row, words_from_json};
use super::{Catalog, CatalogError, Result};
use crate::entity::{HashKind, ImageKey, ImageName, MediaIdentity, Timestamp, VersionId};

/// An image with its name and media.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedImage {
    /// What it is known by outside the catalog.
    pub name: ImageName,
    /// The image.
    pub row: ImageRow,
    /// The bytes behind it.
    pub media: MediaIdentity,
    /// BlurHash of the media, as received.
    pub blurhash: Option<String>,
    /// Width of the media, in pixels.
    pub width: Option<u32>,
    /// Height of the media, in pixels.
    pub height: Option<u32>,
}

/// A model as `export models` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelRecord {
    /// The site's number.
    pub id: i64,
    /// Title.
    pub name: Option<String>,
    /// The site's word for its type.
    pub r#type: Option<String>,
    /// Whether its owner marked it as mature.
    pub nsfw: Option<bool>,
    /// Levels of its pictures, or-ed.
    pub nsfw_level: Option<u32>,
    /// Whether it depicts a real person.
    pub poi: Option<bool>,
    /// `Archived`, `TakenDown`, or `None`.
    pub mode: Option<String>,
    /// The site's word for who may see it.
    pub availability: Option<String>,
    /// Uses that its owner allows to be sold.
    pub allow_commercial_use: Vec<String>,
    /// Its publisher.
    pub creator: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Downloads.
    pub downloads: Option<i64>,
    /// Thumbs up.
    pub thumbs_up: Option<i64>,
    /// Whether a document of its own described it; else others only named it.
    pub described: bool,
    /// Numbers of its versions, ascending.
    pub versions: Vec<i64>,
}

/// A version as `export versions` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VersionRecord {
    /// The site's number.
    pub id: i64,
    /// Title.
    pub name: Option<String>,
    /// Number of its model.
    pub model: Option<i64>,
    /// Title of its model.
    pub model_name: Option<String>,
    /// Type of its model.
    pub model_type: Option<String>,
    /// Base model.
    pub base_model: Option<String>,
    /// `unknown`, `published`, `unpublished` or `not_found`.
    pub state: String,
    /// When its row was made.
    pub created_at: Option<Timestamp>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// Words that trigger it.
    pub trained_words: Vec<String>,
    /// Downloads.
    pub downloads: Option<i64>,
    /// Whether a document of its own described it; else images only named it.
    pub described: bool,
    /// Its files, former ones last.
    pub files: Vec<FileRecord>,
}

/// A file as `export versions` prints it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileRecord {
    /// The site's number.
    pub id: Option<i64>,
    /// Name it is downloaded as.
    pub name: Option<String>,
    /// The site's word for its type.
    pub r#type: Option<String>,
    /// Size in bytes.
    pub size_bytes: Option<i64>,
    /// Whether the site offers it first.
    pub primary: bool,
    /// Whether the version no longer lists it.
    pub former: bool,
    /// Present hashes by the site's name of the kind, lower-case digits.
    pub hashes: BTreeMap<String, String>,
}

/// One row for each hash of each file of a version, for [`read_files`].
const FILES_OF_VERSION: &str =
    "SELECT files.file, site_id, name, files.kind, size_bytes, is_primary, files.former, file_hashes.kind, hash
     FROM files LEFT JOIN file_hashes ON file_hashes.file = files.file AND NOT file_hashes.former
     WHERE version = ?1 ORDER BY files.former, files.file, file_hashes.kind";

impl Catalog {
    /// The files of a version with their present hashes, former files last.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn files_of(&self, version: VersionId) -> Result<Vec<FileRecord>> {
        read_files(version.as_i64(), &mut self.connection.prepare_cached(FILES_OF_VERSION)?)
    }

    /// Visits every image: those of the site by id, then local ones by path, then others by URL.
    ///
    /// # Errors
    ///
    /// When SQLite fails, a row is damaged, or `visit` fails.
    pub fn for_each_named_image<E: From<CatalogError>>(
        &self,
        mut visit: impl FnMut(NamedImage) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let snapshot = self.connection.unchecked_transaction().map_err(CatalogError::from)?;
        let columns = IMAGE_COLUMNS.replacen("image,", "images.image,", 1);
        let media = "media.kind, media.identity, media.blurhash, media.width, media.height";
        let parts = [
            format!(
                "SELECT {columns}, {media}, NULL, NULL FROM images JOIN media USING (media)
                 WHERE images.image > 0 ORDER BY images.image"
            ),
            format!(
                "SELECT {columns}, {media}, image_names.kind, image_names.name
                 FROM images JOIN media USING (media) JOIN image_names USING (image)
                 WHERE images.same_as IS NULL ORDER BY image_names.kind DESC, image_names.name"
            ),
        ];
        for sql in parts {
            let mut statement = snapshot.prepare(&sql).map_err(CatalogError::from)?;
            let mut rows = statement.query([]).map_err(CatalogError::from)?;
            while let Some(row) = rows.next().map_err(CatalogError::from)? {
                visit(read_named(row)?)?;
            }
        }
        Ok(())
    }

    /// One image with its name and media, or `None`. A row that turned out to be an image of the site answers as that
    /// image.
    ///
    /// # Errors
    ///
    /// When SQLite fails or the row is damaged.
    pub fn named_image(&self, key: ImageKey) -> Result<Option<NamedImage>> {
        let columns = IMAGE_COLUMNS.replacen("image,", "images.image,", 1);
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {columns}, media.kind, media.identity, media.blurhash, media.width, media.height,
                image_names.kind, image_names.name
             FROM images JOIN media USING (media) LEFT JOIN image_names USING (image)
             WHERE images.image = ({TRUE_IMAGE})"
        ))?;
        let mut rows = statement.query([key.get()])?;
        rows.next()?.map(read_named).transpose()
    }

    /// Visits every model by number.
    ///
    /// # Errors
    ///
    /// When SQLite fails, a row is damaged, or `visit` fails.
    pub fn for_each_model_record<E: From<CatalogError>>(
        &self,
        mut visit: impl FnMut(ModelRecord) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let snapshot = self.connection.unchecked_transaction().map_err(CatalogError::from)?;
        let mut versions = snapshot
            .prepare_cached("SELECT version FROM versions WHERE model = ?1 ORDER BY version")
            .map_err(CatalogError::from)?;
        let mut statement = snapshot
            .prepare(
                "SELECT model, name, kind, nsfw, nsfw_level, poi, mode, availability, allow_commercial_use,
                    creator, tags, downloads, thumbs_up, seen_at IS NOT NULL
                 FROM models ORDER BY model",
            )
            .map_err(CatalogError::from)?;
        let mut rows = statement.query([]).map_err(CatalogError::from)?;
        while let Some(row) = rows.next().map_err(CatalogError::from)? {
            visit(read_model(row, &mut versions)?)?;
        }
        Ok(())
    }

    /// Visits every version by number.
    ///
    /// # Errors
    ///
    /// When SQLite fails, a row is damaged, or `visit` fails.
    pub fn for_each_version_record<E: From<CatalogError>>(
        &self,
        mut visit: impl FnMut(VersionRecord) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let snapshot = self.connection.unchecked_transaction().map_err(CatalogError::from)?;
        let mut files = snapshot.prepare_cached(FILES_OF_VERSION).map_err(CatalogError::from)?;
        let mut statement = snapshot
            .prepare(
                "SELECT version, versions.name, versions.model, models.name, models.kind, base_model, state,
                    created_at, published_at, trained_words, versions.downloads, versions.seen_at IS NOT NULL
                 FROM versions LEFT JOIN models USING (model) ORDER BY version",
            )
            .map_err(CatalogError::from)?;
        let mut rows = statement.query([]).map_err(CatalogError::from)?;
        while let Some(row) = rows.next().map_err(CatalogError::from)? {
            visit(read_version(row, &mut files)?)?;
        }
        Ok(())
    }
}

fn read_named(row: &Row<'_>) -> Result<NamedImage> {
    let image = read_row(row)?;
    let name = match image.key.site_id() {
        Some(id) => ImageName::Site(id),
        None => read_name(row.get(43)?, row.get(44)?)?,
    };
    Ok(NamedImage {
        name,
        row: image,
        media: read_identity(row.get(38)?, row.get(39)?)?,
        blurhash: row.get(40)?,
        width: row.get(41)?,
        height: row.get(42)?,
    })
}

fn read_model(row: &Row<'_>, versions: &mut CachedStatement<'_>) -> Result<ModelRecord> {
    let id: i64 = row.get(0)?;
    let versions = versions.query_map([id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(ModelRecord {
        id,
        name: row.get(1)?,
        r#type: row.get(2)?,
        nsfw: row.get(3)?,
        nsfw_level: row.get(4)?,
        poi: row.get(5)?,
        mode: row.get(6)?,
        availability: row.get(7)?,
        allow_commercial_use: words_from_json(&row.get::<_, String>(8)?)?,
        creator: row.get(9)?,
        tags: words_from_json(&row.get::<_, String>(10)?)?,
        downloads: row.get(11)?,
        thumbs_up: row.get(12)?,
        described: row.get(13)?,
        versions,
    })
}

fn read_version(row: &Row<'_>, files: &mut CachedStatement<'_>) -> Result<VersionRecord> {
    let id: i64 = row.get(0)?;
    Ok(VersionRecord {
        id,
        name: row.get(1)?,
        model: row.get(2)?,
        model_name: row.get(3)?,
        model_type: row.get(4)?,
        base_model: row.get(5)?,
        state: row.get(6)?,
        created_at: row.get::<_, Option<i64>>(7)?.and_then(Timestamp::from_millis),
        published_at: row.get::<_, Option<i64>>(8)?.and_then(Timestamp::from_millis),
        trained_words: words_from_json(&row.get::<_, String>(9)?)?,
        downloads: row.get(10)?,
        described: row.get(11)?,
        files: read_files(id, files)?,
    })
}

/// Folds the rows of a version's files, one for each hash, into files.
fn read_files(version: i64, statement: &mut CachedStatement<'_>) -> Result<Vec<FileRecord>> {
    let mut files: Vec<FileRecord> = Vec::new();
    let mut last = None;
    let mut rows = statement.query([version])?;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        if last.replace(number) != Some(number) {
            files.push(FileRecord {
                id: row.get(1)?,
                name: row.get(2)?,
                r#type: row.get(3)?,
                size_bytes: row.get(4)?,
                primary: row.get(5)?,
                former: row.get(6)?,
                hashes: BTreeMap::new(),
            });
        }
        let kind: Option<i64> = row.get(7)?;
        if let (Some(file), Some(kind)) = (files.last_mut(), kind.and_then(HashKind::from_code)) {
            file.hashes.insert(kind.name().to_owned(), row.get(8)?);
        }
    }
    Ok(files)
}
