//! A site that takes the client for a robot is left alone for a while, and then asked once.
//!
//! - In: what became of each request: a challenge, an answer of the API, or neither.
//! - Out: whether the next request may go, must wait, or is never to be sent.
//! - Never: a wait of its own; the client waits, so that it can be told and broken off.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often a request looks whether the probe of another one is back.
const PROBE_POLL: Duration = Duration::from_millis(50);

/// When to stop asking a site that answers with bot challenges, and when to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Challenges in a row after which nothing is sent for a while; at least 1.
    pub challenges: u32,
    /// The first rest, after which one request goes as a probe; doubled while the probe is challenged too.
    pub first: Duration,
    /// The longest rest.
    pub ceiling: Duration,
    /// Rests after which the client gives up for good.
    pub rests: u32,
}

impl Breaker {
    /// As the default, with rests of 100 to 400 milliseconds.
    pub(super) const BRIEF: Self = Self {
        challenges: 3,
        first: Duration::from_millis(100),
        ceiling: Duration::from_millis(400),
        rests: 5,
    };
}

impl Default for Breaker {
    /// After 3 challenges in a row: rests of 1, 2, 4, 8 and 15 minutes.
    fn default() -> Self {
        Self { challenges: 3, first: Duration::from_secs(60), ceiling: Duration::from_secs(900), rests: 5 }
    }
}

/// Whether a request may be sent.
#[derive(Debug)]
pub(super) enum Gate<'a> {
    /// Now; the pass takes what becomes of it.
    Open(Pass<'a>),
    /// Not before this has passed; then ask again.
    Rest(Duration),
    /// Not before the probe of another request is back; ask again after this.
    Probing(Duration),
    /// Never: this long was waited for nothing.
    Closed(Duration),
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The API answered, be it with an error.
    Answered,
    /// A challenge came instead.
    Challenged,
    /// Nothing that tells one from the other.
    Unknown,
}

/// One client's breaker, shared by its clones.
#[derive(Debug)]
pub(super) struct Guard {
    settings: Breaker,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Challenges since the last answer.
    in_row: u32,
    /// Rests since the last answer; zero while all is well.
    rests: u32,
    /// All of these together.
    rested: Duration,
    /// The end of the present rest.
    until: Option<Instant>,
    is_probing: bool,
    has_given_up: bool,
}

impl Guard {
    pub(super) fn new(settings: Breaker) -> Self {
        Self { settings, state: Mutex::default() }
    }

    /// Whether a request may go at `now`.
    pub(super) fn gate(&self, now: Instant) -> Gate<'_> {
        let mut state = self.state();
        if state.has_given_up {
            return Gate::Closed(state.rested);
        }
        let rest = state.until.and_then(|until| until.checked_duration_since(now));
        match rest.filter(|rest| !rest.is_zero()) {
            Some(rest) => return Gate::Rest(rest),
            None if state.is_probing => return Gate::Probing(PROBE_POLL),
            None => {}
        }
        state.is_probing = state.rests > 0;
        Gate::Open(Pass { guard: self, is_probe: state.is_probing })
    }

    /// Whether nothing is sent at present.
    pub(super) fn is_resting(&self) -> bool {
        let state = self.state();
        state.rests > 0 && !state.has_given_up
    }

    /// How long was waited before the client gave up; `None` while it has not.
    pub(super) fn given_up_after(&self) -> Option<Duration> {
        let state = self.state();
        state.has_given_up.then_some(state.rested)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Begins the next rest, or gives up when there is to be none.
    fn rest(&mut self, settings: &Breaker, now: Instant) {
        if self.rests >= settings.rests {
            self.has_given_up = true;
            return;
        }
        let doubled = 2_u32.checked_pow(self.rests).and_then(|times| settings.first.checked_mul(times));
        let rest = doubled.unwrap_or(settings.ceiling).min(settings.ceiling);
        self.rests += 1;
        self.rested = self.rested.saturating_add(rest);
        self.until = now.checked_add(rest);
    }
}

/// The leave to send one request. Dropped without a word, it counts for nothing.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    guard: &'a Guard,
    is_probe: bool,
}

impl Pass<'_> {
    /// Takes what became of the request at `now`.
    ///
    /// While nothing is sent, only the probe counts: the others were sent before.
    pub(super) fn settle(self, fate: Fate, now: Instant) {
        let mut state = self.guard.state();
        let counts = self.is_probe || state.rests == 0;
        match fate {
            Fate::Answered if counts && !state.has_given_up => *state = State::default(),
            Fate::Challenged if counts => {
                state.in_row = state.in_row.saturating_add(1);
                if self.is_probe || state.in_row >= self.guard.settings.challenges {
                    state.rest(&self.guard.settings, now);
                }
            }
            Fate::Answered | Fate::Challenged | Fate::Unknown => {}
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.is_probe {
            self.guard.state().is_probing = false;
        }
    }
}

#[cfg(test)]
mod tests;
