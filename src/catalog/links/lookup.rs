//! From what a query names (a version, a model, a hash, a word) to the resources that images store.

use crate::catalog::Result;
use crate::catalog::{Catalog, CatalogError};
use crate::entity::{HexHash, ModelId, ResourceKind, VersionId};

use super::columns;
use super::linking::collect;

/// Resources whose representative (rank 1) is among the versions that the condition selects.
///
/// Lower ranks are left out on purpose: a search for a model must not return the images of every other
/// model that shares a file with it.
const REPRESENTED_BY: &str =
    "SELECT l.resource FROM links l JOIN versions v ON v.version = l.version WHERE l.rank = 1 AND ";

impl Catalog {
    /// Resources that stand for `version` (rank 1), sorted.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn resources_for_version(&self, version: VersionId) -> Result<Vec<u64>> {
        self.keys("SELECT resource FROM links WHERE version = ?1 AND rank = 1", version.as_i64())
    }

    /// Resources that stand for `version` (rank 1) by more than their name, sorted.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn certain_resources_for_version(&self, version: VersionId) -> Result<Vec<u64>> {
        let sql = "SELECT resource FROM links WHERE version = ?1 AND rank = 1 AND evidence <> 'name'";
        self.keys(sql, version.as_i64())
    }

    /// Resources that stand for any version of `model` (rank 1) or name only the model, sorted.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn resources_for_model(&self, model: ModelId) -> Result<Vec<u64>> {
        let sql = format!(
            "{REPRESENTED_BY} v.model = ?1
             UNION SELECT resource FROM resources WHERE air_model = ?1 AND air_version IS NULL AND version IS NULL"
        );
        self.keys(&sql, model.as_i64())
    }

    /// Resources written with this hash or with another form of it, or that stand for a version with a
    /// file that has it; sorted. A shorter hash stands for all that begin with it.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn resources_for_hash(&self, hash: &HexHash) -> Result<Vec<u64>> {
        let digits = hash.as_str();
        let mut found =
            self.keys("SELECT resource FROM resources WHERE hash >= ?1 AND hash < ?1 || 'g'", digits)?;
        for short in [10, 12].into_iter().filter_map(|length| digits.get(..length)) {
            found.extend(self.keys("SELECT resource FROM resources WHERE hash = ?1", short)?);
        }
        for version in self.versions_with_hash(hash)? {
            found.extend(self.resources_for_version(version)?);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Resources called so by metadata, or that stand for a version whose model and version name together hold
    /// every word of `text`; sorted. A word that ends in `*` stands for all words that begin with it.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn resources_for_name(&self, text: &str) -> Result<Vec<u64>> {
        let Some(query) = word_query(text) else { return Ok(Vec::new()) };
        self.keys(
            "SELECT l.resource FROM links l WHERE l.rank = 1
             AND l.version IN (SELECT rowid FROM version_names WHERE version_names MATCH ?1)
             UNION SELECT rowid FROM resource_names WHERE resource_names MATCH ?1",
            query,
        )
    }

    /// Resources of one kind that are called so: by the name that metadata gave them, or because they stand for a
    /// version of a model of one of these types (or of unknown type) that is called so.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn resources_for_typed_name(
        &self,
        text: &str,
        kind: ResourceKind,
        types: &[&str],
    ) -> Result<Vec<u64>> {
        let Some(query) = word_query(text) else { return Ok(Vec::new()) };
        let types = types.iter().map(|kind| format!("'{kind}'")).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "{REPRESENTED_BY} l.version IN (SELECT rowid FROM version_names WHERE version_names MATCH ?1)
             AND NOT EXISTS (SELECT 1 FROM models m WHERE m.model = v.model AND m.kind NOT IN ({types}))
             UNION SELECT resource FROM resources WHERE kind = {kind}
             AND resource IN (SELECT rowid FROM resource_names WHERE resource_names MATCH ?1)",
            kind = kind.code()
        );
        self.keys(&sql, query)
    }

    /// Resources that stand for a version published by `creator`, sorted. Case does not matter.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn resources_for_creator(&self, creator: &str) -> Result<Vec<u64>> {
        let sql = format!(
            "{REPRESENTED_BY} v.model IN (SELECT model FROM models WHERE creator = ?1 COLLATE NOCASE)"
        );
        self.keys(&sql, creator)
    }

    /// Resources that stand for a version of a model that carries `tag`, sorted. Case does not matter.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn resources_for_model_tag(&self, tag: &str) -> Result<Vec<u64>> {
        let sql = format!("{REPRESENTED_BY} v.model IN (SELECT model FROM model_tags WHERE tag = ?1)");
        self.keys(&sql, tag)
    }

    /// Versions with a file that has a hash beginning with `hash`, by id.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn versions_with_hash(&self, hash: &HexHash) -> Result<Vec<VersionId>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT f.version FROM file_hashes h JOIN files f ON f.file = h.file
             WHERE h.hash >= ?1 AND h.hash < ?1 || 'g' ORDER BY 1",
        )?;
        collect(statement.query([hash.as_str()])?, |row| columns::version(row.get(0)?, "files"))
    }

    /// Versions of `model`, by id.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn versions_of_model(&self, model: ModelId) -> Result<Vec<VersionId>> {
        let ids = self.numbers("SELECT version FROM versions WHERE model = ?1 ORDER BY 1", model.as_i64())?;
        ids.into_iter().map(|version| columns::version(version, "versions")).collect()
    }

    /// Models whose whole name is `text`, case aside; at most `limit`, by id.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn models_with_name(&self, text: &str, limit: u32) -> Result<Vec<ModelId>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT model FROM models WHERE name = ?1 COLLATE NOCASE ORDER BY model LIMIT ?2",
        )?;
        collect(statement.query(rusqlite::params![text, limit])?, read_model)
    }

    /// Models with a version whose names hold every word of `text`; at most `limit`, by id.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn models_with_words(&self, text: &str, limit: u32) -> Result<Vec<ModelId>> {
        let Some(query) = word_query(text) else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT v.model FROM versions v WHERE v.model IS NOT NULL
             AND v.version IN (SELECT rowid FROM version_names WHERE version_names MATCH ?1)
             ORDER BY v.model LIMIT ?2",
        )?;
        collect(statement.query(rusqlite::params![query, limit])?, read_model)
    }

    /// Versions whose names, with that of their model, hold every word of `text`; at most `limit`, by id.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn versions_with_words(&self, text: &str, limit: u32) -> Result<Vec<VersionId>> {
        let Some(query) = word_query(text) else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(
            "SELECT rowid FROM version_names WHERE version_names MATCH ?1 ORDER BY rowid LIMIT ?2",
        )?;
        collect(statement.query(rusqlite::params![query, limit])?, |row| {
            columns::version(row.get(0)?, "version_names")
        })
    }

    /// Runs a statement with one parameter that gives row numbers; sorted, each once.
    fn keys(&self, sql: &str, parameter: impl rusqlite::ToSql) -> Result<Vec<u64>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut keys = collect(statement.query([parameter])?, |row| {
            let key: i64 = row.get(0)?;
            columns::required(key, "resources", "resource", |key| u64::try_from(key).ok())
        })?;
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }
}

