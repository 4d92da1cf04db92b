//! Everything said to people: notes, warnings and failures on stderr, never through a progress bar.

use std::io::{self, Write as _};

use indicatif::MultiProgress;

use super::escape;
use super::failure::Named;
use super::output::json;
use super::terminal::{Paint, Terminal};

/// The voice of a command. Clones share the progress bars that it steps around.
#[derive(Clone, Debug)]
pub(crate) struct Talk {
    bars: MultiProgress,
    paint: Paint,
    quiet: bool,
}

impl Talk {
    /// Speaks on stderr; `quiet` leaves out notes.
    pub(crate) fn new(stderr: Terminal, quiet: bool) -> Self {
        Self { bars: MultiProgress::new(), paint: stderr.paint, quiet }
    }

    /// Where progress bars are drawn.
    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Says something that may be left out.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.write(&format!("{}\n", escape::lines(text)));
        }
    }

    /// Says that something may be wrong.
    pub(crate) fn warn(&self, text: &str) {
        self.write(&format!("{} {}\n", self.paint.yellow("warning:"), escape::lines(text)));
    }

    /// Says why the command stopped, for people. A picture says it all by itself.
    pub(crate) fn failure(&self, failure: &Named) {
        if let Some(picture) = &failure.picture {
            let (kind, rest) = picture.split_once(':').unwrap_or(("error", picture));
            let kind = self.paint.red(&escape::one_line(&format!("{kind}:")));
            self.write(&format!("{kind}{}\n", escape::lines(rest.trim_end())));
            return;
        }
        let mut text = format!("{} {}\n", self.paint.red("error:"), escape::lines(&failure.message));
        if let Some(hint) = &failure.hint {
            text.push_str(&format!("{} {}\n", self.paint.cyan("hint:"), escape::lines(hint)));
        }
        self.write(&text);
    }

    /// Says why the command stopped, for scripts.
    pub(crate) fn failure_record(&self, failure: &Named) {
        self.write(&json::line(&failure.record()));
    }

    /// Writes raw text, stepping around the bars. A closed stderr is nobody's problem.
    pub(crate) fn write(&self, text: &str) {
        self.bars.suspend(|| {
            let mut stderr = io::stderr().lock();
            stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()).unwrap_or_default();
        });
    }
}

/// Lets log lines step around the bars too.
impl io::Write for Talk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Self::write(self, &String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
