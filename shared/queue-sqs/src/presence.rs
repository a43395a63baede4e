//! The queue of looks at leases.

use std::time::Duration;

use aws_sdk_sqs::Client;
use confab_app::ports::{PresenceQueue, StoreError};
use confab_app::presence::PresenceTask;

use crate::queue::{Queue, seconds, send};

/// The queue of what is to be looked at.
#[derive(Clone, Debug)]
pub struct SqsPresenceQueue(Queue);

impl SqsPresenceQueue {
    /// The queue at this URL.
    pub fn new(client: Client, url: String) -> Self {
        Self(Queue { client, url })
    }
}

impl PresenceQueue for SqsPresenceQueue {
    /// One message per task, with a delay of its own.
    ///
    /// Source: Amazon SQS developer guide, "Amazon SQS message timers".
    async fn put(&self, task: &PresenceTask, delay: Duration) -> Result<(), StoreError> {
        send(self.0.task(task)?.delay_seconds(seconds(delay))).await
    }
}
