//! Queue of presence tasks.

use std::time::Duration;

use aws_sdk_sqs::Client;
use confab_app::ports::{PresenceQueue, StoreError};
use confab_app::presence::PresenceTask;

use super::queue::{Queue, seconds, send};

/// Queue of presence tasks: lease checks, notifications, closes.
#[derive(Clone, Debug)]
pub struct SqsPresenceQueue(Queue);

impl SqsPresenceQueue {
    /// The queue at this URL.
    pub fn new(client: Client, url: String) -> Self {
        Self(Queue { client, url })
    }
}

impl PresenceQueue for SqsPresenceQueue {
    /// Puts one message per task, with its own delay.
    ///
    /// Source: Amazon SQS developer guide, "Amazon SQS message timers".
    async fn put(&self, task: &PresenceTask, delay: Duration) -> Result<(), StoreError> {
        send(self.0.task(task)?.delay_seconds(seconds(delay))).await
    }
}
