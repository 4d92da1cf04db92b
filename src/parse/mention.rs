//! One mention of a resource, as generators spell it.
//!
//! - In: names, hashes and identifiers as written. Out: a [`ResourceUse`], or nothing where nothing is named.
//! - Shared by every grammar of files and by the reader of the site's API.
//! - Never: a guess about which file a name means.

use crate::entity::{Air, HexHash, Resource, ResourceKind, ResourceSources, ResourceUse, VersionId};

use super::air;

/// How much the weight of each place counts, strongest first.
pub(crate) mod rank {
    use crate::entity::ResourceSources;

    pub(crate) const VERSION: u8 = 0;
    pub(crate) const RESOURCES: u8 = 1;
    pub(crate) const ADDITIONAL: u8 = 2;
    pub(crate) const GENERATOR: u8 = 3;
    pub(crate) const PROMPT: u8 = 4;

    /// The rank of a weight that these places say; of several, the strongest counts.
    pub(crate) fn of(sources: ResourceSources) -> u8 {
        const PLACES: [(ResourceSources, u8); 4] = [
            (ResourceSources::CIVITAI_RESOURCES, VERSION),
            (ResourceSources::RESOURCES, RESOURCES),
            (ResourceSources::ADDITIONAL, ADDITIONAL),
            (ResourceSources::PROMPT_TAG, PROMPT),
        ];
        let place = PLACES.iter().find(|(place, _)| sources.contains(*place));
        place.map_or(GENERATOR, |(_, rank)| *rank)
    }
}

/// What one mention says, before an identifier in its name is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mention {
    pub(crate) name: Option<String>,
    pub(crate) hash: Option<HexHash>,
    pub(crate) version: Option<VersionId>,
    pub(crate) air: Option<Air>,
    pub(crate) weight: Option<f64>,
}

impl Mention {
    /// A mention by name.
    pub(crate) fn named(name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..Self::default() }
    }

    /// The same with a hash, if the text is one.
    pub(crate) fn hashed(self, hash: Option<&str>) -> Self {
        Self { hash: hash.and_then(hash_of), ..self }
    }

    /// The same with a weight, if it is finite.
    pub(crate) fn weighted(self, weight: Option<f64>) -> Self {
        Self { weight: weight.filter(|weight| weight.is_finite()), ..self }
    }

    /// The use that this mention makes of a resource; `None` if it names nothing.
    pub(crate) fn used_as(self, kind: ResourceKind, sources: ResourceSources) -> Option<ResourceUse> {
        let Self { name, hash, version, air, weight } = self;
        let name = name.map(|name| name.replace('\0', "")).and_then(real_name);
        // An identifier may stand where a name is expected.
        let (name, found, kind) = match name.as_deref().and_then(air::parse_typed) {
            Some((air, of_air)) if kind == ResourceKind::Unknown => (None, Some(air), of_air),
            Some((air, _)) => (None, Some(air), kind),
            None => (name, None, kind),
        };
        let air = air.or(found);
        let version = version.or_else(|| air?.version);
        let names_something = name.is_some() || hash.is_some() || version.is_some() || air.is_some();
        let resource = Resource { kind, name, hash, version, air };
        names_something.then_some(ResourceUse { resource, weight, sources })
    }
}

/// A hash as written, with the word for its kind that some writers put before it (`sha256:`, `blake3:`).
///
/// What follows `random:` is the hash of nothing.
pub(crate) fn hash_of(text: &str) -> Option<HexHash> {
    let text = text.trim();
    match text.split_once(':') {
        Some((word, _)) if word.eq_ignore_ascii_case("random") => None,
        Some((_, digits)) => HexHash::parse(digits),
        None => HexHash::parse(text),
    }
}

/// The role and the name that a key of `hashes` states. A key of no known role is a name.
pub(crate) fn hash_key(key: &str) -> (ResourceKind, Option<&str>) {
    if let Some((role, name)) = key.split_once(':') {
        let kind = ResourceKind::from_word(role);
        if kind != ResourceKind::Other && kind != ResourceKind::Unknown {
            return (kind, Some(name));
        }
        return (ResourceKind::Unknown, Some(key));
    }
    match ResourceKind::from_word(key) {
        ResourceKind::Other | ResourceKind::Unknown => (ResourceKind::Unknown, Some(key)),
        kind => (kind, None),
    }
}

/// A name without the role that some writers put before it.
pub(crate) fn without_prefix(name: &str) -> &str {
    match name.split_once(':') {
        Some(("lora" | "lyco" | "lycoris" | "embed" | "hypernet", rest)) => rest,
        _ => name,
    }
}

/// `name(hash)` or `name [hash]`; only the last bracket can be the hash, since names have brackets too.
pub(crate) fn name_and_hash(text: &str) -> (String, Option<HexHash>) {
    let text = text.trim();
    let inside = [('(', ')'), ('[', ']')].iter().find_map(|(open, close)| {
        let (name, hash) = text.strip_suffix(*close)?.rsplit_once(*open)?;
        Some((name.trim(), HexHash::parse(hash)?))
    });
    inside.map_or_else(|| (text.to_owned(), None), |(name, hash)| (name.to_owned(), Some(hash)))
}

/// A name that names something: trimmed, and none of the words for "nothing here".
pub(crate) fn real_name(name: String) -> Option<String> {
    let trimmed = name.trim();
    let nothing = ["", "none", "automatic", "undefined", "null"];
    if nothing.iter().any(|word| trimmed.eq_ignore_ascii_case(word)) {
        return None;
    }
    if trimmed.len() == name.len() { Some(name) } else { Some(trimmed.to_owned()) }
}
