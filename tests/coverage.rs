//! Every listing says how much of it there is: what was lost between pages comes back, and what may be missing is named.

use stemmata::catalog::CrawlState;
use stemmata::crawl::coverage::{Coverage, Verdict, coverage};
use stemmata::crawl::{
    CrawlEnd, CrawlError, CrawlOptions, CrawlReport, EndReason, ImageFilter, ImageSort, Listing, ModelFilter,
    ModelSort, PartErrand, Split, crawl_in_parts, verify_listing,
};
use stemmata::entity::{ModelId, Timestamp, VersionId};
use stemmata::fetch::{Client, Settings};
use stemmata::run::RunContext;

use crate::support::home::{Home, StopAfter, block_on, context, settings};
use crate::support::site::{Cursors, Fault, Quirks, Site};
use crate::support::world::{FIRST_IMAGE, Size, documents};

const SIZE: Size = Size { images: 60, models: 2 };

fn site_as_it_is() -> Site {
    Site::start(documents(SIZE), Quirks { cursors: Cursors::AsTheSite, ..Quirks::default() })
}

fn site_that(change: impl FnOnce(&mut Quirks)) -> Site {
    let mut quirks = Quirks { cursors: Cursors::AsTheSite, ..Quirks::default() };
    change(&mut quirks);
    Site::start(documents(SIZE), quirks)
}

fn of_model() -> Listing {
    Listing::Images(ImageFilter { model: ModelId::new(1), ..ImageFilter::default() })
}

fn newest_models() -> Listing {
    Listing::Models(ModelFilter { sort: ModelSort::Newest, ..ModelFilter::default() })
}

fn all_images() -> Listing {
    Listing::Images(ImageFilter::default())
}

fn pages_of(page_limit: u32) -> CrawlOptions {
    CrawlOptions { page_limit: Some(page_limit), ..CrawlOptions::ALL }
}

fn verify(home: &mut Home, site: &Site, listing: &Listing, options: CrawlOptions) -> CrawlReport {
    let client = Client::new(settings(site)).expect("valid");
    block_on(verify_listing(&client, &mut home.catalog, listing, &options, &context()))
        .expect("the site answers")
}

/// The only record, without its times and without the address of the site.
fn record(home: &Home) -> Coverage {
    let mut all = coverage(&home.catalog, "").expect("readable");
    assert_eq!(all.len(), 1, "one listing was crawled");
    let mut one = all.remove(0);
    one.listing = one.listing.split_once("/api/v1/").expect("below the API").1.to_owned();
    one
}

#[test]
fn images_of_a_model_lose_nothing_between_pages_although_the_database_skips_one_at_each() {
    for sort in [ImageSort::Newest, ImageSort::Oldest] {
        let site = site_as_it_is();
        let mut home = Home::new();
        let filter = ImageFilter { model: ModelId::new(1), sort, ..ImageFilter::default() };
        let report = home.crawl(&site, &Listing::Images(filter), pages_of(7)).expect("the site answers");
        assert_eq!((report.tally.items, report.tally.anomalies), (30, [].into()), "{sort:?}");
        let record = record(&home);
        assert_eq!((record.pages, record.ids, record.counts.boundaries), (5, 30, 4), "{sort:?}");
        assert_eq!((record.counts.boundaries_sound, record.boundaries_unchecked), (4, 0), "{sort:?}");
        assert_eq!((record.verdict, record.reasons), (Verdict::Complete, vec![]), "{sort:?}");
    }
}

#[test]
fn the_newest_models_that_fall_between_pages_are_fetched_by_number() {
    let site = Site::start(
        documents(Size { images: 0, models: 22 }),
        Quirks { cursors: Cursors::AsTheSite, ..Quirks::default() },
    );
    let mut home = Home::new();
    let report = home.crawl(&site, &newest_models(), pages_of(5)).expect("the site answers");
    assert_eq!((report.end, report.counts.boundary_recovered), (CrawlEnd::Finished, 3));
    assert_eq!(home.catalog.stats().expect("readable").models, 22);
    let record = record(&home);
    assert_eq!((record.items, record.ids, record.boundaries_unchecked), (22, 22, 0));
    assert_eq!(record.verdict, Verdict::Complete);
    let by_number: Vec<String> =
        site.requests().iter().filter_map(|request| request.parameter("ids")).collect();
    assert_eq!(by_number, ["11,17,5"], "one request for all of them");
}

