//! Groups.

use std::future::Future;

use confab_domain::{ConversationId, Group, GroupId, MembershipCount, Message, Seq, UserId};

use super::StoreError;

/// A new version of a group, with all that comes with it.
#[derive(Clone, Copy, Debug)]
pub struct NewVersion<'a> {
    /// The group as it will be; its version is one more than the one it was decided on.
    pub group: &'a Group,
    /// What tells of it in the log.
    pub entry: &'a Message,
    /// Whose inbox row goes with it.
    pub row: Option<RowChange>,
}

/// What happens to a member's inbox row, at the entry's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowChange {
    /// A membership begins. What is left of earlier ones goes on: what they let their user read, the read marker, claims.
    Join(Joining),
    /// A membership ends: see [`leave`](super::Inboxes::leave).
    Leave(UserId),
    /// As `Leave`, by its user's own wish: the row [refuses additions](super::InboxRow::refuses_adds).
    LeaveByOneself(UserId),
}

/// Somebody who comes into a group, counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joining {
    /// Who.
    pub user: UserId,
    /// Who puts them there, if that is somebody who is no friend of theirs.
    pub added_by: Option<UserId>,
    /// Their count that this was decided on.
    pub seen: Option<MembershipCount>,
    /// Their count with this membership.
    pub next: MembershipCount,
}

/// What making a new version came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// All of it is made.
    Done,
    /// Nothing of it: the group has another version, the position is taken, or who joins has another count.
    Contended,
}

/// Groups, each changed as a whole.
pub trait Groups: Send + Sync {
    /// The group, deleted ones included, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn group(&self, group: GroupId) -> impl Future<Output = Result<Option<Group>, StoreError>> + Send;

    /// Up to 100 groups, deleted ones included, in no particular order; those that do not exist are left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn groups(&self, groups: &[GroupId]) -> impl Future<Output = Result<Vec<Group>, StoreError>> + Send;

    /// Begins a membership of a group that is about to be made: the inbox row, and the count of its user, all or
    /// nothing. Without the group the row leads nowhere.
    ///
    /// A group and the rows of a hundred members do not fit into one transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn join(
        &self,
        conversation: ConversationId,
        seq: Seq,
        joining: &Joining,
    ) -> impl Future<Output = Result<CommitOutcome, StoreError>> + Send;

    /// How many memberships a user has at most, strongly consistent; `None` where they were never counted.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn membership_count(
        &self,
        user: UserId,
    ) -> impl Future<Output = Result<Option<MembershipCount>, StoreError>> + Send;

    /// Replaces a user's count, if it is the one that was seen.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn replace_membership_count(
        &self,
        user: UserId,
        seen: Option<MembershipCount>,
        next: MembershipCount,
    ) -> impl Future<Output = Result<CommitOutcome, StoreError>> + Send;

    /// Makes a group whose members have [joined](Groups::join), with its first entry.
    ///
    /// Both or neither.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`StoreError::Rejected`] where there is a group with that id.
    fn create_group(
        &self,
        group: &Group,
        entry: &Message,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Makes the next version of a group with the entry that tells of it and the inbox row that goes with it,
    /// all or nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn commit(
        &self,
        version: NewVersion<'_>,
    ) -> impl Future<Output = Result<CommitOutcome, StoreError>> + Send;
}
