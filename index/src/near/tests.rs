use std::ops::ControlFlow;
use std::sync::Mutex;

use proptest::prelude::*;

use super::*;

/// Splitmix64: small, seeded, the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn unit(&mut self) -> f32 {
        self.below(1 << 24) as f32 / (1 << 24) as f32
    }

    fn gauss(&mut self) -> f32 {
        (0..12).map(|_| self.unit()).sum::<f32>() - 6.0
    }
}

const SIZES: [(u32, u32); 7] =
    [(512, 768), (512, 760), (832, 1216), (1024, 1024), (1020, 1024), (0, 0), (768, 512)];

/// Pictures whose amplitudes fall with frequency; half of them are near or equal copies of earlier ones.
fn realistic(seed: u64, count: usize) -> Vec<Entry> {
    let mut random = Random(seed);
    let mut entries: Vec<Entry> = Vec::new();
    for id in 0..count as u64 {
        let source = random.below(id.max(1)) as usize;
        let entry = match (random.below(4), entries.get(source).cloned()) {
            (0, Some(copy)) => Entry { id, ..copy },
            (1, Some(copy)) => {
                let strength = random.unit() * 0.1;
                let values = copy.feature.values().map(|value| value + random.gauss() * strength);
                Entry { id, aspect: copy.aspect, feature: Feature::new(values).unwrap() }
            }
            _ => {
                let (width, height) = SIZES[random.below(SIZES.len() as u64) as usize];
                Entry { id, aspect: Aspect::of(width, height), feature: picture(&mut random) }
            }
        };
        entries.push(entry);
    }
    entries
}

fn picture(random: &mut Random) -> Feature {
    let scale = 0.02 + random.unit() * 0.05;
    let mut values = [0.0; DIMENSIONS];
    for (triple, colours) in values.chunks_exact_mut(3).enumerate() {
        let spread = scale * 4.0 / (1.0 + 0.35 * (triple % 8) as f32);
        let light = random.gauss() * spread;
        colours.fill_with(|| light + random.gauss() * spread * 0.35);
    }
    Feature::new(values).unwrap()
}

/// Every pair of ids, compared one by one.
fn brute_force(entries: &[Entry], threshold: f32) -> Vec<(u64, u64, f32)> {
    let mut pairs = Vec::new();
    for (place, a) in entries.iter().enumerate() {
        for b in &entries[place + 1..] {
            let distance = a.feature.distance(&b.feature);
            if distance <= threshold && a.aspect.agrees(b.aspect) {
                pairs.push((a.id.min(b.id), a.id.max(b.id), distance));
            }
        }
    }
    pairs.sort_by_key(|pair| (pair.0, pair.1));
    pairs
}

/// The answer of the set, with clusters written out as pairs of ids.
fn expanded(set: &NearSet, threshold: f32) -> Vec<(u64, u64, f32)> {
    let mut pairs = Vec::new();
    for cluster in 0..set.clusters() as u32 {
        let ids = set.members(cluster);
        for (place, &a) in ids.iter().enumerate() {
            pairs.extend(ids[place + 1..].iter().map(|&b| (a, b, 0.0)));
        }
    }
    for pair in set.all_pairs(threshold) {
        for &a in set.members(pair.left) {
            pairs.extend(set.members(pair.right).iter().map(|&b| (a.min(b), a.max(b), pair.distance)));
        }
    }
    pairs.sort_by_key(|pair| (pair.0, pair.1));
    pairs
}

#[track_caller]
fn check(entries: &[Entry], threshold: f32) -> usize {
    let expected = brute_force(entries, threshold);
    let set = NearSet::build(entries.to_vec());
    assert_eq!(expanded(&set, threshold), expected);
    for query in entries.iter().step_by(17) {
        let mut hits: Vec<Hit> = entries
            .iter()
            .map(|entry| Hit { id: entry.id, distance: entry.feature.distance(&query.feature) })
            .zip(entries)
            .filter(|(hit, entry)| hit.distance <= threshold && entry.aspect.agrees(query.aspect))
            .map(|(hit, _)| hit)
            .collect();
        hits.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.id.cmp(&b.id)));
        assert_eq!(set.within(&query.feature, query.aspect, threshold), hits);
    }
    expected.len()
}

#[test]
fn pairs_and_neighbours_equal_those_of_a_comparison_of_all_with_all() {
    let found: usize =
        [0.0, 0.05, 0.14, 0.3, 0.6, 2.0].map(|limit| check(&realistic(7, 1500), limit)).iter().sum();
    assert!(found > 10_000, "only {found} pairs: the test compares next to nothing");
}

#[test]
fn nothing_and_one_have_no_pairs() {
    assert_eq!(check(&[], 0.3), 0);
    assert_eq!(check(&realistic(1, 1), 0.3), 0);
    let empty = NearSet::build(Vec::new());
    assert!(empty.is_empty());
    assert_eq!(empty.within(&picture(&mut Random(1)), Aspect::UNKNOWN, 9.0), []);
    assert_eq!(empty.members(0), [0_u64; 0]);
}

