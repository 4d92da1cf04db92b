//! What the index takes: one flat document for each image.
//!
//! - Input: plain values that the caller flattened from its store.
//! - Output: none; this is a shape. [`crate::Writer`] turns it into an entry of the index.
//! - Never: looks anything up, judges a value, or knows where it came from.

/// The role under which a picture's metadata names a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameKind {
    /// A checkpoint.
    Model,
    /// LoRA and its relatives.
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
    /// Anything else, or not said.
    Other,
}

impl NameKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Model,
        Self::Lora,
        Self::Embedding,
        Self::Hypernetwork,
        Self::Vae,
        Self::Controlnet,
        Self::Upscaler,
        Self::Other,
    ];

    /// The word for this kind, as the query language and the index write it.
    pub fn as_str(self) -> &'static str {
        match self {
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
}

/// One use of a resource by a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DocumentResource {
    /// The caller's number for the resource.
    pub id: u64,
    /// Its strength where the metadata says it. Values that are not finite count as not said.
    pub weight: Option<f64>,
}

/// What was looked for in the metadata of a picture and is no value of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DocumentTraits {
    /// A graph of nodes is kept with it.
    pub workflow: bool,
    /// Content credentials (C2PA) are kept with it.
    pub c2pa: bool,
    /// It declares itself as made or edited by a trained algorithm.
    pub trained: bool,
}

/// One image, flattened. `None` and empty mean "not known".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// The caller's number for the image; unique in the index; hits answer with it.
    pub key: i64,
    /// The site's number for the image, for `id:`.
    pub image: Option<u64>,
    /// The caller's number for the bytes of the image: images with the same one show the same bytes.
    pub media: Option<u64>,
    /// The positive prompt as written, `<lora:...>` tags included.
    pub prompt: Option<String>,
    /// The negative prompt as written.
    pub negative: Option<String>,
    /// Names of resources as written, with their role.
    pub names: Vec<(NameKind, String)>,
    /// The resources it uses, in the caller's order. Duplicates are kept.
    pub resources: Vec<DocumentResource>,
    /// The first of them that is a checkpoint.
    pub model: Option<u64>,
    /// Versions of the site that it was posted for.
    pub posted_for: Vec<u64>,
    /// Canonical sampler, such as `dpmpp_2m`.
    pub sampler: Option<String>,
    /// Canonical scheduler, such as `karras`.
    pub scheduler: Option<String>,
    /// The site's word for the family, such as `SDXL 1.0`.
    pub base_model: Option<String>,
    /// Who posted it.
    pub username: Option<String>,
    /// What made it, such as `comfyui`.
    pub tool: Option<String>,
    /// `image`, `video`, `audio`, `other`.
    pub media_type: Option<String>,
    /// Where it was found: `civitai`, `url` or `local`.
    pub source: Option<String>,
    /// When it was made or posted, in milliseconds since 1970 (UTC).
    pub created_ms: Option<i64>,
    /// Pixels across.
    pub width: Option<u64>,
    /// Pixels down.
    pub height: Option<u64>,
    /// Sampling steps.
    pub steps: Option<u64>,
    /// How many layers of the text encoder were skipped.
    pub clip_skip: Option<u64>,
    /// The post that holds it.
    pub post: Option<u64>,
    /// The site's NSFW level: 0 unrated, 1 none, 2..=3 soft, 4..=7 mature, 8..=31 x, more blocked.
    pub nsfw_bits: Option<u64>,
    /// Likes.
    pub likes: Option<u64>,
    /// Reactions of all good kinds.
    pub reactions: Option<u64>,
    /// Comments.
    pub comments: Option<u64>,
    /// Guidance scale. Not finite counts as not known, as for `denoise`.
    pub cfg: Option<f64>,
    /// Denoising strength.
    pub denoise: Option<f64>,
    /// Seed.
    pub seed: Option<i64>,
    /// How large the stored picture is beside the one that was generated first, in hundredths of its sides: 200 is twice
    /// as wide and twice as high.
    pub upscale_percent: Option<u64>,
    /// What its metadata hold besides; `None` where nobody looked for it.
    pub traits: Option<DocumentTraits>,
}