#[test]
fn models_that_a_killed_run_owes_are_fetched_by_the_next_one() {
    let size = Size { images: 0, models: 22 };
    let site = Site::start(documents(size), Quirks { cursors: Cursors::AsTheSite, ..Quirks::default() });
    let mut home = Home::new();
    for _ in 0..3 {
        let report = home.crawl(&site, &newest_models(), CrawlOptions { max_items: Some(5), ..pages_of(5) });
        assert_eq!(report.expect("the site answers").end, CrawlEnd::EnoughItems);
    }
    // The listing itself ends with this page, and the request by number is refused a moment later.
    site.script([Fault::None, Fault::Status(403)]);
    let refused = home.crawl(&site, &newest_models(), pages_of(5));
    assert!(matches!(refused, Err(CrawlError::Page { .. })), "{refused:?}");
    assert_eq!(record(&home).state, CrawlState::Running);
    let report = home.crawl(&site, &newest_models(), pages_of(5)).expect("the site answers");
    assert_eq!((report.end, report.pages, report.resumed), (CrawlEnd::Finished, 0, true));
    assert_eq!(home.catalog.stats().expect("readable").models, 22);
    assert_eq!(record(&home).verdict, Verdict::Complete);
}

#[test]
fn a_walk_in_many_runs_is_covered_like_a_walk_in_one() {
    // The two sites write one item twice, each at its own place, so that there is something to remember.
    let repeats = |quirks: &mut Quirks| quirks.shuffles_creators = true;
    let listings = [of_model(), newest_models(), all_images(), Listing::Creators { query: None }];
    for listing in listings {
        let walk = |stop: Option<u64>| {
            let site = site_that(repeats);
            let mut home = Home::new();
            loop {
                let surroundings: RunContext = stop.map_or_else(context, StopAfter::context);
                let report = home
                    .crawl_in(&site, &listing, pages_of(1 + listing.max_page_limit() / 34), &surroundings)
                    .expect("the site answers");
                if report.end != CrawlEnd::Interrupted {
                    return record(&home);
                }
            }
        };
        assert_eq!(walk(None), walk(Some(1)), "{listing}");
    }
}

#[test]
fn a_cursor_used_by_an_earlier_run_is_recognised_as_a_loop() {
    let site = Site::start(documents(SIZE), Quirks::default());
    let mut home = Home::new();
    for _ in 0..2 {
        let report = home.crawl(&site, &all_images(), CrawlOptions { max_items: Some(10), ..pages_of(10) });
        assert_eq!(report.expect("the site answers").end, CrawlEnd::EnoughItems);
    }
    site.script([Fault::Cursor("10|1754611200000")]);
    let report = home.crawl(&site, &all_images(), pages_of(10)).expect("a loop is no error");
    assert_eq!((report.end, report.end_reason), (CrawlEnd::Finished, Some(EndReason::CursorRepeated)));
    assert_eq!(record(&home).verdict, Verdict::Incomplete);
}

#[test]
fn an_empty_page_of_the_database_is_asked_for_again_before_it_counts() {
    let site = site_as_it_is();
    let mut home = Home::new();
    site.script([Fault::None, Fault::NoItems, Fault::NoItems]);
    let report = home.crawl(&site, &of_model(), pages_of(9)).expect("the site answers");
    assert_eq!((report.end, report.tally.items), (CrawlEnd::Finished, 30));
    assert_eq!(report.tally.anomalies, [("empty_page_passed", 1)].into());
    assert_eq!(record(&home).verdict, Verdict::Complete);
}

