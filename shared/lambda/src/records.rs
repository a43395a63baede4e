//! Records of a queue, and their outcomes.
//!
//! A record has one of three outcomes. It is done, and may have put the rest of its work into the queue as another
//! record. It is retried as a whole, after pauses that grow, since a store failed. Or it is dead-lettered without a
//! retry, since it can never be done. The outcome of a record does not affect the other records of its batch.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use confab_app::{Error, TaskFailure, chain};
use confab_aws::queue_sqs::SourceQueue;
use confab_domain::retry::pause_of_record;
use futures_util::{FutureExt, StreamExt, stream};
use serde::de::DeserializeOwned;

use crate::{deadline, summary};

/// Records that are handled side by side: all of a batch, or the last would begin when the time is up.
const RECORDS_IN_FLIGHT_MAX: usize = 10;

/// A record of a queue.
#[derive(Clone, Copy, Debug)]
pub struct Received<T> {
    /// The task in its body.
    pub task: T,
    /// Whether the record was received before, and not finished.
    pub before: bool,
}

/// Attribute with the number of times that the record was received, this time included.
///
/// Source: Amazon SQS API reference, "ReceiveMessage".
const RECEIVE_COUNT: &str = "ApproximateReceiveCount";

/// Performs each task of a batch, and answers with the ids of the records to retry.
pub async fn perform_each<T: DeserializeOwned, F: Future<Output = Result<(), TaskFailure>>>(
    function: &str,
    event: SqsEvent,
    source: &SourceQueue,
    perform: impl Fn(Received<T>) -> F,
) -> SqsBatchResponse {
    let perform = &perform;
    let to_retry: Vec<String> = stream::iter(event.records)
        .map(|record| perform_one(function, record, source, perform))
        .buffer_unordered(RECORDS_IN_FLIGHT_MAX)
        .filter_map(std::future::ready)
        .collect()
        .await;
    summary::flush();
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = to_retry
        .into_iter()
        .map(|id| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failure
        })
        .collect();
    response
}

/// Performs the task of a record. Returns the record's id if it is to be retried.
async fn perform_one<T: DeserializeOwned, F: Future<Output = Result<(), TaskFailure>>>(
    function: &str,
    record: SqsMessage,
    source: &SourceQueue,
    perform: &impl Fn(Received<T>) -> F,
) -> Option<String> {
    let started = Instant::now();
    let body = record.body.as_deref().unwrap_or_default();
    let receives = record.attributes.get(RECEIVE_COUNT).and_then(|count| count.parse().ok()).unwrap_or(1);
    let before = receives > 1;
    let work = async {
        let done = match serde_json::from_str(body) {
            Ok(task) => perform(Received { task, before }).await,
            Err(_) => Err(TaskFailure::Permanent("not a task that this version knows")),
        };
        match done {
            Ok(()) => Ok(()),
            Err(TaskFailure::Retry(error)) => Err(error),
            Err(TaskFailure::Permanent(reason)) => dead_letter(source, body, reason).await,
        }
    };
    // A panic fails this record only.
    let result = AssertUnwindSafe(deadline::within(work)).catch_unwind().await;
    let result = result.unwrap_or(Err(Error::Internal("a record's task has panicked")));
    summary::log_record(function, result.as_ref().err(), started.elapsed());
    result.err()?;
    if let Some(receipt) = &record.receipt_handle
        && let Err(error) = source.hide(receipt, pause_of_record(receives)).await
    {
        let error = chain(&error);
        tracing::warn!(
            event = "record_delay_failed",
            error,
            "the record is retried after the queue's visibility timeout"
        );
    }
    // A record without an id cannot be named. An empty id makes the whole batch be retried.
    Some(record.message_id.unwrap_or_default())
}

async fn dead_letter(source: &SourceQueue, body: &str, reason: &str) -> Result<(), Error> {
    tracing::error!(event = "dead_lettered", reason, "a record is dead-lettered");
    Ok(source.dead_letter(body, reason).await?)
}
