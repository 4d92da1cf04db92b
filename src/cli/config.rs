//! `config.toml`: saved queries, from the user's folder of settings and from the home, which wins.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use stemmata_index::query::{ParseOptions, parse_with};

use super::args::{ConfigArgs, ConfigWhat};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::output::{Column, Row, SCHEMA, Supported};
use super::session::Session;

/// Longest file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Saved queries by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    /// What `@name` stands for.
    pub(crate) aliases: BTreeMap<String, String>,
    origins: BTreeMap<String, PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    query: QueryPart,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct QueryPart {
    #[serde(default)]
    alias: BTreeMap<String, String>,
}

impl Config {
    /// Reads the files that are there.
    ///
    /// # Errors
    ///
    /// When one cannot be read, or holds something else than settings.
    pub(crate) fn of(home: &Path) -> Result<Self, Failure> {
        let mut config = Self::default();
        for path in files(home) {
            config.take(&path)?;
        }
        Ok(config)
    }

    fn take(&mut self, path: &Path) -> Result<(), Failure> {
        let Some(text) = text_of(path)? else { return Ok(()) };
        let bad = |message: String| {
            Failure::new(Exit::Usage, "config.bad", format!("{}: {message}", path.display()))
                .hint("`stemmata config --help` shows what the file holds")
        };
        let document: Document =
            toml::from_str(&text).map_err(|error| bad(error.to_string().trim_end().replace('\n', " ")))?;
        for (name, query) in document.query.alias {
            let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
            if !is_name {
                return Err(bad(format!("an alias is called by letters, digits, _ and -, not `{name}`")));
            }
            self.origins.insert(name.clone(), path.to_owned());
            self.aliases.insert(name, query);
        }
        Ok(())
    }
}

/// The files, the one that wins last.
fn files(home: &Path) -> Vec<PathBuf> {
    let user = user_folder(|name| env::var_os(name)).map(|folder| folder.join("config.toml"));
    user.into_iter().chain([home.join("config.toml")]).collect()
}

/// `$XDG_CONFIG_HOME/stemmata`, else the platform's folder for settings.
fn user_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let settings = folder("XDG_CONFIG_HOME").or_else(|| {
        if cfg!(windows) {
            return folder("APPDATA");
        }
        let below = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
        folder("HOME").map(|home| home.join(below))
    })?;
    Some(settings.join("stemmata"))
}

/// The text of a file; `None` where there is none.
fn text_of(path: &Path) -> Result<Option<String>, Failure> {
    let failed = |error: &io::Error| Failure::file(format!("reading {}", path.display()), error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(failed(&error)),
    };
    let mut text = String::new();
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(|error| failed(&error))?;
    if text.len() as u64 > MAX_BYTES {
        let message = format!("{} is longer than {MAX_BYTES} bytes", path.display());
        return Err(Failure::new(Exit::Usage, "config.bad", message));
    }
    Ok(Some(text))
}

/// Prints paths, or saved queries.
pub(crate) fn run(arguments: &ConfigArgs, session: &Session) -> Outcome {
    let home = &session.settings.home;
    let sink = session.sink(Supported::Rows)?;
    match arguments.what {
        ConfigWhat::Path => {
            let mut rows = sink.rows::<FileRow>("files");
            for path in files(home) {
                let state = if path.exists() { "present" } else { "absent" };
                rows.push(&FileRow { path: path.display().to_string(), state })?;
            }
            rows.finish(&Done { r#type: "summary", schema: SCHEMA })?;
        }
        ConfigWhat::List => {
            let config = Config::of(home)?;
            let now_ms = Some(session.reading().clock.now().as_millis());
            let mut rows = sink.rows::<AliasRow<'_>>("aliases");
            for (name, query) in &config.aliases {
                let options =
                    ParseOptions { now_ms, aliases: Some(&config.aliases), ..ParseOptions::default() };
                let error = parse_with(query, &options).err().map(|error| error.message);
                let file = config.origins.get(name).map(|path| path.display().to_string());
                rows.push(&AliasRow { name, query, file, error })?;
            }
            rows.finish(&Done { r#type: "summary", schema: SCHEMA })?;
        }
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Done {
    r#type: &'static str,
    schema: u32,
}

#[derive(Serialize)]
struct FileRow {
    path: String,
    state: &'static str,
}

impl Row for FileRow {
    const COLUMNS: &'static [Column] = &[Column::flexible("file"), Column::left("state")];

    fn cells(&self) -> Vec<String> {
        vec![self.path.clone(), self.state.to_owned()]
    }

    fn handles(&self) -> Vec<String> {
        vec![self.path.clone()]
    }
}

#[derive(Serialize)]
struct AliasRow<'a> {
    name: &'a str,
    query: &'a str,
    file: Option<String>,
    /// What is wrong with it.
    error: Option<String>,
}

impl Row for AliasRow<'_> {
    const COLUMNS: &'static [Column] =
        &[Column::left("alias"), Column::flexible("query"), Column::secondary("file"), Column::left("error")];

    fn cells(&self) -> Vec<String> {
        vec![
            format!("@{}", self.name),
            self.query.to_owned(),
            self.file.clone().unwrap_or_default(),
            self.error.clone().unwrap_or_default(),
        ]
    }

    fn handles(&self) -> Vec<String> {
        vec![format!("@{}", self.name)]
    }
}

#[cfg(all(test, unix, not(target_os = "macos")))]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_settings_follows_the_base_directory_specification() {
        let folder = |pairs: &'static [(&str, &str)]| {
            user_folder(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
        };
        assert_eq!(folder(&[("XDG_CONFIG_HOME", "/c"), ("HOME", "/h")]), Some("/c/stemmata".into()));
        assert_eq!(folder(&[("HOME", "/h")]), Some("/h/.config/stemmata".into()));
        assert_eq!(folder(&[]), None);
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        for text in ["[query", "[query.alias]\ngood = 1", "[query.alias]\n\"a b\" = 'x'", "[qery]", "\u{0}"] {
            std::fs::write(&path, text).expect("written");
            assert!(Config::default().take(&path).is_err(), "{text}");
        }
        std::fs::write(&path, "[query.alias]\ngood = 'likes:100..'").expect("written");
        let mut config = Config::default();
        assert!(config.take(&path).is_ok());
        assert_eq!(config.aliases["good"], "likes:100..");
    }
}
