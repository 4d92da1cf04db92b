//! How images were made: counts of their settings, companions and words.

use std::collections::HashMap;
use std::hash::Hash;

use stemmata_index::kept_keyword;

use crate::entity::VersionId;

use super::Sighting;
use super::names::Names;

/// Settings, companions and words of a set of images, each value with the number of images that have it.
///
/// Texts are numbers of a [`Names`]; guidance scales are the bits of the number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    /// Sampler and scheduler.
    pub samplers: HashMap<(u32, Option<u32>), u64>,
    /// Schedulers, whatever the sampler.
    pub schedulers: HashMap<u32, u64>,
    /// Steps.
    pub steps: HashMap<u32, u64>,
    /// Guidance scales.
    pub cfg: HashMap<u64, u64>,
    /// Width and height.
    pub sizes: HashMap<(u32, u32), u64>,
    /// Other versions.
    pub co_used: HashMap<VersionId, u64>,
    /// Chunks of prompts.
    pub prompt: HashMap<u32, u64>,
    /// Chunks of negative prompts.
    pub negative: HashMap<u32, u64>,
}

/// The words of one image as numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Words {
    pub(super) sampler: Option<u32>,
    pub(super) scheduler: Option<u32>,
    pub(super) username: Option<u32>,
}

impl Words {
    pub(super) fn of(sighting: &Sighting<'_>, names: &mut Names) -> Self {
        let mut number = |text: Option<&str>| text.and_then(kept_keyword).map(|text| names.number(text));
        let usage = &sighting.usage;
        Self {
            sampler: number(usage.sampler),
            scheduler: number(usage.scheduler),
            username: number(usage.username),
        }
    }
}

impl Habits {
    /// Counts one image, but for its companions.
    pub(super) fn add(&mut self, sighting: &Sighting<'_>, words: Words) {
        let usage = &sighting.usage;
        if let Some(sampler) = words.sampler {
            one_more(&mut self.samplers, (sampler, words.scheduler));
        }
        if let Some(scheduler) = words.scheduler {
            one_more(&mut self.schedulers, scheduler);
        }
        if let Some(steps) = usage.steps {
            one_more(&mut self.steps, steps);
        }
        if let Some(cfg) = usage.cfg.filter(|cfg| cfg.is_finite()) {
            // Adding zero makes one value of the two zeros.
            one_more(&mut self.cfg, (cfg + 0.0).to_bits());
        }
        if let Some(size) = usage.width.zip(usage.height) {
            one_more(&mut self.sizes, size);
        }
        for chunk in sighting.prompt {
            one_more(&mut self.prompt, *chunk);
        }
        for chunk in sighting.negative {
            one_more(&mut self.negative, *chunk);
        }
    }

    /// Counts one companion of one image.
    pub(super) fn add_companion(&mut self, version: VersionId) {
        one_more(&mut self.co_used, version);
    }

    /// Gives chunks other numbers; those without one are left out.
    pub(super) fn name_chunks(&mut self, prompt: &HashMap<u32, u32>, negative: &HashMap<u32, u32>) {
        for (counts, now) in [(&mut self.prompt, prompt), (&mut self.negative, negative)] {
            let named = std::mem::take(counts).into_iter();
            *counts = named.filter_map(|(chunk, count)| Some((*now.get(&chunk)?, count))).collect();
        }
    }

    /// Takes the counts of others, whose texts have the numbers `now` here.
    pub(super) fn take(&mut self, other: Self, now: &[u32]) {
        let here = |number: u32| now.get(number as usize).copied().unwrap_or(number);
        sum(&mut self.samplers, other.samplers, |(sampler, scheduler)| (here(sampler), scheduler.map(here)));
        sum(&mut self.schedulers, other.schedulers, here);
        sum(&mut self.steps, other.steps, |steps| steps);
        sum(&mut self.cfg, other.cfg, |cfg| cfg);
        sum(&mut self.sizes, other.sizes, |size| size);
        sum(&mut self.co_used, other.co_used, |version| version);
        sum(&mut self.prompt, other.prompt, here);
        sum(&mut self.negative, other.negative, here);
    }

    /// The same counts, where texts have other numbers.
    pub(super) fn renumbered(self, now: &[u32]) -> Self {
        let mut habits = Self::default();
        habits.take(self, now);
        habits
    }
}

pub(super) fn one_more<K: Eq + Hash>(counts: &mut HashMap<K, u64>, key: K) {
    *counts.entry(key).or_default() += 1;
}

/// Adds up counts, each key under what `key` makes of it.
pub(super) fn sum<K: Eq + Hash>(into: &mut HashMap<K, u64>, from: HashMap<K, u64>, key: impl Fn(K) -> K) {
    into.reserve(from.len().saturating_sub(into.len()));
    for (name, count) in from {
        *into.entry(key(name)).or_default() += count;
    }
}
