//! What images name and nobody here knows is looked up, most valuable first, and every answer is held against its
//! question.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{Method, StatusCode, Uri};
use proptest::prelude::*;
use serde_json::{Value, json};
use stemmata::catalog::{CatalogError, LookupKind, LookupOutcome};
use stemmata::crawl::resolve::{
    Agenda, ResolveKind, ResolveOptions, ResolveReport, Target, Way, resolve_unresolved,
};
use stemmata::crawl::{CrawlError, CrawlOptions, ImageFilter, Listing, Memory, api_base};
use stemmata::entity::{HexHash, Timestamp};
use stemmata::fetch::{Client, Settings};
use stemmata::link;
use stemmata::run::{Clock, RunContext};

use crate::support::home::{Home, StopAfter, block_on, context, now, settings};
use crate::support::site::{Quirks, Site};
use crate::support::world::{Size, documents, sha256_of};

/// The part of the site that look-ups ask, with any answer that a test wants.
#[derive(Clone, Default)]
struct Oracle {
    /// By number.
    versions: BTreeMap<u64, Value>,
    /// Which version is answered for a hash in upper case, the right one or not.
    by_hash: BTreeMap<String, u64>,
    /// The elements of every answer to a batch, whatever was asked.
    elements: Vec<Value>,
    /// Status for batches; 0 for a proper answer.
    batch_status: u16,
    /// Hashes from which on a batch is refused with 413; 0 for none.
    most_in_batch: usize,
    /// Method and path below the base, in order.
    requests: Arc<Mutex<Vec<String>>>,
}

impl Oracle {
    /// Adds a version with one file of these hashes, which it is found by.
    fn version(&mut self, id: u64, hashes: Value) -> &mut Self {
        for hash in hashes.as_object().expect("an object").values() {
            self.by_hash.insert(hash.as_str().expect("text").to_uppercase(), id);
        }
        if let Some(sha256) = hashes["SHA256"].as_str() {
            self.elements.push(json!({ "modelVersionId": id, "hash": sha256.to_uppercase(), "modelId": 1 }));
        }
        let file = json!({ "id": id * 10, "name": format!("f{id}.safetensors"), "type": "Model", "primary": true, "hashes": hashes });
        let version = json!({
            "id": id, "modelId": id + 1000, "name": "v", "publishedAt": "2024-05-06T07:08:09.000Z",
            "model": { "name": format!("m{id}"), "type": "LORA" }, "files": [file], "images": [],
        });
        self.versions.insert(id, version);
        self
    }

    fn answer(&self, method: &str, path: &str, body: &[u8]) -> (u16, String) {
        let path = path.strip_prefix("/api/v1/").unwrap_or_default();
        self.requests.lock().expect("no thread panics with it").push(format!("{method} {path}"));
        let found = |id: Option<&u64>| match id.and_then(|id| self.versions.get(id)) {
            Some(version) => (200, version.to_string()),
            None => (404, json!({ "error": "not found" }).to_string()),
        };
        match path.split('/').collect::<Vec<_>>().as_slice() {
            ["model-versions", "by-hash", "ids"] if self.batch_status != 0 => {
                (self.batch_status, json!({ "error": "as scripted" }).to_string())
            }
            ["model-versions", "by-hash", "ids"] => {
                let asked: BTreeSet<String> = serde_json::from_slice(body).expect("an array of hashes");
                if self.most_in_batch > 0 && asked.len() > self.most_in_batch {
                    return (413, json!({ "error": "too large" }).to_string());
                }
                assert!(asked.iter().all(|hash| hash.len() == 64 && *hash == hash.to_uppercase()));
                let is_asked = |element: &&Value| {
                    element["hash"].as_str().is_none_or(|hash| asked.contains(hash))
                        || element["stranger"] == true
                };
                (200, json!(self.elements.iter().filter(is_asked).collect::<Vec<_>>()).to_string())
            }
            ["model-versions", "by-hash", hash] => found(self.by_hash.get(*hash)),
            ["model-versions", id] => found(id.parse().ok().as_ref()),
            _ => (404, "{}".to_owned()),
        }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no thread panics with it").clone()
    }

