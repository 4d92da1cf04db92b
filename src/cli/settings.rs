//! What flags and environment settle before a command starts.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::args::GlobalArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Format;
use super::progress::ProgressChoice;

/// Where everything is, and what is allowed.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The folder that holds catalog and index.
    pub(crate) home: PathBuf,
    /// How to print results.
    pub(crate) format: Format,
    /// How to show progress.
    pub(crate) progress: ProgressChoice,
    /// Whether the network is forbidden.
    pub(crate) offline: bool,
    /// Threads to compute with.
    pub(crate) jobs: usize,
}

impl Settings {
    /// Reads them from the parsed flags, which hold the environment's values already.
    ///
    /// # Errors
    ///
    /// When no home is given and the environment names no folder for data.
    pub(crate) fn new(global: &GlobalArgs) -> Result<Self, Failure> {
        let home = match &global.home {
            Some(home) => home.clone(),
            None => default_home(|name| env::var_os(name)).ok_or_else(|| {
                Failure::usage("no folder for data is known").hint("give one with --home DIR")
            })?,
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            home,
            format: global.format(),
            progress: global.progress,
            offline: global.offline,
            jobs: global.jobs.map_or(cores, |jobs| usize::from(jobs.get())),
        })
    }

    /// The catalog: the only truth.
    pub(crate) fn catalog(&self) -> PathBuf {
        catalog_of(&self.home)
    }

    /// The text index: derived, deletable.
    pub(crate) fn index(&self) -> PathBuf {
        index_of(&self.home)
    }

    /// The groups of copies: derived, deletable.
    pub(crate) fn near(&self) -> PathBuf {
        self.home.join("near")
    }

    /// Makes the home, for commands that write to it.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub(crate) fn create_home(&self) -> Result<(), Failure> {
        fs::create_dir_all(&self.home)
            .map_err(|error| Failure::file(format!("making the home {}", self.home.display()), &error))
    }

    /// Refuses when `--offline` is set.
    ///
    /// # Errors
    ///
    /// A network failure that names the flag.
    pub(crate) fn require_network(&self) -> Result<(), Failure> {
        if !self.offline {
            return Ok(());
        }
        Err(Failure::new(Exit::Network, "network.offline", "the network is forbidden by --offline")
            .hint("leave out --offline, and unset STEMMATA_OFFLINE"))
    }
}

/// The catalog of a home.
pub(crate) fn catalog_of(home: &Path) -> PathBuf {
    home.join("catalog.db")
}

/// The text index of a home.
pub(crate) fn index_of(home: &Path) -> PathBuf {
    home.join("index")
}

/// The home where no flag names one.
pub(crate) fn usual_home() -> Option<PathBuf> {
    env::var_os("STEMMATA_HOME").map(PathBuf::from).or_else(|| default_home(|name| env::var_os(name)))
}

/// `$XDG_DATA_HOME/stemmata`, else the platform's folder for data.
fn default_home(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = folder("XDG_DATA_HOME").or_else(|| {
        if cfg!(windows) {
            return folder("LOCALAPPDATA");
        }
        let below = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
        folder("HOME").map(|home| home.join(below))
    })?;
    Some(data.join("stemmata"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn the_home_follows_the_base_directory_specification() {
        let home = |pairs: &'static [(&str, &str)]| {
            default_home(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
        };
        assert_eq!(home(&[("XDG_DATA_HOME", "/d"), ("HOME", "/h")]), Some("/d/stemmata".into()));
        assert_eq!(home(&[("HOME", "/h")]), Some("/h/.local/share/stemmata".into()));
        assert_eq!(
            home(&[("XDG_DATA_HOME", "relative"), ("HOME", "/h")]),
            Some("/h/.local/share/stemmata".into())
        );
        assert_eq!(home(&[]), None);
    }
}
