//! What is asked of every engine.

use std::io::Write;
use std::path::Path;

use stemmata_index::Document;

use crate::corpus::Corpus;
use crate::measure::{Work, megabytes};
use crate::{Outcome, Settings, ours, sqlite, tantivy_bare};

/// Kinds of questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// One word, the 20 best.
    Term,
    /// Two or three words, the 20 best.
    And,
    /// A phrase, the 20 best.
    Phrase,
    /// A phrase, the 20 best and how many there are in all.
    PhraseTotal,
    /// The beginning of a word, 20.
    Prefix,
    /// Words and a sampler, the 20 best.
    Filter,
    /// A word, the 20 newest.
    Newest,
    /// A word, the 20 with most likes.
    Likes,
    /// A word, how many.
    Count,
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Term,
        Self::And,
        Self::Phrase,
        Self::PhraseTotal,
        Self::Prefix,
        Self::Filter,
        Self::Newest,
        Self::Likes,
        Self::Count,
    ];
}

/// One question.
pub(crate) struct Question {
    pub(crate) kind: Kind,
    pub(crate) words: Vec<String>,
    pub(crate) sampler: String,
}

/// An engine that has its records.
pub(crate) trait Engine {
    /// Answers with the number of hits on the page, or of all for the kinds that count.
    fn ask(&mut self, question: &Question) -> Outcome<u64>;

    /// How many match; asked once for each question, outside the measured time. `None` where that takes too long.
    fn total(&mut self, question: &Question) -> Outcome<Option<u64>>;
}

/// An engine that takes records.
pub(crate) trait Build {
    fn take(&mut self, documents: &[Document]) -> Outcome<()>;
    fn finish(self: Box<Self>, out: &mut dyn Write) -> Outcome<Box<dyn Engine>>;
}

/// Builds an engine in a folder of its name and says what that took.
pub(crate) fn build(
    name: &str,
    settings: &Settings,
    corpus: &Corpus,
    out: &mut dyn Write,
) -> Outcome<Box<dyn Engine>> {
    let dir = settings.dir.join(name);
    if dir.exists() {
        std::fs::remove_dir_all(&dir)?;
    }
    std::fs::create_dir_all(&dir)?;
    let mut work = Work::default();
    let mut engine: Box<dyn Build> = match name {
        "ours" => Box::new(ours::Ours::new(&dir, settings)?),
        "tantivy" => Box::new(tantivy_bare::Bare::new(&dir, settings, false)?),
        "tantivy-all" => Box::new(tantivy_bare::Bare::new(&dir, settings, true)?),
        "fts5" => Box::new(sqlite::Rows::new(&dir, sqlite::Holds::Texts)?),
        "fts5-all" => Box::new(sqlite::Rows::new(&dir, sqlite::Holds::Everything)?),
        "like" => Box::new(sqlite::Rows::new(&dir, sqlite::Holds::Rows)?),
        _ => return Err(format!("no engine is called {name}").into()),
    };
    let mut start = 0;
    while start < corpus.len() {
        let end = (start + settings.part).min(corpus.len());
        let documents = corpus.documents(start..end);
        work.measure(|| engine.take(&documents))?;
        start = end;
    }
    let engine = work.measure(|| engine.finish(out))?;
    writeln!(
        out,
        "{name}: built in {:.1} s, {:.1} CPU-s, {:.0} images/s, {:.0} MiB, load {}",
        work.wall,
        work.cpu,
        corpus.len() as f64 / work.wall,
        megabytes(&dir)?,
        crate::measure::load()
    )?;
    Ok(engine)
}

/// Bytes of all files in a folder.
pub(crate) fn size(dir: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}
