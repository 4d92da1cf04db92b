//! How often strangers come close in this very catalog, and which thresholds that allows.
//!
//! - In: everything that can be compared, and how many pictures to draw.
//! - Out: for each threshold the expected number of false pairs, with an honest bound where none was seen, and the largest
//!   threshold that keeps a wanted precision.
//! - Never: labels. Strangers are made: a picture's mirror image is no copy of any other picture, and yet it is composed,
//!   lit and coloured as pictures of this catalog are.
//!
//! Each drawn picture is compared with all others as it is, which counts the pairs that a threshold accepts, and
//! mirrored, which counts those that it should not accept. A mirrored hit on a picture that is near without the mirror as
//! well is a symmetric picture and its copy, and does not count; a mirrored copy counts, so that a catalog with many of
//! them looks worse than it is. What this cannot see is told as `other_prompt`: pairs that
//! are near as they are while their prompts are known and differ. Those are real look-alikes, or copies whose prompt was
//! edited, so that they bound the false pairs from above.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::Serialize;
use stemmata_index::near::codes::{Code, CodeSet};
use stemmata_index::near::{Aspect, DIMENSIONS, Feature, NearSet};

use super::copies::{Compared, Look, MOST_BITS, colours_agree};
use super::duplicates::DEFAULT_THRESHOLD;
use crate::catalog::MediaId;
use crate::entity::Turn;

/// Thresholds of BlurHash distances that are looked at.
const BLUR_STEPS: [f32; 9] = [0.06, 0.10, 0.14, 0.18, 0.22, 0.26, 0.30, 0.34, 0.38];

/// Thresholds of bits that are looked at, where the colours agree; see [`colours_agree`].
const BIT_STEPS: [u32; 10] = [4, 8, 12, 16, 20, 24, 28, 31, 34, 38];

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct CalibrateOptions {
    /// Share of true copies among accepted pairs that a threshold must keep.
    pub precision: f64,
    /// Pictures to draw of each kind and shape; all of them where there are fewer.
    pub samples: usize,
    /// Where the random numbers begin.
    pub seed: u64,
}

/// What compares pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Bits of 192, where chroma agrees.
    Pixels,
    /// Distance of BlurHash coefficients, where the shapes agree.
    Blurhash,
}

/// Pictures of one class of shapes, which are compared among themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// All of them.
    All,
    /// Higher than wide.
    Portrait,
    /// As high as wide, up to a twentieth.
    Square,
    /// Wider than high.
    Landscape,
    /// Of unknown size.
    Unknown,
}

impl Shape {
    fn of(aspect: Aspect) -> Self {
        match aspect.ratio() {
            ratio if ratio <= 0.0 => Self::Unknown,
            ratio if ratio < 0.95 => Self::Portrait,
            ratio if ratio <= 1.05 => Self::Square,
            _ => Self::Landscape,
        }
    }
}

/// One threshold of one kind and shape.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// What compares.
    pub kind: Kind,
    /// Which pictures.
    pub shape: Shape,
    /// The threshold: a distance or bits.
    pub threshold: f64,
    /// Pictures that there are.
    pub pictures: u64,
    /// Pictures that were drawn.
    pub sampled: u64,
    /// Mirrored pictures that were within the threshold of another.
    pub strangers_seen: u64,
    /// Of the drawn pictures, those that had such a stranger.
    pub sampled_with_strangers: u64,
    /// False pairs to expect among all pictures.
    pub false_pairs: f64,
    /// What they stay below with a probability of 95 %, the drawn pictures being as good as any.
    pub false_pairs_at_most: f64,
    /// Pairs within the threshold to expect among all pictures, true and false.
    pub accepted_pairs: f64,
    /// Of those, pairs whose prompts are known and differ.
    pub other_prompt_pairs: f64,
    /// Share of accepted pairs that are no strangers, by the expected number; `None` where no pair is accepted.
    pub precision: Option<f64>,
    /// The same by the bound.
    pub precision_at_least: Option<f64>,
}

