//! Linking what is new, and everything that something new can explain.
//!
//! - In: the catalog, and how far it was linked before.
//! - Out: links, replaced for the resources whose answer changed, in one transaction that is one generation.
//! - Never: a patch. The links of a resource are computed from scratch, so they do not depend on what was
//!   known before; a killed run leaves the old state and the next one does the same work again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;

use crate::catalog::{
    Bearer, Catalog, CatalogError, DecisionsChange, FileFacts, HasLinks, StoredResource, VersionFacts,
};
use crate::entity::{Decision, HashKind, HexHash, Link, Refused, Resource, ResourceKind, Ruling, VersionId};
use crate::run::RunContext;

use super::hygiene::{AUTOV3_DIGITS, Fit, fit, holds_weights, normalised_name};
use super::rulings::Rulings;
use super::shelf::{Hashes, Names, Shelf, is_vae};
use super::{LinkError, Result};

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

/// Resources that are new, or that something new or changed could explain.
fn touched(catalog: &Catalog, span: Span) -> Result<BTreeSet<i64>> {
    let linked = span.linked;
    let mut found: BTreeSet<i64> = catalog.resources_since(linked)?.into_iter().collect();
    let versions: BTreeSet<VersionId> = catalog.versions_since(linked)?.into_iter().collect();
    let mut files = BTreeSet::new();
    for version in &versions {
        catalog.add_resources_naming_version(*version, &mut found)?;
        files.extend(catalog.files_around_version(*version)?);
    }
    let mut names = BTreeSet::new();
    for file in files {
        for (digits, kind) in catalog.hashes_of_file(file)? {
            catalog.add_resources_near_hash(&digits, &mut found)?;
            let turned = HexHash::parse(&digits).filter(|_| kind == HashKind::Crc32);
            if let Some(turned) = turned.and_then(|hash| hash.with_bytes_reversed()) {
                catalog.add_resources_near_hash(turned.as_str(), &mut found)?;
            }
        }
        names.extend(catalog.file(file)?.and_then(|file| file.name).as_deref().and_then(normalised_name));
    }
    match renamed(catalog, span, &found)? {
        Some(given_up) => {
            for name in names.union(&given_up) {
                found.extend(catalog.rows_named(Bearer::Resource, name)?);
            }
        }
        None if versions.is_empty() => {}
        None => add_by_name(catalog, &versions, &names, &mut found)?,
    }
    Ok(found)
}

/// Brings the table of names up to date, and returns the names that files had when they were last linked and have no
/// more. `None` when the table had to be built anew, so that nobody knows.
fn renamed(catalog: &Catalog, span: Span, new: &BTreeSet<i64>) -> Result<Option<BTreeSet<String>>> {
    let known = catalog.names_generation()? == Some(span.linked);
    let mut given_up = BTreeSet::new();
    if known {
        for file in catalog.files_since(span.linked)? {
            let name = catalog.file(file)?.and_then(|file| file.name).as_deref().and_then(normalised_name);
            given_up.extend(catalog.set_name(Bearer::File, file, name.as_deref())?);
        }
        for id in new {
            let name = catalog.resource(*id)?.and_then(|stored| stored.resource.name);
            let name = name.as_deref().and_then(normalised_name);
            catalog.set_name(Bearer::Resource, *id, name.as_deref())?;
        }
    } else {
        build_names(catalog)?;
    }
    catalog.set_names_generation(Some(span.newest))?;
    Ok(known.then_some(given_up))
}

fn build_names(catalog: &Catalog) -> Result<()> {
    let mut names: Vec<(Bearer, i64, String)> = Vec::new();
    let mut keep = |bearer, row, name: Option<&str>| {
        names.extend(name.and_then(normalised_name).map(|name| (bearer, row, name)));
    };
    catalog.for_each_file(|file| keep(Bearer::File, file.file, file.name.as_deref()))?;
    catalog.for_each_named_resource(|stored, _| {
        keep(Bearer::Resource, stored.id, stored.resource.name.as_deref());
    })?;
    catalog.clear_names()?;
    for (bearer, row, name) in names {
        catalog.set_name(bearer, row, Some(&name))?;
    }
    Ok(())
}

