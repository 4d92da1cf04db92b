//! What an answer needs of the rows behind it: what a resource is called today, and whether a file is still there.
//!
//! - In: row numbers of images and resources, numbers of generations.
//! - Out: names as the links have them now (late binding), states, marks.
//! - Never: a scan of images. Each question but that for all resources is a look-up by key.

use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use super::{Catalog, CatalogError, Result};
use crate::entity::{ImageKey, ModelId, ResourceKind, VersionId};

/// A version that stands for a resource, with what it is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LinkedName {
    /// The version.
    pub version: VersionId,
    /// Its title.
    pub version_name: Option<String>,
    /// Its model.
    pub model: Option<ModelId>,
    /// The title of its model.
    pub model_name: Option<String>,
    /// The site's word for the type of its model.
    #[serde(skip)]
    pub model_kind: Option<String>,
}

impl LinkedName {
    /// The titles of model and version in one text; the version's number where neither is known.
    pub fn title(&self) -> String {
        match (self.model_name.as_deref(), self.version_name.as_deref()) {
            (Some(model), Some(version)) => format!("{model} {version}"),
            (Some(model), None) => model.to_owned(),
            (None, Some(version)) => version.to_owned(),
            (None, None) => format!("version {}", self.version),
        }
    }
}

/// A resource with what metadata calls it and what stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedResource {
    /// The role that metadata gives it.
    pub kind: ResourceKind,
    /// Its name as written, else its hash, else the number of its version or model.
    pub written: Option<String>,
    /// The version that stands for it.
    pub linked: Option<LinkedName>,
}

const LINKED: &str = "l.version, v.name, v.model, m.name, m.kind";

/// Resources with [`LINKED`] of the version that stands for each, its role, its name as written and its number.
const NAMED_RESOURCES: &str = "SELECT l.version, v.name, v.model, m.name, m.kind, r.kind,
        coalesce(r.name, r.hash, r.version, r.air_version, r.air_model) || '', r.resource
    FROM resources r LEFT JOIN links l ON l.resource = r.resource AND l.rank = 1
    LEFT JOIN versions v ON v.version = l.version LEFT JOIN models m ON m.model = v.model";

impl Catalog {
    /// What tells a generation from one of the same number in another catalog, or in another life of this one, such as
    /// after a backup was restored. `None` where there is no such generation; never zero.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn generation_mark(&self, generation: u64) -> Result<Option<u64>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT at, stage, source, items FROM generations WHERE generation = ?1")?;
        let Ok(number) = i64::try_from(generation) else { return Ok(None) };
        let row = statement.query_row([number], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, i64>(3)?,
            ))
        });
        Ok(row.optional()?.map(|(at, stage, source, items)| {
            let hash = blake3::hash(format!("{number}\n{at}\n{items}\n{stage}\n{source}").as_bytes());
            let mut first = [0; 8];
            first.copy_from_slice(&hash.as_bytes()[..8]);
            u64::from_le_bytes(first).max(1)
        }))
    }

    /// The checkpoint of an image by its linked name: of several the one whose link is surest, then the one stored
    /// first. `None` when no checkpoint that it names is linked.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn linked_checkpoint(&self, image: ImageKey) -> Result<Option<LinkedName>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {LINKED} FROM image_resources u JOIN resources r USING (resource)
             JOIN links l ON l.resource = u.resource AND l.rank = 1
             LEFT JOIN versions v ON v.version = l.version LEFT JOIN models m ON m.model = v.model
             WHERE u.image = ?1 AND (m.kind IN ('Checkpoint', 'UNet') OR (m.kind IS NULL AND r.kind = ?2))
             ORDER BY l.confidence DESC, r.resource LIMIT 1"
        ))?;
        let mut rows = statement.query(params![image.get(), ResourceKind::Model.code()])?;
        rows.next()?.map(|row| read_linked(row, 0)).transpose().map(Option::flatten)
    }

    /// A resource with its names; `None` when there is no such row.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn named_resource(&self, resource: u64) -> Result<Option<NamedResource>> {
        let sql = format!("{NAMED_RESOURCES} WHERE r.resource = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let Ok(number) = i64::try_from(resource) else { return Ok(None) };
        let mut rows = statement.query([number])?;
        rows.next()?.map(read_named).transpose()
    }

    /// Visits every resource with its names, by number. For many resources it costs a fraction of asking for each.
    ///
    /// # Errors
    ///
    /// When SQLite fails, a row is damaged, or `visit` fails.
    pub fn for_each_called_resource<E: From<CatalogError>>(
        &self,
        mut visit: impl FnMut(u64, NamedResource) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let sql = format!("{NAMED_RESOURCES} ORDER BY r.resource");
        let mut statement = self.connection.prepare_cached(&sql).map_err(CatalogError::from)?;
        let mut rows = statement.query([]).map_err(CatalogError::from)?;
        while let Some(row) = rows.next().map_err(CatalogError::from)? {
            let resource: i64 = row.get(7).map_err(CatalogError::from)?;
            visit(resource.cast_unsigned(), read_named(row)?)?;
        }
        Ok(())
    }

    /// How many resources there are, or some more.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn last_resource(&self) -> Result<u64> {
        let sql = "SELECT coalesce(max(resource), 0) FROM resources";
        Ok(self.connection.query_row(sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }

    /// The tags and the publisher of a model, as far as they are known.
    ///
    /// # Errors
    ///
    /// When SQLite fails or the row is damaged.
    pub fn labels_of_model(&self, model: ModelId) -> Result<(Vec<String>, Option<String>)> {
        let mut statement =
            self.connection.prepare_cached("SELECT tags, creator FROM models WHERE model = ?1")?;
        let mut rows = statement.query([model.as_i64()])?;
        let Some(row) = rows.next()? else { return Ok((Vec::new(), None)) };
        Ok((super::images::words_from_json(&row.get::<_, String>(0)?)?, row.get(1)?))
    }

    /// Whether a local image is known to be gone: it has a file, and the last scan found none of its files.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn is_missing(&self, image: ImageKey) -> Result<bool> {
        let mut statement = self.connection.prepare_cached(
            "SELECT min(state = 2) FROM local_files WHERE image = ?1 AND image IS NOT NULL AND kind <> 4",
        )?;
        let missing: Option<bool> = statement.query_row([image.get()], |row| row.get(0))?;
        Ok(missing.unwrap_or(false))
    }
}

