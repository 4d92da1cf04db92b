//! Pictures on disk get fingerprints where somebody asks for them, once for each state of a file.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;

use serde_json::{Value, json};
use stemmata::catalog::{Access, Catalog, Failures, Looked, PixelOrigin, StoredFingerprint};
use stemmata::crawl::scan::pixels::{self, Described, Describer, PixelOptions, PixelReport};
use stemmata::crawl::scan::{ScanOptions, scan};
use stemmata::entity::{CHROMA_VALUES, Fingerprint, ImageName, MediaIdentity};
use stemmata::fingerprint::{self, PictureLimits};

use crate::support::cli::Home;
use crate::support::home::{StopAfter, context};
use crate::support::{paint, pictures};

struct World {
    home: Home,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { home: Home::new(), folder: tempfile::tempdir().expect("a temporary folder") }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder is there")
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.root().join(name), bytes).expect("writes");
    }

    fn run(&self, arguments: &[&str]) -> Value {
        let answer = self.home.run(&[arguments, &["--format", "json"]].concat());
        assert!(matches!(answer.code, 0 | 7), "{}", answer.stderr);
        serde_json::from_str(&answer.stdout).expect("one JSON object")
    }

    fn scan(&self, flags: &[&str]) -> Value {
        let root = self.root();
        let root = root.to_str().expect("a temporary path in UTF-8");
        self.run(&[&["scan", root], flags].concat())
    }

    fn catalog(&self) -> Catalog {
        Catalog::open(&self.home.path().join("catalog.db"), Access::Read).expect("opens")
    }

    fn of(&self, name: &str) -> Option<StoredFingerprint> {
        of(&self.catalog(), self.root().join(name).as_os_str().as_encoded_bytes())
    }
}

fn of(catalog: &Catalog, path: &[u8]) -> Option<StoredFingerprint> {
    let image = catalog.image_by_name(&ImageName::Path(path.to_vec())).expect("reads")?;
    let media = catalog.media_of_image(image).expect("reads")?;
    catalog.fingerprint(media).expect("reads")
}

fn reasons(answer: &Value) -> Vec<&str> {
    let failures = answer["failures"].as_array().expect("a list");
    failures.iter().map(|failure| failure["reason"].as_str().expect("words")).collect()
}

#[test]
fn pixels_are_read_when_somebody_asks_and_once_only() {
    let world = World::new();
    let kite = paint::jpeg(&paint::paint(1, 96, 144), 90);
    world.put("kite.jpg", &kite);
    world.put("hill.png", &paint::png(&paint::paint(2, 80, 60)));
    world.scan(&[]);
    assert_eq!(world.of("kite.jpg"), None, "nobody has asked");
    assert_eq!(world.catalog().due_picture_count(Failures::Spared).expect("counts").0, 2);

    let first = world.run(&["fingerprint"]);
    assert_eq!(
        (&first["items"], &first["read"]["fingerprinted"], &first["end"]),
        (&2.into(), &2.into(), &"done".into())
    );
    let stored = world.of("kite.jpg").expect("it has one");
    let expected = fingerprint::of_bytes(&kite, &PictureLimits::default()).expect("a picture");
    assert_eq!(stored.looked, Looked::Seen(expected.fingerprint));
    assert_eq!((stored.origin, stored.content), (PixelOrigin::File, Some(expected.content)));
    assert_eq!(stored.blurhash, Some(expected.blurhash));

    let again = world.run(&["fingerprint"]);
    assert_eq!((&again["items"], &again["generation"]), (&0.into(), &Value::Null), "{again}");
}

