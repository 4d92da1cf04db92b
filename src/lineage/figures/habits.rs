//! How images were made: counts of their settings, companions and words.

use std::hash::Hash;

use stemmata_index::kept_keyword;

use crate::entity::VersionId;

use super::Sighting;
use super::counts::Counts;
use super::names::Names;

/// Settings, companions and words of a set of images, each value with the number of images that have it.
///
/// Texts are numbers of a [`Names`]; guidance scales are the bits of the number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    /// Sampler and scheduler.
    pub samplers: Counts<(u32, Option<u32>)>,
    /// Schedulers, whatever the sampler.
    pub schedulers: Counts<u32>,
    /// Steps.
    pub steps: Counts<u32>,
    /// Guidance scales.
    pub cfg: Counts<u64>,
    /// Width and height.
    pub sizes: Counts<(u32, u32)>,
    /// Other versions.
    pub co_used: Counts<VersionId>,
    /// Chunks of prompts.
    pub prompt: Counts<u32>,
    /// Chunks of negative prompts.
    pub negative: Counts<u32>,
}

/// The words of one image as numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Words {
    pub(super) sampler: Option<u32>,
    pub(super) scheduler: Option<u32>,
    pub(super) username: Option<u32>,
}

/// Words that came not long ago with their numbers. Owners come in runs, and there are few samplers.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    samplers: Vec<(String, u32)>,
    schedulers: Vec<(String, u32)>,
    username: Vec<(String, u32)>,
}

impl Recent {
    pub(super) fn words(&mut self, sighting: &Sighting<'_>, names: &mut Names) -> Words {
        let usage = &sighting.usage;
        Words {
            sampler: number(usage.sampler, &mut self.samplers, 16, names),
            scheduler: number(usage.scheduler, &mut self.schedulers, 16, names),
            username: number(usage.username, &mut self.username, 1, names),
        }
    }
}

/// The number of a word, which is remembered; of `most` that are, the last one makes room.
fn number(
    text: Option<&str>,
    recent: &mut Vec<(String, u32)>,
    most: usize,
    names: &mut Names,
) -> Option<u32> {
    let text = text.and_then(kept_keyword)?;
    if let Some((_, number)) = recent.iter().find(|(known, _)| known == text) {
        return Some(*number);
    }
    let number = names.number(text);
    recent.truncate(most - 1);
    recent.push((text.to_owned(), number));
    Some(number)
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

    /// Gives chunks the numbers in these tables; those without one, or with `u32::MAX`, are left out.
    pub(super) fn name_chunks(&mut self, prompt: &[u32], negative: &[u32]) {
        for (counts, now) in [(&mut self.prompt, prompt), (&mut self.negative, negative)] {
            let named = std::mem::take(counts).into_iter();
            let name = |chunk: u32| now.get(chunk as usize).copied().filter(|now| *now != u32::MAX);
            *counts = named.filter_map(|(chunk, count)| Some((name(chunk)?, count))).collect();
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

pub(in crate::lineage) fn one_more<K: Eq + Hash>(counts: &mut Counts<K>, key: K) {
    *counts.entry(key).or_default() += 1;
}

/// Adds up counts, each key under what `key` makes of it.
pub(in crate::lineage) fn sum<K: Eq + Hash>(into: &mut Counts<K>, from: Counts<K>, key: impl Fn(K) -> K) {
    into.reserve(from.len().saturating_sub(into.len()));
    for (name, count) in from {
        *into.entry(key(name)).or_default() += count;
    }
}
