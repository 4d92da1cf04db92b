//! Pictures of the site are looked at in small renditions, once, politely, and from their host alone.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stemmata::catalog::{Access, Catalog, Failures, PixelOrigin, StoredFingerprint};
use stemmata::crawl::media::{MediaChoice, MediaOptions, MediaReport, Rendition, crawl_media};
use stemmata::crawl::scan::pixels::{Described, Describer};
use stemmata::entity::{ImageId, Timestamp};
use stemmata::fetch::{Client, SafeUrl, Settings};
use stemmata::fingerprint::{self, PictureLimits};
use stemmata::run::{Clock, RunContext};

use crate::support::cli::{Answer, Home};
use crate::support::home::{StopAfter, block_on, context, now, settings};
use crate::support::pictures;
use crate::support::site::{Fault, Quirks, Site, media};
use crate::support::world::{FIRST_IMAGE, Size, documents};

struct World {
    home: Home,
    site: Site,
}

fn images(count: u64) -> Vec<Value> {
    documents(Size { images: count, models: 0 })
}

fn key(number: u64) -> String {
    let id = FIRST_IMAGE + number;
    format!("{id:08x}-0000-4000-8000-{id:012x}")
}

impl World {
    fn new(documents: &[Value]) -> Self {
        let home = Home::new();
        let lines: Vec<String> = documents.iter().map(Value::to_string).collect();
        let answer = home.run_with_input(&["import", "-", "--no-index"], lines.join("\n").as_bytes());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        Self { home, site: Site::start(Vec::new(), Quirks::default()) }
    }

    fn words(&self, flags: &[&str]) -> Vec<String> {
        let base = self.site.media_base();
        let words = [
            "crawl",
            "media",
            "--media-base",
            &base,
            "--max-rps",
            "1000",
            "--width",
            "96",
            "--format",
            "json",
        ];
        let words = words.iter().chain(flags).map(|word| (*word).to_owned());
        let words: Vec<String> = words.collect();
        // The original has no width.
        let is_original = words.iter().any(|word| word == "--original");
        words.into_iter().filter(|word| !is_original || (word != "--width" && word != "96")).collect()
    }

    fn run(&self, flags: &[&str]) -> Answer {
        let words = self.words(flags);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.home.run(&words)
    }

    fn done(&self, flags: &[&str]) -> Value {
        let answer = self.run(flags);
        assert!(matches!(answer.code, 0 | 7), "{}", answer.stderr);
        serde_json::from_str(&answer.stdout).expect("one JSON object")
    }

    fn catalog(&self) -> Catalog {
        Catalog::open(&self.home.path().join("catalog.db"), Access::Read).expect("opens")
    }

    fn of(&self, number: u64) -> Option<StoredFingerprint> {
        let catalog = self.catalog();
        let image = ImageId::new(FIRST_IMAGE + number).expect("positive");
        let media = catalog.media_of_image(image.into()).expect("reads")?;
        catalog.fingerprint(media).expect("reads")
    }

    /// Why each picture failed that did, by the number of its image.
    fn failures(&self, of: u64) -> BTreeMap<u64, String> {
        let failed = |number: u64| match self.of(number)?.looked {
            stemmata::catalog::Looked::Failed(reason) => Some((number, reason)),
            stemmata::catalog::Looked::Seen(_) => None,
        };
        (0..of).filter_map(failed).collect()
    }
}

/// All that is known, by media.
fn state(catalog: &Catalog) -> Vec<StoredFingerprint> {
    let mut rows = Vec::new();
    let newest = catalog.generation().expect("reads");
    let visited = catalog.each_fingerprint(0, newest, |row| {
        rows.push(StoredFingerprint { generation: 0, ..row });
        ControlFlow::Continue(())
    });
    visited.expect("reads");
    rows.sort_by_key(|row| row.media);
    rows
}

