//! Images with their media, resources and versions.

use rusqlite::{CachedStatement, OptionalExtension, Transaction, params};

use super::resources::{ResourceCache, ResourceWriter};
use super::{RawPlace, Stamp, saturating_i64};
use crate::catalog::batch::Change;
use crate::catalog::images::{IMAGE_COLUMNS, ImageRow, StoredUse, meta_code, read_row};
use crate::catalog::merge::{fresh, merged, merged_uses};
use crate::catalog::{CatalogError, Result};
use crate::entity::{Image, ImageKey, ImageName, Media, MediaIdentity, ResourceUse};

/// Writes images inside one transaction, with its statements prepared once.
pub(super) struct ImageWriter<'t> {
    transaction: &'t Transaction<'t>,
    stamp: Stamp,
    resources: ResourceWriter<'t>,
    find_image: CachedStatement<'t>,
    store_image: CachedStatement<'t>,
    touch_raw: CachedStatement<'t>,
    insert_media: CachedStatement<'t>,
    find_media: CachedStatement<'t>,
    fill_media: CachedStatement<'t>,
    insert_use: CachedStatement<'t>,
    insert_version: CachedStatement<'t>,
}

impl<'t> ImageWriter<'t> {
    pub(super) fn new(
        transaction: &'t Transaction<'t>,
        cache: &'t mut ResourceCache,
        stamp: Stamp,
    ) -> Result<Self> {
        Ok(Self {
            transaction,
            stamp,
            resources: ResourceWriter::new(transaction, cache, stamp)?,
            find_image: transaction.prepare_cached("SELECT raw_hash FROM images WHERE image = ?1")?,
            store_image: transaction.prepare_cached(&format!(
                "INSERT OR REPLACE INTO images ({IMAGE_COLUMNS}, raw_block, raw_position, raw_hash)
                 VALUES ({})",
                placeholders(39)
            ))?,
            touch_raw: transaction.prepare_cached(
                "UPDATE images SET raw_hash = ?2, raw_block = ?3, raw_position = ?4 WHERE image = ?1",
            )?,
            insert_media: transaction.prepare_cached(
                "INSERT INTO media (kind, identity, blurhash, width, height) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (identity, kind) DO NOTHING",
            )?,
            find_media: transaction
                .prepare_cached("SELECT media FROM media WHERE identity = ?1 AND kind = ?2")?,
            fill_media: transaction.prepare_cached(
                "UPDATE media SET blurhash = coalesce(blurhash, ?2), width = coalesce(width, ?3),
                    height = coalesce(height, ?4) WHERE media = ?1
                 AND ((blurhash IS NULL AND ?2 IS NOT NULL) OR (width IS NULL AND ?3 IS NOT NULL)
                    OR (height IS NULL AND ?4 IS NOT NULL))",
            )?,
            insert_use: transaction.prepare_cached(
                "INSERT INTO image_resources (image, resource, weight, sources) VALUES (?1, ?2, ?3, ?4)",
            )?,
            insert_version: transaction.prepare_cached(
                "INSERT INTO image_versions (version, image, relation) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
            )?,
        })
    }

    pub(super) fn write(&mut self, image: &Image, raw: RawPlace) -> Result<Change> {
        let key = self.key_of(&image.name)?;
        let known: Option<Option<i64>> =
            self.find_image.query_row([key.get()], |row| row.get(0)).optional()?;
        let related = self.write_versions(key, image)?;
        match known {
            None => self.insert(key, image, raw),
            Some(hash) if hash == Some(raw.hash) && !related => Ok(Change::Unchanged),
            Some(_) => self.update(key, image, raw, related),
        }
    }

    /// The row number of an image; a name that is not a site id gets the next negative one.
    fn key_of(&self, name: &ImageName) -> Result<ImageKey> {
        let (kind, bytes) = match name {
            ImageName::Site(id) => return Ok((*id).into()),
            ImageName::Url(url) => (2_i64, url.as_bytes()),
            ImageName::Path(path) => (3, path.as_slice()),
        };
        let known: Option<i64> = self
            .transaction
            .prepare_cached("SELECT image FROM image_names WHERE name = ?1 AND kind = ?2")?
            .query_row(params![bytes, kind], |row| row.get(0))
            .optional()?;
        let number = match known {
            Some(number) => number,
            None => self
                .transaction
                .prepare_cached(
                    "INSERT INTO image_names (image, kind, name)
                     VALUES ((SELECT coalesce(min(image), 0) - 1 FROM image_names), ?1, ?2)
                     RETURNING image",
                )?
                .query_row(params![kind, bytes], |row| row.get(0))?,
        };
        ImageKey::new(number).ok_or(CatalogError::Damaged { table: "image_names", column: "image" })
    }

    fn insert(&mut self, key: ImageKey, image: &Image, raw: RawPlace) -> Result<Change> {
        let media = self.media_row(&image.media)?;
        let generation = u64::try_from(self.stamp.generation).unwrap_or_default();
        self.store(&fresh(image, key, media, generation), raw)?;
        let uses = self.stored_uses(&image.resources)?;
        self.insert_uses(key, &merged_uses(&[], &uses, image.meta))?;
        Ok(Change::New)
    }

