//! Claims: what the metadata of a file says, piece by piece, each with the block and bytes that say it.

use std::fmt;
use std::ops::Range;

use crate::entity::{GenerationData, ImageId, ResourceUse};

use super::{Block, Container};

/// Who wrote a block, by its grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// Automatic1111's infotext and what descends from it: Forge, reForge, `SD.Next` and save nodes.
    Infotext,
    /// ComfyUI's executed graph.
    ComfyPrompt,
    /// ComfyUI's editor graph.
    ComfyWorkflow,
    /// SwarmUI.
    SwarmUi,
    /// InvokeAI, every era.
    InvokeAi,
    /// NovelAI.
    NovelAi,
    /// Fooocus and its relatives (Fooocus-MRE, RuinedFooocus).
    Fooocus,
    /// Easy Diffusion.
    EasyDiffusion,
    /// Draw Things.
    DrawThings,
    /// Midjourney.
    Midjourney,
    /// Civitai's own generator, both eras of JSON; its infotext is [`Self::Infotext`].
    Civitai,
    /// TensorArt.
    TensorArt,
    /// Stability Matrix.
    StabilityMatrix,
    /// The JSON of Hugging Face Spaces.
    HfSpace,
    /// Mochi Diffusion.
    Mochi,
    /// Keys and values of a writer without a grammar here.
    Generic,
    /// Where the picture says that it comes from: C2PA, XMP and IPTC source types, provider labels.
    Provenance,
}

impl Dialect {
    /// The word that output uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Infotext => "infotext",
            Self::ComfyPrompt => "comfyui_prompt",
            Self::ComfyWorkflow => "comfyui_workflow",
            Self::SwarmUi => "swarmui",
            Self::InvokeAi => "invokeai",
            Self::NovelAi => "novelai",
            Self::Fooocus => "fooocus",
            Self::EasyDiffusion => "easy_diffusion",
            Self::DrawThings => "draw_things",
            Self::Midjourney => "midjourney",
            Self::Civitai => "civitai",
            Self::TensorArt => "tensorart",
            Self::StabilityMatrix => "stability_matrix",
            Self::HfSpace => "hf_space",
            Self::Mochi => "mochi",
            Self::Generic => "generic",
            Self::Provenance => "provenance",
        }
    }
}

/// What a claim is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The positive prompt.
    Prompt,
    /// The negative prompt.
    NegativePrompt,
    /// The sampler, canonical.
    Sampler,
    /// The scheduler, canonical.
    Scheduler,
    /// Sampling steps.
    Steps,
    /// Classifier-free guidance scale.
    Cfg,
    /// The seed.
    Seed,
    /// Width of the generated picture, in pixels.
    Width,
    /// Height of the generated picture, in pixels.
    Height,
    /// CLIP layers skipped, counted from 1.
    ClipSkip,
    /// Denoising strength.
    Denoise,
    /// The checkpoint's name.
    Model,
    /// The checkpoint's hash.
    ModelHash,
    /// The program.
    Tool,
    /// The program's version.
    ToolVersion,
    /// A resource that it names.
    Resource,
    /// The image that it was remixed from.
    RemixOf,
    /// Where the picture says that it comes from; the text names the standard and what it says.
    Source,
    /// Anything else, under the name that the writer gave it.
    Other(String),
}

impl Field {
    /// The name that output uses: that of the machine contract where it has one.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Prompt => "prompt",
            Self::NegativePrompt => "negative_prompt",
            Self::Sampler => "sampler",
            Self::Scheduler => "scheduler",
            Self::Steps => "steps",
            Self::Cfg => "cfg",
            Self::Seed => "seed",
            Self::Width => "width",
            Self::Height => "height",
            Self::ClipSkip => "clip_skip",
            Self::Denoise => "denoise",
            Self::Model => "model",
            Self::ModelHash => "model_hash",
            Self::Tool => "tool",
            Self::ToolVersion => "tool_version",
            Self::Resource => "resource",
            Self::RemixOf => "remix_of",
            Self::Source => "source",
            Self::Other(name) => name,
        }
    }
}

/// What a claim says.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number: steps, sizes, and seeds of up to 64 bits of either sign.
    Integer(i128),
    /// A finite number.
    Number(f64),
    /// A resource with its weight.
    Resource(Box<ResourceUse>),
}

/// How much a claim counts where several say different things. Higher ones win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// Guessed: from widgets by position, from a generic key.
    Guess,
    /// Said by a copy that may be stale: the editor graph.
    Stale,
    /// Said by the writer's own grammar.
    Said,
    /// What ran: the executed graph, or the writer's own JSON beside a foreign text.
    Ran,
}

/// One thing that the metadata says.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// About what.
    pub field: Field,
    /// What.
    pub value: Value,
    /// In which grammar.
    pub dialect: Dialect,
    /// How much it counts.
    pub strength: Strength,
    /// The block, by its place in [`Parsed::blocks`].
    pub block: usize,
    /// The bytes of the block's text that say it, where one range does.
    pub span: Option<Range<usize>>,
}

/// Two claims of one file about one field that do not agree.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// About what.
    pub field: Field,
    /// The claim that counts, by its place in [`Parsed::claims`].
    pub kept: usize,
    /// The claim that does not.
    pub other: usize,
}

/// Something damaged, cut or odd that cost only itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// A stable word for scripts, such as `truncated` or `limit`.
    pub code: &'static str,
    /// Where: a chunk, a tag or a key, as far as it is known.
    pub place: String,
    /// What about it, for people.
    pub detail: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            f.write_str(&self.detail)
        } else {
            write!(f, "{}: {}", self.place, self.detail)
        }
    }
}

/// All that the metadata of one file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// What the file is, by its bytes.
    pub container: Container,
    /// Width of the stored picture, in pixels.
    pub width: Option<u32>,
    /// Height of the stored picture, in pixels.
    pub height: Option<u32>,
    /// The raw blocks, verbatim, in the order of the file.
    pub blocks: Vec<Block>,
    /// What they say, in the order of the blocks.
    pub claims: Vec<Claim>,
    /// Where they disagree.
    pub conflicts: Vec<Conflict>,
    /// One view of it all: the strongest claim about each field.
    pub generation: GenerationData,
    /// The resources named, each once, in every spelling joined.
    pub resources: Vec<ResourceUse>,
    /// The image that it was remixed from.
    pub remix_of: Option<ImageId>,
    /// What was damaged, cut or left alone.
    pub warnings: Vec<Warning>,
}
