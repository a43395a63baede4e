//! Tasks that a shutdown waits for.

use std::{future::Future, time::Duration};

use tokio::{sync::watch, time::timeout};

/// Starts tasks and knows when none runs any more.
pub(crate) struct Tasks {
    /// Everybody who has entered holds a receiver, and nothing is ever sent.
    running: watch::Sender<()>,
}

/// See [`Tasks::enter`].
pub(crate) struct Entered(#[expect(dead_code, reason = "counts while it lives")] watch::Receiver<()>);

impl Tasks {
    pub(crate) fn new() -> Self {
        Self { running: watch::Sender::new(()) }
    }

    /// Makes a shutdown wait from now on, as for a task, until what is returned is dropped: whoever enters and finds no
    /// shutdown after that may still start tasks that it waits for.
    pub(crate) fn enter(&self) -> Entered {
        Entered(self.running.subscribe())
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let entered = self.enter();
        tokio::spawn(async move {
            task.await;
            drop(entered);
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

    #[tokio::test(start_paused = true)]
    async fn a_wait_lasts_while_somebody_who_has_entered_may_start_a_task() {
        let tasks = Tasks::new();
        let entered = tasks.enter();
        assert!(!tasks.wait(Duration::from_secs(1)).await);
        let (finish, finished) = oneshot::channel::<()>();
        tasks.spawn(async move { drop(finished.await) });
        drop(entered);
        assert!(!tasks.wait(Duration::from_secs(1)).await);
        drop(finish);
        assert!(tasks.wait(Duration::from_secs(1)).await);
    }
}
