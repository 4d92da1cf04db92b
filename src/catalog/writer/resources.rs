//! Gives each distinct resource one row.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Transaction, params};

use super::Stamp;
use crate::catalog::Result;
use crate::entity::{Air, Resource};

/// Resources whose rows are remembered; beyond that the memory starts afresh. About 50 bytes each.
const MAX_REMEMBERED: usize = 2_000_000;

/// First 16 bytes of a BLAKE3 over every column of a resource.
type Identity = [u8; 16];

/// Remembers which row a resource has, over batches. Emptied whenever a batch fails.
#[derive(Debug, Default)]
pub(in crate::catalog) struct ResourceCache(HashMap<Identity, i64>);

impl ResourceCache {
    pub(in crate::catalog) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Looks resources up, and adds those that are new.
pub(super) struct ResourceWriter<'t> {
    cache: &'t mut ResourceCache,
    stamp: Stamp,
    find: CachedStatement<'t>,
    insert: CachedStatement<'t>,
    name: CachedStatement<'t>,
    transaction: &'t Transaction<'t>,
}

impl<'t> ResourceWriter<'t> {
    pub(super) fn new(
        transaction: &'t Transaction<'t>,
        cache: &'t mut ResourceCache,
        stamp: Stamp,
    ) -> Result<Self> {
        if cache.0.len() > MAX_REMEMBERED {
            cache.clear();
        }
        Ok(Self {
            cache,
            stamp,
            find: transaction.prepare_cached("SELECT resource FROM resources WHERE identity = ?1")?,
            insert: transaction.prepare_cached(
                "INSERT INTO resources
                    (generation, identity, kind, name, hash, version, air_model, air_version)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (identity) DO NOTHING",
            )?,
            name: transaction.prepare_cached("INSERT INTO resource_names (rowid, name) VALUES (?1, ?2)")?,
            transaction,
        })
    }

    /// The row of a resource.
    pub(super) fn row(&mut self, resource: &Resource) -> Result<i64> {
        let identity = identity(resource);
        if let Some(row) = self.cache.0.get(&identity) {
            return Ok(*row);
        }
        let inserted = self.insert.execute(params![
            self.stamp.generation,
            identity,
            resource.kind.code(),
            resource.name,
            resource.hash.as_ref().map(|hash| hash.as_str()),
            resource.version.map(|version| version.as_i64()),
            resource.air.map(|air| air.model.as_i64()),
            resource.air.and_then(air_version),
        ])?;
        let row = if inserted > 0 {
            let row = self.transaction.last_insert_rowid();
            if let Some(name) = &resource.name {
                self.name.execute(params![row, name])?;
            }
            row
        } else {
            self.find.query_row([identity], |row| row.get(0))?
        };
        self.cache.0.insert(identity, row);
        Ok(row)
    }
}

fn air_version(air: Air) -> Option<i64> {
    air.version.map(|version| version.as_i64())
}

/// Hashes every column, each with its presence and length, so that no two resources run together.
fn identity(resource: &Resource) -> Identity {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&resource.kind.code().to_le_bytes());
    for text in [resource.name.as_deref(), resource.hash.as_ref().map(|hash| hash.as_str())] {
        hasher.update(&text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
        hasher.update(text.unwrap_or_default().as_bytes());
    }
    for number in [
        resource.version.map(|version| version.as_i64()),
        resource.air.map(|air| air.model.as_i64()),
        resource.air.and_then(air_version),
    ] {
        hasher.update(&number.unwrap_or(0).to_le_bytes());
    }
    let mut head = [0_u8; 16];
    hasher.finalize_xof().fill(&mut head);
    head
}
