//! Groups and inbox rows as the use cases see them, with or without a planted bug.

use std::sync::atomic::Ordering::Relaxed;

use confab_app::ports::{
    ClaimKey, ClaimOutcome, CommitOutcome, Consistency, Groups, InboxPage, InboxRow, Inboxes, Joining,
    NewVersion, RowChange, StoreError,
};
use confab_domain::claim::Claim;
use confab_domain::{
    ConversationId, Group, GroupId, Joined, MembershipCount, Message, Seq, Timestamp, UserId,
};

use crate::passed_on_inboxes::pass_on_inboxes;
use crate::planted::{Bug, Role, Store};

impl Store<'_> {
    fn open_up(&self, row: &mut InboxRow) {
        if self.has(Bug::WholeLogReadable) && row.joined.since().is_some() {
            row.joined = Joined::whole();
        }
    }

    /// Replaces a row by the one that this invocation read first.
    async fn as_at_first(&self, row: &mut InboxRow) -> Result<(), StoreError> {
        let Some(group) = row.conversation.group() else { return Ok(()) };
        if self.has(Bug::MembershipReadBeforeLog) && self.role == Role::Sync {
            let group = self.world.memory.group(group).await?;
            let mut rows = self.first_rows.lock().unwrap();
            *row = rows.entry(row.conversation).or_insert((row.clone(), group)).0.clone();
        }
        Ok(())
    }

    /// Commits a version as the successor of the newest one, whatever it was based on.
    async fn on_any_version(&self, version: NewVersion<'_>) -> Result<CommitOutcome, StoreError> {
        let newest = self.world.memory.group(version.group.id).await?.map_or(0, |newest| newest.version);
        let group = Group { version: newest + 1, ..version.group.clone() };
        self.world.memory.commit(NewVersion { group: &group, ..version }).await
    }

    /// The count of a joining user, as a bug reads it.
    async fn counted(&self, joining: &Joining) -> Result<Joining, StoreError> {
        let mut joining = *joining;
        if self.has(Bug::JoinsOnAnyCount) {
            joining.seen = self.world.memory.membership_count(joining.user).await?;
        }
        Ok(joining)
    }

    async fn row_later(&self, version: NewVersion<'_>) -> Result<CommitOutcome, StoreError> {
        let NewVersion { row, entry, .. } = version;
        let Some(RowChange::Leave(user) | RowChange::LeaveByOneself(user)) = row else {
            return self.world.memory.commit(version).await;
        };
        let outcome = self.world.memory.commit(NewVersion { row: None, ..version }).await?;
        if outcome == CommitOutcome::Done {
            self.stall().await;
            self.world.memory.leave(user, entry.conversation, entry.seq).await?;
        }
        Ok(outcome)
    }
}

impl Groups for Store<'_> {
    async fn group(&self, group: GroupId) -> Result<Option<Group>, StoreError> {
        self.stall().await;
        let mut found = self.world.memory.group(group).await?;
        if self.role == Role::FanOut {
            if self.has(Bug::MembersReadBeforeTheAppend) {
                let early = self.world.early_groups.lock().unwrap().get(&group).cloned();
                found = early.or(found);
            }
            if let Some(found) = found.as_mut().filter(|_| self.has(Bug::JoinedIgnored)) {
                found.members.values_mut().for_each(|member| member.joined_seq = Seq::FIRST);
            }
        }
        if let Some(found) = found.as_mut().filter(|_| self.skips_recheck.load(Relaxed)) {
            found.deleted = false;
        }
        let at_first = self.first_rows.lock().unwrap().get(&ConversationId::Group(group)).cloned();
        Ok(at_first.map_or(found, |(_, group)| group))
    }

    async fn groups(&self, groups: &[GroupId]) -> Result<Vec<Group>, StoreError> {
        self.world.memory.groups(groups).await
    }

    async fn join(
        &self,
        conversation: ConversationId,
        seq: Seq,
        joining: &Joining,
    ) -> Result<CommitOutcome, StoreError> {
        self.stall().await;
        let joining = self.counted(joining).await?;
        self.world.memory.join(conversation, seq, &joining).await
    }

    async fn membership_count(&self, user: UserId) -> Result<Option<MembershipCount>, StoreError> {
        self.stall().await;
        self.world.memory.membership_count(user).await
    }

    async fn replace_membership_count(
        &self,
        user: UserId,
        seen: Option<MembershipCount>,
        next: MembershipCount,
    ) -> Result<CommitOutcome, StoreError> {
        self.stall().await;
        self.world.memory.replace_membership_count(user, seen, next).await
    }

    async fn create_group(&self, group: &Group, entry: &Message) -> Result<(), StoreError> {
        self.world.memory.create_group(group, entry).await
    }

    async fn commit(&self, version: NewVersion<'_>) -> Result<CommitOutcome, StoreError> {
        self.stall().await;
        let row = match version.row {
            Some(RowChange::Join(joining)) => Some(RowChange::Join(self.counted(&joining).await?)),
            Some(RowChange::LeaveByOneself(user)) if self.has(Bug::LeavingTakenForRemoval) => {
                Some(RowChange::Leave(user))
            }
            row => row,
        };
        let version = NewVersion { row, ..version };
        if let Some(RowChange::Join(joining)) = row
            && self.has(Bug::EndedRowsLost)
        {
            self.world.memory.lose_ended_row(joining.user, version.entry.conversation);
        }
        if self.has(Bug::CommitOnAnyVersion) {
            return self.on_any_version(version).await;
        }
        if self.has(Bug::RowLeavesLater) {
            return self.row_later(version).await;
        }
        self.world.memory.commit(version).await
    }
}

