use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;

use super::super::codes::Code;
use super::super::{Copies, CopyClass, CopyGroup};
use super::*;

fn edge(left: u64, right: u64, distance: u16) -> Edge {
    Edge { left, right, class: (left % 5) as u8, distance }
}

fn stamp(generation: u64) -> Stamp {
    Stamp { generation, algorithm: 3 }
}

/// What the table at `path` shows to somebody who opens it now.
#[track_caller]
fn held(path: &Path) -> (u64, Vec<Edge>) {
    let opened = Table::<Edge>::open(path, 3).unwrap().unwrap();
    (opened.table.stamp().generation, opened.records)
}

fn log_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.log", path.display()))
}

#[test]
fn a_table_that_was_never_written_is_none() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Table::<Edge>::open(&folder.path().join("pairs"), 3).unwrap().is_none());
}

#[test]
fn appends_replace_and_remove_by_key_and_survive_folding() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pairs");
    let mut table = Table::write(&path, stamp(1), &[edge(9, 9, 1), edge(1, 2, 5), edge(1, 3, 6)]).unwrap();
    assert_eq!(held(&path), (1, vec![edge(1, 2, 5), edge(1, 3, 6), edge(9, 9, 1)]));
    table.append(2, &[edge(1, 2, 7), edge(0, u64::MAX, 8)], &[[1, 2], [9, 9], [4, 4]]).unwrap();
    table.append(5, &[], &[]).unwrap();
    let expected = (5, vec![edge(0, u64::MAX, 8), edge(1, 2, 7), edge(1, 3, 6)]);
    assert_eq!(held(&path), expected);
    table.fold().unwrap();
    assert!(!log_of(&path).exists());
    assert_eq!(held(&path), expected);
    remove(&path).unwrap();
    assert!(Table::<Edge>::open(&path, 3).unwrap().is_none());
}

#[test]
fn a_log_folds_by_itself_when_it_is_large() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pairs");
    let mut table = Table::write(&path, stamp(1), &[]).unwrap();
    let rows: Vec<Edge> = (0..80_000).map(|number| edge(number, number + 1, 0)).collect();
    table.append(2, &rows[..40_000], &[]).unwrap();
    assert!(log_of(&path).exists());
    table.append(3, &rows[40_000..], &[]).unwrap();
    assert!(!log_of(&path).exists());
    assert_eq!(held(&path), (3, rows));
}

#[test]
fn a_crash_at_any_byte_of_an_append_leaves_the_state_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pairs");
    let mut table = Table::write(&path, stamp(1), &[edge(1, 2, 5)]).unwrap();
    table.append(2, &[edge(3, 4, 5)], &[]).unwrap();
    let before = fs::read(log_of(&path)).unwrap();
    // Removals and rows are frames of their own, and count only together.
    table.append(3, &[edge(5, 6, 7)], &[[1, 2]]).unwrap();
    let after = fs::read(log_of(&path)).unwrap();
    for cut in before.len()..after.len() {
        fs::write(log_of(&path), &after[..cut]).unwrap();
        let mut opened = Table::<Edge>::open(&path, 3).unwrap().unwrap();
        assert_eq!((opened.table.stamp().generation, opened.records.len()), (2, 2), "cut at {cut}");
        opened.table.append(4, &[edge(8, 8, 8)], &[]).unwrap();
        assert_eq!(held(&path), (4, vec![edge(1, 2, 5), edge(3, 4, 5), edge(8, 8, 8)]));
    }
    fs::write(log_of(&path), &after).unwrap();
    assert_eq!(held(&path), (3, vec![edge(3, 4, 5), edge(5, 6, 7)]));
    for cut in 0..24 {
        fs::write(log_of(&path), &after[..cut]).unwrap();
        assert_eq!(held(&path), (1, vec![edge(1, 2, 5)]));
    }
}

#[test]
fn the_log_of_an_earlier_base_is_not_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pairs");
    let mut table = Table::write(&path, stamp(1), &[edge(1, 2, 5)]).unwrap();
    table.append(2, &[edge(3, 4, 5)], &[]).unwrap();
    let old = fs::read(log_of(&path)).unwrap();
    Table::write(&path, stamp(7), &[edge(6, 7, 8)]).unwrap();
    fs::write(log_of(&path), old).unwrap();
    assert_eq!(held(&path), (7, vec![edge(6, 7, 8)]));
    let mut opened = Table::<Edge>::open(&path, 3).unwrap().unwrap();
    opened.table.append(8, &[edge(9, 9, 9)], &[]).unwrap();
    assert_eq!(held(&path), (8, vec![edge(6, 7, 8), edge(9, 9, 9)]));
}