#[test]
fn an_empty_page_of_the_database_that_stays_leaves_the_listing_incomplete_and_the_next_run_goes_on() {
    let site = site_as_it_is();
    let mut home = Home::new();
    site.script([Fault::None, Fault::NoItems, Fault::NoItems, Fault::NoItems]);
    let report = home.crawl(&site, &of_model(), pages_of(9)).expect("an empty page is no error");
    assert_eq!((report.end, report.end_reason), (CrawlEnd::Stalled, Some(EndReason::EmptyPageTimeout)));
    let incomplete = record(&home);
    assert_eq!((incomplete.verdict, incomplete.ids), (Verdict::Incomplete, 9));
    assert!(incomplete.reasons[0].contains("ran out of time"), "{:?}", incomplete.reasons);
    let report = home.crawl(&site, &of_model(), pages_of(9)).expect("the site answers");
    assert_eq!((report.end, report.tally.items, report.resumed), (CrawlEnd::Finished, 21, true));
    assert_eq!(record(&home).verdict, Verdict::Complete);
}

#[test]
fn pages_that_are_too_large_are_taken_in_smaller_ones() {
    let site = site_that(|quirks| quirks.oversized_above = Some((7, 2 << 20)));
    for listing in [of_model(), Listing::Tags { query: None }] {
        let mut home = Home::new();
        let report = home.crawl(&site, &listing, pages_of(28)).expect("small pages come through");
        assert_eq!(report.end, CrawlEnd::Finished, "{listing}");
        assert!(report.tally.anomalies.contains_key("page_too_large"), "{listing}");
        let (record, stats) = (record(&home), home.catalog.stats().expect("readable"));
        let stored = stats.images + stats.tags;
        assert!(stored > 0 && record.ids == stored, "{listing}: {record:?}");
        assert_eq!(record.anomalies, [].into(), "{listing}");
    }
}

#[test]
fn an_item_too_large_for_any_page_is_passed_over_by_its_number() {
    let huge = FIRST_IMAGE + 20;
    let site = site_that(|quirks| quirks.huge_item = Some((huge, 2 << 20)));
    let mut home = Home::new();
    let report = home.crawl(&site, &of_model(), pages_of(8)).expect("there is a way past it");
    assert_eq!((report.end, report.tally.failed_items), (CrawlEnd::Finished, 1));
    assert_eq!(report.tally.failures[0].reason, format!("image {huge} of the listing is too large to take"));
    assert_eq!(home.images().len(), 29);
    assert_eq!(record(&home).verdict, Verdict::Incomplete);

    let mut home = Home::new();
    let refused = home.crawl(&site, &all_images(), pages_of(8));
    let Err(CrawlError::ItemTooLarge { report, .. }) = refused else { panic!("{refused:?}") };
    assert!(report.pages > 0, "what came before it is kept");

    let site = site_as_it_is();
    site.script(vec![Fault::Oversized(2 << 20); 4]);
    let refused = Home::new().crawl(&site, &all_images(), pages_of(8));
    assert!(matches!(refused, Err(CrawlError::ItemTooLarge { .. })), "{refused:?}");
    assert_eq!(site.requests().len(), 4, "8, 4, 2 and 1 items were asked for");
}

#[test]
fn a_walk_that_an_earlier_version_began_is_finished_and_not_called_complete() {
    let site = site_as_it_is();
    let mut home = Home::new();
    let some = CrawlOptions { max_items: Some(21), ..pages_of(7) };
    home.crawl(&site, &of_model(), some).expect("the site answers");
    let connection = rusqlite::Connection::open(home.path()).expect("nobody else writes");
    connection
        .execute_batch("DELETE FROM crawl_pages; UPDATE crawls SET counts = '{}', end_reason = NULL")
        .expect("as a catalog of format 1 comes out of its migration");
    let report = home.crawl(&site, &of_model(), pages_of(7)).expect("the site answers");
    assert_eq!((report.end, home.images().len()), (CrawlEnd::Finished, 30));
    let record = record(&home);
    assert_eq!((record.pages, record.verdict), (5, Verdict::Unknown));
    assert!(record.reasons[0].contains("earlier version"), "{:?}", record.reasons);
}

