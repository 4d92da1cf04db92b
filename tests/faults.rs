//! Whatever the site or the network does, the crawl survives it or names it, and no secret leaves for another host.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use stemmata::crawl::{CrawlEnd, CrawlError, CrawlOptions, CrawlReport, ImageFilter, Listing, crawl_listing};
use stemmata::fetch::{Actor, Client, FetchError, Settings, Token};
use stemmata::run::RunContext;

use crate::support::cli;
use crate::support::home::{Home, block_on, context, settings};
use crate::support::site::{Fault, Quirks, Site};
use crate::support::world::{Size, documents};

const IMAGES: u64 = 30;

fn site() -> Site {
    Site::start(documents(Size { images: IMAGES, models: 5 }), Quirks::default())
}

fn all_images() -> Listing {
    Listing::Images(ImageFilter::default())
}

const PAGES_OF_TEN: CrawlOptions = CrawlOptions { page_limit: Some(10), ..CrawlOptions::ALL };

/// Walks 30 images in pages of 10 while `faults` befall the requests in turn.
fn walk(faults: &[Fault]) -> (Home, Site, Result<CrawlReport, CrawlError>) {
    let site = site();
    site.script(faults.iter().cloned());
    let mut home = Home::new();
    let walked = home.crawl(&site, &all_images(), PAGES_OF_TEN);
    (home, site, walked)
}

/// The error with which a walk ends at its second page, after the first was committed.
fn error_on_second_page(faults: &[Fault]) -> FetchError {
    let mut all = vec![Fault::None];
    all.extend(faults.iter().cloned());
    let (home, _site, walked) = walk(&all);
    let Err(CrawlError::Page { report, source }) = walked else {
        unreachable!("{faults:?} was survived: {walked:?}")
    };
    assert_eq!((report.pages, home.images().len()), (1, 10), "{faults:?}");
    source
}

#[test]
fn a_passing_fault_costs_a_request_and_no_item() {
    let faults = [
        Fault::Status(408),
        Fault::Status(429),
        Fault::Status(500),
        Fault::Status(502),
        Fault::Status(503),
        Fault::Status(522),
        Fault::RetryAfter(503, "0".to_owned()),
        Fault::RetryAfter(429, "Mon, 01 Jan 2001 00:00:00 GMT".to_owned()),
        Fault::Html(200),
        Fault::Html(502),
        Fault::Html(403),
        Fault::Html(429),
        Fault::BrokenOff,
        Fault::CutShort,
        Fault::Garbled,
        Fault::Empty,
    ];
    for fault in faults {
        let (home, site, walked) = walk(&[Fault::None, fault.clone(), fault.clone()]);
        let report = walked.expect("the fault passes");
        assert_eq!((report.end, report.tally.items), (CrawlEnd::Finished, IMAGES), "{fault:?}");
        assert_eq!(home.images().len() as u64, IMAGES, "{fault:?}");
        assert_eq!((site.requests().len(), report.tally.traffic.requests), (5, 5), "{fault:?}");
    }
}

#[test]
fn a_lasting_fault_is_named_after_six_tries() {
    type Names = fn(&FetchError) -> bool;
    let faults: [(Fault, Names); 6] = [
        (Fault::Status(503), |error| matches!(error, FetchError::Server { status: 503, .. })),
        (Fault::Status(429), |error| matches!(error, FetchError::Throttled { .. })),
        (Fault::Html(200), |error| matches!(error, FetchError::Html { status: 200, .. })),
        (Fault::BrokenOff, |error| matches!(error, FetchError::Truncated { .. })),
        (Fault::CutShort, |error| matches!(error, FetchError::Truncated { .. })),
        (Fault::Empty, |error| matches!(error, FetchError::Empty { .. })),
    ];
    for (fault, is_named) in faults {
        let error = error_on_second_page(&vec![fault.clone(); 6]);
        assert!(is_named(&error), "{fault:?} became {error:?}");
        assert_eq!(error.actor(), Actor::Later, "{fault:?}");
    }
}

