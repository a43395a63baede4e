//! Groups.

use std::future::Future;

use confab_domain::{Group, GroupId, Message, UserId};

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
    /// A membership begins.
    Join(UserId),
    /// A membership ends.
    Leave(UserId),
}

/// What making a new version came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// All of it is made.
    Done,
    /// Nothing of it: the group has another version, or the position is taken.
    Contended,
}

/// Groups, each changed as a whole.
pub trait Groups {
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

    /// Makes a group with its first entry and the inbox rows of its members.
    ///
    /// Whole or absent: where it is not done, there is no group and no entry, and rows that may be left of it lead
    /// nowhere.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
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
