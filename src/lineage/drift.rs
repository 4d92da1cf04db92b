//! What changes from one version of a model to the next.
//!
//! - In: figures with habits for each version. Out: for each pair of neighbours, how far their settings, companions and
//!   words lie apart, and what moves most.
//! - Never: a comparison of versions without images.

use std::collections::BTreeMap;
use std::hash::Hash;

use crate::catalog::Catalog;
use crate::entity::VersionId;

use super::Result;
use super::divergence::{Divergence, Pair, movers};
use super::figures::{Counts, Figures, Habits, by_key};
use super::report::{Drift, DriftPart, Mover};
use super::scope::{Scope, ScopeKind};
use super::themes::thousandth;

/// Most pairs of versions: the latest are kept.
const MOST_PAIRS: usize = 50;

/// Values that a part names.
const MOVERS: usize = 5;

/// Compares neighbours in the order of their publication, then of their ids.
pub(super) fn drift(catalog: &Catalog, scope: &Scope, figures: &Figures) -> Result<Vec<Drift>> {
    if scope.kind != ScopeKind::Model {
        return Ok(Vec::new());
    }
    let mut order = Vec::new();
    for (version, counted) in &figures.versions {
        if let (Some(habits), true) = (&counted.habits, counted.made_with > 0) {
            let title = catalog.version_title(*version)?;
            let published = title.and_then(|title| title.published_at);
            // One whose date nobody knows comes last: its id says when it was made, roughly.
            order.push((published.is_none(), published, *version, counted.made_with, &**habits));
        }
    }
    order.sort_by_key(|(unknown, published, version, ..)| (*unknown, *published, *version));
    let mut drifts = Vec::new();
    for pair in order.windows(2) {
        let [(_, _, from, from_images, before), (_, _, to, to_images, after)] = pair else { continue };
        let parts = parts(catalog, figures, (before, *from_images), (after, *to_images))?;
        drifts.push(Drift { from: *from, to: *to, from_images: *from_images, to_images: *to_images, parts });
    }
    let surplus = drifts.len().saturating_sub(MOST_PAIRS);
    Ok(drifts.split_off(surplus))
}

/// Of two versions, each with the number of its images.
fn parts(
    catalog: &Catalog,
    figures: &Figures,
    (before, from): (&Habits, u64),
    (after, to): (&Habits, u64),
) -> Result<Vec<DriftPart>> {
    let text = |number: &u32| figures.names.text(*number).to_owned();
    let sampling = |(sampler, scheduler): &(u32, Option<u32>)| match scheduler {
        Some(scheduler) => format!("{} + {}", text(sampler), text(scheduler)),
        None => text(sampler),
    };
    let real = |bits: &u64| f64::from_bits(*bits).to_string();
    let size = |(width, height): &(u32, u32)| format!("{width}x{height}");
    let mut found = vec![
        part("samplers", &before.samplers, &after.samplers, None, sampling),
        part("schedulers", &before.schedulers, &after.schedulers, None, text),
        part("steps", &before.steps, &after.steps, None, u32::to_string),
        part("cfg", &before.cfg, &after.cfg, None, real),
        part("sizes", &before.sizes, &after.sizes, None, size),
    ];
    // An image has many of these: what share of all entries one is tells nobody anything.
    let of = Some((from, to));
    let co_used = part("co_used", &before.co_used, &after.co_used, of, VersionId::to_string);
    found.push(co_used.map(|part| with_titles(catalog, part)).transpose()?);
    found.push(part("prompt", &before.prompt, &after.prompt, of, text));
    found.push(part("negative", &before.negative, &after.negative, of, text));
    Ok(found.into_iter().flatten().collect())
}

fn part<K: Ord + Hash + Clone>(
    figure: &str,
    before: &Counts<K>,
    after: &Counts<K>,
    images: Option<(u64, u64)>,
    text: impl Fn(&K) -> String,
) -> Option<DriftPart> {
    // Sorted, because sums of fractions depend on their order.
    let mut values: BTreeMap<K, (u64, u64)> =
        by_key(before).into_iter().map(|(value, count)| (value, (count, 0))).collect();
    for (value, count) in by_key(after) {
        values.entry(value).or_default().1 = count;
    }
    let pairs: Vec<Pair<K>> = values.into_iter().map(|(value, (a, b))| Pair { value, a, b }).collect();
    let found = Divergence::of(&pairs)?;
    let share = |count: u64, all: u64| (count as f64 / all as f64 * 10_000.0).round() / 10_000.0;
    let (from_all, to_all) = images.unwrap_or((found.a_values, found.b_values));
    let movers = movers(&pairs, from_all, to_all, MOVERS);
    Some(DriftPart {
        figure: figure.to_owned(),
        from_values: found.a_values,
        to_values: found.b_values,
        divergence: thousandth(found.bits),
        by_chance: thousandth(found.by_chance),
        movers: movers
            .into_iter()
            .map(|pair| Mover {
                value: text(&pair.value),
                from: pair.a,
                to: pair.b,
                from_share: share(pair.a, from_all),
                to_share: share(pair.b, to_all),
            })
            .collect(),
    })
}

/// Calls versions by their names, where they have one.
fn with_titles(catalog: &Catalog, mut part: DriftPart) -> Result<DriftPart> {
    for mover in &mut part.movers {
        let version = mover.value.parse().ok().and_then(VersionId::new);
        let title = version.map(|version| catalog.version_title(version)).transpose()?.flatten();
        let names: Vec<String> =
            title.into_iter().flat_map(|title| [title.model_name, title.name]).flatten().collect();
        mover.value = match names.is_empty() {
            true => format!("version:{}", mover.value),
            false => format!("{} (version:{})", names.join(" "), mover.value),
        };
    }
    Ok(part)
}
