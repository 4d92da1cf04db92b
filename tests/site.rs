//! The fake site does what the real one is known to do; otherwise the tests that rest on it would prove nothing.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::ask::{ask, get};
use crate::support::site::{Change, Cursors, Era, Fault, Quirks, Seeded, Site};
use crate::support::world::{FIRST_IMAGE, Size, documents, documents_with_pictures, sha256_of};

const SIZE: Size = Size { images: 50, models: 12 };

fn site(quirks: Quirks) -> Site {
    Site::start(documents_with_pictures(SIZE), quirks)
}

fn todays() -> Site {
    site(Quirks { cursors: Cursors::AsTheSite, ..Quirks::default() })
}

fn ids(page: &Value) -> Vec<u64> {
    let items = page["items"].as_array().expect("a page has items");
    items.iter().map(|item| item["id"].as_u64().expect("an item has an id")).collect()
}

/// The ids of all pages, and how many pages there were. Cursors are sent back as they came.
fn walk(site: &Site, path: &str) -> (Vec<u64>, usize) {
    let (mut all, mut pages, mut cursor) = (Vec::new(), 0, Value::Null);
    loop {
        let text = cursor.as_str().map_or_else(|| cursor.to_string(), str::to_owned);
        let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let more = if cursor.is_null() { String::new() } else { format!("&cursor={encoded}") };
        let page = get(&site.base(), &format!("{path}{more}")).json();
        all.extend(ids(&page));
        pages += 1;
        cursor = page["metadata"]["nextCursor"].clone();
        if cursor.is_null() {
            return (all, pages);
        }
        assert!(pages < 100, "{path} has no end");
    }
}

fn status(site: &Site, path: &str) -> u16 {
    get(&site.base(), path).status
}

#[test]
fn the_index_loses_nothing_and_descending_lists_of_the_database_lose_what_a_cursor_names() {
    let site = todays();
    let of_index = walk(&site, "images?sort=Newest&limit=10&browsingLevel=31");
    assert_eq!((of_index.0.len(), of_index.1), (50, 5));
    let of_model = |sort: &str, limit: u64| {
        walk(&site, &format!("images?modelId=1&sort={sort}&limit={limit}&browsingLevel=31")).0
    };
    let whole = of_model("Newest", 200);
    let descending = of_model("Newest", 2);
    assert!(whole.len() > 3);
    assert_eq!(descending.len(), whole.len() - whole.len() / 3, "every third item is lost");
    let mut ascending = of_model("Oldest", 2);
    ascending.reverse();
    assert_eq!(ascending, whole);

    let first = get(&site.base(), "images?modelId=1&sort=Newest&limit=2&browsingLevel=31").json();
    let cursor = first["metadata"]["nextCursor"].as_u64().expect("a number");
    assert_eq!(cursor, whole[2], "the first image that was not returned");
    let repaired = format!("images?modelId=1&sort=Newest&limit=2&browsingLevel=31&cursor={}", cursor + 1);
    assert_eq!(ids(&get(&site.base(), &repaired).json())[0], cursor);
}

#[test]
fn models_by_date_lose_what_a_cursor_names_and_models_by_downloads_lose_nothing() {
    let site = todays();
    assert_eq!(walk(&site, "models?sort=Most%20Downloaded&limit=5&nsfw=true").0.len(), 12);
    let (newest, pages) = walk(&site, "models?sort=Newest&limit=5&nsfw=true");
    assert_eq!((newest.len(), pages), (10, 3), "one model is lost at each of two boundaries");
    let page = get(&site.base(), "models?sort=Newest&limit=5&nsfw=true").json();
    let cursor = page["metadata"]["nextCursor"].as_str().expect("a text");
    let (_, id) = cursor.split_once('|').expect("a date and an id");
    assert!(!newest.contains(&id.parse().expect("a number")));
    let encoded: String = url::form_urlencoded::byte_serialize(cursor.as_bytes()).collect();
    assert_eq!(status(&site, &format!("models?sort=Most%20Liked&cursor={encoded}")), 400, "of another order");
    assert_eq!(status(&site, "models?sort=Newest&cursor=%7C7"), 400, "a dead end");
}

