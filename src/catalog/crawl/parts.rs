//! A listing that is walked in parts: which parts, and which of them are through.

use rusqlite::{TransactionBehavior, params};

use crate::catalog::{Catalog, Result};

/// One part of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The part, as the catalog names listings.
    pub listing: String,
    /// Whether it was walked to its end in the present round.
    pub done: bool,
}

impl Catalog {
    /// The parts of a listing in the present round, by name; none when it was never walked in parts.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn crawl_parts(&self, listing: &str) -> Result<Vec<Part>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT part, done FROM crawl_parts WHERE listing = ?1 ORDER BY part")?;
        let parts =
            statement.query_map([listing], |row| Ok(Part { listing: row.get(0)?, done: row.get(1)? }))?;
        Ok(parts.collect::<rusqlite::Result<_>>()?)
    }

    /// Every listing that is walked in parts, by name.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn crawls_in_parts(&self) -> Result<Vec<String>> {
        let mut statement =
            self.connection.prepare_cached("SELECT DISTINCT listing FROM crawl_parts ORDER BY listing")?;
        let listings = statement.query_map([], |row| row.get(0))?;
        Ok(listings.collect::<rusqlite::Result<_>>()?)
    }

    /// Starts a round: the listing now has these parts, none of them walked.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn begin_crawl_parts(&mut self, listing: &str, parts: &[String]) -> Result<()> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute("DELETE FROM crawl_parts WHERE listing = ?1", [listing])?;
        let mut insert =
            tx.prepare_cached("INSERT OR IGNORE INTO crawl_parts (listing, part, done) VALUES (?1, ?2, 0)")?;
        for part in parts {
            insert.execute(params![listing, part])?;
        }
        drop(insert);
        Ok(tx.commit()?)
    }

    /// Adds parts that turned up since the round began, and notes which part is through.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn finish_crawl_part(&mut self, listing: &str, part: &str) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO crawl_parts (listing, part, done) VALUES (?1, ?2, 1)")?
            .execute(params![listing, part])?;
        Ok(())
    }

    /// Usernames that the catalog knows from images, models and creators, by name.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn known_usernames(&self) -> Result<Vec<String>> {
        self.words(
            "SELECT username FROM creators WHERE username <> ''
             UNION SELECT username FROM images WHERE username <> ''
             UNION SELECT creator FROM models WHERE creator <> '' ORDER BY 1",
        )
    }

    /// Base models of the versions that the catalog knows, by name.
    ///
    /// # Errors
    ///
    /// When SQLite fails.
    pub fn known_base_models(&self) -> Result<Vec<String>> {
        self.words("SELECT DISTINCT base_model FROM versions WHERE base_model <> '' ORDER BY 1")
    }

    fn words(&self, sql: &str) -> Result<Vec<String>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let words = statement.query_map([], |row| row.get(0))?;
        Ok(words.collect::<rusqlite::Result<_>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::crawl::tests::catalog;

    #[test]
    fn a_round_knows_which_of_its_parts_are_through() {
        let (_folder, mut catalog) = catalog();
        let parts = |catalog: &Catalog| {
            let parts = catalog.crawl_parts("all").expect("readable");
            parts.into_iter().map(|part| (part.listing, part.done)).collect::<Vec<_>>()
        };
        catalog.begin_crawl_parts("all", &["b".to_owned(), "a".to_owned()]).expect("writable");
        catalog.finish_crawl_part("all", "b").expect("writable");
        assert_eq!(parts(&catalog), [("a".to_owned(), false), ("b".to_owned(), true)]);
        assert_eq!(catalog.crawls_in_parts().expect("readable"), ["all"]);
        catalog.begin_crawl_parts("all", &["c".to_owned()]).expect("writable");
        assert_eq!(parts(&catalog), [("c".to_owned(), false)]);
    }
}
