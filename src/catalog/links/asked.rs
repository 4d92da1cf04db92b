//! Sets of images and resources that a query asks for: by links, descent, files and the time of a batch.
//!
//! - In: what a query says. Out: numbers, ascending, each once.
//! - Never: a look at the disk.

use std::collections::BTreeSet;

use rusqlite::{Row, params};

use crate::catalog::{Catalog, CatalogError, Result};
use crate::entity::{Evidence, HexHash, ImageKey, ModelId, ResourceKind};

use super::here::REMOVED;
use super::linking::collect;

/// Most rows of the ancestry of local models that are looked at.
const MAX_ANCESTRY_ROWS: usize = 1 << 18;
/// Most generations of descendants that are followed.
const MAX_DESCENT: usize = 16;

/// Which resources are asked for, by their links.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LinkedBy {
    /// Those with a representative.
    Anything,
    /// Those without one.
    Nothing,
    /// Those with another candidate that nobody refused.
    Several,
    /// Those whose representative has this evidence.
    Evidence(Evidence),
    /// Those whose representative has a confidence from the first to the second, in hundredths.
    Confidence(u8, u8),
    /// Those whose representative is no longer served by the site.
    Removed,
}

/// Whose names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind<'a> {
    /// Of models of these types, or of all.
    Model(&'a [&'a str]),
    /// Of those who published models.
    Creator,
    /// Of tags of models.
    Tag,
}

/// A picture on disk, for tests of its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureFile<'a> {
    /// The image.
    pub image: ImageKey,
    /// The scanned folder.
    pub root: &'a [u8],
    /// Below it.
    pub path: &'a [u8],
    /// In bytes.
    pub size_bytes: u64,
    /// When it was last written, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// Whether it was not there when last looked for, or its folder was not.
    pub is_missing: bool,
}

/// The row of a model file that descends from something.
struct Descendant {
    file: i64,
    parent: Option<String>,
}

