//! Selection of the part of a message for a platform.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{form::AttributeValue, platform::Platform, refusal::Refusal};

/// Largest message with its attributes: 256 KiB. Unit: bytes, inclusive.
///
/// Source: Amazon SNS API Reference, `Publish`; that attributes count is in the Amazon SNS Developer Guide, "Amazon SNS
/// message attributes".
const MESSAGE_BYTES_MAX: usize = 256 * 1024;

/// Checks the size of a message.
///
/// # Errors
///
/// [`Refusal`] if there is no message, or it is too long.
pub(super) fn check(message: &str, attributes: &BTreeMap<&str, AttributeValue<'_>>) -> Result<(), Refusal> {
    if message.is_empty() {
        return Err(Refusal::invalid("Empty message"));
    }
    let attributes = attributes.iter().map(|(name, AttributeValue { data_type, value })| {
        name.len().saturating_add(data_type.len()).saturating_add(value.len())
    });
    if attributes.fold(message.len(), usize::saturating_add) > MESSAGE_BYTES_MAX {
        return Err(Refusal::invalid("Message too long"));
    }
    Ok(())
}

/// Returns the text for a platform from a message with the structure `json`: the text under the platform's name, or
/// else the default.
///
/// A value for the platform that is no string is refused, so that a sender that forgot to encode it notices. AWS
/// ignores it and takes the default.
///
/// Source: Amazon SNS API Reference, `Publish`.
///
/// # Errors
///
/// [`Refusal`] for a message that is no JSON object with a string `default`.
pub(super) fn for_platform(message: &str, platform: Platform) -> Result<String, Refusal> {
    let unreadable = || Refusal::invalid("Message Structure - JSON message body failed to parse");
    let mut texts: BTreeMap<String, Value> = serde_json::from_str(message).map_err(|_| unreadable())?;
    let Some(Value::String(default)) = texts.remove("default") else {
        return Err(Refusal::invalid("Message Structure - No default entry in JSON message body"));
    };
    match texts.remove(platform.name()) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(unreadable()),
        None => Ok(default),
    }
}
