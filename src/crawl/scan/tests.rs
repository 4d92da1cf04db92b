use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::catalog::{Access, FileState};
use crate::entity::{ImageName, MediaIdentity};

/// A PNG of one pixel's header with a text; nothing here decodes it.
fn picture(prompt: u8) -> Vec<u8> {
    let chunk = |name: &[u8], data: &[u8]| {
        let sum = crc32fast::hash(&[name, data].concat());
        [&u32::try_from(data.len()).expect("short").to_be_bytes(), name, data, &sum.to_be_bytes()].concat()
    };
    let text = format!("parameters\0prompt{prompt}\nSteps: {prompt}, Sampler: Euler, Seed: {prompt}");
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", b"\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0"),
        chunk(b"tEXt", text.as_bytes()),
        chunk(b"IEND", b""),
    ]
    .concat()
}

struct World {
    folder: tempfile::TempDir,
    catalog: Catalog,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("in")).expect("creates");
        let catalog = Catalog::open(&folder.path().join("catalog.db"), Access::Write).expect("opens");
        Self { folder, catalog }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("in").canonicalize().expect("is there")
    }

    fn scan(&mut self, options: &ScanOptions) -> ScanReport {
        let root = self.root();
        scan(&mut self.catalog, &[root], options, &RunContext::quiet()).expect("scans")
    }
}

/// What there is to know of the files that are there: prompt and bytes by path.
fn present(catalog: &Catalog) -> BTreeMap<Vec<u8>, (Option<String>, Option<MediaIdentity>)> {
    let mut known = BTreeMap::new();
    for root in catalog.roots().expect("reads") {
        for file in catalog.local_files(root.id, b"").expect("reads") {
            if file.state != FileState::Present {
                continue;
            }
            let image = file.image.map(|image| catalog.named_image(image).expect("reads").expect("is there"));
            if let Some(image) = image.as_ref().filter(|_| file.kind == crate::catalog::FileKind::Image) {
                let full = crate::catalog::joined(&root.path, &file.path);
                assert_eq!(image.name, ImageName::Path(full), "an image is named by its path");
            }
            let prompt = image.as_ref().and_then(|image| image.row.generation_data.prompt.clone());
            let media =
                image.map(|image| image.media).filter(|media| matches!(media, MediaIdentity::Content(_)));
            known.insert(file.path, (prompt, media));
        }
    }
    known
}

/// What somebody does to a folder.
#[derive(Clone, Debug)]
enum Act {
    Write(u8, u8),
    Sidecar(u8, u8),
    Remove(u8),
    Rename(u8, u8),
    Copy(u8, u8),
    Scan,
    ScanPart,
    HashAll,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..6_u8, 0..4_u8).prop_map(|(place, prompt)| Act::Write(place, prompt)),
        (0..6_u8, 0..4_u8).prop_map(|(place, prompt)| Act::Sidecar(place, prompt)),
        (0..12_u8).prop_map(Act::Remove),
        (0..12_u8, 0..12_u8).prop_map(|(from, to)| Act::Rename(from, to)),
        (0..12_u8, 0..12_u8).prop_map(|(from, to)| Act::Copy(from, to)),
        Just(Act::Scan),
        Just(Act::ScanPart),
        Just(Act::HashAll),
    ]
}

/// Twelve places: six for pictures, six for texts beside them, in two folders.
fn place(root: &Path, number: u8) -> PathBuf {
    let ending = if number < 6 { "png" } else { "txt" };
    root.join(if number.is_multiple_of(2) { "even" } else { "odd" }).join(format!("{}.{ending}", number % 6))
}

fn perform(act: &Act, world: &mut World, clock: &mut u64) {
    let root = world.root();
    for folder in ["even", "odd"] {
        fs::create_dir_all(root.join(folder)).expect("creates");
    }
    let mut write = |path: &Path, bytes: &[u8]| {
        fs::write(path, bytes).expect("writes");
        *clock += 1;
        let file = fs::File::options().append(true).open(path).expect("opens");
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000 + *clock);
        file.set_modified(time).expect("a settable time");
    };
    match act {
        Act::Write(number, prompt) => write(&place(&root, *number), &picture(*prompt)),
        Act::Sidecar(number, prompt) => {
            let text = format!("beside{prompt}\nSteps: 9, Sampler: Euler, Seed: {prompt}");
            write(&place(&root, number + 6), text.as_bytes());
        }
        // There may be nothing at the place.
        Act::Remove(number) => fs::remove_file(place(&root, *number)).unwrap_or_default(),
        Act::Rename(from, to) => fs::rename(place(&root, *from), place(&root, *to)).unwrap_or_default(),
        Act::Copy(from, to) => {
            if let Ok(bytes) = fs::read(place(&root, *from)) {
                write(&place(&root, *to), &bytes);
            }
        }
        Act::Scan => drop(world.scan(&ScanOptions::default())),
        Act::ScanPart => {
            let part = root.join("odd");
            scan(&mut world.catalog, &[part], &ScanOptions::default(), &RunContext::quiet()).expect("scans");
        }
        Act::HashAll => drop(world.scan(&ScanOptions { hash: true, ..ScanOptions::default() })),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The oracle is a catalog that has never seen the folder before.
    #[test]
    fn a_catalog_that_was_kept_up_to_date_knows_what_a_new_one_does(acts in proptest::collection::vec(act(), 1..24)) {
        let mut world = World::new();
        let mut clock = 0;
        // A root that loses all its files at once counts as unplugged, so one file stays.
        fs::write(world.root().join("stays.png"), picture(0)).expect("writes");
        for act in &acts {
            perform(act, &mut world, &mut clock);
        }
        world.scan(&ScanOptions { hash: true, ..ScanOptions::default() });
        let quiet = world.scan(&ScanOptions { hash: true, ..ScanOptions::default() });
        prop_assert!(quiet.is_quiet(), "{:?}", quiet);

        let path = world.folder.path().join("fresh.db");
        let mut fresh = Catalog::open(&path, Access::Write).expect("opens");
        let options = ScanOptions { hash: true, threads: 1, ..ScanOptions::default() };
        scan(&mut fresh, &[world.root()], &options, &RunContext::quiet()).expect("scans");
        prop_assert_eq!(present(&world.catalog), present(&fresh));
    }
}

