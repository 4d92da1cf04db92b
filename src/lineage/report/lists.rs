//! Counts as lists: most frequent first, cut to what is asked for.

use std::hash::Hash;

use crate::catalog::Catalog;
use crate::entity::VersionId;
use crate::lineage::Result;
use crate::lineage::figures::{Counts, Figures, Spread, by_key, most_first};
use crate::lineage::lift::{lift, shrunk_lift};
use crate::lineage::themes::thousandth;

use super::build::Background;
use super::{
    CoUsed, Counted, NumberSpread, Options, Orientation, Sampling, SeedUse, Seeds, SizeUse, Total, Totals,
    Unresolved, UnresolvedResource, ValueUse, WeightSpread,
};

/// How long the lists would be.
pub(super) fn totals(figures: &Figures, versions: usize) -> Totals {
    let (habits, known) = (&figures.habits, &figures.known);
    let total = |images: u64, distinct: usize| Total { images, distinct: distinct as u64 };
    let scheduled = by_key(&habits.schedulers).iter().map(|(_, images)| images).sum();
    Totals {
        versions: total(if versions == 0 { 0 } else { figures.images }, versions),
        co_used: total(known.co_used, habits.co_used.len()),
        samplers: total(known.sampler, habits.samplers.len()),
        schedulers: total(scheduled, habits.schedulers.len()),
        steps: total(known.steps, habits.steps.len()),
        cfg: total(known.cfg, habits.cfg.len()),
        sizes: total(known.size, habits.sizes.len()),
        creators: total(known.creator, figures.creators.len()),
        prompt: total(known.prompt, habits.prompt.len()),
        negative: total(known.negative, habits.negative.len()),
    }
}

/// Other versions, most frequent first, then by id.
pub(super) fn most_used(figures: &Figures) -> Vec<(VersionId, u64)> {
    most_first(figures.habits.co_used.clone())
}

/// Names the most frequent of them. Ties at the end of the list are cut by name, so all that tie are named; only
/// those that stay are looked for everywhere.
pub(super) fn co_used(
    catalog: &Catalog,
    figures: &Figures,
    background: &dyn Background,
    options: Options,
) -> Result<Vec<CoUsed>> {
    let counted = most_used(figures);
    let last = options.list.checked_sub(1).and_then(|last| counted.get(last));
    let fewest = last.map_or(0, |(_, images)| *images);
    let mut named = Vec::new();
    for (version, images) in counted.iter().take_while(|(_, images)| *images >= fewest) {
        let title = catalog.version_title(*version)?;
        let kind = title.as_ref().and_then(|title| title.model_kind.clone());
        let names: Vec<String> =
            title.into_iter().flat_map(|title| [title.model_name, title.name]).flatten().collect();
        named.push(((!names.is_empty()).then(|| names.join(" ")), kind, *version, *images));
    }
    named.sort_by(|(a_name, _, a, a_images), (b_name, _, b, b_images)| {
        b_images.cmp(a_images).then_with(|| a_name.cmp(b_name)).then_with(|| a.cmp(b))
    });
    named.truncate(options.list);
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let all = background.images()?;
    let with_lift = |(name, kind, version, images): (Option<String>, Option<String>, VersionId, u64)| {
        let everywhere = background.made_with(version)?;
        let lift = lift(images, figures.images, everywhere, all);
        Ok(CoUsed {
            version,
            name,
            r#type: kind,
            images,
            weight: figures.weights.get(&version).and_then(weights),
            lift: thousandth(if lift.is_finite() { lift } else { 0.0 }),
            lift_shrunk: thousandth(shrunk_lift(images, figures.images, everywhere, all)),
            everywhere,
        })
    };
    named.into_iter().map(with_lift).collect()
}

fn weights(counts: &Counts<u64>) -> Option<WeightSpread> {
    let spread = Spread::of(&real(counts))?;
    Some(WeightSpread { p10: spread.p10, p50: spread.p50, p90: spread.p90, images: spread.count })
}

/// Numbers by their bits, as numbers in ascending order.
fn real(counts: &Counts<u64>) -> Vec<(f64, u64)> {
    let numbers = by_key(counts).into_iter().map(|(bits, count)| (f64::from_bits(bits), count));
    let mut sorted: Vec<(f64, u64)> = numbers.collect();
    sorted.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
    sorted
}

