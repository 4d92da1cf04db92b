//! What a graph loads: checkpoints, VAEs, LoRAs, ControlNets, upscalers and the rest, with their weights.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::entity::ResourceKind;
use crate::parse::json::{Data, Json};
use crate::parse::prompt;

use super::graph::{Input, Link, Node, natural};
use super::live::Live;
use super::walk::{MAX_CHAIN, Walk, Want};

/// Endings of the files that models come in.
const EXTENSIONS: [&str; 9] = ["safetensors", "sft", "ckpt", "pt", "pth", "bin", "gguf", "onnx", "engine"];

/// Slots of one node that are looked at.
const MAX_SLOTS: usize = 128;

/// One thing that a node loads.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Loaded {
    pub(super) kind: ResourceKind,
    /// The name as written, perhaps an AIR.
    pub(super) name: String,
    pub(super) weight: Option<f64>,
    pub(super) span: Option<Range<usize>>,
    pub(super) positional: bool,
    /// Whether it came from a tag inside of a text.
    pub(super) tag: bool,
}

impl<'a> Walk<'_, 'a> {
    /// Everything that a node loads.
    pub(super) fn loaded(&self, at: usize, node: &Node<'a>, live: &Live) -> Vec<Loaded> {
        let mut found = self.loras(node);
        for (name, input) in &node.inputs {
            let Some(kind) = kind_of(node, name, live, at) else { continue };
            found.extend(self.named(node, name, *input, kind));
        }
        found
    }

    /// The file that an input names, if it names one.
    fn named(&self, node: &Node<'a>, key: &str, input: Input<'a>, kind: ResourceKind) -> Option<Loaded> {
        let (name, span, positional) = self.file_name(node, key, input)?;
        // Quantised models may be folders, whose names have no ending.
        let is_folder = key == "model_path" && node.class_has("loader");
        let is_sure = is_folder || key.ends_with("_name") && key != "model_name" || key.ends_with("_file");
        if is_nothing(&name) || !(is_sure || is_file(&name) || is_air(&name)) {
            return None;
        }
        let kind = if kind == ResourceKind::Unknown { ResourceKind::Other } else { kind };
        Some(Loaded { kind, name, weight: None, span, positional, tag: false })
    }

    /// The text of an input that names a file; links are followed, and on-site selectors looked up.
    fn file_name(
        &self,
        node: &Node<'a>,
        key: &str,
        input: Input<'a>,
    ) -> Option<(String, Option<Range<usize>>, bool)> {
        let link = match input {
            Input::Literal(json) => {
                let text = json.text().or_else(|| json.get("content").and_then(Json::text))?;
                return Some((text.trim().to_owned(), Some(json.span.clone()), node.positional));
            }
            Input::Link(link) => link,
        };
        if !key.ends_with("_name") && !key.ends_with("_path") && !key.starts_with("lora") && key != "ckpt" {
            // Models themselves come through such inputs, not their names.
            return None;
        }
        let (link, producer) = self.target(link)?;
        if let Some(selected) = selected(producer, link) {
            return Some((selected, None, false));
        }
        let found =
            self.scalar(producer, &[key, "value", "string", "model_name", "ckpt_name"], Want::Text, 0)?;
        Some((found.text()?.trim().to_owned(), found.span.clone(), found.positional))
    }

    /// The LoRAs that a node adds, in each of the ways in which nodes say it.
    fn loras(&self, node: &Node<'a>) -> Vec<Loaded> {
        if is_off(node.literal("enabled")) || is_off(node.literal("toggle")) {
            return Vec::new();
        }
        let mut found = lora_objects(node);
        let listed = lora_list(node);
        let has_list = listed.is_some();
        found.extend(listed.unwrap_or_default());
        found.extend(self.numbered_loras(node));
        found.extend(self.single_lora(node));
        if !has_list && reads_tags(node) {
            let texts = ["lora_syntax", "populated_text", "text", "prompt", "wildcard_text", "tags"];
            let text = texts
                .iter()
                .find_map(|name| self.text(node, node.input(name)?, 0).filter(|text| !text.text.is_empty()));
            found.extend(text.iter().flat_map(|text| tagged(&text.text, node.positional)));
        }
        found
            .retain(|lora| !is_nothing(&lora.name) && lora.weight.is_none_or(|weight| weight.abs() >= 0.001));
        found
    }

    /// `lora_name` or `lora` with a strength beside.
    fn single_lora(&self, node: &Node<'a>) -> Option<Loaded> {
        let key = *["lora_name", "lora"].iter().find(|key| node.has(key))?;
        let (name, span, positional) = self.file_name(node, key, node.input(key)?)?;
        if key == "lora" && !is_file(&name) && !is_air(&name) {
            return None;
        }
        let weight = self.weight(
            node,
            &["strength_model", "lora_model_strength", "model_strength", "strength", "weight", "lora_weight"],
        );
        Some(Loaded { kind: ResourceKind::Lora, name, weight, span, positional, tag: false })
    }

    /// Slots with numbers in their names: `lora_01`, `lora_name_1`, `lora_1_name`.
    fn numbered_loras(&self, node: &Node<'a>) -> Vec<Loaded> {
        let number =
            |name: &str| self.scalar(node, &[name], Want::Number, 0).and_then(|found| found.integer());
        let count = number("lora_count").or_else(|| number("num_loras"));
        let simple = node.literal("input_mode").or_else(|| node.literal("mode")).and_then(Json::text)
            == Some("simple");
        let mut slots: Vec<(i128, &str, &str)> =
            node.inputs.iter().filter_map(|(name, _)| slot(name)).take(MAX_SLOTS).collect();
        slots.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| natural(a.2, b.2)));
        let mut found = Vec::new();
        for (number, digits, key) in slots {
            let is_used = count.is_none_or(|count| number <= count);
            if !is_used || is_off(node.literal(&format!("switch_{digits}"))) {
                continue;
            }
            let Some((name, span, positional)) =
                node.input(key).and_then(|input| self.file_name(node, key, input))
            else {
                continue;
            };
            let (plain, split): (Vec<String>, Vec<String>) = (
                ["lora_wt_#", "strength_#", "lora_#_strength", "lora_strength_#", "weight_#"]
                    .map(|key| key.replace('#', digits))
                    .to_vec(),
                ["model_str_#", "model_weight_#", "lora_#_model_strength", "strength_model_#"]
                    .map(|key| key.replace('#', digits))
                    .to_vec(),
            );
            let order = if simple { [plain, split] } else { [split, plain] };
            let keys: Vec<&str> = order.iter().flatten().map(String::as_str).collect();
            let weight = self.weight(node, &keys);
            found.push(Loaded { kind: ResourceKind::Lora, name, weight, span, positional, tag: false });
        }
        found
    }

    fn weight(&self, node: &Node<'a>, keys: &[&str]) -> Option<f64> {
        self.scalar(node, keys, Want::Number, 0).and_then(|found| found.number())
    }

    /// The loader behind the model of a pass, and whether the model was merged on the way.
    pub(super) fn model(&self, node: &Node<'a>, live: &Live) -> (Option<Loaded>, Option<usize>) {
        let from = |node: &Node<'a>| {
            ["model", "MODEL", "unet", "base_model", "sdxl_tuple"].iter().find_map(|name| {
                match self.lookup(node, name)? {
                    (_, Input::Link(link)) => Some(link),
                    _ => None,
                }
            })
        };
        let guider = self.behind(node, "guider");
        let own = self.checkpoint(node, live, usize::MAX);
        if own.is_some() {
            return (own, None);
        }
        let Some(mut next) = from(node).or_else(|| guider.and_then(from)) else {
            return (self.bundled_checkpoint(node, live), None);
        };
        let mut seen = BTreeSet::new();
        loop {
            if !self.step() || !seen.insert(next.node) {
                return (None, None);
            }
            let Some((link, node)) = self.target(next) else { return (None, None) };
            if node.link("model1").is_some() && node.link("model2").is_some() {
                return (None, Some(link.node));
            }
            if let Some(loaded) = self.checkpoint(node, live, link.node) {
                return (Some(loaded), None);
            }
            let passed = from(node).or_else(|| first_link(node, &["value", "input", "anything", "any_01"]));
            let Some(link) = passed else { return (None, None) };
            next = link;
        }
    }

    /// The checkpoint that the maker of a bundle loads.
    fn bundled_checkpoint(&self, node: &Node<'a>, live: &Live) -> Option<Loaded> {
        let keys = ["ckpt_name", "base_ckpt_name", "unet_name"];
        let (loader, _) = keys.iter().find_map(|key| self.lookup(node, key))?;
        self.checkpoint(loader, live, usize::MAX)
    }

    /// The only checkpoint that any live node loads; `None` if there are several.
    pub(super) fn only_checkpoint(&self, live: &Live) -> Option<Loaded> {
        let mut only: Option<Loaded> = None;
        for at in &live.nodes {
            let Some(node) = self.node(*at) else { continue };
            let Some(loaded) = self.checkpoint(node, live, *at) else { continue };
            if only.as_ref().is_some_and(|only| only.name != loaded.name) {
                return None;
            }
            only = only.or(Some(loaded));
        }
        only
    }

    /// The checkpoint or diffusion model that a node loads itself.
    fn checkpoint(&self, node: &Node<'a>, live: &Live, at: usize) -> Option<Loaded> {
        let keys = [
            "ckpt_name",
            "base_ckpt_name",
            "unet_name",
            "gguf_name",
            "model_path",
            "diffusion_name",
            "model_name",
            "model",
            "ckpt",
            "checkpoint",
        ];
        keys.iter().find_map(|key| {
            let input = node.input(key)?;
            let kind = kind_of(node, key, live, at)?;
            let loaded = self.named(node, key, input, kind)?;
            (loaded.kind == ResourceKind::Model || loaded.kind == ResourceKind::Vae)
                .then_some(Loaded { kind: ResourceKind::Model, ..loaded })
        })
    }

    /// A merge in words: its parents in order and how they were mixed.
    pub(super) fn merge(&self, at: usize, live: &Live, depth: u32) -> Option<String> {
        let node = self.node(at)?;
        if depth >= MAX_CHAIN || !self.step() {
            return None;
        }
        let parent = |key: &str| {
            let mut link = node.link(key)?;
            for _ in 0..MAX_CHAIN {
                let (target, node) = self.target(link)?;
                if node.link("model1").is_some() && node.link("model2").is_some() {
                    return self
                        .merge(target.node, live, depth.saturating_add(1))
                        .map(|text| format!("({text})"));
                }
                if let Some(loaded) = self.checkpoint(node, live, target.node) {
                    return Some(loaded.name);
                }
                link = first_link(node, &["model", "MODEL", "unet", "value"])?;
            }
            None
        };
        let (first, second) = (parent("model1")?, parent("model2")?);
        let setting = ["ratio", "multiplier"].iter().find_map(|key| {
            let number = self.weight(node, &[key])?;
            Some(format!(", {key} {number}"))
        });
        let text = format!("{} {first} + {second}{}", node.class, setting.unwrap_or_default());
        self.spend(text.len()).then_some(text)
    }
}

