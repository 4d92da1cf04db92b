//! What a stage gets from its caller besides its input: when to stop, whom to tell, what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::entity::Timestamp;

/// A request to stop, checked at item boundaries. Clones share the request.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks every holder to finish its item and stop.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a stage counts besides its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Counted {
    /// Pages of a listing, committed.
    Page,
    /// Requests sent again after a failure.
    Retry,
    /// Items, entities or requests that were lost.
    Failure,
}

/// Hears how far a stage is. Called from any thread, often; must be quick.
pub trait Progress: Send + Sync {
    /// A stage begins. `total` counts its items where that is known.
    fn begin(&self, stage: &'static str, total: Option<u64>);
    /// `items` more are done.
    fn advance(&self, items: u64);
    /// So many more of `what` happened.
    fn count(&self, _what: Counted, _amount: u64) {}
    /// The stage is over.
    fn end(&self);
    /// The stage stands still for so long, because of `reason`, and then tries again.
    fn waiting(&self, _reason: &dyn std::fmt::Display, _wait: std::time::Duration) {}
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _stage: &'static str, _total: Option<u64>) {}
    fn advance(&self, _items: u64) {}
    fn end(&self) {}
}

/// Where "now" comes from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Always this moment: for tests and for reproducible runs.
    Fixed(Timestamp),
}

impl Clock {
    /// The present moment.
    pub fn now(self) -> Timestamp {
        match self {
            Self::Fixed(moment) => moment,
            Self::System => Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
                .expect("the clock of the machine lies within the years that a timestamp can hold"),
        }
    }
}

/// The surroundings of a run.
#[derive(Clone)]
pub struct RunContext {
    /// When to stop.
    pub cancel: Cancel,
    /// Whom to tell.
    pub progress: Arc<dyn Progress>,
    /// What time it is.
    pub clock: Clock,
}

impl RunContext {
    /// Never stops by itself, tells nobody, uses the machine's clock.
    pub fn quiet() -> Self {
        Self { cancel: Cancel::default(), progress: Arc::new(Silent), clock: Clock::System }
    }
}
