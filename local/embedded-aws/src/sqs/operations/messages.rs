//! Sending, deleting and hiding messages.

use std::sync::Arc;

use super::{Call, batch, name_in, within};
use crate::random_id;
use crate::sqs::{
    account::Account,
    message::{Content, bytes, md5_of_attributes, md5_of_body},
    protocol::{Batch, BatchEntry, BatchResult, ChangeVisibility, Delete, Nothing, Outgoing, Sent, Single},
    receipt::Receipt,
    refusal::Refusal,
    settings::{DELAY_SECONDS, MESSAGE_BYTES_MAX, VISIBILITY_SECONDS},
};

pub(in crate::sqs) fn send(
    account: &mut Account,
    request: Single<Outgoing>,
    call: &Call<'_>,
) -> Result<Sent, Refusal> {
    append(account, name_in(&request.queue_url), request.entry, call)
}

pub(in crate::sqs) fn send_batch(
    account: &mut Account,
    request: Batch<Outgoing>,
    call: &Call<'_>,
) -> Result<BatchResult<Sent>, Refusal> {
    let name = name_in(&request.queue_url);
    account.queue(name, call.now)?;
    let sizes = request
        .entries
        .iter()
        .map(|BatchEntry { entry, .. }| bytes(&entry.message_body, &entry.message_attributes));
    let (size, limit) = (sizes.sum(), usize::try_from(MESSAGE_BYTES_MAX).unwrap_or(usize::MAX));
    if size > limit {
        return Err(Refusal::batch_too_long(limit, size));
    }
    batch::run(request.entries, |entry| append(account, name, entry, call))
}

pub(in crate::sqs) fn delete(
    account: &mut Account,
    request: Single<Delete>,
    call: &Call<'_>,
) -> Result<Nothing, Refusal> {
    delete_one(account, name_in(&request.queue_url), &request.entry, call)
}

pub(in crate::sqs) fn delete_batch(
    account: &mut Account,
    request: Batch<Delete>,
    call: &Call<'_>,
) -> Result<BatchResult<Nothing>, Refusal> {
    let name = name_in(&request.queue_url);
    account.queue(name, call.now)?;
    batch::run(request.entries, |entry| delete_one(account, name, &entry, call))
}

pub(in crate::sqs) fn change_visibility(
    account: &mut Account,
    request: Single<ChangeVisibility>,
    call: &Call<'_>,
) -> Result<Nothing, Refusal> {
    change_one(account, name_in(&request.queue_url), &request.entry, call)
}

pub(in crate::sqs) fn change_visibility_batch(
    account: &mut Account,
    request: Batch<ChangeVisibility>,
    call: &Call<'_>,
) -> Result<BatchResult<Nothing>, Refusal> {
    let name = name_in(&request.queue_url);
    account.queue(name, call.now)?;
    batch::run(request.entries, |entry| change_one(account, name, &entry, call))
}

fn append(account: &mut Account, name: &str, message: Outgoing, call: &Call<'_>) -> Result<Sent, Refusal> {
    let delay_seconds = within("DelaySeconds", message.delay_seconds, DELAY_SECONDS)?;
    if message.message_deduplication_id.is_some() {
        let reason = "The request include parameter that is not valid for this queue type";
        return Err(Refusal::parameter("MessageDeduplicationId", reason));
    }
    if !message.message_system_attributes.is_empty() {
        return Err(Refusal::unsupported("System attributes of messages are not embedded."));
    }
    let content = Content {
        id: random_id::random().map_err(|_| Refusal::internal())?,
        body: message.message_body,
        attributes: message.message_attributes,
        group_id: message.message_group_id,
        sent_at: call.now,
    };
    content.check()?;
    let limit = account.queue(name, call.now)?.record.settings.message_bytes_max;
    if bytes(&content.body, &content.attributes) > usize::try_from(limit).unwrap_or(usize::MAX) {
        let reason = format!("Message must be shorter than {limit} bytes.");
        return Err(Refusal::parameter("MessageBody", &reason));
    }
    let sent = Sent {
        message_id: content.id.clone(),
        md5_of_body: md5_of_body(&content.body),
        md5_of_attributes: md5_of_attributes(&content.attributes),
    };
    account.append(name, Arc::new(content), delay_seconds, call.now)?;
    Ok(sent)
}

fn delete_one(
    account: &mut Account,
    name: &str,
    entry: &Delete,
    call: &Call<'_>,
) -> Result<Nothing, Refusal> {
    account.queue(name, call.now)?;
    let receipt = Receipt::parse(&entry.receipt_handle, name)?;
    account.delete(name, &receipt, call.now).map(|()| Nothing {})
}

fn change_one(
    account: &mut Account,
    name: &str,
    entry: &ChangeVisibility,
    call: &Call<'_>,
) -> Result<Nothing, Refusal> {
    account.queue(name, call.now)?;
    let seconds = within("VisibilityTimeout", entry.visibility_timeout, VISIBILITY_SECONDS)?;
    let seconds = seconds.ok_or_else(|| Refusal::missing("VisibilityTimeout"))?;
    let receipt = Receipt::parse(&entry.receipt_handle, name)?;
    account.change_visibility(name, &receipt, seconds, call.now).map(|()| Nothing {})
}
