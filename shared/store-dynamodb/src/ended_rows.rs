//! Rows of ended memberships, under keys that lists do not read.
//!
//! Shape: as in [`crate::inboxes`], with `left#` and the group's id for `conversation`. These keys sort after those of
//! all conversations, so a list ends before them and pays nothing for them.
//!
//! A membership ends in its row. Then the row moves to its other key, and it moves back when its user joins again. Each
//! move is one transaction, so a row is under exactly one of the two keys. If the first move fails, the next list that
//! meets the row moves it. Rows of earlier versions, which have one key only, move in the same way.

use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use confab_app::ports::{Consistency, StoreError};
use confab_domain::{ConversationId, UserId};
use futures_util::{StreamExt, stream};

use crate::Store;
use crate::compare::Comparison;
use crate::error::{lost_a_race, store_error};
use crate::inboxes::OPTIONAL;
use crate::item::{Item, text};
use crate::memberships::is_ended;
use crate::schema::{CONVERSATION, USER};

/// Prefix of the keys of ended rows.
pub(crate) const ENDED: &str = "left#";

/// Most rows that one list moves, so that it ends in time however many it meets.
const MOVES_MAX: usize = 64;

/// Moves that run side by side.
const MOVES_CONCURRENT_MAX: usize = 16;

impl Store {
    /// Returns the row with all its attributes, under either key.
    pub(crate) async fn row_item(
        &self,
        user: UserId,
        conversation: ConversationId,
        consistency: Consistency,
    ) -> Result<Option<Item>, StoreError> {
        let listed = self.listed_item(user, conversation, consistency).await?;
        if listed.is_some() || conversation.group().is_none() {
            return Ok(listed);
        }
        let ended = self.item_at(user, ended_key(conversation), consistency).await?;
        if ended.is_some() {
            return Ok(ended);
        }
        // The row may have moved back between the two reads.
        self.listed_item(user, conversation, consistency).await
    }

    /// Returns the row, if it is under the key that lists read.
    pub(crate) async fn listed_item(
        &self,
        user: UserId,
        conversation: ConversationId,
        consistency: Consistency,
    ) -> Result<Option<Item>, StoreError> {
        self.item_at(user, text(conversation), consistency).await
    }

    /// Returns the row of a user who joins a group; the row of an ended membership may be under either key.
    ///
    /// Two reads are enough: if the user joins in between, the group has another version, or the user another count.
    pub(crate) async fn row_to_join(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> Result<Option<Item>, StoreError> {
        match self.listed_item(user, conversation, Consistency::Strong).await? {
            Some(listed) => Ok(Some(listed)),
            None => self.item_at(user, ended_key(conversation), Consistency::Strong).await,
        }
    }

    async fn item_at(
        &self,
        user: UserId,
        key: AttributeValue,
        consistency: Consistency,
    ) -> Result<Option<Item>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.tables.inboxes)
            .key(USER, text(user))
            .key(CONVERSATION, key)
            .consistent_read(consistency == Consistency::Strong)
            .send()
            .await
            .map_err(store_error)?;
        Ok(output.item)
    }

    /// Moves the row of a membership that has ended, unless the user has joined again.
    ///
    /// Best effort: a row that stays costs its reads until a list moves it, and nothing else. Returns false if the row
    /// may have stayed.
    pub(crate) async fn set_aside(&self, row: &Item) -> bool {
        self.move_ended(row).await.is_ok()
    }

    /// As [`set_aside`](Store::set_aside), for a row that has to be read first.
    pub(crate) async fn set_aside_row_of(&self, user: UserId, conversation: ConversationId) {
        if let Ok(Some(row)) = self.listed_item(user, conversation, Consistency::Strong).await
            && is_ended(&row)
        {
            let _is_moved = self.set_aside(&row).await;
        }
    }

    /// As [`set_aside`](Store::set_aside), for the first of the rows that a list has met. Returns how many moves
    /// failed.
    pub(crate) async fn set_aside_each(&self, rows: Vec<Item>) -> usize {
        let moves = rows.into_iter().take(MOVES_MAX).map(|row| async move { self.set_aside(&row).await });
        let moves = stream::iter(moves).buffer_unordered(MOVES_CONCURRENT_MAX);
        moves.filter(|is_moved| std::future::ready(!is_moved)).count().await
    }

    async fn move_ended(&self, row: &Item) -> Result<(), StoreError> {
        let Some(conversation) = row.get(CONVERSATION).and_then(|key| key.as_s().ok()) else { return Ok(()) };
        let mut ended = row.clone();
        ended.insert(CONVERSATION.to_owned(), text(format_args!("{ENDED}{conversation}")));
        let items = vec![self.deleting(row)?, self.putting(ended)?];
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(()),
            // Another request has moved the row, or its user has joined again.
            Err(error) if lost_a_race(&error) => Ok(()),
            Err(error) => Err(store_error(error)),
        }
    }

    /// Writes that move an ended row back, with the content of `row`.
    pub(crate) fn moving_back(
        &self,
        ended: &Item,
        conversation: ConversationId,
        mut row: Item,
    ) -> Result<[TransactWriteItem; 2], StoreError> {
        row.insert(CONVERSATION.to_owned(), text(conversation));
        Ok([self.deleting(ended)?, self.putting(row)?])
    }

    /// Deletes a row, if it is unchanged since it was read.
    fn deleting(&self, row: &Item) -> Result<TransactWriteItem, StoreError> {
        let key = |name: &str| row.get(name).cloned().unwrap_or_else(|| text(""));
        let unchanged = unchanged(row);
        let delete = Delete::builder()
            .table_name(&self.tables.inboxes)
            .key(USER, key(USER))
            .key(CONVERSATION, key(CONVERSATION))
            .condition_expression(unchanged.expression())
            .set_expression_attribute_names(Some(unchanged.names.clone()))
            .set_expression_attribute_values(unchanged.values())
            .build()
            .map_err(|error| StoreError::Rejected(error.into()))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    fn putting(&self, row: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.tables.inboxes)
            .set_item(Some(row))
            .build()
            .map_err(|error| StoreError::Rejected(error.into()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

pub(crate) fn ended_key(conversation: ConversationId) -> AttributeValue {
    text(format_args!("{ENDED}{conversation}"))
}

/// The conversation that the key of a row names.
pub(crate) fn conversation_of(key: &str) -> Option<ConversationId> {
    key.strip_prefix(ENDED).unwrap_or(key).parse().ok()
}

/// Condition that a row has all attributes that were read, and no others.
fn unchanged(row: &Item) -> Comparison {
    let is_no_key = |name: &str| ![USER, CONVERSATION].contains(&name);
    let present = row.iter().filter(|(name, _)| is_no_key(name));
    let present = present.map(|(name, value)| (name.as_str(), Some(value.clone())));
    let absent = OPTIONAL.into_iter().filter(|name| !row.contains_key(*name)).map(|name| (name, None));
    present.chain(absent).fold(Comparison::default(), |all, (name, seen)| all.and(name, seen))
}
