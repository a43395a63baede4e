//! Accounts.

use std::collections::{BTreeMap, BTreeSet};

use confab_app::ports::{
    Account, CreateUserOutcome, PasswordHash, PasswordReplacement, ProfileChange, StoreError, Users,
};
use confab_domain::account::{Handle, Profile};
use confab_domain::device::Device;
use confab_domain::invite::Invite;
use confab_domain::{InviteId, UserId};

use crate::Memory;

#[derive(Debug, Default)]
pub(crate) struct UserTable(BTreeMap<UserId, Account>);

/// How often each invite was used.
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
                PasswordReplacement::Changed(seen) if account.password_changes == *seen => {
                    account.password_changes += 1;
                }
                PasswordReplacement::Renewed(_) | PasswordReplacement::Changed(_) => return false,
            }
            account.password_hash = hash.clone();
            true
        })
        .await
    }
}
