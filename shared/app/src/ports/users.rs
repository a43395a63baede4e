//! Accounts.

use std::future::Future;

use confab_domain::account::{GroupAdds, Handle, Profile};
use confab_domain::device::Device;
use confab_domain::{Timestamp, UserId};

use super::{PasswordHash, StoreError};

/// An account with its secret.
#[derive(Clone, Debug)]
pub struct Account {
    /// What everybody may know.
    pub profile: Profile,
    /// What only the login needs.
    pub password_hash: PasswordHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who may put the user into groups.
    pub group_adds: GroupAdds,
}

/// What making an account came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateUserOutcome {
    /// It is there, whole.
    Created,
    /// Somebody has the handle; nothing was written.
    HandleTaken,
}

/// What a user changes of their account; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange {
    /// The new name.
    pub display_name: Option<String>,
    /// The new avatar; `Some(None)` removes it.
    pub avatar: Option<Option<String>>,
    /// Who may put the user into groups.
    pub group_adds: Option<GroupAdds>,
}

/// Accounts, by id and by handle.
pub trait Users {
    /// Makes an account, its handle and its first device, all or nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Done again after an unknown outcome, it may answer
    /// [`CreateUserOutcome::HandleTaken`] on account of itself.
    fn create_user(
        &self,
        account: &Account,
        device: &Device,
    ) -> impl Future<Output = Result<CreateUserOutcome, StoreError>> + Send;

    /// The account with this handle.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn user_by_handle(
        &self,
        handle: &Handle,
    ) -> impl Future<Output = Result<Option<Account>, StoreError>> + Send;

    /// The account with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn user(&self, user: UserId) -> impl Future<Output = Result<Option<Account>, StoreError>> + Send;

    /// The profiles of up to 100 users, in no particular order; those that do not exist are left out. A moment old, perhaps.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn profiles(&self, users: &[UserId]) -> impl Future<Output = Result<Vec<Profile>, StoreError>> + Send;

    /// Changes an account and gives it as it is then; `None` where there is no such user.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn change_profile(
        &self,
        user: UserId,
        change: &ProfileChange,
    ) -> impl Future<Output = Result<Option<Account>, StoreError>> + Send;
}
