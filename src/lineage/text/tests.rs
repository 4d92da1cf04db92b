use super::*;
use crate::catalog::{Fixture, SomeFile, SomeImage, SomeVersion, text_resource};
use crate::entity::{
    Confidence, Evidence, HashKind, Link, ResourceKind, ResourceSources, Timestamp, VersionId,
    VersionRelation,
};
use crate::lineage::{Inputs, Options, Period, Wanted, find_scope, report};

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
    let (catalog, options) = (&fixture.catalog, Options::default());
    let inputs = Inputs { catalog, scope: &scope, period: Period::default(), copies: None, options };
    report(&inputs).expect("reporting works")
}

#[test]
fn a_report_has_the_shape_of_the_machine_contract() {
    let report = report_on("model:1");
    let json = serde_json::to_string_pretty(&report).expect("a report is JSON");
    insta::assert_snapshot!("shape", json);
    let read = LineageReport::from_json(json.as_bytes()).expect("it is read back");
    assert_eq!(read, report);
}

#[test]
fn what_is_no_report_of_this_shape_is_refused() {
    let refused = |text: &str| LineageReport::from_json(text.as_bytes()).expect_err("refused").to_string();
    assert_eq!(refused("{"), "the file is not a saved report");
    assert_eq!(refused(r#"{"schema": 2}"#), "the file is not a saved report");
    assert_eq!(refused(r#"{"schema": 1, "scope": {}}"#), "the report has schema 1, and this version reads 2");
}

#[test]
fn the_text_fits_its_width_and_obeys_nobody() {
    let report = report_on("version:1");
    for width in [0, 40, 60, 80, 200] {
        let text = render(&report, width) + &render_explanations(&report, width);
        assert!(text.lines().all(|line| line.chars().count() <= width.max(40)), "{text}");
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
    }
    insta::assert_snapshot!("text", render(&report, 80));
    insta::assert_snapshot!("explanations", render_explanations(&report, 80));
}
