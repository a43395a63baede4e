//! Records of a queue, and their fates.
//!
//! A record has one of three: it is done; it comes again, after its visibility timeout, since a store or a connection did
//! not do its part; or it is parked in the dead-letter queue at once, since it never can be done.

use std::time::Instant;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use confab_app::{Error, TaskError};
use confab_queue_sqs::DeadLetterQueue;
use futures_util::{StreamExt, stream};
use serde::de::DeserializeOwned;

use crate::{deadline, summary};

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
pub async fn perform_each<T: DeserializeOwned, F: Future<Output = Result<(), TaskError>>>(
    function: &str,
    event: SqsEvent,
    dead_letters: &DeadLetterQueue,
    perform: impl Fn(Received<T>) -> F,
) -> SqsBatchResponse {
    let perform = &perform;
    let again: Vec<String> = stream::iter(event.records)
        .map(|record| perform_one(function, record, dead_letters, perform))
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
async fn perform_one<T: DeserializeOwned, F: Future<Output = Result<(), TaskError>>>(
    function: &str,
    record: SqsMessage,
    dead_letters: &DeadLetterQueue,
    perform: &impl Fn(Received<T>) -> F,
) -> Option<String> {
    let started = Instant::now();
    let body = record.body.as_deref().unwrap_or_default();
    let before = record.attributes.get(RECEIVE_COUNT).is_some_and(|count| count != "1");
    let work = async {
        let done = match serde_json::from_str(body) {
            Ok(task) => perform(Received { task, before }).await,
            Err(_) => Err(TaskError::Never("not a task that this version knows")),
        };
        match done {
            Ok(()) => Ok(()),
            Err(TaskError::Again(error)) => Err(error),
            Err(TaskError::Never(reason)) => park(dead_letters, body, reason).await,
        }
    };
    let result = deadline::within(work).await;
    summary::log_record(function, result.as_ref().err(), started.elapsed());
    // A record without an id cannot be named: answered so, the whole batch comes again.
    result.err().map(|_| record.message_id.unwrap_or_default())
}

async fn park(dead_letters: &DeadLetterQueue, body: &str, reason: &str) -> Result<(), Error> {
    tracing::error!(reason, "a record is parked");
    Ok(dead_letters.park(body, reason).await?)
}
