//! The same images, however the site wrote them and whatever became of them between two crawls.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::cli::Home;
use crate::support::site::{Change, Cursors, Era, Quirks, Site};
use crate::support::world::{Size, documents, documents_with_pictures};

const SIZE: Size = Size { images: 50, models: 12 };

const ERAS: [Era; 5] = [Era::July2023, Era::June2024, Era::October2024, Era::Today, Era::TodayAlternate];

fn site(era: Era) -> Site {
    let quirks = Quirks { cursors: Cursors::AsTheSite, era, ..Quirks::default() };
    Site::start(documents_with_pictures(SIZE), quirks)
}

/// Runs `stemmata crawl LINE` against `site`, which must succeed.
#[track_caller]
fn crawl(home: &Home, site: &Site, line: &[&str]) {
    assert_eq!(code_of(home, site, line), 0, "{line:?}");
}

/// Runs `stemmata crawl LINE` against `site`: the exit code.
fn code_of(home: &Home, site: &Site, line: &[&str]) -> i32 {
    let base = site.base();
    let words: Vec<&str> = ["crawl"]
        .iter()
        .chain(line)
        .copied()
        .chain(["--api-base", &base, "--max-rps", "10000", "-q"])
        .collect();
    home.run(&words).code
}

fn export(home: &Home, what: &str) -> Vec<Value> {
    home.run(&["export", what, "--format", "ndjson", "-q"]).lines()
}

/// What every era tells of an image.
fn told(home: &Home) -> Vec<Value> {
    let fields = ["image", "media", "width", "height", "username", "post", "generation"];
    let mut images = export(home, "images");
    for image in &mut images {
        let object = image.as_object_mut().expect("an image is an object");
        object.retain(|name, _| fields.contains(&name.as_str()));
        assert_eq!(object.len(), fields.len());
    }
    images
}

fn find<'a>(rows: &'a [Value], key: &str, id: u64) -> &'a Value {
    rows.iter().find(|row| row[key] == id).expect("it is exported")
}

#[test]
fn every_era_of_the_site_tells_the_same_of_its_images() {
    let mut of_today = Vec::new();
    for era in [Era::Today].iter().chain(&ERAS) {
        let (home, site) = (Home::new(), site(*era));
        crawl(&home, &site, &["images", "--limit", "10"]);
        let images = told(&home);
        assert_eq!(images.len(), 50, "{era:?}");
        if of_today.is_empty() {
            of_today = images;
        } else {
            assert_eq!(images, of_today, "{era:?}");
        }
    }
}

#[test]
fn every_era_of_the_site_tells_the_same_of_its_models_and_their_links() {
    let mut of_today = None;
    for era in [Era::Today].iter().chain(&ERAS) {
        let (home, site) = (Home::new(), site(*era));
        crawl(&home, &site, &["models", "--limit", "5"]);
        crawl(&home, &site, &["images", "--limit", "10"]);
        let made_with = export(&home, "links").into_iter().filter(|link| link["relation"] == "made_with");
        // Today the site names versions by id too: the same link with one more piece of evidence.
        let links: BTreeSet<(u64, u64)> =
            made_with.filter_map(|link| Some((link["image"].as_u64()?, link["version"].as_u64()?))).collect();
        let versions: Vec<(Value, Value)> = export(&home, "versions")
            .into_iter()
            .map(|version| (version["id"].clone(), version["files"][0]["hashes"].clone()))
            .collect();
        assert_eq!((versions.len(), links.len()), (24, 50), "{era:?}");
        let first = of_today.get_or_insert_with(|| (links.clone(), versions.clone()));
        assert_eq!(&(links, versions), first, "{era:?}");
    }
}

#[test]
fn an_image_is_the_same_whichever_path_of_the_site_told_of_it_first() {
    let quirks = Quirks { cursors: Cursors::AsTheSite, paths_differ: true, ..Quirks::default() };
    let site = Site::start(documents_with_pictures(SIZE), quirks);
    let lines: [&[&str]; 2] = [&["images", "--limit", "10"], &["images", "--model-id", "3"]];
    let mut told = Vec::new();
    for order in [[0, 1], [1, 0]] {
        let home = Home::new();
        order.iter().for_each(|line| crawl(&home, &site, lines[*line]));
        told.push(export(&home, "images"));
    }
    assert_eq!(told[0], told[1]);
    let created = |image: u64| find(&told[0], "image", image)["created_at"].clone();
    let by_database = export_ids_of_model(&site, 3);
    assert!(by_database.len() > 3);
    for id in by_database {
        assert_eq!(created(id), "2026-01-02T03:04:05.678Z", "the day of creation, not of publication: {id}");
    }
}

