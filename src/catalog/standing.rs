//! What makes one media better than another that shows the same, and what images were generated with.
//!
//! - In: media numbers. Out: facts that its images know together, and generation data one row at a time.
//! - Never: prompts of images whose owner hides them.

use super::images::{IMAGE_COLUMNS, read_row};
use super::{Catalog, CatalogError, MediaId, Result};
use crate::catalog::ImageRow;
use crate::entity::{ImageKey, Timestamp};

/// What the images of one media know of it together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MediaStanding {
    /// Width times height; 0 where nobody said.
    pub pixels: u64,
    /// Whether generation data is known of one of its images.
    pub has_generation_data: bool,
    /// The earliest time of its images.
    pub created_at: Option<Timestamp>,
    /// Whether the owner of one of its images is known.
    pub has_owner: bool,
    /// Images that show it.
    pub images: u64,
}

/// Media of which something changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangedMedia {
    /// Those that a changed image shows now, by number.
    pub shown: Vec<MediaId>,
    /// Those whose fingerprint changed or went, by number.
    pub looked: Vec<MediaId>,
}

impl Catalog {
    /// Sums up what is known of a media, and names the images that show it, by key; nothing for one that none shows.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn media_standing(&self, media: MediaId) -> Result<(MediaStanding, Vec<ImageKey>)> {
        let mut statement = self.connection.prepare_cached(
            "SELECT m.width * m.height, i.meta_state = 2, i.created_at, i.username IS NOT NULL, i.image
             FROM media m JOIN images i ON i.media = m.media AND i.same_as IS NULL WHERE m.media = ?1 ORDER BY i.image",
        )?;
        let media = i64::try_from(media.get()).unwrap_or(i64::MAX);
        let mut rows = statement.query([media])?;
        let (mut facts, mut images) = (MediaStanding::default(), Vec::new());
        while let Some(row) = rows.next()? {
            facts.pixels = row.get::<_, Option<i64>>(0)?.unwrap_or_default().unsigned_abs();
            facts.has_generation_data |= row.get::<_, bool>(1)?;
            let created_at = row.get::<_, Option<i64>>(2)?.and_then(Timestamp::from_millis);
            facts.created_at = [facts.created_at, created_at].into_iter().flatten().min();
            facts.has_owner |= row.get::<_, bool>(3)?;
            facts.images += 1;
            images.extend(ImageKey::new(row.get(4)?));
        }
        Ok((facts, images))
    }

    /// Every image whose generation data is shown and has a prompt, by key.
    ///
    /// # Errors
    ///
    /// When SQLite fails, a row is damaged, or `visit` fails.
    pub fn for_each_generated<E: From<CatalogError>>(
        &self,
        mut visit: impl FnMut(ImageRow) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let sql = format!(
            "SELECT {IMAGE_COLUMNS} FROM images
             WHERE meta_state = 2 AND same_as IS NULL AND prompt <> '' ORDER BY image"
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(CatalogError::from)?;
        let mut rows = statement.query([]).map_err(CatalogError::from)?;
        while let Some(row) = rows.next().map_err(CatalogError::from)? {
            visit(read_row(row)?)?;
        }
        Ok(())
    }

    /// The media that no image shows, by number: of files that were forgotten, or that hold other bytes by now.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn hidden_media(&self) -> Result<Vec<MediaId>> {
        // Three questions that are answered by indexes alone, where one over all media and their images is not.
        let mut statement = self.connection.prepare_cached(
            "SELECT media FROM media EXCEPT SELECT media FROM images
             UNION SELECT media FROM (SELECT DISTINCT media FROM images WHERE same_as IS NOT NULL) a
                WHERE NOT EXISTS (SELECT 1 FROM images i WHERE i.media = a.media AND i.same_as IS NULL)
             ORDER BY media",
        )?;
        let rows = statement.query_map([], |row| row.get::<_, i64>(0))?;
        let mut hidden = Vec::new();
        for row in rows {
            hidden.extend(u64::try_from(row?).ok().and_then(MediaId::new));
        }
        Ok(hidden)
    }

    /// Whether anything changed after `generation` that says how media look, who shows them, or which is the better one.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn has_pictures_since(&self, generation: u64) -> Result<bool> {
        let mut statement = self.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM images WHERE generation > ?1)
                 OR EXISTS (SELECT 1 FROM fingerprints WHERE generation > ?1)
                 OR EXISTS (SELECT 1 FROM fingerprints_gone WHERE generation > ?1)",
        )?;
        let generation = i64::try_from(generation).unwrap_or(i64::MAX);
        Ok(statement.query_row([generation], |row| row.get(0))?)
    }

    /// The media of which anything changed after `generation` that [`Self::has_pictures_since`] asks for. What no image
    /// shows any more need not be among them: see [`Self::shown_media`].
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn pictures_since(&self, generation: u64) -> Result<ChangedMedia> {
        let after = [i64::try_from(generation).unwrap_or(i64::MAX)];
        Ok(ChangedMedia {
            shown: self.media_numbers(
                "SELECT DISTINCT media FROM images WHERE generation > ?1 ORDER BY media",
                after,
            )?,
            looked: self.media_numbers(
                "SELECT media FROM fingerprints WHERE generation > ?1
                 UNION SELECT media FROM fingerprints_gone WHERE generation > ?1 ORDER BY media",
                after,
            )?,
        })
    }

    /// The media that an image shows, by number, and how many images show each.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn shown_media(&self) -> Result<Vec<(MediaId, u64)>> {
        // Two questions that are answered by indexes alone, as in `hidden_media`.
        let mut shown =
            self.media_counts("SELECT media, count(*) FROM images GROUP BY media ORDER BY media")?;
        let absorbed = self.media_counts(
            "SELECT media, count(*) FROM images WHERE same_as IS NOT NULL GROUP BY media ORDER BY media",
        )?;
        let mut absorbed = absorbed.into_iter().peekable();
        shown.retain_mut(|(media, images)| {
            let gone = absorbed.next_if(|(other, _)| other == media);
            *images -= gone.map_or(0, |(_, gone)| gone.min(*images));
            *images > 0
        });
        Ok(shown)
    }

    fn media_counts(&self, sql: &str) -> Result<Vec<(MediaId, u64)>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut counts = Vec::new();
        while let Some(row) = rows.next()? {
            counts.push((MediaId::read(row, 0)?, row.get::<_, i64>(1)?.unsigned_abs()));
        }
        Ok(counts)
    }

    fn media_numbers(&self, sql: &str, after: [i64; 1]) -> Result<Vec<MediaId>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(after)?;
        let mut media = Vec::new();
        while let Some(row) = rows.next()? {
            media.push(MediaId::read(row, 0)?);
        }
        Ok(media)
    }

    /// The images with exactly this prompt whose generation data is shown, by key.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn images_with_prompt(&self, prompt: &str) -> Result<Vec<ImageRow>> {
        let sql = format!(
            "SELECT {IMAGE_COLUMNS} FROM images
             WHERE meta_state = 2 AND same_as IS NULL AND prompt = ?1 ORDER BY image"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([prompt])?;
        let mut images = Vec::new();
        while let Some(row) = rows.next()? {
            images.push(read_row(row)?);
        }
        Ok(images)
    }

    /// A number for a media that follows from its identity alone: orders by it do not depend on row numbers.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn media_order(&self, media: MediaId) -> Result<u64> {
        let mut statement =
            self.connection.prepare_cached("SELECT kind, identity FROM media WHERE media = ?1")?;
        let media = i64::try_from(media.get()).unwrap_or(i64::MAX);
        let mut rows = statement.query([media])?;
        let Some(row) = rows.next()? else { return Ok(0) };
        let (kind, identity): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&kind.to_le_bytes()).update(&identity);
        let bytes = hasher.finalize();
        let [a, b, c, d, e, f, g, h, ..] = *bytes.as_bytes();
        Ok(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }
}
