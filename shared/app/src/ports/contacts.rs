//! Relations between users.

use std::future::Future;

use confab_domain::{Relation, UserId};

use super::StoreError;

/// A user's relation to another user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The other user.
    pub other: UserId,
    /// The relation.
    pub relation: Relation,
}

/// A page of a user's contacts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactPage {
    /// Ascending by the other's id.
    pub contacts: Vec<Contact>,
    /// The contact after which the next page begins; `None` at the end.
    pub next: Option<UserId>,
}

/// A change of the relations between two users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairChange {
    /// One user.
    pub user: UserId,
    /// The other user.
    pub other: UserId,
    /// Relation of `user` to `other`: as it was read, and as it will be.
    pub relation: [Relation; 2],
    /// Relation of `other` to `user`: as it was read, and as it will be.
    pub others_relation: [Relation; 2],
}

/// Relations of each user to other users.
pub trait Contacts: Send + Sync {
    /// The relation of `user` to `other`, strongly consistent; the empty relation for strangers.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn relation(
        &self,
        user: UserId,
        other: UserId,
    ) -> impl Future<Output = Result<Relation, StoreError>> + Send;

    /// The relations of `user` to up to 100 others, strongly consistent; strangers are left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn relations(
        &self,
        user: UserId,
        others: &[UserId],
    ) -> impl Future<Output = Result<Vec<Contact>, StoreError>> + Send;

    /// A page of the user's contacts, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn contacts(
        &self,
        user: UserId,
        after: Option<UserId>,
        rows_max: u32,
    ) -> impl Future<Output = Result<ContactPage, StoreError>> + Send;

    /// Changes both relations of a pair if both are still as they were read, atomically; false where one is not, or
    /// where another request changes one at this moment.
    ///
    /// An empty relation is removed.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. A repetition after an unknown outcome may find its own change.
    fn change_pair(&self, change: &PairChange) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