#[test]
fn a_site_of_today_refuses_what_it_does_not_understand() {
    let site = todays();
    let refused = [
        ("images?limit=201", 400),
        ("images?limit=many", 400),
        ("images?limit=0", 500),
        ("images?page=11&limit=100", 429),
        ("images?username=a%20b", 400),
        ("images?baseModels=Nothing", 400),
        ("images?modelId=1&username=nobody", 404),
        ("models?limit=101", 400),
        ("models?types=LORA,Checkpoint", 400),
        ("models?favorites=false", 401),
        ("models?browsingLevel=31", 400),
        ("models?allowNoCredit=true", 400),
        ("models?query=a&page=1", 400),
        ("models?username=nobody", 404),
        ("models?page=11", 429),
        ("models/2147483648", 400),
        ("models/99", 404),
        ("model-versions/2147483648", 500),
        ("model-versions/9999", 404),
        ("creators?limit=0", 400),
        ("tags?limit=0", 400),
    ];
    for (path, expected) in refused {
        assert_eq!(status(&site, path), expected, "{path}");
    }
    let trap = get(&site.base(), "images?modelId=1&limit=0&browsingLevel=31").json();
    assert_eq!(trap["items"], json!([]));
    assert!(
        trap["metadata"]["nextCursor"].is_u64(),
        "an empty page of the database that would lead nowhere for ever"
    );
    let unknown = get(&site.base(), "models?tag=nowhere&limit=100").json();
    assert_eq!(ids(&unknown).len(), 12, "an unknown tag is no filter");
    assert_eq!(ids(&get(&site.base(), "models?tag=Topic%201&limit=100").json()).len(), 3);
}

#[test]
fn hashes_asked_for_in_a_heap_are_answered_without_order_or_mention_of_what_was_not_found() {
    let site = todays();
    let (known, other, unknown) = (sha256_of(11), sha256_of(42), "F".repeat(64));
    let post =
        |path: &str, hashes: &Value| ask(&site.base(), "POST", path, &[], hashes.to_string().as_bytes());
    let asked = json!([known.to_lowercase(), unknown, other]);
    let found = post("model-versions/by-hash/ids", &asked).json();
    assert_eq!(
        found,
        json!([
            { "modelVersionId": 42, "hash": other, "modelId": 4 },
            { "modelVersionId": 11, "hash": known, "modelId": 1 },
        ])
    );
    let versions = post("model-versions/by-hash", &asked).json();
    assert_eq!(
        (versions[0]["id"].as_u64(), &versions[1], versions[2]["id"].as_u64()),
        (Some(42), &Value::Null, Some(11))
    );
    assert_eq!(post("model-versions/by-hash", &json!(vec![known.clone(); 101])).status, 400);
    assert_eq!(post("model-versions/by-hash/ids", &json!(vec![known.clone(); 101])).status, 200);
    assert_eq!(post("model-versions/by-hash/ids", &json!(["abc"])).status, 400);
    assert_eq!(post("model-versions/by-hash/ids", &json!({})).status, 400);
    let short = get(&site.base(), &format!("model-versions/by-hash/{}", &known[..10])).json();
    assert_eq!((short["id"].as_u64(), short["modelId"].as_u64()), (Some(11), Some(1)));
    assert_eq!(status(&site, "model-versions/by-hash/abcdef"), 404);
}

#[test]
fn the_small_endpoints_answer() {
    let site = todays();
    let enums = get(&site.base(), "enums").json();
    assert!(enums["BaseModel"].as_array().is_some_and(|names| names.contains(&json!("SDXL 1.0"))));
    let mini = get(&site.base(), "model-versions/mini/11").json();
    assert_eq!((&mini["versionName"], &mini["hashes"]["SHA256"]), (&json!("v1"), &json!(sha256_of(11))));
    let model = get(&site.base(), "models/1").json();
    assert_eq!(model["modelVersions"][0].get("trainedWords"), None, "nothing empty in a model by id");
    assert_eq!(model.get("items"), None, "a model is no page");
    let version = get(&site.base(), "model-versions/11").json();
    assert_eq!(version["images"][0].get("id"), None);
    assert!(version["air"].as_str().is_some_and(|air| air.ends_with("civitai:1@11")));
    let tags = get(&site.base(), "tags?limit=5").json();
    assert_eq!((&tags["metadata"]["totalItems"], &tags["metadata"]["totalPages"]), (&json!(0), &json!(1)));
    assert_eq!(get(&site.base(), "creators?limit=3").json()["metadata"]["totalPages"], 3);
}

#[test]
fn a_list_of_creators_without_order_repeats_some_and_skips_some() {
    let site = site(Quirks { shuffles_creators: true, ..Quirks::default() });
    let names: Vec<Value> = (1..=3)
        .flat_map(|page| {
            let page = get(&site.base(), &format!("creators?limit=3&page={page}")).json();
            page["items"].as_array().expect("items").clone()
        })
        .map(|item| item["username"].clone())
        .collect();
    let distinct: BTreeSet<&str> = names.iter().filter_map(Value::as_str).collect();
    assert_eq!((names.len(), distinct.len()), (7, 5));
}

