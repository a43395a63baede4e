//! The work of Lambda for the queues.

use std::future::Future;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;

use crate::bench::Bench;

/// A queue with its dead-letter queue.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub(crate) url: String,
    pub(crate) dead_letter_url: String,
}

impl Bench {
    /// Hands the records of the queue to `fan-out`; returns their number.
    pub(crate) async fn run_fan_out(&self) -> usize {
        self.run(&self.fan_out_queue, |event| self.fan_out.handle(event)).await
    }

    /// Hands the due records of the queue to `presence`; returns their number.
    pub(crate) async fn run_presence(&self) -> usize {
        self.run(&self.presence_queue, |event| self.presence.handle(event)).await
    }

    pub(crate) async fn run<F: Future<Output = SqsBatchResponse>>(
        &self,
        queue: &Queue,
        handle: impl Fn(SqsEvent) -> F,
    ) -> usize {
        let mut count = 0;
        loop {
            let receive = self.sqs.receive_message().queue_url(&queue.url).max_number_of_messages(10);
            let messages = receive.send().await.expect("a queue").messages.unwrap_or_default();
            if messages.is_empty() {
                return count;
            }
            count += messages.len();
            let records = messages.iter().map(|message| {
                json!({"messageId": message.message_id, "body": message.body, "messageAttributes": {}})
            });
            let event = json!({"Records": records.collect::<Vec<_>>()});
            let response = handle(serde_json::from_value(event).expect("an event")).await;
            assert!(response.batch_item_failures.is_empty(), "{response:?}");
            for message in messages {
                let receipt = message.receipt_handle.expect("a receipt");
                let delete = self.sqs.delete_message().queue_url(&queue.url).receipt_handle(receipt);
                delete.send().await.expect("a queue");
            }
        }
    }

    /// The bodies in a dead-letter queue.
    pub(crate) async fn dead_lettered(&self, queue: &Queue) -> Vec<String> {
        let receive = self.sqs.receive_message().queue_url(&queue.dead_letter_url);
        let messages = receive.max_number_of_messages(10).send().await.expect("a queue").messages;
        messages.unwrap_or_default().into_iter().filter_map(|message| message.body).collect()
    }

    /// The number of delayed messages of a queue.
    pub(crate) async fn delayed(&self, queue: &Queue) -> usize {
        let name = QueueAttributeName::ApproximateNumberOfMessagesDelayed;
        let ask = self.sqs.get_queue_attributes().queue_url(&queue.url).attribute_names(name.clone());
        let attributes = ask.send().await.expect("a queue").attributes.expect("its attributes");
        attributes[&name].parse().expect("a number")
    }

    /// Whether a message of the queue becomes visible within that time.
    pub(crate) async fn comes_within_seconds(&self, queue: &Queue, seconds: i32) -> bool {
        let receive = self.sqs.receive_message().queue_url(&queue.url).wait_time_seconds(seconds);
        receive.send().await.expect("a queue").messages.is_some_and(|messages| !messages.is_empty())
    }

    /// Puts records into an empty queue and hands them to a function as one batch; returns the bodies of those that are
    /// to be retried.
    pub(crate) async fn hand_over<F: Future<Output = SqsBatchResponse>>(
        &self,
        queue: &Queue,
        bodies: &[&str],
        handle: impl Fn(SqsEvent) -> F,
    ) -> Vec<String> {
        for body in bodies {
            let send = self.sqs.send_message().queue_url(&queue.url).message_body(*body);
            send.send().await.expect("a queue");
        }
        let receive = self.sqs.receive_message().queue_url(&queue.url).max_number_of_messages(10);
        let messages = receive.send().await.expect("a queue").messages.expect("messages");
        let records = messages.iter().map(|message| {
            json!({
                "messageId": message.message_id, "receiptHandle": message.receipt_handle, "body": message.body,
                "messageAttributes": {}, "attributes": {"ApproximateReceiveCount": "1"},
            })
        });
        let event = json!({"Records": records.collect::<Vec<_>>()});
        let response = handle(serde_json::from_value(event).expect("an event")).await;
        let failed = response.batch_item_failures.into_iter().map(|failure| {
            let of = messages.iter().find(|of| of.message_id.as_deref() == Some(&failure.item_identifier));
            of.and_then(|of| of.body.clone()).expect("a record of the batch")
        });
        failed.collect()
    }

    /// Puts a record into a queue that is no valid task.
    pub(crate) async fn enqueue_nonsense(&self, queue: &Queue) {
        let send = self.sqs.send_message().queue_url(&queue.url).message_body("nonsense");
        send.send().await.expect("a queue");
    }
}

/// Hands one record to a function; returns whether it is to be retried.
pub(crate) async fn redeliver<F: Future<Output = SqsBatchResponse>>(
    body: &str,
    handle: impl Fn(SqsEvent) -> F,
) -> bool {
    let event = json!({"Records": [{"messageId": "1", "body": body, "messageAttributes": {}}]});
    let failures = handle(serde_json::from_value(event).expect("an event")).await.batch_item_failures;
    failures.iter().any(|failure| failure.item_identifier == "1")
}
