//! What a server reaches that no bug is planted in.

use confab_app::ports::{
    Account, ClaimKey, ClaimOutcome, CommitOutcome, Contact, ContactPage, Contacts, CreateUserOutcome,
    Devices, Groups, InboxPage, InboxRow, Inboxes, Joining, MarkReadOutcome, NewVersion, PairChange,
    ProfileChange, RateLimits, ReplaceOutcome, StoreError, Users,
};
use confab_domain::account::{Handle, Profile};
use confab_domain::device::Device;
use confab_domain::rate::Rate;
use confab_domain::{
    Alerts, ConversationId, Group, GroupId, MembershipCount, Message, Refusal, Relation, Seq, Timestamp,
    UserId,
};

use super::server::Server;
use crate::passed_on::{pass_on, pass_on_groups};

pass_on!(Server<'_>);
pass_on_groups!(Server<'_>);

impl RateLimits for Server<'_> {
    async fn take(
        &self,
        bucket: &str,
        rate: Rate,
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, StoreError> {
        self.world.memory.take(bucket, rate, now).await
    }

    async fn check(
        &self,
        bucket: &str,
        rate: Rate,
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, StoreError> {
        self.world.memory.check(bucket, rate, now).await
    }

    async fn refill(&self, bucket: &str) -> Result<(), StoreError> {
        self.world.memory.refill(bucket).await
    }
}

impl Inboxes for Server<'_> {
    async fn claim(&self, key: ClaimKey<'_>, now: Timestamp) -> Result<ClaimOutcome, StoreError> {
        self.world.memory.claim(key, now).await
    }

    async fn renew_claim(&self, key: ClaimKey<'_>, claimed_at: Timestamp) -> Result<bool, StoreError> {
        self.world.memory.renew_claim(key, claimed_at).await
    }

    async fn release_claim(&self, key: ClaimKey<'_>, claimed_at: Timestamp) -> Result<(), StoreError> {
        self.world.memory.release_claim(key, claimed_at).await
    }

    async fn open(&self, conversation: ConversationId, members: [UserId; 2]) -> Result<(), StoreError> {
        self.world.memory.open(conversation, members).await
    }

    async fn leave(&self, user: UserId, conversation: ConversationId, seq: Seq) -> Result<(), StoreError> {
        self.world.memory.leave(user, conversation, seq).await
    }

    async fn forget(&self, user: UserId, conversation: ConversationId, seq: Seq) -> Result<(), StoreError> {
        self.world.memory.forget(user, conversation, seq).await
    }

    async fn list(
        &self,
        user: UserId,
        after: Option<ConversationId>,
        rows_max: u32,
    ) -> Result<InboxPage, StoreError> {
        self.world.memory.list(user, after, rows_max).await
    }

    async fn skim(
        &self,
        user: UserId,
        after: Option<ConversationId>,
        rows_max: u32,
    ) -> Result<InboxPage, StoreError> {
        self.world.memory.skim(user, after, rows_max).await
    }

    async fn replace_alerts(
        &self,
        user: UserId,
        seen: &InboxRow,
        next: &Alerts,
    ) -> Result<ReplaceOutcome, StoreError> {
        self.world.memory.replace_alerts(user, seen, next).await
    }

    async fn peek(&self, user: UserId, conversation: ConversationId) -> Result<Option<InboxRow>, StoreError> {
        self.world.memory.peek(user, conversation).await
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

    async fn accept_adds(&self, user: UserId, conversation: ConversationId) -> Result<bool, StoreError> {
        self.world.memory.accept_adds(user, conversation).await
    }
}
