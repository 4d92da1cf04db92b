//! Hashes that are ambiguous, shared or mixed up.
//!
//! - In: every file with its hashes, every resource that names one, and what images were posted for.
//! - Out: findings, suspicious ones first, then by the number of images concerned, ties by kind, hash and version.
//! - Never: a verdict. A finding says what is odd; `decide` settles it.

mod swaps;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use crate::catalog::{Catalog, FileFacts, HashFact};
use crate::entity::{HashKind, HexHash, JunkReason, VersionId};

use super::Result;
use super::hygiene::is_main_weight;

/// What is odd, most suspicious first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Two versions name each other's hash: what was posted for one says that it was made with the other, or the
    /// files changed places.
    Swap,
    /// Files that differ share a hash that is too short to tell them apart, or is wrong.
    Collision,
    /// One version whose main file was replaced by another: old images name a hash that is gone.
    Reuploaded,
    /// A value that stands for no file.
    Junk,
    /// The same main file is published as several versions.
    Republished,
    /// A file that is shared freely, such as a VAE or a config, belongs to several versions.
    SharedFile,
    /// Files with the same tensors and different headers.
    SameTensors,
    /// One version that offers several main files, as most do that offer a pruned one.
    ManyHashes,
}

impl FindingKind {
    /// The word of the machine contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Swap => "swap",
            Self::Collision => "collision",
            Self::Reuploaded => "reuploaded",
            Self::Junk => "junk",
            Self::Republished => "republished",
            Self::SharedFile => "shared_file",
            Self::SameTensors => "same_tensors",
            Self::ManyHashes => "many_hashes",
        }
    }

    /// Whether somebody should look at it; the others are usual.
    pub fn is_suspicious(self) -> bool {
        match self {
            Self::Swap | Self::Collision | Self::Reuploaded | Self::Junk => true,
            Self::Republished | Self::SharedFile | Self::SameTensors | Self::ManyHashes => false,
        }
    }
}

/// One thing that is odd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// Images that name one of the hashes; for a swap those that were posted for one version and name the other.
    pub images: u64,
    /// The hashes in question, by kind and digits; one, except for versions with several and for junk in several
    /// truncations.
    pub hashes: Vec<(HashKind, String)>,
    /// The files that have them, by version and row number; empty for junk, which may belong to thousands.
    pub files: Vec<DisputedFile>,
    /// How many files have it.
    pub file_count: u64,
    /// Why it stands for nothing, for junk.
    pub junk: Option<JunkReason>,
}

/// One file of a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DisputedFile {
    /// The version that lists it.
    pub version: VersionId,
    /// The row number of the file.
    pub file: i64,
    /// The name it is downloaded as.
    pub name: Option<String>,
    /// The site's word for what it is.
    pub kind: Option<String>,
    /// Whether the version no longer lists it, or no longer with this hash.
    pub former: bool,
}

/// Everything that is odd about the hashes of a catalog.
///
/// # Errors
///
/// [`super::LinkError::Catalog`].
pub fn disputes(catalog: &Catalog) -> Result<Vec<Finding>> {
    let published = Published::read(catalog)?;
    let mut findings = published.shared();
    findings.extend(published.many());
    findings.extend(published.junk(catalog)?);
    count_images(catalog, &mut findings)?;
    findings.extend(swaps::swaps(catalog, &published)?);
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| (!finding.kind.is_suspicious(), Reverse(finding.images), finding.kind);
        key(a).cmp(&key(b)).then_with(|| a.hashes.cmp(&b.hashes)).then_with(|| a.files.cmp(&b.files))
    });
    Ok(findings)
}

/// Files and hashes in memory.
struct Published {
    files: BTreeMap<i64, FileFacts>,
    /// By kind, digits and file.
    hashes: Vec<HashFact>,
    /// The present SHA-256 of each file; the least where a document gives several.
    sha256: HashMap<i64, String>,
}

