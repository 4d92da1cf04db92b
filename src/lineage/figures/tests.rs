//! Figures against a naive oracle: one pass over all images for every question.

use std::collections::{BTreeMap, BTreeSet};

use proptest::option::of;
use proptest::prelude::*;

use super::*;
use crate::entity::{Confidence, Evidence, ImageKey};

/// An image as the tests make it; resources are row numbers from 1 to 8.
#[derive(Clone, Debug, Default)]
struct Made {
    media: i64,
    created_ms: Option<i64>,
    steps: Option<u32>,
    cfg: Option<f64>,
    sampler: Option<&'static str>,
    username: Option<&'static str>,
    seed: Option<i64>,
    size: Option<(u32, u32)>,
    prompt: BTreeSet<&'static str>,
    negative: BTreeSet<&'static str>,
    resources: BTreeMap<u64, Option<f64>>,
}

const CHUNKS: [&str; 4] = ["1girl", "castle", "red hair", "zebra"];

fn made() -> impl Strategy<Value = Made> {
    let chunks = || proptest::sample::subsequence(CHUNKS.to_vec(), 0..4).prop_map(BTreeSet::from_iter);
    let settings = (of(1..40_u32), of(proptest::sample::select(vec![1.0, 3.5, 7.0, -0.0, 0.0])));
    let words = (
        of(proptest::sample::select(vec!["euler", "dpmpp_2m"])),
        of(proptest::sample::select(vec!["ann", "bob"])),
    );
    let numbers = (0..4_i64, of(0..3_000_000_000_i64), of(0..3_i64), of((1..3_u32, 1..3_u32)));
    let uses =
        proptest::collection::btree_map(1..9_u64, of(proptest::sample::select(vec![0.0, 0.5, -1.0])), 0..5);
    (numbers, settings, words, chunks(), chunks(), uses).prop_map(
        |(
            (media, created_ms, seed, size),
            (steps, cfg),
            (sampler, username),
            prompt,
            negative,
            resources,
        )| {
            Made { media, created_ms, steps, cfg, sampler, username, seed, size, prompt, negative, resources }
        },
    )
}

fn version(id: u64) -> VersionId {
    VersionId::new(id).expect("the test uses positive ids")
}

/// Resources 1 and 2 are version 1 by id and by hash, 3 is version 2, 4 and 5 version 3, 6 only bears the name
/// of version 1; 7 and 8 are unexplained.
fn links() -> Representatives {
    [
        (1, stands_for(1, Evidence::VersionId, &[])),
        (2, stands_for(1, Evidence::Autov2, &[])),
        (3, stands_for(2, Evidence::Autov2, &[])),
        (4, stands_for(3, Evidence::Sha256, &[])),
        (5, stands_for(3, Evidence::Autov1, &[])),
        (6, stands_for(1, Evidence::Name, &[])),
    ]
    .into_iter()
    .collect()
}

fn stands_for(id: u64, evidence: Evidence, rivals: &[u64]) -> Representative {
    let rivals = rivals.iter().map(|rival| version(*rival)).collect();
    let (class, percent) = match evidence {
        Evidence::VersionId => ("A", 95),
        Evidence::Autov2 => ("B3", 92),
        Evidence::Name => ("D", 30),
        _ => ("B1", 95),
    };
    let confidence = Confidence::from_percent(percent);
    Representative { version: version(id), evidence, class, confidence, rivals }
}

fn add(tally: &mut Tally<'_>, position: usize, made: &Made, links: &Representatives) {
    let resources: Vec<(u64, Option<f64>)> = made.resources.clone().into_iter().collect();
    let prompt: Vec<u32> = made.prompt.iter().map(|chunk| tally.names().number(chunk)).collect();
    let negative: Vec<u32> = made.negative.iter().map(|chunk| tally.names().number(chunk)).collect();
    let usage = usage(position, made, &resources);
    tally.add(&Sighting { usage, prompt: &prompt, negative: &negative }, 0, links);
}

fn usage<'a>(position: usize, made: &Made, resources: &'a [(u64, Option<f64>)]) -> Usage<'a> {
    Usage {
        image: ImageKey::new(position as i64 + 1).expect("not zero"),
        media: made.media,
        created_ms: made.created_ms,
        steps: made.steps,
        cfg: made.cfg,
        sampler: made.sampler,
        scheduler: None,
        username: made.username,
        seed: made.seed,
        width: made.size.map(|size| size.0),
        height: made.size.map(|size| size.1),
        prompt: None,
        negative: None,
        resources,
    }
}

fn members() -> Members {
    Members::Versions(vec![version(1), version(2)])
}

/// Counts in as many parts as there are lists of positions, and joins them.
fn tally_in_parts(images: &[Made], parts: &[Vec<usize>], members: &Members, period: Period) -> Figures {
    let links = links();
    let count = |positions: &Vec<usize>| {
        let mut tally = Tally::new(members, period).comparing();
        positions.iter().for_each(|position| add(&mut tally, *position, &images[*position], &links));
        tally
    };
    let mut whole = Tally::new(members, period).comparing();
    parts.iter().for_each(|part| whole.take(count(part)));
    whole.finish()
}