    /// Resolves what `home` lacks by asking this oracle.
    fn resolve_in(
        &self,
        home: &mut Home,
        options: ResolveOptions,
        context: &RunContext,
        most: Option<u64>,
    ) -> Result<ResolveReport, CrawlError> {
        let oracle = self.clone();
        block_on(async move {
            let listener =
                tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback has a port");
            let address = listener.local_addr().expect("a bound socket has an address");
            let handler = move |method: Method, uri: Uri, body: Bytes| {
                let (status, text) = oracle.answer(method.as_str(), uri.path(), &body);
                std::future::ready((
                    StatusCode::from_u16(status).expect("a status"),
                    [("content-type", "application/json")],
                    text,
                ))
            };
            let router = Router::new().fallback(handler);
            let task = tokio::spawn(async move { axum::serve(listener, router).await });
            let base = api_base(&format!("http://{address}")).expect("loopback is allowed");
            let patient = settings(&Site::start(Vec::new(), Quirks::default()));
            let client = Client::new(Settings { base, max_requests: most, ..patient }).expect("valid");
            let report = resolve_unresolved(&client, &mut home.catalog, &options, context).await;
            task.abort();
            report
        })
    }

    fn resolve(&self, home: &mut Home) -> ResolveReport {
        self.resolve_in(home, ResolveOptions::default(), &context(), None).expect("the oracle answers")
    }
}

/// A home whose images name these hashes and versions: one image a list.
fn home_of(images: &[(&[&str], &[u64])]) -> Home {
    let documents = images.iter().zip(1_u64..).map(|((hashes, versions), id)| {
        let named = hashes.iter().map(|hash| json!({ "type": "lora", "name": format!("n {hash}"), "hash": hash }));
        json!({
            "id": id, "url": format!("https://image.civitai.com/a/{id:08x}-0000-4000-8000-{id:012x}/x.jpeg"),
            "width": 8, "height": 8, "type": "image", "browsingLevel": 1, "createdAt": "2026-01-02T03:04:05.678Z",
            "modelVersionIds": versions, "meta": { "prompt": "p", "resources": named.collect::<Vec<_>>() },
        })
    });
    let site = Site::start(documents.collect(), Quirks::default());
    let mut home = Home::new();
    let all = Listing::Images(ImageFilter::default());
    home.crawl(&site, &all, CrawlOptions::default()).expect("the site answers");
    link::catch_up(&mut home.catalog, &context()).expect("links");
    home
}

/// Per hash of the catalog, the versions that it is linked to by more than its name.
fn links(home: &mut Home) -> BTreeMap<String, Vec<u64>> {
    link::catch_up(&mut home.catalog, &context()).expect("links");
    let mut hashes = BTreeMap::new();
    home.catalog
        .for_each_resource(|stored| {
            hashes.insert(stored.id, stored.resource.hash.map(|hash| hash.to_string()));
        })
        .expect("readable");
    let mut linked: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    home.catalog
        .for_each_link(|resource, link| {
            let hash = hashes.get(&resource).cloned().flatten();
            if let Some(hash) = hash.filter(|_| link.evidence.as_str() != "name") {
                linked.entry(hash).or_default().push(link.version.get());
            }
        })
        .expect("readable");
    linked
}

fn sha(number: u64) -> String {
    sha256_of(number).to_lowercase()
}

fn outcome(home: &Home, hash: &str) -> Option<LookupOutcome> {
    home.catalog.lookup(LookupKind::Hash, hash).expect("readable").map(|lookup| lookup.outcome)
}