#[test]
fn a_small_rendition_is_described_and_remembered() {
    let world = World::new(&images(3));
    let first = world.done(&[]);
    assert_eq!(
        (&first["items"], &first["read"]["fingerprinted"], &first["end"]),
        (&3.into(), &3.into(), &"done".into())
    );
    let requests = world.site.requests();
    let mut paths: Vec<&str> = requests.iter().map(|request| request.path.as_str()).collect();
    paths.sort_unstable();
    let expected: Vec<String> = (0..3).map(|n| format!("/account/{0}/width=96/{0}.jpeg", key(n))).collect();
    assert_eq!(paths, expected);
    assert!(requests.iter().all(|request| request.header("authorization").is_none()));
    assert!(
        requests
            .iter()
            .all(|request| request.header("accept").is_some_and(|accept| accept.starts_with("image/")))
    );

    let stored = world.of(1).expect("is known");
    let small = stored.looked.fingerprint().copied().expect("was seen");
    let limits = PictureLimits::default();
    let original = fingerprint::of_bytes(&media::original(&key(1)), &limits).expect("a picture").fingerprint;
    let other = fingerprint::of_bytes(&media::original(&key(2)), &limits).expect("a picture").fingerprint;
    assert!(
        small.bits_apart(&original) < 31 && small.chroma_apart(&original) < 0.5,
        "it is the same picture"
    );
    assert!(small.bits_apart(&other) > 40, "and no other");
    assert_eq!((stored.origin, stored.content), (PixelOrigin::Preview { width: 96 }, None));
    assert_eq!((small.pixels, small.coded), (None, None), "a rendition says nothing of bytes and pixels");

    let again = world.done(&[]);
    assert_eq!((&again["items"], world.site.request_count()), (&0.into(), 3), "{again}");
}

#[test]
fn an_original_is_fetched_only_when_asked_for_and_can_be_kept() {
    let world = World::new(&images(2));
    world.done(&[]);
    let folder = world.home.path().join("kept");
    let keep = ["--original", "--keep", folder.to_str().expect("UTF-8"), "--image", "501"];
    let answer = world.done(&keep);
    assert_eq!((&answer["items"], &answer["read"]["kept"]), (&1.into(), &1.into()), "{answer}");
    let bytes = media::original(&key(0));
    let content = blake3::hash(&bytes);
    assert_eq!(fs::read(folder.join(format!("{content}.png"))).expect("is there"), bytes);
    let stored = world.of(0).expect("is known");
    assert_eq!((stored.origin, stored.content), (PixelOrigin::Original, Some(*content.as_bytes())));
    assert!(!world.of(1).expect("is known").origin.is_exact());
    let again = world.done(&keep);
    assert_eq!((&again["items"], &again["read"]["spared"]), (&0.into(), &1.into()), "{again}");
}

#[test]
fn what_is_no_picture_costs_itself_and_is_not_asked_for_again() {
    let world = World::new(&images(9));
    let foreign = Site::start(Vec::new(), Quirks::default());
    let three = |fault: Fault| std::iter::repeat_n(fault, 3);
    let mut script = vec![
        Fault::Status(404),
        Fault::Status(403),
        Fault::Redirect(format!("{}/account/{}/width=96/x.jpeg", foreign.media_base(), key(2))),
        Fault::Body("application/json", b"{\"ok\": true}".to_vec()),
        Fault::Body("image/jpeg", pictures::mp4(&[])),
        Fault::Body("image/jpeg", media::original(&key(5))[..200].to_vec()),
        Fault::Oversized(17 << 20),
    ];
    script.extend(three(Fault::Html(200)).chain(three(Fault::BrokenOff)));
    world.site.script(script);
    let answer = world.done(&["--max-in-flight", "1"]);
    assert_eq!(answer["failed"], 9, "{answer}");
    let expected = [
        "not found",
        "refused (status 403)",
        "redirected to another place",
        "no picture",
        "a video instead of a picture",
        "the picture could not be decoded",
        "more than 16 MiB",
        "a web page instead of a picture",
        "cut short",
    ];
    let expected: BTreeMap<u64, String> = (0..).zip(expected.map(str::to_owned)).collect();
    assert_eq!(world.failures(9), expected);
    assert_eq!(foreign.request_count(), 0, "another host is never asked");
    assert_eq!(answer["failures"][0]["place"], "image 501");
    let before = world.site.request_count();
    let again = world.done(&[]);
    assert_eq!((&again["items"], world.site.request_count()), (&0.into(), before), "{again}");
    let retried = world.done(&["--retry-failed"]);
    assert_eq!(retried["read"]["fingerprinted"], 9, "{retried}");
}