#[test]
fn a_scan_reads_pixels_with_a_flag_and_counts_what_it_could_not_decode() {
    let world = World::new();
    let kite = paint::jpeg(&paint::paint(1, 96, 144), 90);
    world.put("kite.jpg", &kite);
    world.put("cut.jpg", &kite[..300]);
    world.put("flat.png", &paint::png(&image::RgbImage::from_pixel(64, 64, image::Rgb([9, 9, 9]))));
    world.put("film.mp4", &pictures::mp4(&[]));
    world.put("later.avif", &pictures::avif("x", pictures::Comment::Ascii));
    let first = world.scan(&["--fingerprints"]);
    assert_eq!(first["read"]["fingerprinted"], 2, "{first}");
    assert_eq!(
        (&first["read"]["too flat to compare"], &first["read"]["skipped videos"]),
        (&1.into(), &1.into())
    );
    assert_eq!(first["failed"], 2, "{first}");
    assert_eq!(reasons(&first).len(), 2);
    assert!(
        reasons(&first).contains(&"the file ends before the picture does; copy or download it again"),
        "{first}"
    );
    let second = world.scan(&["--fingerprints"]);
    assert_eq!((&second["failed"], second["read"].get("fingerprinted")), (&0.into(), None), "{second}");
    assert_eq!(world.run(&["fingerprint", "--retry-failed"])["failed"], 2);
    assert!(world.of("flat.png").expect("is known").looked.fingerprint().expect("was seen").is_flat());
}

#[test]
fn a_file_that_changed_is_looked_at_again_and_one_that_moved_is_not() {
    let world = World::new();
    let bytes = |seed| paint::png(&paint::paint(seed, 64, 64));
    world.put("kite.png", &bytes(1));
    world.put("hill.png", &bytes(2));
    world.scan(&["--fingerprints"]);
    let kite = world.of("kite.png").expect("is known");
    fs::create_dir(world.root().join("sky")).expect("creates");
    fs::rename(world.root().join("kite.png"), world.root().join("sky/kite.png")).expect("moves");
    world.put("hill.png", &bytes(3));
    let moved = world.scan(&[]);
    assert_eq!(moved["read"]["moved"], 1, "{moved}");
    let there = world.of("sky/kite.png").expect("it came along");
    assert_eq!((there.looked, there.content), (kite.looked, kite.content));
    assert_eq!(world.of("hill.png"), None, "what it was says nothing of what it is");
    let again = world.run(&["fingerprint"]);
    assert_eq!(again["read"]["fingerprinted"], 1, "{again}");
    let expected = fingerprint::of_bytes(&bytes(3), &PictureLimits::default()).expect("a picture");
    assert_eq!(world.of("hill.png").expect("is known").content, Some(expected.content));
}

#[test]
fn a_file_that_changed_after_the_scan_is_left_to_the_next_one() {
    let world = World::new();
    world.put("kite.png", &paint::png(&paint::paint(1, 64, 64)));
    world.put("gone.png", &paint::png(&paint::paint(2, 64, 64)));
    world.scan(&[]);
    world.put("kite.png", &paint::png(&paint::paint(3, 64, 80)));
    fs::remove_file(world.root().join("gone.png")).expect("deletes");
    let answer = world.run(&["fingerprint"]);
    assert_eq!(
        (&answer["read"]["changed since the scan"], &answer["failed"]),
        (&2.into(), &0.into()),
        "{answer}"
    );
    assert_eq!(world.scan(&["--fingerprints"])["read"]["fingerprinted"], 1);
}

#[test]
fn only_what_lies_below_a_path_is_read_and_other_paths_are_refused() {
    let world = World::new();
    for folder in ["a", "b"] {
        fs::create_dir(world.root().join(folder)).expect("creates");
        world.put(&format!("{folder}/kite.png"), &paint::png(&paint::paint(1, 64, 64)));
    }
    world.scan(&[]);
    let below = world.root().join("a");
    let answer = world.run(&["fingerprint", below.to_str().expect("UTF-8")]);
    assert_eq!(answer["read"]["fingerprinted"], 1, "{answer}");
    assert!(world.of("a/kite.png").is_some() && world.of("b/kite.png").is_none());
    let elsewhere = world.home.run(&["fingerprint", "/nowhere", "--format", "json"]);
    assert_eq!((elsewhere.code, &elsewhere.error()["code"]), (4, &"scan.not_found".into()));
    let nothing = Home::new().run(&["fingerprint", "--format", "json"]);
    assert_ne!(nothing.code, 0, "there is no catalog");
}

