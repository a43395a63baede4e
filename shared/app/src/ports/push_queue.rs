//! The queue of push tasks.

use std::future::Future;
use std::time::Duration;

use super::StoreError;
use crate::push::PushTask;

/// Tasks that the `push` function performs, now or later, at least once and in any order.
pub trait PushQueue: Send + Sync {
    /// Puts a task into the queue, to be delivered after `delay`, in whole seconds and at most
    /// [`DELAY_MAX`](crate::delay::DELAY_MAX).
    ///
    /// # Errors
    ///
    /// [`StoreError`]. The task may be in the queue all the same.
    fn put(&self, task: &PushTask, delay: Duration) -> impl Future<Output = Result<(), StoreError>> + Send;
}
