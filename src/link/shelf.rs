//! Everything published that resources are compared with, and the comparison itself. Pure.
//!
//! - In: files, hashes and versions, the whole catalog's or only those that a few resources can meet; and what people
//!   decided.
//! - Out: the links of one resource. The same for either, because nothing else takes part.
//! - Never: a look at other resources or at links, so the order in which things arrived cannot matter.

use std::collections::HashMap;

use rayon::slice::ParallelSliceMut;

use crate::catalog::{FileFacts, VersionFacts};
use crate::entity::{
    Evidence, Fit, HashKind, HexHash, Link, PublishState, Resource, ResourceKind, VersionId, fit,
    holds_weights, normalised_name,
};

use super::candidate::{Candidate, Class, rank};
use super::hygiene::{AUTOV3_DIGITS, contradicts, hash_evidence, is_main_weight};
use super::rulings::Rulings;

/// One row of the table of hashes: where its digits lie, and whose they are.
#[derive(Clone, Copy, Debug)]
struct HashRow {
    /// The first eight digits as a number: nearly every comparison ends here, without a look at the text.
    key: u32,
    start: u32,
    digits: u8,
    kind: HashKind,
    file: i64,
}

/// Hashes sorted by their digits, in one piece of memory: a million of them cost two allocations.
#[derive(Debug, Default)]
pub(super) struct Hashes {
    text: String,
    rows: Vec<HashRow>,
}

impl Hashes {
    /// Appends a row; rows must come by digits, kind and file.
    pub(super) fn push(&mut self, digits: &str, kind: HashKind, file: i64) {
        let (Ok(start), Ok(length)) = (u32::try_from(self.text.len()), u8::try_from(digits.len())) else {
            return;
        };
        let Some(key) = key(digits) else { return };
        self.text.push_str(digits);
        self.rows.push(HashRow { key, start, digits: length, kind, file });
    }

    fn digits(&self, row: &HashRow) -> &str {
        let start = row.start as usize;
        self.text.get(start..start + usize::from(row.digits)).unwrap_or_default()
    }

    fn starting_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, HashKind, i64)> {
        // Digits in lower case sort as their numbers do. Every prefix that is asked for has eight digits or more.
        let wanted = key(prefix).unwrap_or(u32::MAX);
        let is_before = |row: &HashRow| row.key < wanted || (row.key == wanted && self.digits(row) < prefix);
        let first = self.rows.partition_point(is_before);
        self.rows
            .iter()
            .skip(first)
            .map(|row| (self.digits(row), row.kind, row.file))
            .take_while(move |(digits, _, _)| digits.starts_with(prefix))
    }
}

/// The first eight digits as a number; `None` when there are fewer, or others than hexadecimal ones.
fn key(digits: &str) -> Option<u32> {
    u32::from_str_radix(digits.get(..HexHash::MIN_DIGITS)?, 16).ok()
}

/// What is published, ready for comparison.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    files: Vec<FileFacts>,
    versions: Vec<VersionFacts>,
    hashes: Hashes,
    /// File and position of each row of `hashes`, by file.
    by_file: Vec<(i64, usize)>,
    names: HashMap<String, Vec<usize>>,
    borrowed: Vec<bool>,
    rulings: Rulings,
}

impl Shelf {
    /// Takes files sorted by row number, versions by id, and the hashes of those files.
    ///
    /// The hashes of a file must be complete for the files that share a name with a resource.
    pub(super) fn new(
        files: Vec<FileFacts>,
        versions: Vec<VersionFacts>,
        hashes: Hashes,
        names: Names,
        rulings: Rulings,
    ) -> Self {
        let mut shelf = Self { files, versions, hashes, rulings, ..Self::default() };
        shelf.borrowed = shelf.find_borrowed();
        shelf.by_file =
            shelf.hashes.rows.iter().enumerate().map(|(position, row)| (row.file, position)).collect();
        shelf.by_file.par_sort_unstable();
        for (name, file) in names.0 {
            if let Ok(position) = shelf.files.binary_search_by_key(&file, |facts| facts.file) {
                shelf.names.entry(name).or_default().push(position);
            }
        }
        shelf
    }

