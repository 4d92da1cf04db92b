use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::catalog::Access;
use crate::entity::{ImageId, MediaKey};
use crate::run::Progress;

fn feature(first: f32) -> Feature {
    let mut values = [0.1; 48];
    values[0] = first;
    Feature::new(values).unwrap()
}

fn entry(id: u64, first: f32) -> Entry {
    Entry { id, aspect: Aspect::of(512, 768), feature: feature(first) }
}

/// Media 1 to 6 are site keys; 1 is shown by two images, 5 by a file, 6 by none.
fn catalog(home: &Path) -> Catalog {
    let catalog = Catalog::open(&home.join("catalog.db"), Access::Write).unwrap();
    catalog.execute_for_tests(
        "INSERT INTO media (media, kind, identity)
            VALUES (1, 1, x'01010101010101010101010101010101'), (2, 1, x'02020202020202020202020202020202'),
                   (3, 1, x'03030303030303030303030303030303'), (4, 1, x'04040404040404040404040404040404'),
                   (5, 3, zeroblob(32)), (6, 1, x'06060606060606060606060606060606');
         INSERT INTO image_names VALUES (-1, 3, CAST('/a.png' AS BLOB));
         INSERT INTO images (image, generation, added, media, dialects, meta_state)
            VALUES (30, 1, 1, 1, 2, 0), (10, 1, 1, 1, 2, 0), (20, 1, 1, 2, 2, 0), (40, 1, 1, 3, 2, 0), (50, 1, 1, 4, 2, 0),
                   (-1, 1, 1, 5, 2, 0);",
    );
    catalog
}

fn site(id: u64) -> ImageName {
    ImageName::Site(ImageId::new(id).unwrap())
}

fn local() -> ImageName {
    ImageName::Path(b"/a.png".to_vec())
}

#[track_caller]
fn check(entries: Vec<Entry>, options: &DuplicateOptions, expected: &[(MatchClass, &[(ImageName, f32)])]) {
    let home = tempfile::tempdir().unwrap();
    let catalog = catalog(home.path());
    let report = duplicates(&catalog, entries, options, &RunContext::quiet()).unwrap();
    let found: Vec<(MatchClass, Vec<(ImageName, f32)>)> = report
        .groups
        .into_iter()
        .map(|group| (group.class, group.members.into_iter().map(|m| (m.image, m.distance)).collect()))
        .collect();
    let expected: Vec<_> = expected.iter().map(|(class, members)| (*class, members.to_vec())).collect();
    assert_eq!(found, expected);
}

#[test]
fn images_of_one_media_and_candidates_are_groups_of_their_own() {
    check(
        vec![entry(1, 0.0), entry(2, 0.25), entry(3, 3.0), entry(4, 3.0), entry(5, 0.5), entry(6, 0.0)],
        &DuplicateOptions::default(),
        &[
            (MatchClass::SameBytes, &[(site(10), 0.0), (site(30), 0.0)]),
            (MatchClass::Candidate, &[(site(20), 0.0), (site(10), 0.25), (site(30), 0.25), (local(), 0.25)]),
            (MatchClass::Candidate, &[(site(40), 0.0), (site(50), 0.0)]),
        ],
    );
}

#[test]
fn groups_below_the_minimum_and_media_without_images_are_left_out() {
    let entries = vec![entry(2, 0.0), entry(6, 0.0), entry(3, 2.0), entry(4, 2.1)];
    let options = DuplicateOptions { min_images: 0, ..DuplicateOptions::default() };
    let same = (MatchClass::SameBytes, &[(site(10), 0.0), (site(30), 0.0)][..]);
    let distance = feature(2.0).distance(&feature(2.1));
    let near = (MatchClass::Candidate, &[(site(40), 0.0), (site(50), distance)][..]);
    check(entries.clone(), &options, &[same, near]);
    check(entries, &DuplicateOptions { min_images: 3, ..options }, &[]);
}

