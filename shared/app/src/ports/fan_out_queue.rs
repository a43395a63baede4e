//! The queue of fan-out tasks.

use std::future::Future;
use std::time::Duration;

use super::StoreError;
use crate::delivery::fan_out::FanOutTask;

/// Tasks that the `fan-out` function performs, now or later, at least once and in any order.
pub trait FanOutQueue: Send + Sync {
    /// Puts a task into the queue, to be delivered after `delay`, in whole seconds and at most
    /// [`DELAY_MAX`](crate::delay::DELAY_MAX).
    ///
    /// # Errors
    ///
    /// [`StoreError`]. The task may be in the queue all the same.
    fn enqueue(
        &self,
        task: &FanOutTask,
        delay: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
