//! What a command gets besides its own flags.

use std::path::Path;
use std::sync::{Arc, Once};

use stemmata::catalog::{Access, Catalog, CatalogError};
use stemmata::run::{Cancel, Clock, Progress, RunContext};

use super::failure::Failure;
use super::interrupt;
use super::output::{Format, Sink, Supported};
use super::progress;
use super::settings::Settings;
use super::talk::Talk;
use super::terminal::Terminal;

/// Settings, voice and output of one run.
pub(crate) struct Session {
    /// Where everything is, and what is allowed.
    pub(crate) settings: Settings,
    /// The voice on stderr.
    pub(crate) talk: Talk,
    stdout: Terminal,
    progress: Arc<dyn Progress>,
    cancel: Cancel,
    watch: Arc<Once>,
}

impl Session {
    /// Puts one together.
    pub(crate) fn new(settings: Settings, talk: Talk, stdout: Terminal, stderr: Terminal) -> Self {
        let progress = progress::listener(settings.progress, stderr.is_terminal, &talk);
        Self { settings, talk, stdout, progress, cancel: Cancel::default(), watch: Arc::new(Once::new()) }
    }

    /// The same session for the home of the demo, which talks to people in any case.
    pub(crate) fn for_demo(&self, home: &Path) -> Self {
        let settings = Settings { home: home.to_owned(), format: Format::Table, ..self.settings.clone() };
        Self {
            settings,
            talk: self.talk.clone(),
            stdout: self.stdout,
            progress: Arc::clone(&self.progress),
            cancel: self.cancel.clone(),
            watch: Arc::clone(&self.watch),
        }
    }

    /// Stdout in the settled format.
    ///
    /// # Errors
    ///
    /// A usage failure when the command has no such format.
    pub(crate) fn sink(&self, supported: Supported) -> Result<Sink, Failure> {
        Sink::stdout(self.settings.format, supported, self.stdout)
    }

    /// Surroundings of a run that only reads: Ctrl-C ends it at once.
    pub(crate) fn reading(&self) -> RunContext {
        RunContext { cancel: self.cancel.clone(), progress: Arc::clone(&self.progress), clock: Clock::System }
    }

    /// Surroundings of a run that writes: the first Ctrl-C ends it after the item in hand.
    pub(crate) fn writing(&self) -> RunContext {
        self.watch.call_once(|| interrupt::watch(self.cancel.clone(), self.talk.clone()));
        self.reading()
    }

    /// Opens the catalog to read.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be read.
    pub(crate) fn catalog(&self) -> Result<Catalog, Failure> {
        Ok(Catalog::open(&self.settings.catalog(), Access::Read)?)
    }

    /// Opens the catalog to write, if there is one.
    ///
    /// # Errors
    ///
    /// When there is none, or another process writes.
    pub(crate) fn present_catalog_to_write(&self) -> Result<Catalog, Failure> {
        let path = self.settings.catalog();
        if !path.exists() {
            return Err(CatalogError::Missing { path }.into());
        }
        Ok(Catalog::open(&path, Access::Write)?)
    }

    /// Opens the catalog to write, and makes the home if it is missing.
    ///
    /// # Errors
    ///
    /// When the home cannot be made, or another process writes.
    pub(crate) fn catalog_to_write(&self) -> Result<Catalog, Failure> {
        self.settings.create_home()?;
        Ok(Catalog::open(&self.settings.catalog(), Access::Write)?)
    }
}
