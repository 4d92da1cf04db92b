use std::ops::ControlFlow;

use proptest::prelude::*;

use super::read::pack;
use super::*;
use crate::catalog::{Access, Catalog};
use crate::entity::{CHROMA_VALUES, FINGERPRINT_ALGORITHM};

struct World {
    _folder: tempfile::TempDir,
    catalog: Catalog,
}

const NOW: i64 = 1_000_000;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms).expect("a moment")
}

fn media(number: u64) -> MediaId {
    MediaId::new(number).expect("positive")
}

fn fingerprint(seed: u64) -> Fingerprint {
    let bytes = seed.to_le_bytes();
    Fingerprint {
        width: 512,
        height: 768,
        pixels: Some([bytes[0]; 32]),
        coded: Some([bytes[0]; 32]),
        gradient: [seed, !seed],
        dct: seed.rotate_left(7),
        chroma: [bytes[0].cast_signed(); CHROMA_VALUES],
        contrast: 200,
    }
}

fn seen(of: u64, origin: PixelOrigin, seed: u64) -> NewFingerprint {
    NewFingerprint {
        media: media(of),
        origin,
        file: None,
        content: Some([seed.to_le_bytes()[0]; 32]),
        blurhash: Some(format!("U{seed}")),
        looked: Looked::Seen(fingerprint(seed)),
        expires_at: None,
    }
}

fn failed(of: u64, origin: PixelOrigin, reason: &str, expires_at: Option<i64>) -> NewFingerprint {
    NewFingerprint {
        content: None,
        blurhash: None,
        looked: Looked::Failed(reason.to_owned()),
        expires_at: expires_at.map(at),
        ..seen(of, origin, 0)
    }
}

const PREVIEW: PixelOrigin = PixelOrigin::Preview { width: 450 };

/// Media 1 to 4 are the site's, of which 3 has no address and 4 two images; 5 is a file, 6 a file by its bytes.
fn world() -> World {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let catalog = Catalog::open(&folder.path().join("catalog.db"), Access::Write).expect("a new catalog");
    catalog.execute_for_tests(
        "INSERT INTO media (media, kind, identity) VALUES
            (1, 1, x'01010101010101010101010101010101'), (2, 1, x'02020202020202020202020202020202'),
            (3, 1, x'03030303030303030303030303030303'), (4, 1, x'04040404040404040404040404040404'),
            (5, 2, CAST('file:///r/a.png#00' AS BLOB)),
            (6, 3, x'0606060606060606060606060606060606060606060606060606060606060606');
         INSERT INTO images (image, generation, added, media, dialects, meta_state, url, media_type) VALUES
            (11, 1, 1, 1, 2, 0, 'https://x/1', 'image'), (12, 1, 1, 2, 2, 0, 'https://x/2', 'video'),
            (13, 1, 1, 3, 2, 0, NULL, NULL), (15, 1, 1, 4, 2, 0, 'https://x/5', NULL),
            (14, 1, 1, 4, 2, 0, 'https://x/4', NULL),
            (-1, 1, 1, 5, 2, 0, NULL, 'image'), (-2, 1, 1, 6, 2, 0, NULL, 'image');
         INSERT INTO roots (root, path, online) VALUES (1, x'2F72', 1), (2, x'2F73', 0);
         INSERT INTO local_files (file, root, path, size_bytes, modified_ns, device, inode, kind, state, image, generation)
         VALUES (21, 1, x'61', 100, -5, 1, 1, 1, 1, -1, 1), (22, 1, x'62', 200, 7, 1, 2, 1, 1, -2, 1),
            (23, 1, x'63', 300, 7, 1, 3, 2, 1, NULL, 1);
         INSERT INTO generations (generation, at, stage, source, items) VALUES (1, 0, 'scan', '/r', 0);",
    );
    World { _folder: folder, catalog }
}

impl World {
    fn write(&mut self, rows: &[NewFingerprint]) -> FingerprintsWritten {
        self.catalog.write_fingerprints("fingerprint", "/r", at(NOW), rows).expect("writes")
    }

