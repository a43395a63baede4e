//! Logging a device out.

use std::time::Duration;

use confab_domain::device::Device;
use confab_domain::lease::YOUNG_CONNECTION;
use confab_domain::{ConnectionId, DeviceId, FamilyId, Status, UserId};

use crate::Error;
use crate::ports::{Connections, Devices, PresenceQueue, Push, Sessions, StoreError};
use crate::presence::{Context, PresenceTask};
use crate::push::register::forget;

/// How often the end of a lease is tried while the user is heard from.
const ATTEMPTS_MAX: u32 = 4;

/// Ends a device's login: its tokens die, its sockets close, and its user is
/// offline at once if no other device was connected. False where there was none,
/// or where it is another login than `family`.
///
/// Sockets are closed before the login is taken away, so that a failure leaves a
/// login that can be ended again; and after it, for those that opened meanwhile.
/// Later ones find the login gone: see [`crate::open_connection`].
///
/// # Errors
///
/// [`Error::Store`]; doing it again finishes what was begun.
pub async fn end_device(
    context: &Context<'_, impl Devices + Sessions + Sync, impl PresenceQueue + Sync>,
    (connections, push): (&(impl Connections + Sync), &(impl Push + Sync)),
    user: UserId,
    device: DeviceId,
    family: Option<FamilyId>,
) -> Result<bool, Error> {
    let login = context.store.device(user, device).await?;
    let Some(login) = login.filter(|login| family.is_none_or(|family| family == login.family)) else {
        return Ok(false);
    };
    close_sockets(context, connections, user, device).await?;
    let ended = context.store.remove_device(user, device, family).await?;
    forget_registration(context.store, push, &login).await;
    close_sockets(context, connections, user, device).await?;
    if family.is_some() {
        // Who logs out is gone, though their socket may have been closed before.
        end_lease_if_alone(context, user).await?;
    }
    Ok(ended)
}

/// The device is gone, so nothing is pushed to it; what is left of it in the push service is in nobody's way.
async fn forget_registration(devices: &(impl Devices + Sync), push: &(impl Push + Sync), login: &Device) {
    if let Err(error) = forget(devices, push, login).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "an endpoint is left over");
    }
}

/// Closes the sockets of a device; ends the lease if they were the user's only ones.
///
/// A socket that cannot be closed stays on record.
pub(crate) async fn close_sockets(
    context: &Context<'_, impl Sessions + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    user: UserId,
    device: DeviceId,
) -> Result<(), Error> {
    let Some(session) = context.store.session(user).await? else { return Ok(()) };
    let (own, others): (Vec<_>, Vec<_>) =
        session.connections.into_iter().partition(|open| open.device == device);
    let (mut gone, failure) = close_all(connections, own.into_iter().map(|open| open.id).collect()).await;
    if !gone.is_empty() {
        for other in others {
            // What is gone already is no other device that keeps the user online.
            let is_young = context.now.since(other.opened_at) < YOUNG_CONNECTION;
            if !is_young && connections.is_open(&other.id).await.is_ok_and(|is_open| !is_open) {
                gone.push(other.id);
            }
        }
        context.store.close_connections(user, &gone).await?;
        end_lease_if_alone(context, user).await?;
    }
    failure.map_or(Ok(()), |error| Err(error.into()))
}

/// Ends the lease of a user of whom no connection is on record, and has friends told.
pub(crate) async fn end_lease_if_alone(
    context: &Context<'_, impl Sessions + Sync, impl PresenceQueue + Sync>,
    user: UserId,
) -> Result<(), Error> {
    for _ in 0..ATTEMPTS_MAX {
        let session = context.store.session(user).await?.filter(|session| !session.is_connected());
        let Some(session) = session else { return Ok(()) };
        if session.status(context.policy, context.now) == Status::Offline {
            return Ok(());
        }
        let ended = session.presence.ending(context.now);
        if context.store.replace_presence(user, &session.presence, &ended).await? {
            // Best effort: who watches the lease notices, only later.
            let task = PresenceTask::check_once(user, context.watch);
            if let Err(error) = context.queue.put(&task, Duration::ZERO).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "a logout is told late");
            }
            return Ok(());
        }
    }
    Ok(())
}

/// Closes connections; gives those that are closed, and a failure if there was one.
pub(crate) async fn close_all(
    connections: &(impl Connections + Sync),
    ids: Vec<ConnectionId>,
) -> (Vec<ConnectionId>, Option<StoreError>) {
    let (mut closed, mut failure) = (Vec::new(), None);
    for id in ids {
        match connections.close(&id).await {
            Ok(()) => closed.push(id),
            Err(error) => failure = Some(error),
        }
    }
    (closed, failure)
}
