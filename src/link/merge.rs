//! Several resources of one image that say the same, as one verdict.
//!
//! - In: the resources of one image with their links, and the versions it was posted for.
//! - Out: one verdict for each version, and one for each reference that nothing explains.
//! - Never: a loss. Every resource is in exactly one verdict, and all its evidence stays with it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};

use crate::entity::{
    Confidence, Evidence, EvidenceClass, HexHash, Link, Resource, ResourceKind, ResourceSources, VersionId,
    normalised_name,
};

use super::candidate::confidence_in_use;

/// One resource of an image with its links.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What metadata wrote.
    pub resource: Resource,
    /// How strongly.
    pub weight: Option<f64>,
    /// Where.
    pub sources: ResourceSources,
    /// Candidates, by rank.
    pub links: Vec<Link>,
}

/// What one image was made with, all ways of saying it put together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The version; `None` when nothing explains the reference.
    pub version: Option<VersionId>,
    /// The role; the first that is said.
    #[serde(serialize_with = "kind_word")]
    pub kind: ResourceKind,
    /// The strongest evidence; `None` without a version.
    pub evidence: Option<Evidence>,
    /// The best confidence; `None` without a version.
    pub confidence: Option<Confidence>,
    /// The class of the strongest evidence; `None` without a version.
    pub class: Option<EvidenceClass>,
    /// The weight, from the place that says it most reliably.
    pub weight: Option<f64>,
    /// Whether that weight is zero: wired in, and switched off.
    pub off: bool,
    /// All evidence for the version, strongest first.
    pub all_evidence: Vec<Evidence>,
    /// Other versions that the same references could be, by id.
    pub alternatives: Vec<VersionId>,
    /// Positions in the list of resources.
    pub resources: Vec<usize>,
}

/// Merges the resources of one image; verdicts come by the position of their first resource.
///
/// Several versions that share a file are told apart by what else is known of this image: first by a version
/// that its metadata names by id, then by one it was posted for (`posted_for`), then by rank. Resources
/// merge on the version, then on a common hash (one being the beginning of the other), then on role and name.
pub fn verdicts(answers: &[Answer], posted_for: &[VersionId]) -> Vec<Verdict> {
    let named: BTreeSet<VersionId> = answers
        .iter()
        .flat_map(|answer| &answer.links)
        .filter(|link| matches!(link.evidence, Evidence::Decision | Evidence::VersionId | Evidence::Air))
        .map(|link| link.version)
        .collect();
    let posted: BTreeSet<VersionId> = posted_for.iter().copied().collect();
    let mut groups = Groups::default();
    for (position, answer) in answers.iter().enumerate() {
        if let Some(link) = chosen(answer, &named, &posted).filter(|link| link.evidence != Evidence::Name) {
            groups.put(position, answer, link.version);
        }
    }
    for (position, answer) in answers.iter().enumerate() {
        if !groups.has(position) {
            groups.place(position, answer, chosen(answer, &named, &posted).map(|link| link.version));
        }
    }
    groups.into_verdicts(answers)
}

/// The candidate to take for this image: the representative, unless another as strong is vouched for.
fn chosen<'a>(
    answer: &'a Answer,
    named: &BTreeSet<VersionId>,
    posted: &BTreeSet<VersionId>,
) -> Option<&'a Link> {
    let first = Link::representative(&answer.links)?;
    let equals = || answer.links.iter().filter(|link| link.rivals(first));
    equals()
        .find(|link| named.contains(&link.version))
        .or_else(|| equals().find(|link| posted.contains(&link.version)))
        .or(Some(first))
}

/// Positions that belong together. Hashes and names point to the first group that has them.
#[derive(Default)]
struct Groups {
    members: Vec<(Option<VersionId>, Vec<usize>)>,
    placed: BTreeSet<usize>,
    of_version: BTreeMap<VersionId, usize>,
    of_hash: BTreeMap<HexHash, usize>,
    of_name: BTreeMap<(ResourceKind, String), usize>,
}

impl Groups {
    fn has(&self, position: usize) -> bool {
        self.placed.contains(&position)
    }

    fn put(&mut self, position: usize, answer: &Answer, version: VersionId) {
        let group = *self.of_version.entry(version).or_insert_with(|| {
            self.members.push((Some(version), Vec::new()));
            self.members.len() - 1
        });
        self.join(position, answer, group);
    }

