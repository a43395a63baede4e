//! Changing one's password.

use confab_domain::account::{Password, TypedPassword};
use confab_domain::device::Device;
use confab_domain::refresh::Rotation;
use confab_domain::{Refusal, UserId};
use confab_protocol::http;

use crate::Error;
use crate::credentials::{AuthRates, check_password, take_try};
use crate::end_device::end_other_devices;
use crate::ports::{
    Connections, Devices, Identity, PasswordChange, PasswordHash, PasswordReplacement, Passwords,
    PresenceQueue, Push, RateLimits, RotateOutcome, Sessions, StoreError, Tokens, Users,
};
use crate::presence::Context;
use crate::refresh_session::session;

/// How often the next generation of tokens is tried while the same device refreshes.
const ROTATE_ATTEMPTS_MAX: u32 = 4;

/// Somebody else has logged the device out after its change was made.
const LOGGED_OUT_AFTER: &str =
    "the password was changed, and this device was logged out since; log in with the new password";

/// Sets a new password, logs all other devices out, and gives this one the next generation of its tokens.
///
/// The others are logged out before the password is changed, so that a request that dies in between can be repeated, and
/// again after it: a login with the old password that comes later finds the change and ends by itself. Of two devices
/// that change it at the same time one has claimed the change, and only that one logs the other out. The refresh token
/// from before gives the answer again only to whom it may have been lost, and ends the login otherwise.
///
/// # Errors
///
/// [`Error::Refused`] for a wrong field, a wrong old password, and too many tries, and where the device is logged out
/// meanwhile, of which the text says whether the password was changed before; [`Error::Contended`] where another device
/// is changing it; [`Error::Store`]: the password may have been changed, and others logged out.
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
    // The adapter may have tried again after its first answer was lost; a hash has a salt of its own.
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
