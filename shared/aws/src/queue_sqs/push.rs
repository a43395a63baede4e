//! Queue of pushes.

use std::time::Duration;

use aws_sdk_sqs::Client;
use confab_app::ports::{PushQueue, StoreError};
use confab_app::push::PushTask;

use super::queue::{Queue, seconds, send};

/// Queue of pushes.
#[derive(Clone, Debug)]
pub struct SqsPushQueue(Queue);

impl SqsPushQueue {
    /// The queue at this URL.
    pub fn new(client: Client, url: String) -> Self {
        Self(Queue { client, url })
    }
}

impl PushQueue for SqsPushQueue {
    /// Puts one message per task, with its own delay. The message's group is the conversation, as for announcements, or
    /// the user.
    async fn put(&self, task: &PushTask, delay: Duration) -> Result<(), StoreError> {
        send(self.0.task(task)?.message_group_id(task.group()).delay_seconds(seconds(delay))).await
    }
}
