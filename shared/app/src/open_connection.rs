//! A device has connected.

use confab_domain::lease::{CONNECTION_AGE_MAX, CONNECTIONS_MAX};
use confab_domain::{ConnectionId, Timestamp};

use crate::Error;
use crate::authenticate::check_login;
use crate::end_device::{close_all, end_lease_if_alone};
use crate::ports::{Connection, Connections, Devices, Identity, PresenceQueue, Session, Sessions};
use crate::presence::Context;
use crate::presence::hear::begin_to_watch;

/// Puts a connection on record, renews its user's lease, and has it watched if nobody does.
///
/// The login is looked up after the connection is on record: a logout takes the
/// login away and then looks for connections, so one of the two sees the other.
///
/// # Errors
///
/// [`Error::Refused`] where the login has ended; [`Error::Store`], [`Error::Contended`].
pub async fn open_connection(
    context: &Context<'_, impl Sessions + Devices + Sync, impl PresenceQueue + Sync>,
    connections: &(impl Connections + Sync),
    identity: Identity,
    connection: ConnectionId,
) -> Result<(), Error> {
    let session = put_on_record(context, identity, connection).await?;
    begin_to_watch(context, &session).await;
    let surplus = surplus(session, context.now);
    if !surplus.is_empty() {
        let (closed, _) = close_all(connections, surplus).await;
        context.store.close_connections(identity.user, &closed).await?;
    }
    Ok(())
}

/// Puts a connection on record, and off again if its login has ended or cannot be looked up.
pub(crate) async fn put_on_record(
    context: &Context<'_, impl Sessions + Devices + Sync, impl PresenceQueue + Sync>,
    identity: Identity,
    connection: ConnectionId,
) -> Result<Session, Error> {
    let connection = Connection { id: connection, device: identity.device, opened_at: context.now };
    let session = context.store.open_connection(identity.user, &connection, context.now).await?;
    if let Err(error) = check_login(context.store, identity).await {
        context.store.close_connections(identity.user, &[connection.id]).await?;
        // A look-up that failed says nothing of the login: the device comes again.
        if matches!(error, Error::Refused(_)) {
            end_lease_if_alone(context, identity.user).await?;
        }
        return Err(error);
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