#[test]
fn a_walk_until_a_date_ends_with_the_first_page_that_is_all_older() {
    let mut documents = documents(SIZE);
    for document in &mut documents {
        if let (Some(id), None) = (document["id"].as_u64(), document.get("modelVersions")) {
            document["createdAt"] = format!("2026-01-01T00:{:02}:00.000Z", id - FIRST_IMAGE).into();
        }
    }
    let site = Site::start(documents, Quirks::default());
    let mut home = Home::new();
    let until = Timestamp::parse("2026-01-01T00:35:00Z");
    let options = CrawlOptions { until, ..pages_of(10) };
    for _ in 0..2 {
        let before = site.requests().len();
        let report = home.crawl(&site, &all_images(), options).expect("the site answers");
        assert_eq!((report.end, report.pages), (CrawlEnd::Until, 4));
        assert_eq!(site.requests().len() - before, 4, "nothing is asked for ahead that may not be wanted");
    }
    assert_eq!(home.images().first(), Some(&(FIRST_IMAGE + 20)));
    let until_then = record(&home);
    assert_eq!((until_then.state, until_then.end_reason.as_deref()), (CrawlState::Done, Some("until")));
    // A walk over everything begins at its own place, and stays there.
    for pages in [1, 3] {
        let some = CrawlOptions { max_items: Some(10 * pages), ..pages_of(10) };
        let report = home.crawl(&site, &all_images(), some).expect("the site answers");
        assert_eq!((report.pages, report.resumed), (pages, pages == 3));
        home.crawl(&site, &all_images(), options).expect("the site answers");
    }
    assert_eq!(home.images().first(), Some(&(FIRST_IMAGE + 20)));
    let rest = home.crawl(&site, &all_images(), pages_of(10)).expect("the site answers");
    assert_eq!((rest.end, rest.pages), (CrawlEnd::Finished, 2));
    assert_eq!(home.images().first(), Some(&FIRST_IMAGE));
}

#[test]
fn a_walk_to_known_ground_ends_with_the_first_page_that_is_known_as_a_whole() {
    let site = Site::start(documents(SIZE), Quirks::default());
    let mut home = Home::new();
    let some = CrawlOptions { max_items: Some(20), ..pages_of(10) };
    let oldest = Listing::Images(ImageFilter { sort: ImageSort::Oldest, ..ImageFilter::default() });
    home.crawl(&site, &oldest, some).expect("the site answers");
    let options = CrawlOptions { stop_at_known_ground: true, ..pages_of(10) };
    let report = home.crawl(&site, &all_images(), options).expect("the site answers");
    assert_eq!(
        (report.end, report.pages),
        (CrawlEnd::KnownGround, 5),
        "four pages of new ones, one of known"
    );
    assert_eq!(home.images().len() as u64, SIZE.images);
}

#[test]
fn a_budget_ends_a_run_and_the_next_one_goes_on() {
    let site = Site::start(documents(SIZE), Quirks::default());
    let mut home = Home::new();
    let client = Client::new(Settings { max_requests: Some(3), ..settings(&site) }).expect("valid");
    let report = block_on(stemmata::crawl::crawl_listing(
        &client,
        &mut home.catalog,
        &all_images(),
        &pages_of(10),
        &context(),
    ))
    .map(|report| (report.end, report.pages));
    assert_eq!(report.expect("a budget is no failure"), (CrawlEnd::BudgetSpent, 3));
    let report = home.crawl(&site, &all_images(), pages_of(10)).expect("the site answers");
    assert_eq!((report.end, report.pages), (CrawlEnd::Finished, 3));
}

#[test]
fn a_second_walk_brings_what_the_first_one_lost_and_says_where() {
    let lossy = Quirks { loses_boundary_items: true, ..Quirks::default() };
    let site = Site::start(documents(SIZE), lossy);
    let mut home = Home::new();
    home.crawl(&site, &all_images(), pages_of(10)).expect("the site answers");
    assert_eq!(home.images().len(), 55);
    let before = record(&home);
    assert_eq!((before.verdict, before.boundaries_unchecked), (Verdict::Unknown, 5));
    assert!(before.reasons[0].contains("crawl verify"), "{:?}", before.reasons);

    let report = verify(&mut home, &site, &all_images(), pages_of(10));
    assert_eq!((report.counts.gaps_closed, report.counts.verified, report.base_joins), (5, 5, Some(5)));
    assert_eq!(home.images().len() as u64, SIZE.images);
    let gap = report.counts.gaps[0];
    assert_eq!((gap.page, gap.id), (1, FIRST_IMAGE + 59 - 10));
    let after = record(&home);
    assert_eq!((after.verdict, after.boundaries_unchecked), (Verdict::Complete, 0));
    assert_eq!(after.verified.map(|second| second.counts.gaps_closed), Some(5));
}

