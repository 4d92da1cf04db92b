use std::time::Duration;

use proptest::prelude::*;

use super::body::{Look, look, message};
use super::retry::retry_after;
use super::*;
use crate::entity::Timestamp;

fn timestamp(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("the test writes a valid time")
}

#[test]
fn a_url_is_accepted_over_tls_or_to_this_machine_only() {
    for good in
        ["https://civitai.com/api/v1", "http://127.0.0.1:8080", "http://localhost/x", "http://[::1]:9/api"]
    {
        assert!(SafeUrl::parse(good).is_ok(), "{good}");
    }
    for bad in
        ["http://civitai.com", "http://127.0.0.1.evil.example", "ftp://localhost", "file:///etc/passwd"]
    {
        assert!(
            matches!(SafeUrl::parse(bad), Err(FetchError::Insecure { .. } | FetchError::BadUrl)),
            "{bad}"
        );
    }
    for bad in ["", "civitai.com", "https://", "https://ann:secret@civitai.com/"] {
        assert!(matches!(SafeUrl::parse(bad), Err(FetchError::BadUrl)), "{bad}");
    }
}

#[test]
fn a_shown_url_hides_its_token_and_keeps_the_rest() {
    let url = SafeUrl::parse("https://civitai.com/api/v1/images?limit=5&ToKeN=hunter2").expect("valid");
    assert_eq!(url.to_string(), "https://civitai.com/api/v1/images?limit=5&ToKeN=REDACTED");
    assert!(!format!("{url:?}").contains("hunter2"));
}

#[test]
fn a_path_is_appended_below_the_base_and_parameters_are_encoded() {
    let base = SafeUrl::parse("https://civitai.com/api/v1/").expect("valid");
    let parameters = [("cursor".to_owned(), "5|bdx:{\"a\":\"b c\"}".to_owned())];
    let url = base.join("/images", &parameters);
    assert_eq!(
        url.to_string(),
        "https://civitai.com/api/v1/images?cursor=5%7Cbdx%3A%7B%22a%22%3A%22b+c%22%7D"
    );
    assert_eq!(url.parameter("cursor").as_deref(), Some("5|bdx:{\"a\":\"b c\"}"));
    assert_eq!(base.join("models/5", &[]).to_string(), "https://civitai.com/api/v1/models/5");
}

#[test]
fn a_token_never_shows_itself() {
    let token = Token::parse(" abc123secret \n").expect("valid");
    assert!(!format!("{token:?} {token}").contains("secret"));
    assert_eq!(token.scrub("bad key abc123secret"), "bad key REDACTED");
    assert!(matches!(Token::parse(" \n"), Err(TokenError::Malformed)));
    assert!(matches!(Token::parse("two words"), Err(TokenError::Malformed)));
}

#[cfg(unix)]
#[test]
fn a_token_file_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("token");
    std::fs::write(&path, "abc123\n").expect("writable");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("owned by us");
    assert!(matches!(Token::from_file(&path), Err(TokenError::Exposed { .. })));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("owned by us");
    assert!(Token::from_file(&path).is_ok());
    assert!(matches!(Token::from_file(&folder.path().join("none")), Err(TokenError::Unreadable { .. })));
}

#[test]
fn retry_after_is_read_as_seconds_or_as_a_date() {
    let now = timestamp("2015-10-21T07:28:00Z");
    assert_eq!(retry_after(" 7 ", now), Some(Duration::from_secs(7)));
    assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:30 GMT", now), Some(Duration::from_secs(30)));
    assert_eq!(retry_after("Wed, 21 Oct 2015 07:00:00 GMT", now), Some(Duration::ZERO));
    assert_eq!(retry_after("soon", now), None);
    assert_eq!(retry_after("-1", now), None);
}

#[test]
fn a_body_is_judged_by_its_ends() {
    assert_eq!(look(b" \n", None), Look::Empty);
    assert_eq!(look(b"\xEF\xBB\xBF{\"items\":[]}\n", Some("application/json")), Look::Plausible);
    assert_eq!(look(b"{\"items\":[", None), Look::CutShort);
    assert_eq!(look(b"[{}", None), Look::CutShort);
    assert_eq!(look(b"\n<!DOCTYPE html>", Some("application/json")), Look::Html);
    assert_eq!(look(b"Just a moment...", Some("text/html; charset=utf-8")), Look::Html);
}

