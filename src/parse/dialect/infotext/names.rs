//! The resources that an infotext names, in every spelling of its family.

use super::Infotext;
use super::pairs::name_list;
use crate::entity::{ResourceKind, ResourceSources, VersionId};
use crate::parse::air;
use crate::parse::dialect::said::Speaker;
use crate::parse::json::{self, Json};
use crate::parse::mention::{Mention, hash_key, hash_of, name_and_hash};

/// Numbered names of one kind that are read.
const MAX_NUMBERED: usize = 64;

/// Upscalers that are a rule and no file.
const BUILT_IN_UPSCALERS: [&str; 6] = ["latent", "lanczos", "nearest", "none", "bicubic", "bilinear"];

/// Whether a key is read here.
pub(super) fn is_read(key: &str) -> bool {
    const KEYS: [&str; 18] = [
        "VAE",
        "VAE hash",
        "Refiner",
        "Refiner hash",
        "Hypernet",
        "Hypernet hash",
        "Hypernet strength",
        "Hashes",
        "Lora hashes",
        "Lora weights",
        "TI hashes",
        "Civitai resources",
        "Civitai metadata",
        "LoRA networks",
        "LoRA hashes",
        "Used embeddings",
        "Embeddings",
        "Hires checkpoint",
    ];
    const STARTS: [&str; 3] = ["AddNet ", "Lora_", "Embedding_"];
    KEYS.iter().any(|known| key.eq_ignore_ascii_case(known))
        || STARTS.iter().any(|start| key.starts_with(start))
}

