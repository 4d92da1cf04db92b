//! Aggregations and digests against a look at every document.

use proptest::collection::vec;
use proptest::prelude::*;

use super::model::{self, Numbers, small};
use crate::query::{NoResolver, Query};
use crate::{Document, Reader, Writer};

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, max_shrink_iters: 100, ..ProptestConfig::default() })]

    #[test]
    fn folding_sees_every_match_once(documents in model::documents(40), queries in vec(model::query(), 8)) {
        let dir = tempfile::tempdir().expect("a folder");
        model::write(dir.path(), &documents, 7);
        let reader = Reader::open(dir.path()).expect("opens");
        for query in &queries {
            let each = |seen: &mut Vec<(i64, usize)>, facts: crate::Facts<'_>| {
                seen.push((facts.key, facts.resources.len()));
            };
            let mut seen = reader.fold(&Numbers, query, Vec::new, each, |all, part| all.extend(part)).expect("folds");
            seen.sort_unstable();
            let mut expected: Vec<(i64, usize)> = documents
                .iter()
                .filter(|document| model::matches(query, document).unwrap_or(true))
                .map(|document| (document.key, document.resources.len()))
                .collect();
            expected.sort_unstable();
            prop_assert_eq!(seen, expected, "{}", query);
        }
    }

    #[test]
    fn digests_are_those_of_the_documents(documents in model::documents(40), low in -40..200i64, size in 0..300i64) {
        let dir = tempfile::tempdir().expect("a folder");
        model::write(dir.path(), &documents, 9);
        let reader = Reader::open(dir.path()).expect("opens");
        let mut expected: Vec<(i64, u32)> = documents
            .iter()
            .filter(|document| (low..=low + size).contains(&document.key))
            .map(|document| (document.key, document.digest()))
            .collect();
        expected.sort_unstable();
        prop_assert_eq!(reader.digests(low..=low + size).expect("reads"), expected);
    }

    #[test]
    fn documents_that_differ_have_different_digests(one in model::document(), other in model::document()) {
        prop_assert_eq!(one == other, one.digest() == other.digest());
    }
}

#[test]
fn a_digest_never_changes_within_a_format() {
    assert_eq!(crate::INDEX_FORMAT, 3, "a new format may have new digests");
    assert_eq!(Document::default().digest(), PLAIN);
    let document =
        Document { key: 7, prompt: Some("a cat, 猫".into()), cfg: Some(4.5), ..Document::default() };
    assert_eq!(document.digest(), FILLED);
}

const PLAIN: u32 = 3_787_224_346;
const FILLED: u32 = 2_739_686_872;

#[test]
fn deleted_documents_have_no_digests() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::open(dir.path(), small()).expect("opens");
    for key in 1..=5 {
        writer.add(&Document { key, ..Document::default() }).expect("adds");
    }
    writer.commit(1).expect("commits");
    writer.remove(vec![3]).expect("removes");
    writer.commit(2).expect("commits");
    let reader = Reader::open(dir.path()).expect("opens");
    let keys =
        |range| -> Vec<i64> { reader.digests(range).expect("reads").iter().map(|pair| pair.0).collect() };
    assert_eq!(keys(i64::MIN..=i64::MAX), [1, 2, 4, 5]);
    assert_eq!(keys(2..=4), [2, 4]);
    let count =
        reader.fold(&NoResolver, &Query::all(), || 0, |count, _| *count += 1, |all, part| *all += part);
    assert_eq!(count.expect("folds"), 4);
}
