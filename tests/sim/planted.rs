//! The store as the use cases see it, with or without a planted bug.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use confab_app::ports::{
    AppendError, Direction, End, Groups, InboxRow, MessageLog, Page, Range, Session, Sessions, StoreError,
    Tail,
};
use confab_domain::high_water::HighWaterMark;
use confab_domain::retention::Retention;
use confab_domain::{ConversationId, Group, Heading, Kind, Message};
use confab_memory::yield_once;

use crate::world::{Process, World};

/// A bug that the simulation must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// An append overwrites the entry at its position.
    AppendWithoutCondition,
    /// A claim always says that the key is new.
    NoClaim,
    /// After a lost race, only the newest entry is read.
    OnlyTheNewestIsReadAgain,
    /// The recipients of a message are read before it is appended.
    SessionsReadBeforeTheAppend,
    /// A sync is answered from a replica that lags behind.
    StaleSync,
    /// The tail that is read with a claim is treated as complete.
    TailBesideTheClaimTrusted,
    /// A new conversation is in the sender's inbox only.
    OneInboxRow,
    /// A high-water mark counts as current for ever, although entries have been appended and have expired since.
    MarkForEver,
    /// The lifetime of entries is computed from today's setting, not from the setting they were written under.
    LivesOfTodaysSetting,
    /// Where nothing expires, the mark is read only for an empty log.
    MarkUnreadWhereNothingExpires,
    /// The last reserved position is treated as the last written one.
    ReservedTakenForContent,
    /// Whether a sender is in a group is read again only where today's setting requires it.
    RecheckByTodaysSetting,
    /// The recipients of a message in a group are read before it is appended.
    MembersReadBeforeTheAppend,
    /// An entry is announced to all members, whenever they joined.
    JoinedIgnored,
    /// A send does not check whether its sender was removed after the claim.
    NotNotifiedOfRemoval,
    /// A change of a group is committed although others have changed the group since the decision.
    CommitOnAnyVersion,
    /// The inbox row of a leaving user is changed after the group, not with it.
    RowLeavesLater,
    /// A member of a group can read all of its log.
    WholeLogReadable,
    /// A resumed sync skips the row after the one that it ended with.
    ResumeSkipsTheNextRow,
    /// A sync that ended within a conversation is resumed after that conversation.
    ResumeForgetsTheRestOfARow,
    /// A joining user is counted on any membership count.
    JoinsOnAnyCount,
    /// A user who left is treated as removed, and added again.
    LeavingTakenForRemoval,
    /// A group in which a user has written still counts as unanswered.
    AnswersDoNotCount,
    /// Rows of groups that were never created stay.
    DeadRowsStay,
    /// The row of an ended membership is not looked up when its user joins again.
    EndedRowsLost,
    /// A sync does not look up groups that its user is out of.
    EndedRowsUnread,
    /// Whether a reader is in a group is read before the log, and not after.
    MembershipReadBeforeLog,
}

/// The use case for which a store works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Send,
    Sync,
    FanOut,
    Read,
    Other,
}

/// The store of one invocation.
pub(crate) struct Store<'a> {
    pub(crate) world: &'a World,
    pub(crate) role: Role,
    /// The setting of the process.
    retention: Retention,
    /// Whether a bug skips the read of the group.
    pub(crate) skips_recheck: AtomicBool,
    sessions_at_claim: Mutex<Option<Vec<Session>>>,
    /// The rows that a reader got first, with their groups.
    pub(crate) first_rows: Mutex<BTreeMap<ConversationId, (InboxRow, Option<Group>)>>,
}

impl<'a> Store<'a> {
    pub(crate) fn new(world: &'a World, role: Role) -> Self {
        let (retention, skips_recheck) = (Retention::FOR_EVER, AtomicBool::new(false));
        let (sessions_at_claim, first_rows) = (Mutex::default(), Mutex::default());
        Self { world, role, retention, skips_recheck, sessions_at_claim, first_rows }
    }

    /// The store of an invocation in this process.
    pub(crate) fn of(world: &'a World, role: Role, process: &Process) -> Self {
        Self { retention: process.writer.retention, ..Self::new(world, role) }
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.world.has(bug)
    }

    /// Delays a call, so that calls made at the same time take effect at different times.
    pub(crate) async fn stall(&self) {
        if self.world.random.once_in(4) {
            for _ in 0..self.world.random.below(*self.world.random.pick(&[3, 10, 100])) {
                yield_once().await;
            }
        }
    }