    fn due(&self, failures: Failures) -> Vec<u64> {
        let due = self.catalog.due_pictures(None, 10, failures).expect("reads");
        assert_eq!(due.len() as u64, self.catalog.due_picture_count(failures).expect("counts").0);
        due.iter().map(|picture| picture.media.get()).collect()
    }

    fn wanted(&self, wanted: Wanted) -> Vec<u64> {
        let found = self.catalog.wanted_media(None, 10, wanted).expect("reads");
        assert_eq!(self.catalog.wanted_media_count(wanted).expect("counts"), found.len() as u64);
        for remote in &found {
            let alone = self.catalog.remote_media(remote.media, wanted).expect("reads");
            assert_eq!(alone, Some((remote.clone(), true)), "one by one is as all together");
        }
        found.iter().map(|remote| remote.media.get()).collect()
    }

    fn since(&self, after: u64) -> Vec<StoredFingerprint> {
        let mut rows = Vec::new();
        let newest = self.catalog.generation().expect("reads");
        let visited = self.catalog.each_fingerprint(after, newest, |row| {
            rows.push(row);
            ControlFlow::Continue(())
        });
        visited.expect("reads");
        rows
    }
}

fn mark(size_bytes: u64, modified_ns: i64) -> Option<FileMark> {
    Some(FileMark { size_bytes, modified_ns })
}

#[test]
fn a_fingerprint_comes_back_and_says_when_it_changed() {
    let mut world = world();
    let first = world.write(&[seen(5, PixelOrigin::File, 3), failed(1, PREVIEW, "not found", None)]);
    assert_eq!(first, FingerprintsWritten { generation: Some(2), changed: 2, unchanged: 0 });
    let stored = world.catalog.fingerprint(media(5)).expect("reads").expect("is there");
    assert_eq!(stored.looked, Looked::Seen(fingerprint(3)));
    assert_eq!((stored.generation, stored.origin, stored.content), (2, PixelOrigin::File, Some([3; 32])));
    assert_eq!(stored.blurhash.as_deref(), Some("U3"));
    let again = world.write(&[seen(5, PixelOrigin::File, 3)]);
    assert_eq!(again, FingerprintsWritten { generation: None, changed: 0, unchanged: 1 });
    assert_eq!(world.catalog.generation().expect("reads"), 2, "nothing new is no generation");
    world.write(&[seen(5, PixelOrigin::File, 4)]);
    let changed: Vec<u64> = world.since(2).iter().map(|row| row.media.get()).collect();
    assert_eq!((changed, world.since(0).len(), world.since(3).len()), (vec![5], 2, 0));
}

#[test]
fn a_preview_has_no_hash_of_bytes_or_pixels_and_gives_way_to_the_original_only() {
    let mut world = world();
    world.write(&[seen(1, PREVIEW, 3)]);
    let stored = world.catalog.fingerprint(media(1)).expect("reads").expect("is there");
    let numbers = stored.looked.fingerprint().copied().expect("was seen");
    assert_eq!((stored.content, numbers.pixels, numbers.coded), (None, None, None));
    assert_eq!((stored.origin, numbers.gradient), (PREVIEW, fingerprint(3).gradient));
    assert_eq!(world.write(&[seen(1, PREVIEW, 3)]).unchanged, 1);
    assert_eq!(world.write(&[seen(1, PixelOrigin::Original, 3)]).changed, 1);
    assert_eq!(world.write(&[seen(1, PREVIEW, 5)]).changed, 0, "the original is better");
    assert_eq!(world.write(&[failed(1, PixelOrigin::Original, "gone", None)]).changed, 0);
    let stored = world.catalog.fingerprint(media(1)).expect("reads").expect("is there");
    assert_eq!((stored.origin, stored.content), (PixelOrigin::Original, Some([3; 32])));
}

