//! What is a copy of what: verdicts, groups and traces over pictures on disk and of the site, through the command.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use image::{DynamicImage, ImageEncoder as _, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};

use crate::support::cli::{Answer, Home};

/// A home, and a folder of pictures.
struct World {
    home: Home,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { home: Home::new(), folder: tempfile::tempdir().expect("a temporary folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder is there").join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("has a parent")).expect("creates");
        fs::write(&path, bytes).expect("writes");
        path.to_str().expect("a temporary path in UTF-8").to_owned()
    }

    fn scan(&self) {
        let root = self.path("");
        let answer = self.home.run(&["scan", root.to_str().expect("UTF-8"), "--fingerprints", "-q"]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
    }

    fn dupes(&self, flags: &[&str]) -> Vec<(String, Vec<String>)> {
        let lines = self.home.run(&[&["dupes", "--format", "ndjson"], flags].concat()).lines();
        let groups = lines.iter().filter(|line| line["type"] == "group");
        groups.map(|group| (text(&group["class"]), self.members(group))).collect()
    }

    /// The names of the members below the folder, or their ids.
    fn members(&self, group: &Value) -> Vec<String> {
        let members = group["members"].as_array().expect("members");
        members.iter().map(|member| self.name(&member["image"])).collect()
    }

    fn name(&self, image: &Value) -> String {
        let root = self.path("");
        let root = root.to_str().expect("UTF-8").trim_end_matches('/');
        image.as_str().map_or_else(
            || image.to_string(),
            |path| path.strip_prefix(root).unwrap_or(path).trim_start_matches('/').to_owned(),
        )
    }

    fn similar(&self, target: &str, flags: &[&str]) -> Vec<(String, String)> {
        let lines = self.home.run(&[&["similar", target, "--format", "ndjson"], flags].concat()).lines();
        let hits = lines.iter().filter(|line| line["type"] == "hit");
        hits.map(|hit| (self.name(&hit["image"]), text(&hit["class"]))).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A picture with a sky, a few discs and some texture that all follow from `seed`.
fn scene(seed: u32, width: u32, height: u32) -> RgbImage {
    let mix = |number: u32| {
        let mut mixed = number.wrapping_mul(0x9E37_79B9) ^ seed.wrapping_mul(0x85EB_CA6B);
        mixed ^= mixed >> 15;
        mixed = mixed.wrapping_mul(0x2C1B_3C6D);
        f64::from((mixed ^ (mixed >> 12)) % 1000) / 1000.0
    };
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
        let mut colour =
            [40.0 + 150.0 * v * mix(1), 60.0 + 120.0 * u * mix(2), 90.0 + 90.0 * (1.0 - v) * mix(3)];
        for disc in 0..7 {
            let at = |what: u32| mix(10 + disc * 8 + what);
            let (across, down) = (u - at(0), (v - at(1)) * 1.3);
            if across.hypot(down) < 0.08 + 0.2 * at(2) {
                colour = [255.0 * at(3), 255.0 * at(4), 255.0 * at(5)];
            }
        }
        let grain = 6.0 * ((u * 90.0).sin() * (v * 70.0).cos());
        Rgb(colour.map(|channel| (channel + grain).clamp(0.0, 255.0) as u8))
    })
}

fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture.clone()).write_to(&mut bytes, ImageFormat::Png).expect("encodes");
    bytes.into_inner()
}

/// The PNG with a text chunk behind its header.
pub(crate) fn with_text(png: &[u8], key: &str, text: &str) -> Vec<u8> {
    let body = [b"tEXt", key.as_bytes(), b"\0", text.as_bytes()].concat();
    let length = u32::try_from(body.len() - 4).expect("a short text");
    let header = 8 + 25;
    let chunk = [&length.to_be_bytes()[..], &body, &crc32fast::hash(&body).to_be_bytes()].concat();
    [&png[..header], &chunk, &png[header..]].concat()
}

fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
    encoder
        .write_image(picture.as_raw(), picture.width(), picture.height(), image::ExtendedColorType::Rgb8)
        .expect("encodes");
    bytes
}

fn resized(picture: &RgbImage, width: u32, height: u32) -> RgbImage {
    image::imageops::resize(picture, width, height, image::imageops::FilterType::Triangle)
}

/// An image of the site that shows a picture with this BlurHash.
fn posted(id: u64, blurhash: &str, (width, height): (u32, u32), meta: &Value) -> Value {
    let key = format!("{id:08x}-0000-4000-8000-{id:012x}");
    json!({
        "id": id, "url": format!("https://image.civitai.com/account/{key}/original=true/{key}.jpeg"),
        "hash": blurhash, "width": width, "height": height, "type": "image", "createdAt": "2026-01-02T03:04:05.678Z",
        "username": "somebody", "meta": meta,
    })
}

