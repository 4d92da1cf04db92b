use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::super::scripted::{Reply, Server, challenge, json, reply};
use super::super::{Actor, Breaker, Budget, Contact, Token};
use super::*;
use crate::entity::Timestamp;
use crate::run::{Cancel, Clock, Progress};

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("threads can be had").block_on(work)
}

fn client(server: &Server) -> Client {
    Client::new(server.settings()).expect("the settings are valid")
}

fn get(client: &Client) -> Result<Body, FetchError> {
    block_on(client.get("x", &[], &RunContext::quiet()))
}

fn page(cap: &[(&str, &str)]) -> Vec<(String, String)> {
    cap.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_look_up_by_post_sends_its_json_again_after_a_failure() {
    let server = Server::start(vec![reply(503, "", b""), json("[1]")]);
    let client = client(&server);
    let body = block_on(client.post_json("by-hash/ids", "[\"AB\"]", &RunContext::quiet())).expect("passes");
    assert_eq!(body.text(), "[1]");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert!(request.starts_with("POST /api/by-hash/ids HTTP/1.1\r\n"), "{request}");
        assert!(request.to_ascii_lowercase().contains("content-type: application/json\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\n[\"AB\"]"), "{request}");
    }
}

#[test]
fn a_look_up_that_is_redirected_is_not_taken_for_answered() {
    for status in [302, 307] {
        let server = Server::start(vec![reply(status, "Location: /api/other\n", b""), json("[1]")]);
        let error = block_on(client(&server).post_json("ids", "[]", &RunContext::quiet()));
        assert!(matches!(error, Err(FetchError::Redirected { .. })), "{error:?}");
    }
}

#[test]
fn what_has_not_changed_is_told_without_its_body() {
    let marks = "ETag: W/\"7\"\nLast-Modified: Wed, 21 Oct 2015 07:28:00 GMT\n";
    let server = Server::start(vec![reply(200, marks, b"{}"), reply(304, marks, b""), json("{\"a\":1}")]);
    let client = client(&server);
    let ask = |known: Option<&Validators>| {
        block_on(client.get_if_changed("x", &[], known, &RunContext::quiet())).expect("answered")
    };
    let Fetched::Body(first) = ask(None) else { unreachable!("nothing was known") };
    let known = first.validators.expect("both marks came");
    assert_eq!(
        (known.etag(), known.last_modified()),
        (Some("W/\"7\""), Some("Wed, 21 Oct 2015 07:28:00 GMT"))
    );
    assert_eq!(ask(Some(&known)), Fetched::Unchanged);
    let Fetched::Body(changed) = ask(Some(&known)) else { unreachable!("it changed") };
    assert_eq!((changed.text().as_ref(), changed.validators.as_ref()), ("{\"a\":1}", None));
    let second = server.requests()[1].to_ascii_lowercase();
    assert!(
        second.contains("if-none-match: w/\"7\"\r\n") && second.contains("if-modified-since: wed,"),
        "{second}"
    );
    assert_eq!((client.traffic().requests, client.traffic().unchanged), (3, 1));
}

#[test]
fn an_unchanged_that_was_not_asked_for_is_an_error() {
    let server = Server::start(vec![reply(304, "", b"")]);
    let answer = get(&client(&server));
    assert!(matches!(answer, Err(FetchError::Rejected { status: 304, .. })), "{answer:?}");
}

#[test]
fn nothing_is_sent_beyond_the_number_of_requests_allowed() {
    let server = Server::start(vec![json("{}"), reply(500, "", b""), reply(500, "", b"")]);
    let client = Client::new(Settings { max_requests: Some(3), ..server.settings() }).expect("valid");
    assert!(get(&client).is_ok());
    for _ in 0..2 {
        let answer = get(&client);
        let budget = Budget::Requests(3);
        assert!(
            matches!(&answer, Err(FetchError::BudgetSpent { budget: spent }) if *spent == budget),
            "{answer:?}"
        );
    }
    let traffic = client.traffic();
    assert_eq!((server.requests().len(), traffic.requests, traffic.retries), (3, 3, 1));
}