#[test]
fn a_picture_on_disk_is_due_until_it_was_looked_at_as_it_is() {
    let mut world = world();
    assert_eq!(world.due(Failures::Spared), [5, 6]);
    let picture = world.catalog.due_pictures(None, 1, Failures::Spared).expect("reads").remove(0);
    assert_eq!((picture.path.as_slice(), Some(picture.mark)), (&b"/r/a"[..], mark(100, -5)));
    let rest = world.catalog.due_pictures(Some(picture.file), 10, Failures::Spared).expect("reads");
    assert_eq!(rest.len(), 1, "a listing goes on after the last file");
    let looked = NewFingerprint { file: mark(100, -5), ..seen(5, PixelOrigin::File, 3) };
    world.write(&[looked.clone(), failed(6, PixelOrigin::File, "damaged", None)]);
    assert_eq!(world.due(Failures::Spared), Vec::<u64>::new(), "a failure is not tried again");
    assert_eq!(world.due(Failures::Retried), [6]);
    world.catalog.execute_for_tests("UPDATE local_files SET modified_ns = 9");
    assert_eq!(world.due(Failures::Spared), [5], "where bytes name the media, its time says nothing");
    let touched = NewFingerprint { file: mark(100, 9), ..looked };
    assert_eq!(world.write(&[touched]).generation, None, "touched and found the same");
    assert_eq!(world.due(Failures::Spared), Vec::<u64>::new());
    world.catalog.execute_for_tests("UPDATE local_files SET modified_ns = 10");
    let broken = NewFingerprint { file: mark(100, 10), ..failed(5, PixelOrigin::File, "damaged", None) };
    assert_eq!(world.write(&[broken]).changed, 1, "what the file was says nothing of what it is");
}

#[test]
fn what_is_no_longer_true_of_a_file_is_not_stored() {
    let mut world = world();
    let late = NewFingerprint { file: mark(100, -4), ..seen(5, PixelOrigin::File, 3) };
    let gone = seen(99, PREVIEW, 3);
    assert_eq!(world.write(&[late, gone]), FingerprintsWritten::default());
}

#[test]
fn files_that_are_gone_or_offline_are_not_due() {
    let world = world();
    for sql in [
        "UPDATE local_files SET state = 2",
        "UPDATE local_files SET state = 1; UPDATE roots SET online = 0",
        "UPDATE roots SET online = 1; UPDATE images SET same_as = image",
    ] {
        world.catalog.execute_for_tests(sql);
        assert_eq!(world.due(Failures::Spared), Vec::<u64>::new(), "{sql}");
    }
}

#[test]
fn media_of_the_site_are_wanted_until_known_and_failures_expire() {
    let mut world = world();
    let wanted = Wanted { exact: false, failures: Failures::Spared, now: at(NOW) };
    assert_eq!(world.wanted(wanted), [1, 2, 4]);
    let found = world.catalog.wanted_media(Some(media(2)), 1, wanted).expect("reads").remove(0);
    assert_eq!((found.image.get(), found.url.as_str(), found.media_type), (14, "https://x/4", None));
    world.write(&[
        seen(1, PREVIEW, 1),
        failed(2, PREVIEW, "later", Some(NOW + 5)),
        failed(4, PREVIEW, "never", None),
    ]);
    assert_eq!(world.wanted(wanted), Vec::<u64>::new());
    assert_eq!(world.wanted(Wanted { exact: true, ..wanted }), [1]);
    assert_eq!(world.wanted(Wanted { now: at(NOW + 5), ..wanted }), [2]);
    assert_eq!(world.wanted(Wanted { failures: Failures::Retried, ..wanted }), [2, 4]);
    let known = world.catalog.remote_media(media(1), wanted).expect("reads").expect("the site's");
    assert!(!known.1, "it is known already");
    assert_eq!(world.catalog.remote_media(media(5), wanted).expect("reads"), None);
}

#[test]
fn the_same_bytes_under_the_name_of_their_hash_take_a_fingerprint_over() {
    let mut world = world();
    world.write(&[seen(5, PixelOrigin::File, 6), seen(1, PixelOrigin::Original, 7)]);
    assert_eq!(world.catalog.adopt_fingerprints(at(NOW)).expect("writes"), 1);
    let adopted = world.catalog.fingerprint(media(6)).expect("reads").expect("is there");
    assert_eq!(adopted.looked, Looked::Seen(fingerprint(6)));
    assert_eq!((adopted.generation, world.due(Failures::Spared)), (3, vec![5]));
    assert_eq!(world.catalog.adopt_fingerprints(at(NOW)).expect("writes"), 0);
    let same: Vec<u64> =
        world.catalog.media_with_content(&[6; 32]).expect("reads").iter().map(|m| m.get()).collect();
    assert_eq!(same, [5, 6]);
}

