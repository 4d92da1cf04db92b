//! What was sent to the site and received, for people and for scripts.

use std::time::Duration;

use serde::Serialize;
use stemmata::fetch::Traffic;

use super::words::{counted, seconds, size};

/// The shortest wait told to people.
const WAIT_TOLD_MS: u64 = 100;

/// What was sent to the site and received.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct SiteTraffic {
    /// Requests, repeated tries included.
    requests: u64,
    /// Requests sent again after a failure.
    retries: u64,
    /// Answers that nothing had changed.
    not_modified: u64,
    /// Bot challenges.
    challenges: u64,
    /// Bytes of bodies after decompression.
    bytes: u64,
    /// Bytes of bodies over the wire.
    wire_bytes: u64,
    /// Time that requests stood still; those side by side count each.
    waited_ms: WaitedMs,
}

/// Milliseconds, by the reason.
#[derive(Clone, Copy, Debug, Serialize)]
struct WaitedMs {
    total: u64,
    pace: u64,
    retry: u64,
    asked: u64,
    challenge: u64,
}

impl From<&Traffic> for SiteTraffic {
    fn from(traffic: &Traffic) -> Self {
        let ms = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let waited = traffic.waited;
        Self {
            requests: traffic.requests,
            retries: traffic.retries,
            not_modified: traffic.unchanged,
            challenges: traffic.challenges,
            bytes: traffic.bytes,
            wire_bytes: traffic.wire_bytes,
            waited_ms: WaitedMs {
                total: ms(waited.total()),
                pace: ms(waited.pace),
                retry: ms(waited.retry),
                asked: ms(waited.asked),
                challenge: ms(waited.challenge),
            },
        }
    }
}

impl SiteTraffic {
    /// One line for people; what did not happen is left out.
    pub(super) fn text(&self) -> String {
        let mut parts = vec![counted(self.requests, "requests")];
        let seldom = [
            (self.retries, "retries"),
            (self.not_modified, "answers not modified"),
            (self.challenges, "bot challenges"),
        ];
        parts
            .extend(seldom.iter().filter(|(count, _)| *count > 0).map(|(count, name)| counted(*count, name)));
        let sizes = (size(self.bytes), size(self.wire_bytes));
        parts.push(if sizes.0 == sizes.1 { sizes.0 } else { format!("{} ({} packed)", sizes.0, sizes.1) });
        let waits = [
            (self.waited_ms.pace, "for the pace"),
            (self.waited_ms.retry, "to try again"),
            (self.waited_ms.asked, "because the site asked to"),
            (self.waited_ms.challenge, "for challenges to pass"),
        ];
        let waits: Vec<String> = waits
            .iter()
            .filter(|(ms, _)| *ms >= WAIT_TOLD_MS)
            .map(|(ms, why)| format!("{} {why}", seconds(*ms)))
            .collect();
        if !waits.is_empty() {
            parts.push(format!("waited {}", waits.join(", ")));
        }
        parts.join(", ")
    }
}
