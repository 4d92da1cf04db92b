//! Image rows: one by key, many by generation, all in order.

use rusqlite::{CachedStatement, OptionalExtension, Row};

use super::{Catalog, CatalogError, Result};
use crate::entity::{
    GenerationData, ImageId, ImageKey, ImageStats, MediaType, MetaState, NsfwLevel, PostId, ResourceSources,
    Timestamp, Traits,
};

/// One image as the catalog holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageRow {
    /// The row.
    pub key: ImageKey,
    /// The batch that last changed it.
    pub generation: u64,
    /// The batch that first described it.
    pub added: u64,
    /// The row of its media.
    pub media: i64,
    /// Which dialects described it: bit n for the dialect with code n.
    pub dialects: u32,
    /// The URL as received.
    pub url: Option<String>,
    /// Picture, video or audio.
    pub media_type: Option<MediaType>,
    /// Maturity.
    pub nsfw_level: Option<NsfwLevel>,
    /// When its row was made on the site.
    pub created_at: Option<Timestamp>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// The post that holds it.
    pub post: Option<PostId>,
    /// Its owner.
    pub username: Option<String>,
    /// Base model, as the site glued it.
    pub base_model: Option<String>,
    /// Reactions; dislikes are not kept.
    pub stats: Option<ImageStats>,
    /// Tags.
    pub tags: Vec<String>,
    /// What is known of its generation data.
    pub meta: MetaState,
    /// The generation data; empty unless `meta` is present.
    pub generation_data: GenerationData,
    /// The image it was remixed from.
    pub remix_of: Option<ImageId>,
}

/// One image's use of a stored resource.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoredUse {
    /// The row of the resource.
    pub resource: i64,
    /// Weight, if said.
    pub weight: Option<f64>,
    /// Where the metadata says it.
    pub sources: ResourceSources,
}

/// The columns of [`ImageRow`], in the order in which [`read_row`] takes them.
pub(super) const IMAGE_COLUMNS: &str = "image, generation, media, dialects, url, media_type, nsfw_level, \
    created_at, published_at, post, username, base_model, likes, hearts, laughs, cries, comments, tags, \
    meta_state, prompt, negative_prompt, sampler, scheduler, steps, cfg, seed, gen_width, gen_height, \
    clip_skip, denoise, model_name, model_hash, tool, tool_version, remix_of, added, seed_high, traits";

/// The image that row `?1` is, or turned out to be.
pub(super) const TRUE_IMAGE: &str = "SELECT coalesce(same_as, image) FROM images WHERE image = ?1";

pub(super) fn read_row(row: &Row<'_>) -> Result<ImageRow> {
    let likes: Option<i64> = row.get(12)?;
    let stats = likes.map(|likes| -> rusqlite::Result<ImageStats> {
        Ok(ImageStats {
            likes: count(likes),
            hearts: count(row.get(13)?),
            laughs: count(row.get(14)?),
            cries: count(row.get(15)?),
            dislikes: 0,
            comments: count(row.get(16)?),
        })
    });
    let tags: Option<String> = row.get(17)?;
    Ok(ImageRow {
        key: ImageKey::new(row.get(0)?).ok_or(CatalogError::Damaged { table: "images", column: "image" })?,
        generation: count(row.get(1)?),
        media: row.get(2)?,
        dialects: row.get(3)?,
        url: row.get(4)?,
        media_type: row.get::<_, Option<String>>(5)?.map(|word| MediaType::from_word(&word)),
        nsfw_level: row.get::<_, Option<u32>>(6)?.map(NsfwLevel::from_bits),
        created_at: row.get::<_, Option<i64>>(7)?.and_then(Timestamp::from_millis),
        published_at: row.get::<_, Option<i64>>(8)?.and_then(Timestamp::from_millis),
        post: row.get::<_, Option<i64>>(9)?.and_then(PostId::from_i64),
        username: row.get(10)?,
        base_model: row.get(11)?,
        stats: stats.transpose()?,
        tags: tags.map(|json| words_from_json(&json)).transpose()?.unwrap_or_default(),
        meta: meta_state(row.get(18)?)?,
        generation_data: GenerationData {
            prompt: row.get(19)?,
            negative_prompt: row.get(20)?,
            sampler: row.get(21)?,
            scheduler: row.get(22)?,
            steps: row.get(23)?,
            cfg: row.get(24)?,
            seed: whole_seed(row.get(25)?, row.get(36)?),
            width: row.get(26)?,
            height: row.get(27)?,
            clip_skip: row.get(28)?,
            denoise: row.get(29)?,
            model: row.get(30)?,
            model_hash: row.get(31)?,
            tool: row.get(32)?,
            tool_version: row.get(33)?,
            traits: row.get::<_, Option<u32>>(37)?.map(Traits::from_bits),
        },
        remix_of: row.get::<_, Option<i64>>(34)?.and_then(ImageId::from_i64),
        added: count(row.get(35)?),
    })
}