#[test]
fn a_host_that_asks_to_wait_is_waited_for() {
    let world = World::new(&images(2));
    world.site.script((0..5).map(|_| Fault::RetryAfter(429, "0".to_owned())));
    let answer = world.done(&["--max-in-flight", "1"]);
    assert_eq!((&answer["read"]["fingerprinted"], &answer["failed"]), (&2.into(), &0.into()), "{answer}");
    assert_eq!(answer["traffic"]["retries"], 4, "{answer}");
}

#[test]
fn a_host_that_fails_at_everything_ends_the_run() {
    let world = World::new(&images(40));
    world.site.script((0..400).map(|_| Fault::Status(500)));
    let answer = world.run(&["--max-in-flight", "1"]);
    assert_eq!((answer.code, &answer.error()["code"]), (5, &"network.failed".into()), "{}", answer.stderr);
    assert_eq!(world.site.request_count(), 24, "eight pictures, three tries each");
    world.site.forgive();
    let rest = world.done(&[]);
    assert_eq!(rest["read"]["fingerprinted"], 32, "what failed is left alone for an hour: {rest}");
    world.site.script([Fault::Region]);
    let answer = world.run(&["--retry-failed"]);
    assert_eq!(answer.error()["code"], "network.region_blocked");
}

#[test]
fn a_budget_and_a_limit_end_a_run_that_goes_on_later() {
    let world = World::new(&images(40));
    let limited = world.done(&["--limit", "5"]);
    assert_eq!((&limited["items"], &limited["end"]), (&5.into(), &"enough".into()), "{limited}");
    let spent = world.done(&["--max-requests", "20"]);
    assert_eq!((&spent["items"], &spent["end"]), (&20.into(), &"budget".into()), "{spent}");
    let rest = world.done(&[]);
    assert_eq!((&rest["items"], &rest["end"]), (&15.into(), &"done".into()), "{rest}");
    assert_eq!(world.site.request_count(), 40);
}

#[test]
fn only_pictures_of_the_site_are_asked_for() {
    let mut documents = images(5);
    documents[1]["type"] = json!("video");
    documents[2]["url"] = json!("https://elsewhere.example/a/b.jpeg");
    documents[3]["url"] = json!(format!("https://image.civitai.com/{}", key(3)));
    let world = World::new(&documents);
    let answer = world.done(&[]);
    assert_eq!((&answer["items"], &answer["read"]["fingerprinted"]), (&3.into(), &2.into()), "{answer}");
    assert_eq!(answer["read"]["skipped video"], Value::Null);
    assert_eq!((&answer["read"]["skipped videos"], &answer["failed"]), (&1.into(), &1.into()), "{answer}");
    assert_eq!(world.failures(5), BTreeMap::from([(3, "its address is none of the site's".to_owned())]));
    assert_eq!(world.site.request_count(), 2);
    let named = world.done(&["--image", "503", "--image", &key(4)]);
    assert_eq!((&named["read"]["elsewhere"], &named["read"]["spared"]), (&1.into(), &1.into()), "{named}");
}

#[test]
fn candidates_are_the_members_of_groups_that_look_alike() {
    let mut documents = images(4);
    let limits = PictureLimits::default();
    for (number, document) in documents.iter_mut().enumerate() {
        let shown = [0, 1, 1, 2][number];
        let described = fingerprint::of_bytes(&media::original(&key(shown)), &limits).expect("a picture");
        document["hash"] = json!(described.blurhash);
    }
    let world = World::new(&documents);
    let answer = world.done(&["--candidates"]);
    assert_eq!(answer["items"], 2, "{answer}");
    let known: Vec<u64> = (0..4).filter(|number| world.of(*number).is_some()).collect();
    assert_eq!(known, [1, 2]);
}

