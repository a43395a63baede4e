//! Accounts.

use std::future::Future;
use std::time::Duration;

use confab_domain::account::{GroupAdds, Handle, Profile};
use confab_domain::device::Device;
use confab_domain::invite::Invite;
use confab_domain::{DeviceId, Timestamp, UserId};

use super::{PasswordHash, StoreError};

/// An account with its secret.
#[derive(Clone, Debug)]
pub struct Account {
    /// What everybody may know.
    pub profile: Profile,
    /// What only the login needs.
    pub password_hash: PasswordHash,
    /// How often the password was changed.
    pub password_changes: u64,
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
    /// The invite was used as often as it may be; nothing was written.
    InviteUsedUp,
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

/// A new hash of a password, and on what condition it takes its place.
#[derive(Clone, Debug)]
pub enum PasswordReplacement {
    /// The same password hashed anew, if this hash is still there.
    Renewed(PasswordHash),
    /// Another password, by whom the change is claimed; that counts as one change more and ends the claim.
    Changed(PasswordChange),
}

/// A change of a password that a device has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordChange {
    /// How often the password was changed before.
    pub seen: u64,
    /// The device.
    pub by: DeviceId,
}

/// How long a change of a password stays claimed that was not made: longer than a request lives.
pub const PASSWORD_CHANGE_CLAIMED: Duration = Duration::from_secs(30);

/// Accounts, by id and by handle.
pub trait Users: Send + Sync {
    /// Makes an account, its handle and its first device, and counts a use of `invite`, all or nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Done again after an unknown outcome, it may answer
    /// [`CreateUserOutcome::HandleTaken`] on account of itself.
    fn create_user(
        &self,
        account: &Account,
        device: &Device,
        invite: Option<&Invite>,
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

    /// Claims the next change of a password for a device; false where the password was changed since, where another
    /// device has claimed it within [`PASSWORD_CHANGE_CLAIMED`], or where there is no such user. Then nothing was written.
    ///
    /// Claimed by the same device again it is claimed anew.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. After an unknown outcome it may be claimed.
    fn claim_password_change(
        &self,
        user: UserId,
        change: &PasswordChange,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Replaces the hash of a password; false where the condition does not hold, and nothing was written.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. After an unknown outcome the password may be the new one.
    fn replace_password(
        &self,
        user: UserId,
        replacement: &PasswordReplacement,
        hash: &PasswordHash,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
