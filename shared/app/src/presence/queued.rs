//! The lease check that a request has queued already.

use std::time::Duration;

use confab_domain::{Timestamp, UserId, WatchId};

use super::PresenceTask;
use crate::ports::{PresenceQueue, StoreError};

/// The lease check of one user that a request has queued last.
///
/// A request that lost a race for a row reads the row again and decides again. It does not queue its check twice, nor
/// a later check of the same watch, since a check that comes too early queues the next one. Two checks of one watch
/// would both continue until its end, and both would notify friends. A check of another watch, or for an earlier
/// time, is queued.
#[derive(Debug, Default)]
pub(crate) struct Queued(Option<(WatchId, Duration)>);

impl Queued {
    /// Queues a check of a watch that the row names by `named_by`, if at all.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then the check counts as not queued.
    pub(crate) async fn check(
        &mut self,
        queue: &impl PresenceQueue,
        (user, id): (UserId, WatchId),
        named_by: Timestamp,
        delay: Duration,
    ) -> Result<(), StoreError> {
        self.put(queue, &PresenceTask::check(user, id, named_by), id, delay).await
    }

    /// Queues a check that belongs to no watch.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub(crate) async fn check_once(
        &mut self,
        queue: &impl PresenceQueue,
        (user, number): (UserId, WatchId),
        delay: Duration,
    ) -> Result<(), StoreError> {
        self.put(queue, &PresenceTask::check_once(user, number), number, delay).await
    }

    async fn put(
        &mut self,
        queue: &impl PresenceQueue,
        task: &PresenceTask,
        id: WatchId,
        delay: Duration,
    ) -> Result<(), StoreError> {
        if !self.0.is_some_and(|(queued, by)| queued == id && by <= delay) {
            queue.put(task, delay).await?;
            self.0 = Some((id, delay));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, ready};
    use std::sync::Mutex;

    use futures_util::FutureExt;

    use super::*;

    #[derive(Default)]
    struct Delays(Mutex<Vec<u64>>);

    impl PresenceQueue for Delays {
        fn put(
            &self,
            _: &PresenceTask,
            delay: Duration,
        ) -> impl Future<Output = Result<(), StoreError>> + Send {
            self.0.lock().unwrap().push(delay.as_secs());
            ready(Ok(()))
        }
    }

    #[test]
    fn a_check_is_queued_once_and_another_watch_or_an_earlier_time_is_another_check() {
        let (queue, mut queued) = (Delays::default(), Queued::default());
        let user = "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let mut check = |id, seconds| {
            let delay = Duration::from_secs(seconds);
            let put = queued.check(&queue, (user, WatchId(id)), Timestamp::from_ms(0), delay);
            put.now_or_never().unwrap().unwrap();
        };
        for (id, seconds) in [(1, 32), (1, 32), (1, 33), (1, 9), (1, 10), (2, 9), (2, 9), (2, 4)] {
            check(id, seconds);
        }
        assert_eq!(*queue.0.lock().unwrap(), [32, 9, 9, 4]);
    }
}