    /// Puts a weakly explained resource where the same hash or name already is, else by itself.
    fn place(&mut self, position: usize, answer: &Answer, by_name: Option<VersionId>) {
        let group = usable_hash(&answer.resource)
            .and_then(|hash| self.group_with_hash(hash))
            .or_else(|| self.of_name.get(&name_key(&answer.resource)?).copied());
        match (group, by_name) {
            (Some(group), _) => self.join(position, answer, group),
            (None, Some(version)) => self.put(position, answer, version),
            (None, None) => {
                self.members.push((None, Vec::new()));
                self.join(position, answer, self.members.len() - 1);
            }
        }
    }

    fn join(&mut self, position: usize, answer: &Answer, group: usize) {
        self.placed.insert(position);
        if let Some((_, members)) = self.members.get_mut(group) {
            members.push(position);
        }
        if let Some(hash) = usable_hash(&answer.resource) {
            self.of_hash.entry(hash.clone()).or_insert(group);
        }
        if let Some(key) = name_key(&answer.resource) {
            self.of_name.entry(key).or_insert(group);
        }
    }

    /// The group of a hash that begins with this one, or that this one begins with.
    fn group_with_hash(&self, hash: &HexHash) -> Option<usize> {
        let digits = hash.as_str();
        let longer =
            self.of_hash.range(hash..).next().filter(|(other, _)| other.as_str().starts_with(digits));
        let shorter = || {
            (8..digits.len())
                .rev()
                .find_map(|length| self.of_hash.get(&HexHash::parse(digits.get(..length)?)?).copied())
        };
        longer.map(|(_, group)| *group).or_else(shorter)
    }

    fn into_verdicts(self, answers: &[Answer]) -> Vec<Verdict> {
        let mut verdicts: Vec<Verdict> = self
            .members
            .into_iter()
            .map(|(version, mut members)| {
                members.sort_unstable();
                verdict(version, members, answers)
            })
            .collect();
        verdicts.sort_by(|a, b| a.resources.cmp(&b.resources));
        verdicts
    }
}

fn verdict(version: Option<VersionId>, members: Vec<usize>, answers: &[Answer]) -> Verdict {
    let said: Vec<&Answer> = members.iter().filter_map(|member| answers.get(*member)).collect();
    let links = || said.iter().flat_map(|answer| answer.links.iter().map(move |link| (link, answer.sources)));
    let own = || links().filter(|(link, _)| Some(link.version) == version);
    let all_evidence: BTreeSet<Evidence> = own().map(|(link, _)| link.evidence).collect();
    let alternatives: BTreeSet<VersionId> =
        links().map(|(link, _)| link.version).filter(|other| Some(*other) != version).collect();
    let kind = said.iter().map(|answer| answer.resource.kind).find(|kind| *kind != ResourceKind::Unknown);
    let weight = weight(&said);
    Verdict {
        version,
        kind: kind.unwrap_or(ResourceKind::Unknown),
        evidence: all_evidence.first().copied(),
        confidence: own().map(|(link, sources)| confidence_in_use(link, sources)).max(),
        class: said.iter().flat_map(|answer| classes(answer, version)).min(),
        weight,
        off: weight == Some(0.0),
        all_evidence: all_evidence.into_iter().collect(),
        alternatives: alternatives.into_iter().collect(),
        resources: members,
    }
}

/// The classes of what one resource says for `version`.
fn classes(answer: &Answer, version: Option<VersionId>) -> impl Iterator<Item = EvidenceClass> {
    let own = answer.links.iter().filter(move |link| Some(link.version) == version);
    own.map(|link| class_of(&answer.resource, link, answer.sources))
}

/// The class of one link in one image's use of its resource.
pub fn class_of(resource: &Resource, link: &Link, sources: ResourceSources) -> EvidenceClass {
    let digits = resource.hash.as_ref().map_or(0, |hash| hash.as_str().len());
    EvidenceClass::of(link.evidence, digits, sources)
}

/// The weight from the most reliable place: explicit ids, then `resources`, the other lists, the prompt.
fn weight(said: &[&Answer]) -> Option<f64> {
    let order = [
        ResourceSources::CIVITAI_RESOURCES,
        ResourceSources::AIR,
        ResourceSources::RESOURCES,
        ResourceSources::ADDITIONAL,
        ResourceSources::PROMPT_TAG,
    ];
    let reliability = |sources: ResourceSources| order.iter().position(|place| sources.contains(*place));
    said.iter()
        .filter_map(|answer| Some((reliability(answer.sources).unwrap_or(order.len()), answer.weight?)))
        .min_by_key(|(reliability, _)| *reliability)
        .map(|(_, weight)| weight)
}