#[test]
fn an_answer_that_is_known_is_not_sent_again_until_it_changes() {
    let site = todays();
    let first = get(&site.base(), "models/1");
    let (tag, date) = (first.header("etag").expect("a tag"), first.header("last-modified").expect("a date"));
    let again = |headers: &[(&str, &str)]| ask(&site.base(), "GET", "models/1", headers, b"");
    assert_eq!(
        (again(&[("If-None-Match", tag)]).status, again(&[("If-None-Match", tag)]).body.len()),
        (304, 0)
    );
    assert_eq!(again(&[("If-Modified-Since", date)]).status, 304);
    site.evolve([Change::Rename(1, "Another name")]);
    assert_eq!(again(&[("If-None-Match", tag)]).status, 200);
    assert_eq!(again(&[("If-Modified-Since", date)]).json()["name"], "Another name");
}

#[test]
fn a_key_comes_back_in_the_link_to_the_next_page() {
    let site = site(Quirks { cursors: Cursors::AsTheSite, echoes_token: true, ..Quirks::default() });
    let link = |heard: &Value| heard["metadata"]["nextPage"].as_str().expect("a link").to_owned();
    let in_query = link(&get(&site.base(), "images?limit=5&token=hunter2").json());
    assert!(in_query.starts_with(&site.base()) && in_query.contains("token=hunter2"), "{in_query}");
    let header = [("Authorization", "Bearer hunter3")];
    let in_header = link(&ask(&site.base(), "GET", "images?limit=5", &header, b"").json());
    assert!(in_header.contains("token=hunter3"), "{in_header}");
}

#[test]
fn an_index_has_a_depth_where_it_ends_without_a_word() {
    let site = site(Quirks { depth_limit: Some(20), ..Quirks::default() });
    assert_eq!(walk(&site, "images?sort=Newest&limit=10"), ((531..=550).rev().collect(), 2));
}

#[test]
fn pages_and_items_can_be_too_large() {
    let quirks = Quirks {
        oversized_above: Some((20, 50_000)),
        huge_item: Some((FIRST_IMAGE, 90_000)),
        ..Quirks::default()
    };
    let site = site(quirks);
    let length = |path: &str| get(&site.base(), path).body.len();
    assert_eq!(length("images?limit=21&sort=Newest"), 50_000);
    assert!(length("images?limit=20&sort=Newest") < 50_000);
    assert!(length("images?limit=1&sort=Oldest") > 90_000);
}

#[test]
fn every_era_writes_its_own_cursors_and_items() {
    let of = |era: Era| site(Quirks { cursors: Cursors::AsTheSite, era, ..Quirks::default() });
    let page = |era: Era| get(&of(era).base(), "images?sort=Newest&limit=10").json();
    let cursor = |era: Era| page(era)["metadata"]["nextCursor"].clone();
    assert_eq!(cursor(Era::July2023), json!(540));
    assert_eq!(cursor(Era::June2024), json!("540"));
    assert_eq!(cursor(Era::October2024), json!("10|1754611200000"));
    assert!(cursor(Era::TodayAlternate).as_str().is_some_and(|text| text.starts_with("10|bdx:{\"")));
    for era in [Era::July2023, Era::June2024, Era::October2024, Era::Today, Era::TodayAlternate] {
        assert_eq!(walk(&of(era), "images?sort=Newest&limit=10&withMeta=true").0.len(), 50, "{era:?}");
    }
    let old = &page(Era::July2023)["items"][0];
    assert!(old["meta"].is_object() && old["nsfw"] == false, "{old}");
    assert!(old.get("browsingLevel").is_none() && old.get("modelVersionIds").is_none(), "{old}");
    assert!(old["url"].as_str().is_some_and(|url| url.contains("/width=832/")), "{old}");
    let composite = get(&of(Era::July2023).base(), "images?sort=Most%20Reactions&limit=10").json();
    assert_eq!(composite["metadata"]["nextCursor"], Value::Null);
    assert!(page(Era::Today)["items"][0]["meta"].is_null(), "not asked for");
    assert!(page(Era::June2024)["items"][0]["browsingLevel"].is_u64());
    let whole_seconds = page(Era::TodayAlternate)["items"][0]["createdAt"].clone();
    assert_eq!(whole_seconds, "2026-01-02T03:04:05Z");
    let model = |era: Era| get(&of(era).base(), "models?limit=1").json()["items"][0].clone();
    let (old, new) = (model(Era::July2023), model(Era::Today));
    assert!(old["modelVersions"][0]["modelId"].is_u64() && new["modelVersions"][0].get("modelId").is_none());
    assert!(old["modelVersions"][0]["images"][0]["meta"].is_object());
    assert_eq!(model(Era::June2024)["allowCommercialUse"], json!(["Image", "Rent"]));
    let wrapped = get(&of(Era::Today).base(), "images?imageId=501&withMeta=true&browsingLevel=31").json();
    assert_eq!(wrapped["items"][0]["meta"]["id"], 501);
}