#[test]
fn what_a_hash_of_the_bytes_names_takes_over_what_is_known_of_the_same_bytes() {
    let world = World::new();
    world.put("kite.png", &paint::png(&paint::paint(1, 64, 64)));
    world.scan(&["--fingerprints"]);
    world.scan(&["--hash"]);
    let answer = world.run(&["fingerprint"]);
    assert_eq!((&answer["items"], answer["read"].get("fingerprinted")), (&0.into(), None), "{answer}");
    assert!(world.of("kite.png").is_some());
}

#[test]
fn a_copy_that_is_hashed_takes_over_what_is_known_of_the_first() {
    let world = World::new();
    let bytes = paint::png(&paint::paint(1, 64, 64));
    world.put("kite.png", &bytes);
    world.scan(&["--fingerprints"]);
    world.put("copy.png", &bytes);
    let copy = world.root().join("copy.png");
    let answer = world.run(&["scan", copy.to_str().expect("UTF-8"), "--hash", "--fingerprints"]);
    assert_eq!(answer["read"]["taken over from copies"], 1, "{answer}");
    assert_eq!(answer["read"].get("fingerprinted"), None, "{answer}");
    assert_eq!(
        world.of("copy.png").expect("is known").looked,
        world.of("kite.png").expect("is known").looked
    );
}

#[test]
fn what_is_forgotten_has_no_fingerprint_any_more() {
    let world = World::new();
    world.put("kite.png", &paint::png(&paint::paint(1, 64, 64)));
    world.put("hill.png", &paint::png(&paint::paint(2, 64, 64)));
    world.scan(&["--fingerprints"]);
    let before = world.catalog().generation().expect("reads");
    fs::remove_file(world.root().join("kite.png")).expect("deletes");
    world.scan(&["--prune", "--yes"]);
    assert_eq!(world.catalog().fingerprint_stats().expect("counts").seen, 1);
    let mut gone = 0;
    let newest = world.catalog().generation().expect("reads");
    let visited = world.catalog().each_fingerprint(before, newest, |row| {
        gone += u64::from(row.looked.fingerprint().is_none());
        ControlFlow::Continue(())
    });
    visited.expect("reads");
    assert_eq!(gone, 1, "and whoever derived something from it is told");
}

/// Pictures of which some cannot be decoded, scanned into a catalog of its own.
struct Many {
    _folder: tempfile::TempDir,
    catalog: Catalog,
}

const MANY: u64 = 1100;

fn many() -> Many {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pictures = folder.path().join("pictures");
    fs::create_dir(&pictures).expect("creates");
    for number in 0..MANY {
        // A comment makes the bytes of each its own; only this test's describer looks at them.
        let png = pictures::Png::new(number).text("Comment", &format!("{number}")).build();
        fs::write(pictures.join(format!("{number:04}.png")), png).expect("writes");
    }
    let mut catalog = Catalog::open(&folder.path().join("catalog.db"), Access::Write).expect("a new catalog");
    scan(&mut catalog, &[pictures], &ScanOptions::default(), &context()).expect("scans");
    Many { _folder: folder, catalog }
}

/// Numbers out of a hash; one in seven pictures fails, one in eleven makes the decoder panic.
fn describe(bytes: &[u8]) -> Result<Described, String> {
    let content = *blake3::hash(bytes).as_bytes();
    if content[0].is_multiple_of(7) {
        return Err("a seventh".to_owned());
    }
    assert!(!content[0].is_multiple_of(11), "a decoder that fails in a way that it should not");
    let number = |at: usize| u64::from_le_bytes(content[at..at + 8].try_into().expect("eight"));
    let fingerprint = Fingerprint {
        width: 16,
        height: 16,
        pixels: Some(content),
        coded: None,
        gradient: [number(0), number(8)],
        dct: number(16),
        chroma: [content[24].cast_signed(); CHROMA_VALUES],
        contrast: 200,
    };
    Ok(Described { content, blurhash: "U".to_owned(), fingerprint })
}

