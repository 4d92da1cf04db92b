//! What an image is after one more document described it. Pure.
//!
//! - Never loses better for worse: an absent value does not replace a present one, a reduced object does not
//!   replace a full one, zero counters do not replace counters.
//! - Exceptions, after which only raw records keep what was there: generation data that its owner hides or withdraws,
//!   and a picture on disk, which is all that there is to say of what it says.

use std::cmp::Ordering;

use super::images::{ImageRow, StoredUse};
use crate::entity::{
    Dialect, GenerationData, Image, ImageKey, ImageStats, MediaKey, MetaState, ResourceSources, Timestamp,
};

const ITEM_SOURCES: ResourceSources =
    ResourceSources::from_bits(ResourceSources::ITEM_INDEX.bits() | ResourceSources::ITEM_DATABASE.bits());

const FULL_DIALECTS: u32 = dialect_bit(Dialect::Index) | dialect_bit(Dialect::Database);

/// The bit of a dialect in `images.dialects`.
pub(super) const fn dialect_bit(dialect: Dialect) -> u32 {
    1 << dialect.code()
}

/// The row of an image that was never described before, in the batch that describes it.
pub(super) fn fresh(image: &Image, key: ImageKey, media: i64, generation: u64) -> ImageRow {
    ImageRow {
        key,
        generation,
        added: generation,
        media,
        dialects: dialect_bit(image.dialect),
        url: image.url.clone(),
        media_type: image.media_type,
        nsfw_level: image.nsfw_level,
        created_at: image.created_at,
        published_at: image.published_at,
        post: image.post,
        username: image.username.clone(),
        base_model: image.base_model.clone(),
        stats: image.stats.map(counted),
        tags: image.tags.clone(),
        meta: if image.meta == MetaState::Withheld { MetaState::Null } else { image.meta },
        generation_data: image.generation.clone(),
        remix_of: image.remix_of,
    }
}

/// The row of a known image after `image` described it again, with media row `media`.
pub(super) fn merged(old: &ImageRow, image: &Image, media: i64) -> ImageRow {
    let new = fresh(image, old.key, media, old.generation);
    let reduced = dialect_bit(image.dialect) & FULL_DIALECTS == 0;
    let keep_old = reduced && old.dialects & FULL_DIALECTS != 0;
    let (meta, generation_data) = if image.dialect == Dialect::Picture {
        (new.meta, new.generation_data.clone())
    } else {
        merged_meta(old, &new, image.meta)
    };
    let keep_old_media = match told_by(&old.url).cmp(&told_by(&new.url)) {
        Ordering::Less => false,
        Ordering::Equal => keep_old,
        Ordering::Greater => true,
    };
    // The index writes the base models of all checkpoints as one word, the database that of the first.
    let is_glued = image.dialect == Dialect::Index && old.dialects & dialect_bit(Dialect::Database) != 0;
    ImageRow {
        key: old.key,
        generation: old.generation,
        added: old.added,
        media: if keep_old_media { old.media } else { new.media },
        dialects: old.dialects | new.dialects,
        url: better(keep_old_media, &old.url, &new.url),
        media_type: better(keep_old, &old.media_type, &new.media_type),
        nsfw_level: better(keep_old, &old.nsfw_level, &new.nsfw_level),
        created_at: earliest(old.created_at, new.created_at),
        published_at: better(keep_old, &old.published_at, &new.published_at),
        post: better(keep_old, &old.post, &new.post),
        username: better(keep_old, &old.username, &new.username),
        base_model: better(keep_old || is_glued, &old.base_model, &new.base_model),
        stats: merged_stats(old.stats, new.stats),
        tags: if new.tags.is_empty() { old.tags.clone() } else { new.tags },
        meta,
        generation_data,
        remix_of: better(keep_old, &old.remix_of, &new.remix_of),
    }
}

/// An image as stored, with its uses by resource.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Described {
    pub(super) row: ImageRow,
    pub(super) uses: Vec<StoredUse>,
    /// What its own documents say of generation data, if that of a picture with the same media stands in for it.
    pub(super) own_meta: Option<MetaState>,
}

