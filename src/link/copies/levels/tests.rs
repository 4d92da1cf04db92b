use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn link(left: u32, right: u32, class: CopyClass, distance: f32) -> Link {
    Link { left, right, class, distance }
}

#[track_caller]
fn check(images: &[u32], links: &[Link], expected: &[(CopyClass, &[u32])]) {
    let found = level_groups(images, links);
    let found: Vec<(CopyClass, &[u32])> =
        found.iter().map(|group| (group.class, group.members.as_slice())).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_group_is_told_once_at_the_strongest_level_that_has_it() {
    let links = [
        link(0, 1, CopyClass::SamePixels, 0.0),
        link(1, 2, CopyClass::ReEncode, 3.0),
        link(2, 3, CopyClass::Candidate, 0.1),
        link(4, 5, CopyClass::SameBytes, 0.0),
    ];
    check(
        &[1; 6],
        &links,
        &[
            (CopyClass::SameBytes, &[4, 5]),
            (CopyClass::SamePixels, &[0, 1]),
            (CopyClass::ReEncode, &[0, 1, 2]),
            (CopyClass::Candidate, &[0, 1, 2, 3]),
        ],
    );
}

#[test]
fn a_picture_of_several_images_is_a_group_by_itself() {
    check(&[2, 1, 0], &[], &[(CopyClass::SameBytes, &[0])]);
    check(
        &[2, 1],
        &[link(0, 1, CopyClass::Edited, 20.0)],
        &[(CopyClass::SameBytes, &[0]), (CopyClass::Edited, &[0, 1])],
    );
}

#[test]
fn a_chain_of_look_alikes_ends_after_two_steps() {
    let chain: Vec<Link> = (0..9).map(|at| link(at, at + 1, CopyClass::Edited, 31.0)).collect();
    let found = level_groups(&[1; 10], &chain);
    assert!(found.len() > 1 && found.iter().all(|group| group.members.len() <= 5), "{found:?}");
}

#[test]
fn what_is_verified_is_never_torn_apart_by_candidates() {
    // 0 and 1 are verified; everything around 2 is near to 1 by BlurHash only.
    let mut links = vec![link(0, 1, CopyClass::ReEncode, 9.0)];
    links.extend((3..9).map(|other| link(2, other, CopyClass::Candidate, 0.1)));
    links.push(link(1, 2, CopyClass::Candidate, 0.01));
    let found = level_groups(&[1; 9], &links);
    let widest: Vec<&[u32]> = found
        .iter()
        .filter(|group| group.class == CopyClass::Candidate)
        .map(|group| group.members.as_slice())
        .collect();
    assert_eq!(widest, [&[0, 1, 2, 3, 4, 5, 6, 7, 8][..]]);
}

#[test]
fn the_groups_of_a_level_are_its_own_and_those_that_it_leaves_as_they_are() {
    let group = |class, members: &[u64]| CopyGroup { class, members: members.to_vec() };
    let all = [
        group(CopyClass::SameBytes, &[1]),
        group(CopyClass::SamePixels, &[3, 4]),
        group(CopyClass::ReEncode, &[1, 2]),
        group(CopyClass::Candidate, &[1, 2, 9]),
    ];
    let members = |level| -> Vec<Vec<u64>> {
        at_level(&all, level).into_iter().map(|group| group.members.clone()).collect()
    };
    assert_eq!(members(CopyClass::SameBytes), [vec![1]]);
    assert_eq!(members(CopyClass::Edited), [vec![3, 4], vec![1, 2]]);
    assert_eq!(members(CopyClass::Candidate), [vec![3, 4], vec![1, 2, 9]]);
}

/// The definition, word for word: points grouped around those with most company.
fn star_oracle(
    points: &[BTreeSet<u32>],
    images: &[u32],
    links: &[Link],
    classes: &[CopyClass],
) -> Vec<BTreeSet<u32>> {
    let size = |point: &BTreeSet<u32>| point.iter().map(|p| u64::from(images[*p as usize])).sum::<u64>();
    let between = |a: usize, b: usize| -> Option<(CopyClass, f32)> {
        let mut best: Option<(CopyClass, f32)> = None;
        for link in links.iter().filter(|link| classes.contains(&link.class)) {
            let here = (points[a].contains(&link.left) && points[b].contains(&link.right))
                || (points[b].contains(&link.left) && points[a].contains(&link.right));
            let better = best.is_none_or(|(class, distance)| {
                (link.class, link.distance.to_bits()) < (class, distance.to_bits())
            });
            if here && better {
                best = Some((link.class, link.distance));
            }
        }
        best
    };
    let neighbours = |a: usize| -> Vec<(f32, usize)> {
        let others = (0..points.len()).filter(|b| *b != a);
        let mut near: Vec<(f32, usize)> =
            others.filter_map(|b| between(a, b).map(|(_, distance)| (distance, b))).collect();
        near.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
        near
    };
    let company = |a: usize| -> u64 {
        neighbours(a).iter().map(|(_, b)| size(&points[*b])).sum::<u64>() + size(&points[a]).saturating_sub(1)
    };
    let mut ranked: Vec<usize> = (0..points.len()).filter(|a| company(*a) > 0).collect();
    ranked.sort_by_key(|a| (std::cmp::Reverse(company(*a)), *a));
    let mut owner: Vec<Option<usize>> = vec![None; points.len()];
    for &a in &ranked {
        let near = neighbours(a);
        let takes = near.is_empty() || near.iter().any(|(_, b)| owner[*b].is_none());
        if owner[a].is_none() && takes {
            owner[a] = Some(a);
            for (_, b) in near {
                owner[b].get_or_insert(a);
            }
        }
    }
    let settled = owner.clone();
    for &a in &ranked {
        if settled[a].is_none() {
            owner[a] = neighbours(a).first().and_then(|(_, b)| settled[*b]);
        }
    }
    let mut groups: Vec<BTreeSet<u32>> = Vec::new();
    for centre in 0..points.len() {
        let inside = (0..points.len()).filter(|a| owner[*a].unwrap_or(*a) == centre);
        let group: BTreeSet<u32> = inside.flat_map(|a| points[a].iter().copied()).collect();
        if !group.is_empty() {
            groups.push(group);
        }
    }
    groups.sort();
    groups
}

fn connected_oracle(count: u32, links: &[Link], class: CopyClass) -> Vec<BTreeSet<u32>> {
    let mut groups: Vec<BTreeSet<u32>> = (0..count).map(|picture| BTreeSet::from([picture])).collect();
    for link in links.iter().filter(|link| link.class <= class) {
        let (inside, mut rest): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.contains(&link.left) || group.contains(&link.right));
        rest.push(inside.into_iter().flatten().collect());
        groups = rest;
    }
    groups.sort();
    groups
}

