//! Groups on the bench.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, ReturnValue, WriteRequest};
use confab_app::delivery::deliver::Delivery;
use confab_app::groups::change_group::{Actor, Context, GroupCommand};
use confab_app::messages::send_message::Writer;
use confab_app::ports::{CommitOutcome, Groups, Joining};
use confab_app::presence::Probes;
use confab_domain::log::Attempt;
use confab_domain::retention::Retention;
use confab_domain::{ConversationId, GroupId, MembershipCount, Seq, Timestamp};
use confab_lambda::sleeper;
use confab_protocol::http::NewGroup;
use serde_json::json;
use ulid::Ulid;

use crate::bench::{Bench, POLICY, User, frame_of, message};
use crate::clients::TABLE_PREFIX;

impl Bench {
    /// Creates a group of one user and others, the first of whom is in no other group of the owner; returns its id.
    pub(crate) async fn group(&self, owner: &User, others: &[&User]) -> String {
        let actor = Actor { user: owner.id, key: "made".parse().expect("a key"), attempt: Attempt(0) };
        let wanted = NewGroup {
            name: "A group of people".to_owned(),
            members: others.iter().map(|user| user.id.to_string()).collect(),
        };
        let writer = Writer::new(Retention::FOR_EVER, sleeper::sleeper());
        let probes = Probes::default();
        let (connections, push) = (&self.gateway, &self.push_queue);
        let delivery = Delivery { connections, push, policy: POLICY, probes: &probes };
        let context = Context { store: &self.store, delivery, queue: &self.queue, writer: &writer };
        let id = GroupId::new(Ulid(owner.n << 64 | others.first().map_or(0, |other| other.n)));
        context.create(id, actor, &wanted, Timestamp::from_ms(1)).await.expect("a group").group
    }

    /// Sends a message to a group.
    pub(crate) async fn send_to_group(&self, from: &User, group: &str, id: &str) {
        let frame = json!({"action": "send", "id": id, "to": group, "text": "Shall we meet at eight?"});
        let answer = frame_of(self.send.handle(message(from, "send", &frame)).await);
        assert_eq!(answer["type"], "ack", "{answer}");
    }

    /// Sends a message to a group that the sender is not in, and checks that it is refused.
    pub(crate) async fn send_is_refused(&self, from: &User, group: &str) {
        let frame = json!({"action": "send", "id": "refused", "to": group, "text": "hello?"});
        let answer = frame_of(self.send.handle(message(from, "send", &frame)).await);
        assert_eq!(answer["type"], "error", "{answer}");
    }

    /// Leaves a row as a function does that crashed before it created the group.
    pub(crate) async fn row_was_left_of_no_group(&self, user: &User) -> ConversationId {
        let conversation = ConversationId::Group(GroupId::new(Ulid::from_parts(1, 1)));
        let seen = self.store.membership_count(user.id).await.expect("a store");
        let next =
            MembershipCount { version: seen.map_or(1, |seen| seen.version + 1), ..seen.unwrap_or_default() };
        let joining = Joining { user: user.id, added_by: None, seen, next };
        let joined = self.store.join(conversation, Seq::FIRST, &joining).await.expect("a store");
        assert_eq!(joined, CommitOutcome::Done);
        conversation
    }

    /// Has a user leave a group.
    pub(crate) async fn leaves(&self, user: &User, group: &str) {
        self.change(user, group, &GroupCommand::RemoveMember(user.id)).await;
    }

    /// Adds a user to a group.
    pub(crate) async fn adds(&self, owner: &User, group: &str, user: &User) {
        self.change(owner, group, &GroupCommand::PutMember(user.id, None)).await;
    }

    async fn change(&self, user: &User, group: &str, command: &GroupCommand) {
        let key = format!("changed-{}", user.n).parse().expect("a key");
        let actor = Actor { user: user.id, key, attempt: Attempt(0) };
        let writer = Writer::new(Retention::FOR_EVER, sleeper::sleeper());
        let probes = Probes::default();
        let (connections, push) = (&self.gateway, &self.push_queue);
        let delivery = Delivery { connections, push, policy: POLICY, probes: &probes };
        let context = Context { store: &self.store, delivery, queue: &self.queue, writer: &writer };
        let group = group.parse().expect("a group");
        context.change(group, &actor, command, Timestamp::from_ms(1)).await.expect("a change");
    }

    /// Leaves a membership open as a function does that crashed while it ended the group.
    pub(crate) async fn row_was_left_open(&self, user: &User, group: &str) {
        let mut row = self.row_stays_in_place(user, group).await;
        row.insert("joined_seq".to_owned(), AttributeValue::N("1".to_owned()));
        self.puts_row(row).await;
    }

    /// Leaves the row in place as a function does that crashed before it moved an ended membership; returns the row.
    pub(crate) async fn row_stays_in_place(
        &self,
        user: &User,
        group: &str,
    ) -> HashMap<String, AttributeValue> {
        let (user, key) =
            (AttributeValue::S(user.id.to_string()), AttributeValue::S(format!("left#{group}")));
        let moved = self
            .dynamodb
            .delete_item()
            .table_name(format!("{TABLE_PREFIX}inboxes"))
            .key("user", user)
            .key("conversation", key)
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .expect("a table");
        let mut row = moved.attributes.expect("a row");
        row.insert("conversation".to_owned(), AttributeValue::S(group.to_owned()));
        self.puts_row(row.clone()).await;
        row
    }

    /// Gives a user so many other groups that they have left.
    pub(crate) async fn has_copies_of(&self, row: &HashMap<String, AttributeValue>, count: u128) {
        let puts = (0..count).map(|n| {
            let mut row = row.clone();
            row.retain(|name, _| !name.starts_with("claim"));
            let conversation = ConversationId::Group(GroupId::new(Ulid(1 << 100 | n)));
            row.insert("conversation".to_owned(), AttributeValue::S(conversation.to_string()));
            let put = PutRequest::builder().set_item(Some(row)).build().expect("an item");
            WriteRequest::builder().put_request(put).build()
        });
        let puts: Vec<WriteRequest> = puts.collect();
        for some in puts.chunks(25) {
            let write = self.dynamodb.batch_write_item();
            let write = write.request_items(format!("{TABLE_PREFIX}inboxes"), some.to_vec());
            write.send().await.expect("a table");
        }
    }

    /// Removes the membership count, as for a user of a version that had none.
    pub(crate) async fn is_uncounted(&self, user: &User) {
        let key = AttributeValue::S(format!("of#{}", user.id));
        let delete = self.dynamodb.delete_item().table_name(format!("{TABLE_PREFIX}groups"));
        delete.key("group", key).send().await.expect("a table");
    }

    async fn puts_row(&self, row: HashMap<String, AttributeValue>) {
        let put = self.dynamodb.put_item().table_name(format!("{TABLE_PREFIX}inboxes")).set_item(Some(row));
        put.send().await.expect("a table");
    }
}
