use super::super::{Access, Batch, BatchReport, Catalog, RawBlock, Record, raw_hash};
use crate::entity::{
    Dialect, FileHash, GenerationData, HashKind, HexHash, Image, ImageId, ImageKey, ImageName, ImageStats,
    Item, Media, MediaIdentity, MediaKey, MetaState, Model, ModelFile, ModelId, ModelStats, ModelVersion,
    PostedFor, PublishState, Resource, ResourceKind, ResourceSources, ResourceUse, Timestamp, VersionId,
    VersionRelation,
};

pub(super) struct Home {
    pub(super) catalog: Catalog,
    _folder: tempfile::TempDir,
}

pub(super) fn home() -> Home {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let catalog = Catalog::open(&folder.path().join("catalog.db"), Access::Write).expect("opens");
    Home { catalog, _folder: folder }
}

pub(super) fn batch(items: Vec<(Item, &str)>) -> Batch {
    let texts: Vec<&str> = items.iter().map(|(_, text)| *text).collect();
    Batch {
        stage: "import",
        source: "a test".to_owned(),
        at: Timestamp::from_millis(1_000).expect("in range"),
        raw: RawBlock::pack(&texts).expect("packs"),
        records: items
            .into_iter()
            .enumerate()
            .map(|(position, (item, text))| Record {
                item,
                raw_position: u32::try_from(position).expect("few"),
                raw_hash: raw_hash(text),
            })
            .collect(),
        crawl: None,
    }
}

pub(super) fn write(home: &mut Home, items: Vec<(Item, &str)>) -> BatchReport {
    home.catalog.write(&batch(items)).expect("writes")
}

pub(super) fn full_image(id: u64) -> Image {
    Image {
        name: ImageName::Site(ImageId::new(id).expect("not zero")),
        dialect: Dialect::Index,
        media: Media {
            identity: MediaIdentity::Key(MediaKey::from_bytes([7; 16])),
            blurhash: None,
            width: Some(512),
            height: Some(768),
        },
        url: Some("https://image.civitai.com/x/original=true/y.jpeg".to_owned()),
        media_type: None,
        nsfw_level: None,
        created_at: Timestamp::from_millis(5_000),
        published_at: None,
        post: None,
        username: Some("ann".to_owned()),
        base_model: None,
        stats: Some(ImageStats { likes: 3, ..ImageStats::default() }),
        tags: vec![],
        meta: MetaState::Present,
        generation: GenerationData { prompt: Some("a red kite".to_owned()), ..GenerationData::default() },
        resources: vec![lora("kite", 0.8)],
        remix_of: None,
        posted_for: vec![],
    }
}

fn lora(name: &str, weight: f64) -> ResourceUse {
    ResourceUse {
        resource: Resource {
            kind: ResourceKind::Lora,
            name: Some(name.to_owned()),
            hash: HexHash::parse("aabbccddeeff"),
            version: None,
            air: None,
        },
        weight: Some(weight),
        sources: ResourceSources::RESOURCES,
    }
}

pub(super) fn version_image(id: u64) -> Image {
    Image {
        dialect: Dialect::VersionImage,
        url: Some("https://image.civitai.com/x/width=450/1.jpeg".to_owned()),
        username: None,
        stats: None,
        meta: MetaState::NotSaid,
        generation: GenerationData::default(),
        resources: vec![],
        created_at: None,
        posted_for: vec![PostedFor {
            version: VersionId::new(9).expect("not zero"),
            relation: VersionRelation::Posted,
        }],
        ..full_image(id)
    }
}

pub(super) fn item(image: Image) -> Item {
    Item::Image(Box::new(image))
}

pub(super) fn key(id: i64) -> ImageKey {
    ImageKey::new(id).expect("not zero")
}

pub(super) fn version(hash: &str, file: &str) -> ModelVersion {
    ModelVersion {
        id: VersionId::new(9).expect("not zero"),
        model: ModelId::new(4),
        model_name: None,
        model_kind: None,
        name: Some("v1".to_owned()),
        description: None,
        base_model: Some("SD 1.5".to_owned()),
        base_model_type: None,
        trained_words: vec![],
        created_at: None,
        published_at: None,
        state: PublishState::Published,
        nsfw_level: None,
        air: None,
        stats: ModelStats::default(),
        files: vec![ModelFile {
            id: None,
            name: Some(file.to_owned()),
            kind: Some("Model".to_owned()),
            size_bytes: None,
            format: None,
            size_class: None,
            precision: None,
            primary: true,
            hashes: vec![FileHash {
                kind: HashKind::AutoV2,
                value: HexHash::parse(hash).expect("hexadecimal"),
            }],
            download_url: None,
        }],
    }
}

