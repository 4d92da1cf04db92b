//! SQLite: rows alone for LIKE, and FTS5 over them.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use stemmata_index::Document;

use crate::Outcome;
use crate::engines::{Build, Engine, Kind, Question, size};
use crate::measure::Work;

/// How much of a record the database can answer for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Rows alone.
    Rows,
    /// Rows and the full text.
    Texts,
    /// All columns, and tables of resources, versions and chunks.
    Everything,
}

/// Columns of numbers besides those that every database has.
const NUMBERS: [&str; 14] = [
    "image",
    "media",
    "width",
    "height",
    "steps",
    "clip_skip",
    "post",
    "nsfw",
    "reactions",
    "comments",
    "seed",
    "model",
    "cfg",
    "denoise",
];
/// Columns of words besides those that every database has.
const WORDS: [&str; 5] = ["base", "scheduler", "tool", "type", "source"];

/// Takes records.
pub(crate) struct Rows {
    connection: Connection,
    dir: PathBuf,
    holds: Holds,
    chunks: HashMap<String, i64>,
}

impl Rows {
    pub(crate) fn new(dir: &Path, holds: Holds) -> Outcome<Self> {
        let connection = Connection::open(dir.join("rows.db"))?;
        connection.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;
             PRAGMA mmap_size = 30000000000; PRAGMA temp_store = MEMORY;
             CREATE TABLE docs (id INTEGER PRIMARY KEY, prompt TEXT, negative TEXT, names TEXT, sampler TEXT, user TEXT,
                 created INTEGER, likes INTEGER);",
        )?;
        if holds == Holds::Everything {
            for name in NUMBERS.iter().chain(&WORDS) {
                connection.execute_batch(&format!("ALTER TABLE docs ADD COLUMN {name};"))?;
            }
            connection.execute_batch(
                "CREATE TABLE uses (doc INTEGER, resource INTEGER, weight REAL);
                 CREATE TABLE versions (doc INTEGER, version INTEGER);
                 CREATE TABLE chunks (id INTEGER PRIMARY KEY, chunk TEXT);
                 CREATE TABLE has_chunk (doc INTEGER, chunk INTEGER);",
            )?;
        }
        connection.execute_batch("BEGIN;")?;
        Ok(Self { connection, dir: dir.to_path_buf(), holds, chunks: HashMap::new() })
    }
}

/// The values of a row, in the order of its columns.
fn row(document: &Document, holds: Holds) -> Vec<Value> {
    let number = |value: Option<u64>| value.map_or(Value::Null, |value| Value::Integer(value.cast_signed()));
    let real = |value: Option<f64>| value.map_or(Value::Null, Value::Real);
    let word = |value: &Option<String>| value.clone().map_or(Value::Null, Value::Text);
    let names: Vec<&str> = document.names.iter().map(|(_, name)| name.as_str()).collect();
    let mut row = vec![
        Value::Integer(document.key),
        word(&document.prompt),
        word(&document.negative),
        Value::Text(names.join("|")),
        word(&document.sampler),
        word(&document.username),
        document.created_ms.map_or(Value::Null, Value::Integer),
        number(document.likes),
    ];
    if holds == Holds::Everything {
        row.extend([
            number(document.image),
            number(document.media),
            number(document.width),
            number(document.height),
            number(document.steps),
            number(document.clip_skip),
            number(document.post),
            number(document.nsfw_bits),
            number(document.reactions),
            number(document.comments),
            document.seed.map_or(Value::Null, Value::Integer),
            number(document.model),
            real(document.cfg),
            real(document.denoise),
        ]);
        row.extend([
            word(&document.base_model),
            word(&document.scheduler),
            word(&document.tool),
            word(&document.media_type),
            word(&document.source),
        ]);
    }
    row
}

