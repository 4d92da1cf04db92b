//! A listing is walked to its end, whatever its cursors look like, and a stopped walk goes on where it stood.

use stemmata::catalog::{Absent, CatalogError, CrawlState};
use stemmata::crawl::{
    CrawlEnd, CrawlError, CrawlOptions, ImageFilter, ImageSort, Listing, ModelFilter, Single, api_base,
    crawl_listing, crawl_single,
};
use stemmata::entity::{Dialect, ImageId, MediaType, ModelId, PostId, VersionId};
use stemmata::fetch::{Client, Settings};

use crate::support::demo_site;
use crate::support::home::{Home, StopAfter, block_on, context, settings};
use crate::support::site::{Cursors, Fault, Quirks, Site};
use crate::support::world::{FIRST_IMAGE, Size, documents};

const SIZE: Size = Size { images: 50, models: 12 };

fn site() -> Site {
    Site::start(documents(SIZE), Quirks::default())
}

fn all_images() -> Listing {
    Listing::Images(ImageFilter::default())
}

fn pages_of(page_limit: u32) -> CrawlOptions {
    CrawlOptions { page_limit: Some(page_limit), ..CrawlOptions::ALL }
}

fn every_id() -> Vec<u64> {
    (FIRST_IMAGE..FIRST_IMAGE + SIZE.images).collect()
}

#[test]
fn every_image_arrives_whatever_form_the_cursors_have() {
    for cursors in [Cursors::OffsetAndTime, Cursors::OffsetAndJson, Cursors::Bars, Cursors::Number] {
        let site = Site::start(documents(SIZE), Quirks { cursors, ..Quirks::default() });
        let mut home = Home::new();
        let report = home.crawl(&site, &all_images(), pages_of(8)).expect("the site answers");
        assert_eq!(
            (report.end, report.pages, report.tally.items),
            (CrawlEnd::Finished, 7, 50),
            "{cursors:?}"
        );
        assert_eq!(report.tally.written.images.new, 50, "{cursors:?}");
        assert_eq!(report.tally.anomalies, [].into(), "{cursors:?}");
        assert_eq!(report.tally.traffic.requests, 7, "{cursors:?}");
        assert_eq!(home.images(), every_id(), "{cursors:?}");
    }
}

