//! DynamoDB over an embedded emulator, durable in one file or in memory.

mod dispatch;
mod error;
mod owner;

use std::{path::Path, sync::Arc};

use dynoxide::Database;

pub use error::DynamoDbError;

pub(crate) use self::dispatch::operation;
use self::owner::Owner;
use crate::{Service, ServiceFuture, ServiceRequest, sqlite};

/// A table of SQLite that every file of the emulator has.
///
/// Source: dynoxide 3.2.0, `Storage::initialize`.
const EMULATORS_TABLE: &str = "_tables";

/// DynamoDB for one process. Clones share the tables.
///
/// All requests are executed one after another: the emulator has one lock over one SQLite connection. Items do not
/// expire by themselves; call [`sweep_ttl`](Self::sweep_ttl) at intervals.
///
/// A panic inside the emulator is answered with `InternalServerError`. If it happened under the emulator's lock, every
/// later request gets the same answer: reopen the file. Acknowledged writes are kept.
#[derive(Clone)]
pub struct DynamoDb {
    execution: Execution,
    database: Database,
}

/// Where requests are executed.
#[derive(Clone)]
enum Execution {
    /// On the caller's task: without I/O a request takes microseconds.
    Inline,
    /// On the thread that owns the file, so that I/O never blocks async tasks.
    Thread(Arc<Owner>),
}

impl DynamoDb {
    /// Opens the tables in the file at `path`, or creates the file.
    ///
    /// An acknowledged write survives the end of the process, however abrupt. A power cut may lose the last moments but
    /// leaves the file consistent. Dropping the last clone finishes the queued requests and closes the file.
    ///
    /// # Errors
    ///
    /// [`DynamoDbError::Open`] if the file cannot be opened, is no database or another program's, or was written by a
    /// newer emulator.
    pub fn open(path: &Path) -> Result<Self, DynamoDbError> {
        let failed = |source| DynamoDbError::Open { path: path.to_owned(), source };
        let name = path.to_str().ok_or_else(|| failed("the path is not UTF-8".into()))?;
        sqlite::check_holds(path, EMULATORS_TABLE).map_err(|error| failed(error.into()))?;
        let database = Database::new(name).map_err(|error| failed(error.into()))?;
        // This pair of calls is the emulator's only public way from `synchronous=FULL`, one fsync per write, to
        // `synchronous=NORMAL`. Source: dynoxide 3.2.0, `Storage::disable_bulk_loading`.
        database.enable_bulk_loading().map_err(|error| failed(error.into()))?;
        database.disable_bulk_loading().map_err(|error| failed(error.into()))?;
        let owner = Owner::spawn(database.clone()).map_err(|error| failed(error.into()))?;
        Ok(Self { execution: Execution::Thread(Arc::new(owner)), database })
    }

    /// Starts without tables; they end with the last clone.
    ///
    /// # Errors
    ///
    /// [`DynamoDbError::InMemory`] if SQLite refuses, for example for lack of memory.
    pub fn in_memory() -> Result<Self, DynamoDbError> {
        let database = Database::memory().map_err(|error| DynamoDbError::InMemory(error.into()))?;
        Ok(Self { execution: Execution::Inline, database })
    }

    /// Whether any table was created.
    ///
    /// # Errors
    ///
    /// [`DynamoDbError::Read`].
    pub fn has_tables(&self) -> Result<bool, DynamoDbError> {
        let count = self.database.table_count().map_err(|error| DynamoDbError::Read(error.into()))?;
        Ok(count > 0)
    }

    /// Deletes the items of all tables whose time to live has passed, and returns their number. Requests are served
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// [`DynamoDbError::Sweep`]: some items may be left. Sweep again.
    pub async fn sweep_ttl(&self) -> Result<usize, DynamoDbError> {
        let database = self.database.clone();
        tokio::task::spawn_blocking(move || database.sweep_ttl())
            .await
            .map_err(|error| DynamoDbError::Sweep(error.into()))?
            .map_err(|error| DynamoDbError::Sweep(error.into()))
    }
}

impl Service for DynamoDb {
    fn call(&self, request: ServiceRequest) -> ServiceFuture {
        match &self.execution {
            Execution::Thread(owner) => owner.call(request),
            Execution::Inline => {
                let database = self.database.clone();
                Box::pin(async move {
                    tokio::task::yield_now().await;
                    dispatch::answer(&database, &request)
                })
            }
        }
    }
}
