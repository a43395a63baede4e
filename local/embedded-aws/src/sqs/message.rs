//! Content of messages, its size and its digests.

use std::{collections::BTreeMap, fmt::Write, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use crate::clock::Ms;

/// Most custom attributes of one message. Source: Amazon SQS Developer Guide, "Amazon SQS message quotas".
const ATTRIBUTES_MAX: usize = 10;

/// Custom attributes by name.
pub(super) type Attributes = BTreeMap<String, MessageAttribute>;

/// A message in a queue: its content and its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) content: Arc<Content>,
    /// Number of hand-outs, in all queues that the message has been in.
    pub(super) receives: u32,
    pub(super) first_received_at: Option<Ms>,
    /// ARN of the queue that dead-lettered the message.
    pub(super) dead_letter_source: Option<String>,
}

/// Content of a message; it never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) id: String,
    pub(super) body: String,
    pub(super) attributes: Attributes,
    pub(super) group_id: Option<String>,
    pub(super) sent_at: Ms,
}

/// One custom attribute. The binary value is in Base64, as on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MessageAttribute {
    data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    string_value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
}

impl Content {
    /// Checks the content.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for an empty body, for characters that XML cannot represent, and for attributes that break their
    /// rules.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        if self.body.is_empty() {
            return Err(Refusal::missing("MessageBody"));
        }
        if !self.body.chars().all(is_allowed) {
            return Err(Refusal::message_contents());
        }
        if self.attributes.len() > ATTRIBUTES_MAX {
            return Err(Refusal::parameter("MessageAttributes", "There may be at most 10."));
        }
        self.attributes.iter().try_for_each(|(name, attribute)| attribute.check(name))
    }
}

impl MessageAttribute {
    /// Bytes of the value; `None` if it is missing or not Base64.
    fn value(&self) -> Option<Vec<u8>> {
        match self.data_type.split('.').next() {
            Some("String" | "Number") => self.string_value.as_ref().map(|value| value.as_bytes().to_vec()),
            Some("Binary") => self.binary_value.as_ref().and_then(|value| BASE64_STANDARD.decode(value).ok()),
            _ => None,
        }
    }

    /// Checks the name and the value. Source: Amazon SQS Developer Guide, "Amazon SQS message metadata".
    fn check(&self, name: &str) -> Result<(), Refusal> {
        let is_name = (1..=256).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
            && !(name.starts_with('.') || name.ends_with('.') || name.contains(".."));
        let has_value = self.value().is_some_and(|value| !value.is_empty());
        match is_name && has_value {
            true => Ok(()),
            false => Err(Refusal::parameter("MessageAttributes", &format!("{name:?} has no valid value."))),
        }
    }
}

/// Whether a body may contain this character. Source: Amazon SQS API Reference, `SendMessage`.
fn is_allowed(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        _ => character >= ' ',
    }
}

/// Size of a message. Unit: bytes. Names, types and values of attributes count like the body.
pub(super) fn bytes(body: &str, attributes: &Attributes) -> usize {
    let attributes = attributes.iter().map(|(name, attribute)| {
        name.len() + attribute.data_type.len() + attribute.value().map_or(0, |value| value.len())
    });
    body.len() + attributes.sum::<usize>()
}

/// Lower-case hexadecimal MD5.
pub(super) fn md5_of_body(body: &str) -> String {
    hex(Md5::new_with_prefix(body))
}

/// Digest over the custom attributes; `None` if there are none.
///
/// Source: Amazon SQS Developer Guide, "Calculating the MD5 message digest for message attributes".
pub(super) fn md5_of_attributes<'a>(
    attributes: impl IntoIterator<Item = (&'a String, &'a MessageAttribute)>,
) -> Option<String> {
    const STRING: &[u8] = &[1];
    const BINARY: &[u8] = &[2];
    let mut hashed = Vec::new();
    for (name, attribute) in attributes {
        let value = attribute.value().unwrap_or_default();
        let transport = if attribute.data_type.starts_with("Binary") { BINARY } else { STRING };
        hashed.extend([&length(name.as_bytes())[..], name.as_bytes()].concat());
        hashed.extend([&length(attribute.data_type.as_bytes())[..], attribute.data_type.as_bytes()].concat());
        hashed.extend([transport, &length(&value)[..], &value].concat());
    }
    (!hashed.is_empty()).then(|| hex(Md5::new_with_prefix(hashed)))
}

fn length(bytes: &[u8]) -> [u8; 4] {
    // Attributes are part of a message, so no length exceeds four bytes.
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes()
}

fn hex(digest: Md5) -> String {
    digest.finalize().iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