fn tally(images: &[Made]) -> Figures {
    tally_in_parts(images, &[(0..images.len()).collect()], &members(), Period::default())
}

fn names(made: &Made, wanted: &[u64]) -> bool {
    wanted.iter().any(|resource| made.resources.contains_key(resource))
}

#[test]
fn a_file_of_several_versions_counts_for_the_one_that_the_image_names() {
    // Resource 1 is a file that versions 1 and 2 share; 2 names version 2 by id, and 3 another one.
    let links: Representatives = [
        (1, stands_for(1, Evidence::Autov2, &[2])),
        (2, stands_for(2, Evidence::VersionId, &[])),
        (3, stands_for(3, Evidence::VersionId, &[])),
    ]
    .into_iter()
    .collect();
    let mut tally = Tally::new(&members(), Period::default());
    for (position, resources) in [&[1][..], &[1, 2], &[2, 1], &[1, 3]].into_iter().enumerate() {
        let resources = resources.iter().map(|id| (*id, None)).collect();
        add(&mut tally, position, &Made { resources, ..Made::default() }, &links);
    }
    let figures = tally.finish();
    let made_with = |id| figures.versions[&version(id)].made_with;
    assert_eq!((figures.images, made_with(1), made_with(2)), (4, 2, 2));
    assert_eq!(figures.versions[&version(2)].strength.evidence, [(Evidence::VersionId, 2)].into());
}

#[test]
fn points_of_a_distribution_are_by_nearest_rank() {
    let ten: Vec<(u32, u64)> = (1..=10).map(|value| (value, 1)).collect();
    let spread = Spread::of(&ten).expect("there are values");
    assert_eq!((spread.min, spread.p10, spread.p50, spread.p90, spread.max), (1, 1, 5, 9, 10));
    let spread = Spread::of(&[(1, 95), (2, 5)]).expect("there are values");
    assert_eq!((spread.p50, spread.p90, spread.max, spread.count), (1, 1, 2, 100));
    assert_eq!(Spread::<u32>::of(&[]), None);
}

#[test]
fn the_weight_of_the_strongest_evidence_counts() {
    let made = |resources: &[(u64, Option<f64>)]| Made {
        media: 1,
        resources: resources.iter().copied().collect(),
        ..Made::default()
    };
    let images =
        [made(&[(1, None), (4, Some(0.5)), (5, Some(-1.0))]), made(&[(1, None), (4, None), (5, Some(0.0))])];
    let weights = &tally(&images).weights[&version(3)];
    assert_eq!(*weights, [(0.5_f64.to_bits(), 1), (0.0_f64.to_bits(), 1)].into_iter().collect());
}

#[test]
fn a_period_keeps_what_lies_in_it_and_drops_what_has_no_time() {
    let at = |ms| crate::entity::Timestamp::from_millis(ms);
    let images: Vec<Made> = [Some(9), Some(10), Some(19), Some(20), None]
        .into_iter()
        .map(|created_ms| Made { created_ms, resources: [(1, None)].into(), ..Made::default() })
        .collect();
    let count = |period| tally_in_parts(&images, &[(0..5).collect()], &members(), period).images;
    assert_eq!(count(Period { since: at(10), until: at(20) }), 2);
    assert_eq!(count(Period { since: at(10), until: None }), 3);
    assert_eq!(count(Period { since: None, until: at(20) }), 3);
    assert_eq!(count(Period::default()), 5);
}