#[test]
fn every_form_of_a_hash_ends_linked() {
    let (one, two, three) = (sha(1), sha(2), sha(3));
    let (blake, tensors) = (sha(4), sha(5));
    let mut oracle = Oracle::default();
    oracle
        .version(11, json!({ "SHA256": one, "AutoV2": &one[..10] }))
        .version(12, json!({ "SHA256": two, "AutoV1": "1a2b3c4d" }))
        .version(13, json!({ "SHA256": three, "AutoV3": &tensors[..12], "BLAKE3": blake }));
    let mut home = home_of(&[
        (&[&one], &[]),
        (&[&two[..10]], &[]),
        (&["1A2B3C4D"], &[]),
        (&[&tensors], &[]),
        (&[&blake], &[]),
        (&[&tensors[..12]], &[]),
    ]);
    oracle.by_hash.insert(two[..10].to_uppercase(), 12);
    let report = oracle.resolve(&mut home);
    assert_eq!((report.hashes.found, report.hashes.total()), (6, 6), "{report:?}");
    let expected: BTreeMap<String, Vec<u64>> = [
        (one, vec![11]),
        (two[..10].to_owned(), vec![12]),
        ("1a2b3c4d".to_owned(), vec![12]),
        (tensors.clone(), vec![13]),
        (tensors[..12].to_owned(), vec![13]),
        (blake, vec![13]),
    ]
    .into();
    assert_eq!(links(&mut home), expected);
    assert_eq!(oracle.resolve(&mut home).hashes.total(), 0, "nothing is left to ask");
}

#[test]
fn a_batch_that_is_passed_over_in_silence_is_asked_one_by_one_and_then_left_for_a_day() {
    let (known, unknown) = (sha(1), sha(2));
    let mut oracle = Oracle::default();
    oracle.version(11, json!({ "SHA256": known }));
    oracle.elements.push(oracle.elements[0].clone());
    oracle.elements.push(json!({ "modelVersionId": 99, "hash": sha(7).to_uppercase(), "stranger": true }));
    let mut home = home_of(&[(&[&known, &unknown], &[])]);
    let report = oracle.resolve(&mut home);
    let batches = report.batches;
    assert_eq!((batches.asked, batches.named, batches.missed), (2, 1, 1));
    assert_eq!((batches.repeated, batches.strangers, batches.unreadable), (1, 1, 0));
    assert_eq!((report.hashes.found, report.hashes.absent), (1, 1));
    let upper = unknown.to_uppercase();
    let mut expected = vec![
        "POST model-versions/by-hash/ids".to_owned(),
        "GET model-versions/11".to_owned(),
        format!("GET model-versions/by-hash/{}", &upper[..12]),
        format!("GET model-versions/by-hash/{upper}"),
    ];
    let mut requests = oracle.requests();
    requests.sort();
    expected.sort();
    assert_eq!(requests, expected);

    let at = |hours: i64| {
        let moment = Timestamp::from_millis(now().as_millis() + hours * 3_600_000).expect("in range");
        RunContext { clock: Clock::Fixed(moment), ..context() }
    };
    let again = |home: &mut Home, hours: i64, memory: Memory| {
        let before = oracle.requests().len();
        let options = ResolveOptions { kind: Some(ResolveKind::Hash), memory, ..ResolveOptions::default() };
        let report = oracle.resolve_in(home, options, &at(hours), None).expect("the oracle answers");
        (report.spared, report.hashes.absent, oracle.requests().len() - before)
    };
    links(&mut home);
    assert_eq!(again(&mut home, 23, Memory::Used), (1, 0, 0));
    assert_eq!(again(&mut home, 23, Memory::Ignored), (0, 1, 3));
    assert_eq!(again(&mut home, 47, Memory::Used), (0, 1, 3), "a day has passed");
}

#[test]
fn an_unreadable_element_may_have_meant_any_hash_that_is_missing() {
    let hash = sha(1);
    let elements = vec![Value::Null, json!({ "modelVersionId": "x" })];
    let oracle = Oracle { elements, ..Oracle::default() };
    let mut home = home_of(&[(&[&hash], &[])]);
    let report = oracle.resolve(&mut home);
    assert_eq!((report.batches.unreadable, report.hashes.absent), (2, 1));
    assert_eq!(home.catalog.lookup(LookupKind::Sha256, &hash).expect("readable"), None);
}

