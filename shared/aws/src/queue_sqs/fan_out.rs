//! Queue of announcements.

use std::time::Duration;

use aws_sdk_sqs::Client;
use confab_app::delivery::fan_out::FanOutTask;
use confab_app::ports::{FanOutQueue, StoreError};

use super::queue::{Queue, seconds, send};

/// Queue of announcements.
#[derive(Clone, Debug)]
pub struct SqsFanOutQueue(Queue);

impl SqsFanOutQueue {
    /// The queue at this URL.
    pub fn new(client: Client, url: String) -> Self {
        Self(Queue { client, url })
    }
}

impl FanOutQueue for SqsFanOutQueue {
    /// Puts one message per task, with its own delay. The message's group is the conversation, by which SQS serves a
    /// standard queue fairly.
    ///
    /// Source: Amazon SQS developer guide, "Amazon SQS fair queues".
    async fn enqueue(&self, task: &FanOutTask, delay: Duration) -> Result<(), StoreError> {
        let message = self.0.task(task)?.message_group_id(task.conversation());
        send(message.delay_seconds(seconds(delay))).await
    }
}
