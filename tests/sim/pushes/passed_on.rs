//! The stores of an invocation in which no bug is planted.

use confab_app::ports::{
    Account, AppendError, CommitOutcome, Contact, ContactPage, Contacts, CreateUserOutcome, Devices, End,
    Groups, Joining, MessageLog, NewVersion, Page, PairChange, ProfileChange, Range, StoreError, Tail, Users,
};
use confab_domain::account::{Handle, Profile};
use confab_domain::device::Device;
use confab_domain::high_water::HighWaterMark;
use confab_domain::{
    ConversationId, Group, GroupId, Heading, MembershipCount, Message, Relation, Seq, UserId,
};

use super::server::Server;
use crate::passed_on::{pass_on, pass_on_groups};

pass_on!(Server<'_>);
pass_on_groups!(Server<'_>);

impl MessageLog for Server<'_> {
    async fn tail(&self, conversation: ConversationId, entries_max: u32) -> Result<Tail, StoreError> {
        self.world.memory.tail(conversation, entries_max).await
    }

    async fn page(
        &self,
        conversation: ConversationId,
        range: Range,
        entries_max: u32,
    ) -> Result<Page, StoreError> {
        self.world.memory.page(conversation, range, entries_max).await
    }

    async fn headings(
        &self,
        conversation: ConversationId,
        range: Range,
        entries_max: u32,
    ) -> Result<Page<Heading>, StoreError> {
        self.world.memory.headings(conversation, range, entries_max).await
    }

    async fn append(&self, message: &Message) -> Result<(), AppendError> {
        let began = self.world.clock.now();
        let appended = self.world.memory.append(message).await;
        if appended.is_ok() {
            let span = (began, self.world.clock.now());
            self.world.ledger().appends.insert((message.conversation, message.seq), span);
        }
        appended
    }

    async fn end(&self, conversation: ConversationId, entries_max: u32) -> Result<End, StoreError> {
        self.world.memory.end(conversation, entries_max).await
    }

    async fn mark(&self, conversation: ConversationId) -> Result<Option<HighWaterMark>, StoreError> {
        self.world.memory.mark(conversation).await
    }

    async fn set_mark(&self, conversation: ConversationId, mark: HighWaterMark) -> Result<bool, StoreError> {
        self.world.memory.set_mark(conversation, mark).await
    }
}