#[test]
fn a_refused_batch_costs_only_the_batch() {
    for status in [400, 404, 405] {
        let hash = sha(1);
        let mut oracle = Oracle { batch_status: status, ..Oracle::default() };
        oracle.version(11, json!({ "SHA256": hash }));
        let mut home = home_of(&[(&[&hash], &[])]);
        let report = oracle.resolve(&mut home);
        assert_eq!((report.batches.refused, report.hashes.found), (1, 1), "{status}");
        assert_eq!(links(&mut home).get(&hash), Some(&vec![11]), "{status}");
    }
}

#[test]
fn a_batch_that_is_too_large_for_the_site_is_halved() {
    let hashes: Vec<String> = (1..6).map(sha).collect();
    let mut oracle = Oracle { most_in_batch: 2, ..Oracle::default() };
    for (hash, id) in hashes.iter().zip(11..) {
        oracle.version(id, json!({ "SHA256": hash }));
    }
    let images: Vec<[&str; 1]> = hashes.iter().map(|hash| [hash.as_str()]).collect();
    let images: Vec<(&[&str], &[u64])> = images.iter().map(|image| (&image[..], &[][..])).collect();
    let report = oracle.resolve(&mut home_of(&images));
    let posts = oracle.requests().iter().filter(|request| request.starts_with("POST")).count();
    assert_eq!((report.batches.asked, report.batches.refused, report.hashes.found), (5, 0, 5));
    assert_eq!(posts, 5, "5 and 3 are too many; 2, 1 and 2 are not");
}

#[test]
fn a_version_that_does_not_list_the_hash_is_kept_and_named_as_a_wrong_answer() {
    let (whole, short) = (sha(1), "abcdef0123");
    let mut oracle = Oracle::default();
    oracle.version(11, json!({ "SHA256": sha(8) })).version(12, json!({ "SHA256": sha(9) }));
    oracle.elements = vec![json!({ "modelVersionId": 11, "hash": whole.to_uppercase() })];
    oracle.by_hash.insert(short.to_uppercase(), 12);
    let mut home = home_of(&[(&[&whole, short], &[])]);
    let report = oracle.resolve(&mut home);
    assert_eq!((report.hashes.wrong, report.hashes.found), (2, 0));
    let mut wrong: Vec<(String, u64)> =
        report.wrong_answers.iter().map(|wrong| (wrong.hash.to_string(), wrong.version.get())).collect();
    wrong.sort();
    let mut expected = vec![(whole.clone(), 11), (short.to_owned(), 12)];
    expected.sort();
    assert_eq!(wrong, expected);
    assert_eq!(links(&mut home), BTreeMap::new());
    assert_eq!(home.catalog.stats().expect("readable").files, 2, "both versions are kept");
    assert_eq!([outcome(&home, &whole), outcome(&home, short)], [Some(LookupOutcome::Wrong); 2]);
    assert_eq!(oracle.resolve(&mut home).spared, 2);
}

#[test]
fn one_hash_of_several_versions_brings_them_all() {
    let hash = sha(1);
    let mut oracle = Oracle::default();
    oracle.version(11, json!({ "SHA256": hash })).version(12, json!({ "SHA256": hash }));
    let mut home = home_of(&[(&[&hash], &[])]);
    assert_eq!(oracle.resolve(&mut home).hashes.found, 1);
    assert_eq!(links(&mut home).get(&hash), Some(&vec![11, 12]));
}

#[test]
fn junk_and_odd_lengths_are_never_asked_for() {
    let oracle = Oracle::default();
    let mut home =
        home_of(&[(&["e3b0c44298fc", "0000000000", "abcdef01234", &sha(1)[..20]], &[]), (&[], &[1 << 31])]);
    let report = oracle.resolve(&mut home);
    assert_eq!((report.junk, report.odd_length, report.impossible), (2, 2, 1));
    assert_eq!(oracle.requests(), [""; 0]);
}

