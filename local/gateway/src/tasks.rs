//! Tasks that a shutdown waits for.

use std::{future::Future, time::Duration};

use tokio::{sync::watch, time::timeout};

/// Starts tasks, and waits until none runs.
pub(crate) struct Tasks {
    /// Each task, and each [`Entered`], holds a receiver. Nothing is ever sent.
    running: watch::Sender<()>,
}

/// Guard of [`Tasks::enter`].
pub(crate) struct Entered(#[expect(dead_code, reason = "counts while it lives")] watch::Receiver<()>);

impl Tasks {
    pub(crate) fn new() -> Self {
        Self { running: watch::Sender::new(()) }
    }

    /// Makes a shutdown wait until the returned guard is dropped, as for a task.
    ///
    /// A caller that enters, and then finds that no shutdown has begun, may still start tasks that the shutdown waits
    /// for.
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

    /// Waits until no task runs, or until `limit` has passed; returns true for the former.
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
    async fn a_wait_lasts_while_a_guard_is_held() {
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