    fn update(&mut self, key: ImageKey, image: &Image, raw: RawPlace, related: bool) -> Result<Change> {
        let media = self.media_row(&image.media)?;
        let old = self.stored_row(key)?;
        let new = merged(&old, image, media);
        let old_uses = self.old_uses(key)?;
        let described_uses = self.stored_uses(&image.resources)?;
        let new_uses = merged_uses(&old_uses, &described_uses, image.meta);
        let same_uses = old_uses == new_uses;
        if !related && old == new && same_uses {
            self.touch_raw.execute(params![key.get(), raw.hash, self.stamp.generation, raw.position])?;
            return Ok(Change::Unchanged);
        }
        self.store(&new, raw)?;
        if !same_uses {
            self.transaction
                .prepare_cached("DELETE FROM image_resources WHERE image = ?1")?
                .execute([key.get()])?;
            self.insert_uses(key, &new_uses)?;
        }
        Ok(Change::Changed)
    }

    fn stored_row(&self, key: ImageKey) -> Result<ImageRow> {
        let sql = format!("SELECT {IMAGE_COLUMNS} FROM images WHERE image = ?1");
        let mut statement = self.transaction.prepare_cached(&sql)?;
        statement.query_row([key.get()], |row| Ok(read_row(row)))?
    }

    fn old_uses(&self, key: ImageKey) -> Result<Vec<StoredUse>> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT resource, weight, sources FROM image_resources WHERE image = ?1 ORDER BY resource",
        )?;
        let uses = statement.query_map([key.get()], |row| {
            Ok(StoredUse {
                resource: row.get(0)?,
                weight: row.get(1)?,
                sources: crate::entity::ResourceSources::from_bits(row.get(2)?),
            })
        })?;
        Ok(uses.collect::<rusqlite::Result<_>>()?)
    }

    fn stored_uses(&mut self, uses: &[ResourceUse]) -> Result<Vec<StoredUse>> {
        uses.iter()
            .map(|used| {
                let resource = self.resources.row(&used.resource)?;
                Ok(StoredUse { resource, weight: used.weight, sources: used.sources })
            })
            .collect()
    }

    fn insert_uses(&mut self, key: ImageKey, uses: &[StoredUse]) -> Result<()> {
        for used in uses {
            self.insert_use.execute(params![key.get(), used.resource, used.weight, used.sources.bits()])?;
        }
        Ok(())
    }

    /// Whether any relation to a version is new.
    fn write_versions(&mut self, key: ImageKey, image: &Image) -> Result<bool> {
        let mut added = 0;
        for posted in &image.posted_for {
            added += self.insert_version.execute(params![
                posted.version.as_i64(),
                key.get(),
                posted.relation.code()
            ])?;
        }
        Ok(added > 0)
    }

    /// The row of a media, made or completed as needed.
    fn media_row(&mut self, media: &Media) -> Result<i64> {
        let (kind, identity): (i64, &[u8]) = match &media.identity {
            MediaIdentity::Key(key) => (1, key.as_bytes()),
            MediaIdentity::Url(url) => (2, url.as_bytes()),
            MediaIdentity::Content(hash) => (3, hash),
        };
        let inserted =
            self.insert_media.execute(params![kind, identity, media.blurhash, media.width, media.height])?;
        if inserted > 0 {
            return Ok(self.transaction.last_insert_rowid());
        }
        let row = self.find_media.query_row(params![identity, kind], |row| row.get(0))?;
        self.fill_media.execute(params![row, media.blurhash, media.width, media.height])?;
        Ok(row)
    }

    fn store(&mut self, row: &ImageRow, raw: RawPlace) -> Result<()> {
        let tags = (!row.tags.is_empty()).then(|| serde_json::json!(row.tags).to_string());
        let data = &row.generation_data;
        self.store_image.execute(params![
            row.key.get(),
            self.stamp.generation,
            row.media,
            row.dialects,
            row.url,
            row.media_type.map(|kind| kind.as_str()),
            row.nsfw_level.map(|level| level.bits()),
            row.created_at.map(|at| at.as_millis()),
            row.published_at.map(|at| at.as_millis()),
            row.post.map(|post| post.as_i64()),
            row.username,
            row.base_model,
            row.stats.map(|stats| saturating_i64(stats.likes)),
            row.stats.map(|stats| saturating_i64(stats.hearts)),
            row.stats.map(|stats| saturating_i64(stats.laughs)),
            row.stats.map(|stats| saturating_i64(stats.cries)),
            row.stats.map(|stats| saturating_i64(stats.comments)),
            tags,
            meta_code(row.meta),
            data.prompt,
            data.negative_prompt,
            data.sampler,
            data.scheduler,
            data.steps,
            data.cfg,
            data.seed,
            data.width,
            data.height,
            data.clip_skip,
            data.denoise,
            data.model,
            data.model_hash,
            data.tool,
            data.tool_version,
            row.remix_of.map(|image| image.as_i64()),
            saturating_i64(row.added),
            self.stamp.generation,
            raw.position,
            raw.hash,
        ])?;
        Ok(())
    }
}

/// `?1, ?2, ... ?n`.
fn placeholders(count: usize) -> String {
    (1..=count).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ")
}
