//! Groups and membership counts.

use std::collections::BTreeMap;

use confab_app::ports::{CommitOutcome, Groups, Joining, NewVersion, RowChange, StoreError};
use confab_domain::{ConversationId, Group, GroupId, MembershipCount, Message, Seq, UserId};

use crate::Memory;
use crate::inboxes::Place;
use crate::memory::Tables;

#[derive(Debug, Default)]
pub(crate) struct GroupTable {
    groups: BTreeMap<GroupId, Group>,
    /// Upper bounds on the number of memberships.
    counts: BTreeMap<UserId, MembershipCount>,
}

impl GroupTable {
    fn has_count(&self, joining: &Joining) -> bool {
        self.counts.get(&joining.user).copied() == joining.seen
    }

    /// Replaces a membership count, if it is unchanged since it was read.
    fn replace_count(&mut self, joining: &Joining) -> bool {
        let is_seen = self.has_count(joining);
        if is_seen {
            self.counts.insert(joining.user, joining.next);
        }
        is_seen
    }
}

impl Tables {
    /// Stores a version with its entry, if the version before it is the newest and the position is free.
    fn make_version(&mut self, group: &Group, entry: &Message) -> bool {
        let newest = self.groups.groups.get(&group.id).map_or(0, |newest| newest.version);
        let may = group.version == newest + 1 && self.logs.occupant(entry).is_none();
        if may {
            self.groups.groups.insert(group.id, group.clone());
            self.logs.put(entry);
        }
        may
    }
}

impl Groups for Memory {
    async fn group(&self, group: GroupId) -> Result<Option<Group>, StoreError> {
        self.call(|tables| tables.groups.groups.get(&group).cloned()).await
    }

    async fn groups(&self, groups: &[GroupId]) -> Result<Vec<Group>, StoreError> {
        self.call(|tables| {
            groups.iter().filter_map(|group| tables.groups.groups.get(group).cloned()).collect()
        })
        .await
    }

    async fn join(
        &self,
        conversation: ConversationId,
        seq: Seq,
        joining: &Joining,
    ) -> Result<CommitOutcome, StoreError> {
        self.call(|tables| {
            if !tables.groups.replace_count(joining) {
                return CommitOutcome::Contended;
            }
            tables.inboxes.join(joining, conversation, seq);
            CommitOutcome::Done
        })
        .await
    }

    async fn membership_count(&self, user: UserId) -> Result<Option<MembershipCount>, StoreError> {
        self.call(|tables| tables.groups.counts.get(&user).copied()).await
    }

    async fn replace_membership_count(
        &self,
        user: UserId,
        seen: Option<MembershipCount>,
        next: MembershipCount,
    ) -> Result<CommitOutcome, StoreError> {
        self.call(|tables| {
            if tables.groups.counts.get(&user).copied() != seen {
                return CommitOutcome::Contended;
            }
            tables.groups.counts.insert(user, next);
            CommitOutcome::Done
        })
        .await
    }

    async fn create_group(&self, group: &Group, entry: &Message) -> Result<(), StoreError> {
        let is_made = self.call(|tables| tables.make_version(group, entry)).await?;
        if is_made { Ok(()) } else { Err(StoreError::Rejected("the group is there".into())) }
    }

    async fn commit(&self, version: NewVersion<'_>) -> Result<CommitOutcome, StoreError> {
        let NewVersion { group, entry, row } = version;
        let place = match &row {
            Some(RowChange::Join(joining)) => {
                self.call(|tables| tables.inboxes.place(joining.user, entry.conversation)).await?
            }
            Some(RowChange::Leave(_) | RowChange::LeaveByOneself(_)) | None => Place::Nowhere,
        };
        let outcome = self.call(|tables| {
            if let Some(RowChange::Join(joining)) = &row
                && (!tables.groups.has_count(joining)
                    || tables.inboxes.place(joining.user, entry.conversation) != place)
            {
                return CommitOutcome::Contended;
            }
            if !tables.make_version(group, entry) {
                return CommitOutcome::Contended;
            }
            match row {
                None => {}
                Some(RowChange::Join(joining)) => {
                    tables.groups.replace_count(&joining);
                    tables.inboxes.join(&joining, entry.conversation, entry.seq);
                }
                Some(RowChange::Leave(user)) => {
                    tables.inboxes.leave(user, entry.conversation, entry.seq);
                }
                Some(RowChange::LeaveByOneself(user)) => {
                    tables.inboxes.leave_by_oneself(user, entry.conversation, entry.seq);
                }
            }
            CommitOutcome::Done
        });
        let outcome = outcome.await?;
        if let Some(RowChange::Leave(user) | RowChange::LeaveByOneself(user)) = row
            && outcome == CommitOutcome::Done
        {
            self.set_aside(user, entry.conversation).await;
        }
        Ok(outcome)
    }
}
