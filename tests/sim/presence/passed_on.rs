//! What a server reaches that no bug is planted in.

use confab_app::ports::{
    Account, CommitOutcome, Contact, ContactPage, Contacts, CreateUserOutcome, Devices, Groups, InboxPage,
    InboxRow, Inboxes, MarkReadOutcome, NewVersion, PairChange, ProfileChange, RotateOutcome, StoreError,
    Users,
};
use confab_domain::account::{Handle, Profile};
use confab_domain::claim::Claim;
use confab_domain::device::Device;
use confab_domain::{
    ClientMessageId, ConversationId, DeviceId, FamilyId, Group, GroupId, Message, Relation, Seq, Timestamp,
    UserId,
};

use super::server::Server;
use crate::passed_on::pass_on;

pass_on!(Server<'_>);

impl Groups for Server<'_> {
    async fn group(&self, group: GroupId) -> Result<Option<Group>, StoreError> {
        self.world.memory.group(group).await
    }

    async fn groups(&self, groups: &[GroupId]) -> Result<Vec<Group>, StoreError> {
        self.world.memory.groups(groups).await
    }

    async fn create_group(
        &self,
        group: &Group,
        entry: &Message,
        expires_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.world.memory.create_group(group, entry, expires_at).await
    }

    async fn commit(&self, version: NewVersion<'_>) -> Result<CommitOutcome, StoreError> {
        self.world.memory.commit(version).await
    }
}

impl Inboxes for Server<'_> {
    async fn claim(
        &self,
        user: UserId,
        conversation: ConversationId,
        key: &ClientMessageId,
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        self.world.memory.claim(user, conversation, key, now).await
    }

    async fn open(&self, conversation: ConversationId, members: [UserId; 2]) -> Result<(), StoreError> {
        self.world.memory.open(conversation, members).await
    }

    async fn leave(&self, user: UserId, conversation: ConversationId, seq: Seq) -> Result<(), StoreError> {
        self.world.memory.leave(user, conversation, seq).await
    }

    async fn list(
        &self,
        user: UserId,
        after: Option<ConversationId>,
        rows_max: u32,
    ) -> Result<InboxPage, StoreError> {
        self.world.memory.list(user, after, rows_max).await
    }

    async fn get(&self, user: UserId, conversation: ConversationId) -> Result<Option<InboxRow>, StoreError> {
        self.world.memory.get(user, conversation).await
    }

    async fn mark_read(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<MarkReadOutcome, StoreError> {
        self.world.memory.mark_read(user, conversation, seq).await
    }

    async fn mute(
        &self,
        user: UserId,
        conversation: ConversationId,
        until: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        self.world.memory.mute(user, conversation, until).await
    }
}
