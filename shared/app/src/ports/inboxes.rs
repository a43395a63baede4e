//! Inbox rows: what one user keeps of one conversation.

use std::future::Future;

use confab_domain::claim::Claim;
use confab_domain::log::Attempt;
use confab_domain::{Alerts, ClientMessageId, ConversationId, Joined, Seq, Timestamp, UserId};

use super::Consistency;
use super::StoreError;

/// What one user keeps of one conversation, without the claims, which stay inside the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxRow {
    /// The conversation.
    pub conversation: ConversationId,
    /// The user's memberships: which positions the user may read, and whether the user is a member now.
    pub joined: Joined,
    /// The read mark, inclusive; `None` where nothing is read.
    pub read_seq: Option<Seq>,
    /// End of the mute: no pushes before this time.
    pub muted_until: Option<Timestamp>,
    /// The alerts that the member's phones got, and the count of unread messages.
    pub alerts: Alerts,
    /// The user who put the member into the group, if that user was no friend of the member.
    pub added_by: Option<UserId>,
    /// Whether the member has sent a message there, or tried to.
    pub has_written: bool,
    /// Whether the user has left the group by choice, and has not allowed since to be put back.
    pub refuses_adds: bool,
}

impl InboxRow {
    /// The position after which entries are unread: the read mark, or the last entry before the present membership.
    pub fn unread_after(&self) -> Option<Seq> {
        self.read_seq.max(self.joined.since().and_then(Seq::previous))
    }

    /// The end of the log as the member sees it, where the log ends at `log`: never before the read mark, also where
    /// the messages that were read are not kept any more.
    pub fn end_of(&self, log: Option<Seq>) -> Option<Seq> {
        self.read_seq.max(log)
    }
}

/// The key that a send claims, and the attempt that claims it.
#[derive(Clone, Copy, Debug)]
pub struct ClaimKey<'a> {
    /// The sender.
    pub user: UserId,
    /// The conversation of the message.
    pub conversation: ConversationId,
    /// The idempotency key of the message.
    pub key: &'a ClientMessageId,
    /// Distinguishes a request that a store's client repeats from another send with the same key.
    pub attempt: Attempt,
}

/// Outcome of claiming a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimOutcome {
    /// Whether the key was new.
    pub claim: Claim,
    /// The read mark of the row, which may be a moment old.
    pub read_seq: Option<Seq>,
}

/// A page of a user's inbox rows.
#[derive(Clone, Debug, Default)]
pub struct InboxPage {
    /// Ascending by the conversation's id.
    pub rows: Vec<InboxRow>,
    /// The conversation after which the next page begins; `None` at the end.
    pub next: Option<ConversationId>,
    /// Rows of ended memberships that the list met and could not move out of its way.
    pub unmoved: usize,
}

/// Outcome of moving a read mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkReadOutcome {
    /// The read mark moved. The alerts of the row before that.
    Moved(Alerts),
    /// The read mark was there or further already.
    Already,
    /// The user is not in the conversation.
    NotAMember,
}

/// Outcome of replacing the alerts of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplaceOutcome {
    /// The row has the new alerts.
    Replaced,
    /// The row differs from the one that was seen. The row as it is.
    Changed(Box<InboxRow>),
    /// There is no row, or its user is not in the conversation.
    NotAMember,
}

/// Inbox rows, one per member and conversation.
pub trait Inboxes: Send + Sync {
    /// Records the claim of a send that is about to append, unless the key is recorded already or the sender is not
    /// in the conversation.
    ///
    /// Atomic. Remembers the last [`REMEMBERED`](confab_domain::claim::REMEMBERED) keys that were not released. The
    /// time of a claim may be stored rounded down by up to [`ROUNDING_MAX`](confab_domain::claim::ROUNDING_MAX). Two
    /// keys may be taken for one, which costs a search and loses nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. A claim whose answer was lost is found as [`Claim::Repeated`].
    fn claim(
        &self,
        key: ClaimKey<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<ClaimOutcome, StoreError>> + Send;

    /// Makes a claim the newest one, before a send appends under a key that it found [`Claim::Repeated`] at
    /// `claimed_at`. Records the claim again if it was forgotten or released. False where the sender is not in the
    /// conversation.
    ///
    /// Atomic. From then on no send releases the claim.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn renew_claim(
        &self,
        key: ClaimKey<'_>,
        claimed_at: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Releases the claim of a send that found [`Claim::Fresh`] at `claimed_at` and is refused. Does nothing where
    /// another send has renewed the claim, or has claimed the key anew since. The place of a released claim is used
    /// again before another claim is forgotten.
    ///
    /// Atomic. Another send's claim of the key is taken for that of this send only if its attempt has the same
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

    /// Creates the rows of both members, or none; a row that exists stays as it is.
    ///
    /// A member without a row would not get the conversation in `sync`.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn open(
        &self,
        conversation: ConversationId,
        members: [UserId; 2],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends a user's membership of a group with the entry at `seq`; does nothing where it has ended already.
    ///
    /// Then moves the row out of the way of [`list`](Inboxes::list), best effort. A moved row costs a list nothing,
    /// [`get`](Inboxes::get) still finds it, and it is continued when the user joins again.
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

    /// Removes the row of a group that was never created, if its membership begins at `seq` and none has ended.
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

    /// A page of the user's rows of present memberships. A page may have fewer than `rows_max`
    /// rows, or none, though another page follows.
    ///
    /// Rows of ended memberships are not read, except those that were not moved when the membership ended. Such a row
    /// is left out of the page. A strongly consistent read also moves it, best effort, so that later lists do not pay for
    /// it; use cases call `inbox_page` for that, which counts the moves that fail.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn list(
        &self,
        user: UserId,
        after: Option<ConversationId>,
        rows_max: u32,
        consistency: Consistency,
    ) -> impl Future<Output = Result<InboxPage, StoreError>> + Send;

    /// The user's row, of a present or ended membership. The row of a present membership costs one read, any other two or
    /// three.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn get(
        &self,
        user: UserId,
        conversation: ConversationId,
        consistency: Consistency,
    ) -> impl Future<Output = Result<Option<InboxRow>, StoreError>> + Send;

    /// Moves the read mark forward, never back.
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

    /// Sets the end of the mute, or ends the mute; false where the user is not in the conversation.
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

    /// Allows that a user who has left a group by choice is put back. Does nothing where that is allowed already, or
    /// where the user is in the group. False where the user never was a member.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn accept_adds(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Replaces the alerts of a row, if the row still has the alerts, read mark and mute of `seen`, and its user is
    /// in the conversation. Atomic.
    ///
    /// `next` has a [`writer`](Alerts::writer) of its own, by which a store recognizes a change whose answer was lost.
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