#[test]
fn the_site_changes_while_it_is_read() {
    let site = todays();
    let mut new = documents(Size { images: 51, models: 12 }).pop().expect("the last is an image");
    new["createdAt"] = json!("2026-02-02T03:04:05.678Z");
    site.evolve_at(2, [Change::Publish(Box::new(new)), Change::RemoveImage(505), Change::HideMeta(506)]);
    let (all, _) = walk(&site, "images?sort=Newest&limit=10&withMeta=true");
    let distinct: BTreeSet<u64> = all.iter().copied().collect();
    assert_eq!(
        (all.len(), distinct.len()),
        (50, 49),
        "one came twice, one is gone, and the new one was missed"
    );
    let second = walk(&site, "images?sort=Newest&limit=10&withMeta=true").0;
    assert!(second.contains(&551) && !second.contains(&505));
    let hidden = get(&site.base(), "images?imageId=506&withMeta=true&flatMeta=true").json();
    assert_eq!(hidden["items"][0]["meta"], Value::Null);
    let sha256 = "AB".repeat(32);
    site.evolve([Change::Rehash(11, sha256.clone()), Change::TakeDownVersion(21), Change::TakeDownModel(3)]);
    assert_eq!(get(&site.base(), &format!("model-versions/by-hash/{sha256}")).json()["id"], 11);
    assert_eq!((status(&site, "model-versions/21"), status(&site, "models/3")), (404, 404));
    assert_eq!(status(&site, "model-versions/22"), 200);
}

#[test]
fn every_fault_is_as_broken_as_it_says() {
    let site = todays();
    let heard = |fault: Fault| {
        site.script([fault]);
        get(&site.base(), "images?limit=20&sort=Newest&withMeta=true")
    };
    let whole = heard(Fault::None);
    assert_eq!(whole.status, 200);
    assert!(heard(Fault::Reset).body.len() < whole.body.len());
    assert!(
        heard(Fault::BrokenOff).body.len()
            < whole.header("content-length").map_or(0, |_| whole.body.len() + 100)
    );
    let challenge = heard(Fault::Challenge(403));
    assert_eq!((challenge.status, challenge.header("cf-mitigated")), (403, Some("challenge")));
    assert_eq!(heard(Fault::Region).json()["code"], "REGION_BLOCKED");
    assert!(std::str::from_utf8(&heard(Fault::InvalidUtf8).body).is_err());
    assert!(heard(Fault::WrongTypes).json()["items"][0]["id"].is_string());
    assert_eq!(heard(Fault::Oversized(60_000)).body.len(), 60_000);
    assert_eq!(heard(Fault::OversizedAbove(19, 70_000)).body.len(), 70_000);
    assert_eq!(heard(Fault::OversizedAbove(20, 70_000)).body.len(), whole.body.len());
    site.script([Fault::Trickle(Duration::from_millis(1))]);
    let began = Instant::now();
    let slow = get(&site.base(), "images?limit=0&modelId=1");
    assert!(began.elapsed() >= Duration::from_millis(slow.body.len() as u64));
    assert_eq!(slow.status, 200);
}

#[test]
fn seeded_faults_are_the_same_each_time_and_never_more_than_three_in_a_row() {
    let drawn = |seed: u64| {
        let site = todays();
        site.seed(Some(Seeded::new(seed, 600, vec![Fault::Status(500), Fault::Empty])));
        let statuses: Vec<(u16, usize)> = (0..60)
            .map(|_| get(&site.base(), "enums"))
            .map(|heard| (heard.status, heard.body.len().min(1)))
            .collect();
        statuses
    };
    let first = drawn(1);
    assert_eq!(first, drawn(1));
    assert_ne!(first, drawn(2));
    let failed = |(status, bytes): &(u16, usize)| *status != 200 || *bytes == 0;
    assert!((20..50).contains(&first.iter().filter(|heard| failed(heard)).count()), "{first:?}");
    assert!(first.windows(4).all(|four| !four.iter().all(failed)), "{first:?}");
}