impl Catalog {
    /// Resources by what their links say, sorted.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn resources_linked_by(&self, which: LinkedBy) -> Result<Vec<u64>> {
        match which {
            LinkedBy::Anything => self.keys_of("SELECT resource FROM links WHERE rank = 1", []),
            LinkedBy::Nothing => self.keys_of(
                "SELECT resource FROM resources r
                 WHERE NOT EXISTS (SELECT 1 FROM links l WHERE l.resource = r.resource AND l.rank = 1)",
                [],
            ),
            LinkedBy::Several => {
                self.keys_of("SELECT DISTINCT resource FROM links WHERE rank > 1 AND confidence > 0", [])
            }
            LinkedBy::Evidence(evidence) => self.keys_of(
                "SELECT resource FROM links WHERE rank = 1 AND evidence = ?1",
                params![evidence.as_str()],
            ),
            LinkedBy::Confidence(least, most) => self.keys_of(
                "SELECT resource FROM links WHERE rank = 1 AND confidence BETWEEN ?1 AND ?2",
                params![least, most],
            ),
            LinkedBy::Removed => {
                let sql = format!(
                    "SELECT l.resource FROM links l JOIN versions v ON v.version = l.version
                     LEFT JOIN models m ON m.model = v.model WHERE l.rank = 1 AND {REMOVED}"
                );
                self.keys_of(&sql, [])
            }
        }
    }

    /// Resources of a kind, or that stand for a version of a model of one of these types; sorted.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn resources_of_kind(&self, kind: ResourceKind, types: &[&str]) -> Result<Vec<u64>> {
        let types = types.iter().map(|kind| format!("'{kind}'")).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "SELECT resource FROM resources WHERE kind = {kind}
             UNION SELECT l.resource FROM links l JOIN versions v ON v.version = l.version
             JOIN models m ON m.model = v.model WHERE l.rank = 1 AND m.kind IN ({types})",
            kind = kind.code()
        );
        self.keys_of(&sql, [])
    }

    /// Resources that are, or stand for, something that descends from a model: by what headers of local model files
    /// say of their parents, over several generations. Sorted; the model's own are not among them.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn resources_descending_from(&self, model: ModelId) -> Result<Vec<u64>> {
        let mut parents: BTreeSet<String> = self
            .texts(
                "SELECT h.hash FROM file_hashes h JOIN files f USING (file) JOIN versions v USING (version)
                 WHERE v.model = ?1",
                params![model.as_i64()],
            )?
            .into_iter()
            .collect();
        let own = parents.clone();
        let rows = self.descendants()?;
        let mut files: BTreeSet<i64> = BTreeSet::new();
        for _ in 0..MAX_DESCENT {
            let is_known = |hash: &String| {
                let from = parents.range(hash.clone()..).next();
                from.is_some_and(|known| known.starts_with(hash.as_str()))
            };
            let found: Vec<i64> = rows
                .iter()
                .filter(|row| !files.contains(&row.file) && row.parent.as_ref().is_some_and(is_known))
                .map(|row| row.file)
                .collect();
            if found.is_empty() {
                break;
            }
            for file in found {
                files.insert(file);
                parents.extend(self.texts("SELECT hash FROM local_hashes WHERE file = ?1", params![file])?);
            }
        }
        let mut resources = Vec::new();
        for hash in parents.difference(&own).filter_map(|digits| HexHash::parse(digits)) {
            resources.extend(self.resources_for_hash(&hash)?);
        }
        resources.sort_unstable();
        resources.dedup();
        Ok(resources)
    }

    /// Visits the pictures on disk, sidecars left out, in the order of their rows.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn for_each_picture_file(&self, mut visit: impl FnMut(&PictureFile<'_>)) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT f.image, r.path, f.path, f.size_bytes, f.modified_ns, f.state, r.online
             FROM local_files f JOIN roots r USING (root)
             WHERE f.image IS NOT NULL AND f.kind IN (1, 2) ORDER BY f.file",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let Some(image) = ImageKey::new(row.get(0)?) else { continue };
            let is_online: bool = row.get(6)?;
            let bytes = |column| -> Result<&[u8]> {
                row.get_ref(column)?
                    .as_blob()
                    .map_err(|_| CatalogError::Damaged { table: "local_files", column: "path" })
            };
            visit(&PictureFile {
                image,
                root: bytes(1)?,
                path: bytes(2)?,
                size_bytes: row.get::<_, i64>(3)?.cast_unsigned(),
                modified_ns: row.get(4)?,
                is_missing: row.get::<_, i64>(5)? == 2 || !is_online,
            });
        }
        Ok(())
    }

    /// Images of which a batch between two moments (milliseconds since 1970, ends included) was the last to bring something; sorted.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn images_seen_between(&self, first_ms: i64, last_ms: i64) -> Result<Vec<i64>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT image FROM images WHERE generation IN
             (SELECT generation FROM generations WHERE at BETWEEN ?1 AND ?2)",
        )?;
        let rows = statement.query(params![first_ms, last_ms])?;
        let mut images = collect(rows, |row| Ok(row.get(0)?))?;
        images.sort_unstable();
        Ok(images)
    }

    /// Names that begin so, case of ASCII aside; in alphabetical order, each once.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn names_beginning(&self, whose: NameKind<'_>, begins: &str, limit: usize) -> Result<Vec<String>> {
        let (table, column, condition) = match whose {
            NameKind::Model(&[]) => ("models", "name", String::new()),
            NameKind::Model(types) => {
                let types = types.iter().map(|kind| format!("'{kind}'")).collect::<Vec<_>>().join(", ");
                ("models", "name", format!("AND kind IN ({types})"))
            }
            NameKind::Creator => ("models", "creator", String::new()),
            NameKind::Tag => ("model_tags", "tag", String::new()),
        };
        let sql = format!(
            "SELECT DISTINCT {column} FROM {table} WHERE {column} >= ?1 COLLATE NOCASE
             AND {column} < ?2 COLLATE NOCASE {condition} ORDER BY {column} COLLATE NOCASE LIMIT ?3"
        );
        let end = format!("{begins}{}", char::MAX);
        self.texts(&sql, params![begins, end, i64::try_from(limit).unwrap_or(i64::MAX)])
    }

    fn descendants(&self) -> Result<Vec<Descendant>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT file, hash FROM local_ancestry WHERE hash IS NOT NULL AND length(hash) >= 8
             ORDER BY file, position LIMIT ?1",
        )?;
        let limit = i64::try_from(MAX_ANCESTRY_ROWS).unwrap_or(i64::MAX);
        collect(statement.query([limit])?, |row| Ok(Descendant { file: row.get(0)?, parent: row.get(1)? }))
    }

    fn texts(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<Vec<String>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        collect(statement.query(parameters)?, |row| Ok(row.get(0)?))
    }

    /// Row numbers of resources that a statement gives; sorted, each once.
    fn keys_of(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<Vec<u64>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut keys =
            collect(statement.query(parameters)?, |row: &Row<'_>| Ok(row.get::<_, i64>(0)?.cast_unsigned()))?;
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }
}
