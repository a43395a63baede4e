//! The logs.
//!
//! Shape: `{conversation S, seq N, sender S, client_message_id S, text S|B,
//! reply_to N?, mentions L?, kind S, sent_at_ms N, attempt N, expires_at N?}`.
//! Where messages expire, the item at `seq` 0 is the log's floor, which does not:
//! `{conversation S, seq N, head N, at_ms N, upto N}`.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use confab_app::ports::{
    AppendError, Direction, MessageLog, PAGE_TEXT_BYTES_MAX, Page, Range, StoreError, Tail,
};
use confab_domain::log::Attempt;
use confab_domain::retention::Floor;
use confab_domain::{Content, ConversationId, Heading, Kind, Message, Seq, Timestamp};

use crate::error::{condition_held, is_transaction_conflict, store_error};
use crate::item::{Item, Reader, number, text, time};
use crate::schema::{CONVERSATION, EXPIRES_AT, SEQ};
use crate::{Store, body};

const SENDER: &str = "sender";
const CLIENT_MESSAGE_ID: &str = "client_message_id";
const TEXT: &str = "text";
const REPLY_TO: &str = "reply_to";
const MENTIONS: &str = "mentions";
const KIND: &str = "kind";
const SENT_AT_MS: &str = "sent_at_ms";
const ATTEMPT: &str = "attempt";
const HEAD: &str = "head";
const AT_MS: &str = "at_ms";
const UPTO: &str = "upto";

/// Times that an append meets a transaction at its position before it gives up.
const CONFLICTS_MAX: u32 = 8;

/// Where a log's floor lies: below every message.
const FLOOR: u64 = 0;

impl MessageLog for Store {
    async fn tail(&self, conversation: ConversationId, entries_max: u32) -> Result<Tail, StoreError> {
        let Page { entries, more } = self.page(conversation, Range::from_newest(), entries_max).await?;
        Ok(Tail { newest: entries, more })
    }

    async fn page(
        &self,
        conversation: ConversationId,
        range: Range,
        entries_max: u32,
    ) -> Result<Page, StoreError> {
        let output = self.query_log(conversation, range, entries_max).send().await.map_err(store_error)?;
        let within = within_bytes(output.items());
        let is_cut = within.len() < output.items().len();
        let read = |item| message(conversation, item);
        let entries = within.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let rest = entries.last().and_then(|last| range.beyond(last.seq));
        Ok(Page { more: (is_cut || output.last_evaluated_key.is_some()) && rest.is_some(), entries })
    }

    async fn headings(
        &self,
        conversation: ConversationId,
        range: Range,
        entries_max: u32,
    ) -> Result<Page<Heading>, StoreError> {
        let output = self
            .query_log(conversation, range, entries_max)
            .projection_expression("#seq, #sender, #kind, #sent_at")
            .expression_attribute_names("#sender", SENDER)
            .expression_attribute_names("#kind", KIND)
            .expression_attribute_names("#sent_at", SENT_AT_MS)
            .send()
            .await
            .map_err(store_error)?;
        let entries = output.items().iter().map(heading).collect::<Result<Vec<_>, _>>()?;
        let rest = entries.last().and_then(|last| range.beyond(last.seq));
        Ok(Page { more: output.last_evaluated_key.is_some() && rest.is_some(), entries })
    }

    async fn append(&self, message: &Message, expires_at: Option<Timestamp>) -> Result<(), AppendError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.tables.messages)
            .set_item(Some(item(message, expires_at)))
            .condition_expression("attribute_not_exists(#seq)")
            .expression_attribute_names("#seq", SEQ)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut conflicts = 0;
        let result = loop {
            match put.clone().send().await {
                // A change of a group is being written to this position: nothing was written by us.
                Err(error) if is_transaction_conflict(&error) && conflicts < CONFLICTS_MAX => conflicts += 1,
                result => break result,
            }
        };
        let Err(error) = result else { return Ok(()) };
        if let Some(PutItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() {
            let occupant = failed
                .item()
                .ok_or_else(|| StoreError::malformed("a failed append", "the occupant was not returned"))?;
            return Err(AppendError::Occupied(Box::new(self::message(message.conversation, occupant)?)));
        }
        Err(store_error(error).into())
    }

    async fn floor(&self, conversation: ConversationId) -> Result<Option<Floor>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.tables.messages)
            .key(CONVERSATION, text(conversation))
            .key(SEQ, number(FLOOR))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        output.item().map(read_floor).transpose()
    }

    async fn set_floor(
        &self,
        conversation: ConversationId,
        expected: Option<Floor>,
        floor: Floor,
    ) -> Result<bool, StoreError> {
        let names = [("#head", HEAD), ("#at", AT_MS), ("#upto", UPTO)];
        let values = |floor: Floor| {
            let head = number(floor.head.map_or(0, Seq::get));
            [("head", head), ("at", time(floor.at)), ("upto", number(floor.upto.get()))]
        };
        let mut update = self
            .client
            .update_item()
            .table_name(&self.tables.messages)
            .key(CONVERSATION, text(conversation))
            .key(SEQ, number(FLOOR))
            .update_expression("SET #head = :head, #at = :at, #upto = :upto");
        for (placeholder, name) in names {
            update = update.expression_attribute_names(placeholder, name);
        }
        for (name, value) in values(floor) {
            update = update.expression_attribute_values(format!(":{name}"), value);
        }
        update = match expected {
            None => update.condition_expression("attribute_not_exists(#upto)"),
            Some(expected) => {
                for (name, value) in values(expected) {
                    update = update.expression_attribute_values(format!(":expected_{name}"), value);
                }
                update.condition_expression(
                    "#head = :expected_head AND #at = :expected_at AND #upto = :expected_upto",
                )
            }
        };
        condition_held(update.send().await)
    }
}

