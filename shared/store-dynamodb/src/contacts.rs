//! Relations between users: contacts and blocks.
//!
//! Shape: `{user S, other S, put_at_ms N?, put_by_at_ms N?, dismissed BOOL?, blocked_at_ms N?, blocked_by_at_ms N?,
//! shown_active_at_ms N?, sight_changed_by N?}`. Each pair has two items, which change together; a pair of strangers
//! has none.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, Delete, KeysAndAttributes, Put, TransactWriteItem};
use confab_app::ports::{Contact, ContactPage, Contacts, PairChange, StoreError};
use confab_domain::{ChangeNumber, Relation, UserId};

use crate::compare::Comparison;
use crate::error::{lost_a_race, store_error};
use crate::item::{Item, Reader, number, text, time};
use crate::schema::{OTHER, USER};
use crate::{Store, batch};

const PUT_AT_MS: &str = "put_at_ms";
const PUT_BY_AT_MS: &str = "put_by_at_ms";
const DISMISSED: &str = "dismissed";
const BLOCKED_AT_MS: &str = "blocked_at_ms";
const BLOCKED_BY_AT_MS: &str = "blocked_by_at_ms";
const SHOWN_ACTIVE_AT_MS: &str = "shown_active_at_ms";
const SIGHT_CHANGED_BY: &str = "sight_changed_by";

impl Contacts for Store {
    async fn relation(&self, user: UserId, other: UserId) -> Result<Relation, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.tables.contacts)
            .set_key(Some(key(user, other)))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        Ok(output.item().map(contact).transpose()?.map(|contact| contact.relation).unwrap_or_default())
    }

    async fn relations(&self, user: UserId, others: &[UserId]) -> Result<Vec<Contact>, StoreError> {
        let others: BTreeSet<UserId> = others.iter().copied().collect();
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let keys = others.into_iter().map(|other| key(user, other)).collect();
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        batch::get(&self.client, &self.tables.contacts, wanted).await?.iter().map(contact).collect()
    }

    async fn contacts(
        &self,
        user: UserId,
        after: Option<UserId>,
        rows_max: u32,
    ) -> Result<ContactPage, StoreError> {
        let output = self
            .client
            .query()
            .table_name(&self.tables.contacts)
            .key_condition_expression("#user = :user")
            .expression_attribute_names("#user", USER)
            .expression_attribute_values(":user", text(user))
            .set_exclusive_start_key(after.map(|other| key(user, other)))
            .limit(i32::try_from(rows_max).unwrap_or(i32::MAX))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        let next = output.last_evaluated_key().map(|key| Reader::new("a contact", key).parsed(OTHER));
        Ok(ContactPage {
            contacts: output.items().iter().map(contact).collect::<Result<_, _>>()?,
            next: next.transpose()?,
        })
    }

    async fn change_pair(&self, change: &PairChange) -> Result<bool, StoreError> {
        let PairChange { user, other, relation, others_relation } = change;
        let items = vec![
            self.replacement(key(*user, *other), relation)?,
            self.replacement(key(*other, *user), others_relation)?,
        ];
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(true),
            Err(error) if lost_a_race(&error) => Ok(false),
            Err(error) => Err(store_error(error)),
        }
    }
}

impl Store {
    fn replacement(&self, key: Item, [seen, next]: &[Relation; 2]) -> Result<TransactWriteItem, StoreError> {
        let comparison = attributes(seen)
            .into_iter()
            .fold(Comparison::default(), |comparison, (name, value)| comparison.and(name, value));
        let (names, expression) = (Some(comparison.names.clone()), comparison.expression());
        let rejected = |error: aws_sdk_dynamodb::error::BuildError| StoreError::Rejected(error.into());
        if *next == Relation::default() {
            let delete = Delete::builder()
                .table_name(&self.tables.contacts)
                .set_key(Some(key))
                .condition_expression(expression)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(comparison.values());
            return Ok(TransactWriteItem::builder().delete(delete.build().map_err(rejected)?).build());
        }
        let present =
            attributes(next).into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let put = Put::builder()
            .table_name(&self.tables.contacts)
            .set_item(Some(key.into_iter().chain(present).collect()))
            .condition_expression(expression)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(comparison.values());
        Ok(TransactWriteItem::builder().put(put.build().map_err(rejected)?).build())
    }
}

fn key(user: UserId, other: UserId) -> Item {
    Item::from([(USER.to_owned(), text(user)), (OTHER.to_owned(), text(other))])
}

fn attributes(relation: &Relation) -> [(&'static str, Option<AttributeValue>); 7] {
    [
        (PUT_AT_MS, relation.put_at.map(time)),
        (PUT_BY_AT_MS, relation.put_by_at.map(time)),
        (DISMISSED, relation.dismissed.then_some(AttributeValue::Bool(true))),
        (BLOCKED_AT_MS, relation.blocked_at.map(time)),
        (BLOCKED_BY_AT_MS, relation.blocked_by_at.map(time)),
        (SHOWN_ACTIVE_AT_MS, relation.shown_active_at.map(time)),
        (SIGHT_CHANGED_BY, relation.sight_changed_by.map(|by| number(by.0))),
    ]
}

fn contact(item: &Item) -> Result<Contact, StoreError> {
    let reader = Reader::new("a contact", item);
    Ok(Contact {
        other: reader.parsed(OTHER)?,
        relation: Relation {
            put_at: reader.optional_time(PUT_AT_MS)?,
            put_by_at: reader.optional_time(PUT_BY_AT_MS)?,
            dismissed: reader.get(DISMISSED).is_some(),
            blocked_at: reader.optional_time(BLOCKED_AT_MS)?,
            blocked_by_at: reader.optional_time(BLOCKED_BY_AT_MS)?,
            shown_active_at: reader.optional_time(SHOWN_ACTIVE_AT_MS)?,
            sight_changed_by: reader.optional_number(SIGHT_CHANGED_BY)?.map(ChangeNumber),
        },
    })
}
