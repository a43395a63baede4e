//! One queue, and its messages.

use std::time::Duration;

use crate::sdk_errors::SdkFailure;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use confab_app::ports::StoreError;
use serde::Serialize;

/// Error codes after which the same request may succeed.
///
/// Source: Amazon SQS API reference, "Common errors" and "SendMessage".
pub(crate) const TRANSIENT: &[&str] = &[
    "InternalError",
    "InternalFailure",
    "KmsThrottled",
    "RequestThrottled",
    "ServiceUnavailable",
    "ThrottlingException",
];

#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub(crate) client: Client,
    pub(crate) url: String,
}

impl Queue {
    /// A message that holds a task.
    pub(crate) fn task(&self, task: &impl Serialize) -> Result<SendMessageFluentBuilder, StoreError> {
        Ok(self.message(body_of(task)?))
    }

    pub(crate) fn message(&self, body: impl Into<String>) -> SendMessageFluentBuilder {
        self.client.send_message().queue_url(&self.url).message_body(body)
    }
}

pub(crate) async fn send(message: SendMessageFluentBuilder) -> Result<(), StoreError> {
    message.send().await.map(drop).map_err(|error| error.into_store_error(TRANSIENT))
}

/// A delay in the form that SQS takes.
pub(crate) fn seconds(delay: Duration) -> i32 {
    i32::try_from(delay.as_secs()).unwrap_or(i32::MAX)
}

/// Writes a task as JSON, without the two characters of JSON that SQS does not take in a body.
///
/// Source: Amazon SQS API reference, "SendMessage": what XML allows.
fn body_of(task: &impl Serialize) -> Result<String, StoreError> {
    let json = serde_json::to_string(task).map_err(|error| StoreError::Rejected(error.into()))?;
    // These characters can only be within strings, where JSON may escape any character.
    Ok(json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"))
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
