//! What survives commits, drops, locks and other formats.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;

use super::model::{Numbers, small};
use crate::query::{NoResolver, parse};
use crate::{Document, IndexError, Reader, SearchOptions, Writer};

fn document(key: i64, prompt: &str) -> Document {
    Document { key, prompt: Some(prompt.into()), ..Document::default() }
}

#[track_caller]
fn check(dir: &Path, query: &str, expected: &[i64]) {
    let reader = Reader::open(dir).expect("opens");
    let query = parse(query).expect("reads").query;
    let options = SearchOptions { limit: 100, ..SearchOptions::default() };
    let hits = reader.search(&Numbers, &query, &options).expect("searches");
    let keys: Vec<i64> = hits.hits.iter().map(|hit| hit.key).collect();
    assert_eq!(keys, expected);
    assert_eq!(hits.total, expected.len() as u64);
}

#[test]
fn a_folder_without_an_index_says_so() {
    let dir = tempfile::tempdir().expect("a folder");
    assert!(matches!(Reader::open(dir.path()), Err(IndexError::Missing { .. })));
    assert!(matches!(Reader::open(&dir.path().join("none")), Err(IndexError::Missing { .. })));
}

#[test]
fn a_commit_makes_documents_visible_with_their_generation() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::open(dir.path(), small()).expect("opens");
    writer.add(&document(1, "cat")).expect("adds");
    let before = Reader::open(dir.path()).expect("opens");
    assert_eq!((before.generation(), before.documents()), (0, 0));
    writer.commit(7).expect("commits");
    assert_eq!(writer.generation(), 7);
    let after = Reader::open(dir.path()).expect("opens");
    assert_eq!((after.generation(), after.documents()), (7, 1));
    assert_eq!(before.documents(), 0, "a reader is a snapshot");
}

#[test]
fn removing_and_adding_anew_leave_one_document_a_key() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::open(dir.path(), small()).expect("opens");
    writer.add(&document(1, "cat")).expect("adds");
    writer.add(&document(2, "cat")).expect("adds");
    writer.commit(1).expect("commits");
    writer.remove(vec![3, 1, 2]).expect("removes");
    writer.add(&document(1, "dog")).expect("adds anew");
    writer.add(&document(3, "dog")).expect("adds");
    writer.remove(vec![3]).expect("removes what is not committed");
    writer.add(&document(3, "dog bird")).expect("adds anew");
    writer.commit(2).expect("commits");
    check(dir.path(), "cat", &[]);
    check(dir.path(), "bird", &[3]);
    check(dir.path(), "*", &[1, 3]);
}

#[test]
fn a_dropped_writer_loses_only_what_it_did_not_commit() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::open(dir.path(), small()).expect("opens");
    writer.add(&document(1, "cat")).expect("adds");
    writer.commit(1).expect("commits");
    writer.add(&document(2, "cat")).expect("adds");
    writer.remove(vec![1]).expect("removes");
    drop(writer);
    check(dir.path(), "cat", &[1]);
    let mut next = Writer::open(dir.path(), small()).expect("the next writer is not blocked");
    assert_eq!(next.generation(), 1);
    next.add(&document(3, "cat")).expect("adds");
    next.commit(2).expect("commits");
    check(dir.path(), "cat", &[1, 3]);
}

#[test]
fn a_lock_file_left_by_a_killed_writer_blocks_nobody() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(Writer::open(dir.path(), small()).expect("opens"));
    std::fs::write(dir.path().join(".tantivy-writer.lock"), "").expect("writes");
    Writer::open(dir.path(), small()).expect("opens");
}

