//! What single images use: for tracing one, and streamed over all for reports and exports.

use rusqlite::OptionalExtension;

use crate::catalog::images::TRUE_IMAGE;
use crate::catalog::{Catalog, CatalogError, Result};
use crate::entity::{
    ImageKey, ImageName, MetaState, PostedFor, ResourceSources, Timestamp, VersionId, VersionRelation,
};

use super::columns::{self, RESOURCE, RESOURCE_COLUMNS};
use super::linking::collect;
use super::{ImageFacts, ImageLink, UseFacts};

/// One image with all that reports count about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage<'a> {
    /// The image.
    pub image: ImageKey,
    /// The row number of its media: images with the same one show the same bytes.
    pub media: i64,
    /// When it was made, or else published, in milliseconds since 1970-01-01 UTC.
    pub created_ms: Option<i64>,
    /// Sampling steps.
    pub steps: Option<u32>,
    /// Guidance scale; finite.
    pub cfg: Option<f64>,
    /// Canonical sampler.
    pub sampler: Option<&'a str>,
    /// Canonical scheduler.
    pub scheduler: Option<&'a str>,
    /// Its owner.
    pub username: Option<&'a str>,
    /// The seed, or the nearest number of 64 bits with a sign.
    pub seed: Option<i64>,
    /// Pixels across.
    pub width: Option<u32>,
    /// Pixels down.
    pub height: Option<u32>,
    /// Its prompt as written; `None` too where it was not asked for.
    pub prompt: Option<&'a str>,
    /// Its negative prompt.
    pub negative: Option<&'a str>,
    /// The resources it names, by row number, each with its weight if one was written.
    pub resources: &'a [(u64, Option<f64>)],
}

impl Catalog {
    /// One image; `None` when the catalog does not have it. A row that turned out to be an image of the site answers
    /// as that image.
    ///
    /// # Errors
    ///
    /// When SQLite fails or the row is damaged.
    pub fn image_facts(&self, key: ImageKey) -> Result<Option<ImageFacts>> {
        let sql = format!("SELECT image, meta_state, remix_of FROM images WHERE image = ({TRUE_IMAGE})");
        let found: Option<(i64, i64, Option<i64>)> = self
            .connection
            .prepare_cached(&sql)?
            .query_row([key.get()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((image, meta, remix_of)) = found else { return Ok(None) };
        let key = image_key(image)?;
        let name = match key.site_id() {
            Some(id) => ImageName::Site(id),
            None => self.written_name(key)?,
        };
        let remix_of = remix_of.and_then(ImageKey::new);
        Ok(Some(ImageFacts { key, name, meta: columns::meta_state(meta)?, remix_of }))
    }

    fn written_name(&self, key: ImageKey) -> Result<ImageName> {
        const DAMAGED: CatalogError = CatalogError::Damaged { table: "image_names", column: "name" };
        let (kind, name): (i64, Vec<u8>) = self
            .connection
            .prepare_cached("SELECT kind, name FROM image_names WHERE image = ?1")?
            .query_row([key.get()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?
            .ok_or(DAMAGED)?;
        match kind {
            2 => String::from_utf8(name).map(ImageName::Url).map_err(|_| DAMAGED),
            3 => Ok(ImageName::Path(name)),
            _ => Err(DAMAGED),
        }
    }

    /// The resources that an image names, by row number. Of an image whose owner hides its generation
    /// data only those that the site itself lists beside it.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn uses_of(&self, image: &ImageFacts) -> Result<Vec<UseFacts>> {
        let sql = format!(
            "SELECT {RESOURCE}, u.weight, u.sources FROM image_resources u
             JOIN resources r ON r.resource = u.resource WHERE u.image = ?1 ORDER BY u.resource"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut uses = collect(statement.query([image.key.get()])?, |row| {
            Ok(UseFacts {
                resource: columns::stored_resource(row)?,
                weight: columns::finite(row, RESOURCE_COLUMNS)?,
                sources: columns::sources(row, RESOURCE_COLUMNS + 1)?,
            })
        })?;
        if image.meta == MetaState::Hidden {
            for used in &mut uses {
                used.sources = shown_when_hidden(used.sources);
                used.weight = None;
            }
            uses.retain(|used| !used.sources.is_empty());
        }
        Ok(uses)
    }

    /// The versions that an image was posted or returned for, by version and relation.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn posted_for(&self, image: ImageKey) -> Result<Vec<PostedFor>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT version, relation FROM image_versions WHERE image = ?1 ORDER BY version, relation",
        )?;
        collect(statement.query([image.get()])?, |row| {
            Ok(PostedFor {
                version: columns::version(row.get(0)?, "image_versions")?,
                relation: relation(row.get(1)?)?,
            })
        })
    }

