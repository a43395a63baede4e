//! Accounts.

use std::future::Future;
use std::time::Duration;

use confab_domain::account::{GroupAdds, Handle, Profile};
use confab_domain::device::Device;
use confab_domain::invite::Invite;
use confab_domain::{DeviceId, Timestamp, UserId};

use super::{PasswordHash, StoreError};

/// An account, with its password hash.
#[derive(Clone, Debug)]
pub struct Account {
    /// The public part.
    pub profile: Profile,
    /// Hash of the password; only a login needs it.
    pub password_hash: PasswordHash,
    /// How often the password was changed.
    pub password_changes: u64,
    /// When the account was created.
    pub created_at: Timestamp,
    /// Who may put the user into groups.
    pub group_adds: GroupAdds,
}

/// Outcome of creating an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateUserOutcome {
    /// The account was created, with its handle and first device.
    Created,
    /// Another user has the handle; nothing was written.
    HandleTaken,
    /// The invite was used as often as it may be; nothing was written.
    InviteUsedUp,
}

/// Changes of an account; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange {
    /// The new name.
    pub display_name: Option<String>,
    /// The new avatar; `Some(None)` removes it.
    pub avatar: Option<Option<String>>,
    /// Who may put the user into groups.
    pub group_adds: Option<GroupAdds>,
}

/// Why a password hash is replaced, and on what condition.
#[derive(Clone, Debug)]
pub enum PasswordReplacement {
    /// The same password was hashed anew; on condition that the account still has this hash.
    Renewed(PasswordHash),
    /// The password is a new one; on condition that this change is claimed. Counts as one more change, and ends the
    /// claim.
    Changed(PasswordChange),
}

/// A change of a password that a device has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordChange {
    /// How often the password was changed before this change.
    pub seen: u64,
    /// The device that claims the change.
    pub by: DeviceId,
}

/// How long a change of a password stays claimed if it is not made: longer than a request lasts.
pub const PASSWORD_CHANGE_CLAIMED: Duration = Duration::from_secs(30);

/// Accounts, by id and by handle.
pub trait Users: Send + Sync {
    /// Creates an account, its handle and its first device, and counts a use of `invite`, all or nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. A repetition after an unknown outcome may return [`CreateUserOutcome::HandleTaken`] because of
    /// its own handle.
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

    /// The profiles of up to 100 users, in no particular order, eventually consistent; users that do not exist are
    /// left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn profiles(&self, users: &[UserId]) -> impl Future<Output = Result<Vec<Profile>, StoreError>> + Send;

    /// Changes an account and returns it after the change; `None` where there is no such user.
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
    /// device has claimed the change within [`PASSWORD_CHANGE_CLAIMED`], or where there is no such user. Then nothing
    /// was written.
    ///
    /// A second claim by the same device renews the claim.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. After an unknown outcome the change may be claimed.
    fn claim_password_change(
        &self,
        user: UserId,
        change: &PasswordChange,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Replaces the hash of a password by `hash`; false where the condition does not hold, and nothing was written.
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
