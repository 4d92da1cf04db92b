//! Notes what a document changes about something known before.
//!
//! - In: facts before and after a write. Out: rows of `history`, one a changed field, within the same batch.
//! - Never: prompts or other generation data, which an owner may withdraw; counters, which always change.

use rusqlite::{OptionalExtension, Transaction, params};

use super::Stamp;
use crate::catalog::Result;
use crate::catalog::crawl::Absent;
use crate::catalog::images::ImageRow;
use crate::catalog::merge::dialect_bit;
use crate::entity::{Dialect, MetaState};

/// Facts of a model that are worth a note: columns of its row.
const MODEL_FACTS: &[&str] = &[
    "name",
    "kind",
    "creator",
    "mode",
    "availability",
    "poi",
    "nsfw_level",
    "allow_commercial_use",
    "allow_no_credit",
    "allow_derivatives",
    "allow_different_license",
    "tags",
];

/// Facts of a version that are worth a note: columns of its row.
const VERSION_FACTS: &[&str] = &[
    "name",
    "model",
    "base_model",
    "base_model_type",
    "trained_words",
    "state",
    "nsfw_level",
    "published_at",
];

/// The field under which an absence and its end are noted.
pub(in crate::catalog) const ABSENCE: &str = "absent";

/// What the facts of one row were at one moment; `None` when it had never been described.
pub(super) type Facts = Option<Vec<Option<String>>>;

/// Writes notes inside one transaction.
#[derive(Clone, Copy)]
pub(super) struct History<'t> {
    transaction: &'t Transaction<'t>,
    stamp: Stamp,
    /// Whether anything was ever seen to be absent, so that most batches need not ask for each row.
    has_tombstones: bool,
}

impl<'t> History<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>, stamp: Stamp) -> Result<Self> {
        let has_tombstones = transaction.prepare_cached("SELECT 1 FROM tombstones LIMIT 1")?.exists([])?;
        Ok(Self { transaction, stamp, has_tombstones })
    }

    /// What is known of a model before or after a write.
    pub(super) fn model_facts(&self, model: i64) -> Result<Facts> {
        self.facts("models", "model", MODEL_FACTS, model)
    }

    /// What is known of a version before or after a write.
    pub(super) fn version_facts(&self, version: i64) -> Result<Facts> {
        self.facts("versions", "version", VERSION_FACTS, version)
    }

    /// A row that others only named has no facts worth comparing, but for a version that was seen to be absent.
    fn facts(&self, table: &str, key: &str, names: &[&str], id: i64) -> Result<Facts> {
        let columns: Vec<String> = names.iter().map(|name| as_text(name)).collect();
        let sql =
            format!("SELECT {} FROM {table} WHERE {key} = ?1 AND seen_at IS NOT NULL", columns.join(", "));
        let mut statement = self.transaction.prepare_cached(&sql)?;
        let facts = statement.query_row([id], |row| (0..names.len()).map(|column| row.get(column)).collect());
        Ok(facts.optional()?)
    }

    /// Notes what became of a model.
    pub(super) fn note_model(&self, model: i64, before: Facts) -> Result<()> {
        let after = self.model_facts(model)?;
        self.note_changes(Absent::Model, model, MODEL_FACTS, before, after)
    }

    /// Notes what became of a version.
    pub(super) fn note_version(&self, version: i64, before: Facts) -> Result<()> {
        let after = self.version_facts(version)?;
        self.note_changes(Absent::Version, version, VERSION_FACTS, before, after)
    }

    fn note_changes(&self, kind: Absent, id: i64, names: &[&str], before: Facts, after: Facts) -> Result<()> {
        let (Some(before), Some(after)) = (before, after) else { return Ok(()) };
        for (name, (was, now)) in names.iter().zip(before.iter().zip(&after)) {
            self.note(kind, id, name, was.as_deref(), now.as_deref())?;
        }
        Ok(())
    }

    /// Notes what became of an image; of its generation data, only whether it is shown.
    ///
    /// Kinds of documents differ in what they say of one image at one time, so that only a document of a kind that has
    /// described it before tells of a change.
    pub(super) fn note_image(&self, old: &ImageRow, new: &ImageRow, told_by: Dialect) -> Result<()> {
        let facts = |row: &ImageRow| {
            [
                ("username", row.username.clone()),
                ("post", row.post.map(|post| post.to_string())),
                ("nsfw_level", row.nsfw_level.map(|level| level.bits().to_string())),
                ("base_model", row.base_model.clone()),
            ]
        };
        let id = old.key.get();
        if old.dialects & dialect_bit(told_by) == 0 {
            return self.note_meta(id, old.meta, new.meta);
        }
        for ((name, was), (_, now)) in facts(old).into_iter().zip(facts(new)) {
            // A value that arrives for the first time completes the image and changes nothing that was said.
            if was.is_some() {
                self.note(Absent::Image, id, name, was.as_deref(), now.as_deref())?;
            }
        }
        // The same bytes have many URLs; another media is another picture under the same number.
        if old.media != new.media {
            self.note(Absent::Image, id, "url", old.url.as_deref(), new.url.as_deref())?;
        }
        self.note_meta(id, old.meta, new.meta)
    }

    /// Notes that generation data was withdrawn, or is shown again.
    pub(super) fn note_meta(&self, image: i64, was: MetaState, now: MetaState) -> Result<()> {
        if was != now && (was == MetaState::Hidden || now == MetaState::Hidden) {
            self.note(Absent::Image, image, "meta", Some(was.as_str()), Some(now.as_str()))?;
        }
        Ok(())
    }

    /// Notes one change; of several within a batch, the first value and the last remain.
    pub(super) fn note(
        &self,
        kind: Absent,
        id: i64,
        field: &str,
        was: Option<&str>,
        now: Option<&str>,
    ) -> Result<()> {
        if was == now {
            return Ok(());
        }
        self.transaction
            .prepare_cached(
                "INSERT INTO history (kind, id, generation, field, was, now) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET now = excluded.now",
            )?
            .execute(params![kind.as_str(), id, self.stamp.generation, field, was, now])?;
        Ok(())
    }

    /// Notes that something which was absent is there again; says whether it was absent.
    pub(super) fn note_return(&self, kind: Absent, id: i64) -> Result<bool> {
        if !self.has_tombstones {
            return Ok(false);
        }
        let status: Option<i64> = self
            .transaction
            .prepare_cached(
                "SELECT status FROM tombstones WHERE kind = ?1 AND id = ?2 AND at > coalesce(
                    (SELECT max(g.at) FROM history h JOIN generations g USING (generation)
                     WHERE h.kind = ?1 AND h.id = ?2 AND h.field = ?3), -9e15)
                 ORDER BY at DESC LIMIT 1",
            )?
            .query_row(params![kind.as_str(), id, ABSENCE], |row| row.get(0))
            .optional()?;
        if let Some(status) = status {
            self.note(kind, id, ABSENCE, Some(&status.to_string()), None)?;
        }
        Ok(status.is_some())
    }
}

/// The expression for a column as a person reads it.
fn as_text(column: &str) -> String {
    if matches!(column, "tags" | "allow_commercial_use") {
        // Sets, whose order means nothing and changes from answer to answer.
        format!(
            "(SELECT group_concat(value, ', ') FROM (SELECT value FROM json_each({column}) ORDER BY value))"
        )
    } else if column.ends_with("_at") {
        format!("strftime('%Y-%m-%dT%H:%M:%fZ', {column} / 1000.0, 'unixepoch')")
    } else {
        format!("CAST({column} AS TEXT)")
    }
}

#[cfg(test)]
mod tests;