/// A seed as the columns `seed` and `seed_high` hold it.
///
/// A signed number of 64 bits is stored as itself. What is above, up to 2^64 - 1, is stored in the second column as
/// the negative number with the same bits. A seed beyond 64 bits is in neither.
pub(super) fn split_seed(seed: Option<i128>) -> (Option<i64>, Option<i64>) {
    let low = seed.and_then(|seed| i64::try_from(seed).ok());
    let high = seed.filter(|_| low.is_none()).and_then(|seed| u64::try_from(seed).ok());
    (low, high.map(u64::cast_signed))
}

/// What [`split_seed`] split.
fn whole_seed(seed: Option<i64>, high: Option<i64>) -> Option<i128> {
    seed.map(i128::from).or_else(|| high.map(|high| i128::from(high.cast_unsigned())))
}

/// The uses of one image by resource, for [`read_uses`].
pub(super) const USES_OF_IMAGE: &str =
    "SELECT resource, weight, sources FROM image_resources WHERE image = ?1 ORDER BY resource";

pub(super) fn read_uses(statement: &mut CachedStatement<'_>, image: i64) -> Result<Vec<StoredUse>> {
    let uses = statement.query_map([image], |row| {
        Ok(StoredUse {
            resource: row.get(0)?,
            weight: row.get(1)?,
            sources: ResourceSources::from_bits(row.get(2)?),
        })
    })?;
    Ok(uses.collect::<rusqlite::Result<_>>()?)
}

/// The catalog's number for a state; never reused.
pub(super) fn meta_code(state: MetaState) -> i64 {
    match state {
        MetaState::NotSaid => 0,
        MetaState::Null | MetaState::Withheld => 1,
        MetaState::Present => 2,
        MetaState::Hidden => 3,
    }
}

/// Reads the catalog's number for a state.
pub(super) fn meta_state(code: i64) -> Result<MetaState> {
    match code {
        0 => Ok(MetaState::NotSaid),
        1 => Ok(MetaState::Null),
        2 => Ok(MetaState::Present),
        3 => Ok(MetaState::Hidden),
        _ => Err(CatalogError::Damaged { table: "images", column: "meta_state" }),
    }
}

/// Reads a column that holds a JSON array of text.
pub(super) fn words_from_json(json: &str) -> Result<Vec<String>> {
    serde_json::from_str(json).map_err(|_| CatalogError::Damaged { table: "images", column: "tags" })
}

fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

impl Catalog {
    /// One image, or `None`. A row that turned out to be an image of the site answers as that image.
    ///
    /// # Errors
    ///
    /// When SQLite fails or the row is damaged.
    pub fn image(&self, key: ImageKey) -> Result<Option<ImageRow>> {
        let sql = format!("SELECT {IMAGE_COLUMNS} FROM images WHERE image = ({TRUE_IMAGE})");
        let mut statement = self.connection.prepare_cached(&sql)?;
        statement.query_row([key.get()], |row| Ok(read_row(row))).optional()?.transpose()
    }

    /// The resources that an image names, by resource number.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn resources_of(&self, key: ImageKey) -> Result<Vec<StoredUse>> {
        read_uses(&mut self.connection.prepare_cached(USES_OF_IMAGE)?, key.get())
    }

    /// The raw text that last described an image; `None` for an image that was never described.
    ///
    /// # Errors
    ///
    /// When SQLite fails or the block is damaged.
    pub fn raw_of(&self, key: ImageKey) -> Result<Option<String>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT data, raw_position FROM images JOIN raw_blocks ON block = raw_block WHERE image = ?1",
        )?;
        let found: Option<(Vec<u8>, u32)> =
            statement.query_row([key.get()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((data, position)) = found else { return Ok(None) };
        let position = usize::try_from(position).unwrap_or(usize::MAX);
        Ok(super::RawBlock::unpack(&data)?.into_iter().nth(position))
    }

    /// Every image in key order, those without a site id first.
    ///
    /// # Errors
    ///
    /// When SQLite fails, a row is damaged, or `visit` fails.
    pub fn for_each_image<E: From<CatalogError>>(
        &self,
        mut visit: impl FnMut(ImageRow) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let sql = format!("SELECT {IMAGE_COLUMNS} FROM images WHERE same_as IS NULL ORDER BY image");
        let mut statement = self.connection.prepare(&sql).map_err(CatalogError::from)?;
        let mut rows = statement.query([]).map_err(CatalogError::from)?;
        while let Some(row) = rows.next().map_err(CatalogError::from)? {
            visit(read_row(row)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entity::{MAX_SEED, MIN_SEED};

    #[test]
    fn a_seed_beyond_64_bits_is_not_stored_as_another() {
        for seed in [MIN_SEED - 1, MAX_SEED + 1, i128::MIN, i128::MAX] {
            assert_eq!(split_seed(Some(seed)), (None, None), "{seed}");
        }
        assert_eq!(split_seed(None), (None, None));
    }

    proptest! {
        #[test]
        fn every_seed_of_64_bits_survives_its_columns(low in any::<i64>(), high in any::<u64>()) {
            for seed in [i128::from(low), i128::from(high), MIN_SEED, i128::from(i64::MAX), MAX_SEED] {
                let (column, other) = split_seed(Some(seed));
                prop_assert_eq!(whole_seed(column, other), Some(seed));
                prop_assert!(column.is_none() || other.is_none());
            }
        }
    }
}
