//! The format of the catalog: its number, its creation, and the way from older formats.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::{Access, CatalogError, Result};

/// `application_id` of a catalog: "STEM" in ASCII.
const APPLICATION_ID: i64 = 0x5354_454D;

/// Numbered migrations: the first creates format 1, the next leads from 1 to 2, and so on.
const MIGRATIONS: &[&str] = &[
    include_str!("schema_v1.sql"),
    include_str!("schema_v2.sql"),
    include_str!("schema_v3.sql"),
    include_str!("schema_v4.sql"),
    include_str!("schema_v5.sql"),
    include_str!("schema_v6.sql"),
];

/// How long to wait for another process that writes, in milliseconds.
const BUSY_TIMEOUT_MS: u64 = 10_000;

/// How long a checkpoint waits for readers, in milliseconds; it is tried again later.
const CHECKPOINT_PATIENCE_MS: u64 = 500;

/// Moves the write-ahead log into the database, unless somebody keeps reading from it.
pub(super) fn checkpoint(connection: &Connection) -> Result<()> {
    connection.busy_timeout(std::time::Duration::from_millis(CHECKPOINT_PATIENCE_MS))?;
    let moved = connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()));
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_TIMEOUT_MS))?;
    Ok(moved?)
}

/// Sets the connection up and, for a writer, brings the format up to date.
pub(super) fn prepare(connection: &Connection, path: &Path, access: Access) -> Result<()> {
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_TIMEOUT_MS))?;
    let Identity { application, format, holds_tables } =
        identify(connection).map_err(|error| not_a_catalog(error, path))?;
    let newest = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if application != APPLICATION_ID && (application != 0 || holds_tables) {
        return Err(CatalogError::NotACatalog { path: path.to_owned() });
    }
    if format > newest {
        return Err(CatalogError::TooNew { path: path.to_owned(), found: format, newest });
    }
    connection.set_prepared_statement_cache_capacity(128);
    // Without it SQLite plans a kept statement anew whenever a value is bound that its statistics could tell apart,
    // which took a third of the time of 10,000 traces.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    match access {
        Access::Read if format == 0 => Err(CatalogError::Missing { path: path.to_owned() }),
        Access::Read => {
            if format < newest {
                migrate(connection)?;
            }
            Ok(connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -65536;")?)
        }
        Access::Write => {
            connection.execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
                 PRAGMA cache_size = -131072; PRAGMA temp_store = MEMORY;
                 PRAGMA wal_autocheckpoint = 16384;",
            )?;
            migrate(connection)
        }
    }
}

/// What a database file says of itself.
struct Identity {
    application: i64,
    format: i64,
    holds_tables: bool,
}

/// Reads all of it in one statement, and so as of one moment.
fn identify(connection: &Connection) -> rusqlite::Result<Identity> {
    let sql = "SELECT (SELECT application_id FROM pragma_application_id),
                      (SELECT user_version FROM pragma_user_version),
                      EXISTS (SELECT 1 FROM sqlite_schema)";
    connection.query_row(sql, [], |row| {
        Ok(Identity { application: row.get(0)?, format: row.get(1)?, holds_tables: row.get(2)? })
    })
}

fn not_a_catalog(error: rusqlite::Error, path: &Path) -> CatalogError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => CatalogError::NotACatalog { path: path.to_owned() },
        _ => error.into(),
    }
}

/// Runs the migrations that are missing, each in a transaction that asks again how far the file is: another process
/// may have migrated it since.
fn migrate(connection: &Connection) -> Result<()> {
    loop {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let done = usize::try_from(identify(connection)?.format).unwrap_or(usize::MAX);
        let Some(script) = MIGRATIONS.get(done) else {
            return Ok(connection.execute_batch("COMMIT")?);
        };
        let applied = connection.execute_batch(script).and_then(|()| {
            connection.execute_batch(&format!(
                "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {}; COMMIT",
                done + 1
            ))
        });
        if let Err(error) = applied {
            // Where the disk failed, SQLite has rolled back by itself; the first error is the one to tell.
            connection.execute_batch("ROLLBACK").unwrap_or_default();
            return Err(error.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn many_may_create_the_catalog_at_once() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("catalog.db");
        std::thread::scope(|scope| {
            let all: Vec<_> =
                (0..8).map(|_| scope.spawn(|| Catalog::open(&path, Access::Write).map(drop))).collect();
            for one in all {
                one.join().expect("does not panic").expect("opens");
            }
        });
        assert_eq!(Catalog::open(&path, Access::Read).and_then(|catalog| catalog.generation()).ok(), Some(0));
    }

    #[test]
    fn a_database_of_another_program_is_left_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("catalog.db");
        let other = Connection::open(&path).expect("opens");
        other.execute_batch("CREATE TABLE songs (title TEXT)").expect("creates");
        for access in [Access::Write, Access::Read] {
            let refused = Catalog::open(&path, access);
            assert!(matches!(refused, Err(CatalogError::NotACatalog { .. })), "{refused:?}");
        }
        let tables: i64 =
            other.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).expect("counts");
        assert_eq!(tables, 1);
    }

    #[test]
    fn a_catalog_of_any_earlier_format_is_brought_up_to_date_with_what_it_holds() {
        for access in [Access::Write, Access::Read] {
            for format in 1..MIGRATIONS.len() {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let path = folder.path().join("catalog.db");
                let old = Connection::open(&path).expect("opens");
                MIGRATIONS.iter().take(format).for_each(|script| old.execute_batch(script).expect("applies"));
                old.execute_batch(&format!(
                    "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {format};
                     INSERT INTO generations (generation, at, stage, source, items) VALUES (7, 0, 'import', 'x', 0);"
                ))
                .expect("writes");
                drop(old);
                let catalog = Catalog::open(&path, access).expect("opens");
                assert_eq!(catalog.generation().expect("reads"), 7, "format {format}");
                assert!(catalog.roots().expect("reads").is_empty(), "format {format}");
                assert!(catalog.crawls().expect("reads").is_empty(), "format {format}");
                let stats = catalog.fingerprint_stats().expect("reads");
                assert_eq!(stats, crate::catalog::FingerprintStats::default(), "format {format}");
            }
        }
    }

    #[test]
    fn a_catalog_of_a_later_version_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("catalog.db");
        drop(Catalog::open(&path, Access::Write).expect("opens"));
        Connection::open(&path)
            .and_then(|connection| connection.execute_batch("PRAGMA user_version = 99"))
            .expect("changes the format");
        let refused = Catalog::open(&path, Access::Read);
        assert!(matches!(refused, Err(CatalogError::TooNew { found: 99, .. })), "{refused:?}");
    }
}