/// The images that the database names for a model.
fn export_ids_of_model(site: &Site, model: u64) -> Vec<u64> {
    let home = Home::new();
    crawl(&home, site, &["images", "--model-id", &model.to_string()]);
    export(&home, "images").iter().filter_map(|image| image["image"].as_u64()).collect()
}

#[test]
fn what_changes_on_the_site_changes_here_and_nothing_that_was_known_is_lost() {
    let (home, site) = (Home::new(), site(Era::Today));
    let all = |home: &Home| {
        crawl(home, &site, &["models", "--limit", "5"]);
        crawl(home, &site, &["images", "--limit", "10"]);
    };
    all(&home);
    let before = (export(&home, "images"), export(&home, "versions"));
    let linked = |home: &Home| {
        let mut links = export(home, "links");
        links.retain(|link| link["version"] == 31 && link["evidence"] == "autov2");
        links
    };
    let made_with = linked(&home);
    assert!(!made_with.is_empty());
    assert_eq!(find(&before.0, "image", 501)["generation"]["prompt"], "a red kite over hill 0");
    let sha256 = "AB".repeat(32);
    site.evolve([
        Change::HideMeta(501),
        Change::RemoveImage(502),
        Change::Rename(2, "Another name"),
        Change::Rehash(31, sha256.clone()),
        Change::TakeDownVersion(41),
        Change::TakeDownModel(5),
    ]);
    all(&home);
    let state = |home: &Home| find(&export(home, "versions"), "id", 41)["state"].clone();
    assert_eq!(state(&home), "unpublished", "its model no longer lists it");
    assert_eq!(code_of(&home, &site, &["version", "41"]), 4, "it is not there any more");
    assert_eq!(state(&home), "not_found");
    assert_eq!(code_of(&home, &site, &["model", "5"]), 4, "it is not there any more");

    let (images, versions, models) =
        (export(&home, "images"), export(&home, "versions"), export(&home, "models"));
    assert_eq!((images.len(), versions.len(), models.len()), (50, 24, 12));
    assert_eq!(find(&images, "image", 501)["generation"]["prompt"], Value::Null, "its owner hides it");
    assert_eq!(find(&images, "image", 502), find(&before.0, "image", 502), "what is gone stays known");
    assert_eq!(find(&models, "id", 2)["name"], "Another name");
    let hashes = |rows: &[Value]| find(rows, "id", 31)["files"].to_string().to_uppercase();
    assert!(hashes(&versions).contains(&sha256), "{}", hashes(&versions));
    assert_eq!(linked(&home), made_with, "images made with the former upload are linked by its hash");
    assert_eq!(find(&versions, "id", 41)["files"], find(&before.1, "id", 41)["files"]);
    assert_eq!(find(&models, "id", 5)["name"], "Model 5");
}

#[test]
fn a_listing_that_moves_while_it_is_walked_is_whole_after_it_was_verified() {
    let (home, site) = (Home::new(), site(Era::Today));
    let mut new = documents(Size { images: 53, models: 12 });
    let new: Vec<Value> = new.split_off(new.len() - 3);
    for (request, image) in [2, 4, 5].into_iter().zip(&new) {
        site.evolve_at(request, [Change::Publish(Box::new(image.clone()))]);
    }
    crawl(&home, &site, &["images", "--limit", "10"]);
    site.evolve([Change::RemoveImage(510)]);
    let base = site.base();
    let line =
        ["crawl", "verify", "images", "--limit", "10", "--api-base", &base, "--max-rps", "10000", "-q"];
    let answer = home.run(&line);
    assert!([0, 9].contains(&answer.code), "{answer:?}");
    let ids: Vec<u64> =
        export(&home, "images").iter().map(|image| image["image"].as_u64().expect("a number")).collect();
    assert_eq!(ids, (501..=553).collect::<Vec<u64>>());
}
