//! Linking against a naive oracle: nested loops over what is published, straight from the rules.

mod naive;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::catalog::{Fixture, Overlay, SomeFile, SomeVersion, new_decision, text_resource};
use crate::entity::{
    Air, Confidence, Evidence, HashKind, HexHash, LostReason, ModelId, Refused, ResourceKind, Ruling,
    Timestamp, VersionId, normalised_name,
};
use naive::naive;

/// Digits with common beginnings, so that prefixes are ambiguous now and then; the last begins with the first four
/// bytes of the first in reverse.
const SHA: [&str; 5] = [
    "a1a2a3a411bb22cc33dd44ee55ff66007788990011223344556677889900aabb",
    "a1a2a3a411bb99cc33dd44ee55ff66007788990011223344556677889900aabb",
    "bbbbbbb211bb22cc33dd44ee55ff66007788990011223344556677889900aabb",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "a4a3a2a111bb22cc33dd44ee55ff66007788990011223344556677889900aabb",
];
const NAMES: [&str; 5] = ["detail.safetensors", "Detail.ckpt", "style_v1", "style-v1-000004.pt", "vae"];
const MODEL_KINDS: [&str; 4] = ["Checkpoint", "LORA", "VAE", "TextualInversion"];
const FILE_KINDS: [&str; 4] = ["Model", "VAE", "Config", "Pruned Model"];
const ROLES: [ResourceKind; 4] =
    [ResourceKind::Unknown, ResourceKind::Model, ResourceKind::Lora, ResourceKind::Vae];
const STATES: [&str; 3] = ["published", "unpublished", "unknown"];

/// One row that arrives. Numbers are positions in the tables above.
#[derive(Clone, Debug)]
enum Arrival {
    Model {
        model: i64,
        kind: Option<usize>,
    },
    Version {
        version: i64,
        model: Option<i64>,
        state: usize,
        date_ms: Option<i64>,
    },
    File {
        file: i64,
        name: Option<usize>,
        kind: usize,
        primary: bool,
        former: bool,
    },
    Hash {
        file: i64,
        kind: usize,
        sha: usize,
    },
    Resource {
        role: usize,
        name: Option<usize>,
        hash: Option<(usize, usize)>,
        version: Option<u64>,
        air: bool,
    },
    Decide {
        subject: Subject,
        is: bool,
        version: u64,
    },
    Link {
        whole: bool,
    },
}

/// What a decision is about: a hash of a length, or a name for a role.
#[derive(Clone, Copy, Debug)]
enum Subject {
    Hash(usize, usize),
    Name(usize, usize),
}

fn arrival() -> impl Strategy<Value = Arrival> {
    let resource = (
        0..ROLES.len(),
        proptest::option::of(0..NAMES.len()),
        proptest::option::of((0..SHA.len(), proptest::sample::select(vec![8_usize, 9, 10, 12, 20, 64]))),
        proptest::option::weighted(0.2, 1..6_u64),
        any::<bool>(),
    );
    prop_oneof![
        2 => (1..4_i64, proptest::option::of(0..MODEL_KINDS.len()))
            .prop_map(|(model, kind)| Arrival::Model { model, kind }),
        2 => (1..5_i64, proptest::option::of(1..4_i64), 0..STATES.len(), proptest::option::of(0..3_i64))
            .prop_map(|(version, model, state, date_ms)| Arrival::Version { version, model, state, date_ms }),
        3 => (0..8_i64, proptest::option::of(0..NAMES.len()), 0..FILE_KINDS.len(), any::<bool>(), any::<bool>())
            .prop_map(|(file, name, kind, primary, former)| Arrival::File { file, name, kind, primary, former }),
        4 => (0..8_i64, 0..6_usize, 0..SHA.len()).prop_map(|(file, kind, sha)| Arrival::Hash { file, kind, sha }),
        4 => resource.prop_map(|(role, name, hash, version, air)| Arrival::Resource { role, name, hash, version, air }),
        2 => any::<bool>().prop_map(|whole| Arrival::Link { whole }),
        1 => (subject(), any::<bool>(), 1..6_u64)
            .prop_map(|(subject, is, version)| Arrival::Decide { subject, is, version }),
    ]
}