impl Infotext<'_> {
    /// Everything that names a resource, the places that know most first.
    pub(super) fn resources(&self, speaker: &mut Speaker<'_, '_>) {
        self.site_resources(speaker);
        self.pair_of(speaker, "Model", "Model hash", ResourceKind::Model);
        self.pair_of(speaker, "VAE", "VAE hash", ResourceKind::Vae);
        self.pair_of(speaker, "Refiner", "Refiner hash", ResourceKind::Model);
        self.pair_of(speaker, "Hypernet", "Hypernet hash", ResourceKind::Hypernetwork);
        self.hires_checkpoint(speaker);
        self.hashes(speaker);
        self.hash_lists(speaker);
        self.sdnext_networks(speaker);
        self.embeddings(speaker);
        self.additional_networks(speaker);
        self.numbered(speaker);
        self.modules(speaker);
        self.controlnets(speaker);
        self.upscalers(speaker);
        self.recipe(speaker);
    }

    /// A name under one key and its hash under another; old writers put the hash into brackets behind the name.
    fn pair_of(&self, speaker: &mut Speaker<'_, '_>, name_key: &str, hash_key: &str, kind: ResourceKind) {
        let (name, hash) = (self.first(&[name_key]), self.first(&[hash_key]));
        let Some((_, span)) = name.or(hash) else { return };
        let (text, inside) = name.map(|(text, _)| name_and_hash(text)).unzip();
        let weight = self.first(&["Hypernet strength"]).filter(|_| kind == ResourceKind::Hypernetwork);
        let mention = Mention {
            name: text,
            hash: hash.and_then(|(hash, _)| hash_of(hash)).or(inside.flatten()),
            weight: weight.and_then(|(weight, _)| number(weight)),
            ..Mention::default()
        };
        speaker.resource(kind, mention, ResourceSources::HASH_KEY, Some(span.clone()));
    }

    fn hires_checkpoint(&self, speaker: &mut Speaker<'_, '_>) {
        let Some((text, span)) = self.first(&["Hires checkpoint"]) else { return };
        if !text.to_ascii_lowercase().starts_with("use same") {
            let (name, hash) = name_and_hash(text);
            let mention = Mention { name: Some(name), hash, ..Mention::default() };
            speaker.resource(ResourceKind::Model, mention, ResourceSources::RESOURCES, Some(span.clone()));
        }
    }

    /// `Hashes: {"model": "...", "lora:wind": "..."}`; `Model` and `VAE` have their names elsewhere.
    fn hashes(&self, speaker: &mut Speaker<'_, '_>) {
        let Some(hashes) = self.json("Hashes") else { return };
        for member in hashes.members() {
            let Some(text) = member.value.text() else { continue };
            let (kind, name) = hash_key(&member.key);
            let elsewhere = match kind {
                ResourceKind::Vae => self.first(&["VAE"]),
                ResourceKind::Model if member.key.eq_ignore_ascii_case("model") => self.first(&["Model"]),
                _ => None,
            };
            let name = name.or(elsewhere.map(|(name, _)| name)).map(str::to_owned);
            let mention = Mention { name, hash: hash_of(text), ..Mention::default() };
            speaker.resource(kind, mention, ResourceSources::HASHES, Some(member.value.span.clone()));
        }
    }

    /// `Lora hashes: "name: hash, name: hash"` and `TI hashes`; Fooocus has `Lora weights` of the same form.
    fn hash_lists(&self, speaker: &mut Speaker<'_, '_>) {
        let weights = self.first(&["Lora weights"]).map(|(text, _)| text).unwrap_or_default();
        for (key, kind) in [("Lora hashes", ResourceKind::Lora), ("TI hashes", ResourceKind::Embedding)] {
            // `SD.Next` writes bare hashes under a key that differs by its case only.
            let lists = self.pairs.iter().filter(|pair| pair.key == key);
            for pair in lists {
                let Some(text) = pair.value.text() else { continue };
                for (name, hash) in name_list(text).filter(|(name, _)| !name.is_empty()) {
                    let weight = name_list(weights).find(|(other, _)| *other == name);
                    let weight = weight.and_then(|(_, weight)| number(weight));
                    let mention = Mention::named(name).hashed(Some(hash)).weighted(weight);
                    speaker.resource(kind, mention, ResourceSources::HASHES, Some(pair.span.clone()));
                }
            }
        }
    }

    /// `LoRA networks` and `LoRA hashes`: names and 8 digits each, joined by place only if there are as many of both.
    fn sdnext_networks(&self, speaker: &mut Speaker<'_, '_>) {
        let list = |key: &str| {
            let pair = self.pairs.iter().find(|pair| pair.key == key)?;
            let entries =
                pair.value.text()?.split([',', ';']).map(str::trim).filter(|entry| !entry.is_empty());
            Some((entries.collect::<Vec<_>>(), pair.span.clone()))
        };
        let (names, hashes) = (list("LoRA networks"), list("LoRA hashes"));
        let hash_texts = hashes.as_ref().map(|(hashes, _)| hashes.as_slice()).unwrap_or_default();
        if let Some((names, span)) = &names {
            let paired = names.len() == hash_texts.len();
            for (at, name) in names.iter().enumerate() {
                let (name, weight) = name.rsplit_once(':').unwrap_or((name, ""));
                let hash = hash_texts.get(at).filter(|_| paired).copied();
                let mention = Mention::named(name).hashed(hash).weighted(number(weight));
                speaker.resource(ResourceKind::Lora, mention, ResourceSources::HASHES, Some(span.clone()));
            }
            if paired {
                return;
            }
        }
        if let Some((hashes, span)) = &hashes {
            for hash in hashes {
                let mention = Mention::default().hashed(Some(hash));
                speaker.resource(ResourceKind::Lora, mention, ResourceSources::HASHES, Some(span.clone()));
            }
        }
    }

    /// `Used embeddings: name [abcd], name [abcd]`: the four digits are a checksum and no hash.
    fn embeddings(&self, speaker: &mut Speaker<'_, '_>) {
        for key in ["Used embeddings", "Embeddings"] {
            let Some((text, span)) = self.first(&[key]) else { continue };
            for entry in text.split([',', ';']).take(MAX_NUMBERED) {
                let name = entry.trim().rsplit_once(" [").map_or(entry, |(name, _)| name);
                let mention = Mention::named(name);
                speaker.resource(
                    ResourceKind::Embedding,
                    mention,
                    ResourceSources::RESOURCES,
                    Some(span.clone()),
                );
            }
        }
    }

    /// `Civitai resources: [{"type": "lora", "weight": 0.7, "air": "..."}]`.
    fn site_resources(&self, speaker: &mut Speaker<'_, '_>) {
        if let Some(list) = self.json("Civitai resources") {
            list.items().iter().for_each(|entry| site_resource(speaker, entry));
        }
        if let Some(extras) = self.json("Civitai metadata") {
            crate::parse::dialect::civitai::extras(speaker, extras);
        }
    }

    /// `AddNet Module 1`, `AddNet Model 1`, `AddNet Weight A 1` and so on.
    fn additional_networks(&self, speaker: &mut Speaker<'_, '_>) {
        for number in 1..=MAX_NUMBERED {
            let of = |key: &str| self.first(&[&format!("AddNet {key} {number}")]);
            let Some((text, span)) = of("Model") else { return };
            let (name, hash) = name_and_hash(text);
            let module = of("Module").map(|(module, _)| module).unwrap_or_default();
            let kind = match module {
                // The extension's own numbers for its two modules, both low-rank adapters.
                "" | "0" | "1" => ResourceKind::Lora,
                word => ResourceKind::from_word(word),
            };
            let weight = of("Weight A").or_else(|| of("Weight")).and_then(|(weight, _)| weight.parse().ok());
            let mention = Mention { name: Some(name), hash, weight, ..Mention::default() };
            speaker.resource(kind, mention, ResourceSources::RESOURCES, Some(span.clone()));
        }
    }

    /// `Lora_0 Model name`, `Lora_0 Model hash`, `Lora_0 Strength model`, `Embedding_0 name`, `Embedding_0 hash`.
    fn numbered(&self, speaker: &mut Speaker<'_, '_>) {
        let families = [("Lora", ResourceKind::Lora), ("Embedding", ResourceKind::Embedding)];
        for (family, kind) in families {
            for number in 0..MAX_NUMBERED {
                let of = |keys: [&str; 2]| {
                    let keys = keys.map(|key| format!("{family}_{number} {key}"));
                    self.first(&keys.each_ref().map(String::as_str))
                };
                let Some((name, span)) = of(["Model name", "name"]) else { break };
                let hash = of(["Model hash", "hash"]).map(|(hash, _)| hash);
                let weight = of(["Strength model", "weight"]).and_then(|(weight, _)| self::number(weight));
                let mention = Mention::named(name).hashed(hash).weighted(weight);
                speaker.resource(kind, mention, ResourceSources::RESOURCES, Some(span.clone()));
            }
        }
    }

    /// `Module 1: ae`: what Forge loads beside the checkpoint, VAEs and text encoders.
    fn modules(&self, speaker: &mut Speaker<'_, '_>) {
        for pair in self.pairs.iter().filter(|pair| is_numbered(pair.key, "Module ")) {
            let Some(name) = pair.value.text() else { continue };
            let lower = name.to_ascii_lowercase();
            let is_vae = lower == "ae" || lower.contains("vae");
            let kind = if is_vae { ResourceKind::Vae } else { ResourceKind::Other };
            let mention = Mention::named(name);
            speaker.resource(kind, mention, ResourceSources::RESOURCES, Some(pair.span.clone()));
        }
    }

    /// `ControlNet 0: "Module: canny, Model: name [hash], Weight: 1, ..."`, in older files `ControlNet Model: name`.
    fn controlnets(&self, speaker: &mut Speaker<'_, '_>) {
        for pair in self.pairs.iter().filter(|pair| pair.key.starts_with("ControlNet")) {
            let Some(text) = pair.value.text() else { continue };
            let (model, weight) = if pair.key.ends_with("Model") {
                (Some(text), None)
            } else {
                let inside = |wanted: &str| {
                    let entries = text.split(',').filter_map(|entry| entry.split_once(':'));
                    entries
                        .into_iter()
                        .find(|(key, _)| key.trim().eq_ignore_ascii_case(wanted))
                        .map(|(_, value)| value)
                };
                (inside("Model"), inside("Weight").and_then(number))
            };
            let Some(model) = model else { continue };
            let (name, hash) = name_and_hash(model);
            let mention = Mention { name: Some(name), hash, weight, ..Mention::default() };
            speaker.resource(
                ResourceKind::Controlnet,
                mention,
                ResourceSources::RESOURCES,
                Some(pair.span.clone()),
            );
        }
    }

    fn upscalers(&self, speaker: &mut Speaker<'_, '_>) {
        for key in
            ["Hires upscaler", "Postprocess upscaler", "Ultimate SD upscale upscaler", "SD upscale upscaler"]
        {
            let Some((name, span)) = self.first(&[key]) else { continue };
            let lower = name.to_ascii_lowercase();
            if BUILT_IN_UPSCALERS.iter().any(|word| lower.starts_with(word)) {
                continue;
            }
            let mention = Mention::named(name);
            speaker.resource(ResourceKind::Upscaler, mention, ResourceSources::RESOURCES, Some(span.clone()));
        }
    }

    /// The object that one save node appends: `checkpoint`, `loras[]` with hashes and version numbers.
    fn recipe(&self, speaker: &mut Speaker<'_, '_>) {
        let Some(range) = &self.frame.recipe else { return };
        let Some(read) = json::parse_at(self.text, range.start, speaker.limits()) else { return };
        recipe(speaker, &read.root);
    }
}

