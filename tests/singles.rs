//! Single entities: each costs only itself, what is gone is not asked for again too soon, and what is known is only
//! asked whether it has changed.

use stemmata::catalog::Absent;
use stemmata::crawl::{CrawlError, Memory, Single, SingleReport, crawl_single, crawl_single_with};
use stemmata::entity::{ImageId, ModelId, Timestamp, VersionId};
use stemmata::fetch::{Client, Settings};
use stemmata::run::{Clock, RunContext};

use crate::support::home::{Home, StopAfter, block_on, context, now, settings};
use crate::support::site::{Change, Fault, Quirks, Site};
use crate::support::world::{FIRST_IMAGE, Size, documents};

const SIZE: Size = Size { images: 12, models: 6 };

fn site() -> Site {
    Site::start(documents(SIZE), Quirks::default())
}

fn image(id: u64) -> Single {
    Single::Image(ImageId::new(id).expect("not zero"))
}

fn version(id: u64) -> Single {
    Single::Version(VersionId::new(id).expect("not zero"))
}

fn model(id: u64) -> Single {
    Single::Model(ModelId::new(id).expect("not zero"))
}

fn client(site: &Site) -> Client {
    Client::new(settings(site)).expect("valid")
}

/// Surroundings whose clock stands so many hours later than usual.
fn later(hours: i64) -> RunContext {
    let moment = Timestamp::from_millis(now().as_millis() + hours * 3_600_000).expect("in range");
    RunContext { clock: Clock::Fixed(moment), ..context() }
}

fn crawl_at(home: &mut Home, site: &Site, asked: &[Single], memory: Memory, hours: i64) -> SingleReport {
    block_on(crawl_single_with(&client(site), &mut home.catalog, asked, memory, &later(hours)))
        .expect("the site answers")
}

/// Crawls into a new home while `faults` befall the requests in turn.
fn crawl_through(site: &Site, faults: Vec<Fault>, asked: &[Single]) -> Result<SingleReport, CrawlError> {
    site.script(faults);
    block_on(crawl_single(&client(site), &mut Home::new().catalog, asked, &context()))
}

fn failing(requests: usize) -> Vec<Fault> {
    vec![Fault::Status(500); requests]
}

#[test]
fn an_entity_at_which_the_site_always_fails_costs_two_tries_and_only_itself() {
    let asked = [0, 1, 2].map(|number| image(FIRST_IMAGE + number));
    for failed in 0..asked.len() {
        let site = site();
        let faults = [vec![Fault::None; failed], failing(2)].concat();
        let report = crawl_through(&site, faults, &asked).expect("its neighbours are answered");
        assert_eq!((report.failed.as_slice(), report.found.len()), (&asked[failed..=failed], 2));
        assert_eq!((report.tally.failed_items, report.tally.failures[0].page), (1, failed as u64 + 1));
        assert_eq!(site.requests().len(), 4, "two for the one, one for each of the others");
    }
}

#[test]
fn three_failures_in_a_row_are_the_sites_and_it_is_given_time_once() {
    let asked = [0, 1, 2, 3].map(|number| image(FIRST_IMAGE + number));
    let site = site();
    let patience = settings(&site).backoff.tries as usize;
    let report = crawl_through(&site, failing(6 + patience - 1), &asked).expect("it recovers in time");
    assert_eq!((report.failed.as_slice(), report.found.as_slice()), (&asked[..2], &asked[2..]));

    let crawled = crawl_through(&site, failing(6 + patience), &asked);
    let Err(CrawlError::Single { what, report, .. }) = crawled else { panic!("{crawled:?}") };
    assert_eq!((what, report.failed.as_slice()), (asked[2].to_string(), &asked[..2]));
}

#[test]
fn the_only_entity_is_given_the_time_that_the_site_may_need() {
    let site = site();
    let patience = settings(&site).backoff.tries as usize;
    let asked = [image(FIRST_IMAGE)];
    assert_eq!(crawl_through(&site, failing(2 + patience - 1), &asked).expect("in time").found, asked);
    assert!(matches!(crawl_through(&site, failing(2 + patience), &asked), Err(CrawlError::Single { .. })));
}

#[test]
fn a_limit_of_the_rate_is_waited_for_and_blamed_on_no_entity() {
    let site = site();
    let asked = [image(FIRST_IMAGE), image(FIRST_IMAGE + 1)];
    let report = crawl_through(&site, vec![Fault::Status(429); 4], &asked).expect("it passes");
    assert_eq!(report.found, asked);
}

#[test]
fn numbers_that_the_site_cannot_have_given_out_are_answered_here() {
    let site = site();
    let mut home = Home::new();
    let asked = [model(1 << 31), version(u64::MAX / 2), image((1 << 31) - 1)];
    let report = crawl_at(&mut home, &site, &asked, Memory::Used, 0);
    assert_eq!((report.impossible.as_slice(), report.absent.as_slice()), (&asked[..2], &asked[2..]));
    assert_eq!((site.requests().len(), report.done()), (1, 3));
}

