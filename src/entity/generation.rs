//! How a picture was generated, in one normalised view.

use serde::Serialize;

/// Smallest seed that is kept: the smallest signed number of 64 bits.
pub const MIN_SEED: i128 = i64::MIN as i128;

/// Largest seed that is kept: the largest unsigned number of 64 bits.
pub const MAX_SEED: i128 = u64::MAX as i128;

/// What metadata hold besides values: a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits(u32);

impl Traits {
    /// A graph of nodes, executed or as an editor had it.
    pub const WORKFLOW: Self = Self(1);
    /// Content credentials (C2PA), unverified.
    pub const C2PA: Self = Self(1 << 1);
    /// The declaration of a source type by which a trained algorithm made or edited the picture.
    pub const TRAINED: Self = Self(1 << 2);

    /// The set with these bits.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits of the set; they are stored and never reused.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Both sets.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in it.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

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
    /// What the metadata hold besides; `None` where nobody looked for it.
    #[serde(skip)]
    pub traits: Option<Traits>,
}

impl GenerationData {
    /// Whether nothing at all is known of how it was generated. Traits say nothing of that.
    pub fn is_empty(&self) -> bool {
        *self == Self { traits: self.traits, ..Self::default() }
    }

    /// How many times larger a stored picture is than this one was generated, in hundredths of its sides: 200 is twice as
    /// wide and twice as high. `None` where a size is not known, or the stored picture has another shape.
    pub fn upscale_percent(&self, width: Option<u32>, height: Option<u32>) -> Option<u32> {
        const TOLERANCE: f64 = 0.02;
        let side = |stored: Option<u32>, generated: Option<u32>| {
            let (stored, generated) =
                stored.filter(|side| *side > 0).zip(generated.filter(|side| *side > 0))?;
            Some(f64::from(stored) / f64::from(generated))
        };
        let (across, down) = (side(width, self.width)?, side(height, self.height)?);
        let is_same_shape = (across - down).abs() <= TOLERANCE * across.max(down);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast that saturates")]
        let percent = ((across * down).sqrt() * 100.0).round() as u32;
        is_same_shape.then_some(percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(generated: (u32, u32), stored: (u32, u32), expected: Option<u32>) {
        let data = GenerationData {
            width: Some(generated.0),
            height: Some(generated.1),
            ..GenerationData::default()
        };
        assert_eq!(
            data.upscale_percent(Some(stored.0), Some(stored.1)),
            expected,
            "{generated:?} {stored:?}"
        );
    }

    #[test]
    fn an_enlargement_is_told_where_the_shape_stayed() {
        check((512, 768), (512, 768), Some(100));
        check((512, 768), (1024, 1536), Some(200));
        check((512, 768), (688, 1032), Some(134));
        check((1024, 1024), (512, 512), Some(50));
        check((512, 768), (1024, 1024), None);
        check((512, 768), (768, 512), None);
        check((0, 768), (768, 512), None);
        check((1, 1), (u32::MAX, u32::MAX), Some(u32::MAX));
        assert_eq!(GenerationData::default().upscale_percent(Some(1), Some(1)), None);
    }

    #[test]
    fn traits_say_nothing_of_how_a_picture_was_generated() {
        let data = GenerationData { traits: Some(Traits::C2PA), ..GenerationData::default() };
        assert!(data.is_empty());
        assert!(Traits::C2PA.with(Traits::TRAINED).has(Traits::C2PA) && !Traits::C2PA.has(Traits::TRAINED));
    }
}