/// What the value of an input loads; `None` for inputs that name no file.
fn kind_of(node: &Node<'_>, key: &str, live: &Live, at: usize) -> Option<ResourceKind> {
    let lower = key.to_ascii_lowercase();
    let kind = match lower.as_str() {
        "ckpt_name" | "base_ckpt_name" => {
            let takes = |slot: usize| live.taken.contains(&Link { node: at, slot });
            // A checkpoint may be loaded for its VAE alone.
            let only_vae = takes(2) && !takes(0) && !takes(1) && node.class_has("checkpointloader");
            if only_vae { ResourceKind::Vae } else { ResourceKind::Model }
        }
        "refiner_ckpt_name" | "unet_name" | "gguf_name" | "diffusion_name" => ResourceKind::Model,
        "vae_name" => ResourceKind::Vae,
        "control_net_name" | "controlnet_name" => ResourceKind::Controlnet,
        "hypernetwork_name" => ResourceKind::Hypernetwork,
        "upscale_model_name" | "upscale_model" => ResourceKind::Upscaler,
        "model_name" if node.class_has("upscale") => ResourceKind::Upscaler,
        "model_name" if is_helper(node) => ResourceKind::Other,
        "model_name" if node.class_has("controlnet") => ResourceKind::Controlnet,
        "model_name" if node.class_has("vae") => ResourceKind::Vae,
        "model_name" | "model_path" | "ckpt" | "checkpoint" => ResourceKind::Model,
        "model" if node.class_has("vae") => ResourceKind::Vae,
        "model" if node.class_has("lora") => return None,
        "model" if node.class_has("controlnet") => ResourceKind::Controlnet,
        "model" if is_helper(node) => ResourceKind::Other,
        "model" => ResourceKind::Model,
        "style_model_name" | "ipadapter_file" | "gligen_name" | "clip_vision_name" => ResourceKind::Other,
        name if name.starts_with("clip_name") || name.starts_with("text_encoder") => ResourceKind::Other,
        _ => return None,
    };
    Some(kind)
}

