//! The index beside bare tantivy, SQLite's FTS5 and LIKE: the same records, the same questions.
//!
//! `cargo run --release --example search -- --records 1000000 --engines ours,tantivy,fts5,like --dir DIR`
//!
//! Records are drawn in memory, a part at a time, outside the measured time. Every engine gets the same prompt, without
//! the tags and keywords that only ours knows to drop; LIKE looks for parts of words and so finds other images. Hits are
//! counted and compared. Times of questions are of one process that asked each of them before.
//!
//! - ours: this crate's index, four threads and 512 MiB unless `--threads` and `--memory` say otherwise, as for the
//!   two that follow; chunks, digests and hashes included.
//! - tantivy: the same texts and 22 of the columns, its own tokenizer and merge policy, TopDocs by BM25.
//! - tantivy-all: with the columns of chunks, digests and hashes and all others too, and so with what ours holds; names
//!   are one field and not eight.
//! - fts5: prompts, negative prompts and names, external content, one transaction, no journal, `optimize` at the end;
//!   size and time with and without the rows, which have the texts, four columns and three indexes. It cannot answer
//!   for chunks, resources and the other columns.
//! - fts5-all: every column in the rows, eleven indexes, and tables of resources, versions and chunks with an index each:
//!   what the questions that ours answers need.
//! - like: the rows of fts5, with indexes on date, likes and sampler.
//!
//! Ours keeps no text: the catalog has it, as the rows do for fts5. Its size is to be held against that of the full text and
//! indexes alone; the sizes of rows are printed for those who would keep no other catalog.
//!
//! `--open DIR` opens an index made with `--keep yes` and says what that costs in a fresh process.

use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;

#[path = "search/corpus.rs"]
mod corpus;
#[path = "search/engines.rs"]
mod engines;
#[path = "search/measure.rs"]
mod measure;
#[path = "search/ours.rs"]
mod ours;
#[path = "support/records.rs"]
#[allow(dead_code, reason = "each user of the module takes a part of it")]
mod records;
#[path = "search/sqlite.rs"]
mod sqlite;
#[path = "search/tantivy.rs"]
mod tantivy_bare;

use corpus::Corpus;
use engines::Kind;

/// The outside of the program: any cause will do, a person reads it.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "usage: search --dir DIR [--records N] [--engines ours,tantivy,tantivy-all,fts5,fts5-all,like] [--questions N] [--rounds N] [--part N] [--threads N] [--memory MIB] [--keep yes|no]\n       search --open DIR --records N";

/// What the arguments say.
pub(crate) struct Settings {
    dir: PathBuf,
    records: u64,
    engines: Vec<String>,
    questions: usize,
    rounds: usize,
    part: u64,
    threads: usize,
    memory_mib: usize,
    keep: bool,
    open: bool,
}

fn main() -> Outcome<()> {
    let settings = Settings::parse(std::env::args().skip(1))?;
    let corpus = Corpus::new(settings.records);
    let questions = corpus.questions(settings.questions);
    let mut out = std::io::stdout();
    if settings.open {
        return ours::open_cold(&settings.dir, &questions, &mut out);
    }
    std::fs::create_dir_all(&settings.dir)?;
    writeln!(
        out,
        "{} records, {} questions of each kind, load {}",
        settings.records,
        settings.questions,
        measure::load()
    )?;
    let mut answers: Vec<(String, Vec<(Kind, u64)>)> = Vec::new();
    for name in &settings.engines {
        let mut engine = engines::build(name, &settings, &corpus, &mut out)?;
        answers.push((
            name.clone(),
            measure::ask(engine.as_mut(), &questions, settings.rounds, name, &mut out)?,
        ));
        drop(engine);
        if name == "ours" {
            ours::aggregations(&settings.dir.join(name), &mut out)?;
        }
        if !settings.keep {
            std::fs::remove_dir_all(settings.dir.join(name))?;
        }
    }
    measure::compare(&answers, &mut out)?;
    Ok(())
}

impl Settings {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut settings = Self {
            dir: PathBuf::new(),
            records: 100_000,
            engines: ["ours", "tantivy", "fts5", "like"].map(str::to_owned).into(),
            questions: 30,
            rounds: 3,
            part: 1_000_000,
            threads: 4,
            memory_mib: 512,
            keep: false,
            open: false,
        };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or(USAGE)?;
            match name.as_str() {
                "--dir" => settings.dir = value.into(),
                "--open" => (settings.dir, settings.open) = (value.into(), true),
                "--records" => settings.records = value.parse()?,
                "--engines" => settings.engines = value.split(',').map(str::to_owned).collect(),
                "--questions" => settings.questions = value.parse()?,
                "--rounds" => settings.rounds = value.parse::<usize>()?.max(1),
                "--part" => settings.part = value.parse::<u64>()?.max(1),
                "--threads" => settings.threads = value.parse::<usize>()?.max(1),
                "--memory" => settings.memory_mib = value.parse::<usize>()?.max(16),
                "--keep" => settings.keep = value == "yes",
                _ => return Err(USAGE.into()),
            }
        }
        if settings.dir.as_os_str().is_empty() { Err(USAGE.into()) } else { Ok(settings) }
    }
}
