//! Logging in on a device.

use confab_domain::account::{Handle, TypedPassword};
use confab_domain::device::to_log_out;
use confab_domain::{DeviceId, Refusal, Timestamp, UserId};
use confab_protocol::{http, limits};

use crate::Error;
use crate::accounts::credentials::{AuthRates, check_password, take_try};
use crate::accounts::end_device::{SECOND_SCAN, close_ended_sockets, end_device, end_each};
use crate::accounts::refresh_session::session_of;
use crate::accounts::sign_up::{FreshIds, new_device};
use crate::ports::{
    Account, Connections, Consistency, Devices, Passwords, PresenceQueue, Push, RateLimits, Sessions, Tokens,
    Users,
};
use crate::presence::{Context, PresenceTask};

/// Logs in on a device, which replaces an earlier login on it.
///
/// With too many devices, the oldest idle one is logged out.
///
/// # Errors
///
/// [`Error::Refused`] for wrong credentials (it does not say which part is wrong) and for too many tries from one
/// address or at one handle; [`Error::Store`].
pub async fn log_in(
    context: &Context<'_, impl Users + Devices + Sessions + RateLimits, impl PresenceQueue>,
    ways: (&impl Connections, &impl Push),
    (passwords, tokens): (&impl Passwords, &impl Tokens),
    (rates, source): (AuthRates, &str),
    login: http::Login,
    ids: FreshIds,
) -> Result<http::Session, Error> {
    let (store, now) = (context.store, context.now);
    take_try(store, (rates, source), now).await?;
    let account = check_credentials(store, passwords, (rates, source), &login, now).await?;
    let user = account.profile.user;
    let is_known = login.device.as_ref().is_some_and(|device| device.id.is_some());
    let device = new_device(user, login.device.unwrap_or_default(), ids, now)?;
    if is_known {
        // Even if this request dies before it closes the sockets of the earlier login.
        context.queue.put(&PresenceTask::end_sockets(user, device.device), SECOND_SCAN).await?;
    }
    store.put_device(&device).await?;
    // A change of the password ends all logins that it finds; a login that comes too late for that ends here.
    if store.user(user).await?.is_none_or(|now| now.password_changes != account.password_changes) {
        end_device(context, ways, user, device.device, Some(device.family)).await?;
        return Err(Refusal::WrongCredentials.into());
    }
    // Read after the device was stored: of concurrent logins, the last to read sees all devices.
    make_room(context, ways, user, device.device).await?;
    Ok(session_of(tokens, &device, now))
}

/// Returns the account of the credentials.
async fn check_credentials(
    store: &(impl Users + RateLimits),
    passwords: &impl Passwords,
    limits: (AuthRates, &str),
    login: &http::Login,
    now: Timestamp,
) -> Result<Account, Error> {
    let (Ok(handle), Some(typed)) = (Handle::parse(&login.handle), TypedPassword::parse(&login.password))
    else {
        return Err(Refusal::WrongCredentials.into());
    };
    let account = check_password(store, passwords, limits, &handle, &typed, now).await?;
    account.ok_or_else(|| Refusal::WrongCredentials.into())
}

async fn make_room(
    context: &Context<'_, impl Devices + Sessions, impl PresenceQueue>,
    ways: (&impl Connections, &impl Push),
    user: UserId,
    newcomer: DeviceId,
) -> Result<(), Error> {
    let devices = context.store.devices(user).await?;
    let session = context.store.session(user, Consistency::Strong).await?;
    let is_connected = |device| {
        session.iter().flat_map(|row| &row.connections).any(|connection| connection.device == device)
    };
    let surplus = to_log_out(&devices, is_connected, newcomer, limits::DEVICES_MAX);
    end_each(context, ways, user, surplus.into_iter()).await?;
    // The sockets of an earlier login on the same device.
    close_ended_sockets(context, ways.0, user, newcomer).await
}
