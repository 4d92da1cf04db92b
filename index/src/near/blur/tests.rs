use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::NearSet;
use super::super::store::Record;
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
}

const SIZES: [(u32, u32); 7] =
    [(512, 768), (512, 760), (832, 1216), (1024, 1024), (1020, 1024), (0, 0), (768, 512)];

/// Digits that shrink with frequency, or, one in eight, any that there can be.
fn digits(random: &mut Random) -> Digits {
    let wild = random.below(8) == 0;
    let waves = std::array::from_fn(|place| {
        let spread = if wild { 9 } else { 6 / (1 + place as u64 / 9) + 1 };
        random.below(2 * spread + 1) as i8 - spread as i8
    });
    let mean = std::array::from_fn(|_| random.below(256) as u8);
    Digits::new(waves, mean, random.below(if wild { 83 } else { 20 }) as u8).unwrap()
}

fn with_id(record: BlurRecord, id: u64) -> BlurRecord {
    BlurRecord::new(id, record.aspect(), record.digits)
}

/// Two in three are an earlier one, of which some have another digit here and there.
fn records(seed: u64, count: u64) -> Vec<BlurRecord> {
    let mut random = Random(seed);
    let mut records: Vec<BlurRecord> = Vec::new();
    for number in 0..count {
        // From both ends of what a number can be.
        let id = if number % 2 == 0 { number } else { u64::MAX - number };
        let (width, height) = SIZES[random.below(7) as usize];
        let fresh = BlurRecord::new(id, Aspect::of(width, height), digits(&mut random));
        let source = random.below(number.max(1)) as usize;
        records.push(match (random.below(3), records.get(source)) {
            (0, Some(copy)) => with_id(*copy, id),
            (1, Some(copy)) => {
                let mut row = [0; BlurRecord::BYTES];
                copy.write(&mut row);
                row[4 + random.below(45) as usize] = random.below(3) as u8;
                row[49 + random.below(3) as usize] ^= random.below(32) as u8;
                with_id(BlurRecord::read(&row).unwrap(), id)
            }
            _ => fresh,
        });
    }
    records
}

fn neighbours(records: &[BlurRecord], query: &Feature, aspect: Aspect, threshold: f32) -> Vec<Hit> {
    let all = records.iter().filter(|record| record.aspect().agrees(aspect));
    let hits = all.map(|record| Hit { id: record.id, distance: query.distance(&record.digits.feature()) });
    let mut hits: Vec<Hit> = hits.filter(|hit| hit.distance <= threshold).collect();
    hits.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.id.cmp(&b.id)));
    hits
}

/// Holds the answers against comparing with all; returns how many hits there were.
#[track_caller]
fn check(records: &[BlurRecord], threshold: f32) -> usize {
    let set = BlurSet::build(records.to_vec());
    let mut found = 0;
    for query in records.iter().step_by(7) {
        let (feature, aspect) = (query.digits.feature(), query.aspect());
        let hits = set.within(&feature, aspect, threshold);
        assert_eq!(hits, neighbours(records, &feature, aspect, threshold));
        found += hits.len();
    }
    found
}

#[test]
fn neighbours_equal_those_of_a_comparison_with_all() {
    let found: usize =
        [0.0, 0.05, 0.3, 0.6, 2.0, 90.0].map(|threshold| check(&records(3, 1500), threshold)).iter().sum();
    assert!(found > 10_000, "only {found} hits: the test compares next to nothing");
    assert_eq!(check(&[], 1.0), 0);
    assert_eq!(check(&records(3, 50), f32::NAN), 0);
    assert_eq!(check(&records(3, 50), -1.0), 0);
    assert!(check(&records(3, 50), f32::INFINITY) > 0);
}

#[test]
fn a_tree_of_the_same_entries_answers_the_same() {
    let set = BlurSet::build(records(5, 2000));
    let tree = NearSet::build(set.entries().collect());
    let mut found = 0;
    for query in set.entries().step_by(31) {
        let hits = set.within(&query.feature, query.aspect, 0.3);
        assert_eq!(hits, tree.within(&query.feature, query.aspect, 0.3));
        found += hits.len();
    }
    assert!(found > 100, "only {found} hits: the test compares next to nothing");
}

#[test]
fn queries_that_no_blurhash_gives_find_what_is_near() {
    let records = records(7, 400);
    let set = BlurSet::build(records.clone());
    let mut found = 0;
    for value in [-4.0_f32, -0.7, 0.0, 0.01, 1.0, 4.0] {
        let feature = Feature::new([value; 48]).unwrap();
        for threshold in [0.5, 3.0, 20.0, 40.0] {
            let hits = set.within(&feature, Aspect::of(2, 3), threshold);
            assert_eq!(hits, neighbours(&records, &feature, Aspect::of(2, 3), threshold));
            found += hits.len();
        }
    }
    assert!(found > 100, "only {found} hits: the test compares next to nothing");
}