/// All thresholds, and what they suggest.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Calibration {
    /// By kind, shape, threshold.
    pub steps: Vec<Step>,
    /// Pictures left out because they are flat: nothing can be told apart in them.
    pub flat: u64,
}

impl Calibration {
    /// The largest threshold that keeps a precision, by the expected number of false pairs and by its bound.
    pub fn suggested(&self, kind: Kind, shape: Shape, precision: f64) -> (Option<f64>, Option<f64>) {
        let steps: Vec<&Step> =
            self.steps.iter().filter(|step| (step.kind, step.shape) == (kind, shape)).collect();
        // A step counts only if all below it do: a rate that rises and falls again is noise.
        let largest = |value: fn(&Step) -> Option<f64>| {
            let kept = steps.iter().take_while(|step| value(step).is_none_or(|share| share >= precision));
            kept.filter(|step| value(step).is_some()).map(|step| step.threshold).reduce(f64::max)
        };
        (largest(|step| step.precision), largest(|step| step.precision_at_least))
    }
}

/// Measures. `prompt` gives a number for the prompt of a media where it is known.
pub fn calibrate(
    compared: Compared,
    options: CalibrateOptions,
    prompt: impl Fn(MediaId) -> Option<u64> + Sync,
) -> Calibration {
    let mut calibration = Calibration::default();
    let looks: Vec<&Look> = compared.looks.all().iter().filter(|look| look.comparable().is_some()).collect();
    calibration.flat = (compared.looks.all().len() - looks.len()) as u64;
    calibration.steps.extend(by_pixels(&looks, options, &prompt));
    let mut shapes: Vec<(u64, Shape, Aspect, Feature)> = compared
        .blurs
        .iter()
        .map(|entry| (entry.id, Shape::of(entry.aspect), entry.aspect, entry.feature.clone()))
        .collect();
    shapes.sort_unstable_by_key(|(id, ..)| *id);
    let set = NearSet::build(compared.blurs);
    calibration.steps.extend(by_blurhash(&set, &shapes, options, &prompt));
    calibration
}

/// What one drawn picture met at each threshold.
struct Met {
    shape: Shape,
    accepted: Vec<u64>,
    strangers: Vec<u64>,
    other_prompt: Vec<u64>,
}

impl Met {
    /// From neighbours as it is and mirrored, each with its distance.
    fn new(
        shape: Shape,
        steps: &[f64],
        straight: &[(f64, u64)],
        mirrored: &[(f64, u64)],
        differs: impl Fn(u64) -> bool,
    ) -> Self {
        let near: BTreeSet<u64> = straight.iter().map(|(_, id)| *id).collect();
        let count = |hits: &[(f64, u64)], takes: &dyn Fn(u64) -> bool| {
            let within = |step: &f64| {
                hits.iter().filter(|(distance, id)| distance <= step && takes(*id)).count() as u64
            };
            steps.iter().map(within).collect()
        };
        Self {
            shape,
            accepted: count(straight, &|_| true),
            strangers: count(mirrored, &|id| !near.contains(&id)),
            other_prompt: count(straight, &differs),
        }
    }
}

