//! All models, by how many images were made with them.
//!
//! - In: every image that names a resource, once. Out: the first models with their key figures.
//! - Never: a report for each model, which would read every image as often as there are models.

use rayon::slice::ParallelSliceMut as _;
use serde::{Deserialize, Serialize};
use stemmata_index::query::{NoResolver, Node, Presence};
use stemmata_index::{ChunkFacts, Facts, Reader, kept_keyword};

use crate::catalog::{Catalog, Usage};
use crate::entity::{ModelId, Timestamp, VersionId};

use super::Result;
use super::direct::representatives;
use super::figures::{ByNumber, Counts, Names, Period, Reading, Refusals, Representatives};
use super::indexed::usage;
use super::report::Posted;

/// The number of the shape of a [`Ranking`]; counts breaking changes.
const SCHEMA: u32 = 1;

/// Models by the number of images made with them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// Counts breaking changes of this shape.
    pub schema: u32,
    /// Only images made at this time or later count.
    pub since: Option<Timestamp>,
    /// Only images made before this time count.
    pub until: Option<Timestamp>,
    /// Images that name any resource.
    pub images: u64,
    /// Models that any image was made with.
    pub models: u64,
    /// The first of them: most images first, then by id.
    pub rows: Vec<RankedModel>,
}

/// One model of a [`Ranking`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankedModel {
    /// Its place, from 1.
    pub rank: u64,
    /// The model.
    pub model: ModelId,
    /// Its title.
    pub name: Option<String>,
    /// The site's word for its type.
    pub kind: Option<String>,
    /// Who published it.
    pub creator: Option<String>,
    /// Its versions that any image was made with.
    pub versions: u64,
    /// Images whose metadata names a version of it.
    pub images: u64,
    /// Of these, those that differ in their bytes.
    pub images_deduplicated: u64,
    /// Images that were posted or returned for a version of it.
    pub posted_for: u64,
    /// Of `images`, those whose evidence is certain or strong.
    pub strong: u64,
    /// Of `images`, those that also name something that nothing explains.
    pub unresolved: u64,
    /// Owners of the images.
    pub creators: u64,
    /// When the first image was made.
    pub first_seen: Option<Timestamp>,
    /// When the last image was made.
    pub last_seen: Option<Timestamp>,
}

/// What is counted for one model.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    images: u64,
    strong: u64,
    unresolved: u64,
    first_ms: Option<i64>,
    last_ms: Option<i64>,
}

/// A count in progress, for all images or for a part of them.
#[derive(Default)]
struct Census {
    images: u64,
    models: ByNumber<ModelId, Count>,
    versions: ByNumber<VersionId, ModelId>,
    media: Vec<(ModelId, u64)>,
    owners: Vec<(ModelId, u32)>,
    names: Names,
    reading: Reading,
    uses: Vec<(u64, Option<f64>)>,
    seen: Vec<(ModelId, bool)>,
}

/// What every image is read with.
struct Book<'a> {
    links: &'a Representatives,
    models: &'a ByNumber<VersionId, ModelId>,
    refused: &'a Refusals,
    period: Period,
}

impl Census {
    fn add(&mut self, usage: &Usage<'_>, book: &Book<'_>) {
        if usage.resources.is_empty() || !book.period.holds(usage.created_ms) {
            return;
        }
        self.images += 1;
        self.reading.read(usage, book.links, Some(book.refused));
        self.seen.clear();
        for said in self.reading.said.iter().filter(|said| said.is_certain()) {
            let Some(model) = book.models.get(&said.version).copied() else { continue };
            self.versions.insert(said.version, model);
            let is_strong = said.confidence.percent() >= 85;
            match self.seen.iter_mut().find(|(seen, _)| *seen == model) {
                Some((_, strong)) => *strong |= is_strong,
                None => self.seen.push((model, is_strong)),
            }
        }
        if self.seen.is_empty() {
            return;
        }
        let owner = usage.username.and_then(kept_keyword).map(|name| self.names.number(name));
        let unresolved = u64::from(!self.reading.unexplained.is_empty());
        for (model, is_strong) in &self.seen {
            let count = self.models.entry(*model).or_default();
            count.images += 1;
            count.strong += u64::from(*is_strong);
            count.unresolved += unresolved;
            count.first_ms = count.first_ms.into_iter().chain(usage.created_ms).min();
            count.last_ms = count.last_ms.max(usage.created_ms);
            self.media.push((*model, usage.media.cast_unsigned()));
            self.owners.extend(owner.map(|owner| (*model, owner)));
        }
    }

