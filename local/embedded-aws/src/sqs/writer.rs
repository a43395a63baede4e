//! The thread that writes the journal.

use std::{
    io,
    sync::mpsc::{Receiver, Sender, channel},
    thread::{Builder, JoinHandle},
};

use tokio::sync::oneshot;

use super::{change::Change, journal::Journal, refusal::Refusal};

/// Most requests whose changes share one commit. A commit takes longer than a change, so the writer keeps up under load
/// only by sharing; the bound keeps the first request from waiting for too many others.
const REQUESTS_PER_COMMIT_MAX: usize = 64;

/// Handle to the thread. A drop waits until everything is written.
pub(super) struct Writer {
    /// `None` only during the drop.
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

struct Job {
    changes: Vec<Change>,
    committed: oneshot::Sender<()>,
}

/// Wait for the write of a request's changes, if the request needs it.
pub(super) struct Commit(Option<oneshot::Receiver<()>>);

impl Writer {
    pub(super) fn spawn(journal: Journal) -> io::Result<Self> {
        let (jobs, queue) = channel();
        let thread = Builder::new().name("sqs-file".to_owned()).spawn(move || write(journal, &queue))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Queues changes; they are written in the order of the calls.
    pub(super) fn write(&self, mut changes: Vec<Change>) -> Commit {
        changes.retain(Change::is_kept);
        if changes.is_empty() {
            return Commit::NONE;
        }
        let must_wait = changes.iter().any(Change::must_be_durable);
        let (committed, commit) = oneshot::channel();
        if let Some(jobs) = &self.jobs {
            // A send to a thread that has ended drops `committed`, which the commit reports.
            let _ = jobs.send(Job { changes, committed });
        }
        Commit(must_wait.then_some(commit))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // The thread reports its failures to each request.
            let _ = thread.join();
        }
    }
}

impl Commit {
    /// A request that waits for nothing.
    pub(super) const NONE: Self = Self(None);

    /// Waits until the changes are on disk.
    ///
    /// # Errors
    ///
    /// An internal error if the changes are not on disk. They have happened in memory, so the outcome is unknown to the
    /// caller.
    pub(super) async fn wait(self) -> Result<(), Refusal> {
        match self.0 {
            Some(commit) => commit.await.map_err(|_| Refusal::internal()),
            None => Ok(()),
        }
    }
}

fn write(mut journal: Journal, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let more = queue.try_iter().take(REQUESTS_PER_COMMIT_MAX - 1);
        let jobs: Vec<Job> = std::iter::once(first).chain(more).collect();
        // After a failure the jobs are dropped, which the waiting requests notice.
        if journal.write(jobs.iter().flat_map(|job| &job.changes)).is_ok() {
            for job in jobs {
                // If the caller gave up, no receiver is left.
                let _ = job.committed.send(());
            }
        }
    }
}