/// A writer that is killed within a commit has written which documents of a segment are deleted, and not yet that
/// it is so. The next one deletes the same, and the engine numbers its files alike.
#[test]
fn files_of_a_commit_that_was_cut_short_do_not_block_the_same_commit() {
    let (dir, killed) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let mut writer = Writer::open(dir.path(), small()).expect("opens");
    for key in 1..=10 {
        writer.add(&document(key, "cat")).expect("adds");
    }
    writer.commit(1).expect("commits");
    writer.close().expect("closes");
    let copy = |from: &Path, to: &Path, wanted: &dyn Fn(&str) -> bool| {
        let mut copied = 0;
        for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
            let name = entry.file_name().into_string().expect("a name of the engine");
            if wanted(&name) {
                std::fs::copy(entry.path(), to.join(name)).expect("copies");
                copied += 1;
            }
        }
        copied
    };
    copy(dir.path(), killed.path(), &|name| !name.ends_with(".lock"));
    let delete = |dir: &Path| {
        let mut writer = Writer::open(dir, small()).expect("opens");
        writer.remove(vec![2]).expect("removes");
        writer.commit(2).expect("commits");
        writer.close().expect("closes");
    };
    delete(dir.path());
    let left = copy(dir.path(), killed.path(), &|name| name.ends_with(".del") || name == ".managed.json");
    assert_eq!(left, 2, "the deletions of one segment, and the list of files");
    delete(killed.path());
    check(killed.path(), "cat", &[1, 3, 4, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn rolling_back_forgets_what_was_not_committed() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::open(dir.path(), small()).expect("opens");
    writer.add(&document(1, "cat")).expect("adds");
    writer.rollback().expect("rolls back");
    writer.add(&document(2, "cat")).expect("adds");
    writer.commit(1).expect("commits");
    check(dir.path(), "cat", &[2]);
}

#[test]
fn a_second_writer_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let first = Writer::open(dir.path(), small()).expect("opens");
    assert!(matches!(Writer::open(dir.path(), small()), Err(IndexError::Locked { .. })));
    drop(first);
    Writer::open(dir.path(), small()).expect("opens");
}

#[test]
fn another_format_needs_a_rebuild() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::open(dir.path(), small()).expect("opens");
    writer.commit(1).expect("commits");
    drop(writer);
    let meta = dir.path().join("meta.json");
    let text = std::fs::read_to_string(&meta).expect("reads");
    let stamp = format!("format={} ", crate::INDEX_FORMAT);
    assert!(text.contains(&format!("{stamp}generation=1")));
    std::fs::write(&meta, text.replace(&stamp, "format=9 ")).expect("writes");
    let is_refused = |error: Option<IndexError>| {
        matches!(error, Some(IndexError::NeedsRebuild { found: 9, expected: crate::INDEX_FORMAT }))
    };
    assert!(is_refused(Reader::open(dir.path()).err()));
    assert!(is_refused(Writer::open(dir.path(), small()).err()));
}

#[test]
fn broken_files_are_an_error_and_no_panic() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::open(dir.path(), small()).expect("opens");
    writer.add(&document(1, "cat")).expect("adds");
    writer.commit(1).expect("commits");
    drop(writer);
    std::fs::write(dir.path().join("meta.json"), "{ broken").expect("writes");
    assert!(Reader::open(dir.path()).is_err());
    assert!(Writer::open(dir.path(), small()).is_err());
}

#[test]
fn hostile_values_are_bounded() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::open(dir.path(), small()).expect("opens");
    let mut hostile = document(1, &"é".repeat(2 << 20));
    hostile.username = Some("ü".repeat(1 << 20));
    hostile.names = vec![(crate::NameKind::Lora, "x".repeat(1 << 20))];
    hostile.cfg = Some(f64::NAN);
    hostile.denoise = Some(f64::INFINITY);
    hostile.steps = Some(u64::MAX);
    hostile.resources = vec![crate::DocumentResource { id: u64::MAX, weight: Some(f64::NAN) }; 3];
    writer.add(&hostile).expect("adds");
    writer.commit(1).expect("commits");
    check(dir.path(), "steps:>5 -has:cfg -has:denoise resource_id:18446744073709551615", &[1]);
}

#[test]
fn better_matches_come_first_and_ties_go_by_key() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::open(dir.path(), small()).expect("opens");
    for (key, prompt) in
        [(9, "cat dog"), (3, "cat cat"), (5, "dog cat"), (1, "a very long text about one cat in it")]
    {
        writer.add(&document(key, prompt)).expect("adds");
    }
    writer.commit(1).expect("commits");
    check(dir.path(), "cat", &[3, 5, 9, 1]);
    check(dir.path(), "cat -dog has:prompt", &[3, 1]);
}

#[test]
fn a_phrase_with_slop_lets_words_lie_between() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::open(dir.path(), small()).expect("opens");
    writer.add(&document(1, "red long hair")).expect("adds");
    writer.add(&document(2, "red hair")).expect("adds");
    writer.commit(1).expect("commits");
    check(dir.path(), "\"red hair\"", &[2]);
    check(dir.path(), "\"red hair\"~1", &[2, 1]);
    check(dir.path(), "red_hair", &[2]);
}

