//! Figures against a naive oracle: one pass over all images for every question.

use std::collections::BTreeSet;

use proptest::option::of;
use proptest::prelude::*;

use super::*;
use crate::entity::ImageKey;

/// An image as the tests make it; resources are row numbers from 1 to 8.
#[derive(Clone, Debug)]
struct Made {
    media: i64,
    created_ms: Option<i64>,
    steps: Option<u32>,
    cfg: Option<f64>,
    sampler: Option<&'static str>,
    username: Option<&'static str>,
    resources: BTreeMap<u64, Option<f64>>,
}

fn made() -> impl Strategy<Value = Made> {
    (
        0..4_i64,
        of(0..100_i64),
        of(1..40_u32),
        of(proptest::sample::select(vec![1.0, 3.5, 7.0])),
        of(proptest::sample::select(vec!["euler", "dpmpp_2m"])),
        of(proptest::sample::select(vec!["ann", "bob"])),
        proptest::collection::btree_map(1..9_u64, of(proptest::sample::select(vec![0.0, 0.5, -1.0])), 0..5),
    )
        .prop_map(|(media, created_ms, steps, cfg, sampler, username, resources)| Made {
            media,
            created_ms,
            steps,
            cfg,
            sampler,
            username,
            resources,
        })
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
    .into()
}

fn stands_for(id: u64, evidence: Evidence, rivals: &[u64]) -> Representative {
    let rivals = rivals.iter().map(|rival| version(*rival)).collect();
    Representative { version: version(id), evidence, rivals }
}

#[test]
fn a_file_of_several_versions_counts_for_the_one_that_the_image_names() {
    // Resource 1 is a file that versions 1 and 2 share; 2 names version 2 by id, and 3 another one.
    let links: Representatives = [
        (1, stands_for(1, Evidence::Autov2, &[2])),
        (2, stands_for(2, Evidence::VersionId, &[])),
        (3, stands_for(3, Evidence::VersionId, &[])),
    ]
    .into();
    let mut tally = Tally::new(&[version(1), version(2)]);
    for (image, resources) in (1..).zip([&[1][..], &[1, 2], &[2, 1], &[1, 3]]) {
        let resources: Vec<(u64, Option<f64>)> = resources.iter().map(|id| (*id, None)).collect();
        let usage = Usage {
            image: ImageKey::new(image).expect("not zero"),
            media: image,
            created_ms: None,
            steps: None,
            cfg: None,
            sampler: None,
            scheduler: None,
            username: None,
            resources: &resources,
        };
        tally.add(&usage, &mut &links);
    }
    let figures = tally.finish();
    let made_with = |id| figures.versions[&version(id)].made_with;
    assert_eq!((figures.images, made_with(1), made_with(2)), (4, 2, 2));
    assert_eq!(figures.versions[&version(2)].evidence, [(Evidence::VersionId, 2)].into());
}

fn tally(images: &[Made], order: impl Iterator<Item = usize>) -> (Figures, Census) {
    let links = links();
    let mut tally = Tally::new(&[version(1), version(2)]);
    let mut census = Census::default();
    for position in order {
        let made = &images[position];
        let resources: Vec<(u64, Option<f64>)> = made.resources.clone().into_iter().collect();
        let usage = Usage {
            image: ImageKey::new(position as i64 + 1).expect("not zero"),
            media: made.media,
            created_ms: made.created_ms,
            steps: made.steps,
            cfg: made.cfg,
            sampler: made.sampler,
            scheduler: None,
            username: made.username,
            resources: &resources,
        };
        tally.add(&usage, &mut &links);
        census.add(&usage, &mut &links);
    }
    (tally.finish(), census)
}