/// An entry of `Civitai resources` or of one of its relatives.
pub(in crate::parse::dialect) fn site_resource(speaker: &mut Speaker<'_, '_>, entry: &Json<'_>) {
    let text = |key: &str| entry.get(key).and_then(Json::text);
    let named = text("air").and_then(air::parse_typed);
    let kind = text("type").map(ResourceKind::from_word).or(named.map(|(_, kind)| kind));
    let weight = ["weight", "strength"].iter().find_map(|key| entry.get(key)?.number());
    let mention = Mention {
        name: text("modelName").map(str::to_owned),
        version: entry.get("modelVersionId").and_then(version),
        air: named.map(|(air, _)| air),
        ..Mention::default()
    };
    let span = Some(entry.span.clone());
    let kind = kind.unwrap_or(ResourceKind::Unknown);
    speaker.resource(kind, mention.weighted(weight), ResourceSources::CIVITAI_RESOURCES, span);
}

/// A recipe as `LoRA Manager` writes it, also as a file beside a picture.
pub(in crate::parse::dialect) fn recipe(speaker: &mut Speaker<'_, '_>, recipe: &Json<'_>) {
    let adapters = recipe.get("loras").map(Json::items).unwrap_or_default();
    let entries = adapters.iter().map(|entry| (entry, ResourceKind::Lora));
    for (entry, kind) in entries.chain(recipe.get("checkpoint").map(|entry| (entry, ResourceKind::Model))) {
        let text = |keys: [&str; 2]| keys.iter().find_map(|key| entry.get(key)?.text());
        let mention = Mention {
            name: text(["file_name", "modelName"]).map(str::to_owned),
            hash: text(["hash", "sha256"]).and_then(hash_of),
            version: entry.get("modelVersionId").and_then(version),
            weight: entry.get("strength").and_then(Json::number),
            ..Mention::default()
        };
        speaker.resource(kind, mention, ResourceSources::RESOURCES, Some(entry.span.clone()));
    }
}

/// A version number of the site.
pub(in crate::parse::dialect) fn version(value: &Json<'_>) -> Option<VersionId> {
    value.integer().and_then(|number| VersionId::new(u64::try_from(number).ok()?))
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// Whether a key is this word and a number.
fn is_numbered(key: &str, word: &str) -> bool {
    let number = key.strip_prefix(word).unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}
