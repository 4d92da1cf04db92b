//! What the ledgers of unresolved resources and disputed hashes read: all uses, all hashes, all postings.

use crate::catalog::{Catalog, Result};
use crate::entity::{HashKind, ImageKey, MetaState, VersionId};

use super::StoredResource;
use super::columns::{self, RESOURCE};
use super::linking::{collect, hash_text};
use super::usage::{image_key, shown_when_hidden};

/// One hash of one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HashFact {
    /// Lower-case hexadecimal digits.
    pub digits: String,
    /// How it was computed.
    pub kind: HashKind,
    /// The row number of the file.
    pub file: i64,
    /// Whether a later document gives another value for that file.
    pub former: bool,
}

impl Catalog {
    /// Streams which image names which resource, by image, then resource. Hidden generation data is left out, as in
    /// [`Self::uses_of`].
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_named(&self, mut visit: impl FnMut(ImageKey, i64)) -> Result<()> {
        // CROSS JOIN keeps the order of the tables, so that both are read along their primary keys.
        let mut statement = self.connection.prepare_cached(
            "SELECT i.image, u.resource, u.sources, i.meta_state
             FROM images i CROSS JOIN image_resources u ON u.image = i.image
             WHERE i.same_as IS NULL ORDER BY i.image, u.resource",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let hidden = columns::meta_state(row.get(3)?)? == MetaState::Hidden;
            if !hidden || !shown_when_hidden(columns::sources(row, 2)?).is_empty() {
                visit(image_key(row.get(0)?)?, row.get(1)?);
            }
        }
        Ok(())
    }

    /// Streams which image was posted or returned for which version, by image, then version.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_posting(&self, mut visit: impl FnMut(ImageKey, VersionId)) -> Result<()> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT DISTINCT image, version FROM image_versions ORDER BY image, version")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(image_key(row.get(0)?)?, columns::version(row.get(1)?, "image_versions")?);
        }
        Ok(())
    }

    /// The resources that stand for no version, by row number.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn unresolved(&self) -> Result<Vec<StoredResource>> {
        let sql = format!(
            "SELECT {RESOURCE} FROM resources r
             WHERE NOT EXISTS (SELECT 1 FROM links l WHERE l.resource = r.resource AND l.rank = 1)
             ORDER BY r.resource"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        collect(statement.query([])?, columns::stored_resource)
    }

    /// Streams every hash of every file, former ones included, by kind, digits and file.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_hash_fact(&self, mut visit: impl FnMut(HashFact)) -> Result<()> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT hash, kind, file, former FROM file_hashes ORDER BY kind, hash, file")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(HashFact {
                digits: hash_text(row)?.to_owned(),
                kind: columns::hash_kind(row.get(1)?)?,
                file: row.get(2)?,
                former: row.get::<_, i64>(3)? != 0,
            });
        }
        Ok(())
    }
}
