//! Every place of a `meta` object that names a resource.

use serde_json::Value;

use super::super::air;
use super::super::convert::FieldProblem;
use super::super::wire::{Field, Fields};
use crate::entity::{Air, HexHash, ModelId, Resource, ResourceKind, ResourceSources, VersionId};
use crate::parse::mention::{hash_key, name_and_hash, rank, real_name, without_prefix};
use crate::parse::prompt;
use crate::parse::resources::{RankedWeight, Resources};

/// Text searched for identifiers in one item, in bytes; graphs can be larger.
const MAX_SEARCHED_BYTES: usize = 1 << 20;

/// Numbered triples of the additional networks extension that are read.
const MAX_ADDITIONAL_NETWORKS: usize = 64;

/// Reads every mention, the ones that carry names and hashes together first.
pub(super) fn read(meta: &Fields<'_>, resources: &mut Resources) {
    let mut reader = Reader { meta, resources };
    reader.resources_list();
    reader.model();
    reader.hashes();
    reader.other_hash_keys();
    reader.generator_hashes();
    reader.civitai_resources();
    reader.additional_resources();
    reader.name_lists();
    reader.graph_ids();
    reader.additional_networks();
    reader.fooocus_adapters();
    reader.prompt_tags();
    reader.identifiers_elsewhere();
}

struct Reader<'a, 'r> {
    meta: &'a Fields<'a>,
    resources: &'r mut Resources,
}

/// What one mention says, before an identifier in its name is read.
#[derive(Default)]
struct Said {
    name: Option<String>,
    hash: Option<HexHash>,
    version: Option<VersionId>,
    air: Option<Air>,
    weight: Option<RankedWeight>,
}

impl Reader<'_, '_> {
    fn add(&mut self, kind: ResourceKind, said: Said, sources: ResourceSources) {
        let Said { name, hash, version, air, weight } = said;
        let name = name.and_then(real_name);
        // An identifier may stand where a name is expected.
        let found = name.as_deref().and_then(air::parse_typed);
        let (name, found, kind) = match found {
            Some((air, of_air)) if kind == ResourceKind::Unknown => (None, Some(air), of_air),
            Some((air, _)) => (None, Some(air), kind),
            None => (name, None, kind),
        };
        let air = air.or(found);
        let version = version.or_else(|| air?.version);
        self.resources.add(Resource { kind, name, hash, version, air }, weight, sources);
    }

    fn resources_list(&mut self) {
        let meta = self.meta;
        meta.each_object("resources", |entry| {
            let said = Said {
                name: entry.text("name").map(|name| without_prefix(&name).to_owned()),
                hash: entry.get("hash").and_then(|hash| read_hash(&hash)),
                version: entry.number("modelVersionId", VersionId::new),
                air: read_air(&entry),
                weight: entry.float("weight").map(|weight| (rank::RESOURCES, weight)),
            };
            let kind = read_kind(&entry);
            self.add(kind, said, ResourceSources::RESOURCES);
        });
    }

    fn model(&mut self) {
        let name = self.meta.text("Model");
        let hash = self.hash_at("Model hash");
        self.add(ResourceKind::Model, Said { name, hash, ..Said::default() }, ResourceSources::HASH_KEY);
    }

    /// `hashes`: pairs of a key and a hash, rarely a list.
    fn hashes(&mut self) {
        let meta = self.meta;
        let Some(hashes) = meta.get("hashes") else { return };
        if !hashes.value.is_object() {
            return hashes.each(|element| self.hash_of_list(element));
        }
        let Some(pairs) = hashes.object() else { return };
        for (key, value) in pairs.members() {
            let (kind, name) = hash_key(key);
            let named = kind == ResourceKind::Vae;
            let name = name.map(str::to_owned).or_else(|| meta.text("VAE").filter(|_| named));
            let hash = read_hash(&value);
            if hash.is_some() || name.is_some() {
                self.add(kind, Said { name, hash, ..Said::default() }, ResourceSources::HASHES);
            }
        }
    }

    fn hash_of_list(&mut self, element: Field<'_>) {
        if let Value::String(_) = element.value {
            let said = Said { hash: read_hash(&element), ..Said::default() };
            return self.add(ResourceKind::Unknown, said, ResourceSources::HASHES);
        }
        let Some(entry) = element.object() else { return };
        let hash = entry.get("hash").and_then(|hash| read_hash(&hash));
        let said = Said { name: entry.text("name"), hash, ..Said::default() };
        let kind = read_kind(&entry);
        self.add(kind, said, ResourceSources::HASHES);
    }