pub(super) fn model(name: Option<&str>, versions: Vec<ModelVersion>) -> Item {
    let model = Model {
        id: ModelId::new(4).expect("not zero"),
        name: name.map(str::to_owned),
        description: None,
        kind: Some("LORA".to_owned()),
        nsfw: None,
        nsfw_level: None,
        poi: None,
        allow_commercial_use: vec![],
        allow_no_credit: None,
        allow_derivatives: None,
        allow_different_license: None,
        mode: None,
        availability: None,
        stats: ModelStats::default(),
        creator: None,
        tags: vec!["style".to_owned()],
        versions,
        lists_all_versions: false,
    };
    Item::Model(Box::new(model), vec![])
}

fn number(home: &Home, sql: &str) -> i64 {
    home.catalog.connection.query_row(sql, [], |row| row.get(0)).expect("one row")
}

#[test]
fn the_same_document_again_writes_nothing() {
    let mut home = home();
    assert_eq!(write(&mut home, vec![(item(full_image(1)), "one")]).images.new, 1);
    let again = write(&mut home, vec![(item(full_image(1)), "one")]);
    assert_eq!((again.images.unchanged, again.generation), (1, None));
    assert_eq!(home.catalog.generation().expect("reads"), 1);
    assert_eq!(number(&home, "SELECT count(*) FROM raw_blocks"), 1);
}

#[test]
fn a_version_image_adds_to_a_full_image_and_takes_nothing() {
    let mut home = home();
    write(&mut home, vec![(item(full_image(1)), "full")]);
    let before = home.catalog.image(key(1)).expect("reads").expect("is there");
    let report = write(&mut home, vec![(item(version_image(1)), "reduced")]);
    assert_eq!(report.images.changed, 1);
    let after = home.catalog.image(key(1)).expect("reads").expect("is there");
    assert_eq!(after.url, before.url);
    assert_eq!(after.generation_data, before.generation_data);
    assert_eq!((after.username, after.stats), (before.username, before.stats));
    assert_eq!(home.catalog.resources_of(key(1)).expect("reads").len(), 1);
    assert_eq!(number(&home, "SELECT count(*) FROM image_versions"), 1);
}

#[test]
fn a_full_image_replaces_what_a_version_image_said() {
    let mut home = home();
    write(&mut home, vec![(item(version_image(1)), "reduced")]);
    write(&mut home, vec![(item(full_image(1)), "full")]);
    let row = home.catalog.image(key(1)).expect("reads").expect("is there");
    assert_eq!(row.url, full_image(1).url);
    assert_eq!(row.generation_data.prompt.as_deref(), Some("a red kite"));
}

#[test]
fn a_null_meta_after_a_full_one_loses_nothing() {
    let mut home = home();
    write(&mut home, vec![(item(full_image(1)), "full")]);
    let empty = Image {
        meta: MetaState::Null,
        generation: GenerationData::default(),
        resources: vec![],
        stats: Some(ImageStats::default()),
        username: None,
        ..full_image(1)
    };
    let report = write(&mut home, vec![(item(empty), "empty")]);
    assert_eq!(report.images.unchanged, 1);
    let row = home.catalog.image(key(1)).expect("reads").expect("is there");
    assert_eq!(row.meta, MetaState::Present);
    assert_eq!(row.stats.map(|stats| stats.likes), Some(3));
    assert_eq!(row.username.as_deref(), Some("ann"));
}

#[test]
fn a_seed_above_half_of_64_bits_is_kept_and_replaced_like_any_other() {
    let mut home = home();
    let mut image = full_image(5);
    for (seed, text) in [(i128::from(u64::MAX), "{\"a\":1}"), (-3, "{\"a\":2}"), (1 << 63, "{\"a\":3}")] {
        image.generation.seed = Some(seed);
        write(&mut home, vec![(item(image.clone()), text)]);
        let row = home.catalog.image(key(5)).expect("reads").expect("is there");
        assert_eq!(row.generation_data.seed, Some(seed));
    }
}

