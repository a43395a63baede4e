//! What Lambda does with the queues.

use std::future::Future;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use serde_json::json;

use crate::bench::Bench;

/// A queue with its dead-letter queue.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub(crate) url: String,
    pub(crate) dead_letter_url: String,
}

impl Bench {
    /// Hands what is in the queue to `fan-out`; gives the number of records.
    pub(crate) async fn run_fan_out(&self) -> usize {
        self.run(&self.fan_out_queue, |event| self.fan_out.handle(event)).await
    }

    /// Hands what is due in the queue to `presence`; gives the number of records.
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
    pub(crate) async fn parked(&self, queue: &Queue) -> Vec<String> {
        let receive = self.sqs.receive_message().queue_url(&queue.dead_letter_url);
        let messages = receive.max_number_of_messages(10).send().await.expect("a queue").messages;
        messages.unwrap_or_default().into_iter().filter_map(|message| message.body).collect()
    }

    /// Puts a record into a queue that is no task.
    pub(crate) async fn enqueue_nonsense(&self, queue: &Queue) {
        let send = self.sqs.send_message().queue_url(&queue.url).message_body("nonsense");
        send.send().await.expect("a queue");
    }
}

/// Hands one record to a function; says whether it is to come again.
pub(crate) async fn comes_again<F: Future<Output = SqsBatchResponse>>(
    body: &str,
    handle: impl Fn(SqsEvent) -> F,
) -> bool {
    let event = json!({"Records": [{"messageId": "1", "body": body, "messageAttributes": {}}]});
    let failures = handle(serde_json::from_value(event).expect("an event")).await.batch_item_failures;
    failures.iter().any(|failure| failure.item_identifier == "1")
}
