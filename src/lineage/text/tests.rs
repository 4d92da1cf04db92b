use super::*;
use crate::catalog::{Fixture, SomeFile, SomeImage, SomeVersion, text_resource};
use crate::entity::{
    Confidence, Evidence, HashKind, Link, ResourceKind, ResourceSources, Timestamp, VersionId,
    VersionRelation,
};
use crate::lineage::{Options, Wanted, find_scope, report};

const SHA: &str = "a1a2a3a411bb22cc33dd44ee55ff66007788990011223344556677889900aabb";

/// Two images made with version 1, one of them a copy of the other, and one posted for it; the second also
/// names a LoRA by id and something unknown. A fourth only bears the name.
fn shop() -> Fixture {
    let fixture = Fixture::new();
    fixture.model(1, "Deli\u{1b}[31mberate", Some("Checkpoint"));
    fixture.model(2, "Detail", Some("LORA"));
    for (version, model, name) in [(1, 1, "v2"), (2, 2, "v1"), (3, 1, "v3")] {
        let (state, date_ms) = ("published", Some(version));
        fixture.version(&SomeVersion { version, model: Some(model), name, state, date_ms });
    }
    fixture.run("UPDATE versions SET base_model = 'SD 1.5' WHERE model = ?1", [1]);
    for (file, version, former) in [(1, 1, false), (2, 3, true)] {
        let name = Some("deliberate_v2.safetensors");
        let kind = Some("Model");
        fixture.file(&SomeFile { file, version, site_id: None, name, kind, primary: true, former });
        fixture.hash(file, HashKind::Sha256, SHA);
    }
    let checkpoint = fixture.resource(&text_resource(ResourceKind::Model, "deliberate_v2", &SHA[..10]));
    let mut by_id = text_resource(ResourceKind::Lora, "", "");
    by_id.version = VersionId::new(2);
    let lora = fixture.resource(&by_id);
    let unknown = fixture.resource(&text_resource(ResourceKind::Embedding, "bad\nhands", ""));
    for (image, media, meta_state) in [(1, 1, 2), (2, 1, 2), (3, 2, 1), (4, 3, 2), (5, 4, 3)] {
        fixture.image(&SomeImage {
            image,
            media,
            meta_state,
            created_ms: Some(1_700_000_000_000 + image * 86_400_000),
            username: Some("ann"),
            sampler: Some("euler"),
            steps: Some(20 * image),
            cfg: Some(7.0),
        });
    }
    for (image, resource, weight) in [
        (1, checkpoint, None),
        (2, checkpoint, None),
        (2, lora, Some(0.8)),
        (2, unknown, None),
        (4, lora, Some(0.4)),
    ] {
        fixture.uses(image, resource, weight, ResourceSources::CIVITAI_RESOURCES);
    }
    fixture.uses(5, checkpoint, Some(0.1), ResourceSources::HASHES);
    fixture.posted(3, 1, VersionRelation::Posted);
    fixture.posted(3, 1, VersionRelation::Returned);
    let link = |version, evidence| Link {
        version: VersionId::new(version).expect("positive"),
        evidence,
        raw: String::new(),
        confidence: Confidence::from_percent(90),
        rank: 1,
        lost: None,
    };
    let second = Link { rank: 2, ..link(3, Evidence::Sha256Prefix) };
    let links = [
        (checkpoint, vec![link(1, Evidence::Sha256Prefix), second]),
        (lora, vec![link(2, Evidence::VersionId)]),
    ];
    let at = Timestamp::from_millis(0).expect("in range");
    fixture.catalog.replace_links(at, &links).expect("links can be written");
    fixture
}

fn report_on(text: &str) -> LineageReport {
    let fixture = shop();
    let scope = find_scope(&fixture.catalog, &Wanted::parse(text)).expect("the model is there");
    report(&fixture.catalog, &scope, Options::default()).expect("reporting works")
}

#[test]
fn a_report_has_the_shape_of_the_machine_contract() {
    let json = serde_json::to_value(report_on("model:1")).expect("a report is JSON");
    let version = serde_json::json!({
        "id": 1, "name": "v2", "state": "published", "published_at": "1970-01-01T00:00:00.001Z",
        "files": [{
            "id": null, "name": "deliberate_v2.safetensors", "type": "Model", "size_bytes": null, "primary": true,
            "former": false,
            "hashes": {"SHA256": "a1a2a3a411bb22cc33dd44ee55ff66007788990011223344556677889900aabb"},
        }],
        "images": {"made_with": 2, "posted_for": 1, "made_with_deduplicated": 1},
        "evidence": {"sha256_prefix": 2, "posted_for": 1, "returned_for": 1},
        "first_seen": "2023-11-15T22:13:20.000Z", "last_seen": "2023-11-16T22:13:20.000Z",
    });
    assert_eq!(json["versions"][0], version);
    assert_eq!(json["versions"][1]["images"]["made_with"], 0, "only representatives count");
    let co_used = serde_json::json!([{
        "version": 2, "name": "Detail v1", "images": 1,
        "weight": {"p10": 0.8, "p50": 0.8, "p90": 0.8}, "lift": 0.75,
    }]);
    assert_eq!(json["co_used"], co_used);
    assert_eq!(json["steps"], serde_json::json!({"min": 20, "p10": 20, "p50": 20, "p90": 40, "max": 40}));
    assert_eq!(json["samplers"][0], serde_json::json!({"sampler": "euler", "scheduler": null, "images": 2}));
    assert_eq!(json["creators"][0], serde_json::json!({"name": "ann", "images": 2}));
    assert_eq!(json["unresolved"]["images"], 1);
    assert_eq!(json["ancestry"]["base_models"][0], serde_json::json!({"name": "SD 1.5", "versions": [1, 3]}));
    assert_eq!(json["ancestry"]["same_files"][0]["other"], 3);
    let keys: Vec<&String> = json.as_object().expect("an object").keys().collect();
    let promised = [
        "ancestry",
        "cfg",
        "co_used",
        "creators",
        "images",
        "samplers",
        "schema",
        "scope",
        "steps",
        "unresolved",
        "versions",
    ];
    assert_eq!(keys, promised);
}

#[test]
fn the_text_fits_its_width_and_obeys_nobody() {
    let report = report_on("version:1");
    for width in [0, 40, 60, 80, 200] {
        let text = render(&report, width);
        assert!(text.lines().all(|line| line.chars().count() <= width.max(40)), "{text}");
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
    }
    let expected = r"Deli\u{1b}[31mberate v2 (version:1)
2 images made with it

Versions                made with  distinct  posted for  first seen  last seen
  1 v2                          2         1           1  2023-11-15  2023-11-16
       by sha256_prefix 2
       deliberate_v2.safetensors  SHA256 a1a2a3a411bb22cc33dd44ee55ff66007788...

Used together with
  Detail v1                               1  x0.8     weight 0.80 (0.80 to 0.80)

Samplers
  euler                                                 2  ####################

Settings     least     10%     50%     90%    most
  steps         20      20      20      40      40
  cfg          7.0     7.0     7.0     7.0     7.0

Creators
  ann                                                   2  ####################

Unexplained: 1 reference in 1 image
        1  embedding    bad\u{a}hands

Ancestry
  base model SD 1.5: 1
  same file in 1 and version:3 Deli\u{1b}[31mberate v3: deliberate_v2.safeten...
";
    assert_eq!(render(&report, 80), expected);
}
