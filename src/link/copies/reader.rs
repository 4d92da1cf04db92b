//! Looks, read from a catalog.
//!
//! - In: a catalog, and who decodes BlurHashes.
//! - Out: everything that can be compared, or what is known of a few media; the same of a media either way.
//! - Never: decoding of its own.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use stemmata_index::near::{Aspect, Entry, Feature};

use super::{Compared, Look, Looks};
use crate::catalog::{Catalog, CatalogError, MediaId, MediaRow, StoredFingerprint};
use crate::entity::MediaIdentity;

/// Texts that are kept until they are decoded together, on all threads; about 5 MB.
const TEXTS_AT_ONCE: usize = 1 << 16;

/// Why a media is not compared by its BlurHash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unfit {
    /// It has none.
    Missing,
    /// It cannot be read.
    Malformed,
    /// It was not encoded on the site's grid.
    OtherGrid,
    /// It shows nothing that could be told apart.
    Flat,
    /// Unrelated pictures share it.
    KnownBad,
}

/// Media that an image shows and that are not compared by their BlurHashes, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnfitCounts {
    /// Without one.
    pub missing: u64,
    /// With one that cannot be read.
    pub malformed: u64,
    /// With one of another grid.
    pub other_grid: u64,
    /// With one that shows nothing.
    pub flat: u64,
    /// With a value that unrelated pictures share.
    pub known_bad: u64,
}

impl UnfitCounts {
    pub(super) fn joined(self, other: Self, join: fn(u64, u64) -> u64) -> Self {
        Self {
            missing: join(self.missing, other.missing),
            malformed: join(self.malformed, other.malformed),
            other_grid: join(self.other_grid, other.other_grid),
            flat: join(self.flat, other.flat),
            known_bad: join(self.known_bad, other.known_bad),
        }
    }
}

impl FromIterator<Unfit> for UnfitCounts {
    fn from_iter<T: IntoIterator<Item = Unfit>>(reasons: T) -> Self {
        let mut counts = Self::default();
        for reason in reasons {
            let counter = match reason {
                Unfit::Missing => &mut counts.missing,
                Unfit::Malformed => &mut counts.malformed,
                Unfit::OtherGrid => &mut counts.other_grid,
                Unfit::Flat => &mut counts.flat,
                Unfit::KnownBad => &mut counts.known_bad,
            };
            *counter += 1;
        }
        counts
    }
}

/// What of some media can be compared, and what of them cannot.
#[derive(Debug, Default)]
pub struct Gathered {
    /// What can.
    pub compared: Compared,
    /// Media that are not compared by their BlurHashes.
    pub unfit: Vec<(u64, Unfit)>,
    /// Media that several images show, and how many.
    pub shared: Vec<(u64, u64)>,
}

/// Whether looks are numbered by the identities of their media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orders {
    /// They are.
    Read,
    /// All are zero, for those who only look for one picture.
    Zero,
}

/// Reads looks from a catalog. `decode` decodes BlurHashes, which is not done here.
#[derive(Clone, Copy)]
pub struct LookReader<'c> {
    catalog: &'c Catalog,
    decode: fn(&str) -> Result<Feature, Unfit>,
}

impl<'c> LookReader<'c> {
    /// A reader of this catalog.
    pub fn new(catalog: &'c Catalog, decode: fn(&str) -> Result<Feature, Unfit>) -> Self {
        Self { catalog, decode }
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
        look.blur = text.and_then(|text| (self.decode)(&text).ok()).map(|feature| (feature, shape));
        Ok(Some(look))
    }