#[test]
fn counts_tell_flat_ones_previews_and_failures_apart() {
    let mut world = world();
    let flat = Looked::Seen(Fingerprint { contrast: Fingerprint::LEAST_CONTRAST - 1, ..fingerprint(1) });
    world.write(&[
        seen(1, PREVIEW, 1),
        NewFingerprint { looked: flat, ..seen(5, PixelOrigin::File, 1) },
        failed(2, PREVIEW, "x", None),
    ]);
    let stats = world.catalog.fingerprint_stats().expect("reads");
    assert_eq!(stats, FingerprintStats { seen: 2, flat: 1, previews: 1, failed: 1 });
}

#[test]
fn a_media_that_goes_takes_its_fingerprint_along_and_the_change_log_says_so() {
    let mut world = world();
    world.write(&[seen(5, PixelOrigin::File, 3), seen(1, PREVIEW, 3)]);
    world.write(&[seen(2, PREVIEW, 3)]);
    world.catalog.execute_for_tests("DELETE FROM images WHERE image = -1; DELETE FROM media WHERE media = 5");
    let gone: Vec<StoredFingerprint> = world.since(2);
    assert_eq!(gone.iter().map(|row| row.media.get()).collect::<Vec<_>>(), [2, 5]);
    assert_eq!(gone[1].looked, Looked::Failed("no image shows it any more".to_owned()));
    world.catalog.execute_for_tests(
        "INSERT INTO media (media, kind, identity) VALUES (5, 2, CAST('file:///r/b.png#00' AS BLOB))",
    );
    world.write(&[seen(5, PixelOrigin::File, 4)]);
    let rows: Vec<_> = world.since(2).iter().map(|row| (row.media.get(), row.generation)).collect();
    assert_eq!(rows, [(2, 3), (5, 4)], "a number that was given away again is there once");
}

#[test]
fn rows_of_another_algorithm_are_as_if_they_were_not_there() {
    let mut world = world();
    world.write(&[seen(5, PixelOrigin::File, 3)]);
    world
        .catalog
        .execute_for_tests(&format!("UPDATE fingerprints SET algorithm = {}", FINGERPRINT_ALGORITHM + 1));
    assert_eq!((world.catalog.fingerprint(media(5)).expect("reads"), world.since(0).len()), (None, 0));
    assert_eq!(world.due(Failures::Spared), [5, 6]);
}

#[test]
fn a_damaged_row_is_an_error_and_no_fingerprint() {
    let mut world = world();
    world.write(&[seen(5, PixelOrigin::File, 3)]);
    for sql in ["UPDATE fingerprints SET look = x'00'", "UPDATE fingerprints SET origin = 9"] {
        world.catalog.execute_for_tests(sql);
        assert!(matches!(world.catalog.fingerprint(media(5)), Err(CatalogError::Damaged { .. })), "{sql}");
    }
}

proptest! {
    // Each case makes a catalog.
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn numbers_come_back_bit_for_bit(
        size: (u32, u32),
        code: [u64; 3],
        chroma in proptest::collection::vec(any::<i8>(), CHROMA_VALUES),
        contrast: u8,
        hashes: (Option<[u8; 32]>, Option<[u8; 32]>),
    ) {
        let numbers = Fingerprint {
            width: size.0,
            height: size.1,
            pixels: hashes.0,
            coded: hashes.1,
            gradient: [code[0], code[1]],
            dct: code[2],
            chroma: chroma.try_into().expect("as many as there are"),
            contrast,
        };
        prop_assert_eq!(pack(&numbers).len(), 65);
        let mut world = world();
        world.write(&[NewFingerprint { looked: Looked::Seen(numbers), ..seen(5, PixelOrigin::File, 0) }]);
        let stored = world.catalog.fingerprint(media(5)).expect("reads").expect("is there");
        prop_assert_eq!(stored.looked, Looked::Seen(numbers));
    }
}
