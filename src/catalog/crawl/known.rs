//! What the catalog knew before a page is written: known ground.

use rusqlite::params;

use crate::catalog::{Catalog, Result};
use crate::entity::{Dialect, ImageName, Item};

impl Catalog {
    /// Whether an item, as far as it can be new, is known: an image that its own document described, a model and each
    /// of its versions. Counters and titles may still differ.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn knows(&self, item: &Item) -> Result<bool> {
        let image_described = |id: i64| -> Result<bool> {
            let own = (1_i64 << Dialect::Index.code()) | (1_i64 << Dialect::Database.code());
            Ok(self
                .connection
                .prepare_cached("SELECT 1 FROM images WHERE image = ?1 AND dialects & ?2 <> 0")?
                .exists(params![id, own])?)
        };
        let model_described = |id: i64| -> Result<bool> {
            let sql = "SELECT 1 FROM models WHERE model = ?1 AND seen_at IS NOT NULL";
            Ok(self.connection.prepare_cached(sql)?.exists([id])?)
        };
        let version_described = |id: i64| -> Result<bool> {
            let sql = "SELECT 1 FROM versions WHERE version = ?1 AND seen_at IS NOT NULL";
            Ok(self.connection.prepare_cached(sql)?.exists([id])?)
        };
        let named = |sql: &str, name: &str| -> Result<bool> {
            Ok(self.connection.prepare_cached(sql)?.exists([name])?)
        };
        match item {
            Item::Image(image) => match image.name {
                ImageName::Site(id) => image_described(id.as_i64()),
                _ => Ok(false),
            },
            Item::Model(model, _) => {
                for version in &model.versions {
                    if !version_described(version.id.as_i64())? {
                        return Ok(false);
                    }
                }
                model_described(model.id.as_i64())
            }
            Item::Version(version, _) => version_described(version.id.as_i64()),
            Item::Creator(creator) => named("SELECT 1 FROM creators WHERE username = ?1", &creator.username),
            Item::Tag(tag) => named("SELECT 1 FROM tags WHERE name = ?1", &tag.name),
        }
    }
}