fn import(home: &Home, images: &[Value]) -> Answer {
    let lines: String = images.iter().map(|image| format!("{image}\n")).collect();
    let answer = home.run_with_input(&["import", "-", "-q"], lines.as_bytes());
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    answer
}

fn blurhash(picture: &RgbImage) -> String {
    stemmata::fingerprint::of_bytes(&png(picture), &Default::default()).expect("it decodes").blurhash
}

/// One picture in seven files, another in two, and a third alone.
fn library() -> World {
    let world = World::new();
    let (one, two) = (scene(1, 768, 512), scene(2, 512, 768));
    world.write("one/a.png", &png(&one));
    world.write("one/b-same-bytes.png", &png(&one));
    world.write("one/c.jpg", &jpeg(&one, 60));
    world.write("one/d-small.jpg", &jpeg(&resized(&one, 384, 256), 80));
    let cropped = image::imageops::crop_imm(&one, 0, 0, 768, 492).to_image();
    world.write("one/e-cropped.png", &png(&cropped));
    world.write("one/f-flipped.png", &png(&image::imageops::flip_horizontal(&one)));
    world.write("two/a.png", &png(&two));
    world.write("two/b.webp", &{
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(two).write_to(&mut bytes, ImageFormat::WebP).expect("encodes");
        bytes.into_inner()
    });
    world.write("three.png", &png(&scene(3, 640, 640)));
    world.write("flat/a.png", &png(&RgbImage::from_pixel(640, 640, Rgb([9, 9, 9]))));
    world.write("flat/b.jpg", &jpeg(&RgbImage::from_pixel(640, 640, Rgb([90, 90, 90])), 90));
    world.scan();
    world
}

#[test]
fn copies_on_disk_are_grouped_by_what_they_are() {
    let world = library();
    let all = world.dupes(&[]);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let mut first =
        all.iter().find(|(_, members)| members.contains(&"one/a.png".to_owned())).cloned().expect("a group");
    first.1.sort();
    assert_eq!(
        first,
        (
            "edited".to_owned(),
            names(&[
                "one/a.png",
                "one/b-same-bytes.png",
                "one/c.jpg",
                "one/d-small.jpg",
                "one/e-cropped.png"
            ])
        )
    );
    let pixels: Vec<_> = all.iter().filter(|(class, _)| class == "same_pixels").collect();
    assert_eq!(pixels.len(), 1, "{all:?}");
    assert_eq!(pixels[0].1, names(&["two/a.png", "two/b.webp"]), "a lossless WebP has the pixels of the PNG");
    assert_eq!(all.len(), 2, "neither the flipped, nor the lone, nor the flat pictures: {all:?}");
    assert_eq!(
        world.dupes(&["--class", "same-bytes"]),
        [("same_bytes".to_owned(), names(&["one/a.png", "one/b-same-bytes.png"]))]
    );
    let saved = world.dupes(&["--min-class", "re-encode"]);
    assert!(saved.iter().all(|(_, members)| !members.contains(&"one/e-cropped.png".to_owned())), "{saved:?}");
    let below = world.path("two");
    let across = format!("{0},{0}", below.to_str().expect("UTF-8"));
    assert_eq!(world.dupes(&["--across", &across]).len(), 1);
    assert_eq!(world.dupes(&["--across", "local,remote"]).len(), 0);
    let found = world.home.run(&["dupes", "--fail-on-found"]);
    assert_eq!(found.code, 9);
}

#[test]
fn similar_says_what_each_hit_is_and_finds_turned_copies_when_asked() {
    let world = library();
    let target = world.path("one/a.png");
    let target = target.to_str().expect("UTF-8");
    let hits = world.similar(target, &[]);
    let class = |name: &str| hits.iter().find(|(hit, _)| hit == name).map(|(_, class)| class.as_str());
    assert_eq!(class("one/b-same-bytes.png"), Some("same_bytes"), "{hits:?}");
    assert_eq!(class("one/c.jpg"), Some("re_encode"), "{hits:?}");
    assert_eq!(class("one/d-small.jpg"), Some("re_encode"), "{hits:?}");
    assert_eq!(class("one/e-cropped.png"), Some("edited"), "{hits:?}");
    assert!(!["re_encode", "edited"].contains(&class("one/f-flipped.png").unwrap_or_default()), "{hits:?}");
    let turned = world.similar(target, &["--turns", "--class", "re-encode"]);
    assert!(turned.iter().any(|(name, _)| name == "one/f-flipped.png"), "{turned:?}");
    let elsewhere = tempfile::NamedTempFile::with_suffix(".jpg").expect("a temporary file");
    fs::write(elsewhere.path(), jpeg(&scene(2, 512, 768), 50)).expect("writes");
    let hits = world.similar(elsewhere.path().to_str().expect("UTF-8"), &[]);
    assert_eq!(hits[0].1, "re_encode", "a file that no scan has seen: {hits:?}");
}

