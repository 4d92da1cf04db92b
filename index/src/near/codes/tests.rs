use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Mutex;

use proptest::prelude::*;

use super::layout::{Layout, Purpose, Sample};
use super::lookup::Lookup;
use super::table::{Counting, Table};
use super::*;
use crate::near::store::{CodeRecord, Stamp};

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
}

/// How the codes of a test depend on each other.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Every bit alone; two in three are an earlier code with some bits flipped.
    Clustered,
    /// The same, but each bit is mostly that before it.
    Correlated,
    /// All bits but the lowest eight are equal in all.
    Narrow,
    /// All the same.
    Equal,
}

const KINDS: [Kind; 4] = [Kind::Clustered, Kind::Correlated, Kind::Narrow, Kind::Equal];

fn fresh<const WORDS: usize>(random: &mut Random, kind: Kind) -> Code<WORDS> {
    let mut last = 0;
    Code(std::array::from_fn(|_| match kind {
        Kind::Clustered => random.next(),
        Kind::Correlated => (0..64).fold(0, |word, _| {
            last ^= u64::from(random.below(5) == 0);
            word << 1 | last
        }),
        Kind::Narrow => random.below(256),
        Kind::Equal => 77,
    }))
}

fn codes<const WORDS: usize>(seed: u64, count: usize, kind: Kind) -> Vec<(u64, Code<WORDS>)> {
    let mut random = Random(seed);
    let mut codes: Vec<(u64, Code<WORDS>)> = Vec::new();
    for number in 0..count as u64 {
        let mut code = fresh(&mut random, kind);
        if number > 0 && random.below(3) > 0 && !matches!(kind, Kind::Equal) {
            code = codes[random.below(number) as usize].1;
            for _ in 0..random.below(12 * WORDS as u64) {
                code.0[random.below(WORDS as u64) as usize] ^=
                    1 << random.below(if number % 2 == 0 { 64 } else { 8 });
            }
        }
        // From both ends of what a number can be.
        let id = if number % 2 == 0 { number } else { u64::MAX - number };
        codes.push((id, code));
    }
    codes
}

fn brute_force<const WORDS: usize>(codes: &[(u64, Code<WORDS>)], max_bits: u32) -> Vec<CodePair> {
    let mut pairs = Vec::new();
    for (place, (a, code)) in codes.iter().enumerate() {
        for (b, other) in &codes[place + 1..] {
            let distance = code.distance(other);
            if distance <= max_bits {
                pairs.push(CodePair { left: *a.min(b), right: *a.max(b), distance });
            }
        }
    }
    pairs.sort_unstable();
    pairs
}

fn neighbours<const WORDS: usize>(
    codes: &[(u64, Code<WORDS>)],
    query: &Code<WORDS>,
    max_bits: u32,
) -> Vec<CodeHit> {
    let all = codes.iter().map(|(id, code)| CodeHit { distance: code.distance(query), id: *id });
    let mut hits: Vec<CodeHit> = all.filter(|hit| hit.distance <= max_bits).collect();
    hits.sort_unstable();
    hits
}

/// The pairs of a set as its visitor sees them, with clusters written out.
fn visited<const WORDS: usize>(set: &mut CodeSet<WORDS>, max_bits: u32) -> Vec<CodePair> {
    let pairs = Mutex::new((0.0, Vec::new()));
    let ended = set.visit_pairs(max_bits, |found| {
        let mut pairs = pairs.lock().unwrap();
        pairs.0 += found.share;
        for pair in found.pairs {
            assert!(pair.left < pair.right && pair.distance > 0);
            for &a in found.set.members(pair.left) {
                let others = found.set.members(pair.right).iter();
                pairs.1.extend(others.map(|&b| CodePair {
                    left: a.min(b),
                    right: a.max(b),
                    distance: pair.distance,
                }));
            }
        }
        ControlFlow::Continue(())
    });
    assert_eq!(ended, ControlFlow::Continue(()));
    let (share, mut pairs) = pairs.into_inner().unwrap();
    assert!(set.clusters() == 0 || (0.9..1.1).contains(&share), "{share} of the work was done");
    pairs.sort_unstable();
    pairs
}