fn names(made: &Made, wanted: &[u64]) -> bool {
    wanted.iter().any(|resource| made.resources.contains_key(resource))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn figures_equal_those_of_naive_counting(images in proptest::collection::vec(made(), 0..30)) {
        let counted = tally(&images, 0..images.len());
        prop_assert_eq!(&tally(&images, (0..images.len()).rev()), &counted, "order does not matter");
        let (figures, census) = counted;
        let all = images.iter().filter(|made| !made.resources.is_empty()).count() as u64;
        let scope: Vec<&Made> = images.iter().filter(|made| names(made, &[1, 2, 3])).collect();
        prop_assert_eq!(figures.images, scope.len() as u64);
        for (id, resources) in [(1, &[1, 2][..]), (2, &[3])] {
            let with: Vec<&Made> = images.iter().filter(|made| names(made, resources)).collect();
            let media: BTreeSet<i64> = with.iter().map(|made| made.media).collect();
            let counted = &figures.versions[&version(id)];
            prop_assert_eq!(counted.made_with, with.len() as u64);
            prop_assert_eq!(counted.made_with_deduplicated, media.len() as u64);
            prop_assert_eq!(counted.first_ms, with.iter().filter_map(|made| made.created_ms).min());
            prop_assert_eq!(counted.last_ms, with.iter().filter_map(|made| made.created_ms).max());
        }
        let evidence = &figures.versions[&version(1)].evidence;
        let by = |wanted: &[u64], without: &[u64]| {
            images.iter().filter(|made| names(made, wanted) && !names(made, without)).count() as u64
        };
        prop_assert_eq!(evidence.get(&Evidence::VersionId).copied().unwrap_or(0), by(&[1], &[]));
        prop_assert_eq!(evidence.get(&Evidence::Autov2).copied().unwrap_or(0), by(&[2], &[1]));
        prop_assert_eq!(evidence.get(&Evidence::Name).copied().unwrap_or(0), by(&[6], &[1, 2]));
        let together = scope.iter().filter(|made| names(made, &[4, 5])).count() as u64;
        let everywhere = by(&[4, 5], &[]);
        let found: Vec<(VersionId, u64)> = figures.co_used.iter().map(|co| (co.version, co.images)).collect();
        prop_assert_eq!(found, if together > 0 { vec![(version(3), together)] } else { vec![] });
        prop_assert_eq!((census.images, census.made_with.get(&version(3)).copied().unwrap_or(0)), (all, everywhere));
        if together > 0 {
            let expected = (together as f64 * all as f64) / (scope.len() as f64 * everywhere as f64);
            prop_assert!((lift(together, scope.len() as u64, everywhere, all) - expected).abs() < 1e-9);
        }
        let mut steps: Vec<u32> = scope.iter().filter_map(|made| made.steps).collect();
        steps.sort_unstable();
        prop_assert_eq!(figures.steps.map(|spread| (spread.min, spread.max)), steps.first().copied().zip(steps.last().copied()));
        for (name, count) in figures.creators {
            prop_assert_eq!(count, scope.iter().filter(|made| made.username == Some(name.as_str())).count() as u64);
        }
        for (resource, count) in figures.unresolved {
            prop_assert_eq!(count, scope.iter().filter(|made| names(made, &[resource])).count() as u64);
        }
        prop_assert_eq!(figures.unresolved_images, scope.iter().filter(|made| names(made, &[7, 8])).count() as u64);
    }
}

#[test]
fn percentiles_are_values_that_occur() {
    let hundred: Vec<u32> = (1..=100).collect();
    assert_eq!(Spread::of(&hundred), Some(Spread { min: 1, p10: 10, p50: 50, p90: 90, max: 100 }));
    assert_eq!(Spread::of(&[7]), Some(Spread { min: 7, p10: 7, p50: 7, p90: 7, max: 7 }));
    assert_eq!(Spread::<u32>::of(&[]), None);
}

#[test]
fn the_weight_of_the_strongest_evidence_counts() {
    let made = |resources: &[(u64, Option<f64>)]| Made {
        media: 1,
        created_ms: None,
        steps: None,
        cfg: None,
        sampler: None,
        username: None,
        resources: resources.iter().copied().collect(),
    };
    let images =
        [made(&[(1, None), (4, Some(0.5)), (5, Some(-1.0))]), made(&[(1, None), (4, None), (5, Some(0.0))])];
    let weight = tally(&images, 0..2).0.co_used[0].weight.expect("both images say a weight");
    assert_eq!((weight.min, weight.max), (0.0, 0.5));
}
