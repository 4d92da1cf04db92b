//! The flags of a query to what it asks.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use stemmata::catalog::Catalog;
use stemmata::entity::ImageKey;
use stemmata::feed;
use stemmata_index::Reader;
use stemmata_index::query::{
    ParseOptions, Parsed, Query, QueryError, Tree, UnknownFields, like_prompt, parse_with, render,
};

use super::args::QueryFlags;
use super::config::Config;
use super::failure::Failure;
use super::kinship::Near;
use super::search::{failure, warn_of_standing};
use super::session::Session;

/// Longest query read from a file or from stdin; the query language allows less.
const MAX_BYTES: u64 = 2 << 20;

/// A query that was read, with its text for those who want to point into it.
pub(crate) struct Asked {
    /// The text; empty for a query that came as JSON.
    pub(crate) text: String,
    /// What it asks.
    pub(crate) parsed: Parsed,
}

impl QueryFlags {
    /// Reads the query, and says what is worth saying about it.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn read(&self, session: &Session) -> Result<Asked, Failure> {
        let mut asked = match (&self.ast, &self.query_file) {
            (Some(path), _) => {
                let json = text_of(path)?;
                let parsed = Tree::read(&json).map_err(|error| unreadable(&error, ""))?;
                Asked { text: String::new(), parsed }
            }
            (None, Some(path)) => self.parse(text_of(path)?, session)?,
            (None, None) if self.query == ["-"] => self.parse(text_of(Path::new("-"))?, session)?,
            (None, None) => self.parse(self.query.join(" "), session)?,
        };
        if let Some(text) = &self.like_prompt {
            let asks_all = asked.parsed.query == Query::all();
            let like = like_prompt(text);
            let query = std::mem::replace(&mut asked.parsed.query, Query::all());
            asked.parsed.query = if asks_all { like } else { Query::and(vec![query, like]) };
        }
        for note in &asked.parsed.notes {
            if note.code.starts_with("unknown_") {
                session.talk.warn(&note.message);
            } else {
                session.talk.note(&format!("hint: {}", note.message));
            }
        }
        Ok(asked)
    }

    fn parse(&self, text: String, session: &Session) -> Result<Asked, Failure> {
        let unknown_fields = if self.lenient { UnknownFields::AsText } else { UnknownFields::Refuse };
        read_text(&text, unknown_fields, session)
    }
}

/// Reads a query that comes beside something else, as those of search are read.
///
/// # Errors
///
/// When it cannot be read.
pub(crate) fn read(text: &str, session: &Session) -> Result<Asked, Failure> {
    read_text(text, UnknownFields::Refuse, session)
}

fn read_text(text: &str, unknown_fields: UnknownFields, session: &Session) -> Result<Asked, Failure> {
    let text = text.trim().to_owned();
    let config = Config::of(&session.settings.home)?;
    let options = ParseOptions {
        now_ms: Some(session.reading().clock.now().as_millis()),
        aliases: Some(&config.aliases),
        unknown_fields,
    };
    let parsed = parse_with(&text, &options).map_err(|error| unreadable(&error, &text))?;
    Ok(Asked { text, parsed })
}

/// Every image that a query finds, for commands that take a query beside something else.
///
/// # Errors
///
/// When the query cannot be read or answered, or there is no index.
pub(crate) fn found_by(
    text: &str,
    catalog: &Catalog,
    session: &Session,
) -> Result<HashSet<ImageKey>, Failure> {
    let Asked { text, parsed } = read(text, session)?;
    let reader = Reader::open(&session.settings.index())?;
    let near = Near::new(session, catalog);
    let mut found = HashSet::new();
    reader
        .for_each(&near.resolver(), &parsed.query, &mut |facts| found.extend(ImageKey::new(facts.key)))
        .map_err(|error| failure(error.into(), &text))?;
    warn_of_standing(session, feed::standing(catalog, &reader)?);
    near.warn();
    Ok(found)
}

/// The text of a file, or of stdin for `-`.
fn text_of(path: &Path) -> Result<String, Failure> {
    let failed = |error: &io::Error| {
        let from = if path == Path::new("-") { "stdin".to_owned() } else { path.display().to_string() };
        Failure::file(format!("reading the query from {from}"), error)
    };
    let mut text = String::new();
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(|error| failed(&error))?)
    };
    input.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| failed(&error))?;
    Ok(text)
}

/// A query that cannot be read, with its place.
pub(crate) fn unreadable(error: &QueryError, text: &str) -> Failure {
    Failure::from(error).picture(render(error, text))
}