#[test]
fn a_request_to_stop_marks_nothing_as_missing() {
    let mut world = World::new();
    let path = world.root().join("a.png");
    fs::write(&path, picture(1)).expect("writes");
    fs::write(world.root().join("b.png"), picture(2)).expect("writes");
    world.scan(&ScanOptions::default());
    fs::remove_file(&path).expect("removes");
    let run = RunContext::quiet();
    run.cancel.request();
    let root = world.root();
    let report = scan(&mut world.catalog, &[root], &ScanOptions::default(), &run).expect("ends");
    assert!(report.interrupted);
    assert_eq!(world.catalog.missing_files().expect("reads").len(), 0);
}

#[test]
fn a_picture_that_was_touched_keeps_its_raw_record() {
    let mut world = World::new();
    let path = world.root().join("a.png");
    fs::write(&path, picture(1)).expect("writes");
    world.scan(&ScanOptions::default());
    let image = world.catalog.image_by_name(&ImageName::Path(path::bytes(&path).to_vec())).expect("reads");
    let image = image.expect("stored");
    let raw = world.catalog.raw_of(image).expect("reads");
    assert!(raw.as_deref().and_then(record::read).is_some());
    let file = fs::File::options().append(true).open(&path).expect("opens");
    file.set_modified(std::time::UNIX_EPOCH).expect("a settable time");
    let report = world.scan(&ScanOptions::default());
    assert_eq!((report.images, report.written.images.unchanged), (1, 1));
    assert_eq!(world.catalog.raw_of(image).expect("reads"), raw);
}

#[test]
fn one_file_is_scanned_with_what_lies_beside_it() {
    let mut world = World::new();
    let root = world.root();
    let [picture_path, sidecar_path] = ["a.png", "a.png.txt"].map(|name| root.join(name));
    fs::write(&picture_path, picture(1)).expect("writes");
    fs::write(&sidecar_path, "beside\nSteps: 9, Sampler: Euler, Seed: 9").expect("writes");
    fs::write(root.join("b.png"), picture(2)).expect("writes");
    for (round, target) in [&picture_path, &sidecar_path, &picture_path].into_iter().enumerate() {
        let options = ScanOptions { which: Which::All, ..ScanOptions::default() };
        let targets = [target.clone()];
        let report = scan(&mut world.catalog, &targets, &options, &RunContext::quiet()).expect("scans");
        assert_eq!((report.files, report.images, report.sidecars, report.missing), (2, 1, 1, 0), "{round}");
    }
    let quiet = world.scan(&ScanOptions::default());
    assert_eq!((quiet.files, quiet.images, quiet.unchanged), (3, 1, 2));
    fs::remove_file(&picture_path).expect("removes");
    let report = scan(&mut world.catalog, &[picture_path], &ScanOptions::default(), &RunContext::quiet());
    assert_eq!(report.expect("scans").missing, 1);
}

#[test]
fn heavy_files_make_many_batches_in_the_order_of_their_paths() {
    let names = |threads: usize| {
        let mut world = World::new();
        for number in 0..12 {
            let mut bytes = picture(number);
            bytes.truncate(bytes.len() - 12);
            let text = [b"tEXt".as_slice(), b"comment\0", &vec![b'a' + number; 4 << 20]].concat();
            let sum = crc32fast::hash(&text);
            let length = u32::try_from(text.len() - 4).expect("short");
            bytes.extend([&length.to_be_bytes()[..], &text, &sum.to_be_bytes()].concat());
            fs::write(world.root().join(format!("{number:02}.png")), bytes).expect("writes");
        }
        let report = world.scan(&ScanOptions { threads, ..ScanOptions::default() });
        assert_eq!(report.images, 12);
        assert!(
            world.catalog.generation().expect("reads") >= 3,
            "one batch holds at most a little over 16 MiB"
        );
        let root = world.root();
        (0..12)
            .map(|number| {
                let path = root.join(format!("{number:02}.png"));
                let name = ImageName::Path(path::bytes(&path).to_vec());
                world.catalog.image_by_name(&name).expect("reads").map(crate::entity::ImageKey::get)
            })
            .collect::<Vec<_>>()
    };
    let expected: Vec<Option<i64>> = (1..=12).map(|number| Some(-number)).collect();
    assert_eq!((names(1), names(3)), (expected.clone(), expected));
}
