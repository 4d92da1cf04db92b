//! When to try again, and after how long.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::entity::Timestamp;

/// Waits between tries: doubling, with jitter, from `first` up to `ceiling`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait, before jitter.
    pub first: Duration,
    /// The longest wait, jitter included.
    pub ceiling: Duration,
    /// Requests in all, the first included; at least 1.
    pub tries: u32,
    /// The longest wait that a server may ask for; a longer one is given up at once.
    pub patience: Duration,
}

impl Default for Backoff {
    /// 1 to 60 seconds, 6 tries, up to 10 minutes at the server's own request.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            ceiling: Duration::from_secs(60),
            tries: 6,
            patience: Duration::from_secs(600),
        }
    }
}

impl Backoff {
    /// The waits of one request, one fewer than its tries.
    pub(super) fn delays(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        let ceiling = self.ceiling;
        ExponentialBuilder::default()
            .with_min_delay(self.first.min(ceiling))
            .with_max_delay(ceiling)
            .with_max_times(self.tries.saturating_sub(1) as usize)
            .with_jitter()
            .build()
            .map(move |delay| delay.min(ceiling))
    }
}

/// Reads a `Retry-After` header: whole seconds, or an HTTP date as seen from `now`; a past date is zero.
pub(super) fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(header).ok()?.timestamp().as_millisecond();
    let millis = u64::try_from(date.saturating_sub(now.as_millis())).unwrap_or(0);
    Some(Duration::from_millis(millis))
}
