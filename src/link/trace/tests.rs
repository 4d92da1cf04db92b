use super::*;
use crate::catalog::{Fixture, SomeFile, SomeImage, SomeVersion, text_resource};
use crate::entity::{HashKind, ImageKey, ResourceSources, ResourceUse, VersionRelation};
use crate::link::{LinkError, catch_up};
use crate::run::RunContext;

const SHA: &str = "a1a2a3a411bb22cc33dd44ee55ff66007788990011223344556677889900aabb";

fn shop() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.model(5, "Detail", Some("LORA"));
    for (version, former) in [(1, true), (2, false)] {
        let (state, date_ms) = ("published", Some(version));
        fixture.version(&SomeVersion { version, model: Some(5), name: "v1", state, date_ms });
        let (name, kind) = (Some("detail.safetensors"), Some("Model"));
        fixture.file(&SomeFile { file: version, version, site_id: None, name, kind, primary: true, former });
        fixture.hash(version, HashKind::AutoV3, &SHA[..12]);
    }
    let hashed = fixture.resource(&text_resource(ResourceKind::Lora, "detail", &SHA[..12]));
    let junk = fixture.resource(&text_resource(ResourceKind::Embedding, "", "e3b0c44298fc"));
    let mut item = text_resource(ResourceKind::Unknown, "", "");
    item.version = VersionId::new(2);
    let item = fixture.resource(&item);
    fixture.image(&SomeImage { image: 10, media: 1, meta_state: 2, ..SomeImage::default() });
    fixture.image(&SomeImage { image: 11, media: 2, meta_state: 3, ..SomeImage::default() });
    for image in [10, 11] {
        fixture.uses(image, hashed, Some(0.7), ResourceSources::HASHES);
        fixture.uses(image, junk, None, ResourceSources::HASHES);
        fixture.uses(image, item, None, ResourceSources::ITEM_DATABASE);
    }
    fixture.posted(10, 2, VersionRelation::Returned);
    fixture.run("UPDATE images SET remix_of = ?1 WHERE image = 10", [4]);
    catch_up(&mut fixture.catalog, &RunContext::quiet()).expect("linking works");
    fixture
}

fn key(image: i64) -> ImageKey {
    ImageKey::new(image).expect("not zero")
}

#[test]
fn a_trace_has_the_shape_of_the_machine_contract() {
    let fixture = shop();
    let traced = trace(&fixture.catalog, "10", key(10), Via::Id, None).expect("the image is there");
    let json = serde_json::to_value(&traced).expect("a trace is JSON");
    assert_eq!((&json["schema"], &json["target"], &json["image"]), (&1.into(), &"10".into(), &10.into()));
    assert_eq!((&json["via"], &json["state"]), (&"id".into(), &"present".into()));
    let link = |version: u64, rank: u32, lost: Option<&str>, note: Option<&str>| {
        serde_json::json!({
            "version": version, "model": 5, "version_name": "v1", "model_name": "Detail", "evidence": "autov3",
            "raw": "a1a2a3a411bb", "confidence": 0.93, "rank": rank, "lost": lost, "note": note, "class": "B2",
            "decision": null, "state": "published",
        })
    };
    let hashed = serde_json::json!({
        "kind": "lora", "name": "detail", "hash": "a1a2a3a411bb", "version": null, "air": null,
        "weight": 0.7, "sources": ["hashes"], "origins": ["api_meta"],
        "model": null, "model_confidence": null, "note": null,
        "links": [link(2, 1, None, None), link(1, 2, Some("not_main_file"), Some("former_file"))],
    });
    assert_eq!(json["resources"][0], hashed);
    assert_eq!(json["resources"][1]["note"], "junk_hash");
    assert_eq!(json["resources"][2]["links"][0]["confidence"], 0.8, "only the database path lists it");
    let posted = serde_json::json!([{
        "version": 2, "model": 5, "version_name": "v1", "model_name": "Detail", "evidence": "returned_for",
        "confidence": 0.7, "class": "C1",
    }]);
    assert_eq!(json["posted_for"], posted);
    assert_eq!(json["made_from"], serde_json::json!([{"image": 4, "evidence": "remix_of"}]));
    assert_eq!(json["verdicts"][0]["resources"], serde_json::json!([0, 2]), "both name version 2");
    assert_eq!(json["verdicts"][0]["all_evidence"], serde_json::json!(["version_id", "autov3"]));
    assert_eq!(json["verdicts"][0]["alternatives"], serde_json::json!([1]));
}

#[test]
fn hidden_generation_data_stays_hidden() {
    let fixture = shop();
    let traced = trace(&fixture.catalog, "11", key(11), Via::Id, None).expect("the image is there");
    let shown: Vec<_> = traced.resources.iter().map(|resource| resource.sources.clone()).collect();
    assert_eq!(shown, [["modelVersionIds (database)"]]);
    let mut exported = Vec::new();
    fixture
        .catalog
        .for_each_image_link(|link| exported.push((link.image.get(), link.link.version.get())))
        .expect("readable");
    assert_eq!(exported, [(10, 2), (10, 1), (10, 2), (11, 2)]);
}

#[test]
fn a_file_that_is_not_in_the_catalog_is_traced_by_what_it_says() {
    let fixture = shop();
    let resource = text_resource(ResourceKind::Lora, "x", SHA);
    let used = ResourceUse { resource, weight: Some(f64::NAN), sources: ResourceSources::HASHES };
    let traced = trace_uses(&fixture.catalog, "a.png", &[used]).expect("resolving works");
    assert_eq!((traced.image, traced.via, traced.resources[0].weight), (None, Via::Metadata, None));
    assert_eq!(traced.verdicts[0].version, VersionId::new(2));
    assert_eq!(traced.resources[0].origins, [Origin::EmbeddedMetadata]);
}

#[test]
fn an_image_that_is_not_there_is_an_error() {
    let missing = trace(&shop().catalog, "99", key(99), Via::Id, None);
    assert!(matches!(missing, Err(LinkError::NoImage { image }) if image == key(99)));
}

#[test]
fn queries_find_the_resources_that_stand_for_what_they_name() {
    let fixture = shop();
    let catalog = &fixture.catalog;
    let version = VersionId::new(2).expect("positive");
    let both = catalog.resources_for_version(version).expect("readable");
    assert_eq!(both.len(), 2, "by hash and by id");
    let model = crate::entity::ModelId::new(5).expect("positive");
    assert_eq!(catalog.resources_for_model(model).expect("readable"), both);
    assert_eq!(catalog.resources_for_name("det* V1").expect("readable"), both);
    assert_eq!(catalog.resources_for_name("det v1").expect("readable"), [0_u64; 0]);
    assert_eq!(catalog.resources_for_name("\"detail\" -- *").expect("readable"), both);
    let hash = HexHash::parse(SHA).expect("a hash");
    assert_eq!(catalog.resources_for_hash(&hash).expect("readable"), both[..1], "the short form of it");
    let short = HexHash::parse(&SHA[..8]).expect("a hash");
    assert_eq!(catalog.resources_for_hash(&short).expect("readable"), both);
    fixture.run("UPDATE models SET creator = 'Ann', tags = '[\"style\",\"anime\"]' WHERE model = ?1", [5]);
    assert_eq!(catalog.resources_for_creator("ann").expect("readable"), both);
    assert_eq!(catalog.resources_for_model_tag("Anime").expect("readable"), both);
    assert_eq!(catalog.resources_for_model_tag("ani").expect("readable"), [0_u64; 0]);
}
