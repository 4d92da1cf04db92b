//! The resources of one image, each once, however many places of its metadata name it.
//!
//! Two mentions are one resource when they name the same version; else when one hash begins the other; else
//! when kind and name agree. A difference in a stronger point keeps them apart.

use crate::entity::{HexHash, Resource, ResourceKind, ResourceSources, ResourceUse};

/// Mentions kept for one image.
const MAX_MENTIONS: usize = 1024;

/// Extensions of model files, which do not belong to a name.
const EXTENSIONS: [&str; 7] = ["safetensors", "sft", "ckpt", "pt", "pth", "bin", "gguf"];

/// A weight and how much its place counts; 0 counts most.
pub(crate) type RankedWeight = (u8, f64);

/// Gathers mentions.
#[derive(Default)]
pub(crate) struct Resources {
    mentions: Vec<Mention>,
    overflowed: bool,
}

impl Resources {
    /// Adds a mention; one that names nothing is dropped.
    pub(crate) fn add(&mut self, resource: Resource, weight: Option<RankedWeight>, sources: ResourceSources) {
        let Resource { name, hash, version, air, .. } = &resource;
        if name.is_none() && hash.is_none() && version.is_none() && air.is_none() {
            return;
        }
        if self.mentions.len() == MAX_MENTIONS {
            self.overflowed = true;
            return;
        }
        let plain_name = resource.name.as_deref().map(plain_name);
        self.mentions.push(Mention { resource, plain_name, weight, sources });
    }

    /// Whether there were more mentions than are kept.
    pub(crate) fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// The first hash of a mention of this kind.
    pub(crate) fn hash_of(&self, kind: ResourceKind) -> Option<&HexHash> {
        let of_kind = self.mentions.iter().filter(|mention| mention.resource.kind == kind);
        of_kind.filter_map(|mention| mention.resource.hash.as_ref()).next()
    }

    /// The first name of a mention of this kind.
    pub(crate) fn name_of(&self, kind: ResourceKind) -> Option<&str> {
        let of_kind = self.mentions.iter().filter(|mention| mention.resource.kind == kind);
        of_kind.filter_map(|mention| mention.resource.name.as_deref()).next()
    }

    /// Each resource once, in the order of its first mention.
    pub(crate) fn finish(self) -> Vec<ResourceUse> {
        let mut merged: Vec<Mention> = Vec::with_capacity(self.mentions.len());
        for mut mention in self.mentions {
            // What two mentions know together may join them to a third.
            let mut first = None;
            while let Some(at) = merged.iter().position(|other| other.is_same(&mention)) {
                mention = merged.remove(at).joined(mention);
                first = Some(first.map_or(at, |first: usize| first.min(at)));
            }
            merged.insert(first.unwrap_or(merged.len()), mention);
        }
        let used = |mention: Mention| ResourceUse {
            resource: mention.resource,
            weight: mention.weight.map(|(_, weight)| weight),
            sources: mention.sources,
        };
        merged.into_iter().map(used).collect()
    }
}

struct Mention {
    resource: Resource,
    plain_name: Option<String>,
    weight: Option<RankedWeight>,
    sources: ResourceSources,
}

impl Mention {
    fn is_same(&self, other: &Self) -> bool {
        let (a, b) = (&self.resource, &other.resource);
        if let (Some(a), Some(b)) = (a.version, b.version) {
            return a == b;
        }
        if let (Some(a), Some(b)) = (a.air, b.air) {
            return a.model == b.model && a.version == b.version;
        }
        if let (Some(a), Some(b)) = (&a.hash, &b.hash) {
            let (a, b) = (a.as_str(), b.as_str());
            let related = a.starts_with(b) || b.starts_with(a);
            // Junk is shared by unrelated files: there only the names can tell.
            let junk = [&self.resource, &other.resource]
                .iter()
                .any(|resource| resource.hash.as_ref().is_some_and(|hash| hash.junk().is_some()));
            if !junk || !related {
                return related;
            }
        }
        let same_kind =
            a.kind == b.kind || a.kind == ResourceKind::Unknown || b.kind == ResourceKind::Unknown;
        same_kind && self.plain_name.is_some() && self.plain_name == other.plain_name
    }

    /// This mention with what a later one adds.
    fn joined(self, later: Self) -> Self {
        let (a, b) = (self.resource, later.resource);
        let longer = |hash: &HexHash| hash.as_str().len();
        let weight = match (self.weight, later.weight) {
            (Some(a), Some(b)) => Some(if b.0 < a.0 { b } else { a }),
            (a, b) => a.or(b),
        };
        let hash = match (a.hash, b.hash) {
            (Some(a), Some(b)) => Some(if longer(&b) > longer(&a) { b } else { a }),
            (a, b) => a.or(b),
        };
        Self {
            resource: Resource {
                kind: if a.kind == ResourceKind::Unknown { b.kind } else { a.kind },
                name: a.name.or(b.name),
                hash,
                version: a.version.or(b.version),
                air: a.air.or(b.air),
            },
            plain_name: self.plain_name.or(later.plain_name),
            weight,
            sources: self.sources.union(later.sources),
        }
    }
}

