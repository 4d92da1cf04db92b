//! What is known of the appearance of a media.

use stemmata_index::near::{Aspect, Feature};

use crate::catalog::{Looked, MediaId, PixelOrigin, StoredFingerprint};
use crate::entity::Fingerprint;

/// The appearance of one media.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// The media.
    pub media: MediaId,
    /// A number that follows from the media's identity alone, for orders that do not depend on row numbers.
    pub order: u64,
    /// Pixels across and down as the source says or the pixels show.
    pub size: Option<(u32, u32)>,
    /// BLAKE3 of the bytes, where somebody read them.
    pub content: Option<[u8; 32]>,
    /// What was computed from pixels.
    pub pixels: Option<(Fingerprint, PixelOrigin)>,
    /// What the BlurHash says, and the shape that it is compared with.
    pub blur: Option<(Feature, Aspect)>,
}

impl Look {
    /// A media of which nothing is known yet.
    pub fn new(media: MediaId, order: u64) -> Self {
        Self { media, order, size: None, content: None, pixels: None, blur: None }
    }

    /// The fingerprint, where it says enough to be compared.
    pub fn comparable(&self) -> Option<&Fingerprint> {
        self.pixels.as_ref().map(|(fingerprint, _)| fingerprint).filter(|fingerprint| !fingerprint.is_flat())
    }

    /// Whether only its BlurHash can be compared. Of a flat picture nothing is compared but bytes and pixels.
    pub fn is_only_blurred(&self) -> bool {
        self.pixels.is_none() && self.blur.is_some()
    }

    /// Numbers that are equal only for equal pixels.
    pub(super) fn exact(&self) -> [Option<[u8; 32]>; 2] {
        match &self.pixels {
            Some((fingerprint, origin)) if origin.is_exact() => [fingerprint.pixels, fingerprint.coded],
            _ => [None, None],
        }
    }
}

/// Looks, by media.
#[derive(Clone, Debug, Default)]
pub struct Looks(Vec<Look>);

impl Looks {
    /// Takes looks in any order; of several for one media the last counts.
    pub fn new(mut looks: Vec<Look>) -> Self {
        looks.sort_by_key(|look| look.media);
        looks.reverse();
        looks.dedup_by_key(|look| look.media);
        looks.reverse();
        Self(looks)
    }

    /// All, by media.
    pub fn all(&self) -> &[Look] {
        &self.0
    }

    /// The size of each, by media.
    pub(in crate::link) fn sizes(&self) -> Vec<(MediaId, (u32, u32))> {
        self.0.iter().filter_map(|look| Some((look.media, look.size?))).collect()
    }

    /// That of a media.
    pub fn of(&self, media: MediaId) -> Option<&Look> {
        let place = self.0.binary_search_by_key(&media, |look| look.media).ok()?;
        self.0.get(place)
    }
}

impl Look {
    /// Takes what was computed from pixels.
    pub(super) fn take(&mut self, stored: &StoredFingerprint) {
        let Looked::Seen(fingerprint) = &stored.looked else { return };
        if stored.origin.is_exact() {
            self.content = self.content.or(stored.content);
        }
        self.size = self.size.or(Some((fingerprint.width, fingerprint.height)));
        self.pixels = Some((*fingerprint, stored.origin));
    }
}