#[test]
fn clones_at_work_together_share_one_budget() {
    let server = Server::start(Vec::new());
    let settings = Settings { max_requests: Some(5), max_in_flight: 8, ..server.settings() };
    let client = Client::new(settings).expect("valid");
    let answered = block_on(async {
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.get("x", &[], &RunContext::quiet()).await.is_ok() })
            })
            .collect();
        let mut answered = 0;
        for task in tasks {
            answered += usize::from(task.await.expect("it does not panic"));
        }
        answered
    });
    assert_eq!((answered, server.requests().len()), (5, 5));
}

#[test]
fn after_the_bytes_allowed_no_request_is_sent_any_more() {
    let server = Server::start(vec![json("{\"a\":\"0123456789\"}")]);
    let client = Client::new(Settings { max_bytes: Some(10), ..server.settings() }).expect("valid");
    assert!(get(&client).is_ok(), "the body under way is read to its end");
    let answer = get(&client);
    assert!(matches!(answer, Err(FetchError::BudgetSpent { budget: Budget::Bytes(10) })), "{answer:?}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn an_interrupted_wait_counts_no_request_that_was_not_sent() {
    let server = Server::start(vec![reply(503, "Retry-After: 2\n", b"")]);
    let client = client(&server);
    let context = RunContext::quiet();
    let answer = block_on(async {
        let stop = async {
            while client.traffic().requests == 0 {
                tokio::task::yield_now().await;
            }
            context.cancel.request();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            answer = client.get("x", &[], &context) => answer,
            () = stop => unreachable!("it never ends"),
        }
    });
    assert!(matches!(answer, Err(FetchError::Cancelled)), "{answer:?}");
    assert_eq!((client.traffic().requests, client.traffic().retries), (1, 0));
}

#[test]
fn the_wait_that_a_server_asks_for_is_the_least_that_is_waited() {
    let server = Server::start(vec![reply(429, "Retry-After: 0\n", b"{}"), json("{}")]);
    let mut settings = server.settings();
    settings.backoff.first = Duration::from_millis(60);
    settings.backoff.ceiling = Duration::from_millis(60);
    let client = Client::new(settings).expect("valid");
    assert!(get(&client).is_ok());
    let waited = client.traffic().waited;
    assert!(waited.asked >= Duration::from_millis(60), "{waited:?}");
    assert_eq!(waited.retry, Duration::ZERO);
}

#[test]
fn a_page_beyond_the_cap_is_told_from_a_throttled_one() {
    for (parameters, is_capped) in [
        (page(&[("page", "11"), ("limit", "100")]), true),
        (page(&[("page", "11")]), true),
        (page(&[("page", "99999999999999999999")]), true),
        (page(&[("page", "2"), ("limit", "100")]), false),
        (page(&[("cursor", "11"), ("limit", "200")]), false),
    ] {
        let server = Server::start(vec![reply(429, "", b"{}")]);
        let answer = block_on(client(&server).get("models", &parameters, &RunContext::quiet()));
        assert_eq!(matches!(answer, Err(FetchError::PageCap { .. })), is_capped, "{parameters:?} {answer:?}");
        assert_eq!(server.requests().len(), if is_capped { 1 } else { 2 }, "{parameters:?}");
    }
}

#[test]
fn a_trickle_ends_at_the_deadline_and_a_silence_at_the_next_byte() {
    let cases = [
        (Reply::Trickle(Duration::from_millis(20)), Duration::from_millis(300), Duration::from_secs(20)),
        (Reply::Silence, Duration::from_secs(20), Duration::from_millis(100)),
    ];
    for (reply, timeout, read_timeout) in cases {
        let server = Server::start(vec![reply]);
        let mut settings = Settings { timeout, read_timeout, ..server.settings() };
        settings.backoff.tries = 1;
        let began = Instant::now();
        let answer = get(&Client::new(settings).expect("valid"));
        assert!(matches!(answer, Err(FetchError::Timeout { .. })), "{answer:?}");
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
}

#[test]
fn a_packed_body_is_bounded_by_what_it_unpacks_to() {
    let zstd = |body: &[u8]| zstd::bulk::compress(body, 1).expect("packs");
    let coding = "Content-Encoding: zstd\n";
    let bomb = zstd(&vec![b' '; 1 << 20]);
    assert!(bomb.len() < 1000);
    let server = Server::start(vec![reply(200, coding, &zstd(b"{\"a\":1}")), reply(200, coding, &bomb)]);
    let client = client(&server);
    assert_eq!(get(&client).expect("small").text(), "{\"a\":1}");
    let traffic = client.traffic();
    assert_eq!((traffic.bytes, traffic.wire_bytes), (7, zstd(b"{\"a\":1}").len() as u64));
    let answer = get(&client);
    assert!(matches!(answer, Err(FetchError::TooLarge { limit_bytes: 65_536, .. })), "{answer:?}");
}

#[test]
fn a_body_packed_in_a_way_that_was_not_asked_for_is_named() {
    let server = Server::start(vec![reply(200, "Content-Encoding: compress\n", b"xyz")]);
    let answer = get(&client(&server));
    assert!(matches!(answer, Err(FetchError::UnknownCoding { .. })), "{answer:?}");
    let request = server.requests()[0].to_ascii_lowercase();
    assert!(request.contains("accept-encoding: gzip, br, zstd\r\n"), "{request}");
}

#[test]
fn the_user_agent_says_what_this_is_and_whom_to_ask() {
    let server = Server::start(Vec::new());
    let contact = Some(Contact::parse("ann@example.org").expect("valid"));
    for (contact, ends) in [(contact, "/stemmata; ann@example.org)\r\n"), (None, "/stemmata)\r\n")] {
        assert!(get(&Client::new(Settings { contact, ..server.settings() }).expect("valid")).is_ok());
        let request = server.requests().pop().expect("one was sent");
        let (_, agent) = request.split_once("user-agent: ").expect("it names itself");
        assert!(agent.starts_with("stemmata/") && agent.contains(" (+https://"), "{agent}");
        assert!(agent.contains(ends), "{agent}");
    }
}

#[test]
fn another_machine_is_never_asked_beyond_the_cap() {
    let with = |base: &str, max_rps, max_in_flight| {
        let base = SafeUrl::parse(base).expect("valid");
        Client::new(Settings { max_rps, max_in_flight, ..Settings::new(base) }).err()
    };
    assert!(with("https://civitai.com/api/v1", 20.0, 8).is_none());
    assert!(with("http://127.0.0.1:9/", 5000.0, 64).is_none());
    for (max_rps, max_in_flight) in [(20.1, 8), (1.0, 9), (f64::NAN, 1), (f64::INFINITY, 1)] {
        let error = with("https://civitai.com/api/v1", max_rps, max_in_flight);
        assert!(matches!(error, Some(FetchError::TooFast { .. })), "{max_rps} {max_in_flight} {error:?}");
    }
}

#[test]
fn a_key_that_the_site_repeats_leaves_neither_in_a_body_nor_in_an_error() {
    let next = "{\"metadata\":{\"nextPage\":\"https://x/?token=hunter2-secret&page=2\"}}";
    let said = "{\"error\":\"bad query: Token=hunter2-secret&x=1 and token=another9\"}";
    let elsewhere = "Location: https://evil.example/?token=hunter2-secret\n";
    let server = Server::start(vec![
        json(next),
        reply(400, "", said.as_bytes()),
        reply(302, elsewhere, b""),
        reply(401, "Content-Type: application/json\n", said.as_bytes()),
    ]);
    let token = Some(Token::parse("hunter2-secret").expect("valid"));
    let client = Client::new(Settings { token, ..server.settings() }).expect("valid");
    let body = get(&client).expect("answered");
    assert_eq!(body.text(), next.replace("hunter2-secret", "REDACTED"));
    let mut shown = format!("{client:?}");
    for _ in 0..3 {
        let error = get(&client).expect_err("refused");
        shown += &format!("{error} {error:?}");
    }
    assert!(shown.contains("evil.example") && shown.contains("x=1"), "{shown}");
    assert!(!shown.contains("hunter2") && !shown.contains("another9"), "{shown}");
}

/// Hears what a client waits for.
#[derive(Default)]
struct Ear(Mutex<Vec<String>>);

impl Progress for Ear {
    fn begin(&self, _stage: &'static str, _total: Option<u64>) {}
    fn advance(&self, _items: u64) {}
    fn end(&self) {}
    fn waiting(&self, reason: &dyn fmt::Display, _wait: Duration) {
        self.0.lock().expect("no thread panics with it").push(reason.to_string());
    }
}

#[test]
fn three_challenges_in_a_row_make_the_client_rest_until_one_probe_passes() {
    let server = Server::start([vec![challenge(); 4], vec![json("{}")]].concat());
    let ear = Arc::new(Ear::default());
    let clock = Clock::Fixed(Timestamp::parse("2026-03-04T05:06:07Z").expect("valid"));
    let context = RunContext { cancel: Cancel::default(), progress: ear.clone(), clock };
    let client = client(&server);
    block_on(client.get("x", &[], &context)).expect("the second probe passes");
    let traffic = client.traffic();
    assert_eq!((traffic.requests, traffic.retries, traffic.challenges), (5, 4, 4));
    assert!(traffic.waited.challenge >= Duration::from_millis(2), "{:?}", traffic.waited);
    let heard = ear.0.lock().expect("no thread panics with it").join("\n");
    assert!(heard.contains("bot challenge") && heard.contains("takes this program for a robot"), "{heard}");
    // All is well again: two more challenges do not reach the third in a row.
    assert!(get(&client).is_ok());
}

#[test]
fn a_site_that_goes_on_challenging_is_left_alone_for_good() {
    let server = Server::start(vec![challenge(); 20]);
    let client = client(&server);
    let error = get(&client).expect_err("nobody passes");
    assert!(matches!(error, FetchError::Challenge { status: 403, given_up_after: Some(_), .. }), "{error:?}");
    assert_eq!(error.actor(), Actor::User);
    assert!(error.to_string().contains("nothing more is sent"), "{error}");
    // Three, and a probe after each of four rests.
    assert_eq!(server.requests().len(), 7);
    assert!(matches!(get(&client), Err(FetchError::Challenge { given_up_after: Some(_), .. })));
    assert_eq!(server.requests().len(), 7, "nothing is sent after the client gave up");
}

#[test]
fn a_page_that_only_a_browser_passes_is_told_from_maintenance() {
    let html = "Content-Type: text/html\n";
    let edge = "Content-Type: text/html\nServer: cloudflare\n";
    let one_try = |first: Reply| {
        let server = Server::start(vec![first]);
        let mut settings = server.settings();
        settings.backoff.tries = 1;
        settings.breaker = Breaker { challenges: 10, ..settings.breaker };
        get(&Client::new(settings).expect("valid")).expect_err("no document came")
    };
    for page in [
        reply(403, html, b"<html>Forbidden"),
        reply(429, html, b"<html>Too many"),
        reply(503, edge, b"<html>Wait"),
        reply(200, html, b"<html><title>Just a Moment...</title>"),
        reply(200, "cf-mitigated: challenge\n", b"{}"),
        reply(403, html, &[b"<html>".as_slice(), &[b' '; 100_000]].concat()),
    ] {
        let error = one_try(page);
        assert!(matches!(error, FetchError::Challenge { .. }), "{error:?}");
    }
    for page in [reply(200, html, b"<html>Maintenance"), reply(404, edge, b"<html>Nothing here")] {
        let error = one_try(page);
        assert!(matches!(error, FetchError::Html { .. }), "{error:?}");
    }
    let refused =
        one_try(reply(403, edge.split_once('\n').map_or("", |(_, rest)| rest), b"{\"error\":\"no\"}"));
    assert!(matches!(refused, FetchError::Refused { .. }), "{refused:?}");
}