/// Adds the resources that a decision is about which came, went or was beaten by another.
fn add_by_decisions(catalog: &Catalog, change: &DecisionsChange, found: &mut BTreeSet<i64>) -> Result<()> {
    let [before, after] = [&change.before, &change.after].map(|set| set.in_force());
    let before: BTreeSet<&Decision> = before.into_iter().collect();
    let after: BTreeSet<&Decision> = after.into_iter().collect();
    let mut names: BTreeSet<(ResourceKind, String)> = BTreeSet::new();
    for decision in before.symmetric_difference(&after) {
        match &decision.ruling {
            Ruling::Hash { hash, .. } | Ruling::NotLink { what: Refused::Hash(hash), .. } => {
                catalog.add_resources_near_hash(hash.as_str(), found)?;
            }
            Ruling::NotLink { what: Refused::Name(kind, name), .. } => {
                names.extend(normalised_name(name).map(|name| (*kind, name)));
            }
            Ruling::NotLink { what: Refused::Image(_), .. }
            | Ruling::NotDuplicate { .. }
            | Ruling::Undo { .. } => {}
        }
    }
    if !names.is_empty() {
        catalog.for_each_named_resource(|stored, _| {
            let name = stored.resource.name.as_deref().and_then(normalised_name);
            if name.is_some_and(|name| names.contains(&(stored.resource.kind, name))) {
                found.insert(stored.id);
            }
        })?;
    }
    Ok(())
}

/// Adds resources that bear the name of a touched file, and those that one file alone could now explain.
///
/// The second kind matters when a file was renamed: the name that it gave up is no longer in the catalog,
/// but another file may be the only one left with it.
fn add_by_name(
    catalog: &Catalog,
    versions: &BTreeSet<VersionId>,
    names: &BTreeSet<String>,
    found: &mut BTreeSet<i64>,
) -> Result<()> {
    let mut kinds: HashMap<VersionId, Option<String>> = HashMap::new();
    catalog.for_each_version(|facts| {
        kinds.insert(facts.version, facts.model_kind);
    })?;
    let mut bearers: HashMap<String, Vec<FileFacts>> = HashMap::new();
    catalog.for_each_file(|file| {
        if let Some(name) = file.name.as_deref().and_then(normalised_name) {
            bearers.entry(name).or_default().push(file);
        }
    })?;
    catalog.for_each_named_resource(|stored, linked| {
        let by_air = stored.resource.air.and_then(|air| air.version);
        let name = stored.resource.name.as_deref().and_then(normalised_name);
        let by_name = name.is_some_and(|name| {
            let files = bearers.get(&name).filter(|_| linked == HasLinks::No);
            names.contains(&name) || files.is_some_and(|files| may_be_one(&stored.resource, files, &kinds))
        });
        if by_name || by_air.is_some_and(|version| versions.contains(&version)) {
            found.insert(stored.id);
        }
    })?;
    Ok(())
}

/// Whether `files`, which bear the name of a resource, may be all of one version, so that the name decides.
///
/// Hashes can rule files out, and a VAE file may be borrowed; both are left to the linking itself.
fn may_be_one(resource: &Resource, files: &[FileFacts], kinds: &HashMap<VersionId, Option<String>>) -> bool {
    if resource.hash.is_some() || files.iter().any(is_vae) {
        return true;
    }
    let mut fitting = files
        .iter()
        .filter(|file| holds_weights(file.kind.as_deref()))
        .filter(|file| {
            let model_kind = kinds.get(&file.version).and_then(Option::as_deref);
            fit(resource.kind, model_kind, file.kind.as_deref()) != Fit::Mismatch
        })
        .map(|file| file.version);
    fitting.next().is_some_and(|first| fitting.all(|other| other == first))
}