impl Published {
    fn read(catalog: &Catalog) -> Result<Self> {
        let (mut files, mut hashes, mut sha256) = (BTreeMap::new(), Vec::new(), HashMap::new());
        catalog.for_each_file(|file| {
            files.insert(file.file, file);
        })?;
        catalog.for_each_hash_fact(|fact| {
            if fact.kind == HashKind::Sha256 && !fact.former {
                sha256.entry(fact.file).or_insert_with(|| fact.digits.clone());
            }
            hashes.push(fact);
        })?;
        Ok(Self { files, hashes, sha256 })
    }

    /// Hashes that several versions have.
    fn shared(&self) -> Vec<Finding> {
        let same = |a: &HashFact, b: &HashFact| a.kind == b.kind && a.digits == b.digits;
        self.hashes.chunk_by(same).filter_map(|facts| self.shared_hash(facts)).collect()
    }

    fn shared_hash(&self, facts: &[HashFact]) -> Option<Finding> {
        let first = facts.first()?;
        let files = self.disputed(facts);
        let versions: BTreeSet<VersionId> = files.iter().map(|file| file.version).collect();
        if versions.len() < 2 || JunkReason::of(&first.digits).is_some() {
            return None;
        }
        let kind = match first.kind {
            HashKind::Sha256 => self.publication(&files),
            _ => self.coincidence(facts, first.kind, &files)?,
        };
        Some(Finding::of(kind, vec![(first.kind, first.digits.clone())], files))
    }

    /// What it is called when whole files are equal.
    fn publication(&self, files: &[DisputedFile]) -> FindingKind {
        let main = files.iter().any(|file| is_main_weight(file.kind.as_deref()));
        if main { FindingKind::Republished } else { FindingKind::SharedFile }
    }

    /// What it is called when files share a hash of another kind; `None` when the whole files are equal anyway.
    fn coincidence(&self, facts: &[HashFact], kind: HashKind, files: &[DisputedFile]) -> Option<FindingKind> {
        let known: Vec<Option<&String>> =
            facts.iter().filter(|fact| !fact.former).map(|fact| self.sha256.get(&fact.file)).collect();
        let distinct: BTreeSet<&String> = known.iter().copied().flatten().collect();
        match distinct.len() {
            0 => Some(self.publication(files)),
            1 => None,
            _ if kind == HashKind::AutoV3 => Some(FindingKind::SameTensors),
            _ => Some(FindingKind::Collision),
        }
    }

    /// Versions whose main files have had several SHA-256.
    fn many(&self) -> Vec<Finding> {
        let mut of_version: BTreeMap<VersionId, Vec<HashFact>> = BTreeMap::new();
        for fact in self.hashes.iter().filter(|fact| fact.kind == HashKind::Sha256) {
            let file = self.files.get(&fact.file);
            if let Some(file) = file
                .filter(|file| is_main_weight(file.kind.as_deref()) && JunkReason::of(&fact.digits).is_none())
            {
                of_version.entry(file.version).or_default().push(fact.clone());
            }
        }
        let mut findings = Vec::new();
        for facts in of_version.into_values() {
            let hashes: BTreeSet<(HashKind, String)> =
                facts.iter().map(|fact| (fact.kind, fact.digits.clone())).collect();
            if hashes.len() > 1 {
                let files = self.disputed(&facts);
                let replaced = files.iter().any(|file| file.former);
                let kind = if replaced { FindingKind::Reuploaded } else { FindingKind::ManyHashes };
                findings.push(Finding::of(kind, hashes.into_iter().collect(), files));
            }
        }
        findings
    }

    /// Junk values that files have or that images name, all truncations of one value together.
    fn junk(&self, catalog: &Catalog) -> Result<Vec<Finding>> {
        let mut found: BTreeMap<String, Junk> = BTreeMap::new();
        let mut keep = |kind, digits: &str, file: Option<i64>| {
            let Some(reason) = JunkReason::of(digits) else { return };
            let start = digits.get(..HexHash::MIN_DIGITS).unwrap_or(digits).to_owned();
            let junk = found.entry(start).or_insert_with(|| Junk::of(reason));
            junk.hashes.insert((kind, digits.to_owned()));
            junk.files.extend(file);
        };
        for fact in &self.hashes {
            keep(fact.kind, &fact.digits, Some(fact.file));
        }
        catalog.for_each_resource(|stored| {
            if let Some(hash) = &stored.resource.hash {
                keep(hash.flavours().first().copied().unwrap_or(HashKind::Sha256), hash.as_str(), None);
            }
        })?;
        Ok(found.into_values().map(Junk::into_finding).collect())
    }