fn options(threads: usize) -> PixelOptions {
    PixelOptions {
        describer: Describer { most_bytes: 1 << 20, describe },
        failures: Failures::Spared,
        threads,
    }
}

/// What is known of each picture by path, without the generation.
fn state(catalog: &Catalog) -> BTreeMap<String, (PixelOrigin, Option<[u8; 32]>, Looked)> {
    let mut state = BTreeMap::new();
    let newest = catalog.generation().expect("reads");
    let visited = catalog.each_fingerprint(0, newest, |row| {
        let media = catalog.media(row.media).expect("reads").expect("is there");
        let MediaIdentity::Url(place) = media.identity else { unreachable!("nobody has hashed it") };
        let name = place.rsplit('/').next().unwrap_or_default().to_owned();
        assert_eq!(state.insert(name, (row.origin, row.content, row.looked)), None, "each once");
        ControlFlow::Continue(())
    });
    visited.expect("reads");
    state
}

fn finish(many: &mut Many, threads: usize) -> PixelReport {
    pixels::fingerprint(&mut many.catalog, &[], &options(threads), &context()).expect("ends")
}

#[test]
fn a_run_that_is_stopped_anywhere_goes_on_to_the_same_end_on_any_number_of_threads() {
    let mut whole = many();
    let report = finish(&mut whole, 1);
    let expected = state(&whole.catalog);
    assert_eq!(report.fingerprinted + report.failed, MANY);
    assert_eq!((expected.len() as u64, report.reasons.len()), (MANY, 2));
    for stop in [1, 700] {
        let mut stopped = many();
        let first = pixels::fingerprint(&mut stopped.catalog, &[], &options(4), &StopAfter::context(stop))
            .expect("ends");
        assert!(first.interrupted && first.fingerprinted + first.failed < MANY, "{stop}");
        let before = state(&stopped.catalog).len() as u64;
        let second = finish(&mut stopped, 3);
        assert_eq!(before + second.fingerprinted + second.failed, MANY, "nothing is done twice");
        assert_eq!(state(&stopped.catalog), expected, "{stop}");
    }
}

#[test]
fn stats_and_show_tell_of_pixels_and_of_copies() {
    let world = World::new();
    let bytes = paint::png(&paint::paint(1, 64, 64));
    world.put("kite.png", &bytes);
    world.put("copy.png", &bytes);
    world.put("cut.png", &bytes[..200]);
    world.scan(&[]);
    let counts = |world: &World| world.run(&["stats"])["pixels"].clone();
    assert_eq!(
        counts(&world),
        json!({ "fingerprinted": 0, "flat": 0, "previews": 0, "failed": 0, "due": 3 })
    );
    world.run(&["fingerprint"]);
    assert_eq!(
        counts(&world),
        json!({ "fingerprinted": 2, "flat": 0, "previews": 0, "failed": 1, "due": 0 })
    );

    let (kite, cut) = (world.root().join("kite.png"), world.root().join("cut.png"));
    let shown = world.run(&["show", kite.to_str().expect("UTF-8")]);
    let expected = fingerprint::of_bytes(&bytes, &PictureLimits::default()).expect("a picture");
    let pixels = &shown["fingerprints"]["pixels"];
    assert_eq!(
        (&pixels["origin"], &pixels["flat"], &pixels["failure"]),
        (&"file".into(), &false.into(), &Value::Null)
    );
    assert_eq!(pixels["blurhash"], expected.blurhash);
    let code = expected.fingerprint.code().map(|word| format!("{word:016x}")).concat();
    assert_eq!(pixels["code"], code);
    let copy = world.root().join("copy.png");
    assert_eq!(shown["duplicates"], json!([copy]), "the same bytes, although nobody asked for --hash");
    let text = world.home.run(&["show", kite.to_str().expect("UTF-8"), "--format", "table"]);
    assert!(text.stdout.contains(&code), "{}", text.stdout);
    let failed = world.run(&["show", cut.to_str().expect("UTF-8")]);
    assert_eq!(failed["fingerprints"]["pixels"]["failure"], "the picture could not be decoded");
}
