//! The store as the use cases see it, with a bug planted in it or without.

use std::collections::BTreeMap;
use std::sync::Mutex;

use confab_app::ports::{
    AppendError, Direction, Groups, InboxRow, MessageLog, Page, Range, Session, Sessions, StoreError, Tail,
};
use confab_domain::retention::Floor;
use confab_domain::{ConversationId, Group, Heading, Kind, Message, Timestamp};
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
    /// Who is told of a message in a group is read before it is appended.
    MembersReadBeforeTheAppend,
    /// Who is told of an entry is whoever is in the group, since whenever.
    JoinedIgnored,
    /// A send does not look whether its sender was taken out after the claim.
    NotToldOfRemoval,
    /// A change of a group is made whatever the others have made of it since it was decided.
    CommitOnAnyVersion,
    /// The inbox row of who leaves is changed after the group, not with it.
    RowLeavesLater,
    /// Who is in a group reads all of it.
    WholeLogReadable,
    /// A sync that is resumed goes on behind the row after the one that it ended with.
    ResumeSkipsTheNextRow,
    /// A sync that ended within a conversation is resumed after it.
    ResumeForgetsTheRestOfARow,
    /// Whether a reader is in a group is asked before the log is read, and not after.
    StandingAskedBeforeReading,
}

/// For whom a store works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Send,
    Sync,
    FanOut,
    Other,
}

/// The store of one invocation.
pub(crate) struct Store<'a> {
    pub(crate) world: &'a World,
    pub(crate) role: Role,
    sessions_at_claim: Mutex<Option<Vec<Session>>>,
    /// The rows that a reader had at first, with their groups.
    pub(crate) first_rows: Mutex<BTreeMap<ConversationId, (InboxRow, Option<Group>)>>,
}

impl<'a> Store<'a> {
    pub(crate) fn new(world: &'a World, role: Role) -> Self {
        Self { world, role, sessions_at_claim: Mutex::default(), first_rows: Mutex::default() }
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.world.has(bug)
    }

    /// Lets calls that are made at the same time take effect apart.
    pub(crate) async fn stall(&self) {
        if self.world.random.once_in(4) {
            for _ in 0..self.world.random.below(*self.world.random.pick(&[3, 10, 100])) {
                yield_once().await;
            }
        }
    }

    /// The sessions of a pair, as they were when the key was claimed, once.
    pub(crate) fn sessions_at_claim(&self) -> Option<Vec<Session>> {
        self.sessions_at_claim.lock().unwrap().take()
    }

    /// Keeps what a bug reads too early.
    pub(crate) async fn read_early(&self, conversation: ConversationId) -> Result<(), StoreError> {
        match conversation {
            ConversationId::Dm { lower, upper } if self.has(Bug::SessionsReadBeforeTheAppend) => {
                let sessions = self.world.memory.sessions(&[lower, upper]).await?;
                *self.sessions_at_claim.lock().unwrap() = Some(sessions);
            }
            ConversationId::Group(group) if self.has(Bug::MembersReadBeforeTheAppend) => {
                if let Some(group) = self.world.memory.group(group).await? {
                    self.world.early_groups.lock().unwrap().insert(group.id, group);
                }
            }
            ConversationId::Dm { .. } | ConversationId::Group(_) => {}
        }
        Ok(())
    }

    /// Hides what a send must know of its sender.
    fn without_removals(&self, entries: &mut [Message]) {
        if self.has(Bug::NotToldOfRemoval) && self.role == Role::Send {
            entries.iter_mut().for_each(|entry| entry.kind = Kind::Text);
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
        self.without_removals(&mut tail.newest);
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
        self.without_removals(&mut page.entries);
        Ok(page)
    }

    async fn headings(
        &self,
        conversation: ConversationId,
        range: Range,
        entries_max: u32,
    ) -> Result<Page<Heading>, StoreError> {
        self.stall().await;
        self.world.memory.headings(conversation, range, entries_max).await
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
