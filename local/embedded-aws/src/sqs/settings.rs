//! Attributes of a queue: bounds, defaults, and their texts.

use std::{collections::BTreeMap, ops::RangeInclusive};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::clock::Ms;

/// Largest message and largest batch. Unit: bytes, inclusive.
///
/// Source: Amazon SQS API Reference, `SendMessageBatch`.
pub(super) const MESSAGE_BYTES_MAX: u32 = 1024 * 1024;

/// Unit: seconds, inclusive. Source: Amazon SQS API Reference, `SetQueueAttributes`.
pub(super) const DELAY_SECONDS: RangeInclusive<u32> = 0..=900;

/// Unit: seconds, inclusive. Source: as above.
pub(super) const VISIBILITY_SECONDS: RangeInclusive<u32> = 0..=43_200;

/// Unit: seconds, inclusive. Source: as above.
pub(super) const WAIT_SECONDS: RangeInclusive<u32> = 0..=20;

/// Unit: seconds, inclusive. Source: as above.
const RETENTION_SECONDS: RangeInclusive<u32> = 60..=1_209_600;

/// Unit: bytes, inclusive. Source: as above.
const MESSAGE_BYTES: RangeInclusive<u32> = 1024..=MESSAGE_BYTES_MAX;

/// Source: Amazon SQS Developer Guide, "Using dead-letter queues in Amazon SQS".
const RECEIVE_COUNT: RangeInclusive<u32> = 1..=1000;

/// Settings of a queue. Units are in the names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) visibility_timeout_seconds: u32,
    pub(super) delay_seconds: u32,
    pub(super) retention_seconds: u32,
    pub(super) wait_seconds: u32,
    pub(super) message_bytes_max: u32,
    pub(super) redrive: Option<Redrive>,
}

/// When a message is dead-lettered, and into which queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Redrive {
    pub(super) target_arn: String,
    pub(super) receives_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            visibility_timeout_seconds: 30,
            delay_seconds: 0,
            retention_seconds: 345_600,
            wait_seconds: 0,
            message_bytes_max: MESSAGE_BYTES_MAX,
            redrive: None,
        }
    }
}

impl Settings {
    /// Changes one attribute, from its text.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for an attribute that this service does not have, such as those of FIFO queues, encryption and
    /// access control, and for a value out of bounds.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        let number = |bounds: RangeInclusive<u32>| {
            let number = value.parse().ok().filter(|number| bounds.contains(number));
            number.ok_or_else(|| Refusal::attribute_value(name))
        };
        match name {
            "VisibilityTimeout" => self.visibility_timeout_seconds = number(VISIBILITY_SECONDS)?,
            "DelaySeconds" => self.delay_seconds = number(DELAY_SECONDS)?,
            "MessageRetentionPeriod" => self.retention_seconds = number(RETENTION_SECONDS)?,
            "ReceiveMessageWaitTimeSeconds" => self.wait_seconds = number(WAIT_SECONDS)?,
            "MaximumMessageSize" => self.message_bytes_max = number(MESSAGE_BYTES)?,
            "RedrivePolicy" if value.is_empty() => self.redrive = None,
            "RedrivePolicy" => {
                self.redrive = Some(Redrive::parse(value).ok_or_else(|| Refusal::attribute_value(name))?);
            }
            _ => return Err(Refusal::unknown_attribute(name)),
        }
        Ok(())
    }

    /// All settings, by attribute.
    pub(super) fn attributes(&self) -> BTreeMap<&'static str, String> {
        let mut attributes = BTreeMap::from([
            ("VisibilityTimeout", self.visibility_timeout_seconds.to_string()),
            ("DelaySeconds", self.delay_seconds.to_string()),
            ("MessageRetentionPeriod", self.retention_seconds.to_string()),
            ("ReceiveMessageWaitTimeSeconds", self.wait_seconds.to_string()),
            ("MaximumMessageSize", self.message_bytes_max.to_string()),
        ]);
        attributes.extend(self.redrive.as_ref().map(|redrive| ("RedrivePolicy", redrive.policy())));
        attributes
    }

    pub(super) fn retention(&self) -> Ms {
        seconds(self.retention_seconds)
    }
}

impl Redrive {
    fn parse(policy: &str) -> Option<Self> {
        let policy: Value = serde_json::from_str(policy).ok()?;
        let count = policy.get("maxReceiveCount")?;
        // AWS reads both the number and its text.
        let count = count.as_u64().or_else(|| count.as_str()?.parse().ok())?;
        let receives_max = u32::try_from(count).ok().filter(|count| RECEIVE_COUNT.contains(count))?;
        Some(Self { target_arn: policy.get("deadLetterTargetArn")?.as_str()?.to_owned(), receives_max })
    }

    fn policy(&self) -> String {
        json!({ "deadLetterTargetArn": self.target_arn, "maxReceiveCount": self.receives_max }).to_string()
    }
}

pub(super) fn seconds(seconds: u32) -> Ms {
    Ms::from(seconds) * 1000
}