/// The most frequent of some counts, then by key.
fn top<K: Ord + Hash + Clone>(counts: &Counts<K>, options: Options) -> Vec<(K, u64)> {
    let mut list = most_first(counts.clone());
    list.truncate(options.list);
    list
}

pub(super) fn samplers(figures: &Figures, options: Options) -> Vec<Sampling> {
    let text = |number: u32| figures.names.text(number).to_owned();
    top(&figures.habits.samplers, options)
        .into_iter()
        .map(|((sampler, scheduler), images)| Sampling {
            sampler: text(sampler),
            scheduler: scheduler.map(text),
            images,
        })
        .collect()
}

pub(super) fn schedulers(figures: &Figures, options: Options) -> Vec<Counted> {
    named(figures, &figures.habits.schedulers, options)
}

pub(super) fn creators(figures: &Figures, options: Options) -> Vec<Counted> {
    named(figures, &figures.creators, options)
}

fn named(figures: &Figures, counts: &Counts<u32>, options: Options) -> Vec<Counted> {
    let name = |(number, images)| Counted { name: figures.names.text(number).to_owned(), images };
    top(counts, options).into_iter().map(name).collect()
}

pub(super) fn steps(figures: &Figures, options: Options) -> Option<NumberSpread<u32>> {
    numbers(by_key(&figures.habits.steps), options)
}

pub(super) fn cfg(figures: &Figures, options: Options) -> Option<NumberSpread<f64>> {
    numbers(real(&figures.habits.cfg), options)
}

/// Points of a distribution, from its values in ascending order.
fn numbers<T: Copy>(mut sorted: Vec<(T, u64)>, options: Options) -> Option<NumberSpread<T>> {
    let Spread { min, p10, p50, p90, max, .. } = Spread::of(&sorted)?;
    // Stable: of equally frequent values the smaller stays first.
    sorted.sort_by_key(|(_, images)| std::cmp::Reverse(*images));
    sorted.truncate(options.list);
    let values = sorted.into_iter().map(|(value, images)| ValueUse { value, images }).collect();
    Some(NumberSpread { min, p10, p50, p90, max, values })
}

pub(super) fn sizes(figures: &Figures, options: Options) -> Vec<SizeUse> {
    let size = |((width, height), images)| SizeUse { width, height, images };
    top(&figures.habits.sizes, options).into_iter().map(size).collect()
}

pub(super) fn orientation(figures: &Figures) -> Orientation {
    let mut shapes = Orientation { unknown: figures.images, ..Orientation::default() };
    for ((width, height), images) in &figures.habits.sizes {
        let shape = match width.cmp(height) {
            std::cmp::Ordering::Less => &mut shapes.portrait,
            std::cmp::Ordering::Greater => &mut shapes.landscape,
            std::cmp::Ordering::Equal => &mut shapes.square,
        };
        *shape += images;
        shapes.unknown = shapes.unknown.saturating_sub(*images);
    }
    shapes
}

pub(super) fn seeds(figures: &Figures, options: Options) -> Seeds {
    let mut seeds = Seeds { images: figures.seeds.len() as u64, ..Seeds::default() };
    let mut again = Vec::new();
    for run in figures.seeds.chunk_by(|a, b| a == b) {
        seeds.distinct += 1;
        if let (Some(seed), true) = (run.first(), run.len() > 1) {
            seeds.reused += run.len() as u64;
            again.push(SeedUse { seed: *seed, images: run.len() as u64 });
        }
    }
    again.sort_unstable_by(|a, b| b.images.cmp(&a.images).then_with(|| a.seed.cmp(&b.seed)));
    again.truncate(options.list);
    seeds.top = again;
    seeds
}

pub(super) fn unresolved(catalog: &Catalog, figures: &Figures, options: Options) -> Result<Unresolved> {
    let mut listed = Vec::new();
    for (resource, images) in top(&figures.unresolved, options) {
        let stored = i64::try_from(resource).ok().map(|id| catalog.resource(id)).transpose()?.flatten();
        listed.extend(stored.map(|stored| UnresolvedResource {
            kind: stored.resource.kind.as_str().to_owned(),
            name: stored.resource.name,
            hash: stored.resource.hash,
            images,
        }));
    }
    Ok(Unresolved {
        images: figures.unresolved_images,
        resources: figures.unresolved.len() as u64,
        top: listed,
    })
}
