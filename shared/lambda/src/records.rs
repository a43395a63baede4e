//! Records of a queue, and their fates.
//!
//! A record has one of three: it is done, though it may have put what is left of it into the queue as another; it comes
//! again as a whole, soon and then ever later, since a store did not do its part; or it is parked in the dead-letter queue
//! at once, since it never can be done. What becomes of one has no part in what becomes of the others of its batch.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use confab_app::{Error, TaskFailure};
use confab_domain::retry::pause_of_record;
use confab_queue_sqs::SourceQueue;
use futures_util::{FutureExt, StreamExt, stream};
use serde::de::DeserializeOwned;

use crate::{deadline, summary};
use confab_app::chain;

/// Records that are handled at once: all of a batch, or the last would begin when the time is up.
const RECORDS_IN_FLIGHT_MAX: usize = 10;

/// What a record asks for.
#[derive(Clone, Copy, Debug)]
pub struct Received<T> {
    /// The task in its body.
    pub task: T,
    /// Whether it was received before, and not finished.
    pub before: bool,
}

/// How often the record was received, this time included.
///
/// Source: Amazon SQS API reference, "ReceiveMessage".
const RECEIVE_COUNT: &str = "ApproximateReceiveCount";

/// Performs each task of a batch; answers with the records that are to come again.
pub async fn perform_each<T: DeserializeOwned, F: Future<Output = Result<(), TaskFailure>>>(
    function: &str,
    event: SqsEvent,
    source: &SourceQueue,
    perform: impl Fn(Received<T>) -> F,
) -> SqsBatchResponse {
    let perform = &perform;
    let again: Vec<String> = stream::iter(event.records)
        .map(|record| perform_one(function, record, source, perform))
        .buffer_unordered(RECORDS_IN_FLIGHT_MAX)
        .filter_map(std::future::ready)
        .collect()
        .await;
    summary::flush();
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = again
        .into_iter()
        .map(|id| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failure
        })
        .collect();
    response
}

/// The record's id, where it is to come again.
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
    // A panic is a failure of this record alone.
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
            "a record comes again after the queue's timeout"
        );
    }
    // A record without an id cannot be named: answered so, the whole batch comes again.
    Some(record.message_id.unwrap_or_default())
}

async fn dead_letter(source: &SourceQueue, body: &str, reason: &str) -> Result<(), Error> {
    tracing::error!(event = "dead_lettered", reason, "a record is dead-lettered");
    Ok(source.dead_letter(body, reason).await?)
}
