use super::*;
use crate::catalog::{Access, Catalog, RawBlock, Record, raw_hash};
use crate::entity::{
    Dialect, GenerationData, Image, ImageName, Item, Media, MediaIdentity, MetaState, Resource, ResourceKind,
    ResourceSources, ResourceUse,
};

fn at() -> Timestamp {
    Timestamp::from_millis(1_000).expect("a moment")
}

fn image(path: &[u8], prompt: Option<&str>) -> Image {
    let lora = Resource {
        kind: ResourceKind::Lora,
        name: Some("detail".to_owned()),
        hash: None,
        version: None,
        air: None,
    };
    let used = ResourceUse { resource: lora, weight: None, sources: ResourceSources::PROMPT_TAG };
    Image {
        name: ImageName::Path(path.to_vec()),
        dialect: Dialect::Picture,
        media: Media {
            identity: MediaIdentity::Url(format!("file:{}", String::from_utf8_lossy(path))),
            blurhash: None,
            width: None,
            height: None,
        },
        url: None,
        media_type: None,
        nsfw_level: None,
        created_at: None,
        published_at: None,
        post: None,
        username: None,
        base_model: None,
        stats: None,
        tags: Vec::new(),
        meta: if prompt.is_some() { MetaState::Present } else { MetaState::Null },
        generation: GenerationData { prompt: prompt.map(str::to_owned), ..GenerationData::default() },
        resources: prompt.map(|_| used).into_iter().collect(),
        remix_of: None,
        posted_for: Vec::new(),
    }
}

fn file(root: &Root, path: &str, inode: u64) -> ScannedFile {
    ScannedFile {
        root: root.id,
        path: path.as_bytes().to_vec(),
        stat: FileStat { size_bytes: u64::MAX, modified_ns: -5, device: u64::MAX, inode },
        kind: FileKind::Image,
        failure: None,
        sample: Some(-7),
        content: Some([9; 32]),
        image: Some(joined(&root.path, path.as_bytes())),
        moved_from: None,
    }
}

