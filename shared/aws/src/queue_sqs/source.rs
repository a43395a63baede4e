//! The queue that feeds a function, as that function uses it.

use std::time::Duration;

use crate::sdk_errors::SdkFailure;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;
use confab_app::ports::StoreError;

use super::queue::{Queue, TRANSIENT, seconds, send};

/// Attribute of a dead-lettered message that gives the reason.
const REASON: &str = "reason";

/// The queue that feeds a function, and its dead-letter queue.
#[derive(Clone, Debug)]
pub struct SourceQueue {
    source: Queue,
    dead_letters: Queue,
}

impl SourceQueue {
    /// The queue at this URL, and its dead-letter queue.
    pub fn new(client: Client, url: String, dead_letter_url: String) -> Self {
        let source = Queue { client: client.clone(), url };
        Self { source, dead_letters: Queue { client, url: dead_letter_url } }
    }

    /// Dead-letters a message now, with the reason, instead of after more failures.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn dead_letter(&self, body: &str, reason: &str) -> Result<(), StoreError> {
        let value = MessageAttributeValue::builder().data_type("String").string_value(reason).build();
        let value = value.map_err(|error| StoreError::Rejected(error.into()))?;
        // SQS takes no empty body.
        let body = if body.is_empty() { "(empty)" } else { body };
        send(self.dead_letters.message(body).message_attributes(REASON, value)).await
    }

    /// Makes a message that was received and is not done visible again after `pause`, instead of after the queue's
    /// visibility timeout. Each receive counts as one more.
    ///
    /// Source: Amazon SQS API reference, "ChangeMessageVisibility".
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the message is then received again after the queue's timeout.
    pub async fn hide(&self, receipt: &str, pause: Duration) -> Result<(), StoreError> {
        let Queue { client, url } = &self.source;
        let hide = client.change_message_visibility().queue_url(url).receipt_handle(receipt);
        let hidden = hide.visibility_timeout(seconds(pause)).send().await;
        hidden.map(drop).map_err(|error| error.into_store_error(TRANSIENT))
    }
}