/// Holds every way to ask against comparing all with all; returns how many pairs there are.
#[track_caller]
fn check<const WORDS: usize>(codes: &[(u64, Code<WORDS>)], max_bits: u32) -> usize {
    let expected = brute_force(codes, max_bits);
    let mut set = CodeSet::build(codes.to_vec());
    assert_eq!(set.all_pairs(max_bits), expected);
    let apart: Vec<CodePair> = expected.iter().filter(|pair| pair.distance > 0).copied().collect();
    assert_eq!(visited(&mut set, max_bits), apart);
    let queries: Vec<Code<WORDS>> = codes.iter().step_by(7).map(|(_, code)| *code).collect();
    for (query, hits) in queries.iter().zip(set.neighbours(&queries, max_bits)) {
        let expected = neighbours(codes, query, max_bits);
        assert_eq!(hits, expected);
        assert_eq!(set.within(query, max_bits), expected);
    }
    expected.len()
}

/// Holds a division into so many tables, which nobody would choose for so few codes, against comparing all with all.
#[track_caller]
fn check_tables<const WORDS: usize>(entries: &[(u64, Code<WORDS>)], tables: u32, max_bits: u32) -> usize {
    let mut codes: Vec<Code<WORDS>> = entries.iter().map(|(_, code)| *code).collect();
    codes.sort_unstable();
    codes.dedup();
    let numbered: Vec<(u64, Code<WORDS>)> = (0..).zip(codes.iter().copied()).collect();
    let layout = Layout::deal(&Sample::of(&codes), tables);
    let widths: u32 = layout.parts.iter().map(|part| part.width).sum();
    assert_eq!(widths, 64 * WORDS as u32);
    let found = Mutex::new(Vec::new());
    let _ = join::by_tables(&codes, &layout, max_bits, &|pairs: &[ClusterPair], _| {
        found.lock().unwrap().extend_from_slice(pairs);
        ControlFlow::Continue(())
    });
    let mut found: Vec<CodePair> = found.into_inner().unwrap().iter().map(|pair| pair_of(*pair)).collect();
    found.sort_unstable();
    let expected = brute_force(&numbered, max_bits);
    assert_eq!(found, expected);
    let lookup = Lookup::with(&codes, layout, max_bits);
    for query in codes.iter().step_by(5) {
        for bits in [max_bits, max_bits / 2] {
            let found = lookup.within(query, bits).unwrap();
            let mut hits: Vec<CodeHit> =
                found.iter().map(|&(number, distance)| CodeHit { distance, id: u64::from(number) }).collect();
            hits.sort_unstable();
            assert_eq!(hits, neighbours(&numbered, query, bits));
        }
    }
    assert!(lookup.within(&Code([0; WORDS]), max_bits + 1).is_none());
    expected.len()
}

fn pair_of(pair: ClusterPair) -> CodePair {
    CodePair { left: pair.left.into(), right: pair.right.into(), distance: pair.distance }
}

#[test]
fn every_way_to_ask_equals_a_comparison_of_all_with_all() {
    let mut found = 0;
    for kind in KINDS {
        for max_bits in [0, 3, 8, 20, 64, 200] {
            found += check(&codes::<1>(1, 150, kind), max_bits);
            found += check(&codes::<2>(2, 150, kind), max_bits);
            found += check(&codes::<3>(3, 150, kind), max_bits);
        }
    }
    assert!(found > 100_000, "only {found} pairs: the test compares next to nothing");
}

#[test]
fn any_division_into_tables_finds_every_pair_once() {
    let mut found = 0;
    for kind in KINDS {
        for max_bits in [0, 1, 7, 8, 9, 13] {
            found += check_tables(&codes::<1>(5, 250, kind), 5, max_bits);
            found += check_tables(&codes::<2>(6, 250, kind), 11, max_bits);
            found += check_tables(&codes::<3>(7, 250, kind), 16, max_bits * 2);
        }
    }
    assert!(found > 10_000, "only {found} pairs: the test compares next to nothing");
}