#[test]
fn a_refusal_is_never_tried_again() {
    type Names = fn(&FetchError) -> bool;
    let faults: [(Fault, Names); 6] = [
        (Fault::Html(404), |error| matches!(error, FetchError::Html { status: 404, .. })),
        (Fault::Status(401), |error| matches!(error, FetchError::Refused { status: 401, .. })),
        (Fault::Status(403), |error| matches!(error, FetchError::Refused { status: 403, .. })),
        (Fault::Status(404), |error| matches!(error, FetchError::NotFound { .. })),
        (Fault::Status(451), |error| matches!(error, FetchError::RegionBlocked { .. })),
        (Fault::Status(422), |error| matches!(error, FetchError::Rejected { status: 422, .. })),
    ];
    for (fault, is_named) in faults {
        let error = error_on_second_page(std::slice::from_ref(&fault));
        assert!(is_named(&error), "{fault:?} became {error:?}");
        assert_ne!(error.actor(), Actor::Later, "{fault:?}");
    }
}

#[test]
fn a_failed_walk_goes_on_with_the_same_line() {
    let (mut home, site, walked) = walk(&[Fault::None, Fault::Status(403)]);
    assert!(walked.is_err());
    let report = home.crawl(&site, &all_images(), PAGES_OF_TEN).expect("the fault is over");
    assert!(report.resumed);
    assert_eq!((report.tally.items, home.images().len() as u64), (20, IMAGES));
}

#[test]
fn a_document_that_stays_unreadable_is_named() {
    let (_home, site, walked) = walk(&[Fault::Garbled, Fault::Garbled, Fault::Garbled]);
    assert!(matches!(walked, Err(CrawlError::Document { .. })), "{walked:?}");
    assert_eq!(site.requests().len(), 3);
}

#[test]
fn a_page_number_out_of_reach_is_told_from_a_passing_429() {
    let client = |site: &Site| Client::new(settings(site)).expect("valid");
    let get = |page: &str| {
        let site = site();
        site.script([Fault::Status(429)]);
        let parameters = [("page".to_owned(), page.to_owned())];
        let answer = block_on(client(&site).get("images", &parameters, &context()));
        (answer.err(), site.requests().len())
    };
    let (error, requests) = get("9999");
    assert!(matches!(error, Some(FetchError::PageCap { .. })), "{error:?}");
    assert_eq!(requests, 1);
    let site = site();
    site.script([Fault::Status(429)]);
    assert!(block_on(client(&site).get("images", &[], &context())).is_ok());
}

#[test]
fn the_host_is_given_the_rest_it_asks_for() {
    let site = site();
    // The clock of the test stands 150 ms before this date.
    site.script([Fault::RetryAfter(429, "Wed, 04 Mar 2026 05:06:08 GMT".to_owned())]);
    let client = Client::new(settings(&site)).expect("valid");
    block_on(client.get("images", &[], &context())).expect("the second try succeeds");
    let at: Vec<Instant> = site.requests().iter().map(|request| request.at).collect();
    assert_eq!(at.len(), 2);
    assert!(at[1] - at[0] >= Duration::from_millis(140), "waited {:?}", at[1] - at[0]);
}

#[test]
fn a_rest_longer_than_patience_is_an_error_at_once() {
    let site = site();
    site.script([Fault::RetryAfter(429, "86400".to_owned())]);
    let client = Client::new(settings(&site)).expect("valid");
    let error = block_on(client.get("images", &[], &context())).expect_err("nobody waits a day");
    assert!(matches!(error, FetchError::Throttled { wait: Some(wait), .. } if wait.as_secs() == 86_400));
    assert_eq!(site.requests().len(), 1);
}

#[test]
fn requests_keep_their_distance_and_their_number() {
    let site = site();
    let client = Client::new(Settings { max_rps: 20.0, ..settings(&site) }).expect("valid");
    let context = context();
    let started = Instant::now();
    block_on(async {
        let get = || client.get("images", &[], &context);
        let (one, two, three, four) = tokio::join!(get(), get(), get(), get());
        assert!([one, two, three, four].iter().all(Result::is_ok));
    });
    // When they arrive says little on a busy machine; that the last was not sent before its turn holds on any.
    let took = started.elapsed();
    assert_eq!((site.requests().len(), client.traffic().requests), (4, 4));
    assert!(took >= Duration::from_millis(149), "three gaps of 50 ms took {took:?}");
}

#[test]
fn a_host_that_does_not_answer_in_time_is_asked_again_and_then_named() {
    let site = site();
    site.script(vec![Fault::Hang; 2]);
    let hasty = Settings { timeout: Duration::from_millis(60), ..settings(&site) };
    let mut once = hasty.clone();
    once.backoff.tries = 1;
    let get = |settings| block_on(Client::new(settings).expect("valid").get("images", &[], &context()));
    assert!(matches!(get(once), Err(FetchError::Timeout { .. })));
    // One more request hangs; its second try may need some more where the machine is busy.
    assert!(get(Settings { timeout: Duration::from_millis(200), ..hasty }).is_ok());
    assert!(site.requests().len() >= 3);
}

