//! How many memberships each user has at most.
//!
//! Shape: `{group S, version N, memberships N, unanswered N}`, in the table of groups, under `of#` and the user's id: what
//! reads and writes groups reads and writes these, and nobody pages through that table.

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use confab_app::ports::{Joining, StoreError};
use confab_domain::{MembershipCount, UserId};

use crate::Store;
use crate::error::store_error;
use crate::item::{Item, Reader, number, text};
use crate::schema::GROUP;

const VERSION: &str = "version";
const MEMBERSHIPS: &str = "memberships";
const UNANSWERED: &str = "unanswered";

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

    /// Counts a membership, on the condition that the count is the one that was seen.
    pub(crate) fn counting(&self, joining: &Joining) -> Result<TransactWriteItem, StoreError> {
        let MembershipCount { version, groups, unanswered } = joining.next;
        let item = Item::from([
            (GROUP.to_owned(), key(joining.user)),
            (VERSION.to_owned(), number(version)),
            (MEMBERSHIPS.to_owned(), number(groups)),
            (UNANSWERED.to_owned(), number(unanswered)),
        ]);
        let put = Put::builder()
            .table_name(&self.tables.groups)
            .set_item(Some(item))
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
}

fn read(item: &Item) -> Result<MembershipCount, StoreError> {
    let reader = Reader::new("a count of memberships", item);
    Ok(MembershipCount {
        version: reader.number(VERSION)?,
        groups: reader.number(MEMBERSHIPS)?,
        unanswered: reader.number(UNANSWERED)?,
    })
}
