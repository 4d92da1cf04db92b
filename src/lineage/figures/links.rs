//! What resources stand for.

use std::collections::BTreeSet;

use crate::catalog::Usage;
use crate::entity::{Confidence, Evidence, Link, VersionId};

use super::counts::{ByNumber, Counts};

/// What a resource stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Representative {
    /// The version of rank 1.
    pub version: VersionId,
    /// Why.
    pub evidence: Evidence,
    /// The class of that evidence: `DECISION`, `A`, `B1` to `B4`, `D`. Where the image names its resource is not asked,
    /// so that A1 and A2 are one.
    pub class: &'static str,
    /// How far to trust it, whatever single images say beside it.
    pub confidence: Confidence,
    /// Versions that are as good, by rank: one of them is meant where an image also names it by id.
    pub rivals: Box<[VersionId]>,
}

impl Representative {
    /// Reads the links of one resource, by rank; `None` when there is none. `digits` is the length of the hash that
    /// metadata wrote.
    pub fn of(links: &[Link], digits: usize) -> Option<Self> {
        let first = Link::representative(links)?;
        let others = links.get(1..).unwrap_or_default();
        let rivals = others.iter().filter(|link| link.rivals(first)).map(|link| link.version);
        Some(Self {
            version: first.version,
            evidence: first.evidence,
            class: class(first.evidence, digits),
            confidence: first.confidence,
            rivals: rivals.collect(),
        })
    }

    /// The version that is meant by an image that names the versions `named` by id.
    pub(super) fn meant(&self, named: &[VersionId]) -> VersionId {
        if self.rivals.is_empty() || named.contains(&self.version) {
            return self.version;
        }
        self.rivals.iter().copied().find(|rival| named.contains(rival)).unwrap_or(self.version)
    }

    pub(super) fn is_named(&self) -> bool {
        matches!(self.evidence, Evidence::Decision | Evidence::VersionId | Evidence::Air)
    }
}

/// The class of evidence without the place where an image says it.
fn class(evidence: Evidence, digits: usize) -> &'static str {
    use crate::entity::{EvidenceClass, ResourceSources};
    match EvidenceClass::of(evidence, digits, ResourceSources::default()) {
        EvidenceClass::A1 | EvidenceClass::A2 => "A",
        other => other.as_str(),
    }
}

/// What linked resources stand for, by row number.
pub type Representatives = ByNumber<u64, Representative>;

/// What the images of a scope are compared with: all images that name any resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Images that name any resource.
    pub images: u64,
    /// Images with a resource that stands for each version, whatever else they name.
    pub made_with: Counts<VersionId>,
}

impl Census {
    /// Counts one image; one that names no resource does not count.
    pub fn add(&mut self, usage: &Usage<'_>, links: &Representatives) {
        if usage.resources.is_empty() {
            return;
        }
        self.images += 1;
        let found = usage.resources.iter().filter_map(|(resource, _)| links.get(resource));
        let versions: BTreeSet<VersionId> =
            found.filter(|found| found.evidence != Evidence::Name).map(|found| found.version).collect();
        for version in versions {
            *self.made_with.entry(version).or_default() += 1;
        }
    }
}
