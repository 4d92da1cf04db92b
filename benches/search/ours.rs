//! The index of this crate.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use stemmata_index::query::{KeywordField, NoResolver, Node, Query, TextField};
use stemmata_index::{
    DateGrain, Direction, Document, FacetField, GroupBy, Reader, SearchOptions, SortField, SortKey, Writer,
    WriterOptions,
};

use crate::engines::{Build, Engine, Kind, Question};
use crate::measure::{Work, memory};
use crate::{Outcome, Settings};

/// Takes records.
pub(crate) struct Ours {
    writer: Writer,
    dir: PathBuf,
}

impl Ours {
    pub(crate) fn new(dir: &Path, settings: &Settings) -> Outcome<Self> {
        let options = WriterOptions { threads: settings.threads, memory_bytes: settings.memory_mib << 20 };
        Ok(Self { writer: Writer::open(dir, options)?, dir: dir.to_path_buf() })
    }
}

impl Build for Ours {
    fn take(&mut self, documents: &[Document]) -> Outcome<()> {
        for document in documents {
            self.writer.add(document)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, out: &mut dyn Write) -> Outcome<Box<dyn Engine>> {
        self.writer.commit(1)?;
        self.writer.close()?;
        let mut work = Work::default();
        let reader = work.measure(|| Ok(Reader::open(&self.dir)?))?;
        writeln!(
            out,
            "ours: {} documents in {} segments, opened in {:.1} ms",
            reader.documents(),
            reader.segments(),
            work.wall * 1e3
        )?;
        Ok(Box::new(Asked(reader)))
    }
}

/// Answers questions.
struct Asked(Reader);

fn text(words: &[String], prefix: bool) -> Query {
    Node::Text { field: TextField::Prompt, text: words.join(" "), slop: 0, prefix }.into()
}

fn query(question: &Question) -> Query {
    let mut parts: Vec<Query> = match question.kind {
        Kind::Phrase | Kind::PhraseTotal => vec![text(&question.words, false)],
        Kind::Prefix => vec![text(&question.words, true)],
        _ => question.words.iter().map(|word| text(std::slice::from_ref(word), false)).collect(),
    };
    if question.kind == Kind::Filter {
        parts.push(
            Node::Keyword { field: KeywordField::Sampler, value: question.sampler.clone(), prefix: false }
                .into(),
        );
    }
    Query::and(parts)
}

fn by(field: SortField) -> SearchOptions {
    SearchOptions {
        sort: vec![SortKey { field, direction: Direction::Descending }],
        ..SearchOptions::default()
    }
}

impl Engine for Asked {
    fn ask(&mut self, question: &Question) -> Outcome<u64> {
        let query = query(question);
        Ok(match question.kind {
            Kind::Count => self.0.count(&NoResolver, &query)?,
            Kind::PhraseTotal => self.0.search(&NoResolver, &query, &SearchOptions::default())?.total,
            Kind::Newest => self.0.best(&NoResolver, &query, &by(SortField::Created))?.len() as u64,
            Kind::Likes => self.0.best(&NoResolver, &query, &by(SortField::Likes))?.len() as u64,
            _ => self.0.best(&NoResolver, &query, &SearchOptions::default())?.len() as u64,
        })
    }

    fn total(&mut self, question: &Question) -> Outcome<Option<u64>> {
        Ok(Some(self.0.count(&NoResolver, &query(question))?))
    }
}

/// What only this index answers: how long each takes over all records and over those with one common word.
pub(crate) fn aggregations(dir: &Path, out: &mut dyn Write) -> Outcome<()> {
    let reader = &Reader::open(dir)?;
    for (name, query) in [("all", Query::all()), ("light", text(&["light".to_owned()], false))] {
        let total = reader.count(&NoResolver, &query)?;
        let mut time = |what: &str, run: &dyn Fn() -> Outcome<()>| -> Outcome<()> {
            run()?;
            let mut work = Work::default();
            work.measure(run)?;
            writeln!(
                out,
                "ours: {what} of {name} ({total} images): {:.1} ms, {:.2} CPU-s",
                work.wall * 1e3,
                work.cpu
            )?;
            Ok(())
        };
        time("fold with sums of resources", &|| {
            let each = |sum: &mut u64, facts: stemmata_index::Facts<'_>| {
                *sum += facts.resources.iter().map(|used| used.id).sum::<u64>();
            };
            reader.fold(&NoResolver, &query, || 0, each, |sum, part| *sum += part).map(drop)?;
            Ok(())
        })?;
        time("facet of samplers", &|| {
            Ok(reader.facets(&NoResolver, &query, &[FacetField::Sampler], 20).map(drop)?)
        })?;
        time("facet of users", &|| {
            Ok(reader.facets(&NoResolver, &query, &[FacetField::User], 20).map(drop)?)
        })?;
        time("facet of chunks", &|| {
            Ok(reader.facets(&NoResolver, &query, &[FacetField::Chunk], 20).map(drop)?)
        })?;
        time("months", &|| Ok(reader.dates(&NoResolver, &query, DateGrain::Month).map(drop)?))?;
        time("groups by prompt", &|| {
            Ok(reader.groups(&NoResolver, &query, GroupBy::Prompt, &by(SortField::Likes)).map(drop)?)
        })?;
        time("sample of 100", &|| Ok(reader.sample(&NoResolver, &query, 100, 1).map(drop)?))?;
    }
    Ok(())
}

/// Opens an index in this fresh process, asks the first questions, and says what that took.
pub(crate) fn open_cold(dir: &Path, questions: &[Question], out: &mut dyn Write) -> Outcome<()> {
    let started = Instant::now();
    let mut engine = Asked(Reader::open(dir)?);
    let opened = started.elapsed().as_secs_f64() * 1e3;
    for (number, question) in questions.iter().enumerate() {
        engine.ask(question)?;
        if number == 0 {
            let first = started.elapsed().as_secs_f64() * 1e3;
            writeln!(
                out,
                "opened in {opened:.1} ms, first hits after {first:.1} ms, memory {:.0} MiB of which {:.0} anonymous",
                memory("VmRSS"),
                memory("RssAnon")
            )?;
        }
    }
    writeln!(
        out,
        "after {} questions: memory {:.0} MiB, at most {:.0}, of which {:.0} anonymous",
        questions.len(),
        memory("VmRSS"),
        memory("VmHWM"),
        memory("RssAnon")
    )?;
    Ok(())
}
