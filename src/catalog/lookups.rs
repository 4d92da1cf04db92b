//! What was asked for singly, what came back, and for how long the answer spares the next question.
//!
//! - In: answers as they come, each in the same transaction as what it brought.
//! - Out: the last answer to a question; what is worth asking next, most valuable first.
//! - Never: a question. What to do with an answer that is too old is for the caller.

mod wanted;

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use crate::entity::{Timestamp, VersionId};

use super::crawl::{Absent, Tombstone, store_absence};
use super::writer::Beside;
use super::{Batch, BatchReport, Catalog, CatalogError, Result};

pub use wanted::{WantedHash, WantedVersion};

/// What a look-up was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LookupKind {
    /// A model by its number.
    Model,
    /// A version by its number.
    Version,
    /// An image by its number.
    Image,
    /// A hash of any kind, asked by itself.
    Hash,
    /// A SHA-256, asked together with others: the answer only names versions.
    Sha256,
}

impl LookupKind {
    /// The word in the catalog.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Version => "version",
            Self::Image => "image",
            Self::Hash => "hash",
            Self::Sha256 => "sha256",
        }
    }
}

/// What came of a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LookupOutcome {
    /// The very thing.
    Found,
    /// The site has no such thing, or does not show it.
    Absent,
    /// Something else than was asked for.
    Wrong,
    /// Nothing usable.
    Failed,
}

impl LookupOutcome {
    const ALL: [Self; 4] = [Self::Found, Self::Absent, Self::Wrong, Self::Failed];

    /// The word in the catalog.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Absent => "absent",
            Self::Wrong => "wrong",
            Self::Failed => "failed",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}

/// The last answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// What was asked for.
    pub kind: LookupKind,
    /// The number in decimal, or the digits of the hash in lower case.
    pub key: String,
    /// When the answer came.
    pub at: Timestamp,
    /// What it was.
    pub outcome: LookupOutcome,
    /// The version that came back for a hash, the right one or not.
    pub version: Option<VersionId>,
    /// Until when the answer spares the same question; `None` when it spares none.
    pub expires_at: Option<Timestamp>,
}

impl Lookup {
    /// Whether the answer spares the same question at `now`.
    pub fn spares(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end > now)
    }
}

/// What the last answer of a URL said of its own freshness.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UrlMark {
    /// The URL, without secrets.
    pub url: String,
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    pub last_modified: Option<String>,
}

/// What is remembered of an answer, beside the entities that it brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerNotes {
    /// The questions that it answers.
    pub lookups: Vec<Lookup>,
    /// Versions that it names for hashes, without describing them.
    pub named: Vec<NamedVersion>,
    /// How to ask whether it is still the same; one without any value is forgotten.
    pub mark: Option<UrlMark>,
}

/// A version that the site names for a SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedVersion {
    /// The 64 digits, in lower case.
    pub hash: String,
    /// The version.
    pub version: VersionId,
    /// When it was named.
    pub at: Timestamp,
}

impl AnswerNotes {
    pub(super) fn store(&self, tx: &Transaction<'_>) -> Result<()> {
        let mut lookup = tx.prepare_cached(
            "INSERT OR REPLACE INTO lookups (kind, key, at, outcome, version, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for row in &self.lookups {
            lookup.execute(params![
                row.kind.as_str(),
                row.key,
                row.at.as_millis(),
                row.outcome.as_str(),
                row.version.map(VersionId::as_i64),
                row.expires_at.map(Timestamp::as_millis),
            ])?;
        }
        let mut named = tx.prepare_cached(
            "INSERT OR REPLACE INTO named_versions (hash, version, at) VALUES (?1, ?2, ?3)",
        )?;
        for row in &self.named {
            named.execute(params![row.hash, row.version.as_i64(), row.at.as_millis()])?;
        }
        if let Some(UrlMark { url, etag: None, last_modified: None }) = &self.mark {
            tx.prepare_cached("DELETE FROM url_marks WHERE url = ?1")?.execute([url])?;
        } else if let Some(mark) = &self.mark {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO url_marks (url, etag, last_modified) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![mark.url, mark.etag, mark.last_modified])?;
        }
        Ok(())
    }
}

