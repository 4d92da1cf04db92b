//! Images with their media, resources and versions.

use rusqlite::{CachedStatement, OptionalExtension, Transaction, params};

use super::correlate::{Correlation, INSERT_USE, read_described, replace_uses};
use super::history::History;
use super::resources::{ResourceCache, ResourceWriter};
use super::{RawPlace, Stamp, saturating_i64};
use crate::catalog::batch::Change;
use crate::catalog::codes::{NamePlace, identity_columns, place_of};
use crate::catalog::crawl::Absent;
use crate::catalog::fingerprints;
use crate::catalog::images::{IMAGE_COLUMNS, ImageRow, StoredUse, meta_code, split_seed};
use crate::catalog::merge::{fresh, merged, merged_uses, uses_after};
use crate::catalog::{CatalogError, Result};
use crate::entity::{Image, ImageKey, ImageName, Media, MetaState, ModelId, ResourceUse, Traits};

/// Where a media is.
struct MediaPlace {
    row: i64,
    /// It was not there before.
    is_new: bool,
}

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
    touch_media: CachedStatement<'t>,
    insert_use: CachedStatement<'t>,
    insert_version: CachedStatement<'t>,
    correlation: Correlation<'t>,
    touched: bool,
    history: History<'t>,
}

impl<'t> ImageWriter<'t> {
    pub(super) fn new(
        transaction: &'t Transaction<'t>,
        cache: &'t mut ResourceCache,
        stamp: Stamp,
    ) -> Result<Self> {
        let history = History::new(transaction, stamp)?;
        Ok(Self {
            transaction,
            stamp,
            history,
            resources: ResourceWriter::new(transaction, cache, stamp)?,
            find_image: transaction.prepare_cached("SELECT raw_hash FROM images WHERE image = ?1")?,
            store_image: transaction.prepare_cached(&format!(
                "INSERT OR REPLACE INTO images ({IMAGE_COLUMNS}, raw_block, raw_position, raw_hash)
                 VALUES ({})",
                placeholders(41)
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
            touch_media: transaction
                .prepare_cached("UPDATE images SET generation = ?2 WHERE media = ?1 AND generation <> ?2")?,
            insert_use: transaction.prepare_cached(INSERT_USE)?,
            insert_version: transaction.prepare_cached(
                "INSERT INTO image_versions (version, image, relation) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET by_media = 0 WHERE by_media = 1",
            )?,
            correlation: Correlation::new(transaction, stamp, history),
            touched: false,
        })
    }

    /// A model changed, perhaps its owner: the pictures of its versions may be other images than was thought.
    pub(super) fn model_changed(&mut self, model: ModelId) -> Result<()> {
        self.correlation.model_changed(model)
    }

    /// To be called when everything of the batch is written.
    ///
    /// Says whether a row refers to a raw record of this batch although it did not change.
    pub(super) fn finish(mut self) -> Result<bool> {
        self.correlation.settle()?;
        Ok(self.touched)
    }

    pub(super) fn write(&mut self, image: &Image, raw: RawPlace) -> Result<Change> {
        let key = self.key_of(&image.name)?;
        let known: Option<Option<i64>> =
            self.find_image.query_row([key.get()], |row| row.get(0)).optional()?;
        let related = self.write_versions(key, image)?;
        let returned = self.history.note_return(Absent::Image, key.get())?;
        match known {
            None => self.insert(key, image, raw),
            Some(hash) if hash == Some(raw.hash) && !related && !returned => Ok(Change::Unchanged),
            Some(_) => self.update(key, image, raw, related || returned),
        }
    }

    /// The row number of an image; a name that is not a site id gets the next negative one.
    fn key_of(&self, name: &ImageName) -> Result<ImageKey> {
        let (kind, bytes) = match place_of(name) {
            NamePlace::Row(key) => return Ok(key),
            NamePlace::Columns(kind, bytes) => (kind, bytes),
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
        // Most images bring a media of their own, so that nothing has to be looked up for them.
        if !media.is_new {
            self.correlation.media_changed(media.row);
        }
        if key.get() > 0 && image.post.is_some() && !image.posted_for.is_empty() {
            self.correlation.post_changed(key)?;
        }
        let generation = u64::try_from(self.stamp.generation).unwrap_or_default();
        self.store(&fresh(image, key, media.row, generation), raw)?;
        let uses = self.stored_uses(&image.resources)?;
        self.insert_uses(key, &merged_uses(&[], &uses, image.meta))?;
        Ok(Change::New)
    }

    fn update(&mut self, key: ImageKey, image: &Image, raw: RawPlace, related: bool) -> Result<Change> {
        let media = self.media_row(&image.media)?;
        let stored = read_described(self.transaction, key.get())?;
        let old = stored.own();
        let new = merged(&old.row, image, media.row);
        let described_uses = self.stored_uses(&image.resources)?;
        let said = if image.meta == MetaState::Withheld { new.meta } else { image.meta };
        let new_uses = uses_after(&old.uses, &described_uses, image.dialect, said);
        self.drop_unused(media.row, new.media)?;
        if !related && old.row == new && old.uses == new_uses {
            self.touch_raw.execute(params![key.get(), raw.hash, self.stamp.generation, raw.position])?;
            self.touched = true;
            return Ok(Change::Unchanged);
        }
        self.history.note_image(&old.row, &new, image.dialect)?;
        self.store(&new, raw)?;
        if stored.uses != new_uses {
            replace_uses(self.transaction, key.get(), &new_uses)?;
        }
        self.correlation.media_changed(new.media);
        if old.row.media != new.media {
            self.correlation.media_left(key, old.row.media)?;
            self.drop_unused(old.row.media, new.media)?;
        }
        if key.get() > 0 && (related || old.row.media != new.media || old.row.post != new.post) {
            self.correlation.post_changed(key)?;
        }
        Ok(Change::Changed)
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

    /// Deletes the row of a media that is not the one kept, unless another image shows it: a media is counted and
    /// compared for as long as it has an image.
    fn drop_unused(&self, media: i64, kept: i64) -> Result<()> {
        if media != kept {
            fingerprints::hand_over(self.transaction, self.stamp.generation, media, kept)?;
            self.transaction
                .prepare_cached(
                    "DELETE FROM media WHERE media = ?1
                        AND NOT EXISTS (SELECT 1 FROM images WHERE images.media = ?1)",
                )?
                .execute([media])?;
        }
        Ok(())
    }

    /// The row of a media, made or completed as needed.
    fn media_row(&mut self, media: &Media) -> Result<MediaPlace> {
        let (kind, identity) = identity_columns(&media.identity);
        let inserted =
            self.insert_media.execute(params![kind, identity, media.blurhash, media.width, media.height])?;
        if inserted > 0 {
            return Ok(MediaPlace { row: self.transaction.last_insert_rowid(), is_new: true });
        }
        let row = self.find_media.query_row(params![identity, kind], |row| row.get(0))?;
        if self.fill_media.execute(params![row, media.blurhash, media.width, media.height])? > 0 {
            // All images that show it say more now. It happens three times to a media at most: nothing is taken away.
            self.touch_media.execute(params![row, self.stamp.generation])?;
        }
        Ok(MediaPlace { row, is_new: false })
    }

    fn store(&mut self, row: &ImageRow, raw: RawPlace) -> Result<()> {
        let tags = (!row.tags.is_empty()).then(|| serde_json::json!(row.tags).to_string());
        let data = &row.generation_data;
        let (seed, seed_high) = split_seed(data.seed);
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
            seed,
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
            seed_high,
            data.traits.map(Traits::bits),
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
