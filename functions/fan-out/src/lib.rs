//! Announces what the queue says is to be announced.
//!
//! A record has one of three fates: it is done; it comes again, after its visibility timeout, since a store or a
//! connection did not do its part; or it is parked in the dead-letter queue at once, since it never can be done.

pub mod config;

use std::time::Instant;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use confab_app::fan_out::{FanOutError, FanOutTask, fan_out};
use confab_app::{Error, metric};
use confab_gateway_apigw::Gateway;
use confab_lambda::{clock, deadline, summary};
use confab_queue_sqs::DeadLetterQueue;
use confab_store_dynamodb::Store;
use futures_util::{StreamExt, stream};

/// Records that are handled at once: all of a batch, or the last would begin when the time is up.
const RECORDS_IN_FLIGHT_MAX: usize = 10;

/// The function.
#[derive(Debug)]
pub struct FanOut {
    /// Logs, groups, sessions, inbox rows.
    pub store: Store,
    /// Open connections.
    pub gateway: Gateway,
    /// Where records go that nobody can handle.
    pub dead_letters: DeadLetterQueue,
}

impl FanOut {
    /// Answers with the records that are to come again.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        let again: Vec<String> = stream::iter(event.records)
            .map(|record| self.handle_record(record))
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
    async fn handle_record(&self, record: SqsMessage) -> Option<String> {
        let started = Instant::now();
        let body = record.body.as_deref().unwrap_or_default();
        let result = deadline::within(self.perform(body)).await;
        summary::log_record("fan-out", result.as_ref().err(), started.elapsed());
        // A record without an id cannot be named: answered so, the whole batch comes again.
        result.err().map(|_| record.message_id.unwrap_or_default())
    }

    async fn perform(&self, body: &str) -> Result<(), Error> {
        let task: FanOutTask = match serde_json::from_str(body) {
            Ok(task) => task,
            Err(_) => return self.park(body, "not a task that this version knows").await,
        };
        match fan_out(&self.store, &self.gateway, &task, clock::now()).await {
            Ok(sent_at) => {
                let lag = clock::now().since(sent_at);
                metrics::histogram!(metric::FAN_OUT_LAG).record(lag.as_secs_f64() * 1000.0);
                Ok(())
            }
            Err(FanOutError::Again(error)) => Err(error),
            Err(FanOutError::Never(reason)) => self.park(body, reason).await,
        }
    }

    async fn park(&self, body: &str, reason: &str) -> Result<(), Error> {
        tracing::error!(reason, "a record is parked");
        Ok(self.dead_letters.park(body, reason).await?)
    }
}
