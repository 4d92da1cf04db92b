//! How far a stage is: a bar on a terminal, a line now and then elsewhere, JSON for scripts.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use stemmata::run::{Progress, Silent};

use super::output::json;
use super::talk::Talk;

/// Time between two lines for people.
const PLAIN_EVERY: Duration = Duration::from_secs(5);
/// Time between two lines for scripts.
const JSON_EVERY: Duration = Duration::from_secs(1);

/// Stages that count bytes instead of items.
const BYTE_STAGES: [&str; 1] = ["import"];

/// How to show progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressChoice {
    /// A bar on a terminal, else nothing.
    #[default]
    Auto,
    /// A bar with rate and time left.
    Bar,
    /// A line every five seconds, for logs.
    Plain,
    /// A JSON object every second, on stderr.
    Json,
    /// Nothing.
    None,
}

/// The listener that fits the choice.
pub(crate) fn listener(choice: ProgressChoice, stderr_is_terminal: bool, talk: &Talk) -> Arc<dyn Progress> {
    match choice {
        ProgressChoice::Auto if stderr_is_terminal => Arc::new(Bar::new(talk)),
        ProgressChoice::Bar => Arc::new(Bar::new(talk)),
        ProgressChoice::Plain => Arc::new(Lines::new(talk, Shape::Plain, PLAIN_EVERY)),
        ProgressChoice::Json => Arc::new(Lines::new(talk, Shape::Json, JSON_EVERY)),
        ProgressChoice::Auto | ProgressChoice::None => Arc::new(Silent),
    }
}

struct Bar {
    talk: Talk,
    current: Mutex<Option<ProgressBar>>,
}

impl Bar {
    fn new(talk: &Talk) -> Self {
        Self { talk: talk.clone(), current: Mutex::new(None) }
    }

    fn replace(&self, next: Option<ProgressBar>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = current.take() {
            bar.finish_and_clear();
        }
        *current = next;
    }
}

impl Progress for Bar {
    fn begin(&self, stage: &'static str, total: Option<u64>) {
        let template = match (total.is_some(), BYTE_STAGES.contains(&stage)) {
            (true, true) => "{prefix:8} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
            (true, false) => "{prefix:8} {wide_bar} {human_pos}/{human_len} {per_sec} {eta} left",
            (false, true) => "{prefix:8} {spinner} {bytes} {bytes_per_sec} {elapsed}",
            (false, false) => "{prefix:8} {spinner} {human_pos} {per_sec} {elapsed}",
        };
        let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
        let style = ProgressStyle::with_template(template).expect("the templates above are well formed");
        let bar = self.talk.bars().add(bar.with_style(style).with_prefix(stage));
        bar.enable_steady_tick(Duration::from_millis(200));
        self.replace(Some(bar));
    }

    fn advance(&self, items: u64) {
        if let Some(bar) = &*self.current.lock().unwrap_or_else(PoisonError::into_inner) {
            bar.inc(items);
        }
    }

    fn end(&self) {
        self.replace(None);
    }

    fn waiting(&self, reason: &dyn Display, wait: Duration) {
        self.talk.note(&waiting_words(reason, wait));
    }
}

fn waiting_words(reason: &dyn Display, wait: Duration) -> String {
    format!("{reason}; trying again in {} s", wait.as_millis().div_ceil(1000))
}

fn unit(stage: &str) -> &'static str {
    if BYTE_STAGES.contains(&stage) { "bytes" } else { "items" }
}

#[derive(Clone, Copy)]
enum Shape {
    Plain,
    Json,
}

struct Lines {
    talk: Talk,
    shape: Shape,
    every: Duration,
    current: Mutex<Option<Stage>>,
}

struct Stage {
    name: &'static str,
    total: Option<u64>,
    done: u64,
    began: Instant,
    said: Instant,
}

#[derive(Serialize)]
struct ProgressRecord {
    r#type: &'static str,
    stage: &'static str,
    state: &'static str,
    done: u64,
    total: Option<u64>,
    unit: &'static str,
    elapsed_ms: u128,
}

impl Lines {
    fn new(talk: &Talk, shape: Shape, every: Duration) -> Self {
        Self { talk: talk.clone(), shape, every, current: Mutex::new(None) }
    }

    fn say(&self, stage: &Stage, state: &'static str) {
        match self.shape {
            Shape::Json => self.talk.write(&json::line(&ProgressRecord {
                r#type: "progress",
                stage: stage.name,
                state,
                done: stage.done,
                total: stage.total,
                unit: unit(stage.name),
                elapsed_ms: stage.began.elapsed().as_millis(),
            })),
            Shape::Plain => self.talk.write(&stage.words(state)),
        }
    }
}

impl Stage {
    fn words(&self, state: &str) -> String {
        let seconds = self.began.elapsed().as_secs();
        let total = self.total.map(|total| format!("/{total}")).unwrap_or_default();
        let rate =
            self.done.checked_div(seconds).map(|rate| format!(", {rate} a second")).unwrap_or_default();
        let unit = unit(self.name);
        format!("{}: {state}, {}{total} {unit} in {seconds} s{rate}\n", self.name, self.done)
    }
}

impl Progress for Lines {
    fn begin(&self, stage: &'static str, total: Option<u64>) {
        let now = Instant::now();
        let stage = Stage { name: stage, total, done: 0, began: now, said: now };
        self.say(&stage, "begun");
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(stage);
    }

    fn advance(&self, items: u64) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stage) = &mut *current else { return };
        stage.done = stage.done.saturating_add(items);
        if stage.said.elapsed() >= self.every {
            stage.said = Instant::now();
            self.say(stage, "going on");
        }
    }

    fn end(&self) {
        let stage = self.current.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(stage) = stage {
            self.say(&stage, "over");
        }
    }

    fn waiting(&self, reason: &dyn Display, wait: Duration) {
        match self.shape {
            Shape::Plain => self.talk.note(&waiting_words(reason, wait)),
            Shape::Json => {
                if let Some(stage) = &*self.current.lock().unwrap_or_else(PoisonError::into_inner) {
                    self.say(stage, "waiting");
                }
            }
        }
    }
}