impl Described {
    /// The image as its own documents describe it. Data are lent only where it has none, so that taking them away
    /// leaves what was there.
    pub(super) fn own(&self) -> Self {
        let mut own = self.clone();
        if let Some(meta) = own.own_meta.take() {
            own.take_meta(meta);
        }
        own
    }

    /// The image with the generation data of a picture with the same media, if it has none by itself. That the
    /// owner hides them holds for both.
    pub(super) fn borrowing(mut self, lender: &Self) -> Self {
        match (self.row.meta, lender.row.meta) {
            (MetaState::NotSaid | MetaState::Null, MetaState::Present | MetaState::Hidden) => {
                let lent = lender.uses.iter().filter_map(|used| {
                    let sources = used.sources.without(ITEM_SOURCES);
                    (!sources.is_empty()).then_some(StoredUse { sources, ..*used })
                });
                let lent: Vec<StoredUse> = lent.collect();
                self.own_meta = Some(self.row.meta);
                self.row.meta = lender.row.meta;
                self.row.generation_data = lender.row.generation_data.clone();
                self.uses = merged_uses(&self.uses, &lent, lender.row.meta);
            }
            (MetaState::Present, MetaState::Hidden) => self.take_meta(MetaState::Hidden),
            _ => {}
        }
        self
    }

    fn take_meta(&mut self, meta: MetaState) {
        self.row.meta = meta;
        self.row.generation_data = GenerationData::default();
        self.uses = merged_uses(&self.uses, &[], MetaState::Hidden);
    }
}

/// The uses of resources of a known image after a document of `dialect` described it again, naming `new`.
pub(super) fn uses_after(
    old: &[StoredUse],
    new: &[StoredUse],
    dialect: Dialect,
    meta: MetaState,
) -> Vec<StoredUse> {
    match dialect {
        Dialect::Picture => merged_uses(&[], new, meta),
        _ => merged_uses(old, new, meta),
    }
}

/// The uses of resources after another document: what the metadata says now, and every link that the site
/// ever listed beside the item. Both inputs and the result are sorted by resource.
pub(super) fn merged_uses(old: &[StoredUse], new: &[StoredUse], meta: MetaState) -> Vec<StoredUse> {
    let replaced = matches!(meta, MetaState::Present | MetaState::Hidden);
    let kept = old.iter().filter_map(|used| {
        let sources = if replaced { used.sources.intersection(ITEM_SOURCES) } else { used.sources };
        (!sources.is_empty()).then_some(StoredUse {
            weight: if replaced { None } else { used.weight },
            sources,
            ..*used
        })
    });
    let mut uses: Vec<StoredUse> = kept.chain(new.iter().copied()).collect();
    uses.sort_by_key(|used| used.resource);
    uses.dedup_by(|later, first| {
        let same = later.resource == first.resource;
        if same {
            first.sources = first.sources.union(later.sources);
            first.weight = later.weight.or(first.weight);
        }
        same
    });
    uses
}

/// What a URL tells of the stored bytes; more is greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    /// Nothing, so that the media is a placeholder made of the name of the image.
    Nothing,
    /// Where they are.
    Address,
    /// The site's key of them.
    Key,
}

fn told_by(url: &Option<String>) -> Told {
    let Some(url) = url else { return Told::Nothing };
    if url.split(['/', ':']).any(|part| MediaKey::parse(part).is_some()) {
        return Told::Key;
    }
    if url.contains("://") { Told::Address } else { Told::Nothing }
}

fn merged_meta(old: &ImageRow, new: &ImageRow, said: MetaState) -> (MetaState, GenerationData) {
    match said {
        MetaState::Present => (MetaState::Present, new.generation_data.clone()),
        MetaState::Hidden => (MetaState::Hidden, GenerationData::default()),
        MetaState::Null if old.meta == MetaState::NotSaid => (MetaState::Null, old.generation_data.clone()),
        MetaState::Withheld if matches!(old.meta, MetaState::Present | MetaState::Hidden) => {
            (MetaState::Hidden, GenerationData::default())
        }
        MetaState::Withheld => (MetaState::Null, old.generation_data.clone()),
        MetaState::Null | MetaState::NotSaid => (old.meta, old.generation_data.clone()),
    }
}

