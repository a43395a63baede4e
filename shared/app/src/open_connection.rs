//! A device has connected.

use confab_domain::lease::{CONNECTION_AGE_MAX, HeartbeatPolicy};
use confab_domain::{ConnectionId, Timestamp};

use crate::Error;
use crate::authenticate::check_login;
use crate::ports::{Connection, Devices, Identity, Sessions};

/// Puts a connection on record and renews its user's lease.
///
/// The login is looked up once more, since a ticket outlives a logout by up to its life.
///
/// # Errors
///
/// [`Error::Refused`] where the login has ended; [`Error::Store`].
pub async fn open_connection(
    store: &(impl Sessions + Devices + Sync),
    identity: Identity,
    connection: ConnectionId,
    policy: HeartbeatPolicy,
    now: Timestamp,
) -> Result<(), Error> {
    check_login(store, identity).await?;
    let connection = Connection { id: connection, device: identity.device, opened_at: now };
    let session = store.open_connection(identity.user, &connection, policy.lease_until(now), now).await?;
    let dead: Vec<ConnectionId> = session
        .connections
        .into_iter()
        .filter(|other| now.since(other.opened_at) > CONNECTION_AGE_MAX)
        .map(|other| other.id)
        .collect();
    if !dead.is_empty() {
        store.close_connections(identity.user, &dead).await?;
    }
    Ok(())
}
