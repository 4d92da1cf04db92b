//! How many requests at once, and how soon after one another.

use std::future::Future;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::run::Cancel;

use super::FetchError;
use super::traffic::{Counters, Reason};

/// How often a wait looks whether it should stop.
const CANCEL_POLL: Duration = Duration::from_millis(25);

/// The slowest and the fastest pace, in requests a second.
const RATE_BOUNDS: (f64, f64) = (0.001, 10_000.0);

/// One host's pace, shared by every clone of its client.
pub(super) struct Pace {
    limiter: DefaultDirectRateLimiter,
    clock: DefaultClock,
    in_flight: Semaphore,
    /// No request before this moment: the host asked for a rest.
    rest_until: Mutex<Option<Instant>>,
}

impl Pace {
    /// At most `max_rps` requests a second, evenly spaced, and `max_in_flight` at once.
    pub(super) fn new(max_rps: f64, max_in_flight: usize) -> Self {
        let rps = if max_rps.is_finite() { max_rps.clamp(RATE_BOUNDS.0, RATE_BOUNDS.1) } else { 1.0 };
        let quota = Quota::with_period(Duration::from_secs_f64(1.0 / rps))
            .expect("the bounds of the rate keep the period above zero")
            .allow_burst(NonZeroU32::MIN);
        Self {
            limiter: RateLimiter::direct(quota),
            clock: DefaultClock::default(),
            in_flight: Semaphore::new(max_in_flight.clamp(1, Semaphore::MAX_PERMITS)),
            rest_until: Mutex::new(None),
        }
    }

    /// Waits for a turn; the turn lasts until the permit is dropped.
    ///
    /// # Errors
    ///
    /// [`FetchError::Cancelled`].
    pub(super) async fn turn(
        &self,
        counters: &Counters,
        cancel: &Cancel,
    ) -> Result<SemaphorePermit<'_>, FetchError> {
        let permit = {
            let _waiting = counters.waiting(Reason::Pace);
            or_cancelled(cancel, self.in_flight.acquire())
                .await?
                .expect("the semaphore lives as long as its pace and is never closed")
        };
        loop {
            if let Some(rest) = self.rest() {
                let _waiting = counters.waiting(Reason::Asked);
                or_cancelled(cancel, tokio::time::sleep(rest)).await?;
                continue;
            }
            let Err(not_until) = self.limiter.check() else { return Ok(permit) };
            let wait = not_until.wait_time_from(self.clock.now());
            let _waiting = counters.waiting(Reason::Pace);
            or_cancelled(cancel, tokio::time::sleep(wait)).await?;
        }
    }

    /// Lets no request go for `wait`.
    pub(super) fn pause(&self, wait: Duration) {
        let Some(until) = Instant::now().checked_add(wait) else { return };
        let mut rest_until = self.rest_until.lock().unwrap_or_else(PoisonError::into_inner);
        *rest_until = Some(rest_until.map_or(until, |earlier| earlier.max(until)));
    }

    fn rest(&self) -> Option<Duration> {
        let rest_until = *self.rest_until.lock().unwrap_or_else(PoisonError::into_inner);
        rest_until?.checked_duration_since(Instant::now()).filter(|rest| !rest.is_zero())
    }
}

/// Does `work`, or gives up within [`CANCEL_POLL`] of a request to stop.
///
/// # Errors
///
/// [`FetchError::Cancelled`].
pub(super) async fn or_cancelled<T>(cancel: &Cancel, work: impl Future<Output = T>) -> Result<T, FetchError> {
    let stopped = async {
        while !cancel.is_requested() {
            tokio::time::sleep(CANCEL_POLL).await;
        }
    };
    tokio::select! {
        biased;
        () = stopped => Err(FetchError::Cancelled),
        done = work => Ok(done),
    }
}
