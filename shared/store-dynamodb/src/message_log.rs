//! Logs.
//!
//! Shape: `{conversation S, seq N, sender S, client_message_id S, text S|B, reply_to N?, mentions L?, kind S,
//! sent_at_ms N, attempt N, mark_revision N, expires_at N?}`. The high-water mark, if a log has one, is the item after
//! the last `seq`: see [`high_water`](crate::high_water).

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use confab_app::ports::{
    AppendError, Direction, End, MessageLog, PAGE_TEXT_BYTES_MAX, Page, Range, StoreError, Tail,
};
use confab_domain::high_water::HighWaterMark;
use confab_domain::log::Attempt;
use confab_domain::{Content, ConversationId, Heading, Kind, Message, Seq, Timestamp};

use crate::error::{is_transaction_conflict, store_error};
use crate::item::{Item, Reader, number, text, time};
use crate::pauses::Attempts;
use crate::schema::{CONVERSATION, EXPIRES_AT, SEQ};
use crate::{Store, body, high_water};

const SENDER: &str = "sender";
const CLIENT_MESSAGE_ID: &str = "client_message_id";
const TEXT: &str = "text";
const REPLY_TO: &str = "reply_to";
const MENTIONS: &str = "mentions";
const KIND: &str = "kind";
const SENT_AT_MS: &str = "sent_at_ms";
const ATTEMPT: &str = "attempt";
const MARK_REVISION: &str = "mark_revision";

/// Attempts at an append that meets a transaction at its position.
const APPEND_ATTEMPTS_MAX: u32 = 9;

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
        let output = self.query_range(conversation, range, entries_max).send().await.map_err(store_error)?;
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
            .query_range(conversation, range, entries_max)
            .projection_expression("#seq, #sender, #kind, #sent_at, #expires_at")
            .expression_attribute_names("#sender", SENDER)
            .expression_attribute_names("#kind", KIND)
            .expression_attribute_names("#sent_at", SENT_AT_MS)
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .send()
            .await
            .map_err(store_error)?;
        let entries = output.items().iter().map(heading).collect::<Result<Vec<_>, _>>()?;
        let rest = entries.last().and_then(|last| range.beyond(last.seq));
        Ok(Page { more: output.last_evaluated_key.is_some() && rest.is_some(), entries })
    }

    async fn end(&self, conversation: ConversationId, entries_max: u32) -> Result<End, StoreError> {
        let positions = (Seq::FIRST.get(), high_water::POSITION);
        // The mark is one of the items.
        let query = self.query_log(conversation, positions, Direction::Down, entries_max.saturating_add(1));
        let output = query.send().await.map_err(store_error)?;
        let (mark, entries) = match output.items().split_first() {
            Some((first, rest)) if high_water::is_mark(first) => (Some(first), rest),
            _ => (None, output.items()),
        };
        let wanted = within_bytes(&entries[..entries.len().min(entries_max as usize)]);
        let newest = wanted.iter().map(|item| message(conversation, item)).collect::<Result<Vec<_>, _>>()?;
        let is_cut = wanted.len() < entries.len() || output.last_evaluated_key.is_some();
        let more = is_cut && newest.last().is_some_and(|oldest| oldest.seq > Seq::FIRST);
        let mark = self.known_mark(conversation, mark, entries.first()).await?;
        Ok(End { tail: Tail { newest, more }, mark })
    }

    async fn append(&self, message: &Message) -> Result<(), AppendError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.tables.messages)
            .set_item(Some(item(message)))
            .condition_expression("attribute_not_exists(#seq)")
            .expression_attribute_names("#seq", SEQ)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut attempts = Attempts::waiting(APPEND_ATTEMPTS_MAX);
        while attempts.next().await {
            let Err(error) = put.clone().send().await else { return Ok(()) };
            // A transaction on a group writes to this position. This request wrote nothing.
            if is_transaction_conflict(&error) {
                continue;
            }
            return Err(append_error(message, error));
        }
        Err(StoreError::Unavailable("a position is changed too often".into()).into())
    }

    async fn mark(&self, conversation: ConversationId) -> Result<Option<HighWaterMark>, StoreError> {
        self.get_mark(conversation).await
    }

    async fn set_mark(&self, conversation: ConversationId, mark: HighWaterMark) -> Result<bool, StoreError> {
        self.put_mark(conversation, mark).await
    }
}

