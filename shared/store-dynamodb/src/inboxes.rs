//! Inbox rows: what one user keeps of one conversation.
//!
//! Shape: `{user S, conversation S, read_seq N?, muted_until_ms N?, alerts S?}`, and in a group the attributes of
//! [`crate::memberships`]; for `alerts` see [`crate::alerts`], for the claims [`crate::claims`]. The whole row stays
//! under a KB, since a write is billed by the KB of the whole item, and `sync` reads one row per conversation.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use confab_app::ports::{
    ClaimKey, ClaimOutcome, Consistency, InboxPage, InboxRow, Inboxes, MarkReadOutcome, ReplaceOutcome,
    StoreError,
};
use confab_domain::{Alerts, ConversationId, Seq, Timestamp, UserId};

use crate::claims::{CLAIMS_UNLESS_THERE, claims_names, claims_values};
use crate::compare::Comparison;
use crate::ended_rows::{ENDED, conversation_of, ended_key};
use crate::error::store_error;
use crate::item::{Item, Reader, number, text, time};
use crate::pauses::Attempts;
use crate::schema::{CONVERSATION, USER};
use crate::{Store, alerts, claims, memberships};

const READ_SEQ: &str = "read_seq";
const MUTED_UNTIL_MS: &str = "muted_until_ms";

/// Attributes that a row may lack. A row moves only if it is as it was read, so the condition names the absent ones as
/// well.
pub(crate) const OPTIONAL: [&str; 7] = [
    READ_SEQ,
    MUTED_UNTIL_MS,
    alerts::ALERTS,
    claims::CLAIMED_BY,
    memberships::JOINED_SEQ,
    memberships::ADDED_BY,
    memberships::REFUSES_ADDS,
];

/// Attempts at a transaction that meets another one on the same rows.
const TRANSACTION_ATTEMPTS_MAX: u32 = 8;

impl Inboxes for Store {
    async fn claim(&self, key: ClaimKey<'_>, now: Timestamp) -> Result<ClaimOutcome, StoreError> {
        self.record_claim(key, now).await
    }

    async fn renew_claim(&self, key: ClaimKey<'_>, claimed_at: Timestamp) -> Result<bool, StoreError> {
        self.move_claim(key, claimed_at).await
    }

    async fn release_claim(&self, key: ClaimKey<'_>, claimed_at: Timestamp) -> Result<(), StoreError> {
        self.free_claim(key, claimed_at).await
    }

