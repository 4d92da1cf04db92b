use serde_json::json;

use super::*;
use crate::catalog::{Fixture, SomeFile, SomeVersion};

const SHA: &str = "a1a2a3a411bb22cc33dd44ee55ff66007788990011223344556677889900aabb";

/// Versions 1 to 3 of one model share a file; 2 is the earliest, 3 was taken down, 4 has a file of its own.
fn shop() -> Fixture {
    let fixture = Fixture::new();
    fixture.model(7, "Seven", Some("LORA"));
    for (version, state, date) in
        [(1, "published", 20), (2, "published", 10), (3, "unpublished", 1), (4, "published", 30)]
    {
        fixture.version(&SomeVersion { version, model: Some(7), name: "v", state, date_ms: Some(date) });
        let (name, kind, site_id) = (Some("a.pt"), Some("Model"), Some(version));
        fixture.file(&SomeFile { file: version, version, site_id, name, kind, primary: true, former: false });
        let own = format!("{version}{}", &SHA[1..]);
        let digits = if version == 4 { own } else { SHA.to_owned() };
        fixture.hash(version, HashKind::Sha256, &digits);
        fixture.hash(version, HashKind::AutoV2, &digits[..10]);
    }
    fixture
}

fn answer(meta: &Value, posted: &[u64]) -> Compat {
    let fixture = shop();
    let mut all = candidates(generation_data(meta));
    for version in posted {
        let version = VersionId::new(*version).expect("positive");
        all.push(of_post(&fixture.catalog, version).expect("readable"));
    }
    compared(choose(matched(&fixture.catalog, all).expect("readable")), &[])
}

#[track_caller]
fn check(meta: &Value, posted: &[u64], expected: &[(u64, Source)]) {
    let links: Vec<(u64, Source)> =
        answer(meta, posted).links.iter().map(|link| (link.version.get(), link.source)).collect();
    assert_eq!(links, expected, "{meta}");
}

#[test]
fn rule_1_hashes_come_from_resources_and_from_an_object_of_hashes() {
    check(&json!({ "resources": [{ "name": "a", "hash": &SHA[..10] }] }), &[], &[(2, Source::Resources)]);
    check(&json!({ "hashes": { "lora:a": &SHA[..10] } }), &[], &[(2, Source::Hashes)]);
    check(&json!({ "meta": { "hashes": { "lora:a": &SHA[..10] } } }), &[], &[(2, Source::Hashes)]);
    check(&json!({ "hashes": [&SHA[..10]] }), &[], &[]);
}

#[test]
fn rule_1_the_model_hash_counts_only_beside_hashes_that_are_no_object() {
    check(&json!({ "Model hash": &SHA[..10] }), &[], &[]);
    check(&json!({ "Model hash": &SHA[..10], "hashes": {} }), &[], &[]);
    check(&json!({ "Model hash": &SHA[..10], "hashes": [] }), &[], &[(2, Source::ModelHash)]);
}

#[test]
fn rule_1_version_ids_are_taken_unchecked_and_the_post_is_not_detected() {
    let meta = json!({ "civitaiResources": [{ "modelVersionId": 99, "weight": 0.7 }, { "type": "vae", "modelVersionId": 4 }] });
    check(&meta, &[], &[(99, Source::CivitaiResources)]);
    assert_eq!(answer(&meta, &[]).links[0].strength, Some(70));
    let posted = answer(&json!({}), &[4]);
    assert_eq!((posted.links[0].version.get(), posted.links[0].detected), (4, false));
    check(&json!({ "hashes": { "a": format!("4{}", &SHA[1..10]) } }), &[4], &[(4, Source::Hashes)]);
}

#[test]
fn rule_2_hashes_must_be_equal_in_full() {
    check(&json!({ "hashes": { "a": &SHA[..12] } }), &[], &[]);
    check(&json!({ "hashes": { "a": SHA.to_uppercase() } }), &[], &[(2, Source::Hashes)]);
    check(&json!({ "hashes": { "a": format!("0x{SHA}") } }), &[], &[]);
}

#[test]
fn rule_3_what_is_called_vae_is_left_out() {
    check(&json!({ "hashes": { "vae": &SHA[..10] } }), &[], &[]);
    check(&json!({ "hashes": { "VAE": &SHA[..10] } }), &[], &[(2, Source::Hashes)]);
    check(&json!({ "hashes": { "a": EMPTY_HASH } }), &[], &[]);
}

#[test]
fn rule_4_the_earliest_published_version_hides_the_others() {
    let told = answer(&json!({ "hashes": { "a": &SHA[..10] } }), &[]);
    let hidden: Vec<(u64, Option<u64>)> =
        told.hidden.iter().map(|hidden| (hidden.version.get(), hidden.instead.map(VersionId::get))).collect();
    assert_eq!(hidden, [(1, Some(2))], "the one that was taken down is not even a candidate");
}

#[test]
fn rule_5_a_version_is_told_once_and_without_the_role_before_its_name() {
    let meta = json!({
        "resources": [{ "name": "lora:a", "hash": &SHA[..10], "weight": 0.5 }],
        "hashes": { "lora:a": SHA },
    });
    let told = answer(&meta, &[]);
    assert_eq!(told.links.len(), 1);
    assert_eq!((told.links[0].name.as_deref(), told.links[0].strength), (Some("a"), Some(50)));
}

#[test]
fn what_differs_is_named_and_names_alone_do_not_count() {
    let verdict = |version: u64, evidence: Evidence| Verdict {
        version: VersionId::new(version),
        kind: crate::entity::ResourceKind::Lora,
        evidence: Some(evidence),
        confidence: Some(Confidence::from_percent(30)),
        class: None,
        weight: None,
        off: false,
        all_evidence: vec![evidence],
        alternatives: vec![],
        resources: vec![0],
    };
    let links = answer(&json!({ "hashes": { "a": &SHA[..10] } }), &[]).links;
    let ours = [verdict(1, Evidence::Autov2), verdict(4, Evidence::Name)];
    let told = compared((links, Vec::new()), &ours);
    assert_eq!(told.only_ours, [VersionId::new(1).expect("positive")]);
    assert_eq!(told.only_site, [VersionId::new(2).expect("positive")]);
    assert!(!told.agrees);
}

#[test]
fn a_picture_is_found_inside_the_document_of_its_version() {
    let item = json!({ "modelVersions": [{ "images": [
        { "url": "https://image.civitai.com/x/y/7.jpeg", "meta": { "hashes": { "a": "1" } } },
        { "id": 8, "meta": { "hashes": { "b": "2" } } },
    ] }] });
    for (key, name) in [(7, "a"), (8, "b")] {
        let found = of_image(&item, ImageKey::new(key).expect("not zero"));
        assert!(generation_data(found)["hashes"].get(name).is_some(), "{key}");
    }
    assert_eq!(of_image(&item, ImageKey::new(9).expect("not zero")), &Value::Null);
}
