//! The JSON of an SQS event.

use std::collections::BTreeMap;

use aws_sdk_sqs::types::{Message, MessageAttributeValue};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::Serialize;

/// The event.
///
/// Shape: `{"Records":[{"messageId":…,"receiptHandle":…,"body":…, …}]}`.
///
/// Source: Lambda Developer Guide, "Using Lambda with Amazon SQS", "Example Amazon SQS message event".
#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "Records")]
    records: Vec<Record<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    message_id: &'a str,
    receipt_handle: &'a str,
    body: &'a str,
    attributes: BTreeMap<&'a str, &'a str>,
    message_attributes: BTreeMap<&'a str, Attribute<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    md5_of_message_attributes: Option<&'a str>,
    md5_of_body: &'a str,
    event_source: &'static str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
    aws_region: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attribute<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
    string_list_values: [&'static str; 0],
    binary_list_values: [&'static str; 0],
    data_type: &'a str,
}

/// Writes the event of a batch.
///
/// # Errors
///
/// If there is no memory for it; strings always have a JSON form.
pub(crate) fn json(batch: &[Message], queue_arn: &str) -> Result<Bytes, serde_json::Error> {
    let records = batch.iter().map(|message| record(message, queue_arn)).collect();
    serde_json::to_vec(&Event { records }).map(Bytes::from)
}

fn record<'a>(message: &'a Message, queue_arn: &'a str) -> Record<'a> {
    let attributes = message.attributes.iter().flatten();
    let message_attributes = message.message_attributes.iter().flatten();
    Record {
        message_id: message.message_id().unwrap_or_default(),
        receipt_handle: message.receipt_handle().unwrap_or_default(),
        body: message.body().unwrap_or_default(),
        attributes: attributes.map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        message_attributes: message_attributes
            .map(|(name, value)| (name.as_str(), attribute(value)))
            .collect(),
        md5_of_message_attributes: message.md5_of_message_attributes(),
        md5_of_body: message.md5_of_body().unwrap_or_default(),
        event_source: "aws:sqs",
        event_source_arn: queue_arn,
        aws_region: queue_arn.split(':').nth(3).unwrap_or_default(),
    }
}

fn attribute(value: &MessageAttributeValue) -> Attribute<'_> {
    Attribute {
        string_value: value.string_value(),
        binary_value: value.binary_value().map(|value| BASE64_STANDARD.encode(value)),
        string_list_values: [],
        binary_list_values: [],
        data_type: value.data_type(),
    }
}
