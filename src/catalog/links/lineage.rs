//! What reports on models read besides images: representatives, sets of versions, relatives, remixes.
//!
//! - In: row numbers, ids, names. Out: plain values in a stated order.
//! - Never: a judgement on whether a header that names a parent is right.

use crate::catalog::images::meta_code;
use crate::catalog::{Catalog, Result};
use crate::entity::{HexHash, ImageKey, Link, MetaState, VersionId, VersionRelation};

use super::columns;
use super::linking::collect;
use super::usage::image_key;

/// A set of versions that a person can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Works<'a> {
    /// All versions of all models of a creator; case does not matter.
    Creator(&'a str),
    /// All versions that work with a base model, as the site writes it; case does not matter.
    BaseModel(&'a str),
    /// All versions of models with a tag; case does not matter.
    Tag(&'a str),
}

/// Images made from images, counted for a set of images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RemixCounts {
    /// Images of the set that were made from another image.
    pub made_from_others: u64,
    /// Of these, those whose parent is of the set too.
    pub made_from_own: u64,
    /// Images anywhere that were made from one of the set.
    pub children: u64,
    /// Images of the set that others were made from.
    pub parents: u64,
}

/// The columns of a link with the length of the hash that metadata wrote.
const LINKED: &str = "SELECT l.resource, l.version, l.evidence, l.raw, l.confidence, l.rank, l.lost,
    coalesce(length(r.hash), 0) FROM links l JOIN resources r ON r.resource = l.resource";

impl Catalog {
    /// Streams the links of each of `resources`, or of all, with the length of the hash that metadata wrote; by
    /// resource, links by rank.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_linked(
        &self,
        resources: Option<&[u64]>,
        mut visit: impl FnMut(u64, &[Link], usize),
    ) -> Result<()> {
        let (wanted, condition) = match resources {
            Some(ids) => (list(ids), "WHERE l.resource IN (SELECT value FROM json_each(?1))"),
            None => ("[]".to_owned(), "WHERE ?1 = '[]'"),
        };
        let sql = format!("{LINKED} {condition} ORDER BY l.resource, l.rank");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([wanted])?;
        let (mut links, mut present, mut digits) = (Vec::new(), None, 0);
        while let Some(row) = rows.next()? {
            let resource =
                columns::required(row.get::<_, i64>(0)?, "links", "resource", |id| u64::try_from(id).ok())?;
            if present != Some(resource) {
                if let Some(done) = present {
                    visit(done, &links, digits);
                }
                links.clear();
                present = Some(resource);
                digits = row.get::<_, u32>(7)? as usize;
            }
            links.push(columns::link(row, 1)?);
        }
        if let Some(done) = present {
            visit(done, &links, digits);
        }
        Ok(())
    }

    /// The versions of a set, by id.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn versions_of(&self, works: Works<'_>) -> Result<Vec<VersionId>> {
        let (sql, name) = match works {
            Works::Creator(name) => (
                "SELECT v.version FROM models m JOIN versions v ON v.model = m.model
                 WHERE m.creator = ?1 COLLATE NOCASE ORDER BY 1",
                name,
            ),
            Works::BaseModel(name) => {
                ("SELECT version FROM versions WHERE base_model = ?1 COLLATE NOCASE ORDER BY 1", name)
            }
            Works::Tag(name) => (
                "SELECT v.version FROM model_tags t JOIN versions v ON v.model = t.model
                 WHERE t.tag = ?1 ORDER BY 1",
                name,
            ),
        };
        let mut statement = self.connection.prepare_cached(sql)?;
        collect(statement.query([name])?, |row| columns::version(row.get(0)?, "versions"))
    }

    /// Streams the models of all versions, by version.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_version_of_a_model(
        &self,
        mut visit: impl FnMut(VersionId, crate::entity::ModelId),
    ) -> Result<()> {
        let sql = "SELECT version, model FROM versions WHERE model IS NOT NULL ORDER BY version";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(model) = columns::model(row, 1, "versions")? {
                visit(columns::version(row.get(0)?, "versions")?, model);
            }
        }
        Ok(())
    }

    /// Streams the texts of every image that has a prompt or a negative prompt and does not hide it.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_prompt(&self, mut visit: impl FnMut(Option<&str>, Option<&str>)) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT meta_state, prompt, negative_prompt FROM images
             WHERE same_as IS NULL AND (prompt IS NOT NULL OR negative_prompt IS NOT NULL)",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if columns::meta_state(row.get(0)?)? != MetaState::Hidden {
                let (prompt, negative): (Option<String>, Option<String>) = (row.get(1)?, row.get(2)?);
                visit(prompt.as_deref(), negative.as_deref());
            }
        }
        Ok(())
    }

    /// Streams the images posted or returned for `version`, by image: its number, how, and when it was made, or else
    /// published, in milliseconds.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn for_each_posted_at(
        &self,
        version: VersionId,
        mut visit: impl FnMut(ImageKey, VersionRelation, Option<i64>),
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT p.image, p.relation, coalesce(i.created_at, i.published_at)
             FROM image_versions p LEFT JOIN images i ON i.image = p.image
             WHERE p.version = ?1 AND i.same_as IS NULL ORDER BY p.image, p.relation",
        )?;
        let mut rows = statement.query([version.as_i64()])?;
        while let Some(row) = rows.next()? {
            let relation =
                columns::required(row.get(1)?, "image_versions", "relation", VersionRelation::from_code)?;
            visit(image_key(row.get(0)?)?, relation, row.get(2)?);
        }
        Ok(())
    }

    /// Counts images made from images, for a set of images given by row number, ascending.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn remixes_of(&self, images: &[i64]) -> Result<RemixCounts> {
        let is_own = |image: i64| images.binary_search(&image).is_ok();
        // The index holds both columns, so that rows are only read where one of the two is of the set.
        let mut statement = self.connection.prepare_cached(
            "SELECT image, remix_of FROM images WHERE remix_of IS NOT NULL ORDER BY remix_of, image",
        )?;
        let mut shown = self.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM images WHERE image = ?1 AND same_as IS NULL AND meta_state <> ?2)",
        )?;
        let mut rows = statement.query([])?;
        let (mut counts, mut last_parent) = (RemixCounts::default(), None);
        while let Some(row) = rows.next()? {
            let (child, parent): (i64, i64) = (row.get(0)?, row.get(1)?);
            let (has_child, has_parent) = (is_own(child), is_own(parent));
            if !(has_child || has_parent)
                || !shown.query_row([child, meta_code(MetaState::Hidden)], |row| row.get(0))?
            {
                continue;
            }
            counts.made_from_others += u64::from(has_child);
            counts.made_from_own += u64::from(has_child && has_parent);
            counts.children += u64::from(has_parent);
            if has_parent && last_parent != Some(parent) {
                counts.parents += 1;
                last_parent = Some(parent);
            }
        }
        Ok(counts)
    }

    /// All hashes of the files of a version as the site gives them, former ones included; sorted, each once.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn hashes_of(&self, version: VersionId) -> Result<Vec<HexHash>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT h.hash FROM files f JOIN file_hashes h ON h.file = f.file
             WHERE f.version = ?1 ORDER BY h.hash",
        )?;
        collect(statement.query([version.as_i64()])?, |row| {
            columns::required(row.get::<_, String>(0)?, "file_hashes", "hash", |text| HexHash::parse(&text))
        })
    }
}

/// Numbers as a JSON array.
fn list(numbers: &[u64]) -> String {
    format!("[{}]", numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(","))
}
