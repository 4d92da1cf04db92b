//! What is worth asking, in which order, by which way: from what the catalog remembers. Sends nothing.

use std::fmt;

use crate::catalog::{Catalog, LookupKind, LookupOutcome, Result};
use crate::entity::{HexHash, Timestamp, VersionId};

use super::super::estimate::Requests;
use super::super::single::{Memory, Single};
use super::{ResolveKind, ResolveOptions};

/// Hashes that one question of `by-hash/ids` takes.
pub(super) const BATCH: usize = 10_000;

/// Digits of a SHA-256, a BLAKE3 or an uncut AutoV3.
pub(super) const WHOLE_DIGITS: usize = 64;

/// Digits to which the site cuts an AutoV3.
pub(super) const CUT_DIGITS: usize = 12;

/// One thing to look up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The version that has a file with this hash.
    Hash(HexHash),
    /// This version.
    Version(VersionId),
}

impl fmt::Display for Target {
    /// `hash 1a2b3c4d5e`, `version 9`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash(hash) => write!(f, "hash {hash}"),
            Self::Version(version) => write!(f, "version {version}"),
        }
    }
}

/// By which questions a target is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Together with others, and then by what comes of that.
    Batch,
    /// The site named these versions for it, which are still to be looked at.
    Named(Vec<VersionId>),
    /// By itself.
    Alone,
}

/// One thing to look up, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What.
    pub target: Target,
    /// Images that name it.
    pub images: u64,
    /// How.
    pub way: Way,
}

/// Everything that a run would look up, and what it would not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agenda {
    /// Most images first; ties: hashes before versions, then by digits or number.
    pub wanted: Vec<Wanted>,
    /// Wanted things beyond the most that were asked for.
    pub beyond: u64,
    /// Hashes that no file is known by: of empty input, of zeros, placeholders.
    pub junk: u64,
    /// Hashes of a length that the site cannot look up.
    pub odd_length: u64,
    /// Versions with a number that the site cannot have given out.
    pub impossible: u64,
    /// Things that an answer of the last days spares.
    pub spared: u64,
}

impl Agenda {
    /// Draws up what is unresolved at `now`.
    ///
    /// # Errors
    ///
    /// When the catalog cannot be read.
    pub fn draw_up(catalog: &Catalog, options: &ResolveOptions, now: Timestamp) -> Result<Self> {
        let mut agenda = Self::default();
        if options.kind != Some(ResolveKind::Version) {
            for wanted in catalog.wanted_hashes()? {
                let way = agenda.way_of_hash(catalog, &wanted.hash, options.memory, now)?;
                agenda.want(Target::Hash(wanted.hash), wanted.images, way);
            }
        }
        if options.kind != Some(ResolveKind::Hash) {
            for wanted in catalog.wanted_versions()? {
                let way = agenda.way_of_version(catalog, wanted.version, options.memory, now)?;
                agenda.want(Target::Version(wanted.version), wanted.images, way);
            }
        }
        agenda
            .wanted
            .sort_by(|one, other| other.images.cmp(&one.images).then_with(|| one.target.cmp(&other.target)));
        let most = options.max_items.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        agenda.beyond = agenda.wanted.len().saturating_sub(most) as u64;
        agenda.wanted.truncate(most);
        Ok(agenda)
    }

    fn want(&mut self, target: Target, images: u64, way: Option<Way>) {
        self.wanted.extend(way.map(|way| Wanted { target, images, way }));
    }

    fn way_of_hash(
        &mut self,
        catalog: &Catalog,
        hash: &HexHash,
        memory: Memory,
        now: Timestamp,
    ) -> Result<Option<Way>> {
        let digits = hash.as_str();
        if hash.junk().is_some() {
            self.junk += 1;
            return Ok(None);
        }
        if !matches!(digits.len(), 8 | 10 | CUT_DIGITS | WHOLE_DIGITS) {
            self.odd_length += 1;
            return Ok(None);
        }
        if is_spared(catalog, LookupKind::Hash, digits, memory, now)? {
            self.spared += 1;
            return Ok(None);
        }
        Ok(Some(if digits.len() == WHOLE_DIGITS {
            way_of_whole_hash(catalog, digits, memory, now)?
        } else {
            Way::Alone
        }))
    }

    fn way_of_version(
        &mut self,
        catalog: &Catalog,
        version: VersionId,
        memory: Memory,
        now: Timestamp,
    ) -> Result<Option<Way>> {
        if !Single::Version(version).is_possible() {
            self.impossible += 1;
            return Ok(None);
        }
        if is_spared(catalog, LookupKind::Version, &version.to_string(), memory, now)? {
            self.spared += 1;
            return Ok(None);
        }
        Ok(Some(Way::Alone))
    }

    /// How many requests it would cost.
    ///
    /// What a batch will name is not known before, and a hash of 64 digits that it does not name costs two more.
    pub fn requests(&self) -> Requests {
        let in_batches = self.wanted.iter().filter(|wanted| wanted.way == Way::Batch).count();
        let batches = Requests::exactly(in_batches.div_ceil(BATCH) as u64);
        self.wanted.iter().map(Wanted::requests).fold(batches, Requests::plus)
    }
}

impl Wanted {
    /// The requests for this one, its share of a batch left out.
    fn requests(&self) -> Requests {
        match (&self.way, &self.target) {
            (Way::Batch, _) => Requests { least: 0, most: Some(2) },
            (Way::Named(versions), _) => Requests { least: 0, most: Some(versions.len() as u64) },
            (Way::Alone, Target::Hash(hash)) if hash.as_str().len() == WHOLE_DIGITS => {
                Requests { least: 1, most: Some(2) }
            }
            (Way::Alone, _) => Requests::exactly(1),
        }
    }
}

/// How to look up 64 digits, by what the last batch with them said.
pub(super) fn way_of_whole_hash(
    catalog: &Catalog,
    digits: &str,
    memory: Memory,
    now: Timestamp,
) -> Result<Way> {
    let last = catalog.lookup(LookupKind::Sha256, digits)?;
    match last.filter(|last| memory == Memory::Used && last.spares(now)).map(|last| last.outcome) {
        Some(LookupOutcome::Found) => Ok(Way::Named(catalog.versions_named_for(digits)?)),
        Some(_) => Ok(Way::Alone),
        None => Ok(Way::Batch),
    }
}

fn is_spared(catalog: &Catalog, kind: LookupKind, key: &str, memory: Memory, now: Timestamp) -> Result<bool> {
    let last = if memory == Memory::Used { catalog.lookup(kind, key)? } else { None };
    Ok(last.is_some_and(|last| last.spares(now)))
}