#[test]
fn hidden_meta_is_no_longer_shown_but_stays_in_the_raw_records() {
    let mut home = home();
    write(&mut home, vec![(item(full_image(1)), "full")]);
    let hidden = Image { meta: MetaState::Hidden, ..version_image(1) };
    write(&mut home, vec![(item(hidden), "hidden")]);
    let row = home.catalog.image(key(1)).expect("reads").expect("is there");
    assert_eq!((row.meta, row.generation_data), (MetaState::Hidden, GenerationData::default()));
    assert!(home.catalog.resources_of(key(1)).expect("reads").is_empty());
    assert_eq!(number(&home, "SELECT count(*) FROM raw_blocks"), 2);
    assert_eq!(home.catalog.raw_of(key(1)).expect("reads").as_deref(), Some("hidden"));
}

#[test]
fn links_listed_beside_the_item_are_united() {
    let mut home = home();
    let listed = |version: u64, sources| ResourceUse {
        resource: Resource {
            kind: ResourceKind::Unknown,
            name: None,
            hash: None,
            version: VersionId::new(version),
            air: None,
        },
        weight: None,
        sources,
    };
    let index =
        Image { resources: vec![lora("kite", 0.8), listed(5, ResourceSources::ITEM_INDEX)], ..full_image(1) };
    let database = Image {
        resources: vec![lora("kite", 0.5), listed(6, ResourceSources::ITEM_DATABASE)],
        dialect: Dialect::Database,
        ..full_image(1)
    };
    write(&mut home, vec![(item(index), "index")]);
    write(&mut home, vec![(item(database), "database")]);
    let uses = home.catalog.resources_of(key(1)).expect("reads");
    assert_eq!(uses.len(), 3);
    assert_eq!(uses.first().and_then(|used| used.weight), Some(0.5));
}

#[test]
fn images_share_resources_and_media() {
    let mut home = home();
    write(&mut home, vec![(item(full_image(1)), "one"), (item(full_image(2)), "two")]);
    assert_eq!(number(&home, "SELECT count(*) FROM resources"), 1);
    assert_eq!(number(&home, "SELECT count(*) FROM media"), 1);
    assert_eq!(number(&home, "SELECT count(*) FROM image_resources"), 2);
}

#[test]
fn an_image_without_a_site_id_keeps_its_row() {
    let mut home = home();
    let named = |text: &str| Image {
        name: ImageName::Path(b"not \xFF utf-8".to_vec()),
        url: Some(text.to_owned()),
        ..full_image(1)
    };
    write(&mut home, vec![(item(named("a")), "a")]);
    let report = write(&mut home, vec![(item(named("b")), "b")]);
    assert_eq!(report.images.changed, 1);
    assert_eq!(number(&home, "SELECT min(image) FROM images"), -1);
    assert_eq!(number(&home, "SELECT count(*) FROM images"), 1);
}

#[test]
fn a_file_that_is_no_longer_listed_keeps_its_hashes_as_former() {
    let mut home = home();
    write(&mut home, vec![(model(Some("Kite"), vec![version("aaaaaaaaa1", "old.safetensors")]), "a")]);
    write(&mut home, vec![(model(Some("Kite"), vec![version("aaaaaaaaa2", "new.safetensors")]), "b")]);
    assert_eq!(number(&home, "SELECT count(*) FROM files"), 2);
    assert_eq!(number(&home, "SELECT former FROM files WHERE name = 'old.safetensors'"), 1);
    assert_eq!(number(&home, "SELECT count(*) FROM file_hashes"), 2);
}

#[test]
fn a_replaced_hash_of_one_file_becomes_former_and_can_come_back() {
    let mut home = home();
    for (hash, text) in [("aaaaaaaaa1", "a"), ("aaaaaaaaa2", "b"), ("aaaaaaaaa1", "c")] {
        write(&mut home, vec![(Item::Version(Box::new(version(hash, "f")), vec![]), text)]);
    }
    assert_eq!(number(&home, "SELECT former FROM file_hashes WHERE hash = 'aaaaaaaaa1'"), 0);
    assert_eq!(number(&home, "SELECT former FROM file_hashes WHERE hash = 'aaaaaaaaa2'"), 1);
}

#[test]
fn absent_values_of_a_model_do_not_replace_present_ones() {
    let mut home = home();
    write(&mut home, vec![(model(Some("Kite"), vec![]), "a")]);
    write(&mut home, vec![(model(None, vec![]), "b")]);
    assert_eq!(number(&home, "SELECT count(*) FROM models WHERE name = 'Kite' AND kind = 'LORA'"), 1);
}