#[test]
fn the_token_goes_in_a_header_to_its_own_host_and_nowhere_else() {
    let (elsewhere, site) = (site(), site());
    let token = Token::parse("hunter2-secret").expect("valid");
    let client = Client::new(Settings { token: Some(token), ..settings(&site) }).expect("valid");
    site.script([Fault::Redirect(format!("{}/images", elsewhere.base()))]);
    let error =
        block_on(client.get("images", &[], &context())).expect_err("redirects to others are not followed");
    assert!(matches!(error, FetchError::Redirected { .. }), "{error:?}");
    site.script([Fault::Redirect("/api/v1/tags".to_owned())]);
    block_on(client.get("images", &[], &context())).expect("redirects within the host are followed");
    let requests = site.requests();
    assert_eq!((requests.len(), elsewhere.requests().len()), (3, 0));
    for request in &requests {
        assert_eq!(request.header("authorization"), Some("Bearer hunter2-secret"));
        assert!(!request.query.contains("hunter2"));
    }
    assert!(!format!("{error:?} {error} {client:?}").contains("hunter2"));
}

#[test]
fn a_cursor_that_repeats_ends_the_walk_and_is_noted() {
    let (home, _site, walked) = walk(&[Fault::None, Fault::Cursor("10|1754611200000")]);
    let report = walked.expect("a loop is no error");
    assert_eq!((report.end, report.pages), (CrawlEnd::Finished, 2));
    assert_eq!(report.tally.anomalies.get("cursor_repeated"), Some(&1));
    let row = home.catalog.crawl(&report.listing).expect("readable").expect("the walk is known");
    assert_eq!(row.coverage.get("cursor_repeated"), Some(&1));
}

#[test]
fn a_cursor_that_the_site_refuses_ends_the_walk_and_is_noted() {
    let (home, _site, walked) = walk(&[Fault::Cursor("|made up")]);
    let report = walked.expect("a dead end is no error");
    assert_eq!((report.end, home.images().len()), (CrawlEnd::Finished, 10));
    assert_eq!(report.tally.anomalies.get("cursor_rejected"), Some(&1));
}

#[test]
fn a_listing_that_the_site_breaks_off_is_done_in_part_and_the_user_is_told() {
    let (site, home) = (site(), cli::Home::new());
    site.script([Fault::Cursor("|made up")]);
    let answer = home.run(&crawl_line(&site.base(), &["--no-index"]));
    assert_eq!(answer.code, 7, "{}", answer.stderr);
    assert!(answer.stderr.contains("broke the listing off before its end"), "{}", answer.stderr);
    let whole = home.run(&crawl_line(&site.base(), &["--no-index"]));
    assert_eq!(whole.code, 0, "{}", whole.stderr);
    assert!(!whole.stderr.contains("broke the listing off"), "{}", whole.stderr);
}

#[test]
fn an_empty_page_with_a_cursor_is_not_the_end() {
    let (home, _site, walked) = walk(&[Fault::None, Fault::NoItemsButCursor]);
    let report = walked.expect("the listing goes on");
    assert_eq!((report.pages, home.images().len()), (3, 20));
    assert_eq!(report.tally.anomalies.get("empty_page"), Some(&1));
}

#[test]
fn an_empty_first_page_is_noted_because_the_database_may_have_run_out_of_time() {
    let (_home, _site, walked) = walk(&[Fault::NoItems]);
    let report = walked.expect("an empty listing is no error");
    assert_eq!((report.end, report.tally.items), (CrawlEnd::Finished, 0));
    assert_eq!(report.tally.anomalies.get("empty_first_page"), Some(&1));
}

#[test]
fn a_damaged_item_costs_itself_and_is_named() {
    let (home, _site, walked) = walk(&[Fault::DamagedItems]);
    let report = walked.expect("the others go on");
    assert_eq!((report.tally.items, report.tally.failed_items), (IMAGES, 2));
    let reasons: Vec<(usize, &str)> =
        report.tally.failures.iter().map(|failure| (failure.position, failure.reason.as_str())).collect();
    assert_eq!(reasons, [(0, "item is null"), (1, "item is not an object")]);
    assert_eq!(home.images().len(), 28);
}