#[test]
fn what_was_taken_whole_is_found_whole_by_a_second_walk() {
    let site = Site::start(
        documents(Size { images: 60, models: 22 }),
        Quirks { cursors: Cursors::AsTheSite, ..Quirks::default() },
    );
    let most_downloaded = Listing::Models(ModelFilter::default());
    for listing in [of_model(), newest_models(), most_downloaded, all_images(), Listing::Tags { query: None }]
    {
        let mut home = Home::new();
        home.crawl(&site, &listing, pages_of(5)).expect("the site answers");
        let ids = record(&home).ids;
        let report = verify(&mut home, &site, &listing, pages_of(5));
        let counts = &report.counts;
        assert_eq!(
            (counts.gaps_closed, counts.inside, counts.newer, counts.beyond),
            (0, 0, 0, 0),
            "{listing}"
        );
        assert_eq!((counts.distinct, report.end), (ids, CrawlEnd::Finished), "{listing}");
        if !matches!(listing, Listing::Tags { .. }) {
            assert_eq!(report.base_joins, Some(counts.verified), "{listing}");
        }
    }
}

#[test]
fn a_second_walk_is_resumed_and_belongs_to_one_first_walk() {
    let site = Site::start(documents(SIZE), Quirks::default());
    let mut home = Home::new();
    let client = Client::new(settings(&site)).expect("valid");
    let never = block_on(verify_listing(&client, &mut home.catalog, &all_images(), &pages_of(9), &context()));
    assert!(matches!(never, Err(CrawlError::NeverCrawled { .. })), "{never:?}");
    home.crawl(&site, &all_images(), pages_of(9)).expect("the site answers");
    let stopped = block_on(verify_listing(
        &client,
        &mut home.catalog,
        &all_images(),
        &pages_of(9),
        &StopAfter::context(20),
    ));
    assert_eq!(stopped.expect("to be interrupted is no error").end, CrawlEnd::Interrupted);
    assert_eq!(record(&home).verdict, Verdict::Unknown);
    let report = verify(&mut home, &site, &all_images(), pages_of(9));
    assert_eq!((report.resumed, report.end), (true, CrawlEnd::Finished));
    assert_eq!((report.counts.verified, report.base_joins), (6, Some(6)));
    assert_eq!(record(&home).verdict, Verdict::Complete);
    home.crawl(&site, &all_images(), pages_of(9)).expect("the site answers");
    assert_eq!(record(&home).verified, None, "another first walk is not verified yet");
}

#[test]
fn a_filter_that_items_cannot_contradict_is_found_ignored_by_comparing_heads() {
    let listing = Listing::Images(ImageFilter { version: VersionId::new(11), ..ImageFilter::default() });
    for (ignored, expected) in [(Some("modelVersionId"), 1), (None, 0)] {
        let site = site_that(|quirks| quirks.ignored_parameter = ignored);
        let mut home = Home::new();
        home.crawl(&site, &listing, pages_of(10)).expect("the site answers");
        let report = verify(&mut home, &site, &listing, pages_of(10));
        assert_eq!(report.tally.anomalies.get("head_unfiltered").copied().unwrap_or(0), expected);
        assert_eq!(record(&home).verdict == Verdict::Incomplete, expected == 1);
    }
}

#[test]
fn creators_that_come_in_no_order_are_held_against_the_number_that_the_site_claims() {
    let size = Size { images: 0, models: 7 };
    let listing = Listing::Creators { query: None };
    for shuffles in [true, false] {
        let site = Site::start(documents(size), Quirks { shuffles_creators: shuffles, ..Quirks::default() });
        let mut home = Home::new();
        let report = home.crawl(&site, &listing, pages_of(3)).expect("the site answers");
        assert_eq!(report.end, CrawlEnd::Finished);
        let record = record(&home);
        assert_eq!(record.counts.claimed, 7);
        let expected = if shuffles { Verdict::Incomplete } else { Verdict::Complete };
        assert_eq!(record.verdict, expected, "{:?}", record.reasons);
        assert_eq!(record.anomalies.contains_key("fewer_than_claimed"), shuffles);
    }
}

