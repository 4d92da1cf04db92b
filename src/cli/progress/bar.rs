//! A bar on a terminal, with its counts and the reason of a wait beside it.

use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use stemmata::run::{Counted, Progress};

use super::stage::Stage;
use super::waiting_words;
use crate::cli::escape;
use crate::cli::talk::Talk;

/// Time between two drawings.
const TICK: Duration = Duration::from_millis(200);

/// Waits of this length are also told in a line that stays.
const TOLD_FROM: Duration = Duration::from_secs(10);

/// Draws one bar at a time.
pub(super) struct Bar {
    talk: Talk,
    current: Mutex<Option<Shown>>,
}

/// A bar, and what it shows. The bar asks for the stage while it draws, so that nobody may hold the stage while
/// calling the bar.
struct Shown {
    bar: ProgressBar,
    stage: Arc<Mutex<Stage>>,
}

impl Bar {
    pub(super) fn new(talk: &Talk) -> Self {
        Self { talk: talk.clone(), current: Mutex::new(None) }
    }

    fn current(&self) -> MutexGuard<'_, Option<Shown>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn replace(&self, next: Option<Shown>) {
        let before = std::mem::replace(&mut *self.current(), next);
        if let Some(shown) = before {
            shown.bar.finish_and_clear();
        }
    }

    fn change(&self, change: impl FnOnce(&mut Stage)) {
        if let Some(shown) = &*self.current() {
            change(&mut lock(&shown.stage));
        }
    }
}

fn lock(stage: &Mutex<Stage>) -> MutexGuard<'_, Stage> {
    stage.lock().unwrap_or_else(PoisonError::into_inner)
}

fn style(stage: &Arc<Mutex<Stage>>) -> ProgressStyle {
    let (has_total, counts_bytes) = {
        let stage = lock(stage);
        (stage.total.is_some(), stage.counts_bytes())
    };
    let template = match (has_total, counts_bytes) {
        (true, true) => "{prefix:8} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {beside}",
        (true, false) => "{prefix:8} {wide_bar} {human_pos}/{human_len} {beside}",
        (false, true) => "{prefix:8} {spinner} {bytes} {bytes_per_sec} {elapsed} {beside}",
        (false, false) => "{prefix:8} {spinner} {human_pos} in {elapsed}, {beside}",
    };
    let stage = Arc::clone(stage);
    let beside = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
        let words = lock(&stage).beside_bar(Instant::now());
        out.write_str(&escape::one_line(&words)).unwrap_or_default();
    };
    ProgressStyle::with_template(template)
        .expect("the templates above are well formed")
        .with_key("beside", beside)
}

impl Progress for Bar {
    fn begin(&self, stage: &'static str, total: Option<u64>) {
        let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
        let shown = Arc::new(Mutex::new(Stage::new(stage, total, Instant::now())));
        let bar = self.talk.bars().add(bar.with_style(style(&shown)).with_prefix(stage));
        bar.enable_steady_tick(TICK);
        self.replace(Some(Shown { bar, stage: shown }));
    }

    fn advance(&self, items: u64) {
        self.change(|stage| stage.advance(items));
        if let Some(shown) = &*self.current() {
            shown.bar.inc(items);
        }
    }

    fn count(&self, what: Counted, amount: u64) {
        self.change(|stage| stage.count(what, amount));
    }

    fn end(&self) {
        self.replace(None);
    }

    fn waiting(&self, reason: &dyn Display, wait: Duration) {
        self.change(|stage| stage.wait(reason.to_string(), wait, Instant::now()));
        if wait >= TOLD_FROM {
            self.talk.note(&waiting_words(reason, wait));
        }
    }
}