/// Everything that is published.
fn whole_shelf(catalog: &Catalog) -> Result<Shelf> {
    let (mut files, mut versions): (Vec<FileFacts>, Vec<VersionFacts>) = (Vec::new(), Vec::new());
    catalog.for_each_file(|file| files.push(file))?;
    catalog.for_each_version(|version| versions.push(version))?;
    let mut hashes = Hashes::default();
    catalog.for_each_file_hash(|digits, kind, file| hashes.push(digits, kind, file))?;
    let names = Names(
        files
            .par_iter()
            .filter_map(|file| Some((file.name.as_deref().and_then(normalised_name)?, file.file)))
            .collect(),
    );
    let rulings = Rulings::of(&catalog.decisions()?);
    Ok(Shelf::new(files, versions, hashes, names, rulings))
}

/// What the given resources can meet, and no more.
fn shelf_for(catalog: &Catalog, resources: &[Resource]) -> Result<Shelf> {
    let mut hashes: BTreeSet<(String, HashKind, i64)> = BTreeSet::new();
    for hash in resources.iter().filter_map(|resource| resource.hash.as_ref()) {
        if hash.junk().is_some() {
            continue;
        }
        let written = hash.as_str();
        let mut keep = |digits: &str, kind, file| {
            hashes.insert((digits.to_owned(), kind, file));
        };
        catalog.file_hashes_starting_with(written, &mut keep)?;
        if let Some(turned) = hash.with_bytes_reversed() {
            catalog.file_hashes_starting_with(turned.as_str(), &mut keep)?;
        }
        if let Some(cut) = written.get(..AUTOV3_DIGITS).filter(|_| written.len() == 64) {
            catalog.file_hashes_starting_with(cut, &mut keep)?;
        }
    }
    let names = names_for(catalog, resources)?;
    for (_, file) in &names.0 {
        hashes.extend(catalog.hashes_of_file(*file)?.into_iter().map(|(digits, kind)| (digits, kind, *file)));
    }
    let numbers: BTreeSet<i64> =
        hashes.iter().map(|(_, _, file)| *file).chain(names.0.iter().map(|(_, file)| *file)).collect();
    let files = with_siblings(catalog, &numbers)?;
    let mut versions = BTreeSet::new();
    for version in files.values().map(|file| file.version).chain(resources.iter().flat_map(named_versions)) {
        versions.extend(catalog.version_facts(version)?);
    }
    let mut table = Hashes::default();
    for (digits, kind, file) in &hashes {
        table.push(digits, *kind, *file);
    }
    let rulings = Rulings::of(&catalog.decisions()?);
    Ok(Shelf::new(files.into_values().collect(), versions.into_iter().collect(), table, names, rulings))
}

fn named_versions(resource: &Resource) -> impl Iterator<Item = VersionId> {
    [resource.version, resource.air.and_then(|air| air.version)].into_iter().flatten()
}

/// The files with a name that one of the resources bears. Reads all file names only where the table of names is behind.
fn names_for(catalog: &Catalog, resources: &[Resource]) -> Result<Names> {
    let wanted: BTreeSet<String> = resources
        .iter()
        .filter(|resource| named_versions(resource).next().is_none())
        .filter_map(|resource| resource.name.as_deref().and_then(normalised_name))
        .collect();
    let mut names = Vec::new();
    if wanted.is_empty() {
        return Ok(Names(names));
    }
    if catalog.file_names_are_current()? {
        for name in wanted {
            let files = catalog.rows_named(Bearer::File, &name)?;
            names.extend(files.into_iter().map(|file| (name.clone(), file)));
        }
    } else {
        catalog.for_each_file(|file| {
            let name = file.name.as_deref().and_then(normalised_name);
            names.extend(name.filter(|name| wanted.contains(name)).map(|name| (name, file.file)));
        })?;
    }
    Ok(Names(names))
}

/// The files with these row numbers, and the rows of the same files under other versions.
fn with_siblings(catalog: &Catalog, numbers: &BTreeSet<i64>) -> Result<BTreeMap<i64, FileFacts>> {
    let mut files = BTreeMap::new();
    for number in numbers {
        let Some(file) = catalog.file(*number)? else { continue };
        if let Some(site_id) = file.site_id {
            let siblings = catalog.files_with_site_id(site_id)?;
            files.extend(siblings.into_iter().map(|sibling| (sibling.file, sibling)));
        }
        files.insert(file.file, file);
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
