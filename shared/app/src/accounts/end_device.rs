//! Logging a device out.

use std::time::Duration;

use confab_domain::device::Device;
use confab_domain::{Attendance, DeviceId, FamilyId, Status, UserId};
use confab_protocol::server::ClosingReason;
use futures_util::{StreamExt, stream};

use crate::connections::close_connection::{close_each, close_later};
use crate::connections::stale::stale_among;
use crate::limits::concurrency::STORE_CALLS_MAX;
use crate::ports::{
    Connection, ConnectionChange, ConnectionKey, Connections, Consistency, Devices, Identity, PresenceQueue,
    Push, Sessions,
};
use crate::presence::{Context, Errand, PresenceTask, Queued};
use crate::push::register::forget;
use crate::{Error, chain};

/// Attempts to end a lease while the user's frames renew it.
const ATTEMPTS_MAX: u32 = 4;

/// Delay of the second scan for the connections of a login that has ended: longer than a write to a row takes.
pub(crate) const SECOND_SCAN: Duration = Duration::from_secs(2);

/// Ends a device's login: its tokens become invalid, its sockets close, and its user is offline immediately if no
/// other device is connected. Returns false where the device had no login, or another login than `family`.
///
/// From the answer on, no socket of the login reads or writes: none is registered, none can be registered again, and
/// the login decides about the frames of a socket that is still open. If this request dies, a queue message finishes
/// its work.
///
/// # Errors
///
/// [`Error::Store`], [`Error::Contended`]. Either the login is alive and can be ended again, or the sockets are closed
/// later.
pub async fn end_device(
    context: &Context<'_, impl Devices + Sessions, impl PresenceQueue>,
    (connections, push): (&impl Connections, &impl Push),
    user: UserId,
    device: DeviceId,
    family: Option<FamilyId>,
) -> Result<bool, Error> {
    let Some(login) = context.store.device(user, device).await? else {
        // An earlier request may have removed the login and died before it closed the sockets.
        let has_ended = end_sockets(context, connections, user, device).await?;
        if has_ended || family.is_some() {
            end_lease_if_alone(context, user).await?;
        }
        return Ok(false);
    };
    if family.is_some_and(|family| family != login.family) {
        return Ok(false);
    }
    context.queue.put(&PresenceTask::end_sockets(user, device), SECOND_SCAN).await?;
    let ended = context.store.remove_device(user, device, family).await?;
    if ended {
        forget_registration(context.store, push, &login).await;
    }
    let has_ended = end_sockets(context, connections, user, device).await?;
    // A device that logs out is offline, even if its socket was closed before.
    if has_ended || family.is_some() {
        end_lease_if_alone(context, user).await?;
    }
    Ok(ended)
}

/// Ends the logins of all devices of a user but `kept`.
///
/// # Errors
///
/// As [`end_device`]; a repetition ends what is left.
pub(crate) async fn end_other_devices(
    context: &Context<'_, impl Devices + Sessions, impl PresenceQueue>,
    ways: (&impl Connections, &impl Push),
    user: UserId,
    kept: DeviceId,
) -> Result<(), Error> {
    let devices = context.store.devices(user).await?.into_iter();
    end_each(context, ways, user, devices.map(|login| login.device).filter(|device| *device != kept)).await
}

/// Ends the logins of several devices of a user side by side: each takes some round trips, and some seconds if the
/// gateway is slow.
///
/// # Errors
///
/// As [`end_device`], once all have been tried; a repetition ends what is left.
pub(crate) async fn end_each(
    context: &Context<'_, impl Devices + Sessions, impl PresenceQueue>,
    ways: (&impl Connections, &impl Push),
    user: UserId,
    devices: impl Iterator<Item = DeviceId> + Send,
) -> Result<(), Error> {
    let endings = devices.map(|device| end_device(context, ways, user, device, None));
    let outcomes: Vec<_> = stream::iter(endings).buffer_unordered(STORE_CALLS_MAX).collect().await;
    outcomes.into_iter().try_for_each(|outcome| outcome.map(drop))
}

/// Ends the logins of all devices of a user, the caller's last: until then the call can be repeated.
///
/// # Errors
///
/// As [`end_device`]; a repetition ends what is left.
pub async fn end_every_device(
    context: &Context<'_, impl Devices + Sessions, impl PresenceQueue>,
    ways: (&impl Connections, &impl Push),
    caller: Identity,
) -> Result<(), Error> {
    let Identity { user, device, family } = caller;
    end_other_devices(context, ways, user, device).await?;
    end_device(context, ways, user, device, Some(family)).await.map(drop)
}

