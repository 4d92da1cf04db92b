//! A home is brought up to date: new things come, what was known is not walked again, and nothing falls between two
//! runs.

use serde_json::{Value, json};
use stemmata::catalog::Absent;
use stemmata::crawl::estimate::Requests;
use stemmata::crawl::sync::{StepEnd, StepReport, SyncOptions, SyncStep, plan, sync_step};
use stemmata::crawl::{CrawlOptions, Listing, Memory, ModelFilter, Period, Single, api_base, crawl_single};
use stemmata::entity::{ModelId, Timestamp};
use stemmata::fetch::{Client, Settings};
use stemmata::link;
use stemmata::run::{Clock, RunContext};

use crate::support::home::{Home, StopAfter, block_on, context, now, settings};
use crate::support::site::{Change, Fault, Quirks, Site};
use crate::support::world::{FIRST_IMAGE, Size, documents};

const SIZE: Size = Size { images: 40, models: 6 };

const PAGES_OF_TEN: SyncOptions = SyncOptions {
    stale_days: 30,
    max_items: None,
    period: Some(Period::AllTime),
    page_limit: Some(10),
    memory: Memory::Used,
};

/// A site that still lacks the newest `later` images, and those.
fn growing(later: usize) -> (Site, Vec<Value>) {
    let (models, mut images): (Vec<Value>, Vec<Value>) =
        documents(SIZE).into_iter().partition(|document| document.get("modelVersions").is_some());
    let later = images.split_off(images.len() - later);
    (Site::start([models, images].concat(), Quirks::default()), later)
}

fn publish(site: &Site, documents: &[Value]) {
    site.evolve(documents.iter().map(|document| Change::Publish(Box::new(document.clone()))));
}

fn step_in(
    home: &mut Home,
    site: &Site,
    step: SyncStep,
    options: &SyncOptions,
    context: &RunContext,
) -> StepReport {
    let client = Client::new(settings(site)).expect("valid");
    block_on(sync_step(&client, &mut home.catalog, step, options, context)).expect("the catalog is writable")
}

fn step(home: &mut Home, site: &Site, step: SyncStep, options: &SyncOptions) -> StepReport {
    step_in(home, site, step, options, &context())
}

fn in_days(days: i64) -> RunContext {
    let moment = Timestamp::from_millis(now().as_millis() + days * 86_400_000).expect("in range");
    RunContext { clock: Clock::Fixed(moment), ..context() }
}

fn first_images(count: u64) -> Vec<u64> {
    (FIRST_IMAGE..FIRST_IMAGE + count).collect()
}

#[test]
fn new_images_come_and_the_walk_stops_one_page_into_known_ground() {
    let (site, later) = growing(3);
    let mut home = Home::new();
    let first = step(&mut home, &site, SyncStep::Images, &PAGES_OF_TEN);
    assert_eq!((first.end, first.counts["pages"], home.images()), (StepEnd::Done, 4, first_images(37)));
    publish(&site, &later);
    let second = step(&mut home, &site, SyncStep::Images, &PAGES_OF_TEN);
    assert_eq!((second.end, second.counts["pages"], home.images()), (StepEnd::Done, 2, first_images(40)));
    assert_eq!(second.tally.written.images.new, 3);
    let third = step(&mut home, &site, SyncStep::Images, &PAGES_OF_TEN);
    assert_eq!((third.counts["pages"], third.tally.written.images.new), (1, 0));
}

#[test]
fn nothing_falls_between_a_run_that_was_cut_short_and_the_next() {
    for cut_short_after in [10, 20] {
        let (site, later) = growing(30);
        let mut home = Home::new();
        step(&mut home, &site, SyncStep::Images, &PAGES_OF_TEN);
        publish(&site, &later[..25]);
        let options = SyncOptions { max_items: Some(cut_short_after), ..PAGES_OF_TEN };
        let cut = step(&mut home, &site, SyncStep::Images, &options);
        assert_eq!(cut.end, StepEnd::EnoughItems);
        publish(&site, &later[25..]);
        let rest = step(&mut home, &site, SyncStep::Images, &PAGES_OF_TEN);
        assert_eq!((rest.end, home.images()), (StepEnd::Done, first_images(40)), "{cut_short_after}");
    }
    let (site, later) = growing(30);
    let mut home = Home::new();
    step(&mut home, &site, SyncStep::Images, &PAGES_OF_TEN);
    publish(&site, &later);
    let cut = step_in(&mut home, &site, SyncStep::Images, &PAGES_OF_TEN, &StopAfter::context(10));
    assert_eq!(cut.end, StepEnd::Interrupted);
    let other_period = SyncOptions { period: Some(Period::Week), ..PAGES_OF_TEN };
    step(&mut home, &site, SyncStep::Images, &other_period);
    assert_eq!(home.images(), first_images(40), "a walk that was left is finished, whatever comes next");
}

