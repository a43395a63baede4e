//! The queue of announcements.

use std::time::Duration;

use aws_sdk_sqs::Client;
use confab_app::fan_out::FanOutTask;
use confab_app::ports::{FanOutQueue, StoreError};

use crate::queue::{Queue, seconds, send};

/// The queue of announcements.
#[derive(Clone, Debug)]
pub struct SqsFanOutQueue(Queue);

impl SqsFanOutQueue {
    /// The queue at this URL.
    pub fn new(client: Client, url: String) -> Self {
        Self(Queue { client, url })
    }
}

impl FanOutQueue for SqsFanOutQueue {
    /// One message per task; its group is the conversation, by which SQS shares a standard queue out fairly, with a delay
    /// of its own.
    ///
    /// Source: Amazon SQS developer guide, "Amazon SQS fair queues".
    async fn enqueue(&self, task: &FanOutTask, delay: Duration) -> Result<(), StoreError> {
        let message = self.0.task(task)?.message_group_id(task.conversation());
        send(message.delay_seconds(seconds(delay))).await
    }
}
