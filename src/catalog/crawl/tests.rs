use super::*;
use crate::catalog::Access;

pub(super) fn catalog() -> (tempfile::TempDir, Catalog) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let catalog = Catalog::open(&folder.path().join("catalog.db"), Access::Write).expect("a new catalog");
    (folder, catalog)
}

pub(super) fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).expect("a small number")
}

pub(super) fn row(listing: &str) -> CrawlRow {
    CrawlRow {
        listing: listing.to_owned(),
        state: CrawlState::Running,
        cursor: Some("7|bdx:{\"a\":1}".to_owned()),
        pages: 3,
        items: 600,
        started_at: moment(1_000),
        updated_at: moment(2_000),
        coverage: [("duplicate_item".to_owned(), 2)].into(),
        walk: 2,
        end_reason: Some("until".to_owned()),
        counts: WalkCounts {
            distinct: 598,
            earliest: Some(-5),
            gaps: vec![Gap { page: 1, id: 9 }],
            ..WalkCounts::default()
        },
    }
}

fn store(catalog: &mut Catalog, row: &CrawlRow) {
    store_all(catalog, &CrawlStep { row: row.clone(), page: None });
}

pub(super) fn store_all(catalog: &mut Catalog, step: &CrawlStep) {
    let tx = catalog.connection.transaction().expect("nobody else writes");
    store_step(&tx, step).expect("the rows fit");
    tx.commit().expect("nobody else writes");
}

#[test]
fn the_row_of_a_listing_reads_back_as_written_and_later_rows_replace_it() {
    let (_folder, mut catalog) = catalog();
    assert_eq!(catalog.crawl("b").expect("readable"), None);
    store(&mut catalog, &row("b"));
    store(&mut catalog, &row("a"));
    let done = CrawlRow { state: CrawlState::Done, cursor: None, pages: 4, ..row("b") };
    store(&mut catalog, &done);
    assert_eq!(catalog.crawl("b").expect("readable"), Some(done.clone()));
    assert_eq!(catalog.crawls().expect("readable"), [row("a"), done]);
}

#[test]
fn a_row_of_an_abandoned_transaction_leaves_nothing() {
    let (_folder, mut catalog) = catalog();
    let tx = catalog.connection.transaction().expect("nobody else writes");
    store_row(&tx, &row("a")).expect("the row fits");
    drop(tx);
    assert_eq!(catalog.crawl("a").expect("readable"), None);
}

#[test]
fn a_damaged_row_is_named() {
    let (_folder, mut catalog) = catalog();
    store(&mut catalog, &row("a"));
    catalog.connection.execute("UPDATE crawls SET coverage = '['", []).expect("writable");
    let error = catalog.crawl("a").expect_err("the coverage is no JSON");
    assert!(matches!(error, CatalogError::Damaged { table: "crawls", column: "coverage" }));
}
