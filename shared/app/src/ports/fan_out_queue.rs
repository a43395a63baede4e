//! The queue of what is still to be announced.

use std::future::Future;

use super::StoreError;
use crate::fan_out::FanOutTask;

/// Announcements that are made later, by the `fan-out` function, at least once and in any order.
pub trait FanOutQueue {
    /// Puts a task into the queue.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. The task may be in the queue all the same.
    fn enqueue(&self, task: &FanOutTask) -> impl Future<Output = Result<(), StoreError>> + Send;
}