#[test]
fn repeated_items_are_counted_and_stored_once() {
    // The third page is the second again, under a cursor of its own.
    let (home, _site, walked) = walk(&[Fault::None, Fault::Cursor("011|1754611200000")]);
    let report = walked.expect("the listing goes on");
    assert_eq!(report.tally.anomalies.get("duplicate_item"), Some(&9));
    assert_eq!(home.images().len() as u64, IMAGES);
}

#[test]
fn a_request_that_hangs_is_left_within_a_moment_of_being_asked_to_stop() {
    let site = site();
    site.script([Fault::Hang]);
    let context: RunContext = context();
    let cancel = context.cancel.clone();
    let mut home = Home::new();
    let client = Client::new(settings(&site)).expect("valid");
    let (report, asked) = thread::scope(|scope| {
        let asking = scope.spawn(|| {
            while site.requests().is_empty() {
                thread::yield_now();
            }
            cancel.request();
            Instant::now()
        });
        let report =
            block_on(crawl_listing(&client, &mut home.catalog, &all_images(), &PAGES_OF_TEN, &context));
        (report, asking.join().expect("the thread only waits"))
    });
    // The client looks every 25 ms; a loaded machine gets a second.
    assert!(asked.elapsed() < Duration::from_secs(1), "left after {:?}", asked.elapsed());
    assert_eq!(report.expect("to be interrupted is no error").end, CrawlEnd::Interrupted);
}

/// The built command against `site`, as fast as this machine may be asked.
fn crawl_line<'a>(base: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["crawl", "images", "--limit", "10", "--api-base", base, "--max-rps", "5000"], more].concat()
}

fn stderr_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn another_machine_is_not_asked_faster_than_the_cap_whatever_the_flags_say() {
    let home = cli::Home::new();
    let base = ["crawl", "tags", "--api-base", "https://site.invalid/api/v1", "--json"];
    for more in [["--max-rps", "21"], ["--max-in-flight", "9"]] {
        let answer = home.run(&[base.as_slice(), &more].concat());
        assert_eq!((answer.code, answer.error()["code"].as_str()), (2, Some("network.too_fast")));
    }
    for more in [
        ["--max-rps", "0"],
        ["--contact", "me"],
        ["--max-bytes", "lots"],
        ["--timeout", "0"],
        ["--max-requests", "0"],
    ] {
        let answer = home.run(&[base.as_slice(), &more].concat());
        assert_eq!((answer.code, answer.error()["code"].as_str()), (2, Some("usage")), "{more:?}");
    }
    assert!(!home.path().join("catalog.db").exists(), "a refused line writes nothing");
}

#[test]
fn the_site_learns_what_asks_it_and_whom_to_write_to() {
    let (site, home) = (site(), cli::Home::new());
    let base = site.base();
    let output = home
        .command(&crawl_line(&base, &["--max-in-flight", "16", "--max-items", "10"]))
        .env("STEMMATA_CONTACT", "ann@example.org")
        .output()
        .expect("the command starts");
    assert_eq!(output.status.code(), Some(0), "{}", stderr_of(&output));
    let requests = site.requests();
    assert_eq!(requests.len(), 1);
    let agent = requests[0].header("user-agent").unwrap_or_default();
    assert!(agent.starts_with("stemmata/") && agent.ends_with("; ann@example.org)"), "{agent}");
}

#[test]
fn a_run_sends_no_request_beyond_its_budget_and_the_next_one_goes_on() {
    let (site, home) = (site(), cli::Home::new());
    let base = site.base();
    let output = home
        .command(&crawl_line(&base, &["--no-index"]))
        .env("STEMMATA_MAX_REQUESTS", "2")
        .output()
        .expect("the command starts");
    assert_eq!(output.status.code(), Some(0), "{}", stderr_of(&output));
    assert_eq!(site.requests().len(), 2);
    let rest = home.run(&crawl_line(&base, &["--no-index", "--json"])).json();
    assert_eq!((site.requests().len(), &rest["items"]), (3, &10.into()), "{rest}");
    let bytes = home.run(&crawl_line(&base, &["--no-index", "--max-bytes", "1"]));
    assert_eq!((bytes.code, site.requests().len()), (0, 4), "{}", bytes.stderr);
}

