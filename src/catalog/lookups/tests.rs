use proptest::prelude::*;

use super::*;
use crate::catalog::{Fixture, RawBlock, SomeImage, SomeVersion, text_resource};
use crate::entity::{ResourceKind, ResourceSources, VersionRelation};

fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).expect("a small number")
}

fn version(id: u64) -> VersionId {
    VersionId::new(id).expect("not zero")
}

fn row(key: &str, outcome: LookupOutcome, expires_ms: Option<i64>) -> Lookup {
    Lookup {
        kind: LookupKind::Hash,
        key: key.to_owned(),
        at: moment(100),
        outcome,
        version: None,
        expires_at: expires_ms.map(moment),
    }
}

fn notes(lookups: Vec<Lookup>) -> AnswerNotes {
    AnswerNotes { lookups, ..AnswerNotes::default() }
}

#[test]
fn the_last_answer_to_a_question_is_the_one_that_counts() {
    let mut fixture = Fixture::new();
    let absent = row("aa", LookupOutcome::Absent, Some(200));
    let found = Lookup { version: Some(version(7)), ..row("aa", LookupOutcome::Found, None) };
    for answer in [&absent, &found] {
        fixture.catalog.note_answer(&notes(vec![answer.clone()])).expect("writable");
        assert_eq!(fixture.catalog.lookup(LookupKind::Hash, "aa").expect("readable").as_ref(), Some(answer));
    }
    assert_eq!(fixture.catalog.lookup(LookupKind::Sha256, "aa").expect("readable"), None);
}

#[test]
fn an_answer_spares_the_question_until_it_expires() {
    let absent = row("aa", LookupOutcome::Absent, Some(200));
    assert!(absent.spares(moment(199)));
    assert!(!absent.spares(moment(200)));
    assert!(!row("aa", LookupOutcome::Absent, None).spares(moment(0)));
}

#[test]
fn notes_on_an_answer_that_changes_nothing_are_kept_without_a_generation() {
    let mut fixture = Fixture::new();
    let batch = Batch {
        stage: "crawl",
        source: "https://civitai.com".to_owned(),
        at: moment(1),
        raw: RawBlock::pack(&[]).expect("packs"),
        records: Vec::new(),
        crawl: None,
    };
    let mark = UrlMark { url: "https://a/b".to_owned(), etag: Some("\"x\"".to_owned()), last_modified: None };
    let named = vec![NamedVersion { hash: "ab".repeat(32), version: version(5), at: moment(1) }];
    let all =
        AnswerNotes { lookups: vec![row("aa", LookupOutcome::Found, None)], named, mark: Some(mark.clone()) };
    let report = fixture.catalog.write_answer(&batch, &all).expect("writable");
    assert_eq!((report.generation, fixture.catalog.generation().expect("readable")), (None, 0));
    assert!(fixture.catalog.lookup(LookupKind::Hash, "aa").expect("readable").is_some());
    assert_eq!(fixture.catalog.url_mark("https://a/b").expect("readable"), Some(mark.clone()));
    let forgotten = UrlMark { etag: None, ..mark };
    fixture
        .catalog
        .note_answer(&AnswerNotes { mark: Some(forgotten), ..AnswerNotes::default() })
        .expect("writable");
    assert_eq!(fixture.catalog.url_mark("https://a/b").expect("readable"), None);
    assert_eq!(fixture.catalog.versions_named_for(&"ab".repeat(32)).expect("readable"), [version(5)]);
}

#[test]
fn an_absence_and_its_notes_stand_together() {
    let mut fixture = Fixture::new();
    let seen = Tombstone { at: moment(5), status: 404 };
    let gone = Lookup {
        kind: LookupKind::Version,
        key: "9".to_owned(),
        ..row("", LookupOutcome::Absent, Some(900))
    };
    let source = "https://civitai.com/api/v1/model-versions/9";
    let generation = fixture
        .catalog
        .note_absence_with(Absent::Version, 9, seen, source, &notes(vec![gone.clone()]))
        .expect("writable");
    assert_eq!(generation, 1);
    assert_eq!(fixture.catalog.tombstones(Absent::Version, 9).expect("readable"), [seen]);
    assert_eq!(fixture.catalog.lookup(LookupKind::Version, "9").expect("readable"), Some(gone));
}

fn use_of(fixture: &Fixture, image: i64, resource: i64) {
    fixture.uses(image, resource, None, ResourceSources::HASHES);
}

fn some_image(fixture: &Fixture, image: i64) {
    fixture.image(&SomeImage { image, media: image, ..SomeImage::default() });
}

