//! Which images of the site the numberless pictures of versions are, by their media key.
//!
//! - In: media whose images changed. Out: `same_as`, relations with `by_media`, and lent generation data, as they
//!   follow from everything stored; the order in which it came does not matter.
//! - A numberless picture keeps its own row as evidence, so that a better match that arrives later can take over.
//! - Never: a choice that depends on another media's choice.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Transaction, params};

use super::Stamp;
use super::history::History;
use crate::catalog::Result;
use crate::catalog::images::{
    IMAGE_COLUMNS, StoredUse, USES_OF_IMAGE, meta_code, meta_state, read_row, read_uses, split_seed,
};
use crate::catalog::merge::{Described, dialect_bit};
use crate::entity::{Dialect, ImageKey, ModelId, Traits};

/// The image of the site with media ?1 that the picture of version ?2 is: one that the version's documents name
/// themselves, one of the owner of the version's model, one in the post that holds most other pictures of the
/// version, the lowest id.
const CHOOSE: &str = "
    SELECT c.image FROM images c WHERE c.media = ?1 AND c.image > 0 ORDER BY
        EXISTS (SELECT 1 FROM image_versions p
            WHERE p.version = ?2 AND p.image = c.image AND p.relation = 1 AND p.by_media = 0) DESC,
        coalesce(c.username = (SELECT m.creator FROM versions v JOIN models m USING (model)
            WHERE v.version = ?2) COLLATE NOCASE, 0) DESC,
        coalesce(c.post = (SELECT o.post FROM image_versions p CROSS JOIN images o USING (image)
            WHERE p.version = ?2 AND p.image > 0 AND p.relation = 1 AND p.by_media = 0
                AND o.media <> ?1 AND o.post IS NOT NULL
            GROUP BY o.post ORDER BY count(*) DESC, o.post LIMIT 1), 0) DESC,
        c.image
    LIMIT 1";

/// Adds a use of a resource: image, resource, weight, sources.
pub(super) const INSERT_USE: &str =
    "INSERT INTO image_resources (image, resource, weight, sources) VALUES (?1, ?2, ?3, ?4)";

/// A relation of an image to a version: version, image, code.
type Relation = (i64, i64, i64);

/// Collects what a batch may have changed, and settles it at the end of the batch.
pub(super) struct Correlation<'t> {
    transaction: &'t Transaction<'t>,
    stamp: Stamp,
    unsettled: BTreeSet<i64>,
    history: History<'t>,
}

