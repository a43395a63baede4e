//! SQLite files of the embedded services.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Error, OpenFlags, Result, Row, ffi, types::Type};
use serde::{Serialize, de::DeserializeOwned};

/// Time for which another process, such as an inspection tool, may hold the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Prepares a connection, and creates the tables that do not exist.
///
/// `schema_version` is kept in `PRAGMA user_version`.
///
/// # Errors
///
/// SQLite's reason, or that another version or another program wrote the file; then the file is unchanged.
pub(crate) fn prepare(connection: &Connection, schema_version: i64, tables: &str) -> Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let version = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?;
    if version == 0 && count_tables(connection, "*")? > 0 {
        return Err(foreign());
    }
    if version != 0 && version != schema_version {
        return Err(failure(format!("its schema is version {version}, and not {schema_version}")));
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A commit reaches the operating system, not the disk: the end of the process loses nothing, a power cut loses the
    // last moments.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "user_version", schema_version)?;
    connection.execute_batch(tables)
}

/// Refuses an existing file with tables, but without this table. The file stays unchanged.
///
/// For files that a library opens, which would add its own tables to any file. Call it before the library has a
/// connection: see SECURITY.md on the version of SQLite.
///
/// # Errors
///
/// SQLite's reason, or that the file is another program's.
pub(crate) fn check_holds(path: &Path, table: &str) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    if count_tables(&connection, "*")? > 0 && count_tables(&connection, table)? == 0 {
        return Err(foreign());
    }
    Ok(())
}

fn count_tables(connection: &Connection, name: &str) -> Result<i64> {
    let count = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name GLOB ?1";
    connection.query_row(count, [name], |row| row.get(0))
}

fn foreign() -> Error {
    failure("it is the database of another program".to_owned())
}

fn failure(reason: String) -> Error {
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_NOTADB), Some(reason))
}

/// Writes a value as the text of a column: JSON.
///
/// # Errors
///
/// If the value has no JSON form.
pub(crate) fn text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::ToSqlConversionFailure(error.into()))
}

/// Reads a value that [`text`] wrote.
///
/// # Errors
///
/// If the column holds anything else.
pub(crate) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}