    fn other_hash_keys(&mut self) {
        let pairs = [
            ("VAE", "VAE hash", ResourceKind::Vae),
            ("Refiner", "Refiner hash", ResourceKind::Model),
            ("Hypernet", "Hypernet hash", ResourceKind::Hypernetwork),
        ];
        for (name_key, hash_key, kind) in pairs {
            let hash = self.hash_at(hash_key);
            let Some(text) = self.meta.get(name_key).filter(|field| field.value.is_string()) else {
                self.add(kind, Said { hash, ..Said::default() }, ResourceSources::HASH_KEY);
                continue;
            };
            let (name, inside) = text.text().map(|text| name_and_hash(&text)).unwrap_or_default();
            let weight = self.meta.get("Hypernet strength").filter(|_| kind == ResourceKind::Hypernetwork);
            let weight = weight.and_then(|weight| weight.float()).map(|weight| (rank::GENERATOR, weight));
            let said = Said { name: Some(name), hash: hash.or(inside), weight, ..Said::default() };
            self.add(kind, said, ResourceSources::HASH_KEY);
        }
    }

    /// `Lora hashes` and `TI hashes`: an object, or text such as `name: hash, name: hash`.
    fn generator_hashes(&mut self) {
        let meta = self.meta;
        for (key, kind) in [("Lora hashes", ResourceKind::Lora), ("TI hashes", ResourceKind::Embedding)] {
            let Some(field) = meta.get(key) else { continue };
            if let Value::String(_) = field.value {
                self.hash_text(&field, kind);
                continue;
            }
            let Some(pairs) = field.object() else { continue };
            for (name, value) in pairs.members() {
                let said = Said { name: Some(name.to_owned()), hash: read_hash(&value), ..Said::default() };
                self.add(kind, said, ResourceSources::HASHES);
            }
        }
    }

    fn hash_text(&mut self, field: &Field<'_>, kind: ResourceKind) {
        let Some(text) = field.text() else { return };
        for pair in text.trim_matches(['"', ' ']).split(',') {
            let (name, hash) = pair.rsplit_once(':').unwrap_or((pair, ""));
            let hash = hash_of_text(hash, field);
            self.add(
                kind,
                Said { name: Some(name.to_owned()), hash, ..Said::default() },
                ResourceSources::HASHES,
            );
        }
    }

    fn civitai_resources(&mut self) {
        let meta = self.meta;
        meta.each_object("civitaiResources", |entry| {
            self.version_entry(&entry, "weight", ResourceSources::CIVITAI_RESOURCES);
        });
        let extra =
            meta.get("extra").filter(|extra| extra.value.is_object()).and_then(|extra| extra.object());
        if let Some(extra) = extra {
            extra.each_object("resources", |entry| {
                self.version_entry(&entry, "strength", ResourceSources::ADDITIONAL);
            });
        }
    }

    fn version_entry(&mut self, entry: &Fields<'_>, weight: &str, sources: ResourceSources) {
        let said = Said {
            version: entry.number("modelVersionId", VersionId::new),
            air: read_air(entry),
            weight: entry.float(weight).map(|weight| (rank::VERSION, weight)),
            ..Said::default()
        };
        self.add(read_kind(entry), said, sources);
    }

    fn additional_resources(&mut self) {
        let meta = self.meta;
        meta.each_object("additionalResources", |entry| {
            let weight = entry.float("strength").or_else(|| entry.float("weight"));
            let said = Said {
                name: entry.text("name"),
                air: read_air(&entry),
                weight: weight.map(|weight| (rank::ADDITIONAL, weight)),
                ..Said::default()
            };
            self.add(read_kind(&entry), said, ResourceSources::ADDITIONAL);
        });
    }

    fn name_lists(&mut self) {
        let meta = self.meta;
        let lists = [
            ("models", ResourceKind::Model),
            ("vaes", ResourceKind::Vae),
            ("upscalers", ResourceKind::Upscaler),
            ("controlNets", ResourceKind::Controlnet),
        ];
        for (key, kind) in lists {
            meta.each(key, |element| {
                let said = Said { name: element.text(), ..Said::default() };
                self.add(kind, said, ResourceSources::ADDITIONAL);
            });
        }
    }

    /// Ids that old on-site graphs stored.
    fn graph_ids(&mut self) {
        let meta = self.meta;
        meta.each("versionIds", |element| {
            let version = element.number(VersionId::new);
            self.add(ResourceKind::Unknown, Said { version, ..Said::default() }, ResourceSources::GRAPH_IDS);
        });
        meta.each("modelIds", |element| {
            if let Some(model) = element.number(ModelId::new) {
                let air = Some(Air { model, version: None });
                self.add(ResourceKind::Unknown, Said { air, ..Said::default() }, ResourceSources::GRAPH_IDS);
            }
        });
    }