fn read_model(row: &rusqlite::Row<'_>) -> Result<ModelId> {
    columns::model(row, 0, "models")?.ok_or(CatalogError::Damaged { table: "models", column: "model" })
}

/// The words of `text` as a query of FTS5, quoted so that none of them is an operator.
///
/// `None` when there is nothing to look for. A word without a letter or digit is left out, because its
/// empty phrase would match nothing.
fn word_query(text: &str) -> Option<String> {
    let words: Vec<String> = text
        .split_whitespace()
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .map(|word| match word.strip_suffix('*') {
            Some(start) => format!("\"{}\"*", escaped(start)),
            None => format!("\"{}\"", escaped(word)),
        })
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// A NUL would end the query early, and a quote would end the phrase.
fn escaped(word: &str) -> String {
    word.replace('\0', " ").replace('"', "\"\"")
}

#[cfg(test)]
mod tests {
    use crate::catalog::{Fixture, SomeVersion};

    #[test]
    fn the_tags_that_a_model_has_now_find_it() {
        let fixture = Fixture::new();
        fixture.model(7, "Seven", None);
        let (state, date_ms) = ("published", None);
        fixture.version(&SomeVersion { version: 70, model: Some(7), name: "v1", state, date_ms });
        fixture.run("INSERT INTO links VALUES (1, 1, 70, 'version_id', '70', 100, NULL)", []);
        let found = |tag: &str| fixture.catalog.resources_for_model_tag(tag).expect("readable");
        let retag = |tags: &str| fixture.run("UPDATE models SET tags = ?1 WHERE model = 7", [tags]);
        assert_eq!(found("anime"), [0_u64; 0]);
        retag(r#"["Anime", "anime", "style"]"#);
        assert_eq!((found("ANIME"), found("style"), found("ani")), (vec![1], vec![1], vec![]));
        retag(r#"["style", "photo"]"#);
        assert_eq!((found("anime"), found("style"), found("photo")), (vec![], vec![1], vec![1]));
        fixture.run("INSERT INTO models (model, generation, tags) VALUES (8, 1, '[\"style\"]')", []);
        fixture.run("UPDATE versions SET model = 8 WHERE version = 70", []);
        assert_eq!(
            (found("photo"), found("style")),
            (vec![], vec![1]),
            "a model that comes with tags has them"
        );
    }
}
