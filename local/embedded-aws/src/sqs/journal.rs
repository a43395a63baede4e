//! The queues on disk: one SQLite file that follows the state in memory.

use std::{path::Path, sync::Arc};

use rusqlite::{Connection, Result, Transaction, params};

use super::{
    account::{Account, Record},
    change::Change,
    message::{Content, Message},
    queue::Key,
};
use crate::{
    clock::Ms,
    sqlite::{self, json, text},
};

/// Version of the tables, in `PRAGMA user_version`. A file of another version is refused.
const SCHEMA_VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS queues (name TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS messages (
        key INTEGER PRIMARY KEY,
        queue TEXT NOT NULL,
        visible_at INTEGER NOT NULL,
        receives INTEGER NOT NULL DEFAULT 0,
        first_received_at INTEGER,
        dead_letter_source TEXT,
        content TEXT NOT NULL
    );";

/// An open file. Visibility timeouts are not stored: messages in flight at the end of the process are visible at the
/// next start.
pub(super) struct Journal {
    connection: Connection,
}

impl Journal {
    /// Opens or creates the file.
    ///
    /// # Errors
    ///
    /// SQLite's reason, or that the file was written by another version.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        sqlite::prepare(&connection, SCHEMA_VERSION, TABLES)?;
        Ok(Self { connection })
    }

    /// Reads all queues and messages.
    ///
    /// # Errors
    ///
    /// SQLite's reason, or that of a row that cannot be read.
    pub(super) fn load(&self, now: Ms) -> Result<Account> {
        let mut account = Account::default();
        let mut queues = self.connection.prepare("SELECT record FROM queues")?;
        for record in queues.query_map([], |row| json::<Record>(row, 0))? {
            account.restore_queue(record?);
        }
        let mut messages = self.connection.prepare("SELECT * FROM messages ORDER BY key")?;
        let rows = messages.query_map([], |row| {
            let message = Message {
                receives: row.get("receives")?,
                first_received_at: row.get("first_received_at")?,
                dead_letter_source: row.get("dead_letter_source")?,
                content: Arc::new(json::<Content>(row, 6)?),
            };
            Ok((row.get::<_, String>("queue")?, Key(row.get("key")?), message, row.get("visible_at")?))
        })?;
        for row in rows {
            let (queue, key, message, visible_at) = row?;
            account.restore_message(&queue, key, message, visible_at, now);
        }
        Ok(account)
    }

    /// Writes changes, all or none.
    ///
    /// # Errors
    ///
    /// SQLite's reason, such as a full disk. Nothing was written.
    pub(super) fn write<'a>(&mut self, changes: impl IntoIterator<Item = &'a Change>) -> Result<()> {
        let transaction = self.connection.transaction()?;
        for change in changes {
            write(&transaction, change)?;
        }
        transaction.commit()
    }
}

fn write(transaction: &Transaction<'_>, change: &Change) -> Result<()> {
    let execute = |sql: &str, parameters: &[&dyn rusqlite::ToSql]| {
        transaction.prepare_cached(sql)?.execute(parameters).map(|_| ())
    };
    match change {
        Change::QueueSet(record) => execute(
            "INSERT OR REPLACE INTO queues (name, record) VALUES (?, ?)",
            params![record.name, text(record)?],
        ),
        Change::QueueGone { queue } => {
            execute("DELETE FROM queues WHERE name = ?", params![queue])?;
            execute("DELETE FROM messages WHERE queue = ?", params![queue])
        }
        Change::Purged { queue } => execute("DELETE FROM messages WHERE queue = ?", params![queue]),
        Change::Appended { queue, key, visible_at, content } => execute(
            "INSERT INTO messages (key, queue, visible_at, content) VALUES (?, ?, ?, ?)",
            params![key.0, queue, visible_at, text(&**content)?],
        ),
        Change::HandedOut { key, receives, first_received_at } => execute(
            "UPDATE messages SET receives = ?, first_received_at = ? WHERE key = ?",
            params![receives, first_received_at, key.0],
        ),
        Change::DeadLettered { key, queue, source_arn } => execute(
            "UPDATE messages SET queue = ?, dead_letter_source = ? WHERE key = ?",
            params![queue, source_arn, key.0],
        ),
        Change::Removed { key } => execute("DELETE FROM messages WHERE key = ?", params![key.0]),
        Change::Sooner { .. } => Ok(()),
    }
}