#[test]
fn the_most_valuable_come_first_and_the_rest_is_left_for_the_next_run() {
    let mut oracle = Oracle::default();
    let hashes = ["aaaaaaaa01", "bbbbbbbb02", "cccccccc03"];
    for (hash, id) in hashes.iter().zip(11..) {
        oracle.version(id, json!({ "AutoV2": hash }));
    }
    oracle.version(20, json!({ "AutoV2": "dddddddd04" }));
    let mut home = home_of(&[
        (&["aaaaaaaa01", "bbbbbbbb02", "cccccccc03"], &[20]),
        (&["bbbbbbbb02"], &[20]),
        (&["bbbbbbbb02"], &[]),
    ]);
    let options = ResolveOptions { max_items: Some(2), ..ResolveOptions::default() };
    let agenda = Agenda::draw_up(&home.catalog, &options, now()).expect("readable");
    let targets: Vec<(Target, u64)> =
        agenda.wanted.iter().map(|wanted| (wanted.target.clone(), wanted.images)).collect();
    let hash = |digits: &str| Target::Hash(HexHash::parse(digits).expect("digits"));
    let version = Target::Version(stemmata::entity::VersionId::new(20).expect("not zero"));
    assert_eq!(targets, [(hash("bbbbbbbb02"), 3), (version, 2)]);
    assert_eq!((agenda.beyond, agenda.requests().most), (2, Some(2)));
    let report = oracle.resolve_in(&mut home, options, &context(), None).expect("the oracle answers");
    assert_eq!((report.hashes.found, report.versions.found, report.left), (1, 1, 2));
    assert_eq!(oracle.requests(), ["GET model-versions/by-hash/BBBBBBBB02", "GET model-versions/20"]);
    links(&mut home);
    let report = oracle.resolve_in(&mut home, options, &context(), None).expect("the oracle answers");
    assert_eq!((report.hashes.found, report.left), (2, 0));
}

#[test]
fn what_came_for_one_is_not_fetched_again_for_another() {
    let mut oracle = Oracle::default();
    oracle.version(11, json!({ "SHA256": sha(1), "AutoV2": &sha(1)[..10] }));
    let mut home = home_of(&[(&[&sha(1)], &[11]), (&[&sha(1)[..10]], &[])]);
    let report = oracle.resolve(&mut home);
    assert_eq!((report.hashes.found, report.versions.found), (2, 1));
    assert_eq!(oracle.requests().iter().filter(|request| request.starts_with("GET")).count(), 1);
}

/// A home and an oracle with something of everything.
fn mixture() -> (Home, Oracle) {
    let mut oracle = Oracle::default();
    oracle
        .version(11, json!({ "SHA256": sha(1) }))
        .version(12, json!({ "SHA256": sha(1), "AutoV2": "bbbbbbbb02" }))
        .version(13, json!({ "AutoV3": &sha(3)[..12] }))
        .version(14, json!({ "SHA256": sha(6) }));
    oracle.elements.push(json!({ "modelVersionId": 14, "hash": sha(4).to_uppercase() }));
    oracle.by_hash.insert("CCCCCCCC03".to_owned(), 14);
    let home = home_of(&[
        (&[&sha(1), &sha(2), "cccccccc03"], &[77]),
        (&[&sha(1)], &[]),
        (&[&sha(3), "bbbbbbbb02"], &[15]),
        (&[&sha(4), "dddddddd04"], &[11]),
    ]);
    (home, oracle)
}

