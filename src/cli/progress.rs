//! How far a stage is: a bar on a terminal, a line now and then elsewhere, JSON for scripts.

mod bar;
mod lines;
mod stage;

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use stemmata::run::{Progress, Silent};

use super::talk::Talk;
use bar::Bar;
use lines::{Lines, Shape};

/// How to show progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressChoice {
    /// A bar on a terminal, else nothing.
    #[default]
    Auto,
    /// A bar with counts, rate, time left, and the reason of a wait.
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
        ProgressChoice::Plain => Arc::new(Lines::new(talk, Shape::Plain)),
        ProgressChoice::Json => Arc::new(Lines::new(talk, Shape::Json)),
        ProgressChoice::Auto | ProgressChoice::None => Arc::new(Silent),
    }
}

fn waiting_words(reason: &dyn Display, wait: Duration) -> String {
    format!("{reason}; trying again in {} s", wait.as_millis().div_ceil(1000))
}
