//! What users are to each other.

use std::future::Future;

use confab_domain::{Relation, UserId};

use super::StoreError;

/// Somebody's relation to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    /// To whom.
    pub other: UserId,
    /// What they are to each other.
    pub relation: Relation,
}

/// Some of somebody's contacts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactPage {
    /// Ascending by the other's id.
    pub contacts: Vec<Contact>,
    /// After whom the next page begins; `None` at the end.
    pub next: Option<UserId>,
}

/// Two users, and a change of what they are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairChange {
    /// The one.
    pub user: UserId,
    /// The other.
    pub other: UserId,
    /// What the one is to the other: as it was read, and as it shall be.
    pub relation: [Relation; 2],
    /// What the other is to the one, likewise.
    pub others_relation: [Relation; 2],
}

/// Relations, one of each user to each other.
pub trait Contacts: Send + Sync {
    /// What `user` is to `other`, strongly consistent; of strangers, nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn relation(
        &self,
        user: UserId,
        other: UserId,
    ) -> impl Future<Output = Result<Relation, StoreError>> + Send;

    /// What `user` is to each of up to 100 others, strongly consistent; strangers are left out.
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
    /// where somebody else changes one at this moment.
    ///
    /// A relation that says nothing is removed.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Done again after an unknown outcome, it may find its own change.
    fn change_pair(&self, change: &PairChange) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