#[test]
fn a_request_says_everything_explicitly() {
    let site = site();
    let mut home = Home::new();
    home.crawl(&site, &all_images(), CrawlOptions::default()).expect("the site answers");
    let requests = site.requests();
    let request = requests.first().expect("there was one");
    assert_eq!(request.path, "/api/v1/images");
    for (name, value) in [
        ("limit", "200"),
        ("sort", "Newest"),
        ("period", "AllTime"),
        ("browsingLevel", "31"),
        ("withMeta", "true"),
        ("flatMeta", "true"),
    ] {
        assert_eq!(request.parameter(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(request.parameter("page"), None);
}

#[test]
fn an_interrupted_walk_finishes_its_page_and_the_same_line_goes_on() {
    let site = site();
    let mut home = Home::new();
    let first = home.crawl_in(&site, &all_images(), pages_of(10), &StopAfter::context(20));
    let first = first.expect("to be interrupted is no error");
    assert_eq!((first.end, first.pages, first.resumed), (CrawlEnd::Interrupted, 2, false));
    assert_eq!(home.images().len(), 20);
    let row = home.catalog.crawl(&first.listing).expect("readable").expect("the walk is known");
    assert_eq!(
        (row.state, row.pages, row.cursor.as_deref()),
        (CrawlState::Running, 2, Some("20|1754611200000"))
    );

    let before = site.requests().len();
    let second = home.crawl(&site, &all_images(), pages_of(10)).expect("the site answers");
    assert_eq!((second.end, second.pages, second.walk_pages), (CrawlEnd::Finished, 3, 5));
    assert!(second.resumed && !second.restarted);
    assert_eq!(site.requests()[before].parameter("cursor"), row.cursor);
    assert_eq!(home.images(), every_id());
}

#[test]
fn a_finished_listing_is_walked_again_from_its_head() {
    let site = site();
    let mut home = Home::new();
    home.crawl(&site, &all_images(), pages_of(25)).expect("the site answers");
    let again = home.crawl(&site, &all_images(), pages_of(25)).expect("the site answers");
    assert!(again.restarted && !again.resumed);
    assert_eq!((again.walk_pages, again.tally.items), (2, 50));
    assert_eq!((again.tally.written.images.new, again.tally.written.images.unchanged), (0, 50));
}

#[test]
fn max_items_is_kept_to_the_item_and_the_next_run_goes_on_behind_it() {
    let site = site();
    let mut home = Home::new();
    let some = CrawlOptions { max_items: Some(7), page_limit: Some(5), ..CrawlOptions::ALL };
    for run in 1..=3 {
        let report = home.crawl(&site, &all_images(), some).expect("the site answers");
        assert_eq!((report.end, report.tally.items), (CrawlEnd::EnoughItems, 7));
        assert_eq!(home.images().len(), run * 7);
    }
    let rest = home.crawl(&site, &all_images(), pages_of(5)).expect("the site answers");
    assert_eq!((rest.end, rest.tally.items), (CrawlEnd::Finished, 29));
    assert_eq!(home.images(), every_id());
}

#[test]
fn items_lost_at_the_boundaries_of_pages_come_with_a_second_walk_in_pages_of_another_size() {
    let quirks = Quirks { cursors: Cursors::Number, loses_boundary_items: true, ..Quirks::default() };
    let site = Site::start(documents(SIZE), quirks);
    let mut home = Home::new();
    home.crawl(&site, &all_images(), pages_of(10)).expect("the site answers");
    assert_eq!(home.images().len(), 46, "one item is lost at each of four boundaries");
    home.crawl(&site, &all_images(), pages_of(13)).expect("the site answers");
    assert_eq!(home.images(), every_id());
}

#[test]
fn different_filters_are_different_listings() {
    let site = site();
    let mut home = Home::new();
    let of = |username: &str| {
        Listing::Images(ImageFilter { username: Some(username.to_owned()), ..ImageFilter::default() })
    };
    let first = home.crawl(&site, &of("user1"), pages_of(5)).expect("the site answers");
    let second = home.crawl(&site, &of("user2"), pages_of(5)).expect("the site answers");
    assert_ne!(first.listing, second.listing);
    assert_eq!(home.catalog.crawls().expect("readable").len(), 2);
    assert_eq!(home.images().len() as u64, first.tally.items + second.tally.items);
}

#[test]
fn images_returned_for_a_version_are_noted_unless_the_filter_was_ignored() {
    let returned = |home: &Home| {
        let connection = rusqlite::Connection::open(home.path()).expect("readable beside the writer");
        let count: i64 = connection
            .query_row("SELECT count(*) FROM image_versions WHERE version = 11 AND relation = 2", [], |row| {
                row.get(0)
            })
            .expect("the table is there");
        count
    };
    let filter = ImageFilter { version: VersionId::new(11), ..ImageFilter::default() };
    let mut home = Home::new();
    let report = home
        .crawl(&site(), &Listing::Images(filter.clone()), CrawlOptions::default())
        .expect("the site answers");
    assert!(report.tally.items > 0);
    assert_eq!(returned(&home) as u64, report.tally.items);

    let quirks = Quirks { ignored_parameter: Some("username"), ..Quirks::default() };
    let careless = Site::start(documents(SIZE), quirks);
    let filter = ImageFilter { username: Some("nobody".to_owned()), ..filter };
    let mut home = Home::new();
    let walked = home.crawl(&careless, &Listing::Images(filter), CrawlOptions::default());
    let Err(CrawlError::FilterIgnored { report }) = walked else { panic!("{walked:?}") };
    assert_eq!(report.tally.anomalies.get("filter_ignored"), Some(&report.tally.items));
    assert_eq!((home.images().len() as u64, returned(&home)), (report.tally.items, 0));
}

#[test]
fn answers_of_the_database_are_known_by_their_request_although_they_look_like_those_of_the_index() {
    let site = site();
    let dialects = |home: &Home| {
        let mut found = std::collections::BTreeSet::new();
        let visited = home.catalog.for_each_image::<CatalogError>(|row| {
            found.insert((row.dialects, row.published_at.is_some()));
            Ok(())
        });
        visited.expect("the catalog is readable");
        found.into_iter().collect::<Vec<_>>()
    };
    let (index, database) = (1 << Dialect::Index.code(), 1 << Dialect::Database.code());
    let listed = |change: fn(&mut ImageFilter)| {
        let mut filter = ImageFilter::default();
        change(&mut filter);
        let mut home = Home::new();
        let crawled = home.crawl(&site, &Listing::Images(filter), CrawlOptions::default());
        assert!(crawled.expect("the site answers").tally.items > 0);
        dialects(&home)
    };
    assert_eq!(listed(|_| ()), [(index, true)]);
    assert_eq!(listed(|filter| filter.version = VersionId::new(11)), [(index, true)]);
    assert_eq!(listed(|filter| filter.model = ModelId::new(1)), [(database, false)]);
    assert_eq!(
        listed(|filter| (filter.model, filter.version) = (ModelId::new(1), VersionId::new(11))),
        [(index, true)]
    );

    let mut home = Home::new();
    let asked = [Single::Image(ImageId::new(FIRST_IMAGE).expect("not zero"))];
    let client = Client::new(settings(&site)).expect("valid");
    block_on(crawl_single(&client, &mut home.catalog, &asked, &context())).expect("the site answers");
    assert_eq!(dialects(&home), [(database, false)]);
}

#[test]
fn every_filter_that_the_site_ignores_is_noticed() {
    let images = |change: fn(&mut ImageFilter)| {
        let mut filter = ImageFilter::default();
        change(&mut filter);
        Listing::Images(filter)
    };
    let models = |change: fn(&mut ModelFilter)| {
        let mut filter = ModelFilter::default();
        change(&mut filter);
        Listing::Models(filter)
    };
    let text = |text: &str| Some(text.to_owned());
    let ignored = [
        ("postId", images(|filter| filter.post = PostId::new(70)), 47),
        ("username", images(|filter| filter.username = Some("User 1".to_owned())), 37),
        ("type", images(|filter| filter.media_type = Some(MediaType::Video)), 50),
        ("baseModels", images(|filter| filter.base_models = vec!["Pony".to_owned()]), 50),
        ("browsingLevel", images(|filter| filter.browsing_level = 2), 50),
        ("imageId", images(|filter| filter.image = ImageId::new(FIRST_IMAGE)), 49),
        ("types", models(|filter| filter.types = vec!["LORA".to_owned()]), 6),
        ("tag", models(|filter| filter.tag = Some("Topic 1".to_owned())), 9),
        ("username", models(|filter| filter.username = Some("maker1".to_owned())), 10),
        ("ids", models(|filter| filter.ids = ModelId::new(1).into_iter().collect()), 11),
        ("query", Listing::Creators { query: text("maker1") }, 6),
        ("query", Listing::Tags { query: text("topic") }, 12),
    ];
    for (parameter, listing, strangers) in ignored {
        let quirks = Quirks { ignored_parameter: Some(parameter), ..Quirks::default() };
        let careless = Site::start(documents(SIZE), quirks);
        let report = match Home::new().crawl(&careless, &listing, CrawlOptions::default()) {
            Ok(report) => report,
            Err(CrawlError::FilterIgnored { report }) => {
                let are_most = strangers * 10 >= report.tally.items * 9;
                assert!(are_most, "hardly anything but strangers came: {}", report.words);
                *report
            }
            Err(error) => panic!("{error:?}"),
        };
        assert_eq!(report.tally.anomalies.get("filter_ignored"), Some(&strangers), "{}", report.listing);
        let report = Home::new().crawl(&site(), &listing, CrawlOptions::default()).expect("the site answers");
        assert_eq!(report.tally.anomalies.get("filter_ignored"), None, "{}", report.listing);
    }
}

#[test]
fn models_creators_and_tags_are_walked_by_their_own_ways_of_paging() {
    let site = Site::start(documents(SIZE), Quirks { cursors: Cursors::Bars, ..Quirks::default() });
    let mut home = Home::new();
    let models = home.crawl(&site, &Listing::Models(ModelFilter::default()), pages_of(5));
    assert_eq!(models.expect("the site answers").tally.written.models.new, 12);
    let creators =
        home.crawl(&site, &Listing::Creators { query: None }, pages_of(3)).expect("the site answers");
    assert_eq!((creators.pages, creators.tally.items), (3, 7), "the site counts its pages of creators");
    let tags = home.crawl(&site, &Listing::Tags { query: None }, pages_of(6)).expect("the site answers");
    assert_eq!(
        (tags.pages, tags.tally.items),
        (4, 17),
        "an empty page ends the tags, whose pages nobody counts"
    );
    let stats = home.catalog.stats().expect("readable");
    assert_eq!((stats.models, stats.versions, stats.creators, stats.tags), (12, 24, 7, 17));
}

#[test]
fn a_numbered_listing_taken_in_parts_loses_and_repeats_nothing() {
    let site = site();
    let mut home = Home::new();
    let tags = Listing::Tags { query: None };
    for (max_items, page_limit) in [(2, 5), (5, 5), (1, 200), (3, 4)] {
        let options =
            CrawlOptions { max_items: Some(max_items), page_limit: Some(page_limit), ..CrawlOptions::ALL };
        let report = home.crawl(&site, &tags, options).expect("the site answers");
        assert_eq!((report.end, report.tally.items), (CrawlEnd::EnoughItems, max_items));
        assert_eq!(report.tally.written.others.new, max_items, "every tag is new");
    }
    home.crawl(&site, &tags, pages_of(5)).expect("the site answers");
    assert_eq!(home.catalog.stats().expect("readable").tags, 17);
}

#[test]
fn a_numbered_listing_whose_pages_never_change_comes_to_an_end() {
    let site = Site::start(documents(SIZE), Quirks { ignored_parameter: Some("page"), ..Quirks::default() });
    let mut home = Home::new();
    let report = home.crawl(&site, &Listing::Tags { query: None }, pages_of(5)).expect("the site answers");
    assert_eq!((report.end, report.pages), (CrawlEnd::Finished, 4));
    assert_eq!(report.tally.anomalies.get("nothing_new"), Some(&3));
    assert_eq!(home.catalog.stats().expect("readable").tags, 5);
}

#[test]
fn single_entities_are_fetched_by_number_and_what_is_gone_gets_a_tombstone() {
    let site = site();
    let mut home = Home::new();
    let model = |id| Single::Model(ModelId::new(id).expect("not zero"));
    let version = |id| Single::Version(VersionId::new(id).expect("not zero"));
    let image = |id| Single::Image(ImageId::new(id).expect("not zero"));
    let asked = [model(3), version(41), version(9999), image(FIRST_IMAGE), image(7)];
    let client = Client::new(settings(&site)).expect("valid");
    let report =
        block_on(crawl_single(&client, &mut home.catalog, &asked, &context())).expect("the site answers");
    assert_eq!(report.found, [model(3), version(41), image(FIRST_IMAGE)]);
    assert_eq!(report.absent, [version(9999), image(7)]);
    let statuses = |what, id| {
        let stones = home.catalog.tombstones(what, id).expect("readable");
        stones.iter().map(|stone| stone.status).collect::<Vec<_>>()
    };
    assert_eq!(statuses(Absent::Version, 9999), [404]);
    assert_eq!(statuses(Absent::Image, 7), [200], "the image listing knows no 404");
    assert_eq!(statuses(Absent::Version, 41), [0_u16; 0]);
    assert_eq!(home.images(), [FIRST_IMAGE]);
}

#[test]
fn what_single_entities_brought_before_a_failure_is_reported_with_it() {
    let site = site();
    let mut home = Home::new();
    let image = |id| Single::Image(ImageId::new(id).expect("not zero"));
    let asked = [image(FIRST_IMAGE), image(7), image(FIRST_IMAGE + 1), image(FIRST_IMAGE + 2)];
    site.script([Fault::None, Fault::None, Fault::Status(401)]);
    let client = Client::new(settings(&site)).expect("valid");
    let crawled = block_on(crawl_single(&client, &mut home.catalog, &asked, &context()));
    let Err(CrawlError::Single { what, report, .. }) = crawled else { panic!("{crawled:?}") };
    assert_eq!(what, asked[2].to_string());
    assert_eq!((report.found.as_slice(), report.absent.as_slice()), (&asked[..1], &asked[1..2]));
    assert_eq!((report.tally.items, report.tally.traffic.requests), (1, 3));
    assert_eq!(home.images(), [FIRST_IMAGE]);
}

#[test]
fn another_image_than_the_one_asked_for_is_not_taken() {
    let site =
        Site::start(documents(SIZE), Quirks { ignored_parameter: Some("imageId"), ..Quirks::default() });
    let mut home = Home::new();
    let asked = [Single::Image(ImageId::new(7).expect("not zero"))];
    let client = Client::new(settings(&site)).expect("valid");
    let report =
        block_on(crawl_single(&client, &mut home.catalog, &asked, &context())).expect("the site answers");
    assert_eq!((report.failed.as_slice(), home.images()), (asked.as_slice(), vec![]));
    assert_eq!(report.tally.anomalies.get("filter_ignored"), Some(&50));
}

#[test]
fn a_version_that_vanishes_keeps_what_was_known_of_it() {
    let site = site();
    let mut home = Home::new();
    home.crawl(&site, &Listing::Models(ModelFilter::default()), CrawlOptions::default())
        .expect("the site answers");
    let before = home.catalog.stats().expect("readable");
    site.script([Fault::Status(404)]);
    let asked = [Single::Version(VersionId::new(41).expect("not zero"))];
    let client = Client::new(settings(&site)).expect("valid");
    let report =
        block_on(crawl_single(&client, &mut home.catalog, &asked, &context())).expect("the site answers");
    assert_eq!(report.absent, asked);
    let after = home.catalog.stats().expect("readable");
    assert_eq!((before.versions, before.files), (after.versions, after.files));
    assert_eq!(after.generation, before.generation + 1);
}

#[test]
fn the_bundled_site_can_be_crawled_whole() {
    let mut home = Home::new();
    let listings = [
        (Listing::Models(ModelFilter::default()), 12),
        (Listing::Images(ImageFilter { sort: ImageSort::Oldest, ..ImageFilter::default() }), 300),
        (Listing::Creators { query: None }, 6),
        (Listing::Tags { query: None }, 21),
    ];
    let gone = block_on(async {
        let world = demo_site::World::bundled().expect("the bundled file is whole");
        let (address, task) = demo_site::serve(world).await.expect("loopback has a free port");
        let base = api_base(&format!("http://{address}")).expect("a loopback address is allowed");
        let client = Client::new(Settings { max_rps: 10_000.0, ..Settings::new(base) }).expect("valid");
        for (listing, items) in &listings {
            let options = CrawlOptions::default();
            let report = crawl_listing(&client, &mut home.catalog, listing, &options, &context())
                .await
                .expect("the site answers");
            assert_eq!((report.tally.items, report.tally.failed_items), (*items, 0), "{}", report.listing);
            assert_eq!(report.tally.field_warnings, [].into(), "{}", report.listing);
        }
        let removed = [Single::Version(VersionId::new(7105).expect("not zero"))];
        let report = crawl_single(&client, &mut home.catalog, &removed, &context()).await;
        task.abort();
        report.expect("the site answers").absent
    });
    assert_eq!(gone.len(), 1, "the bundled images name a version that is gone");
    let stats = home.catalog.stats().expect("readable");
    assert_eq!((stats.models, stats.images, stats.media, stats.files), (12, 300, 289, 25));
}
