//! Logging in on a device.

use std::time::Duration;

use confab_domain::account::{Handle, Password};
use confab_domain::device::to_log_out;
use confab_domain::rate::Rate;
use confab_domain::{DeviceId, Refusal, Timestamp, UserId};
use confab_protocol::{http, limits};
use futures_util::future::try_join;

use crate::Error;
use crate::end_device::{SECOND_LOOK, close_ended_sockets, end_device};
use crate::ports::{
    Account, Connections, Devices, Passwords, PresenceQueue, Push, RateLimits, Sessions, Tokens, Users,
};
use crate::presence::{Context, PresenceTask};
use crate::refresh_session::session_of;
use crate::sign_up::{AuthRates, FreshIds, new_device};

/// Failed logins at one handle, from all addresses together, after which each address is slowed down.
const FAILED_ANYWHERE: Rate = Rate { burst: 100, interval: Duration::from_secs(6) };

/// Failed logins per handle and address while that is so: whoever knows the password gets in with the first try.
const FAILED_WHEN_SLOWED: Rate = Rate { burst: 1, interval: Duration::from_secs(60) };

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
    let account = check_credentials(store, passwords, (rates, source), &login, now).await?;
    let user = account.profile.user;
    let is_known = login.device.as_ref().is_some_and(|device| device.id.is_some());
    let device = new_device(user, login.device.unwrap_or_default(), ids, now)?;
    if is_known {
        // Whether or not this request gets to closing what the earlier login opened.
        context.queue.put(&PresenceTask::end_sockets(user, device.device), SECOND_LOOK).await?;
    }
    store.put_device(&device).await?;
    // After the device is there: of logins at once, the last to look sees all of them.
    make_room(context, ways, user, device.device).await?;
    Ok(session_of(tokens, &device, now))
}

/// Failures are counted per handle and source address, so that nobody elsewhere keeps a user out.
async fn check_credentials(
    store: &(impl Users + RateLimits + Sync),
    passwords: &(impl Passwords + Sync),
    (rates, source): (AuthRates, &str),
    login: &http::Login,
    now: Timestamp,
) -> Result<Account, Error> {
    let (Ok(handle), Ok(password)) = (Handle::parse(&login.handle), Password::parse(&login.password)) else {
        return Err(Refusal::WrongCredentials.into());
    };
    let failures = Failures {
        here: format!("failed-logins#{handle}#{source}"),
        slowed: format!("failed-logins-slowed#{handle}#{source}"),
        anywhere: format!("failed-logins#{handle}"),
        rate: rates.per_handle,
    };
    failures.check(store, now).await?;
    // Bounds how many guesses can be under way at once, which the check lets through together.
    let tries = format!("tries#{handle}#{source}");
    store.take(&tries, rates.at_once_per_handle, now).await??;
    let account = store.user_by_handle(&handle).await?;
    let right = passwords.verify(&password, account.as_ref().map(|account| &account.password_hash)).await?;
    let Some(account) = account.filter(|_| right) else {
        failures.count(store, now).await?;
        return Err(Refusal::WrongCredentials.into());
    };
    try_join(store.refill(&failures.here), store.refill(&tries)).await?;
    Ok(account)
}

/// The buckets of failed logins at a handle.
struct Failures {
    /// From this address.
    here: String,
    /// From this address, while there are too many from everywhere.
    slowed: String,
    /// From everywhere.
    anywhere: String,
    /// Of `here`.
    rate: Rate,
}

impl Failures {
    async fn check(&self, store: &(impl RateLimits + Sync), now: Timestamp) -> Result<(), Error> {
        let here = store.check(&self.here, self.rate, now);
        let anywhere = store.check(&self.anywhere, FAILED_ANYWHERE, now);
        let (here, anywhere) = try_join(here, anywhere).await?;
        here?;
        if anywhere.is_err() {
            store.check(&self.slowed, FAILED_WHEN_SLOWED, now).await??;
        }
        Ok(())
    }

    /// Whether this one was within the limits is not told: it was a wrong one.
    async fn count(&self, store: &(impl RateLimits + Sync), now: Timestamp) -> Result<(), Error> {
        let here = store.take(&self.here, self.rate, now);
        let anywhere = store.take(&self.anywhere, FAILED_ANYWHERE, now);
        let (_, anywhere) = try_join(here, anywhere).await?;
        if anywhere.is_err() {
            let _ = store.take(&self.slowed, FAILED_WHEN_SLOWED, now).await?;
        }
        Ok(())
    }
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
    close_ended_sockets(context, ways.0, user, newcomer).await
}
