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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Fixture, SomeFile, SomeVersion, text_resource};
    use crate::entity::HashKind;

    /// A digest of 64 digits that begins so.
    fn digest(begins: &str) -> String {
        format!("{begins:0<64}")
    }

    /// Models 7 (a checkpoint with one file) and 8 (a LoRA); resources that lead to them and one that leads nowhere.
    fn fixture() -> (Fixture, [u64; 4]) {
        let fixture = Fixture::new();
        fixture.model(7, "Seven", Some("Checkpoint"));
        fixture.model(8, "Eight", Some("LORA"));
        for (version, model, state) in [(70, 7, "published"), (80, 8, "not_found")] {
            fixture.version(&SomeVersion { version, model: Some(model), name: "v1", state, date_ms: None });
        }
        let file = SomeFile {
            file: 1,
            version: 70,
            site_id: None,
            name: None,
            kind: None,
            primary: true,
            former: false,
        };
        fixture.file(&file);
        fixture.hash(1, HashKind::Sha256, &digest("aa11aa11aa"));
        let resource = |kind, name: &str, hash: &str| {
            u64::try_from(fixture.resource(&text_resource(kind, name, hash))).expect("a row number")
        };
        let resources = [
            resource(ResourceKind::Model, "seven", "aa11aa11aa"),
            resource(ResourceKind::Unknown, "eight", "bb22bb22bb"),
            resource(ResourceKind::Lora, "nobody", "cc33cc33cc"),
            resource(ResourceKind::Model, "child", "dd44dd44dd"),
        ];
        for (resource, rank, version, evidence, confidence) in [
            (0, 1, 70, "autov2", 90),
            (0, 2, 80, "name", 30),
            (1, 1, 80, "name", 40),
            (3, 1, 70, "sha256", 95),
        ] {
            fixture.run(
                "INSERT INTO links VALUES (?1, ?2, ?3, ?4, 'x', ?5, NULL)",
                params![resources[resource].cast_signed(), rank, version, evidence, confidence],
            );
        }
        (fixture, resources)
    }

    #[test]
    fn resources_are_told_by_their_links() {
        let (fixture, [seven, eight, nobody, child]) = fixture();
        for (which, expected) in [
            (LinkedBy::Anything, vec![seven, eight, child]),
            (LinkedBy::Nothing, vec![nobody]),
            (LinkedBy::Several, vec![seven]),
            (LinkedBy::Evidence(Evidence::Name), vec![eight]),
            (LinkedBy::Confidence(90, 100), vec![seven, child]),
            (LinkedBy::Removed, vec![eight]),
        ] {
            assert_eq!(fixture.catalog.resources_linked_by(which).expect("reads"), expected, "{which:?}");
        }
        let of_kind = |kind, types: &[&str]| fixture.catalog.resources_of_kind(kind, types).expect("reads");
        assert_eq!(of_kind(ResourceKind::Lora, &["LORA"]), [eight, nobody]);
        assert_eq!(of_kind(ResourceKind::Model, &["Checkpoint"]), [seven, child]);
    }

    #[test]
    fn descent_goes_over_several_generations_and_not_in_circles() {
        let (fixture, [.., child]) = fixture();
        fixture.run("INSERT INTO roots (root, path, online) VALUES (1, x'2f', 1)", []);
        let parents = [
            (1, digest("dd44dd44dd"), "aa11aa11aa"),
            (2, digest("ee55"), "dd44dd44dd"),
            (3, digest("ff66"), "1234"),
        ];
        for (file, hash, parent) in parents {
            fixture.run(
                "INSERT INTO local_files (file, root, path, size_bytes, modified_ns, device, inode, kind, state, generation)
                 VALUES (?1, 1, CAST(?1 AS BLOB), 1, 1, 0, 0, 3, 1, 1)",
                [file],
            );
            fixture.run(
                "INSERT INTO local_models (file, size_bytes, modified_ns, kind, tensors) VALUES (?1, 1, 1, 1, 0)",
                [file],
            );
            fixture.run("INSERT INTO local_hashes VALUES (?1, 1, ?2)", params![file, hash]);
            for (position, parent) in [(0, parent), (1, "ee55000000")] {
                fixture.run(
                    "INSERT INTO local_ancestry (file, position, descent, evidence, hash, key)
                     VALUES (?1, ?2, 'merged_from', 'short_hash', ?3, 'k')",
                    params![file, position, parent],
                );
            }
        }
        let model = |id| ModelId::new(id).expect("not zero");
        assert_eq!(fixture.catalog.resources_descending_from(model(7)).expect("reads"), [child]);
        assert_eq!(fixture.catalog.resources_descending_from(model(8)).expect("reads"), [0_u64; 0]);
    }

    #[test]
    fn names_are_found_by_their_beginning_whatever_their_case() {
        let (fixture, _) = fixture();
        fixture.model(9, "seventeen", Some("Checkpoint"));
        let names = |whose, begins| fixture.catalog.names_beginning(whose, begins, 2).expect("reads");
        assert_eq!(names(NameKind::Model(&["Checkpoint"]), "SEV"), ["Seven", "seventeen"]);
        assert_eq!(names(NameKind::Model(&["LORA"]), ""), ["Eight"]);
        assert_eq!(names(NameKind::Model(&[]), ""), ["Eight", "Seven"]);
        assert_eq!(names(NameKind::Tag, "x"), [""; 0]);
    }
}
