//! Models, versions, files and their hashes.

use rusqlite::{CachedStatement, OptionalExtension, Transaction, params};

use super::history::History;
use super::{RawPlace, Stamp, saturating_i64};
use crate::catalog::Result;
use crate::catalog::batch::Change;
use crate::catalog::crawl::Absent;
use crate::entity::{FileHash, Model, ModelFile, ModelVersion, PublishState};

/// Writes models and versions inside one transaction.
pub(super) struct ModelWriter<'t> {
    transaction: &'t Transaction<'t>,
    stamp: Stamp,
    insert_hash: CachedStatement<'t>,
    history: History<'t>,
}

impl<'t> ModelWriter<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>, stamp: Stamp) -> Result<Self> {
        let insert_hash = transaction.prepare_cached(
            "INSERT INTO file_hashes (hash, kind, file, former) VALUES (?1, ?2, ?3, 0)
             ON CONFLICT (hash, kind, file) DO UPDATE SET former = 0 WHERE former <> 0",
        )?;
        let history = History::new(transaction, stamp)?;
        Ok(Self { transaction, stamp, insert_hash, history })
    }

    pub(super) fn write_model(&self, model: &Model, raw: RawPlace) -> Result<Change> {
        let known = self.known("SELECT raw_hash, seen_at FROM models WHERE model = ?1", model.id.as_i64())?;
        let returned = self.history.note_return(Absent::Model, model.id.as_i64())?;
        if !returned && known.is_some_and(|(hash, _)| hash == Some(raw.hash)) {
            return self
                .see("UPDATE models SET seen_at = ?2 WHERE model = ?1 AND seen_at < ?2", model.id.as_i64());
        }
        let old_name = self.model_name(model.id.as_i64())?;
        let before = self.history.model_facts(model.id.as_i64())?;
        self.store_model(model, raw)?;
        self.history.note_model(model.id.as_i64(), before)?;
        if old_name.is_some() && model.name.is_some() && old_name != model.name {
            self.rename_versions(model)?;
        }
        Ok(change(known))
    }

    fn store_model(&self, model: &Model, raw: RawPlace) -> Result<()> {
        let stats = &model.stats;
        self.transaction
            .prepare_cached(
                "INSERT INTO models (model, generation, seen_at, name, kind, description, nsfw, nsfw_level,
                    poi, mode, availability, allow_commercial_use, allow_no_credit, allow_derivatives,
                    allow_different_license, downloads, thumbs_up, thumbs_down, comments, ratings, rating,
                    creator, tags, raw_block, raw_position, raw_hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
                    ?19, ?20, ?21, ?22, ?23, ?2, ?24, ?25)
                 ON CONFLICT (model) DO UPDATE SET generation = ?2, seen_at = ?3,
                    name = coalesce(?4, name), kind = coalesce(?5, kind),
                    description = coalesce(?6, description), nsfw = coalesce(?7, nsfw),
                    nsfw_level = coalesce(?8, nsfw_level), poi = coalesce(?9, poi), mode = ?10,
                    availability = coalesce(?11, availability),
                    allow_commercial_use = iif(?12 = '[]', allow_commercial_use, ?12),
                    allow_no_credit = coalesce(?13, allow_no_credit),
                    allow_derivatives = coalesce(?14, allow_derivatives),
                    allow_different_license = coalesce(?15, allow_different_license),
                    downloads = coalesce(?16, downloads), thumbs_up = coalesce(?17, thumbs_up),
                    thumbs_down = coalesce(?18, thumbs_down), comments = coalesce(?19, comments),
                    ratings = coalesce(?20, ratings), rating = coalesce(?21, rating),
                    creator = coalesce(?22, creator), tags = iif(?23 = '[]', tags, ?23),
                    raw_block = ?2, raw_position = ?24, raw_hash = ?25",
            )?
            .execute(params![
                model.id.as_i64(),
                self.stamp.generation,
                self.stamp.at.as_millis(),
                model.name,
                model.kind,
                model.description,
                model.nsfw,
                model.nsfw_level.map(|level| level.bits()),
                model.poi,
                model.mode,
                model.availability,
                json_words(&model.allow_commercial_use),
                model.allow_no_credit,
                model.allow_derivatives,
                model.allow_different_license,
                stats.downloads.map(saturating_i64),
                stats.thumbs_up.map(saturating_i64),
                stats.thumbs_down.map(saturating_i64),
                stats.comments.map(saturating_i64),
                stats.ratings.map(saturating_i64),
                stats.rating,
                model.creator.as_ref().map(|creator| &creator.username),
                json_words(&model.tags),
                raw.position,
                raw.hash,
            ])?;
        Ok(())
    }

    pub(super) fn write_version(&mut self, version: &ModelVersion, raw: RawPlace) -> Result<Change> {
        let id = version.id.as_i64();
        // A version that was no longer listed is listed again, though its own text may be the same.
        let unlisted =
            "SELECT iif(state = 'unpublished', NULL, raw_hash), seen_at FROM versions WHERE version = ?1";
        let plain = "SELECT raw_hash, seen_at FROM versions WHERE version = ?1";
        let known =
            self.known(if version.state == PublishState::Published { unlisted } else { plain }, id)?;
        let returned = self.history.note_return(Absent::Version, id)?;
        if !returned && known.is_some_and(|(hash, _)| hash == Some(raw.hash)) {
            return self.see("UPDATE versions SET seen_at = ?2 WHERE version = ?1 AND seen_at < ?2", id);
        }
        self.write_model_stub(version)?;
        let before = self.history.version_facts(id)?;
        self.store_version(version, raw)?;
        self.history.note_version(id, before)?;
        self.name_version(id)?;
        self.write_files(version)?;
        Ok(change(known))
    }

    /// Notes that something was described again as it is known. That is no change for the index or the links.
    fn see(&self, statement: &str, id: i64) -> Result<Change> {
        self.transaction.prepare_cached(statement)?.execute(params![id, self.stamp.at.as_millis()])?;
        Ok(Change::Unchanged)
    }

    /// Marks the versions that a model no longer lists; gives how many.
    pub(super) fn retire_versions(&self, model: &Model) -> Result<usize> {
        if !model.lists_all_versions {
            return Ok(0);
        }
        let listed: Vec<i64> = model.versions.iter().map(|version| version.id.as_i64()).collect();
        let mut statement = self.transaction.prepare_cached(
            "UPDATE versions SET state = 'unpublished', generation = ?3
             WHERE model = ?1 AND state = 'published'
                AND NOT EXISTS (SELECT 1 FROM json_each(?2) WHERE value = version)
             RETURNING version",
        )?;
        let retired: Vec<i64> = statement
            .query_map(
                params![model.id.as_i64(), serde_json::json!(listed).to_string(), self.stamp.generation],
                |row| row.get(0),
            )?
            .collect::<rusqlite::Result<_>>()?;
        for version in &retired {
            self.history.note(Absent::Version, *version, "state", Some("published"), Some("unpublished"))?;
        }
        Ok(retired.len())
    }

    /// Keeps what a version document says of its model, unless the model is known by itself.
    fn write_model_stub(&self, version: &ModelVersion) -> Result<()> {
        let Some(model) = version.model else { return Ok(()) };
        self.transaction
            .prepare_cached(
                "INSERT INTO models (model, generation, name, kind) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (model) DO UPDATE SET name = coalesce(name, ?3), kind = coalesce(kind, ?4)
                 WHERE (name IS NULL AND ?3 IS NOT NULL) OR (kind IS NULL AND ?4 IS NOT NULL)",
            )?
            .execute(params![
                model.as_i64(),
                self.stamp.generation,
                version.model_name,
                version.model_kind
            ])?;
        Ok(())
    }

    fn store_version(&self, version: &ModelVersion, raw: RawPlace) -> Result<()> {
        let stats = &version.stats;
        let state = (version.state != PublishState::Unknown).then(|| version.state.as_str());
        self.transaction
            .prepare_cached(
                "INSERT INTO versions (version, generation, seen_at, model, name, description, base_model,
                    base_model_type, trained_words, created_at, published_at, state, nsfw_level, downloads,
                    thumbs_up, thumbs_down, comments, ratings, rating, raw_block, raw_position, raw_hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, coalesce(?12, 'unknown'), ?13, ?14,
                    ?15, ?16, ?17, ?18, ?19, ?2, ?20, ?21)
                 ON CONFLICT (version) DO UPDATE SET generation = ?2, seen_at = ?3,
                    model = coalesce(?4, model), name = coalesce(?5, name),
                    description = coalesce(?6, description), base_model = coalesce(?7, base_model),
                    base_model_type = coalesce(?8, base_model_type),
                    trained_words = iif(?9 = '[]', trained_words, ?9),
                    created_at = coalesce(?10, created_at), published_at = coalesce(?11, published_at),
                    state = coalesce(?12, iif(state = 'not_found', 'unknown', state)), nsfw_level = coalesce(?13, nsfw_level),
                    downloads = coalesce(?14, downloads), thumbs_up = coalesce(?15, thumbs_up),
                    thumbs_down = coalesce(?16, thumbs_down), comments = coalesce(?17, comments),
                    ratings = coalesce(?18, ratings), rating = coalesce(?19, rating),
                    raw_block = ?2, raw_position = ?20, raw_hash = ?21",
            )?
            .execute(params![
                version.id.as_i64(),
                self.stamp.generation,
                self.stamp.at.as_millis(),
                version.model.map(|model| model.as_i64()),
                version.name,
                version.description,
                version.base_model,
                version.base_model_type,
                json_words(&version.trained_words),
                version.created_at.map(|at| at.as_millis()),
                version.published_at.map(|at| at.as_millis()),
                state,
                version.nsfw_level.map(|level| level.bits()),
                stats.downloads.map(saturating_i64),
                stats.thumbs_up.map(saturating_i64),
                stats.thumbs_down.map(saturating_i64),
                stats.comments.map(saturating_i64),
                stats.ratings.map(saturating_i64),
                stats.rating,
                raw.position,
                raw.hash,
            ])?;
        Ok(())
    }

    /// Makes a version findable by the words of its model's name and its own.
    fn name_version(&self, version: i64) -> Result<()> {
        self.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO version_names (rowid, name)
                 SELECT version, trim(coalesce(models.name, '') || ' ' || coalesce(versions.name, ''))
                 FROM versions LEFT JOIN models USING (model) WHERE version = ?1",
            )?
            .execute([version])?;
        Ok(())
    }

    fn rename_versions(&self, model: &Model) -> Result<()> {
        let mut statement =
            self.transaction.prepare_cached("SELECT version FROM versions WHERE model = ?1")?;
        let versions: Vec<i64> =
            statement.query_map([model.id.as_i64()], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        versions.into_iter().try_for_each(|version| self.name_version(version))
    }

    /// Replaces the list of files; a file that is no longer listed becomes a former one and keeps its hashes.
    fn write_files(&mut self, version: &ModelVersion) -> Result<()> {
        if version.files.is_empty() {
            return Ok(());
        }
        let version_row = version.id.as_i64();
        let had_files = self
            .transaction
            .prepare_cached("SELECT 1 FROM files WHERE version = ?1 LIMIT 1")?
            .exists([version_row])?;
        let mut listed = Vec::with_capacity(version.files.len());
        for file in &version.files {
            let known = if had_files { self.file_row(version_row, file)? } else { None };
            let row = self.write_file(version_row, known, file)?;
            if known.is_some() {
                self.retire_hashes(version_row, row, file)?;
            }
            for hash in &file.hashes {
                self.insert_hash.execute(params![hash.value.as_str(), hash.kind.code(), row])?;
            }
            listed.push(row);
        }
        if !had_files {
            return Ok(());
        }
        self.retire_files(version_row, &listed)
    }

    /// The row that a file has: the one with its id, or without an id the one with its name.
    fn file_row(&self, version: i64, file: &ModelFile) -> Result<Option<i64>> {
        Ok(self
            .transaction
            .prepare_cached(
                "SELECT file FROM files WHERE version = ?1
                    AND iif(?2 IS NULL, site_id IS NULL AND name IS ?3, site_id = ?2) LIMIT 1",
            )?
            .query_row(params![version, file.id.map(|id| id.as_i64()), file.name], |row| row.get(0))
            .optional()?)
    }

    /// Writes a file over the row that it has, or adds one; gives the row.
    fn write_file(&self, version: i64, known: Option<i64>, file: &ModelFile) -> Result<i64> {
        let row = self
            .transaction
            .prepare_cached(
                "INSERT INTO files (file, version, site_id, name, kind, size_bytes, format, size_class,
                    precision, is_primary, former, download_url, generation)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, ?11, ?12)
                 ON CONFLICT (file) DO UPDATE SET name = coalesce(?4, name), kind = coalesce(?5, kind),
                    size_bytes = coalesce(?6, size_bytes), format = coalesce(?7, format),
                    size_class = coalesce(?8, size_class), precision = coalesce(?9, precision),
                    is_primary = ?10, former = 0, download_url = coalesce(?11, download_url),
                    generation = ?12
                 RETURNING file",
            )?
            .query_row(
                params![
                    known,
                    version,
                    file.id.map(|id| id.as_i64()),
                    file.name,
                    file.kind,
                    file.size_bytes.map(saturating_i64),
                    file.format,
                    file.size_class,
                    file.precision,
                    file.primary,
                    file.download_url,
                    self.stamp.generation,
                ],
                |row| row.get(0),
            )?;
        Ok(row)
    }

    /// Makes former files of those that the version no longer lists.
    fn retire_files(&self, version: i64, listed: &[i64]) -> Result<()> {
        let mut statement = self.transaction.prepare_cached(
            "UPDATE files SET former = 1, generation = ?3
             WHERE version = ?1 AND former = 0
                AND NOT EXISTS (SELECT 1 FROM json_each(?2) WHERE value = file)
             RETURNING coalesce(name, site_id, file)",
        )?;
        let retired: Vec<String> = statement
            .query_map(
                params![version, serde_json::json!(listed).to_string(), self.stamp.generation],
                |row| row.get(0),
            )?
            .collect::<rusqlite::Result<_>>()?;
        for name in retired {
            let field = format!("file {name}");
            self.history.note(Absent::Version, version, &field, Some("listed"), None)?;
        }
        Ok(())
    }

    /// Makes those hashes of a file former ones that others of the same kind replace.
    fn retire_hashes(&self, version: i64, row: i64, file: &ModelFile) -> Result<()> {
        let mut statement = self.transaction.prepare_cached(
            "UPDATE file_hashes SET former = 1
             WHERE file = ?1 AND kind = ?2 AND hash <> ?3 AND former = 0 RETURNING hash",
        )?;
        for FileHash { kind, value } in &file.hashes {
            let retired: Option<String> = statement
                .query_map(params![row, kind.code(), value.as_str()], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<String>>>()?
                .into_iter()
                .next();
            if let Some(was) = retired {
                let name = file.name.clone().unwrap_or_else(|| row.to_string());
                let field = format!("file {name} {}", kind.name());
                self.history.note(Absent::Version, version, &field, Some(&was), Some(value.as_str()))?;
            }
        }
        Ok(())
    }

    /// Raw hash and time of the last document, if the row exists.
    fn known(&self, sql: &str, id: i64) -> Result<Option<(Option<i64>, Option<i64>)>> {
        let mut statement = self.transaction.prepare_cached(sql)?;
        Ok(statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    fn model_name(&self, model: i64) -> Result<Option<String>> {
        let mut statement = self.transaction.prepare_cached("SELECT name FROM models WHERE model = ?1")?;
        Ok(statement.query_row([model], |row| row.get(0)).optional()?.flatten())
    }
}

/// A stub that others named counts as new when it is first described.
fn change(known: Option<(Option<i64>, Option<i64>)>) -> Change {
    match known {
        Some((_, Some(_))) => Change::Changed,
        _ => Change::New,
    }
}

fn json_words(words: &[String]) -> String {
    serde_json::json!(words).to_string()
}