/// Whether a class finds things in pictures or looks at them, rather than painting any.
fn is_helper(node: &Node<'_>) -> bool {
    [
        "detector",
        "sam",
        "segm",
        "ultralytics",
        "preprocessor",
        "insight",
        "clip",
        "facerestore",
        "reactor",
        "rembg",
        "t5",
        "gemma",
        "interpol",
        "rife",
    ]
    .iter()
    .any(|word| node.class_has(word) && !node.class_has("sampl"))
}

fn first_link(node: &Node<'_>, names: &[&str]) -> Option<Link> {
    names.iter().find_map(|name| node.link(name))
}

/// A slot's number, its digits as written, and its key.
fn slot(key: &str) -> Option<(i128, &str, &str)> {
    let rest = key.strip_prefix("lora_name_").or_else(|| key.strip_prefix("lora_"))?;
    let digits = rest.strip_suffix("_name").unwrap_or(rest);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some((digits.parse().ok()?, digits, key))
}

/// Objects such as `{on, lora, strength}` under any name.
fn lora_objects(node: &Node<'_>) -> Vec<Loaded> {
    let objects = node.inputs.iter().filter_map(|(_, input)| match input {
        Input::Literal(json) if json.is_object() => Some(*json),
        _ => None,
    });
    objects
        .filter(|json| !is_off(json.get("on")))
        .filter_map(|json| lora_object(node, json, "lora"))
        .collect()
}