impl<'t> Correlation<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>, stamp: Stamp, history: History<'t>) -> Self {
        Self { transaction, stamp, unsettled: BTreeSet::new(), history }
    }

    /// The images of a media are others than before.
    pub(super) fn media_changed(&mut self, media: i64) {
        self.unsettled.insert(media);
    }

    /// An image no longer has the media by which relations were given to it.
    pub(super) fn media_left(&mut self, image: ImageKey, media: i64) -> Result<()> {
        self.transaction
            .prepare_cached("DELETE FROM image_versions WHERE image = ?1 AND by_media = 1")?
            .execute([image.get()])?;
        self.media_changed(media);
        Ok(())
    }

    /// An image that was posted for versions is in another post, or posted for more of them: their numberless
    /// pictures may belong elsewhere.
    pub(super) fn post_changed(&mut self, image: ImageKey) -> Result<()> {
        self.add_media(
            "SELECT DISTINCT n.media FROM image_versions p
             CROSS JOIN image_versions q ON q.version = p.version AND q.image < 0
             CROSS JOIN images n ON n.image = q.image WHERE p.image = ?1",
            image.get(),
        )
    }

    /// A model has another owner or other versions.
    pub(super) fn model_changed(&mut self, model: ModelId) -> Result<()> {
        self.add_media(
            "SELECT DISTINCT n.media FROM versions v
             CROSS JOIN image_versions q ON q.version = v.version AND q.image < 0
             CROSS JOIN images n ON n.image = q.image WHERE v.model = ?1",
            model.as_i64(),
        )
    }

    fn add_media(&mut self, sql: &str, number: i64) -> Result<()> {
        let mut statement = self.transaction.prepare_cached(sql)?;
        for media in statement.query_map([number], |row| row.get(0))? {
            self.unsettled.insert(media?);
        }
        Ok(())
    }

    /// Settles everything that was collected.
    pub(super) fn settle(&mut self) -> Result<()> {
        let media = std::mem::take(&mut self.unsettled);
        media.into_iter().try_for_each(|media| self.settle_media(media))
    }

    fn settle_media(&self, media: i64) -> Result<()> {
        let Some(numberless) = self.numberless(media)? else { return Ok(()) };
        let posted = self.relations_of(numberless)?;
        let mut wanted: BTreeSet<Relation> = BTreeSet::new();
        for (version, relation) in &posted {
            if let Some(image) = self.choose(media, Some(*version))? {
                wanted.insert((*version, image, *relation));
            }
        }
        let mut targets: BTreeSet<i64> = wanted.iter().map(|(_, image, _)| *image).collect();
        if posted.is_empty() {
            targets.extend(self.choose(media, None)?);
        }
        let mut touched = self.relate(media, &wanted)?;
        touched.extend(self.lend(media, numberless, &targets)?);
        for image in touched {
            self.transaction
                .prepare_cached("UPDATE images SET generation = ?2 WHERE image = ?1")?
                .execute([image, self.stamp.generation])?;
        }
        self.transaction
            .prepare_cached(
                "UPDATE images SET same_as = ?2, generation = ?3 WHERE image = ?1 AND same_as IS NOT ?2",
            )?
            .execute(params![numberless, targets.first(), self.stamp.generation])?;
        Ok(())
    }

    /// The row of a version's picture that has a media key and no number.
    fn numberless(&self, media: i64) -> Result<Option<i64>> {
        Ok(self
            .transaction
            .prepare_cached(
                "SELECT image FROM images WHERE media = ?1 AND image < 0 AND dialects & ?2
                    AND (SELECT kind FROM media WHERE media = ?1) = 1 ORDER BY image DESC LIMIT 1",
            )?
            .query_row(params![media, dialect_bit(Dialect::VersionImage)], |row| row.get(0))
            .optional()?)
    }

    fn relations_of(&self, image: i64) -> Result<Vec<(i64, i64)>> {
        let mut statement = self
            .transaction
            .prepare_cached("SELECT version, relation FROM image_versions WHERE image = ?1")?;
        let relations = statement.query_map([image], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(relations.collect::<rusqlite::Result<_>>()?)
    }

    fn choose(&self, media: i64, version: Option<i64>) -> Result<Option<i64>> {
        let mut statement = self.transaction.prepare_cached(CHOOSE)?;
        Ok(statement.query_row(params![media, version], |row| row.get(0)).optional()?)
    }

    /// Gives the images of a media these relations, and takes away others that they once got in this way.
    fn relate(&self, media: i64, wanted: &BTreeSet<Relation>) -> Result<BTreeSet<i64>> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT p.version, p.image, p.relation FROM images c CROSS JOIN image_versions p USING (image)
             WHERE c.media = ?1 AND c.image > 0 AND p.by_media = 1",
        )?;
        let present: BTreeSet<Relation> = statement
            .query_map([media], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut touched = BTreeSet::new();
        for (version, image, relation) in present.difference(wanted) {
            self.transaction
                .prepare_cached(
                    "DELETE FROM image_versions WHERE version = ?1 AND image = ?2 AND relation = ?3",
                )?
                .execute([version, image, relation])?;
            touched.insert(*image);
        }
        for (version, image, relation) in wanted.difference(&present) {
            let added = self
                .transaction
                .prepare_cached(
                    "INSERT INTO image_versions (version, image, relation, by_media) VALUES (?1, ?2, ?3, 1)
                     ON CONFLICT DO NOTHING",
                )?
                .execute([version, image, relation])?;
            if added > 0 {
                touched.insert(*image);
            }
        }
        Ok(touched)
    }

    /// Lends generation data to the images that the picture is, and takes it back from others.
    fn lend(&self, media: i64, lender: i64, targets: &BTreeSet<i64>) -> Result<BTreeSet<i64>> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT image FROM images WHERE media = ?1 AND image > 0 AND own_meta IS NOT NULL",
        )?;
        let mut concerned: BTreeSet<i64> =
            statement.query_map([media], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        concerned.extend(targets);
        let lender = read_described(self.transaction, lender)?;
        let mut touched = BTreeSet::new();
        for image in concerned {
            let before = read_described(self.transaction, image)?;
            let own = before.own();
            let after = if targets.contains(&image) { own.borrowing(&lender) } else { own };
            if after != before {
                self.history.note_meta(image, before.row.meta, after.row.meta)?;
                self.store_meta(&after)?;
                touched.insert(image);
            }
        }
        Ok(touched)
    }

    fn store_meta(&self, image: &Described) -> Result<()> {
        let (key, data) = (image.row.key.get(), &image.row.generation_data);
        let (seed, seed_high) = split_seed(data.seed);
        self.transaction
            .prepare_cached(
                "UPDATE images SET meta_state = ?2, own_meta = ?3, prompt = ?4, negative_prompt = ?5,
                    sampler = ?6, scheduler = ?7, steps = ?8, cfg = ?9, seed = ?10, gen_width = ?11,
                    gen_height = ?12, clip_skip = ?13, denoise = ?14, model_name = ?15, model_hash = ?16,
                    tool = ?17, tool_version = ?18, seed_high = ?19, traits = ?20 WHERE image = ?1",
            )?
            .execute(params![
                key,
                meta_code(image.row.meta),
                image.own_meta.map(meta_code),
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
                seed_high,
                data.traits.map(Traits::bits),
            ])?;
        replace_uses(self.transaction, key, &image.uses)
    }
}

/// An image as stored, with its uses by resource.
pub(super) fn read_described(transaction: &Transaction<'_>, image: i64) -> Result<Described> {
    let sql = format!("SELECT {IMAGE_COLUMNS}, own_meta FROM images WHERE image = ?1");
    let mut statement = transaction.prepare_cached(&sql)?;
    let (row, own_meta) =
        statement.query_row([image], |row| Ok((read_row(row), row.get::<_, Option<i64>>(38)?)))?;
    let uses = read_uses(&mut transaction.prepare_cached(USES_OF_IMAGE)?, image)?;
    Ok(Described { row: row?, uses, own_meta: own_meta.map(meta_state).transpose()? })
}

/// Makes these the uses of an image.
pub(super) fn replace_uses(transaction: &Transaction<'_>, image: i64, uses: &[StoredUse]) -> Result<()> {
    transaction.prepare_cached("DELETE FROM image_resources WHERE image = ?1")?.execute([image])?;
    let mut insert = transaction.prepare_cached(INSERT_USE)?;
    for used in uses {
        insert.execute(params![image, used.resource, used.weight, used.sources.bits()])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
