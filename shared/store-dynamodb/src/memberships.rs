//! Memberships of groups, in the inbox rows.
//!
//! Shape: `joined_seq N?`, the first position of the present membership, and `past L<S>`, a window of fixed length with
//! `<first> <last>` of each ended membership, the latest last, filled up with empty strings. A row of a 1:1
//! conversation has neither. `added_by B?` is the user who added this one, if they are no friends: the 16 bytes of the
//! id, or its text in rows of an earlier form. `refuses_adds BOOL?` is present, and true, if the user has left by
//! themselves and must not be added again.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, TransactWriteItem, Update};
use confab_app::ports::{Consistency, Joining, StoreError};
use confab_domain::joined::PAST_MAX;
use confab_domain::{ConversationId, Joined, Seq, UserId};

use crate::Store;
use crate::claims::{CLAIMS_UNLESS_THERE, claims_names, claims_values};
use crate::ended_rows::ENDED;
use crate::error::{condition_held, if_condition_held};
use crate::item::{Item, Reader, number, text};
use crate::pauses::Attempts;
use crate::schema::{CONVERSATION, USER};

pub(crate) const JOINED_SEQ: &str = "joined_seq";
pub(crate) const PAST: &str = "past";
pub(crate) const ADDED_BY: &str = "added_by";
pub(crate) const REFUSES_ADDS: &str = "refuses_adds";

/// Attempts at a change of a membership that other requests change meanwhile.
const ATTEMPTS_MAX: u32 = 4;

/// The attribute that a row has as long as its user is in the conversation.
pub(crate) fn proof_of(conversation: ConversationId) -> &'static str {
    match conversation {
        ConversationId::Dm { .. } => USER,
        ConversationId::Group(_) => JOINED_SEQ,
    }
}

/// Parts of the log that a row lets its user read.
pub(crate) fn read(row: &Reader<'_>) -> Result<Joined, StoreError> {
    if row.get(PAST).is_none() {
        return Ok(Joined::whole());
    }
    let mut past = Vec::new();
    for value in row.list(PAST)? {
        let ended = value.as_s().map_err(|_| row.malformed(PAST))?;
        if !ended.is_empty() {
            past.push(read_ended(ended).ok_or_else(|| row.malformed(PAST))?);
        }
    }
    Ok(Joined::new(past, row.optional_number(JOINED_SEQ)?.and_then(Seq::new)))
}

/// Whether a row is of a group membership that has ended.
pub(crate) fn is_ended(row: &Item) -> bool {
    row.contains_key(PAST) && !row.contains_key(JOINED_SEQ)
}

/// The user who added this one to the group, and was no friend.
pub(crate) fn added_by(row: &Reader<'_>) -> Result<Option<UserId>, StoreError> {
    let adder = match row.get(ADDED_BY) {
        None => return Ok(None),
        Some(AttributeValue::B(bytes)) => <[u8; 16]>::try_from(bytes.as_ref())
            .ok()
            .map(|bytes| UserId::new(u128::from_be_bytes(bytes).into())),
        Some(text) => text.as_s().ok().and_then(|text| text.parse().ok()),
    };
    adder.map(Some).ok_or_else(|| row.malformed(ADDED_BY))
}

/// Attribute of the user who added another: in fewer bytes than a text, since the row must stay within a KB.
fn adder(user: UserId) -> AttributeValue {
    AttributeValue::B(Blob::new(user.ulid().0.to_be_bytes()))
}

/// Whether the user has left by themselves and must not be added again.
pub(crate) fn refuses_adds(row: &Reader<'_>) -> bool {
    row.get(REFUSES_ADDS).is_some()
}

fn is_ended_key(key: &AttributeValue) -> bool {
    key.as_s().is_ok_and(|key| key.starts_with(ENDED))
}

fn nothing_past() -> AttributeValue {
    AttributeValue::L(vec![text(""); PAST_MAX])
}

fn read_ended(text: &str) -> Option<(Seq, Seq)> {
    let (first, last) = text.split_once(' ')?;
    Some((Seq::new(first.parse().ok()?)?, Seq::new(last.parse().ok()?)?))
}

/// A change of one row, by itself or in a transaction.
pub(crate) struct RowUpdate {
    expression: String,
    condition: Option<&'static str>,
    names: HashMap<String, String>,
    values: Item,
}

impl RowUpdate {
    fn beginning(joining: &Joining, seq: Seq, condition: Option<&'static str>) -> Self {
        let mut names = claims_names();
        names.insert("#joined".to_owned(), JOINED_SEQ.to_owned());
        names.insert("#past".to_owned(), PAST.to_owned());
        let mut values = claims_values();
        values.insert(":seq".to_owned(), number(seq.get()));
        values.insert(":past".to_owned(), nothing_past());
        names.insert("#added_by".to_owned(), ADDED_BY.to_owned());
        names.insert("#refuses_adds".to_owned(), REFUSES_ADDS.to_owned());
        let added_by = match joining.added_by {
            Some(adder) => {
                values.insert(":added_by".to_owned(), self::adder(adder));
                ", #added_by = :added_by REMOVE #refuses_adds"
            }
            None => " REMOVE #added_by, #refuses_adds",
        };
        let expression = format!(
            "SET {CLAIMS_UNLESS_THERE}, #joined = if_not_exists(#joined, :seq), \
             #past = if_not_exists(#past, :past){added_by}"
        );
        Self { expression, condition, names, values }
    }

