//! What is to be announced or looked at later, in SQS.
//!
//! Knows: how a task is written into a message, and how the SDK reports a failure.
//! Must not know: what a task is about, or who performs it.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::MessageAttributeValue;
use confab_app::fan_out::FanOutTask;
use confab_app::ports::{FanOutQueue, PresenceQueue, PushQueue, StoreError};
use confab_app::presence::PresenceTask;
use confab_app::push::PushTask;
use serde::Serialize;

/// The attribute of a parked message that says why it is there.
const REASON: &str = "reason";

/// The queue of announcements.
#[derive(Clone, Debug)]
pub struct SqsFanOutQueue {
    client: Client,
    url: String,
}

impl SqsFanOutQueue {
    /// The queue at this URL.
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }
}

impl FanOutQueue for SqsFanOutQueue {
    /// One message per task; its group is the conversation, by which SQS shares a standard queue out fairly.
    ///
    /// Source: Amazon SQS developer guide, "Amazon SQS fair queues".
    async fn enqueue(&self, task: &FanOutTask) -> Result<(), StoreError> {
        let body = body_of(task)?;
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .message_group_id(task.conversation())
            .send()
            .await
            .map(drop)
            .map_err(store_error)
    }
}

/// The queue of what is to be looked at.
#[derive(Clone, Debug)]
pub struct SqsPresenceQueue {
    client: Client,
    url: String,
}

impl SqsPresenceQueue {
    /// The queue at this URL.
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }
}

impl PresenceQueue for SqsPresenceQueue {
    /// One message per task, with a delay of its own.
    ///
    /// Source: Amazon SQS developer guide, "Amazon SQS message timers".
    async fn put(&self, task: &PresenceTask, delay: Duration) -> Result<(), StoreError> {
        let body = body_of(task)?;
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .delay_seconds(i32::try_from(delay.as_secs()).unwrap_or(i32::MAX))
            .send()
            .await
            .map(drop)
            .map_err(store_error)
    }
}

/// The queue of pushes.
#[derive(Clone, Debug)]
pub struct SqsPushQueue {
    client: Client,
    url: String,
}

impl SqsPushQueue {
    /// The queue at this URL.
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }
}

impl PushQueue for SqsPushQueue {
    /// One message per task, in the group of its conversation as an announcement is, with a delay of its own.
    async fn put(&self, task: &PushTask, delay: Duration) -> Result<(), StoreError> {
        let body = body_of(task)?;
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .message_group_id(task.conversation())
            .set_delay_seconds(i32::try_from(delay.as_secs()).ok().filter(|seconds| *seconds > 0))
            .send()
            .await
            .map(drop)
            .map_err(store_error)
    }
}

/// Where messages go that nobody can handle.
#[derive(Clone, Debug)]
pub struct DeadLetterQueue {
    client: Client,
    url: String,
}

impl DeadLetterQueue {
    /// The dead-letter queue at this URL.
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Puts a message there at once, with the reason, rather than after it has failed some times more.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn park(&self, body: &str, reason: &str) -> Result<(), StoreError> {
        let value = MessageAttributeValue::builder().data_type("String").string_value(reason).build();
        // SQS takes no empty body.
        let body = if body.is_empty() { "(empty)" } else { body };
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .message_attributes(REASON, value.map_err(|error| StoreError::Rejected(error.into()))?)
            .send()
            .await
            .map(drop)
            .map_err(store_error)
    }
}

/// A task as JSON, without the two characters of JSON that SQS does not take in a body.
///
/// Source: Amazon SQS API reference, "SendMessage": what XML allows.
fn body_of(task: &impl Serialize) -> Result<String, StoreError> {
    let json = serde_json::to_string(task).map_err(|error| StoreError::Rejected(error.into()))?;
    // They can only be within strings, where JSON may write any character so.
    Ok(json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"))
}

/// Error codes after which the same request may succeed.
///
/// Source: Amazon SQS API reference, "Common errors" and "SendMessage".
const TRANSIENT: &[&str] = &[
    "InternalError",
    "InternalFailure",
    "KmsThrottled",
    "RequestThrottled",
    "ServiceUnavailable",
    "ThrottlingException",
];

fn store_error<E, R>(error: SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let transient = match error.as_service_error() {
        Some(service) => service.code().is_none_or(|code| TRANSIENT.contains(&code)),
        None => true,
    };
    if transient { StoreError::Unavailable(error.into()) } else { StoreError::Rejected(error.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_only_characters_that_sqs_takes_and_reads_back_the_same() {
        let name = "Team \u{fffe}\u{ffff} \u{fffd}\u{10ffff} \u{1} \"\\ufffe\"";
        let body = body_of(&name).unwrap();
        assert!(body.chars().all(|c| !c.is_control() && !['\u{fffe}', '\u{ffff}'].contains(&c)), "{body}");
        assert_eq!(serde_json::from_str::<String>(&body).unwrap(), name);
    }
}
