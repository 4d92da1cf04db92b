//! From the catalog to a shelf: everything that is published, or what a few resources can meet.
//!
//! - In: the catalog; the resources that will be asked for.
//! - Out: a [`Shelf`] that gives these resources the same links either way.
//! - Never: a write.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::catalog::{Bearer, Catalog, FileFacts, VersionFacts};
use crate::entity::{HashKind, Resource, VersionId, normalised_name};
use crate::link::Result;
use crate::link::hygiene::AUTOV3_DIGITS;
use crate::link::rulings::Rulings;
use crate::link::shelf::{Hashes, Names, Shelf};

/// Everything that is published.
pub(super) fn whole_shelf(catalog: &Catalog) -> Result<Shelf> {
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
pub(super) fn shelf_for(catalog: &Catalog, resources: &[Resource]) -> Result<Shelf> {
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
