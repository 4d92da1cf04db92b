//! Two commands that crawl into one home: the second ends at once, says who is there, and harms nothing.

use std::time::{Duration, Instant};

use super::{PATIENCE, Place};
use crate::support::site::Fault;

const LINE: &[&str] = &["crawl", "images", "--limit", "20"];

#[test]
fn a_second_crawl_into_a_home_ends_at_once_and_the_home_is_free_when_the_first_is_killed() {
    let calm = Place::new(None);
    for line in [&["crawl", "models"], LINE] {
        calm.finish(line);
    }
    let place = Place::new(None);
    place.finish(&["crawl", "models"]);
    let before = place.site.request_count();
    place.site.script([Fault::None, Fault::None, Fault::Hang]);
    let mut first = place.start(LINE);
    let began = Instant::now();
    while place.site.request_count() < before + 3 {
        assert!(began.elapsed() < PATIENCE, "the first crawl does not begin");
        std::thread::sleep(Duration::from_millis(1));
    }
    let others: [&[&str]; 3] = [LINE, &["crawl", "models", "--format", "json"], &["crawl", "image", "501"]];
    for line in others {
        let base = place.site.base();
        let mut words = place.words(line, &base);
        words.extend(["--format", "json"].iter().filter(|_| !line.contains(&"--format")));
        let answer = place.home.run(&words);
        assert_eq!(answer.code, 8, "{answer:?}");
        let error = answer.error();
        assert_eq!(error["code"], "home.locked");
        let holder = first.id().to_string();
        assert!(error["message"].as_str().is_some_and(|text| text.contains(&holder)), "{error}");
        assert!(error["hint"].is_string(), "{error}");
    }
    assert_eq!(place.site.request_count(), before + 3, "nothing was sent by the others");
    let reading = place.home.run(&["stats", "--format", "json"]);
    assert_eq!(reading.json()["models"], 40, "reading works meanwhile");
    first.kill().expect("can be killed");
    first.wait().expect("ends");
    place.finish(LINE);
    let images = |place: &Place| place.home.run(&["export", "images", "--format", "ndjson", "-q"]).stdout;
    assert!(images(&place) == images(&calm), "the others left traces");
}
