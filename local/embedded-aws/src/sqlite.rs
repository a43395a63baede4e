//! SQLite files as the services here keep them.

use std::time::Duration;

use rusqlite::{Connection, Error, Result, Row, types::Type};
use serde::{Serialize, de::DeserializeOwned};

/// How long another process may hold the file, such as one that looks into it.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Readies a connection, and makes the tables if they are not there.
///
/// `schema_version` is kept in `PRAGMA user_version`.
///
/// # Errors
///
/// SQLite's reason, or that the file was written by another version.
pub(crate) fn prepare(connection: &Connection, schema_version: i64, tables: &str) -> Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A commit is in the system's hands, not the disk's: the end of the
    // process loses nothing, a power cut the last moments.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    match connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? {
        0 => connection.pragma_update(None, "user_version", schema_version)?,
        version if version == schema_version => {}
        other => return Err(Error::IntegralValueOutOfRange(0, other)),
    }
    connection.execute_batch(tables)
}

/// A value as the text of a column: JSON.
///
/// # Errors
///
/// When the value has no JSON form.
pub(crate) fn text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::ToSqlConversionFailure(error.into()))
}

/// Reads back what [`text`] wrote.
///
/// # Errors
///
/// When the column holds anything else.
pub(crate) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}
