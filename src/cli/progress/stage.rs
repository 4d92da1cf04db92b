//! What is known of one stage: counts, time, and why it stands still. Plain data, worded for people and scripts.

use std::time::{Duration, Instant};

use serde::Serialize;
use stemmata::run::Counted;

use crate::cli::summary::{counted, grouped};

/// Stages that count bytes instead of items.
const BYTE_STAGES: [&str; 1] = ["import"];

/// Characters of a reason that fit beside a bar.
const MAX_REASON_CHARS: usize = 60;

/// One stage under way.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub(super) name: &'static str,
    pub(super) total: Option<u64>,
    done: u64,
    pages: u64,
    retries: u64,
    failures: u64,
    began: Instant,
    waiting: Option<Waiting>,
}

/// Why a stage stands still, and until when.
#[derive(Clone, Debug)]
struct Waiting {
    reason: String,
    until: Instant,
}

/// What a stage is doing when it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum State {
    #[serde(rename = "begun")]
    Begun,
    #[serde(rename = "going on")]
    GoingOn,
    #[serde(rename = "waiting")]
    Waiting,
    #[serde(rename = "over")]
    Over,
}

/// A stage as scripts read it.
#[derive(Debug, Serialize)]
pub(super) struct ProgressRecord<'a> {
    r#type: &'static str,
    stage: &'static str,
    state: State,
    /// The same as `items`, or bytes where `unit` says so.
    done: u64,
    total: Option<u64>,
    unit: &'static str,
    /// Null where bytes are counted.
    items: Option<u64>,
    pages: u64,
    /// Of `unit` a second, since the stage began; null in the first moment.
    rate: Option<f64>,
    retries: u64,
    failed: u64,
    /// Seconds left; null without a total or a rate.
    eta_s: Option<u64>,
    waiting: Option<WaitingRecord<'a>>,
    elapsed_ms: u128,
}

/// A wait as scripts read it.
#[derive(Debug, Serialize)]
struct WaitingRecord<'a> {
    reason: &'a str,
    seconds: u64,
}

impl Stage {
    pub(super) fn new(name: &'static str, total: Option<u64>, now: Instant) -> Self {
        Self { name, total, done: 0, pages: 0, retries: 0, failures: 0, began: now, waiting: None }
    }

    /// Something was done, so that the stage does not stand still.
    pub(super) fn advance(&mut self, amount: u64) {
        self.done = self.done.saturating_add(amount);
        self.waiting = None;
    }

    pub(super) fn count(&mut self, what: Counted, amount: u64) {
        let counter = match what {
            Counted::Page => &mut self.pages,
            Counted::Retry => &mut self.retries,
            Counted::Failure => &mut self.failures,
            // A newer library may count what this has no words for.
            _ => return,
        };
        *counter = counter.saturating_add(amount);
    }

    /// Stands still for `wait` from `now` on; of two reasons at once the longer one is told.
    pub(super) fn wait(&mut self, reason: String, wait: Duration, now: Instant) {
        let Some(until) = now.checked_add(wait) else { return };
        if self.waiting.as_ref().is_none_or(|waiting| waiting.until <= until) {
            self.waiting = Some(Waiting { reason, until });
        }
    }

    pub(super) fn counts_bytes(&self) -> bool {
        BYTE_STAGES.contains(&self.name)
    }

    fn unit(&self) -> &'static str {
        if self.counts_bytes() { "bytes" } else { "items" }
    }

    /// Of its unit a second, since it began.
    fn rate(&self, now: Instant) -> Option<f64> {
        let seconds = now.saturating_duration_since(self.began).as_secs_f64();
        (seconds > 0.0 && self.done > 0).then(|| self.done as f64 / seconds)
    }

    /// Seconds left at this rate, the present wait included.
    fn eta_s(&self, now: Instant) -> Option<u64> {
        let left = self.total?.saturating_sub(self.done);
        let wait = self.wait_left(now).map_or(0, |(_, seconds)| seconds);
        Some(((left as f64 / self.rate(now)?).ceil() as u64).saturating_add(wait))
    }

    /// Why it stands still, and for how many seconds yet.
    fn wait_left(&self, now: Instant) -> Option<(&str, u64)> {
        let waiting = self.waiting.as_ref()?;
        let left = waiting.until.checked_duration_since(now).filter(|left| !left.is_zero())?;
        Some((&waiting.reason, u64::try_from(left.as_millis().div_ceil(1000)).unwrap_or(u64::MAX)))
    }

    /// What stands beside a bar that shows the count itself.
    pub(super) fn beside_bar(&self, now: Instant) -> String {
        let mut parts = Vec::new();
        if let Some((reason, seconds)) = self.wait_left(now) {
            let reason: String = reason.chars().take(MAX_REASON_CHARS).collect();
            parts.push(format!("waiting {}: {reason}", clock(seconds)));
        } else if let Some(rate) = self.rate(now).filter(|_| !self.counts_bytes()) {
            parts.push(format!("{}/s", decimal(rate)));
        }
        parts.extend(self.odd_counts());
        parts.extend(self.eta_s(now).map(|seconds| format!("{} left", clock(seconds))));
        parts.join(", ")
    }

    /// The line for a log.
    pub(super) fn words(&self, state: State, now: Instant) -> String {
        let seconds = now.saturating_duration_since(self.began).as_secs();
        let total = self.total.map(|total| format!("/{total}")).unwrap_or_default();
        let state = match state {
            State::Begun => "begun",
            State::GoingOn => "going on",
            State::Waiting => "waiting",
            State::Over => "over",
        };
        let mut words =
            format!("{}: {state}, {}{total} {} in {seconds} s", self.name, self.done, self.unit());
        let rate = self.done.checked_div(seconds).map(|rate| format!("{rate} a second"));
        let left = self.eta_s(now).filter(|left| *left > 0).map(|left| format!("{} left", clock(left)));
        let waiting = self.wait_left(now).map(|(reason, left)| format!("{}: {reason}", clock(left)));
        for part in rate.into_iter().chain(self.odd_counts()).chain(left).chain(waiting) {
            words.push_str(", ");
            words.push_str(&part);
        }
        words
    }

    /// Pages, retries and failures, where there are any.
    fn odd_counts(&self) -> impl Iterator<Item = String> + use<> {
        let pages = (self.pages > 0).then(|| counted(self.pages, "pages"));
        let retries = (self.retries > 0).then(|| counted(self.retries, "retries"));
        let failures = (self.failures > 0).then(|| format!("{} failed", grouped(self.failures)));
        [pages, retries, failures].into_iter().flatten()
    }

    pub(super) fn record(&self, state: State, now: Instant) -> ProgressRecord<'_> {
        ProgressRecord {
            r#type: "progress",
            stage: self.name,
            state,
            done: self.done,
            total: self.total,
            unit: self.unit(),
            items: (!self.counts_bytes()).then_some(self.done),
            pages: self.pages,
            rate: self.rate(now).map(|rate| (rate * 100.0).round() / 100.0),
            retries: self.retries,
            failed: self.failures,
            eta_s: self.eta_s(now),
            waiting: self.wait_left(now).map(|(reason, seconds)| WaitingRecord { reason, seconds }),
            elapsed_ms: now.saturating_duration_since(self.began).as_millis(),
        }
    }
}

