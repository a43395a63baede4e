//! A device has connected.

use confab_domain::lease::{CONNECTION_AGE_MAX, CONNECTIONS_MAX, HeartbeatPolicy};
use confab_domain::{ConnectionId, Timestamp};

use crate::Error;
use crate::authenticate::check_login;
use crate::end_device::close_all;
use crate::ports::{Connection, Connections, Devices, Identity, Session, Sessions};

/// Puts a connection on record and renews its user's lease.
///
/// The login is looked up after the connection is on record: a logout takes the
/// login away and then looks for connections, so one of the two sees the other.
///
/// # Errors
///
/// [`Error::Refused`] where the login has ended; [`Error::Store`].
pub async fn open_connection(
    store: &(impl Sessions + Devices + Sync),
    connections: &(impl Connections + Sync),
    identity: Identity,
    connection: ConnectionId,
    policy: HeartbeatPolicy,
    now: Timestamp,
) -> Result<(), Error> {
    let session = put_on_record(store, identity, connection, policy, now).await?;
    let surplus = surplus(session, now);
    if !surplus.is_empty() {
        let (closed, _) = close_all(connections, surplus).await;
        store.close_connections(identity.user, &closed).await?;
    }
    Ok(())
}

/// Puts a connection on record, and off again if its login has ended.
pub(crate) async fn put_on_record(
    store: &(impl Sessions + Devices + Sync),
    identity: Identity,
    connection: ConnectionId,
    policy: HeartbeatPolicy,
    now: Timestamp,
) -> Result<Session, Error> {
    let connection = Connection { id: connection, device: identity.device, opened_at: now };
    let session = store.open_connection(identity.user, &connection, policy.lease_until(now), now).await?;
    if let Err(ended) = check_login(store, identity).await {
        store.close_connections(identity.user, &[connection.id]).await?;
        return Err(ended);
    }
    Ok(session)
}

/// Connections that are certainly gone, and the oldest of those that are too many.
fn surplus(session: Session, now: Timestamp) -> Vec<ConnectionId> {
    let mut connections = session.connections;
    connections.sort_by(|one, other| other.opened_at.cmp(&one.opened_at).then(other.id.cmp(&one.id)));
    let is_surplus = |index: usize, open: &Connection| {
        index >= CONNECTIONS_MAX || now.since(open.opened_at) > CONNECTION_AGE_MAX
    };
    let indexed = connections.into_iter().enumerate();
    indexed.filter(|(index, open)| is_surplus(*index, open)).map(|(_, open)| open.id).collect()
}
