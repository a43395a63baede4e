//! Upper bounds of the number of memberships of each user.
//!
//! Shape: `{group S, version N, memberships N, unanswered N, full_at_ms N?, recounts N?}`, in the table of groups, with
//! `of#` and the user's id for `group`: a function that may read and write groups may read and write these, and nothing
//! pages through that table.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use confab_app::ports::{CommitOutcome, Joining, StoreError};
use confab_domain::{MembershipCount, UserId};

use crate::Store;
use crate::error::{is_transaction_conflict, store_error};
use crate::item::{Item, Reader, number, text, time};
use crate::schema::GROUP;

const VERSION: &str = "version";
const MEMBERSHIPS: &str = "memberships";
const UNANSWERED: &str = "unanswered";
const FULL_AT_MS: &str = "full_at_ms";
const RECOUNTS: &str = "recounts";

fn key(user: UserId) -> AttributeValue {
    text(format_args!("of#{user}"))
}

impl Store {
    pub(crate) async fn count_of(&self, user: UserId) -> Result<Option<MembershipCount>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.tables.groups)
            .key(GROUP, key(user))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        output.item().map(read).transpose()
    }

    /// Write that counts a membership, if the count is the one that was read.
    pub(crate) fn counting(&self, joining: &Joining) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.tables.groups)
            .set_item(Some(item(joining.user, joining.next)))
            .expression_attribute_names("#version", VERSION);
        let put = match joining.seen {
            None => put.condition_expression("attribute_not_exists(#version)"),
            Some(seen) => put
                .condition_expression("#version = :seen")
                .expression_attribute_values(":seen", number(seen.version)),
        };
        let put = put.build().map_err(|error| StoreError::Rejected(error.into()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    pub(crate) async fn replace_count_of(
        &self,
        user: UserId,
        seen: Option<MembershipCount>,
        next: MembershipCount,
    ) -> Result<CommitOutcome, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.tables.groups)
            .set_item(Some(item(user, next)))
            .expression_attribute_names("#version", VERSION);
        let put = match seen {
            None => put.condition_expression("attribute_not_exists(#version)"),
            Some(seen) => put
                .condition_expression("#version = :seen")
                .expression_attribute_values(":seen", number(seen.version)),
        };
        let Err(error) = put.send().await else { return Ok(CommitOutcome::Done) };
        let is_lost =
            error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception)
                || is_transaction_conflict(&error);
        if is_lost { Ok(CommitOutcome::Contended) } else { Err(store_error(error)) }
    }
}

fn item(user: UserId, count: MembershipCount) -> Item {
    let MembershipCount { version, groups, unanswered, full_at, recounts } = count;
    let mut item = Item::from([
        (GROUP.to_owned(), key(user)),
        (VERSION.to_owned(), number(version)),
        (MEMBERSHIPS.to_owned(), number(groups)),
        (UNANSWERED.to_owned(), number(unanswered)),
    ]);
    if let Some(at) = full_at {
        item.extend([(FULL_AT_MS.to_owned(), time(at)), (RECOUNTS.to_owned(), number(recounts))]);
    }
    item
}

fn read(item: &Item) -> Result<MembershipCount, StoreError> {
    let reader = Reader::new("a count of memberships", item);
    Ok(MembershipCount {
        version: reader.number(VERSION)?,
        groups: reader.number(MEMBERSHIPS)?,
        unanswered: reader.number(UNANSWERED)?,
        full_at: reader.optional_time(FULL_AT_MS)?,
        recounts: reader.optional_number(RECOUNTS)?.unwrap_or_default(),
    })
}
