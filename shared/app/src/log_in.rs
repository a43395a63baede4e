//! Logging in on a device.

use confab_domain::account::{Handle, Password};
use confab_domain::device::to_log_out;
use confab_domain::{DeviceId, Refusal, Timestamp, UserId};
use confab_protocol::{http, limits};

use crate::Error;
use crate::end_device::{close_sockets, end_device};
use crate::ports::{
    Account, Connections, Devices, Passwords, PresenceQueue, Push, RateLimits, Sessions, Tokens, Users,
};
use crate::presence::Context;
use crate::refresh_session::session_of;
use crate::sign_up::{AuthRates, FreshIds, new_device};

/// Logs in on a device, which replaces an earlier login on it.
///
/// With too many devices, the oldest idle one is logged out.
///
/// # Errors
///
/// [`Error::Refused`] for wrong credentials (which part is not told) and for too
/// many tries from one address or at one handle; [`Error::Store`].
pub async fn log_in(
    context: &Context<'_, impl Users + Devices + Sessions + RateLimits + Sync, impl PresenceQueue + Sync>,
    ways: (&(impl Connections + Sync), &(impl Push + Sync)),
    (passwords, tokens): (&(impl Passwords + Sync), &impl Tokens),
    (rates, source): (AuthRates, &str),
    login: http::Login,
    ids: FreshIds,
) -> Result<http::Session, Error> {
    let (store, now) = (context.store, context.now);
    store.take(&format!("login#{source}"), rates.per_source, now).await??;
    let account = check_credentials(store, passwords, rates, &login, now).await?;
    let user = account.profile.user;
    let device = new_device(user, login.device.unwrap_or_default(), ids, now)?;
    store.put_device(&device).await?;
    // After the device is there: of logins at once, the last to look sees all of them.
    make_room(context, ways, user, device.device).await?;
    Ok(session_of(tokens, &device, now))
}

async fn check_credentials(
    store: &(impl Users + RateLimits + Sync),
    passwords: &(impl Passwords + Sync),
    rates: AuthRates,
    login: &http::Login,
    now: Timestamp,
) -> Result<Account, Error> {
    let (Ok(handle), Ok(password)) = (Handle::parse(&login.handle), Password::parse(&login.password)) else {
        return Err(Refusal::WrongCredentials.into());
    };
    let failures = format!("failed-logins#{handle}");
    store.check(&failures, rates.per_handle, now).await??;
    // Bounds how many guesses can be under way at once, which the check lets through together.
    let tries = format!("tries#{handle}");
    store.take(&tries, rates.at_once_per_handle, now).await??;
    let account = store.user_by_handle(&handle).await?;
    let right = passwords.verify(&password, account.as_ref().map(|account| &account.password_hash)).await?;
    let Some(account) = account.filter(|_| right) else {
        // Whether this try was within the limit is not told: it was a wrong one.
        let _ = store.take(&failures, rates.per_handle, now).await?;
        return Err(Refusal::WrongCredentials.into());
    };
    store.refill(&failures).await?;
    store.refill(&tries).await?;
    Ok(account)
}

async fn make_room(
    context: &Context<'_, impl Devices + Sessions + Sync, impl PresenceQueue + Sync>,
    ways: (&(impl Connections + Sync), &(impl Push + Sync)),
    user: UserId,
    newcomer: DeviceId,
) -> Result<(), Error> {
    let devices = context.store.devices(user).await?;
    let session = context.store.session(user).await?;
    let is_connected = |device| {
        session.iter().flat_map(|row| &row.connections).any(|connection| connection.device == device)
    };
    for device in to_log_out(&devices, is_connected, newcomer, limits::DEVICES_MAX) {
        end_device(context, ways, user, device, None).await?;
    }
    // Those of an earlier login on the same device.
    close_sockets(context, ways.0, user, newcomer).await
}
