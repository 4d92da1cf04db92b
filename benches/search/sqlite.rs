//! SQLite: rows alone for LIKE, and FTS5 over them.

use std::io::Write;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};
use stemmata_index::Document;

use crate::Outcome;
use crate::engines::{Build, Engine, Kind, Question, size};
use crate::measure::Work;

/// Takes records.
pub(crate) struct Rows {
    connection: Connection,
    dir: PathBuf,
    fts: bool,
}

impl Rows {
    pub(crate) fn new(dir: &Path, fts: bool) -> Outcome<Self> {
        let connection = Connection::open(dir.join("rows.db"))?;
        connection.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;
             PRAGMA mmap_size = 30000000000; PRAGMA temp_store = MEMORY;
             CREATE TABLE docs (id INTEGER PRIMARY KEY, prompt TEXT, negative TEXT, names TEXT, sampler TEXT, user TEXT,
                 created INTEGER, likes INTEGER);
             BEGIN;",
        )?;
        Ok(Self { connection, dir: dir.to_path_buf(), fts })
    }
}

impl Build for Rows {
    fn take(&mut self, documents: &[Document]) -> Outcome<()> {
        let mut insert =
            self.connection.prepare_cached("INSERT INTO docs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
        for document in documents {
            let names: Vec<&str> = document.names.iter().map(|(_, name)| name.as_str()).collect();
            insert.execute(params![
                document.key,
                document.prompt,
                document.negative,
                names.join("|"),
                document.sampler,
                document.username,
                document.created_ms,
                document.likes.map(u64::cast_signed)
            ])?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>, out: &mut dyn Write) -> Outcome<Box<dyn Engine>> {
        let Self { connection, dir, fts } = *self;
        connection.execute_batch(
            "COMMIT; CREATE INDEX docs_sampler ON docs (sampler); CREATE INDEX docs_created ON docs (created);
             CREATE INDEX docs_likes ON docs (likes);",
        )?;
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
                    "fts5: {what}, the full text alone: {:.1} s, {:.1} CPU-s, {:.0} MiB",
                    work.wall,
                    work.cpu,
                    bytes as f64 / f64::from(1 << 20)
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