    /// The links of a resource, by rank, from scratch.
    pub(super) fn link(&self, resource: &Resource) -> Vec<Link> {
        let ruled = self.rulings.on(resource);
        let mut candidates = self.by_id(resource);
        candidates.extend(ruled.version.map(|(version, raw)| {
            let (class, evidence) = (Class::Decision, Evidence::Decision);
            self.candidate(resource, version, None, class, evidence, raw, Agreement::Unknown)
        }));
        self.add_by_hash(resource, &mut candidates);
        if candidates.is_empty() {
            candidates.extend(self.by_name(resource));
        }
        rank(candidates, &ruled.refused)
    }

    fn by_id(&self, resource: &Resource) -> Vec<Candidate> {
        let from_air = resource.air.and_then(|air| Some((air, air.version?)));
        let air = from_air.map(|(air, version)| (version, Class::Air, Evidence::Air, air.to_string()));
        let id = resource
            .version
            .filter(|version| from_air.is_none_or(|(_, same)| same != *version))
            .map(|version| (version, Class::VersionId, Evidence::VersionId, version.to_string()));
        [id, air]
            .into_iter()
            .flatten()
            .map(|(version, class, evidence, raw)| {
                self.candidate(resource, version, None, class, evidence, raw, Agreement::Unknown)
            })
            .collect()
    }

    fn add_by_hash(&self, resource: &Resource, candidates: &mut Vec<Candidate>) {
        let Some(hash) = resource.hash.as_ref().filter(|hash| hash.junk().is_none()) else { return };
        let written = hash.as_str();
        let turned = hash.with_bytes_reversed();
        let cut = (written.len() == 64).then(|| written.get(..AUTOV3_DIGITS)).flatten();
        let exact = cut
            .into_iter()
            .flat_map(|cut| self.hashes.starting_with(cut).take_while(move |(digits, _, _)| *digits == cut));
        let checksums = turned.as_ref().map(HexHash::as_str).into_iter().flat_map(|turned| {
            self.hashes.starting_with(turned).filter(|(_, kind, _)| *kind == HashKind::Crc32)
        });
        let unique = self.begins_one_sha256(written);
        let name = resource.name.as_deref().and_then(normalised_name);
        for (digits, kind, file) in self.hashes.starting_with(written).chain(exact).chain(checksums) {
            let Some(evidence) = hash_evidence(hash, kind, digits) else { continue };
            let class = Class::of_hash(evidence, written.len());
            if evidence == Evidence::Sha256Prefix && class == Class::Short && !unique {
                continue;
            }
            let Some(file) = self.own_file(file) else { continue };
            let agreement = Agreement::of(name.as_deref(), file);
            let (version, raw) = (file.version, digits.to_owned());
            candidates.push(self.candidate(resource, version, Some(file), class, evidence, raw, agreement));
        }
    }

    /// Whether all SHA-256 that begin with `written` are the same one.
    fn begins_one_sha256(&self, written: &str) -> bool {
        let mut all = self.hashes.starting_with(written).filter(|(_, kind, _)| *kind == HashKind::Sha256);
        let first = all.next();
        first.is_some_and(|(first, _, _)| all.all(|(digits, _, _)| digits == first))
    }

    fn by_name(&self, resource: &Resource) -> Vec<Candidate> {
        let Some(name) = resource.name.as_deref().and_then(normalised_name) else { return Vec::new() };
        let hash = resource.hash.as_ref().filter(|hash| hash.junk().is_none());
        let found: Vec<Candidate> = self
            .names
            .get(&name)
            .into_iter()
            .flatten()
            .filter_map(|position| self.files.get(*position))
            .filter(|file| self.own_file(file.file).is_some() && holds_weights(file.kind.as_deref()))
            .filter(|file| !hash.is_some_and(|hash| self.is_contradicted(hash, file)))
            .map(|file| {
                let raw = file.name.clone().unwrap_or_default();
                let (version, evidence) = (file.version, Evidence::Name);
                self.candidate(resource, version, Some(file), Class::Name, evidence, raw, Agreement::Agree)
            })
            .filter(|candidate| candidate.fit != Fit::Mismatch)
            .collect();
        // Two files of one version are one answer; files of two versions are none.
        let one_version = found.windows(2).all(|pair| pair[0].version == pair[1].version);
        if one_version { found } else { Vec::new() }
    }