/// Writes a role as the word of the machine contract.
pub(super) fn kind_word<S: Serializer>(kind: &ResourceKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}

fn usable_hash(resource: &Resource) -> Option<&HexHash> {
    resource.hash.as_ref().filter(|hash| hash.junk().is_none())
}

fn name_key(resource: &Resource) -> Option<(ResourceKind, String)> {
    Some((resource.kind, resource.name.as_deref().and_then(normalised_name)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(id: u64) -> VersionId {
        VersionId::new(id).expect("the test uses positive ids")
    }

    fn link(id: u64, evidence: Evidence, percent: u8, rank: u32) -> Link {
        let confidence = Confidence::from_percent(percent);
        Link { version: version(id), evidence, raw: String::new(), confidence, rank, lost: None }
    }

    fn answer(name: &str, hash: &str, sources: ResourceSources, links: Vec<Link>) -> Answer {
        let resource = Resource {
            kind: ResourceKind::Lora,
            name: Some(name.to_owned()).filter(|name| !name.is_empty()),
            hash: HexHash::parse(hash),
            version: None,
            air: None,
        };
        Answer { resource, weight: None, sources, links }
    }

    #[test]
    fn three_ways_of_naming_one_version_are_one_verdict_with_all_evidence() {
        let mut answers = [
            answer("detail", "", ResourceSources::PROMPT_TAG, vec![]),
            answer("detail", "0123456789", ResourceSources::HASHES, vec![link(7, Evidence::Autov2, 92, 1)]),
            answer("", "", ResourceSources::CIVITAI_RESOURCES, vec![link(7, Evidence::VersionId, 95, 1)]),
        ];
        answers[0].weight = Some(0.4);
        answers[2].weight = Some(0.8);
        let merged = verdicts(&answers, &[]);
        assert_eq!(merged.len(), 1);
        assert_eq!(merged[0].resources, [0, 1, 2]);
        assert_eq!(merged[0].all_evidence, [Evidence::VersionId, Evidence::Autov2]);
        assert_eq!(merged[0].weight, Some(0.8), "an explicit id knows the weight better than the prompt");
        assert_eq!(merged[0].confidence, Some(Confidence::from_percent(95)));
    }

    #[test]
    fn an_ambiguous_hash_goes_to_the_version_that_is_named_and_else_to_the_one_posted_for() {
        let shared = vec![link(1, Evidence::Autov2, 92, 1), link(2, Evidence::Autov2, 92, 2)];
        let hash = answer("a", "0123456789", ResourceSources::HASHES, shared);
        let id = answer("", "", ResourceSources::ITEM_INDEX, vec![link(2, Evidence::VersionId, 95, 1)]);
        let alone = verdicts(std::slice::from_ref(&hash), &[]);
        assert_eq!((alone[0].version, &alone[0].alternatives[..]), (Some(version(1)), &[version(2)][..]));
        let posted = verdicts(std::slice::from_ref(&hash), &[version(2)]);
        assert_eq!(posted[0].version, Some(version(2)));
        let named = verdicts(&[hash, id], &[version(1)]);
        assert_eq!((named.len(), named[0].version), (1, Some(version(2))));
    }

    #[test]
    fn short_and_long_forms_of_an_unknown_hash_are_one_unexplained_reference() {
        let answers = [
            answer("a", "0123456789", ResourceSources::HASHES, vec![]),
            answer("b", "0123456789abcdef", ResourceSources::RESOURCES, vec![]),
            answer("c", "", ResourceSources::PROMPT_TAG, vec![]),
        ];
        let merged = verdicts(&answers, &[]);
        let grouped: Vec<&[usize]> = merged.iter().map(|verdict| &verdict.resources[..]).collect();
        assert_eq!(grouped, [&[0, 1][..], &[2]]);
        assert!(merged.iter().all(|verdict| verdict.version.is_none() && verdict.confidence.is_none()));
    }

    #[test]
    fn a_version_listed_only_by_the_database_path_may_have_been_added_by_hand() {
        let database =
            answer("", "", ResourceSources::ITEM_DATABASE, vec![link(3, Evidence::VersionId, 95, 1)]);
        assert_eq!(verdicts(&[database], &[])[0].confidence, Some(Confidence::from_percent(80)));
    }
}