    /// Streams the images posted or returned for `version`, by image: its number and how.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_posted(
        &self,
        version: VersionId,
        mut visit: impl FnMut(ImageKey, VersionRelation),
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT image, relation FROM image_versions p WHERE version = ?1
             AND (image > 0 OR NOT EXISTS (SELECT 1 FROM images i WHERE i.image = p.image AND i.same_as IS NOT NULL))
             ORDER BY image, relation",
        )?;
        let mut rows = statement.query([version.as_i64()])?;
        while let Some(row) = rows.next()? {
            visit(image_key(row.get(0)?)?, relation(row.get(1)?)?);
        }
        Ok(())
    }

    /// Whether any image changed after `generation`.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn has_images_since(&self, generation: u64) -> Result<bool> {
        let mut statement =
            self.connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM images WHERE generation > ?1)")?;
        Ok(statement.query_row([generation.cast_signed()], |row| row.get::<_, i64>(0))? != 0)
    }

    /// Streams every image that names a resource, by row number of the image.
    ///
    /// Hidden generation data is left out, as in [`Self::uses_of`].
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_usage(&self, mut visit: impl FnMut(Usage<'_>)) -> Result<()> {
        // CROSS JOIN keeps the order of the tables, so that both are read along their primary keys.
        let mut statement = self.connection.prepare_cached(
            "SELECT i.image, u.resource, u.weight, u.sources, i.meta_state, i.media, i.created_at,
                    i.steps, i.cfg, i.sampler, i.scheduler, i.username, i.published_at,
                    i.seed, i.seed_high, i.prompt, i.negative_prompt, m.width, m.height
             FROM images i CROSS JOIN media m ON m.media = i.media
             CROSS JOIN image_resources u ON u.image = i.image
             WHERE i.same_as IS NULL ORDER BY i.image, u.resource",
        )?;
        let mut rows = statement.query([])?;
        let mut pending: Option<Pending> = None;
        while let Some(row) = rows.next()? {
            let image = row.get(0)?;
            if pending.as_ref().is_none_or(|pending| pending.image.get() != image) {
                if let Some(done) = pending.take() {
                    done.show(&mut visit);
                }
                pending = Some(Pending::start(image_key(image)?, row)?);
            }
            if let Some(pending) = &mut pending {
                pending.add(row)?;
            }
        }
        if let Some(done) = pending {
            done.show(&mut visit);
        }
        Ok(())
    }

    /// Streams every link of every image, by image, resource and rank.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_image_link(&self, mut visit: impl FnMut(ImageLink)) -> Result<()> {
        let sql = format!(
            "SELECT {RESOURCE}, u.image, u.sources, i.meta_state, v.model,
                    l.version, l.evidence, l.raw, l.confidence, l.rank, l.lost
             FROM images i CROSS JOIN image_resources u ON u.image = i.image
             JOIN resources r ON r.resource = u.resource JOIN links l ON l.resource = u.resource
             LEFT JOIN versions v ON v.version = l.version
             WHERE i.same_as IS NULL ORDER BY u.image, u.resource, l.rank"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let sources = columns::sources(row, RESOURCE_COLUMNS + 1)?;
            let meta = columns::meta_state(row.get(RESOURCE_COLUMNS + 2)?)?;
            let sources = if meta == MetaState::Hidden { shown_when_hidden(sources) } else { sources };
            if sources.is_empty() && meta == MetaState::Hidden {
                continue;
            }
            visit(ImageLink {
                image: image_key(row.get(RESOURCE_COLUMNS)?)?,
                resource: columns::stored_resource(row)?,
                sources,
                link: columns::link(row, RESOURCE_COLUMNS + 4)?,
                model: columns::model(row, RESOURCE_COLUMNS + 3, "versions")?,
            });
        }
        Ok(())
    }
}

