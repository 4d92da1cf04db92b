//! How much the catalog holds.

use serde::Serialize;

use super::{Catalog, Result};

/// Rows by kind, as `stats` prints them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CatalogStats {
    /// Images, with and without generation data.
    pub images: u64,
    /// Distinct stored bytes.
    pub media: u64,
    /// Models, described or only named.
    pub models: u64,
    /// Versions, described or only named.
    pub versions: u64,
    /// Files of versions, former ones included.
    pub files: u64,
    /// Creators.
    pub creators: u64,
    /// Tags.
    pub tags: u64,
    /// Distinct references.
    pub resources: u64,
    /// Candidates of resources.
    pub links: u64,
    /// Resources that stand for no version.
    pub unresolved: u64,
    /// Media with a BlurHash.
    pub fingerprints: u64,
    /// The last committed batch.
    pub generation: u64,
}

impl Catalog {
    /// Counts rows.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn stats(&self) -> Result<CatalogStats> {
        let snapshot = self.connection.unchecked_transaction()?;
        let count = |sql: &str| -> Result<u64> {
            let rows: i64 = snapshot.query_row(sql, [], |row| row.get(0))?;
            Ok(u64::try_from(rows).unwrap_or(0))
        };
        Ok(CatalogStats {
            images: count(
                "SELECT (SELECT count(*) FROM images)
                    - (SELECT count(*) FROM images WHERE same_as IS NOT NULL)",
            )?,
            media: count("SELECT count(*) FROM media")?,
            models: count("SELECT count(*) FROM models")?,
            versions: count("SELECT count(*) FROM versions")?,
            files: count("SELECT count(*) FROM files")?,
            creators: count("SELECT count(*) FROM creators")?,
            tags: count("SELECT count(*) FROM tags")?,
            resources: count("SELECT count(*) FROM resources")?,
            links: count("SELECT count(*) FROM links")?,
            unresolved: count(
                "SELECT count(*) FROM resources
                 WHERE NOT EXISTS (SELECT 1 FROM links WHERE links.resource = resources.resource AND rank = 1)",
            )?,
            fingerprints: count("SELECT count(*) FROM media WHERE blurhash IS NOT NULL")?,
            generation: self.generation()?,
        })
    }
}
