//! Accounts, password changes and invites.

use std::collections::{BTreeMap, BTreeSet};

use confab_app::ports::{
    Account, CreateUserOutcome, PASSWORD_CHANGE_CLAIMED, PasswordChange, PasswordHash, PasswordReplacement,
    ProfileChange, StoreError, Users,
};
use confab_domain::account::{Handle, Profile};
use confab_domain::device::Device;
use confab_domain::invite::Invite;
use confab_domain::{DeviceId, InviteId, Timestamp, UserId};

use crate::Memory;

#[derive(Debug, Default)]
pub(crate) struct UserTable(BTreeMap<UserId, Account>);

/// The device that has claimed the next change of a user's password, and the time of the claim.
#[derive(Debug, Default)]
pub(crate) struct PasswordChangeTable(BTreeMap<UserId, (DeviceId, Timestamp)>);

/// Number of uses of each invite.
#[derive(Debug, Default)]
pub(crate) struct InviteTable(BTreeMap<InviteId, u32>);

impl UserTable {
    fn by_handle(&self, handle: &Handle) -> Option<&Account> {
        self.0.values().find(|account| account.profile.handle == *handle)
    }
}

impl Users for Memory {
    async fn create_user(
        &self,
        account: &Account,
        device: &Device,
        invite: Option<&Invite>,
    ) -> Result<CreateUserOutcome, StoreError> {
        self.call(|tables| {
            let used = invite.map(|invite| tables.invites.0.get(&invite.id).copied().unwrap_or(0) + 1);
            if invite.zip(used).is_some_and(|(invite, used)| used > invite.uses) {
                return CreateUserOutcome::InviteUsedUp;
            }
            if tables.users.by_handle(&account.profile.handle).is_some() {
                return CreateUserOutcome::HandleTaken;
            }
            if let Some((invite, used)) = invite.zip(used) {
                tables.invites.0.insert(invite.id, used);
            }
            tables.users.0.insert(account.profile.user, account.clone());
            tables.devices.put(device);
            CreateUserOutcome::Created
        })
        .await
    }

    async fn user_by_handle(&self, handle: &Handle) -> Result<Option<Account>, StoreError> {
        self.call(|tables| tables.users.by_handle(handle).cloned()).await
    }

    async fn user(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        self.call(|tables| tables.users.0.get(&user).cloned()).await
    }

    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StoreError> {
        let users: BTreeSet<UserId> = users.iter().copied().collect();
        self.call(|tables| {
            let accounts = users.iter().filter_map(|user| tables.users.0.get(user));
            accounts.map(|account| account.profile.clone()).collect()
        })
        .await
    }

    async fn change_profile(
        &self,
        user: UserId,
        change: &ProfileChange,
    ) -> Result<Option<Account>, StoreError> {
        self.call(|tables| {
            let account = tables.users.0.get_mut(&user)?;
            if let Some(display_name) = &change.display_name {
                account.profile.display_name.clone_from(display_name);
            }
            if let Some(avatar) = &change.avatar {
                account.profile.avatar.clone_from(avatar);
            }
            account.group_adds = change.group_adds.unwrap_or(account.group_adds);
            Some(account.clone())
        })
        .await
    }

    async fn claim_password_change(
        &self,
        user: UserId,
        change: &PasswordChange,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.call(|tables| {
            let is_unchanged =
                tables.users.0.get(&user).is_some_and(|account| account.password_changes == change.seen);
            let claim = tables.password_changes.0.get(&user);
            let is_taken = claim.is_some_and(|(by, at)| {
                *by != change.by && at.may_have_been(now) && now.since(*at) < PASSWORD_CHANGE_CLAIMED
            });
            let is_claimed = is_unchanged && !is_taken;
            if is_claimed {
                tables.password_changes.0.insert(user, (change.by, now));
            }
            is_claimed
        })
        .await
    }

    async fn replace_password(
        &self,
        user: UserId,
        replacement: &PasswordReplacement,
        hash: &PasswordHash,
    ) -> Result<bool, StoreError> {
        self.call(|tables| {
            let Some(account) = tables.users.0.get_mut(&user) else { return false };
            match replacement {
                PasswordReplacement::Renewed(seen) if account.password_hash == *seen => {}
                PasswordReplacement::Changed(change)
                    if account.password_changes == change.seen
                        && tables.password_changes.0.get(&user).is_some_and(|(by, _)| *by == change.by) =>
                {
                    account.password_changes += 1;
                    tables.password_changes.0.remove(&user);
                }
                PasswordReplacement::Renewed(_) | PasswordReplacement::Changed(_) => return false,
            }
            account.password_hash = hash.clone();
            true
        })
        .await
    }
}
