//! Changing one's password.

use confab_domain::account::{Password, TypedPassword};
use confab_domain::refresh::Rotation;
use confab_domain::{Refusal, UserId};
use confab_protocol::http;

use crate::Error;
use crate::credentials::{AuthRates, check_password, take_try};
use crate::end_device::end_other_devices;
use crate::ports::{
    Account, Connections, Devices, Identity, PasswordHash, PasswordReplacement, Passwords, PresenceQueue,
    Push, RateLimits, RotateOutcome, Sessions, StoreError, Tokens, Users,
};
use crate::presence::Context;
use crate::refresh_session::session;

/// How often the next generation of tokens is tried while the same device refreshes.
const ROTATE_ATTEMPTS_MAX: u32 = 4;

/// Sets a new password, logs all other devices out, and gives this one the next generation of its tokens.
///
/// The others are logged out before the password is changed, so that a request that dies in between can be repeated, and
/// again after it: a login with the old password that comes later finds the change and ends by itself. The refresh token
/// from before gives the answer again only to whom it may have been lost, and ends the login otherwise.
///
/// # Errors
///
/// [`Error::Refused`] for a wrong field, a wrong old password, and too many tries; [`Error::Store`] and
/// [`Error::Contended`]: the password may have been changed, and others logged out.
pub async fn change_password(
    context: &Context<'_, impl Users + Devices + Sessions + RateLimits + Sync, impl PresenceQueue + Sync>,
    ways: (&(impl Connections + Sync), &(impl Push + Sync)),
    (passwords, tokens): (&(impl Passwords + Sync), &impl Tokens),
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
    end_other_devices(context, ways, caller.user, caller.device).await?;
    if !replace(store, &account, &hash).await? {
        // Somebody else has changed it since.
        return Err(WRONG.into());
    }
    end_other_devices(context, ways, caller.user, caller.device).await?;
    next_session(context, tokens, caller).await
}

async fn replace(
    users: &(impl Users + Sync),
    account: &Account,
    hash: &PasswordHash,
) -> Result<bool, StoreError> {
    let user: UserId = account.profile.user;
    let seen = PasswordReplacement::Changed(account.password_changes);
    if users.replace_password(user, &seen, hash).await? {
        return Ok(true);
    }
    // The adapter may have tried again after its first answer was lost; a hash has a salt of its own.
    Ok(users.user(user).await?.is_some_and(|account| account.password_hash == *hash))
}

async fn next_session(
    context: &Context<'_, impl Devices + Sync, impl Sync>,
    tokens: &impl Tokens,
    caller: Identity,
) -> Result<http::Session, Error> {
    let (Identity { user, device, family }, now) = (caller, context.now);
    for _ in 0..ROTATE_ATTEMPTS_MAX {
        let own = context.store.device(user, device).await?.filter(|own| own.family == family);
        let Some(own) = own else {
            return Err(Refusal::Unauthenticated("this device was logged out").into());
        };
        let rotation = Rotation::unshared(now);
        let rotated = context.store.rotate(user, device, family, own.generation, &rotation, now).await?;
        if rotated == RotateOutcome::Rotated {
            return Ok(session(tokens, caller, own.generation + 1, now));
        }
    }
    Err(Error::Contended)
}
