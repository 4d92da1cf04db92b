//! Rows that join files of this machine with what the site published.
//!
//! - In: versions, row numbers of resources. Out: plain values, by path or image.
//! - Never: a look at the disk, or at the site.

use rusqlite::{OptionalExtension, params};

use crate::catalog::{Catalog, FileState, Result};
use crate::entity::{
    HashKind, HexHash, ImageKey, ImageName, Link, MetaState, ResourceSources, Timestamp, VersionId,
};

use super::StoredResource;
use super::columns::{self, RESOURCE, RESOURCE_COLUMNS};
use super::usage::{image_key, shown_when_hidden};

/// Versions that the site no longer serves, or whose model it took down or no longer finds.
pub(super) const REMOVED: &str = "(v.state IN ('unpublished', 'not_found') OR m.mode = 'TakenDown' OR EXISTS (
    SELECT 1 FROM tombstones t WHERE t.kind = 'model' AND t.id = v.model AND t.at >= coalesce(m.seen_at, 0)))";

/// Which local uses are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalUses {
    /// Of every version.
    All,
    /// Of versions that the site has removed.
    Removed,
}

/// A local picture's use of a resource with its representative.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalUse {
    /// The picture.
    pub image: ImageKey,
    /// Its absolute path.
    pub name: ImageName,
    /// Whether the file is there: `present`, `missing`, `failed`.
    pub file_state: &'static str,
    /// What it names.
    pub resource: StoredResource,
    /// Where it says so.
    pub sources: ResourceSources,
    /// The representative.
    pub link: Link,
}

/// Why the site no longer offers a version, and since when that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Removal {
    /// What happened.
    pub what: Removed,
    /// When it was noticed first, which may be long after it happened; `None` where no document says when.
    pub noticed_at: Option<Timestamp>,
}

/// How a version was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Removed {
    /// The site took its model down.
    TakenDown,
    /// Its model was asked for and not found.
    ModelNotFound,
    /// It was asked for and not found.
    NotFound,
    /// Said to be unpublished, scheduled, a draft or deleted.
    Unpublished,
}

impl Removed {
    /// The word that output uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TakenDown => "taken_down",
            Self::ModelNotFound => "model_not_found",
            Self::NotFound => "not_found",
            Self::Unpublished => "unpublished",
        }
    }
}

/// One image's use of one of several resources.
#[derive(Clone, Debug, PartialEq)]
pub struct NamingImage {
    /// The image.
    pub image: ImageKey,
    /// The resource, by row number.
    pub resource: i64,
    /// How strongly; finite.
    pub weight: Option<f64>,
    /// Where it says so; never empty.
    pub sources: ResourceSources,
}

/// What the last documents say of a version and its model; times in milliseconds.
struct Offered {
    state: String,
    model: Option<i64>,
    mode: Option<String>,
    seen: Option<i64>,
    model_seen: Option<i64>,
}

