//! The pages of a walk: what a resumed walk remembers.
//!
//! - In: one row a page, written with the page. Out: the rows of a walk in order, one at a time.

use std::ops::ControlFlow;

use rusqlite::{Row, Transaction, params};

use super::{CrawlRow, damaged};
use crate::catalog::{Catalog, Result};
use crate::entity::Timestamp;

/// Bytes of one id in the column `ids`.
const ID_BYTES: usize = 8;

/// How the items of a page were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    /// A page of the listing.
    Listed,
    /// Items lost between pages, asked for by id.
    Recovered,
}

impl PageKind {
    const ALL: [Self; 2] = [Self::Listed, Self::Recovered];

    /// The catalog's number; never reused.
    fn code(self) -> i64 {
        match self {
            Self::Listed => 1,
            Self::Recovered => 2,
        }
    }
}

/// One committed page of a walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrawlPage {
    /// Its number in the walk, from 1.
    pub page: u64,
    /// How its items were asked for.
    pub kind: PageKind,
    /// The position before it; for recovered items the ids asked for, with commas.
    pub cursor: Option<String>,
    /// The position after it; `None` at the end.
    pub next_cursor: Option<String>,
    /// Items asked for.
    pub page_limit: u32,
    /// Items received, damaged ones included.
    pub items: u64,
    /// Items not seen before in this walk.
    pub fresh: u64,
    /// Images without generation data although it was asked for.
    pub without_meta: u64,
    /// Items that contradict the filter.
    pub contradicting: u64,
    /// Items that could not be used.
    pub failed: u64,
    /// Ids of its items, or hashes of their names, in the order received; damaged items have none.
    pub ids: Vec<u64>,
    /// When it was committed.
    pub at: Timestamp,
}

impl Catalog {
    /// Visits the pages of one walk in the order committed, until `visit` breaks.
    ///
    /// # Errors
    ///
    /// When SQLite fails or a row is damaged.
    pub fn crawl_pages(
        &self,
        listing: &str,
        walk: u64,
        mut visit: impl FnMut(CrawlPage) -> ControlFlow<()>,
    ) -> Result<()> {
        let walk = i64::try_from(walk).map_err(|_| damaged("crawl_pages", "walk"))?;
        let mut statement = self.connection.prepare_cached(
            "SELECT page, kind, cursor, next_cursor, page_limit, items, fresh, without_meta, contradicting, failed,
                    ids, at
             FROM crawl_pages WHERE listing = ?1 AND walk = ?2 ORDER BY page",
        )?;
        let mut rows = statement.query(params![listing, walk])?;
        while let Some(row) = rows.next()? {
            if visit(read(row)?).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Writes a page within its own transaction.
pub(super) fn store(tx: &Transaction<'_>, row: &CrawlRow, page: &CrawlPage) -> Result<()> {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    tx.prepare_cached(
        "INSERT OR REPLACE INTO crawl_pages
         (listing, walk, page, kind, cursor, next_cursor, page_limit, items, fresh, without_meta, contradicting,
          failed, ids, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        row.listing,
        count(row.walk),
        count(page.page),
        page.kind.code(),
        page.cursor,
        page.next_cursor,
        page.page_limit,
        count(page.items),
        count(page.fresh),
        count(page.without_meta),
        count(page.contradicting),
        count(page.failed),
        pack(&page.ids),
        page.at.as_millis(),
    ])?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<CrawlPage> {
    let count = |column: usize, name| {
        let count: i64 = row.get(column)?;
        u64::try_from(count).map_err(|_| damaged("crawl_pages", name))
    };
    let kind: i64 = row.get(1)?;
    let kind = PageKind::ALL.into_iter().find(|known| known.code() == kind);
    Ok(CrawlPage {
        page: count(0, "page")?,
        kind: kind.ok_or(damaged("crawl_pages", "kind"))?,
        cursor: row.get(2)?,
        next_cursor: row.get(3)?,
        page_limit: row.get(4)?,
        items: count(5, "items")?,
        fresh: count(6, "fresh")?,
        without_meta: count(7, "without_meta")?,
        contradicting: count(8, "contradicting")?,
        failed: count(9, "failed")?,
        ids: unpack(row.get_ref(10)?.as_blob().map_err(|_| damaged("crawl_pages", "ids"))?)
            .ok_or(damaged("crawl_pages", "ids"))?,
        at: Timestamp::from_millis(row.get(11)?).ok_or(damaged("crawl_pages", "at"))?,
    })
}

fn pack(ids: &[u64]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.to_le_bytes()).collect()
}

/// `None` when the bytes are no whole number of ids.
fn unpack(bytes: &[u8]) -> Option<Vec<u64>> {
    let (ids, []) = bytes.as_chunks::<ID_BYTES>() else { return None };
    Some(ids.iter().map(|id| u64::from_le_bytes(*id)).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::crawl::tests::{catalog, moment, row, store_all};
    use crate::catalog::{CatalogError, CrawlStep};

    fn page(number: u64) -> CrawlPage {
        CrawlPage {
            page: number,
            kind: if number.is_multiple_of(2) { PageKind::Recovered } else { PageKind::Listed },
            cursor: Some(format!("at {number}")),
            next_cursor: None,
            page_limit: 200,
            items: 3,
            fresh: 2,
            without_meta: 1,
            contradicting: 4,
            failed: 5,
            ids: vec![number, u64::MAX],
            at: moment(7),
        }
    }

    fn pages(catalog: &Catalog, walk: u64) -> Result<Vec<CrawlPage>> {
        let mut pages = Vec::new();
        catalog.crawl_pages("a", walk, |page| {
            pages.push(page);
            ControlFlow::Continue(())
        })?;
        Ok(pages)
    }

    #[test]
    fn the_pages_of_one_walk_come_back_in_their_order() {
        let (_folder, mut catalog) = catalog();
        for number in [2, 1, 3] {
            store_all(&mut catalog, &CrawlStep { row: row("a"), page: Some(page(number)) });
        }
        let second = CrawlRow { walk: 9, ..row("a") };
        store_all(&mut catalog, &CrawlStep { row: second, page: Some(page(1)) });
        assert_eq!(pages(&catalog, row("a").walk).expect("readable"), [page(1), page(2), page(3)]);
        assert_eq!(pages(&catalog, 9).expect("readable"), [page(1)]);
    }

    #[test]
    fn a_damaged_page_is_named() {
        let (_folder, mut catalog) = catalog();
        store_all(&mut catalog, &CrawlStep { row: row("a"), page: Some(page(1)) });
        for (column, value) in [("ids", "x'010203'"), ("kind", "77"), ("items", "-1")] {
            catalog
                .connection
                .execute(&format!("UPDATE crawl_pages SET {column} = {value}"), [])
                .expect("writable");
            let error = pages(&catalog, row("a").walk).expect_err("the row is damaged");
            assert!(matches!(error, CatalogError::Damaged { table: "crawl_pages", .. }), "{error:?}");
        }
    }

    proptest! {
        #[test]
        fn ids_come_back_as_they_were(ids in proptest::collection::vec(any::<u64>(), 0..50)) {
            prop_assert_eq!(unpack(&pack(&ids)), Some(ids));
        }
    }
}