/// The places that stay when an owner hides the generation data: the site's own lists beside the image.
pub(super) fn shown_when_hidden(sources: ResourceSources) -> ResourceSources {
    let beside = ResourceSources::ITEM_INDEX.union(ResourceSources::ITEM_DATABASE);
    sources.intersection(beside)
}

pub(super) fn image_key(value: i64) -> Result<ImageKey> {
    columns::required(value, "images", "image", ImageKey::new)
}

fn relation(code: i64) -> Result<VersionRelation> {
    columns::required(code, "image_versions", "relation", VersionRelation::from_code)
}

/// A column of milliseconds, if they are a time.
fn time(row: &rusqlite::Row<'_>, position: usize) -> Result<Option<i64>> {
    let at: Option<i64> = row.get(position)?;
    Ok(at.and_then(Timestamp::from_millis).map(Timestamp::as_millis))
}

/// An image whose resources are still arriving.
struct Pending {
    image: ImageKey,
    meta: MetaState,
    media: i64,
    created_ms: Option<i64>,
    steps: Option<u32>,
    cfg: Option<f64>,
    sampler: Option<String>,
    scheduler: Option<String>,
    username: Option<String>,
    seed: Option<i64>,
    prompt: Option<String>,
    negative: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    resources: Vec<(u64, Option<f64>)>,
}

impl Pending {
    fn start(image: ImageKey, row: &rusqlite::Row<'_>) -> Result<Self> {
        Ok(Self {
            image,
            meta: columns::meta_state(row.get(4)?)?,
            media: row.get(5)?,
            created_ms: time(row, 6)?.or(time(row, 12)?),
            steps: row.get::<_, Option<i64>>(7)?.and_then(|steps| u32::try_from(steps).ok()),
            cfg: columns::finite(row, 8)?,
            sampler: row.get(9)?,
            scheduler: row.get(10)?,
            username: row.get(11)?,
            // A seed that only fits 64 bits without a sign counts as the largest with one.
            seed: row.get::<_, Option<i64>>(13)?.or(row.get::<_, Option<i64>>(14)?.map(|_| i64::MAX)),
            prompt: row.get(15)?,
            negative: row.get(16)?,
            width: row.get(17)?,
            height: row.get(18)?,
            resources: Vec::new(),
        })
    }

    fn add(&mut self, row: &rusqlite::Row<'_>) -> Result<()> {
        let resource: i64 = row.get(1)?;
        let resource = columns::required(resource, "resources", "resource", |id| u64::try_from(id).ok())?;
        let weight = columns::finite(row, 2)?;
        if self.meta != MetaState::Hidden {
            self.resources.push((resource, weight));
        } else if !shown_when_hidden(columns::sources(row, 3)?).is_empty() {
            self.resources.push((resource, None));
        }
        Ok(())
    }

    fn show(&self, visit: &mut impl FnMut(Usage<'_>)) {
        let said = self.meta != MetaState::Hidden;
        if self.resources.is_empty() {
            return;
        }
        visit(Usage {
            image: self.image,
            media: self.media,
            created_ms: self.created_ms,
            steps: self.steps.filter(|_| said),
            cfg: self.cfg.filter(|_| said),
            sampler: self.sampler.as_deref().filter(|_| said),
            scheduler: self.scheduler.as_deref().filter(|_| said),
            username: self.username.as_deref(),
            seed: self.seed.filter(|_| said),
            width: self.width,
            height: self.height,
            prompt: self.prompt.as_deref().filter(|_| said),
            negative: self.negative.as_deref().filter(|_| said),
            resources: &self.resources,
        });
    }
}
