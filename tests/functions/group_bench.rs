//! Groups on the bench, and what Lambda does with their queue.

use aws_sdk_dynamodb::types::AttributeValue;
use confab_app::change_group::{Actor, Context};
use confab_app::send_message::Writer;
use confab_domain::log::Attempt;
use confab_domain::{GroupId, Timestamp};
use confab_protocol::http::NewGroup;
use serde_json::json;
use ulid::Ulid;

use crate::bench::{Bench, User, frame_of, message};
use crate::clients::TABLE_PREFIX;

impl Bench {
    /// Makes a group of one user and others; gives its id.
    pub(crate) async fn group(&self, owner: &User, others: &[&User]) -> String {
        let actor = Actor { user: owner.id, key: "made".parse().expect("a key"), attempt: Attempt(0) };
        let wanted = NewGroup {
            name: "A group of people".to_owned(),
            members: others.iter().map(|user| user.id.to_string()).collect(),
        };
        let writer = Writer::default();
        let context =
            Context { store: &self.store, connections: &self.gateway, queue: &self.queue, writer: &writer };
        let id = GroupId::new(Ulid(1));
        context.create(id, actor, &wanted, Timestamp::from_ms(1)).await.expect("a group").group
    }

    /// Sends a message to a group.
    pub(crate) async fn send_to_group(&self, from: &User, group: &str, id: &str) {
        let frame = json!({"action": "send", "id": id, "to": group, "text": "Shall we meet at eight?"});
        let answer = frame_of(self.send.handle(message(from, "send", &frame)).await);
        assert_eq!(answer["type"], "ack", "{answer}");
    }

    /// Sends a message to where the sender is not.
    pub(crate) async fn send_is_refused(&self, from: &User, group: &str) {
        let frame = json!({"action": "send", "id": "refused", "to": group, "text": "hello?"});
        let answer = frame_of(self.send.handle(message(from, "send", &frame)).await);
        assert_eq!(answer["type"], "error", "{answer}");
    }

    /// As if the function that ended a group had died before it ended this membership.
    pub(crate) async fn row_was_left_open(&self, user: &User, group: &str) {
        let text = |value: &dyn ToString| AttributeValue::S(value.to_string());
        self.dynamodb
            .update_item()
            .table_name(format!("{TABLE_PREFIX}inboxes"))
            .key("user", text(&user.id))
            .key("conversation", text(&group))
            .update_expression("SET joined_seq = :first")
            .expression_attribute_values(":first", AttributeValue::N("1".to_owned()))
            .send()
            .await
            .expect("a row");
    }

    /// Hands what is in the queue to `fan-out`, as Lambda would; gives the number of records.
    pub(crate) async fn run_fan_out(&self) -> usize {
        let mut count = 0;
        loop {
            let receive = self.sqs.receive_message().queue_url(&self.fan_out_url).max_number_of_messages(10);
            let messages = receive.send().await.expect("a queue").messages.unwrap_or_default();
            if messages.is_empty() {
                return count;
            }
            count += messages.len();
            let records = messages.iter().map(|message| {
                json!({"messageId": message.message_id, "body": message.body, "messageAttributes": {}})
            });
            let event = json!({"Records": records.collect::<Vec<_>>()});
            let event = serde_json::from_value(event).expect("an event");
            let response = self.fan_out.handle(event).await;
            assert!(response.batch_item_failures.is_empty(), "{response:?}");
            for message in messages {
                let receipt = message.receipt_handle.expect("a receipt");
                let delete = self.sqs.delete_message().queue_url(&self.fan_out_url).receipt_handle(receipt);
                delete.send().await.expect("a queue");
            }
        }
    }

    /// Hands one record to `fan-out`; says whether it is to come again.
    pub(crate) async fn comes_again(&self, body: &str) -> bool {
        let event = json!({"Records": [{"messageId": "1", "body": body, "messageAttributes": {}}]});
        let event = serde_json::from_value(event).expect("an event");
        let failures = self.fan_out.handle(event).await.batch_item_failures;
        failures.iter().any(|failure| failure.item_identifier == "1")
    }

    /// The bodies in the dead-letter queue.
    pub(crate) async fn parked(&self) -> Vec<String> {
        let receive = self.sqs.receive_message().queue_url(&self.dead_letter_url).max_number_of_messages(10);
        let messages = receive.send().await.expect("a queue").messages.unwrap_or_default();
        messages.into_iter().filter_map(|message| message.body).collect()
    }

    /// Puts a record into the queue that is no task.
    pub(crate) async fn enqueue_nonsense(&self) {
        let send = self.sqs.send_message().queue_url(&self.fan_out_url).message_body("nonsense");
        send.send().await.expect("a queue");
    }
}