#[test]
fn what_lies_behind_a_dead_end_comes_with_the_next_run() {
    for faults in [vec![Fault::Cursor("|made up")], vec![Fault::None, Fault::NoItems]] {
        let (site, later) = growing(30);
        let mut home = Home::new();
        step(&mut home, &site, SyncStep::Images, &PAGES_OF_TEN);
        publish(&site, &later);
        site.script(faults.clone());
        let cut = step(&mut home, &site, SyncStep::Images, &PAGES_OF_TEN);
        assert_eq!((cut.tally.written.images.new, home.images().len()), (10, 20), "{faults:?}");
        let rest = step(&mut home, &site, SyncStep::Images, &PAGES_OF_TEN);
        assert_eq!((rest.end, home.images()), (StepEnd::Done, first_images(40)), "{faults:?}");
        let last = step(&mut home, &site, SyncStep::Images, &PAGES_OF_TEN);
        assert_eq!((last.end, last.counts["pages"]), (StepEnd::Done, 1), "taken once");
    }
}

#[test]
fn a_walk_for_a_whole_listing_and_a_sync_do_not_disturb_each_other() {
    let (site, later) = growing(5);
    let mut home = Home::new();
    let all = Listing::Images(stemmata::crawl::ImageFilter::default());
    let page = CrawlOptions { max_items: Some(10), page_limit: Some(10), ..CrawlOptions::ALL };
    home.crawl(&site, &all, page).expect("the site answers");
    publish(&site, &later);
    step(&mut home, &site, SyncStep::Images, &PAGES_OF_TEN);
    let newest: Vec<u64> = home.images().into_iter().filter(|id| *id >= FIRST_IMAGE + 25).collect();
    assert_eq!(newest, first_images(40)[25..], "the sync began at the head and met the ten known ones");
    let rest = home.crawl(&site, &all, CrawlOptions::ALL).expect("the site answers");
    assert!(rest.resumed);
    assert_eq!(home.images(), first_images(40));
}

#[test]
fn a_model_with_a_new_version_is_not_known_ground() {
    let (site, _) = growing(0);
    let mut home = Home::new();
    let first = step(&mut home, &site, SyncStep::Models, &PAGES_OF_TEN);
    assert_eq!((first.tally.written.models.new, first.tally.written.versions.new), (6, 12));
    let again = step(&mut home, &site, SyncStep::Models, &PAGES_OF_TEN);
    assert_eq!((again.end, again.counts["pages"]), (StepEnd::Done, 1));
    let mut grown = documents(SIZE).into_iter().find(|model| model["id"] == 3).expect("there is one");
    let versions = grown["modelVersions"].as_array_mut().expect("a list");
    let mut added = versions[0].clone();
    added["id"] = json!(3_900);
    versions.insert(0, added);
    site.evolve([Change::TakeDownModel(3), Change::Publish(Box::new(grown))]);
    let report = step(&mut home, &site, SyncStep::Models, &PAGES_OF_TEN);
    assert_eq!(report.tally.written.versions.new, 1);
}

#[test]
fn models_are_asked_for_again_after_a_while_together_and_those_that_are_gone_alone() {
    let (site, _) = growing(0);
    let mut home = Home::new();
    home.crawl(&site, &Listing::Models(ModelFilter::default()), CrawlOptions::ALL).expect("the site answers");
    let base = api_base(&site.base()).expect("loopback is allowed");
    let stale = |home: &mut Home, days: i64, options: &SyncOptions| {
        let moment = in_days(days).clock.now();
        let planned = plan(&home.catalog, &base, &[SyncStep::Stale], options, moment).expect("readable");
        let before = site.requests().len();
        let report = step_in(home, &site, SyncStep::Stale, options, &in_days(days));
        let sent = (site.requests().len() - before) as u64;
        let Requests { least, most } = planned[0].requests;
        assert!(least <= sent && most.is_some_and(|most| sent <= most), "{planned:?}, sent {sent}");
        let of = |name: &str| report.counts.get(name).copied().unwrap_or(0);
        (of("found"), of("not found"), report.left, sent)
    };
    assert_eq!(stale(&mut home, 29, &PAGES_OF_TEN), (0, 0, 0, 0));
    let four = SyncOptions { max_items: Some(4), ..PAGES_OF_TEN };
    assert_eq!(stale(&mut home, 31, &four), (4, 0, 2, 1));
    assert_eq!(stale(&mut home, 31, &four), (2, 0, 0, 1), "the rest, and nobody twice");
    site.evolve([Change::Rename(2, "New name"), Change::TakeDownModel(5)]);
    assert_eq!(stale(&mut home, 62, &PAGES_OF_TEN), (5, 1, 0, 2));
    assert_eq!(stale(&mut home, 62, &PAGES_OF_TEN), (0, 0, 0, 0));
    let name = home.catalog.model_facts(ModelId::new(2).expect("not zero")).expect("readable");
    assert_eq!(name.and_then(|facts| facts.name).as_deref(), Some("New name"));
    let stones = home.catalog.tombstones(Absent::Model, 5).expect("readable");
    assert_eq!(stones.len(), 1);
}

