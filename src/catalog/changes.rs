//! The change log, read by generation: which images changed since when, with all that an index needs.

use rusqlite::{CachedStatement, OptionalExtension, Row, params};

use super::images::{IMAGE_COLUMNS, ImageRow, StoredUse, USES_OF_IMAGE, read_row, read_uses};
use super::{Catalog, CatalogError, Result};
use crate::entity::{ImageKey, ResourceKind, VersionId};

/// One image that changed, with what other tables say of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangedImage {
    /// The image.
    pub row: ImageRow,
    /// The image of the site that this row turned out to be; it is none by itself then.
    pub same_as: Option<ImageKey>,
    /// Width of its media, in pixels.
    pub width: Option<u32>,
    /// Height of its media, in pixels.
    pub height: Option<u32>,
    /// `civitai`, `url` or `local`.
    pub source: &'static str,
    /// The resources it names, by resource number.
    pub resources: Vec<StoredUse>,
    /// The versions that it was posted for, by number; not those that it was only returned for.
    pub posted_for: Vec<VersionId>,
}

impl Catalog {
    /// Visits every row of an image whose last change lies after one generation and not after another, in order of that
    /// change and then of the row number, as of one moment.
    ///
    /// # Errors
    ///
    /// When SQLite fails, a row is damaged, or `visit` fails.
    pub fn for_each_changed_image<E: From<CatalogError>>(
        &self,
        after: u64,
        up_to: u64,
        mut visit: impl FnMut(ChangedImage) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let snapshot = self.connection.unchecked_transaction().map_err(CatalogError::from)?;
        let mut related = Related::new(&snapshot)?;
        let sql = format!(
            "SELECT {IMAGE_COLUMNS}, media.width, media.height, same_as
             FROM images JOIN media USING (media)
             WHERE generation > ?1 AND generation <= ?2 ORDER BY generation, image",
        );
        let mut statement = snapshot.prepare_cached(&sql).map_err(CatalogError::from)?;
        let bounds = [after, up_to].map(|generation| i64::try_from(generation).unwrap_or(i64::MAX));
        let mut rows = statement.query(bounds).map_err(CatalogError::from)?;
        while let Some(row) = rows.next().map_err(CatalogError::from)? {
            visit(related.complete(row)?)?;
        }
        Ok(())
    }

    /// Visits at most `limit` rows of images after a row number, in the order of their numbers, as of one moment. Returns
    /// how many there were.
    ///
    /// # Errors
    ///
    /// When SQLite fails, a row is damaged, or `visit` fails.
    pub fn for_each_image_after<E: From<CatalogError>>(
        &self,
        after: i64,
        limit: u32,
        mut visit: impl FnMut(ChangedImage) -> std::result::Result<(), E>,
    ) -> std::result::Result<u32, E> {
        let snapshot = self.connection.unchecked_transaction().map_err(CatalogError::from)?;
        let mut related = Related::new(&snapshot)?;
        let sql = format!(
            "SELECT {IMAGE_COLUMNS}, media.width, media.height, same_as
             FROM images JOIN media USING (media) WHERE image > ?1 ORDER BY image LIMIT ?2",
        );
        let mut statement = snapshot.prepare_cached(&sql).map_err(CatalogError::from)?;
        let mut rows = statement.query(params![after, limit]).map_err(CatalogError::from)?;
        let mut seen = 0;
        while let Some(row) = rows.next().map_err(CatalogError::from)? {
            visit(related.complete(row)?)?;
            seen += 1;
        }
        Ok(seen)
    }

    /// The role of a resource, and what metadata calls it: its name, else its hash, else the number of its version
    /// or model. `None` when there is no such row.
    ///
    /// # Errors
    ///
    /// When SQLite fails or the row is damaged.
    pub fn resource_name(&self, resource: i64) -> Result<Option<(ResourceKind, Option<String>)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT kind, coalesce(name, hash, version, air_version, air_model) || ''
                 FROM resources WHERE resource = ?1",
        )?;
        let found: Option<(i64, Option<String>)> =
            statement.query_row([resource], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        found
            .map(|(code, name)| {
                let kind = ResourceKind::from_code(code)
                    .ok_or(CatalogError::Damaged { table: "resources", column: "kind" })?;
                Ok((kind, name))
            })
            .transpose()
    }
}

/// Statements for what stands beside an image.
struct Related<'c> {
    uses: CachedStatement<'c>,
    versions: CachedStatement<'c>,
    name_kind: CachedStatement<'c>,
}

impl<'c> Related<'c> {
    fn new(connection: &'c rusqlite::Connection) -> Result<Self> {
        Ok(Self {
            uses: connection.prepare_cached(USES_OF_IMAGE)?,
            versions: connection.prepare_cached(
                "SELECT version FROM image_versions WHERE image = ?1 AND relation = 1 ORDER BY version",
            )?,
            name_kind: connection.prepare_cached("SELECT kind FROM image_names WHERE image = ?1")?,
        })
    }

    fn complete(&mut self, columns: &Row<'_>) -> Result<ChangedImage> {
        let row = read_row(columns)?;
        let (width, height) = (columns.get(38)?, columns.get(39)?);
        let same_as = columns.get::<_, Option<i64>>(40)?.and_then(ImageKey::new);
        let key = row.key.get();
        let resources = read_uses(&mut self.uses, key)?;
        let versions = self.versions.query_map([key], |row| row.get::<_, i64>(0))?;
        let posted_for = versions
            .filter_map(|version| version.map(VersionId::from_i64).transpose())
            .collect::<rusqlite::Result<_>>()?;
        let source = if key > 0 { "civitai" } else { self.named_source(key)? };
        Ok(ChangedImage { row, same_as, width, height, source, resources, posted_for })
    }

    fn named_source(&mut self, key: i64) -> Result<&'static str> {
        let kind: Option<i64> = self.name_kind.query_row(params![key], |row| row.get(0)).optional()?;
        match kind {
            Some(2) => Ok("url"),
            Some(3) => Ok("local"),
            _ => Err(CatalogError::Damaged { table: "image_names", column: "kind" }),
        }
    }
}
