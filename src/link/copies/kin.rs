//! Pictures that share how they were made: kin, and no copies.
//!
//! - In: generation data as metadata gave it.
//! - Out: `same_settings` and `other_model`, as verdicts on two images and as groups; and which of two copies is the
//!   other made larger.
//! - Never: groups of duplicates. Two seeds are two pictures.

use std::collections::BTreeSet;

use super::{Evidence, MatchClass, Verdict};
use crate::catalog::{Catalog, CatalogError};
use crate::entity::{GenerationData, ImageKey};

/// Which kinship is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinship {
    /// The same prompt and settings, other seeds.
    SameSettings,
    /// The same prompt and seed, other models.
    OtherModel,
}

impl Kinship {
    /// As a class.
    pub fn class(self) -> MatchClass {
        match self {
            Self::SameSettings => MatchClass::SameSettings,
            Self::OtherModel => MatchClass::OtherModel,
        }
    }
}

/// What two images are by their generation data alone; `None` if no kin.
///
/// Prompts are equal but for white space at their ends, and neither is empty. A setting that one of the two does not say
/// does not differ; the seed, and for `other_model` the model, must be said by both.
pub fn kinship(one: &GenerationData, other: &GenerationData) -> Option<Verdict> {
    let prompt = text(&one.prompt)?;
    if text(&other.prompt) != Some(prompt) || text(&one.negative_prompt) != text(&other.negative_prompt) {
        return None;
    }
    let same_seed = one.seed.zip(other.seed).map(|(a, b)| a == b)?;
    let same_model = model(one).zip(model(other)).map(|(a, b)| a == b);
    let differing = differing_settings(one, other);
    let verdict = |class, agrees: &[&'static str], differs: &[&'static str]| Verdict {
        class,
        evidence: Evidence { agrees: agrees.to_vec(), differs: differs.to_vec(), ..Evidence::default() },
    };
    match (same_seed, same_model) {
        (false, None | Some(true)) if !differing => {
            let agrees: &[&str] = if same_model == Some(true) {
                &["prompt", "settings", "model"]
            } else {
                &["prompt", "settings"]
            };
            Some(verdict(MatchClass::SameSettings, agrees, &["seed"]))
        }
        (true, Some(false)) => {
            let differs: &[&str] = if differing { &["model", "settings"] } else { &["model"] };
            Some(verdict(MatchClass::OtherModel, &["prompt", "seed"], differs))
        }
        _ => None,
    }
}

/// Whether the second of two copies is the first made larger by a generator: prompt and seed are the same, it has more
/// pixels, and more than it was generated with or than the first was.
pub fn is_upscaled(
    (smaller, small_size): (&GenerationData, (u32, u32)),
    (larger, large_size): (&GenerationData, (u32, u32)),
) -> bool {
    let pixels = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
    let made = |data: &GenerationData| data.width.zip(data.height).map(pixels);
    let same = text(&smaller.prompt).is_some()
        && text(&smaller.prompt) == text(&larger.prompt)
        && smaller.seed.is_some()
        && smaller.seed == larger.seed;
    // A twentieth more is a generator that rounds sides to multiples of 64.
    let beyond = |base: u64| pixels(large_size) > base + base / 20;
    let grown = made(larger).is_some_and(beyond)
        || made(larger).zip(made(smaller)).is_some_and(|(own, other)| own > other + other / 20);
    same && beyond(pixels(small_size)) && grown
}

/// Groups of kin, by their lowest image; the images of each by key.
///
/// Here a setting that is not said is a value like another, so that groups do not depend on the order of images.
///
/// # Errors
///
/// When the catalog cannot be read.
pub fn groups(catalog: &Catalog, which: Kinship) -> Result<Vec<Vec<ImageKey>>, CatalogError> {
    let mut keyed: Vec<([u8; 16], [u8; 8], ImageKey)> = Vec::new();
    catalog.for_each_generated(|row| -> Result<(), CatalogError> {
        if let Some((shared, apart)) = keys(&row.generation_data, which) {
            keyed.push((shared, apart, row.key));
        }
        Ok(())
    })?;
    keyed.sort_unstable();
    let mut found: Vec<Vec<ImageKey>> = keyed
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|part| part.iter().map(|(_, apart, _)| apart).collect::<BTreeSet<_>>().len() > 1)
        .map(|part| {
            let mut images: Vec<ImageKey> = part.iter().map(|(_, _, key)| *key).collect();
            images.sort_unstable();
            images
        })
        .collect();
    found.sort_unstable();
    Ok(found)
}