/// A list of `{name, strength, active}`, perhaps wrapped. `None` where there is no list.
fn lora_list(node: &Node<'_>) -> Option<Vec<Loaded>> {
    let list = node.literal("loras")?;
    let list = list.get("__value__").unwrap_or(list);
    if !list.is_array() {
        return None;
    }
    let active = list.items().iter().filter(|json| !is_off(json.get("active")));
    Some(active.filter_map(|json| lora_object(node, json, "name")).collect())
}

fn lora_object(node: &Node<'_>, json: &Json<'_>, key: &str) -> Option<Loaded> {
    let name = json.get(key)?;
    let weight = json.get("strength").or_else(|| json.get("weight")).and_then(Json::number);
    Some(Loaded {
        kind: ResourceKind::Lora,
        name: name.text()?.trim().to_owned(),
        weight,
        span: Some(name.span.clone()),
        positional: node.positional,
        tag: false,
    })
}

/// Whether a node of this class loads what the tags of its text name. To the core encoder they are prose.
fn reads_tags(node: &Node<'_>) -> bool {
    let words = [
        "lora",
        "wildcard",
        "pctextencode",
        "pclazy",
        "prompt control",
        "promptcontrol",
        "mikey",
        "power prompt",
    ];
    node.has("lora_syntax") || words.iter().any(|word| node.class_has(word))
}

