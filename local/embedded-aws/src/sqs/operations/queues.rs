//! Creating, finding, changing and removing queues.

use std::collections::BTreeMap;

use super::{Call, name_in};
use crate::service::ACCOUNT_ID;
use crate::sqs::{
    account::{Account, Record, Registered},
    protocol::{
        CreateQueue, GetQueueAttributes, GetQueueUrl, ListQueues, Nothing, OneQueue, QueueAttributes,
        QueueUrl, QueueUrls, SetQueueAttributes,
    },
    refusal::Refusal,
    settings::Settings,
};

/// Longest name of a queue. Source: Amazon SQS API Reference, `CreateQueue`.
const NAME_CHARACTERS_MAX: usize = 80;

/// Most names in one answer. Source: Amazon SQS API Reference, `ListQueues`.
const PAGE_MAX: usize = 1000;

pub(in crate::sqs) fn create(
    account: &mut Account,
    request: CreateQueue,
    call: &Call<'_>,
) -> Result<QueueUrl, Refusal> {
    let CreateQueue { queue_name: name, attributes } = request;
    let is_name = (1..=NAME_CHARACTERS_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if !is_name {
        return Err(Refusal::parameter(
            "QueueName",
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        ));
    }
    if let Ok(Registered { record, .. }) = account.queue(&name, call.now) {
        let record = record.clone();
        for (attribute, value) in &attributes {
            let mut wanted = record.settings.clone();
            wanted.set(attribute, value)?;
            if wanted != record.settings {
                return Err(Refusal::queue_exists(attribute));
            }
        }
        // Recorded again, in case the first record was not written.
        account.set(record);
    } else {
        account.set(Record {
            arn: format!("arn:aws:sqs:{}:{ACCOUNT_ID}:{name}", call.region),
            name: name.clone(),
            created_at: call.now,
            changed_at: call.now,
            settings: with(account, Settings::default(), &attributes)?,
        });
    }
    Ok(QueueUrl { queue_url: url(&name) })
}

pub(in crate::sqs) fn get_url(
    account: &mut Account,
    request: GetQueueUrl,
    call: &Call<'_>,
) -> Result<QueueUrl, Refusal> {
    account.queue(&request.queue_name, call.now)?;
    Ok(QueueUrl { queue_url: url(&request.queue_name) })
}

pub(in crate::sqs) fn get_attributes(
    account: &mut Account,
    request: GetQueueAttributes,
    call: &Call<'_>,
) -> Result<QueueAttributes, Refusal> {
    let Registered { record, messages } = account.queue(name_in(&request.queue_url), call.now)?;
    let counts = messages.counts();
    let mut attributes = record.settings.attributes();
    attributes.extend([
        ("QueueArn", record.arn.clone()),
        ("CreatedTimestamp", (record.created_at / 1000).to_string()),
        ("LastModifiedTimestamp", (record.changed_at / 1000).to_string()),
        ("ApproximateNumberOfMessages", counts.visible.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
        ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
    ]);
    let wanted = &request.attribute_names;
    attributes.retain(|name, _| wanted.iter().any(|wanted| wanted == "All" || wanted == name));
    Ok(QueueAttributes { attributes })
}

pub(in crate::sqs) fn set_attributes(
    account: &mut Account,
    request: SetQueueAttributes,
    call: &Call<'_>,
) -> Result<Nothing, Refusal> {
    let record = account.queue(name_in(&request.queue_url), call.now)?.record.clone();
    let settings = with(account, record.settings, &request.attributes)?;
    account.set(Record { settings, changed_at: call.now, ..record });
    Ok(Nothing {})
}

pub(in crate::sqs) fn list(
    account: &mut Account,
    request: ListQueues,
    _: &Call<'_>,
) -> Result<QueueUrls, Refusal> {
    let ListQueues { queue_name_prefix: prefix, max_results, next_token } = request;
    let limit = max_results.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
    let mut names = account.names().filter(|name| name.starts_with(&prefix) && **name > next_token);
    let page: Vec<_> = names.by_ref().take(limit).collect();
    let has_more = max_results.is_some() && names.next().is_some();
    let next_token = page.last().filter(|_| has_more).map(|name| (*name).clone());
    Ok(QueueUrls { queue_urls: page.into_iter().map(|name| url(name)).collect(), next_token })
}

pub(in crate::sqs) fn delete(
    account: &mut Account,
    request: OneQueue,
    _: &Call<'_>,
) -> Result<Nothing, Refusal> {
    account.remove(name_in(&request.queue_url)).map(|()| Nothing {})
}

pub(in crate::sqs) fn purge(
    account: &mut Account,
    request: OneQueue,
    call: &Call<'_>,
) -> Result<Nothing, Refusal> {
    account.purge(name_in(&request.queue_url), call.now).map(|()| Nothing {})
}

/// URL of a queue. SDK clients send a queue's requests to their own endpoint, so the host does not matter.
fn url(name: &str) -> String {
    format!("http://sqs.invalid/{ACCOUNT_ID}/{name}")
}

fn with(
    account: &Account,
    mut settings: Settings,
    attributes: &BTreeMap<String, String>,
) -> Result<Settings, Refusal> {
    for (name, value) in attributes {
        settings.set(name, value)?;
    }
    match &settings.redrive {
        Some(redrive) if account.name_of(&redrive.target_arn).is_none() => {
            Err(Refusal::parameter("RedrivePolicy", "Dead letter target does not exist."))
        }
        _ => Ok(settings),
    }
}