/// What kin share, and what tells them apart; `None` for an image that does not say enough.
fn keys(data: &GenerationData, which: Kinship) -> Option<([u8; 16], [u8; 8])> {
    let prompt = text(&data.prompt)?;
    let seed = data.seed?.to_le_bytes();
    let mut shared = blake3::Hasher::new();
    let mut add = |part: &[u8]| {
        shared.update(&(part.len() as u64).to_le_bytes()).update(part);
    };
    add(prompt.as_bytes());
    add(text(&data.negative_prompt).unwrap_or_default().as_bytes());
    let apart = match which {
        Kinship::SameSettings => {
            add(model(data).unwrap_or_default().as_bytes());
            settings(data).iter().for_each(|setting| add(setting.as_bytes()));
            let mut hasher = blake3::Hasher::new();
            hasher.update(&seed);
            first(&hasher)
        }
        Kinship::OtherModel => {
            add(&seed);
            let mut hasher = blake3::Hasher::new();
            hasher.update(model(data)?.as_bytes());
            first(&hasher)
        }
    };
    Some((first(&shared), apart))
}

fn first<const N: usize>(hasher: &blake3::Hasher) -> [u8; N] {
    let mut bytes = [0; N];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

/// Everything but prompt, seed and model, as text.
fn settings(data: &GenerationData) -> [String; 7] {
    [
        data.sampler.clone().unwrap_or_default(),
        data.scheduler.clone().unwrap_or_default(),
        number(data.steps.map(f64::from)),
        number(data.cfg),
        number(data.clip_skip.map(f64::from)),
        number(data.width.map(f64::from)),
        number(data.height.map(f64::from)),
    ]
}

fn number(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn differing_settings(one: &GenerationData, other: &GenerationData) -> bool {
    let differ = |a: &String, b: &String| !a.is_empty() && !b.is_empty() && a != b;
    settings(one).iter().zip(&settings(other)).any(|(a, b)| differ(a, b))
}

fn text(value: &Option<String>) -> Option<&str> {
    value.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// The checkpoint: its hash, else its name.
fn model(data: &GenerationData) -> Option<&str> {
    text(&data.model_hash).or_else(|| text(&data.model))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(seed: i128, model: &str) -> GenerationData {
        GenerationData {
            prompt: Some("a red kite ".into()),
            negative_prompt: Some("blurry".into()),
            sampler: Some("euler".into()),
            steps: Some(20),
            cfg: Some(7.0),
            seed: Some(seed),
            model: Some(model.into()),
            width: Some(512),
            height: Some(768),
            ..GenerationData::default()
        }
    }

    #[track_caller]
    fn check(one: &GenerationData, other: &GenerationData, expected: Option<MatchClass>) {
        let class = |a, b| kinship(a, b).map(|verdict| verdict.class);
        assert_eq!((class(one, other), class(other, one)), (expected, expected));
    }

    #[test]
    fn kin_share_the_prompt_and_differ_in_seed_or_model() {
        let base = data(1, "dream");
        check(&base, &data(2, "dream"), Some(MatchClass::SameSettings));
        check(&base, &data(1, "real"), Some(MatchClass::OtherModel));
        check(&base, &data(1, "dream"), None);
        check(&base, &data(2, "real"), None);
        check(&base, &GenerationData { steps: Some(30), ..data(2, "dream") }, None);
        check(&base, &GenerationData { steps: None, ..data(2, "dream") }, Some(MatchClass::SameSettings));
        check(&base, &GenerationData { prompt: Some("a blue kite".into()), ..data(2, "dream") }, None);
        check(&base, &GenerationData { seed: None, ..data(2, "dream") }, None);
        let silent = GenerationData { prompt: Some(" ".into()), ..data(2, "dream") };
        check(&silent, &silent, None);
    }

    #[test]
    fn a_larger_copy_is_upscaled_only_when_it_has_more_pixels_than_were_generated() {
        let base = data(1, "dream");
        let hires = GenerationData { width: Some(1024), height: Some(1536), ..data(1, "dream") };
        let (small, large) = ((512, 768), (1024, 1536));
        assert!(is_upscaled((&base, small), (&base, large)), "made at 512x768, stored at twice that");
        assert!(is_upscaled((&base, small), (&hires, large)), "generated larger");
        assert!(!is_upscaled((&hires, small), (&hires, large)), "the smaller one was made smaller");
        assert!(!is_upscaled((&base, small), (&data(2, "dream"), large)));
        assert!(!is_upscaled((&base, small), (&base, (512, 784))));
    }
}