/// Counts of a value, by asking every image.
fn counted<K: Ord>(scope: &[&Made], value: impl Fn(&Made) -> Vec<K>) -> BTreeMap<K, u64> {
    let mut counts = BTreeMap::new();
    scope.iter().flat_map(|made| value(made)).for_each(|value| *counts.entry(value).or_default() += 1);
    counts
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn figures_depend_neither_on_order_nor_on_parts(
        images in proptest::collection::vec(made(), 0..20), cuts in proptest::collection::vec(0..3_usize, 20),
    ) {
        let mut parts = vec![Vec::new(); 3];
        (0..images.len()).rev().for_each(|position| parts[cuts[position]].push(position));
        for members in [members(), Members::All] {
            let whole = tally_in_parts(&images, &[(0..images.len()).collect()], &members, Period::default());
            let joined = tally_in_parts(&images, &parts, &members, Period::default());
            // Which number a text has first does not show; the map from texts to numbers is the same.
            prop_assert_eq!(&joined, &whole);
        }
    }

    #[test]
    fn figures_equal_those_of_naive_counting(images in proptest::collection::vec(made(), 0..30)) {
        let figures = tally(&images);
        let scope: Vec<&Made> = images.iter().filter(|made| names(made, &[1, 2, 3])).collect();
        prop_assert_eq!(figures.images, scope.len() as u64);
        for (id, resources) in [(1, &[1, 2][..]), (2, &[3])] {
            let with: Vec<&Made> = images.iter().filter(|made| names(made, resources)).collect();
            let media: BTreeSet<u64> = with.iter().map(|made| made.media.cast_unsigned()).collect();
            let empty = VersionFigures::default();
            let counted = figures.versions.get(&version(id)).unwrap_or(&empty);
            prop_assert_eq!(counted.made_with, with.len() as u64);
            prop_assert_eq!(&counted.media, &media.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(counted.first_ms, with.iter().filter_map(|made| made.created_ms).min());
            prop_assert_eq!(counted.last_ms, with.iter().filter_map(|made| made.created_ms).max());
            if let Some(habits) = &counted.habits {
                let steps = self::counted(&with, |made| made.steps.into_iter().collect());
                prop_assert_eq!(habits.steps.clone().into_iter().collect::<BTreeMap<_, _>>(), steps);
            }
        }
        let by = |wanted: &[u64], without: &[u64]| {
            images.iter().filter(|made| names(made, wanted) && !names(made, without)).count() as u64
        };
        let found = |evidence| {
            let version = figures.versions.get(&version(1));
            version.and_then(|version| version.strength.evidence.get(&evidence)).copied().unwrap_or(0)
        };
        prop_assert_eq!(found(Evidence::VersionId), by(&[1], &[]));
        prop_assert_eq!(found(Evidence::Autov2), by(&[2], &[1]));
        prop_assert_eq!(found(Evidence::Name), by(&[6], &[1, 2]));
        let strength = &figures.strength;
        let class = |class| strength.classes.get(class).copied().unwrap_or(0);
        prop_assert_eq!((class("A"), class("B3"), class("D")), (by(&[1], &[]), by(&[2, 3], &[1]), by(&[6], &[1, 2, 3])));
        prop_assert_eq!(strength.confidence.values().sum::<u64>(), figures.images);

        let habits = &figures.habits;
        let text = |counts: &super::Counts<u32>| -> BTreeMap<String, u64> {
            by_key(counts).into_iter().map(|(number, count)| (figures.names.text(number).to_owned(), count)).collect()
        };
        let words = |set: &BTreeSet<&str>| set.iter().map(|chunk| (*chunk).to_owned()).collect::<Vec<_>>();
        prop_assert_eq!(text(&habits.prompt), counted(&scope, |made| words(&made.prompt)));
        prop_assert_eq!(text(&habits.negative), counted(&scope, |made| words(&made.negative)));
        prop_assert_eq!(text(&figures.creators), counted(&scope, |made| made.username.map(str::to_owned).into_iter().collect()));
        let sorted = |counts: &super::Counts<u64>| counts.clone().into_iter().collect::<BTreeMap<_, _>>();
        prop_assert_eq!(
            sorted(&habits.cfg),
            counted(&scope, |made| made.cfg.map(|cfg| (cfg + 0.0).to_bits()).into_iter().collect())
        );
        let sizes: BTreeMap<(u32, u32), u64> = habits.sizes.clone().into_iter().collect();
        prop_assert_eq!(sizes, counted(&scope, |made| made.size.into_iter().collect()));
        let weeks: BTreeMap<i64, u64> = figures.weeks.clone().into_iter().collect();
        prop_assert_eq!(weeks, counted(&scope, |made| made.created_ms.map(|ms| (ms / 86_400_000 + 3) / 7).into_iter().collect()));
        let mut seeds: Vec<i64> = scope.iter().filter_map(|made| made.seed).collect();
        seeds.sort_unstable();
        prop_assert_eq!(&figures.seeds, &seeds);
        let unresolved = |made: &Made| [7, 8].into_iter().filter(|id| made.resources.contains_key(id)).collect();
        prop_assert_eq!(sorted(&figures.unresolved), counted(&scope, unresolved));
        let together = scope.iter().filter(|made| names(made, &[4, 5])).count() as u64;
        prop_assert_eq!(habits.co_used.get(&version(3)).copied().unwrap_or(0), together);
        prop_assert_eq!(figures.known.co_used, together);
    }

    #[test]
    fn a_census_counts_every_image_that_names_a_resource(images in proptest::collection::vec(made(), 0..30)) {
        let mut census = Census::default();
        for (position, made) in images.iter().enumerate() {
            let resources: Vec<(u64, Option<f64>)> = made.resources.clone().into_iter().collect();
            census.add(&usage(position, made, &resources), &links());
        }
        prop_assert_eq!(census.images, images.iter().filter(|made| !made.resources.is_empty()).count() as u64);
        let everywhere = images.iter().filter(|made| names(made, &[4, 5])).count() as u64;
        prop_assert_eq!(census.made_with.get(&version(3)).copied().unwrap_or(0), everywhere);
        prop_assert!(!census.made_with.contains_key(&version(9)));
    }
}
