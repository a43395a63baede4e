//! Sends on the bench that are refused or repeated.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use confab_app::ports::{Contacts, PairChange};
use confab_domain::{ContactChange, Relation, Timestamp};
use serde_json::{Value, json};

use crate::bench::{Bench, User, frame_of, message};
use crate::clients::TABLE_PREFIX;

impl Bench {
    /// Has a user block another to whom they had no relation.
    pub(crate) async fn blocks(&self, user: &User, other: &User) {
        let now = Timestamp::from_ms(1);
        let nothing = Relation::default();
        let pair = PairChange {
            user: user.id,
            other: other.id,
            relation: [nothing, nothing.after(ContactChange::Block, now)],
            others_relation: [nothing, nothing.after_others(ContactChange::Block, now)],
        };
        assert!(self.store.change_pair(&pair).await.expect("a store"));
    }

    async fn answer_to(&self, from: &User, to: &User, id: &str, text: &str) -> Value {
        let frame = json!({"action": "send", "id": id, "to": to.id.to_string(), "text": text});
        frame_of(self.send.handle(message(from, "send", &frame)).await)
    }

    /// Sends a message that is refused.
    pub(crate) async fn is_refused(&self, from: &User, to: &User, id: &str, code: &str) {
        let answer = self.answer_to(from, to, id, "hello?").await;
        assert_eq!(answer["code"], code, "{answer}");
    }

    /// Sends a message that exists already.
    pub(crate) async fn is_repeated(&self, from: &User, to: &User, id: &str, text: &str) {
        let answer = self.answer_to(from, to, id, text).await;
        assert_eq!(answer["duplicate"], true, "{answer}");
    }

    /// Gives an inbox row the longest attributes that it can have in a log of a million entries, without the claims,
    /// and four ended memberships in a group.
    pub(crate) async fn fill_row(&self, user: &User, conversation: &str) {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let number = |value: u64| AttributeValue::N(value.to_string());
        let seq = 1_000_000;
        let alerts = format!(
            "{seq} {max} {seq} {seq} {seq} 1795500001000 1795490000000 {seq} 1795490500000 {max}",
            max = u64::MAX
        );
        let mut update = self
            .dynamodb
            .update_item()
            .table_name(format!("{TABLE_PREFIX}inboxes"))
            .key("user", text(&user.id.to_string()))
            .key("conversation", text(conversation))
            .expression_attribute_values(":seq", number(seq))
            .expression_attribute_values(":time", number(1_795_500_001_000))
            .expression_attribute_values(":alerts", text(&alerts));
        let all = "SET read_seq = :seq, muted_until_ms = :time, alerts = :alerts";
        update = if conversation.starts_with("grp_") {
            let ended = (0..8).map(|n| if n < 4 { String::new() } else { format!("{seq} {seq}") });
            let past = ended.map(|range| text(&range)).collect();
            update
                .update_expression(format!("{all}, joined_seq = :seq, past = :past, added_by = :by"))
                .expression_attribute_values(":past", AttributeValue::L(past))
                .expression_attribute_values(":by", AttributeValue::B(Blob::new(vec![1; 16])))
        } else {
            update.update_expression(all)
        };
        update.send().await.expect("a row");
    }
}