    /// `AddNet Module 1`, `AddNet Model 1`, `AddNet Weight A 1` and so on.
    fn additional_networks(&mut self) {
        let meta = self.meta;
        for number in 1..=MAX_ADDITIONAL_NETWORKS {
            let Some(text) = meta.text(&format!("AddNet Model {number}")) else { return };
            let (name, hash) = name_and_hash(&text);
            let module = meta.text(&format!("AddNet Module {number}")).unwrap_or_default();
            let kind = match module.trim() {
                // The extension's own numbers for its two modules, both low-rank adapters.
                "" | "0" | "1" => ResourceKind::Lora,
                word => ResourceKind::from_word(word),
            };
            let weight = meta.float(&format!("AddNet Weight A {number}"));
            let weight = weight.map(|weight| (rank::GENERATOR, weight));
            let said = Said { name: Some(name), hash, weight, ..Said::default() };
            self.add(kind, said, ResourceSources::RESOURCES);
        }
    }

    /// `other.loras` of RuinedFooocus: text such as `<folder/name.safetensors:0.8>,<None:1>`.
    fn fooocus_adapters(&mut self) {
        let other = self.meta.get("other").filter(|other| other.value.is_object());
        let Some(other) = other.and_then(|other| other.object()) else { return };
        let Some(text) = other.word("loras") else { return };
        for entry in text.split('<').skip(1).filter_map(|rest| rest.split_once('>')) {
            let (name, weight) = entry.0.rsplit_once(':').unwrap_or((entry.0, ""));
            let weight = weight.trim().parse().ok().filter(|weight: &f64| weight.is_finite());
            let weight = weight.map(|weight| (rank::GENERATOR, weight));
            let said = Said { name: Some(name.to_owned()), weight, ..Said::default() };
            self.add(ResourceKind::Lora, said, ResourceSources::RESOURCES);
        }
    }

    fn prompt_tags(&mut self) {
        let Some(Value::String(prompt)) = self.meta.map.get("prompt") else { return };
        for tag in prompt::tags(prompt) {
            let weight = tag.weight.map(|weight| (rank::PROMPT, weight));
            let said = Said { name: Some(tag.name.replace('\0', "")), weight, ..Said::default() };
            self.add(tag.kind, said, ResourceSources::PROMPT_TAG);
        }
    }

    /// Identifiers in any other text, graphs included.
    fn identifiers_elsewhere(&mut self) {
        let mut budget = MAX_SEARCHED_BYTES;
        let meta = self.meta;
        for (key, field) in meta.members() {
            if !READ_ALREADY.contains(&key) {
                let kind = if key == "fluxMode" { ResourceKind::Model } else { ResourceKind::Unknown };
                self.search(field.value, kind, &mut budget);
            }
        }
    }

    /// Recursion is as deep as the JSON parser allowed, which is 127.
    fn search(&mut self, value: &Value, kind: ResourceKind, budget: &mut usize) {
        match value {
            Value::String(text) => {
                let mut length = text.len().min(*budget);
                while !text.is_char_boundary(length) {
                    length -= 1;
                }
                *budget -= length;
                for (air, of_air) in air::find_all(text.get(..length).unwrap_or_default()) {
                    let kind = if of_air == ResourceKind::Unknown { kind } else { of_air };
                    self.add(kind, Said { air: Some(air), ..Said::default() }, ResourceSources::AIR);
                }
            }
            Value::Array(elements) => elements.iter().for_each(|element| self.search(element, kind, budget)),
            Value::Object(map) => map.values().for_each(|member| self.search(member, kind, budget)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn hash_at(&self, key: &str) -> Option<HexHash> {
        self.meta.get(key).and_then(|field| read_hash(&field))
    }
}

/// Keys whose identifiers are read by their own rules, or that are prose.
const READ_ALREADY: [&str; 10] = [
    "prompt",
    "negativePrompt",
    "resources",
    "civitaiResources",
    "additionalResources",
    "models",
    "vaes",
    "upscalers",
    "controlNets",
    "Model",
];

fn read_kind(entry: &Fields<'_>) -> ResourceKind {
    entry.word("type").map_or(ResourceKind::Unknown, |word| ResourceKind::from_word(&word))
}

fn read_air(entry: &Fields<'_>) -> Option<Air> {
    entry.word("air").and_then(|text| air::parse(&text))
}

fn read_hash(field: &Field<'_>) -> Option<HexHash> {
    hash_of_text(&field.word()?, field)
}

/// A hash that may name a file; other text adds a warning, blank text none.
fn hash_of_text(text: &str, field: &Field<'_>) -> Option<HexHash> {
    let hash = HexHash::parse(text);
    if hash.is_none() && !text.trim().is_empty() {
        field.warn(FieldProblem::BadValue);
    }
    hash
}