/// Everything that look-ups leave behind, without times and row numbers.
fn state_of(home: &mut Home) -> String {
    let links = links(home);
    let mut lines = vec![format!("{links:?}")];
    let visited = home.catalog.for_each_version_record::<CatalogError>(|record| {
        lines.push(format!("{record:?}"));
        Ok(())
    });
    visited.expect("readable");
    let hashes = (1..5).map(sha).chain(["bbbbbbbb02", "cccccccc03", "dddddddd04"].map(str::to_owned));
    for hash in hashes {
        let lookup = home.catalog.lookup(LookupKind::Hash, &hash).expect("readable");
        let denied = lookup.map(|lookup| lookup.outcome).filter(|outcome| *outcome != LookupOutcome::Found);
        lines.push(format!("{hash} {denied:?}"));
    }
    for id in [11, 12, 14, 15, 77] {
        let lookup = home.catalog.lookup(LookupKind::Version, &id.to_string()).expect("readable");
        lines.push(format!("{id} {:?}", lookup.map(|lookup| lookup.outcome)));
    }
    lines.join("\n")
}

#[test]
fn a_run_that_ends_anywhere_goes_on_where_it_was_and_asks_nothing_twice() {
    let (mut home, oracle) = mixture();
    oracle.resolve(&mut home);
    let (undisturbed, requests) = (state_of(&mut home), oracle.requests().len() as u64);
    assert!(requests >= 8, "only {requests} requests");
    for most in 1..requests {
        let (mut home, oracle) = mixture();
        let first = oracle.resolve_in(&mut home, ResolveOptions::default(), &context(), Some(most));
        assert!(first.expect("a spent budget is no failure").budget_spent, "{most}");
        links(&mut home);
        oracle.resolve(&mut home);
        assert_eq!(oracle.requests().len() as u64, requests, "{most}");
        assert_eq!(state_of(&mut home), undisturbed, "{most}");
    }
    for items in 1..6 {
        let (mut home, oracle) = mixture();
        let stop = StopAfter::context(items);
        let first = oracle.resolve_in(&mut home, ResolveOptions::default(), &stop, None);
        assert!(first.expect("the oracle answers").interrupted, "{items}");
        oracle.resolve(&mut home);
        assert_eq!(state_of(&mut home), undisturbed, "{items}");
    }
}

#[test]
fn a_plan_bounds_what_the_run_then_costs() {
    let (mut home, oracle) = mixture();
    let agenda = Agenda::draw_up(&home.catalog, &ResolveOptions::default(), now()).expect("readable");
    assert!(agenda.wanted.iter().any(|wanted| wanted.way == Way::Batch));
    let planned = agenda.requests();
    oracle.resolve(&mut home);
    let sent = oracle.requests().len() as u64;
    assert!(
        planned.least <= sent && planned.most.is_some_and(|most| sent <= most),
        "{planned:?}, sent {sent}"
    );
}

#[test]
fn on_a_whole_site_everything_that_images_name_is_explained_afterwards() {
    let documents = documents(Size { images: 24, models: 5 });
    let site = Site::start(documents, Quirks::default());
    let mut home = Home::new();
    let all = Listing::Images(ImageFilter::default());
    home.crawl(&site, &all, CrawlOptions::default()).expect("the site answers");
    link::catch_up(&mut home.catalog, &context()).expect("links");
    let client = Client::new(settings(&site)).expect("valid");
    let options = ResolveOptions::default();
    let report = block_on(resolve_unresolved(&client, &mut home.catalog, &options, &context()))
        .expect("the site answers");
    assert_eq!((report.hashes.found, report.hashes.total()), (10, 10));
    links(&mut home);
    assert_eq!(home.catalog.stats().expect("readable").unresolved, 0);
    assert!(home.catalog.wanted_versions().expect("readable").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn the_order_of_the_answers_does_not_matter(order in Just((0..6).collect::<Vec<usize>>()).prop_shuffle()) {
        let (mut home, mut oracle) = mixture();
        let (mut plain_home, plain) = mixture();
        prop_assert_eq!(oracle.elements.len() + 2, order.len());
        oracle.elements.push(oracle.elements[0].clone());
        oracle.elements.push(oracle.elements[1].clone());
        oracle.elements = order.iter().map(|at| oracle.elements[*at].clone()).collect();
        oracle.resolve(&mut home);
        plain.resolve(&mut plain_home);
        prop_assert_eq!(state_of(&mut home), state_of(&mut plain_home));
    }
}
