//! Pairs of versions that name each other: by what was posted for them, and by files that changed places.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::catalog::Catalog;
use crate::entity::{Evidence, HashKind, ImageKey, Link, VersionId};

use super::super::Result;
use super::{Finding, FindingKind, Published};

/// Fewest images in each direction: one picture may have been posted in the wrong place.
const MIN_IMAGES: u64 = 2;

/// A version and another.
type Pair = (VersionId, VersionId);

pub(super) fn swaps(catalog: &Catalog, published: &Published) -> Result<Vec<Finding>> {
    let mut found = by_postings(catalog)?;
    for pair in published.exchanged() {
        found.entry(pair).or_insert(0);
    }
    Ok(found.into_iter().map(|((one, other), images)| published.swap(one, other, images)).collect())
}

/// Pairs of which most images posted for either name the other and not the one.
fn by_postings(catalog: &Catalog) -> Result<BTreeMap<Pair, u64>> {
    let kinds = model_kinds(catalog)?;
    let made_with = hashed_versions(catalog)?;
    let posted = postings(catalog)?;
    let mut own: HashMap<VersionId, u64> = HashMap::new();
    let mut cross: BTreeMap<Pair, u64> = BTreeMap::new();
    let mut visit = |image: ImageKey, named: &BTreeSet<VersionId>| {
        for version in posted.get(&image.get()).into_iter().flatten() {
            if named.contains(version) {
                *own.entry(*version).or_default() += 1;
                continue;
            }
            let kind = kinds.get(version);
            for other in named.iter().filter(|other| kind.is_some() && kinds.get(other) == kind) {
                *cross.entry((*version, *other)).or_default() += 1;
            }
        }
    };
    let mut now: Option<(ImageKey, BTreeSet<VersionId>)> = None;
    catalog.for_each_named(|image, resource| {
        if now.as_ref().is_none_or(|(last, _)| *last != image)
            && let Some((done, named)) = now.replace((image, BTreeSet::new()))
        {
            visit(done, &named);
        }
        if let Some((_, named)) = &mut now {
            named.extend(made_with.get(&resource));
        }
    })?;
    if let Some((done, named)) = now {
        visit(done, &named);
    }
    let mostly = |pair: &Pair| {
        let count = cross.get(pair).copied().unwrap_or(0);
        count >= MIN_IMAGES && count > own.get(&pair.0).copied().unwrap_or(0)
    };
    Ok(cross
        .iter()
        .filter(|((one, other), _)| one < other && mostly(&(*one, *other)) && mostly(&(*other, *one)))
        .map(|((one, other), images)| {
            ((*one, *other), images + cross.get(&(*other, *one)).copied().unwrap_or(0))
        })
        .collect())
}

/// The version that each resource stands for by a hash.
fn hashed_versions(catalog: &Catalog) -> Result<HashMap<i64, VersionId>> {
    let mut versions = HashMap::new();
    catalog.for_each_link(|resource, link: Link| {
        let by_hash = !matches!(
            link.evidence,
            Evidence::Decision | Evidence::VersionId | Evidence::Air | Evidence::Name
        );
        if by_hash && link.rank == 1 {
            versions.insert(resource, link.version);
        }
    })?;
    Ok(versions)
}

fn postings(catalog: &Catalog) -> Result<HashMap<i64, Vec<VersionId>>> {
    let mut posted: HashMap<i64, Vec<VersionId>> = HashMap::new();
    catalog.for_each_posting(|image, version| posted.entry(image.get()).or_default().push(version))?;
    Ok(posted)
}

/// The site's word for the type of each version's model, in one case.
fn model_kinds(catalog: &Catalog) -> Result<HashMap<VersionId, String>> {
    let mut kinds = HashMap::new();
    catalog.for_each_version(|facts| {
        if let Some(kind) = facts.model_kind {
            kinds.insert(facts.version, kind.to_ascii_lowercase());
        }
    })?;
    Ok(kinds)
}

impl Published {
    /// Versions of which each had a file that is the other's now.
    fn exchanged(&self) -> BTreeSet<Pair> {
        let mut now: HashMap<&str, BTreeSet<VersionId>> = HashMap::new();
        let mut moved: BTreeSet<Pair> = BTreeSet::new();
        let all = || self.hashes.iter().filter(|fact| fact.kind == HashKind::Sha256);
        let version = |file: &i64| self.files.get(file).map(|file| file.version);
        for fact in all().filter(|fact| !fact.former) {
            now.entry(&fact.digits).or_default().extend(version(&fact.file));
        }
        for fact in all().filter(|fact| fact.former) {
            let Some(from) = version(&fact.file) else { continue };
            let owners = now.get(fact.digits.as_str()).into_iter().flatten();
            moved.extend(owners.filter(|owner| **owner != from).map(|owner| (from, *owner)));
        }
        moved.iter().filter(|(one, other)| one < other && moved.contains(&(*other, *one))).copied().collect()
    }

    fn swap(&self, one: VersionId, other: VersionId, images: u64) -> Finding {
        let of_pair =
            |file: i64| self.files.get(&file).is_some_and(|file| [one, other].contains(&file.version));
        let facts: Vec<_> = self
            .hashes
            .iter()
            .filter(|fact| fact.kind == HashKind::Sha256 && of_pair(fact.file))
            .cloned()
            .collect();
        let hashes: BTreeSet<(HashKind, String)> =
            facts.iter().map(|fact| (fact.kind, fact.digits.clone())).collect();
        let finding = Finding::of(FindingKind::Swap, hashes.into_iter().collect(), self.disputed(&facts));
        Finding { images, ..finding }
    }
}
