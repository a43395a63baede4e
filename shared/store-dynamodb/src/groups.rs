//! Groups.
//!
//! Shape: `{group S, version N, name S, created_at_ms N, members M<S>, deleted BOOL?}`. `members` maps each user's id
//! to `<role> <joined_at_ms> <joined_seq>`, so that a read of a group of a hundred costs two units.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, Put, TransactWriteItem};
use confab_app::ports::{CommitOutcome, Groups, Joining, NewVersion, RowChange, StoreError};
use confab_domain::group::{Member, Role};
use confab_domain::{ConversationId, Group, GroupId, MembershipCount, Message, Seq, Timestamp, UserId};

use crate::error::{lost_a_race, store_error};
use crate::item::{Item, Reader, number, text, time};
use crate::memberships::RowUpdate;
use crate::schema::{GROUP, SEQ};
use crate::{Store, batch, message_log};

const VERSION: &str = "version";
const NAME: &str = "name";
const CREATED_AT_MS: &str = "created_at_ms";
const MEMBERS: &str = "members";
const DELETED: &str = "deleted";

impl Groups for Store {
    async fn group(&self, group: GroupId) -> Result<Option<Group>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.tables.groups)
            .key(GROUP, text(group))
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;
        output.item().map(read).transpose()
    }

    async fn groups(&self, groups: &[GroupId]) -> Result<Vec<Group>, StoreError> {
        let keys = groups.iter().map(|group| Item::from([(GROUP.to_owned(), text(group))]));
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys.collect())).consistent_read(true);
        batch::get(&self.client, &self.tables.groups, wanted).await?.iter().map(read).collect()
    }

    async fn join(
        &self,
        conversation: ConversationId,
        seq: Seq,
        joining: &Joining,
    ) -> Result<CommitOutcome, StoreError> {
        let items = vec![self.joining_first(joining, conversation, seq)?, self.counting(joining)?];
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(CommitOutcome::Done),
            Err(error) if lost_a_race(&error) => Ok(CommitOutcome::Contended),
            Err(error) => Err(store_error(error)),
        }
    }

    async fn membership_count(&self, user: UserId) -> Result<Option<MembershipCount>, StoreError> {
        self.count_of(user).await
    }

    async fn replace_membership_count(
        &self,
        user: UserId,
        seen: Option<MembershipCount>,
        next: MembershipCount,
    ) -> Result<CommitOutcome, StoreError> {
        self.replace_count_of(user, seen, next).await
    }

    async fn create_group(&self, group: &Group, entry: &Message) -> Result<(), StoreError> {
        let items = vec![self.put_version(group)?, self.put_entry(entry)?];
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(()),
            Err(error) if lost_a_race(&error) => Err(StoreError::Rejected(error.into())),
            Err(error) => Err(store_error(error)),
        }
    }

    async fn commit(&self, version: NewVersion<'_>) -> Result<CommitOutcome, StoreError> {
        let NewVersion { group, entry, row } = version;
        let mut items = vec![self.put_version(group)?, self.put_entry(entry)?];
        let conversation = ConversationId::Group(group.id);
        match row {
            None => {}
            Some(RowChange::Join(joining)) => {
                items.extend(self.joining(&joining, conversation, entry.seq).await?);
                items.push(self.counting(&joining)?);
            }
            Some(RowChange::Leave(user)) => {
                items.extend(self.leaving(user, conversation, entry.seq, RowUpdate::end).await?);
            }
            Some(RowChange::LeaveByOneself(user)) => {
                items.extend(self.leaving(user, conversation, entry.seq, RowUpdate::end_by_oneself).await?);
            }
        }
        let result = self.client.transact_write_items().set_transact_items(Some(items)).send().await;
        match result {
            Ok(_) => {}
            Err(error) if lost_a_race(&error) => return Ok(CommitOutcome::Contended),
            Err(error) => return Err(store_error(error)),
        }
        if let Some(RowChange::Leave(user) | RowChange::LeaveByOneself(user)) = row {
            self.set_aside_row_of(user, conversation).await;
        }
        Ok(CommitOutcome::Done)
    }
}

impl Store {
    /// Puts a version in place of the one before it; the first version where there is none.
    fn put_version(&self, group: &Group) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.tables.groups)
            .set_item(Some(item(group)))
            .expression_attribute_names("#version", VERSION);
        let put = match group.version.checked_sub(1).filter(|before| *before > 0) {
            None => put.condition_expression("attribute_not_exists(#version)"),
            Some(before) => put
                .condition_expression("#version = :before")
                .expression_attribute_values(":before", number(before)),
        };
        let put = put.build().map_err(|error| StoreError::Rejected(error.into()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Puts an entry into its log, if its position is free.
    fn put_entry(&self, entry: &Message) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.tables.messages)
            .set_item(Some(message_log::item(entry)))
            .condition_expression("attribute_not_exists(#seq)")
            .expression_attribute_names("#seq", SEQ)
            .build()
            .map_err(|error| StoreError::Rejected(error.into()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

fn item(group: &Group) -> Item {
    let member = |(user, member): (&UserId, &Member)| {
        let Member { role, joined_at, joined_seq } = member;
        (user.to_string(), text(format_args!("{} {} {joined_seq}", role.as_str(), joined_at.as_ms())))
    };
    let mut item = Item::from([
        (GROUP.to_owned(), text(group.id)),
        (VERSION.to_owned(), number(group.version)),
        (NAME.to_owned(), text(&group.name)),
        (CREATED_AT_MS.to_owned(), time(group.created_at)),
        (MEMBERS.to_owned(), AttributeValue::M(group.members.iter().map(member).collect())),
    ]);
    item.extend(group.deleted.then(|| (DELETED.to_owned(), AttributeValue::Bool(true))));
    item
}

fn read(item: &Item) -> Result<Group, StoreError> {
    let reader = Reader::new("a group", item);
    let malformed = || reader.malformed(MEMBERS);
    let mut members = BTreeMap::new();
    let stored = reader.get(MEMBERS).and_then(|value| value.as_m().ok()).ok_or_else(malformed)?;
    for (user, value) in stored {
        let member = value.as_s().ok().and_then(|text| read_member(text)).ok_or_else(malformed)?;
        members.insert(user.parse().map_err(|_| malformed())?, member);
    }
    Ok(Group {
        id: reader.parsed(GROUP)?,
        version: reader.number(VERSION)?,
        name: reader.text(NAME)?.to_owned(),
        created_at: reader.time(CREATED_AT_MS)?,
        members,
        deleted: reader.get(DELETED).is_some(),
    })
}

fn read_member(text: &str) -> Option<Member> {
    let mut parts = text.split(' ');
    let member = Member {
        role: Role::parse(parts.next()?)?,
        joined_at: Timestamp::from_ms(parts.next()?.parse().ok()?),
        joined_seq: Seq::new(parts.next()?.parse().ok()?)?,
    };
    parts.next().is_none().then_some(member)
}
