//! Which versions one image names, and what of it nothing explains.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Usage;
use crate::entity::{Confidence, Evidence, ImageKey, VersionId};

use super::links::{Representative, Representatives};

/// What people decided single images were not made with.
pub(in crate::lineage) type Refusals = BTreeMap<ImageKey, BTreeSet<VersionId>>;

/// A version as one image names it, by the strongest evidence.
#[derive(Clone, Copy, Debug)]
pub(in crate::lineage) struct Said {
    pub(in crate::lineage) version: VersionId,
    pub(in crate::lineage) evidence: Evidence,
    pub(in crate::lineage) class: &'static str,
    pub(in crate::lineage) confidence: Confidence,
    pub(in crate::lineage) weight: Option<f64>,
}

impl Said {
    /// The strongest evidence is the least.
    pub(in crate::lineage) fn strength(&self) -> (Evidence, &'static str, Reverse<Confidence>) {
        (self.evidence, self.class, Reverse(self.confidence))
    }

    /// Whether more than the name speaks for it.
    pub(in crate::lineage) fn is_certain(&self) -> bool {
        self.evidence != Evidence::Name
    }
}

/// Reads one image after another, in memory that is used again.
#[derive(Clone, Debug, Default)]
pub(in crate::lineage) struct Reading {
    /// The versions that the image names, each once with its strongest evidence, by id.
    pub(in crate::lineage) said: Vec<Said>,
    /// The resources that nothing explains, by row number.
    pub(in crate::lineage) unexplained: Vec<u64>,
    named: Vec<VersionId>,
}

impl Reading {
    /// Reads an image. What people decided against counts as unexplained.
    pub(in crate::lineage) fn read(
        &mut self,
        usage: &Usage<'_>,
        links: &Representatives,
        refused: Option<&Refusals>,
    ) {
        self.said.clear();
        self.unexplained.clear();
        self.named.clear();
        let by_id = usage.resources.iter().filter_map(|(resource, _)| links.get(resource));
        self.named.extend(by_id.filter(|found| found.is_named()).map(|found| found.version));
        let refused = refused.and_then(|refused| refused.get(&usage.image));
        for (resource, weight) in usage.resources {
            let meant = links.get(resource).map(|found| (found, found.meant(&self.named)));
            let kept = meant.filter(|(_, meant)| refused.is_none_or(|refused| !refused.contains(meant)));
            match kept {
                // The largest number stood in some indexes for a weight that is not said.
                Some((found, version)) => {
                    self.say(found, version, weight.filter(|w| w.is_finite() && *w < f64::MAX));
                }
                None => self.unexplained.push(*resource),
            }
        }
        self.said.sort_unstable_by_key(|said| said.version);
    }

    fn say(&mut self, found: &Representative, version: VersionId, weight: Option<f64>) {
        let said = Said {
            version,
            evidence: found.evidence,
            class: found.class,
            confidence: found.confidence,
            weight,
        };
        match self.said.iter_mut().find(|known| known.version == version) {
            Some(known) if said.strength() < known.strength() => {
                *known = Said { weight: weight.or(known.weight), ..said };
            }
            Some(known) => known.weight = known.weight.or(weight),
            None => self.said.push(said),
        }
    }
}