#[test]
fn what_the_site_has_given_validators_for_is_only_asked_whether_it_has_changed() {
    let (site, _) = growing(0);
    let mut home = Home::new();
    let client = Client::new(settings(&site)).expect("valid");
    let models = [1, 2, 3].map(|id| Single::Model(ModelId::new(id).expect("not zero")));
    block_on(crawl_single(&client, &mut home.catalog, &models, &context())).expect("the site answers");
    site.evolve([Change::Rename(2, "New name")]);
    let report = step_in(&mut home, &site, SyncStep::Stale, &PAGES_OF_TEN, &in_days(40));
    assert_eq!((report.counts["found"], report.counts["unchanged"]), (1, 2));
    assert_eq!(report.tally.traffic.unchanged, 2);
}

#[test]
fn a_filter_that_the_site_ignores_costs_requests_and_no_truth() {
    let quirks = Quirks { ignored_parameter: Some("ids"), ..Quirks::default() };
    let site = Site::start(documents(SIZE), quirks);
    let mut home = Home::new();
    home.crawl(&site, &Listing::Models(ModelFilter::default()), CrawlOptions::ALL).expect("the site answers");
    let two = SyncOptions { max_items: Some(2), ..PAGES_OF_TEN };
    let report = step_in(&mut home, &site, SyncStep::Stale, &two, &in_days(40));
    assert_eq!((report.counts["found"], report.tally.anomalies["filter_ignored"]), (2, 4));
}

#[test]
fn all_steps_together_leave_nothing_unexplained_and_a_plan_says_so_before_and_after() {
    let (site, _) = growing(0);
    let mut home = Home::new();
    let base = api_base(&site.base()).expect("loopback is allowed");
    step(&mut home, &site, SyncStep::Images, &PAGES_OF_TEN);
    link::catch_up(&mut home.catalog, &context()).expect("links");
    let planned = || plan(&home.catalog, &base, &SyncStep::ALL, &PAGES_OF_TEN, now()).expect("readable");
    let before = planned();
    assert_eq!(before, planned(), "a plan changes nothing and depends on nothing else");
    let items: Vec<Option<u64>> = before.iter().map(|step| step.items).collect();
    assert_eq!(items, [None, None, Some(0), Some(6), Some(6)]);
    assert_eq!(before[3].requests.most, Some(6));
    let requests = site.requests().len();
    let report = step(&mut home, &site, SyncStep::Versions, &PAGES_OF_TEN);
    assert_eq!((report.end, report.counts["found"]), (StepEnd::Done, 6));
    assert_eq!(site.requests().len(), requests + 6);
    link::catch_up(&mut home.catalog, &context()).expect("links");
    let report = step(&mut home, &site, SyncStep::Hashes, &PAGES_OF_TEN);
    assert_eq!(report.counts["found"], 0, "the versions explained the hashes");
    assert_eq!(home.catalog.stats().expect("readable").unresolved, 0);
    let after = plan(&home.catalog, &base, &SyncStep::ALL, &PAGES_OF_TEN, now()).expect("readable");
    assert_eq!(after[3].items.zip(after[4].items), Some((0, 0)));
}

#[test]
fn a_failing_site_is_part_of_the_report_and_a_spent_budget_is_no_failure() {
    let (site, _) = growing(0);
    let mut home = Home::new();
    site.script([Fault::None, Fault::Status(403)]);
    let report = step(&mut home, &site, SyncStep::Images, &PAGES_OF_TEN);
    assert_eq!((report.end, report.counts["pages"], report.failure.is_some()), (StepEnd::Failed, 1, true));
    assert!(!report.end.lets_go_on());
    let client = Client::new(Settings { max_requests: Some(2), ..settings(&site) }).expect("valid");
    let report = block_on(sync_step(&client, &mut home.catalog, SyncStep::Images, &PAGES_OF_TEN, &context()))
        .expect("the catalog is writable");
    assert_eq!((report.end, report.tally.traffic.requests), (StepEnd::BudgetSpent, 2));
    let report = step(&mut home, &site, SyncStep::Images, &PAGES_OF_TEN);
    assert_eq!((report.end, home.images()), (StepEnd::Done, first_images(40)));
}
