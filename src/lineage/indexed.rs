//! Reports from the index: only the images of the scope are looked at, on every core.
//!
//! - In: a catalog, and an index that shows all of its images.
//! - Out: the very report that reading the whole catalog gives.
//! - Never: a look at an image that does not name a version of the scope, except to count chunks everywhere.

use stemmata_index::query::{NoResolver, Node, Presence, Query, Resolver};
use stemmata_index::{ChunkFacts, ChunkField, ChunkTexts, Facts, IndexError, Reader};

use crate::catalog::{Catalog, Usage};
use crate::entity::{ImageKey, VersionId};

use super::Result;
use super::direct::representatives;
use super::figures::{Figures, Members, Numbers, Representative, Representatives, Sighting, Tally};
use super::owners::{ChunkOwners, OwnerCount};
use super::report::{Background, ChunkCounts, Inputs, LineageReport, report_of};

/// Images from which on the links of all resources are read, whichever they name.
const MANY_IMAGES: u64 = 50_000;

/// Whether an index shows every image as this very catalog has it, not one that was there before a backup was
/// restored. Links may have changed since: they are not in it.
///
/// # Errors
///
/// [`super::LineageError::Catalog`].
pub fn is_current(catalog: &Catalog, reader: &Reader) -> Result<bool> {
    let (shown, mark) = (reader.generation(), reader.mark());
    if mark.is_some() && shown > 0 && catalog.generation_mark(shown)? != mark {
        return Ok(false);
    }
    Ok(shown <= catalog.generation()? && !catalog.has_images_since(shown)?)
}

/// Reports on a scope from an index that [`is_current`].
///
/// # Errors
///
/// [`super::LineageError::Catalog`], [`super::LineageError::Index`].
pub fn report_from_index(inputs: &Inputs<'_>, reader: &Reader) -> Result<LineageReport> {
    let mut resources = Vec::new();
    if let Members::Versions(versions) = &inputs.scope.members {
        for version in versions {
            resources.extend(inputs.catalog.resources_for_version(*version)?);
        }
    }
    report_on_matches(inputs, reader, &NoResolver, &Query::resource_ids(resources))
}

/// Reports on the images that match a query; of a scope of versions only those that name one of them.
///
/// # Errors
///
/// As [`report_from_index`].
pub fn report_on_matches(
    inputs: &Inputs<'_>,
    reader: &Reader,
    resolver: &dyn Resolver,
    query: &Query,
) -> Result<LineageReport> {
    let figures = figures(inputs, reader, resolver, query)?;
    report_of(inputs, &figures, &Counted { catalog: inputs.catalog, reader, resolver, query })
}

/// Counts in two passes: one finds out which resources occur, so that their links are read at once; the other counts.
/// Many images name so many resources that reading the links of all costs less than finding out.
fn figures(inputs: &Inputs<'_>, reader: &Reader, resolver: &dyn Resolver, query: &Query) -> Result<Figures> {
    let links = if reader.count(resolver, query)? >= MANY_IMAGES {
        representatives(inputs.catalog)?
    } else {
        links(inputs.catalog, &resources_of(reader, resolver, query)?)?
    };
    let refused = inputs.catalog.refusals_of_images()?;
    let (scope, period) = (inputs.scope, inputs.period);
    let init = || {
        let tally = Tally::new(&scope.members, period).without(&refused);
        (if scope.compares() { tally.comparing() } else { tally }, Vec::new())
    };
    let each = |(tally, uses): &mut (Tally<'_>, Vec<(u64, Option<f64>)>),
                facts: &Facts<'_>,
                chunks: ChunkFacts<'_>| {
        uses.clear();
        uses.extend(facts.resources.iter().map(|used| (used.id, used.weight)));
        if let Some(usage) = usage(facts, &chunks, uses) {
            let sighting = Sighting { usage, prompt: chunks.prompt, negative: chunks.negative };
            tally.add(&sighting, facts.posted_for.len(), &links);
        }
    };
    let texts = |(tally, _): &mut (Tally<'_>, Vec<_>), texts: &ChunkTexts| name_chunks(tally, texts);
    let merge = |(whole, _): &mut (Tally<'_>, Vec<_>), (part, _): (Tally<'_>, Vec<_>)| whole.take(part);
    let (tally, _) = reader.fold_chunks(resolver, query, init, each, texts, merge)?;
    Ok(tally.finish())
}

/// Gives the chunks that a segment counted by its own numbers their texts.
fn name_chunks(tally: &mut Tally<'_>, texts: &ChunkTexts) -> std::result::Result<(), IndexError> {
    let (prompt, negative) = tally.chunks();
    let mut named = Vec::with_capacity(prompt.len() + negative.len());
    texts.for_each(ChunkField::Prompt, &prompt, |number, text| {
        named.push((number, tally.names().number(text)));
    })?;
    let negatives_from = named.len();
    texts.for_each(ChunkField::Negative, &negative, |number, text| {
        named.push((number, tally.names().number(text)));
    })?;
    let negatives = named.split_off(negatives_from);
    tally.name_chunks(&named, &negatives);
    Ok(())
}

/// The resources that matches name, ascending.
fn resources_of(reader: &Reader, resolver: &dyn Resolver, query: &Query) -> Result<Vec<u64>> {
    let each = |seen: &mut Numbers<u64>, facts: Facts<'_>| {
        seen.extend(facts.resources.iter().map(|used| used.id));
    };
    let found = reader.fold(resolver, query, Numbers::default, each, |all, part| all.extend(part))?;
    let mut sorted: Vec<u64> = found.into_iter().collect();
    sorted.sort_unstable();
    Ok(sorted)
}