impl Rows {
    /// The rows beside that of a document that only [`Holds::Everything`] has. Negative chunks have negative numbers.
    fn beside(&mut self, document: &Document) -> Outcome<()> {
        let Self { connection, chunks, .. } = self;
        let mut uses = connection.prepare_cached("INSERT INTO uses VALUES (?1, ?2, ?3)")?;
        for used in &document.resources {
            uses.execute(params![document.key, used.id.cast_signed(), used.weight])?;
        }
        let mut version = connection.prepare_cached("INSERT INTO versions VALUES (?1, ?2)")?;
        for id in &document.posted_for {
            version.execute(params![document.key, id.cast_signed()])?;
        }
        let mut add = connection.prepare_cached("INSERT INTO chunks VALUES (?1, ?2)")?;
        let mut has = connection.prepare_cached("INSERT INTO has_chunk VALUES (?1, ?2)")?;
        for (sign, text) in [(1, &document.prompt), (-1, &document.negative)] {
            for chunk in stemmata_index::chunks(text.as_deref().unwrap_or_default()) {
                let known = chunks.get(&chunk).copied();
                let id = known.unwrap_or(chunks.len() as i64 + 1);
                if known.is_none() {
                    add.execute(params![id, chunk])?;
                    chunks.insert(chunk, id);
                }
                has.execute(params![document.key, sign * id])?;
            }
        }
        Ok(())
    }
}

impl Build for Rows {
    fn take(&mut self, documents: &[Document]) -> Outcome<()> {
        for document in documents {
            let row = row(document, self.holds);
            let insert = format!("INSERT INTO docs VALUES ({}?)", "?, ".repeat(row.len() - 1));
            self.connection.prepare_cached(&insert)?.execute(params_from_iter(row))?;
            if self.holds == Holds::Everything {
                self.beside(document)?;
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>, out: &mut dyn Write) -> Outcome<Box<dyn Engine>> {
        let Self { connection, dir, holds, .. } = *self;
        connection.execute_batch(
            "COMMIT; CREATE INDEX docs_sampler ON docs (sampler); CREATE INDEX docs_created ON docs (created);
             CREATE INDEX docs_likes ON docs (likes);",
        )?;
        if holds == Holds::Everything {
            for name in ["base", "user", "model", "steps", "nsfw", "post", "media", "seed"] {
                connection.execute_batch(&format!("CREATE INDEX docs_{name} ON docs ({name});"))?;
            }
            connection.execute_batch(
                "CREATE INDEX uses_resource ON uses (resource, doc); CREATE INDEX versions_version ON versions (version, doc);
                 CREATE INDEX chunks_chunk ON chunks (chunk); CREATE INDEX has_chunk_chunk ON has_chunk (chunk, doc);",
            )?;
        }
        let fts = holds != Holds::Rows;
        if fts {
            let rows = size(&dir)?;
            let mut work = Work::default();
            let mut step = |sql: &str, what: &str| -> Outcome<()> {
                let mut one = Work::default();
                one.measure(|| Ok(connection.execute_batch(sql)?))?;
                work.wall += one.wall;
                work.cpu += one.cpu;
                let bytes = size(&dir)? - rows;
                writeln!(
                    out,
                    "fts5: {what}, the full text alone: {:.1} s, {:.1} CPU-s, {:.0} MiB beside {:.0} MiB of rows",
                    work.wall,
                    work.cpu,
                    bytes as f64 / f64::from(1 << 20),
                    rows as f64 / f64::from(1 << 20)
                )?;
                Ok(())
            };
            step(
                "CREATE VIRTUAL TABLE fts USING fts5(prompt, negative, names, content = 'docs', content_rowid = 'id',
                     tokenize = 'unicode61');
                 BEGIN; INSERT INTO fts (rowid, prompt, negative, names) SELECT id, prompt, negative, names FROM docs; COMMIT;",
                "indexed",
            )?;
            step("INSERT INTO fts (fts) VALUES ('optimize');", "optimized")?;
        }
        Ok(Box::new(Asked { connection, fts }))
    }
}

/// Answers questions.
struct Asked {
    connection: Connection,
    fts: bool,
}

impl Asked {
    fn matching(question: &Question) -> String {
        match question.kind {
            Kind::Phrase | Kind::PhraseTotal => format!("prompt : \"{}\"", question.words.join(" ")),
            Kind::Prefix => format!("prompt : \"{}\" *", question.words[0]),
            _ => question
                .words
                .iter()
                .map(|word| format!("prompt : \"{word}\""))
                .collect::<Vec<_>>()
                .join(" AND "),
        }
    }