    fn take(&mut self, other: Self) {
        self.images += other.images;
        for (model, count) in other.models {
            let mine = self.models.entry(model).or_default();
            mine.images += count.images;
            mine.strong += count.strong;
            mine.unresolved += count.unresolved;
            mine.first_ms = mine.first_ms.into_iter().chain(count.first_ms).min();
            mine.last_ms = mine.last_ms.max(count.last_ms);
        }
        self.versions.extend(other.versions);
        self.media.extend(other.media);
        let now = self.names.take(other.names);
        let here = |owner: u32| now.get(owner as usize).copied().unwrap_or(owner);
        self.owners.extend(other.owners.into_iter().map(|(model, owner)| (model, here(owner))));
    }

    fn finish(mut self, catalog: &Catalog, period: Period, top: usize) -> Result<Ranking> {
        let mut order: Vec<(ModelId, Count)> = std::mem::take(&mut self.models).into_iter().collect();
        order.sort_unstable_by(|(a, a_count), (b, b_count)| {
            b_count.images.cmp(&a_count.images).then_with(|| a.cmp(b))
        });
        let models = order.len() as u64;
        order.truncate(top);
        let media = distinct(&mut self.media);
        let owners = distinct(&mut self.owners);
        let mut used: Counts<ModelId> = Counts::default();
        for (_, model) in std::mem::take(&mut self.versions) {
            *used.entry(model).or_default() += 1;
        }
        let mut rows = Vec::with_capacity(order.len());
        for (rank, (model, count)) in (1..).zip(order) {
            let facts = catalog.model_facts(model)?;
            let posted = Posted::of(catalog, &catalog.versions_of_model(model)?, period)?;
            let (name, kind, creator) =
                facts.map_or((None, None, None), |facts| (facts.name, facts.kind, facts.creator));
            rows.push(RankedModel {
                rank,
                model,
                name,
                kind,
                creator,
                versions: used.get(&model).copied().unwrap_or(0),
                images: count.images,
                images_deduplicated: media.get(&model).copied().unwrap_or(0),
                posted_for: posted.images(),
                strong: count.strong,
                unresolved: count.unresolved,
                creators: owners.get(&model).copied().unwrap_or(0),
                first_seen: count.first_ms.and_then(Timestamp::from_millis),
                last_seen: count.last_ms.and_then(Timestamp::from_millis),
            });
        }
        let Period { since, until } = period;
        Ok(Ranking { schema: SCHEMA, since, until, images: self.images, models, rows })
    }
}

/// Distinct second halves for each first half.
fn distinct<T: Ord + Send>(pairs: &mut [(ModelId, T)]) -> Counts<ModelId> {
    pairs.par_sort_unstable();
    let mut counts = Counts::default();
    for run in pairs.chunk_by(|a, b| a == b) {
        if let Some((model, _)) = run.first() {
            *counts.entry(*model).or_default() += 1;
        }
    }
    counts
}

/// Ranks all models by the images of an index that [`super::is_current`], or of the catalog without one.
///
/// # Errors
///
/// [`super::LineageError::Catalog`], [`super::LineageError::Index`].
pub fn ranking(catalog: &Catalog, reader: Option<&Reader>, period: Period, top: usize) -> Result<Ranking> {
    let links = representatives(catalog)?;
    let refused = catalog.refusals_of_images()?;
    let mut models = ByNumber::default();
    catalog.for_each_version_of_a_model(|version, model| {
        models.insert(version, model);
    })?;
    let book = Book { links: &links, models: &models, refused: &refused, period };
    let census = match reader {
        Some(reader) => count_index(reader, &book)?,
        None => {
            let mut census = Census::default();
            catalog.for_each_usage(|usage| census.add(&usage, &book))?;
            census
        }
    };
    census.finish(catalog, period, top)
}

fn count_index(reader: &Reader, book: &Book<'_>) -> Result<Census> {
    let query = Node::Has(Presence::Resource).into();
    let each = |census: &mut Census, facts: Facts<'_>| {
        let mut uses = std::mem::take(&mut census.uses);
        uses.clear();
        uses.extend(facts.resources.iter().map(|used| (used.id, used.weight)));
        let no_chunks = ChunkFacts { seed: None, prompt: &[], negative: &[] };
        if let Some(usage) = usage(&facts, &no_chunks, &uses) {
            census.add(&usage, book);
        }
        census.uses = uses;
    };
    Ok(reader.fold(&NoResolver, &query, Census::default, each, Census::take)?)
}
