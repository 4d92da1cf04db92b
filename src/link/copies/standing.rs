//! Which picture of a group stands for the others.

use std::cmp::{Ordering, Reverse};

use crate::catalog::{Catalog, CatalogError, MediaId, MediaStanding};
use crate::entity::ImageName;

/// What makes one picture of a group better than another, in this order: more pixels; generation data that is known;
/// an earlier time; an owner that is known; and, so that there is always one, the lower name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    facts: MediaStanding,
    name: Option<ImageName>,
    media: MediaId,
}

impl Standing {
    /// Reads that of a media.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn of(catalog: &Catalog, media: MediaId, size: Option<(u32, u32)>) -> Result<Self, CatalogError> {
        let (mut facts, images) = catalog.media_standing(media)?;
        if let (0, Some((width, height))) = (facts.pixels, size) {
            facts.pixels = u64::from(width) * u64::from(height);
        }
        let name = super::report::named(catalog, images)?.into_iter().next().map(|(name, _)| name);
        Ok(Self { facts, name, media })
    }

    /// The media.
    pub fn media(&self) -> MediaId {
        self.media
    }

    /// Images that show it.
    pub fn images(&self) -> u64 {
        self.facts.images
    }

    /// Why it stands for its group and not the other, in a word: `pixels`, `metadata`, `age`, `owner`, `name`.
    pub fn because(&self, other: &Self) -> &'static str {
        let (a, b) = (&self.facts, &other.facts);
        match () {
            () if a.pixels != b.pixels => "pixels",
            () if a.has_generation_data != b.has_generation_data => "metadata",
            () if a.created_at != b.created_at => "age",
            () if a.has_owner != b.has_owner => "owner",
            () => "name",
        }
    }
}

impl Ord for Standing {
    /// The best comes first.
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |standing: &Self| {
            let MediaStanding { pixels, has_generation_data, created_at, has_owner, .. } = standing.facts;
            let age = (created_at.is_none(), created_at);
            (Reverse(pixels), Reverse(has_generation_data), age, Reverse(has_owner), standing.name.is_none())
        };
        let names = || (&self.name, self.media).cmp(&(&other.name, other.media));
        key(self).cmp(&key(other)).then_with(names)
    }
}

impl PartialOrd for Standing {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::Timestamp;

    fn standing(pixels: u64, data: bool, year: Option<i64>, owner: bool, name: u8) -> Standing {
        let created_at = year.and_then(|year| Timestamp::from_millis(year * 1000));
        let facts =
            MediaStanding { pixels, has_generation_data: data, created_at, has_owner: owner, images: 1 };
        Standing { facts, name: Some(ImageName::Path(vec![name])), media: MediaId::new(1).expect("positive") }
    }

    #[test]
    fn the_best_picture_has_most_pixels_then_data_then_age_then_an_owner() {
        let ranked = [
            standing(9, false, None, false, 9),
            standing(4, true, None, false, 9),
            standing(4, false, Some(1), false, 9),
            standing(4, false, Some(2), true, 9),
            standing(4, false, Some(2), false, 1),
            standing(4, false, None, true, 1),
            standing(4, false, None, false, 1),
            standing(4, false, None, false, 2),
        ];
        assert!(ranked.is_sorted());
        let reasons: Vec<&str> = ranked.windows(2).map(|pair| pair[0].because(&pair[1])).collect();
        assert_eq!(reasons, ["pixels", "metadata", "age", "owner", "age", "owner", "name"]);
    }
}