#[test]
fn a_listing_in_parts_goes_on_with_the_parts_that_are_due_and_is_covered_as_a_whole() {
    let site = site_as_it_is();
    let mut home = Home::new();
    let client = Client::new(settings(&site)).expect("valid");
    let crawl = |home: &mut Home, max_items: Option<u64>| {
        let options = CrawlOptions { max_items, ..pages_of(10) };
        let (listing, take, splits) = (of_model(), PartErrand::Take, [Split::Version]);
        let surroundings = context();
        block_on(crawl_in_parts(&client, &mut home.catalog, &listing, &splits, take, &options, &surroundings))
            .expect("the site answers")
    };
    let first = crawl(&mut home, Some(20));
    assert_eq!((first.end, first.tally.items), (CrawlEnd::EnoughItems, 20));
    let whole = |home: &Home| {
        let all = coverage(&home.catalog, "modelId=1").expect("readable");
        assert_eq!(all.len(), 1);
        all.into_iter().next().expect("one")
    };
    assert_eq!(whole(&home).verdict, Verdict::Incomplete);
    let second = crawl(&mut home, None);
    assert_eq!((second.end, second.parts), (CrawlEnd::Finished, Some((2, 2))));
    assert_eq!(home.images().len(), 30);
    let united = whole(&home);
    assert_eq!((united.ids, united.parts.len(), united.state), (30, 2, CrawlState::Done));
    assert_eq!(united.verdict, Verdict::Unknown, "whether the parts make up the whole is not known");
    let third = crawl(&mut home, None);
    assert_eq!((third.parts, third.tally.items), (Some((2, 2)), 30), "a new round");
    let nothing = block_on(crawl_in_parts(
        &client,
        &mut home.catalog,
        &newest_models(),
        &[Split::Version],
        PartErrand::Take,
        &CrawlOptions::ALL,
        &context(),
    ));
    assert!(matches!(nothing, Err(CrawlError::NoParts { .. })), "{nothing:?}");
}

#[test]
fn parts_by_words_of_the_site_come_to_the_whole_and_a_part_that_is_refused_costs_itself() {
    let site = site_as_it_is();
    let client = Client::new(settings(&site)).expect("valid");
    let split = |listing: &Listing, splits: &[Split]| {
        let mut home = Home::new();
        let (take, surroundings) = (PartErrand::Take, context());
        let walk = crawl_in_parts(
            &client,
            &mut home.catalog,
            listing,
            splits,
            take,
            &CrawlOptions::ALL,
            &surroundings,
        );
        let report = block_on(walk).expect("the site answers");
        (report, home)
    };
    let (report, home) = split(&Listing::Models(ModelFilter::default()), &[Split::Type]);
    assert_eq!(home.catalog.stats().expect("readable").models, SIZE.models);
    let (done, all) = report.parts.expect("in parts");
    assert!(done == all && all > 2, "{done} of {all}");
    let (report, home) = split(&all_images(), &[Split::BaseModel, Split::Type]);
    assert_eq!(home.images().len() as u64, SIZE.images);
    let (done, nested) = report.parts.expect("in parts");
    assert!(done == nested && nested.is_multiple_of(3), "three types of media each: {done} of {nested}");
    let united = coverage(&home.catalog, "").expect("readable");
    let whole = united.iter().find(|record| !record.parts.is_empty()).expect("the whole has a record");
    assert_eq!((whole.ids, whole.parts.len() as u64), (SIZE.images, nested));

    // The second part is refused.
    site.script([Fault::None, Fault::Status(400)]);
    let (report, _home) = split(&Listing::Models(ModelFilter::default()), &[Split::Period]);
    assert_eq!(report.parts, Some((5, 5)));
}
