//! The dead-letter queues.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;
use confab_app::ports::StoreError;

use crate::queue::{Queue, send};

/// The attribute of a parked message that says why it is there.
const REASON: &str = "reason";

/// Where messages go that nobody can handle.
#[derive(Clone, Debug)]
pub struct DeadLetterQueue(Queue);

impl DeadLetterQueue {
    /// The dead-letter queue at this URL.
    pub fn new(client: Client, url: String) -> Self {
        Self(Queue { client, url })
    }

    /// Puts a message there at once, with the reason, rather than after it has failed some times more.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn park(&self, body: &str, reason: &str) -> Result<(), StoreError> {
        let value = MessageAttributeValue::builder().data_type("String").string_value(reason).build();
        let value = value.map_err(|error| StoreError::Rejected(error.into()))?;
        // SQS takes no empty body.
        let body = if body.is_empty() { "(empty)" } else { body };
        send(self.0.message(body).message_attributes(REASON, value)).await
    }
}