#[test]
fn a_renamed_model_renames_its_versions() {
    let mut home = home();
    let found = |home: &Home, word: &str| {
        number(home, &format!("SELECT count(*) FROM version_names WHERE version_names MATCH '{word}'"))
    };
    write(&mut home, vec![(model(Some("Kite"), vec![version("aaaaaaaaa1", "f")]), "a")]);
    assert_eq!((found(&home, "kite"), found(&home, "v1")), (1, 1));
    write(&mut home, vec![(model(Some("Dragon"), vec![]), "b")]);
    assert_eq!((found(&home, "kite"), found(&home, "dragon"), found(&home, "v1")), (0, 1, 1));
}

#[test]
fn a_batch_that_fails_leaves_nothing() {
    let mut home = home();
    home.catalog
        .connection
        .execute_batch("CREATE TRIGGER refuse BEFORE INSERT ON models BEGIN SELECT raise(ABORT, 'no'); END")
        .expect("creates");
    let doomed = batch(vec![(item(full_image(1)), "one"), (model(Some("Kite"), vec![]), "two")]);
    assert!(home.catalog.write(&doomed).is_err());
    for table in ["images", "media", "resources", "generations", "raw_blocks"] {
        assert_eq!(number(&home, &format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
    home.catalog.connection.execute_batch("DROP TRIGGER refuse").expect("drops");
    assert_eq!(home.catalog.write(&doomed).expect("writes").images.new, 1);
    assert_eq!(number(&home, "SELECT count(*) FROM image_resources JOIN resources USING (resource)"), 1);
}

#[test]
fn a_reader_reads_while_a_writer_writes() {
    let mut home = home();
    write(&mut home, vec![(item(full_image(1)), "one")]);
    let path = home.catalog.connection.path().expect("a file").to_owned();
    let reader = Catalog::open(path.as_ref(), Access::Read).expect("opens");
    home.catalog.connection.execute_batch("BEGIN IMMEDIATE").expect("begins");
    assert!(reader.image(key(1)).expect("reads").is_some());
    home.catalog.connection.execute_batch("ROLLBACK").expect("ends");
}

#[test]
fn a_media_that_no_image_shows_any_more_goes() {
    let mut home = home();
    let with_media = |image: Image, byte: u8| Image {
        media: Media {
            identity: MediaIdentity::Key(MediaKey::from_bytes([byte; 16])),
            blurhash: None,
            width: None,
            height: None,
        },
        ..image
    };
    write(&mut home, vec![(item(full_image(1)), "one"), (item(full_image(2)), "two")]);
    write(&mut home, vec![(item(with_media(full_image(1), 8)), "one, uploaded again")]);
    assert_eq!(number(&home, "SELECT count(*) FROM media"), 2, "image 2 still shows the first");
    write(&mut home, vec![(item(with_media(full_image(2), 8)), "two, uploaded again")]);
    assert_eq!(number(&home, "SELECT count(*) FROM media"), 1);
    write(&mut home, vec![(item(with_media(version_image(1), 9)), "a reduced object with other bytes")]);
    assert_eq!(number(&home, "SELECT count(*) FROM media"), 1);
    assert_eq!(number(&home, "SELECT count(*) FROM images JOIN media USING (media)"), 2);
}

#[test]
fn what_another_image_says_of_a_media_changes_all_images_that_show_it() {
    let mut home = home();
    let unmeasured = |id| {
        let image = full_image(id);
        Image { media: Media { width: None, height: None, ..image.media.clone() }, ..image }
    };
    write(&mut home, vec![(item(unmeasured(1)), "one"), (item(unmeasured(2)), "two")]);
    let since = home.catalog.generation().expect("reads");
    let changed =
        |home: &Home| number(home, &format!("SELECT count(*) FROM images WHERE generation > {since}"));
    write(&mut home, vec![(item(unmeasured(3)), "three says nothing new")]);
    assert_eq!(changed(&home), 1);
    write(&mut home, vec![(item(full_image(4)), "four says the size")]);
    assert_eq!(changed(&home), 4, "an index that has the others holds no size of theirs");
    let since = home.catalog.generation().expect("reads");
    write(&mut home, vec![(item(full_image(5)), "five says it again")]);
    assert_eq!(number(&home, &format!("SELECT count(*) FROM images WHERE generation > {since}")), 1);
}
