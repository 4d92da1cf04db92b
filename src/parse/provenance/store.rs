//! C2PA manifest stores: what they state. Nothing here is verified: no signature, no hash, no chain of trust.
//!
//! Source: C2PA specification 2.x (claims, actions, ingredients); earlier versions differ in names only.

use ciborium::Value;

use super::super::container::unpack;
use super::super::container::{End, Packing};
use super::super::{Limits, Warning};
use super::jumbf::{Superbox, superbox};
use super::source_type::{AiUse, ai_use, source_word};

/// Longest CBOR or JSON box read, in bytes.
const MAX_CONTENT_BYTES: usize = 1 << 20;

/// CBOR bytes read of one store.
const MAX_CBOR_BYTES: usize = 4 << 20;

/// Deepest nesting of CBOR.
const MAX_CBOR_DEPTH: usize = 32;

/// Actions and ingredients kept of one manifest.
const MAX_ITEMS: usize = 1000;

/// What a store states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    /// The manifests in the order of the store. The last one is active; the others are of what it was made from.
    pub manifests: Vec<Manifest>,
}

/// What one manifest states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Its label, such as `urn:c2pa:...`.
    pub label: String,
    /// The programs that wrote the claim, each with its version behind a blank where one is given.
    pub generators: Vec<String>,
    /// What was done.
    pub actions: Vec<Action>,
    /// Titles of what went in.
    pub ingredients: Vec<String>,
}

/// One action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Action {
    /// What was done, such as `c2pa.created`.
    pub action: String,
    /// The word of the digital source type, such as `trainedAlgorithmicMedia`.
    pub source_type: Option<String>,
    /// Who did it, with its version behind a blank where one is given.
    pub agent: Option<String>,
    /// What it is in words.
    pub description: Option<String>,
}

impl Store {
    /// The action that says most about AI, of all manifests; of equals the first.
    ///
    /// The active manifest may only say that something was opened and marked, while the statement of creation stands
    /// in the manifest of what it was made from.
    pub fn strongest(&self) -> Option<&Action> {
        let actions = || self.manifests.iter().flat_map(|manifest| &manifest.actions);
        let rank = |action: &Action| action.source_type.as_deref().map(ai_use);
        let best = actions().filter_map(rank).max()?;
        actions().find(|action| rank(action) == Some(best))
    }

    /// What the store states about AI.
    pub fn ai_use(&self) -> AiUse {
        let word = self.strongest().and_then(|action| action.source_type.as_deref());
        word.map_or(AiUse::None, ai_use)
    }
}

/// Reads what a store states, as far as it can be read; `None` when the bytes are no store.
pub fn store(bytes: &[u8], limits: &Limits) -> Option<(Store, Vec<Warning>)> {
    let mut boxes_left = limits.max_chunks;
    let (found, mut cut) = superbox(bytes, &mut boxes_left);
    let found = found?;
    let mut store = Store::default();
    let mut cbor_left = MAX_CBOR_BYTES;
    for child in &found.children {
        if &child.kind == b"c2cm" {
            // A packed manifest is a superbox inside a Brotli stream.
            let packed = child
                .content
                .iter()
                .find(|content| &content.0 == b"brob")
                .map_or(&[][..], |content| content.1);
            let (bytes, end) =
                unpack(Packing::Brotli, packed, limits.max_inflated_bytes.min(MAX_CBOR_BYTES as u64));
            let (inner, inner_cut) = superbox(&bytes, &mut boxes_left);
            cut |= inner_cut || end != End::Complete;
            store.manifests.extend(inner.map(|inner| manifest(&inner, &mut cbor_left)));
        } else {
            store.manifests.push(manifest(child, &mut cbor_left));
        }
    }
    let mut warnings = Vec::new();
    if cut {
        let detail = "the manifest store is damaged or cut".to_owned();
        warnings.push(Warning { code: "truncated", place: "c2pa".to_owned(), detail });
    }
    Some((store, warnings))
}

