//! How a picture was generated, in one normalised view.

use serde::Serialize;

/// The normalised generation data of one image; absent values are `None`, never guessed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GenerationData {
    /// The positive prompt as written, tags included.
    pub prompt: Option<String>,
    /// The negative prompt as written.
    pub negative_prompt: Option<String>,
    /// Canonical sampler, such as `dpmpp_2m`; see [`super::canonical_sampler`].
    pub sampler: Option<String>,
    /// Canonical scheduler, such as `karras`.
    pub scheduler: Option<String>,
    /// Sampling steps.
    pub steps: Option<u32>,
    /// Classifier-free guidance scale; finite.
    pub cfg: Option<f64>,
    /// Seed; may be negative.
    pub seed: Option<i64>,
    /// Width of the generated picture before any upscaling, in pixels.
    pub width: Option<u32>,
    /// Height of the generated picture before any upscaling, in pixels.
    pub height: Option<u32>,
    /// CLIP layers skipped, counted from 1.
    pub clip_skip: Option<u32>,
    /// Denoising strength, from 0 to 1; finite.
    pub denoise: Option<f64>,
    /// The name of the checkpoint as written.
    pub model: Option<String>,
    /// The hash of the checkpoint as written.
    pub model_hash: Option<String>,
    /// The program that made it: `a1111`, `comfyui`, `swarmui`, `civitai` ...
    pub tool: Option<String>,
    /// The version of that program as written.
    pub tool_version: Option<String>,
}

impl GenerationData {
    /// Whether nothing at all is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
