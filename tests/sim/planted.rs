//! The store as the use cases see it, with a bug planted in it or without.

use std::sync::Mutex;

use confab_app::ports::{
    Account, AppendError, Connection, CreateUserOutcome, Devices, Direction, InboxPage, InboxRow, Inboxes,
    MarkReadOutcome, MessageLog, Page, ProfileChange, Range, RotateOutcome, Session, Sessions, StoreError,
    Tail, Users,
};
use confab_domain::account::{Handle, Profile};
use confab_domain::claim::Claim;
use confab_domain::device::Device;
use confab_domain::retention::Floor;
use confab_domain::{
    ClientMessageId, ConnectionId, ConversationId, DeviceId, FamilyId, Message, Seq, Timestamp, UserId,
};

use confab_memory::yield_once;

use crate::world::World;

/// A bug that the simulation must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// An append overwrites what is at its position.
    AppendWithoutCondition,
    /// A claim always says that the key is new.
    NoClaim,
    /// After a lost race, only the newest entry is read.
    OnlyTheNewestIsReadAgain,
    /// Who is told of a message is read before it is appended.
    SessionsReadBeforeTheAppend,
    /// A sync is answered from a replica that lags behind.
    StaleSync,
    /// The tail that is read beside a claim is taken for all that can matter.
    TailBesideTheClaimTrusted,
    /// A new conversation is in the sender's inbox only.
    OneInboxRow,
    /// A floor is taken for current for ever, whatever has been appended and has expired since.
    FloorForEver,
}

/// For whom a store works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Send,
    Sync,
    Other,
}

/// The store of one invocation.
pub(crate) struct Store<'a> {
    world: &'a World,
    role: Role,
    sessions_at_claim: Mutex<Option<Vec<Session>>>,
}

impl<'a> Store<'a> {
    pub(crate) fn new(world: &'a World, role: Role) -> Self {
        Self { world, role, sessions_at_claim: Mutex::default() }
    }

    fn has(&self, bug: Bug) -> bool {
        self.world.has(bug)
    }

    /// Lets calls that are made at the same time take effect apart.
    async fn stall(&self) {
        if self.world.random.once_in(4) {
            for _ in 0..self.world.random.below(*self.world.random.pick(&[3, 10, 100])) {
                yield_once().await;
            }
        }
    }

    /// Hides the last append of all, as a replica does that lags behind.
    fn without_the_last(&self, entries: &mut Vec<Message>) {
        let last = self.world.memory.appended().pop();
        entries.retain(|entry| Some(entry) != last.as_ref());
    }
}

impl MessageLog for Store<'_> {
    async fn tail(&self, conversation: ConversationId, entries_max: u32) -> Result<Tail, StoreError> {
        self.stall().await;
        let mut tail = self.world.memory.tail(conversation, entries_max).await?;
        if self.has(Bug::TailBesideTheClaimTrusted) && self.role == Role::Send {
            tail.more = false;
        }
        Ok(tail)
    }

    async fn page(
        &self,
        conversation: ConversationId,
        range: Range,
        entries_max: u32,
    ) -> Result<Page, StoreError> {
        if self.has(Bug::OnlyTheNewestIsReadAgain)
            && self.role == Role::Send
            && range.direction == Direction::Up
        {
            let entries = self.world.memory.tail(conversation, 1).await?.newest;
            return Ok(Page { entries, more: false });
        }
        self.stall().await;
        let mut page = self.world.memory.page(conversation, range, entries_max).await?;
        if self.has(Bug::StaleSync) && self.role == Role::Sync {
            self.without_the_last(&mut page.entries);
            page.more &= !page.entries.is_empty();
        }
        Ok(page)
    }

    async fn append(&self, message: &Message, expires_at: Option<Timestamp>) -> Result<(), AppendError> {
        let mut appended = self.world.memory.append(message, expires_at).await;
        // An SDK tries again by itself where an answer is lost.
        if matches!(appended, Err(AppendError::Store(_))) && self.world.random.once_in(2) {
            appended = self.world.memory.append(message, expires_at).await;
        }
        match appended {
            Err(AppendError::Occupied(_)) if self.has(Bug::AppendWithoutCondition) => {
                self.world.memory.overwrite(message);
                Ok(())
            }
            appended => appended,
        }
    }

    async fn floor(&self, conversation: ConversationId) -> Result<Option<Floor>, StoreError> {
        self.stall().await;
        let floor = self.world.memory.floor(conversation).await?;
        let for_ever = |floor| Floor { at: self.world.now(), ..floor };
        Ok(if self.has(Bug::FloorForEver) { floor.map(for_ever) } else { floor })
    }

    async fn set_floor(
        &self,
        conversation: ConversationId,
        expected: Option<Floor>,
        floor: Floor,
    ) -> Result<bool, StoreError> {
        self.stall().await;
        let expected =
            if self.has(Bug::FloorForEver) { self.world.memory.floor(conversation).await? } else { expected };
        self.world.memory.set_floor(conversation, expected, floor).await
    }
}

impl Inboxes for Store<'_> {
    async fn claim(
        &self,
        user: UserId,
        conversation: ConversationId,
        key: &ClientMessageId,
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        self.stall().await;
        let claim = self.world.memory.claim(user, conversation, key, now).await?;
        if self.has(Bug::SessionsReadBeforeTheAppend)
            && let ConversationId::Dm { lower, upper } = conversation
        {
            let sessions = self.world.memory.sessions(&[lower, upper]).await?;
            *self.sessions_at_claim.lock().unwrap() = Some(sessions);
        }
        let repeated = matches!(claim, Claim::Repeated { .. });
        Ok(if repeated && self.has(Bug::NoClaim) { Claim::Fresh } else { claim })
    }

    async fn open(&self, conversation: ConversationId, members: [UserId; 2]) -> Result<(), StoreError> {
        let [sender, peer] = members;
        let second = if self.has(Bug::OneInboxRow) { sender } else { peer };
        self.world.memory.open(conversation, [sender, second]).await
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

impl Sessions for Store<'_> {
    async fn open_connection(
        &self,
        user: UserId,
        connection: &Connection,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Session, StoreError> {
        self.world.memory.open_connection(user, connection, lease_until, now).await
    }

    async fn renew(
        &self,
        user: UserId,
        connection: &ConnectionId,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.world.memory.renew(user, connection, lease_until, now).await
    }

    async fn close_connections(&self, user: UserId, connections: &[ConnectionId]) -> Result<(), StoreError> {
        self.world.memory.close_connections(user, connections).await
    }

    async fn end_lease(&self, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        self.world.memory.end_lease(user, now).await
    }

    async fn sessions(&self, users: &[UserId]) -> Result<Vec<Session>, StoreError> {
        let early = self.sessions_at_claim.lock().unwrap().take();
        match early {
            Some(sessions) => Ok(sessions),
            None => self.world.memory.sessions(users).await,
        }
    }
}

impl Users for Store<'_> {
    async fn create_user(&self, account: &Account, device: &Device) -> Result<CreateUserOutcome, StoreError> {
        self.world.memory.create_user(account, device).await
    }

    async fn user_by_handle(&self, handle: &Handle) -> Result<Option<Account>, StoreError> {
        self.world.memory.user_by_handle(handle).await
    }

    async fn user(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        self.world.memory.user(user).await
    }

    async fn change_profile(
        &self,
        user: UserId,
        change: &ProfileChange,
    ) -> Result<Option<Profile>, StoreError> {
        self.world.memory.change_profile(user, change).await
    }
}

impl Devices for Store<'_> {
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
