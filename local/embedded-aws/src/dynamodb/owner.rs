//! The thread that executes the requests to a database file.

use std::{
    io,
    sync::mpsc::{Receiver, Sender, channel},
    thread::{Builder, JoinHandle},
};

use dynoxide::Database;
use tokio::sync::oneshot;

use super::dispatch;
use crate::{ServiceFuture, ServiceRequest, ServiceResponse};

/// Handle to the thread. A drop waits for the queued requests.
///
/// One thread rather than a blocking pool: the emulator has one lock, so more threads would only contend for it, and
/// under load a queue is emptied without a wake-up per request. With 8 or 32 concurrent tasks that is 26 to 48 % more
/// puts per second; with one task there is no difference.
///
/// Source: `examples/puts.rs` on two shared cores, 2026-11-24.
pub(super) struct Owner {
    /// `None` only during the drop. The channel is unbounded, but each SDK call waits for its answer, so the queue is
    /// as long as the number of concurrent calls.
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

struct Job {
    request: ServiceRequest,
    reply: oneshot::Sender<ServiceResponse>,
}

impl Owner {
    pub(super) fn spawn(database: Database) -> io::Result<Self> {
        let (jobs, queue) = channel();
        let thread =
            Builder::new().name("dynamodb-file".to_owned()).spawn(move || execute(&database, &queue))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    pub(super) fn call(&self, request: ServiceRequest) -> ServiceFuture {
        let (reply, answer) = oneshot::channel();
        if let Some(jobs) = &self.jobs {
            // A send to a thread that has ended drops `reply`, which the receiver below reports.
            let _ = jobs.send(Job { request, reply });
        }
        Box::pin(async move { answer.await.unwrap_or_else(|_| dispatch::internal_error()) })
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // The thread catches panics, so there is no failure to report.
            let _ = thread.join();
        }
    }
}

fn execute(database: &Database, queue: &Receiver<Job>) {
    for Job { request, reply } in queue {
        // If the caller gave up, no receiver is left, but as on AWS the request is executed all the same.
        let _ = reply.send(dispatch::answer(database, &request));
    }
}
