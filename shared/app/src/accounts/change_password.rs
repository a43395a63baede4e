//! Changing the own password.

use confab_domain::account::{Password, TypedPassword};
use confab_domain::device::Device;
use confab_domain::refresh::Rotation;
use confab_domain::{Refusal, UserId};
use confab_protocol::http;

use crate::Error;
use crate::accounts::credentials::{AuthRates, check_password, take_try};
use crate::accounts::end_device::end_other_devices;
use crate::accounts::refresh_session::session;
use crate::ports::{
    Connections, Devices, Identity, PasswordChange, PasswordHash, PasswordReplacement, Passwords,
    PresenceQueue, Push, RateLimits, RotateOutcome, Sessions, StoreError, Tokens, Users,
};
use crate::presence::Context;

/// Attempts to make the next generation of tokens while the same device refreshes.
const ROTATE_ATTEMPTS_MAX: u32 = 4;

/// Refusal text for a device that another request has logged out after the change.
const LOGGED_OUT_AFTER: &str =
    "the password was changed, and this device was logged out since; log in with the new password";

/// Sets a new password, logs out all other devices, and returns the next generation of this device's tokens.
///
/// The other devices are logged out before the password is changed, so that a request that dies in between can be
/// repeated, and again after it. A login with the old password that comes later finds the change and ends by itself.
/// Of two devices that change the password at the same time, only the one that claims the change logs the other out.
/// The previous refresh token returns the new tokens only to a device that may have lost them; otherwise it ends the
/// login.
///
/// # Errors
///
/// [`Error::Refused`] for a wrong field, a wrong old password, too many tries, and where the device is logged out
/// meanwhile (the text states whether the password was changed before); [`Error::Contended`] where another device is
/// changing the password; [`Error::Store`]: the password may have been changed, and other devices logged out.
pub async fn change_password(
    context: &Context<'_, impl Users + Devices + Sessions + RateLimits, impl PresenceQueue>,
    ways: (&impl Connections, &impl Push),
    (passwords, tokens): (&impl Passwords, &impl Tokens),
    (rates, source): (AuthRates, &str),
    caller: Identity,
    change: &http::PasswordChange,
) -> Result<http::Session, Error> {
    const WRONG: Refusal = Refusal::NotAllowed("the old password is wrong");
    let (store, now) = (context.store, context.now);
    let new = Password::parse("new_password", &change.new_password)?;
    take_try(store, (rates, source), now).await?;
    let Some(account) = store.user(caller.user).await? else { return Err(Refusal::NotFound("user").into()) };
    let handle = account.profile.handle;
    let Some(typed) = TypedPassword::parse(&change.old_password) else { return Err(WRONG.into()) };
    let verified = check_password(store, passwords, (rates, source), &handle, &typed, now).await?;
    let Some(account) = verified else { return Err(WRONG.into()) };
    let hash = passwords.hash(&new).await?;
    let begun = PasswordChange { seen: account.password_changes, by: caller.device };
    if !store.claim_password_change(caller.user, &begun, now).await? {
        let is_changed = store.user(caller.user).await?.is_none_or(|now| now.password_changes != begun.seen);
        return Err(if is_changed { WRONG.into() } else { Error::Contended });
    }
    if own_device(store, caller).await?.is_none() {
        return Err(Refusal::Unauthenticated("this device was logged out").into());
    }
    end_other_devices(context, ways, caller.user, caller.device).await?;
    if !replace(store, caller.user, begun, &hash).await? {
        return Err(Error::Contended);
    }
    end_other_devices(context, ways, caller.user, caller.device).await?;
    next_session(context, tokens, caller).await
}

/// The caller's device, unless its login has ended.
async fn own_device(devices: &impl Devices, caller: Identity) -> Result<Option<Device>, StoreError> {
    let Identity { user, device, family } = caller;
    Ok(devices.device(user, device).await?.filter(|own| own.family == family))
}

async fn replace(
    users: &impl Users,
    user: UserId,
    change: PasswordChange,
    hash: &PasswordHash,
) -> Result<bool, StoreError> {
    if users.replace_password(user, &PasswordReplacement::Changed(change), hash).await? {
        return Ok(true);
    }
    // The adapter may have tried again after its first answer was lost. A hash has a salt of its own, so an equal
    // hash is this change's.
    Ok(users.user(user).await?.is_some_and(|account| account.password_hash == *hash))
}

async fn next_session(
    context: &Context<'_, impl Devices, impl Sync>,
    tokens: &impl Tokens,
    caller: Identity,
) -> Result<http::Session, Error> {
    let (Identity { user, device, family }, now) = (caller, context.now);
    let mut attempts = context.attempts(ROTATE_ATTEMPTS_MAX);
    while attempts.next().await {
        let Some(own) = own_device(context.store, caller).await? else {
            return Err(Refusal::Unauthenticated(LOGGED_OUT_AFTER).into());
        };
        let rotation = Rotation::unshared(now);
        let rotated = context.store.rotate(user, device, family, own.generation, &rotation, now).await?;
        if rotated == RotateOutcome::Rotated {
            return Ok(session(tokens, caller, own.generation + 1, now));
        }
    }
    Err(Error::Contended)
}