    /// Takes the sessions of a pair as they were when the key was claimed.
    pub(crate) fn sessions_at_claim(&self) -> Option<Vec<Session>> {
        self.sessions_at_claim.lock().unwrap().take()
    }

    /// Stores the sessions or members that a bug reads too early.
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

    /// Hides from a send that its sender was removed.
    fn without_removals(&self, entries: &mut [Message]) {
        if self.has(Bug::NotNotifiedOfRemoval) && self.role == Role::Send {
            entries.iter_mut().for_each(|entry| entry.kind = Kind::Text);
        }
    }

    /// A mark as a bug reads it.
    fn judged(&self, mark: Option<HighWaterMark>, is_empty: bool) -> Option<HighWaterMark> {
        let mark = mark?;
        let (now, retention) = (self.world.now(), self.retention);
        match self.world.scenario.bug {
            Some(Bug::MarkForEver) => Some(HighWaterMark { at: now, ..mark }),
            Some(Bug::LivesOfTodaysSetting) => {
                Some(HighWaterMark { retention, retention_before: retention, ..mark })
            }
            Some(Bug::MarkUnreadWhereNothingExpires) if !retention.is_limited() && !is_empty => None,
            _ => Some(mark),
        }
    }

    /// Decides by today's setting whether the group has to be read again.
    fn note_recheck(&self, end: &End) {
        const RELIED_ON: Duration = Duration::from_secs(90);
        if !self.has(Bug::RecheckByTodaysSetting) || self.role != Role::Send {
            return;
        }
        let later = self.world.now().plus(RELIED_ON);
        let keeps = |newest: &Message| !self.retention.hides(newest.sent_at, None, later);
        let skips = end.tail.newest.first().is_some_and(keeps);
        self.skips_recheck.store(skips && end.decisive().may_hide_newer(self.world.now()), Relaxed);
    }

    /// Hides the last append of all, like a lagging replica.
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
        let mut page = self.world.memory.headings(conversation, range, entries_max).await?;
        if self.has(Bug::ReservedTakenForContent) && self.role == Role::Read {
            let mark = self.world.memory.mark(conversation).await?;
            if let (Some(mark), Some(newest)) = (mark, page.entries.first_mut()) {
                newest.seq = newest.seq.max(mark.reserved_through);
            }
        }
        Ok(page)
    }

    async fn end(&self, conversation: ConversationId, entries_max: u32) -> Result<End, StoreError> {
        self.stall().await;
        let mut end = self.world.memory.end(conversation, entries_max).await?;
        if self.has(Bug::TailBesideTheClaimTrusted) && self.role == Role::Send {
            end.tail.more = false;
        }
        self.without_removals(&mut end.tail.newest);
        self.note_recheck(&end);
        end.mark = self.judged(end.mark, end.tail.newest.is_empty());
        if self.has(Bug::MarkUnreadWhereNothingExpires) && end.mark.is_none() {
            end.tail.newest.iter_mut().for_each(|entry| entry.mark_revision = 0);
        }
        Ok(end)
    }

    async fn append(&self, message: &Message) -> Result<(), AppendError> {
        let mut appended = self.world.memory.append(message).await;
        // An SDK retries by itself when an answer is lost.
        if matches!(appended, Err(AppendError::Store(_))) && self.world.random.once_in(2) {
            appended = self.world.memory.append(message).await;
        }
        match appended {
            Err(AppendError::Occupied(_)) if self.has(Bug::AppendWithoutCondition) => {
                self.world.memory.overwrite(message);
                Ok(())
            }
            appended => appended,
        }
    }

    async fn mark(&self, conversation: ConversationId) -> Result<Option<HighWaterMark>, StoreError> {
        self.stall().await;
        Ok(self.judged(self.world.memory.mark(conversation).await?, false))
    }

    async fn set_mark(&self, conversation: ConversationId, mark: HighWaterMark) -> Result<bool, StoreError> {
        self.stall().await;
        let is_set = self.world.memory.set_mark(conversation, mark).await?;
        if self.world.repeats_marks.load(Relaxed) {
            // As an SDK does after a lost answer.
            return self.world.memory.set_mark(conversation, mark).await;
        }
        Ok(is_set)
    }
}