/// Reads a row of [`NAMED_RESOURCES`].
fn read_named(row: &Row<'_>) -> Result<NamedResource> {
    let kind = ResourceKind::from_code(row.get(5)?)
        .ok_or(CatalogError::Damaged { table: "resources", column: "kind" })?;
    Ok(NamedResource { kind, written: row.get(6)?, linked: read_linked(row, 0)? })
}

/// Reads [`LINKED`] from a position on.
fn read_linked(row: &Row<'_>, at: usize) -> Result<Option<LinkedName>> {
    let Some(version) = row.get::<_, Option<i64>>(at)? else { return Ok(None) };
    Ok(Some(LinkedName {
        version: VersionId::from_i64(version)
            .ok_or(CatalogError::Damaged { table: "links", column: "version" })?,
        version_name: row.get(at + 1)?,
        model: row.get::<_, Option<i64>>(at + 2)?.and_then(ModelId::from_i64),
        model_name: row.get(at + 3)?,
        model_kind: row.get(at + 4)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Fixture, SomeVersion, text_resource};

    #[test]
    fn a_generation_of_the_same_number_in_another_life_has_another_mark() {
        let (one, other) = (Fixture::new(), Fixture::new());
        assert_eq!(one.catalog.generation_mark(1).expect("readable"), None);
        let mark = |fixture: &Fixture, at: i64| {
            fixture.run("INSERT OR REPLACE INTO generations VALUES (1, ?1, 'import', 'a', 1)", [at]);
            fixture.catalog.generation_mark(1).expect("readable")
        };
        assert_eq!(mark(&one, 5), mark(&other, 5));
        assert_ne!(mark(&one, 5), mark(&other, 6));
    }

    #[test]
    fn a_resource_is_called_by_the_version_that_stands_for_it_now() {
        let fixture = Fixture::new();
        fixture.model(7, "Seven", Some("Checkpoint"));
        let (state, date_ms) = ("published", None);
        fixture.version(&SomeVersion { version: 70, model: Some(7), name: "v1", state, date_ms });
        let id = fixture.resource(&text_resource(ResourceKind::Model, "seven_v1", ""));
        let id = u64::try_from(id).expect("a row number");
        let named = || {
            let one = fixture.catalog.named_resource(id).expect("readable").expect("it is there");
            let mut all = Vec::new();
            let visit = |resource, named| -> Result<()> {
                all.push((resource, named));
                Ok(())
            };
            fixture.catalog.for_each_called_resource(visit).expect("readable");
            assert_eq!(all, [(id, one.clone())]);
            one
        };
        assert_eq!((named().written.as_deref(), named().linked), (Some("seven_v1"), None));
        fixture.run("INSERT INTO links VALUES (?1, 1, 70, 'name', 'x', 40, NULL)", [id.cast_signed()]);
        assert_eq!(named().linked.map(|linked| linked.title()).as_deref(), Some("Seven v1"));
    }
}