/// A rate with one digit behind the point where it is small.
fn decimal(rate: f64) -> String {
    if rate < 10.0 { format!("{rate:.1}") } else { grouped(rate.round() as u64) }
}

/// Seconds for people: `59 s`, `1:05 min`, `2:03 h`.
fn clock(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{}:{:02} min", seconds / 60, seconds % 60),
        _ => format!("{}:{:02} h", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    fn half_done(start: Instant) -> Stage {
        let mut stage = Stage::new("crawl", Some(2000), start);
        stage.advance(1000);
        stage.count(Counted::Page, 5);
        stage.count(Counted::Retry, 1);
        stage.count(Counted::Failure, 2);
        stage
    }

    #[test]
    fn a_stage_tells_rate_pages_retries_failures_and_time_left() {
        let start = Instant::now();
        let stage = half_done(start);
        let now = later(start, 100);
        assert_eq!(stage.beside_bar(now), "10/s, 5 pages, 1 retry, 2 failed, 1:40 min left");
        assert_eq!(
            stage.words(State::GoingOn, now),
            "crawl: going on, 1000/2000 items in 100 s, 10 a second, 5 pages, 1 retry, 2 failed, 1:40 min left"
        );
    }

    #[test]
    fn a_stage_that_stands_still_says_why_and_how_long_yet() {
        let start = Instant::now();
        let mut stage = half_done(start);
        stage.wait("civitai.com asked to slow down".to_owned(), Duration::from_secs(90), later(start, 100));
        stage.wait("a shorter one".to_owned(), Duration::from_secs(1), later(start, 100));
        let told = stage.beside_bar(later(start, 130));
        assert!(told.starts_with("waiting 1:00 min: civitai.com asked to slow down, 5 pages"), "{told}");
        let over = stage.beside_bar(later(start, 190));
        assert!(over.starts_with("5.3/s"), "{over}");
        stage.wait("again".to_owned(), Duration::from_secs(90), later(start, 190));
        stage.advance(1);
        assert!(stage.wait_left(later(start, 191)).is_none(), "who advances does not wait");
    }

    #[test]
    fn a_record_names_every_field_in_every_state() {
        let start = Instant::now();
        let mut stage = half_done(start);
        stage.wait("slow down".to_owned(), Duration::from_secs(7), later(start, 100));
        let record = serde_json::to_string(&stage.record(State::Waiting, later(start, 100))).expect("plain");
        assert_eq!(
            record,
            r#"{"type":"progress","stage":"crawl","state":"waiting","done":1000,"total":2000,"unit":"items","items":1000,"pages":5,"rate":10.0,"retries":1,"failed":2,"eta_s":107,"waiting":{"reason":"slow down","seconds":7},"elapsed_ms":100000}"#
        );
        let empty = Stage::new("import", None, start);
        let record = serde_json::to_string(&empty.record(State::Begun, start)).expect("plain");
        assert_eq!(
            record,
            r#"{"type":"progress","stage":"import","state":"begun","done":0,"total":null,"unit":"bytes","items":null,"pages":0,"rate":null,"retries":0,"failed":0,"eta_s":null,"waiting":null,"elapsed_ms":0}"#
        );
    }

    #[test]
    fn a_stage_beyond_its_total_has_no_time_left() {
        let start = Instant::now();
        let mut stage = Stage::new("crawl", Some(10), start);
        stage.advance(25);
        assert_eq!(stage.eta_s(later(start, 5)), Some(0));
        assert_eq!(stage.words(State::Over, later(start, 5)), "crawl: over, 25/10 items in 5 s, 5 a second");
    }

    #[test]
    fn seconds_are_told_as_on_a_clock() {
        assert_eq!(
            [0, 59, 60, 65, 3600, 7380].map(clock),
            ["0 s", "59 s", "1:00 min", "1:05 min", "1:00 h", "2:03 h"]
        );
    }
}