#[test]
fn too_many_pairs_are_an_error_that_names_the_limit() {
    let home = tempfile::tempdir().unwrap();
    let entries = (1..=5).map(|id| entry(id, id as f32 / 100.0)).collect();
    let options = DuplicateOptions { max_pairs: 9, ..DuplicateOptions::default() };
    let outcome = duplicates(&catalog(home.path()), entries, &options, &RunContext::quiet());
    assert!(matches!(outcome, Err(DuplicateError::TooManyPairs { max_pairs: 9, .. })));
}

#[test]
fn a_request_to_stop_gives_no_groups() {
    let home = tempfile::tempdir().unwrap();
    let context = RunContext::quiet();
    context.cancel.request();
    let outcome =
        duplicates(&catalog(home.path()), vec![entry(1, 0.0)], &DuplicateOptions::default(), &context);
    assert!(matches!(outcome, Err(DuplicateError::Cancelled)));
}

#[derive(Default)]
struct Counted(AtomicU64);

impl Progress for Counted {
    fn begin(&self, _stage: &'static str, _total: Option<u64>) {}
    fn advance(&self, items: u64) {
        self.0.fetch_add(items, Ordering::Relaxed);
    }
    fn end(&self) {}
}

#[test]
fn progress_counts_every_distinct_picture() {
    let home = tempfile::tempdir().unwrap();
    let counted = Arc::new(Counted::default());
    let context = RunContext { progress: counted.clone(), ..RunContext::quiet() };
    let entries = (1..=5).map(|id| entry(id, id as f32 / 2.0)).collect();
    let report = duplicates(&catalog(home.path()), entries, &DuplicateOptions::default(), &context).unwrap();
    assert_eq!((counted.0.load(Ordering::Relaxed), report.compared, report.pairs), (5, 5, 0));
}

#[test]
fn similar_leaves_the_target_out_and_puts_the_same_bytes_first() {
    let home = tempfile::tempdir().unwrap();
    let catalog = catalog(home.path());
    let entries = vec![entry(1, 0.0), entry(2, 0.25), entry(3, 0.125), entry(4, 3.0)];
    let query = SimilarQuery {
        look: Some((feature(0.0), Aspect::of(1024, 1536))),
        media: MediaId::new(1),
        target: ImageKey::new(10),
    };
    let report = similar(&catalog, &entries, &query, DEFAULT_THRESHOLD, 2).unwrap();
    let hits: Vec<_> =
        report.hits.iter().map(|hit| (hit.class, hit.member.image.clone(), hit.member.distance)).collect();
    assert_eq!(hits, [(MatchClass::SameBytes, site(30), 0.0), (MatchClass::Candidate, site(40), 0.125)]);
    assert_eq!((report.total, report.compared), (3, 4));
    assert_eq!(report.hits[0].member.media, MediaIdentity::Key(MediaKey::from_bytes([1; 16])));
}

#[test]
fn a_file_that_the_catalog_does_not_know_finds_its_original_by_look_and_shape() {
    let home = tempfile::tempdir().unwrap();
    let catalog = catalog(home.path());
    let entries = [entry(2, 0.5), entry(3, 0.5)];
    let with = |aspect| {
        let query = SimilarQuery { look: Some((feature(0.5), aspect)), ..SimilarQuery::default() };
        similar(&catalog, &entries, &query, STRICT_THRESHOLD, 10).unwrap().total
    };
    assert_eq!(with(Aspect::of(256, 384)), 2);
    assert_eq!(with(Aspect::of(384, 256)), 0);
    assert_eq!(with(Aspect::UNKNOWN), 0);
}

#[test]
fn a_flat_target_finds_only_its_own_bytes() {
    let home = tempfile::tempdir().unwrap();
    let query = SimilarQuery { media: MediaId::new(1), ..SimilarQuery::default() };
    let report = similar(&catalog(home.path()), &[entry(2, 0.0)], &query, 9.0, 10).unwrap();
    assert_eq!(report.hits.len(), 2);
    assert!(report.hits.iter().all(|hit| hit.class == MatchClass::SameBytes));
}
