//! The queue that a function is fed from, seen from that function.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;
use confab_app::ports::StoreError;
use confab_sdk_errors::SdkFailure;

use crate::queue::{Queue, TRANSIENT, seconds, send};

/// The attribute of a parked message that says why it is there.
const REASON: &str = "reason";

/// The queue that a function is fed from, and its dead-letter queue.
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

    /// Puts a message into the dead-letter queue at once, with the reason, rather than after it has failed some times
    /// more.
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

    /// Has a message that was received, and is not done, come again after that time, rather than after the visibility
    /// timeout of the queue. It counts as received once more each time.
    ///
    /// Source: Amazon SQS API reference, "ChangeMessageVisibility".
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then it comes again after the queue's timeout.
    pub async fn hide(&self, receipt: &str, pause: Duration) -> Result<(), StoreError> {
        let Queue { client, url } = &self.source;
        let hide = client.change_message_visibility().queue_url(url).receipt_handle(receipt);
        let hidden = hide.visibility_timeout(seconds(pause)).send().await;
        hidden.map(drop).map_err(|error| error.into_store_error(TRANSIENT))
    }
}