#[test]
fn a_resolver_that_fails_is_an_error() {
    struct Broken;
    impl crate::query::Resolver for Broken {
        fn resources(&self, _: crate::query::ResourceField, _: &str) -> Result<Vec<u64>, String> {
            Err("no catalog".into())
        }
        fn sampler(&self, _: &str) -> crate::query::SamplerName {
            crate::query::SamplerName::default()
        }
    }
    let dir = tempfile::tempdir().expect("a folder");
    drop(Writer::open(dir.path(), small()).expect("opens"));
    let reader = Reader::open(dir.path()).expect("opens");
    let query = parse("lora:x*").expect("reads").query;
    let error = reader.count(&Broken, &query).expect_err("fails");
    assert_eq!(error.to_string(), "`x*` could not be looked up: no catalog");
    assert_eq!(reader.count(&NoResolver, &query).expect("counts"), 0);
}

#[test]
fn facts_tell_many_words_of_one_column_apart() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::open(dir.path(), small()).expect("opens");
    for key in 0..2000 {
        let username = Some(format!("User {key}"));
        writer.add(&Document { key, username, ..Document::default() }).expect("adds");
    }
    writer.commit(1).expect("commits");
    let reader = Reader::open(dir.path()).expect("opens");
    let mut right = 0;
    let all = crate::query::Query::all();
    let mut each = |facts: crate::Facts<'_>| {
        right += usize::from(facts.username == Some(format!("User {}", facts.key).as_str()));
    };
    reader.for_each(&NoResolver, &all, &mut each).expect("runs");
    assert_eq!(right, 2000);
    check(dir.path(), "user:\"user 77\"", &[77]);
}

#[test]
fn a_kept_keyword_is_kept_as_it_is() {
    let long = format!("  {} b", "a".repeat(crate::MAX_KEYWORD_BYTES - 1));
    for (value, kept) in [(" Ann ", Some("Ann")), (" \t", None), (&long, long.trim().strip_suffix(" b"))] {
        assert_eq!(crate::kept_keyword(value), kept);
        assert_eq!(kept.and_then(crate::kept_keyword), kept);
    }
}

#[test]
fn compacting_drops_deleted_documents_and_keeps_answers_and_generation() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::open(dir.path(), small()).expect("opens");
    for generation in 1..=4 {
        for key in generation * 10..generation * 10 + 5 {
            writer.add(&document(key, "cat")).expect("adds");
        }
        writer.commit(generation as u64).expect("commits");
    }
    writer.remove(vec![10]).expect("removes");
    writer.remove(vec![44]).expect("removes");
    writer.commit(5).expect("commits");
    writer.add(&document(99, "cat")).expect("adds");
    writer.compact().expect("compacts");
    let reader = Reader::open(dir.path()).expect("opens");
    assert_eq!((reader.generation(), reader.documents()), (5, 18));
    assert_eq!(reader.searcher().segment_readers().len(), 1);
    assert!(reader.searcher().segment_readers().iter().all(|segment| segment.num_deleted_docs() == 0));
    check(
        dir.path(),
        "cat",
        &(1..=4)
            .flat_map(|ten| ten * 10..ten * 10 + 5)
            .filter(|key| ![10, 44].contains(key))
            .collect::<Vec<_>>(),
    );
    writer.add(&document(100, "bird")).expect("adds after compacting");
    writer.commit(6).expect("commits");
    writer.compact().expect("compacts");
    check(dir.path(), "bird", &[100]);
}

/// Statistics of words count deleted documents until segments are merged: scores of an index that was changed often
/// differ a little from those of a rebuilt one, and compacting makes them equal.
#[test]
fn a_compacted_index_ranks_as_a_rebuilt_one() {
    let (changed, rebuilt) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let mut writer = Writer::open(changed.path(), small()).expect("opens");
    for key in 0..20 {
        writer.add(&document(key, "cat dog dog")).expect("adds");
    }
    writer.commit(1).expect("commits");
    writer.remove((0..20).collect()).expect("removes");
    for key in 0..20 {
        let text = if key % 3 == 0 { "cat" } else { "a dog and a bird" };
        writer.add(&document(key, text)).expect("adds anew");
    }
    writer.commit(2).expect("commits");
    writer.compact().expect("compacts");
    let mut writer = Writer::open(rebuilt.path(), small()).expect("opens");
    for key in 0..20 {
        let text = if key % 3 == 0 { "cat" } else { "a dog and a bird" };
        writer.add(&document(key, text)).expect("adds");
    }
    writer.commit(2).expect("commits");
    let query = parse("cat | bird").expect("reads").query;
    let hits = |dir: &Path| {
        let reader = Reader::open(dir).expect("opens");
        reader
            .search(&NoResolver, &query, &SearchOptions { limit: 50, ..SearchOptions::default() })
            .expect("searches")
    };
    let found = hits(changed.path());
    assert_eq!(found.total, 20);
    assert_eq!(found, hits(rebuilt.path()));
}