impl Catalog {
    /// Writes a batch and the notes on the answer that brought it as one transaction.
    ///
    /// A batch that changes nothing has no generation; its notes are written all the same.
    ///
    /// # Errors
    ///
    /// As [`Catalog::write`]; nothing of either is stored then.
    pub fn write_answer(&mut self, batch: &Batch, notes: &AnswerNotes) -> Result<BatchReport> {
        let report = self.write_with(batch, &Beside { notes: Some(notes), ..Beside::default() })?;
        if report.generation.is_none() {
            self.note_answer(notes)?;
        }
        Ok(report)
    }

    /// Remembers an answer that brought no entity. It is no generation, because nothing that is derived from the
    /// catalog depends on it.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn note_answer(&mut self, notes: &AnswerNotes) -> Result<()> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        notes.store(&tx)?;
        Ok(tx.commit()?)
    }

    /// As [`Catalog::note_absence`], with the notes on the answer that said so in the same transaction.
    ///
    /// # Errors
    ///
    /// When SQLite fails; nothing is stored then.
    pub fn note_absence_with(
        &mut self,
        what: Absent,
        id: u64,
        seen: Tombstone,
        source: &str,
        notes: &AnswerNotes,
    ) -> Result<u64> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let generation = store_absence(&tx, what, id, seen, source)?;
        notes.store(&tx)?;
        tx.commit()?;
        Ok(generation)
    }

    /// The last answer to a question; `None` when it was never asked.
    ///
    /// # Errors
    ///
    /// When SQLite fails or the row is damaged.
    pub fn lookup(&self, kind: LookupKind, key: &str) -> Result<Option<Lookup>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT at, outcome, version, expires_at FROM lookups WHERE kind = ?1 AND key = ?2",
        )?;
        let mut rows = statement.query(params![kind.as_str(), key])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let outcome: String = row.get(1)?;
        let version: Option<i64> = row.get(2)?;
        let expires_at: Option<i64> = row.get(3)?;
        Ok(Some(Lookup {
            kind,
            key: key.to_owned(),
            at: Timestamp::from_millis(row.get(0)?).ok_or(damaged("lookups", "at"))?,
            outcome: LookupOutcome::from_word(&outcome).ok_or(damaged("lookups", "outcome"))?,
            version: version.and_then(VersionId::from_i64),
            expires_at: expires_at.and_then(Timestamp::from_millis),
        }))
    }

    /// What the last answer of a URL said of its freshness.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn url_mark(&self, url: &str) -> Result<Option<UrlMark>> {
        let mut statement =
            self.connection.prepare_cached("SELECT etag, last_modified FROM url_marks WHERE url = ?1")?;
        let found = statement
            .query_row([url], |row| {
                Ok(UrlMark { url: url.to_owned(), etag: row.get(0)?, last_modified: row.get(1)? })
            })
            .optional()?;
        Ok(found)
    }

    /// The versions that the site named for a SHA-256 when it was last asked, by id.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn versions_named_for(&self, hash: &str) -> Result<Vec<VersionId>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT version FROM named_versions WHERE hash = ?1 ORDER BY version")?;
        let rows = statement.query_map([hash], |row| row.get::<_, i64>(0))?;
        rows.map(|row| VersionId::from_i64(row?).ok_or(damaged("named_versions", "version"))).collect()
    }

    /// Whether a version was described by the site, and not only named.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn is_version_described(&self, version: VersionId) -> Result<bool> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT 1 FROM versions WHERE version = ?1 AND seen_at IS NOT NULL")?;
        Ok(statement.exists([version.as_i64()])?)
    }
}

fn damaged(table: &'static str, column: &'static str) -> CatalogError {
    CatalogError::Damaged { table, column }
}

#[cfg(test)]
mod tests;