impl Store {
    /// A strongly consistent query of a range of a log.
    fn query_log(&self, conversation: ConversationId, range: Range, entries_max: u32) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.tables.messages)
            .key_condition_expression("#conversation = :conversation AND #seq BETWEEN :from AND :to")
            .expression_attribute_names("#conversation", CONVERSATION)
            .expression_attribute_names("#seq", SEQ)
            .expression_attribute_values(":conversation", text(conversation))
            .expression_attribute_values(":from", number(range.from.get()))
            .expression_attribute_values(":to", number(range.to.get()))
            .scan_index_forward(range.direction == Direction::Up)
            .limit(i32::try_from(entries_max).unwrap_or(i32::MAX))
            .consistent_read(true)
    }
}

/// The first items, as many as have texts that may be unpacked together; one at least.
fn within_bytes(items: &[Item]) -> &[Item] {
    let mut bytes = 0;
    let fits = |item: &&Item| {
        bytes += item.get(TEXT).map_or(0, body::unpacked_bytes);
        bytes <= PAGE_TEXT_BYTES_MAX
    };
    let count = items.iter().take_while(fits).count();
    &items[..count.max(1).min(items.len())]
}

fn read_floor(item: &Item) -> Result<Floor, StoreError> {
    let reader = Reader::new("a log's floor", item);
    Ok(Floor {
        head: Seq::new(reader.number(HEAD)?),
        at: reader.time(AT_MS)?,
        upto: Seq::new(reader.number(UPTO)?).ok_or_else(|| reader.malformed(UPTO))?,
    })
}

pub(crate) fn item(message: &Message, expires_at: Option<Timestamp>) -> Item {
    let mut item = Item::from([
        (CONVERSATION.to_owned(), text(message.conversation)),
        (SEQ.to_owned(), number(message.seq.get())),
        (SENDER.to_owned(), text(message.sender)),
        (CLIENT_MESSAGE_ID.to_owned(), text(&message.client_message_id)),
        (KIND.to_owned(), text(message.kind.as_str())),
        (SENT_AT_MS.to_owned(), time(message.sent_at)),
        (ATTEMPT.to_owned(), number(message.attempt.0)),
    ]);
    let mut set = |name: &str, value: Option<AttributeValue>| {
        item.extend(value.map(|value| (name.to_owned(), value)));
    };
    let Content { text: body, reply_to, mentions } = &message.content;
    set(TEXT, body.as_deref().map(body::pack));
    set(REPLY_TO, reply_to.map(|seq| number(seq.get())));
    set(MENTIONS, (!mentions.is_empty()).then(|| AttributeValue::L(mentions.iter().map(text).collect())));
    set(EXPIRES_AT, expires_at.map(|at| number(at.as_seconds_up())));
    item
}

fn heading(item: &Item) -> Result<Heading, StoreError> {
    let reader = Reader::new("a message", item);
    Ok(Heading {
        seq: Seq::new(reader.number(SEQ)?).ok_or_else(|| reader.malformed(SEQ))?,
        sender: reader.parsed(SENDER)?,
        kind: Kind::parse(reader.text(KIND)?).ok_or_else(|| reader.malformed(KIND))?,
        sent_at: reader.time(SENT_AT_MS)?,
    })
}

fn message(conversation: ConversationId, item: &Item) -> Result<Message, StoreError> {
    let reader = Reader::new("a message", item);
    let Heading { seq: position, sender, kind, sent_at } = heading(item)?;
    let seq = |name: &str, value| Seq::new(value).ok_or_else(|| reader.malformed(name));
    let body = match reader.get(TEXT) {
        Some(attribute) => Some(body::unpack(attribute).ok_or_else(|| reader.malformed(TEXT))?),
        None => None,
    };
    let mention = |value: &AttributeValue| {
        value.as_s().ok().and_then(|user| user.parse().ok()).ok_or_else(|| reader.malformed(MENTIONS))
    };
    Ok(Message {
        conversation,
        seq: position,
        sender,
        client_message_id: reader.parsed(CLIENT_MESSAGE_ID)?,
        content: Content {
            text: body,
            reply_to: reader.optional_number(REPLY_TO)?.map(|value| seq(REPLY_TO, value)).transpose()?,
            mentions: reader.list(MENTIONS)?.iter().map(mention).collect::<Result<_, _>>()?,
        },
        kind,
        sent_at,
        attempt: Attempt(u32::try_from(reader.number(ATTEMPT)?).map_err(|_| reader.malformed(ATTEMPT))?),
    })
}
