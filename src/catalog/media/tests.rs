use super::*;
use crate::catalog::Access;
use crate::entity::{ImageId, MediaKey};

impl Catalog {
    /// Runs SQL, so that tests of other modules can fill tables without a crawl.
    pub(crate) fn execute_for_tests(&self, script: &str) {
        self.connection.execute_batch(script).unwrap();
    }
}

const KEY: [u8; 16] = [7; 16];

/// Three media: one with two images, one on disk, one that no image shows.
fn catalog() -> (tempfile::TempDir, Catalog) {
    let home = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(&home.path().join("catalog.db"), Access::Write).unwrap();
    catalog.execute_for_tests(
            "INSERT INTO media VALUES
                (1, 1, x'07070707070707070707070707070707', 'hash', 512, 768),
                (2, 3, zeroblob(32), NULL, NULL, NULL),
                (3, 2, CAST('https://example.org/a.png' AS BLOB), 'other', -1, 9);
             INSERT INTO image_names VALUES (-4, 3, x'2F70FF'), (-5, 2, CAST('https://a.org/b' AS BLOB)), (-6, 9, x'00');
             INSERT INTO images (image, generation, added, media, dialects, meta_state)
             VALUES (12, 1, 1, 1, 2, 0), (11, 1, 1, 1, 2, 0), (-4, 1, 1, 2, 2, 0);",
        );
    (home, catalog)
}

fn media(number: u64) -> MediaId {
    MediaId::new(number).unwrap()
}

fn image(key: i64) -> ImageKey {
    ImageKey::new(key).unwrap()
}

#[test]
fn media_stream_in_the_order_of_their_numbers_and_stop_on_request() {
    let (_home, catalog) = catalog();
    let mut seen = Vec::new();
    catalog
        .each_media(|row| {
            seen.push((row.id.get(), row.blurhash.map(str::to_owned), row.width, row.height));
            ControlFlow::Continue(())
        })
        .unwrap();
    let hash = |text: &str| Some(text.to_owned());
    assert_eq!(
        seen,
        [(1, hash("hash"), Some(512), Some(768)), (2, None, None, None), (3, hash("other"), None, Some(9))]
    );
    let mut calls = 0;
    catalog
        .each_media(|_| {
            calls += 1;
            ControlFlow::Break(())
        })
        .unwrap();
    assert_eq!((calls, catalog.media_count().unwrap()), (1, 3));
}

#[test]
fn every_kind_of_identity_is_found_and_read_back() {
    let (_home, catalog) = catalog();
    let identities = [
        MediaIdentity::Key(MediaKey::from_bytes(KEY)),
        MediaIdentity::Content([0; 32]),
        MediaIdentity::Url("https://example.org/a.png".to_owned()),
    ];
    for (number, identity) in (1..).zip(identities) {
        assert_eq!(catalog.media_by_identity(&identity).unwrap(), Some(media(number)));
        assert_eq!(catalog.media(media(number)).unwrap().unwrap().identity, identity);
    }
    assert_eq!(catalog.media_by_identity(&MediaIdentity::Content([1; 32])).unwrap(), None);
    assert_eq!(catalog.media(media(9)).unwrap(), None);
}

#[test]
fn images_and_media_lead_to_each_other() {
    let (_home, catalog) = catalog();
    assert_eq!(catalog.images_of_media(media(1)).unwrap(), [image(11), image(12)]);
    assert_eq!(catalog.images_of_media(media(3)).unwrap(), []);
    assert_eq!(catalog.shared_media().unwrap(), [media(1)]);
    assert_eq!(catalog.media_of_image(image(-4)).unwrap(), Some(media(2)));
    assert_eq!(catalog.media_of_image(image(99)).unwrap(), None);
}

#[test]
fn images_have_the_name_that_they_came_with() {
    let (_home, catalog) = catalog();
    let site = ImageName::Site(ImageId::new(99).unwrap());
    assert_eq!(catalog.image_name(image(99)).unwrap(), Some(site));
    assert_eq!(catalog.image_name(image(-4)).unwrap(), Some(ImageName::Path(b"/p\xFF".to_vec())));
    assert_eq!(catalog.image_name(image(-5)).unwrap(), Some(ImageName::Url("https://a.org/b".to_owned())));
    assert_eq!(catalog.image_name(image(-77)).unwrap(), None);
    assert!(matches!(
        catalog.image_name(image(-6)),
        Err(CatalogError::Damaged { table: "image_names", column: "name" })
    ));
}

#[test]
fn a_damaged_identity_is_an_error() {
    let (_home, catalog) = catalog();
    catalog.execute_for_tests("UPDATE media SET identity = x'01' WHERE media = 1");
    assert!(matches!(catalog.media(media(1)), Err(CatalogError::Damaged { column: "identity", .. })));
}

#[test]
fn numbers_that_are_no_row_are_refused() {
    assert_eq!(MediaId::new(0), None);
    assert_eq!(MediaId::new(u64::MAX), None);
    assert_eq!(media(5).get(), 5);
}
