//! Groups.

use std::future::Future;

use confab_domain::{ConversationId, Group, GroupId, MembershipCount, Message, Seq, UserId};

use super::StoreError;

/// A new version of a group, with the entry and the inbox row that are written with it.
#[derive(Clone, Copy, Debug)]
pub struct NewVersion<'a> {
    /// The group as it will be; its version is one more than the version that was read.
    pub group: &'a Group,
    /// The system entry about the change.
    pub entry: &'a Message,
    /// The change of an inbox row, if there is one.
    pub row: Option<RowChange>,
}

/// A change of a member's inbox row, at the entry's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowChange {
    /// A membership begins. The row keeps what earlier memberships left: the readable positions, the read mark, claims.
    Join(Joining),
    /// A membership ends: see [`leave`](super::Inboxes::leave).
    Leave(UserId),
    /// As `Leave`, by the user's own choice: the row [refuses additions](super::InboxRow::refuses_adds).
    LeaveByOneself(UserId),
}

/// A user who joins a group, with the count of the user's memberships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joining {
    /// The user.
    pub user: UserId,
    /// The user who puts them there, if that user is no friend of theirs.
    pub added_by: Option<UserId>,
    /// The count that was read.
    pub seen: Option<MembershipCount>,
    /// The count with this membership.
    pub next: MembershipCount,
}

/// Outcome of a conditional write to a group or to a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// Everything was written.
    Done,
    /// Nothing was written: the group has another version, the position is taken, or the user has another count.
    Contended,
}

/// Groups, each written as a whole, and the counts of memberships.
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

    /// Begins a membership of a group that is about to be created: writes the inbox row and the user's count, or
    /// neither. Without the group the row has no effect.
    ///
    /// Written before the group, since a group and the rows of a hundred members do not fit into one transaction.
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

    /// Upper bound of the number of a user's memberships, strongly consistent; `None` where they were never counted.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn membership_count(
        &self,
        user: UserId,
    ) -> impl Future<Output = Result<Option<MembershipCount>, StoreError>> + Send;

    /// Replaces a user's count, if it still equals `seen`.
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

    /// Creates a group whose members have [joined](Groups::join), together with its first entry, or neither.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`StoreError::Rejected`] where there is a group with that id.
    fn create_group(
        &self,
        group: &Group,
        entry: &Message,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes the next version of a group with the system entry about it and the change of an inbox row, all or
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn commit(
        &self,
        version: NewVersion<'_>,
    ) -> impl Future<Output = Result<CommitOutcome, StoreError>> + Send;
}