    fn is_contradicted(&self, hash: &HexHash, file: &FileFacts) -> bool {
        let first = self.by_file.partition_point(|(owner, _)| *owner < file.file);
        let known: Vec<(&str, HashKind)> = self
            .by_file
            .iter()
            .skip(first)
            .take_while(|(owner, _)| *owner == file.file)
            .filter_map(|(_, position)| self.hashes.rows.get(*position))
            .map(|row| (self.hashes.digits(row), row.kind))
            .collect();
        contradicts(hash, &known)
    }

    #[expect(clippy::too_many_arguments, reason = "the one place where candidates are made")]
    fn candidate(
        &self,
        resource: &Resource,
        version: VersionId,
        file: Option<&FileFacts>,
        class: Class,
        evidence: Evidence,
        raw: String,
        agreement: Agreement,
    ) -> Candidate {
        let facts = self.version(version);
        let model_kind = facts.and_then(|facts| facts.model_kind.as_deref());
        let fit = fit(resource.kind, model_kind, file.and_then(|file| file.kind.as_deref()));
        Candidate {
            version,
            class,
            evidence,
            raw,
            confidence: class.confidence(fit, agreement == Agreement::Agree),
            fit,
            main: file
                .is_none_or(|file| file.primary && !file.former && is_main_weight(file.kind.as_deref())),
            state: facts.map_or(PublishState::Unknown, |facts| facts.state),
            date_ms: facts.and_then(|facts| facts.date).map_or(i64::MAX, |date| date.as_millis()),
        }
    }

    fn version(&self, version: VersionId) -> Option<&VersionFacts> {
        let position = self.versions.binary_search_by_key(&version, |facts| facts.version).ok()?;
        self.versions.get(position)
    }

    /// The file with this row number, unless its version only borrows it.
    fn own_file(&self, file: i64) -> Option<&FileFacts> {
        let position = self.files.binary_search_by_key(&file, |facts| facts.file).ok()?;
        self.files.get(position).filter(|_| self.borrowed.get(position) == Some(&false))
    }

    /// Marks the VAE files that a version lists although another version owns them.
    ///
    /// The site forces the type of such a file to `VAE`; its hashes belong to the version where it is
    /// something else, or whose model is a VAE, or that offers it first.
    fn find_borrowed(&self) -> Vec<bool> {
        let mut owners: HashMap<i64, Vec<(u8, VersionId)>> = HashMap::new();
        for file in &self.files {
            if let Some(site_id) = file.site_id {
                owners.entry(site_id).or_default().push((self.ownership(file), file.version));
            }
        }
        self.files
            .iter()
            .map(|file| {
                let own = self.ownership(file);
                is_vae(file)
                    && file.site_id.and_then(|site_id| owners.get(&site_id)).is_some_and(|others| {
                        others.iter().any(|(claim, version)| *version != file.version && *claim > own)
                    })
            })
            .collect()
    }

    fn ownership(&self, file: &FileFacts) -> u8 {
        let model_kind = self.version(file.version).and_then(|facts| facts.model_kind.as_deref());
        let of_vae_model = model_kind.is_some_and(|kind| ResourceKind::from_word(kind) == ResourceKind::Vae);
        u8::from(!is_vae(file)) * 4 + u8::from(of_vae_model) * 2 + u8::from(file.primary)
    }
}

/// Normalised names with the row numbers of the files that bear them.
#[derive(Debug, Default)]
pub(super) struct Names(pub(super) Vec<(String, i64)>);

/// Whether the name of a resource and that of a file say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Agreement {
    Agree,
    Unknown,
}

impl Agreement {
    fn of(name: Option<&str>, file: &FileFacts) -> Self {
        let same = name.is_some() && file.name.as_deref().and_then(normalised_name).as_deref() == name;
        if same { Self::Agree } else { Self::Unknown }
    }
}

/// Whether the site calls this file a VAE.
pub(super) fn is_vae(file: &FileFacts) -> bool {
    file.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("vae"))
}
