//! What is worth asking the site for, most valuable first: by how many images it would explain.

use rusqlite::params;

use crate::entity::{HexHash, ModelId, Timestamp, VersionId};

use super::{Catalog, Result, damaged};

/// A hash that metadata names and no published file that is known here has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedHash {
    /// The hash as it was written, normalised; perhaps junk.
    pub hash: HexHash,
    /// Images that name it.
    pub images: u64,
}

/// A version that images name and that was never described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedVersion {
    /// The version.
    pub version: VersionId,
    /// Images that name it, as made with it or posted for it.
    pub images: u64,
}

impl Catalog {
    /// Hashes of resources that have no link but one by name; most images first, ties by digits.
    ///
    /// A link by name is a guess that the hash would confirm or refute.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn wanted_hashes(&self) -> Result<Vec<WantedHash>> {
        let mut statement = self.connection.prepare_cached(
            "WITH wanted (resource, hash) AS MATERIALIZED (
                 SELECT r.resource, r.hash FROM resources r WHERE r.hash IS NOT NULL AND NOT EXISTS (
                     SELECT 1 FROM links l WHERE l.resource = r.resource AND l.evidence <> 'name'))
             SELECT w.hash, count(DISTINCT u.image) AS images
             FROM image_resources u JOIN wanted w ON w.resource = u.resource
             GROUP BY w.hash ORDER BY images DESC, w.hash",
        )?;
        let mut rows = statement.query([])?;
        let mut wanted = Vec::new();
        while let Some(row) = rows.next()? {
            let digits: String = row.get(0)?;
            let hash = HexHash::parse(&digits).ok_or(damaged("resources", "hash"))?;
            wanted.push(WantedHash { hash, images: count(row.get(1)?) });
        }
        Ok(wanted)
    }

    /// Versions that images name, or that the site named for a hash of theirs, and that nobody ever described; most
    /// images first, ties by id.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn wanted_versions(&self) -> Result<Vec<WantedVersion>> {
        let mut statement = self.connection.prepare_cached(
            "WITH wanted (resource, version) AS MATERIALIZED (
                 SELECT resource, version FROM resources r WHERE version IS NOT NULL
                     AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.version = r.version AND v.seen_at IS NOT NULL)
                 UNION SELECT resource, air_version FROM resources r WHERE air_version IS NOT NULL
                     AND NOT EXISTS (SELECT 1 FROM versions v
                         WHERE v.version = r.air_version AND v.seen_at IS NOT NULL)),
             named (version, image) AS (
                 SELECT w.version, u.image FROM image_resources u JOIN wanted w ON w.resource = u.resource
                 UNION SELECT p.version, p.image FROM image_versions p
                     WHERE NOT EXISTS (SELECT 1 FROM versions v
                         WHERE v.version = p.version AND v.seen_at IS NOT NULL)
                 UNION SELECT n.version, u.image FROM named_versions n
                     JOIN resources r ON r.hash = n.hash JOIN image_resources u ON u.resource = r.resource
                     WHERE NOT EXISTS (SELECT 1 FROM versions v
                         WHERE v.version = n.version AND v.seen_at IS NOT NULL))
             SELECT version, count(*) AS images FROM named GROUP BY version ORDER BY images DESC, version",
        )?;
        let mut rows = statement.query([])?;
        let mut wanted = Vec::new();
        while let Some(row) = rows.next()? {
            let version = VersionId::from_i64(row.get(0)?).ok_or(damaged("resources", "version"))?;
            wanted.push(WantedVersion { version, images: count(row.get(1)?) });
        }
        Ok(wanted)
    }

    /// Models that were described before `before` and not asked for since; the longest unseen first, ties by id.
    ///
    /// One that was asked for and is gone is left out if that answer still holds at `spared_at`.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn stale_models(&self, before: Timestamp, spared_at: Option<Timestamp>) -> Result<Vec<ModelId>> {
        let stale = self.stale(
            "SELECT m.model, max(m.seen_at, coalesce(k.at, m.seen_at)) AS seen FROM models m
             LEFT JOIN lookups k ON k.kind = 'model' AND k.key = CAST(m.model AS TEXT)
             WHERE m.seen_at IS NOT NULL AND seen < ?1 AND NOT coalesce(k.outcome <> 'found' AND k.expires_at > ?2, 0)
             ORDER BY seen, m.model",
            before,
            spared_at,
        )?;
        stale.into_iter().map(|id| ModelId::from_i64(id).ok_or(damaged("models", "model"))).collect()
    }

    /// As [`Catalog::stale_models`], for versions whose model was never described: asking for a model brings its
    /// versions along.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn stale_versions(&self, before: Timestamp, spared_at: Option<Timestamp>) -> Result<Vec<VersionId>> {
        let stale = self.stale(
            "SELECT v.version, max(v.seen_at, coalesce(k.at, v.seen_at)) AS seen FROM versions v
             LEFT JOIN models m ON m.model = v.model
             LEFT JOIN lookups k ON k.kind = 'version' AND k.key = CAST(v.version AS TEXT)
             WHERE v.seen_at IS NOT NULL AND m.seen_at IS NULL AND seen < ?1
                 AND NOT coalesce(k.outcome <> 'found' AND k.expires_at > ?2, 0)
             ORDER BY seen, v.version",
            before,
            spared_at,
        )?;
        stale.into_iter().map(|id| VersionId::from_i64(id).ok_or(damaged("versions", "version"))).collect()
    }

    fn stale(&self, sql: &str, before: Timestamp, spared_at: Option<Timestamp>) -> Result<Vec<i64>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement
            .query_map(params![before.as_millis(), spared_at.map(Timestamp::as_millis)], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn count(rows: i64) -> u64 {
    u64::try_from(rows).unwrap_or(0)
}