    fn disputed(&self, facts: &[HashFact]) -> Vec<DisputedFile> {
        let file = |fact: &HashFact| {
            let file = self.files.get(&fact.file)?;
            Some(DisputedFile {
                version: file.version,
                file: file.file,
                name: file.name.clone(),
                kind: file.kind.clone(),
                former: file.former || fact.former,
            })
        };
        let files: BTreeSet<DisputedFile> = facts.iter().filter_map(file).collect();
        files.into_iter().collect()
    }
}

/// One junk value in all its truncations.
struct Junk {
    reason: JunkReason,
    hashes: BTreeSet<(HashKind, String)>,
    files: BTreeSet<i64>,
}

impl Junk {
    fn of(reason: JunkReason) -> Self {
        Self { reason, hashes: BTreeSet::new(), files: BTreeSet::new() }
    }

    fn into_finding(self) -> Finding {
        Finding {
            file_count: self.files.len() as u64,
            junk: Some(self.reason),
            ..Finding::of(FindingKind::Junk, self.hashes.into_iter().collect(), Vec::new())
        }
    }
}

impl Finding {
    fn of(kind: FindingKind, hashes: Vec<(HashKind, String)>, files: Vec<DisputedFile>) -> Self {
        let files_with_it: BTreeSet<i64> = files.iter().map(|file| file.file).collect();
        Self { kind, images: 0, hashes, file_count: files_with_it.len() as u64, files, junk: None }
    }
}

/// Counts for each finding the images that name one of its hashes in any form.
fn count_images(catalog: &Catalog, findings: &mut [Finding]) -> Result<()> {
    // Whatever sorts from a hash's first eight digits up to its end is a shorter form of it; longer ones follow.
    let mut named: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    catalog.for_each_resource(|stored| {
        if let Some(hash) = stored.resource.hash {
            named.entry(hash.as_str().to_owned()).or_default().push(stored.id);
        }
    })?;
    let mut concerned: HashMap<i64, Vec<usize>> = HashMap::new();
    for (position, finding) in findings.iter().enumerate() {
        let resources: BTreeSet<i64> =
            finding.hashes.iter().flat_map(|(kind, digits)| forms(&named, *kind, digits)).collect();
        for resource in resources {
            concerned.entry(resource).or_default().push(position);
        }
    }
    let mut last: Vec<i64> = vec![0; findings.len()];
    catalog.for_each_named(|image, resource| {
        for position in concerned.get(&resource).into_iter().flatten() {
            if let (Some(last), Some(finding)) = (last.get_mut(*position), findings.get_mut(*position))
                && *last != image.get()
            {
                *last = image.get();
                finding.images += 1;
            }
        }
    })?;
    Ok(())
}

/// Resources written with a form of a file's hash: the beginning of a SHA-256 or an uncut AutoV3, else just the value.
fn forms<'a>(
    named: &'a BTreeMap<String, Vec<i64>>,
    kind: HashKind,
    digits: &'a str,
) -> impl Iterator<Item = i64> + use<'a> {
    let shortest = if kind == HashKind::Sha256 { HexHash::MIN_DIGITS } else { digits.len() };
    let shorter = (shortest..digits.len()).filter_map(move |length| named.get(digits.get(..length)?));
    let longest = if kind == HashKind::AutoV3 { HexHash::MAX_DIGITS } else { digits.len() };
    let longer = named
        .range(digits.to_owned()..)
        .take_while(move |(form, _)| form.starts_with(digits))
        .filter(move |(form, _)| form.len() == digits.len() || form.len() == longest)
        .map(|(_, resources)| resources);
    shorter.chain(longer).flatten().copied()
}

#[cfg(test)]
mod tests;
