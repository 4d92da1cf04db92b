//! Model files of this machine: what their headers say, their hashes, what they descend from.
//!
//! - A file whose size, time or sample has changed since it was read is out of date, and no reader sees what it was.
//! - A hash leads from a reference to a file here and to a version published there, whenever it is asked.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, TransactionBehavior, params};

use super::{FileState, LocalFileId, joined};
use crate::catalog::raw::{pack, unpack};
use crate::catalog::{Catalog, CatalogError, Result};
use crate::entity::{AncestryEdge, Descent, FileHash, HashKind, HexHash, ParentEvidence, ResourceKind};

/// Rows of `local_models` that hold for the file as it is.
const CURRENT: &str =
    "m.size_bytes = f.size_bytes AND m.modified_ns = f.modified_ns AND m.sample IS f.sample";

/// Whether hashing is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hashing {
    /// Headers only.
    Off,
    /// All hashes of every model file.
    On,
}

/// A model file that is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueModel {
    /// Its number.
    pub file: LocalFileId,
    /// Its absolute path, as the platform's bytes.
    pub path: Vec<u8>,
    /// Its size, in bytes.
    pub size_bytes: u64,
}

/// What a model file turned out to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LocalModelFacts {
    /// `safetensors`, `gguf`, `pickle`; `None` where it is none of these.
    pub format: Option<String>,
    /// What it is for, by its tensors.
    pub kind: Option<ResourceKind>,
    /// The family of the base model.
    pub architecture: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// Number of tensors.
    pub tensors: u64,
    /// Whether its header belongs to its weights: `unclaimed`, `consistent`, `stale`; `None` while it is not hashed.
    pub truth: Option<String>,
    /// The keys and values of its header.
    pub header: BTreeMap<String, String>,
    /// Its hashes; empty while it is not hashed. AutoV3 has all its 64 digits.
    pub hashes: Vec<FileHash>,
    /// What it descends from.
    pub ancestry: Vec<AncestryEdge>,
}

/// A model file of this machine.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalModel {
    /// Its number.
    pub file: LocalFileId,
    /// Its absolute path, as the platform's bytes.
    pub path: Vec<u8>,
    /// Its size, in bytes.
    pub size_bytes: u64,
    /// Whether it is there.
    pub state: FileState,
    /// What it is.
    pub facts: LocalModelFacts,
}

