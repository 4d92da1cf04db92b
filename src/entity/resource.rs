//! What metadata names: models, LoRAs, embeddings and the rest, as they were written.

use std::fmt;

use super::{Air, HexHash, VersionId};

/// The role that metadata gives to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// Not said.
    Unknown,
    /// A checkpoint: `model`, `checkpoint`, `refiner`, a UNet.
    Model,
    /// LoRA, LoCon, DoRA, LyCORIS.
    Lora,
    /// Textual inversion.
    Embedding,
    /// Hypernetwork.
    Hypernetwork,
    /// VAE.
    Vae,
    /// ControlNet.
    Controlnet,
    /// Upscaler.
    Upscaler,
    /// A role that this version of Stemmata has no word for.
    Other,
}

impl ResourceKind {
    /// Every kind, in the order of their catalog numbers.
    pub const ALL: [Self; 9] = [
        Self::Unknown,
        Self::Model,
        Self::Lora,
        Self::Embedding,
        Self::Hypernetwork,
        Self::Vae,
        Self::Controlnet,
        Self::Upscaler,
        Self::Other,
    ];

    /// The word of the machine contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Model => "model",
            Self::Lora => "lora",
            Self::Embedding => "embedding",
            Self::Hypernetwork => "hypernetwork",
            Self::Vae => "vae",
            Self::Controlnet => "controlnet",
            Self::Upscaler => "upscaler",
            Self::Other => "other",
        }
    }

    /// Reads a word of any generator, of an AIR or of the site's model types; case does not matter.
    ///
    /// Empty text is [`Self::Unknown`], a word without a place here is [`Self::Other`].
    pub fn from_word(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "" | "unknown" => Self::Unknown,
            "model" | "checkpoint" | "refiner" | "refinermodel" | "unet" | "diffusionmodel" | "ckpt"
            | "diffusion_model" => Self::Model,
            "lora" | "loras" | "locon" | "lycoris" | "lyco" | "dora" | "used_loras" => Self::Lora,
            "embed" | "embedding" | "textualinversion" | "ti" => Self::Embedding,
            "hypernet" | "hypernetwork" => Self::Hypernetwork,
            "vae" => Self::Vae,
            "controlnet" => Self::Controlnet,
            "upscaler" => Self::Upscaler,
            _ => Self::Other,
        }
    }

    /// The catalog's number for this kind; never reused.
    pub fn code(self) -> i64 {
        match self {
            Self::Unknown => 0,
            Self::Model => 1,
            Self::Lora => 2,
            Self::Embedding => 3,
            Self::Hypernetwork => 4,
            Self::Vae => 5,
            Self::Controlnet => 6,
            Self::Upscaler => 7,
            Self::Other => 8,
        }
    }

    /// Reads the catalog's number.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One distinct reference as metadata writes it. Stored once, shared by every image that says it.
///
/// At least one of `name`, `hash`, `version`, `air` is present.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    /// The role.
    pub kind: ResourceKind,
    /// The name as written, trimmed; never empty.
    pub name: Option<String>,
    /// The hash, normalised; junk values are kept here and refused when linking.
    pub hash: Option<HexHash>,
    /// A version of the site, named by number or by an AIR.
    pub version: Option<VersionId>,
    /// The AIR it was named by, if it was.
    pub air: Option<Air>,
}

/// Where one image names a resource: a set of the places of its metadata.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceSources(u32);

impl ResourceSources {
    /// `modelVersionIds` of an item of the image index: links that the site detected.
    pub const ITEM_INDEX: Self = Self(1);
    /// `modelVersionIds` of an item of the database path: detected and manual links.
    pub const ITEM_DATABASE: Self = Self(1 << 1);
    /// `civitaiResources`.
    pub const CIVITAI_RESOURCES: Self = Self(1 << 2);
    /// `resources`.
    pub const RESOURCES: Self = Self(1 << 3);
    /// A pair of `hashes`, or of a generator's `Lora hashes` and `TI hashes`.
    pub const HASHES: Self = Self(1 << 4);
    /// `Model hash`, `VAE hash` and their like.
    pub const HASH_KEY: Self = Self(1 << 5);
    /// `additionalResources`, and the lists `models`, `vaes`, `upscalers`, `controlNets`.
    pub const ADDITIONAL: Self = Self(1 << 6);
    /// `versionIds` and `modelIds` of old on-site graphs.
    pub const GRAPH_IDS: Self = Self(1 << 7);
    /// A tag inside the prompt: `<lora:name:0.8>`.
    pub const PROMPT_TAG: Self = Self(1 << 8);
    /// An AIR somewhere else in the metadata.
    pub const AIR: Self = Self(1 << 9);

    const NAMES: [(Self, &'static str); 10] = [
        (Self::ITEM_INDEX, "modelVersionIds (index)"),
        (Self::ITEM_DATABASE, "modelVersionIds (database)"),
        (Self::CIVITAI_RESOURCES, "civitaiResources"),
        (Self::RESOURCES, "resources"),
        (Self::HASHES, "hashes"),
        (Self::HASH_KEY, "hash key"),
        (Self::ADDITIONAL, "additionalResources"),
        (Self::GRAPH_IDS, "graph ids"),
        (Self::PROMPT_TAG, "prompt tag"),
        (Self::AIR, "air"),
    ];

    /// The set as bits, for the catalog.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Takes bits from the catalog; unknown bits are kept.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Both sets together.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether every place of `other` is in this set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether nothing is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names of the places, strongest first.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(bit, _)| self.contains(*bit)).map(|(_, name)| name)
    }
}

/// One image's use of a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceUse {
    /// What it names.
    pub resource: Resource,
    /// How strongly, 1.0 being full; may be negative, zero or above 2. `None` when not said.
    pub weight: Option<f64>,
    /// Where it says so.
    pub sources: ResourceSources,
}
