//! The record generator is repeatable, and its records are what they say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

#[path = "../benches/support/records.rs"]
#[allow(dead_code, reason = "each user of the module takes a part of it")]
pub(crate) mod records;

use records::models::Kind;
use records::{Plan, Records};

const IMAGES: u64 = 3_000;
const VERSIONS: u64 = 400;

fn records(seed: u64) -> Records {
    Records::new(Plan { images: IMAGES, versions: VERSIONS, seed })
}

#[track_caller]
fn lines(text: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(text).expect("JSON is UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("every line is JSON")).collect()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[track_caller]
fn check_share(what: &str, count: usize, of: usize, low: f64, high: f64) {
    let share = count as f64 / of as f64;
    assert!((low..high).contains(&share), "{what}: {share} is not between {low} and {high}");
}

#[test]
fn the_same_plan_gives_the_same_bytes_in_any_order() {
    let whole = records(1).images(0..IMAGES).expect("records serialise");
    let again = records(1);
    let cuts = [0, 1, 2, 63, 64, 65, 1_000, 1_001, IMAGES];
    let mut pieces = BTreeMap::new();
    for pair in cuts.windows(2).rev() {
        pieces.insert(pair[0], again.images(pair[0]..pair[1]).expect("records serialise"));
    }
    assert!(pieces.into_values().flatten().eq(whole.iter().copied()));
    assert_eq!(records(1).models().expect("records serialise"), again.models().expect("records serialise"));
}

#[test]
fn another_seed_gives_other_records() {
    assert_ne!(
        records(1).images(0..10).expect("records serialise"),
        records(2).images(0..10).expect("records serialise")
    );
    assert_ne!(
        records(1).models().expect("records serialise"),
        records(2).models().expect("records serialise")
    );
}

#[test]
fn a_page_holds_the_same_images_as_lines_do() {
    let records = records(1);
    let page = lines(&records.page(200..400).expect("records serialise"));
    assert_eq!(page.len(), 1);
    assert_eq!(list(&page[0], "/items"), lines(&records.images(200..400).expect("records serialise")));
    assert_eq!(text(&page[0], "/metadata/nextCursor"), "400");
}

#[test]
fn the_catalogue_has_the_versions_that_were_asked_for() {
    for versions in [1, 2, 7, VERSIONS] {
        let records = Records::new(Plan { images: 10, versions, seed: 3 });
        let models = lines(&records.models().expect("records serialise"));
        let releases: Vec<&Value> = models.iter().flat_map(|model| list(model, "/modelVersions")).collect();
        let ids: BTreeSet<u64> = releases.iter().filter_map(|version| version["id"].as_u64()).collect();
        assert_eq!(ids.len() as u64, versions);
        assert!(models.iter().all(|model| (1..=4).contains(&list(model, "/modelVersions").len())));
    }
}

#[test]
fn hashes_of_a_file_fit_each_other() {
    let mut files = 0;
    for model in lines(&records(1).models().expect("records serialise")) {
        for file in list(&model, "/modelVersions").iter().flat_map(|version| list(version, "/files")) {
            let sha256 = text(file, "/hashes/SHA256");
            assert_eq!(text(file, "/hashes/AutoV2"), sha256.get(..10).unwrap_or_default());
            for (kind, digits) in
                [("SHA256", 64), ("BLAKE3", 64), ("AutoV3", 12), ("AutoV1", 8), ("CRC32", 8)]
            {
                let hash = file["hashes"][kind].as_str().unwrap_or_default();
                assert_eq!(hash.len(), digits, "{kind}");
                assert!(hash.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b)), "{kind}");
            }
            files += 1;
        }
    }
    assert!((VERSIONS..=2 * VERSIONS).contains(&files), "{files} files");
}

#[test]
fn four_models_in_five_are_loras() {
    let records = Records::new(Plan { images: 10, versions: 4_000, seed: 1 });
    let models = &records.catalogue().models;
    let loras = models.iter().filter(|model| model.kind == Kind::Lora).count();
    check_share("LoRAs", loras, models.len(), 0.77, 0.83);
}

#[test]
fn blurhashes_decode_and_are_four_by_four() {
    let images = lines(&records(1).images(0..IMAGES).expect("records serialise"));
    assert_eq!(images.len() as u64, IMAGES);
    for image in &images {
        let hash = text(image, "/hash");
        assert_eq!(hash.len(), 36);
        assert!(hash.starts_with('U'), "{hash}");
        assert!(blurhash::decode(hash, 4, 4, 1.0).is_ok(), "{hash}");
    }
}

