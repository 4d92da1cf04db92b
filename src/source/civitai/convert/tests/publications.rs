//! Models, versions, files, creators and tags of every era.

use super::*;
use crate::entity::{Creator, HashKind, Model, ModelId, ModelVersion, PublishState, Tag};

#[track_caller]
fn model(value: &Value) -> (Model, Vec<Image>) {
    match converted(value).item {
        Item::Model(model, images) => (*model, images),
        other => unreachable!("a {} instead of a model", other.kind()),
    }
}

#[track_caller]
fn version(value: &Value) -> (ModelVersion, Vec<Image>) {
    match converted(value).item {
        Item::Version(version, images) => (*version, images),
        other => unreachable!("a {} instead of a version", other.kind()),
    }
}

fn whole_model() -> Value {
    json!({
        "id": 5, "name": "Kite", "description": "<p>x</p>", "type": "LORA", "nsfw": false, "nsfwLevel": 3,
        "poi": false, "allowNoCredit": true, "allowCommercialUse": "{Image,RentCivit}", "allowDerivatives": true,
        "allowDifferentLicense": "false", "mode": null, "availability": "Public",
        "stats": {"downloadCount": 10, "thumbsUpCount": 2, "thumbsDownCount": 1, "commentCount": null},
        "creator": {"username": "ann", "image": null}, "tags": ["kite", "sky"],
        "modelVersions": [{
            "id": 7, "name": "v1", "baseModel": "SDXL 1.0", "trainedWords": ["kite"],
            "publishedAt": "2026-01-02T03:04:05Z",
            "files": [{
                "id": 8, "name": "kite.safetensors", "type": "Model", "sizeKB": 1.5, "primary": true,
                "metadata": {"format": "SafeTensor", "size": null, "fp": "fp16"},
                "downloadUrl": "https://civitai.com/x",
                "hashes": {
                    "AutoV1": "AABBCCDD", "AutoV2": "AABBCCDDEE", "AutoV3": "AB".repeat(32),
                    "SHA256": "AB".repeat(32), "CRC32": "11223344", "Blake3": "CD".repeat(32), "Future": "x"
                }
            }],
            "images": [
                {"id": 501, "url": site_url("999.jpeg"), "nsfwLevel": 2, "width": 10, "height": 20, "hash": "U",
                 "hasMeta": true, "remixOfId": null, "metadata": {"hash": "V", "width": 1, "size": 3}},
                {"url": site_url("502.jpeg"), "nsfw": "None", "meta": {"prompt": "x"}},
                {"url": "https://example.org/503.jpeg", "hasMeta": false},
                {}
            ]
        }]
    })
}

#[test]
fn a_version_without_identity_does_not_take_its_images_with_it() {
    let mut item = whole_model();
    item["modelVersions"][0]["id"] = json!(null);
    let (model, images) = model(&item);
    assert_eq!((model.versions.len(), images.len()), (0, 3));
    assert!(images.iter().all(|image| image.posted_for.is_empty()));
    let lost = ("modelVersions[].id".to_owned(), FieldProblem::NoIdentity);
    assert!(warnings(&item).contains(&lost));
}

#[test]
fn a_model_is_read_with_its_versions_files_and_images() {
    let (model, images) = model(&whole_model());
    let lost = "modelVersions[].images[].id".to_owned();
    assert_eq!(warnings(&whole_model()), [(lost, FieldProblem::NoIdentity)]);
    assert_eq!(model.allow_commercial_use, ["Image", "RentCivit"]);
    assert_eq!(model.allow_different_license, Some(false));
    assert_eq!(
        (model.stats.downloads, model.stats.thumbs_up, model.stats.comments),
        (Some(10), Some(2), None)
    );
    assert_eq!(model.creator.as_ref().map(|creator| creator.username.as_str()), Some("ann"));
    let version = &model.versions[0];
    assert_eq!(version.model.map(ModelId::get), Some(5), "the model that holds it");
    assert_eq!(version.state, PublishState::Published);
    let file = &version.files[0];
    assert_eq!((file.size_bytes, file.primary), (Some(1536), true));
    assert_eq!((file.format.as_deref(), file.precision.as_deref()), (Some("SafeTensor"), Some("fp16")));
    let kinds: Vec<_> = file.hashes.iter().map(|hash| (hash.kind, hash.value.as_str().len())).collect();
    let expected = [
        (HashKind::Sha256, 64),
        (HashKind::Blake3, 64),
        (HashKind::AutoV3, 12),
        (HashKind::AutoV2, 10),
        (HashKind::AutoV1, 8),
        (HashKind::Crc32, 8),
    ];
    assert_eq!(kinds, expected);
    let names: Vec<_> = images.iter().map(|image| image.name.to_string()).collect();
    assert_eq!(names, ["501", "502", "https://example.org/503.jpeg"]);
    assert_eq!(images[0].media.blurhash.as_deref(), Some("U"));
    let states: Vec<_> = images.iter().map(|image| image.meta).collect();
    assert_eq!(states, [MetaState::NotSaid, MetaState::Present, MetaState::Hidden]);
    assert!(images.iter().all(|image| image.posted_for[0].version.get() == 7 && image.username.is_none()));
}