    fn rows(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Outcome<u64> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        let mut count = 0;
        while rows.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    fn one(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Outcome<u64> {
        let found: i64 = self.connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
        Ok(found.cast_unsigned())
    }

    fn ask_fts(&self, question: &Question) -> Outcome<u64> {
        let words = Self::matching(question);
        let count = "SELECT count(*) FROM fts WHERE fts MATCH ?1";
        let best = "SELECT rowid FROM fts WHERE fts MATCH ?1 ORDER BY rank LIMIT 20";
        match question.kind {
            Kind::Count => self.one(count, &[&words]),
            Kind::PhraseTotal => {
                self.rows(best, &[&words])?;
                self.one(count, &[&words])
            }
            Kind::Filter => self.rows(
                "SELECT docs.id FROM fts JOIN docs ON docs.id = fts.rowid WHERE fts MATCH ?1 AND docs.sampler = ?2
                     ORDER BY rank LIMIT 20",
                &[&words, &question.sampler],
            ),
            Kind::Newest => self.rows(
                "SELECT docs.id FROM fts JOIN docs ON docs.id = fts.rowid WHERE fts MATCH ?1 ORDER BY docs.created DESC
                     LIMIT 20",
                &[&words],
            ),
            Kind::Likes => self.rows(
                "SELECT docs.id FROM fts JOIN docs ON docs.id = fts.rowid WHERE fts MATCH ?1 ORDER BY docs.likes DESC
                     LIMIT 20",
                &[&words],
            ),
            _ => self.rows(best, &[&words]),
        }
    }

    fn ask_like(&self, question: &Question) -> Outcome<u64> {
        let words = match question.kind {
            Kind::Phrase | Kind::PhraseTotal => vec![format!("%{}%", question.words.join(" "))],
            _ => question.words.iter().map(|word| format!("%{word}%")).collect(),
        };
        let mut sql = vec!["prompt LIKE ?"; words.len()].join(" AND ");
        let mut values: Vec<&dyn rusqlite::ToSql> =
            words.iter().map(|word| word as &dyn rusqlite::ToSql).collect();
        if question.kind == Kind::Filter {
            sql.push_str(" AND sampler = ?");
            values.push(&question.sampler);
        }
        match question.kind {
            Kind::Count => self.one(&format!("SELECT count(*) FROM docs WHERE {sql}"), &values),
            Kind::PhraseTotal => {
                self.rows(
                    &format!("SELECT id FROM docs WHERE {sql} ORDER BY created DESC LIMIT 20"),
                    &values,
                )?;
                self.one(&format!("SELECT count(*) FROM docs WHERE {sql}"), &values)
            }
            Kind::Likes => {
                self.rows(&format!("SELECT id FROM docs WHERE {sql} ORDER BY likes DESC LIMIT 20"), &values)
            }
            _ => {
                self.rows(&format!("SELECT id FROM docs WHERE {sql} ORDER BY created DESC LIMIT 20"), &values)
            }
        }
    }
}

impl Engine for Asked {
    fn ask(&mut self, question: &Question) -> Outcome<u64> {
        if self.fts { self.ask_fts(question) } else { self.ask_like(question) }
    }

    fn total(&mut self, question: &Question) -> Outcome<Option<u64>> {
        if !self.fts {
            return Ok(None);
        }
        let words = Self::matching(question);
        Ok(Some(match question.kind {
            Kind::Filter => self.one(
                "SELECT count(*) FROM fts JOIN docs ON docs.id = fts.rowid WHERE fts MATCH ?1 AND docs.sampler = ?2",
                &[&words, &question.sampler],
            )?,
            _ => self.one("SELECT count(*) FROM fts WHERE fts MATCH ?1", &[&words])?,
        }))
    }
}
