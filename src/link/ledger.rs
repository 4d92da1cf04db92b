//! The ledger of what nothing explains: resources without a version, most valuable first, with guesses.
//!
//! - In: the catalog, and what to leave out.
//! - Out: rows by the number of images that each would explain, ties by what it is; the same for the same catalog.
//! - Never: a link. A guess is a hint for people, and counts nowhere.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use crate::catalog::{Catalog, HasLinks, StoredResource};
use crate::entity::{Evidence, HashKind, HexHash, Link, Resource, ResourceKind, VersionId, normalised_name};

use super::Result;

/// Guesses kept for one resource.
const MOST_GUESSES: usize = 5;

/// Titles looked up for one name: a word such as `style` is in thousands.
const MOST_TITLES: u32 = 5;

/// What to leave out of the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerOptions {
    /// Only resources of this role.
    pub kind: Option<ResourceKind>,
    /// Only resources that at least so many images name.
    pub min_images: u64,
    /// Rows at most; `None` for all.
    pub limit: Option<usize>,
}

/// Everything that nothing explains.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// By images, most first; ties by role, name, hash and the rest of the resource.
    pub rows: Vec<Unresolved>,
    /// How many there are without the limit.
    pub total: u64,
    /// How often these are named in all; an image that names two counts twice.
    pub uses: u64,
}

/// One resource that stands for no version.
#[derive(Clone, Debug, PartialEq)]
pub struct Unresolved {
    /// What metadata wrote.
    pub resource: Resource,
    /// Images that name it.
    pub images: u64,
    /// Why nothing explains it.
    pub reason: Reason,
    /// What its hash can be, in the order in which to try; empty without a usable hash.
    pub could_be: Vec<HashKind>,
    /// What it may be, best first; at most five.
    pub guesses: Vec<Guess>,
}

/// Why nothing explains a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No published file has its hash.
    HashUnknown,
    /// Its hash stands for nothing, and its name for no single file.
    JunkHash,
    /// It has a name only, and several versions have a file of that name.
    NameAmbiguous,
    /// It has a name only, and no file has it.
    NameUnknown,
    /// It names a model, and no version of it.
    ModelOnly,
    /// A person decided against every candidate.
    DecidedAgainst,
}

impl Reason {
    /// The word of the machine contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HashUnknown => "hash_unknown",
            Self::JunkHash => "junk_hash",
            Self::NameAmbiguous => "name_ambiguous",
            Self::NameUnknown => "name_unknown",
            Self::ModelOnly => "model_only",
            Self::DecidedAgainst => "decided_against",
        }
    }
}

/// A version that an unresolved resource may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Guess {
    /// Why.
    pub why: GuessKind,
    /// The version.
    pub version: VersionId,
}

/// Why a version is guessed, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GuessKind {
    /// Its file has a SHA-256 that begins so, and others do too.
    Prefix,
    /// Images name the same thing with a hash that is known to be this version.
    SameNameElsewhere,
    /// It has a file of this name.
    SameName,
    /// Its title, with that of its model, holds every word of the name.
    Title,
}

impl GuessKind {
    /// The word of the machine contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prefix => "prefix",
            Self::SameNameElsewhere => "same_name_elsewhere",
            Self::SameName => "same_name",
            Self::Title => "title",
        }
    }
}

/// Lists the resources that stand for no version.
///
/// # Errors
///
/// [`super::LinkError::Catalog`].
pub fn unresolved(catalog: &Catalog, options: &LedgerOptions) -> Result<Ledger> {
    let mut images: HashMap<i64, u64> = HashMap::new();
    let mut resources = catalog.unresolved()?;
    resources.retain(|stored| options.kind.is_none_or(|kind| stored.resource.kind == kind));
    images.extend(resources.iter().map(|stored| (stored.id, 0)));
    catalog.for_each_named(|_, resource| {
        if let Some(count) = images.get_mut(&resource) {
            *count += 1;
        }
    })?;
    let mut counted: Vec<(Reverse<u64>, StoredResource)> = resources
        .into_iter()
        .map(|stored| (Reverse(images.get(&stored.id).copied().unwrap_or(0)), stored))
        .filter(|(Reverse(count), _)| *count >= options.min_images)
        .collect();
    counted.sort_by(|(a, one), (b, other)| {
        a.cmp(b).then_with(|| one.resource.cmp(&other.resource)).then_with(|| one.id.cmp(&other.id))
    });
    let mut ledger = Ledger {
        total: counted.len() as u64,
        uses: counted.iter().map(|(Reverse(count), _)| count).sum(),
        rows: Vec::new(),
    };
    counted.truncate(options.limit.unwrap_or(usize::MAX));
    let names = Names::of(catalog, counted.iter().map(|(_, stored)| &stored.resource))?;
    for (Reverse(count), stored) in counted {
        ledger.rows.push(row(catalog, &names, stored, count)?);
    }
    Ok(ledger)
}