#[test]
fn digits_outside_their_ranges_are_refused() {
    let mut waves = [9; 45];
    assert!(Digits::new(waves, [255; 3], 82).is_some());
    assert_eq!(Digits::new(waves, [255; 3], 83), None);
    waves[44] = -10;
    assert_eq!(Digits::new(waves, [255; 3], 82), None);
    assert_eq!(Digits::of(&Feature::new([0.123; 48]).unwrap()), None);
}

#[test]
fn rows_that_no_record_writes_are_refused() {
    let mut row = [0; BlurRecord::BYTES];
    records(1, 1)[0].write(&mut row);
    let spoiled = |at: usize, byte: u8| {
        let mut row = row;
        row[at] = byte;
        BlurRecord::read(&row)
    };
    assert!(BlurRecord::read(&row).is_some());
    assert_eq!(BlurRecord::read(&row[1..]), None);
    assert_eq!(spoiled(4, 10), None);
    assert_eq!(spoiled(52, 83), None);
    assert_eq!(spoiled(3, 0x80), None);
    assert_eq!(BlurRecord::read(&[0xFF; BlurRecord::BYTES]), None);
}

#[test]
fn pictures_come_back_from_a_file_with_what_was_appended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blurs");
    assert!(BlurSet::open(&path, 1).unwrap().is_none());
    let mut records = records(9, 300);
    let mut set = BlurSet::build(records.clone());
    let mut table = set.save(&path, Stamp { generation: 4, algorithm: 1 }).unwrap();
    let added = with_id(records[3], 1_000_000);
    table.append(5, &[added], &[records[5].key()]).unwrap();
    let gone = records.remove(5);
    records.push(added);
    set.insert(added);
    assert_eq!(set.remove(&[gone.id, 999_999]), 1);
    let (opened, table) = BlurSet::open(&path, 1).unwrap().unwrap();
    assert_eq!((table.stamp().generation, opened.len()), (5, 300));
    for query in &records {
        let (feature, aspect) = (query.digits.feature(), query.aspect());
        let expected = neighbours(&records, &feature, aspect, 0.4);
        assert_eq!(opened.within(&feature, aspect, 0.4), expected);
        assert_eq!(set.within(&feature, aspect, 0.4), expected);
    }
    assert!(BlurSet::open(&path, 2).unwrap_err().asks_for_rebuild());
}

#[test]
fn many_insertions_are_merged_and_found() {
    let all = records(11, 9000);
    let mut set = BlurSet::build(all[..100].to_vec());
    for record in &all[100..] {
        set.insert(*record);
    }
    assert_eq!((set.len(), set.is_empty()), (9000, false));
    assert!(set.records.len() > 8000 && set.sieves.len() == set.records.len().div_ceil(LANES));
    for query in all.iter().step_by(301) {
        let (feature, aspect) = (query.digits.feature(), query.aspect());
        assert_eq!(set.within(&feature, aspect, 0.3), neighbours(&all, &feature, aspect, 0.3));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_set_gives_the_neighbours_of_brute_force(
        seed in any::<u64>(), count in 0_u64..200, threshold in 0.0_f32..1.5,
    ) {
        check(&records(seed, count), threshold);
    }

    #[test]
    fn any_digits_come_back_from_their_feature(seed in any::<u64>()) {
        let mut random = Random(seed);
        let digits = digits(&mut random);
        let feature = digits.feature();
        // Other digits may mean the same numbers; the numbers are the same to the bit.
        let read = Digits::of(&feature).unwrap().feature();
        prop_assert!(read.bits().eq(feature.bits()));
    }

    #[test]
    fn insertions_and_removals_are_seen_at_once(
        seed in any::<u64>(), removed in prop::collection::vec(0_u64..80, 0..30),
    ) {
        let all = records(seed, 80);
        let mut set = BlurSet::build(all[..40].to_vec());
        let mut map: BTreeMap<u64, BlurRecord> = all.iter().map(|record| (record.id, *record)).collect();
        for record in &all[40..] {
            set.insert(*record);
        }
        let gone = removed.iter().filter(|id| map.remove(id).is_some()).count();
        prop_assert_eq!(set.remove(&removed), gone);
        let left: Vec<BlurRecord> = map.into_values().collect();
        prop_assert_eq!(set.len(), left.len());
        for query in &all {
            let (feature, aspect) = (query.digits.feature(), query.aspect());
            prop_assert_eq!(set.within(&feature, aspect, 0.5), neighbours(&left, &feature, aspect, 0.5));
        }
    }
}