/// Removes the push endpoint of a device that is logged out, best effort. Nothing is pushed to the device any more,
/// so an endpoint that is left over does no harm.
async fn forget_registration(devices: &impl Devices, push: &impl Push, login: &Device) {
    if let Err(error) = forget(devices, push, login).await {
        tracing::warn!(event = "endpoint_removal_failed", error = chain(&error), "an endpoint is left over");
    }
}

/// Closes the sockets of a device that are not of its living login, and ends the lease if the user has no other
/// sockets.
///
/// # Errors
///
/// [`Error::Store`], [`Error::Contended`]; a repetition finishes the work.
pub(crate) async fn close_ended_sockets(
    context: &Context<'_, impl Devices + Sessions, impl PresenceQueue>,
    connections: &impl Connections,
    user: UserId,
    device: DeviceId,
) -> Result<(), Error> {
    if end_sockets(context, connections, user, device).await? {
        end_lease_if_alone(context, user).await?;
    }
    Ok(())
}

/// Closes the sockets of a device that are not of its living login, and ends their registrations. Returns whether
/// there were any.
///
/// The login is read after the row: a connection of a newer login is in the row only after that login exists.
async fn end_sockets(
    context: &Context<'_, impl Devices + Sessions, impl PresenceQueue>,
    connections: &impl Connections,
    user: UserId,
    device: DeviceId,
) -> Result<bool, Error> {
    let Some(session) = context.store.session(user, Consistency::Strong).await? else { return Ok(false) };
    let living = context.store.device(user, device).await?.map(|login| login.family);
    let has_ended = |open: &Connection| open.device == device && (living.is_none() || open.family != living);
    let (ended, others): (Vec<_>, Vec<_>) = session.connections.into_iter().partition(has_ended);
    let forgotten = session.displaced.iter().filter(|other| other.device == device && living.is_none());
    let forgotten: Vec<ConnectionKey> = forgotten.map(ConnectionKey::from).collect();
    if ended.is_empty() && forgotten.is_empty() {
        return Ok(false);
    }
    let had_sockets = !ended.is_empty();
    let displaced = forgotten.iter().map(|key| Connection {
        id: key.id.clone(),
        device,
        family: None,
        opened_at: context.now,
        attendance: Attendance::Unstated,
    });
    let all: Vec<Connection> = ended.iter().cloned().chain(displaced).collect();
    let unconfirmed = close_each(connections, all, ClosingReason::LoggedOut, context.now).await.unconfirmed;
    close_later(context, user, &unconfirmed, ClosingReason::LoggedOut).await?;
    // A stale connection does not keep the user online.
    let stale = stale_among(connections, others, context.now).await;
    let change = ConnectionChange { forgotten, ..ConnectionChange::closed(ended.iter().chain(&stale)) };
    context.store.change_connections(user, &change, context.now).await?;
    Ok(had_sockets)
}

/// Ends the lease of a user without registered connections, and has friends notified.
///
/// The lease check that notifies them is queued after the write to the row, since before that it would find nothing
/// to do. Another lease check is queued before the write, with a delay, in case this request dies.
pub(crate) async fn end_lease_if_alone(
    context: &Context<'_, impl Sessions, impl PresenceQueue>,
    user: UserId,
) -> Result<(), Error> {
    let mut queued = Queued::default();
    let mut attempts = context.attempts(ATTEMPTS_MAX);
    while attempts.next().await {
        let session =
            context.store.session(user, Consistency::Strong).await?.filter(|session| !session.is_connected());
        let Some(session) = session else { return Ok(()) };
        let number = if session.status(context.policy, context.now) == Status::Online {
            queued.check_once(context.queue, (user, context.no_watch()), SECOND_SCAN).await?;
            let ended = session.presence.ending(context.now);
            if !context.store.replace_presence(user, &session.presence, &ended).await? {
                continue;
            }
            context.watch
        } else if session.presence.friends_see_online() {
            context.number(Errand::Repeat, 0)
        } else {
            return Ok(());
        };
        let task = PresenceTask::check_once(user, number);
        return Ok(context.queue.put(&task, Duration::ZERO).await?);
    }
    Err(Error::Contended)
}