#[test]
fn any_changed_byte_of_a_base_is_noticed_and_so_is_any_length() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pairs");
    Table::write(&path, stamp(1), &[edge(1, 2, 5), edge(2, 3, 4)]).unwrap();
    let whole = fs::read(&path).unwrap();
    assert_eq!(whole.len(), 64 + 2 * Edge::BYTES);
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x41;
        fs::write(&path, bytes).unwrap();
        let error = Table::<Edge>::open(&path, 3).unwrap_err();
        assert!(error.asks_for_rebuild() && error.to_string().ends_with(": rebuild it"), "{place}: {error}");
    }
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(matches!(Table::<Edge>::open(&path, 3), Err(StoreError::Damaged { .. })), "{length}");
    }
    fs::write(&path, [&whole[..], b"x"].concat()).unwrap();
    assert!(matches!(Table::<Edge>::open(&path, 3), Err(StoreError::Damaged { .. })));
}

#[test]
fn another_algorithm_and_another_kind_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("codes");
    let codes = [CodeRecord { code: Code([1, 2, 3]), id: 4 }];
    Table::write(&path, stamp(1), &codes).unwrap();
    let error = Table::<CodeRecord<3>>::open(&path, 4).unwrap_err();
    assert!(matches!(error, StoreError::OtherAlgorithm { found: 3, wanted: 4, .. }));
    assert!(matches!(Table::<CodeRecord<2>>::open(&path, 3), Err(StoreError::Damaged { .. })));
    assert!(matches!(Table::<Edge>::open(&path, 3), Err(StoreError::Damaged { .. })));
    assert_eq!(Table::<CodeRecord<3>>::open(&path, 3).unwrap().unwrap().records, codes);
}

#[test]
fn copies_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copies");
    assert_eq!(Copies::open(&path, 1).unwrap(), None);
    let group = |class, members: &[u64]| CopyGroup { class, members: members.to_vec() };
    let copies = Copies::new(
        u64::MAX,
        vec![group(CopyClass::Edited, &[9, 1, u64::MAX]), group(CopyClass::SameBytes, &[0, 3])],
    );
    copies.save(&path, 1).unwrap();
    assert_eq!(Copies::open(&path, 1).unwrap(), Some(copies));
    assert!(Copies::open(&path, 2).unwrap_err().asks_for_rebuild());
}

/// One append: what is put, by keys and a distance, and what is removed.
type Append = (Vec<(u64, u64, u16)>, Vec<(u64, u64)>);

fn appends() -> impl Strategy<Value = Vec<Append>> {
    let key = (0_u64..6, 0_u64..3);
    let put = prop::collection::vec((0_u64..6, 0_u64..3, any::<u16>()), 0..6);
    prop::collection::vec((put, prop::collection::vec(key, 0..4)), 0..8)
}

proptest! {
    #[test]
    fn any_appends_leave_what_a_map_would_hold(appends in appends(), fold_at in 0_usize..8) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pairs");
        let mut table = Table::write(&path, stamp(0), &[]).unwrap();
        let mut expected = BTreeMap::new();
        for (number, (put, removed)) in appends.iter().enumerate() {
            let rows: Vec<Edge> = put.iter().map(|row| edge(row.0, row.1, row.2)).collect();
            let keys: Vec<Key> = removed.iter().map(|key| [key.0, key.1]).collect();
            table.append(number as u64 + 1, &rows, &keys).unwrap();
            for key in keys {
                expected.remove(&key);
            }
            expected.extend(rows.into_iter().map(|row| (row.key(), row)));
            if number == fold_at {
                table.fold().unwrap();
            }
            let rows: Vec<Edge> = expected.values().copied().collect();
            prop_assert_eq!(held(&path), (number as u64 + 1, rows));
        }
    }

    #[test]
    fn garbage_is_refused_or_read_but_never_panics(
        base in prop::collection::vec(any::<u8>(), 0..200),
        log in prop::collection::vec(any::<u8>(), 0..200),
        is_whole in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pairs");
        if is_whole {
            let mut table = Table::write(&path, stamp(1), &[edge(1, 2, 5)]).unwrap();
            table.append(2, &[], &[]).unwrap();
            let header = fs::read(log_of(&path)).unwrap();
            fs::write(log_of(&path), [&header[..24], &log[..]].concat()).unwrap();
            prop_assert_eq!(held(&path), (1, vec![edge(1, 2, 5)]));
        } else {
            fs::write(&path, base).unwrap();
            prop_assert!(Table::<Edge>::open(&path, 3).is_err());
        }
    }
}
