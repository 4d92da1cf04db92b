//! `resolve`, `crawl sync`, `crawl plan` and `--refresh` from the outside: what they print, and how they end.

use serde_json::Value;
use stemmata::crawl::HomeLock;
use stemmata::entity::Timestamp;

use crate::support::cli::{Answer, Home};
use crate::support::site::{Change, Quirks, Site};
use crate::support::world::{Size, documents};

const SIZE: Size = Size { images: 30, models: 6 };

fn site() -> Site {
    Site::start(documents(SIZE), Quirks::default())
}

/// Runs a command that asks the site, as fast as it can.
fn ask(home: &Home, site: &Site, arguments: &[&str]) -> Answer {
    let base = site.base();
    let all = [arguments, &["--api-base", &base, "--max-rps", "10000", "--json"]].concat();
    home.run(&all)
}

fn steps(answer: &Value) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let steps = answer["steps"].as_array().expect("a list of steps");
    steps.iter().map(|step| (word(&step["step"]), word(&step["end"]))).collect()
}

#[test]
fn a_dry_run_tells_what_resolving_costs_and_resolving_leaves_nothing() {
    let (home, site) = (Home::new(), site());
    ask(&home, &site, &["crawl", "images"]).json();
    let sent = site.requests().len();
    let plan = home.run(&["resolve", "--dry-run", "--json", "--offline"]).json();
    assert_eq!(plan, home.run(&["resolve", "--dry-run", "--json"]).json(), "a plan is the same each time");
    assert_eq!(site.requests().len(), sent);
    assert_eq!((&plan["hashes_alone"], &plan["versions"]), (&Value::from(6), &Value::from(6)));
    assert_eq!(plan["requests"]["most"], 12);
    assert_eq!(plan["first"][0]["images"], 5);
    assert_eq!(plan["links_up_to_date"], true);

    let report = ask(&home, &site, &["resolve"]).json();
    assert_eq!((&report["command"], &report["end"]), (&Value::from("resolve"), &Value::from("done")));
    assert_eq!(
        (&report["read"]["hashes found"], &report["read"]["versions found"]),
        (&Value::from(6), &Value::from(6))
    );
    assert_eq!(report["read"]["requests"], 6, "the version that came for a hash is not fetched again");
    assert_eq!(home.run(&["stats", "--json"]).json()["unresolved"], 0);
    let nothing = ask(&home, &site, &["resolve"]).json();
    assert_eq!((&nothing["end"], &nothing["read"]["requests"]), (&Value::from("done"), &Value::from(0)));
}

#[test]
fn a_budget_ends_a_run_in_good_order_and_the_same_line_goes_on() {
    let (home, site) = (Home::new(), site());
    ask(&home, &site, &["crawl", "images"]).json();
    let report = ask(&home, &site, &["resolve", "--max-requests", "2"]).json();
    assert_eq!((&report["end"], &report["read"]["left"]), (&Value::from("budget"), &Value::from(10)));
    let report = ask(&home, &site, &["resolve"]).json();
    assert_eq!((&report["end"], &report["read"]["requests"]), (&Value::from("done"), &Value::from(4)));
}

#[test]
fn a_sync_takes_its_steps_in_order_and_each_can_be_left_out() {
    let (home, site) = (Home::new(), site());
    let report = ask(&home, &site, &["crawl", "sync", "--period", "all-time"]).json();
    let done = ["images", "models", "stale", "versions", "hashes"];
    assert_eq!(steps(&report), done.map(|step| (step.to_owned(), "done".to_owned())));
    assert_eq!(home.run(&["stats", "--json"]).json()["unresolved"], 0);
    let sent = site.requests().len();
    let plan = |arguments: &[&str]| {
        let base = site.base();
        home.run(&[&["crawl", "plan", "--json", "--api-base", &base, "--offline"], arguments].concat()).json()
    };
    let all = plan(&[]);
    assert_eq!(all, plan(&[]), "a plan is the same each time");
    assert_eq!(all["requests"]["least"], 2, "a page of the newest images, and one of models");
    assert_eq!(plan(&["--only", "hashes,stale"])["requests"]["most"], 0);
    assert_eq!(site.requests().len(), sent, "a plan sends nothing");

    site.evolve([Change::TakeDownModel(6)]);
    let report = ask(&home, &site, &["crawl", "sync", "--only", "models,images"]).json();
    assert_eq!(steps(&report).into_iter().map(|(step, _)| step).collect::<Vec<_>>(), ["images", "models"]);
    assert_eq!(site.requests().len(), sent + 2, "one page of known ground each");
}

#[test]
fn the_site_is_not_asked_under_offline_unless_it_is_on_this_machine() {
    let (home, site) = (Home::new(), site());
    ask(&home, &site, &["crawl", "images", "--max-items", "5"]).json();
    for command in [&["resolve"][..], &["crawl", "sync"], &["crawl", "model", "1"]] {
        let answer = home.run(&[command, &["--offline", "--json"]].concat());
        assert_eq!(
            (answer.code, &answer.error()["code"]),
            (5, &Value::from("network.offline")),
            "{command:?}"
        );
    }
    ask(&home, &site, &["resolve", "--offline"]).json();
}

#[test]
fn what_was_gone_is_asked_for_again_on_request_and_what_cannot_exist_never() {
    let (home, site) = (Home::new(), site());
    let read = |answer: &Answer| -> Value {
        serde_json::from_str::<Value>(&answer.stdout).expect("a summary")["read"].clone()
    };
    let asked = ask(&home, &site, &["crawl", "version", "9999", "99999999999"]);
    assert_eq!(
        (asked.code, &read(&asked)["not found"], &read(&asked)["impossible"]),
        (4, &1.into(), &1.into())
    );
    let spared = ask(&home, &site, &["crawl", "version", "9999"]);
    assert_eq!((spared.code, &read(&spared)["requests"]), (4, &0.into()));
    assert!(spared.stderr.contains("--refresh asks again"), "{}", spared.stderr);
    let refreshed = ask(&home, &site, &["crawl", "version", "9999", "--refresh"]);
    assert_eq!((refreshed.code, &read(&refreshed)["requests"]), (4, &1.into()));
}

#[test]
fn there_is_nothing_to_resolve_without_a_catalog() {
    let home = Home::new();
    for command in [&["resolve", "--offline", "--dry-run"][..], &["crawl", "plan"]] {
        let answer = home.run(&[command, &["--json"]].concat());
        assert_eq!(
            (answer.code, &answer.error()["code"]),
            (8, &Value::from("catalog.missing")),
            "{command:?}"
        );
    }
}

#[test]
fn nothing_is_asked_while_another_process_crawls_into_the_home() {
    let (home, site) = (Home::new(), site());
    ask(&home, &site, &["crawl", "images", "--max-items", "5"]).json();
    let sent = site.requests().len();
    let now = Timestamp::parse("2026-03-04T05:06:07Z").expect("a valid time");
    let _lock = HomeLock::take(home.path(), "crawl models", now).expect("nobody else has it");
    for command in [&["resolve"][..], &["crawl", "sync"], &["crawl", "version", "11"]] {
        let answer = ask(&home, &site, command);
        assert_eq!((answer.code, &answer.error()["code"]), (8, &Value::from("home.locked")), "{command:?}");
    }
    home.run(&["crawl", "plan", "--json"]).json();
    home.run(&["resolve", "--dry-run", "--json"]).json();
    assert_eq!(site.requests().len(), sent);
}
