//! What a conversation is to one of its members: the inbox row.

use std::future::Future;

use confab_domain::claim::Claim;
use confab_domain::log::Attempt;
use confab_domain::{Alerts, ClientMessageId, ConversationId, Joined, Seq, Timestamp, UserId};

use super::StoreError;

/// What is a member's alone in a conversation. The claims stay inside the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxRow {
    /// Which conversation.
    pub conversation: ConversationId,
    /// What of it the user may read, and whether they are in it now.
    pub joined: Joined,
    /// Read up to and including; `None` where nothing is read.
    pub read_seq: Option<Seq>,
    /// No pushes before this.
    pub muted_until: Option<Timestamp>,
    /// What the member's phones were told of it.
    pub alerts: Alerts,
    /// Who put the member into the group, if that was somebody who was no friend of theirs.
    pub added_by: Option<UserId>,
    /// Whether the member has written there, or tried to.
    pub has_written: bool,
    /// Whether the user has left the group by themselves, and has not allowed since to be put back.
    pub refuses_adds: bool,
}

impl InboxRow {
    /// What is unread begins after this: the read marker, or the last entry before the present membership.
    pub fn unread_after(&self) -> Option<Seq> {
        self.read_seq.max(self.joined.since().and_then(Seq::previous))
    }

    /// The end of a log that ends there, as the member is shown it: never before their read marker, also where what they
    /// have read is not there any more.
    pub fn end_of(&self, log: Option<Seq>) -> Option<Seq> {
        self.read_seq.max(log)
    }
}

/// The key of a message, and which attempt at sending it claims the key.
#[derive(Clone, Copy, Debug)]
pub struct ClaimKey<'a> {
    /// Who sends.
    pub user: UserId,
    /// Where to.
    pub conversation: ConversationId,
    /// Idempotency key.
    pub key: &'a ClientMessageId,
    /// Tells a repeated request of a store's client from another send with the same key.
    pub attempt: Attempt,
}

/// What claiming a key came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimOutcome {
    /// Whether the key was new.
    pub claim: Claim,
    /// The read marker of the row, as it is or was a moment before.
    pub read_seq: Option<Seq>,
}

/// Some of a user's rows.
#[derive(Clone, Debug, Default)]
pub struct InboxPage {
    /// Ascending by the conversation's id.
    pub rows: Vec<InboxRow>,
    /// Where the next page begins (after this one), if there is one.
    pub next: Option<ConversationId>,
    /// Rows of ended memberships that were met, and whose move out of the way failed.
    pub unmoved: usize,
}

/// What moving a read marker came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkReadOutcome {
    /// It moved; this is what phones had been told before.
    Moved(Alerts),
    /// It was there, or further, already.
    Already,
    /// The user is not in the conversation.
    NotAMember,
}

/// What replacing a row's alerts came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplaceOutcome {
    /// They are as they were to be.
    Replaced,
    /// The row is another than was seen: this one.
    Changed(Box<InboxRow>),
    /// There is no row, or its user is not in the conversation.
    NotAMember,
}

/// Inbox rows, one per member and conversation.
pub trait Inboxes: Send + Sync {
    /// Records that a send is about to append, unless its key is recorded already or its sender is not in the
    /// conversation.
    ///
    /// Atomic. Remembers the last [`REMEMBERED`](confab_domain::claim::REMEMBERED) keys that were not released. The time
    /// of a claim may be kept rounded down by up to [`ROUNDING_MAX`](confab_domain::claim::ROUNDING_MAX). Two keys may
    /// be taken for one, which costs a search and loses nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. A claim whose answer was lost is found as [`Claim::Repeated`].
    fn claim(
        &self,
        key: ClaimKey<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<ClaimOutcome, StoreError>> + Send;

    /// Makes a claim the newest one before a send appends under a key that it found [`Claim::Repeated`] at `claimed_at`,
    /// and records it again if it was forgotten or released. False where the sender is not in the conversation.
    ///
    /// Atomic. From then on nobody releases the claim.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn renew_claim(
        &self,
        key: ClaimKey<'_>,
        claimed_at: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Frees the place of a claim that this send found [`Claim::Fresh`] at `claimed_at`, since it is refused; nothing
    /// where another send has renewed it, or has claimed the key anew since. The place is used again before a claim is
    /// forgotten.
    ///
    /// Atomic. Another send's claim of the key is taken for this one's only if its attempt has the same
    /// [`AttemptTag`](confab_domain::claim::AttemptTag), and its time is the same but for rounding.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn release_claim(
        &self,
        key: ClaimKey<'_>,
        claimed_at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Makes the rows of both members, all or nothing; leaves a row that is there as it is.
    ///
    /// Both or none: a member without a row would not find the conversation in `sync`.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn open(
        &self,
        conversation: ConversationId,
        members: [UserId; 2],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends a user's membership of a group with the entry at `seq`; nothing where it has ended.
    ///
    /// The row is then moved out of the way of [`list`](Inboxes::list), best effort: what costs a list nothing is still
    /// found by [`get`](Inboxes::get), and goes on where its user joins again.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn leave(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: Seq,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes the row of a group that was never made, if it begins at `seq` and nothing has ended in it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn forget(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: Seq,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// A page of the user's rows of present memberships, strongly consistent. It may have fewer rows than there are, and
    /// none, though another page follows.
    ///
    /// Rows of ended memberships are not read, but for those that were not moved when the membership ended: such a row is
    /// left out, and moved, best effort. So a list becomes as cheap as it can be by being read. Use cases ask for it by
    /// `inbox_page`, which counts the moves that fail.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn list(
        &self,
        user: UserId,
        after: Option<ConversationId>,
        rows_max: u32,
    ) -> impl Future<Output = Result<InboxPage, StoreError>> + Send;

    /// As [`list`](Inboxes::list), as the rows are or were a moment ago, for half the price. Moves nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn skim(
        &self,
        user: UserId,
        after: Option<ConversationId>,
        rows_max: u32,
    ) -> impl Future<Output = Result<InboxPage, StoreError>> + Send;

    /// The user's row, as it is or was a moment ago, for half the price.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn peek(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> impl Future<Output = Result<Option<InboxRow>, StoreError>> + Send;

    /// The user's row, of an ended membership too, strongly consistent. That of a present one costs one read, any other
    /// two or three.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn get(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> impl Future<Output = Result<Option<InboxRow>, StoreError>> + Send;

    /// Moves the read marker forward, never back.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn mark_read(
        &self,
        user: UserId,
        conversation: ConversationId,
        seq: Seq,
    ) -> impl Future<Output = Result<MarkReadOutcome, StoreError>> + Send;

    /// Sets or ends the mute; false where the user is not in the conversation.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn mute(
        &self,
        user: UserId,
        conversation: ConversationId,
        until: Option<Timestamp>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Allows a user who has left a group by themselves to be put back; nothing where that is allowed, or they are in it.
    /// False where they never were.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn accept_adds(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Replaces what the member's phones were told, if the row still has the alerts, read marker and mute that were
    /// `seen`, and its user is in the conversation. Atomic.
    ///
    /// `next` has a [`writer`](Alerts::writer) of its own, by which a change is known again whose answer was lost.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn replace_alerts(
        &self,
        user: UserId,
        seen: &InboxRow,
        next: &Alerts,
    ) -> impl Future<Output = Result<ReplaceOutcome, StoreError>> + Send;
}
