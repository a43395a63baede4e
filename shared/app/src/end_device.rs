//! Logging a device out.

use confab_domain::{ConnectionId, DeviceId, Timestamp, UserId};

use crate::Error;
use crate::ports::{Connections, Devices, Sessions};

/// Ends a device's login: its tokens die, its sockets close, and its user is
/// offline at once if no other device is connected. False where there was none.
///
/// # Errors
///
/// [`Error::Store`]; doing it again finishes what was begun.
pub async fn end_device(
    store: &(impl Devices + Sessions + Sync),
    connections: &(impl Connections + Sync),
    user: UserId,
    device: DeviceId,
    now: Timestamp,
) -> Result<bool, Error> {
    let found = store.remove_device(user, device, None).await?;
    close_sockets(store, connections, user, device, now).await?;
    Ok(found)
}

/// Closes the sockets of a device; ends the lease if they were the user's last.
pub(crate) async fn close_sockets(
    sessions: &(impl Sessions + Sync),
    connections: &(impl Connections + Sync),
    user: UserId,
    device: DeviceId,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(session) = sessions.sessions(&[user]).await?.pop() else { return Ok(()) };
    let all = session.connections.len();
    let ended: Vec<ConnectionId> =
        session.connections.into_iter().filter(|open| open.device == device).map(|open| open.id).collect();
    if !ended.is_empty() {
        sessions.close_connections(user, &ended).await?;
    }
    if ended.len() == all {
        sessions.end_lease(user, now).await?;
    }
    for connection in &ended {
        connections.close(connection).await?;
    }
    Ok(())
}
