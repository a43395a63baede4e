//! Logging a device out.

use std::time::Duration;

use confab_domain::device::Device;
use confab_domain::{ConnectionId, DeviceId, FamilyId, Status, UserId};

use crate::Error;
use crate::gone::gone_of;
use crate::ports::{Connections, Devices, PresenceQueue, Push, Sessions, StoreError};
use crate::presence::{Context, PresenceTask, Queued};
use crate::push::register::forget;

/// How often the end of a lease is tried while the user is heard from.
const ATTEMPTS_MAX: u32 = 4;

/// After which a logout is looked at a second time: longer than it takes to write to a row.
const SECOND_LOOK: Duration = Duration::from_secs(2);

/// Ends a device's login: its tokens die, its sockets close, and its user is
/// offline at once if no other device was connected. False where there was none,
/// or where it is another login than `family`.
///
/// Sockets are closed, and the lease is ended, before the login is taken away, so
/// that a failure leaves a login that can be ended again; and sockets after it, for
/// those that opened meanwhile.
/// Later ones find the login gone: see [`crate::open_connection`].
///
/// # Errors
///
/// [`Error::Store`], [`Error::Contended`]; doing it again finishes what was begun.
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
    let has_closed = forget_sockets(context, connections, user, device).await?;
    // Who logs out is gone, though their socket may have been closed before.
    if has_closed || family.is_some() {
        end_lease_if_alone(context, user).await?;
    }
    let ended = context.store.remove_device(user, device, family).await?;
    if ended {
        forget_registration(context.store, push, &login).await;
    }
    close_sockets(context, connections, user, device).await?;
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
    if forget_sockets(context, connections, user, device).await? {
        end_lease_if_alone(context, user).await?;
    }
    Ok(())
}

/// Closes the sockets of a device and takes them off the record; whether there were any.
async fn forget_sockets(
    context: &Context<'_, impl Sessions + Sync, impl Sync>,
    connections: &(impl Connections + Sync),
    user: UserId,
    device: DeviceId,
) -> Result<bool, Error> {
    let Some(session) = context.store.session(user).await? else { return Ok(false) };
    let (own, others): (Vec<_>, Vec<_>) =
        session.connections.into_iter().partition(|open| open.device == device);
    let (mut closed, failure) = close_all(connections, own.into_iter().map(|open| open.id).collect()).await;
    let has_closed = !closed.is_empty();
    if has_closed {
        // What is gone already is no other device that keeps the user online.
        closed.extend(gone_of(connections, others, context.now).await);
        context.store.close_connections(user, &closed).await?;
    }
    failure.map_or(Ok(has_closed), |error| Err(error.into()))
}

/// Ends the lease of a user of whom no connection is on record, and has friends told.
///
/// The look that tells them comes only after the row says so, since before that it would find nothing to tell. Another is
/// in the queue before, for a later time: in case that this request does not get there.
pub(crate) async fn end_lease_if_alone(
    context: &Context<'_, impl Sessions + Sync, impl PresenceQueue + Sync>,
    user: UserId,
) -> Result<(), Error> {
    let mut queued = Queued::default();
    for _ in 0..ATTEMPTS_MAX {
        let session = context.store.session(user).await?.filter(|session| !session.is_connected());
        let Some(session) = session else { return Ok(()) };
        if session.status(context.policy, context.now) == Status::Online {
            queued.check_once(context.queue, (user, context.no_watch()), SECOND_LOOK).await?;
            let ended = session.presence.ending(context.now);
            if !context.store.replace_presence(user, &session.presence, &ended).await? {
                continue;
            }
        } else if !session.presence.is_told_online() {
            return Ok(());
        }
        let task = PresenceTask::check_once(user, context.watch);
        return Ok(context.queue.put(&task, Duration::ZERO).await?);
    }
    Err(Error::Contended)
}

/// Closes connections; gives those that are closed, and a failure if there was one.
pub(crate) async fn close_all(
    connections: &(impl Connections + Sync),
    ids: Vec<ConnectionId>,
) -> (Vec<ConnectionId>, Option<StoreError>) {
    let (mut closed, mut failure) = (Vec::new(), None);
    for id in ids {
        match connections.close(&id).await {
            Ok(_) => closed.push(id),
            Err(error) => failure = Some(error),
        }
    }
    (closed, failure)
}
