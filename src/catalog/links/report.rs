//! Titles and kinship of models and versions, for people to read.

use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, Result};
use crate::entity::{ModelId, PublishState, Timestamp, VersionId};

use super::columns;
use super::linking::collect;

/// What a model is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFacts {
    /// The model.
    pub model: ModelId,
    /// Its title.
    pub name: Option<String>,
    /// The site's word for its type.
    pub kind: Option<String>,
    /// Who published it.
    pub creator: Option<String>,
}

/// What a version is called and belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionTitle {
    /// The version.
    pub version: VersionId,
    /// Its title.
    pub name: Option<String>,
    /// Its model.
    pub model: Option<ModelId>,
    /// The title of its model.
    pub model_name: Option<String>,
    /// The site's word for the type of its model.
    pub model_kind: Option<String>,
    /// The base model that it works with.
    pub base_model: Option<String>,
    /// Whether the site serves it.
    pub state: PublishState,
    /// When it was published.
    pub published_at: Option<Timestamp>,
}

/// A file of one version that another version lists too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SharedFile {
    /// The version that was asked about.
    pub version: VersionId,
    /// The name of the file there.
    pub file: Option<String>,
    /// The site's word for what the file is.
    pub kind: Option<String>,
    /// The other version.
    pub other: VersionId,
    /// The title of the other version's model.
    pub other_model_name: Option<String>,
    /// The title of the other version.
    pub other_name: Option<String>,
}

impl Catalog {
    /// A model by id; `None` when it was never even named.
    ///
    /// # Errors
    ///
    /// When SQLite fails or the row is damaged.
    pub fn model_facts(&self, model: ModelId) -> Result<Option<ModelFacts>> {
        let mut statement =
            self.connection.prepare_cached("SELECT name, kind, creator FROM models WHERE model = ?1")?;
        let mut rows = statement.query([model.as_i64()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(ModelFacts { model, name: row.get(0)?, kind: row.get(1)?, creator: row.get(2)? }))
    }

    /// A version by id; `None` when not even a stub of it exists.
    ///
    /// # Errors
    ///
    /// When SQLite fails or the row is damaged.
    pub fn version_title(&self, version: VersionId) -> Result<Option<VersionTitle>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT v.name, v.model, m.name, m.kind, v.base_model, v.state, v.published_at
             FROM versions v LEFT JOIN models m ON m.model = v.model WHERE v.version = ?1",
        )?;
        let mut rows = statement.query([version.as_i64()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(VersionTitle {
            version,
            name: row.get(0)?,
            model: columns::model(row, 1, "versions")?,
            model_name: row.get(2)?,
            model_kind: row.get(3)?,
            base_model: row.get(4)?,
            state: columns::publish_state(row, 5)?,
            published_at: columns::timestamp(row, 6, "versions")?,
        }))
    }

    /// Whether a current file of `version` has a current hash with exactly these digits.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn lists_hash(&self, version: VersionId, digits: &str) -> Result<bool> {
        let mut statement = self.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM file_hashes h JOIN files f ON f.file = h.file
             WHERE h.hash = ?1 AND f.version = ?2 AND h.former = 0 AND f.former = 0)",
        )?;
        let listed: i64 =
            statement.query_row(rusqlite::params![digits, version.as_i64()], |row| row.get(0))?;
        Ok(listed != 0)
    }

    /// Files with the SHA-256 or the site's number of a file of `version` under other versions, sorted.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn shared_files(&self, version: VersionId) -> Result<Vec<SharedFile>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT f.name, f.kind, o.version, m.name, v.name FROM files f JOIN files o ON o.file IN (
                 SELECT b.file FROM file_hashes a JOIN file_hashes b ON b.hash = a.hash AND b.kind = 1
                 WHERE a.file = f.file AND a.kind = 1
                 UNION SELECT s.file FROM files s WHERE s.site_id = f.site_id)
             LEFT JOIN versions v ON v.version = o.version LEFT JOIN models m ON m.model = v.model
             WHERE f.version = ?1 AND o.version <> ?1",
        )?;
        let mut shared = collect(statement.query([version.as_i64()])?, |row| {
            Ok(SharedFile {
                version,
                file: row.get(0)?,
                kind: row.get(1)?,
                other: columns::version(row.get(2)?, "files")?,
                other_model_name: row.get(3)?,
                other_name: row.get(4)?,
            })
        })?;
        shared.sort();
        shared.dedup();
        Ok(shared)
    }
}
