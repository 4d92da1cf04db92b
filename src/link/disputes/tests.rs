use super::*;
use crate::catalog::{Fixture, SomeFile, SomeImage, SomeVersion, text_resource};
use crate::entity::{ResourceKind, ResourceSources, VersionRelation};
use crate::link::catch_up;
use crate::run::RunContext;

/// A SHA-256 that begins with these digits.
fn sha(start: &str) -> String {
    format!("{start:0<58}abcdef")
}

struct Shop {
    fixture: Fixture,
    images: i64,
}

impl Shop {
    /// Versions 1 to 6, each of a checkpoint of its own, without files.
    fn new() -> Self {
        let fixture = Fixture::new();
        for number in 1..=6 {
            fixture.model(number, "some", Some("Checkpoint"));
            let (state, date_ms) = ("published", Some(number));
            fixture.version(&SomeVersion { version: number, model: Some(number), name: "v", state, date_ms });
        }
        Self { fixture, images: 0 }
    }

    fn file(&self, file: i64, version: i64, kind: &'static str, hashes: &[(HashKind, &str)]) {
        let (name, kind, site_id) = (Some("a.pt"), Some(kind), None);
        self.fixture.file(&SomeFile { file, version, site_id, name, kind, primary: true, former: false });
        for (kind, digits) in hashes {
            self.fixture.hash(file, *kind, digits);
        }
    }

    /// So many images that name a hash, posted for a version unless it is 0.
    fn images(&mut self, count: i64, hash: &str, version: i64) {
        let resource = self.fixture.resource(&text_resource(ResourceKind::Model, "x", hash));
        for _ in 0..count {
            self.images += 1;
            let image = self.images;
            self.fixture.image(&SomeImage { image, media: image, meta_state: 2, ..SomeImage::default() });
            self.fixture.uses(image, resource, None, ResourceSources::HASHES);
            if version > 0 {
                self.fixture.posted(image, version, VersionRelation::Posted);
            }
        }
    }

    fn report(&mut self) -> Vec<(FindingKind, u64, Vec<u64>)> {
        catch_up(&mut self.fixture.catalog, &RunContext::quiet()).expect("linking works");
        let brief = |finding: Finding| {
            let versions = finding.files.iter().map(|file| file.version.get()).collect();
            (finding.kind, finding.images, versions)
        };
        disputes(&self.fixture.catalog).expect("readable").into_iter().map(brief).collect()
    }
}

#[test]
fn a_file_of_several_versions_is_republished_or_shared_by_what_it_is() {
    let mut shop = Shop::new();
    let (one, two) = (sha("a1"), sha("b2"));
    for version in [1, 2] {
        shop.file(version, version, "Model", &[(HashKind::Sha256, &one), (HashKind::AutoV2, &one[..10])]);
        shop.file(version + 10, version, "VAE", &[(HashKind::Sha256, &two)]);
    }
    shop.images(3, &one[..10], 0);
    shop.images(2, &one, 0);
    assert_eq!(
        shop.report(),
        [(FindingKind::Republished, 5, vec![1, 2]), (FindingKind::SharedFile, 0, vec![1, 2])],
        "the AutoV2 says no more than the SHA-256 does"
    );
}

#[test]
fn files_that_differ_and_share_a_short_hash_collide() {
    let mut shop = Shop::new();
    for (version, start) in [(1, "a1"), (2, "b2")] {
        shop.file(
            version,
            version,
            "Model",
            &[
                (HashKind::Sha256, &sha(start)),
                (HashKind::AutoV1, "12345678"),
                (HashKind::AutoV3, "aabbccddeeff"),
            ],
        );
    }
    shop.images(2, "12345678", 0);
    shop.images(1, &format!("aabbccddeeff{:0<52}", "1"), 0);
    assert_eq!(
        shop.report(),
        [(FindingKind::Collision, 2, vec![1, 2]), (FindingKind::SameTensors, 1, vec![1, 2])]
    );
}

#[test]
fn a_version_that_was_uploaded_anew_has_many_hashes() {
    let mut shop = Shop::new();
    shop.file(1, 1, "Model", &[(HashKind::Sha256, &sha("a1")), (HashKind::Sha256, &sha("b2"))]);
    shop.file(2, 2, "Model", &[(HashKind::Sha256, &sha("c3"))]);
    shop.images(2, &sha("b2")[..12], 0);
    assert_eq!(shop.report(), [(FindingKind::ManyHashes, 2, vec![1])], "it offers two");
    shop.fixture.run("UPDATE file_hashes SET former = 1 WHERE hash = ?1", [&sha("b2")]);
    assert_eq!(shop.report(), [(FindingKind::Reuploaded, 2, vec![1, 1])], "the one in place of the other");
}

#[test]
fn junk_is_told_with_the_files_and_images_that_carry_it() {
    let mut shop = Shop::new();
    for version in [1, 2] {
        shop.file(version, version, "Model", &[(HashKind::AutoV1, "de2f2560")]);
    }
    shop.images(4, "de2f2560", 0);
    shop.images(1, "de2f256064", 0);
    shop.images(2, "e3b0c44298fc", 0);
    catch_up(&mut shop.fixture.catalog, &RunContext::quiet()).expect("linking works");
    let findings = disputes(&shop.fixture.catalog).expect("readable");
    let told: Vec<_> = findings.iter().map(|junk| (junk.junk, junk.images, junk.file_count)).collect();
    assert_eq!(told, [(Some(JunkReason::ZeroWindow), 5, 2), (Some(JunkReason::EmptyInput), 2, 0)]);
    assert_eq!(findings[0].hashes.len(), 2, "in two truncations");
}

#[test]
fn versions_that_name_each_other_are_a_suspected_swap() {
    let mut shop = Shop::new();
    for (version, start) in [(1, "a1"), (2, "b2"), (3, "c3"), (4, "d4")] {
        shop.file(version, version, "Model", &[(HashKind::Sha256, &sha(start))]);
    }
    shop.images(3, &sha("b2")[..10], 1);
    shop.images(2, &sha("a1")[..10], 2);
    shop.images(1, &sha("a1")[..10], 1);
    // 3 and 4 name each other as well, but 3 more often itself.
    shop.images(2, &sha("d4")[..10], 3);
    shop.images(3, &sha("c3")[..10], 3);
    shop.images(2, &sha("c3")[..10], 4);
    assert_eq!(shop.report(), [(FindingKind::Swap, 5, vec![1, 2])]);
}

#[test]
fn files_that_changed_places_are_a_swap_without_any_image() {
    let mut shop = Shop::new();
    let (one, two) = (sha("a1"), sha("b2"));
    shop.file(1, 1, "Model", &[(HashKind::Sha256, &one), (HashKind::Sha256, &two)]);
    shop.file(2, 2, "Model", &[(HashKind::Sha256, &one), (HashKind::Sha256, &two)]);
    let former = "UPDATE file_hashes SET former = 1 WHERE (file, hash) IN ((1, ?1), (2, ?2))";
    shop.fixture.run(former, [&one, &two]);
    let kinds: Vec<FindingKind> = shop.report().into_iter().map(|(kind, _, _)| kind).collect();
    assert!(kinds.starts_with(&[FindingKind::Swap]), "{kinds:?}");
}
