//! Which resources must be linked again.
//!
//! - In: what changed since the last linking, and the decisions that came or went.
//! - Out: row numbers of resources: all that could have another answer now, and few that could not.
//! - Never: a link. Looking is left to the shelf.

use std::collections::{BTreeSet, HashMap};

use super::Span;
use crate::catalog::{Bearer, Catalog, DecisionsChange, FileFacts, HasLinks};
use crate::entity::{
    Decision, Fit, HashKind, HexHash, Refused, Resource, ResourceKind, Ruling, VersionId, fit, holds_weights,
    normalised_name,
};
use crate::link::Result;
use crate::link::shelf::is_vae;

/// Resources that are new, or that something new or changed could explain.
pub(super) fn touched(catalog: &Catalog, span: Span) -> Result<BTreeSet<i64>> {
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
pub(super) fn add_by_decisions(
    catalog: &Catalog,
    change: &DecisionsChange,
    found: &mut BTreeSet<i64>,
) -> Result<()> {
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