impl Catalog {
    /// Model files that are there and were not read as they are now, by path; with `hashing`, also those without
    /// hashes.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn due_models(&self, hashing: Hashing) -> Result<Vec<DueModel>> {
        let mut statement = self.connection.prepare(&format!(
            "SELECT f.file, r.path, f.path, f.size_bytes FROM local_files f JOIN roots r USING (root)
             LEFT JOIN local_models m ON m.file = f.file AND {CURRENT}
             WHERE f.kind = 3 AND f.state = 1 AND r.online
                AND (m.file IS NULL OR (?1 AND m.truth IS NULL)) ORDER BY r.path, f.path"
        ))?;
        let due = statement.query_map([hashing == Hashing::On], |row| {
            let (root, below): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(2)?);
            Ok(DueModel {
                file: LocalFileId(row.get(0)?),
                path: joined(&root, &below),
                size_bytes: row.get::<_, i64>(3)?.cast_unsigned(),
            })
        })?;
        Ok(due.collect::<rusqlite::Result<_>>()?)
    }

    /// Stores what a model file is, in place of what was known of it.
    ///
    /// # Errors
    ///
    /// When SQLite fails; nothing is stored then.
    pub fn store_model_facts(&mut self, file: LocalFileId, facts: &LocalModelFacts) -> Result<()> {
        let header = serde_json::to_string(&facts.header).map_err(|error| CatalogError::Raw(error.into()))?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for table in ["local_models", "local_hashes", "local_ancestry"] {
            transaction.prepare_cached(&format!("DELETE FROM {table} WHERE file = ?1"))?.execute([file.0])?;
        }
        transaction
            .prepare_cached(
                "INSERT INTO local_models (file, size_bytes, modified_ns, sample, format, kind, architecture,
                    title, author, tensors, truth, header)
                 SELECT file, size_bytes, modified_ns, sample, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
                 FROM local_files WHERE file = ?1",
            )?
            .execute(params![
                file.0,
                facts.format,
                facts.kind.unwrap_or(ResourceKind::Unknown).code(),
                facts.architecture,
                facts.title,
                facts.author,
                facts.tensors.cast_signed(),
                facts.truth,
                pack(header.as_bytes())?,
            ])?;
        for hash in &facts.hashes {
            transaction
                .prepare_cached("INSERT INTO local_hashes (file, kind, hash) VALUES (?1, ?2, ?3)")?
                .execute(params![file.0, hash.kind.code(), hash.value.as_str()])?;
        }
        for (position, edge) in (0_i64..).zip(&facts.ancestry) {
            transaction
                .prepare_cached(
                    "INSERT INTO local_ancestry (file, position, descent, evidence, hash, name, role, method,
                        child, key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                )?
                .execute(params![
                    file.0,
                    position,
                    edge.descent.as_str(),
                    edge.evidence.as_str(),
                    edge.hash.as_ref().map(HexHash::as_str),
                    edge.name,
                    edge.role,
                    edge.method,
                    edge.of.as_ref().map(HexHash::as_str),
                    edge.key,
                ])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// What is known of a local model file as it is; `None` if it was not read since it last changed.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn local_model(&self, file: LocalFileId) -> Result<Option<LocalModel>> {
        Ok(self.models_where("f.file = ?1", params![file.0])?.pop())
    }

    /// The local model file at an absolute path; `None` if it was not scanned, or not read since it last changed.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn local_model_at(&self, path: &[u8]) -> Result<Option<LocalModel>> {
        for root in self.roots()? {
            let Some(below) = super::below(&root.path, path) else { continue };
            let sql = "SELECT file FROM local_files WHERE root = ?1 AND path = ?2 AND kind = 3";
            let found: Option<i64> = self
                .connection
                .prepare_cached(sql)?
                .query_row(params![root.id.0, below], |row| row.get(0))
                .optional()?;
            if let Some(file) = found {
                return self.local_model(LocalFileId(file));
            }
        }
        Ok(None)
    }

    /// Local model files with a hash that begins with these digits, by path. Missing files are among them.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn local_models_with_hash(&self, hash: &HexHash) -> Result<Vec<LocalModel>> {
        if hash.junk().is_some() {
            return Ok(Vec::new());
        }
        self.models_where(
            "f.file IN (SELECT h.file FROM local_hashes h WHERE h.hash >= ?1 AND h.hash < ?1 || 'g')",
            params![hash.as_str()],
        )
    }

    /// Local model files that say they descend from a file of exactly this hash, by path. Missing files are among them.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn local_models_descending_from(&self, hash: &HexHash) -> Result<Vec<LocalModel>> {
        self.models_where(
            "f.file IN (SELECT a.file FROM local_ancestry a WHERE a.hash = ?1)",
            params![hash.as_str()],
        )
    }

    fn models_where(&self, condition: &str, parameters: impl rusqlite::Params) -> Result<Vec<LocalModel>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT f.file, r.path, f.path, f.size_bytes, f.state, f.reason, m.format, m.kind, m.architecture,
                m.title, m.author, m.tensors, m.truth, m.header
             FROM local_files f JOIN roots r USING (root) JOIN local_models m ON m.file = f.file AND {CURRENT}
             WHERE f.kind = 3 AND {condition} ORDER BY r.path, f.path"
        ))?;
        let mut rows = statement.query(parameters)?;
        let mut models = Vec::new();
        while let Some(row) = rows.next()? {
            models.push(self.read_model(row)?);
        }
        Ok(models)
    }

    fn read_model(&self, row: &Row<'_>) -> Result<LocalModel> {
        let file: i64 = row.get(0)?;
        let (root, below): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(2)?);
        let state = match row.get::<_, i64>(4)? {
            1 => FileState::Present,
            2 => FileState::Missing { since: None },
            _ => FileState::Failed { reason: row.get::<_, Option<String>>(5)?.unwrap_or_default() },
        };
        let header: Option<Vec<u8>> = row.get(13)?;
        let header = header.map(|packed| unpack(&packed)).transpose()?.unwrap_or_else(|| b"{}".to_vec());
        let facts = LocalModelFacts {
            format: row.get(6)?,
            kind: ResourceKind::from_code(row.get(7)?),
            architecture: row.get(8)?,
            title: row.get(9)?,
            author: row.get(10)?,
            tensors: row.get::<_, i64>(11)?.cast_unsigned(),
            truth: row.get(12)?,
            header: serde_json::from_slice(&header).map_err(|_| damaged("header"))?,
            hashes: self.local_hashes(file)?,
            ancestry: self.local_ancestry(file)?,
        };
        Ok(LocalModel {
            file: LocalFileId(file),
            path: joined(&root, &below),
            size_bytes: row.get::<_, i64>(3)?.cast_unsigned(),
            state,
            facts,
        })
    }

    fn local_hashes(&self, file: i64) -> Result<Vec<FileHash>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT kind, hash FROM local_hashes WHERE file = ?1 ORDER BY kind")?;
        let mut rows = statement.query([file])?;
        let mut hashes = Vec::new();
        while let Some(row) = rows.next()? {
            let kind = HashKind::from_code(row.get(0)?).ok_or(damaged("kind"))?;
            let value = HexHash::parse(&row.get::<_, String>(1)?).ok_or(damaged("hash"))?;
            hashes.push(FileHash { kind, value });
        }
        Ok(hashes)
    }

    fn local_ancestry(&self, file: i64) -> Result<Vec<AncestryEdge>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT descent, evidence, hash, name, role, method, child, key FROM local_ancestry
             WHERE file = ?1 ORDER BY position",
        )?;
        let mut rows = statement.query([file])?;
        let mut edges = Vec::new();
        while let Some(row) = rows.next()? {
            let hash = |column: usize| -> Result<Option<HexHash>> {
                let text: Option<String> = row.get(column)?;
                text.map(|text| HexHash::parse(&text).ok_or(damaged("hash"))).transpose()
            };
            edges.push(AncestryEdge {
                descent: Descent::from_word(&row.get::<_, String>(0)?).ok_or(damaged("descent"))?,
                evidence: ParentEvidence::from_word(&row.get::<_, String>(1)?).ok_or(damaged("evidence"))?,
                hash: hash(2)?,
                name: row.get(3)?,
                role: row.get(4)?,
                method: row.get(5)?,
                of: hash(6)?,
                key: row.get(7)?,
            });
        }
        Ok(edges)
    }
}

fn damaged(column: &'static str) -> CatalogError {
    CatalogError::Damaged { table: "local_models", column }
}