/// What each of these resources stands for.
fn links(catalog: &Catalog, resources: &[u64]) -> Result<Representatives> {
    let mut found = Representatives::with_capacity_and_hasher(resources.len(), Default::default());
    catalog.for_each_linked(Some(resources), |resource, links, digits| {
        found.extend(Representative::of(links, digits).map(|representative| (resource, representative)));
    })?;
    Ok(found)
}

/// What the columns say of an image, as the catalog says it.
pub(super) fn usage<'a>(
    facts: &Facts<'a>,
    chunks: &ChunkFacts<'_>,
    uses: &'a [(u64, Option<f64>)],
) -> Option<Usage<'a>> {
    Some(Usage {
        image: ImageKey::new(facts.key)?,
        media: i64::try_from(facts.media?).ok()?,
        created_ms: facts.created_ms,
        steps: facts.steps.and_then(|steps| u32::try_from(steps).ok()),
        cfg: facts.cfg,
        sampler: facts.sampler,
        scheduler: facts.scheduler,
        username: facts.username,
        seed: chunks.seed,
        width: facts.width.and_then(|width| u32::try_from(width).ok()),
        height: facts.height.and_then(|height| u32::try_from(height).ok()),
        prompt: None,
        negative: None,
        resources: uses,
    })
}

/// Counts by the index.
struct Counted<'a> {
    catalog: &'a Catalog,
    reader: &'a Reader,
    resolver: &'a dyn Resolver,
    query: &'a Query,
}

impl Background for Counted<'_> {
    fn images(&self) -> Result<u64> {
        Ok(self.reader.count(&NoResolver, &Node::Has(Presence::Resource).into())?)
    }

    fn made_with(&self, version: VersionId) -> Result<u64> {
        let resources = self.catalog.certain_resources_for_version(version)?;
        Ok(self.reader.count(&NoResolver, &Query::resource_ids(resources))?)
    }

    fn chunks(&self, prompt: &[&str], negative: &[&str]) -> Result<[ChunkCounts; 2]> {
        let count = |field, chunks: &[&str]| -> Result<ChunkCounts> {
            if chunks.is_empty() {
                return Ok(ChunkCounts::default());
            }
            let (with, images) = self.reader.documents_with_chunks(field, chunks)?;
            Ok(ChunkCounts { images, with })
        };
        Ok([count(ChunkField::Prompt, prompt)?, count(ChunkField::Negative, negative)?])
    }

    fn owners(&self, images: &[i64], prompt: &[&str], negative: &[&str]) -> Result<[Vec<ChunkOwners>; 2]> {
        let each = |count: &mut OwnerCount, facts: &Facts<'_>, said: [&[u32]; 2]| {
            if images.binary_search(&facts.key).is_ok() {
                count.add(facts.username, said);
            }
        };
        let asked = (self.resolver, self.query);
        let (chunks, init) = ([prompt, negative], OwnerCount::default);
        let count = self.reader.fold_chosen_chunks(asked, chunks, init, each, OwnerCount::take)?;
        Ok(count.finish([prompt.len(), negative.len()]))
    }
}