fn better<T: Clone>(keep_old: bool, old: &Option<T>, new: &Option<T>) -> Option<T> {
    if keep_old { old.clone().or_else(|| new.clone()) } else { new.clone().or_else(|| old.clone()) }
}

fn earliest(old: Option<Timestamp>, new: Option<Timestamp>) -> Option<Timestamp> {
    match (old, new) {
        (Some(old), Some(new)) => Some(old.min(new)),
        (old, new) => old.or(new),
    }
}

/// Zeros may only mean that the site's counter store was slow.
fn merged_stats(old: Option<ImageStats>, new: Option<ImageStats>) -> Option<ImageStats> {
    new.filter(|stats| *stats != ImageStats::default()).or(old).or(new)
}

/// Dislikes are always zero since the site stopped counting them, and the catalog has no column for them.
fn counted(stats: ImageStats) -> ImageStats {
    ImageStats { dislikes: 0, ..stats }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{ImageName, Media, MediaIdentity};

    const KEY_URL: &str = "https://image.civitai.com/k/0a1b2c3d-1111-4222-8333-444455556666/width=450/7.jpeg";

    fn image(dialect: Dialect, url: Option<&str>) -> Image {
        Image {
            name: ImageName::Path(b"x".to_vec()),
            dialect,
            media: Media {
                identity: MediaIdentity::Url("of no interest".to_owned()),
                blurhash: None,
                width: None,
                height: None,
            },
            url: url.map(str::to_owned),
            media_type: None,
            nsfw_level: None,
            created_at: None,
            published_at: None,
            post: None,
            username: None,
            base_model: None,
            stats: None,
            tags: Vec::new(),
            meta: MetaState::NotSaid,
            generation: GenerationData::default(),
            resources: Vec::new(),
            remix_of: None,
            posted_for: Vec::new(),
        }
    }

    /// Merges two descriptions, with media rows 1 and 2, and tells which URL and which row stay.
    #[track_caller]
    fn check(first: (Dialect, Option<&str>), second: (Dialect, Option<&str>), kept: (Option<&str>, i64)) {
        let key = ImageKey::new(7).expect("not zero");
        let old = fresh(&image(first.0, first.1), key, 1, 1);
        let row = merged(&old, &image(second.0, second.1), 2);
        assert_eq!((row.url.as_deref(), row.media), kept);
    }

    #[test]
    fn a_media_key_replaces_whatever_stood_for_it() {
        let key = Some(KEY_URL);
        for placeholder in [None, Some("7"), Some("https://image.civitai.com/.../7.jpeg")] {
            for (first, second) in
                [(Dialect::Index, Dialect::VersionImage), (Dialect::VersionImage, Dialect::Index)]
            {
                check((first, placeholder), (second, key), (key, 2));
                check((first, key), (second, placeholder), (key, 1));
            }
        }
    }

    #[test]
    fn the_base_model_of_the_database_stays_whichever_comes_first() {
        let told = |dialect: Dialect, base: Option<&str>| Image {
            base_model: base.map(str::to_owned),
            ..image(dialect, None)
        };
        let (glued, first) =
            (told(Dialect::Index, Some("PonySDXL 1.0")), told(Dialect::Database, Some("Pony")));
        let key = ImageKey::new(7).expect("not zero");
        for (one, other, kept) in [
            (&glued, &first, "Pony"),
            (&first, &glued, "Pony"),
            (&told(Dialect::Database, None), &glued, "PonySDXL 1.0"),
            (&told(Dialect::Index, Some("Pony")), &glued, "PonySDXL 1.0"),
        ] {
            let row = merged(&fresh(one, key, 1, 1), other, 1);
            assert_eq!(row.base_model.as_deref(), Some(kept));
        }
    }

    #[test]
    fn of_two_media_keys_the_later_one_stays_unless_its_document_says_less() {
        let (one, other) =
            (Some(KEY_URL), Some("https://image.civitai.com/k/0a1b2c3d-1111-4222-8333-444455557777"));
        check((Dialect::Index, one), (Dialect::Database, other), (other, 2));
        check((Dialect::VersionImage, one), (Dialect::VersionImage, other), (other, 2));
        check((Dialect::Index, one), (Dialect::VersionImage, other), (one, 1));
    }
}