fn row(catalog: &Catalog, names: &Names, stored: StoredResource, images: u64) -> Result<Unresolved> {
    let resource = stored.resource;
    let hash = resource.hash.as_ref().filter(|hash| hash.junk().is_none());
    let name = resource.name.as_deref().and_then(normalised_name);
    let mut guesses = BTreeSet::new();
    if let Some(hash) = hash {
        let alike = catalog.versions_with_hash(hash)?;
        guesses.extend(alike.into_iter().map(|version| Guess { why: GuessKind::Prefix, version }));
    }
    if let Some(name) = &name {
        guesses.extend(names.guesses(resource.kind, name));
        let titled = catalog.versions_with_words(name, MOST_TITLES)?;
        guesses.extend(titled.into_iter().map(|version| Guess { why: GuessKind::Title, version }));
    }
    let bearers = name.as_ref().and_then(|name| names.files.get(name)).map_or(0, BTreeSet::len);
    let refused = !catalog.links_of(stored.id)?.is_empty();
    let model_only = resource.air.is_some_and(|air| air.version.is_none()) && resource.version.is_none();
    let reason = match (refused, hash, &resource.hash) {
        (true, _, _) => Reason::DecidedAgainst,
        (_, Some(_), _) => Reason::HashUnknown,
        (_, None, Some(_)) => Reason::JunkHash,
        _ if model_only => Reason::ModelOnly,
        _ if bearers > 1 => Reason::NameAmbiguous,
        _ => Reason::NameUnknown,
    };
    let could_be = hash.map(HexHash::flavours).unwrap_or_default().to_vec();
    let mut told = BTreeSet::new();
    let guesses = guesses.into_iter().filter(|guess| told.insert(guess.version)).take(MOST_GUESSES).collect();
    Ok(Unresolved { resource, images, reason, could_be, guesses })
}

/// Who bears the names that are asked for.
struct Names {
    files: HashMap<String, BTreeSet<VersionId>>,
    elsewhere: HashMap<(ResourceKind, String), BTreeSet<VersionId>>,
}

impl Names {
    fn of<'a>(catalog: &Catalog, resources: impl Iterator<Item = &'a Resource>) -> Result<Self> {
        let wanted: BTreeSet<String> =
            resources.filter_map(|resource| resource.name.as_deref().and_then(normalised_name)).collect();
        let mut names = Self { files: HashMap::new(), elsewhere: HashMap::new() };
        if wanted.is_empty() {
            return Ok(names);
        }
        catalog.for_each_file(|file| {
            let name = file.name.as_deref().and_then(normalised_name);
            if let Some(name) = name.filter(|name| wanted.contains(name)) {
                names.files.entry(name).or_default().insert(file.version);
            }
        })?;
        let mut linked: BTreeMap<i64, (ResourceKind, String)> = BTreeMap::new();
        catalog.for_each_named_resource(|stored, has_links| {
            let name = stored.resource.name.as_deref().and_then(normalised_name);
            if let Some(name) = name.filter(|name| has_links == HasLinks::Yes && wanted.contains(name)) {
                linked.insert(stored.id, (stored.resource.kind, name));
            }
        })?;
        for (id, key) in linked {
            let links = catalog.links_of(id)?;
            if let Some(link) = Link::representative(&links).filter(|link| link.evidence != Evidence::Name) {
                names.elsewhere.entry(key).or_default().insert(link.version);
            }
        }
        Ok(names)
    }

    fn guesses(&self, kind: ResourceKind, name: &str) -> impl Iterator<Item = Guess> {
        let elsewhere = self.elsewhere.get(&(kind, name.to_owned())).into_iter().flatten();
        let elsewhere =
            elsewhere.map(|version| Guess { why: GuessKind::SameNameElsewhere, version: *version });
        let files = self.files.get(name).into_iter().flatten();
        elsewhere.chain(files.map(|version| Guess { why: GuessKind::SameName, version: *version }))
    }
}

#[cfg(test)]
mod tests;