#[test]
fn the_answer_is_the_same_from_kept_groups_from_an_update_and_from_nothing() {
    let world = library();
    let answer = |world: &World| world.home.run(&["dupes", "--format", "ndjson"]).stdout;
    let first = answer(&world);
    assert_eq!(answer(&world), first);
    fs::remove_dir_all(world.home.path().join("near")).expect("it was kept");
    assert_eq!(answer(&world), first);
    world.write("late/three-again.jpg", &jpeg(&scene(3, 640, 640), 70));
    world.write("late/four.png", &png(&scene(4, 600, 700)));
    world.scan();
    let updated = answer(&world);
    assert_ne!(updated, first);
    let rebuilt = world.home.run(&["index", "rebuild", "-q"]);
    assert_eq!((rebuilt.code, answer(&world)), (0, updated.clone()));
    let other = World::new();
    for name in [
        "late/four.png",
        "late/three-again.jpg",
        "flat/b.jpg",
        "flat/a.png",
        "three.png",
        "two/b.webp",
        "two/a.png",
        "one/f-flipped.png",
        "one/e-cropped.png",
        "one/d-small.jpg",
        "one/c.jpg",
        "one/b-same-bytes.png",
        "one/a.png",
    ] {
        let copied = other.write(name, &fs::read(world.path(name)).expect("it is there"));
        // The earlier of two copies stands for both, so that the times must be those of the other folder.
        let time = fs::metadata(world.path(name)).and_then(|facts| facts.modified()).expect("it has a time");
        let file = fs::File::options().write(true).open(copied).expect("opens");
        file.set_modified(time).expect("sets the time");
        other.scan();
    }
    assert_eq!(other.dupes(&[]), world.dupes(&[]), "whatever the order in which pictures came");
    let files = ["copies-0", "copies-1", "state.json", "code-pairs", "blur-pairs", "blurs", "codes", "marks"];
    for damage in files {
        fs::write(world.home.path().join("near").join(damage), b"no table").expect("writes");
        assert_eq!(answer(&world), updated, "with a damaged {damage}");
    }
}

#[test]
fn a_decision_keeps_two_images_apart_in_every_group() {
    let world = library();
    let [one, other] =
        ["two/a.png", "two/b.webp"].map(|name| world.path(name).to_str().expect("UTF-8").to_owned());
    assert_eq!(world.dupes(&["--class", "same-pixels"]).len(), 1);
    let decided = world.home.run(&["decide", "not-duplicate", &one, &other]);
    assert_eq!(decided.code, 0, "{}", decided.stderr);
    assert_eq!(world.dupes(&["--class", "same-pixels"]).len(), 0);
}

#[test]
fn a_stripped_smaller_copy_is_traced_to_its_image_by_the_blurhash_alone() {
    let world = World::new();
    let original = scene(5, 832, 1216);
    let meta = json!({ "prompt": "a red kite", "Model hash": "a1a2a3a4b5", "Model": "dream", "seed": 5 });
    import(
        &world.home,
        &[
            posted(8, &blurhash(&original), (832, 1216), &meta),
            posted(9, &blurhash(&scene(6, 832, 1216)), (832, 1216), &meta),
        ],
    );
    let path = world.write("saved.jpg", &jpeg(&resized(&original, 416, 608), 40));
    let trace = world.home.run(&["trace", &path, "--json"]).json();
    assert_eq!(
        (&trace["via"], &trace["image"], &trace["verified"]),
        (&json!("blurhash"), &json!(8), &json!(false)),
        "{trace}"
    );
    assert_eq!(trace["resources"][0]["hash"], "a1a2a3a4b5");
    let told = world.home.run(&["trace", &path]).stdout;
    assert!(told.contains("a candidate only") && told.contains("in a hundred"), "{told}");
    world.scan();
    let groups = world.dupes(&["--across", "local,remote"]);
    assert_eq!(groups, [("candidate".to_owned(), vec!["8".to_owned(), "saved.jpg".to_owned()])]);
}

