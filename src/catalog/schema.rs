//! The format of the catalog: its number, its creation, and the way from older formats.

use std::path::Path;

use rusqlite::Connection;

use super::{Access, CatalogError, Result};

/// `application_id` of a catalog: "STEM" in ASCII.
const APPLICATION_ID: i64 = 0x5354_454D;

/// Numbered migrations: the first creates format 1, the next leads from 1 to 2, and so on.
const MIGRATIONS: &[&str] = &[include_str!("schema_v1.sql")];

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
    let (id, format) = identify(connection).map_err(|error| not_a_catalog(error, path))?;
    let newest = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if id != 0 && id != APPLICATION_ID {
        return Err(CatalogError::NotACatalog { path: path.to_owned() });
    }
    if format > newest {
        return Err(CatalogError::TooNew { path: path.to_owned(), found: format, newest });
    }
    connection.set_prepared_statement_cache_capacity(128);
    match access {
        Access::Read if format == 0 => Err(CatalogError::Missing { path: path.to_owned() }),
        Access::Read => Ok(connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -65536;")?),
        Access::Write => {
            connection.execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;
                 PRAGMA cache_size = -131072; PRAGMA temp_store = MEMORY;
                 PRAGMA wal_autocheckpoint = 16384;",
            )?;
            migrate(connection, format)
        }
    }
}

fn identify(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let id = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let format = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok((id, format))
}

fn not_a_catalog(error: rusqlite::Error, path: &Path) -> CatalogError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => CatalogError::NotACatalog { path: path.to_owned() },
        _ => error.into(),
    }
}

fn migrate(connection: &Connection, format: i64) -> Result<()> {
    let done = usize::try_from(format).unwrap_or(0);
    for (step, script) in MIGRATIONS.iter().enumerate().skip(done) {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let applied = connection.execute_batch(script).and_then(|()| {
            connection.execute_batch(&format!(
                "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {}; COMMIT",
                step + 1
            ))
        });
        if let Err(error) = applied {
            connection.execute_batch("ROLLBACK")?;
            return Err(error.into());
        }
    }
    Ok(())
}