impl Catalog {
    /// What pictures of this machine were made with, by image and resource.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_local_use(&self, which: LocalUses, mut visit: impl FnMut(LocalUse)) -> Result<()> {
        let removed = match which {
            LocalUses::All => "1",
            LocalUses::Removed => REMOVED,
        };
        // CROSS JOIN keeps the order of the tables: local pictures are few beside those of the site.
        let sql = format!(
            "SELECT {RESOURCE}, f.image, n.name, min(f.state), u.sources,
                    l.version, l.evidence, l.raw, l.confidence, l.rank, l.lost
             FROM local_files f CROSS JOIN image_names n ON n.image = f.image AND n.kind = 3
             CROSS JOIN image_resources u ON u.image = f.image
             JOIN resources r ON r.resource = u.resource
             JOIN links l ON l.resource = u.resource AND l.rank = 1
             JOIN versions v ON v.version = l.version LEFT JOIN models m ON m.model = v.model
             WHERE f.kind IN (1, 2) AND f.image IS NOT NULL AND {removed}
             GROUP BY f.image, u.resource ORDER BY f.image, u.resource"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let state: i64 = row.get(RESOURCE_COLUMNS + 2)?;
            visit(LocalUse {
                image: image_key(row.get(RESOURCE_COLUMNS)?)?,
                name: ImageName::Path(row.get(RESOURCE_COLUMNS + 1)?),
                file_state: match state {
                    1 => FileState::Present.as_str(),
                    2 => FileState::Missing { since: None }.as_str(),
                    _ => FileState::Failed { reason: String::new() }.as_str(),
                },
                resource: columns::stored_resource(row)?,
                sources: columns::sources(row, RESOURCE_COLUMNS + 3)?,
                link: columns::link(row, RESOURCE_COLUMNS + 4)?,
            });
        }
        Ok(())
    }

    /// Why the site no longer offers a version; `None` while it does, as far as is known.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn removal_of(&self, version: VersionId) -> Result<Option<Removal>> {
        let offered = self
            .connection
            .prepare_cached(
                "SELECT v.state, v.model, m.mode, v.seen_at, m.seen_at
                 FROM versions v LEFT JOIN models m ON m.model = v.model WHERE v.version = ?1",
            )?
            .query_row([version.as_i64()], |row| {
                Ok(Offered {
                    state: row.get(0)?,
                    model: row.get(1)?,
                    mode: row.get(2)?,
                    seen: row.get(3)?,
                    model_seen: row.get(4)?,
                })
            })
            .optional()?;
        let Some(Offered { state, model, mode, seen, model_seen }) = offered else { return Ok(None) };
        let id = version.as_i64();
        let gone_model = match model {
            Some(model) => self.first_absence("model", model, model_seen)?,
            None => None,
        };
        let (what, at) = match (mode.as_deref(), state.as_str()) {
            (Some("TakenDown"), _) => {
                let changed = model.map(|model| self.last_change("model", model, "mode", "TakenDown"));
                (Removed::TakenDown, changed.transpose()?.flatten().or(model_seen))
            }
            _ if gone_model.is_some() => (Removed::ModelNotFound, gone_model),
            (_, "not_found") => (Removed::NotFound, self.first_absence("version", id, seen)?),
            (_, "unpublished") => {
                (Removed::Unpublished, self.last_change("version", id, "state", "unpublished")?.or(seen))
            }
            _ => return Ok(None),
        };
        Ok(Some(Removal { what, noticed_at: at.and_then(Timestamp::from_millis) }))
    }

    /// The first time after `seen` that something was not found.
    fn first_absence(&self, kind: &str, id: i64, seen: Option<i64>) -> Result<Option<i64>> {
        let sql = "SELECT min(at) FROM tombstones WHERE kind = ?1 AND id = ?2 AND at >= coalesce(?3, 0)";
        Ok(self.connection.prepare_cached(sql)?.query_row(params![kind, id, seen], |row| row.get(0))?)
    }

    /// The last time that a field became this value.
    fn last_change(&self, kind: &str, id: i64, field: &str, now: &str) -> Result<Option<i64>> {
        let sql = "SELECT max(at) FROM history JOIN generations USING (generation)
            WHERE kind = ?1 AND id = ?2 AND field = ?3 AND now = ?4";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row(params![kind, id, field, now], |row| row.get(0))?)
    }

    /// The newest version of the same model that the site still serves: what replaced `version`, if anything did.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn newest_sibling(&self, version: VersionId) -> Result<Option<VersionId>> {
        let sql =
            "SELECT o.version FROM versions v JOIN versions o ON o.model = v.model AND o.version <> v.version
            WHERE v.version = ?1 AND o.state = 'published'
            ORDER BY coalesce(o.published_at, o.created_at) DESC, o.version DESC LIMIT 1";
        let found: Option<i64> = self
            .connection
            .prepare_cached(sql)?
            .query_row([version.as_i64()], |row| row.get(0))
            .optional()?;
        found.map(|id| columns::version(id, "versions")).transpose()
    }

    /// Whole-file hashes of the files of a version, former ones included: SHA-256 and BLAKE3, sorted.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn whole_hashes_of(&self, version: VersionId) -> Result<Vec<HexHash>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT h.hash FROM files f JOIN file_hashes h ON h.file = f.file
             WHERE f.version = ?1 AND h.kind IN (?2, ?3) ORDER BY h.hash",
        )?;
        let kinds = params![version.as_i64(), HashKind::Sha256.code(), HashKind::Blake3.code()];
        super::linking::collect(statement.query(kinds)?, |row| {
            columns::required(row.get::<_, String>(0)?, "file_hashes", "hash", |text| HexHash::parse(&text))
        })
    }

    /// Streams every use of one of `resources`, by image and resource. Generation data that an owner hides stays
    /// hidden.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_naming(&self, resources: &[u64], mut visit: impl FnMut(NamingImage)) -> Result<()> {
        let wanted = format!("[{}]", resources.iter().map(u64::to_string).collect::<Vec<_>>().join(","));
        let mut statement = self.connection.prepare_cached(
            "SELECT u.image, u.resource, u.weight, u.sources, i.meta_state
             FROM image_resources u JOIN images i ON i.image = u.image
             WHERE u.resource IN (SELECT value FROM json_each(?1)) AND i.same_as IS NULL
             ORDER BY u.image, u.resource",
        )?;
        let mut rows = statement.query([wanted])?;
        while let Some(row) = rows.next()? {
            let is_hidden = columns::meta_state(row.get(4)?)? == MetaState::Hidden;
            let sources = columns::sources(row, 3)?;
            let sources = if is_hidden { shown_when_hidden(sources) } else { sources };
            if sources.is_empty() && is_hidden {
                continue;
            }
            visit(NamingImage {
                image: image_key(row.get(0)?)?,
                resource: row.get(1)?,
                weight: columns::finite(row, 2)?.filter(|_| !is_hidden),
                sources,
            });
        }
        Ok(())
    }
}