fn links(count: u32) -> impl Strategy<Value = Vec<Link>> {
    let class = proptest::sample::select(LEVELS.to_vec());
    let one = (0..count, 0..count, class, 0..4_u8);
    let make = |(left, right, class, distance): (u32, u32, CopyClass, u8)| {
        link(left, right, class, f32::from(distance))
    };
    proptest::collection::vec(one.prop_map(make), 0..30)
        .prop_map(|links| links.into_iter().filter(|link| link.left != link.right).collect())
}

proptest! {
    #[test]
    fn the_groups_are_those_of_the_definition_in_any_order_of_links(
        mut links in links(12), images in proptest::collection::vec(1..3_u32, 12), turn in 0..30_usize
    ) {
        let found = level_groups(&images, &links);
        let pixels = connected_oracle(12, &links, CopyClass::SamePixels);
        let edited = star_oracle(&pixels, &images, &links, &LEVELS[..4]);
        let levels = [
            connected_oracle(12, &links, CopyClass::SameBytes),
            pixels.clone(),
            star_oracle(&pixels, &images, &links, &LEVELS[..3]),
            edited.clone(),
            star_oracle(&edited, &images, &links, &LEVELS[4..]),
        ];
        let mut told: BTreeSet<Vec<u32>> = BTreeSet::new();
        let mut expected = Vec::new();
        let mut last: Vec<BTreeSet<u32>> = Vec::new();
        for (class, groups) in LEVELS.into_iter().zip(levels) {
            for group in &groups {
                let shown: u32 = group.iter().map(|picture| images[*picture as usize]).sum();
                let members: Vec<u32> = group.iter().copied().collect();
                let is_new = !last.contains(group) || !told.contains(&members);
                if shown > 1 && is_new {
                    told.insert(members.clone());
                    expected.push(LevelGroup { class, members });
                }
            }
            last = groups;
        }
        expected.sort();
        prop_assert_eq!(&found, &expected);
        if !links.is_empty() {
            let turn = turn % links.len();
            links.rotate_left(turn);
            links.iter_mut().for_each(|link| std::mem::swap(&mut link.left, &mut link.right));
            prop_assert_eq!(level_groups(&images, &links), found);
        }
    }

    #[test]
    fn each_level_is_a_partition_that_leaves_nobody_out_and_keeps_equals_together(links in links(12)) {
        let images = [1; 12];
        let all = level_groups(&images, &links);
        let copies: Vec<CopyGroup> = all
            .iter()
            .map(|group| CopyGroup {
                class: group.class,
                members: group.members.iter().map(|member| u64::from(*member)).collect(),
            })
            .collect();
        for level in LEVELS {
            let groups = at_level(&copies, level);
            let mut seen = BTreeSet::new();
            for group in &groups {
                prop_assert!(group.members.iter().all(|member| seen.insert(*member)), "twice at {level:?}");
            }
            let home = |picture: u32| groups.iter().position(|group| group.members.contains(&u64::from(picture)));
            for link in links.iter().filter(|link| link.class <= level) {
                prop_assert!(home(link.left).is_some() && home(link.right).is_some(), "{link:?} at {level:?}");
                if link.class <= CopyClass::SamePixels {
                    prop_assert_eq!(home(link.left), home(link.right));
                }
            }
        }
    }
}
