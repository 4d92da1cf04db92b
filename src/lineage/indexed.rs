//! Reports from the index: only the images of the scope are looked at.
//!
//! - In: a catalog, and an index that shows all of its images.
//! - Out: the very report that reading the whole catalog gives.
//! - Never: a look at an image that does not name a version of the scope.

use std::collections::HashMap;

use stemmata_index::query::{NoResolver, Node, Presence, Query};
use stemmata_index::{Facts, Reader};

use crate::catalog::{Catalog, CatalogError, Usage};
use crate::entity::{ImageKey, VersionId};

use super::Result;
use super::figures::{Links, Representative, Tally};
use super::report::{Everywhere, LineageReport, Options, report_of};
use super::scope::Scope;

/// Whether an index shows every image as the catalog has it. Links may have changed since: they are not in it.
///
/// # Errors
///
/// [`super::LineageError::Catalog`].
pub fn is_current(catalog: &Catalog, reader: &Reader) -> Result<bool> {
    let shown = reader.generation();
    Ok(shown <= catalog.generation()? && !catalog.has_images_since(shown)?)
}

/// Reports on a scope from an index that [`is_current`].
///
/// # Errors
///
/// [`super::LineageError::Catalog`], [`super::LineageError::Index`].
pub fn report_from_index(
    catalog: &Catalog,
    reader: &Reader,
    scope: &Scope,
    options: Options,
) -> Result<LineageReport> {
    let mut resources = Vec::new();
    for version in &scope.versions {
        resources.extend(catalog.resources_for_version(*version)?);
    }
    let mut tally = Tally::new(&scope.versions).without(catalog.refusals_of_images()?);
    let mut links = KnownLinks { catalog, known: HashMap::new(), failure: None };
    let mut uses = Vec::new();
    reader.for_each(&NoResolver, &Query::resource_ids(resources), &mut |facts| {
        if let Some(usage) = usage(&facts, &mut uses) {
            tally.add(&usage, &mut links);
        }
    })?;
    if let Some(failure) = links.failure {
        return Err(failure.into());
    }
    report_of(catalog, scope, &tally.finish(), &Counted { catalog, reader }, options)
}

/// What the columns say of an image, as the catalog says it; `uses` is where its resources are put meanwhile.
fn usage<'a>(facts: &Facts<'a>, uses: &'a mut Vec<(u64, Option<f64>)>) -> Option<Usage<'a>> {
    uses.clear();
    uses.extend(facts.resources.iter().map(|used| (used.id, used.weight)));
    Some(Usage {
        image: ImageKey::new(facts.key)?,
        media: i64::try_from(facts.media?).ok()?,
        created_ms: facts.created_ms,
        steps: facts.steps.and_then(|steps| u32::try_from(steps).ok()),
        cfg: facts.cfg,
        sampler: facts.sampler,
        scheduler: facts.scheduler,
        username: facts.username,
        resources: uses,
    })
}

/// Representatives of the resources that were asked for, each read once.
struct KnownLinks<'c> {
    catalog: &'c Catalog,
    known: HashMap<u64, Option<Representative>>,
    failure: Option<CatalogError>,
}

impl Links for KnownLinks<'_> {
    fn representative(&mut self, resource: u64) -> Option<&Representative> {
        let known = self.known.entry(resource).or_insert_with(|| {
            let links = self.catalog.links_of(resource.cast_signed()).unwrap_or_else(|error| {
                self.failure.get_or_insert(error);
                Vec::new()
            });
            Representative::of(&links)
        });
        known.as_ref()
    }
}

/// Counts by the index.
struct Counted<'a> {
    catalog: &'a Catalog,
    reader: &'a Reader,
}

impl Everywhere for Counted<'_> {
    fn images(&self) -> Result<u64> {
        Ok(self.reader.count(&NoResolver, &Node::Has(Presence::Resource).into())?)
    }

    fn made_with(&self, version: VersionId) -> Result<u64> {
        let resources = self.catalog.certain_resources_for_version(version)?;
        Ok(self.reader.count(&NoResolver, &Query::resource_ids(resources))?)
    }
}
