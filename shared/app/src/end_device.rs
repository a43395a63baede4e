//! Logging a device out.

use confab_domain::{ConnectionId, DeviceId, FamilyId, Timestamp, UserId};

use crate::Error;
use crate::ports::{Connections, Devices, Sessions, StoreError};

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
    store: &(impl Devices + Sessions + Sync),
    connections: &(impl Connections + Sync),
    (user, device): (UserId, DeviceId),
    family: Option<FamilyId>,
    now: Timestamp,
) -> Result<bool, Error> {
    let login = store.device(user, device).await?;
    if login.is_none_or(|login| family.is_some_and(|family| family != login.family)) {
        return Ok(false);
    }
    close_sockets(store, connections, user, device, now).await?;
    let ended = store.remove_device(user, device, family).await?;
    close_sockets(store, connections, user, device, now).await?;
    Ok(ended)
}

/// Closes the sockets of a device; ends the lease if they were the user's only ones.
///
/// A socket that cannot be closed stays on record.
pub(crate) async fn close_sockets(
    sessions: &(impl Sessions + Sync),
    connections: &(impl Connections + Sync),
    user: UserId,
    device: DeviceId,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(session) = sessions.sessions(&[user]).await?.pop() else { return Ok(()) };
    let all = session.connections.len();
    let of_device = session.connections.into_iter().filter(|open| open.device == device);
    let ids: Vec<ConnectionId> = of_device.map(|open| open.id).collect();
    let (closed, failure) = close_all(connections, ids).await;
    sessions.close_connections(user, &closed).await?;
    if !closed.is_empty() && closed.len() == all {
        sessions.end_lease(user, now).await?;
    }
    failure.map_or(Ok(()), |error| Err(error.into()))
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
