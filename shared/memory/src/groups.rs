//! Groups.

use std::collections::BTreeMap;

use confab_app::ports::{CommitOutcome, Groups, NewVersion, RowChange, StoreError};
use confab_domain::{ConversationId, Group, GroupId, Message};

use crate::Memory;
use crate::memory::Tables;

#[derive(Debug, Default)]
pub(crate) struct GroupTable(BTreeMap<GroupId, Group>);

impl Tables {
    /// Makes a version with its entry, if the version before it is the newest and the position is free.
    fn make_version(&mut self, group: &Group, entry: &Message) -> bool {
        let newest = self.groups.0.get(&group.id).map_or(0, |newest| newest.version);
        let may = group.version == newest + 1 && self.logs.occupant(entry).is_none();
        if may {
            self.groups.0.insert(group.id, group.clone());
            self.logs.put(entry);
        }
        may
    }
}

impl Groups for Memory {
    async fn group(&self, group: GroupId) -> Result<Option<Group>, StoreError> {
        self.call(|tables| tables.groups.0.get(&group).cloned()).await
    }

    async fn groups(&self, groups: &[GroupId]) -> Result<Vec<Group>, StoreError> {
        self.call(|tables| groups.iter().filter_map(|group| tables.groups.0.get(group).cloned()).collect())
            .await
    }

    /// Row by row, then the rest: a real transaction does not hold a hundred rows.
    async fn create_group(&self, group: &Group, entry: &Message) -> Result<(), StoreError> {
        let conversation = ConversationId::Group(group.id);
        for user in group.members.keys() {
            self.call(|tables| tables.inboxes.join(*user, conversation, entry.seq)).await?;
        }
        let is_made = self.call(|tables| tables.make_version(group, entry)).await?;
        if is_made { Ok(()) } else { Err(StoreError::Rejected("the group is there".into())) }
    }

    async fn commit(&self, version: NewVersion<'_>) -> Result<CommitOutcome, StoreError> {
        let NewVersion { group, entry, row } = version;
        self.call(|tables| {
            if !tables.make_version(group, entry) {
                return CommitOutcome::Contended;
            }
            match row {
                None => {}
                Some(RowChange::Join(user)) => tables.inboxes.join(user, entry.conversation, entry.seq),
                Some(RowChange::Leave(user)) => tables.inboxes.leave(user, entry.conversation, entry.seq),
            }
            CommitOutcome::Done
        })
        .await
    }
}