#[test]
fn what_is_gone_is_asked_for_again_after_a_week_or_at_once_on_request() {
    let site = site();
    let mut home = Home::new();
    let asked = [version(9_999), image(7)];
    assert_eq!(crawl_at(&mut home, &site, &asked, Memory::Used, 0).absent, asked);
    let report = crawl_at(&mut home, &site, &asked, Memory::Used, 7 * 24 - 1);
    assert_eq!((report.spared.as_slice(), site.requests().len()), (asked.as_slice(), 2));
    assert_eq!(crawl_at(&mut home, &site, &asked, Memory::Ignored, 1).absent, asked);
    assert_eq!(crawl_at(&mut home, &site, &asked, Memory::Used, 1 + 7 * 24).absent, asked);
    let stones = home.catalog.tombstones(Absent::Version, 9_999).expect("readable");
    assert_eq!(stones.len(), 3, "each time it was seen to be gone is noted");
}

#[test]
fn a_version_that_comes_back_is_noted_and_published_again() {
    let site = site();
    let mut home = Home::new();
    crawl_at(&mut home, &site, &[version(41)], Memory::Used, 0);
    site.script([Fault::Status(404)]);
    assert_eq!(crawl_at(&mut home, &site, &[version(41)], Memory::Used, 1).absent, [version(41)]);
    let state = |home: &Home| {
        let title = home.catalog.version_title(VersionId::new(41).expect("not zero")).expect("readable");
        title.expect("it stays").state.as_str()
    };
    assert_eq!(state(&home), "not_found");
    let report = crawl_at(&mut home, &site, &[version(41), version(42)], Memory::Ignored, 2);
    assert_eq!((report.returned.as_slice(), report.found.len()), (&[version(41)][..], 2));
    assert_eq!(state(&home), "published", "although the document is the one that was known");
}

#[test]
fn a_stopped_run_says_how_far_it_came_and_a_spent_budget_is_no_failure() {
    let site = site();
    let asked = [0, 1, 2].map(|number| image(FIRST_IMAGE + number));
    let mut home = Home::new();
    let report = block_on(crawl_single(&client(&site), &mut home.catalog, &asked, &StopAfter::context(2)))
        .expect("the site answers");
    assert_eq!((report.interrupted, report.found.as_slice()), (true, &asked[..2]));

    let client = Client::new(Settings { max_requests: Some(1), ..settings(&site) }).expect("valid");
    let report = block_on(crawl_single(&client, &mut Home::new().catalog, &asked, &context()))
        .expect("it ends without a failure");
    assert_eq!(
        (report.budget_spent, report.interrupted, report.found.as_slice()),
        (true, false, &asked[..1])
    );
    assert_eq!(report.tally.traffic.requests, 1);
}

#[test]
fn what_is_known_is_only_sent_again_when_it_has_changed() {
    let site = site();
    let mut home = Home::new();
    let asked = [model(3), image(FIRST_IMAGE)];
    assert_eq!(crawl_at(&mut home, &site, &asked, Memory::Used, 0).tally.failures, []);
    let generation = home.catalog.generation().expect("readable");
    let report = crawl_at(&mut home, &site, &asked, Memory::Used, 1);
    assert_eq!((report.unchanged.as_slice(), report.tally.traffic.unchanged), (asked.as_slice(), 2));
    assert_eq!(home.catalog.generation().expect("readable"), generation);
    let stale = |home: &Home, hours: i64| {
        let moment =
            |hours: i64| Timestamp::from_millis(now().as_millis() + hours * 3_600_000).expect("in range");
        home.catalog.stale_models(moment(hours), None).expect("readable").len()
    };
    assert_eq!((stale(&home, 1), stale(&home, 2)), (0, 1), "being asked counts as being seen");

    site.evolve([Change::Rename(3, "Another name")]);
    assert_eq!(crawl_at(&mut home, &site, &asked[..1], Memory::Used, 2).found, asked[..1]);
    let name = home.catalog.model_facts(ModelId::new(3).expect("not zero")).expect("readable");
    assert_eq!(name.and_then(|facts| facts.name).as_deref(), Some("Another name"));
    let report = crawl_at(&mut home, &site, &asked, Memory::Ignored, 3);
    assert_eq!((report.found.len(), report.tally.traffic.unchanged), (2, 0));
}

#[test]
fn what_is_not_there_is_absent_even_if_the_first_answer_cannot_be_read() {
    let site = site();
    for fault in [Fault::Garbled, Fault::CutShort, Fault::Html(200)] {
        let report = crawl_through(&site, vec![fault.clone()], &[version(9999), version(11)]);
        let report = report.expect("the site answers");
        assert_eq!(
            (report.absent.as_slice(), report.found.as_slice()),
            (&[version(9999)][..], &[version(11)][..]),
            "{fault:?}"
        );
    }
}
