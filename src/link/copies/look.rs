//! What is known of the appearance of a media.

use std::collections::HashSet;
use std::ops::ControlFlow;

use stemmata_index::near::{Aspect, Entry, Feature};

use super::Compared;
use crate::catalog::{Catalog, CatalogError, Looked, MediaId, PixelOrigin, StoredFingerprint};
use crate::entity::{Fingerprint, MediaIdentity};

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

/// Reads looks from a catalog. `feature` decodes BlurHashes, which is not done here.
#[derive(Clone, Copy)]
pub struct LookReader<'c> {
    catalog: &'c Catalog,
    feature: fn(&str) -> Option<Feature>,
}

impl<'c> LookReader<'c> {
    /// A reader of this catalog.
    pub fn new(catalog: &'c Catalog, feature: fn(&str) -> Option<Feature>) -> Self {
        Self { catalog, feature }
    }

    /// The catalog.
    pub fn catalog(&self) -> &'c Catalog {
        self.catalog
    }

    /// The look of a media; `None` if there is none of this number.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn look(&self, media: MediaId) -> Result<Option<Look>, CatalogError> {
        let Some(facts) = self.catalog.media(media)? else { return Ok(None) };
        let mut look = Look::new(media, self.catalog.media_order(media)?);
        look.size = facts.width.zip(facts.height);
        if let MediaIdentity::Content(content) = facts.identity {
            look.content = Some(content);
        }
        let stored = self.catalog.fingerprint(media)?;
        let text = facts.blurhash.or_else(|| stored.as_ref()?.blurhash.clone());
        if let Some(stored) = &stored {
            look.take(stored);
        }
        let shape = look.size.map_or(Aspect::UNKNOWN, |(width, height)| Aspect::of(width, height));
        look.blur = text.as_deref().and_then(self.feature).map(|feature| (feature, shape));
        Ok(Some(look))
    }

    /// Everything that can be compared and that an image shows. `blurs` come from whoever decodes BlurHashes.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn compared(&self, mut blurs: Vec<Entry>) -> Result<Compared, CatalogError> {
        let hidden: HashSet<u64> = self.catalog.hidden_media()?.into_iter().map(MediaId::get).collect();
        blurs.retain(|entry| !hidden.contains(&entry.id));
        self.looks(blurs, |media| {
            if hidden.contains(&media.get()) {
                return Ok(None);
            }
            self.catalog.media_order(media).map(Some)
        })
    }

    /// Everything that can be compared with one picture, whether or not an image shows it: who looks for one is quicker
    /// if only what is found is asked about. The orders of these looks are zero.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn comparable(&self, blurs: Vec<Entry>) -> Result<Compared, CatalogError> {
        self.looks(blurs, |_| Ok(Some(0)))
    }

    /// Looks from pixels, of those media that `order` gives a number.
    fn looks(
        &self,
        blurs: Vec<Entry>,
        mut order: impl FnMut(MediaId) -> Result<Option<u64>, CatalogError>,
    ) -> Result<Compared, CatalogError> {
        let mut looks = Vec::new();
        let mut failed = None;
        self.catalog.each_fingerprint(0, u64::MAX, |stored| {
            if stored.looked.fingerprint().is_none() {
                return ControlFlow::Continue(());
            }
            match order(stored.media) {
                Ok(order) => {
                    looks.extend(order.map(|order| {
                        let mut look = Look::new(stored.media, order);
                        look.take(&stored);
                        look
                    }));
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        match failed {
            Some(error) => Err(error),
            None => Ok(Compared { blurs, looks: Looks::new(looks) }),
        }
    }
}

impl Look {
    /// Takes what was computed from pixels.
    fn take(&mut self, stored: &StoredFingerprint) {
        let Looked::Seen(fingerprint) = &stored.looked else { return };
        if stored.origin.is_exact() {
            self.content = self.content.or(stored.content);
        }
        self.size = self.size.or(Some((fingerprint.width, fingerprint.height)));
        self.pixels = Some((*fingerprint, stored.origin));
    }
}