/// A name as it is compared: lower case, without folders and the extension of a model file.
fn plain_name(name: &str) -> String {
    without_extension(name.rsplit(['/', '\\']).next().unwrap_or(name)).to_lowercase()
}

/// A file name without the extension of a model file.
pub(crate) fn without_extension(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, extension)) if EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)) => {
            stem
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::VersionId;

    fn resource(kind: ResourceKind, name: &str, hash: &str, version: u64) -> Resource {
        Resource {
            kind,
            name: (!name.is_empty()).then(|| name.to_owned()),
            hash: HexHash::parse(hash),
            version: VersionId::new(version),
            air: None,
        }
    }

    fn merged(mentions: &[(ResourceKind, &str, &str, u64)]) -> Vec<Resource> {
        let mut resources = Resources::default();
        for (kind, name, hash, version) in mentions {
            resources.add(resource(*kind, name, hash, *version), None, ResourceSources::RESOURCES);
        }
        resources.finish().into_iter().map(|found| found.resource).collect()
    }

    use ResourceKind::{Lora, Model, Unknown};

    #[test]
    fn one_version_is_one_resource() {
        let found = merged(&[(Unknown, "", "", 7), (Lora, "a", "", 7), (Lora, "b", "", 8)]);
        assert_eq!(found, [resource(Lora, "a", "", 7), resource(Lora, "b", "", 8)]);
    }

    #[test]
    fn one_hash_is_one_resource_even_when_cut_short() {
        let full = "ab".repeat(32);
        let found =
            merged(&[(Lora, "a", "ababababab", 0), (Lora, "b", &full, 0), (Model, "c", "cdcdcdcdcd", 0)]);
        assert_eq!(found, [resource(Lora, "a", &full, 0), resource(Model, "c", "cdcdcdcdcd", 0)]);
    }

    #[test]
    fn one_name_is_one_resource_whatever_its_folder_and_extension() {
        let found =
            merged(&[(Lora, "Red Kite", "", 0), (Lora, "style\\red kite.safetensors", "aabbccddee", 0)]);
        assert_eq!(found, [resource(Lora, "Red Kite", "aabbccddee", 0)]);
        assert_eq!(merged(&[(Lora, "a", "", 0), (Model, "a", "", 0)]).len(), 2);
        assert_eq!(merged(&[(Lora, "v1.5", "", 0), (Lora, "v1.6", "", 0)]).len(), 2);
    }

    #[test]
    fn a_third_mention_joins_two() {
        let found =
            merged(&[(Lora, "a", "", 0), (Unknown, "", "aabbccddee", 0), (Lora, "a", "aabbccddee", 0)]);
        assert_eq!(found, [resource(Lora, "a", "aabbccddee", 0)]);
    }

    #[test]
    fn what_differs_in_a_stronger_point_stays_apart() {
        assert_eq!(merged(&[(Lora, "a", "aabbccddee", 0), (Lora, "a", "1122334455", 0)]).len(), 2);
        assert_eq!(merged(&[(Lora, "a", "aabbccddee", 1), (Lora, "a", "aabbccddee", 2)]).len(), 2);
    }

    #[test]
    fn a_junk_hash_joins_nothing_but_equal_names() {
        let junk = "e3b0c44298fc";
        assert_eq!(merged(&[(Lora, "a", junk, 0), (Lora, "b", junk, 0), (Lora, "a", junk, 0)]).len(), 2);
    }

    #[test]
    fn the_weight_of_the_strongest_place_counts() {
        let mut resources = Resources::default();
        let lora = resource(Lora, "a", "", 0);
        resources.add(lora.clone(), Some((4, 0.1)), ResourceSources::PROMPT_TAG);
        resources.add(lora.clone(), Some((1, 0.8)), ResourceSources::RESOURCES);
        resources.add(lora.clone(), Some((1, 0.9)), ResourceSources::RESOURCES);
        let sources = ResourceSources::PROMPT_TAG.union(ResourceSources::RESOURCES);
        assert_eq!(resources.finish(), [ResourceUse { resource: lora, weight: Some(0.8), sources }]);
    }

    #[test]
    fn a_flood_of_mentions_is_cut_off() {
        let mut resources = Resources::default();
        for number in 0..2 * MAX_MENTIONS {
            resources.add(resource(Lora, &number.to_string(), "", 0), None, ResourceSources::RESOURCES);
        }
        assert!(resources.overflowed());
        assert_eq!(resources.finish().len(), MAX_MENTIONS);
    }
}
