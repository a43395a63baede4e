//! Applications, endpoints and messages in one SQLite database.

mod applications;
mod endpoints;
mod published;

use std::path::Path;

use rusqlite::{Connection, Result, Transaction};

use super::{Published, refusal::Refusal};
use crate::sqlite;

/// Version of the tables, in `PRAGMA user_version`. A file of another version is refused.
const SCHEMA_VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS applications (
        position INTEGER PRIMARY KEY,
        arn TEXT NOT NULL UNIQUE,
        platform TEXT NOT NULL,
        is_enabled INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS endpoints (
        position INTEGER PRIMARY KEY,
        arn TEXT NOT NULL UNIQUE,
        application TEXT NOT NULL,
        token TEXT NOT NULL,
        is_enabled INTEGER NOT NULL,
        user_data TEXT NOT NULL,
        UNIQUE (application, token)
    );
    CREATE TABLE IF NOT EXISTS published (
        position INTEGER PRIMARY KEY,
        endpoint TEXT NOT NULL,
        platform TEXT NOT NULL,
        token TEXT NOT NULL,
        message TEXT NOT NULL,
        attributes TEXT NOT NULL,
        sent_at_ms INTEGER NOT NULL
    );";

/// An open database, in a file or in memory.
pub(super) struct Store {
    connection: Connection,
}

/// The tables during one transaction.
pub(super) struct Tables<'a>(Transaction<'a>);

/// Position of a row in its table, in the order of creation; the first is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position(pub(super) i64);

impl Store {
    /// Opens or creates the file.
    ///
    /// # Errors
    ///
    /// SQLite's reason, or that the file was written by another version.
    pub(super) fn open(path: &Path) -> Result<Self> {
        Self::new(Connection::open(path)?)
    }

    /// Opens a database in memory.
    ///
    /// # Errors
    ///
    /// SQLite's reason, such as lack of memory.
    pub(super) fn in_memory() -> Result<Self> {
        Self::new(Connection::open_in_memory()?)
    }

    fn new(connection: Connection) -> Result<Self> {
        sqlite::prepare(&connection, SCHEMA_VERSION, TABLES)?;
        Ok(Self { connection })
    }

    /// Runs one step. It is written when this returns, or rolled back if it is refused.
    ///
    /// # Errors
    ///
    /// The step's refusal, or an internal error if the database fails.
    pub(super) fn transaction<R>(
        &mut self,
        step: impl FnOnce(&Tables<'_>) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let tables = Tables(self.connection.transaction()?);
        let result = step(&tables)?;
        tables.0.commit()?;
        Ok(result)
    }

    /// Returns the published messages, oldest first.
    ///
    /// # Errors
    ///
    /// SQLite's reason, or that of a row that cannot be read.
    pub(super) fn published(&mut self) -> Result<Vec<Published>> {
        Tables(self.connection.transaction()?).published()
    }
}