#[test]
fn addresses_that_are_not_allowed_are_refused() {
    let world = World::new(&images(1));
    for (flags, code) in [
        (["--media-base", "http://example.org"].as_slice(), "crawl.bad_address"),
        (&["--media-base", "https://user:secret@example.org"], "crawl.bad_address"),
        (&["--offline"], "network.offline"),
        (&["--image", "999"], "not_found"),
    ] {
        let answer = world.home.run(&[&["crawl", "media", "--format", "json"], flags].concat());
        assert!(!answer.stderr.contains("secret"), "{}", answer.stderr);
        let error = answer.error();
        assert!(error["code"].as_str().is_some_and(|found| found.contains(code)), "{error}");
    }
    let width = world.home.run(&["crawl", "media", "--width", "451"]);
    assert_eq!(width.code, 2, "{}", width.stderr);
}

#[test]
fn a_second_run_at_once_is_refused_and_a_killed_one_goes_on() {
    let calm = World::new(&images(60));
    calm.done(&[]);
    let world = World::new(&images(60));
    world.site.script(std::iter::repeat_n(Fault::None, 37).chain([Fault::Hang]));
    let words = world.words(&["--max-in-flight", "1"]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut first = world.home.command(&words).spawn().expect("starts");
    let began = Instant::now();
    while world.site.request_count() < 38 {
        assert!(began.elapsed() < Duration::from_secs(120), "it does not get on");
        std::thread::sleep(Duration::from_millis(1));
    }
    let second = world.run(&[]);
    assert_eq!((second.code, &second.error()["code"]), (8, &"home.locked".into()));
    first.kill().expect("can be killed");
    first.wait().expect("ends");
    let kept = state(&world.catalog()).len();
    assert_eq!(kept, 32, "whole batches are kept");
    let rest = world.done(&[]);
    assert_eq!(rest["items"], 60 - kept, "{rest}");
    assert_eq!(state(&world.catalog()), state(&calm.catalog()));
}

/// Runs in this process, at a time of one's own.
fn crawl_at(world: &World, context: &RunContext) -> MediaReport {
    fn describe(bytes: &[u8]) -> Result<Described, String> {
        let described =
            fingerprint::of_bytes(bytes, &PictureLimits::default()).map_err(|error| error.to_string())?;
        let fingerprint::Described { content, fingerprint, blurhash, .. } = described;
        Ok(Described { content, blurhash, fingerprint })
    }
    let base = SafeUrl::parse(&world.site.media_base()).expect("a loopback address");
    let client = Client::new(Settings { base, ..settings(&world.site) }).expect("a client");
    let path = world.home.path().join("catalog.db");
    let mut catalog = Catalog::open(&path, Access::Write).expect("opens");
    let options = MediaOptions {
        rendition: Rendition::Preview { width: 96 },
        choice: MediaChoice::All,
        most: None,
        failures: Failures::Spared,
        describer: Describer { most_bytes: 1 << 20, describe },
        keep: None,
        in_flight: 3,
    };
    block_on(crawl_media(&client, &mut catalog, &options, context)).expect("ends")
}

#[test]
fn a_failure_spares_the_next_question_for_a_time_that_depends_on_it() {
    let world = World::new(&images(2));
    let after = |hours: i64| {
        let at = Timestamp::from_millis(now().as_millis() + hours * 3_600_000).expect("a moment");
        RunContext { clock: Clock::Fixed(at), ..context() }
    };
    let gone = |count| std::iter::repeat_n(Fault::Status(404), count);
    world.site.script(gone(2));
    assert_eq!(crawl_at(&world, &after(0)).reasons, BTreeMap::from([("not found".to_owned(), 2)]));
    assert_eq!(crawl_at(&world, &after(7 * 24 - 1)).asked, 0);
    world.site.script(gone(1));
    let later = crawl_at(&world, &after(7 * 24));
    assert_eq!((later.asked, later.failed, later.fingerprinted), (2, 1, 1));
    assert_eq!(crawl_at(&world, &after(8 * 24)).asked, 0, "the week begins anew");
}

#[test]
fn a_run_that_is_stopped_commits_what_it_has_and_goes_on() {
    let world = World::new(&images(50));
    let first = crawl_at(&world, &StopAfter::context(20));
    assert!(first.interrupted && first.fingerprinted >= 20 && first.fingerprinted < 50, "{first:?}");
    assert_eq!(state(&world.catalog()).len() as u64, first.fingerprinted);
    let second = crawl_at(&world, &context());
    assert_eq!(first.fingerprinted + second.fingerprinted, 50);
}
