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

impl Contacts for Server<'_> {
    async fn relation(&self, user: UserId, other: UserId) -> Result<Relation, StoreError> {
        self.world.memory.relation(user, other).await
    }

    async fn relations(&self, user: UserId, others: &[UserId]) -> Result<Vec<Contact>, StoreError> {
        self.world.memory.relations(user, others).await
    }

    async fn contacts(
        &self,
        user: UserId,
        after: Option<UserId>,
        rows_max: u32,
    ) -> Result<ContactPage, StoreError> {
        self.world.memory.contacts(user, after, rows_max).await
    }

    async fn change_pair(&self, change: &PairChange) -> Result<bool, StoreError> {
        self.world.memory.change_pair(change).await
    }
}

impl Users for Server<'_> {
    async fn create_user(&self, account: &Account, device: &Device) -> Result<CreateUserOutcome, StoreError> {
        self.world.memory.create_user(account, device).await
    }

    async fn user_by_handle(&self, handle: &Handle) -> Result<Option<Account>, StoreError> {
        self.world.memory.user_by_handle(handle).await
    }

    async fn user(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        self.world.memory.user(user).await
    }

    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StoreError> {
        self.world.memory.profiles(users).await
    }

    async fn change_profile(
        &self,
        user: UserId,
        change: &ProfileChange,
    ) -> Result<Option<Profile>, StoreError> {
        self.world.memory.change_profile(user, change).await
    }
}

impl Devices for Server<'_> {
    async fn put_device(&self, device: &Device) -> Result<(), StoreError> {
        self.world.memory.put_device(device).await
    }

    async fn device(&self, user: UserId, device: DeviceId) -> Result<Option<Device>, StoreError> {
        self.world.memory.device(user, device).await
    }

    async fn devices(&self, user: UserId) -> Result<Vec<Device>, StoreError> {
        self.world.memory.devices(user).await
    }

    async fn rotate(
        &self,
        user: UserId,
        device: DeviceId,
        family: FamilyId,
        generation: u64,
        now: Timestamp,
    ) -> Result<RotateOutcome, StoreError> {
        self.world.memory.rotate(user, device, family, generation, now).await
    }

    async fn remove_device(
        &self,
        user: UserId,
        device: DeviceId,
        family: Option<FamilyId>,
    ) -> Result<bool, StoreError> {
        self.world.memory.remove_device(user, device, family).await
    }
}

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