fn subject() -> impl Strategy<Value = Subject> {
    let lengths = proptest::sample::select(vec![8_usize, 10, 12, 64]);
    prop_oneof![
        3 => (0..SHA.len(), lengths).prop_map(|(sha, length)| Subject::Hash(sha, length)),
        1 => (0..ROLES.len(), 0..NAMES.len()).prop_map(|(role, name)| Subject::Name(role, name)),
    ]
}

/// The parts of a file that never change: two neighbours are the same file under two versions.
fn some_file(file: i64) -> SomeFile {
    SomeFile {
        file: file + 1,
        version: file % 4 + 1,
        site_id: Some(100 + file / 2),
        name: None,
        kind: Some("Model"),
        primary: false,
        former: false,
    }
}

fn digits(kind: HashKind, sha: usize) -> &'static str {
    match kind {
        HashKind::Sha256 | HashKind::Blake3 => SHA[sha],
        HashKind::AutoV3 => &SHA[sha][..12],
        HashKind::AutoV2 => &SHA[sha][..10],
        HashKind::AutoV1 | HashKind::Crc32 => &SHA[sha][..8],
    }
}

/// What is published, in plain lists.
#[derive(Default)]
struct Published {
    models: BTreeMap<i64, Option<&'static str>>,
    versions: BTreeMap<i64, SomeVersion>,
    files: BTreeMap<i64, SomeFile>,
    hashes: Vec<(i64, HashKind, &'static str)>,
    resources: BTreeMap<i64, Resource>,
    /// In the order in which they were made.
    decisions: Vec<(Subject, bool, i64)>,
    overlay: Overlay,
}

fn context() -> RunContext {
    RunContext::quiet()
}

fn apply(fixture: &mut Fixture, published: &mut Published, arrival: &Arrival) {
    match *arrival {
        Arrival::Model { model, kind } => {
            let kind = kind.map(|kind| MODEL_KINDS[kind]);
            fixture.model(model, "some model", kind);
            published.models.insert(model, kind);
        }
        Arrival::Version { version, model, state, date_ms } => {
            let row = SomeVersion { version, model, name: "v1", state: STATES[state], date_ms };
            fixture.version(&row);
            published.versions.insert(version, row);
        }
        Arrival::File { file, name, kind, primary, former } => {
            let name = name.map(|name| NAMES[name]);
            let row = SomeFile { name, kind: Some(FILE_KINDS[kind]), primary, former, ..some_file(file) };
            fixture.file(&row);
            published.files.insert(row.file, row);
        }
        Arrival::Hash { file, kind, sha } => {
            let row = some_file(file);
            published.files.entry(row.file).or_insert_with(|| {
                fixture.file(&row);
                row.clone()
            });
            let kind = HashKind::ALL[kind];
            fixture.hash(row.file, kind, digits(kind, sha));
            published.hashes.push((row.file, kind, digits(kind, sha)));
        }
        Arrival::Resource { role, name, hash, version, air } => {
            let written = hash.map_or("", |(sha, length)| &SHA[sha][..length]);
            let mut resource = text_resource(ROLES[role], name.map_or("", |name| NAMES[name]), written);
            resource.version = version.and_then(VersionId::new);
            resource.air =
                ModelId::new(9).filter(|_| air).map(|model| Air { model, version: resource.version });
            let id = fixture.resource(&resource);
            published.resources.insert(id, resource);
        }
        Arrival::Decide { subject, is, version } => {
            let version_id = VersionId::new(version).expect("positive");
            let what = match subject {
                Subject::Hash(sha, length) => {
                    Refused::Hash(HexHash::parse(&SHA[sha][..length]).expect("well spelt"))
                }
                Subject::Name(role, name) => Refused::Name(ROLES[role], NAMES[name].to_owned()),
            };
            let ruling = match (what, is) {
                (Refused::Hash(hash), true) => Ruling::Hash { hash, version: version_id },
                (what, false) => Ruling::NotLink { what, version: version_id },
                (_, true) => return,
            };
            published.decisions.push((subject, is, version.cast_signed()));
            let at = i64::try_from(published.decisions.len()).expect("few decisions");
            let at = Timestamp::from_millis(at).expect("a time");
            published.overlay.decisions.insert(new_decision(at, "ann", ruling));
        }
        Arrival::Link { whole } => {
            let whole_from = if whole { 0 } else { u64::MAX };
            let overlay = &published.overlay;
            catch_up_from(&mut fixture.catalog, &context(), whole_from, |catalog| {
                catalog.set_decisions(overlay)
            })
            .expect("linking works");
        }
    }
}

fn stored(fixture: &Fixture, resource: i64) -> Vec<Link> {
    fixture.catalog.links_of(resource).expect("links can be read")
}

fn brief(links: &[Link]) -> Vec<(i64, Evidence, u8)> {
    links.iter().map(|link| (link.version.as_i64(), link.evidence, link.confidence.percent())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever arrives in whatever order, linked whenever and by whichever plan: the answer is the same.
    #[test]
    fn links_do_not_depend_on_the_order_of_arrival(
        arrivals in proptest::collection::vec(arrival(), 1..40), whole in any::<bool>()
    ) {
        let mut fixture = Fixture::new();
        let mut published = Published::default();
        for arrival in &arrivals {
            apply(&mut fixture, &mut published, arrival);
        }
        apply(&mut fixture, &mut published, &Arrival::Link { whole });
        for (id, resource) in &published.resources {
            let links = stored(&fixture, *id);
            prop_assert_eq!(brief(&links), naive(&published, resource), "{:?}", resource);
            let all_refused = links.iter().all(|link| link.lost == Some(LostReason::DecidedAgainst));
            let first = if all_refused { 2 } else { 1 };
            prop_assert!(links.iter().map(|link| link.rank).eq((first..).take(links.len())));
            prop_assert!(links.iter().all(|link| link.lost.is_none() == (link.rank == 1)));
            let now = resolve(&fixture.catalog, std::slice::from_ref(resource)).expect("resolving works");
            prop_assert_eq!(&now[0], &links, "looking up and catching up agree");
        }
        let again = catch_up_from(&mut fixture.catalog, &context(), 1, |catalog| catalog.set_decisions(&published.overlay));
        let again = again.expect("linking works");
        prop_assert_eq!(again, LinkReport::default(), "a second run has nothing to do");
    }
}

fn version(id: i64, model: i64, date_ms: i64) -> SomeVersion {
    SomeVersion { version: id, model: Some(model), name: "v1", state: "published", date_ms: Some(date_ms) }
}

fn main_file(file: i64, version: i64) -> SomeFile {
    SomeFile { version, site_id: None, primary: true, ..some_file(file - 1) }
}

fn link_all(fixture: &mut Fixture) -> LinkReport {
    catch_up(&mut fixture.catalog, &context()).expect("linking works")
}

#[test]
fn a_version_that_arrives_later_explains_an_old_resource() {
    let mut fixture = Fixture::new();
    let resource = fixture.resource(&text_resource(ResourceKind::Model, "x", &SHA[2][..10]));
    assert_eq!(link_all(&mut fixture).unresolved, 1);
    fixture.model(1, "deliberate", Some("Checkpoint"));
    fixture.version(&version(1, 1, 5));
    fixture.file(&main_file(1, 1));
    fixture.hash(1, HashKind::Sha256, SHA[2]);
    let report = link_all(&mut fixture);
    assert_eq!((report.changed, report.links), (1, 1));
    assert!(report.generation.is_some());
    let links = stored(&fixture, resource);
    assert_eq!(brief(&links), [(1, Evidence::Sha256Prefix, 92)]);
    assert_eq!(links[0].raw, SHA[2]);
}

#[test]
fn every_candidate_is_kept_with_the_reason_why_it_lost() {
    let mut fixture = Fixture::new();
    fixture.model(1, "a", Some("Checkpoint"));
    fixture.model(2, "b", Some("LORA"));
    for (id, model, date_ms) in [(1, 1, 9), (2, 1, 5), (3, 2, 1), (4, 1, 5), (5, 1, 1)] {
        let state = if id == 5 { "unpublished" } else { "published" };
        fixture.version(&SomeVersion { state, ..version(id, model, date_ms) });
        fixture.file(&SomeFile { site_id: None, ..main_file(id, id) });
        fixture.hash(id, HashKind::Sha256, SHA[0]);
    }
    fixture.version(&version(6, 1, 0));
    fixture.file(&SomeFile { primary: false, ..main_file(6, 6) });
    fixture.hash(6, HashKind::Sha256, SHA[0]);
    let resource = fixture.resource(&text_resource(ResourceKind::Model, "x", SHA[0]));
    link_all(&mut fixture);
    let reasons: Vec<_> =
        stored(&fixture, resource).iter().map(|link| (link.version.get(), link.lost)).collect();
    let expected = [
        (2, None),
        (4, Some(LostReason::HigherId)),
        (1, Some(LostReason::PublishedLater)),
        (5, Some(LostReason::NotPublished)),
        (6, Some(LostReason::NotMainFile)),
        (3, Some(LostReason::TypeMismatch)),
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn an_id_beats_a_hash_and_makes_a_stub_of_an_unknown_version() {
    let mut fixture = Fixture::new();
    fixture.version(&version(1, 1, 5));
    fixture.file(&main_file(1, 1));
    fixture.hash(1, HashKind::AutoV2, &SHA[0][..10]);
    let mut written = text_resource(ResourceKind::Lora, "", &SHA[0][..10]);
    written.version = VersionId::new(77);
    let resource = fixture.resource(&written);
    link_all(&mut fixture);
    let links = stored(&fixture, resource);
    assert_eq!(brief(&links), [(77, Evidence::VersionId, 95), (1, Evidence::Autov2, 92)]);
    assert_eq!(links[1].lost, Some(LostReason::WeakerEvidence));
    let stub = fixture.catalog.version_facts(VersionId::new(77).expect("positive")).expect("readable");
    assert_eq!(stub.map(|stub| stub.state), Some(crate::entity::PublishState::Unknown));
}

#[test]
fn a_borrowed_vae_file_belongs_to_its_owner_only() {
    let mut fixture = Fixture::new();
    fixture.model(1, "checkpoint", Some("Checkpoint"));
    fixture.model(2, "vae", Some("VAE"));
    for (file, owner, kind) in [(1, 1, "VAE"), (2, 2, "Model")] {
        fixture.version(&version(owner, owner, 1));
        fixture.file(&SomeFile { site_id: Some(5), kind: Some(kind), ..main_file(file, owner) });
        fixture.hash(file, HashKind::Sha256, SHA[0]);
    }
    let resource = fixture.resource(&text_resource(ResourceKind::Vae, "", SHA[0]));
    link_all(&mut fixture);
    assert_eq!(brief(&stored(&fixture, resource)), [(2, Evidence::Sha256, 95)]);
}

#[test]
fn an_air_that_names_only_a_model_links_to_no_version() {
    let mut fixture = Fixture::new();
    let mut written = text_resource(ResourceKind::Lora, "", "");
    written.air = ModelId::new(3).map(|model| Air { model, version: None });
    let resource = fixture.resource(&written);
    assert_eq!(link_all(&mut fixture).unresolved, 1);
    assert_eq!(stored(&fixture, resource), []);
    let named = fixture.catalog.resources_for_model(ModelId::new(3).expect("positive")).expect("readable");
    assert_eq!(named, [resource.unsigned_abs()]);
}

#[test]
fn a_cancelled_run_writes_nothing_and_the_next_one_does_the_work() {
    let mut fixture = Fixture::new();
    let mut written = text_resource(ResourceKind::Lora, "", "");
    written.version = VersionId::new(3);
    let resource = fixture.resource(&written);
    let stopped = context();
    stopped.cancel.request();
    assert!(catch_up(&mut fixture.catalog, &stopped).expect("stopping is no error").cancelled);
    assert_eq!(stored(&fixture, resource), []);
    assert_eq!(link_all(&mut fixture).changed, 1);
    assert_eq!(stored(&fixture, resource)[0].confidence, Confidence::from_percent(95));
}

#[test]
fn a_name_that_a_file_gives_up_makes_the_other_bearer_the_only_one_without_reading_all_names() {
    let mut fixture = Fixture::new();
    fixture.model(5, "Detail", Some("LORA"));
    for number in [1, 2] {
        fixture.version(&version(number, 5, number));
        fixture.file(&SomeFile { name: Some("detail.pt"), ..main_file(number, number) });
    }
    let resource = fixture.resource(&text_resource(ResourceKind::Lora, "Detail", ""));
    assert_eq!(link_all(&mut fixture).unresolved, 1, "two versions have a file of that name");
    let known = fixture.catalog.names_generation().expect("readable");
    assert_eq!(known, Some(fixture.catalog.linked_generation().expect("readable")));
    fixture.file(&SomeFile { name: Some("style.pt"), ..main_file(2, 2) });
    let report = link_all(&mut fixture);
    assert_eq!((report.examined, report.changed), (1, 1));
    assert_eq!(brief(&stored(&fixture, resource)), [(1, Evidence::Name, 30)]);
}