#[test]
fn codes_compared_several_at_once_are_those_compared_one_by_one() {
    let codes: Vec<Code<3>> =
        codes::<3>(19, 500, Kind::Correlated).into_iter().map(|(_, code)| code).collect();
    let layout = Layout::deal(&Sample::of(&codes), 64);
    let table = Table::build(&layout.parts[0], &codes);
    let mut found = 0;
    for (turn, code) in codes.iter().enumerate() {
        let places = turn / 3..(turn * 7 % 500).max(turn / 3);
        let near = |by| {
            let mut near = Vec::new();
            table.each_near(code, places.clone(), 60, by, |place| near.push(place));
            near
        };
        let expected: Vec<usize> =
            places.clone().filter(|place| table.code(*place).distance(code) <= 60).collect();
        assert_eq!(near(Counting::OneWord), expected);
        assert_eq!(near(Counting::ManyWords), expected);
        found += expected.len();
    }
    assert!(found > 1000, "only {found} near codes: the test compares next to nothing");
}

#[test]
fn many_codes_are_joined_by_tables_and_few_are_not() {
    let many: Vec<Code<1>> =
        codes::<1>(9, 20_000, Kind::Clustered).into_iter().map(|(_, code)| code).collect();
    assert!(Layout::choose(&many, 8, Purpose::Join).is_some());
    assert!(Layout::choose(&many[..50], 8, Purpose::Join).is_none());
    assert!(Layout::choose(&many, 40, Purpose::Join).is_none());
    assert!(Layout::choose(&many, 8, Purpose::LookUps(10_000)).is_some());
}

#[test]
fn nothing_and_one_have_no_pairs() {
    assert_eq!(check::<3>(&[], 31), 0);
    assert_eq!(check(&[(u64::MAX, Code([1, 2]))], 128), 0);
    assert!(CodeSet::<1>::default().is_empty());
    assert_eq!(CodeSet::<1>::default().members(0), [0_u64; 0]);
    assert_eq!(check(&[(1, Code([0])), (2, Code([u64::MAX]))], u32::MAX), 1);
}

#[test]
fn a_million_equal_codes_are_one_cluster() {
    let mut set = CodeSet::build((0..1_000_000).map(|id| (id, Code([7, 7, 7]))).collect());
    assert_eq!((set.len(), set.clusters(), set.members(0).len()), (1_000_000, 1, 1_000_000));
    assert_eq!(visited(&mut set, 31), []);
}

#[test]
fn a_visitor_may_stop() {
    let mut set = CodeSet::build(codes::<1>(13, 3000, Kind::Clustered));
    assert_eq!(set.visit_pairs(8, |_| ControlFlow::Break(())), ControlFlow::Break(()));
}

#[test]
fn the_order_of_the_input_and_the_number_of_threads_change_nothing() {
    let entries = codes::<1>(11, 6000, Kind::Correlated);
    let expected = CodeSet::build(entries.clone()).all_pairs(6);
    assert!(expected.len() > 1000);
    let reversed: Vec<_> = entries.into_iter().rev().collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(pool.install(|| CodeSet::build(reversed).all_pairs(6)), expected);
}

#[test]
fn look_ups_by_tables_and_without_are_the_same() {
    let entries = codes::<1>(15, 3000, Kind::Clustered);
    let set = CodeSet::build(entries.clone());
    for turn in 0..200 {
        let query = entries[turn * 13].1;
        assert_eq!(set.within(&query, 8), neighbours(&entries, &query, 8), "look-up {turn}");
    }
    let far = set.within(&entries[0].1, 30);
    assert_eq!(far, neighbours(&entries, &entries[0].1, 30), "tables made for 8 bits do not answer for 30");
}