#[test]
fn progress_for_scripts_names_what_a_crawl_waits_for() {
    let (site, home) = (site(), cli::Home::new());
    site.script([Fault::None, Fault::RetryAfter(503, "1".to_owned())]);
    let base = site.base();
    let answer = home.run(&crawl_line(&base, &["--progress", "json", "--no-index", "--no-link", "--json"]));
    let summary = answer.json();
    let records: Vec<serde_json::Value> =
        answer.stderr.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    assert!(
        records.iter().all(|record| record["type"] == "progress" && record["stage"] == "crawl"),
        "{records:?}"
    );
    let waiting = records.iter().find(|record| record["state"] == "waiting").expect("the wait is told");
    // The second page is fetched while the first is written, so that its items may not be counted yet.
    assert!(waiting["items"].as_u64() <= Some(10) && waiting["failed"] == 0, "{waiting}");
    let reason = waiting["waiting"]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("failed with status 503"), "{reason}");
    assert!((1..=2).contains(&waiting["waiting"]["seconds"].as_u64().unwrap_or_default()), "{waiting}");
    let last = records.last().expect("the end is told");
    assert_eq!(
        (&last["state"], &last["items"], &last["retries"]),
        (&"over".into(), &IMAGES.into(), &1.into())
    );
    let traffic = &summary["traffic"];
    assert_eq!((&traffic["requests"], &traffic["retries"]), (&4.into(), &1.into()), "{summary}");
    assert!(traffic["waited_ms"]["asked"].as_u64() >= Some(1000), "{summary}");
    assert!(traffic["wire_bytes"].as_u64() < traffic["bytes"].as_u64(), "{summary}");
}

#[test]
fn a_site_that_takes_the_program_for_a_robot_is_left_alone_and_the_user_told_who_can_act() {
    let (site, home) = (site(), cli::Home::new());
    site.script([vec![Fault::None], vec![Fault::Html(403); 30]].concat());
    let base = site.base();
    let answer = home.run(&crawl_line(&base, &["--no-index"]));
    assert_eq!(answer.code, 6, "{}", answer.stderr);
    // The first page, three challenges in a row, and a probe after each of five rests.
    assert_eq!(site.requests().len(), 1 + 3 + 5);
    for words in ["bot challenge", "nothing more is sent", "hint: ", "--contact"] {
        assert!(answer.stderr.contains(words), "{words}: {}", answer.stderr);
    }
    assert!(answer.stderr.contains("images: 10 new"), "the first page stays: {}", answer.stderr);
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_a_hanging_page_says_how_to_go_on_and_loses_nothing() {
    let (site, home) = (site(), cli::Home::new());
    site.script([Fault::None, Fault::Hang]);
    let base = site.base();
    let line = crawl_line(&base, &["--no-index"]);
    let mut child = home.piped(&line);
    while site.requests().len() < 2 {
        assert!(child.try_wait().expect("it can be asked").is_none(), "it ended before its second page");
        thread::yield_now();
    }
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.expect("kill is there").success());
    let said: Vec<String> =
        BufReader::new(child.stderr.take().expect("piped")).lines().map_while(Result::ok).collect();
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let said = said.join("\n");
    assert!(said.contains("press Ctrl-C again to stop at once"), "{said}");
    assert!(said.contains("run `stemmata crawl images "), "{said}");
    let rest = home.run(&[line.as_slice(), &["--json"]].concat()).json();
    assert_eq!(rest["items"], 20, "{rest}");
}

#[test]
fn the_token_reaches_no_file_and_no_log_however_much_is_logged() {
    let (site, home) = (site(), cli::Home::new());
    let key = "0123456789abcdef0123456789abcdef";
    site.script([Fault::None, Fault::Redirect(format!("https://site.invalid/x?token={key}"))]);
    let base = site.base();
    let output = home
        .command(&crawl_line(&base, &[]))
        .env("CIVITAI_TOKEN", key)
        .env("STEMMATA_LOG", "trace")
        .output()
        .expect("the command starts");
    let said = stderr_of(&output);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("redirects to site.invalid"), "{said}");
    assert!(!said.contains(key) && !String::from_utf8_lossy(&output.stdout).contains(key), "{said}");
    let bearer = format!("Bearer {key}");
    assert!(site.requests().iter().all(|request| request.header("authorization") == Some(&bearer)));
    let files = files_below(home.path());
    assert!(files.iter().any(|file| file.ends_with("catalog.db")), "{files:?}");
    for file in files {
        let bytes = std::fs::read(&file).expect("readable");
        assert!(!bytes.windows(key.len()).any(|part| part == key.as_bytes()), "{}", file.display());
    }
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("readable").path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}
