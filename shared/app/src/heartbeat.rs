//! A device says that it is alive.

use confab_domain::lease::HeartbeatPolicy;
use confab_domain::{ConnectionId, Timestamp};

use crate::Error;
use crate::open_connection::put_on_record;
use crate::ports::{Devices, Identity, Sessions};

/// Renews the lease of a user, by one of its connections.
///
/// A connection that fell off the record, by a post that came before it was
/// open, is put back; unless its login has ended.
///
/// # Errors
///
/// [`Error::Refused`] where the login has ended; [`Error::Store`].
pub async fn heartbeat(
    store: &(impl Sessions + Devices + Sync),
    identity: Identity,
    connection: ConnectionId,
    policy: HeartbeatPolicy,
    now: Timestamp,
) -> Result<(), Error> {
    let lease_until = policy.lease_until(now);
    if store.renew(identity.user, &connection, lease_until, now).await? {
        return Ok(());
    }
    put_on_record(store, identity, connection, policy, now).await?;
    Ok(())
}
