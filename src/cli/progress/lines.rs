//! A line now and then: words for a log, JSON for a script.

use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use stemmata::run::{Counted, Progress};

use super::stage::{Stage, State};
use crate::cli::escape;
use crate::cli::output::json;
use crate::cli::talk::Talk;

/// Time between two lines for people.
const PLAIN_EVERY: Duration = Duration::from_secs(5);
/// Time between two lines for scripts.
const JSON_EVERY: Duration = Duration::from_secs(1);

/// Waits of this length are told when they begin; shorter ones in the next line, if they still last.
const TOLD_FROM: Duration = Duration::from_secs(1);

/// What a line looks like.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// Words.
    Plain,
    /// A JSON object.
    Json,
}

/// Writes lines.
pub(super) struct Lines {
    talk: Talk,
    shape: Shape,
    current: Mutex<Option<Told>>,
}

/// A stage, and when something was last said of it.
struct Told {
    stage: Stage,
    said: Instant,
}

impl Lines {
    pub(super) fn new(talk: &Talk, shape: Shape) -> Self {
        Self { talk: talk.clone(), shape, current: Mutex::new(None) }
    }

    fn current(&self) -> MutexGuard<'_, Option<Told>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn every(&self) -> Duration {
        match self.shape {
            Shape::Plain => PLAIN_EVERY,
            Shape::Json => JSON_EVERY,
        }
    }

    fn say(&self, stage: &Stage, state: State, now: Instant) {
        self.talk.write(&match self.shape {
            Shape::Json => json::line(&stage.record(state, now)),
            Shape::Plain => format!("{}\n", escape::one_line(&stage.words(state, now))),
        });
    }
}

impl Progress for Lines {
    fn begin(&self, stage: &'static str, total: Option<u64>) {
        let now = Instant::now();
        let stage = Stage::new(stage, total, now);
        self.say(&stage, State::Begun, now);
        *self.current() = Some(Told { stage, said: now });
    }

    fn advance(&self, items: u64) {
        let now = Instant::now();
        let mut current = self.current();
        let Some(told) = &mut *current else { return };
        told.stage.advance(items);
        if now.saturating_duration_since(told.said) >= self.every() {
            told.said = now;
            self.say(&told.stage, State::GoingOn, now);
        }
    }

    fn count(&self, what: Counted, amount: u64) {
        if let Some(told) = &mut *self.current() {
            told.stage.count(what, amount);
        }
    }

    fn end(&self) {
        let told = self.current().take();
        if let Some(told) = told {
            self.say(&told.stage, State::Over, Instant::now());
        }
    }

    fn waiting(&self, reason: &dyn Display, wait: Duration) {
        let now = Instant::now();
        let mut current = self.current();
        let Some(told) = &mut *current else { return };
        told.stage.wait(reason.to_string(), wait, now);
        if wait >= TOLD_FROM || now.saturating_duration_since(told.said) >= self.every() {
            told.said = now;
            self.say(&told.stage, State::Waiting, now);
        }
    }
}
