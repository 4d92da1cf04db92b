//! A site that fails: faults that pass when a request is repeated, the same ones for the same seed.

use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};

/// Of 1000 requests so many fail.
const PER_MILLE: u64 = 350;

/// Most requests in a row that fail, so that a patient client gets its answer.
const MOST_IN_A_ROW: u64 = 3;

const HTML: &str = "<!DOCTYPE html><title>maintenance</title><p>We are back soon.";
const CUT_SHORT: &str = r#"{"items":[{"id":900001,"url":"https://image.civ"#;
const GARBLED: &str = r#"{"items":[{"id":1}, oops {"id":2}],"metadata":{}}"#;

/// Which requests fail, and how.
#[derive(Debug)]
pub(super) struct Faults {
    seed: u64,
    /// Requests so far, and how many of the last ones failed.
    count: Mutex<(u64, u64)>,
}

impl Faults {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, count: Mutex::new((0, 0)) }
    }

    /// What the next request gets instead of its answer; `None` when it is answered.
    pub(super) fn next(&self) -> Option<Response> {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let (number, in_a_row) = *count;
        let drawn = mix(self.seed ^ mix(number));
        let fails = drawn % 1_000 < PER_MILLE && in_a_row < MOST_IN_A_ROW;
        *count = (number + 1, if fails { in_a_row + 1 } else { 0 });
        fails.then(|| failed(drawn >> 32))
    }
}

fn failed(drawn: u64) -> Response {
    let json = [(CONTENT_TYPE, "application/json")];
    match drawn % 8 {
        0 => (StatusCode::INTERNAL_SERVER_ERROR, json, r#"{"error":"as planned"}"#).into_response(),
        1 => (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "0")], "").into_response(),
        2 => (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "0")], "").into_response(),
        3 => (StatusCode::BAD_GATEWAY, [(CONTENT_TYPE, "text/html")], HTML).into_response(),
        4 => (StatusCode::OK, [(CONTENT_TYPE, "text/html")], HTML).into_response(),
        5 => (StatusCode::OK, json, "").into_response(),
        6 => (StatusCode::OK, json, CUT_SHORT).into_response(),
        _ => (StatusCode::OK, json, GARBLED).into_response(),
    }
}

/// The finaliser of SplitMix64: every bit of the answer depends on every bit of the question.
pub(crate) fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}
