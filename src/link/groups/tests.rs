use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn pair(left: u32, right: u32, distance: f32) -> Pair {
    Pair { left, right, distance }
}

#[track_caller]
fn check(sizes: &[u32], pairs: &[Pair], expected: &[(u32, &[u32])]) {
    let expected: Vec<Star> = expected
        .iter()
        .map(|(representative, clusters)| Star {
            representative: *representative,
            clusters: clusters.to_vec(),
        })
        .collect();
    assert_eq!(groups(sizes, pairs), expected);
    assert_eq!(by_definition(sizes, pairs), expected);
}

/// The two steps of the definition, word by word, over a table of all distances.
fn by_definition(sizes: &[u32], pairs: &[Pair]) -> Vec<Star> {
    let distance = |a: u32, b: u32| {
        let pair = pairs.iter().find(|pair| (pair.left, pair.right) == (a.min(b), a.max(b)));
        pair.map(|pair| pair.distance)
    };
    let all: Vec<u32> = (0..sizes.len() as u32).collect();
    let near = |cluster: u32| all.iter().copied().filter(move |other| distance(cluster, *other).is_some());
    let company = |cluster: u32| {
        near(cluster).map(|other| sizes[other as usize]).sum::<u32>() + sizes[cluster as usize] - 1
    };
    let mut ranked = all.clone();
    ranked.sort_by_key(|cluster| (u32::MAX - company(*cluster), *cluster));
    let mut groups: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let taken = |groups: &BTreeMap<u32, Vec<u32>>, cluster: u32| {
        groups.values().any(|group| group.contains(&cluster))
    };
    for &cluster in &ranked {
        let free: Vec<u32> = near(cluster).filter(|other| !taken(&groups, *other)).collect();
        let alone = near(cluster).next().is_none() && sizes[cluster as usize] > 1;
        if !taken(&groups, cluster) && (alone || !free.is_empty()) {
            groups.insert(cluster, [vec![cluster], free].concat());
        }
    }
    let opened = groups.clone();
    for &cluster in all.iter().filter(|cluster| !taken(&opened, **cluster)) {
        let nearest = near(cluster).min_by(|a, b| {
            let (to_a, to_b) = (distance(cluster, *a).unwrap(), distance(cluster, *b).unwrap());
            to_a.total_cmp(&to_b).then(a.cmp(b))
        });
        if let Some(nearest) = nearest {
            let (owner, _) = opened.iter().find(|(_, group)| group.contains(&nearest)).unwrap();
            groups.get_mut(owner).unwrap().push(cluster);
        }
    }
    groups
        .into_iter()
        .map(|(representative, mut clusters)| {
            clusters.sort_unstable();
            Star { representative, clusters }
        })
        .collect()
}

#[test]
fn nothing_has_no_groups_and_a_lone_picture_is_in_none() {
    check(&[], &[], &[]);
    check(&[1, 1, 1], &[], &[]);
}

#[test]
fn equal_pictures_are_a_group_by_themselves() {
    check(&[1, 3, 1], &[], &[(1, &[1])]);
}

#[test]
fn pictures_near_one_of_them_stay_together() {
    let pairs = [pair(0, 3, 0.2), pair(1, 3, 0.3), pair(2, 3, 0.1)];
    check(&[1; 4], &pairs, &[(3, &[0, 1, 2, 3])]);
}

#[test]
fn the_one_with_more_copies_weighs_more() {
    check(&[1, 1, 5], &[pair(0, 1, 0.1), pair(1, 2, 0.1)], &[(1, &[0, 1, 2])]);
    check(&[1, 1, 9, 9], &[pair(0, 1, 0.1), pair(1, 2, 0.1)], &[(1, &[0, 1, 2]), (3, &[3])]);
}

#[test]
fn a_chain_ends_after_two_steps() {
    let chain: Vec<Pair> = (0..9).map(|left| pair(left, left + 1, 0.2)).collect();
    check(&[1; 10], &chain, &[(1, &[0, 1, 2]), (3, &[3, 4]), (5, &[5, 6]), (7, &[7, 8, 9])]);
}

#[test]
fn who_is_left_over_joins_the_nearest_neighbour() {
    // 0 and 1 each take two; 6 is left between 2 (of group 0) and 4 (of group 1), and nearer to the latter.
    let pairs = [
        pair(0, 2, 0.1),
        pair(0, 3, 0.1),
        pair(0, 7, 0.1),
        pair(1, 4, 0.1),
        pair(1, 5, 0.1),
        pair(1, 8, 0.1),
        pair(2, 6, 0.2),
        pair(4, 6, 0.1),
    ];
    check(&[1; 9], &pairs, &[(0, &[0, 2, 3, 7]), (1, &[1, 4, 5, 6, 8])]);
}

#[test]
fn pairs_with_unknown_clusters_are_ignored() {
    assert_eq!(groups(&[1, 1], &[pair(0, 7, 0.1), pair(1, 1, 0.0)]), []);
}

/// Points on a line, so that distances obey the triangle inequality.
fn scene() -> impl Strategy<Value = (Vec<u32>, Vec<Pair>, Vec<f32>)> {
    prop::collection::vec((0_u16..200, 1_u32..4), 0..60).prop_map(|points| {
        let places: Vec<f32> = points.iter().map(|(place, _)| f32::from(*place)).collect();
        let mut pairs = Vec::new();
        for right in 0..places.len() {
            for left in 0..right {
                let distance = (places[left] - places[right]).abs();
                if distance <= THRESHOLD {
                    pairs.push(pair(left as u32, right as u32, distance));
                }
            }
        }
        (points.iter().map(|(_, size)| *size).collect(), pairs, places)
    })
}

const THRESHOLD: f32 = 6.0;

proptest! {
    #[test]
    fn groups_are_those_of_the_definition_in_any_order((sizes, pairs, _) in scene(), turn in 0_usize..50) {
        let expected = by_definition(&sizes, &pairs);
        let mut turned = pairs.clone();
        turned.rotate_left(turn.min(pairs.len()));
        turned.reverse();
        prop_assert_eq!(&groups(&sizes, &turned), &expected);
        prop_assert_eq!(groups(&sizes, &pairs), expected);
    }

    #[test]
    fn groups_are_complete_disjoint_connected_and_bounded((sizes, pairs, places) in scene()) {
        let stars = groups(&sizes, &pairs);
        let near = |a: u32, b: u32| (places[a as usize] - places[b as usize]).abs() <= THRESHOLD;
        let mut grouped: Vec<u32> = stars.iter().flat_map(|star| star.clusters.clone()).collect();
        grouped.sort_unstable();
        let company: Vec<u32> = (0..sizes.len() as u32)
            .filter(|&a| sizes[a as usize] > 1 || pairs.iter().any(|pair| pair.left == a || pair.right == a))
            .collect();
        prop_assert_eq!(grouped, company);
        for star in &stars {
            for &member in &star.clusters {
                let others = star.clusters.iter().filter(|other| **other != member);
                prop_assert!(star.clusters.len() == 1 || others.clone().any(|other| near(member, *other)));
                let apart = (places[member as usize] - places[star.representative as usize]).abs();
                prop_assert!(apart <= 2.0 * THRESHOLD);
            }
        }
    }
}