#[test]
fn hashes_are_wanted_by_the_images_that_they_would_explain() {
    let fixture = Fixture::new();
    (1..=4).for_each(|image| some_image(&fixture, image));
    let resource = |name, hash| fixture.resource(&text_resource(ResourceKind::Lora, name, hash));
    let (one, same, other) =
        (resource("a", "aaaaaaaa01"), resource("b", "aaaaaaaa01"), resource("", "bbbbbbbb02"));
    let (linked, guessed) = (resource("", "cccccccc03"), resource("c", "dddddddd04"));
    resource("", "eeeeeeee05");
    for (image, used) in [(1, one), (2, one), (2, same), (3, other), (1, linked), (4, guessed)] {
        use_of(&fixture, image, used);
    }
    fixture.run("INSERT INTO links VALUES (?1, 1, 9, 'autov2', 'cccccccc03', 92, NULL)", [linked]);
    fixture.run("INSERT INTO links VALUES (?1, 1, 9, 'name', 'c', 30, NULL)", [guessed]);
    let wanted = fixture.catalog.wanted_hashes().expect("readable");
    let wanted: Vec<_> = wanted.iter().map(|wanted| (wanted.hash.as_str(), wanted.images)).collect();
    assert_eq!(wanted, [("aaaaaaaa01", 2), ("bbbbbbbb02", 1), ("dddddddd04", 1)]);
}

#[test]
fn versions_are_wanted_until_they_are_described() {
    let fixture = Fixture::new();
    (1..=3).for_each(|image| some_image(&fixture, image));
    let of_version = |id| crate::entity::Resource {
        version: Some(version(id)),
        ..text_resource(ResourceKind::Lora, "", "")
    };
    let (known, unknown) = (fixture.resource(&of_version(5)), fixture.resource(&of_version(6)));
    for (image, used) in [(1, known), (1, unknown), (2, unknown)] {
        use_of(&fixture, image, used);
    }
    let (state, date_ms) = ("published", None);
    fixture.version(&SomeVersion { version: 5, model: None, name: "v", state, date_ms });
    fixture.posted(2, 6, VersionRelation::Posted);
    fixture.posted(3, 7, VersionRelation::Posted);
    let wanted = fixture.catalog.wanted_versions().expect("readable");
    let wanted: Vec<_> = wanted.iter().map(|wanted| (wanted.version.get(), wanted.images)).collect();
    assert_eq!(wanted, [(6, 2), (7, 1)], "an image that names a version twice counts once");
}

#[test]
fn what_was_asked_for_lately_is_not_stale() {
    let mut fixture = Fixture::new();
    for (model, seen_ms) in [(1, 10), (2, 20), (3, 900), (4, 30)] {
        fixture.model(model, "m", None);
        fixture.run("UPDATE models SET seen_at = ?2 WHERE model = ?1", [model, seen_ms]);
    }
    fixture.run("INSERT INTO models (model, generation) VALUES (5, 1)", []);
    for (id, model) in [(50, Some(5)), (51, None), (10, Some(1))] {
        let (state, date_ms) = ("published", None);
        fixture.version(&SomeVersion { version: id, model, name: "v", state, date_ms });
    }
    let asked = |key: &str, at, outcome, expires_ms: Option<i64>| Lookup {
        kind: LookupKind::Model,
        key: key.to_owned(),
        at: moment(at),
        ..row("", outcome, expires_ms)
    };
    let answers =
        vec![asked("1", 600, LookupOutcome::Found, None), asked("2", 40, LookupOutcome::Absent, Some(2_000))];
    fixture.catalog.note_answer(&notes(answers)).expect("writable");
    let stale = |before, now| {
        let models = fixture.catalog.stale_models(moment(before), Some(moment(now))).expect("readable");
        models.iter().map(|model| model.get()).collect::<Vec<_>>()
    };
    assert_eq!(stale(500, 1_000), [4]);
    assert_eq!(stale(1_000, 3_000), [4, 2, 1, 3]);
    let versions = fixture.catalog.stale_versions(moment(500), None).expect("readable");
    assert_eq!(versions.iter().map(|id| id.get()).collect::<Vec<_>>(), [50, 51]);
}

proptest! {
    /// An oracle in plain collections for the one statement that ranks the hashes.
    #[test]
    fn the_ranking_of_hashes_is_that_of_counting_by_hand(
        uses in proptest::collection::btree_set((1_i64..6, 0_usize..6), 0..20),
        linked in proptest::collection::btree_set(0_usize..6, 0..3),
    ) {
        const HASHES: [&str; 3] = ["aaaaaaaa01", "bbbbbbbb02", "cccccccc03"];
        let fixture = Fixture::new();
        (1..6).for_each(|image| some_image(&fixture, image));
        let resources: Vec<i64> = (0..6)
            .map(|at| fixture.resource(&text_resource(ResourceKind::Lora, &format!("n{}", at / 3), HASHES[at % 3])))
            .collect();
        for at in &linked {
            fixture.run("INSERT INTO links VALUES (?1, 1, 9, 'autov2', 'x', 92, NULL)", [resources[*at]]);
        }
        uses.iter().for_each(|(image, at)| use_of(&fixture, *image, resources[*at]));
        let mut expected: Vec<(u64, &str)> = HASHES
            .iter()
            .enumerate()
            .map(|(which, hash)| {
                let images: std::collections::BTreeSet<i64> = uses
                    .iter()
                    .filter(|(_, at)| at % 3 == which && !linked.contains(at))
                    .map(|(image, _)| *image)
                    .collect();
                (images.len() as u64, *hash)
            })
            .filter(|(images, _)| *images > 0)
            .collect();
        expected.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)));
        let wanted = fixture.catalog.wanted_hashes().expect("readable");
        let wanted: Vec<(u64, &str)> = wanted.iter().map(|row| (row.images, row.hash.as_str())).collect();
        prop_assert_eq!(wanted, expected);
    }
}