    /// Everything that can be compared and that an image shows: by the BlurHash of its source, else by one computed from
    /// its pixels, and by its pixels.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn all(&self, orders: Orders) -> Result<Gathered, CatalogError> {
        let hidden: HashSet<MediaId> = self.catalog.hidden_media()?.into_iter().collect();
        let mut computed: HashMap<MediaId, Computed> = HashMap::new();
        let (mut looks, mut failed) = (Vec::new(), None);
        self.catalog.each_fingerprint(0, u64::MAX, |stored| {
            if hidden.contains(&stored.media) {
                return ControlFlow::Continue(());
            }
            match self.seen(&stored, orders) {
                Ok(look) => looks.extend(look),
                Err(error) => {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            }
            let media = stored.media;
            computed.extend(Computed::of(stored).map(|computed| (media, computed)));
            ControlFlow::Continue(())
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        let mut collector =
            Collector { decode: self.decode, waiting: Vec::new(), gathered: Gathered::default() };
        self.catalog.each_media(|row| {
            if !hidden.contains(&row.id) {
                collector.add(Waiting::of(&row, computed.get(&row.id)));
            }
            ControlFlow::Continue(())
        })?;
        collector.decode();
        let mut gathered = collector.gathered;
        gathered.compared.looks = Looks::new(looks);
        let shown = self.catalog.shown_media()?;
        let shared = shown.into_iter().filter(|(_, images)| *images > 1);
        gathered.shared = shared.map(|(media, images)| (media.get(), images)).collect();
        Ok(gathered)
    }

    /// What [`Self::all`] gives of these media.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn some(
        &self,
        media: impl IntoIterator<Item = MediaId>,
        orders: Orders,
    ) -> Result<Gathered, CatalogError> {
        let (mut looks, mut shared) = (Vec::new(), Vec::new());
        let mut collector =
            Collector { decode: self.decode, waiting: Vec::new(), gathered: Gathered::default() };
        for media in media {
            let stored = self.catalog.fingerprint(media)?;
            let look = stored.as_ref().map(|stored| self.seen(stored, orders)).transpose()?.flatten();
            let computed = stored.and_then(Computed::of);
            let read = |row: MediaRow<'_>| Waiting::of(&row, computed.as_ref());
            let Some(waiting) = self.catalog.with_shown_media(media, read)? else { continue };
            looks.extend(look);
            collector.add(waiting);
            let images = self.catalog.images_of_media(media)?.len() as u64;
            shared.extend((images > 1).then_some((media.get(), images)));
        }
        collector.decode();
        let mut gathered = collector.gathered;
        gathered.compared.looks = Looks::new(looks);
        gathered.shared = shared;
        Ok(gathered)
    }

    /// What the pixels of a media say, if they say anything.
    fn seen(&self, stored: &StoredFingerprint, orders: Orders) -> Result<Option<Look>, CatalogError> {
        if stored.looked.fingerprint().is_none() {
            return Ok(None);
        }
        let order = match orders {
            Orders::Read => self.catalog.media_order(stored.media)?,
            Orders::Zero => 0,
        };
        let mut look = Look::new(stored.media, order);
        look.take(stored);
        Ok(Some(look))
    }
}

/// A BlurHash that was computed from pixels, and how many those were.
struct Computed {
    text: String,
    size: (u32, u32),
}

impl Computed {
    fn of(stored: StoredFingerprint) -> Option<Self> {
        let size = stored.looked.fingerprint().map(|seen| (seen.width, seen.height))?;
        Some(Self { text: stored.blurhash?, size })
    }
}

/// A media whose BlurHash is not decoded yet.
struct Waiting {
    id: u64,
    aspect: Aspect,
    text: Option<String>,
}

impl Waiting {
    fn of(row: &MediaRow<'_>, computed: Option<&Computed>) -> Self {
        let text = row.blurhash.or(computed.map(|computed| computed.text.as_str()));
        let width = row.width.or(computed.map(|computed| computed.size.0));
        let height = row.height.or(computed.map(|computed| computed.size.1));
        let aspect = Aspect::of(width.unwrap_or(0), height.unwrap_or(0));
        Self { id: row.id.get(), aspect, text: text.map(str::to_owned) }
    }
}

/// Decodes many BlurHashes at a time.
struct Collector {
    decode: fn(&str) -> Result<Feature, Unfit>,
    waiting: Vec<Waiting>,
    gathered: Gathered,
}

impl Collector {
    fn add(&mut self, waiting: Waiting) {
        self.waiting.push(waiting);
        if self.waiting.len() >= TEXTS_AT_ONCE {
            self.decode();
        }
    }

    fn decode(&mut self) {
        let decoded: Vec<Result<Feature, Unfit>> = self
            .waiting
            .par_iter()
            .map(|waiting| waiting.text.as_deref().ok_or(Unfit::Missing).and_then(self.decode))
            .collect();
        for (Waiting { id, aspect, .. }, feature) in self.waiting.drain(..).zip(decoded) {
            match feature {
                Ok(feature) => self.gathered.compared.blurs.push(Entry { id, aspect, feature }),
                Err(reason) => self.gathered.unfit.push((id, reason)),
            }
        }
    }
}