/// Error of an append: it wrote nothing, or its outcome is unknown.
fn append_error(message: &Message, error: SdkError<PutItemError>) -> AppendError {
    let Some(PutItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() else {
        return store_error(error).into();
    };
    let occupant = match failed.item() {
        Some(item) => self::message(message.conversation, item),
        None => Err(StoreError::malformed("a failed append", "the occupant was not returned")),
    };
    occupant.map_or_else(AppendError::Store, |occupant| AppendError::Occupied(Box::new(occupant)))
}

impl Store {
    /// Strongly consistent query of a run of sort keys, both ends inclusive.
    fn query_log(
        &self,
        conversation: ConversationId,
        (from, to): (u64, u64),
        direction: Direction,
        items_max: u32,
    ) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.tables.messages)
            .key_condition_expression("#conversation = :conversation AND #seq BETWEEN :from AND :to")
            .expression_attribute_names("#conversation", CONVERSATION)
            .expression_attribute_names("#seq", SEQ)
            .expression_attribute_values(":conversation", text(conversation))
            .expression_attribute_values(":from", number(from))
            .expression_attribute_values(":to", number(to))
            .scan_index_forward(direction == Direction::Up)
            .limit(i32::try_from(items_max).unwrap_or(i32::MAX))
            .consistent_read(true)
    }

    /// The same for a range of positions.
    fn query_range(
        &self,
        conversation: ConversationId,
        range: Range,
        entries_max: u32,
    ) -> QueryFluentBuilder {
        self.query_log(conversation, (range.from.get(), range.to.get()), range.direction, entries_max)
    }
}

/// The first items whose texts together may be unpacked; at least one.
fn within_bytes(items: &[Item]) -> &[Item] {
    let mut bytes = 0;
    let fits = |item: &&Item| {
        bytes += item.get(TEXT).map_or(0, body::unpacked_bytes);
        bytes <= PAGE_TEXT_BYTES_MAX
    };
    let count = items.iter().take_while(fits).count();
    &items[..count.max(1).min(items.len())]
}

/// Whether an entry was written before marks had revisions, and possibly under a mark of that time.
pub(crate) fn is_old(item: &Item) -> bool {
    !item.contains_key(MARK_REVISION)
}

pub(crate) fn item(message: &Message) -> Item {
    let mut item = Item::from([
        (CONVERSATION.to_owned(), text(message.conversation)),
        (SEQ.to_owned(), number(message.seq.get())),
        (SENDER.to_owned(), text(message.sender)),
        (CLIENT_MESSAGE_ID.to_owned(), text(&message.client_message_id)),
        (KIND.to_owned(), text(message.kind.as_str())),
        (SENT_AT_MS.to_owned(), time(message.sent_at)),
        (ATTEMPT.to_owned(), number(message.attempt.0)),
        (MARK_REVISION.to_owned(), number(message.mark_revision)),
    ]);
    let mut set = |name: &str, value: Option<AttributeValue>| {
        item.extend(value.map(|value| (name.to_owned(), value)));
    };
    let Content { text: body, reply_to, mentions } = &message.content;
    set(TEXT, body.as_deref().map(body::pack));
    set(REPLY_TO, reply_to.map(|seq| number(seq.get())));
    set(MENTIONS, (!mentions.is_empty()).then(|| AttributeValue::L(mentions.iter().map(text).collect())));
    set(EXPIRES_AT, message.expires_at.map(|at| number(at.as_seconds_up())));
    item
}

fn heading(item: &Item) -> Result<Heading, StoreError> {
    let reader = Reader::new("a message", item);
    Ok(Heading {
        seq: Seq::new(reader.number(SEQ)?).ok_or_else(|| reader.malformed(SEQ))?,
        sender: reader.parsed(SENDER)?,
        kind: Kind::parse(reader.text(KIND)?).ok_or_else(|| reader.malformed(KIND))?,
        sent_at: reader.time(SENT_AT_MS)?,
        expires_at: reader.optional_number(EXPIRES_AT)?.map(|at| Timestamp::from_ms(at.saturating_mul(1000))),
    })
}

fn message(conversation: ConversationId, item: &Item) -> Result<Message, StoreError> {
    let reader = Reader::new("a message", item);
    let Heading { seq: position, sender, kind, sent_at, expires_at } = heading(item)?;
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
        expires_at,
        mark_revision: reader.optional_number(MARK_REVISION)?.unwrap_or(0),
    })
}