#[test]
fn a_server_message_is_found_in_each_of_its_shapes() {
    assert_eq!(message(br#"{"error":"No model with id 5"}"#), "No model with id 5");
    assert_eq!(
        message(br#"{"error":{"name":"ZodError","message":"[{\"message\":\"Bad\\ncursor\"}]"}}"#),
        "Bad cursor"
    );
    assert_eq!(message(br#"[{"code":"too_small","message":"Too small"}]"#), "Too small");
    assert_eq!(message(br#"{"issues":[{"message":"Unknown sort"}],"name":"ZodError"}"#), "Unknown sort");
    assert_eq!(message(b"<html>"), "");
}

#[test]
fn waits_double_within_their_bounds_and_end_after_the_last_try() {
    let backoff =
        Backoff { first: Duration::from_secs(1), ceiling: Duration::from_secs(4), ..Backoff::default() };
    let delays: Vec<Duration> = backoff.delays().collect();
    assert_eq!(delays.len(), 5);
    for (delay, floor) in delays.iter().zip([1, 2, 4, 4, 4]) {
        let floor = Duration::from_secs(floor);
        let most = (floor * 2).min(backoff.ceiling);
        assert!(*delay >= floor && *delay <= most, "{delay:?} is not {floor:?} with jitter");
    }
}

#[test]
fn a_key_is_taken_out_of_every_body_that_repeats_it() {
    let token = Token::parse("0123456789abcdef").expect("valid");
    assert_eq!(token.scrub_body(b"a 0123456789abcdef b".to_vec()), b"a REDACTED b");
    assert_eq!(token.scrub_body(b"\xff 0123456789abcdef".to_vec()), "\u{fffd} REDACTED".as_bytes());
    assert_eq!(token.scrub_body(b"\xff 0123456789abcde".to_vec()), b"\xff 0123456789abcde");
    let short = Token::parse("id").expect("valid");
    assert_eq!(short.scrub_body(b"{\"id\":1}".to_vec()), b"{\"id\":1}", "it would occur by chance");
}

#[test]
fn traffic_since_a_moment_is_what_came_on_top() {
    let waited =
        |s| Waited { asked: Duration::from_secs(s), pace: Duration::from_secs(1), ..Waited::default() };
    let before = Traffic { requests: 2, bytes: 10, waited: waited(1), ..Traffic::default() };
    let now = Traffic { requests: 5, bytes: 10, unchanged: 1, waited: waited(4), ..Traffic::default() };
    let since = now.since(&before);
    assert_eq!((since.requests, since.bytes, since.unchanged), (3, 0, 1));
    assert_eq!((since.waited.total(), now.waited.total()), (Duration::from_secs(3), Duration::from_secs(5)));
}

proptest! {
    #[test]
    fn no_retry_after_makes_its_reader_panic(header in "[0-9]{0,25}|[ -~]{0,40}|.*", now_ms in 0_i64..4_000_000_000_000) {
        let now = Timestamp::from_millis(now_ms).expect("a year that exists");
        let read = retry_after(&header, now);
        let digits = header.trim();
        if let Ok(seconds) = digits.parse::<u64>() {
            prop_assert_eq!(read, Some(Duration::from_secs(seconds)));
        }
    }

    #[test]
    fn no_body_makes_the_judge_panic(bytes: Vec<u8>, kind: Option<String>) {
        look(&bytes, kind.as_deref());
        prop_assert!(message(&bytes).chars().count() <= 200);
    }

    #[test]
    fn no_text_makes_a_url_that_shows_its_token(secret in "[a-z]{12}", key in "(token|TOKEN|Token)") {
        let url = SafeUrl::parse(&format!("https://civitai.com/x?a=1&{key}={secret}&b=2"));
        prop_assert!(!url.map(|url| url.to_string()).unwrap_or_default().contains(&secret));
    }
}