#[test]
fn equal_pictures_are_one_cluster() {
    let feature = picture(&mut Random(3));
    let entries = (0..1000).rev().map(|id| Entry { id, aspect: Aspect::of(2, 3), feature: feature.clone() });
    let set = NearSet::build(entries.collect());
    assert_eq!((set.len(), set.clusters()), (1000, 1));
    assert_eq!(set.members(0), (0..1000).collect::<Vec<u64>>());
    assert_eq!(set.all_pairs(1.0), []);
}

#[test]
fn a_distance_equal_to_the_threshold_counts() {
    let at = |value: f32| {
        let mut values = [0.0; DIMENSIONS];
        values[20] = value;
        Feature::new(values).unwrap()
    };
    let shape = Aspect::of(1, 1);
    let set = NearSet::build(vec![Entry { id: 1, aspect: shape, feature: at(0.25) }]);
    assert_eq!(set.within(&at(0.0), shape, 0.25), [Hit { id: 1, distance: 0.25 }]);
    assert_eq!(set.within(&at(0.0), shape, 0.249), []);
}

#[test]
fn shapes_agree_within_two_per_cent_and_unknown_only_with_unknown() {
    let square = Aspect::of(1000, 1000);
    assert!(square.agrees(Aspect::of(1020, 1000)) && Aspect::of(1020, 1000).agrees(square));
    assert!(!square.agrees(Aspect::of(1021, 1000)) && !Aspect::of(1021, 1000).agrees(square));
    assert!(Aspect::UNKNOWN.agrees(Aspect::of(0, 5)));
    assert!(!Aspect::UNKNOWN.agrees(square) && !square.agrees(Aspect::UNKNOWN));
    assert!(!Aspect::UNKNOWN.agrees(Aspect::of(1, u32::MAX)));
}

#[test]
fn values_that_no_picture_has_are_refused() {
    for value in [f32::NAN, f32::INFINITY, -f32::INFINITY, 4.01, -4.01] {
        let mut values = [0.0; DIMENSIONS];
        values[47] = value;
        assert_eq!(Feature::new(values), None);
    }
    let (plus, minus) = (Feature::new([0.0; DIMENSIONS]), Feature::new([-0.0; DIMENSIONS]));
    assert!(plus.unwrap().bits().eq(minus.unwrap().bits()));
}

#[test]
fn the_order_of_the_input_and_the_number_of_threads_change_nothing() {
    let entries = realistic(11, 9000);
    let expected = NearSet::build(entries.clone()).all_pairs(0.3);
    assert!(expected.len() > 1000);
    let mut shuffled = entries;
    let mut random = Random(5);
    for place in (1..shuffled.len()).rev() {
        shuffled.swap(place, random.below(place as u64 + 1) as usize);
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(pool.install(|| NearSet::build(shuffled).all_pairs(0.3)), expected);
}

#[test]
fn a_visitor_sees_every_pair_once_and_may_stop() {
    let set = NearSet::build(realistic(13, 2000));
    let (seen, clusters) = (Mutex::new(Vec::new()), Mutex::new(0));
    let ended = set.visit_pairs(0.3, |found| {
        seen.lock().unwrap().extend_from_slice(found.pairs);
        *clusters.lock().unwrap() += found.clusters;
        ControlFlow::Continue(())
    });
    let mut seen = seen.into_inner().unwrap();
    seen.sort_by_key(|pair| (pair.left, pair.right));
    assert_eq!((seen, ended), (set.all_pairs(0.3), ControlFlow::Continue(())));
    assert_eq!(clusters.into_inner().unwrap(), set.clusters());
    assert_eq!(set.visit_pairs(0.3, |_| ControlFlow::Break(())), ControlFlow::Break(()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_set_gives_the_pairs_of_brute_force(
        seed in any::<u64>(), count in 0_usize..300, threshold in 0.0_f32..1.0,
    ) {
        check(&realistic(seed, count), threshold);
    }

    #[test]
    fn extreme_values_lose_no_pair(
        rows in prop::collection::vec((prop::collection::vec(prop::sample::select(vec![-4.0_f32, -1.0, 0.0, 1e-30, 0.3, 4.0]), 48), 1_u32..4), 0..80),
        threshold in prop::sample::select(vec![0.0_f32, 0.3, 5.0, 20.0, 60.0, f32::INFINITY, f32::NAN, -1.0]),
    ) {
        let entries: Vec<Entry> = rows.iter().enumerate().map(|(id, (values, height))| Entry {
            id: id as u64,
            aspect: Aspect::of(2, *height),
            feature: Feature::new(values.clone().try_into().unwrap()).unwrap(),
        }).collect();
        let set = NearSet::build(entries.clone());
        let distinct: Vec<_> = expanded(&set, threshold).into_iter().filter(|pair| pair.2 > 0.0).collect();
        let expected: Vec<_> = brute_force(&entries, threshold).into_iter().filter(|pair| pair.2 > 0.0).collect();
        prop_assert_eq!(distinct, expected);
    }
}
