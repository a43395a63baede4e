//! Memberships of groups, in the inbox rows.
//!
//! Shape: `joined_seq N?`, where the present membership begins, and `past L<S>`, a window of fixed length with
//! `<first> <last>` of those that have ended, the latest last, filled up with empty strings.
//! A row of a 1:1 conversation has neither. `added_by S?` is who put the user there, if that was no friend.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use confab_app::ports::{Inboxes, Joining, StoreError};
use confab_domain::joined::PAST_MAX;
use confab_domain::{ConversationId, Joined, Seq, UserId};

use crate::Store;
use crate::claims::{CLAIMS_UNLESS_THERE, claims_names, claims_values};
use crate::error::{condition_held, store_error};
use crate::item::{Item, Reader, number, text};
use crate::schema::{CONVERSATION, USER};

const JOINED_SEQ: &str = "joined_seq";
const PAST: &str = "past";
const ADDED_BY: &str = "added_by";

/// Times that a membership is looked at which changes meanwhile.
const ATTEMPTS_MAX: u32 = 4;

/// The attribute that a row has as long as its user is in the conversation.
pub(crate) fn proof_of(conversation: ConversationId) -> &'static str {
    match conversation {
        ConversationId::Dm { .. } => USER,
        ConversationId::Group(_) => JOINED_SEQ,
    }
}

/// Which part of the log a row lets its user read.
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

/// Who put the user there, and was no friend of theirs.
pub(crate) fn added_by(row: &Reader<'_>) -> Result<Option<UserId>, StoreError> {
    let adder = row.optional_text(ADDED_BY)?.map(str::parse).transpose();
    adder.map_err(|_| row.malformed(ADDED_BY))
}

fn nothing_past() -> AttributeValue {
    AttributeValue::L(vec![text(""); PAST_MAX])
}

fn read_ended(text: &str) -> Option<(Seq, Seq)> {
    let (first, last) = text.split_once(' ')?;
    Some((Seq::new(first.parse().ok()?)?, Seq::new(last.parse().ok()?)?))
}

/// A change of one row, by itself or in a transaction.
struct RowUpdate {
    expression: String,
    condition: Option<&'static str>,
    names: HashMap<String, String>,
    values: Item,
}

impl RowUpdate {
    fn beginning(joining: &Joining, seq: Seq) -> Self {
        let mut names = claims_names();
        names.insert("#joined".to_owned(), JOINED_SEQ.to_owned());
        names.insert("#past".to_owned(), PAST.to_owned());
        let mut values = claims_values();
        values.insert(":seq".to_owned(), number(seq.get()));
        values.insert(":past".to_owned(), nothing_past());
        names.insert("#added_by".to_owned(), ADDED_BY.to_owned());
        let added_by = match joining.added_by {
            Some(adder) => {
                values.insert(":added_by".to_owned(), text(adder));
                ", #added_by = :added_by"
            }
            None => " REMOVE #added_by",
        };
        let expression = format!(
            "SET {CLAIMS_UNLESS_THERE}, #joined = if_not_exists(#joined, :seq), \
             #past = if_not_exists(#past, :past){added_by}"
        );
        Self { expression, condition: None, names, values }
    }

    fn end(since: Seq, seq: Seq) -> Self {
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

impl Store {
    /// Begins a membership, unless one has begun.
    pub(crate) fn joining(
        &self,
        joining: &Joining,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<TransactWriteItem, StoreError> {
        self.in_transaction(joining.user, conversation, RowUpdate::beginning(joining, seq))
    }

    /// Removes a row that begins there, and has no other membership.
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
        match result {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(store_error(error)),
        }
    }

    /// Nothing where no membership has begun.
    pub(crate) async fn leaving(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        let since = self.since(user, conversation).await?;
        since.map(|since| self.in_transaction(user, conversation, RowUpdate::end(since, seq))).transpose()
    }

    pub(crate) async fn end_membership(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(since) = self.since(user, conversation).await? else { return Ok(()) };
            if self.update_membership(user, conversation, RowUpdate::end(since, seq)).await? {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable("a membership keeps changing".into()))
    }

    async fn since(&self, user: UserId, conversation: ConversationId) -> Result<Option<Seq>, StoreError> {
        Ok(self.get(user, conversation).await?.and_then(|row| row.joined.since()))
    }

    async fn update_membership(
        &self,
        user: UserId,
        conversation: ConversationId,
        update: RowUpdate,
    ) -> Result<bool, StoreError> {
        let result = self
            .update_row(user, conversation)
            .update_expression(update.expression)
            .set_condition_expression(update.condition.map(str::to_owned))
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .send()
            .await;
        condition_held(result)
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