fn manifest(found: &Superbox<'_>, cbor_left: &mut usize) -> Manifest {
    let mut manifest = Manifest { label: found.label.clone(), ..Manifest::default() };
    let assertions =
        found.children.iter().filter(|child| &child.kind == b"c2as").flat_map(|child| &child.children);
    let claims = found.children.iter().filter(|child| &child.kind == b"c2cl");
    for part in claims.chain(assertions) {
        // Labels that occur more than once get a number behind two low lines.
        let label = part.label.split("__").next().unwrap_or_default();
        let is =
            |name: &str| label == name || label.strip_prefix(name).is_some_and(|rest| rest.starts_with(".v"));
        let kind = [Part::Claim, Part::Actions, Part::Ingredient].into_iter().find(|kind| is(kind.label()));
        let Some((kind, value)) = kind.and_then(|kind| Some((kind, content(part, cbor_left)?))) else {
            continue;
        };
        match kind {
            Part::Claim => generators(&value, &mut manifest.generators),
            Part::Actions => {
                let list = get(&value, "actions").and_then(Value::as_array);
                let room = MAX_ITEMS.saturating_sub(manifest.actions.len());
                manifest.actions.extend(list.into_iter().flatten().take(room).map(action));
            }
            Part::Ingredient => {
                let title = text(&value, "title").or_else(|| text(&value, "dc:title"));
                manifest.ingredients.extend(title.filter(|_| manifest.ingredients.len() < MAX_ITEMS));
            }
        }
    }
    manifest
}

#[derive(Clone, Copy)]
enum Part {
    Claim,
    Actions,
    Ingredient,
}

impl Part {
    fn label(self) -> &'static str {
        match self {
            Self::Claim => "c2pa.claim",
            Self::Actions => "c2pa.actions",
            Self::Ingredient => "c2pa.ingredient",
        }
    }
}

/// The first CBOR box, decoded; too long ones and damaged ones say nothing.
fn content(part: &Superbox<'_>, cbor_left: &mut usize) -> Option<Value> {
    let (_, body) = part.content.iter().find(|content| &content.0 == b"cbor")?;
    if body.len() > MAX_CONTENT_BYTES {
        return None;
    }
    // Decoded values take many times the bytes that they came from, so these are rationed before.
    *cbor_left = cbor_left.checked_sub(body.len())?;
    ciborium::de::from_reader_with_recursion_limit(*body, MAX_CBOR_DEPTH).ok()
}

/// The programs that a claim names: a map, a list of maps, or one text.
fn generators(claim: &Value, into: &mut Vec<String>) {
    let info = get(claim, "claim_generator_info");
    let named: Vec<String> = match info {
        Some(Value::Array(list)) => list.iter().take(MAX_ITEMS).filter_map(name_and_version).collect(),
        Some(one) => name_and_version(one).into_iter().collect(),
        None => Vec::new(),
    };
    if named.is_empty() {
        into.extend(text(claim, "claim_generator"));
    } else {
        into.extend(named);
    }
}

fn action(value: &Value) -> Action {
    Action {
        action: text(value, "action").unwrap_or_default(),
        source_type: text(value, "digitalSourceType").map(|uri| source_word(&uri).to_owned()),
        agent: get(value, "softwareAgent").and_then(name_and_version),
        description: text(value, "description"),
    }
}

/// `Name 1.0` of a map with name and version, or of a text.
fn name_and_version(value: &Value) -> Option<String> {
    if let Value::Text(text) = untagged(value) {
        return Some(text.clone());
    }
    let name = text(value, "name")?;
    Some(match text(value, "version") {
        Some(version) => format!("{name} {version}"),
        None => name,
    })
}

fn get<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    let entries = untagged(value).as_map()?;
    entries.iter().find(|(name, _)| name.as_text() == Some(key)).map(|(_, value)| untagged(value))
}

fn text(value: &Value, key: &str) -> Option<String> {
    get(value, key)?.as_text().map(str::to_owned)
}

/// A value without the tags before it.
fn untagged(mut value: &Value) -> &Value {
    while let Value::Tag(_, inner) = value {
        value = inner;
    }
    value
}