#[test]
fn licences_of_three_eras_are_lists() {
    let uses = |value: Value| {
        let mut item = whole_model();
        item["allowCommercialUse"] = value;
        model(&item).0.allow_commercial_use
    };
    assert_eq!(uses(json!("Sell")), ["Sell"]);
    assert_eq!(uses(json!(["Image", "Rent"])), ["Image", "Rent"]);
    assert_eq!(uses(json!("{Image,RentCivit}")), ["Image", "RentCivit"]);
    assert_eq!(uses(json!("{}")), Vec::<String>::new());
    assert_eq!(uses(Value::Null), Vec::<String>::new());
}

#[test]
fn old_counters_are_read_as_the_new_ones() {
    let mut item = whole_model();
    item["stats"] = json!({"downloadCount": "66", "favoriteCount": 4, "ratingCount": 2, "rating": 4.5});
    let stats = model(&item).0.stats;
    assert_eq!((stats.downloads, stats.thumbs_up), (Some(66), Some(4)));
    assert_eq!((stats.ratings, stats.rating), (Some(2), Some(4.5)));
}

#[test]
fn a_version_by_itself_names_its_model() {
    let (read, images) = version(&json!({
        "id": 7, "modelId": 5, "name": "v1", "status": "Draft", "air": "urn:air:sdxl:lora:civitai:5@7",
        "model": {"name": "Kite", "type": "LORA", "nsfw": false, "poi": false}, "files": [],
        "images": [{"url": site_url("502.jpeg"), "meta": null}]
    }));
    assert_eq!(read.model.map(ModelId::get), Some(5));
    assert_eq!((read.model_name.as_deref(), read.model_kind.as_deref()), (Some("Kite"), Some("LORA")));
    assert_eq!(read.state, PublishState::Unpublished);
    assert_eq!(read.air.map(|air| air.to_string()).as_deref(), Some("civitai:5@7"));
    assert_eq!(images[0].posted_for[0].version.get(), 7);
    assert_eq!(images[0].meta, MetaState::Null);
}

#[test]
fn a_hash_of_the_wrong_length_costs_only_itself() {
    let item = json!({"id": 7, "modelId": 5, "name": "v", "files": [
        {"hashes": {"SHA256": "A5F5...", "AutoV2": "AABBCCDD", "AutoV1": "AABBCCDD", "CRC32": null}},
        {"id": null, "sizeKB": -1, "hashes": {}}, null
    ]});
    let (read, _) = version(&item);
    assert_eq!(read.files.len(), 2);
    assert_eq!(read.files[0].hashes.len(), 1);
    let problems = [
        ("files[].hashes.AutoV2".to_owned(), FieldProblem::BadValue),
        ("files[].hashes.SHA256".to_owned(), FieldProblem::BadValue),
        ("files[].sizeKB".to_owned(), FieldProblem::OutOfRange),
    ];
    assert_eq!(warnings(&item), problems);
}

#[test]
fn a_version_without_id_costs_only_itself() {
    let mut item = whole_model();
    item["modelVersions"] = json!([{"id": 0, "name": "a"}, {"id": "8"}, null, 3]);
    let (model, _) = model(&item);
    assert_eq!(model.versions.iter().map(|version| version.id.get()).collect::<Vec<_>>(), [8]);
    let fields: Vec<_> = warnings(&item).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["modelVersions[].id", "modelVersions[].id", "modelVersions[]"]);
}

#[test]
fn people_and_tags_are_items() {
    let creator = |value: Value| converted(&value).item;
    let ann = |image: Option<&str>, model_count| {
        let image = image.map(str::to_owned);
        Item::Creator(Creator { username: "ann".to_owned(), image, model_count, link: None })
    };
    let full = json!({"username": "ann", "modelCount": 3, "image": "https://x/y"});
    assert_eq!(creator(full), ann(Some("https://x/y"), Some(3)));
    assert_eq!(creator(json!({"id": 4, "username": "ann", "avatarNsfw": "None"})), ann(None, None));
    let nobody = convert(r#"{"username":null,"modelCount":1}"#, &context(MetaRequest::Unknown));
    assert_eq!(nobody, Err(ItemError::NoIdentity { kind: ItemKind::Creator }));
    let tag = Tag { name: "kite".to_owned(), model_count: Some(2), link: Some("l".to_owned()) };
    assert_eq!(converted(&json!({"name": "kite", "modelCount": "2", "link": "l"})).item, Item::Tag(tag));
}