    pub(crate) fn end_by_oneself(since: Seq, seq: Seq) -> Self {
        let mut end = Self::end(since, seq);
        end.expression = end.expression.replacen("SET ", "SET #refuses_adds = :true, ", 1);
        end.names.insert("#refuses_adds".to_owned(), REFUSES_ADDS.to_owned());
        end.values.insert(":true".to_owned(), AttributeValue::Bool(true));
        end
    }

    pub(crate) fn end(since: Seq, seq: Seq) -> Self {
        let name = |placeholder: &str, name: &str| (placeholder.to_owned(), name.to_owned());
        Self {
            expression: format!("SET #past[{PAST_MAX}] = :ended REMOVE #past[0], #joined"),
            condition: Some("#joined = :since"),
            names: HashMap::from([name("#joined", JOINED_SEQ), name("#past", PAST)]),
            values: Item::from([
                (":since".to_owned(), number(since.get())),
                (":ended".to_owned(), text(format_args!("{since} {seq}"))),
            ]),
        }
    }
}

/// The row with a membership that begins.
fn begun(mut row: Item, joining: &Joining, seq: Seq) -> Item {
    row.insert(JOINED_SEQ.to_owned(), number(seq.get()));
    match joining.added_by {
        Some(adder) => row.insert(ADDED_BY.to_owned(), self::adder(adder)),
        None => row.remove(ADDED_BY),
    };
    row.remove(REFUSES_ADDS);
    row
}

impl Store {
    /// Write that begins a membership of a group that is about to be created, of which the user has no row yet.
    pub(crate) fn joining_first(
        &self,
        joining: &Joining,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<TransactWriteItem, StoreError> {
        self.in_transaction(joining.user, conversation, RowUpdate::beginning(joining, seq, None))
    }

    /// Writes that begin a membership, unless one has begun. They keep the rest of the row of an earlier membership.
    pub(crate) async fn joining(
        &self,
        joining: &Joining,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let condition = match self.row_to_join(joining.user, conversation).await? {
            None => "attribute_not_exists(#past)",
            Some(ended) if ended.get(CONVERSATION).is_some_and(is_ended_key) => {
                let row = begun(ended.clone(), joining, seq);
                return Ok(self.moving_back(&ended, conversation, row)?.into());
            }
            // A list may move the row meanwhile.
            Some(_) => "attribute_exists(#past)",
        };
        let update = RowUpdate::beginning(joining, seq, Some(condition));
        Ok(vec![self.in_transaction(joining.user, conversation, update)?])
    }

    /// Removes a row whose only membership begins at `seq`.
    pub(crate) async fn forget_row(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<(), StoreError> {
        let result = self
            .client
            .delete_item()
            .table_name(&self.tables.inboxes)
            .key(USER, text(user))
            .key(CONVERSATION, text(conversation))
            .condition_expression("#joined = :seq AND #past = :none")
            .expression_attribute_names("#joined", JOINED_SEQ)
            .expression_attribute_names("#past", PAST)
            .expression_attribute_values(":seq", number(seq.get()))
            .expression_attribute_values(":none", nothing_past())
            .send()
            .await;
        condition_held(result).map(drop)
    }

    /// Write that ends a membership; `None` if none has begun.
    pub(crate) async fn leaving(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: Seq,
        end: fn(Seq, Seq) -> RowUpdate,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        let since = self.since(user, conversation).await?;
        since.map(|since| self.in_transaction(user, conversation, end(since, seq))).transpose()
    }

    pub(crate) async fn end_membership(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<(), StoreError> {
        let mut attempts = Attempts::racing(ATTEMPTS_MAX);
        while attempts.next().await {
            let Some(since) = self.since(user, conversation).await? else { return Ok(()) };
            let end = RowUpdate::end(since, seq);
            if let Some(ended) = self.update_membership(user, conversation, end).await? {
                let _is_moved = self.set_aside(&ended).await;
                return Ok(());
            }
        }
        Err(StoreError::Unavailable("a membership keeps changing".into()))
    }

    async fn since(&self, user: UserId, conversation: ConversationId) -> Result<Option<Seq>, StoreError> {
        let Some(row) = self.listed_item(user, conversation, Consistency::Strong).await? else {
            return Ok(None);
        };
        Ok(read(&Reader::new("an inbox row", &row))?.since())
    }

    /// Returns the row after the update; `None` if the condition did not hold.
    async fn update_membership(
        &self,
        user: UserId,
        conversation: ConversationId,
        update: RowUpdate,
    ) -> Result<Option<Item>, StoreError> {
        let result = self
            .update_row(user, text(conversation))
            .update_expression(update.expression)
            .set_condition_expression(update.condition.map(str::to_owned))
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        Ok(if_condition_held(result)?.map(|updated| updated.attributes.unwrap_or_default()))
    }

    fn in_transaction(
        &self,
        user: UserId,
        conversation: ConversationId,
        update: RowUpdate,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.tables.inboxes)
            .key(USER, text(user))
            .key(CONVERSATION, text(conversation))
            .update_expression(update.expression)
            .set_condition_expression(update.condition.map(str::to_owned))
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .build()
            .map_err(|error| StoreError::Rejected(error.into()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}