fn by_pixels(
    looks: &[&Look],
    options: CalibrateOptions,
    prompt: &(impl Fn(MediaId) -> Option<u64> + Sync),
) -> Vec<Step> {
    let codes = looks
        .iter()
        .enumerate()
        .filter_map(|(place, look)| Some((place as u64, Code(look.comparable()?.code()))));
    let set = CodeSet::build(codes.collect());
    let steps: Vec<f64> = BIT_STEPS.iter().map(|bits| f64::from(*bits)).collect();
    let most = BIT_STEPS.iter().copied().max().unwrap_or(MOST_BITS);
    let shape = |look: &Look| {
        look.pixels
            .as_ref()
            .map_or(Shape::Unknown, |(seen, _)| Shape::of(Aspect::of(seen.width, seen.height)))
    };
    let ids: Vec<u64> = (0..looks.len() as u64).collect();
    let drawn = draw(&ids, |place| looks[place].media.get(), options);
    let met: Vec<Met> = drawn
        .par_iter()
        .filter_map(|place| {
            let look = looks[*place];
            let seen = look.comparable()?;
            let hits = |seen: &crate::entity::Fingerprint| -> Vec<(f64, u64)> {
                let near = set.within(&Code(seen.code()), most).into_iter();
                let others = near.filter(|hit| hit.id != *place as u64);
                let agrees = |id: u64, bits: u32| {
                    let other = usize::try_from(id).ok().and_then(|at| looks.get(at)?.comparable());
                    other.is_some_and(|other| colours_agree(bits, other.chroma_apart(seen)))
                };
                others
                    .filter(|hit| agrees(hit.id, hit.distance))
                    .map(|hit| (f64::from(hit.distance), hit.id))
                    .collect()
            };
            let own = prompt(look.media);
            let differs = |id: u64| {
                let other = usize::try_from(id).ok().and_then(|at| prompt(looks.get(at)?.media));
                own.zip(other).is_some_and(|(a, b)| a != b)
            };
            let mirrored = hits(&seen.turned(Turn::FlipHorizontal));
            Some(Met::new(shape(look), &steps, &hits(seen), &mirrored, differs))
        })
        .collect();
    let mut counts: BTreeMap<Shape, u64> = BTreeMap::new();
    looks.iter().for_each(|look| *counts.entry(shape(look)).or_default() += 1);
    summed(Kind::Pixels, &steps, &met, &counts)
}

fn by_blurhash(
    set: &NearSet,
    shapes: &[(u64, Shape, Aspect, Feature)],
    options: CalibrateOptions,
    prompt: &(impl Fn(MediaId) -> Option<u64> + Sync),
) -> Vec<Step> {
    let steps: Vec<f64> = BLUR_STEPS.iter().map(|step| rounded(*step)).collect();
    let most = BLUR_STEPS.iter().copied().fold(DEFAULT_THRESHOLD, f32::max);
    let ids: Vec<u64> = shapes.iter().map(|(id, ..)| *id).collect();
    let drawn = draw(&ids, |place| ids[place], options);
    let met: Vec<Met> = drawn
        .par_iter()
        .map(|place| {
            let (id, shape, aspect, feature) = &shapes[*place];
            let hits = |feature: &Feature| -> Vec<(f64, u64)> {
                let near = set.within(feature, *aspect, most).into_iter();
                near.filter(|hit| hit.id != *id).map(|hit| (rounded(hit.distance), hit.id)).collect()
            };
            let own = MediaId::new(*id).and_then(prompt);
            let differs =
                |other: u64| own.zip(MediaId::new(other).and_then(prompt)).is_some_and(|(a, b)| a != b);
            Met::new(*shape, &steps, &hits(feature), &hits(&mirrored(feature)), differs)
        })
        .collect();
    let mut counts: BTreeMap<Shape, u64> = BTreeMap::new();
    shapes.iter().for_each(|(_, shape, ..)| *counts.entry(*shape).or_default() += 1);
    summed(Kind::Blurhash, &steps, &met, &counts)
}

/// The feature of the mirror image: waves that are odd from left to right change their sign.
///
/// A feature is 15 triples of waves, row by row without the first, and the mean colour.
fn mirrored(feature: &Feature) -> Feature {
    let mut values = *feature.values();
    for (place, value) in values.iter_mut().enumerate().take(DIMENSIONS - 3) {
        let column = (place / 3 + 1) % 4;
        if column % 2 == 1 {
            *value = -*value;
        }
    }
    Feature::new(values).expect("another sign is as large")
}