fn tagged(text: &str, positional: bool) -> Vec<Loaded> {
    let tags = prompt::tags(text).into_iter();
    let loaded = |tag: prompt::PromptTag<'_>| Loaded {
        kind: tag.kind,
        name: tag.name.to_owned(),
        weight: tag.weight,
        span: None,
        positional,
        tag: true,
    };
    tags.map(loaded).collect()
}

/// The embeddings that a prompt calls for: `embedding:folder/name.pt`.
pub(super) fn embeddings(text: &str) -> Vec<&str> {
    const MARK: &str = "embedding:";
    let mut found = Vec::new();
    let mut end = 0_usize;
    for (at, _) in text.match_indices(MARK) {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        if at < end || before.is_some_and(char::is_alphanumeric) || found.len() >= prompt::MAX_TAGS {
            continue;
        }
        let rest = text.get(at..).and_then(|rest| rest.strip_prefix(MARK)).unwrap_or_default();
        let name = embedding_name(rest);
        end = at.saturating_add(MARK.len()).saturating_add(name.len());
        if !name.is_empty() && name.len() <= prompt::MAX_TAG_BYTES {
            found.push(name);
        }
    }
    found
}

/// The name that a text starts with: up to a blank, a comma, a bracket or a weight.
fn embedding_name(text: &str) -> &str {
    let ends =
        |c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')' | '<' | '>' | '|' | '[' | ']' | '{' | '}');
    let word = text.get(..text.find(ends).unwrap_or(text.len())).unwrap_or_default();
    // An identifier has colons of its own; its weight comes after its version.
    let is_identifier = word.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("urn:"));
    let from = if is_identifier { word.find('@').unwrap_or(word.len()) } else { 0 };
    let colon = word.get(from..).and_then(|tail| tail.find(':')).map(|colon| colon.saturating_add(from));
    word.get(..colon.unwrap_or(word.len())).unwrap_or(word)
}

/// The AIR that an on-site selector gives to one of its outputs.
fn selected(node: &Node<'_>, link: Link) -> Option<String> {
    let table = node.literal("resources_json").and_then(Json::text);
    let limits = crate::parse::Limits::default();
    let document = table.and_then(|table| crate::parse::json::parse(table, &limits));
    let by_slot = document.as_ref().and_then(|document| document.root.get("bySlot"));
    let chosen = by_slot
        .and_then(|slots| slots.get(&link.slot.to_string()))
        .and_then(|json| json.text().or_else(|| json.get("air").and_then(Json::text)));
    let chosen = chosen.map(str::to_owned);
    chosen.or_else(|| node.literal("air").and_then(Json::text).map(str::to_owned))
}

pub(super) fn is_file(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty() && EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
    })
}

fn is_air(name: &str) -> bool {
    name.get(..8).is_some_and(|head| head.eq_ignore_ascii_case("urn:air:"))
        || name.get(..8).is_some_and(|head| head.eq_ignore_ascii_case("civitai:"))
}

fn is_nothing(name: &str) -> bool {
    let lower = name.trim().to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "" | "none" | "baked vae" | "default" | "use same choices" | "automatic" | "undefined" | "null"
    )
}

fn is_off(json: Option<&Json<'_>>) -> bool {
    json.is_some_and(|json| match &json.data {
        Data::Bool(value) => !value,
        Data::Text(text) => {
            matches!(text.to_ascii_lowercase().as_str(), "off" | "false" | "disable" | "disabled")
        }
        _ => false,
    })
}
