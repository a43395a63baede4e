//! Parameters of a receive, and the form of its messages.

use std::collections::BTreeMap;

use super::{name_in, within};
use crate::service::ACCOUNT_ID;
use crate::sqs::{
    account::Delivery,
    message::{Message, md5_of_attributes, md5_of_body},
    protocol::{Incoming, Messages, ReceiveMessage},
    receipt::Receipt,
    refusal::Refusal,
    settings::{VISIBILITY_SECONDS, WAIT_SECONDS},
};

/// Most messages of one receive. Source: Amazon SQS API Reference, `ReceiveMessage`.
const MESSAGES_MAX: u32 = 10;

/// A receive whose numbers are within their bounds.
pub(in crate::sqs) struct Receive {
    pub(in crate::sqs) queue: String,
    pub(in crate::sqs) count_max: usize,
    pub(in crate::sqs) visibility_seconds: Option<u32>,
    pub(in crate::sqs) wait_seconds: Option<u32>,
    system_attributes: Vec<String>,
    attributes: Vec<String>,
}

impl Receive {
    pub(in crate::sqs) fn new(request: ReceiveMessage) -> Result<Self, Refusal> {
        let count = within("MaxNumberOfMessages", request.max_number_of_messages, 1..=MESSAGES_MAX)?;
        Ok(Self {
            queue: name_in(&request.queue_url).to_owned(),
            count_max: usize::try_from(count.unwrap_or(1)).unwrap_or(1),
            visibility_seconds: within("VisibilityTimeout", request.visibility_timeout, VISIBILITY_SECONDS)?,
            wait_seconds: within("WaitTimeSeconds", request.wait_time_seconds, WAIT_SECONDS)?,
            system_attributes: [request.attribute_names, request.message_system_attribute_names].concat(),
            attributes: request.message_attribute_names,
        })
    }

    pub(in crate::sqs) fn answer(&self, delivery: Delivery) -> Messages {
        let messages = delivery.messages.into_iter();
        Messages { messages: messages.map(|(receipt, message)| self.show(&receipt, &message)).collect() }
    }

    fn show(&self, receipt: &Receipt, message: &Message) -> Incoming {
        let content = &message.content;
        let is_wanted = |name: &str| self.attributes.iter().any(|pattern| matches(pattern, name));
        let attributes = content.attributes.clone().into_iter().filter(|(name, _)| is_wanted(name));
        let message_attributes: BTreeMap<_, _> = attributes.collect();
        let mut attributes = system_attributes(message);
        let wanted = &self.system_attributes;
        attributes.retain(|name, _| wanted.iter().any(|wanted| wanted == "All" || wanted == name));
        Incoming {
            message_id: content.id.clone(),
            receipt_handle: receipt.handle(&self.queue),
            body: content.body.clone(),
            md5_of_body: md5_of_body(&content.body),
            attributes,
            md5_of_attributes: md5_of_attributes(&message_attributes),
            message_attributes,
        }
    }
}

fn system_attributes(message: &Message) -> BTreeMap<&'static str, String> {
    let mut attributes = BTreeMap::from([
        ("ApproximateReceiveCount", message.receives.to_string()),
        ("SenderId", ACCOUNT_ID.to_owned()),
        ("SentTimestamp", message.content.sent_at.to_string()),
    ]);
    let optional = [
        ("ApproximateFirstReceiveTimestamp", message.first_received_at.map(|at| at.to_string())),
        ("DeadLetterQueueSourceArn", message.dead_letter_source.clone()),
        ("MessageGroupId", message.content.group_id.clone()),
    ];
    attributes.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    attributes
}

/// Whether a pattern matches a name. A pattern is `All`, `.*`, a name, or a prefix of names followed by `.*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix(".*") {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == "All" || pattern == name,
    }
}
