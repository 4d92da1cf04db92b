//! Looking through the raw records.
//!
//! - In: a text. Out: the images whose record has it.
//! - Never: the record of something that its owner withdrew, a record that another one has replaced.

use std::collections::HashSet;

use super::{Catalog, CatalogError, Result};

/// Where a record stands: its block, and its position there.
type Place = (i64, u32);

impl Catalog {
    /// The images whose last record has a text, verbatim or as JSON writes it; ascending.
    ///
    /// Unpacks and reads every record, at some hundred MB a second; memory is that of one block, and of what was found.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a block is damaged.
    pub fn images_with_raw_text(&self, text: &str) -> Result<Vec<i64>> {
        let snapshot = self.connection.unchecked_transaction()?;
        let spellings = spellings(text);
        let mut places: HashSet<Place> = HashSet::new();
        let mut blocks = snapshot.prepare_cached("SELECT block, data FROM raw_blocks")?;
        let mut rows = blocks.query([])?;
        while let Some(row) = rows.next()? {
            let block: i64 = row.get(0)?;
            let data = row.get_ref(1)?;
            let data =
                data.as_blob().map_err(|_| CatalogError::Damaged { table: "raw_blocks", column: "data" })?;
            super::raw::for_each_text(data, |position, record| {
                if spellings.iter().any(|spelling| record.contains(spelling.as_str())) {
                    places.insert((block, position));
                }
            })?;
        }
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let mut images = snapshot.prepare_cached(
            "SELECT image, raw_block, raw_position FROM images
             WHERE raw_block IS NOT NULL AND same_as IS NULL AND meta_state <> 3 ORDER BY image",
        )?;
        let mut rows = images.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            if places.contains(&(row.get(1)?, row.get(2)?)) {
                found.push(row.get(0)?);
            }
        }
        Ok(found)
    }
}

/// How records may write a text: as it is, as a string of JSON, and as one inside a string, as graphs are kept.
fn spellings(text: &str) -> Vec<String> {
    let mut spellings = vec![text.to_owned()];
    for _ in 0..2 {
        let last = spellings.last().map_or(text, String::as_str);
        let quoted = serde_json::Value::from(last).to_string();
        let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned();
        if !spellings.contains(&inner) {
            spellings.push(inner);
        }
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Fixture, RawBlock};

    #[test]
    fn a_text_is_found_however_deep_json_has_quoted_it() {
        assert_eq!(spellings("kite"), ["kite"]);
        assert_eq!(spellings("a \"b\""), ["a \"b\"", r#"a \"b\""#, r#"a \\\"b\\\""#]);
    }

    #[test]
    fn only_the_record_that_counts_is_looked_through_and_none_that_was_withdrawn() {
        let fixture = Fixture::new();
        let block = |number: i64, texts: &[&str]| {
            let block = RawBlock::pack(texts).expect("packs");
            fixture.run("INSERT OR IGNORE INTO generations VALUES (?1, 0, 'import', 'x', 1)", [number]);
            fixture.run(
                "INSERT INTO raw_blocks VALUES (?1, ?2, ?3)",
                rusqlite::params![number, block.items, block.data],
            );
        };
        block(101, &["a red kite", "a blue kite", "nothing"]);
        block(102, &["a red ball", "a red kite"]);
        fixture.run("INSERT INTO media (media, kind, identity) VALUES (9, 2, x'00')", []);
        for (image, block, position, state) in
            [(1, 101, 1, 2), (2, 102, 0, 2), (3, 102, 1, 3), (4, 101, 0, 2), (5, 101, 2, 0)]
        {
            fixture.run(
                "INSERT INTO images (image, generation, added, media, dialects, meta_state, raw_block, raw_position)
                 VALUES (?1, 101, 101, 9, 1, ?4, ?2, ?3)",
                [image, block, position, state],
            );
        }
        let found = |text| fixture.catalog.images_with_raw_text(text).expect("reads");
        assert_eq!(found("kite"), [1, 4]);
        assert_eq!(found("red"), [2, 4]);
        assert_eq!(found("Kite"), [0_i64; 0]);
    }
}