/// The engine's threads panic on a value of another type than its column: every column is filled here once.
#[test]
fn every_column_takes_its_values() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::open(dir.path(), small()).expect("opens");
    let (number, text) = (Some(u64::MAX), || Some("Ann".to_owned()));
    for (key, real, signed) in [(i64::MIN, f64::MAX, i64::MIN), (i64::MAX, f64::MIN, i64::MAX)] {
        let document = Document {
            key,
            image: number,
            media: number,
            prompt: text(),
            negative: text(),
            names: crate::NameKind::ALL.map(|kind| (kind, "Ann".to_owned())).into(),
            resources: vec![crate::DocumentResource { id: u64::MAX, weight: Some(real) }],
            model: number,
            posted_for: vec![u64::MAX],
            sampler: text(),
            scheduler: text(),
            base_model: text(),
            username: text(),
            tool: text(),
            media_type: text(),
            source: text(),
            created_ms: Some(signed),
            width: number,
            height: number,
            steps: number,
            clip_skip: number,
            post: number,
            nsfw_bits: number,
            likes: number,
            reactions: number,
            comments: number,
            cfg: Some(real),
            denoise: Some(real),
            seed: Some(signed),
            upscale_percent: number,
            traits: Some(crate::DocumentTraits { workflow: true, c2pa: true, trained: true }),
        };
        writer.add(&document).expect("adds");
    }
    writer.commit(1).expect("commits");
    check(dir.path(), "ann sampler:ann seed:<0", &[i64::MIN]);
    let reader = Reader::open(dir.path()).expect("opens");
    let all = crate::query::Query::all();
    for facet in reader.facets(&NoResolver, &all, &crate::FacetField::ALL, 5).expect("counts") {
        let counts: Vec<u64> = facet.buckets.iter().map(|bucket| bucket.count).collect();
        assert_eq!((counts, facet.missing), (vec![2], 0), "{:?}", facet.field);
    }
    for grain in [crate::DateGrain::Year, crate::DateGrain::Week, crate::DateGrain::Day] {
        assert_eq!(reader.dates(&NoResolver, &all, grain).expect("counts").bins.len(), 2);
    }
    let likes = reader.histogram(&NoResolver, &all, crate::NumberField::Likes, 1e-3).expect("counts");
    assert_eq!(likes.bins.iter().map(|bin| bin.count).sum::<u64>(), 2);
}

/// Keys in a store, and what is done to it: a batch of keys is taken out, and some of them come back.
fn batches() -> impl Strategy<Value = Vec<(Vec<i64>, Vec<i64>, bool)>> {
    let keys = || proptest::collection::vec(-20..60_i64, 0..25);
    proptest::collection::vec((keys(), keys(), any::<bool>()), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_removed_and_added_in_batches_is_what_a_map_says(batches in batches()) {
        let dir = tempfile::tempdir().expect("a folder");
        let mut writer = Writer::open(dir.path(), small()).expect("opens");
        let mut model = BTreeMap::new();
        for (number, (removed, added, is_committed)) in (1..).zip(batches) {
            let is_there = |key: &i64| model.contains_key(key);
            let again: Vec<i64> = added.iter().copied().filter(is_there).collect();
            writer.remove([&removed[..], &again].concat()).expect("removes");
            model.retain(|key, _| !removed.contains(key));
            for key in BTreeSet::from_iter(added) {
                writer.add(&document(key, &format!("cat batch{number}"))).expect("adds");
                model.insert(key, number);
            }
            if is_committed {
                writer.commit(number).expect("commits");
            }
        }
        writer.commit(1_000).expect("commits");
        for number in 1..12 {
            let wanted = model.iter().filter(|(_, last)| **last == number);
            let wanted: Vec<i64> = wanted.map(|(key, _)| *key).collect();
            check(dir.path(), &format!("batch{number}"), &wanted);
        }
    }
}
