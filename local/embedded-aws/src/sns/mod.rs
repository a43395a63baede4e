//! SNS's mobile push, durable in one file or in memory.

mod application;
mod attributes;
mod dispatch;
mod endpoint;
mod error;
mod form;
mod message;
mod operations;
mod platform;
mod published;
mod refusal;
mod store;
mod xml;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub use error::SnsError;
pub use published::Published;

pub(crate) use self::form::Form;
use self::store::Store;
use crate::{Service, ServiceFuture, ServiceRequest, clock::Timeline};

/// SNS's mobile push for one process. Clones share the state.
///
/// It has platform applications, endpoints, and messages to one endpoint. Nothing is delivered:
/// [`published`](Self::published) returns the messages for the platforms' services, and no endpoint becomes disabled by
/// itself. Topics, text messages, feedback and credentials are not embedded; credentials are accepted and ignored. Time
/// passes with tokio's clock.
///
/// Every request is one transaction; all of them are executed one after another.
#[derive(Clone)]
pub struct Sns {
    execution: Execution,
    store: Arc<Mutex<Store>>,
    timeline: Timeline,
}

/// Where requests are executed.
#[derive(Clone, Copy)]
enum Execution {
    /// On the caller's task: without I/O a request takes microseconds.
    Inline,
    /// On tokio's blocking threads, so that I/O never blocks async tasks.
    Blocking,
}

impl Sns {
    /// Opens the state in the file at `path`, or creates the file.
    ///
    /// `epoch_ms` is the current time, in milliseconds since the Unix epoch.
    ///
    /// An answered request survives the end of the process, however abrupt. A power cut may lose the last moments but
    /// leaves the file consistent. Dropping the last clone closes the file.
    ///
    /// # Errors
    ///
    /// [`SnsError::Open`] if the file cannot be opened, is no database, or was written by another version.
    pub fn open(path: &Path, epoch_ms: u64) -> Result<Self, SnsError> {
        // Started before the store is opened, which takes time.
        let timeline = Timeline::starting_at(epoch_ms);
        let failed =
            |source: rusqlite::Error| SnsError::Open { path: path.to_owned(), source: source.into() };
        let store = Store::open(path).map_err(failed)?;
        Ok(Self::new(Execution::Blocking, store, timeline))
    }

    /// Starts empty; the state ends with the last clone.
    ///
    /// `epoch_ms` is the current time, in milliseconds since the Unix epoch.
    ///
    /// # Errors
    ///
    /// [`SnsError::InMemory`] if SQLite refuses, for example for lack of memory.
    pub fn in_memory(epoch_ms: u64) -> Result<Self, SnsError> {
        // Started before the store is opened, which takes time.
        let timeline = Timeline::starting_at(epoch_ms);
        let store = Store::in_memory().map_err(|error| SnsError::InMemory(error.into()))?;
        Ok(Self::new(Execution::Inline, store, timeline))
    }

    fn new(execution: Execution, store: Store, timeline: Timeline) -> Self {
        let store = Arc::new(Mutex::new(store));
        Self { execution, store, timeline }
    }

    /// Returns the published messages, oldest first: the newest 10 000 at most. Blocks while it reads.
    ///
    /// # Errors
    ///
    /// [`SnsError::Read`] if the file cannot be read.
    pub fn published(&self) -> Result<Vec<Published>, SnsError> {
        self.store().published().map_err(|error| SnsError::Read(error.into()))
    }

    /// Locks the store. A request that panicked leaves no transaction behind: SQLite rolls it back.
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service for Sns {
    fn call(&self, request: ServiceRequest) -> ServiceFuture {
        let sns = self.clone();
        Box::pin(async move {
            match sns.execution {
                Execution::Inline => {
                    tokio::task::yield_now().await;
                    dispatch::answer(&mut sns.store(), &request, sns.timeline.now())
                }
                Execution::Blocking => {
                    let answer = move || dispatch::answer(&mut sns.store(), &request, sns.timeline.now());
                    let answer = tokio::task::spawn_blocking(answer).await;
                    answer.unwrap_or_else(|_| dispatch::internal_error())
                }
            }
        })
    }
}