    async fn open(&self, conversation: ConversationId, members: [UserId; 2]) -> Result<(), StoreError> {
        let rows = members
            .into_iter()
            .map(|user| {
                let update = Update::builder()
                    .table_name(&self.tables.inboxes)
                    .key(USER, text(user))
                    .key(CONVERSATION, text(conversation))
                    .update_expression(format!("SET {CLAIMS_UNLESS_THERE}"))
                    .set_expression_attribute_names(Some(claims_names()))
                    .set_expression_attribute_values(Some(claims_values()))
                    .build()
                    .map_err(|error| StoreError::Rejected(error.into()))?;
                Ok(TransactWriteItem::builder().update(update).build())
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        let mut attempts = Attempts::waiting(TRANSACTION_ATTEMPTS_MAX);
        while attempts.next().await {
            let transaction = self.client.transact_write_items().set_transact_items(Some(rows.clone()));
            match transaction.send().await {
                Ok(_) => return Ok(()),
                Err(error) if is_conflict(&error) => {}
                Err(error) => return Err(store_error(error)),
            }
        }
        Err(StoreError::Unavailable("the rows of a conversation are changed too often".into()))
    }

    async fn leave(&self, user: UserId, conversation: ConversationId, seq: Seq) -> Result<(), StoreError> {
        self.end_membership(user, conversation, seq).await
    }

    async fn forget(&self, user: UserId, conversation: ConversationId, seq: Seq) -> Result<(), StoreError> {
        self.forget_row(user, conversation, seq).await
    }

    async fn list(
        &self,
        user: UserId,
        after: Option<ConversationId>,
        rows_max: u32,
        consistency: Consistency,
    ) -> Result<InboxPage, StoreError> {
        let (page, ended) = self.rows(user, after, rows_max, consistency).await?;
        if consistency == Consistency::Eventual {
            return Ok(page);
        }
        let unmoved = self.set_aside_each(ended).await;
        Ok(InboxPage { unmoved, ..page })
    }

    async fn get(
        &self,
        user: UserId,
        conversation: ConversationId,
        consistency: Consistency,
    ) -> Result<Option<InboxRow>, StoreError> {
        self.row(user, conversation, consistency).await
    }

    async fn mark_read(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<MarkReadOutcome, StoreError> {
        let result = self
            .update_row(user, text(conversation))
            .update_expression("SET #read_seq = :seq")
            .condition_expression(
                "attribute_exists(#in) AND (attribute_not_exists(#read_seq) OR #read_seq < :seq)",
            )
            .expression_attribute_names("#in", memberships::proof_of(conversation))
            .expression_attribute_names("#read_seq", READ_SEQ)
            .expression_attribute_values(":seq", number(seq.get()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        if let Ok(moved) = &result {
            let row = moved.attributes().map(inbox_row).transpose()?;
            return Ok(MarkReadOutcome::Moved(row.map(|row| row.alerts).unwrap_or_default()));
        }
        Ok(match unless_condition_failed(result)? {
            Updated::Done | Updated::NoRow => MarkReadOutcome::NotAMember,
            Updated::ConditionFailed(row) if !row.contains_key(memberships::proof_of(conversation)) => {
                MarkReadOutcome::NotAMember
            }
            Updated::ConditionFailed(_) => MarkReadOutcome::Already,
        })
    }

    async fn mute(
        &self,
        user: UserId,
        conversation: ConversationId,
        until: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let update = self
            .update_row(user, text(conversation))
            .condition_expression("attribute_exists(#in)")
            .expression_attribute_names("#in", memberships::proof_of(conversation))
            .expression_attribute_names("#until", MUTED_UNTIL_MS);
        let update = match until {
            Some(until) => update
                .update_expression("SET #until = :until")
                .expression_attribute_values(":until", time(until)),
            None => update.update_expression("REMOVE #until"),
        };
        Ok(matches!(unless_condition_failed(update.send().await)?, Updated::Done))
    }

    async fn accept_adds(&self, user: UserId, conversation: ConversationId) -> Result<bool, StoreError> {
        // A row is under one of the two keys, and may move between these attempts.
        for key in [text(conversation), ended_key(conversation), text(conversation)] {
            let update = self
                .update_row(user, key)
                .update_expression("REMOVE #refuses_adds")
                .condition_expression("attribute_exists(#past)")
                .expression_attribute_names("#refuses_adds", memberships::REFUSES_ADDS)
                .expression_attribute_names("#past", memberships::PAST);
            if matches!(unless_condition_failed(update.send().await)?, Updated::Done) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn replace_alerts(
        &self,
        user: UserId,
        seen: &InboxRow,
        next: &Alerts,
    ) -> Result<ReplaceOutcome, StoreError> {
        let proof = memberships::proof_of(seen.conversation);
        let unchanged = Comparison::default()
            .and(alerts::ALERTS, alerts::written(&seen.alerts))
            .and(READ_SEQ, seen.read_seq.map(|seq| number(seq.get())))
            .and(MUTED_UNTIL_MS, seen.muted_until.map(time));
        let condition = format!("attribute_exists(#in) AND {}", unchanged.expression());
        let mut names = unchanged.names.clone();
        names.insert("#in".to_owned(), proof.to_owned());
        names.insert("#alerts".to_owned(), alerts::ALERTS.to_owned());
        let mut values = unchanged.values().unwrap_or_default();
        values.extend(alerts::written(next).map(|next| (":next".to_owned(), next)));
        let result = self
            .update_row(user, text(seen.conversation))
            .update_expression("SET #alerts = :next")
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .send()
            .await;
        Ok(match unless_condition_failed(result)? {
            Updated::Done => ReplaceOutcome::Replaced,
            Updated::NoRow => ReplaceOutcome::NotAMember,
            Updated::ConditionFailed(item) => {
                let row = inbox_row(&item)?;
                if row.alerts == *next {
                    // The SDK repeated the request after its first answer was lost.
                    ReplaceOutcome::Replaced
                } else if item.contains_key(proof) {
                    ReplaceOutcome::Changed(Box::new(row))
                } else {
                    ReplaceOutcome::NotAMember
                }
            }
        })
    }
}

impl Store {
    async fn row(
        &self,
        user: UserId,
        conversation: ConversationId,
        consistency: Consistency,
    ) -> Result<Option<InboxRow>, StoreError> {
        self.row_item(user, conversation, consistency).await?.as_ref().map(inbox_row).transpose()
    }

    /// Returns the rows of present memberships in a page, and the items of ended ones in it.
    async fn rows(
        &self,
        user: UserId,
        after: Option<ConversationId>,
        rows_max: u32,
        consistency: Consistency,
    ) -> Result<(InboxPage, Vec<Item>), StoreError> {
        let start = after.map(|conversation| {
            Item::from([(USER.to_owned(), text(user)), (CONVERSATION.to_owned(), text(conversation))])
        });
        let output = self
            .client
            .query()
            .table_name(&self.tables.inboxes)
            .key_condition_expression("#user = :user AND #conversation < :ended")
            .expression_attribute_names("#user", USER)
            .expression_attribute_names("#conversation", CONVERSATION)
            .expression_attribute_values(":user", text(user))
            .expression_attribute_values(":ended", text(ENDED))
            .set_exclusive_start_key(start)
            .limit(i32::try_from(rows_max).unwrap_or(i32::MAX))
            .consistent_read(consistency == Consistency::Strong)
            .send()
            .await
            .map_err(store_error)?;
        let mut rows = output.items().iter().map(inbox_row).collect::<Result<Vec<_>, _>>()?;
        let next = rows.last().filter(|_| output.last_evaluated_key.is_some()).map(|row| row.conversation);
        rows.retain(|row| row.joined.since().is_some());
        let ended = output.items.unwrap_or_default().into_iter().filter(memberships::is_ended).collect();
        Ok((InboxPage { rows, next, unmoved: 0 }, ended))
    }

    /// Update of the row under a key.
    pub(crate) fn update_row(
        &self,
        user: UserId,
        key: AttributeValue,
    ) -> aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.tables.inboxes)
            .key(USER, text(user))
            .key(CONVERSATION, key)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

/// Outcome of a conditional update of a row.
pub(crate) enum Updated {
    Done,
    NoRow,
    ConditionFailed(Item),
}

pub(crate) fn unless_condition_failed<T>(
    result: Result<T, SdkError<UpdateItemError>>,
) -> Result<Updated, StoreError> {
    let Err(error) = result else { return Ok(Updated::Done) };
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Ok(match failed.item() {
            Some(row) if !row.is_empty() => Updated::ConditionFailed(row.clone()),
            _ => Updated::NoRow,
        }),
        _ => Err(store_error(error)),
    }
}

fn is_conflict<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return false;
    };
    cancelled.cancellation_reasons().iter().any(|reason| reason.code() == Some("TransactionConflict"))
}

/// Read mark of a row.
pub(crate) fn read_seq(row: &Reader<'_>) -> Result<Option<Seq>, StoreError> {
    Ok(row.optional_number(READ_SEQ)?.and_then(Seq::new))
}

fn inbox_row(item: &Item) -> Result<InboxRow, StoreError> {
    let reader = Reader::new("an inbox row", item);
    Ok(InboxRow {
        joined: memberships::read(&reader)?,
        conversation: conversation_of(reader.text(CONVERSATION)?)
            .ok_or_else(|| reader.malformed(CONVERSATION))?,
        read_seq: read_seq(&reader)?,
        muted_until: reader.optional_number(MUTED_UNTIL_MS)?.map(Timestamp::from_ms),
        alerts: alerts::read(&reader)?,
        added_by: memberships::added_by(&reader)?,
        has_written: claims::has_any(&reader)?,
        refuses_adds: memberships::refuses_adds(&reader),
    })
}