#[test]
fn codes_come_back_from_a_file_with_what_was_appended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("codes");
    assert!(CodeSet::<2>::open(&path, 1).unwrap().is_none());
    let entries = codes::<2>(17, 500, Kind::Clustered);
    let mut set = CodeSet::build(entries.clone());
    let mut table = set.save(&path, Stamp { generation: 4, algorithm: 1 }).unwrap();
    let (opened, _) = CodeSet::<2>::open(&path, 1).unwrap().unwrap();
    assert_eq!(opened.all_pairs(20), set.all_pairs(20));
    let added = CodeRecord { code: entries[3].1, id: 1_000_000 };
    table.append(5, &[added], &[[entries[3].0, 0]]).unwrap();
    set.insert(added.id, added.code);
    assert_eq!(set.remove(&[entries[3].0, 999_999]), 1);
    let (opened, table) = CodeSet::<2>::open(&path, 1).unwrap().unwrap();
    assert_eq!(table.stamp().generation, 5);
    assert_eq!(opened.all_pairs(20), set.all_pairs(20));
    assert!(CodeSet::<2>::open(&path, 2).unwrap_err().asks_for_rebuild());
}

/// The tables were made under a lock that the other threads of the pool waited for, while the thread that made them waited
/// for those others to take their share of the work.
#[test]
fn look_ups_from_all_threads_of_a_pool_come_to_an_end_and_find_what_one_finds() {
    use rayon::prelude::*;

    const MOST: u32 = 20;
    let all = codes::<3>(7, 400, Kind::Clustered);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().expect("threads");
    for _ in 0..30 {
        let set = CodeSet::build(all.clone());
        let found: Vec<Vec<CodeHit>> =
            pool.install(|| all.par_iter().map(|(_, code)| set.within(code, MOST)).collect());
        for ((_, code), found) in all.iter().zip(&found).step_by(97) {
            let near = all.iter().map(|(id, other)| CodeHit { distance: code.distance(other), id: *id });
            let mut near: Vec<CodeHit> = near.filter(|hit| hit.distance <= MOST).collect();
            near.sort_unstable();
            assert_eq!(found, &near);
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u64),
    Remove(Vec<u64>),
    Ask(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => any::<u64>().prop_map(Step::Insert),
        1 => prop::collection::vec(0_u64..60, 0..9).prop_map(Step::Remove),
        1 => (0_u32..70).prop_map(Step::Ask),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_set_gives_the_pairs_of_brute_force(
        seed in any::<u64>(), count in 0_usize..120, kind in prop::sample::select(&KINDS[..]), max_bits in 0_u32..200,
    ) {
        check(&codes::<1>(seed, count, kind), max_bits);
        check(&codes::<3>(seed, count, kind), max_bits);
    }

    #[test]
    fn any_tables_give_the_pairs_of_brute_force(
        seed in any::<u64>(), kind in prop::sample::select(&KINDS[..]), tables in 4_u32..12, max_bits in 0_u32..14,
    ) {
        check_tables(&codes::<1>(seed, 120, kind), tables, max_bits);
        check_tables(&codes::<2>(seed, 120, kind), 2 * tables, max_bits * 2);
    }

    #[test]
    fn insertions_and_removals_are_seen_at_once(seed in any::<u64>(), steps in steps()) {
        let mut set = CodeSet::build(codes::<1>(seed, 20, Kind::Narrow));
        let mut map: BTreeMap<u64, Code<1>> = codes::<1>(seed, 20, Kind::Narrow).into_iter().collect();
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Insert(bits) => {
                    let id = 20 + number as u64;
                    set.insert(id, Code([bits % 4096]));
                    map.insert(id, Code([bits % 4096]));
                }
                Step::Remove(ids) => {
                    let gone = ids.iter().filter(|id| map.remove(id).is_some()).count();
                    prop_assert_eq!(set.remove(&ids), gone);
                }
                Step::Ask(bits) => {
                    let rows: Vec<(u64, Code<1>)> = map.iter().map(|(id, code)| (*id, *code)).collect();
                    prop_assert_eq!(set.all_pairs(bits), brute_force(&rows, bits));
                    let query = Code([u64::from(bits)]);
                    prop_assert_eq!(set.within(&query, bits / 4), neighbours(&rows, &query, bits / 4));
                    prop_assert_eq!(set.len(), rows.len());
                }
            }
        }
    }
}