impl Inboxes for Store<'_> {
    pass_on_inboxes!(replace_alerts mark_read mute accept_adds);

    async fn claim(&self, key: ClaimKey<'_>, now: Timestamp) -> Result<ClaimOutcome, StoreError> {
        self.stall().await;
        let outcome = self.world.memory.claim(key, now).await?;
        self.read_early(key.conversation).await?;
        let repeated = matches!(outcome.claim, Claim::Repeated { .. });
        if repeated && self.has(Bug::NoClaim) {
            return Ok(ClaimOutcome { claim: Claim::Fresh { forgot: None }, ..outcome });
        }
        Ok(outcome)
    }

    async fn renew_claim(&self, key: ClaimKey<'_>, claimed_at: Timestamp) -> Result<bool, StoreError> {
        self.stall().await;
        self.world.memory.renew_claim(key, claimed_at).await
    }

    async fn release_claim(&self, key: ClaimKey<'_>, claimed_at: Timestamp) -> Result<(), StoreError> {
        self.stall().await;
        self.world.memory.release_claim(key, claimed_at).await
    }

    async fn open(&self, conversation: ConversationId, members: [UserId; 2]) -> Result<(), StoreError> {
        let [sender, peer] = members;
        let second = if self.has(Bug::OneInboxRow) { sender } else { peer };
        self.world.memory.open(conversation, [sender, second]).await
    }

    async fn leave(&self, user: UserId, conversation: ConversationId, seq: Seq) -> Result<(), StoreError> {
        if self.world.leaves_rows_open.load(Relaxed) {
            return Err(StoreError::Unavailable("rows stay open".into()));
        }
        self.world.memory.leave(user, conversation, seq).await
    }

    async fn forget(&self, user: UserId, conversation: ConversationId, seq: Seq) -> Result<(), StoreError> {
        self.stall().await;
        if self.has(Bug::DeadRowsStay) {
            return Ok(());
        }
        self.world.memory.forget(user, conversation, seq).await
    }

    async fn list(
        &self,
        user: UserId,
        after: Option<ConversationId>,
        rows_max: u32,
        consistency: Consistency,
    ) -> Result<InboxPage, StoreError> {
        if consistency == Consistency::Eventual {
            return self.world.memory.list(user, after, rows_max, consistency).await;
        }
        self.stall().await;
        let mut page = self.world.memory.list(user, after, rows_max, consistency).await?;
        if self.has(Bug::AnswersDoNotCount) {
            page.rows.iter_mut().for_each(|row| row.has_written = false);
        }
        for row in &mut page.rows {
            self.open_up(row);
            self.as_at_first(row).await?;
        }
        Ok(page)
    }

    async fn get(
        &self,
        user: UserId,
        conversation: ConversationId,
        consistency: Consistency,
    ) -> Result<Option<InboxRow>, StoreError> {
        if consistency == Consistency::Eventual {
            return self.world.memory.get(user, conversation, consistency).await;
        }
        self.stall().await;
        let mut row = self.world.memory.get(user, conversation, consistency).await?;
        if self.has(Bug::EndedRowsUnread) && self.role == Role::Sync {
            row = row.filter(|row| row.joined.since().is_some());
        }
        if let Some(row) = &mut row {
            self.open_up(row);
            self.as_at_first(row).await?;
        }
        Ok(row)
    }
}
