//! Linking what is new, and everything that something new can explain.
//!
//! - In: the catalog, and how far it was linked before.
//! - Out: links, replaced for the resources whose answer changed, in one transaction that is one generation.
//! - Never: a patch. The links of a resource are computed from scratch, so they do not depend on what was
//!   known before; a killed run leaves the old state and the next one does the same work again.

mod load;
mod touched;

use std::collections::HashMap;

use rayon::prelude::*;

use crate::catalog::{Catalog, CatalogError, DecisionsChange, StoredResource};
use crate::entity::{Link, Resource};
use crate::run::RunContext;

use super::{LinkError, Result};
use load::{shelf_for, whole_shelf};
use touched::{add_by_decisions, touched};

/// From this many changed rows on, loading whole tables is faster than asking row by row.
const WHOLE_FROM: u64 = 4_000;

/// What a linking run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkReport {
    /// The generation that it committed; `None` when no answer changed.
    pub generation: Option<u64>,
    /// Resources that were looked at.
    pub examined: u64,
    /// Resources whose links changed.
    pub changed: u64,
    /// Links written for them.
    pub links: u64,
    /// Of the resources looked at, those that nothing explains.
    pub unresolved: u64,
    /// Whether the run was asked to stop, and so did nothing.
    pub cancelled: bool,
}

/// How to get at what is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// Load whole tables once and look at every resource.
    Whole,
    /// Ask for the rows that the touched resources can meet.
    Touched,
}

/// Links every resource that is new, or that a new or changed version, file, model or decision could explain.
///
/// Decisions are taken from `decisions.ndjson` beside the catalog. Running it again without a change in between changes nothing.
///
/// # Errors
///
/// [`super::LinkError::Catalog`]; nothing is written then.
pub fn catch_up(catalog: &mut Catalog, context: &RunContext) -> Result<LinkReport> {
    catch_up_from(catalog, context, WHOLE_FROM, Catalog::take_decisions)
}

/// As [`catch_up`], with the number of changed rows from which on whole tables are loaded, and where decisions come
/// from.
fn catch_up_from(
    catalog: &mut Catalog,
    context: &RunContext,
    whole_from: u64,
    take_decisions: impl FnOnce(&Catalog) -> crate::catalog::Result<Option<DecisionsChange>>,
) -> Result<LinkReport> {
    let report = catalog.exclusively(|catalog| -> std::result::Result<LinkReport, Stopped> {
        let newest = catalog.generation()?;
        let linked = catalog.linked_generation()?;
        let decided = take_decisions(catalog)?;
        if newest <= linked && decided.is_none() {
            return Ok(LinkReport::default());
        }
        let plan = if catalog.changes_to_link(linked)? >= whole_from { Plan::Whole } else { Plan::Touched };
        let found = match plan {
            Plan::Whole => examine_all(catalog, context)?,
            Plan::Touched => examine_touched(catalog, context, Span { linked, newest }, decided.as_ref())?,
        };
        if context.cancel.is_requested() {
            return Err(Stopped::Cancelled);
        }
        let report = write(catalog, context, newest, found)?;
        // Looking at everything does without the names, and so leaves them behind.
        let names = (plan == Plan::Touched).then(|| report.generation.unwrap_or(newest));
        catalog.set_names_generation(names)?;
        Ok(report)
    });
    context.progress.end();
    match report {
        Ok(report) => Ok(report),
        Err(Stopped::Cancelled) => Ok(LinkReport { cancelled: true, ..LinkReport::default() }),
        Err(Stopped::Failed(error)) => Err(error),
    }
}

/// Why a run wrote nothing.
enum Stopped {
    Cancelled,
    Failed(LinkError),
}

impl From<CatalogError> for Stopped {
    fn from(error: CatalogError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<LinkError> for Stopped {
    fn from(error: LinkError) -> Self {
        Self::Failed(error)
    }
}

/// What is new: everything after `linked`, up to `newest`.
#[derive(Clone, Copy, Debug)]
struct Span {
    linked: u64,
    newest: u64,
}

/// Links resources that need not be in the catalog, such as those of a file that was just read.
///
/// The answer for each is by rank, in the order of `resources`.
///
/// # Errors
///
/// [`super::LinkError::Catalog`].
pub fn resolve(catalog: &Catalog, resources: &[Resource]) -> Result<Vec<Vec<Link>>> {
    let shelf = shelf_for(catalog, resources)?;
    Ok(resources.iter().map(|resource| shelf.link(resource)).collect())
}

/// Resources looked at, with the answers that differ from what is stored.
struct Found {
    examined: u64,
    unresolved: u64,
    changes: Vec<(i64, Vec<Link>)>,
}

fn write(catalog: &Catalog, context: &RunContext, newest: u64, found: Found) -> Result<LinkReport> {
    let mut report = LinkReport {
        examined: found.examined,
        unresolved: found.unresolved,
        changed: found.changes.len() as u64,
        links: found.changes.iter().map(|(_, links)| links.len() as u64).sum(),
        ..LinkReport::default()
    };
    if !found.changes.is_empty() {
        report.generation = Some(catalog.replace_links(context.clock.now(), &found.changes)?);
    }
    catalog.set_linked_generation(report.generation.unwrap_or(newest))?;
    Ok(report)
}

fn examine_all(catalog: &Catalog, context: &RunContext) -> Result<Found> {
    let mut resources: Vec<StoredResource> = Vec::new();
    catalog.for_each_resource(|resource| resources.push(resource))?;
    context.progress.begin("link", Some(resources.len() as u64));
    let shelf = whole_shelf(catalog)?;
    let answers: Vec<Vec<Link>> = resources
        .par_iter()
        .map(|stored| if context.cancel.is_requested() { Vec::new() } else { shelf.link(&stored.resource) })
        .collect();
    context.progress.advance(resources.len() as u64);
    let mut stored: HashMap<i64, Vec<Link>> = HashMap::new();
    catalog.for_each_link(|resource, link| stored.entry(resource).or_default().push(link))?;
    let unresolved = answers.iter().filter(|links| Link::representative(links).is_none()).count() as u64;
    let examined = resources.len() as u64;
    let changes = resources
        .into_iter()
        .zip(answers)
        .map(|(resource, links)| (resource.id, links))
        .filter(|(id, links)| stored.get(id).map_or(&[][..], Vec::as_slice) != links.as_slice())
        .collect();
    Ok(Found { examined, unresolved, changes })
}

fn examine_touched(
    catalog: &Catalog,
    context: &RunContext,
    span: Span,
    decided: Option<&DecisionsChange>,
) -> Result<Found> {
    let mut ids = touched(catalog, span)?;
    if let Some(change) = decided {
        add_by_decisions(catalog, change, &mut ids)?;
    }
    context.progress.begin("link", Some(ids.len() as u64));
    let mut resources = Vec::new();
    for id in ids {
        resources.extend(catalog.resource(id)?);
    }
    let wanted: Vec<Resource> = resources.iter().map(|stored| stored.resource.clone()).collect();
    let answers = resolve(catalog, &wanted)?;
    context.progress.advance(resources.len() as u64);
    let mut found = Found { examined: resources.len() as u64, unresolved: 0, changes: Vec::new() };
    for (resource, links) in resources.into_iter().zip(answers) {
        found.unresolved += u64::from(Link::representative(&links).is_none());
        if catalog.links_of(resource.id)? != links {
            found.changes.push((resource.id, links));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