#[test]
fn near_copies_differ_in_a_few_characters() {
    let records = records(1);
    let images = lines(&records.images(0..IMAGES).expect("records serialise"));
    let mut copies = 0;
    for index in (0..IMAGES).filter(|&index| records.picture_of(index) != index) {
        let original = &images[records.picture_of(index) as usize];
        let copy = &images[index as usize];
        let changed =
            text(original, "/hash").bytes().zip(text(copy, "/hash").bytes()).filter(|(a, b)| a != b);
        assert!(changed.count() <= 24);
        assert_eq!((&original["width"], &original["height"]), (&copy["width"], &copy["height"]));
        copies += 1;
    }
    check_share("near-copies", copies, IMAGES as usize, 0.03, 0.08);
}

#[test]
fn shared_media_share_their_url_and_blurhash() {
    let records = records(1);
    let images = lines(&records.images(0..IMAGES).expect("records serialise"));
    let mut shared = 0;
    for index in (0..IMAGES).filter(|&index| records.media_of(index) != index) {
        let first = &images[records.media_of(index) as usize];
        let other = &images[index as usize];
        assert_eq!((&first["url"], &first["hash"]), (&other["url"], &other["hash"]));
        assert_ne!(first["id"], other["id"]);
        shared += 1;
    }
    let urls: BTreeSet<&str> = images.iter().map(|image| text(image, "/url")).collect();
    assert_eq!(urls.len() + shared, images.len());
    check_share("shared media", shared, images.len(), 0.001, 0.01);
}

#[test]
fn images_look_like_the_sites_in_size_and_shares() {
    let bytes = records(1).images(0..IMAGES).expect("records serialise");
    let images = lines(&bytes);
    check_share("bytes an image", bytes.len(), images.len(), 1_300.0, 2_000.0);
    let told: Vec<&Value> = images.iter().filter(|image| !image["meta"].is_null()).collect();
    check_share("without meta", images.len() - told.len(), images.len(), 0.08, 0.16);
    let resources: usize = told.iter().map(|image| list(image, "/meta/resources").len()).sum();
    check_share("resources an image", resources, told.len(), 2.6, 3.4);
    let on_site = told.iter().filter(|image| !list(image, "/meta/civitaiResources").is_empty()).count();
    check_share("with version ids", on_site, told.len(), 0.33, 0.47);
    let ids: Vec<u64> = images.iter().filter_map(|image| image["id"].as_u64()).collect();
    assert!(ids.is_sorted_by(|earlier, later| earlier < later), "ids rise");
}

#[test]
fn nine_lora_hashes_in_ten_are_in_the_catalogue() {
    let records = records(1);
    let models = records.models().expect("records serialise").to_ascii_lowercase();
    let mut known = BTreeSet::new();
    for model in lines(&models) {
        for file in list(&model, "/modelversions").iter().flat_map(|version| list(version, "/files")) {
            known.extend(
                ["autov2", "autov3"].map(|kind| file["hashes"][kind].as_str().unwrap_or_default().to_owned()),
            );
        }
    }
    let (mut loras, mut unknown) = (0, 0);
    for image in lines(&records.images(0..IMAGES).expect("records serialise")) {
        for resource in list(&image, "/meta/resources") {
            let found = known.contains(text(resource, "/hash"));
            let lora = text(resource, "/type") == "lora";
            assert!(lora || found, "an unknown checkpoint: {resource}");
            loras += usize::from(lora);
            unknown += usize::from(lora && !found);
        }
    }
    check_share("unknown LoRAs", unknown, loras, 0.06, 0.14);
}

#[test]
fn a_run_shares_its_post_user_and_resources() {
    let mut runs: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
    for image in lines(&records(1).images(0..IMAGES).expect("records serialise")) {
        runs.entry(image["postId"].as_u64().unwrap_or_default()).or_default().push(image);
    }
    assert!(runs.len() > 400, "only {} runs", runs.len());
    for images in runs.values() {
        assert!(images.len() <= 8);
        for image in images {
            assert_eq!(image["username"], images[0]["username"]);
            assert_eq!(image["modelVersionIds"], images[0]["modelVersionIds"]);
            assert_eq!(list(image, "/meta/resources"), list(&images[0], "/meta/resources"));
        }
    }
}
