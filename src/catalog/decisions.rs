//! Decisions of people: a small text file beside the catalog, and a copy of it inside.
//!
//! - In: `decisions.ndjson`, one JSON object a line, from anyone; see [`DecisionsFile`] for its bounds.
//! - Out: a set of [`Decisions`], and lines that this reader does not understand, kept as they are.
//! - Never: a line that is lost. The file is the truth while it is there; the copy stands in for it where only the
//!   catalog was moved, and the file outlives a catalog that is deleted and filled again.

mod file;
mod overlay;

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, params};

pub use file::{DecisionsFile, Faults};
pub use overlay::{LineFault, Overlay, new_decision};

use super::{Catalog, Result};
use crate::entity::{Decisions, ImageKey, ImageName, Refused, Ruling, VersionId};

/// Row of `state` that holds the digest of the overlay that was last copied.
const DIGEST: &str = "decisions_digest";

/// Decisions before and after a change of their file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionsChange {
    /// As linking last saw them.
    pub before: Decisions,
    /// As they are now.
    pub after: Decisions,
}

impl Catalog {
    /// The file of decisions that belongs to this catalog; `None` for a catalog in memory.
    pub fn decisions_file(&self) -> Option<DecisionsFile> {
        let path = self.connection.path().filter(|path| !path.is_empty())?;
        Some(DecisionsFile::beside(path.as_ref()))
    }

    /// The decisions as linking last saw them.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn decisions(&self) -> Result<Decisions> {
        Ok(self.copied_overlay()?.decisions)
    }

    /// The versions that single images were decided not to be made with, by image.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn refusals_of_images(&self) -> Result<BTreeMap<ImageKey, BTreeSet<VersionId>>> {
        let mut refusals: BTreeMap<ImageKey, BTreeSet<VersionId>> = BTreeMap::new();
        for decision in self.decisions()?.in_force() {
            let Ruling::NotLink { what: Refused::Image(name), version } = &decision.ruling else { continue };
            let key = match name {
                ImageName::Site(id) => Some((*id).into()),
                name => self.image_by_name(name)?,
            };
            if let Some(key) = key {
                refusals.entry(key).or_default().insert(*version);
            }
        }
        Ok(refusals)
    }

    /// The copy of the file, with the lines that this reader does not understand.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn copied_overlay(&self) -> Result<Overlay> {
        let mut statement = self.connection.prepare_cached("SELECT line FROM decisions ORDER BY id")?;
        let mut rows = statement.query([])?;
        let mut overlay = Overlay::default();
        while let Some(row) = rows.next()? {
            overlay.read_line(row.get_ref(0)?.as_str().unwrap_or_default());
        }
        Ok(overlay)
    }

    /// Copies the file of decisions if it has changed, inside the transaction of the caller.
    ///
    /// `None` when nothing changed, when there is no file, or when this is a catalog in memory.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is too long, or SQLite fails.
    pub fn take_decisions(&self) -> Result<Option<DecisionsChange>> {
        let Some(file) = self.decisions_file() else { return Ok(None) };
        let Some(overlay) = file.read()? else { return Ok(None) };
        self.set_decisions(&overlay)
    }

    /// Replaces the copy, inside the transaction of the caller; `None` when it is the same already.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn set_decisions(&self, overlay: &Overlay) -> Result<Option<DecisionsChange>> {
        let digest = overlay.digest();
        let known: Option<String> = self
            .connection
            .query_row("SELECT value FROM state WHERE name = ?1", [DIGEST], |row| row.get(0))
            .optional()?;
        if known.as_ref() == Some(&digest) {
            return Ok(None);
        }
        let before = self.copied_overlay()?.decisions;
        self.connection.execute("DELETE FROM decisions", [])?;
        let mut insert =
            self.connection.prepare_cached("INSERT OR IGNORE INTO decisions (id, line) VALUES (?1, ?2)")?;
        for (id, line) in overlay.rows() {
            insert.execute(params![id, line])?;
        }
        self.connection.execute(
            "INSERT INTO state (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            params![DIGEST, digest],
        )?;
        Ok(Some(DecisionsChange { before, after: overlay.decisions.clone() }))
    }
}

#[cfg(test)]
mod tests;