#[test]
fn a_stripped_copy_of_a_scanned_picture_is_traced_by_its_pixels() {
    let world = World::new();
    let original = scene(7, 768, 512);
    let data = "a red kite\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 768x512, Model hash: a1a2a3a4b5, \
                Model: dream";
    let with_data = with_text(&png(&original), "parameters", data);
    world.write("library/a.png", &with_data);
    world.scan();
    let elsewhere = tempfile::tempdir().expect("a folder");
    let check = |name: &str, bytes: &[u8], via: &str, verified: bool| {
        let path = elsewhere.path().join(name);
        fs::write(&path, bytes).expect("writes");
        let trace = world.home.run(&["trace", path.to_str().expect("UTF-8"), "--json"]).json();
        assert_eq!((&trace["via"], &trace["verified"]), (&json!(via), &json!(verified)), "{name}: {trace}");
        assert_eq!(trace["resources"][0]["hash"], "a1a2a3a4b5", "{name}");
    };
    check("stripped.png", &png(&original), "same_pixels", true);
    check("saved.jpg", &jpeg(&resized(&original, 512, 341), 50), "near_duplicate", false);
}

#[test]
fn kin_are_listed_only_when_asked_for() {
    let home = Home::new();
    let meta = |seed: u64, model: &str| json!({ "prompt": "a red kite", "seed": seed, "steps": 20, "cfgScale": 7, "sampler": "Euler a", "Model hash": model });
    let blur = |seed| blurhash(&scene(seed, 640, 640));
    import(
        &home,
        &[
            posted(1, &blur(11), (640, 640), &meta(1, "a1a2a3a4b5")),
            posted(2, &blur(12), (640, 640), &meta(2, "a1a2a3a4b5")),
            posted(3, &blur(13), (640, 640), &meta(1, "c1c2c3c4d5")),
        ],
    );
    let ids = |flags: &[&str]| -> Vec<Vec<u64>> {
        let lines = home.run(&[&["dupes", "--format", "ndjson"], flags].concat()).lines();
        let groups = lines.iter().filter(|line| line["type"] == "group");
        groups
            .map(|group| {
                group["members"]
                    .as_array()
                    .expect("members")
                    .iter()
                    .filter_map(|m| m["image"].as_u64())
                    .collect()
            })
            .collect()
    };
    assert_eq!(ids(&[]), Vec::<Vec<u64>>::new());
    assert_eq!(ids(&["--class", "same-settings"]), [[1, 2]]);
    assert_eq!(ids(&["--class", "other-model"]), [[1, 3]]);
    let hits = home.run(&["similar", "1", "--class", "same-settings", "--format", "paths"]).stdout;
    assert_eq!(hits, "2\n");
}

#[test]
fn the_contact_sheet_needs_nothing_else_and_says_what_it_leaves_out() {
    let world = library();
    let sheet = world.path("sheet.html");
    let sheet = sheet.to_str().expect("UTF-8");
    let answer = world.home.run(&["dupes", "--export-html", sheet, "--html-groups", "1"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(answer.stderr.contains("1 group on this sheet; 1 more group is left out"), "{}", answer.stderr);
    let html = fs::read_to_string(sheet).expect("it was written");
    assert!(html.starts_with("<!doctype html>") && html.contains("data:image/jpeg;base64,"));
    for forbidden in ["<script", "src=\"http", "url(", "@import", "<link"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    let again = world.home.run(&["dupes", "--export-html", sheet, "--html-groups", "1"]);
    assert_eq!((again.code, fs::read_to_string(sheet).expect("there")), (0, html));
    let photo = world.path("one/a.png");
    let before = fs::read(&photo).expect("there");
    let refused = world.home.run(&["dupes", "--export-html", photo.to_str().expect("UTF-8")]);
    assert_eq!((refused.code, fs::read(&photo).expect("there")), (2, before));
    assert!(refused.stderr.contains("is no contact sheet"), "{}", refused.stderr);
    let nowhere = world.path("no-folder/sheet.html");
    let refused = world.home.run(&["dupes", "--export-html", nowhere.to_str().expect("UTF-8")]);
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "before anything is searched");
    assert!(refused.stderr.contains("there is no folder"), "{}", refused.stderr);
}

#[test]
fn calibration_is_the_same_for_the_same_seed() {
    let world = library();
    let run = |seed: &str| world.home.run(&["dupes", "calibrate", "--seed", seed, "--format", "ndjson"]);
    let first = run("3");
    let lines = first.lines();
    let summary = lines.last().expect("a summary");
    assert_eq!(
        (&summary["type"], &summary["precision"], &summary["flat"]),
        (&json!("summary"), &json!(0.99), &json!(2))
    );
    assert!(summary["suggested"].as_array().is_some_and(|all| !all.is_empty()), "{summary}");
    let strict = lines.iter().find(|line| line["step"]["kind"] == "pixels").expect("a step");
    assert!(strict["step"]["false_pairs_at_most"].as_f64().is_some_and(|most| most > 0.0), "{strict}");
    assert_eq!(run("3").stdout, first.stdout);
    let refused = world.home.run(&["dupes", "calibrate", "--precision", "1"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
}
