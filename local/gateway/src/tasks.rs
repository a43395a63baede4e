//! Tasks that a shutdown waits for.

use std::{future::Future, time::Duration};

use tokio::{sync::watch, time::timeout};

/// Starts tasks and knows when none runs any more.
pub(crate) struct Tasks {
    /// Every running task holds a receiver, and nothing is ever sent.
    running: watch::Sender<()>,
}

impl Tasks {
    pub(crate) fn new() -> Self {
        Self { running: watch::Sender::new(()) }
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let token = self.running.subscribe();
        tokio::spawn(async move {
            task.await;
            drop(token);
        });
    }

    /// Waits until no task runs, or until `limit` has passed; returns which.
    pub(crate) async fn wait(&self, limit: Duration) -> bool {
        timeout(limit, self.running.closed()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_with_the_last_task() {
        let tasks = Tasks::new();
        assert!(tasks.wait(Duration::from_secs(1)).await);
        let (finish, finished) = oneshot::channel::<()>();
        tasks.spawn(async move { drop(finished.await) });
        assert!(!tasks.wait(Duration::from_secs(1)).await);
        drop(finish);
        assert!(tasks.wait(Duration::from_secs(1)).await);
    }
}