fn scan(files: Vec<(ScannedFile, Option<&str>)>) -> ScanBatch {
    let mut texts = Vec::new();
    let mut records = Vec::new();
    for (number, (file, prompt)) in files.iter().enumerate() {
        let Some(name) = &file.image else { continue };
        let text = format!("{prompt:?}");
        records.push(Record {
            item: Item::Image(Box::new(image(name, *prompt))),
            raw_position: u32::try_from(number).expect("few"),
            raw_hash: raw_hash(&text),
        });
        texts.push(text);
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let raw = RawBlock::pack(&texts).expect("packs");
    let batch = Batch { stage: "scan", source: "/r".to_owned(), at: at(), raw, records, crawl: None };
    ScanBatch { batch, files: files.into_iter().map(|(file, _)| file).collect() }
}

struct World {
    _folder: tempfile::TempDir,
    catalog: Catalog,
    root: Root,
}

fn world() -> World {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut catalog = Catalog::open(&folder.path().join("catalog.db"), Access::Write).expect("a new catalog");
    let root = catalog.add_root(b"/r").expect("a root");
    World { _folder: folder, catalog, root }
}

impl World {
    fn write(&mut self, files: Vec<(ScannedFile, Option<&str>)>) {
        self.catalog.write_scan(&scan(files)).expect("writes");
    }

    fn key(&self, path: &str) -> Option<ImageKey> {
        self.catalog.image_by_name(&ImageName::Path(path.as_bytes().to_vec())).expect("reads")
    }

    fn prompt(&self, path: &str) -> Option<String> {
        let row = self.catalog.image(self.key(path)?).expect("reads")?;
        row.generation_data.prompt
    }
}

#[test]
fn a_file_comes_back_as_it_was_seen() {
    let mut world = world();
    let seen = file(&world.root, "a.png", u64::MAX - 1);
    world.write(vec![(seen.clone(), Some("castle"))]);
    let [stored] = &world.catalog.local_files(world.root.id, b"").expect("reads")[..] else {
        unreachable!("one file")
    };
    assert_eq!((stored.stat, &stored.path, stored.kind), (seen.stat, &seen.path, FileKind::Image));
    assert_eq!(
        (stored.sample, stored.content, &stored.state),
        (Some(-7), Some([9; 32]), &FileState::Present)
    );
    assert_eq!(stored.image, world.key("/r/a.png"));
    assert_eq!(world.prompt("/r/a.png").as_deref(), Some("castle"));
}

#[test]
fn files_below_a_folder_are_those_and_no_neighbours() {
    let mut world = world();
    let names = ["a", "a/x", "a/y/z", "a-b", "a.png", "b"];
    let files = names.map(|name| (file(&world.root, name, 1), None)).to_vec();
    world.write(files);
    let found = world.catalog.local_files(world.root.id, b"a").expect("reads");
    let found: Vec<&[u8]> = found.iter().map(|file| file.path.as_slice()).collect();
    assert_eq!(found, [&b"a"[..], b"a/x", b"a/y/z"]);
}

#[test]
fn what_a_picture_no_longer_says_is_no_longer_shown() {
    let mut world = world();
    world.write(vec![(file(&world.root, "a.png", 1), Some("castle"))]);
    let key = world.key("/r/a.png").expect("stored");
    assert_eq!(world.catalog.resources_of(key).expect("reads").len(), 1);
    world.write(vec![(file(&world.root, "a.png", 2), None)]);
    assert_eq!(world.prompt("/r/a.png"), None);
    assert_eq!(world.catalog.resources_of(key).expect("reads").len(), 0);
}

#[test]
fn a_moved_file_keeps_its_image() {
    let mut world = world();
    world.write(vec![(file(&world.root, "a.png", 1), Some("castle"))]);
    let key = world.key("/r/a.png").expect("stored");
    let old = world.catalog.local_files(world.root.id, b"").expect("reads").remove(0);
    let moved = ScannedFile { moved_from: Some(old.id), ..file(&world.root, "sub/b.png", 1) };
    world.write(vec![(moved, Some("castle"))]);
    assert_eq!((world.key("/r/a.png"), world.key("/r/sub/b.png")), (None, Some(key)));
    let files = world.catalog.local_files(world.root.id, b"").expect("reads");
    assert_eq!(files.len(), 1);
    assert_eq!((files[0].id, files[0].path.as_slice()), (old.id, &b"sub/b.png"[..]));
}

#[test]
fn a_file_that_fails_keeps_its_image() {
    let mut world = world();
    world.write(vec![(file(&world.root, "a.png", 1), Some("castle"))]);
    let failed = ScannedFile {
        failure: Some("cannot be read".to_owned()),
        image: None,
        kind: FileKind::Other,
        ..file(&world.root, "a.png", 1)
    };
    world.write(vec![(failed, None)]);
    let [stored] = &world.catalog.local_files(world.root.id, b"").expect("reads")[..] else {
        unreachable!("one file")
    };
    assert_eq!(stored.state, FileState::Failed { reason: "cannot be read".to_owned() });
    assert_eq!((stored.kind, stored.image), (FileKind::Image, world.key("/r/a.png")));
}

#[test]
fn missing_files_stay_until_they_are_forgotten_and_may_come_back() {
    let mut world = world();
    world.write(vec![
        (file(&world.root, "a.png", 1), Some("castle")),
        (file(&world.root, "b.png", 2), Some("tower")),
    ]);
    let (a, b) = (world.key("/r/a.png").expect("stored"), world.key("/r/b.png").expect("stored"));
    let files = world.catalog.local_files(world.root.id, b"").expect("reads");
    world.catalog.mark_missing(&[files[0].id, files[1].id], at()).expect("marks");
    world.catalog.mark_present(&[files[1].id]).expect("marks");
    assert_eq!(world.catalog.missing_files().expect("reads").len(), 1);
    assert_eq!(
        world.catalog.local_stats().expect("counts"),
        LocalStats { present: 1, missing: 1, failed: 0 }
    );
    assert_eq!(world.prompt("/r/a.png").as_deref(), Some("castle"));

    assert_eq!(world.catalog.root_stats(world.root.id).expect("counts").missing, 1);
    assert_eq!(world.catalog.forget_files(&[world.root.id], Forget::Missing, at()).expect("forgets"), 1);
    assert_eq!(world.key("/r/a.png"), None);
    assert_eq!(world.key("/r/b.png"), Some(b));
    assert_eq!(world.catalog.stats().expect("counts").images, 1);
    let mut gone = Vec::new();
    let changed = world.catalog.for_each_changed_image(0, u64::MAX, |image| {
        gone.extend(image.same_as);
        Ok::<(), crate::catalog::CatalogError>(())
    });
    assert!(changed.is_ok() && gone == [a], "the index hears of it: {gone:?}");

    world.write(vec![(file(&world.root, "a.png", 3), Some("castle"))]);
    assert_eq!(world.key("/r/a.png"), Some(a), "a number is not given away twice");
    assert_eq!(world.prompt("/r/a.png").as_deref(), Some("castle"));
}

#[test]
fn a_root_is_forgotten_with_all_its_files() {
    let mut world = world();
    world.write(vec![(file(&world.root, "a.png", 1), Some("castle"))]);
    assert_eq!(world.catalog.forget_files(&[world.root.id], Forget::All, at()).expect("forgets"), 1);
    assert_eq!(world.catalog.roots().expect("reads"), []);
    assert_eq!((world.key("/r/a.png"), world.catalog.stats().expect("counts").images), (None, 0));
}

#[test]
fn a_root_around_others_takes_their_files() {
    let mut world = world();
    world.write(vec![(file(&world.root, "a.png", 1), Some("castle"))]);
    let outer = world.catalog.add_root(b"/").expect("a root");
    assert_eq!(world.catalog.roots().expect("reads"), std::slice::from_ref(&outer));
    let files = world.catalog.local_files(outer.id, b"").expect("reads");
    assert_eq!(files.iter().map(|file| file.path.as_slice()).collect::<Vec<_>>(), [b"r/a.png"]);
    assert_eq!(world.catalog.add_root(b"/").expect("known"), outer);
}

#[test]
fn paths_join_and_part_at_separators_only() {
    assert_eq!(joined(b"/r", b"a"), b"/r/a");
    assert_eq!(joined(b"/", b"a"), b"/a");
    assert_eq!(joined(b"/r", b""), b"/r");
    assert_eq!(below(b"/r", b"/r/a"), Some(&b"a"[..]));
    assert_eq!(below(b"/", b"/a"), Some(&b"a"[..]));
    assert_eq!(below(b"/r", b"/r"), Some(&b""[..]));
    assert_eq!(below(b"/r", b"/rest"), None);
}