/// Positions of pictures, drawn by a number that follows from each and the seed.
fn draw(ids: &[u64], name: impl Fn(usize) -> u64, options: CalibrateOptions) -> Vec<usize> {
    let mut numbered: Vec<(u64, usize)> =
        (0..ids.len()).map(|place| (scrambled(options.seed, name(place)), place)).collect();
    numbered.sort_unstable();
    numbered.truncate(options.samples);
    numbered.into_iter().map(|(_, place)| place).collect()
}

/// The finaliser of SplitMix64.
fn scrambled(seed: u64, number: u64) -> u64 {
    let mut mixed =
        number.wrapping_add(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn rounded(distance: f32) -> f64 {
    (f64::from(distance) * 10_000.0).round() / 10_000.0
}

fn summed(kind: Kind, steps: &[f64], met: &[Met], counts: &BTreeMap<Shape, u64>) -> Vec<Step> {
    let mut found = Vec::new();
    for shape in [Shape::All, Shape::Portrait, Shape::Square, Shape::Landscape, Shape::Unknown] {
        let of_shape: Vec<&Met> =
            met.iter().filter(|met| shape == Shape::All || met.shape == shape).collect();
        let pictures = match shape {
            Shape::All => counts.values().sum(),
            shape => counts.get(&shape).copied().unwrap_or_default(),
        };
        if of_shape.is_empty() {
            continue;
        }
        for (place, threshold) in steps.iter().enumerate() {
            found.push(step(kind, shape, *threshold, pictures, &of_shape, place));
        }
    }
    found
}

#[expect(clippy::cast_precision_loss, reason = "counts of pictures and pairs are far below 2^52")]
fn step(kind: Kind, shape: Shape, threshold: f64, pictures: u64, met: &[&Met], place: usize) -> Step {
    let sum = |of: fn(&Met) -> &[u64]| met.iter().map(|met| of(met)[place]).sum::<u64>();
    let strangers_seen = sum(|met| &met.strangers);
    let with = met.iter().filter(|met| met.strangers[place] > 0).count() as f64;
    let sampled = met.len() as f64;
    // Each pair has two ends, and either may be drawn.
    let pairs = |seen: f64| seen / sampled * pictures as f64 / 2.0;
    let accepted_pairs = pairs(sum(|met| &met.accepted) as f64);
    let false_pairs = pairs(strangers_seen as f64);
    // Pictures are drawn, not pairs: the bound is one on the share of pictures that have a stranger, and each of those
    // is taken to have as many as those that were seen to have one.
    let each = if with > 0.0 { strangers_seen as f64 / with } else { 1.0 };
    let false_pairs_at_most = pairs(at_most(with, sampled) * sampled * each);
    let share = |wrong: f64| (accepted_pairs > 0.0).then(|| (1.0 - wrong / accepted_pairs).max(0.0));
    Step {
        kind,
        shape,
        threshold,
        pictures,
        sampled: met.len() as u64,
        strangers_seen,
        sampled_with_strangers: met.iter().filter(|met| met.strangers[place] > 0).count() as u64,
        false_pairs,
        false_pairs_at_most,
        accepted_pairs,
        other_prompt_pairs: pairs(sum(|met| &met.other_prompt) as f64),
        precision: share(false_pairs),
        precision_at_least: share(false_pairs_at_most),
    }
}

/// What a share stays below with a probability of 95 %, `seen` of `all` having been counted: Wilson's one-sided bound, and
/// 3 of all where none was seen, which that bound does not reach.
fn at_most(seen: f64, all: f64) -> f64 {
    let z = 1.645;
    let share = seen / all;
    let spread = z * (share * (1.0 - share) / all + z * z / (4.0 * all * all)).sqrt();
    let wilson = (share + z * z / (2.0 * all) + spread) / (1.0 + z * z / all);
    wilson.max(3.0 / all).min(1.0)
}

#[cfg(test)]
mod tests;
