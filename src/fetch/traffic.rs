//! What a client has sent, received and waited for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a client has sent and received since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests sent, repeated tries included.
    pub requests: u64,
    /// Requests sent because an earlier try had failed.
    pub retries: u64,
    /// Bytes of bodies after decompression; a body that was given up halfway is not among them.
    pub bytes: u64,
    /// Bytes of bodies as they came over the wire, without headers.
    pub wire_bytes: u64,
    /// Answers which said that nothing had changed.
    pub unchanged: u64,
    /// Answers that were bot challenges.
    pub challenges: u64,
    /// Time for which requests stood still before they were sent. Requests that wait side by side count each.
    pub waited: Waited,
}

/// Time for which requests stood still, by the reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waited {
    /// For the pace: the distance between requests, and the number at once.
    pub pace: Duration,
    /// For the next try after a failure.
    pub retry: Duration,
    /// Because the site had asked to wait.
    pub asked: Duration,
    /// For a bot challenge to pass.
    pub challenge: Duration,
}

/// Why a request stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Pace,
    Retry,
    Asked,
    Challenge,
}

impl Waited {
    /// All reasons together.
    pub fn total(&self) -> Duration {
        [self.pace, self.retry, self.asked, self.challenge]
            .into_iter()
            .fold(Duration::ZERO, Duration::saturating_add)
    }
}

impl Traffic {
    /// What came on top of `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let waited = Waited {
            pace: self.waited.pace.saturating_sub(before.waited.pace),
            retry: self.waited.retry.saturating_sub(before.waited.retry),
            asked: self.waited.asked.saturating_sub(before.waited.asked),
            challenge: self.waited.challenge.saturating_sub(before.waited.challenge),
        };
        Self {
            requests: self.requests.saturating_sub(before.requests),
            retries: self.retries.saturating_sub(before.retries),
            bytes: self.bytes.saturating_sub(before.bytes),
            wire_bytes: self.wire_bytes.saturating_sub(before.wire_bytes),
            unchanged: self.unchanged.saturating_sub(before.unchanged),
            challenges: self.challenges.saturating_sub(before.challenges),
            waited,
        }
    }
}

/// The counters behind [`Traffic`], shared by every clone of a client.
#[derive(Debug, Default)]
pub(super) struct Counters {
    requests: AtomicU64,
    retries: AtomicU64,
    bytes: AtomicU64,
    wire_bytes: AtomicU64,
    unchanged: AtomicU64,
    challenges: AtomicU64,
    /// Microseconds, in the order of [`Reason`].
    waited_us: [AtomicU64; 4],
}

impl Counters {
    /// Counts a request, unless `most` were sent.
    pub(super) fn try_request(&self, most: Option<u64>) -> bool {
        let most = most.unwrap_or(u64::MAX);
        let next = |sent: u64| (sent < most).then_some(sent.saturating_add(1));
        self.requests.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }

    pub(super) fn retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn unchanged(&self) {
        self.unchanged.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn challenge(&self) {
        self.challenges.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts bytes of a body as they come.
    pub(super) fn received(&self, wire_bytes: u64) {
        self.wire_bytes.fetch_add(wire_bytes, Ordering::Relaxed);
    }

    /// Counts a body after decompression.
    pub(super) fn unpacked(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn wire_bytes(&self) -> u64 {
        self.wire_bytes.load(Ordering::Relaxed)
    }

    /// Counts the time until the answer is dropped, so that a wait broken off counts as far as it went.
    pub(super) fn waiting(&self, reason: Reason) -> Waiting<'_> {
        Waiting { counter: &self.waited_us[reason as usize], since: Instant::now() }
    }

    pub(super) fn traffic(&self) -> Traffic {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let waited = |reason: Reason| Duration::from_micros(load(&self.waited_us[reason as usize]));
        Traffic {
            requests: load(&self.requests),
            retries: load(&self.retries),
            bytes: load(&self.bytes),
            wire_bytes: load(&self.wire_bytes),
            unchanged: load(&self.unchanged),
            challenges: load(&self.challenges),
            waited: Waited {
                pace: waited(Reason::Pace),
                retry: waited(Reason::Retry),
                asked: waited(Reason::Asked),
                challenge: waited(Reason::Challenge),
            },
        }
    }
}

/// A wait under way.
pub(super) struct Waiting<'a> {
    counter: &'a AtomicU64,
    since: Instant,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let waited = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.counter.fetch_add(waited, Ordering::Relaxed);
    }
}
