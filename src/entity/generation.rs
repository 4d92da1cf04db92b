//! How a picture was generated, in one normalised view.

use serde::Serialize;

/// Smallest seed that is kept: the smallest signed number of 64 bits.
pub const MIN_SEED: i128 = i64::MIN as i128;

/// Largest seed that is kept: the largest unsigned number of 64 bits.
pub const MAX_SEED: i128 = u64::MAX as i128;

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
    /// Seed, from [`MIN_SEED`] to [`MAX_SEED`]: some programs count as far as 64 bits go without a sign.
    pub seed: Option<i128>,
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
